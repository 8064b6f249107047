"""A person asks which bands would be best, and takes them with one tap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.model import STABLE, BandRule
from tests.person import START, Someone, someone
from tests.portfolio.lively_market import LivelyMarket
from tests.portfolio.still_market import D

if TYPE_CHECKING:
    from pathlib import Path


async def _strategy(ann: Someone) -> dict[str, BandRule]:
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    return portfolio.strategy.bands


async def _sit_down(ann: Someone) -> None:
    """Open a portfolio in a market where the usual 5 points are not the best."""
    await ann.set_up()
    await ann.say("/targets BTC 40 SOL 40 USDT 20")


async def test_one_band_then_all_of_them(tmp_path: Path) -> None:
    """/bands leads to the recommendation; a line is used by its own button, the rest by "Use all"; what is shown is what is set."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    market.half_spread = D("0.001")
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await _sit_down(ann)
        await ann.say("/bands recommended")
        told = ann.sees("Recommended bands", "cost, bp", "A band this wide costs least", "estimates")
        assert "BTC" in told.text
        label = next(label for label in told.buttons if label.startswith("BTC ±"))
        width = D(label.removeprefix("BTC ±"))
        answer = await ann.tap(label)
        assert answer.text == f"BTC: the band is now ±{width}."
        assert (await _strategy(ann))["BTC"] == BandRule(abs_pp=width)
        assert not any(label.startswith("BTC ±") for label in ann.last.buttons), "it is in use"
        await ann.tap("Use all")
        ann.sees("Bands", f"BTC       40.0%  ±{width}")
        bands = await _strategy(ann)
        assert bands["BTC"] == bands["SOL"] == BandRule(abs_pp=width)
        assert bands[STABLE] != BandRule(abs_pp=D(5))


@pytest.mark.long
async def test_a_limit_on_tracking_is_marked(tmp_path: Path) -> None:
    """At one per cent a year the cash line is bound by the limit, says so, and the button sets the narrower band."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    market.half_spread = D("0.005")
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await _sit_down(ann)
        await ann.say("/bands")
        await ann.taps("Recommended", "Stray ≤ 1%")
        told = ann.sees("* here the limit on tracking decides, elsewhere the costs", "by more than 1% a year")
        assert "Costs only" in told.buttons
        label = next(label for label in told.buttons if label.startswith("Stable ±"))
        assert f"{label.removeprefix('Stable ')}*" in told.text
        await ann.tap(label)
        assert (await _strategy(ann))[STABLE] == BandRule(abs_pp=D(label.removeprefix("Stable ±")))
        ann.sees("by more than 1% a year")


async def test_what_is_not_known_is_a_dash_with_its_reason(tmp_path: Path) -> None:
    """SOL is too young: every line whose risk it is part of says so, and nothing can be used."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    del market.volatility["SOL"]
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await _sit_down(ann)
        await ann.say("/bands")
        await ann.tap("Recommended")
        told = ann.sees("SOL: there are no daily prices of the last three months.", "—")
        assert "Use all" not in told.buttons


async def test_a_button_for_a_line_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    """The targets have changed since: the tap is answered in words, with the lines of now."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    market.half_spread = D("0.001")
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await _sit_down(ann)
        await ann.say("/bands")
        await ann.tap("Recommended")
        old = ann.last
        await ann.say("/targets BTC 60 USDT 40")
        answer = await ann.tap(next(label for label in old.buttons if label.startswith("SOL ±")), on=old)
        assert "This was shown for other settings" in (answer.text or "")
        assert "SOL" not in await _strategy(ann)
