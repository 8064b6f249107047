"""March and April 2020, balanced: fear takes the futures off before the crash, every coin is cut after it, and all of it comes back.

Run with ``-s`` to read the story. What rang was found by running it; what makes it plausible stands beside it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import STABLE, Cause, LegKind, LegState, Phase
from tests.stories.history import Lived, living, needs_history

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Plan

pytestmark = [pytest.mark.long, needs_history]
DAY_S = 86_400
COINS = ("ADA", "BNB", "BTC", "DOGE", "ETH", "XRP")

#: the index fell to 17 on 9 March and stood at 30 or more on two days in a row for the first time on 1 May
FEAR = [("03-09 00", "fear_greed begin"), ("05-01 00", "fear_greed end")]
#: BTC fell by 40 % on the 12th: by midnight the week had moved twice as much as usual or more, in all coins at once
ONSET = [("03-13 00", f"volatility {coin} begin") for coin in COINS]
#: they calmed down one by one, BTC last: its usual level had been the lowest
RELEASE = [
    (f"{when} 00", f"volatility {coin} end")
    for when, coin in (("03-25", "XRP"), ("03-26", "DOGE"), ("03-28", "ADA"), ("03-29", "BNB"), ("03-29", "ETH"), ("04-10", "BTC"))
]


def day(month: int, number: int) -> datetime:
    """Return a look at a day's first readings."""
    return datetime(2020, month, number, 0, 15, tzinfo=UTC)


@pytest.mark.slow
async def test_fear_and_the_crash_take_risk_off_and_give_it_back_step_by_step(tmp_path: Path) -> None:
    async with living(tmp_path, day(3, 6), "Balanced") as life:
        await life.until(day(3, 8))
        assert (await life.net())[0] > Decimal("0.09")
        await life.until(day(3, 15))
        status = await life.ann.say("/status")
        assert "Volatility BTC" in status
        assert "* own target: " in status
        await life.until(day(5, 2), every_s=DAY_S)
        # a plan that the last release asked for is carried out by now
        assert (await life.net())[1] == Decimal("0.100")
        assert "*" not in await life.ann.say("/status")
        print("\n".join(account(life)))  # noqa: T201 - the account of the story, read with -s

    assert life.said("fear_greed") == FEAR
    told = life.said("volatility")
    assert [one for one in told if one[1].endswith("begin")] == ONSET
    assert [one for one in told if one[1].endswith("end")] == RELEASE
    # what the signals have moved is never told as drift: by the second one, losses have made the cash less than it was to be
    assert life.said("drift") == [("03-08 16", "drift ALT breach"), ("03-20 00", "drift STABLE escalate")]
    hold_fear(life)
    hold_cuts(life)
    hold_return(life)


def hold_fear(life: Lived) -> None:
    """Hold that the book is closed in one plan on the day, reductions only, and opened when fear is over; no spot is sold for it."""
    neutral, back = life.plans_for(Cause.FEAR_GREED)
    assert f"{neutral.created_at:%m-%d %H:%M}" == "03-09 00:15", "at once: extreme fear waits for nobody"
    assert {leg.kind for leg in neutral.legs if leg.instrument.endswith("-PERP")} == {LegKind.FUTURES_REDUCE}
    assert LegKind.SPOT_SELL not in {leg.kind for leg in neutral.legs}
    assert neutral.result is not None
    assert not neutral.result.book
    assert {leg.instrument for leg in back.legs if leg.kind == LegKind.FUTURES_INCREASE} == {"BTC-PERP", "ETH-PERP"}
    assert back.result is not None
    assert Decimal("0.09") < back.result.futures_net < Decimal("0.11")
    between = [plan for plan in life.plans if neutral.number <= plan.number < back.number]
    assert all(plan.result is not None and not plan.result.book for plan in between), "no plan opens futures in fear"


def hold_cuts(life: Lived) -> None:
    """Hold that the cuts only sell, that their money stays in cash, and that a deeper reading cuts deeper."""
    first, deeper = life.plans_for(Cause.VOLATILITY)[:2]
    assert f"{first.created_at:%m-%d %H:%M}" == "03-13 00:16", "six signals make one plan"
    assert {leg.kind for leg in first.legs if not leg.is_transfer} == {LegKind.SPOT_SELL}
    assert {reason.event for reason in deeper.reasons if reason.trigger == Cause.VOLATILITY} == {"change"}
    assert {leg.kind for leg in deeper.legs if not leg.is_transfer} == {LegKind.SPOT_SELL}
    # BTC had been calm: four times its usual level is cut to the least that is left, a quarter
    assert target(first, "BTC") <= Decimal("5.5")
    assert all(target(deeper, coin) <= target(first, coin) for coin in COINS)
    assert weight(deeper, STABLE) > 64, "and the sleeve, which no spike touches, holds the rest"


def hold_return(life: Lived) -> None:
    """Hold that each coin is bought back by the plan that follows its release, and none before it."""
    back = {"XRP": "03-25", "ADA": "03-28", "BNB": "03-29", "ETH": "03-29", "BTC": "04-10"}
    for coin, when in back.items():
        plan = next(one for one in life.plans if f"{one.created_at:%m-%d}" == when)
        leg = next(leg for leg in plan.legs if leg.instrument == coin)
        assert leg.kind == LegKind.SPOT_BUY
        assert leg.state == LegState.FILLED
        assert leg.notional > plan.before.value / 20
        assert (Cause.VOLATILITY, coin, Phase.END) in {(reason.trigger, reason.line, reason.event) for reason in plan.reasons}
    last = life.plans[-1].result
    assert last is not None
    assert not any(line.breach for line in last.lines), "what is off is inside its band, and no signal's business"
    assert all(line.base is None for line in last.lines), "nothing is moved any more"


def target(plan: Plan, coin: str) -> Decimal:
    """Return what a plan aimed at for a coin, per cent of the value."""
    return Decimal(plan.targets["spot"][coin]) * 100


def weight(plan: Plan, line: str) -> Decimal:
    """Return what a line weighed after a plan, per cent."""
    assert plan.result is not None
    return next(reading.weight for reading in plan.result.lines if reading.line == line) * 100


def account(life: Lived) -> list[str]:
    """Tell what fired, what was proposed, what was traded and the state after."""
    lines = [f"{when} told {what}" for when, what in life.told]
    for plan in life.plans:
        why = ", ".join(f"{one.trigger} {one.line} {one.event}".strip() for one in plan.reasons)
        legs = ", ".join(
            f"{leg.kind} {leg.instrument} ${leg.filled * (leg.average or leg.price):,.0f} of ${leg.notional:,.0f}" for leg in plan.legs
        )
        after = plan.result or plan.after
        state = ", ".join(f"{one.line} {one.weight:.1%}/{one.target:.1%}" for one in after.lines)
        lines.append(f"{plan.created_at:%m-%d %H:%M} plan {plan.number} ({why}): {legs} -> {state}, net futures {after.futures_net:.1%}")
    return lines
