"""Legs that cannot wait: taken at once, again after a pause, inside the bound of each moment, and given up in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.paper.account import AccountState
from chatbot.execution.lifecycle import Cross, GiveUp, Patience, Tried, Wait, next_step
from chatbot.model import Cause, LegState, Mode, Phase, Reason
from tests.execution.lab import START, Lab, open_lab, proposed, states

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.execution.lifecycle import NextStep
    from chatbot.model import Plan
    from chatbot.store.database import Database

D = Decimal


def step(after_s: float, **tried: object) -> NextStep:
    """Ask what follows so many seconds after the last order."""
    last = START + timedelta(seconds=100)
    known = Tried(**{"takes": 1, "first_at": START, "last_at": last, **tried})  # type: ignore[arg-type]
    return next_step(known, last + timedelta(seconds=after_s), Patience(quotes=0, rest_s=20, pause_s=5, tries=3, limit_s=600))


@pytest.mark.parametrize(
    ("after_s", "tried", "expected"),
    [
        (0, {"takes": 0, "first_at": None, "last_at": None}, Cross()),
        (1, {"idle": 1}, Wait(seconds=4)),
        (5, {"idle": 2}, Cross()),
        (0, {"idle": 3}, GiveUp()),
        (5, {"idle": 11, "filled": True}, Cross()),
        (0, {"idle": 12, "filled": True}, GiveUp()),
        (499, {"idle": 0, "filled": True}, Cross()),
        (500, {"idle": 0, "filled": True}, GiveUp()),
        # an order that works all the same is taken back after the pause, however often it was tried
        (1, {"idle": 3, "working_since": START}, Wait(seconds=4)),
        (5, {"idle": 3, "working_since": START}, Cross()),
    ],
)
def test_what_follows_for_a_leg_that_cannot_wait(after_s: float, tried: dict[str, object], expected: NextStep) -> None:
    assert step(after_s, **tried) == expected


async def urgent(lab: Lab, words: str) -> Plan:
    """Carry a plan of a panic out and return it as it ended."""
    return await lab.run(words, Reason(trigger=Cause.PANIC))


def short(qty: str = "-0.25") -> AccountState:
    """Return an account that is short of BTC and long of ETH."""
    book = {"BTC-PERP": (D(qty), D(60000)), "ETH-PERP": (D(2), D(3000))}
    return AccountState.holding({"USDT": D(100)}, futures_wallet=D(9000), positions=book)


def falls(seconds: float) -> float:
    """Return a market that halves in twenty seconds, far beyond what a card's Confirm covers."""
    return max(0.5, 1 - seconds / 40)


@pytest.mark.parametrize("path", [lambda _: 1.0, falls], ids=["still", "falling"])
async def test_it_takes_at_once_and_follows_a_market_that_runs(db: Database, path: Callable[[float], float]) -> None:
    """Never a resting order; each limit within 30 bp of the middle of its moment."""
    lab = await open_lab(db, state=short(), paths={"BTC": path, "ETH": path})
    lab.clock.advance(10)  # type: ignore[attr-defined]  # the market has moved since the plan was valued
    plan = await urgent(lab, "reduce buy 0.25 BTC-PERP; reduce sell 2 ETH-PERP")
    assert states(plan) == [LegState.FILLED] * 2
    assert lab.account.state.positions == {}
    tries = await lab.attempts(plan.id)
    assert all(one.immediate and not one.post_only and one.reduce_only for one in tries)
    middle = D(str(path(10.0)))
    assert [one.limit / (middle * price) for one, price in zip(tries, (60000, 3000), strict=True) if one.limit] == [
        pytest.approx(D("1.003"), rel=D("0.0001")),
        pytest.approx(D("0.997"), rel=D("0.0001")),
    ]


async def test_one_that_finds_nobody_lets_the_others_go_and_is_given_up(db: Database) -> None:
    """BTC fills its half and no more; ETH is closed meanwhile, not after it."""
    lab = await open_lab(db, state=short("-0.004"))
    lab.account.faults.stuck.add("BTC-PERP")
    plan = await urgent(lab, "reduce buy 0.004 BTC-PERP; reduce sell 2 ETH-PERP")
    assert states(plan) == [LegState.PARTIAL, LegState.FILLED]
    assert plan.legs[0].note == "unfilled"
    assert lab.account.state.positions["BTC-PERP"].qty == D("-0.002")
    legs = [one.leg_index for one in await lab.attempts(plan.id)]
    assert legs[:2] == [0, 1]
    seconds = (lab.clock.now() - START).total_seconds()
    assert 60 <= seconds < 90


