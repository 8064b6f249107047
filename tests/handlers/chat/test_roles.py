"""Roles hold while something else is under way: blocks stay, a dismissed operator decides nothing, strangers crowd nobody out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.model import AnswerMode, MessageKind, PlanState, Role, Urgency
from chatbot.plans import outcomes
from chatbot.store import accounts, messages, plans, portfolios
from handlers.loopback import TelegramUser
from tests.meanwhile import meanwhile
from tests.person import ANN, BEN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Person

EVE = TelegramUser(id=66, name="Eve")


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    """Open a bot whose operator is Ann, with Eve let in."""
    async with someone(tmp_path, operator_ids=str(ANN.id)) as opened:
        await opened.say("/start")
        await opened.beside(EVE).say("hello")
        await opened.outbox.drain()
        await opened.tap("Approve Eve")
        await opened.outbox.drain()
        yield opened


async def person_of(chat: Someone, user: TelegramUser) -> Person:
    """Return somebody as stored."""
    async with chat.program.db.read() as tx:
        person = await accounts.person(tx, user.id)
    assert person is not None
    return person


async def block(chat: Someone, user: TelegramUser = EVE) -> None:
    """Have the operator block somebody by the use case that the button calls."""
    assert await chat.program.access.decide(await person_of(chat, ANN), user.id, Role.BLOCKED) is not None


@pytest.mark.parametrize(
    ("before", "last"),
    [
        (["Demo portfolio", "10,000"], "Use Balanced"),
        (["Demo portfolio", "10,000", "Use Balanced"], "Confirm"),
    ],
    ids=["set-up", "confirm"],
)
async def test_who_is_blocked_during_a_running_command_stays_blocked(
    chat: Someone, monkeypatch: pytest.MonkeyPatch, before: list[str], last: str
) -> None:
    """The exchange is slow, the operator's block comes meanwhile: nothing is opened or traded, and nothing more is said."""
    await chat.beside(EVE).say("/start")
    for label in before:
        await chat.beside(EVE).tap(label)
    known = chat.beside(EVE).newest
    real = type(chat.program.evaluator).look if last == "Confirm" else type(chat.program).begin_market
    owner, name = (type(chat.program.evaluator), "look") if last == "Confirm" else (type(chat.program), "begin_market")

    async def slow(*arguments: Any, **named: Any) -> Any:
        await block(chat)
        return await real(*arguments, **named)

    monkeypatch.setattr(owner, name, slow)
    await chat.beside(EVE).tap(last)
    monkeypatch.undo()
    assert (await person_of(chat, EVE)).role is Role.BLOCKED
    assert chat.beside(EVE).since(known) == ""
    async with chat.program.db.read() as tx:
        theirs = await portfolios.of_person(tx, EVE.id)
        states = [plan.state for portfolio in theirs for plan in await plans.plans(tx, portfolio.id, limit=9)]
    assert states == ([PlanState.PROPOSED] if last == "Confirm" else [])


