"""What Bybit tells everybody: rules, prices, books, bars, funding."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.dialects.bybit.words import STEPS, category_of, enveloped, instrument_of, listed, markets_of, symbol_of
from chatbot.exchanges.testserver.history import bars, settled
from chatbot.exchanges.testserver.state import at_ms, ms_of
from chatbot.exchanges.testserver.venue import next_settlement
from chatbot.exchanges.testserver.words import plain

if TYPE_CHECKING:
    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.dialect import Talk


def server_time(talk: Talk) -> dict[str, Any]:
    """GET /v5/market/time."""
    ms = talk.venue.now_ms
    return enveloped(talk, {"timeSecond": str(ms // 1000), "timeNano": str(ms * 1_000_000)})


def instruments(talk: Talk) -> dict[str, Any]:
    """GET /v5/market/instruments-info; there are no contracts before their launch here, and no options and inverse ones."""
    if talk.request.get("status") or talk.request.get("category") not in ("spot", "linear"):
        return enveloped(talk, {"category": talk.request.get("category"), "list": [], "nextPageCursor": ""})
    return listed(talk, [(_contract if is_perp(market.instrument) else _pair)(talk, market) for market in markets_of(talk)])


def _pair(talk: Talk, market: Market) -> dict[str, Any]:
    lot = plain(market.lot)
    sizes = {"basePrecision": lot, "quotePrecision": "0.0000001", "minOrderQty": plain(max(market.min_qty, market.lot))}
    return {
        "symbol": symbol_of(talk, market),
        "baseCoin": market.instrument,
        "quoteCoin": talk.venue.quote,
        "innovation": "0",
        "status": "Trading" if market.trading else "Closed",
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {**sizes, "maxOrderQty": "100000", "minOrderAmt": plain(market.min_notional), "maxOrderAmt": "4000000"},
        "priceFilter": {"tickSize": plain(market.tick)},
        "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.05"},
    }


def _contract(talk: Talk, market: Market) -> dict[str, Any]:
    lot, tick = plain(market.lot), plain(market.tick)
    largest = {"maxOrderQty": "100000", "postOnlyMaxOrderQty": "100000", "maxMktOrderQty": "10000"}
    smallest = {"minOrderQty": plain(max(market.min_qty, market.lot)), "qtyStep": lot, "minNotionalValue": plain(market.min_notional)}
    return {
        "symbol": symbol_of(talk, market),
        "contractType": "LinearPerpetual",
        "status": "Trading" if market.trading else "Closed",
        "baseCoin": market.instrument.removesuffix(PERP),
        "quoteCoin": talk.venue.quote,
        "settleCoin": talk.venue.quote,
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": plain(market.max_leverage), "leverageStep": "0.01"},
        "priceFilter": {"minPrice": tick, "maxPrice": "1999999", "tickSize": tick},
        "lotSizeFilter": {**largest, **smallest},
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "copyTrading": "none",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
    }


def tickers(talk: Talk) -> dict[str, Any]:
    """GET /v5/market/tickers: bid and ask on both sides, mark and funding of contracts."""
    return listed(talk, [_ticker(talk, market) for market in markets_of(talk) if market.instrument in talk.venue.prices])


def _ticker(talk: Talk, market: Market) -> dict[str, Any]:
    price, book = talk.venue.prices[market.instrument], talk.venue.book(market.instrument)
    bid, ask, last = book.within(Side.SELL, None)[0], book.within(Side.BUY, None)[0], plain(price.mark)
    row = {
        "symbol": symbol_of(talk, market),
        "bid1Price": plain(bid.price),
        "bid1Size": plain(bid.size),
        "ask1Price": plain(ask.price),
        "ask1Size": plain(ask.size),
        "lastPrice": last,
        "prevPrice24h": last,
        "price24hPcnt": "0",
        "highPrice24h": last,
        "lowPrice24h": last,
        "turnover24h": plain(price.volume),
        "volume24h": plain((price.volume / price.mark).quantize(market.lot)),
    }
    if not is_perp(market.instrument):
        return row
    spot = talk.venue.prices.get(market.instrument.removesuffix(PERP), price)
    return {
        **row,
        "indexPrice": plain(spot.mark),
        "markPrice": last,
        "fundingRate": plain(price.rate),
        "nextFundingTime": str(ms_of(next_settlement(talk.venue.now))),
        "openInterest": "1000",
        "openInterestValue": "1",
        "fundingIntervalHour": "8",
    }


def order_book(talk: Talk) -> dict[str, Any]:
    """GET /v5/market/orderbook."""
    name, limit = instrument_of(talk), talk.request.whole("limit", 25)
    category_of(talk)
    book, now = talk.venue.book(name), talk.venue.now_ms
    sides = {"b": book.within(Side.SELL, None), "a": book.within(Side.BUY, None)}
    rows = {key: [[plain(level.price), plain(level.size)] for level in side[:limit]] for key, side in sides.items()}
    return enveloped(talk, {"s": talk.request.get("symbol"), **rows, "ts": now, "u": now, "seq": now})


async def kline(talk: Talk) -> dict[str, Any]:
    """GET /v5/market/kline: newest first."""
    name, request = instrument_of(talk), talk.request
    step = request.word("interval", STEPS)
    since, until = request.whole("start", 0), request.whole("end", talk.venue.now_ms)
    rows = [
        [str(ms_of(bar.at)), *(plain(one) for one in (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.volume * bar.close))]
        for bar in await bars(talk, name, step, since, until, request.whole("limit", 200))
    ]
    return listed(talk, rows[::-1], symbol=request.get("symbol"))


async def funding_history(talk: Talk) -> dict[str, Any]:
    """GET /v5/market/funding/history: newest first."""
    name, request = instrument_of(talk), talk.request
    until = at_ms(request.whole("endTime", talk.venue.now_ms))
    since = at_ms(request.whole("startTime", 0) - 1) if request.get("startTime") else until - timedelta(days=66)
    rows = [
        {"symbol": request.get("symbol"), "fundingRate": plain(one.rate), "fundingRateTimestamp": str(ms_of(one.at))}
        for one in await settled(talk, name, since, until)
    ]
    return listed(talk, rows[::-1][: request.whole("limit", 200)])
