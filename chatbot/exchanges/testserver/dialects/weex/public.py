"""What WEEX tells everybody: rules, prices, books, bars, funding."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.dialects.weex.words import PAGE, STEPS, digits, instrument_of, is_contract, markets_of, symbol_of, text
from chatbot.exchanges.testserver.history import bars, settled
from chatbot.exchanges.testserver.state import at_ms, ms_of
from chatbot.exchanges.testserver.venue import next_settlement
from chatbot.exchanges.testserver.words import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.exchanges.base import Candle, Market
    from chatbot.exchanges.testserver.dialect import Talk

_DAY_MS = 86_400_000
#: bars of one answer on spot, which are always the latest; of contracts, whose answer is as long as asked for
_SPOT_BARS, _CONTRACT_BARS = 300, 1000
#: minutes from one settlement of funding to the next
_CYCLE = 480


def server_time(talk: Talk) -> dict[str, Any]:
    """GET time."""
    return {"serverTime": talk.venue.now_ms}


def coins(talk: Talk) -> list[dict[str, Any]]:
    """GET /api/v3/coins: ccxt asks for it when it loads currencies."""
    names = [talk.venue.quote, *(name for name in talk.venue.markets if not is_perp(name))]
    return [{"coin": name, "name": name, "depositAllEnable": True, "withdrawAllEnable": True, "networkList": []} for name in names]


def exchange_info(talk: Talk) -> dict[str, Any]:
    """GET exchangeInfo."""
    if is_contract(talk):
        return {
            "assets": [{"asset": talk.venue.quote, "marginAvailable": True}],
            "symbols": [_contract(talk, one) for one in markets_of(talk)],
        }
    return {"timezone": "UTC", "serverTime": talk.venue.now_ms, "symbols": [_pair(talk, one) for one in markets_of(talk)]}


def _pair(talk: Talk, market: Market) -> dict[str, Any]:
    return {
        "symbol": symbol_of(talk, market),
        "status": "TRADING" if market.trading else "HALT",
        "baseAsset": market.instrument,
        "baseAssetPrecision": "8",
        "quoteAsset": talk.venue.quote,
        "quoteAssetPrecision": "8",
        "tickSize": plain(market.tick),
        "stepSize": plain(market.lot),
        "minTradeAmount": plain(max(market.min_qty, market.lot)),
        "maxTradeAmount": "99999",
        "takerFeeRate": plain(market.taker_fee),
        "makerFeeRate": plain(market.maker_fee),
        "buyLimitPriceRatio": "0.1",
        "sellLimitPriceRatio": "0.1",
        "marketBuyLimitSize": "99999",
        "marketSellLimitSize": "99999",
        "marketFallbackPriceRatio": "0",
        "enableTrade": market.trading,
        "enableDisplay": True,
        "displayDigitMerge": "0.01,0.1,0.5,1,5",
        "displayNew": False,
        "displayHot": False,
    }


def _contract(talk: Talk, market: Market) -> dict[str, Any]:
    """Return the rules of a contract; its size is told, and no amount is counted in it."""
    return {
        "symbol": symbol_of(talk, market),
        "baseAsset": market.instrument.removesuffix(PERP),
        "quoteAsset": talk.venue.quote,
        "marginAsset": talk.venue.quote,
        "pricePrecision": digits(market.tick),
        "quantityPrecision": digits(market.lot),
        "baseAssetPrecision": "2",
        "quotePrecision": "8",
        "contractVal": plain(market.lot),
        "delivery": ["00:00:00", "08:00:00", "16:00:00"],
        "forwardContractFlag": True,
        "minLeverage": "1",
        "maxLeverage": plain(market.max_leverage),
        "buyLimitPriceRatio": "0.01",
        "sellLimitPriceRatio": "0.01",
        "makerFeeRate": plain(market.maker_fee),
        "takerFeeRate": plain(market.taker_fee),
        "minOrderSize": plain(max(market.min_qty, market.lot)),
        "maxOrderSize": "1000000",
        "maxPositionSize": "5000000",
        "marketOpenLimitSize": "2300",
    }


def each(row: Callable[[Talk, Market], dict[str, Any]]) -> Callable[[Talk], list[dict[str, Any]]]:
    """Return what answers with a row of each instrument that is asked about, always in a list."""

    def handle(talk: Talk) -> list[dict[str, Any]]:
        return [row(talk, market) for market in markets_of(talk) if market.instrument in talk.venue.prices]

    return handle


def ticker(talk: Talk, market: Market) -> dict[str, Any]:
    """Return a row of ticker/24hr: bid and ask on spot, the mark of contracts, by which ccxt tells them apart."""
    price = talk.venue.prices[market.instrument]
    last, now = plain(price.mark), talk.venue.now_ms
    row = {
        "symbol": symbol_of(talk, market),
        "priceChange": "0",
        "priceChangePercent": "0",
        "lastPrice": last,
        "openPrice": last,
        "highPrice": last,
        "lowPrice": last,
        "volume": text(price.volume / price.mark, 3),
        "quoteVolume": text(price.volume),
        "openTime": now - _DAY_MS,
        "closeTime": now,
    }
    if is_perp(market.instrument):
        return {**row, "markPrice": last, "indexPrice": plain(_index(talk, market))}
    return {**row, **_best(talk, market), "count": 2}


def _index(talk: Talk, market: Market) -> Any:  # noqa: ANN401 - a Decimal
    prices = talk.venue.prices
    return prices.get(market.instrument.removesuffix(PERP), prices[market.instrument]).mark


def _best(talk: Talk, market: Market) -> dict[str, str]:
    book = talk.venue.book(market.instrument)
    bid, ask = book.within(Side.SELL, None)[0], book.within(Side.BUY, None)[0]
    return {"bidPrice": plain(bid.price), "bidQty": plain(bid.size), "askPrice": plain(ask.price), "askQty": plain(ask.size)}


def touch(talk: Talk, market: Market) -> dict[str, Any]:
    """Return a row of ticker/bookTicker."""
    row = {"symbol": symbol_of(talk, market), **_best(talk, market)}
    return {**row, "time": talk.venue.now_ms} if is_perp(market.instrument) else row


def depth(talk: Talk) -> dict[str, Any]:
    """GET depth."""
    book, limit = talk.venue.book(instrument_of(talk)), talk.request.whole("limit", 15)
    sides = {"bids": book.within(Side.SELL, None), "asks": book.within(Side.BUY, None)}
    rows = {name: [[plain(level.price), plain(level.size)] for level in side[:limit]] for name, side in sides.items()}
    return {**rows, "lastUpdateId": talk.venue.now_ms}


async def klines(talk: Talk) -> list[list[Any]]:
    """GET klines: on spot always the latest, whatever time is asked for."""
    name, step = instrument_of(talk), talk.request.word("interval", STEPS)
    limit = min(_CONTRACT_BARS, talk.request.whole("limit", PAGE)) if is_contract(talk) else _SPOT_BARS
    return [_bar(bar, step) for bar in await bars(talk, name, step, 0, talk.venue.now_ms, limit)]


async def history_klines(talk: Talk) -> list[list[Any]]:
    """GET /capi/v3/market/historyKlines: a hundred from a time on."""
    name, step = instrument_of(talk), talk.request.word("interval", STEPS)
    since, until = talk.request.whole("startTime", 0), talk.request.whole("endTime", talk.venue.now_ms)
    return [_bar(bar, step) for bar in await bars(talk, name, step, since, until, PAGE)]


def _bar(bar: Candle, step: int) -> list[Any]:
    opened = ms_of(bar.at)
    prices = [plain(one) for one in (bar.open, bar.high, bar.low, bar.close)]
    value = plain(bar.volume * bar.close)
    return [opened, *prices, plain(bar.volume), opened + step * 1000, value, 10, plain(bar.volume / 2), value]


def premium(talk: Talk, market: Market) -> dict[str, Any]:
    """Return a row of premiumIndex: the rate that was paid last, and the one that is to be paid next."""
    price = talk.venue.prices[market.instrument]
    paid = [rate for _, name, rate in talk.venue.settlements if name == market.instrument]
    return {
        "symbol": symbol_of(talk, market),
        "markPrice": plain(price.mark),
        "indexPrice": plain(_index(talk, market)),
        "lastFundingRate": plain(paid[-1] if paid else price.rate),
        "forecastFundingRate": plain(price.rate),
        "interestRate": "0.001",
        "nextFundingTime": ms_of(next_settlement(talk.venue.now)),
        "time": talk.venue.now_ms,
        "collectCycle": _CYCLE,
    }


async def funding_rates(talk: Talk) -> list[dict[str, Any]]:
    """GET /capi/v3/market/fundingRate: without a start the latest."""
    name, request = instrument_of(talk), talk.request
    until = at_ms(request.whole("endTime", talk.venue.now_ms))
    since = at_ms(request.whole("startTime", 0) - 1) if request.get("startTime") else until - timedelta(days=30)
    mark, limit = plain(talk.venue.price(name)), request.whole("limit", PAGE)
    rows = [
        {"symbol": request.get("symbol"), "fundingRate": plain(one.rate), "fundingTime": ms_of(one.at), "markPrice": mark}
        for one in await settled(talk, name, since, until)
    ]
    return rows[:limit] if request.get("startTime") else rows[-limit:]
