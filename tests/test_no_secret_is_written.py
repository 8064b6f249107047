"""No command writes a secret of its settings, whatever goes wrong in it: not in a sentence, a log line or a traceback."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests import nursery

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "7000000001:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
SECRETS = (TOKEN, TOKEN.partition(":")[2], "sw0rdfish/1", "sw0rdfish%2F1", "pr0xy-secret", "api-secret-1")
SETTINGS = {
    "TELEGRAM_TOKEN": TOKEN,
    "TELEGRAM_API_URL": "http://127.0.0.1:9",
    "MARKET": "live:binance",
    "FEAR_GREED_URL": "http://127.0.0.1:9/fng",
    "DATABASE_URL": "postgresql://bot:sw0rdfish%2F1@127.0.0.1:9/ballast",
    "EXCHANGE_OPTIONS": '{"binance": {"httpsProxy": "http://bob:pr0xy-secret@127.0.0.1:9", "secret": "api-secret-1"}}',
    "LOG_LEVEL": "DEBUG",
    "PORT": "0",
}


def written(folder: Path, command: str, **settings: str) -> str:
    """Return everything that a command writes that cannot succeed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATBOT_")}
    chosen = {f"CHATBOT_{name}": value for name, value in {**SETTINGS, "DATA_DIR": str(folder), **settings}.items()}
    ended = nursery.run(command, env={**kept, **chosen}, cwd=folder)
    assert ended.returncode != 0
    return ended.stdout + ended.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "settings", "said"),
    [
        ("migrate", {}, ""),
        ("doctor", {}, "FAIL database"),
        ("migrate", {"DATABASE_URL": "postgres//bot:sw0rdfish%2F1@h/x"}, "CHATBOT_DATABASE_URL"),
        ("migrate", {"EXCHANGE_OPTIONS": '{"binance": {"secret": "api-secret-1"'}, "CHATBOT_EXCHANGE_OPTIONS"),
    ],
    ids=["no server", "nothing answers", "no address", "no JSON"],
)
def test_nothing_that_a_command_writes_has_a_secret_in_it(tmp_path: Path, command: str, settings: dict[str, str], said: str) -> None:
    output = written(tmp_path, command, **settings)
    assert output
    assert said in output
    for secret in SECRETS:
        assert secret not in output
