"""What Binance tells everybody: rules, prices, books, bars, funding."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.dialects.binance.words import (
    DAY_MS,
    FORCES,
    STEPS,
    instrument_of,
    is_futures,
    markets_of,
    symbol_of,
    text,
)
from chatbot.exchanges.testserver.history import bars, settled
from chatbot.exchanges.testserver.state import at_ms, ms_of
from chatbot.exchanges.testserver.venue import next_settlement
from chatbot.exchanges.testserver.words import plain

if TYPE_CHECKING:
    from chatbot.exchanges.base import Candle, Market
    from chatbot.exchanges.testserver.dialect import Talk


def server_time(talk: Talk) -> dict[str, Any]:
    """GET time."""
    return {"serverTime": talk.venue.now_ms}


def exchange_info(talk: Talk) -> dict[str, Any]:
    """GET exchangeInfo."""
    return {
        "timezone": "UTC",
        "serverTime": talk.venue.now_ms,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [_rules(talk, market) for market in markets_of(talk)],
    }


def _rules(talk: Talk, market: Market) -> dict[str, Any]:
    lot, perp = plain(market.lot), is_perp(market.instrument)
    smallest = plain(max(market.min_qty, market.lot))
    value = {"filterType": "MIN_NOTIONAL", "notional": plain(market.min_notional)}
    if not perp:
        value = {"filterType": "NOTIONAL", "minNotional": text(market.min_notional), "maxNotional": "9000000.00000000"}
    common = {
        "symbol": symbol_of(talk, market),
        "status": "TRADING" if market.trading else "BREAK",
        "baseAsset": market.instrument.removesuffix(PERP),
        "quoteAsset": talk.venue.quote,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": plain(market.tick), "maxPrice": "10000000", "tickSize": plain(market.tick)},
            {"filterType": "LOT_SIZE", "minQty": smallest, "maxQty": "9000000", "stepSize": lot},
            {"filterType": "MARKET_LOT_SIZE", "minQty": smallest, "maxQty": "100000", "stepSize": lot},
            value,
        ],
    }
    if perp:
        return {**common, **_contract_rules(talk, market)}
    return {**common, "quoteAssetPrecision": 8, "isSpotTradingAllowed": True, "permissions": [], "permissionSets": [["SPOT"]]}


def _contract_rules(talk: Talk, market: Market) -> dict[str, Any]:
    return {
        "pair": symbol_of(talk, market),
        "status": "TRADING" if market.trading else "SETTLING",
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "marginAsset": talk.venue.quote,
        "pricePrecision": max(0, -int(market.tick.as_tuple().exponent)),
        "quantityPrecision": max(0, -int(market.lot.as_tuple().exponent)),
        "underlyingType": "COIN",
        "timeInForce": list(FORCES),
    }


def ticker(talk: Talk, market: Market) -> dict[str, Any]:
    """Return a row of ticker/24hr: ccxt tells futures by the missing bid and ask."""
    price = talk.venue.prices[market.instrument]
    last, now = plain(price.mark), talk.venue.now_ms
    row = {
        "symbol": symbol_of(talk, market),
        "priceChange": "0",
        "priceChangePercent": "0",
        "weightedAvgPrice": last,
        "lastPrice": last,
        "lastQty": "1",
        "openPrice": last,
        "highPrice": last,
        "lowPrice": last,
        "volume": text(price.volume / price.mark),
        "quoteVolume": text(price.volume),
        "openTime": now - DAY_MS,
        "closeTime": now,
        "firstId": 1,
        "lastId": 2,
        "count": 2,
    }
    return row if is_perp(market.instrument) else {**row, "prevClosePrice": last, **_best(talk, market)}


def _best(talk: Talk, market: Market) -> dict[str, str]:
    book = talk.venue.book(market.instrument)
    bid, ask = book.within(Side.SELL, None)[0], book.within(Side.BUY, None)[0]
    return {"bidPrice": plain(bid.price), "bidQty": plain(bid.size), "askPrice": plain(ask.price), "askQty": plain(ask.size)}


def touch(talk: Talk, market: Market) -> dict[str, Any]:
    """Return a row of ticker/bookTicker."""
    row = {"symbol": symbol_of(talk, market), **_best(talk, market)}
    return {**row, "time": talk.venue.now_ms, "lastUpdateId": 1} if is_perp(market.instrument) else row


def depth(talk: Talk) -> dict[str, Any]:
    """GET depth."""
    book, limit = talk.venue.book(instrument_of(talk)), talk.request.whole("limit", 100)
    sides = {"bids": book.within(Side.SELL, None), "asks": book.within(Side.BUY, None)}
    rows = {name: [[plain(level.price), plain(level.size)] for level in side[:limit]] for name, side in sides.items()}
    now = talk.venue.now_ms
    return {"lastUpdateId": now, **({"E": now, "T": now} if is_futures(talk) else {}), **rows}


async def klines(talk: Talk) -> list[list[Any]]:
    """GET klines."""
    name, request = instrument_of(talk), talk.request
    step = request.word("interval", STEPS)
    since, until = request.whole("startTime", 0), request.whole("endTime", talk.venue.now_ms)
    found = await bars(talk, name, step, since, until, request.whole("limit", 500))
    return [_bar(bar, step) for bar in found]


def _bar(bar: Candle, step: int) -> list[Any]:
    opened = ms_of(bar.at)
    prices = [plain(one) for one in (bar.open, bar.high, bar.low, bar.close)]
    value = plain(bar.volume * bar.close)
    return [opened, *prices, plain(bar.volume), opened + step * 1000 - 1, value, 10, plain(bar.volume / 2), value, "0"]


def premium(talk: Talk, market: Market) -> dict[str, Any]:
    """Return a row of premiumIndex."""
    price = talk.venue.prices[market.instrument]
    spot = talk.venue.prices.get(market.instrument.removesuffix(PERP), price)
    return {
        "symbol": symbol_of(talk, market),
        "markPrice": text(price.mark),
        "indexPrice": text(spot.mark),
        "estimatedSettlePrice": text(spot.mark),
        "lastFundingRate": text(price.rate),
        "interestRate": "0.00010000",
        "nextFundingTime": ms_of(next_settlement(talk.venue.now)),
        "time": talk.venue.now_ms,
    }


async def funding_rates(talk: Talk) -> list[dict[str, Any]]:
    """GET fundingRate: without a start the latest."""
    name, request = instrument_of(talk), talk.request
    until = at_ms(request.whole("endTime", talk.venue.now_ms))
    since = at_ms(request.whole("startTime", 0) - 1) if request.get("startTime") else until - timedelta(days=30)
    symbol, mark, limit = request.get("symbol"), text(talk.venue.price(name)), request.whole("limit", 100)
    rows = [
        {"symbol": symbol, "fundingTime": ms_of(one.at), "fundingRate": text(one.rate), "markPrice": mark}
        for one in await settled(talk, name, since, until)
    ]
    return rows[:limit] if request.get("startTime") else rows[-limit:]


def funding_info(talk: Talk) -> list[dict[str, Any]]:
    """GET fundingInfo."""
    limits = {"adjustedFundingRateCap": "0.02", "adjustedFundingRateFloor": "-0.02", "fundingIntervalHours": 8, "disclaimer": False}
    return [{"symbol": symbol_of(talk, market), **limits} for market in markets_of(talk)]
