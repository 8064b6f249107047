"""Edit on a card: a leg is left out and the card shows at once what the rest can pay for and leads to; Confirm then does just that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import Unreachable
from chatbot.model import LegState
from chatbot.plans.costs import fees_of
from tests.moments import after
from tests.person import someone
from tests.portfolio.lively_market import LivelyMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone


async def sells_to_buy(ann: Someone) -> None:
    """Ann stands on BTC 40, SOL 40, cash 20, and has a card that sells BTC and buys more SOL than her cash pays for."""
    await ann.set_up()
    await ann.say("/targets BTC 40 SOL 40 USDT 20")
    await ann.say("/rebalance")
    await ann.confirm()
    await ann.say("/targets BTC 10 SOL 80 USDT 10")
    await ann.say("/rebalance")


async def begins(ann: Someone) -> None:
    """Ann has the first card of Balanced, which moves collateral for its futures."""
    await ann.set_up()


@pytest.mark.long
async def test_what_a_sale_was_to_pay_for_gets_smaller_and_comes_back_with_it(tmp_path: Path) -> None:
    """The card was lost to "the exchange reports a negative amount": its buys were to be paid by the sale that was left out."""
    async with after(sells_to_buy, tmp_path, source=LivelyMarket) as ann:
        whole = await ann.plan()
        sale, buy = whole.legs
        assert buy.notional > 3900, "of which the cash pays a half"
        await ann.tap("Edit")
        await ann.tap(next(label for label in ann.last.buttons if "sell BTC" in label))
        ann.sees("Left out by you: 1", "Smaller, because what pays for it is left out: 2", "BTC 40.0% · SOL 59.9% · Stable 0.1%")
        small = await ann.plan()
        assert small.legs[1].qty < buy.qty
        assert small.fees == fees_of(small.legs, await ann.program.source.markets()) < whole.fees
        await ann.taps(*(label for label in ann.last.buttons if "sell BTC" in label))
        assert "Smaller" not in ann.last.text
        assert (await ann.plan()).legs == (sale, buy)
        await ann.tap(next(label for label in ann.last.buttons if "sell BTC" in label))
        done = await ann.confirm()
        assert done.legs[1].state is LegState.FILLED
        assert done.legs[1].filled == small.legs[1].qty, "what the card showed, to the last lot"
        assert "fell short" not in ann.last.text
        assert (await ann.books())["spot"]["USDT"] >= 0


@pytest.mark.long
async def test_futures_whose_collateral_is_left_out_are_left_out_too(tmp_path: Path) -> None:
    """They were on the card, its net exposure counted them, and the exchange refused both."""
    async with after(begins, tmp_path, source=LivelyMarket) as ann:
        await ann.tap("Edit")
        await ann.tap(next(label for label in ann.last.buttons if "transfer" in label))
        ann.sees("Left out by you: 5\nLeft out too, because nothing pays for it: 6, 7", "Net exposure 0% → 80%")
        done = await ann.confirm()
        assert "fell short" not in ann.last.text
        assert [leg.state for leg in done.legs[4:]] == [LegState.DROPPED] * 3
        assert (await ann.books())["book"] == {}


@pytest.mark.long
async def test_a_card_outlives_an_edit_for_which_there_are_no_prices(tmp_path: Path) -> None:
    """It was replaced by the trouble; its plan waited on, out of reach."""
    async with after(sells_to_buy, tmp_path, source=LivelyMarket) as ann:
        await ann.tap("Edit")
        before = ann.last
        source = ann.program.source

        async def none(*_: object) -> None:
            raise Unreachable("none")

        ann.clock.advance(61)
        source.quotes = none  # type: ignore[method-assign,assignment]
        told = await ann.tap(next(label for label in ann.last.buttons if "sell BTC" in label))
        assert told.text == "I can't get reliable prices just now, so the plan stays as it is."
        assert ann.last == before
        assert "Confirm" in ann.last.buttons


async def test_confirm_carries_out_the_legs_that_its_page_showed_or_none(tmp_path: Path) -> None:
    """A leg that the page shows as left out was bought, because it had been taken back in since, on another screen."""
    async with someone(tmp_path) as ann:
        await ann.set_up()
        whole = ann.with_button("Confirm")
        await ann.tap("Edit")
        label = next(label for label in ann.last.buttons if "buy ADA" in label)
        await ann.tap(label)
        without = ann.with_button("Confirm")
        refused = "The legs were changed after this was shown. Nothing was done; here is the plan."
        assert (await ann.tap("Confirm", on=whole)).text == refused
        await ann.taps("Edit", next(one for one in without.buttons if "buy ADA" in one))
        assert (await ann.tap("Confirm", on=without)).text == refused
        assert await ann.orders() == 0
        ann.sees("buy 2,220.3 ADA")
        done = await ann.confirm()
        assert done.legs[0].state is LegState.FILLED


@pytest.mark.long
async def test_what_prices_do_meanwhile_is_not_told_as_the_plan_s_own_doing(tmp_path: Path) -> None:
    """A short without any leg left "covered 3 %": before was told at the prices of the card, and after at those of the edit."""
    async with after(sells_to_buy, tmp_path, source=LivelyMarket) as ann:
        await ann.say("/hedge 50 20")
        ann.sees("it covers")
        source: Any = ann.program.source
        source.move("BTC", "1.02")
        await ann.step(61)
        await ann.tap("Edit")
        await ann.tap(next(label for label in ann.last.buttons if "transfer" in label))
        ann.sees("No legs are left")
        await ann.tap("Back to the plan")
        ann.sees("it covers 0%", "Net exposure falls by 0.0 points")
        plan = await ann.plan()
        assert plan.before.in_fall == plan.after.in_fall
        assert plan.before.values == plan.after.values
