"""The gate fails closed: wherever it breaks, on whatever comes in, no handler runs and nothing of a stranger's is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from chatbot.access import Access
from chatbot.model import Role
from chatbot.store import accounts, tables
from handlers import bot as page
from handlers.chat import context as chat_context
from handlers.chat import gate as door
from handlers.loopback import TelegramUser, flooded, reset
from handlers.loopback.faults import Fault
from handlers.loopback.refusals import bad, forbidden
from handlers.transport.updates import MAX_CHATS
from tests.person import ANN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

EVE = TelegramUser(id=66, name="Eve")
_PRIVATE = {"id": EVE.id, "type": "private", "first_name": "Eve"}
_DATE = 1767603600
_MESSAGE = {"message_id": 900, "date": _DATE, "chat": _PRIVATE, "from": EVE.to_json()}
_START = {**_MESSAGE, "text": "/start", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]}
_ME = {"id": 7000000001, "is_bot": True, "first_name": "Ballast"}
_MEMBER = {"user": _ME, "status": "member"}
_TAP = {"id": "5", "from": EVE.to_json(), "chat_instance": "1", "data": "anything"}
#: every kind of update that a stranger can cause
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "start": ("message", _START),
    "text": ("message", {**_MESSAGE, "text": "10000"}),
    "picture": ("message", {**_MESSAGE, "photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]}),
    "edited": ("edited_message", {**_START, "edit_date": _DATE}),
    "tap": ("callback_query", {**_TAP, "message": {**_MESSAGE, "text": "x"}}),
    "tap without a message": ("callback_query", {**_TAP, "inline_message_id": "7"}),
    "group": ("message", {**_START, "chat": {"id": -5, "type": "group", "title": "G"}}),
    "blocked": (
        "my_chat_member",
        {"chat": _PRIVATE, "from": EVE.to_json(), "date": _DATE, "old_chat_member": _MEMBER, "new_chat_member": _MEMBER},
    ),
}


async def _breaks(*_: object, **__: object) -> Any:
    raise OSError("the disk is gone")


def _breaks_at_once(*_: object, **__: object) -> Any:
    raise ValueError("no such words")


#: the gate's steps, each with the name that breaks it
STEPS = {
    "who is it": (Access, "enter", _breaks),
    "is it known": (Access, "known", _breaks),
    "is it still in": (Access, "is_open", _breaks),
    "reachable": (Access, "reached", _breaks),
    "judging": (door, "_judge", _breaks),
    "admitting": (door, "_admit", _breaks),
    "answering": (door, "_answer_outside", _breaks),
    "leaving": (door, "_leave", _breaks),
    "replying": (door, "reply", _breaks),
    "tap": (door, "answer", _breaks),
    "words": (chat_context, "words_for", _breaks_at_once),
}


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    async with someone(tmp_path, operator_ids=str(ANN.id)) as opened:
        opened.loopback.know(EVE)
        yield opened


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the names of the handlers that run."""
    names: list[str] = []

    def noting(name: str) -> Any:
        async def run(*_: object) -> None:
            names.append(name)

        return run

    for actions in (page.COMMANDS, page.BUTTONS):
        for name in actions:
            monkeypatch.setitem(actions, name, noting(name))
    monkeypatch.setattr(page.help_, "text", noting("text"))
    monkeypatch.setattr(page.help_, "unknown_command", noting("unknown"))
    monkeypatch.setattr(page, "tap", noting("tap"))
    return names


