"""What keeps `web` and `sender` from starting, in one sentence, and what the doctor says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatbot.config import Settings
from chatbot.errors import SettingError
from handlers import sender, web
from handlers.doctor import _webhook
from handlers.transport.line import address_of
from tests.telegram.server import TOKEN

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "w" * 40


def settings(**given: Any) -> Settings:
    """Return settings with which a web starts, but for what is given."""
    usual = {"telegram_token": TOKEN, "public_url": "https://bot.example.org/b", "webhook_secret": SECRET, "market": "simulated"}
    return Settings(_env_file=None, **{**usual, **given})


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"public_url": ""}, "CHATBOT_PUBLIC_URL"),
        ({"public_url": "https://bot.example.org:444"}, "443, 80, 88, 8443"),
        ({"webhook_secret": ""}, "CHATBOT_WEBHOOK_SECRET"),
    ],
)
def test_a_webhook_that_telegram_would_not_use_or_anybody_could_is_named(given: dict[str, str], names: str) -> None:
    with pytest.raises(SettingError, match=names):
        address_of(settings(**given))


def test_the_address_is_under_the_public_one() -> None:
    address = address_of(settings(public_url="https://bot.example.org:8443/b/"))
    assert (address.url, address.secret) == ("https://bot.example.org:8443/b/telegram", SECRET)


@pytest.mark.sqlite
@pytest.mark.parametrize("process", [web, sender])
async def test_on_a_file_they_are_refused_in_a_sentence(tmp_path: Path, process: Any) -> None:
    with pytest.raises(SettingError, match="PostgreSQL only"):
        await process.serve(settings(data_dir=tmp_path))


def test_the_doctor_looks_at_it_where_it_is_meant() -> None:
    assert _webhook(settings(webhook_secret="")) == ()
    (on_a_file,) = _webhook(settings())
    assert (on_a_file.ok, "needs PostgreSQL" in on_a_file.detail) == (False, True)
    (well,) = _webhook(settings(database_url="postgresql://ballast@db/ballast"))
    assert (well.ok, SECRET in well.detail) == (True, False)
