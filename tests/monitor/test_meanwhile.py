"""What a person does while the bot is about to act alone, or while a check looks at them: the transaction reads the rows again."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.model import Answering, AnswerMode, AutoLimits, DecidedBy, LegState, Mode, NotAlone, PlanState, Unanswered
from chatbot.portfolio.revision import revision_of
from chatbot.store import portfolios
from tests.meanwhile import meanwhile
from tests.monitor.test_unanswered import WIDE, Alone, alone, reducing
from tests.portfolio.still_market import PERSON, D, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from chatbot.model import Message

HOUR = timedelta(hours=1)


@asynccontextmanager
async def about_to_act(folder: Path, **fields: Any) -> AsyncIterator[Alone]:
    """Stop the bot just before it looks after the plan that BTC's rise has made."""
    async with alone(folder, **fields) as at:
        unanswered = at.on.program.monitor._unanswered
        look_after = unanswered.attend

        async def later() -> int:
            return 0

        unanswered.attend = later  # type: ignore[method-assign]
        await at.drift()
        await at.mail()
        unanswered.attend = look_after  # type: ignore[method-assign]
        yield at


async def acts(at: Alone) -> None:
    """Let the bot look after its plans now."""
    await at.on.program.monitor._unanswered.attend()


async def row(at: Alone, **fields: Any) -> None:
    """Write other settings into the row alone, so that the plan that waits is not ended with them."""
    async with at.on.program.db.transaction() as tx:
        latest = await portfolios.get(tx, at.portfolio.id)
        assert latest is not None
        await portfolios.save(tx, replace(latest, **fields))


async def leave_out(at: Alone, instrument: str) -> None:
    """Leave a leg of the open plan out."""
    (plan, *_) = await at.plans()
    index = next(leg.index for leg in plan.legs if leg.instrument == instrument)
    await at.on.program.rebalancing.toggle(plan.id, PERSON.id, index)


async def tap(at: Alone, what: str) -> None:
    """Answer the open plan."""
    (plan, *_) = await at.plans()
    await getattr(at.on.program.rebalancing, what)(plan.id, PERSON.id)


def limits(trade: int, turnover: int) -> Answering:
    """Return the settings of somebody with these limits."""
    return Answering(limits=AutoLimits(trade=D(trade), turnover=D(turnover)))


@pytest.mark.parametrize(("change", "state"), [("paused", PlanState.PROPOSED), ("snoozed_until", PlanState.EXPIRED)])
async def test_silence_before_the_bot_confirms_keeps_it_from_acting(tmp_path: Path, change: str, state: PlanState) -> None:
    """Nothing is sent, and nothing is shown in its place; after a pause it is looked at again while its time lasts."""
    async with about_to_act(tmp_path) as at:
        value = True if change == "paused" else at.on.clock.now() + HOUR
        with meanwhile(at.on.program.db, lambda: at.change(**{change: value})):
            await acts(at)
        assert await at.on.program.work.run_pending() == 0  # type: ignore[attr-defined]
        assert [plan.state for plan in await at.plans()] == [state]
        assert await at.mail() == []


#: other settings, and why the plan that asks instead says that it asks; what its person did is not told to them
CHANGED: list[tuple[str, dict[str, Any], NotAlone]] = [
    ("wants to be asked", {"answer": AnswerMode.ASK}, NotAlone.NONE),
    ("smaller limits", {"answering": limits(100, 6000)}, NotAlone.TRADE),
    ("larger limits", {"answering": limits(5000, 9000)}, NotAlone.EDITED),
    ("other targets", {"theta": D("0.5")}, NotAlone.EDITED),
]


@pytest.mark.parametrize(("fields", "why"), [case[1:] for case in CHANGED], ids=[case[0] for case in CHANGED])
async def test_settings_changed_before_the_bot_confirms_make_a_plan_that_asks(
    tmp_path: Path, fields: dict[str, Any], why: NotAlone
) -> None:
    """Nothing is sent by the old ones; what is asked about is a plan for the new ones, so that its Confirm works."""
    async with about_to_act(tmp_path) as at:
        changes = fields if "theta" not in fields else {"strategy": replace(at.portfolio.strategy, **fields)}
        with meanwhile(at.on.program.db, lambda: at.change(**changes)):
            await acts(at)
        assert await at.on.program.work.run_pending() == 0  # type: ignore[attr-defined]
        newest, older = await at.plans()
        assert (newest.state, older.state) == (PlanState.PROPOSED, PlanState.SUPERSEDED)
        latest = await at.on.program.portfolios.by_id(at.portfolio.id)
        assert latest is not None
        assert newest.revision == revision_of(latest)
        assert newest.stand is not None
        assert (newest.stand.auto, newest.stand.why) == (False, why)
        assert [message.facts["plan_id"] for message in await at.mail()] == [newest.id]


