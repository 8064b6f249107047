"""The books over the real ccxt client: what five exchanges answer becomes the same closes and blocks, with few requests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chatbot.exchanges.live.venues import VENUES
from chatbot.market.candles import CandleBook
from chatbot.market.funding import FundingBook
from tests.exchanges.live.test_ccxt_source import NOW, Stage, needs_player

HOUR_MS = 3_600_000


@needs_player
@pytest.mark.parametrize("venue", VENUES)
async def test_closes_and_blocks_come_out_of_every_exchange(venue: str) -> None:
    """A hundred people who ask twice cost no request more than one who asks once."""
    async with Stage(venue) as stage:
        candles, funding = CandleBook(stage.source, stage.clock), FundingBook(stage.source, stage.clock)
        await candles.refresh(["BTC"], "1h", 76)
        await funding.refresh(["BTC-PERP"], 1)
        closes = candles.closes("BTC", "1h", NOW, 3)
        assert None not in closes
        assert funding.interval_hours("BTC-PERP") == 8
        assert [rate is None for _, rate in funding.blocks("BTC-PERP", NOW - timedelta(hours=8), NOW)] == [False]
        asked = len(stage.server.log)
        assert asked <= 20
        for _ in range(100):
            await candles.refresh(["BTC"], "1h", 76)
            await funding.refresh(["BTC-PERP"], 1)
        assert len(stage.server.log) == asked


@needs_player
async def test_a_contract_that_was_listed_last_week_has_all_its_hours() -> None:
    """Three of the four pages are empty, and in the last one an hour is missing."""
    first, now = int((NOW - timedelta(days=10)).timestamp() * 1000), int(NOW.timestamp() * 1000)
    hole = first + 50 * HOUR_MS

    def klines(request: Any) -> list[list[Any]]:
        start, end = int(request.args["startTime"]), min(int(request.args["endTime"]), now - HOUR_MS)
        times = [at for at in range(max(start, first), end + 1, HOUR_MS) if at != hole][: int(request.args["limit"])]
        return [[at, "10", "12", "9", "11", "5", at + HOUR_MS - 1, "55", 10, "2", "22", "0"] for at in times]

    async with Stage("binance") as stage:
        stage.server.routes["GET /fapi/v1/klines"] = klines
        candles = CandleBook(stage.source, stage.clock)
        await candles.refresh(["BTC-PERP"], "1h", 80)
        closes = candles.closes("BTC-PERP", "1h", NOW, 80 * 24)
        assert closes.count(11.0) == 239
        assert closes[-240] == 11.0
        assert closes[-190] is None


@needs_player
async def test_an_exchange_that_fails_leaves_the_book_as_it_was() -> None:
    async with Stage("bybit") as stage:
        candles = CandleBook(stage.source, stage.clock)
        await candles.refresh(["BTC"], "1h", 2)
        before = candles.closes("BTC", "1h", NOW, 5)
        stage.fail("/v5/market/kline", 502, "<html>Bad gateway</html>", times=4)
        stage.clock.advance(3600)
        await candles.refresh(["BTC"], "1h", 2)
        assert candles.closes("BTC", "1h", NOW, 5) == before
