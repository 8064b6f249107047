"""A portfolio that answers by itself: inside its limits without a question, above them with one, and never twice."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.model import (
    AlertKind,
    AlertSettings,
    Answering,
    AnswerMode,
    AutoLimits,
    Cause,
    DecidedBy,
    Delivery,
    LegState,
    Mode,
    Phase,
    PlanState,
    Reason,
    Ring,
    ScheduleRule,
    Unanswered,
    Verdict,
)
from chatbot.plans import autonomy, outcomes, show_card
from chatbot.portfolio.stored import turnover
from chatbot.portfolio.turnover import traded
from chatbot.store import accounts, messages, plans, portfolios
from tests.portfolio.lively_market import LivelyMarket
from tests.portfolio.still_market import PERSON, START, D, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Message, Person, Plan, Portfolio
    from tests.portfolio.still_market import Bench

WIDE = AutoLimits(trade=D(3000), turnover=D(6000))
SENT = Delivery(verdict=Verdict.SENT, message_id=1)


@dataclass(frozen=True, slots=True)
class Alone:
    """A portfolio of BTC 40, SOL 40, cash 20 worth 10,000, in a market whose costs are known."""

    on: Bench
    portfolio: Portfolio

    async def drift(self, factor: str = "1.3") -> None:
        """Move BTC, let it ring and its window close."""
        self.on.market.move("BTC", factor)
        await self.on.tick()
        await self.on.tick()

    async def work(self) -> None:
        """Carry out what is enqueued."""
        await self.on.program.work.run_pending()  # type: ignore[attr-defined]

    async def plans(self) -> tuple[Plan, ...]:
        """Return all plans, newest first."""
        async with self.on.program.db.read() as tx:
            return await plans.plans(tx, self.portfolio.id, limit=50)

    async def change(self, **fields: Any) -> None:
        """Change the portfolio."""
        await self.on.program.portfolios.change(self.portfolio, **fields)

    async def mail(self) -> list[Message]:
        """Take every message that is due, in order, as if it had been sent."""
        found: list[Message] = []
        while waiting := await self.on.waiting():
            async with self.on.program.db.transaction() as tx:
                for message in waiting:
                    found.append(message)
                    await messages.mark(tx, message.id, SENT, self.on.clock.now())
        return found

    async def hear(self, settings: AlertSettings, zone: str = "UTC") -> Person:
        """Let the person choose what to hear."""
        person = replace(PERSON, alerts=settings, zone=zone)
        async with self.on.program.db.transaction() as tx:
            await accounts.change_person(tx, person.id, alerts=settings, zone=zone)
        return person


@asynccontextmanager
async def alone(folder: Path, *, limits: AutoLimits | None = WIDE, start: datetime = START, **fields: Any) -> AsyncIterator[Alone]:
    """Open the portfolio, on auto unless said otherwise."""
    clock = ManualClock(start)
    async with bench(folder, market=LivelyMarket(clock), clock=clock) as on:
        portfolio = await on.balanced()
        chosen: dict[str, Any] = {"answer": AnswerMode.AUTO, "answering": Answering(limits=limits), **fields}
        portfolio = await on.program.portfolios.change(portfolio, **chosen)
        await on.tick()
        yield Alone(on, portfolio)


async def test_inside_its_limits_a_plan_is_carried_out_without_a_question(tmp_path: Path) -> None:
    """The bot presses Confirm by the same path, is noted as the one who did, and the card comes when it has."""
    async with alone(tmp_path) as at:
        await at.drift()
        (plan,) = await at.plans()
        assert (plan.state, plan.decided_by) == (PlanState.CONFIRMED, DecidedBy.AUTO)
        assert plan.stand is not None
        assert (plan.stand.auto, plan.stand.used, plan.stand.limits) == (True, D(0), WIDE)
        await at.work()
        (plan,) = await at.plans()
        assert plan.state is PlanState.DONE
        assert [message.kind for message in await at.mail()] == ["drift_alert", "plan_card", "plan_result"]


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (AutoLimits(trade=D(500), turnover=D(6000)), "trade"),
        (AutoLimits(trade=D(3000), turnover=D(1000)), "turnover"),
        (AutoLimits(trade=D(3000), share=D("0.05")), "turnover"),
        (None, ""),
    ],
)
async def test_above_a_limit_it_asks_and_says_which(tmp_path: Path, limits: AutoLimits | None, why: str) -> None:
    """The card waits as it would for anybody, with the value and the limit that it is over."""
    async with alone(tmp_path, limits=limits) as at:
        await at.drift()
        (plan,) = await at.plans()
        assert plan.state is PlanState.PROPOSED
        assert plan.stand is not None
        assert (plan.stand.auto, plan.stand.why) == (False, why)
        if why:
            assert plan.stand.amount is not None
            assert plan.stand.limit is not None
            assert plan.stand.amount > plan.stand.limit
        assert [message.kind for message in await at.mail()] == ["drift_alert", "plan_card"]


async def test_unknown_costs_and_dear_legs_always_ask(tmp_path: Path) -> None:
    """What a trade costs must be known, and below the question's limit, before anybody is left out."""
    async with alone(tmp_path) as at:
        assert isinstance(at.on.market, LivelyMarket)
        at.on.market.volumes["SOL"] = None
        await at.drift()
        assert [plan.stand.why for plan in await at.plans() if plan.stand] == ["unknown"]
        at.on.market.volumes["SOL"] = D(5000)
        await at.on.tick(400)
        await at.drift("1.1")
        assert [plan.stand.why for plan in await at.plans() if plan.stand] == ["dear", "unknown"]
        assert {plan.state for plan in await at.plans()} == {PlanState.PROPOSED, PlanState.EXPIRED}


