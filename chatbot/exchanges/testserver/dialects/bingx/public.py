"""What BingX tells everybody: rules, prices, books, bars, funding."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.dialects.bingx.words import DAY_MS, STEPS, enveloped, instrument_of, is_swap, markets_of, symbol_of
from chatbot.exchanges.testserver.history import bars, settled
from chatbot.exchanges.testserver.state import at_ms, ms_of
from chatbot.exchanges.testserver.venue import next_settlement
from chatbot.exchanges.testserver.words import plain

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.dialect import Talk


def server_time(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v2/server/time."""
    return enveloped(talk, {"serverTime": talk.venue.now_ms})


def symbols(talk: Talk) -> dict[str, Any]:
    """GET /openApi/spot/v1/common/symbols; the smallest and the largest quantity are out of use there."""
    return enveloped(talk, {"symbols": [_pair(talk, market) for market in markets_of(talk)]})


def _pair(talk: Talk, market: Market) -> dict[str, Any]:
    return {
        "symbol": symbol_of(talk, market),
        "minQty": float(market.min_qty or market.lot),
        "maxQty": 2941177,
        "minNotional": float(market.min_notional),
        "maxNotional": 5_000_000,
        "status": 1 if market.trading else 0,
        "tickSize": float(market.tick),
        "stepSize": float(market.lot),
        "apiStateSell": market.trading,
        "apiStateBuy": market.trading,
        "timeOnline": 0,
        "offTime": 0,
        "maintainTime": 0,
    }


def contracts(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v2/quote/contracts."""
    return enveloped(talk, [_contract(talk, number, market) for number, market in enumerate(markets_of(talk))])


def _contract(talk: Talk, number: int, market: Market) -> dict[str, Any]:
    trading = "true" if market.trading else "false"
    return {
        "contractId": str(100 + number),
        "symbol": symbol_of(talk, market),
        "size": "0",
        "quantityPrecision": _places(market.lot),
        "pricePrecision": _places(market.tick),
        "feeRate": 0.0005,
        "makerFeeRate": float(market.maker_fee),
        "takerFeeRate": float(market.taker_fee),
        "tradeMinLimit": 0,
        "tradeMinQuantity": float(max(market.min_qty, market.lot)),
        "tradeMinUSDT": float(market.min_notional),
        "maxLongLeverage": int(market.max_leverage),
        "maxShortLeverage": int(market.max_leverage),
        "currency": talk.venue.quote,
        "asset": market.instrument.removesuffix(PERP),
        "status": 1 if market.trading else 25,
        "apiStateOpen": trading,
        "apiStateClose": trading,
    }


def _places(step: Decimal) -> int:
    return max(0, -int(step.normalize().as_tuple().exponent))


def tickers(talk: Talk) -> dict[str, Any]:
    """GET ticker/24hr and quote/ticker: bid and ask on both sides; ccxt tells contracts by their last quantity."""
    found = [_ticker(talk, market) for market in markets_of(talk) if market.instrument in talk.venue.prices]
    return enveloped(talk, found[0] if is_swap(talk) and talk.request.get("symbol") else found)


def _ticker(talk: Talk, market: Market) -> dict[str, Any]:
    price, now = talk.venue.prices[market.instrument], talk.venue.now_ms
    last = plain(price.mark)
    row = {
        "symbol": symbol_of(talk, market),
        "priceChange": "0",
        "priceChangePercent": "0.00%",
        **dict.fromkeys(("openPrice", "highPrice", "lowPrice", "lastPrice"), last),
        "volume": plain((price.volume / price.mark).quantize(market.lot)),
        "quoteVolume": plain(price.volume),
        "openTime": now - DAY_MS,
        "closeTime": now,
        **_best(talk, market),
    }
    return {**row, "lastQty": "1"} if is_perp(market.instrument) else row


def _best(talk: Talk, market: Market) -> dict[str, str]:
    book = talk.venue.book(market.instrument)
    bid, ask = book.within(Side.SELL, None)[0], book.within(Side.BUY, None)[0]
    return {"bidPrice": plain(bid.price), "bidQty": plain(bid.size), "askPrice": plain(ask.price), "askQty": plain(ask.size)}


def book_ticker(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v2/quote/bookTicker."""
    (market,) = markets_of(talk)
    best = {name: float(value) for name, value in _best(talk, market).items()}
    names = {"bidPrice": "bid_price", "bidQty": "bid_qty", "askPrice": "ask_price", "askQty": "ask_qty"}
    return enveloped(talk, {"book_ticker": {"symbol": symbol_of(talk, market), **{names[name]: value for name, value in best.items()}}})


def depth(talk: Talk) -> dict[str, Any]:
    """GET market/depth and quote/depth; asks come dearest first."""
    name, limit = instrument_of(talk), talk.request.whole("limit", 20)
    book, now = talk.venue.book(name), talk.venue.now_ms
    sides = {"bids": book.within(Side.SELL, None)[:limit], "asks": book.within(Side.BUY, None)[:limit][::-1]}
    rows = {side: [[plain(level.price), plain(level.size)] for level in levels] for side, levels in sides.items()}
    return enveloped(talk, {**rows, "T": now} if is_swap(talk) else {**rows, "ts": now, "lastUpdateId": now})


async def klines(talk: Talk) -> dict[str, Any]:
    """GET market/kline and quote/klines: newest first."""
    name, request = instrument_of(talk), talk.request
    step = request.word("interval", STEPS)
    since, until = request.whole("startTime", 0), request.whole("endTime", talk.venue.now_ms)
    found = await bars(talk, name, step, since, until, request.whole("limit", 500))
    rows: list[Any] = []
    for bar in reversed(found):
        at, four = ms_of(bar.at), (bar.open, bar.high, bar.low, bar.close)
        if is_swap(talk):
            prices = dict(zip(("open", "high", "low", "close"), map(plain, four), strict=True))
            rows.append({**prices, "volume": plain(bar.volume), "time": at})
        else:
            volume, value = float(bar.volume), float(bar.volume * bar.close)
            rows.append([at, *map(float, four), volume, at + step * 1000 - 1, value])
    return enveloped(talk, rows)


def premium(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v2/quote/premiumIndex."""
    found = [_premium(talk, market) for market in markets_of(talk) if market.instrument in talk.venue.prices]
    return enveloped(talk, found[0] if talk.request.get("symbol") else found)


def _premium(talk: Talk, market: Market) -> dict[str, Any]:
    price = talk.venue.prices[market.instrument]
    spot = talk.venue.prices.get(market.instrument.removesuffix(PERP), price)
    return {
        "symbol": symbol_of(talk, market),
        "markPrice": plain(price.mark),
        "indexPrice": plain(spot.mark),
        "lastFundingRate": plain(price.rate),
        "nextFundingTime": ms_of(next_settlement(talk.venue.now)),
        "fundingIntervalHours": 8,
        "updateTime": talk.venue.now_ms,
    }


async def funding_rates(talk: Talk) -> dict[str, Any]:
    """GET /openApi/swap/v2/quote/fundingRate: newest first."""
    name, request = instrument_of(talk), talk.request
    until = at_ms(request.whole("endTime", talk.venue.now_ms))
    since = at_ms(request.whole("startTime", 0) - 1) if request.get("startTime") else until - timedelta(days=30)
    limit = request.whole("limit", 100)
    found = list(await settled(talk, name, since, until))
    kept = found[:limit] if request.get("startTime") else found[-limit:]
    rows = [{"symbol": request.get("symbol"), "fundingRate": plain(one.rate), "fundingTime": ms_of(one.at)} for one in reversed(kept)]
    return enveloped(talk, rows)
