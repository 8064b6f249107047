"""Money that comes and goes, checked by hand: deposits, withdrawals and corrections are no profit, what was traded is."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from tests.person import START, Someone, someone
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from pathlib import Path

D = Decimal


async def earned(ann: Someone) -> tuple[str, str]:
    """Return what /status says of today, and the line about the whole time."""
    today = (await ann.say("/status")).splitlines()[1].split("   ")[1]
    await ann.tap("Coins")
    return today, next(line for line in ann.last.text.splitlines() if line.startswith("Since "))


async def correct(ann: Someone, text: str, answer: str) -> None:
    """Correct amounts, and say what it was."""
    await ann.say("/status")
    await ann.tap("Correct amounts")
    await ann.say(text)
    await ann.tap(answer)


@pytest.mark.long
async def test_two_days_by_hand(tmp_path: Path) -> None:
    """10,000 in coins and money; a rise of a tenth, money in, a fall of a fifth, money out, and two corrections between."""
    clock = ManualClock(START)
    market = StillMarket(clock)
    market.move("BTC", "1.2")
    async with someone(tmp_path, clock=clock, source=market, fear_greed_url="") as ann:
        await ann.type_in("BTC 0.1 USDT 4000", "Not done")
        await ann.step(60)
        price = (await market.quotes(["BTC"]))["BTC"].price
        assert price == D(60_000), "0.1 BTC are 6,000, with 4,000 beside them"
        # BTC +10 %: 6,600 + 4,000
        market.move("BTC", "1.1")
        await ann.step(3600)
        assert await earned(ann) == ("+6.0% today, deposits apart", "Since 5 Jan 2026: +6.0%, profit $600.00")
        # 5,300 come in: half as much again, and nothing was earned by it
        await ann.say("/deposit 5300")
        assert await earned(ann) == ("+6.0% today, deposits apart", "Since 5 Jan 2026: +6.0%, profit $600.00")
        # 0.1 BTC more, bought for 6,600 of the 9,300
        await correct(ann, "BTC 0.2", "Bought")
        assert (await ann.books())["spot"] == {"BTC": D("0.2"), "USDT": D(2700)}
        # BTC back to 60,000: 13,200 -> 12,000; 15,900 -> 14,700; 1.06 * 14,700 / 15,900 = 0.98
        market.move("BTC", "0.909090909090909090909090909")
        await ann.step(3600)
        assert await earned(ann) == ("−2.0% today, deposits apart", "Since 5 Jan 2026: −2.0%, profit −$600.00")
        # 0.05 BTC more that were a deposit, 1,000 out
        await correct(ann, "BTC 0.25", "Deposit")
        await ann.say("/withdraw 1000")
        assert await earned(ann) == ("−2.0% today, deposits apart", "Since 5 Jan 2026: −2.0%, profit −$600.00")
        # a trade with both sides named, 0.05 BTC for 3,030: 30 lost of 16,700
        await ann.say("/status")
        await ann.tap("Correct amounts")
        assert "I count it as a trade" in await ann.say("BTC 0.2 USDT 4670")
        # 0.98 * 16,670 / 16,700
        assert await earned(ann) == ("−2.2% today, deposits apart", "Since 5 Jan 2026: −2.2%, profit −$630.00")
        # the next day begins at 16,670, and BTC rises by a twelfth: 12,000 -> 13,000; 0.97824 * 17,670 / 16,670 = 1.03692
        await ann.step(24 * 3600)
        market.move("BTC", "1.083333333333333333333333333")
        await ann.step(3600)
        assert await earned(ann) == ("+6.0% today, deposits apart", "Since 5 Jan 2026: +3.7%, profit $370.00")