@pytest.mark.parametrize(("trigger", "event", "why"), [("trend", "begin", "trend"), ("hedge", "begin", "hedge"), ("hedge", "end", "")])
async def test_trend_trims_and_hedges_that_open_always_ask(tmp_path: Path, trigger: str, event: str, why: str) -> None:
    """Whatever the limits are (domain 6.3); a hedge that ends is an order like any other."""
    async with alone(tmp_path) as at:
        at.on.market.move("BTC", "1.3")
        made = await at.on.program.rebalancing.propose(at.portfolio, (Reason(trigger=Cause(trigger), line="BTC", event=Phase(event)),))
        assert isinstance(made, outcomes.Proposed)
        stand = autonomy.within_limits(made.plan, WIDE, D(0))
        assert (stand.auto, stand.why) == (not why, why)


@pytest.mark.long
async def test_the_turnover_of_a_day_is_counted_from_the_journal_and_survives_a_restart(tmp_path: Path) -> None:
    """One plan fits, a second of the same day asks; on the next day of the person it does not."""
    limits = AutoLimits(trade=D(3000), turnover=D(2000))
    async with alone(tmp_path, limits=limits) as at:
        await at.drift()
        await at.work()
        used = [traded(plan) for plan in await at.plans()]
        prices = dict(at.on.market.prices)
        clock = at.on.clock.now()
    new = ManualClock(clock + timedelta(minutes=5))
    market = LivelyMarket(new)
    market.prices = prices
    async with bench(tmp_path, market=market, clock=new) as again:
        async with again.program.db.read() as tx:
            portfolio = await portfolios.get(tx, at.portfolio.id)
            assert await turnover.today(tx, at.portfolio.id, "UTC", new.now()) == sum(used)
        assert portfolio is not None
        assert D(1000) < sum(used) < limits.turnover_in(D(0))
        other = Alone(again, portfolio)
        await again.tick()
        await other.drift("1.3")
        latest = (await other.plans())[0]
        assert latest.stand is not None
        assert (latest.state, latest.stand.why, latest.stand.used) == (PlanState.PROPOSED, "turnover", sum(used))
        await again.tick(24 * 3600)
        await other.drift("1.05")
        latest = (await other.plans())[0]
        assert (latest.state, latest.decided_by) == (PlanState.CONFIRMED, "auto")