async def test_no_setting_lifts_a_block(chat: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is saved for Eve from what was read before the block, her role is not among it."""
    eve = await person_of(chat, EVE)
    await block(chat)
    await chat.program.access.speak(eve, "es")
    await chat.program.access.live_in(eve, "Europe/Madrid")
    await chat.program.access.reached(EVE.id, reachable=True)
    with monkeypatch.context() as patched:
        patched.setattr("chatbot.access.Access.is_open", _always)
        assert await chat.beside(EVE).say("/status") == ""
    stored = await person_of(chat, EVE)
    assert (stored.role, stored.language, stored.zone) == (Role.BLOCKED, "es", "Europe/Madrid")


async def _always(*_: object) -> bool:
    return True


async def test_a_blocked_persons_portfolio_is_not_checked_planned_or_traded(chat: Someone) -> None:
    """On auto, with a plan open: after the block no check sees it, Confirm sends nothing, and what waited for her is not delivered."""
    card = await chat.beside(EVE).set_up()
    portfolio = await chat.program.portfolios.current(await person_of(chat, EVE))
    assert portfolio is not None
    async with chat.program.db.transaction() as tx:
        await portfolios.save(tx, replace(portfolio, answer=AnswerMode.AUTO))  # not by the use case, which would end the open plan
    await chat.program.monitor.tick()
    assert len(chat.program.roster) == 1
    async with chat.program.db.transaction() as tx:
        facts = {"portfolio_id": portfolio.id, "distance": "0.1", "leverage": "3"}
        await messages.post(tx, chat_id=EVE.id, kind=MessageKind.MARGIN, facts=facts, key="m", urgency=Urgency.ALWAYS, now=chat.clock.now())
    await block(chat)
    before = chat.beside(EVE).newest
    await chat.program.monitor.tick()
    assert len(chat.program.roster) == 0
    (plan,) = await chat.beside(EVE).plans()
    assert isinstance(await chat.program.rebalancing.confirm(plan.id, EVE.id), outcomes.NotYours)
    await chat.loopback.tap_old(EVE, card, "Confirm")
    await chat.handle()
    await chat.work()
    (plan,) = await chat.beside(EVE).plans()
    assert plan.state is PlanState.PROPOSED
    assert chat.beside(EVE).since(before) == ""
    assert await chat.program.access.decide(await person_of(chat, ANN), EVE.id, Role.MEMBER) is not None
    await chat.program.monitor.tick()
    assert len(chat.program.roster) == 1


async def test_a_plan_under_way_stops_when_its_person_is_blocked(chat: Someone) -> None:
    """By the operator's tap: nothing is quoted again and nothing stays open. Who is let in again sees what was traded, and why."""
    eve = chat.beside(EVE)
    await eve.set_up()
    await eve.tap("Confirm")

    async def blocked() -> None:
        await chat.say("/users")
        await chat.tap("Block Eve")

    before = eve.newest
    with meanwhile(chat.program.db, blocked, before=30):
        await chat.work()
    plan = await eve.plan()
    assert plan.state is PlanState.DONE
    exchange = await eve.exchange()
    assert exchange.state.open_orders == ()
    assert all(name.endswith("-1") for name in exchange.state.orders), "what was on its way when the block came, and nothing after it"
    assert any(leg.filled for leg in plan.legs)
    cut = [leg for leg in plan.legs if leg.note == "barred"]
    assert len(cut) >= 2
    assert eve.since(before) == ""
    sent = await eve.orders()
    await chat.tap("Approve Eve")
    await chat.work()
    await chat.step()
    assert await eve.orders() == sent
    await eve.say("/history")
    await eve.tap("Plan 1")
    assert eve.last.text.count("stopped, because the operator blocked you") == len(cut)


@pytest.mark.parametrize("later", ["43", ""], ids=["another one", "none"])
async def test_who_is_taken_out_of_the_settings_is_no_operator_at_the_next_start(tmp_path: Path, later: str) -> None:
    """The old Approve button, /users and the menu are all gone; the portfolio stays, and a stranger stays outside."""
    async with someone(tmp_path, operator_ids=f"{ANN.id},{BEN.id}") as chat:
        await chat.set_up()
        await chat.beside(BEN).say("/start")
        await chat.beside(EVE).say("hello")
        await chat.outbox.drain()
        question = chat.with_button("Approve Eve")
    async with someone(tmp_path, operator_ids=later) as chat:
        chat.loopback._state._last_update_id += 1000  # a later start: no number comes twice
        chat.loopback.restore(ANN, [question])
        assert (await person_of(chat, ANN)).role is Role.MEMBER
        answer = await chat.tap("Approve Eve", on=question)
        assert "Only the operator" in answer.text
        assert (await person_of(chat, EVE)).role is Role.PENDING
        assert "Only the operator" in await chat.say("/users")
        assert "Balanced" in await chat.say("/status")
        assert (await chat.program.access.pairing_code() is None) == bool(later)


async def test_who_was_paired_by_the_code_stays_operator_while_the_settings_name_nobody(tmp_path: Path) -> None:
    """A restart changes nothing; once the settings name somebody else, those are the operators."""
    async with someone(tmp_path, operator_ids="") as chat:
        await chat.say(f"/start {await chat.program.access.pairing_code()}")
    for named, role in (("", Role.OPERATOR), (str(BEN.id), Role.MEMBER)):
        async with someone(tmp_path, operator_ids=named) as chat:
            assert (await person_of(chat, ANN)).role is role


@pytest.mark.long
async def test_strangers_do_not_stand_before_a_margin_alert(chat: Someone) -> None:
    """Sixty strangers write, then margin is in danger: the alarm leaves first, and the strangers are one message with a way to the list."""
    await chat.set_up()
    await chat.outbox.drain()
    await asyncio.sleep(0)
    for number in range(60):
        await chat.program.access.enter(1000 + number, 1000 + number, f"S{number}", "en", "hi")
    async with chat.program.db.transaction() as tx:
        facts = {"portfolio_id": 1, "distance": "0.1", "leverage": "3"}
        await messages.post(tx, chat_id=ANN.id, kind=MessageKind.MARGIN, facts=facts, key="m", urgency=Urgency.ALWAYS, now=chat.clock.now())
        first = (await messages.due(tx, chat.clock.now()))[0]
    assert (first.kind, first.chat_id) == (MessageKind.MARGIN, ANN.id)
    before = chat.newest
    assert await chat.outbox.drain() == 2
    alarm, crowd = [message for message in chat.loopback.chat(ANN.id) if message.id > before]
    assert "iquidation" in alarm.text
    assert "60 people ask to use this bot" in crowd.text
    await chat.tap("Show who asks", on=crowd)
    assert "waiting" in chat.loopback.last(ANN.id).text
    assert "Approve S0" in chat.loopback.last(ANN.id).buttons


@pytest.mark.long
async def test_requests_one_after_the_other_come_seldom_and_lose_nobody(chat: Someone) -> None:
    """A stranger every twenty seconds for half an hour: a handful of questions, everything else of the chat passes, and all are counted."""
    before = chat.newest
    for number in range(90):
        await chat.program.access.enter(2000 + number, 2000 + number, f"S{number}", "en", "hi")
        chat.clock.advance(20)
        if number % 3 == 0:
            await chat.outbox.drain()
    chat.clock.advance(timedelta(minutes=11).total_seconds())
    await chat.outbox.drain()
    told = [message.text for message in chat.loopback.chat(ANN.id) if message.id > before]
    assert len(told) <= 8
    assert sum(int(text.split()[0]) if text[0].isdigit() else 1 for text in told) == 90
