"""/review in the chat: too early at first, then the picture with its numbers in the caption, and what each trigger brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.moments import after
from tests.portfolio.lively_market import LivelyMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

DAY_S = 86_400.0


async def lived(ann: Someone) -> None:
    """Carry out the first plan, live three days, and trade to other weights."""
    await ann.set_up()
    await ann.step()
    await ann.confirm()
    for _ in range(3):
        await ann.step(DAY_S)
    await ann.say("/targets BTC 20 ETH 40 ALT 20 USDT 20")
    await ann.tap("Plan now")
    await ann.confirm()
    await ann.step(DAY_S)


async def test_from_the_first_day_to_the_scorecard(tmp_path: Path) -> None:
    """Value, holding and falls with a picture; triggers with what they brought; parts and total; what is too little data says so."""
    async with after(lived, tmp_path, source=LivelyMarket) as ann:
        page = await ann.say("/review")
        assert "Since 5 Jan 2026" in page
        assert "Hold" in page
        assert "Not enough data to rank triggers: 4 of 730 days." in page
        assert "Volatility, Sharpe and the rest are told after 30 days." in page
        assert ann.last.attachment is not None
        await ann.tap("By trigger")
        card = ann.last.text
        assert "First plan" in card
        assert "Together" in card
        assert "Not explained" not in card, "every cent is a trade's"
        await ann.tap("Back")
        assert ann.last.attachment is not None


async def begun(ann: Someone) -> None:
    """Set up a portfolio, and let nothing happen."""
    await ann.set_up()


async def test_on_the_first_day_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """It says what it needs, and sends no empty picture."""
    async with after(begun, tmp_path, source=LivelyMarket) as ann:
        assert "Not enough data yet" in await ann.say("/review")
        assert ann.last.attachment is None
