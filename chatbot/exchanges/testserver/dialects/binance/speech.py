"""Binance's dialect: its paths and their weights, how it knows its clients, how it refuses."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, TypeAlias

from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.dialect import Answer, Route
from chatbot.exchanges.testserver.dialects.binance import account, money, orders, public
from chatbot.exchanges.testserver.dialects.binance.refusals import CODES, ELSEWHERE
from chatbot.exchanges.testserver.dialects.binance.words import rows
from chatbot.exchanges.testserver.limits import Limit
from chatbot.exchanges.testserver.state import Traits
from chatbot.exchanges.testserver.words import Call, Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatbot.exchanges.testserver.account import Account
    from chatbot.exchanges.testserver.dialect import Request, Talk
    from chatbot.exchanges.testserver.venue import Venue

#: how long before the exchange's time a request may say that it was sent, ms; unless it names less
_RECV_WINDOW_MS, _LARGEST_WINDOW_MS = 5_000, 60_000
#: how far a client's clock may be ahead, ms
_AHEAD_MS = 1_000
_MINUTE = 60
_Routes: TypeAlias = "dict[tuple[str, str], Route]"
#: a weight, or what tells it from what is asked for
_Weight: TypeAlias = "int | Callable[[Request], int]"
#: the names under which ccxt keeps its addresses -> host, path
_HOSTS = {
    "public": ("api", "/api/v3"),
    "private": ("api", "/api/v3"),
    "v1": ("api", "/api/v1"),
    "sapi": ("api", "/sapi/v1"),
    "sapiV2": ("api", "/sapi/v2"),
    "sapiV3": ("api", "/sapi/v3"),
    "sapiV4": ("api", "/sapi/v4"),
    "fapiPublic": ("fapi", "/fapi/v1"),
    "fapiPublicV2": ("fapi", "/fapi/v2"),
    "fapiPublicV3": ("fapi", "/fapi/v3"),
    "fapiPrivate": ("fapi", "/fapi/v1"),
    "fapiPrivateV2": ("fapi", "/fapi/v2"),
    "fapiPrivateV3": ("fapi", "/fapi/v3"),
    "fapiData": ("fapi", "/futures/data"),
    "dapiPublic": ("dapi", "/dapi/v1"),
    "dapiPrivate": ("dapi", "/dapi/v1"),
    "dapiPrivateV2": ("dapi", "/dapi/v2"),
    "dapiData": ("dapi", "/futures/data"),
    "eapiPublic": ("eapi", "/eapi/v1"),
    "eapiPrivate": ("eapi", "/eapi/v1"),
    "papi": ("papi", "/papi/v1"),
    "papiV2": ("papi", "/papi/v2"),
}

#: what its demo and its testnet have: no wallet, no options
_PLAYED = ("/api/", "/fapi/", "/dapi/")


def _each(row: Callable[..., dict[str, Any]]) -> Callable[[Talk], Any]:
    return lambda talk: rows(talk, row)


def _nothing(_talk: Talk) -> list[Any]:
    return []


def _one_or_all(one: int, every: int) -> Callable[[Request], int]:
    """Return the weight of a question about one symbol, or about all of them."""
    return lambda request: one if request.args.get("symbol") else every


def _some_or_all(request: Request) -> int:
    """Return the weight of spot tickers: by how many symbols are named."""
    if request.args.get("symbol"):
        return 2
    named = request.args.get("symbols", "").count('"') // 2
    return 80 if named == 0 or named > 100 else 40 if named > 20 else 2


def _by_limit(*steps: tuple[int, int], beyond: int) -> Callable[[Request], int]:
    """Return the weight of a question for some rows: ``steps`` hold up to how many, and what that weighs."""

    def weight(request: Request) -> int:
        limit = request.args.get("limit", "")
        rows = int(limit) if limit.isdigit() else 500
        return next((weight for most, weight in steps if rows <= most), beyond)

    return weight


def _public(path: str, call: Call, handle: Callable[[Talk], Any], weight: _Weight) -> _Routes:
    bucket = "futures" if path.startswith("/fapi") else "spot"
    return {("GET", path): Route(call=call, handle=handle, bucket=bucket, weight=weight, private=False)}


def _private(verb: str, path: str, call: Call, handle: Callable[[Talk], Any], weight: _Weight) -> _Routes:
    bucket = "futures" if path.startswith("/fapi") else "wallet" if path.startswith("/sapi") else "spot"
    return {(verb, path): Route(call=call, handle=handle, bucket=bucket, weight=weight)}


def _both(verb: str, name: str, call: Call, handle: Callable[[Talk], Any], weights: tuple[_Weight, _Weight]) -> _Routes:
    spot, futures = weights
    return _private(verb, f"/api/v3/{name}", call, handle, spot) | _private(verb, f"/fapi/v1/{name}", call, handle, futures)


def _public_both(name: str, call: Call, handle: Callable[[Talk], Any], weights: tuple[_Weight, _Weight]) -> _Routes:
    spot, futures = weights
    return _public(f"/api/v3/{name}", call, handle, spot) | _public(f"/fapi/v1/{name}", call, handle, futures)


_DEPTH = (_by_limit((100, 5), (500, 25), (1000, 50), beyond=250), _by_limit((50, 2), (100, 5), (500, 10), beyond=20))
ROUTES: _Routes = {
    **_public_both("ping", Call.TIME, lambda _talk: {}, (1, 1)),
    **_public_both("time", Call.TIME, public.server_time, (1, 1)),
    **_public_both("exchangeInfo", Call.RULES, public.exchange_info, (20, 1)),
    **_public("/dapi/v1/exchangeInfo", Call.RULES, lambda _talk: {"symbols": []}, 1),
    **_public("/eapi/v1/exchangeInfo", Call.RULES, lambda _talk: {"optionSymbols": []}, 1),
    **_public_both("ticker/24hr", Call.TICKERS, _each(public.ticker), (_some_or_all, _one_or_all(1, 40))),
    **_public_both("ticker/bookTicker", Call.TOUCH, _each(public.touch), (_one_or_all(2, 4), _one_or_all(2, 5))),
    **_public_both("depth", Call.DEPTH, public.depth, _DEPTH),
    **_public_both("klines", Call.CANDLES, public.klines, (2, _by_limit((99, 1), (499, 2), (1000, 5), beyond=10))),
    **_public("/fapi/v1/premiumIndex", Call.MARKS, _each(public.premium), _one_or_all(1, 10)),
    **_public("/fapi/v1/fundingRate", Call.RATES, public.funding_rates, 1),
    **_public("/fapi/v1/fundingInfo", Call.RATES, public.funding_info, 1),
    **_public("/sapi/v1/system/status", Call.TIME, lambda _talk: {"status": 0, "msg": "normal"}, 1),
    **_private("GET", "/api/v3/account", Call.BALANCES, account.spot_account, 20),
    **_both("POST", "order", Call.PLACE, orders.place, (1, 0)),
    **_both("GET", "order", Call.FIND, orders.find, (4, 1)),
    **_both("DELETE", "order", Call.CANCEL, orders.cancel, (1, 1)),
    **_both("GET", "openOrders", Call.OPEN, orders.open_orders, (_one_or_all(6, 80), _one_or_all(1, 40))),
    **_both("GET", "allOrders", Call.HISTORY, orders.all_orders, (20, 5)),
    **_private("GET", "/api/v3/myTrades", Call.FILLS, orders.trades, 20),
    **_private("GET", "/fapi/v1/userTrades", Call.FILLS, orders.trades, 5),
    **_private("GET", "/fapi/v1/forceOrders", Call.HISTORY, orders.force_orders, _one_or_all(20, 50)),
    **_private("GET", "/fapi/v2/account", Call.FUTURES, account.futures_account, 5),
    **_private("GET", "/fapi/v3/account", Call.FUTURES, account.futures_account, 5),
    **_private("GET", "/fapi/v2/balance", Call.FUTURES, account.futures_balance, 5),
    **_private("GET", "/fapi/v3/balance", Call.FUTURES, account.futures_balance, 5),
    **_private("GET", "/fapi/v2/positionRisk", Call.POSITIONS, account.positions, 5),
    **_private("GET", "/fapi/v3/positionRisk", Call.POSITIONS, account.positions, 5),
    **_private("GET", "/fapi/v1/income", Call.INCOME, account.income, 30),
    **_private("POST", "/fapi/v1/leverage", Call.LEVERAGE, account.set_leverage, 1),
    **_private("POST", "/fapi/v1/marginType", Call.MODE, account.set_margin_mode, 1),
    **_private("POST", "/fapi/v1/positionSide/dual", Call.MODE, account.set_position_mode, 1),
    **_private("GET", "/fapi/v1/positionSide/dual", Call.ACCOUNT, account.position_mode, 30),
    **_private("GET", "/fapi/v1/multiAssetsMargin", Call.ACCOUNT, account.multi_assets, 30),
    **_private("GET", "/fapi/v1/accountConfig", Call.ACCOUNT, account.account_config, 5),
    **_private("GET", "/fapi/v1/symbolConfig", Call.ACCOUNT, account.symbol_config, 5),
    **_private("GET", "/fapi/v1/leverageBracket", Call.ACCOUNT, account.brackets, 1),
    **_private("GET", "/fapi/v1/commissionRate", Call.ACCOUNT, account.commission, 20),
    **_private("GET", "/fapi/v1/feeBurn", Call.ACCOUNT, lambda _talk: {"feeBurn": False}, 30),
    **_private("GET", "/sapi/v1/account/info", Call.ACCOUNT, account.account_info, 1),
    **_private("GET", "/sapi/v1/account/apiRestrictions", Call.KEY, account.restrictions, 1),
    **_private("POST", "/sapi/v1/asset/transfer", Call.TRANSFER, account.transfer, 900),
    **_private("GET", "/sapi/v1/asset/transfer", Call.TRANSFERS, account.transfers, 1),
    **_private("GET", "/sapi/v1/asset/tradeFee", Call.ACCOUNT, account.trade_fees, 1),
    **_private("POST", "/sapi/v1/asset/get-funding-asset", Call.ACCOUNT, account.funding_wallet, 1),
    **_private("GET", "/sapi/v1/capital/deposit/hisrec", Call.PASSED, money.deposits, 1),
    **_private("GET", "/sapi/v1/capital/withdraw/history", Call.PASSED, money.withdrawals, 1),
    **_private("GET", "/sapi/v1/capital/config/getall", Call.ACCOUNT, account.coins, 10),
    **_private("GET", "/sapi/v1/simple-earn/flexible/position", Call.ACCOUNT, account.earn, 150),
    **_private("GET", "/sapi/v1/simple-earn/locked/position", Call.ACCOUNT, lambda _talk: {"rows": [], "total": 0}, 150),
    **_private("GET", "/sapi/v1/bnbBurn", Call.ACCOUNT, account.burn, 1),
    **_private("GET", "/sapi/v1/margin/allPairs", Call.ACCOUNT, _nothing, 1),
    **_private("GET", "/sapi/v1/margin/isolated/allPairs", Call.ACCOUNT, _nothing, 10),
    **_private("GET", "/sapi/v1/margin/allAssets", Call.ACCOUNT, _nothing, 1),
}


class Binance:
    """Binance's dialect of the test exchange."""

    name = "binance"
    traits = Traits()
    limits: Mapping[str, Limit] = {"spot": Limit(6000, _MINUTE), "futures": Limit(2400, _MINUTE), "wallet": Limit(12_000, _MINUTE)}
    routes: Mapping[tuple[str, str], Route] = ROUTES

    def options(self, base: str) -> dict[str, Any]:
        """Return ``urls`` with every host of Binance, those of its demo and its testnet too."""
        live = {name: f"{base}/{host}.binance.com{path}" for name, (host, path) in _HOSTS.items()}
        played = {name: place for name, place in _HOSTS.items() if place[1].startswith(_PLAYED)}
        demo = {name: f"{base}/demo-{host}.binance.com{path}" for name, (host, path) in played.items()}
        nets = {"api": "testnet.binance.vision", "fapi": "testnet.binancefuture.com", "dapi": "testnet.binancefuture.com"}
        test = {name: f"{base}/{nets[host]}{path}" for name, (host, path) in played.items()}
        return {"urls": {"api": live, "demo": demo, "test": test}}

    def key_of(self, request: Request) -> str:
        """Return the key that a request names."""
        return request.headers.get("X-MBX-APIKEY", "")

    def known(self, venue: Venue, request: Request) -> Account:
        """Return whose request it is: key, then time, then signature, as Binance judges them. Raises ``Refusal``."""
        found = venue.known(self.key_of(request), request.address)
        _in_time(venue, request)
        text, _, signature = (request.query or request.body).rpartition("&signature=")
        expected = hmac.new(found.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        request.read.add("signature")
        if not hmac.compare_digest(expected, signature):
            raise Refusal(Reason.SIGNATURE)
        if request.path.startswith("/fapi") and Right.FUTURES not in found.rights:
            raise Refusal(Reason.RIGHT, "futures are not even seen without")
        return found

    def refused(self, refusal: Refusal, request: Request) -> Answer:
        """Return a refusal as code and text; futures and wallet have their own for some."""
        section = "/" + request.path.split("/")[1]
        status, code, text = ELSEWHERE.get(section, {}).get(refusal.reason, CODES[refusal.reason])
        headers = {} if refusal.wait_s is None else {"Retry-After": str(refusal.wait_s)}
        return Answer(status=status, body={"code": code, "msg": text.format(refusal.detail)}, headers=headers)

    def counted(self, bucket: str, used: int) -> Mapping[str, str]:
        """Return how much of the minute's weight is used; the wallet tells it under another name."""
        return {"X-SAPI-USED-IP-WEIGHT-1M" if bucket == "wallet" else "X-MBX-USED-WEIGHT-1M": str(used)}


def _in_time(venue: Venue, request: Request) -> None:
    sent, window = request.number("timestamp"), min(_LARGEST_WINDOW_MS, request.whole("recvWindow", _RECV_WINDOW_MS))
    if sent >= venue.now_ms + _AHEAD_MS:
        raise Refusal(Reason.EARLY)
    if venue.now_ms - sent > window:
        raise Refusal(Reason.LATE)


BINANCE = Binance()
