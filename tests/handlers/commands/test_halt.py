"""The operator's /halt and /unhalt: from the chat to the exchange, to everybody concerned, and back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.execution.pace import Pace
from chatbot.model import LegState, PlanState, Role
from chatbot.plans.outcomes import Halted
from chatbot.store import accounts
from handlers.command_list import visible_to
from tests.meanwhile import meanwhile
from tests.person import ANN, BEN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

#: a look each second, as at a real exchange; orders rest for a while
SLOW = Pace(requote_s=8, requotes=0)
#: seconds after which the orders of a plan's futures rest; its coins were taken at once
IN_THE_MIDDLE = 4
TOLD = "Trading has been stopped by the operator since 09:00 UTC."
REFUSED = "Trading has been stopped by the operator since 09:00 UTC, so nothing of plan {} was sent. I'll tell you when it goes on."


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann runs the bot and has a portfolio; her first plan waits. Ben, a member, has one as well."""
    async with someone(tmp_path, pace=SLOW, operator_ids=str(ANN.id)) as found:
        await found.set_up()
        ben = found.beside(BEN)
        await ben.say("/start")
        await found.program.access.decide(await person(found, ANN.id), BEN.id, Role.MEMBER)
        await ben.set_up()
        await found.outbox.drain()
        yield found


async def person(ann: Someone, user_id: int) -> Any:
    """Return somebody as they are stored."""
    async with ann.program.db.read() as tx:
        found = await accounts.person(tx, user_id)
    assert found is not None
    return found


def after(ann: Someone, seconds: float, happens: Callable[[], Awaitable[object]]) -> list[float]:
    """Let something happen once somebody has slept so long; the list tells, when it has, at which time of the clock."""
    clock: Any = ann.clock
    real, begun, done = clock.sleep, ann.clock.now(), []

    async def sleep(pause: float) -> None:
        await real(pause)
        if not done and ann.clock.now() - begun >= timedelta(seconds=seconds):
            done.append((ann.clock.now() - begun).total_seconds())
            await happens()

    clock.sleep = sleep
    return done


async def sends(ann: Someone, at: list[float] | None = None) -> list[str]:
    """Note what is sent to the exchange from now on, and in ``at`` when, in seconds."""
    exchange, sent, begun = await ann.exchange(), [], ann.clock.now()

    def noting(name: str) -> Any:
        real = getattr(exchange, name)

        async def call(*args: Any) -> Any:
            sent.append(name)
            if at is not None:
                at.append((ann.clock.now() - begun).total_seconds())
            return await real(*args)

        return call

    for name in ("place", "transfer", "set_leverage", "cancel"):
        setattr(exchange, name, noting(name))
    return sent


