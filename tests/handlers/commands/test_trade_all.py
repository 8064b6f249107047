"""Small differences: /rebalance leaves them and names the largest, and one tap trades them all the same, down to the exchange's orders."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.model import Cause, PlanState
from tests.moments import after
from tests.person import START, Someone, someone
from tests.portfolio.lively_market import LivelyMarket

if TYPE_CHECKING:
    from pathlib import Path

D = Decimal


@pytest.mark.long
async def test_what_is_left_is_traded_with_one_tap(tmp_path: Path) -> None:
    """A small part of a point is left and named; the tap makes a plan of it, and Confirm sends its orders."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await ann.set_up(amount="100,000")
        await ann.confirm()
        await ann.step()
        market.move("BTC", "1.015")
        await ann.step()
        sent, plans = await ann.orders(), len(await ann.plans())
        answer = await ann.say("/rebalance")
        assert "Nothing to do." in answer
        assert "Every line is inside its band. The largest difference is BTC/ETH, 0.1 points." in answer, "as the table below it"
        assert len(await ann.plans()) == plans, "no card that would trade dust"
        await ann.tap("Trade it all the same")
        card = ann.last
        assert "You asked for it, small differences too." in card.text
        assert "sell" in card.text
        assert "Confirm" in card.buttons
        assert await ann.orders() == sent, "nothing before Confirm"
        done = await ann.confirm()
        assert (done.state, [reason.trigger for reason in done.reasons]) == (PlanState.DONE, [Cause.EVERYTHING])
        assert await ann.orders() - sent >= len([leg for leg in done.legs if not leg.is_transfer]) > 0
        assert all(leg.filled for leg in done.legs)
        assert "Trade it all the same" not in (await ann.say("/rebalance"), *ann.last.buttons)


async def test_right_after_a_plan_there_is_nothing_to_do_until_something_moves(tmp_path: Path) -> None:
    """A hedge trades its own leg and leaves the coins inside their bands: that is said, and traded all the same only where it is wished."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await ann.set_up(amount="100,000")
        await ann.confirm()
        market.move("BTC", "1.08")
        await ann.say("/hedge 50 20")
        assert (await ann.confirm()).hedge is not None
        answer = await ann.say("/rebalance")
        assert "Nothing to do." in answer
        assert "Nothing has changed since plan 2, which left the rest as it is." in answer
        assert "Every line is inside its band. The largest difference is " in answer
        assert "Confirm" not in ann.last.buttons
        await ann.tap("Trade it all the same")
        assert {"BTC", "ETH"} <= {leg.instrument for leg in (await ann.plan()).legs}
        await ann.tap("Skip")
        market.move("BTC", "1.02")
        await ann.say("/rebalance")
        assert "Confirm" in ann.last.buttons, "prices have moved since"
        await ann.tap("Skip")
        market.move("BTC", str(D(1) / D("1.02")))
        assert "Nothing has changed since plan 2" in await ann.say("/rebalance")
        await ann.say("/bands 4")
        await ann.say("/rebalance")
        assert "Confirm" in ann.last.buttons, "settings have changed since"


async def test_after_a_plan_with_a_leg_left_out_rebalance_plans_the_rest_of_its_line(tmp_path: Path) -> None:
    """That was no choice of the plan: a wish for one now is a wish to go on, with the mix that the person has chosen (domain 2.3)."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=LivelyMarket(clock)) as ann:
        await ann.set_up(amount="100,000")
        await ann.tap("Edit")
        await ann.tap(next(label for label in ann.last.buttons if "BTC" in label))
        await ann.tap("Back to the plan")
        await ann.confirm()
        await ann.say("/rebalance")
        assert "Confirm" in ann.last.buttons
        assert [leg.instrument for leg in (await ann.plan()).legs] == ["ETH"]


@pytest.mark.long
async def test_nothing_to_do_names_the_largest_difference_even_where_nothing_is_left(tmp_path: Path) -> None:
    """On its targets, the answer says how close: a number, and no button that would do nothing."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=LivelyMarket(clock)) as ann:
        await ann.set_up()
        await ann.confirm()
        await ann.step()
        answer = await ann.say("/rebalance")
        assert "Nothing to do." in answer
        assert "The largest difference is " in answer


async def test_a_portfolio_that_is_exactly_on_target_is_called_so(tmp_path: Path) -> None:
    """All cash, and cash is what its person wants: no order is "too small to be worth its fees" where there is none."""
    async with after(Someone.set_up, tmp_path) as ann:
        await ann.say("/targets USDT 100")
        await ann.say("/rebalance")
        ann.sees("Nothing to do.", "Every line is exactly on its target.")
        assert "fees" not in ann.last.text
