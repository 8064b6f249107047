"""Weights are added exactly: what adds up to 100 only where digits are rounded away is refused, and never blocks the portfolio later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path

_NINES, _THREES, _NEXT = "9" * 30, "3" * 30, "3" * 29 + "4"


@pytest.mark.parametrize(
    "typed",
    [
        f"BTC 49.{_NINES} USDT 50",
        f"BTC 0.{'0' * 30}1 ETH 50 USDT 50",
        f"BTC 33.{_THREES} ETH 33.{_THREES} USDT 33.{_THREES}",
        f"BTC 50.{'0' * 30}1 USDT 50",
    ],
)
async def test_weights_that_are_a_little_beside_are_refused_and_change_nothing(tmp_path: Path, typed: str) -> None:
    async with someone(tmp_path, fear_greed_url="") as ann:
        await ann.set_up()
        before = await ann.say("/targets")
        assert "they must make 100%" in await ann.say(f"/targets {typed}")
        assert await ann.say("/targets") == before


@pytest.mark.parametrize(
    "typed",
    [f"BTC 33.{_THREES} ETH 33.{_THREES} USDT 33.{_NEXT}", f"BTC 50.{'0' * 29}1 USDT 49.{'9' * 30}", "BTC 12.5 ETH 37.5 USDT 50"],
)
async def test_weights_that_add_up_exactly_are_taken_and_planned_for(tmp_path: Path, typed: str) -> None:
    async with someone(tmp_path, fear_greed_url="") as ann:
        await ann.set_up()
        assert "changed" in await ann.say(f"/targets {typed}")
        assert "Cannot evaluate" not in await ann.say("/rebalance")
        assert "Confirm" in ann.last.buttons
