"""A portfolio without futures in March 2020: extreme fear moves futures, and there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.stories.history import day, look, needs_history, off, opened

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.long, needs_history]


async def test_nobody_hears_that_futures_go_neutral_who_has_none(tmp_path: Path) -> None:
    """It rang "Futures go neutral", /status said "futures neutral until 30", and /why that they are held neutral."""
    async with opened(tmp_path, day(2020, 3, 8), *off("volatility")) as ann:
        await ann.say("/targets BTC 70 USDT 30")
        await ann.say("/rebalance")
        await ann.confirm()
        assert await look(ann, day(2020, 3, 9)) == (0, 0), "Fear & Greed fell to 17"
        for page in ("/status", "/why", "/triggers"):
            assert "neutral" not in await ann.say(page)
        assert "Fear & Greed · no futures to move" in ann.last.text
        await ann.say("/targets BTC 60 USDT 30 FUTURES 10")
        await ann.say("/rebalance")
        await ann.confirm()
        await ann.step()
        assert "futures neutral until 30" in await ann.say("/status")