#: what the rows say in the transaction, and why the plan that asks instead says that it asks
AUTO: list[tuple[str, Callable[[Alone], Awaitable[Any]], NotAlone]] = [
    ("wants to be asked", lambda at: row(at, answer=AnswerMode.ASK), NotAlone.NONE),
    ("only wants to be told", lambda at: row(at, answer=AnswerMode.NOTIFY), NotAlone.NONE),
    ("trades by hand", lambda at: row(at, mode=Mode.MANUAL), NotAlone.OFF),
    ("a smaller limit for an order", lambda at: row(at, answering=limits(100, 6000)), NotAlone.TRADE),
    ("a smaller limit for a day", lambda at: row(at, answering=limits(3000, 1000)), NotAlone.TURNOVER),
    ("no limits", lambda at: row(at, answering=Answering()), NotAlone.OFF),
    ("a leg left out", lambda at: leave_out(at, "SOL"), NotAlone.EDITED),
]


@pytest.mark.parametrize(("does", "why"), [case[1:] for case in AUTO], ids=[case[0] for case in AUTO])
async def test_the_bot_acts_by_what_is_stored_in_the_transaction(
    tmp_path: Path, does: Callable[[Alone], Awaitable[Any]], why: NotAlone
) -> None:
    """Whoever wrote it: nothing is sent, and a plan that asks takes the place, with its reason."""
    async with about_to_act(tmp_path) as at:
        with meanwhile(at.on.program.db, lambda: does(at)):
            await acts(at)
        assert await at.on.program.work.run_pending() == 0  # type: ignore[attr-defined]
        newest, older = await at.plans()
        assert (newest.state, older.state) == (PlanState.PROPOSED, PlanState.SUPERSEDED)
        assert newest.stand is not None
        assert (newest.stand.auto, newest.stand.why) == (False, why)
        assert [message.facts["plan_id"] for message in await at.mail() if message.kind == "plan_card"] == [newest.id]


@pytest.mark.parametrize(("what", "state"), [("skip", PlanState.SKIPPED), ("confirm", PlanState.CONFIRMED)])
async def test_an_answer_that_came_first_is_left_alone(tmp_path: Path, what: str, state: PlanState) -> None:
    """Neither a second workflow, nor a card that asks."""
    async with about_to_act(tmp_path) as at:
        with meanwhile(at.on.program.db, lambda: tap(at, what)):
            await acts(at)
        (plan,) = await at.plans()
        assert (plan.state, plan.decided_by) == (state, DecidedBy.PERSON)
        assert await at.mail() == []
        assert await at.on.program.work.run_pending() == (state is PlanState.CONFIRMED)  # type: ignore[attr-defined]


async def other_plan(at: Alone) -> None:
    """Ask for a plan by hand and confirm it."""
    made: Any = await at.on.program.rebalancing.propose(at.portfolio, (await at.plans())[0].reasons)
    await at.on.program.rebalancing.confirm(made.plan.id, PERSON.id)


ASKING: list[tuple[str, Callable[[Alone], Awaitable[Any]], list[PlanState], NotAlone | None]] = [
    ("paused", lambda at: at.change(paused=True), [PlanState.EXPIRED], None),
    ("snoozed", lambda at: at.change(snoozed_until=at.on.clock.now() + HOUR), [PlanState.EXPIRED], None),
    ("wants to be asked", lambda at: at.change(answer=AnswerMode.ASK), [PlanState.PROPOSED], NotAlone.NONE),
    ("nothing", lambda at: at.change(), [PlanState.PROPOSED, PlanState.SUPERSEDED], NotAlone.MOVED),
    (
        "chooses other targets",
        lambda at: at.change(strategy=replace(at.portfolio.strategy, theta=D("0.5"))),
        [PlanState.PROPOSED],
        NotAlone.NONE,
    ),
    ("confirms another plan", other_plan, [PlanState.CONFIRMED, PlanState.SUPERSEDED], None),
]


@pytest.mark.parametrize(("does", "states", "why"), [case[1:] for case in ASKING], ids=[case[0] for case in ASKING])
async def test_the_plan_that_asks_instead_is_offered_by_what_is_stored_then(
    tmp_path: Path, does: Callable[[Alone], Awaitable[Any]], states: list[PlanState], why: NotAlone | None
) -> None:
    """Prices moved, so it asks; but whoever paused meanwhile is asked nothing, and who is on ask now is not told about limits."""
    async with about_to_act(tmp_path) as at:
        at.on.market.move("SOL", "1.02")
        with meanwhile(at.on.program.db, lambda: does(at)):
            await acts(at)
        stored = await at.plans()
        assert [plan.state for plan in stored] == states
        assert [plan.stand.why for plan in stored if plan.state is PlanState.PROPOSED and plan.stand] == ([] if why is None else [why])


