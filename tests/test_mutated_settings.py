"""Environments that are wrong in every way: one sentence without a secret in it, or settings of which everything can be asked."""

from __future__ import annotations

import json
import os
import random
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from chatbot.config import PREFIX, Settings, load_settings, unknown_names
from chatbot.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path

#: environments, and seconds after which no more are tried
MANY, SOAK_S = 100_000, 900.0
SECRET, TOKEN = "hunter2-canary", "7000000001:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
SOUND = {
    "TELEGRAM_TOKEN": TOKEN,
    "TELEGRAM_API_URL": "http://127.0.0.1:1",
    "DATA_DIR": "data",
    "DATABASE_URL": f"postgresql://ann:{SECRET}@db:5432/b",
    "OPERATOR_IDS": "42,43",
    "MARKET": "live:binance",
    "MARKET_SPEED": "60",
    "MARKET_START": "2020-02-15",
    "EXCHANGE_OPTIONS": json.dumps({"binance": {"secret": SECRET, "proxy": f"http://ann:{SECRET}@proxy:1"}}),
    "FEAR_GREED_URL": "https://example.org/",
    "MAX_SPREAD_PCT": "3",
    "CHECK_INTERVAL_S": "60",
    "PLAN_EXPIRY_S": "300",
    "BATCH_WINDOW_S": "60",
    "ALLOW_LIVE": "true",
    "SECRET_KEYS": "",
    "PUBLIC_URL": "https://bot.example.org/b",
    "WEBHOOK_SECRET": "w" * 40,
    "PORT": "8080",
    "METRICS_PORT": "0",
    "LOG_LEVEL": "INFO",
}
EVIL = (
    *("", " " * 10, "\n", "a\nb", "\u202e", "\udc80", "x" * 100_000, "1" * 5000, "²", "٣", "42,٣,²", SECRET),
    *("-1", "0", "nan", "inf", "1e400", "-1e20", "9" * 20, "null", "true", "[", "{}", "[" * 100_000, '{"a":' * 20_000),
    *('{"binance":1}', '{"binance":{"x":NaN}}', '{"binance":{"secret":["a",{"b":"c"}]}}', '{"":{"":""}}'),
    *("live:", "live:ccxt", "live:../x", "live:base", "replay:", "replay:\udc80", "https://", "https://[::1", "https://x:99999999/"),
    *("postgresql://", "postgresql://x", "postgresql://u:p@h:99999999/d", "postgresql://u:%ZZ@h/d", f"postgresql://u:{SECRET}@[::1/d"),
    *("sqlite://", "sqlite:///", "9999-12-31T23:59:59+23:59", "0001-01-01T00:00:00+14:00", f"https://u:{SECRET}@x/?q"),
)
STRANGE = "\x01\x7f é\u2028\udc80\u0660²\u200f"


def mutated(chance: random.Random, value: str) -> str:
    """Return a value that nobody wants to read."""
    cut = chance.randrange(len(value) + 1)
    ways = (
        chance.choice(EVIL),
        chance.choice(EVIL),
        value[:cut] + chance.choice(EVIL)[:200] + value[cut:],
        value[:cut] + chance.choice(STRANGE) + value[cut + 1 :],
        value[:cut],
        value * 2,
    )
    return chance.choice(ways)


def environment(chance: random.Random) -> dict[str, str]:
    """Return most of the settings, a few of them wrong, and now and then one that does not exist."""
    found = {name: value for name, value in SOUND.items() if chance.random() < 0.8}
    found |= {name: mutated(chance, SOUND[name]) for name in chance.sample(sorted(SOUND), chance.choice((1, 1, 1, 2, 3)))}
    if chance.random() < 0.1:
        found[chance.choice(("TOKEN", "X\udc80", "MARKETS", ""))] = SECRET
    return {PREFIX + name: value for name, value in found.items()}


@pytest.mark.slow
def test_a_wrong_environment_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert {name.upper() for name in Settings.model_fields} == set(SOUND)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    chance, begun, refused, tried = random.Random(20261130), time.monotonic(), 0, 0
    while tried < MANY and time.monotonic() - begun < SOAK_S:
        tried += 1
        monkeypatch.setattr(os, "environ", {**bare, **environment(chance)})
        try:
            settings = load_settings(_env_file=None)
        except SettingError as error:
            refused += 1
            told = str(error)
        else:
            sealed = (settings.telegram_token, settings.secret_keys, settings.webhook_secret)
            told = " ".join((*map(repr, sealed), *unknown_names()))
            assert all(0 <= one < 2**63 for one in settings.operators)
            assert make_url(settings.database)
        assert len(told.splitlines()) == 1
        assert not any(word in told for word in (SECRET, TOKEN[11:])), told
    print(f"{tried} environments in {time.monotonic() - begun:.0f} s, {refused} refused")  # noqa: T201 - read with -s
