"""Legs that cannot wait: taken at once, again after a pause, inside the bound of each moment, and given up in the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.durable import enqueue_plan
from chatbot.exchanges.paper.account import AccountState
from chatbot.execution.lifecycle import Cross, GiveUp, Tried, Wait, next_urgent_step
from chatbot.model import Cause, LegState, PlanState, Reason
from chatbot.store import plans
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
    known = Tried(**{"first_at": START, "last_at": last, **tried})  # type: ignore[arg-type]
    return next_urgent_step(known, last + timedelta(seconds=after_s), pause_s=5.0, tries=3, limit_s=600.0)


@pytest.mark.parametrize(
    ("after_s", "tried", "expected"),
    [
        (0, {"first_at": None, "last_at": None}, Cross()),
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
    drafted = replace(proposed(lab.portfolio.id, words, lab.clock.now()), reasons=(Reason(trigger=Cause.PANIC),))
    async with lab.db.transaction() as tx:
        made = await plans.add_plan(tx, drafted)
        assert await plans.decide(tx, made.id, PlanState.CONFIRMED, lab.clock.now())
        await enqueue_plan(lab.work, tx, made)
    await lab.finish()
    return await lab.read(made.id)


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
    """BTC fills its half again and again, until less than a lot moves; ETH is closed meanwhile, not after it."""
    lab = await open_lab(db, state=short("-0.004"))
    lab.account.faults.stuck.add("BTC-PERP")
    plan = await urgent(lab, "reduce buy 0.004 BTC-PERP; reduce sell 2 ETH-PERP")
    assert states(plan) == [LegState.PARTIAL, LegState.FILLED]
    assert plan.legs[0].note == "unfilled"
    assert lab.account.state.positions["BTC-PERP"].qty == D("-0.001")
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