async def test_it_never_reduces_more_than_is_there(db: Database) -> None:
    """The position has shrunk since the plan was made: what is left is closed; one that is gone needs nothing."""
    lab = await open_lab(db, state=short("-0.1"))
    plan = await urgent(lab, "reduce buy 0.25 BTC-PERP; reduce sell 1 SOL-PERP")
    assert lab.account.state.positions.keys() == {"ETH-PERP"}
    assert plan.legs[0].filled == D("0.1")
    assert (plan.legs[1].state, plan.legs[1].note) == (LegState.DROPPED, "reduce_only")


# --- by cause (domain 9.6) ---

SIGNALS = (Cause.VOLATILITY, Cause.TREND, Cause.FUNDING_HIGH, Cause.FEAR_GREED)
URGENT = {*((cause, event) for cause in SIGNALS for event in (Phase.BEGIN, Phase.CHANGE)), (Cause.MARGIN, Phase.BEGIN)}
URGENT |= {(Cause.PANIC, Phase.NONE), (Cause.SELL_OUT, Phase.NONE)}


@pytest.mark.parametrize("cause", Cause)
def test_what_lowers_risk_by_a_signal_or_for_margin_takes_at_once_and_nothing_else(cause: Cause) -> None:
    """Begun or grown; its release, drift, the calendar, a person's wish and hedges can wait. One cause that cannot is enough."""
    drift = Reason(trigger=Cause.DRIFT, line="ALT")
    for event in Phase:
        plan = replace(proposed(1, "buy 1 ETH", START), reasons=(drift, Reason(trigger=cause, event=event)))
        at_once = (cause, event) in URGENT or cause in (Cause.MARGIN, Cause.PANIC, Cause.SELL_OUT)
        assert plan.is_urgent is at_once, (cause, event)
        assert not replace(plan, mode=Mode.MANUAL).is_urgent, "who trades by hand decides that"


FEAR = Reason(trigger=Cause.FEAR_GREED, event=Phase.BEGIN)


async def test_a_plan_of_fear_takes_within_what_its_confirm_covers(db: Database) -> None:
    """30 bp around the middle, but never further from the card's price than the person's limit and those 30 bp: 130 bp in all."""
    lab = await open_lab(db, state=short(), paths={"BTC": lambda seconds: 1.02 if seconds < 7 else 1.0})
    plan = await lab.run("reduce buy 0.25 BTC-PERP; reduce sell 2 ETH-PERP", FEAR)
    assert states(plan) == [LegState.FILLED] * 2
    assert not any(one.post_only for one in await lab.attempts(plan.id))
    limits = [one.limit for one in await lab.attempts(plan.id) if one.leg_index == 0]
    assert limits == [D(60780), D(60780), D(60180)], "twice in vain above 1.3 % of the card's price, then the market came back"
    assert plan.legs[0].average == D(60006)


async def test_a_market_that_has_run_away_is_tried_three_times_and_left(db: Database) -> None:
    lab = await open_lab(db, state=short(), paths={"BTC": lambda _: 1.02})
    plan = await lab.run("reduce buy 0.25 BTC-PERP", FEAR)
    tries = await lab.attempts(plan.id)
    assert [(one.sent_at - START).total_seconds() for one in tries] == [0, 5, 10]
    assert (plan.legs[0].state, plan.legs[0].note) == (LegState.PARTIAL, "unfilled")
    assert (lab.clock.now() - START).total_seconds() < 15


async def test_nothing_is_waited_for_where_a_maker_pays_what_a_taker_pays(db: Database) -> None:
    """The coins are taken at once, the contract, whose maker pays less, rests."""
    lab = await open_lab(db)
    rules = {name: replace(one, maker_fee=one.taker_fee) if "-" not in name else one for name, one in (await lab.market.markets()).items()}

    async def markets() -> object:
        return rules

    lab.market.markets = markets  # type: ignore[assignment]
    plan = await lab.run("sell 0.2 BTC; buy 1 ETH; increase buy 0.1 ETH-PERP")
    tries = await lab.attempts(plan.id)
    assert [(one.leg_index, one.immediate) for one in tries] == [(0, True), (1, True), *[(2, False)] * 3, (2, True)]
    assert states(plan) == [LegState.FILLED] * 3


@pytest.mark.long
async def test_a_plan_that_is_taken_up_again_has_its_time_anew(db: Database) -> None:
    """It lay for an hour: what it had tried before does not end its leg."""
    lab = await open_lab(db)
    lab.account.faults.stuck.add("BTC")
    made = await lab.plan("sell 0.2 BTC")
    lab.account.faults.unreachable = True
    await lab.finish()
    lab.account.faults.unreachable = False
    lab.clock.advance(3600)  # type: ignore[attr-defined]
    assert await lab.executor.recovery.carry_on(made.id)
    await lab.finish()
    assert (await lab.read(made.id)).legs[0].filled == D("0.1")
