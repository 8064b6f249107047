"""A month of 2022 asked for in the chat, played by the process that people get: the picture says what the engine finds here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.backtest.past import fetch, played
from chatbot.backtest.prepare import for_the_past
from chatbot.backtest.result import compare
from tests.stories.history import needs_history, opened
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

NOW = datetime(2022, 6, 20, 10, 20, tzinfo=UTC)


@needs_history
@pytest.mark.long
async def test_a_month_up_to_the_crash_of_june_2022(tmp_path: Path) -> None:
    """Asked, answered with a picture, stopped in the middle another time; the figures are those of the same hours played here."""
    async with opened(tmp_path, NOW) as ann:
        await ann.say("/backtest 30d")
        running = ann.last.id
        assert "Balanced" in await ann.say("/status")
        status = ann.last.id
        await until(lambda: not ann.program.backtests.is_busy)
        told = next(message for message in ann.messages if message.id == running)
        assert told.attachment is not None
        assert status > running
        growth = await _played_here(ann)
        assert ann.program.catalogue.words("en").signed_percent(Decimal(str(growth - 1))) in told.text
        assert "21 May 2022 – 20 Jun 2022, 30 days" in told.text

        await ann.say("/backtest aggressive 2021")
        await ann.hears("Playing it hour by hour")
        await ann.tap("Stop")
        await ann.hears("Stopped.")
        await until(lambda: not ann.program.backtests.is_busy)


async def _played_here(ann: Someone) -> float:
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    figures = (await ann.program.evaluator.look(portfolio)).figures
    assert figures is not None
    begin, end = datetime(2022, 5, 21, tzinfo=UTC), datetime(2022, 6, 20, tzinfo=UTC)
    own = portfolio.strategy
    recorded = await fetch(ann.program.source, [*own.spot_assets, *own.contracts], begin, end)
    window = timedelta(seconds=ann.program.settings.batch_window_s)
    return compare(played(recorded), for_the_past(own, begin), figures.value, window=window).strategy.growth
