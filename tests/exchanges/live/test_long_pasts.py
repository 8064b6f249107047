"""Months of hours and settlements from an exchange that gives a page at a time: all of them, and never more a call than it allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.backtest.stored_history import StoredHistory
from chatbot.store.database import Database
from tests.exchanges.live.test_ccxt_source import NOW, Stage, needs_player

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.exchanges.base import FearGreed

HOUR_MS = 3_600_000
LISTED = datetime(2023, 6, 1, tzinfo=UTC)
#: the exchange was down
DOWN = {datetime(2023, 8, 24, hour, tzinfo=UTC) for hour in (12, 13, 14)}
SPOT, PERP, FUNDING = "/api/v3/klines", "/fapi/v1/klines", "/fapi/v1/fundingRate"


class Exchange:
    """Answers as Binance does: from ``startTime`` on, so many rows as ``limit`` says; it counts its calls and the rows of the longest."""

    def __init__(self, stage: Stage) -> None:
        self.calls, self.longest = 0, 0
        for path in (SPOT, PERP):
            stage.server.routes[f"GET {path}"] = self._bars
        stage.server.routes[f"GET {FUNDING}"] = self._settlements

    def _times(self, request: Any, span_ms: int) -> list[int]:
        asked = {name: int(request.args[name]) for name in ("startTime", "endTime", "limit") if name in request.args}
        end = min(asked.get("endTime", 2**60), int(NOW.timestamp() * 1000) - 1)
        first = max(asked["startTime"], int(LISTED.timestamp() * 1000))
        first += -first % span_ms
        down = {int(at.timestamp() * 1000) for at in DOWN}
        times = [at for at in range(first, min(end + 1, first + 2000 * span_ms), span_ms) if at not in down][: asked["limit"]]
        self.calls, self.longest = self.calls + 1, max(self.longest, len(times))
        return times

    def _bars(self, request: Any) -> list[list[Any]]:
        span = 24 * HOUR_MS if request.args["interval"] == "1d" else HOUR_MS
        return [[at, "100", "101", "99", "100.5", "12.5", at + span - 1, "1", 1, "1", "1", "0"] for at in self._times(request, span)]

    def _settlements(self, request: Any) -> list[dict[str, Any]]:
        return [
            {"symbol": "BTCUSDT", "fundingTime": at + 3, "fundingRate": "0.0001", "markPrice": "1"}
            for at in self._times(request, 8 * HOUR_MS)
        ]


async def no_mood(days: int) -> tuple[FearGreed, ...]:
    """Know of none."""
    del days
    return ()


@needs_player
@pytest.mark.long
@pytest.mark.parametrize(("instrument", "page"), [("BTC", 1000), ("BTC-PERP", 500)])
async def test_hours_of_months_come_page_by_page(tmp_path: Path, instrument: str, page: int) -> None:
    """From before the listing to the last closed hour, but for those that never were; kept, they are asked for no second time."""
    db = Database(f"sqlite:///{tmp_path / 'past.db'}")
    await db.migrate()
    since = LISTED - timedelta(days=100)
    there = [LISTED + number * timedelta(hours=1) for number in range((NOW - LISTED) // timedelta(hours=1))]
    there = [at for at in there if at not in DOWN]
    async with Stage("binance") as stage:
        exchange = Exchange(stage)
        assert [bar.at for bar in await stage.source.candles(instrument, "1h", since, NOW)] == there
        assert exchange.longest <= page
        assert exchange.calls <= len(there) // page + 10

        kept = StoredHistory(stage.source, db, stage.clock, no_mood)
        for _ in range(2):
            assert [bar.at for bar in await kept.candles(instrument, "1h", since, NOW)] == there
            calls, exchange.calls = exchange.calls, 0
        assert calls == 0
        assert exchange.longest <= page
    await db.close()


@needs_player
@pytest.mark.long
async def test_settlements_of_months_come_page_by_page(tmp_path: Path) -> None:
    """Three a day since the listing, each on its minute; kept, only the last stretch is looked at again."""
    db = Database(f"sqlite:///{tmp_path / 'past.db'}")
    await db.migrate()
    since = LISTED - timedelta(days=40)
    # the first one stands at the very listing, and settlements count after a moment, up to another
    there = [LISTED + number * timedelta(hours=8) for number in range((NOW - LISTED) // timedelta(hours=8))]
    async with Stage("binance") as stage:
        exchange = Exchange(stage)
        kept = StoredHistory(stage.source, db, stage.clock, no_mood)
        for _ in range(2):
            exchange.calls = 0
            paid = await kept.funding("BTC-PERP", since, NOW)
            assert [one.at for one in paid] == there
            assert {one.interval_hours for one in paid} == {8}
        assert exchange.calls <= 2
        assert exchange.longest <= 100
    await db.close()
