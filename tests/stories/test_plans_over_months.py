"""Months that happened, with a yes to every plan: how many plans and legs there were, how long they took, what they cost.

The table of a run stands in ``docs/plans-over-months.md``.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

import pytest

from chatbot.execution.record import fell_short
from chatbot.model import Cause, LegKind, LegState, Phase, Plan, Reason
from chatbot.plans import costs
from chatbot.plans.outdated import as_left
from tests.stories.history import day, living, needs_history, opened

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from chatbot.model import Leg
    from tests.person import Someone

pytestmark = [needs_history, pytest.mark.slow]

#: a leg of less than so much of the value is dust
DUST = Decimal("0.0025")
#: basis points by which a price moves from one second to the next
_A_SECOND = 1
FUTURES_SIGNALS = {Cause.FEAR_GREED, Cause.FUNDING_LOW, Cause.FUNDING_HIGH, Cause.TREND}
#: what lowers risk: a cause, and at which of its events
RISK_OFF = {
    (cause, event)
    for cause in (Cause.VOLATILITY, Cause.TREND, Cause.FUNDING_HIGH, Cause.FEAR_GREED)
    for event in (Phase.BEGIN, Phase.CHANGE)
}


@dataclass(slots=True)
class Row:
    """What the plans of one kind came to."""

    plans: int = 0
    legs: int = 0
    dust: int = 0
    minutes: list[float] = field(default_factory=list)
    #: basis points of what was traded: told on the card, and paid
    told: list[float] = field(default_factory=list)
    paid: list[float] = field(default_factory=list)
    #: plans of which something that they traded whole would be traded again by a /rebalance right after them
    again: int = 0
    #: plans after which a /rebalance has nothing to do, and says so
    idle: int = 0

    def add(self, plan: Plan, after: frozenset[str], *, idle: bool) -> None:
        """Count one plan that was carried out, what a plan of everything would trade ``after`` it, and whether /rebalance is ``idle``."""
        orders = [leg for leg in plan.legs if not leg.is_transfer and leg.state is not LegState.DROPPED]
        self.plans += 1
        self.legs += len(orders)
        self.idle += idle
        self.again += any(leg.instrument in after for leg in orders if not fell_short(leg))
        self.dust += sum(leg.notional < DUST * plan.before.value for leg in orders)
        if plan.finished_at is not None and plan.decided_at is not None:
            self.minutes.append((plan.finished_at - plan.decided_at).total_seconds() / 60)
        if plan.slippage_bps is not None:
            self.told.append(float(plan.slippage_bps))
        if traded := sum(leg.filled * leg.price for leg in orders):
            self.paid.append(float(sum(map(_slipped, orders)) / traded * 10_000))

    def line(self, name: str) -> str:
        """Return the row of the table."""
        figures = (f"{median(some):.1f}" if some else "-" for some in (self.minutes, self.told, self.paid))
        return " | ".join(
            ("", name, str(self.plans), str(self.legs), str(self.dust), *figures, str(self.again), str(self.idle), "")
        ).strip()


def _slipped(leg: Leg) -> Decimal:
    """Return what a leg cost beyond the price of its card, in quote; below 0 where it was cheaper."""
    if leg.average is None:
        return Decimal(0)
    return (leg.average - leg.price) * leg.filled * (-1 if leg.side == "sell" else 1)


MONTHS = [day(2020, month, 1) for month in (2, 3, 4, 5)] + [day(2021, month, 1) for month in (11, 12)]
MONTHS += [day(2022, month, 1) for month in (1, 5, 6, 7, 8)]


async def test_a_rebalance_after_a_rebalance_finds_nothing_to_do(tmp_path: Path) -> None:
    """Up to four times a month, and each time once more when it was carried out: in 95 of 100 there is nothing left that is worth an order.

    What a thin market has not given is offered again, and is no part of that: the coin that was short, and nothing else.
    """
    quiet: list[bool] = []
    short = 0
    for begin in MONTHS:
        async with opened(tmp_path / f"{begin:%Y-%m}", begin) as ann:
            for _ in range(4):
                plan = await ann.confirm()
                missing = {leg.instrument for leg in plan.legs if fell_short(leg)}
                wanted = await _wanted(ann)
                if missing:
                    short += 1
                    assert missing & wanted
                else:
                    quiet.append(not wanted)
                ann.clock.advance(9 * 24 * 3600)
                await ann.say("/rebalance")
                if "Confirm" not in ann.last.buttons:
                    break
    print(f"\nnothing to do after {sum(quiet)} of {len(quiet)} plans; {short} others fell short")  # noqa: T201 - the figures, read with -s
    assert len(quiet) >= 30
    assert sum(quiet) >= 0.95 * len(quiet)


async def _wanted(ann: Someone) -> frozenset[str]:
    """Return what a plan of everything would trade now."""
    wanted, _ = await _asked_again(ann)
    return wanted


async def _asked_again(ann: Someone) -> tuple[frozenset[str], bool]:
    """Return what a plan of everything would trade now, and whether /rebalance says that there is nothing to do."""
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    looked, asked = await ann.program.evaluator.look(portfolio, fresh=True), (Reason(trigger=Cause.MANUAL),)
    found = ann.program.rebalancing.draft(looked, asked)
    if not isinstance(found, Plan):
        return frozenset(), True
    return frozenset(leg.instrument for leg in found.legs), await as_left(ann.program.db, looked, asked) is not None


def _is_explained(plan: Plan) -> bool:
    """Tell whether a plan paid what its card told, or more by at most two of the moves that are usual while its orders wait.

    A second passes between a look and an order in any case.
    """
    paid = costs.paid(plan.legs)
    if paid.slipped is None or paid.told is None or not paid.traded:
        return False
    return (paid.slipped - paid.told) / paid.traded * 10_000 <= max(2 * (plan.waiting_bps or 0), _A_SECOND)


def is_risk_off(plan: Plan) -> bool:
    return all((reason.trigger, reason.event) in RISK_OFF or reason.trigger is Cause.MARGIN for reason in plan.reasons)


SPANS = {
    "feb-may-2020": (day(2020, 2, 1), day(2020, 6, 1)),
    "nov-2021-jan-2022": (day(2021, 11, 1), day(2022, 2, 1)),
    "may-aug-2022": (day(2022, 5, 1), day(2022, 9, 1)),
}
#: what is lived once and looked at twice
_LIVED: dict[str, tuple[list[Plan], dict[str, Row]]] = {}


async def lived(tmp_path: Path, span: str) -> tuple[list[Plan], dict[str, Row]]:
    """Return the plans of some months, and what they came to by what asked for them."""
    if span not in _LIVED:
        _LIVED[span] = await _live(tmp_path, *SPANS[span])
    return _LIVED[span]


async def _live(tmp_path: Path, begin: datetime, end: datetime) -> tuple[list[Plan], dict[str, Row]]:
    after: list[tuple[frozenset[str], bool]] = []
    async with living(tmp_path, begin, "Balanced") as life:

        async def rebalance(_: Plan) -> None:
            after.append(await _asked_again(life.ann))

        life.also = rebalance
        await life.until(end)
    rows: dict[str, Row] = defaultdict(Row)
    for plan, (wanted, idle) in zip(life.plans, after, strict=True):
        hurried = ["urgent"] if plan.is_urgent else []
        for name in ("all", *hurried, " + ".join(sorted({reason.trigger for reason in plan.reasons}))):
            rows[name].add(plan, wanted, idle=idle)
    print(f"\n{begin:%b %Y} to {end:%b %Y}")  # noqa: T201 - the table, read with -s
    for name, row in sorted(rows.items()):
        print(row.line(name))  # noqa: T201 - as above
    return list(life.plans), rows


@pytest.mark.parametrize("span", SPANS)
async def test_months_of_plans(tmp_path: Path, span: str) -> None:
    """No spot leg for a futures signal while every line is inside its band, no buy in a plan that lowers risk, soon done and as told."""
    made, rows = await lived(tmp_path, span)
    spot = (LegKind.SPOT_BUY, LegKind.SPOT_SELL)
    for plan in made:
        causes = {reason.trigger for reason in plan.reasons}
        inside = not any(line.breach for line in plan.before.limits)
        if causes <= FUTURES_SIGNALS and inside:
            assert not [leg for leg in plan.legs if leg.kind in spot], f"plan {plan.number}: {causes}"
        if is_risk_off(plan):
            assert not [leg for leg in plan.legs if leg.kind is LegKind.SPOT_BUY], f"plan {plan.number}: {causes}"
    whole = rows["all"]
    assert median(whole.minutes) <= 5
    assert median(rows["urgent"].minutes) <= 1
    assert not whole.again, "a /rebalance right after a plan finds nothing more to do about what the plan traded whole"
    quiet = [plan for plan in made if not any(fell_short(leg) for leg in plan.legs)]
    assert whole.idle >= 0.95 * len(quiet), "a /rebalance right after a plan that has done all of its legs says that there is nothing to do"
    assert all(map(_is_explained, made)), "what a plan paid is what its card told, and how far prices move until its orders are done"
    beyond = [paid > 2 * told for told, paid in zip(whole.told, whole.paid, strict=True)]
    assert sum(beyond) <= len(beyond) / 2, "in the median, at most twice what the card said"


BY_THE_RULES = pytest.mark.xfail(strict=True, reason="3 of 40: coins that a spike names are cut from 5 basis points on (domain 9.13)")


@pytest.mark.parametrize("span", [pytest.param(span, marks=BY_THE_RULES if span == "feb-may-2020" else ()) for span in SPANS])
async def test_few_legs_are_dust(tmp_path: Path, span: str) -> None:
    """The aim is one in twenty."""
    _, rows = await lived(tmp_path, span)
    assert rows["all"].dust <= rows["all"].legs * 0.05, f"{rows['all'].dust} of {rows['all'].legs} legs are dust"
