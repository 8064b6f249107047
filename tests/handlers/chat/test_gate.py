"""The door: who is let in, who waits, who is turned away, and that nothing gets past it in a group, an edit or a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.model import Role
from chatbot.store import accounts
from handlers.loopback import TelegramUser
from handlers.loopback.faults import Fault
from handlers.loopback.refusals import bad, forbidden
from tests.person import ANN, BEN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

EVE = TelegramUser(id=66, name="Eve", language="es")


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Someone]:
    """Open a bot that has no operator yet."""
    async with someone(tmp_path, operator_ids="") as opened:
        yield opened


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    """Open a bot whose operators are Ann and Ben."""
    async with someone(tmp_path) as opened:
        yield opened


async def role_of(chat: Someone, user: TelegramUser) -> Role | None:
    """Return what somebody is to the bot."""
    async with chat.program.db.read() as tx:
        person = await accounts.person(tx, user.id)
    return person.role if person else None


async def test_nobody_is_let_in_without_the_code_and_its_first_sender_is_the_operator(closed: Someone) -> None:
    """Wrong codes, empty texts and commands change nothing; the code works once, behind /start too."""
    code = await closed.program.access.pairing_code()
    assert code
    for text in ("/status", "0" * 8, code.upper() + "x", "/start wrong"):
        assert "one-time code" in await closed.say(text)
    await closed.update("message", message_id=1, date=1767603600, chat={"id": 42, "type": "private"}, **{"from": ANN.to_json()})
    assert await role_of(closed, ANN) is Role.PENDING
    assert "You are the operator" in await closed.say(f"/start {code}")
    assert await role_of(closed, ANN) is Role.OPERATOR
    assert "private" in await closed.beside(BEN).say(code)
    assert await role_of(closed, BEN) is Role.PENDING
    assert await closed.program.access.pairing_code() is None


async def test_a_used_code_opens_nothing_even_when_the_operator_is_gone(closed: Someone) -> None:
    """An operator who deleted themselves leaves no empty code behind: a new one is made, and an empty text pairs nobody."""
    code = await closed.program.access.pairing_code()
    await closed.say(str(code))
    async with closed.program.db.transaction() as tx:
        await tx.exec_driver_sql("DELETE FROM pf_people")
    await closed.update("message", message_id=1, date=1767603600, chat={"id": 43, "type": "private"}, **{"from": BEN.to_json()})
    assert await role_of(closed, BEN) is Role.PENDING
    again = await closed.program.access.pairing_code()
    assert again
    assert again != code


async def test_two_who_send_the_code_at_once_do_not_both_become_operator(closed: Someone) -> None:
    """The database decides; the other one has to be approved."""
    code = str(await closed.program.access.pairing_code())
    await closed.loopback.text(ANN, code)
    await closed.loopback.text(BEN, code)
    await closed.handle()
    assert sorted([str(await role_of(closed, ANN)), str(await role_of(closed, BEN))]) == ["operator", "pending"]


async def test_a_stranger_asks_is_approved_and_blocked_again(chat: Someone) -> None:
    """The operator is asked once; the answers arrive in the stranger's language; a blocked person gets silence, also for old buttons."""
    await chat.say("/start")
    assert "privado" in await chat.beside(EVE).say("hola")
    await chat.beside(EVE).say("hola?")
    await chat.outbox.drain()
    assert sum("asks to use this bot" in message.text for message in chat.loopback.chat(ANN.id)) == 1
    await chat.tap("Approve Eve")
    await chat.outbox.drain()
    assert await chat.beside(EVE).say("/help")
    help_ = chat.loopback.last(EVE.id)
    await chat.tap("Block Eve")
    assert await chat.beside(EVE).say("/status") == ""
    await chat.loopback.tap(EVE, help_.id, help_.buttons[0])
    before = chat.loopback.last(EVE.id)
    await chat.handle()
    assert chat.loopback.last(EVE.id) == before


async def test_only_an_operator_decides(chat: Someone) -> None:
    """A member's /users is refused in words, and a payload that was sealed for the operator does not work for others."""
    await chat.say("/start")
    await chat.beside(EVE).say("hola")
    await chat.outbox.drain()
    question = chat.with_button("Approve Eve")
    await chat.loopback._tapped(EVE, question, str(question.button("Approve Eve")["callback_data"]))
    await chat.handle()
    assert await role_of(chat, EVE) is Role.PENDING
    await chat.tap("Approve Eve")
    assert "operador" in (await chat.beside(EVE).say("/users")).lower()


async def test_a_group_that_can_not_even_be_answered_is_left(chat: Someone) -> None:
    """Being thrown out while answering is nobody's error; taps and bare texts in groups are let go."""
    chat.loopback.fail("sendMessage", Fault(error=forbidden("bot was kicked from the group chat")))
    await chat.loopback.group_text(ANN, -100, "/status")
    await chat.handle()
    chat.loopback.fail("leaveChat", Fault(error=bad("chat not found")))
    await chat.loopback.group_text(ANN, -200, "/start")
    await chat.handle()
    assert [message.text for message in chat.loopback.chat(-200) if message.sender is None]
    assert await chat.program.access.everybody() == ()


async def test_other_bots_and_anonymous_updates_are_not_answered(chat: Someone) -> None:
    """A bot that writes to a bot would never end."""
    robot = {"id": 77, "is_bot": True, "first_name": "Robot"}
    await chat.update("message", message_id=1, date=1767603600, chat={"id": 77, "type": "private"}, text="/start", **{"from": robot})
    await chat.update("message", message_id=2, date=1767603600, chat={"id": 78, "type": "private"}, text="/start")
    assert not [call for call in chat.loopback.calls if call.method == "sendMessage"]
    assert await chat.program.access.everybody() == ()


async def test_a_gate_that_breaks_says_so(chat: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that fails before we know who writes: an apology with an id, in the language of their Telegram."""

    async def broken(*_: object) -> None:
        raise OSError("disk")

    chat.loopback.know(EVE)
    monkeypatch.setattr(type(chat.program.access), "enter", broken)
    assert "administrador" in await chat.beside(EVE).say("hola") or "operador" in chat.loopback.last(EVE.id).text