async def test_the_purchase_that_opened_a_portfolio_uses_up_no_limit(tmp_path: Path) -> None:
    """It is most of the portfolio; what a person asks for afterwards counts."""
    async with alone(tmp_path) as at:
        for trigger, counted in (("start", False), ("manual", True)):
            at.on.market.move("BTC", "1.3")
            made = await at.on.program.rebalancing.propose(at.portfolio, (Reason(trigger=Cause(trigger)),))
            assert isinstance(made, outcomes.Proposed)
            await at.on.program.rebalancing.confirm(made.plan.id, PERSON.id)
            async with at.on.program.db.read() as tx:
                assert (await turnover.today(tx, at.portfolio.id, "UTC", at.on.clock.now()) > 0) == counted
            await at.work()


@pytest.mark.parametrize(("zone", "counted"), [("UTC", True), ("Asia/Kolkata", False)])
async def test_the_day_is_the_persons(tmp_path: Path, zone: str, counted: bool) -> None:
    """18:00 UTC is today in Greenwich, and at 19:00 it is yesterday in Kolkata, where the day began at 18:30."""
    async with alone(tmp_path, start=datetime(2026, 3, 2, 17, 50, tzinfo=UTC)) as at:
        await at.drift()
        async with at.on.program.db.read() as tx:
            used = await turnover.today(tx, at.portfolio.id, zone, datetime(2026, 3, 2, 19, 0, tzinfo=UTC))
        assert (used > 0) == counted


async def test_two_checks_and_a_tap_at_once_send_one_plan_once(tmp_path: Path) -> None:
    """The database decides which of them is the first; nothing is enqueued twice and the limit of the day holds."""
    async with alone(tmp_path) as at:
        at.on.market.move("BTC", "1.3")
        await at.on.tick()
        at.on.clock.advance(60)
        program = at.on.program
        monitor, unanswered = program.monitor, program.monitor._unanswered
        look_after, held = unanswered.attend, asyncio.Event()

        async def later() -> int:
            await held.wait()
            return await look_after()

        unanswered.attend = later  # type: ignore[method-assign]
        ticking = asyncio.create_task(monitor.tick())
        while (plan := await at.on.plan(at.portfolio)) is None:  # noqa: ASYNC110 - the check runs beside us
            await asyncio.sleep(0.01)
        held.set()
        answers = await asyncio.gather(
            ticking, look_after(), look_after(), *(program.rebalancing.confirm(plan.id, PERSON.id) for _ in range(3))
        )
        tapped = [one for one in answers if isinstance(one, outcomes.Confirmed)]
        (stored,) = await at.plans()
        assert stored.state is PlanState.CONFIRMED
        assert len(tapped) == (0 if stored.decided_by == "auto" else 1)
        assert await program.work.run_pending() == 1  # type: ignore[attr-defined]


async def test_switching_auto_off_between_plan_and_confirm_is_honoured(tmp_path: Path) -> None:
    """The transaction that decides reads the settings again: the plan then asks."""
    async with alone(tmp_path) as at:
        program = at.on.program
        confirm = program.rebalancing.confirm

        async def slow(*args: Any, **options: Any) -> Any:
            await at.change(answer=AnswerMode.ASK)
            return await confirm(*args, **options)

        program.rebalancing.confirm = slow  # type: ignore[method-assign]
        await at.drift()
        newest, older = await at.plans()
        assert (newest.state, older.state) == (PlanState.PROPOSED, PlanState.SUPERSEDED)
        assert newest.stand is not None
        assert (newest.stand.auto, newest.stand.why) == (False, "")
        assert [message.facts["plan_id"] for message in await at.mail() if message.kind == "plan_card"] == [newest.id]


