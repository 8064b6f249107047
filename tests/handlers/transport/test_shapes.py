"""The shape of an update is nobody's promise: whatever comes, the bot stays alive, answers, and logs no exception."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from sqlalchemy import select

from chatbot.store import tables
from handlers.loopback import TelegramUser
from handlers.transport import polling, shape
from tests.person import ANN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

EVE = TelegramUser(id=66, name="Eve")
_DATE = 1767603600
_CHAT = {"id": ANN.id, "type": "private", "first_name": "Ann"}
_COMMAND = [{"type": "bot_command", "offset": 0, "length": 7}]
_MESSAGE = {"message_id": 900, "date": _DATE, "chat": _CHAT, "from": ANN.to_json(), "text": "/status", "entities": _COMMAND}


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    async with someone(tmp_path, operator_ids=str(ANN.id)) as opened:
        await opened.say("/start")
        yield opened


@pytest.mark.parametrize(
    "bad",
    [
        '{"update_id": %d, "message": {"message_id": 1, "date": 0, "pinned_message": {"date": 0}}}',
        '{"update_id": %d, "message": [}',
        '{"update_id": %d, "message": ' + '{"reply_to_message": ' * 3000 + "1" + "}" * 3001,
        '{"update_id": %d, "message": {"message_id": ' + "9" * 5000 + "}}",
        '{"update_id": %d, "poll": {"options": 3}}',
        '{"update_id": %d}',
        "7",
        '{"message": {}}',
    ],
    ids=["no chat", "no JSON", "deep", "many digits", "poll", "empty", "no object", "no number"],
)
async def test_one_unreadable_update_does_not_keep_the_next_out(chat: Someone, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """The server answers with one bad and one sound update; the sound one is taken, the offset moves past both, the raw text is kept."""
    bad = bad % 501 if "%d" in bad else bad
    sound = json.dumps({"update_id": 502, "message": _MESSAGE})
    waiting = {501: bad, 502: sound}

    async def ask(_: object, following: int | None, __: int, ___: object, limit: int) -> str:
        due = [text for number, text in waiting.items() if following is None or number >= following][:limit]
        return '{"ok":true,"result":[' + ",".join(due) + "]}"

    monkeypatch.setattr(polling, "_ask", ask)
    following: int | None = None
    for _ in range(4):
        for update in await polling.fetch(chat.bot.bot, following):
            await chat.line.updates.take([(update.number, update.text)], chat.bot.bot)
            following = update.number + 1
    assert following == 503
    assert chat.bot.update_queue.qsize() == 1
    async with chat.program.db.read() as tx:
        kept = {row.id: row for row in await tx.execute(select(tables.updates).where(tables.updates.c.id.in_([501, 502])))}
    assert 502 in kept
    if "501" in bad:
        assert kept[501].finished
        assert kept[501].body


async def test_an_update_without_a_number_that_can_be_read_is_passed_over(chat: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands at the head of the line and comes the same again: it is the next one, and what waits behind it is taken."""
    waiting = {501: "{'update_id': 501}", 502: json.dumps({"update_id": 502, "message": _MESSAGE})}
    asked: list[int] = []

    async def ask(_: object, following: int, __: int, ___: object, limit: int) -> str:
        asked.append(following)
        due = [text for number, text in waiting.items() if number >= following][:limit]
        return '{"ok":true,"result":[' + ",".join(due) + "]}"

    monkeypatch.setattr(polling, "_ask", ask)
    taken = [update.number for following in (501, 502) for update in await polling.fetch(chat.bot.bot, following)]
    assert taken == [501, 502]
    assert asked == [501, 501, 501, 502]


@pytest.mark.parametrize(
    ("given", "following", "taken"),
    [
        ((502, 501, 2_000_000_000), 501, [501, 502]),
        ((501, 2_000_000_000), None, [501]),
        ((2_000_000_000, 2_000_000_001), 501, [2_000_000_000, 2_000_000_001]),
        ((7, 501, 501), 501, [7, 501, 501]),
        ((501, 2**40, -1), 501, [501]),
    ],
)
async def test_an_update_with_a_number_of_another_time_is_passed_over(
    chat: Someone, monkeypatch: pytest.MonkeyPatch, given: tuple[int, ...], following: int | None, taken: list[int]
) -> None:
    """Confirming it would confirm all that is to come. Where every number leaps, Telegram counts anew, and it is followed."""

    async def ask(*_: object) -> str:
        return json.dumps({"ok": True, "result": [{"update_id": number} for number in given]})

    monkeypatch.setattr(polling, "_ask", ask)
    assert [update.number for update in await polling.fetch(chat.bot.bot, following)] == taken


