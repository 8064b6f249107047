"""What the bot may do alone, at the very edge of each limit and on both sides of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.model import (
    Answering,
    AnswerMode,
    AutoLimits,
    Breach,
    Cause,
    DecidedBy,
    Leg,
    LegKind,
    LegState,
    LiveLimits,
    LiveStop,
    LiveTerms,
    Mode,
    NotAlone,
    Phase,
    Plan,
    PlanState,
    Portfolio,
    Reason,
    Unanswered,
)
from chatbot.plans import autonomy
from chatbot.plans.real_money.limits import breach
from chatbot.portfolio.stored import turnover
from chatbot.portfolio.turnover import traded
from chatbot.store import plans
from chatbot.store.database import Database
from tests.portfolio.still_market import PERSON, D
from tests.store import samples
from tests.store.databases import sqlite_url

if TYPE_CHECKING:
    from pathlib import Path

NOW = samples.NOW
LONG = replace(samples.FIGURES, value=D(10_000), net=D("0.9"))


def leg(index: int, notional: str, kind: LegKind = LegKind.SPOT_SELL, instrument: str = "BTC", **changes: object) -> Leg:
    """Return a leg of this value whose cost is known and low."""
    made = Leg(index=index, kind=kind, instrument=instrument, qty=D(notional) / 100, price=D(100), slippage_bps=D(3))
    return replace(made, **changes)  # type: ignore[arg-type]


def a_plan(*legs: Leg, **changes: object) -> Plan:
    """Return a plan of a portfolio of 10,000 that is nine tenths long."""
    return samples.plan(**{"portfolio_id": 1, "before": LONG, "legs": legs, **changes})


@pytest.mark.parametrize(
    ("trade", "turnover_", "used", "why", "amount", "limit"),
    [
        ("600", "1000", "0", "", None, None),
        ("599.99", "1000", "0", "trade", "600", "599.99"),
        ("600", "1000", "0.01", "turnover", "1000.01", "1000"),
        ("600", "999.99", "0", "turnover", "1000", "999.99"),
        ("600", "1500", "500", "", None, None),
        ("600", "1500", "500.01", "turnover", "1500.01", "1500"),
    ],
)
def test_a_limit_is_kept_to_the_cent(trade: str, turnover_: str, used: str, why: str, amount: str | None, limit: str | None) -> None:
    """Exactly the limit is inside it; the card names what is over which."""
    plan = a_plan(leg(0, "600"), leg(1, "400", LegKind.SPOT_BUY, "SOL"), leg(2, "5000", LegKind.TO_FUTURES, "USDT"))
    stand = autonomy.within_limits(plan, AutoLimits(trade=D(trade), turnover=D(turnover_)), D(used))
    assert (stand.auto, stand.why) == (not why, why)
    assert (stand.amount, stand.limit) == (amount and D(amount), limit and D(limit))
    assert stand.used == D(used)


@pytest.mark.parametrize(("share", "auto"), [("0.1", True), ("0.0999", False)])
def test_a_share_of_a_day_is_of_the_value_before(share: str, auto: bool) -> None:
    """A tenth of 10,000 is the 1,000 that the plan trades."""
    plan = a_plan(leg(0, "600"), leg(1, "400", LegKind.SPOT_BUY, "SOL"))
    assert autonomy.within_limits(plan, AutoLimits(trade=D(600), share=D(share)), D(0)).auto is auto


def test_what_is_left_out_uses_up_no_limit() -> None:
    """The largest leg is dropped: neither an order nor turnover."""
    plan = a_plan(leg(0, "900", state=LegState.DROPPED), leg(1, "400", LegKind.SPOT_BUY, "SOL"))
    assert autonomy.within_limits(plan, AutoLimits(trade=D(400), turnover=D(400)), D(0)).auto


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (Reason(trigger=Cause.TREND, event=Phase.END), NotAlone.TREND),
        (Reason(trigger=Cause.TILT, event=Phase.BEGIN), NotAlone.TILT),
        (Reason(trigger=Cause.TILT, event=Phase.END), NotAlone.NONE),
        (Reason(trigger=Cause.HEDGE, event=Phase.BEGIN), NotAlone.HEDGE),
        (Reason(trigger=Cause.HEDGE, event=Phase.END), NotAlone.NONE),
        (Reason(trigger=Cause.MARGIN), NotAlone.NONE),
        (Reason(trigger=Cause.VOLATILITY, event=Phase.BEGIN), NotAlone.NONE),
    ],
)
def test_what_always_asks_does_so_beside_other_reasons(reason: Reason, why: NotAlone) -> None:
    """Whatever the limits are, and without any: the reason that asks counts."""
    plan = a_plan(leg(0, "600"), reasons=(Reason(trigger=Cause.DRIFT), reason))
    for limits in (AutoLimits(trade=D(600), turnover=D(600)), None):
        stand = autonomy.within_limits(plan, limits, D(0))
        assert (stand.auto, stand.why) == (not why and limits is not None, why)


@pytest.mark.parametrize(("bps", "why"), [("50", ""), ("50.0001", "dear"), (None, "unknown")])
def test_an_order_that_costs_half_a_per_cent_is_not_asked_about_and_a_hair_more_is(bps: str | None, why: str) -> None:
    """Of the legs that are kept; unknown is asked about too."""
    plan = a_plan(leg(0, "600", slippage_bps=None if bps is None else D(bps)))
    limits = AutoLimits(trade=D(600), turnover=D(600))
    assert autonomy.within_limits(plan, limits, D(0)).why == why
    dropped = replace(plan, legs=(replace(plan.legs[0], state=LegState.DROPPED), leg(1, "10")))
    assert autonomy.within_limits(dropped, limits, D(0)).auto
    assert [one.index for one in autonomy.alone(plan)] == ([] if why else [0])


# --- only what reduces risk ---


def kept(net: str, *legs: Leg) -> list[int]:
    """Return the numbers of the legs that only take risk away from a portfolio of 10,000 with this net exposure."""
    return [one.index for one in autonomy.reducing(a_plan(*legs, before=replace(LONG, net=D(net))))]


def test_reductions_together_never_take_more_than_the_exposure() -> None:
    """9,000 long: exactly 9,000 may be sold, and after 5,000 no more than 4,000."""
    assert kept("0.9", leg(0, "9000")) == [0]
    assert kept("0.9", leg(0, "9000.01")) == []
    assert kept("0.9", leg(0, "5000"), leg(1, "4000")) == [0, 1]
    assert kept("0.9", leg(0, "5000"), leg(1, "4000.01"), leg(2, "4000")) == [0, 2]


def test_which_legs_reduce_depends_on_the_side_of_the_exposure() -> None:
    """Long: sales of coins and of longs. Short: only what buys shorts back. Flat: nothing."""
    sale, stable = leg(0, "10"), leg(1, "10", instrument="USDC")
    long_out = leg(2, "10", LegKind.FUTURES_REDUCE, "BTC-PERP", reduce_only=True, sells=True)
    short_back = leg(3, "10", LegKind.FUTURES_REDUCE, "ETH-PERP", reduce_only=True)
    loose = leg(4, "10", LegKind.FUTURES_REDUCE, "BTC-PERP", sells=True)
    bought, more = leg(5, "10", LegKind.SPOT_BUY), leg(6, "10", LegKind.FUTURES_INCREASE, "BTC-PERP", sells=True)
    everything = (sale, stable, long_out, short_back, loose, bought, more)
    assert kept("0.9", *everything) == [0, 2]
    assert kept("-0.5", *everything) == [3]
    assert kept("0", *everything) == []


# --- how long it waits ---


def asking(plan: Plan, **answering: object) -> Plan:
    """Return a plan that asks, made now in a portfolio with these settings."""
    portfolio = samples.portfolio(7, answering=Answering(**answering))  # type: ignore[arg-type]
    return autonomy.asking(plan, autonomy.AnswerPolicy(), portfolio, NOW, None)


def test_a_plan_waits_as_its_kind_and_its_settings_say() -> None:
    """Five minutes, or twelve hours for the calendar; a reminder at half of it; a reduction in time, with a quarter of an hour more."""
    drifted, scheduled = a_plan(leg(0, "600")), a_plan(leg(0, "600"), reasons=(Reason(trigger=Cause.SCHEDULE),))
    minutes = timedelta(minutes=1)
    waits = asking(drifted)
    assert (waits.expires_at, waits.acts_at) == (NOW + 5 * minutes, None)
    assert waits.stand is not None
    assert not waits.stand.patient
    waits = asking(scheduled)
    assert (waits.expires_at, waits.acts_at) == (NOW + timedelta(hours=12), None)
    assert waits.stand is not None
    assert waits.stand.patient
    reminded = asking(drifted, unanswered=Unanswered.REMIND)
    assert (reminded.expires_at, reminded.acts_at) == (NOW + 5 * minutes, NOW + 2.5 * minutes)
    assert asking(scheduled, unanswered=Unanswered.REMIND).acts_at == NOW + timedelta(hours=6)
    reduced = asking(drifted, unanswered=Unanswered.REDUCE, after_min=30)
    assert (reduced.expires_at, reduced.acts_at) == (NOW + 45 * minutes, NOW + 30 * minutes)
    assert reduced.stand is not None
    assert (reduced.stand.reduce_at, reduced.stand.patient) == (NOW + 30 * minutes, True)
    nothing = asking(a_plan(leg(0, "600", LegKind.SPOT_BUY)), unanswered=Unanswered.REDUCE, after_min=30)
    assert (nothing.expires_at, nothing.acts_at) == (NOW + 5 * minutes, None), "nothing of it reduces risk"


def test_a_promise_is_kept_by_the_plan_that_takes_the_place() -> None:
    """Never later than it was promised; a later promise does not put a new plan off either."""
    portfolio = samples.portfolio(7, answering=Answering(unanswered=Unanswered.REDUCE, after_min=30))
    for promised, acts in ((10, 10), (30, 30), (31, 30)):
        made = autonomy.asking(a_plan(leg(0, "600")), autonomy.AnswerPolicy(), portfolio, NOW, NOW + timedelta(minutes=promised))
        assert made.acts_at == NOW + timedelta(minutes=acts)


# --- silence, and what a day counts ---


@pytest.mark.parametrize(
    ("changes", "cause", "silent"),
    [
        ({}, Cause.DRIFT, False),
        ({"paused": True}, Cause.DRIFT, True),
        ({"paused": True}, Cause.MARGIN, True),
        ({"snoozed_until": NOW + timedelta(seconds=1)}, Cause.DRIFT, True),
        ({"snoozed_until": NOW + timedelta(seconds=1)}, Cause.MARGIN, False),
        ({"snoozed_until": NOW}, Cause.DRIFT, False),
    ],
)
def test_silence_holds_back_everything_but_margin_and_a_pause_that_too(changes: dict[str, object], cause: Cause, silent: bool) -> None:
    """A snooze is over at its last moment."""
    plan = a_plan(leg(0, "600"), reasons=(Reason(trigger=Cause.DRIFT), Reason(trigger=cause)))
    assert autonomy.is_silent(samples.portfolio(7, **changes), plan, NOW) is silent


@pytest.mark.parametrize(
    ("answer", "mode", "unanswered", "needs"),
    [
        (AnswerMode.AUTO, Mode.PAPER, Unanswered.EXPIRE, False),
        (AnswerMode.ASK, Mode.PAPER, Unanswered.EXPIRE, True),
        (AnswerMode.ASK, Mode.PAPER, Unanswered.REMIND, True),
        (AnswerMode.ASK, Mode.PAPER, Unanswered.REDUCE, False),
        (AnswerMode.ASK, Mode.MANUAL, Unanswered.REDUCE, True),
        (AnswerMode.NOTIFY, Mode.DEMO, Unanswered.REDUCE, False),
    ],
)
def test_at_night_only_plans_that_need_their_person_wait(answer: AnswerMode, mode: Mode, unanswered: Unanswered, needs: bool) -> None:
    """What the bot does alone it does at night too."""
    portfolio: Portfolio = samples.portfolio(7, answer=answer, mode=mode, answering=Answering(unanswered=unanswered))
    assert autonomy.needs_person(portfolio) is needs


def test_a_leg_counts_with_what_it_traded_or_may_still_trade() -> None:
    """An ended one with its fills at their price, one under way with its fills and what is left, a transfer with nothing."""
    filled = {"filled": D(2), "average": D(90)}
    for state, turned in ((LegState.FILLED, 180), (LegState.PARTIAL, 180), (LegState.OPEN, 580), (LegState.PLANNED, 580)):
        assert traded(a_plan(leg(0, "600", state=state, **filled))) == turned
    assert traded(a_plan(leg(0, "600", state=LegState.OPEN, filled=D(7), average=D(90)))) == 630
    assert traded(a_plan(leg(0, "600", state=LegState.PARTIAL, filled=D(2)))) == 200, "at the card's price where none is known"
    assert traded(a_plan(leg(0, "600", LegKind.TO_SPOT, "USDT"))) == 0


@pytest.mark.parametrize(("paid", "over"), [("100", None), ("119.9", None), ("120.1", "720.6")])
def test_the_day_of_real_money_counts_what_a_plan_has_paid_and_not_its_card(paid: str, over: str | None) -> None:
    """Two legs of 600 on the card, 6 coins each: the first was bought at another price, the second is still to come. 1,320 a day."""
    terms = LiveTerms(since=NOW, limits=LiveLimits(order=D(10_000), turnover=D("0.132")), is_tried=True)
    portfolio = samples.portfolio(7, mode=Mode.LIVE, live=terms)
    bought = leg(0, "600", state=LegState.FILLED, filled=D(6), average=D(paid))
    plan = replace(a_plan(bought, leg(1, "600")), mode=Mode.LIVE)
    found = breach(plan, portfolio, D(0))
    assert found == (None if over is None else Breach(why=LiveStop.TURNOVER, amount=D(over) + 600, limit=D(1320)))


async def test_today_counts_what_was_confirmed_since_midnight_whoever_confirmed_it(tmp_path: Path) -> None:
    """At midnight itself the new day has begun; skipped, expired and waiting plans count nothing, nor does the first purchase."""
    database = Database(sqlite_url(tmp_path))
    await database.migrate()
    portfolio = await samples.a_portfolio(database)
    midnight = NOW.replace(hour=0, minute=0)
    for moment, state, reasons in (
        (midnight - timedelta(seconds=1), PlanState.CONFIRMED, Cause.DRIFT),
        (midnight, PlanState.CONFIRMED, Cause.DRIFT),
        (NOW, PlanState.CONFIRMED, Cause.START),
        (NOW, PlanState.SKIPPED, Cause.DRIFT),
    ):
        async with database.transaction() as tx:
            plan = a_plan(leg(0, "600"), reasons=(Reason(trigger=reasons),), portfolio_id=portfolio.id)
            made = await plans.add_plan(tx, replace(plan, expires_at=NOW + timedelta(days=1)))
            assert await plans.decide(tx, made.id, state, moment, DecidedBy.AUTO)
            if state is PlanState.CONFIRMED:
                await plans.set_state(tx, made.id, PlanState.DONE, moment)
    async with database.transaction() as tx:
        await plans.add_plan(tx, replace(a_plan(leg(0, "600")), portfolio_id=portfolio.id))
        assert await turnover.today(tx, portfolio.id, PERSON.zone, NOW) == 600
    await database.close()
