"""Order books of real exchanges in our names and units."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import Unreachable
from chatbot.exchanges.abilities import DepthSource
from chatbot.exchanges.markets.simulated import SimulatedSource
from tests.exchanges.live.test_ccxt_source import Stage, needs_player, venue

if TYPE_CHECKING:
    from chatbot.exchanges.base import Depth

__all__ = ["venue"]

D = Decimal


async def _book(stage: Stage, instrument: str, told: Any) -> tuple[Depth | None, list[tuple[Any, ...]]]:
    """Return the book that the source makes of an answer of ccxt, and what ccxt was asked."""
    asked: list[tuple[Any, ...]] = []

    async def fetch_order_book(*args: Any) -> Any:
        asked.append(args)
        return told

    await stage.source.markets()
    (await stage.source.connection.open()).fetch_order_book = fetch_order_book
    return await stage.source.depth(instrument), asked


@needs_player
async def test_a_book_comes_in_base_units_on_every_exchange(venue: str) -> None:
    """Where contracts are counted, a size is that many contracts."""
    async with Stage(venue) as stage:
        told = {"bids": [[42280.1, 3.0]], "asks": [[42290.3, 2.0], [42291.0, 5.5]]}
        spot, asked = await _book(stage, "BTC", told)
        assert spot is not None
        assert spot.bids == ((D("42280.1"), D(3)),)
        assert spot.asks == ((D("42290.3"), D(2)), (D("42291.0"), D("5.5")))
        assert asked == [("BTC/USDT", 100)]
        perp, asked = await _book(stage, "DOGE-PERP", told)
        assert perp is not None
        assert perp.bids[0][1] == 3 * {"mexc": D(100)}.get(venue, D(1))
        assert asked == [("DOGE/USDT:USDT", 100)]


@needs_player
@pytest.mark.parametrize("told", [{"bids": [["?", 1]], "asks": []}, {"bids": [[1]], "asks": []}, {}, None])
async def test_an_unreadable_book_is_one_of_our_errors(told: Any) -> None:
    async with Stage("binance") as stage:
        with pytest.raises(Unreachable):
            await _book(stage, "BTC", told)


@needs_player
async def test_a_book_over_the_wire() -> None:
    """Binance's own answer; a coin that it does not know has no book, and nobody is asked."""
    async with Stage("binance") as stage:
        answer = {"lastUpdateId": 1, "bids": [["42280.10", "3.5"]], "asks": [["42290.30", "2"]]}
        stage.server.routes["GET /api/v3/depth"] = lambda _request: answer
        found = await stage.source.depth("BTC")
        assert found is not None
        assert (found.bids, found.asks) == (((D("42280.1"), D("3.5")),), ((D("42290.3"), D(2)),))
        before = len(stage.server.log)
        assert await stage.source.depth("NOSUCH") is None
        assert len(stage.server.log) == before
        assert isinstance(stage.source, DepthSource)
        assert not isinstance(SimulatedSource(stage.clock), DepthSource), "a made-up market has no book to show"


@needs_player
async def test_a_coin_that_was_delisted_since_the_list_was_read_has_no_book() -> None:
    """A plan under way looks at the book of its next order: a refusal there is no end of the plan, and the rules are read again."""
    async with Stage("binance") as stage:
        await stage.source.markets()
        stage.server.routes["GET /api/v3/depth"] = lambda _request: {"code": -1121, "msg": "Invalid symbol."}
        with pytest.raises(Unreachable):
            await stage.source.depth("BTC")
        symbols = stage.server.routes["GET /api/v3/exchangeInfo"]["symbols"]
        symbols[:] = [row for row in symbols if row["symbol"] != "BTCUSDT"]
        stage.clock.advance(61)
        assert await stage.source.depth("BTC") is None
        assert "BTC" not in await stage.source.markets()