async def test_prices_that_move_before_the_bot_confirms_make_a_card_that_asks(tmp_path: Path) -> None:
    """The same moved-check as for a person, and nobody is there to look: so it asks."""
    async with alone(tmp_path) as at:
        program = at.on.program
        confirm = program.rebalancing.confirm

        async def slow(*args: Any, **options: Any) -> Any:
            at.on.market.move("SOL", "1.02")
            return await confirm(*args, **options)

        program.rebalancing.confirm = slow  # type: ignore[method-assign]
        await at.drift()
        newest, older = await at.plans()
        assert (newest.state, older.state) == (PlanState.PROPOSED, PlanState.SUPERSEDED)
        assert newest.stand is not None
        assert newest.stand.why == "moved"


@pytest.mark.long
async def test_a_process_killed_before_the_confirm_leaves_it_to_the_next(tmp_path: Path) -> None:
    """Inside the plan's time the next process confirms it; after it, the reasons count again and make a new plan."""
    for pause, states in ((60, [PlanState.CONFIRMED]), (3600, [PlanState.CONFIRMED, PlanState.EXPIRED])):
        folder = tmp_path / str(pause)
        folder.mkdir()
        async with alone(folder) as at:
            unanswered = at.on.program.monitor._unanswered

            async def killed() -> int:
                return 0

            unanswered.attend = killed  # type: ignore[method-assign]
            await at.drift()
            (plan,) = await at.plans()
            assert plan.state is PlanState.PROPOSED
            assert [message.kind for message in await at.mail()] == ["drift_alert"]
            prices, clock = dict(at.on.market.prices), ManualClock(at.on.clock.now())
        market = LivelyMarket(clock)
        market.prices = prices
        async with bench(folder, market=market, clock=clock) as again:
            other = Alone(again, at.portfolio)
            await again.tick(pause)
            await again.tick()
            await again.tick()
            assert [plan.state for plan in await other.plans()] == states
            assert "plan_card" in [message.kind for message in await other.mail()]


async def test_a_snooze_and_a_pause_keep_it_still(tmp_path: Path) -> None:
    """Silence is silence: nothing is done behind it either."""
    async with alone(tmp_path) as at:
        await at.change(snoozed_until=at.on.clock.now() + timedelta(hours=1))
        await at.drift()
        assert await at.plans() == ()


async def test_a_manual_portfolio_never_acts(tmp_path: Path) -> None:
    """Whoever trades by hand must be asked, whatever is stored."""
    async with alone(tmp_path) as at:
        at.on.market.move("BTC", "1.3")
        made = await at.on.program.rebalancing.propose(at.portfolio, (Reason(trigger=Cause.MANUAL),))
        assert isinstance(made, outcomes.Proposed)
        by_hand = replace(at.portfolio, mode=Mode.MANUAL, answering=Answering(limits=WIDE, unanswered=Unanswered.REDUCE))
        async with at.on.program.db.transaction() as tx:
            asks = await show_card.with_policy(tx, by_hand, PERSON, made.plan, at.on.clock.now())
        assert asks.stand is not None
        assert not asks.stand.auto
        assert asks.stand.reduce_at is None


# --- nobody answers ---


def reducing(minutes: int = 30) -> dict[str, Any]:
    """Return the settings of somebody who wants risk reduced."""
    return {"answer": AnswerMode.ASK, "answering": Answering(unanswered=Unanswered.REDUCE, after_min=minutes)}


async def test_an_unanswered_plan_is_reduced_at_its_time_and_the_rest_is_left_out(tmp_path: Path) -> None:
    """The sale of BTC happens, the purchase of SOL does not, and the exchange never hears of it."""
    async with alone(tmp_path, **reducing()) as at:
        await at.drift()
        (plan,) = await at.plans()
        assert plan.stand is not None
        assert plan.stand.reduce_at == plan.created_at + timedelta(minutes=30)
        await at.on.tick(29 * 60)
        assert (await at.plans())[0].state is PlanState.PROPOSED
        await at.on.tick(60)
        (plan,) = await at.plans()
        assert (plan.state, plan.decided_by) == (PlanState.CONFIRMED, DecidedBy.UNANSWERED)
        assert {leg.instrument: leg.state for leg in plan.legs} == {"BTC": LegState.PLANNED, "SOL": LegState.DROPPED}
        await at.work()
        exchange = await at.on.program.accounts.exchange(at.portfolio.id)
        assert (await exchange.balances()).spot["SOL"] == 40
        assert (await exchange.balances()).spot["BTC"] < D("0.08")
        kinds = [message.kind for message in await at.mail()]
        assert kinds == ["drift_alert", "plan_card", "plan_unanswered", "plan_result"]


