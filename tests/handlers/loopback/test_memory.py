"""A demo that is started again shows the chat as it stood, with its pictures and its buttons, and goes on in it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

from handlers.loopback import Loopback, Seat, TelegramUser, kept
from handlers.loopback.memory import load, save
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

ANN = TelegramUser(id=1001, name="Ann")
KEYS = InlineKeyboardMarkup([[InlineKeyboardButton("Confirm", callback_data="confirm", style="success")]])


def picture() -> bytes:
    """Return a small picture."""
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "#0e7490").save(out, "PNG")
    return out.getvalue()


def files(folder: Path) -> int:
    """Return how many attachments are kept."""
    return len(list(folder.glob("*.bin")))


async def converse(loopback: Loopback) -> None:
    """Write, be answered with a picture and a table, and have an answer edited."""
    async with Bot(loopback.token, request=loopback.request(), get_updates_request=loopback.request()) as bot:
        await loopback.text(ANN, "/start")
        await bot.send_photo(ANN.id, picture(), caption="<b>BTC</b> <code>40 %</code>", parse_mode="HTML", reply_markup=KEYS)
        sent = await bot.send_message(ANN.id, "1 of 4")
        await bot.edit_message_text("<a href='https://example.org'>done</a>", ANN.id, sent.message_id, parse_mode="HTML", reply_markup=KEYS)
        await bot.send_document(ANN.id, b"time,side\n", filename="fills.csv")


async def test_the_chat_is_the_same_after_a_restart_and_its_buttons_work(tmp_path: Path) -> None:
    first = Loopback()
    seat = Seat(first, ANN)
    async with kept(first, seat, tmp_path / "chat"):
        await converse(first)
        await seat.speak("es")
    again = Loopback(epoch=0)
    seat_again = Seat(again, ANN)
    async with kept(again, seat_again, tmp_path / "chat"):
        assert again.chat(ANN.id) == first.chat(ANN.id)
        assert seat_again.snapshot()["messages"] == seat.snapshot()["messages"]
        assert seat_again.user.language == "es"
        photo = again.chat(ANN.id)[1]
        assert photo.attachment is not None
        assert seat_again.file(photo.attachment.file_id) == ("image/png", photo.attachment.name, picture())
        assert await seat_again.tap(photo.id, "confirm") is not None
        newest = await again.text(ANN, "go on")
        assert newest.id > photo.id
        assert len({message.id for message in again.chat(ANN.id)}) == 5


@pytest.mark.long
async def test_a_killed_demo_has_its_chat_up_to_a_second_before(tmp_path: Path) -> None:
    """Nobody says goodbye to a killed process: the chat is written while it goes on."""
    loopback = Loopback()
    async with kept(loopback, Seat(loopback, ANN), tmp_path):
        await converse(loopback)
        await loopback.text(ANN, "last words")
        await until(lambda: any(message.text == "last words" for message in load(tmp_path)[1]))


async def test_only_the_newest_messages_are_kept_and_no_file_without_one(tmp_path: Path) -> None:
    loopback = Loopback()
    loopback.know(ANN)
    await converse(loopback)
    save(tmp_path, "en", loopback.chat(ANN.id))
    assert files(tmp_path) == 2
    for number in range(299):
        await loopback.text(ANN, f"word {number}")
    save(tmp_path, "en", loopback.chat(ANN.id))
    language, messages = load(tmp_path)
    assert (language, len(messages), messages[-1].text) == ("en", 300, "word 298")
    assert files(tmp_path) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"language": "en"}', '{"language": "en", "messages": [{"id": 1}]}'])
def test_a_chat_that_can_not_be_read_is_an_empty_chat(tmp_path: Path, text: str) -> None:
    (tmp_path / "chat.json").write_text(text)
    assert load(tmp_path) == (None, [])


def test_a_language_that_is_no_text_is_forgotten_with_its_chat(tmp_path: Path) -> None:
    """Half a surrogate, left by an older page: every page would fail on it."""
    save(tmp_path, "en", [])
    (tmp_path / "chat.json").write_text('{"language": "\\ud83d", "messages": []}')
    assert load(tmp_path) == (None, [])


async def test_the_copy_of_the_chat_is_its_owners_alone(tmp_path: Path) -> None:
    """New, and one of an older version that everybody could read."""
    folder = tmp_path / "chat"
    folder.mkdir(mode=0o755)
    loopback = Loopback()
    async with kept(loopback, Seat(loopback, ANN), folder):
        await converse(loopback)
    assert files(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
