"""What MEXC tells everybody: rules, prices, books, bars, funding."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side
from chatbot.exchanges.testserver.dialects.mexc.words import (
    CONTRACT_STEPS,
    STEPS,
    enveloped,
    instrument_of,
    markets_of,
    num,
    size_of,
    symbol_of,
    vol,
)
from chatbot.exchanges.testserver.history import bars, settled
from chatbot.exchanges.testserver.state import at_ms, ms_of
from chatbot.exchanges.testserver.venue import next_settlement
from chatbot.exchanges.testserver.words import plain

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.dialect import Talk

_DAY_MS = 86_400_000


def server_time(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/time."""
    return {"serverTime": talk.venue.now_ms}


def ping(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/contract/ping: the time of contracts."""
    return enveloped(talk.venue.now_ms)


def _places(step: Decimal) -> int:
    return max(0, -int(step.normalize().as_tuple().exponent))


def exchange_info(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/exchangeInfo: steps are told as places behind the point."""
    rules = [_pair(talk, market) for market in markets_of(talk)]
    return {"timezone": "CST", "serverTime": talk.venue.now_ms, "rateLimits": [], "exchangeFilters": [], "symbols": rules}


def _pair(talk: Talk, market: Market) -> dict[str, Any]:
    lot, tick = _places(market.lot), _places(market.tick)
    return {
        "symbol": symbol_of(talk, market),
        "status": "1" if market.trading else "2",
        "baseAsset": market.instrument,
        "baseAssetPrecision": lot,
        "quoteAsset": talk.venue.quote,
        "quotePrecision": tick,
        "quoteAssetPrecision": tick,
        "baseCommissionPrecision": lot,
        "quoteCommissionPrecision": tick,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
        "isSpotTradingAllowed": market.trading,
        "isMarginTradingAllowed": False,
        "quoteAmountPrecision": plain(market.min_notional),
        "baseSizePrecision": plain(market.min_qty),
        "permissions": ["SPOT"],
        "filters": [],
        "maxQuoteAmount": "2000000",
        "makerCommission": plain(market.maker_fee),
        "takerCommission": plain(market.taker_fee),
        "quoteAmountPrecisionMarket": "1",
        "maxQuoteAmountMarket": "100000",
        "fullName": market.instrument,
        "tradeSideType": 1,
    }


def detail(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/contract/detail."""
    found = [_contract(talk, market) for market in markets_of(talk)]
    return enveloped(found[0] if talk.request.get("symbol") else found)


def _contract(talk: Talk, market: Market) -> dict[str, Any]:
    name, base = symbol_of(talk, market), market.instrument.removesuffix(PERP)
    risk = {"riskBaseVol": 10_000, "riskIncrVol": 10_000, "riskIncrMmr": 0.004, "riskIncrImr": 0.004, "riskLevelLimit": 100}
    return {
        "symbol": name,
        "displayName": name,
        "displayNameEn": name,
        "positionOpenType": 3,
        "baseCoin": base,
        "quoteCoin": talk.venue.quote,
        "settleCoin": talk.venue.quote,
        "contractSize": num(size_of(market)),
        "minLeverage": 1,
        "maxLeverage": num(market.max_leverage),
        "priceScale": _places(market.tick),
        "volScale": 0,
        "amountScale": 4,
        "priceUnit": num(market.tick),
        "volUnit": 1,
        "minVol": max(1, num(market.min_qty / size_of(market))),
        "maxVol": 1_000_000,
        "bidLimitPriceRate": 0.1,
        "askLimitPriceRate": 0.1,
        "takerFeeRate": num(market.taker_fee),
        "makerFeeRate": num(market.maker_fee),
        "maintenanceMarginRate": num(market.mmr),
        "initialMarginRate": num(1 / market.max_leverage),
        **risk,
        "priceCoefficientVariation": 0.1,
        "indexOrigin": ["BINANCE"],
        "state": 0 if market.trading else 4,
        "isNew": False,
        "isHot": True,
        "isHidden": False,
        "apiAllowed": True,
    }


def _best(talk: Talk, market: Market) -> tuple[Decimal, Decimal]:
    book = talk.venue.book(market.instrument)
    return book.within(Side.SELL, None)[0].price, book.within(Side.BUY, None)[0].price


def tickers(talk: Talk) -> Any:  # noqa: ANN401 - one row, or a list
    """GET /api/v3/ticker/24hr: with bid and ask, without their sizes."""
    found = [_ticker(talk, market) for market in markets_of(talk)]
    return found[0] if talk.request.get("symbol") else found


def _ticker(talk: Talk, market: Market) -> dict[str, Any]:
    price, now = talk.venue.prices[market.instrument], talk.venue.now_ms
    last, (bid, ask) = plain(price.mark), _best(talk, market)
    return {
        "symbol": symbol_of(talk, market),
        "priceChange": "0",
        "priceChangePercent": "0",
        "prevClosePrice": last,
        "lastPrice": last,
        "bidPrice": plain(bid),
        "bidQty": "",
        "askPrice": plain(ask),
        "askQty": "",
        "openPrice": last,
        "highPrice": last,
        "lowPrice": last,
        "volume": plain((price.volume / price.mark).quantize(market.lot)),
        "quoteVolume": None,  # as recorded
        "openTime": now - _DAY_MS,
        "closeTime": now,
        "count": None,
    }


def touch(talk: Talk) -> Any:  # noqa: ANN401 - one row, or a list
    """GET /api/v3/ticker/bookTicker."""
    found = []
    for market in markets_of(talk):
        bid, ask = _best(talk, market)
        found.append({"symbol": symbol_of(talk, market), "bidPrice": plain(bid), "bidQty": "1", "askPrice": plain(ask), "askQty": "1"})
    return found[0] if talk.request.get("symbol") else found


def contract_tickers(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/contract/ticker: mark and funding too."""
    found = [_contract_ticker(talk, market) for market in markets_of(talk)]
    return enveloped(found[0] if talk.request.get("symbol") else found)


def _contract_ticker(talk: Talk, market: Market) -> dict[str, Any]:
    price, (bid, ask) = talk.venue.prices[market.instrument], _best(talk, market)
    spot, last = talk.venue.prices.get(market.instrument.removesuffix(PERP), price), num(price.mark)
    return {
        "symbol": symbol_of(talk, market),
        "lastPrice": last,
        "bid1": num(bid),
        "ask1": num(ask),
        "volume24": int(price.volume / price.mark / size_of(market)),
        "amount24": num(price.volume),
        "holdVol": 55_102_960,
        "lower24Price": last,
        "high24Price": last,
        "riseFallRate": 0,
        "riseFallValue": 0,
        "indexPrice": num(spot.mark),
        "fairPrice": last,
        "fundingRate": num(price.rate),
        "maxBidPrice": num(price.mark * 2),
        "minAskPrice": num(price.mark / 2),
        "timestamp": talk.venue.now_ms,
    }


def fair_price(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/contract/fair_price/{symbol}: the mark."""
    name = instrument_of(talk)
    return enveloped({"symbol": talk.request.get("symbol"), "fairPrice": num(talk.venue.price(name)), "timestamp": talk.venue.now_ms})


def depth(talk: Talk) -> dict[str, Any]:
    """GET /api/v3/depth."""
    book, limit = talk.venue.book(instrument_of(talk)), talk.request.whole("limit", 100)
    sides = {"bids": book.within(Side.SELL, None), "asks": book.within(Side.BUY, None)}
    rows = {name: [[plain(level.price), plain(level.size)] for level in side[:limit]] for name, side in sides.items()}
    return {"lastUpdateId": talk.venue.now_ms, **rows}


def contract_depth(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/contract/depth/{symbol}: sizes in contracts."""
    name, limit = instrument_of(talk), talk.request.whole("limit", 100)
    market, book = talk.venue.market(name), talk.venue.book(name)
    sides = {"asks": book.within(Side.BUY, None), "bids": book.within(Side.SELL, None)}
    rows = {side: [[num(level.price), vol(market, level.size), 1] for level in found[:limit]] for side, found in sides.items()}
    return enveloped({**rows, "version": talk.venue.now_ms, "timestamp": talk.venue.now_ms})


async def klines(talk: Talk) -> list[list[Any]]:
    """GET /api/v3/klines: of 500 at most."""
    name, request = instrument_of(talk), talk.request
    step = request.word("interval", STEPS)
    since, until = request.whole("startTime", 0), request.whole("endTime", talk.venue.now_ms)
    found = await bars(talk, name, step, since, until, min(500, request.whole("limit", 500)))
    return [
        [
            ms_of(bar.at),
            *(plain(one) for one in (bar.open, bar.high, bar.low, bar.close, bar.volume)),
            ms_of(bar.at) + step * 1000,
            plain(bar.volume * bar.close),
        ]
        for bar in found
    ]


async def contract_klines(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/contract/kline/{symbol}: times in seconds, a list for each price; volumes in contracts."""
    name, request = instrument_of(talk), talk.request
    step, market = request.word("interval", CONTRACT_STEPS), talk.venue.market(name)
    since, until = request.whole("start", 0) * 1000, request.whole("end", talk.venue.now_ms // 1000) * 1000
    found = await bars(talk, name, step, since, until, 2000)
    prices = {side: [num(getattr(bar, side)) for bar in found] for side in ("open", "close", "high", "low")}
    amounts = {"vol": [vol(market, bar.volume) for bar in found], "amount": [num(bar.volume * bar.close) for bar in found]}
    return enveloped({"time": [ms_of(bar.at) // 1000 for bar in found], **prices, **amounts})


def funding_rate(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/contract/funding_rate/{symbol}: one at a time."""
    name = instrument_of(talk)
    return enveloped(
        {
            "symbol": talk.request.get("symbol"),
            "fundingRate": num(talk.venue.prices[name].rate),
            "maxFundingRate": 0.003,
            "minFundingRate": -0.003,
            "collectCycle": 8,
            "nextSettleTime": ms_of(next_settlement(talk.venue.now)),
            "timestamp": talk.venue.now_ms,
        }
    )


async def funding_history(talk: Talk) -> dict[str, Any]:
    """GET /api/v1/contract/funding_rate/history: newest first, page by page; no time can be named."""
    name, request = instrument_of(talk), talk.request
    size, page, until = min(100, request.whole("page_size", 20)), max(1, request.whole("page_num", 1)), talk.venue.now
    told = await settled(talk, name, until - timedelta(days=100), at_ms(ms_of(until)))
    rows = [{"symbol": request.get("symbol"), "fundingRate": num(one.rate), "settleTime": ms_of(one.at)} for one in told][::-1]
    return paged(rows, size, page)


def paged(rows: list[Any], size: int, page: int) -> dict[str, Any]:
    """Return one page of rows as contracts tell it."""
    pages = -(-len(rows) // max(1, size))
    told = {"pageSize": size, "totalCount": len(rows), "totalPage": pages, "currentPage": page}
    return enveloped({**told, "resultList": rows[(page - 1) * size : page * size]})