async def test_a_plan_whose_prices_have_moved_is_not_reduced_but_told(tmp_path: Path) -> None:
    """Not the prices that the person saw: so nothing, in words; Confirm still shows the new figures while it waits."""
    async with alone(tmp_path, **reducing()) as at:
        await at.drift()
        at.on.market.move("BTC", "0.985")
        await at.on.tick(30 * 60)
        (plan,) = await at.plans()
        assert plan.state is PlanState.PROPOSED
        await at.on.tick()
        told = [message for message in await at.mail() if message.kind == "plan_unanswered"]
        assert [message.facts["why"] for message in told] == ["moved"]


async def test_a_newer_plan_does_not_put_the_promise_off(tmp_path: Path) -> None:
    """In a market that keeps moving, each new plan takes the old one's place and its time."""
    async with alone(tmp_path, **reducing()) as at:
        await at.drift()
        first = (await at.plans())[0].stand
        at.on.clock.advance(600)
        await at.drift("1.1")
        newest, older = await at.plans()
        assert (newest.state, older.state) == (PlanState.PROPOSED, PlanState.SUPERSEDED)
        assert newest.stand is not None
        assert first is not None
        assert newest.stand.reduce_at == first.reduce_at


@pytest.mark.parametrize("how", ["skipped", "another setting"])
async def test_an_answer_in_time_keeps_the_bot_out(tmp_path: Path, how: str) -> None:
    """Skip, or another setting, which ends the card: nothing is reduced."""
    async with alone(tmp_path, **reducing()) as at:
        await at.drift()
        (plan,) = await at.plans()
        if how == "skipped":
            await at.on.program.rebalancing.skip(plan.id, PERSON.id)
        else:
            await at.change(answering=Answering())
        await at.on.tick(31 * 60)
        assert (await at.plans())[0].state is (PlanState.SKIPPED if how == "skipped" else PlanState.SUPERSEDED)
        assert not (await at.plans())[0].decided_by


async def test_a_reminder_rings_once_at_half_of_the_time(tmp_path: Path) -> None:
    """And not at all when the plan is answered before."""
    async with alone(tmp_path, answer=AnswerMode.ASK, answering=Answering(unanswered=Unanswered.REMIND)) as at:
        await at.drift()
        for _ in range(4):
            await at.on.tick(60)
        reminders = [message for message in await at.mail() if message.kind == "plan_reminder"]
        assert [message.silent for message in reminders] == [False]


async def test_the_plan_of_a_schedule_waits_for_hours_and_lets_alerts_through(tmp_path: Path) -> None:
    """Found in the morning it can still be answered; a line that leaves its band meanwhile rings and takes its place."""
    rule = ScheduleRule(freq="daily", time="03:00", zone="UTC", set_at=START)
    async with alone(tmp_path, answer=AnswerMode.ASK, start=datetime(2026, 3, 3, 2, 58, tzinfo=UTC)) as at:
        await at.change(strategy=replace(at.portfolio.strategy, schedule=rule))
        at.on.market.move("BTC", "1.1")
        await at.on.tick(180)
        (plan,) = await at.plans()
        assert [reason.trigger for reason in plan.reasons] == ["schedule"]
        assert plan.expires_at == plan.created_at + autonomy.PATIENCE
        await at.on.tick(5 * 3600)
        assert (await at.plans())[0].state is PlanState.PROPOSED
        await at.drift("1.2")
        assert [plan.state for plan in await at.plans()] == [PlanState.PROPOSED, PlanState.SUPERSEDED]


# --- quiet ---