@pytest.mark.long
async def test_a_plan_under_way_is_stopped_within_two_seconds_and_goes_on_when_its_person_says_so(ann: Someone) -> None:
    """The order that rests is cancelled, nothing follows it; its person is told at the begin and at the end; the books come out right."""
    ben, at = ann.beside(BEN), []
    sent = await sends(ben, at)
    await ben.tap("Confirm")
    answers: list[str] = []

    async def halt() -> None:
        sent.append("halt")
        at.append(-1.0)
        answers.append(await ann.say("/halt"))

    when = after(ann, IN_THE_MIDDLE, halt)
    await ben.work()
    assert sent[sent.index("halt") :] == ["halt", "cancel", "cancel"]
    assert "place" in sent
    plan = await ben.plan()
    assert plan.state is PlanState.PARKED
    assert at[-1] - when[0] <= 2, "and with it the order is gone and the plan is parked"
    assert "Trading is stopped for everybody." in answers[0]
    assert "1 plan under way stops; its owner is asked before it goes on." in answers[0]
    assert "2 open orders are being cancelled." in answers[0]
    assert (await ben.exchange()).state.open_orders == ()
    told = [message.text for message in ben.messages if "Trading has been stopped by the operator since" in message.text]
    assert len(told) == 1
    assert "I'll tell you when it goes on." in told[0]
    ben.sees("Plan 1 stopped half-way", "The operator stopped all trading at", "I ask you before it goes on.")
    assert "Carry on" not in ben.last.buttons

    await ann.say("/unhalt")
    ann.sees("Trading has been stopped since", "Let it go on?", "1 stopped plan asks its owner first.")
    await ann.tap("Let trading go on")
    ann.sees("Trading goes on.")
    await ben.work()
    assert (await ben.plan()).state is PlanState.PARKED
    assert sum("Trading resumed at" in message.text for message in ben.messages) == 1
    ben.sees("Plan 1 stopped half-way", "The operator has let trading go on.")
    toast = await ben.tap("Carry on")
    assert toast.text == "Plan 1 goes on."
    await ben.work()
    plan = await ben.plan()
    assert plan.state is PlanState.DONE
    assert {leg.state for leg in plan.legs} <= {LegState.FILLED, LegState.PARTIAL}
    state = (await ben.exchange()).state
    for leg in plan.legs:
        mine = [order for name, order in state.orders.items() if name.startswith(f"b{plan.id}-{leg.index}-")]
        assert leg.is_transfer or leg.filled == sum((order.filled for order in mine), Decimal(0))
        assert leg.is_transfer or leg.filled >= leg.qty * Decimal("0.98")


@pytest.mark.long
async def test_confirm_while_trading_is_stopped_sends_nothing_and_says_so(ann: Someone) -> None:
    """Also where it is stopped between the tap and the transaction that decides; the card can be confirmed afterwards."""
    sent = await sends(ann)
    page = await ann.say("/halt")
    assert "No plan is under way." in page
    answer = await ann.tap("Confirm")
    assert (answer.text, answer.alert) == (REFUSED.format(1), True)
    card = await ann.say("/rebalance")
    assert "Trading has been stopped by the operator since 09:00 UTC. Confirm works when it goes on." in card
    await ann.tap("Confirm")
    for command in ("/status", "/why"):
        assert TOLD in await ann.say(command)
    await ann.work()
    assert sent == []
    ann.clock.advance(24 * 3600)
    assert "Trading has been stopped by the operator since 5 Jan 2026, 09:00 UTC." in await ann.say("/status")
    await ann.say("/unhalt")
    await ann.tap("Let trading go on")
    await ann.say("/rebalance")
    assert (await ann.confirm()).state is PlanState.DONE
    assert "Trading is stopped" not in await ann.say("/status")


async def test_a_card_that_ran_out_while_trading_is_stopped_is_followed_by_one_that_says_so(ann: Someone) -> None:
    await ann.say("/halt")
    ann.clock.advance(600)
    answer = await ann.tap("Confirm")
    assert answer.text is not None
    assert answer.text.startswith("Plan 1 expired at 09:05 UTC")
    ann.sees(
        "Plan 2", "Here is the plan as of now. Trading has been stopped by the operator since 09:00 UTC. Confirm works when it goes on."
    )


async def test_a_stop_that_comes_while_confirm_looks_at_prices_is_seen(ann: Someone) -> None:
    sent = await sends(ann)
    rebalancing = ann.program.rebalancing
    plan = await ann.plan()
    with meanwhile(ann.program.db, ann.program.halting.begin):
        outcome = await rebalancing.confirm(plan.id, ANN.id)
    assert isinstance(outcome, Halted)
    await ann.work()
    assert ((await ann.plan()).state, sent) == (PlanState.PROPOSED, [])


