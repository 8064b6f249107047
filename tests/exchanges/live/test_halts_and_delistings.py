"""A real exchange halts a coin, delists one, or sends a list with a row that nobody can read: the list is read again in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import Unreachable
from tests.exchanges.live.test_ccxt_source import Stage, needs_player, venue
from tests.exchanges.live.test_evil_answers import SPOT, row, spoil

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["venue"]

LIST = "/api/v3/exchangeInfo"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Open Binance's dialect with its list read once."""
    async with Stage("binance") as opened:
        opened.source._fresh_s = 0.0
        await opened.source.markets()
        yield opened


def listed(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change the symbols of the list."""
    return lambda told: told | {"symbols": change(told["symbols"])}


@needs_player
async def test_a_coin_without_a_price_has_its_list_read_again_at_once(stage: Stage) -> None:
    """Halted within the hour for which a list is believed: its book is empty, and the next look knows why; nobody asks on and on."""
    read: list[object] = []
    spoil(stage, LIST, lambda told: read.append(told) or listed(row("SOLUSDT", "status", "BREAK"))(told))  # type: ignore[func-returns-value]
    spoil(stage, SPOT, row("SOLUSDT", "bidPrice", "0"))
    await stage.source.quotes(["BTC", "SOL"])
    assert (await stage.source.markets())["SOL"].trading is False
    assert (await stage.source.markets())["BTC"].trading is True
    assert len(read) == 1
    for _ in range(4):
        stage.clock.advance(60)
        await stage.source.quotes(["BTC", "SOL"])
    assert len(read) == 1, "asked again no sooner than in five minutes"


@needs_player
async def test_a_list_that_has_lost_a_coin_is_read_again_within_a_minute(stage: Stage) -> None:
    """A list that is short by mistake is whole again before anybody is told that a coin was delisted."""
    whole = stage.server.routes[f"GET {LIST}"]
    spoil(stage, LIST, listed(lambda rows: [one for one in rows if one["symbol"] != "SOLUSDT"]))
    stage.clock.advance(3601)
    assert "SOL" not in await stage.source.markets()
    stage.server.routes[f"GET {LIST}"] = whole
    stage.clock.advance(61)
    assert "SOL" in await stage.source.markets()
    spoil(stage, LIST, listed(lambda rows: [one for one in rows if one["symbol"] != "SOLUSDT"]))
    stage.clock.advance(3500)
    assert "SOL" in await stage.source.markets(), "a whole list is believed for an hour"


@needs_player
async def test_a_row_that_cannot_be_read_is_no_delisting(stage: Stage) -> None:
    """The rules of before stay, and with them the coin: it is neither halted nor gone."""
    before = (await stage.source.markets())["SOL"]
    spoil(stage, LIST, listed(row("SOLUSDT", "filters", [])))
    stage.clock.advance(3601)
    assert (await stage.source.markets())["SOL"] == before


@needs_player
async def test_a_coin_that_is_asked_for_alone_and_gone_has_its_list_read_again() -> None:
    """Delisted in mid-plan, on an exchange that leaves it out without a word: the plan waited for its price until the hour was over."""
    async with Stage("bybit") as stage:
        stage.source._fresh_s = 0.0
        assert "SOL" in await stage.source.markets()
        for path, gone in (("/v5/market/tickers", "SOLUSDT"), ("/v5/market/instruments-info", "SOLUSDT")):
            spoil(stage, path, without(gone))
        with pytest.raises(Unreachable):
            await stage.source.quotes(["SOL"])
        assert "SOL" not in await stage.source.markets()


def without(gone: str) -> Callable[[Any], Any]:
    """Leave one instrument out of Bybit's list."""
    return lambda told: told | {"result": told["result"] | {"list": [one for one in told["result"]["list"] if one["symbol"] != gone]}}