async def test_quiet_hours_hold_alerts_back_into_one_digest_and_the_plan_until_morning(tmp_path: Path) -> None:
    """Nothing comes at night; at eight one message for all, and then the plan as of then."""
    async with alone(tmp_path, answer=AnswerMode.ASK, start=datetime(2026, 3, 2, 23, 0, tzinfo=UTC)) as at:
        await at.hear(AlertSettings(quiet_from="22:00", quiet_to="08:00"))
        await at.drift()
        await at.drift("1.1")
        assert await at.plans() == ()
        assert await at.mail() == []
        async with at.on.program.db.read() as tx:
            check = await portfolios.check(tx, at.portfolio.id)
        assert check is not None
        assert check.held_back == "quiet_hours"
        at.on.clock.set(datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
        await at.on.tick(0)
        mail = await at.mail()
        assert [message.kind for message in mail] == ["digest", "plan_card"]
        assert [item["kind"] for item in mail[0].facts["items"]] == ["drift_alert", "drift_alert"]
        assert len(await at.plans()) == 1


async def test_one_alert_alone_needs_no_digest(tmp_path: Path) -> None:
    """It comes as it is."""
    async with alone(tmp_path, answer=AnswerMode.NOTIFY, start=datetime(2026, 3, 2, 23, 0, tzinfo=UTC)) as at:
        await at.hear(AlertSettings(quiet_from="22:00", quiet_to="08:00"))
        await at.drift()
        assert await at.mail() == []
        at.on.clock.set(datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
        await at.on.tick(0)
        assert [message.kind for message in await at.mail()] == ["drift_alert"]


async def test_errors_ring_at_night_and_through_a_snooze(tmp_path: Path) -> None:
    """An exchange that does not answer is told at once."""
    async with alone(tmp_path, start=datetime(2026, 3, 2, 23, 0, tzinfo=UTC)) as at:
        await at.hear(AlertSettings(quiet_from="22:00", quiet_to="08:00"))
        await at.change(snoozed_until=at.on.clock.now() + timedelta(hours=9))
        at.on.market.down = True
        for _ in range(4):
            await at.on.tick(90)
        assert [(message.kind, message.silent) for message in await at.mail()] == [("problem", False)]


async def test_auto_acts_at_night_without_a_sound(tmp_path: Path) -> None:
    """Limits were set so that nobody is needed."""
    async with alone(tmp_path, start=datetime(2026, 3, 2, 23, 0, tzinfo=UTC)) as at:
        await at.hear(AlertSettings(quiet_from="22:00", quiet_to="08:00"))
        await at.drift()
        assert [plan.state for plan in await at.plans()] == [PlanState.CONFIRMED]
        assert [(message.kind, message.silent) for message in await at.mail()] == [("plan_card", True)]


@pytest.mark.parametrize(("ring", "told"), [(Ring.ON, [("drift_alert", False)]), (Ring.SILENT, [("drift_alert", True)]), (Ring.OFF, [])])
async def test_each_kind_is_on_silent_or_off(tmp_path: Path, ring: Ring, told: list[tuple[str, bool]]) -> None:
    """Off leaves the message out, not the watching."""
    async with alone(tmp_path, answer=AnswerMode.NOTIFY) as at:
        await at.hear(AlertSettings(rings={AlertKind.DRIFT: ring}))
        await at.drift()
        assert [(message.kind, message.silent) for message in await at.mail()] == told


async def test_what_lasts_rings_again_at_the_reminder_time(tmp_path: Path) -> None:
    """Every four hours while the line stays outside, and only then."""
    async with alone(tmp_path, answer=AnswerMode.NOTIFY) as at:
        await at.hear(AlertSettings(reminder_h=4))
        at.on.market.move("BTC", "1.5")
        rang = [(await at.on.tick(hours * 3600))[0] for hours in (1, 1, 3, 1, 3)]
        at.on.market.move("BTC", "0.67")
        rang.append((await at.on.tick(5 * 3600))[0])
        assert rang == [2, 0, 2, 0, 2, 0]