async def rows(chat: Someone) -> dict[str, int]:
    """Return how much is stored of what only somebody let in may have."""
    async with chat.program.db.read() as tx:
        return {
            table.name: (await tx.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (tables.portfolios, tables.dialogs, tables.plans, tables.accounts, tables.alerts)
        }


@pytest.mark.parametrize("step", STEPS)
async def test_a_gate_that_breaks_anywhere_lets_nothing_through(
    tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Each step breaks under each kind of update; the handlers are those that the bot registers."""
    async with someone(tmp_path, operator_ids=str(ANN.id)) as chat:  # built after the handlers were replaced
        chat.loopback.know(EVE)
        place, name, broken = STEPS[step]
        monkeypatch.setattr(place, name, broken)
        for kind, body in KINDS.values():
            await chat.update(kind, **body)
        assert ran == []
        assert set((await rows(chat)).values()) == {0}


@pytest.mark.parametrize(
    "fault", [Fault(error=forbidden("bot was blocked by the user")), Fault(error=bad("chat not found")), reset()], ids=str
)
async def test_a_stranger_whose_answers_fail_does_not_walk_through_start(chat: Someone, fault: Fault) -> None:
    """All answers to Eve are refused: after a whole set-up typed and tapped blindly she still only waits, and nothing was opened."""
    await chat.say("/start")
    card = chat.loopback.last(ANN.id)
    for method in ("sendMessage", "sendPhoto", "answerCallbackQuery", "editMessageText"):
        chat.loopback.fail(method, *[fault] * 400)
    for text in ("/start", "10000", "/targets BTC 50 USDT 50", "/mode auto", "/pause", "BTC 1"):
        await chat.loopback.text(EVE, text)
        await chat.handle()
    for label in card.buttons:
        await chat.loopback.tap_old(EVE, card, label)
        await chat.handle()
    async with chat.program.db.read() as tx:
        person = await accounts.person(tx, EVE.id)
        assert await accounts.dialog(tx, EVE.id) is None
    assert person is not None
    assert person.role is Role.PENDING
    assert (await rows(chat))["pf_portfolios"] == 0


@pytest.mark.long
async def test_strangers_who_may_not_be_written_to_keep_nobody_waiting(chat: Someone) -> None:
    """As many strangers as chats are served at once write too much: each held a place for two minutes, and /halt waited behind them."""
    for number in range(MAX_CHATS + 6):
        await chat.loopback.text(TelegramUser(id=1000 + number, name="S"), "hello")
    chat.loopback.fail("sendMessage", *[flooded(100)] * (MAX_CHATS + 6))
    begun = chat.clock.now()
    await chat.handle()
    assert chat.clock.now() == begun
    before = chat.newest
    await chat.loopback.text(TelegramUser(id=1000, name="S"), "hello")
    await chat.say("/halt")
    assert "Trading is stopped" in chat.since(before)


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_a_stranger_sends_is_answered_at_once_or_not(chat: Someone, kind: str) -> None:
    for method in ("sendMessage", "answerCallbackQuery", "leaveChat"):
        chat.loopback.fail(method, flooded(100))
    begun, (name, body) = chat.clock.now(), KINDS[kind]
    await chat.update(name, **body)
    assert chat.clock.now() == begun


async def test_a_member_is_waited_for(chat: Someone) -> None:
    """What a member forwards is answered too, when Telegram lets it be."""
    await chat.say("/help")
    chat.loopback.fail("sendMessage", flooded(100))
    begun, before = chat.clock.now(), chat.newest
    origin = {"type": "hidden_user", "date": _DATE, "sender_user_name": "x"}
    ann = {"id": ANN.id, "type": "private", "first_name": "Ann"}
    await chat.update("message", **{**_START, "chat": ann, "from": ANN.to_json(), "forward_origin": origin})
    assert (chat.clock.now() - begun).total_seconds() == 100
    assert "forwarded" in chat.since(before)


async def test_a_handler_without_the_gates_leave_does_nothing(chat: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the gate were taken off the page, every handler asks for its leave."""

    async def absent(*_: object) -> None:
        return None

    for handlers in chat.bot.handlers.values():
        for handler in handlers:
            if handler.callback is page.gate:
                monkeypatch.setattr(handler, "callback", absent)
    for kind, body in KINDS.values():
        await chat.update(kind, **body)
    assert [call.method for call in chat.loopback.calls if call.method.startswith(("send", "edit"))] == []
    assert set((await rows(chat)).values()) == {0}


async def test_a_group_is_left_where_the_bot_may_not_write(chat: Someone) -> None:
    """Muted in the group, or put into one where nobody gives a command: it leaves all the same."""
    chat.loopback.fail("sendMessage", Fault(error=bad("not enough rights to send text messages to the chat")))
    await chat.update("message", **{**_START, "chat": {"id": -5, "type": "supergroup", "title": "G"}})
    assert [call.params["chat_id"] for call in chat.loopback.calls if call.method == "leaveChat"] == [-5]
    group = {"id": -6, "type": "group", "title": "H"}
    left = {"user": _ME, "status": "left"}
    await chat.update(
        "my_chat_member", **{"chat": group, "from": EVE.to_json(), "date": _DATE, "old_chat_member": left, "new_chat_member": _MEMBER}
    )
    assert [call.params["chat_id"] for call in chat.loopback.calls if call.method == "leaveChat"] == [-5, -6]


async def test_edited_and_forwarded_commands_do_not_act_and_are_answered(chat: Someone) -> None:
    """A /pause that was forwarded, in the old and the new fields, of another bot, and edited; a moving place on a map is let go."""
    await chat.set_up()
    asked = {**_MESSAGE, "chat": {**_PRIVATE, "id": ANN.id}, "from": ANN.to_json(), "text": "/pause"}
    asked["entities"] = [{"type": "bot_command", "offset": 0, "length": 6}]
    origin = {"type": "hidden_user", "date": _DATE, "sender_user_name": "Eve"}
    bot = {"id": 9, "is_bot": True, "first_name": "Other"}
    ways: tuple[dict[str, Any], ...] = (
        {"forward_origin": origin},
        {"forward_date": _DATE, "forward_sender_name": "Eve"},
        {"via_bot": bot},
        {"sender_business_bot": bot},
    )
    for number, fields in enumerate(ways):
        before = chat.newest
        await chat.update("message", **{**asked, **fields, "message_id": 950 + number})
        assert "forwarded" in chat.since(before)
    message = await chat.loopback.text(ANN, "hello")
    await chat.handle()
    before = chat.newest
    await chat.loopback.edit(ANN, message.id, "/pause")
    await chat.handle()
    assert "changed afterwards" in chat.since(before)
    before = chat.newest
    place = {**_MESSAGE, "chat": asked["chat"], "from": ANN.to_json(), "edit_date": _DATE, "location": {"latitude": 1.5, "longitude": 2.5}}
    await chat.update("edited_message", **place)
    assert chat.since(before) == ""
    portfolio = await chat.program.portfolios.by_id(1)
    assert portfolio is not None
    assert not portfolio.paused


async def test_a_tap_whose_message_telegram_does_not_show_is_answered(chat: Someone) -> None:
    """With and without data, to somebody let in: in words; a stranger's button only stops spinning."""
    await chat.say("/start")
    for number, facts in enumerate(({"data": "x", "inline_message_id": "1"}, {"game_short_name": "g", "inline_message_id": "1"})):
        await chat.update("callback_query", **{"id": str(800 + number), "from": ANN.to_json(), "chat_instance": "1", **facts})
    answers = [call.params.get("text") for call in chat.loopback.calls if call.method == "answerCallbackQuery"]
    assert [text is not None and "Send the command again" in text for text in answers] == [True, True]
