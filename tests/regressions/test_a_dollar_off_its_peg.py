"""A stablecoin is worth what the market pays for it: USDC at 0.88 for a day, told once, counted, and not spent (faults D1, D2)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from tests.person import START, someone
from tests.stories.test_simulated_market import Tampered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.person import Someone

D = Decimal
HOUR = 3600.0


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down at a market whose prices can be bent."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=Tampered(clock), fear_greed_url="") as opened:
        yield opened


async def types_in(ann: Someone, holdings: str, weights: str) -> None:
    """Set up a portfolio that is traded by hand, with own weights."""
    await ann.say("/start")
    await ann.tap("Type in my holdings")
    await ann.say(holdings)
    await ann.taps("That is right", "Yes", "Own weights")
    await ann.say(weights)


def bend(ann: Someone, price: str | None, coin: str = "USDC") -> None:
    """Let a dollar cost something else; None takes its price away."""
    source: Any = ann.program.source
    source.bent = {coin: None if price is None else D(price)}


async def stand(ann: Someone, hours: int) -> None:
    """Let time pass by checks of ten minutes."""
    for _ in range(6 * hours):
        await ann.step(600)


def alerts(ann: Someone) -> list[str]:
    """Return the alerts about a dollar that were sent."""
    return [message.text for message in ann.messages if "away from its dollar" in message.text]


@pytest.mark.long
async def test_usdc_at_088_for_a_day(ann: Someone) -> None:
    """10,000 USDC: $8,800 in the value, one alert that says so, no plan that spends or sells them, and an end once they are back."""
    await types_in(ann, "BTC 0.1, USDC 10000, USDT 2000", "BTC 50 USDT 50")
    status = await ann.say("/status")
    before = D(next(line for line in status.split("\n") if line.startswith("$")).split("   ")[0].strip("$").replace(",", ""))
    bend(ann, "0.88")
    await stand(ann, 2)
    (told,) = alerts(ann)
    assert "USDC costs 0.88, 12.0% away from its dollar. Your 10,000 USDC count as $8,800.00." in told
    assert "Plans neither spend nor convert it" in told
    status = await ann.say("/status")
    now = D(next(line for line in status.split("\n") if line.startswith("$")).split("   ")[0].strip("$").replace(",", ""))
    assert abs(before - now - 1200) < before / 50, "the coins have moved a little as well"
    assert "Off its dollar, not spent: USDC 0.88" in status
    await stand(ann, 22)
    assert len(alerts(ann)) == 1, "told once"
    await ann.say("/targets BTC 90 USDT 10")
    await ann.say("/rebalance")
    plan = await ann.plan()
    assert "USDC" not in {leg.instrument for leg in plan.legs}
    bought = sum(leg.notional for leg in plan.legs if leg.side == "buy")
    assert 1900 < bought <= 2000, "the quote coin is spent, and no dollar more"
    assert "there is not enough money" in ann.last.text
    assert "Off its dollar, not spent: USDC 0.88" in ann.last.text
    await ann.tap("Not done")
    bend(ann, "0.9999")
    await stand(ann, 1)
    assert "Off its dollar" not in await ann.say("/status")
    bend(ann, "0.88")
    await stand(ann, 1)
    assert len(alerts(ann)) == 2, "it had been back"


async def test_on_its_peg_another_dollar_pays_for_what_is_bought(ann: Someone) -> None:
    """USDC at 0.9999 is sold for USDT first, exactly as much as the buys lack; done by hand it leaves no debt."""
    await types_in(ann, "BTC 0.1, USDC 10000, USDT 2000", "BTC 90 USDT 10")
    assert "unknown" not in ann.last.text, "what the conversion costs is told like any other leg"
    plan = await ann.plan()
    sold, bought = plan.legs
    assert (sold.instrument, sold.side, bought.instrument, bought.side) == ("USDC", "sell", "BTC", "buy")
    assert 0 < sold.qty < 10_000
    assert abs(sold.qty - (bought.notional - 2000)) < 60, "as much as is lacking, with fees"
    await ann.tap("All done")
    await ann.work()
    held = (await ann.books())["spot"]
    assert 0 <= held["USDT"] < 60
    assert held["USDC"] == 10_000 - sold.qty


@pytest.mark.long
async def test_it_rings_again_when_it_gets_worse_by_a_step_and_not_before(ann: Someone) -> None:
    """0.98, 0.97, 0.92: the second is the same news, the third is five points worse."""
    await types_in(ann, "BTC 0.1, USDC 10000", "BTC 50 USDT 50")
    for price, rung in (("0.991", 0), ("0.98", 1), ("0.97", 1), ("0.992", 1), ("0.985", 2), ("0.93", 3)):
        bend(ann, price)
        await stand(ann, 1)
        assert len(alerts(ann)) == rung, price


@pytest.mark.long
async def test_it_rings_beside_a_card_that_waits_and_not_through_a_pause(ann: Someone) -> None:
    """A card that nobody has answered holds it up no more than the night does a fire; who has paused hears it after /resume."""
    await types_in(ann, "BTC 0.1, USDC 10000", "BTC 90 USDT 10")
    assert "All done" in ann.last.buttons
    bend(ann, "0.98")
    await ann.step()
    await ann.step()
    assert len(alerts(ann)) == 1
    await ann.say("/pause")
    bend(ann, "0.88")
    await stand(ann, 1)
    assert len(alerts(ann)) == 1
    await ann.say("/resume")
    for _ in range(15):  # a jump is believed once it was seen to last
        await ann.step()
    assert len(alerts(ann)) == 2


async def test_a_dollar_without_a_price_is_unknown_and_not_one(ann: Someone) -> None:
    """No price, no value: the portfolio cannot be evaluated; typed in, a dollar that has no price here is refused with the reason."""
    await types_in(ann, "BTC 0.1, USDC 10000", "BTC 50 USDT 50")
    bend(ann, None)
    await stand(ann, 1)
    assert "Cannot evaluate: the price of USDC is" in await ann.say("/status")
    await ann.say("/start")
    await ann.taps("Keep both", "Type in my holdings")
    answer = await ann.say("BTC 0.1, FDUSD 500")
    assert "FDUSD has no price at this exchange, so I can't count it. Only USDT counts as one dollar." in answer


async def test_off_peg_alerts_can_be_switched_off_and_wait_for_the_morning(ann: Someone) -> None:
    """The kind stands in /alerts like any other, and quiet hours hold it back."""
    await types_in(ann, "BTC 0.1, USDC 10000", "BTC 50 USDT 50")
    assert "Off-peg stablecoin — on" in await ann.say("/alerts")
    await ann.say("/alerts off-peg stablecoin off")
    bend(ann, "0.88")
    await stand(ann, 1)
    assert alerts(ann) == []
    assert "Off its dollar, not spent: USDC 0.88" in await ann.say("/status")