REDUCE: list[tuple[str, Callable[[Alone], Awaitable[Any]], PlanState]] = [
    ("snoozed", lambda at: at.change(snoozed_until=at.on.clock.now() + HOUR), PlanState.PROPOSED),
    ("wants it to expire", lambda at: row(at, answering=Answering()), PlanState.PROPOSED),
    ("wants a reminder", lambda at: row(at, answering=Answering(unanswered=Unanswered.REMIND)), PlanState.PROPOSED),
    ("trades by hand", lambda at: row(at, mode=Mode.MANUAL), PlanState.PROPOSED),
    ("changes the settings", lambda at: at.change(answering=Answering()), PlanState.SUPERSEDED),
    ("skips", lambda at: tap(at, "skip"), PlanState.SKIPPED),
    ("confirms", lambda at: tap(at, "confirm"), PlanState.CONFIRMED),
]


@pytest.mark.parametrize(("does", "state"), [case[1:] for case in REDUCE], ids=[case[0] for case in REDUCE])
async def test_what_a_person_does_before_the_bot_reduces_keeps_it_from_acting(
    tmp_path: Path, does: Callable[[Alone], Awaitable[Any]], state: PlanState
) -> None:
    """No leg is left out in their name, nothing is told, and the plan is left to its person from then on."""
    async with about_to_act(tmp_path, **reducing()) as at:
        at.on.clock.advance(30 * 60)
        with meanwhile(at.on.program.db, lambda: does(at)):
            await acts(at)
        (plan,) = await at.plans()
        assert (plan.state, plan.decided_by) == (state, DecidedBy.PERSON)
        assert [leg.state for leg in plan.legs] == [LegState.PLANNED, LegState.PLANNED]
        assert [message.kind for message in await at.mail()] == []
        await row(at, snoozed_until=None, mode=Mode.PAPER, **reducing())
        await acts(at)
        assert (await at.plans())[0].state is state, "not tried again, although it would be allowed now"


async def test_who_pauses_before_the_bot_reduces_has_it_wait_for_the_end_of_the_pause(tmp_path: Path) -> None:
    """Nothing is done while it lasts; the promise is kept when it ends in time."""
    async with about_to_act(tmp_path, **reducing()) as at:
        at.on.clock.advance(30 * 60)
        with meanwhile(at.on.program.db, lambda: at.change(paused=True)):
            await acts(at)
        await acts(at)
        assert (await at.plans())[0].state is PlanState.PROPOSED
        assert await at.mail() == []
        await at.change(paused=False)
        await acts(at)
        assert (await at.plans())[0].decided_by is DecidedBy.UNANSWERED


async def test_a_leg_left_out_before_the_bot_reduces_is_looked_at_again(tmp_path: Path) -> None:
    """What the person edits meanwhile counts, and the next look carries out what is left of the reducing legs."""
    async with about_to_act(tmp_path, **reducing()) as at:
        at.on.clock.advance(30 * 60)
        with meanwhile(at.on.program.db, lambda: leave_out(at, "BTC")):
            await acts(at)
        assert (await at.plans())[0].state is PlanState.PROPOSED
        await leave_out(at, "BTC")
        await acts(at)
        (plan,) = await at.plans()
        assert (plan.state, plan.decided_by) == (PlanState.CONFIRMED, DecidedBy.UNANSWERED)


@pytest.mark.parametrize("what", ["skip", "confirm"])
async def test_nobody_is_reminded_of_a_plan_that_was_answered_meanwhile(tmp_path: Path, what: str) -> None:
    """The answer came in the same moment: it does not ring any more."""
    remind = {"answer": AnswerMode.ASK, "answering": Answering(unanswered=Unanswered.REMIND)}
    async with about_to_act(tmp_path, **remind) as at:
        at.on.clock.advance(150)
        with meanwhile(at.on.program.db, lambda: tap(at, what)):
            await acts(at)
        assert await at.mail() == []


async def test_nobody_is_told_that_they_did_not_answer_who_just_did(tmp_path: Path) -> None:
    """Prices have moved, so nothing is reduced; but the plan was skipped in the same moment."""
    async with about_to_act(tmp_path, **reducing()) as at:
        at.on.clock.advance(30 * 60)
        at.on.market.move("BTC", "0.985")
        with meanwhile(at.on.program.db, lambda: tap(at, "skip")):
            await acts(at)
        assert await at.mail() == []


