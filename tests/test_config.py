"""Settings: a missing or wrong one ends the program with one sentence that names it, and no secret is ever shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from chatbot.config import PREFIX, Settings, load_settings, unknown_names
from chatbot.errors import SettingError
from tests import nursery

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

TOKEN = "7000000001:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine that runs the tests."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Start the program with these settings only."""
    environment = {"PATH": os.environ["PATH"], **{f"{PREFIX}{name}": value for name, value in settings.items()}}
    return nursery.run(*arguments, env=environment, cwd=folder)


@pytest.mark.long
def test_a_missing_token_is_told_before_anything_is_made(tmp_path: Path) -> None:
    """Exit code 2, one sentence with the cure, no files."""
    ended = run(tmp_path, "run", MARKET="simulated")
    assert ended.returncode == 2
    assert ended.stderr.startswith("CHATBOT_TELEGRAM_TOKEN: get one from BotFather")
    assert len(ended.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_wrong_token_is_named_and_not_shown(tmp_path: Path) -> None:
    """Whatever was put there by mistake may be a secret too."""
    ended = run(tmp_path, "run", MARKET="simulated", TELEGRAM_TOKEN="hunter2:secret")
    assert ended.returncode == 2
    assert ended.stderr.startswith("CHATBOT_TELEGRAM_TOKEN: this is not a bot token")
    assert "hunter2" not in ended.stderr + ended.stdout


@pytest.mark.long
def test_a_market_that_has_no_candles_is_named(tmp_path: Path) -> None:
    """What can only be found out while starting is told the same way."""
    ended = run(tmp_path, "run", MARKET="replay:nowhere", TELEGRAM_TOKEN=TOKEN)
    assert ended.returncode == 2
    assert ended.stderr.startswith("CHATBOT_MARKET: 'nowhere' holds no")
    assert "Traceback" not in ended.stderr


def test_a_second_process_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    """Two would both carry out what the first has begun."""
    import fcntl  # noqa: PLC0415 - only here

    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = run(tmp_path, "run", MARKET="simulated", TELEGRAM_TOKEN=TOKEN)
    assert ended.returncode == 2
    assert ended.stderr.startswith("CHATBOT_DATA_DIR: another Ballast is running")


def test_empty_means_the_default_but_for_the_index_where_it_means_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the environment and in .env alike; the environment wins."""
    address = Settings.model_fields["fear_greed_url"].default
    monkeypatch.setenv("CHATBOT_PORT", "")
    assert (load_settings().port, load_settings().fear_greed_url) == (8080, address)
    monkeypatch.setenv("CHATBOT_FEAR_GREED_URL", "")
    assert load_settings().fear_greed_url == ""
    (tmp_path / ".env").write_text("CHATBOT_FEAR_GREED_URL=https://example.org/fng\n")
    assert load_settings().fear_greed_url == ""
    monkeypatch.delenv("CHATBOT_FEAR_GREED_URL")
    assert load_settings().fear_greed_url == "https://example.org/fng"
    (tmp_path / ".env").write_text("CHATBOT_FEAR_GREED_URL=\n")
    assert load_settings().fear_greed_url == ""
    monkeypatch.setenv("CHATBOT_FEAR_GREED_URL", "https://example.org/other")
    assert load_settings().fear_greed_url == "https://example.org/other"


WRONG = {
    "TELEGRAM_TOKEN": ["x", "123:short", "7000000001:with spaces in the middle of it"],
    "TELEGRAM_API_URL": ["api.telegram.org", "ftp://host", "https://host/bot", "http://", "http://a b", "https://user:word@host"],
    "MARKET": ["", " ", "live", "live:ftx", "replay:", "simulation"],
    "MARKET_SPEED": ["0", "-1", "fast", "1e9"],
    "MARKET_START": ["yesterday", "2020-13-01"],
    "FEAR_GREED_URL": ["alternative.me", "ftp://host/", "https://host/?limit=1", "https://user:word@host/"],
    "EXCHANGE_OPTIONS": ["{", "[]", '{"binance": 1}', "[" * 100_000],
    "CHECK_INTERVAL_S": ["0", "nan?", "99999"],
    "PLAN_EXPIRY_S": ["0", "999999"],
    "BATCH_WINDOW_S": ["-1"],
    "PORT": ["-1", "65536", "http"],
    "LOG_LEVEL": ["LOUD"],
    "OPERATOR_IDS": ["ann", "1;2", "-5", "4²", "9" * 5000],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values if value])
def test_each_wrong_value_is_refused_by_its_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence starts with the setting, says something, and quotes no value."""
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingError) as refused:
        load_settings(_env_file=None)
    assert refused.value.setting == PREFIX + name
    assert len(refused.value.cure) > 5
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_an_empty_setting_is_one_that_was_not_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files hand empty strings on."""
    monkeypatch.setenv(PREFIX + name.upper(), "")
    assert load_settings(_env_file=None) == Settings(_env_file=None)


def test_secrets_do_not_show_in_settings() -> None:
    """Printing them, as a log line would, masks the token."""
    settings = load_settings(_env_file=None, telegram_token=TOKEN)
    assert TOKEN not in repr(settings) + str(settings) + repr(settings.model_dump())
    assert settings.telegram_token.get_secret_value() == TOKEN


def test_settings_are_read_from_a_file_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """.env beside the program; operators and start dates are understood."""
    (tmp_path / ".env").write_text("CHATBOT_OPERATOR_IDS=1, 2,\nCHATBOT_MARKET=simulated\nCHATBOT_MARKET_START=2020-02-15\nOTHER=1\n")
    monkeypatch.setenv("CHATBOT_MARKET", "live:bybit")
    settings = load_settings()
    assert settings.operators == {1, 2}
    assert settings.market == "live:bybit"
    assert settings.market_start is not None
    assert settings.market_start.isoformat() == "2020-02-15T00:00:00+00:00"


def test_a_name_that_is_no_setting_is_told_with_the_nearest_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment and in .env; a right one is not."""
    (tmp_path / ".env").write_text(f"{PREFIX}OPERATOR_ID=7\nCHATBOT_PORT=8080\nOTHER=1\n")
    monkeypatch.setenv(f"{PREFIX}DATADIR", "/data")
    told = unknown_names()
    assert [line.split(":")[0] for line in told] == [f"{PREFIX}DATADIR", f"{PREFIX}OPERATOR_ID"]
    assert [line.rsplit(" ", 1)[-1] for line in told] == ["CHATBOT_DATA_DIR?", "CHATBOT_OPERATOR_IDS?"]
    assert "/data" not in "".join(told)


