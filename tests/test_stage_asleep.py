"""A demo that was left alone for a month answers at once: its market stood still meanwhile."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from chatbot.durable import Inline
from tests.portfolio.still_market import START

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("speed", [600.0, 3600.0])
async def test_a_market_that_was_left_for_a_month_goes_on_from_where_it_was_seen(tmp_path: Path, speed: float) -> None:
    """Not half a century later; and once it is awake it runs as ever, over another start too."""
    settings = load_settings(market="simulated", market_speed=speed, data_dir=tmp_path, operator_ids="1")
    clock = ManualClock(START)
    async with open_program(settings, clock=clock, work=Inline()) as program:
        await program.begin_market()
        clock.advance(60)
        await program.stage.note()
        seen = program.source.market_time(clock.now())
    clock.advance(30 * 86_400)
    begun = time.monotonic()
    async with open_program(settings, clock=clock, work=Inline()) as program:
        assert await program.source.quotes(["BTC", "ETH"])
        assert time.monotonic() - begun < 2
        woken = program.source.market_time(clock.now())
    assert woken - seen == timedelta(days=60)
    clock.advance(10)
    async with open_program(settings, clock=clock, work=Inline()) as program:
        assert program.source.market_time(clock.now()) - woken == timedelta(seconds=10 * speed)


async def test_a_short_absence_is_played(tmp_path: Path) -> None:
    settings = load_settings(market="simulated", market_speed=600.0, data_dir=tmp_path, operator_ids="1")
    clock = ManualClock(START)
    async with open_program(settings, clock=clock, work=Inline()) as program:
        seen = program.source.market_time(clock.now())
    clock.advance(3600)
    async with open_program(settings, clock=clock, work=Inline()) as program:
        assert program.source.market_time(clock.now()) - seen == timedelta(hours=600)
