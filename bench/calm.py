"""A day on which nothing happens: what its checks hand to the file system."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import crowd
from bench.figures import Figure
from bench.machine import written_bytes
from chatbot import logs
from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from tests.inline import Inline

COUNT = 10
_PAUSE_S = 60.0
_CHECKS = 24 * 60
#: far below real time: the market stands, however far the clock is moved
_SPEED = 1e-6


async def figures() -> list[Figure]:
    """Check some portfolios once a minute through a day on a clock that jumps; the first check, which finds them calm, is not counted."""
    clock = ManualClock(datetime(2026, 3, 2, 9, 11, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            market="simulated", market_speed=_SPEED, data_dir=Path(folder), operator_ids="1", log_level="ERROR", database_url=""
        )
        logs.set_up(settings.log_level)
        async with open_program(settings, clock=clock, work=Inline()) as program:
            await crowd.settle(program, COUNT)
            await program.monitor.tick()
            before = written_bytes()
            for _ in range(_CHECKS):
                clock.advance(_PAUSE_S)
                told = await program.monitor.tick()
                if told.alerts or told.plans:
                    raise AssertionError(f"a calm day was to be measured: {told}")
            written = written_bytes() - before
    return [Figure(name=f"written in a day of calm checks, one a minute, {COUNT} portfolios", unit="MB", samples=(written / 1e6,), aim=1.0)]