async def test_an_answer_that_the_line_has_garbled_passes_over_nothing(chat: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a number, and another one each time: it is asked for again."""
    answers = iter(('{"ok":true,"result":[{"up', '{"ok":true,"result":[{', '{"ok":true,"result":[{"upda'))

    async def ask(*_: object) -> str:
        return next(answers)

    monkeypatch.setattr(polling, "_ask", ask)
    with pytest.raises(polling.TelegramError):
        await polling.fetch(chat.bot.bot, 501)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({}, ""),
        ({"first_name": None, "last_name": 7}, ""),
        ({"first_name": "", "last_name": "Poe"}, "Poe"),
        ({"first_name": "\u3000\n\t"}, ""),
        ({"first_name": "Eve\n42 · operator", "last_name": "\u202eevE\u2066"}, "Eve 42 · operator evE"),
        ({"first_name": "\ud800\0Eve\x07"}, "Eve"),
        ({"first_name": "e" * 10_000, "last_name": "x" * 10_000}, "e" * 64 + " " + "x" * 64),
        ({"first_name": "<b>&amp;"}, "<b>&amp;"),
        ({"first_name": ["Eve"], "is_bot": 0, "language_code": {"a": 1}, "username": 2**70}, ""),
    ],
    ids=["missing", "wrong type", "only a last name", "blank", "lines and directions", "unencodable", "huge", "markup", "every type wrong"],
)
async def test_a_strangers_name_is_made_sound_at_the_door(chat: Someone, given: dict[str, Any], stored: str) -> None:
    """Whatever Telegram says a stranger is called: they are answered, the operator is asked, and the list of users can be read."""
    chat.loopback.know(EVE)
    words = {**_MESSAGE, "chat": {"id": EVE.id, "type": "private"}, "from": {"id": EVE.id, **given}, "text": "hello", "entities": []}
    with structlog.testing.capture_logs() as lines:
        await chat.update("message", **words)
        await chat.work()
    assert [line["event"] for line in lines if line["log_level"] in ("error", "warning")] == []
    assert "This bot is private" in chat.loopback.last(EVE.id).text
    person = await chat.program.access.known(EVE.id)
    assert person is not None
    assert person.name == stored
    assert str(EVE.id) in chat.loopback.last(ANN.id).text
    assert (stored[:20] or "no name") in await chat.say("/users")


@pytest.mark.parametrize("number", [0, -66, 2**63, "66", None, 66.0, True])
async def test_who_has_no_number_of_a_person_is_nobody(chat: Someone, number: object) -> None:
    """Nothing is stored of them, and nothing is answered."""
    before = await chat.program.access.everybody()
    await chat.update("message", **{**_MESSAGE, "from": {"id": number, "first_name": "Eve"}, "chat": {"id": number, "type": "private"}})
    assert await chat.program.access.everybody() == before


async def test_nobody_speaks_in_the_private_chat_of_somebody_else(chat: Someone) -> None:
    """A private chat has the number of its person: where it has not, nobody is let in, and no answer goes astray."""
    before = chat.newest
    await chat.update("message", **{**_MESSAGE, "from": EVE.to_json()})
    await chat.update("edited_message", **{**_MESSAGE, "from": EVE.to_json()})
    assert await chat.program.access.known(EVE.id) is None
    help_ = chat.loopback.last(ANN.id)
    data = next(str(button["callback_data"]) for row in help_.keyboard for button in row)
    bot = {"id": 7000000001, "is_bot": True, "first_name": "Ballast"}
    shown = {"message_id": help_.id, "date": _DATE, "chat": _CHAT, "from": bot, "text": "x"}
    await chat.update("callback_query", id="9", chat_instance="1", data=data, message=shown, **{"from": EVE.to_json()})
    assert chat.newest == before
    assert chat.loopback.last(ANN.id) == help_


@pytest.mark.parametrize("answer", ["", "<html>", "null", "[]", "{}", '{"ok":true}', '{"ok":true,"result":{}}', '{"ok":true,"result":7}'])
async def test_an_answer_that_is_no_list_is_asked_for_again(chat: Someone, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """A proxy's page in place of updates: an error that passes, and nothing is confirmed."""

    async def ask(*_: object) -> str:
        return answer

    monkeypatch.setattr(polling, "_ask", ask)
    with pytest.raises(polling.TelegramError):
        await polling.fetch(chat.bot.bot, None)


def test_what_is_read_is_little() -> None:
    """Of a message with everything in it, only what the bot reads is left."""
    found = shape.reduced(
        {"update_id": 1, "message": {**_MESSAGE, "contact": {"phone_number": "1"}, "forward_date": 5, "text": "/st\ud800"}}
    )
    assert found is not None
    assert set(found["message"]) == {"message_id", "date", "chat", "from", "text", "entities", "forward_origin"}
    assert found["message"]["text"] == "/st?"
