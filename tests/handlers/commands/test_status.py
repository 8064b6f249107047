"""/status and what lies behind it: the coins with their amounts, and what is said where they cannot be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from tests.person import START, someone
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone


async def with_futures(ann: Someone) -> None:
    """Open a portfolio of 10,000 with a tenth in futures and bring it to its targets."""
    await ann.set_up()
    await ann.say("/targets BTC 40 SOL 30 USDT 20 FUTURES 10")
    await ann.say("/rebalance")
    await ann.confirm()
    await ann.step()


@pytest.mark.long
async def test_coins_tell_what_each_is_worth_largest_first_and_the_futures_apart(tmp_path: Path) -> None:
    """Amount, price, value and share of each; the sum stands above, positions below; Back leads to the status again."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=StillMarket(clock)) as ann:
        await with_futures(ann)
        await ann.say("/status")
        number = ann.last.id
        await ann.tap("Coins")
        page = ann.last
        assert page.id == number, "in place"
        lines = [line.split() for line in page.text.splitlines()]
        rows = [line for line in lines if len(line) == 5 and line[-1].endswith("%")]
        assert [(line[0], line[-1]) for line in rows] == [("BTC", "40%"), ("SOL", "30%"), ("USDT", "20%"), ("Futures", "10%")]
        held = {line[0]: [float(cell.strip("$").replace(",", "")) for cell in line[1:4]] for line in rows[:3]}
        assert all(abs(amount * price - value) <= max(1.0, value / 10_000) for amount, price, value in held.values()), held
        assert rows[3][1:3] == ["—", "—"], "their equity is money and not a coin"
        assert "Futures positions" in page.text
        assert any(line[:2] == ["BTC", "long"] and len(line) == 6 for line in lines)
        await ann.tap("Back")
        assert "Coins" in ann.last.buttons


@pytest.mark.long
async def test_coins_without_prices_say_what_is_missing(tmp_path: Path) -> None:
    """No amount is guessed: the coin without a price is named."""
    clock = ManualClock(START)
    market = StillMarket(clock)
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await with_futures(ann)
        await ann.say("/status")
        page = ann.last
        del market.prices["SOL"]
        clock.advance(3600)
        await ann.tap("Coins", on=page)
        assert "SOL" in ann.last.text
        assert "%" not in ann.last.text


@pytest.mark.long
async def test_a_pause_without_prices_promises_no_check(tmp_path: Path) -> None:
    """Seen after a pause of weeks: /why said that every check tries again, /exposure that it keeps trying."""
    clock = ManualClock(START)
    market = StillMarket(clock)
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await with_futures(ann)
        await ann.say("/pause")
        del market.prices["SOL"]
        clock.advance(3600)
        why, exposure = await ann.say("/why"), await ann.say("/exposure")
        assert "The portfolio is paused, so I do nothing until /resume." in why
        assert "every check" not in why
        assert "It is paused, so I try only when you ask." in exposure
        assert "keep trying" not in exposure
        await ann.say("/resume")
        assert "every check tries again" in await ann.say("/why")
        assert "I keep trying" in await ann.say("/exposure")