@pytest.mark.long
def test_the_warning_goes_before_the_work(tmp_path: Path) -> None:
    ended = run(tmp_path, "run", MARKET="simulated", TELEGRAM_TOKE=TOKEN)
    first, second = ended.stderr.splitlines()
    assert first.startswith(f"{PREFIX}TELEGRAM_TOKE: there is no such setting")
    assert second.startswith("CHATBOT_TELEGRAM_TOKEN: ")
    assert TOKEN not in ended.stderr


def test_what_must_stand_in_no_log_is_known() -> None:
    """The token, passwords in addresses as written and as meant, and options of exchanges that are named like secrets."""
    options = {
        "binance": {"httpsProxy": "http://bob:pr0xy%2Fpass@proxy:3128", "apiKey": "the-key", "timeout": 10, "hostname": "binance.us"},
        "bybit": {"options": {"nested": {"password": "deep-one"}, "list": ["ws://a:wss-pass@h"]}, "cafile": "/etc/ca.pem"},
    }
    token = "7000000001:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
    settings = load_settings(
        _env_file=None, telegram_token=token, database_url="postgresql://bot:p%40ss-word@db:5432/ballast", exchange_options=options
    )
    assert settings.secrets == {token, "p%40ss-word", "p@ss-word", "pr0xy%2Fpass", "pr0xy/pass", "the-key", "deep-one", "wss-pass"}
    assert load_settings(_env_file=None).secrets == frozenset()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql//bot:hidden-one@h/x",
        "postgresql://bot:hidden-one@h:port/x",
        "mysql://bot:hidden-one@h/x",
        "hidden-one",
        "sqlite:/x",
        " ",
    ],
)
def test_an_address_of_no_database_is_told_without_its_password(url: str) -> None:
    with pytest.raises(SettingError, match="CHATBOT_DATABASE_URL: use sqlite:///<file> or postgresql://") as refusal:
        load_settings(_env_file=None, database_url=url)
    assert "hidden-one" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///ballast.sqlite",
        "sqlite+aiosqlite:////var/lib/ballast/b.sqlite",
        "sqlite+aiosqlite:///C:/b.sqlite",
        "postgres://bot:pw@h/x",
        "postgresql+asyncpg://bot:p%40w@h:5432/x?ssl=require",
        "postgresql://bot@[::1]:5432/x",
        "postgresql:///x?host=/var/run/postgresql",
        "postgresql://bot:pw:with:colons@h/x",
    ],
)
def test_addresses_of_databases_are_taken_as_they_are(url: str) -> None:
    assert load_settings(_env_file=None, database_url=url).database == url
