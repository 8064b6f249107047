"""The demo page's seat at the loopback tells in plain JSON what a person sees, and polling survives a bad line."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from telegram.ext import Application, MessageHandler, filters

from chatbot.clock import ManualClock
from handlers.loopback import Loopback, Seat, TelegramUser, bad_gateway, conflicted, reset
from handlers.loopback.call import Call, Upload
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from telegram import Update
    from telegram.ext import ContextTypes

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def loopback() -> Loopback:
    return Loopback(ManualClock(START), epoch=0)


async def _perform(loopback: Loopback, method: str, files: dict[str, Upload] | None = None, **params: object) -> object:
    return await loopback._wire.carry(Call(method=method, params=params, files=files or {}))


async def test_a_snapshot_is_the_whole_chat_as_json(loopback: Loopback) -> None:
    seat = Seat(loopback, TelegramUser(id=5, name="Ada", language="es"))
    await _perform(loopback, "setMyCommands", commands=[{"command": "start", "description": "Empezar"}], language_code="es")
    await seat.say("hi /there")
    rows = [[{"text": "Go", "callback_data": "go", "style": "success"}, {"text": "Id", "copy_text": {"text": "b1"}}]]
    await _perform(loopback, "sendMessage", chat_id=5, text="<b>x</b>", parse_mode="HTML", reply_markup={"inline_keyboard": rows})
    await _perform(loopback, "sendDocument", {"document": Upload(name="a.csv", data=b"1,2", media_type="text/csv")}, chat_id=5)
    shown = json.loads(json.dumps(seat.snapshot()))
    assert (shown["language"], shown["commands"]) == ("es", [{"command": "start", "description": "Empezar"}])
    said, answer, document = shown["messages"]
    assert (said["mine"], said["text"], said["at"]) == (True, "hi /there", "2026-03-01T12:00:00+00:00")
    assert (answer["mine"], answer["entities"]) == (False, [{"type": "bold", "offset": 0, "length": 1}])
    assert answer["keyboard"] == [[{"text": "Go", "data": "go", "style": "success"}, {"text": "Id", "copy": "b1"}]]
    assert (document["document"]["name"], document["document"]["bytes"]) == ("a.csv", 3)
    assert seat.file(document["document"]["id"]) == ("text/csv", "a.csv", b"1,2")
    assert seat.file("nothing") is None


async def test_changes_of_this_chat_follow_the_snapshot_and_those_of_others_do_not(loopback: Loopback) -> None:
    seat = Seat(loopback)
    changes = seat.changes()
    assert (await anext(changes))["type"] == "snapshot"
    await loopback.text(TelegramUser(id=9), "of another")
    await seat.say("one")
    said = (await anext(changes))["message"]
    await loopback.edit(seat.user, said["id"], "two")
    edited = (await anext(changes))["message"]
    assert (edited["id"], edited["text"], edited["edited"]) == (said["id"], "two", "2026-03-01T12:00:00+00:00")
    rows = [[{"text": "Go", "callback_data": "go"}]]
    await _perform(loopback, "sendMessage", chat_id=seat.user.id, text="card", reply_markup={"inline_keyboard": rows})
    card = (await anext(changes))["message"]
    query = await seat.tap(card["id"], "go")
    await _perform(loopback, "answerCallbackQuery", callback_query_id=query, text="done", show_alert=True)
    assert await anext(changes) == {"type": "answered", "query": query, "text": "done", "alert": True}
    await _perform(loopback, "sendChatAction", chat_id=seat.user.id, action="typing")
    assert await anext(changes) == {"type": "typing"}
    await _perform(loopback, "deleteMessage", chat_id=seat.user.id, message_id=card["id"])
    assert await anext(changes) == {"type": "deleted", "id": card["id"]}
    with pytest.raises(LookupError):
        await seat.tap(card["id"], "go")
    await _perform(loopback, "setMyCommands", commands=[{"command": "help", "description": "Help"}])
    assert (await anext(changes))["commands"] == [{"command": "help", "description": "Help"}]
    await changes.aclose()


async def test_the_language_of_the_app_goes_with_the_next_message(loopback: Loopback) -> None:
    seat = Seat(loopback)
    assert (await seat.speak("ru"))["language"] == "ru"
    await seat.say("привет")
    (update,) = await _perform(loopback, "getUpdates")
    assert update["message"]["from"]["language_code"] == "ru"


@pytest.mark.long
async def test_polling_survives_a_bad_line_and_loses_nothing(loopback: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    """A 502, a reset and a second copy of the bot, then everything that was written meanwhile is heard once, in order."""
    heard: list[str] = []
    complete = asyncio.Event()

    async def hear(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        heard.append(update.message.text)
        if len(heard) == 5:
            complete.set()

    app = Application.builder().token(loopback.token).request(loopback.request()).get_updates_request(loopback.request()).build()
    app.add_handler(MessageHandler(filters.TEXT, hear))
    ada = TelegramUser(id=5)
    loopback.fail("getUpdates", bad_gateway(), reset(), conflicted())
    async with app:
        await app.start()
        await app.updater.start_polling(poll_interval=0)
        for number in range(5):
            await loopback.text(ada, str(number))
        async with asyncio.timeout(LIMIT_S):
            await complete.wait()
        await app.updater.stop()
        await app.stop()
    assert heard == ["0", "1", "2", "3", "4"]
    assert loopback.waiting_updates == 0