# --- the check of everybody ---


CHECKED: list[tuple[str, Callable[[Alone], Awaitable[Any]], tuple[int, int]]] = [
    ("nothing", lambda at: at.change(), (2, 0)),
    ("paused", lambda at: at.change(paused=True), (0, 0)),
    ("other targets", lambda at: at.change(strategy=replace(at.portfolio.strategy, theta=D("0.5"))), (0, 0)),
    ("snoozed", lambda at: at.change(snoozed_until=at.on.clock.now() + HOUR), (0, 0)),
]


@pytest.mark.parametrize(("does", "counted"), [case[1:] for case in CHECKED], ids=[case[0] for case in CHECKED])
async def test_a_portfolio_that_was_changed_while_a_check_looked_at_it_waits_for_the_next(
    tmp_path: Path, does: Callable[[Alone], Awaitable[Any]], counted: tuple[int, int]
) -> None:
    """What was measured by the old settings rings nobody; the next check sees it as it is."""
    async with alone(tmp_path, answer=AnswerMode.ASK, answering=Answering()) as at:
        at.on.market.move("BTC", "1.5")
        with meanwhile(at.on.program.db, lambda: does(at)):
            assert await at.on.tick() == counted
        mail: list[Message] = await at.mail()
        assert [message.kind for message in mail] == (["drift_alert"] if counted[0] else [])


async def test_who_pauses_while_a_check_finds_no_prices_is_told_nothing(tmp_path: Path) -> None:
    """What cannot be evaluated rings even through a snooze; a pause is silence all the same."""
    async with alone(tmp_path, answer=AnswerMode.ASK, answering=Answering()) as at:
        del at.on.market.prices["SOL"]
        for _ in range(3):  # the last price counts for a minute, and two more must pass
            await at.on.tick(60)
        with meanwhile(at.on.program.db, lambda: at.change(paused=True)):
            await at.on.tick(60)
        assert await at.mail() == []
        await at.change(paused=False)
        await at.on.tick(0)
        assert [message.kind for message in await at.mail()] == ["problem"]


async def test_a_plan_that_is_confirmed_while_a_check_looks_keeps_the_next_away(tmp_path: Path) -> None:
    """The window closes in the check, the person's own plan is under way by then: no second one is made, and nothing breaks."""
    async with alone(tmp_path, answer=AnswerMode.ASK, answering=Answering()) as at:
        at.on.market.move("BTC", "1.3")
        await at.on.tick()

        async def asks_and_confirms() -> None:
            made: Any = await at.on.program.rebalancing.propose(at.portfolio, ())
            await at.on.program.rebalancing.confirm(made.plan.id, PERSON.id)

        with meanwhile(at.on.program.db, asks_and_confirms):
            assert (await at.on.tick())[1] == 0
        (plan,) = await at.plans()
        assert plan.state is PlanState.CONFIRMED


async def test_an_alert_goes_to_whoever_the_person_is_by_then(tmp_path: Path) -> None:
    """Who only wants to be told by the time of the window's end gets no card."""
    async with alone(tmp_path, answer=AnswerMode.ASK, answering=Answering()) as at:
        at.on.market.move("BTC", "1.3")
        await at.on.tick()
        with meanwhile(at.on.program.db, lambda: at.change(answer=AnswerMode.NOTIFY, window_opened_at=None)):
            await at.on.tick()
        assert await at.plans() == ()


async def test_a_plan_that_ran_out_before_it_was_carried_out_gives_its_reasons_back_once(tmp_path: Path) -> None:
    """Kept only for plans that were to be carried out alone, and were not."""
    async with about_to_act(tmp_path, limits=WIDE) as at:
        (plan,) = await at.plans()
        at.on.clock.set(plan.expires_at)
        await at.on.tick(0)
        latest = await at.on.program.portfolios.by_id(at.portfolio.id)
        assert latest is not None
        assert latest.window_opened_at == at.on.clock.now()
        assert (await at.plans())[0].state is PlanState.EXPIRED
    async with bench(tmp_path / "asks") as on:
        portfolio = await on.balanced()
        on.market.move("BTC", "1.5")
        await on.tick()
        await on.tick()
        made = await on.plan(portfolio)
        assert made is not None
        on.clock.set(made.expires_at)
        await on.program.monitor._housekeeping.keep(ends=True)
        latest = await on.program.portfolios.by_id(portfolio.id)
        assert latest is not None
        assert latest.window_opened_at is None
