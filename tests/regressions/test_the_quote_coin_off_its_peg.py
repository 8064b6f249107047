"""The coin that a portfolio is kept in leaves its dollar: told beyond 1 %, counted as one all the same; unknown where nobody shows it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from tests.person import START, someone
from tests.portfolio.still_market import StillMarket
from tests.regressions.test_a_dollar_off_its_peg import bend
from tests.stories.test_simulated_market import Tampered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from chatbot.exchanges.base import Market
    from tests.person import Someone

D = Decimal
DOLLARS = ("USDC", "DAI", "FDUSD")
UNKNOWN = "counts as one dollar; what it costs is not shown here."


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down at a market whose prices can be bent, with a portfolio in USDC that stands on its targets."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=Tampered(clock), fear_greed_url="") as opened:
        await opened.say("/start")
        await opened.taps("Demo portfolio", "10,000", "Keep it in USDC", "Use Balanced")
        await opened.confirm()
        for _ in range(2):
            await opened.step()
        yield opened


class SeveralDollars(StillMarket):
    """A market that trades other dollars as well."""

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of the coins, and of the dollars."""
        rules = await super().markets()
        return {**rules, **{name: replace(rules["BTC"], instrument=name) for name in DOLLARS}}


def alerts(ann: Someone) -> list[str]:
    return [message.text for message in ann.messages if "This portfolio is kept in" in message.text]


async def coins(ann: Someone) -> str:
    await ann.say("/status")
    await ann.tap("Coins")
    return ann.last.text


@pytest.mark.long
async def test_usdc_at_097_where_a_portfolio_is_kept_in_it(ann: Someone) -> None:
    """One alert, at once, although every line is inside its band; the value goes on in USDC; it rings again only after it was back."""
    assert "USDC counts as one dollar; it costs 1.00" in await coins(ann)
    bend(ann, "0.97")
    for _ in range(12):
        await ann.step(300)
    (told,) = alerts(ann)
    assert "USDC costs 0.97 by the other dollars traded here, 3.0% away from its dollar." in told
    assert "This portfolio is kept in USDC: it still counts as one dollar, in values and in plans." in told
    assert "Plans neither spend" not in told
    assert "The quote coin is off its dollar at 0.97; it counts as one here." in await ann.say("/status")
    bend(ann, "1.0000")
    for _ in range(3):
        await ann.step(300)
    assert "off its dollar" not in await ann.say("/status")
    bend(ann, "0.97")
    for _ in range(3):
        await ann.step(300)
    assert len(alerts(ann)) == 2


@pytest.mark.long
@pytest.mark.parametrize("price", ["0.992", "1.008"])
async def test_within_a_hundredth_nobody_is_told(ann: Someone, price: str) -> None:
    bend(ann, price)
    for _ in range(3):
        await ann.step(300)
    assert alerts(ann) == []


@pytest.mark.long
async def test_one_other_dollar_says_nothing_of_usdt(tmp_path: Path) -> None:
    """USDC at 0.88 is not USDT at 1.14: with one other dollar its price is unknown, said where it is asked for, and never taken for one."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=Tampered(clock), fear_greed_url="") as ben:
        await ben.settle()
        bend(ben, "0.88")
        for _ in range(3):
            await ben.step(300)
        assert alerts(ben) == []
        assert f"USDT {UNKNOWN}" in await coins(ben)


@pytest.mark.long
async def test_several_dollars_tell_that_usdt_has_left(tmp_path: Path) -> None:
    """USDC, DAI and FDUSD at 1.03 USDT: it is USDT that has left; two of three that stay say that it has not."""
    source = SeveralDollars(ManualClock(START))
    source.name = "simulated"
    source.prices |= dict.fromkeys(DOLLARS, D("1.03"))
    async with someone(tmp_path, clock=source._clock, source=source, fear_greed_url="") as ben:
        await ben.settle()
        for _ in range(3):
            await ben.step()
        (told,) = alerts(ben)
        assert "USDT costs 0.9709 by the other dollars traded here, 2.9% away from its dollar." in told
        source.prices |= {"USDC": D("1.03"), "DAI": D("1.001"), "FDUSD": D("0.999")}
        for _ in range(3):
            await ben.step()
        assert "off its dollar" not in await ben.say("/status")
        assert len(alerts(ben)) == 1


@pytest.mark.long
async def test_a_market_without_another_dollar_says_that_it_is_unknown(tmp_path: Path) -> None:
    source = StillMarket(ManualClock(START))
    source.name = "simulated"
    async with someone(tmp_path, clock=source._clock, source=source, fear_greed_url="") as ben:
        await ben.settle()
        assert f"USDT {UNKNOWN}" in await coins(ben)
        assert "dollar" not in await ben.say("/status")
