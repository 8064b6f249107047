"""A demo that was left alone for a month answers at once: its market stood still meanwhile."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from tests.inline import Inline
from tests.person import someone
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
    begun = time.process_time()
    async with open_program(settings, clock=clock, work=Inline()) as program:
        assert await program.source.quotes(["BTC", "ETH"])
        assert time.process_time() - begun < 2
        woken = program.source.market_time(clock.now())
    assert woken - seen == timedelta(days=60)
    clock.advance(10)
    async with open_program(settings, clock=clock, work=Inline()) as program:
        assert program.source.market_time(clock.now()) - woken == timedelta(seconds=10 * speed)


@pytest.mark.long
@pytest.mark.parametrize(("days", "speed"), [(61, 600.0), (1600, 3600.0)])
async def test_a_portfolio_left_for_more_than_its_sixty_days_is_told_at_once(tmp_path: Path, days: int, speed: float) -> None:
    """With coins, futures and their funding: the first answer, and the first check, take less than two seconds of the processor."""
    async with someone(tmp_path, market_speed=speed) as ann:
        await ann.set_up()
        await ann.confirm()
        await ann.step(5)
        seen = ann.program.source.market_time(ann.clock.now())
        await ann.program.stage.note()
    ann.clock.advance(days * 86_400)
    begun = time.process_time()
    async with someone(tmp_path, clock=ann.clock, loopback=ann.loopback, market_speed=speed) as ann:
        assert "Balanced" in await ann.say("/status")
        assert "Cannot evaluate" not in ann.last.text
        assert time.process_time() - begun < 2
        await ann.step(1)
        assert time.process_time() - begun < 4
        assert timedelta(days=60) <= ann.program.source.market_time(ann.clock.now()) - seen < timedelta(days=61)


async def test_a_short_absence_is_played(tmp_path: Path) -> None:
    settings = load_settings(market="simulated", market_speed=600.0, data_dir=tmp_path, operator_ids="1")
    clock = ManualClock(START)
    async with open_program(settings, clock=clock, work=Inline()) as program:
        seen = program.source.market_time(clock.now())
    clock.advance(3600)
    async with open_program(settings, clock=clock, work=Inline()) as program:
        assert program.source.market_time(clock.now()) - seen == timedelta(hours=600)
