"""The options of a strategy from the chat to filled orders: the limit for one plan, and the tilt."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chatbot.model import Cause
from tests.moments import after
from tests.portfolio.still_market import D, StillMarket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from chatbot.clock import ManualClock
    from chatbot.exchanges.base import Market
    from tests.person import Someone


class Wider(StillMarket):
    """SOL has a future too, which no strategy here holds."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.prices["SOL-PERP"] = D(100)

    async def markets(self) -> Mapping[str, Market]:
        """Return the others, and SOL's."""
        known = await super().markets()
        return {**known, "SOL-PERP": replace(known["BTC-PERP"], instrument="SOL-PERP")}


@asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[tuple[Someone, Wider]]:
    """Stand on the targets of BTC 40, SOL 30, cash 20, futures 10."""
    async with after(on_target, folder, source=Wider) as ann:
        assert isinstance(ann.program.source, Wider)
        yield ann, ann.program.source


async def on_target(ann: Someone) -> None:
    await ann.set_up()
    await ann.say("/targets BTC 40 SOL 30 USDT 20 FUTURES 10")
    await ann.say("/rebalance")
    await ann.confirm()
    await ann.step()


@pytest.mark.long
async def test_a_tilt_from_its_button_to_its_end(tmp_path: Path) -> None:
    """Switched on with its risk told; a rally of SOL is sold and bet against; the page shows the bet; the next plan closes it."""
    async with standing(tmp_path) as (ann, market):
        await ann.say("/bands")
        await ann.tap("How a plan trades")
        ann.sees("Tilt: off", "more risk, no proven edge")
        await ann.tap("Tilt 50%")
        ann.sees("Tilt: 50% of the drift")
        market.move("SOL", "1.3")
        card = await ann.until_card(step_s=60)
        assert "SOL: a futures short of" in card.text
        assert "This adds risk." in card.text
        done = await ann.confirm()
        assert [reason.event for reason in done.reasons if reason.trigger == Cause.TILT] == ["begin"]
        assert done.result is not None
        assert done.result.book["SOL-PERP"] < 0
        await ann.say("/bands")
        await ann.tap("How a plan trades")
        ann.sees("SOL: short", "at the latest")
        await ann.say("/rebalance")
        ann.sees("SOL: the tilt is over")
        closed = await ann.confirm()
        assert closed.result is not None
        assert "SOL-PERP" not in closed.result.book


@pytest.mark.long
async def test_a_limit_for_one_plan(tmp_path: Path) -> None:
    """With 5 % a larger move is gone in two steps; the first card says where it stops and that the rest waits."""
    async with standing(tmp_path) as (ann, market):
        await ann.say("/bands")
        await ann.taps("How a plan trades", "5%")
        ann.sees("Limit for one plan: 5% of the value")
        market.move("SOL", "1.45")
        await ann.say("/rebalance")
        ann.sees("everything above your limit")
        first = await ann.confirm()
        value = first.before.value
        sold = sum(leg.notional for leg in first.legs if leg.kind == "spot_sell")
        assert D("0.048") * value < sold < D("0.0505") * value
        await ann.say("/rebalance")
        second = await ann.confirm()
        assert second.left_out == () or all(left.why != "turnover" for left in second.left_out)
        await ann.say("/bands")
        ann.sees("One plan trades at most 5% of the value")
        await ann.taps("How a plan trades", "No limit")
        ann.sees("Limit for one plan: none")


async def test_without_futures_no_tilt_is_offered(tmp_path: Path) -> None:
    """There would be nothing to back it with, and an old button does not switch it on either."""
    async with standing(tmp_path) as (ann, _):
        await ann.say("/bands")
        await ann.tap("How a plan trades")
        old = ann.last
        await ann.say("/targets BTC 40 SOL 40 USDT 20")
        await ann.say("/bands")
        await ann.tap("How a plan trades")
        ann.sees("there is nothing to back a tilt with")
        assert "Tilt 50%" not in ann.last.buttons
        await ann.tap("Tilt 50%", on=old)
        ann.sees("Tilt: off")