async def test_everybody_concerned_is_told_once_and_nobody_else(ann: Someone) -> None:
    """A repeated /halt tells nobody again; a stranger and somebody blocked hear nothing."""
    eve = ann.beside(type(ANN)(id=44, name="Eve"))
    await eve.say("/start")
    ben = ann.beside(BEN)
    await ann.say("/halt")
    ann.clock.advance(600)
    again = await ann.say("/halt")
    assert "Trading has been stopped already, since 5 Jan 2026, 09:00 UTC." in again
    await ann.work()
    assert sum("stopped by the operator" in message.text for message in ben.messages) == 1
    assert TOLD in "".join(message.text for message in ben.messages)
    assert not any("stopped by the operator" in message.text for message in [*eve.messages, *ann.messages])
    await ann.say("/unhalt")
    await ann.taps("Let trading go on")
    assert "Trading is not stopped." in await ann.say("/unhalt")
    await ann.work()
    assert sum("Trading resumed at 09:10 UTC." in message.text for message in ben.messages) == 1
    assert not any("Trading resumed at" in message.text for message in [*eve.messages, *ann.messages])


async def test_who_stops_trading_from_the_shell_is_told_in_the_chat_as_everybody(ann: Someone) -> None:
    """Nobody pressed anything, so nobody was answered: both people hear of the begin and of the end, once each."""
    ben = ann.beside(BEN)
    await ann.program.halting.begin()
    await ann.program.halting.begin()
    await ann.program.halting.end()
    await ann.program.halting.end()
    await ann.work()
    for someone_concerned in (ann, ben):
        texts = [message.text for message in someone_concerned.messages]
        assert sum(TOLD in text for text in texts) == 1
        assert sum("Trading resumed at 09:00 UTC." in text for text in texts) == 1


async def test_only_the_operator_stops_trading_and_lets_it_go_on(ann: Someone) -> None:
    """In words for others, in the menu of operators only; a button of one stop does not end the next."""
    ben = ann.beside(BEN)
    for command in ("/halt", "/unhalt"):
        assert await ben.say(command) == "Only the operator may use this command."
    assert await ann.program.halting.standing() is None
    assert await ann.program.halting.end(BEN.id) is None
    shown = {operator: {command.name for command in visible_to(operator=operator)} for operator in (True, False)}
    assert shown[True] - shown[False] >= {"halt", "unhalt"}
    await ann.say("/halt")
    await ann.say("/unhalt")
    old = ann.with_button("Let trading go on")
    await ann.tap("Let trading go on")
    ann.clock.advance(60)
    await ann.say("/halt")
    refused = await ann.tap("Let trading go on", on=old)
    assert refused.text == "That stop has ended; this one began at 5 Jan 2026, 09:01 UTC. Send /unhalt to end it."
    assert await ann.program.halting.standing() is not None


@pytest.mark.long
async def test_a_plan_that_prices_have_left_behind_is_shown_anew(ann: Someone) -> None:
    """Beyond the portfolio's limit nothing more of the old plan is sent: it ends, and a card as of now takes its place."""
    await ann.tap("Confirm")
    after(ann, IN_THE_MIDDLE, lambda: ann.say("/halt"))
    await ann.work()
    assert (await ann.plan()).state is PlanState.PARKED
    ann.clock.advance(20 * 86400)
    await ann.program.halting.end()
    await ann.work()
    sent = await sends(ann)
    toast = await ann.tap("Carry on")
    assert toast.text is not None
    assert toast.text.startswith("Prices or settings have changed since plan 1 was stopped")
    old, new = await ann.plans()
    assert (old.state, new.state) == (PlanState.DONE, PlanState.PROPOSED)
    assert {leg.note for leg in old.legs if leg.filled < leg.qty} >= {"trading_halted"}
    assert old.result is not None
    ann.sees("Plan 2", "Here is the plan as of now.")
    assert sent == []
    await ann.confirm()
    assert (await ann.plan()).state is PlanState.DONE


@pytest.mark.long
async def test_a_stopped_plan_can_be_left(ann: Someone) -> None:
    await ann.tap("Confirm")
    after(ann, IN_THE_MIDDLE, lambda: ann.say("/halt"))
    await ann.work()
    sent = await sends(ann)
    await ann.tap("Leave it")
    await ann.work()
    plan = await ann.plan()
    assert plan.state is PlanState.DONE
    assert "closed" in {leg.note for leg in plan.legs}
    assert sent == []
