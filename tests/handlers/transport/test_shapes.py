"""The shape of an update is nobody's promise: whatever comes, the bot stays alive, answers, and logs no exception."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from sqlalchemy import select

from chatbot.store import tables
from handlers.loopback import TelegramUser
from handlers.transport import polling, shape
from tests.handlers.chat_room import ANN, Room, room

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

EVE = TelegramUser(id=66, name="Eve")
_DATE = 1767603600
_CHAT = {"id": ANN.id, "type": "private", "first_name": "Ann"}
_COMMAND = [{"type": "bot_command", "offset": 0, "length": 7}]
_MESSAGE = {"message_id": 900, "date": _DATE, "chat": _CHAT, "from": ANN.to_json(), "text": "/status", "entities": _COMMAND}
_USER = {"id": 7000000001, "is_bot": True, "first_name": "Ballast"}
_BODIES: tuple[dict[str, Any], ...] = (
    {"message": _MESSAGE},
    {"message": {**_MESSAGE, "pinned_message": {"message_id": 1, "date": 0, "chat": _CHAT}}},
    {"message": {**_MESSAGE, "poll": {"id": "1", "question": "?"}}},
    {"message": {**_MESSAGE, "text": "/targets BTC 50 USDT 50"}},
    {"edited_message": {**_MESSAGE, "edit_date": _DATE}},
    {"callback_query": {"id": "9", "from": ANN.to_json(), "chat_instance": "1", "data": "x", "message": _MESSAGE}},
    {"callback_query": {"id": "9", "from": ANN.to_json(), "chat_instance": "1", "data": "x", "inline_message_id": "1"}},
    {
        "my_chat_member": {
            "chat": _CHAT,
            "from": ANN.to_json(),
            "date": _DATE,
            "old_chat_member": {"user": _USER, "status": "member"},
            "new_chat_member": {"user": _USER, "status": "restricted"},
        }
    },
    {"poll": {"id": "1"}},
)
_EVIL: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    2**70,
    -(2**63),
    "",
    "x" * 5000,
    "\ud800",
    "\0",
    "/",
    "/@",
    "/start@",
    [],
    {},
    [None],
    [[]],
    {"id": {}},
    {"id": "66"},
    [{"type": "bot_command", "offset": -5, "length": 2**40}],
    float("nan"),
    float("inf"),
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _places(inner)


def mutated(chance: random.Random) -> dict[str, Any]:
    """Return an update with some of it replaced, taken out, or doubled."""
    body = copy.deepcopy(chance.choice(_BODIES))
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        places = list(_places(body))
        if not places:
            break
        holder, key = chance.choice(places)
        what = chance.random()
        if what < 0.2:
            del holder[key]
        elif what < 0.3 and isinstance(holder, dict):
            holder[chance.choice(("forward_origin", "sticker", "web_app_data", "giveaway", "date", "chat"))] = chance.choice(_EVIL)
        else:
            holder[key] = copy.deepcopy(chance.choice(_EVIL))
    return body


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Room]:
    async with room(tmp_path, operator_ids=str(ANN.id)) as opened:
        await opened.say("/start")
        yield opened


@pytest.mark.parametrize("rounds", [250, pytest.param(20_000, marks=pytest.mark.slow)])
async def test_no_shape_of_an_update_stops_the_bot(chat: Room, rounds: int) -> None:
    """Mutated updates between sound ones: every sound one is answered, and nothing is logged with a traceback."""
    chance = random.Random(20251124)
    number = 10_000_000_000
    with structlog.testing.capture_logs() as lines:
        for round_ in range(rounds):
            number += 1
            raw = {"update_id": number, **mutated(chance)}
            chat.loopback._state.updates.append((chat.clock.now().timestamp() + 1000, raw))
            if round_ % 25 == 24:
                await chat.handle()
                chat.loopback._state._last_update_id = number
                assert await chat.say("/help")
                number = chat.loopback._state._last_update_id
    assert [line for line in lines if line.get("exc_info") or line["event"] in {"update failed", "updates could not be taken"}] == []


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
async def test_one_unreadable_update_does_not_keep_the_next_out(chat: Room, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
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
        for update in await polling.fetch(chat.bot, following):
            await polling.take(chat.bot, update)
            following = update.number + 1
    assert following == 503
    assert chat.bot.update_queue.qsize() == 1
    async with chat.program.db.read() as tx:
        kept = {row.id: row for row in await tx.execute(select(tables.updates).where(tables.updates.c.id.in_([501, 502])))}
    assert 502 in kept
    if "501" in bad:
        assert kept[501].finished
        assert kept[501].body


@pytest.mark.parametrize("answer", ["", "<html>", "null", "[]", "{}", '{"ok":true}', '{"ok":true,"result":{}}', '{"ok":true,"result":7}'])
async def test_an_answer_that_is_no_list_is_asked_for_again(chat: Room, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """A proxy's page in place of updates: an error that passes, and nothing is confirmed."""

    async def ask(*_: object) -> str:
        return answer

    monkeypatch.setattr(polling, "_ask", ask)
    with pytest.raises(polling.TelegramError):
        await polling.fetch(chat.bot, None)


def test_what_is_read_is_little() -> None:
    """Of a message with everything in it, only what the bot reads is left."""
    found = shape.reduced(
        {"update_id": 1, "message": {**_MESSAGE, "contact": {"phone_number": "1"}, "forward_date": 5, "text": "/st\ud800"}}
    )
    assert found is not None
    assert set(found["message"]) == {"message_id", "date", "chat", "from", "text", "entities", "forward_origin"}
    assert found["message"]["text"] == "/st?"
