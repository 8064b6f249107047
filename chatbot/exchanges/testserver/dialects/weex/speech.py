"""WEEX's dialect: its paths and their weights, how it knows its clients, how it refuses."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any, TypeAlias

from chatbot.engine.finite import finite
from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.dialect import Answer, Route
from chatbot.exchanges.testserver.dialects.weex import account, money, orders, public
from chatbot.exchanges.testserver.dialects.weex.refusals import CODES, FAILED, OF_CONTRACTS
from chatbot.exchanges.testserver.limits import Limit
from chatbot.exchanges.testserver.state import Traits
from chatbot.exchanges.testserver.words import Call, Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatbot.exchanges.testserver.account import Account
    from chatbot.exchanges.testserver.dialect import Request, Talk
    from chatbot.exchanges.testserver.venue import Venue

#: how far a request's time may be from the exchange's, ms: nobody has written down how far, so it is generous to what comes late
_EXPIRES_MS = 60_000
_Routes: TypeAlias = "dict[tuple[str, str], Route]"
_HOSTS = {
    "public": "api-spot.weex.com",
    "private": "api-spot.weex.com",
    "contract": "api-contract.weex.com",
    "contractPrivate": "api-contract.weex.com",
}


def _public(path: str, call: Call, handle: Callable[[Talk], Any], weight: int) -> _Routes:
    return {("GET", path): Route(call=call, handle=handle, bucket="market", weight=weight, private=False)}


def _public_both(name: str, call: Call, handle: Callable[[Talk], Any], weights: tuple[int, int]) -> _Routes:
    spot = {"time": "/api/v3/time", "exchangeInfo": "/api/v3/exchangeInfo"}.get(name, f"/api/v3/market/{name}")
    return _public(spot, call, handle, weights[0]) | _public(f"/capi/v3/market/{name}", call, handle, weights[1])


def _private(verb: str, path: str, call: Call, handle: Callable[[Talk], Any], weight: int) -> _Routes:
    bucket = {Call.PLACE: "orders", Call.CANCEL: "cancels"}.get(call, "account")
    return {(verb, path): Route(call=call, handle=handle, bucket=bucket, weight=1 if bucket != "account" else weight)}


def _both(verb: str, name: str, call: Call, handle: Callable[[Talk], Any], weights: tuple[int, int]) -> _Routes:
    return _private(verb, f"/api/v3/{name}", call, handle, weights[0]) | _private(verb, f"/capi/v3/{name}", call, handle, weights[1])


_AT = "/capi/v3/account"
ROUTES: _Routes = {
    **_public_both("time", Call.TIME, public.server_time, (1, 1)),
    **_public_both("exchangeInfo", Call.RULES, public.exchange_info, (20, 1)),
    **_public("/api/v3/coins", Call.ACCOUNT, public.coins, 5),
    **_public_both("ticker/24hr", Call.TICKERS, public.each(public.ticker), (2, 40)),
    **_public_both("ticker/bookTicker", Call.TOUCH, public.each(public.touch), (4, 1)),
    **_public_both("depth", Call.DEPTH, public.depth, (5, 1)),
    **_public_both("klines", Call.CANDLES, public.klines, (2, 1)),
    **_public("/capi/v3/market/historyKlines", Call.CANDLES, public.history_klines, 5),
    **_public("/capi/v3/market/premiumIndex", Call.MARKS, public.each(public.premium), 1),
    **_public("/capi/v3/market/fundingRate", Call.RATES, public.funding_rates, 5),
    **_private("GET", "/api/v3/account/", Call.BALANCES, account.spot_account, 5),
    **_private("GET", f"{_AT}/balance", Call.FUTURES, account.futures_balance, 10),
    **_private("GET", f"{_AT}/position/allPosition", Call.POSITIONS, account.positions, 15),
    **_private("GET", f"{_AT}/position/singlePosition", Call.POSITIONS, account.positions, 3),
    **_both("POST", "order", Call.PLACE, orders.place, (5, 5)),
    **_both("GET", "order", Call.FIND, orders.find, (2, 3)),
    **_both("DELETE", "order", Call.CANCEL, orders.cancel, (1, 3)),
    **_both("GET", "openOrders", Call.OPEN, orders.open_orders, (3, 5)),
    **_private("GET", "/api/v3/allOrders", Call.HISTORY, orders.all_orders, 10),
    **_private("GET", "/capi/v3/order/history", Call.HISTORY, orders.all_orders, 10),
    **_private("GET", "/api/v3/myTrades", Call.FILLS, orders.trades, 5),
    **_private("GET", "/capi/v3/userTrades", Call.FILLS, orders.trades, 5),
    **_private("POST", "/api/v3/account/bills", Call.PASSED, money.bills, 5),
    **_private("POST", f"{_AT}/income", Call.INCOME, money.income, 5),
    **_private("GET", "/api/v3/account/transferRecords", Call.TRANSFERS, money.transfers, 3),
    **_private("GET", f"{_AT}/accountConfig", Call.ACCOUNT, account.account_config, 10),
    **_private("GET", f"{_AT}/symbolConfig", Call.ACCOUNT, account.symbol_config, 10),
    **_private("GET", f"{_AT}/commissionRate", Call.ACCOUNT, account.commission, 10),
    **_private("GET", "/api/v3/apiTradingSymbols", Call.ACCOUNT, account.trading_symbols, 5),
    **_private("POST", f"{_AT}/leverage", Call.LEVERAGE, account.set_leverage, 20),
    **_private("POST", f"{_AT}/marginType", Call.MODE, account.set_margin_mode, 50),
}


class Weex:
    """WEEX's dialect of the test exchange."""

    name = "weex"
    traits = Traits(refuses_excess=False, least_value=False)
    limits: Mapping[str, Limit] = {
        "market": Limit(500, 10),
        "account": Limit(500, 10, per_key=True),
        "orders": Limit(100, 60, per_key=True),
        "cancels": Limit(80, 10, per_key=True),
    }
    routes: Mapping[tuple[str, str], Route] = ROUTES

    def options(self, base: str) -> dict[str, Any]:
        """Return ``urls`` with both hosts of WEEX; those that ccxt calls its test are the live ones."""
        return {"urls": {kind: {name: f"{base}/{host}" for name, host in _HOSTS.items()} for kind in ("api", "test")}}

    def key_of(self, request: Request) -> str:
        """Return the key that a request names."""
        return request.headers.get("ACCESS-KEY", "")

    def known(self, venue: Venue, request: Request) -> Account:
        """Return whose request it is: key and passphrase, time, signature. Raises ``Refusal``."""
        headers = request.headers
        found, sent = venue.known(self.key_of(request), request.address), headers.get("ACCESS-TIMESTAMP", "")
        if not hmac.compare_digest(headers.get("ACCESS-PASSPHRASE", ""), found.passphrase):
            raise Refusal(Reason.KEY)
        at = finite(sent)
        if at is None or abs(venue.now_ms - at) > _EXPIRES_MS:
            raise Refusal(Reason.LATE)
        query = f"?{request.query}" if request.query else ""
        text = f"{sent}{request.method}{request.path}{query}{request.body}"
        expected = base64.b64encode(hmac.new(found.secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(expected, headers.get("ACCESS-SIGN", "")):
            raise Refusal(Reason.SIGNATURE)
        side = Right.FUTURES if request.path.startswith("/capi") else Right.SPOT
        if found.rights.isdisjoint({Right.READ, side}):
            raise Refusal(Reason.RIGHT)
        return found

    def refused(self, refusal: Refusal, request: Request) -> Answer:
        """Return a refusal: as code and text, or, of what a contract's order asks for and of a cancel on spot, inside of HTTP 200."""
        codes, is_contract = {**CODES, **OF_CONTRACTS}, request.path.startswith("/capi")
        status, code, text = (codes if is_contract else CODES)[refusal.reason]
        text = text.format(refusal.detail)
        if refusal.reason is Reason.NOT_OPEN and not is_contract:
            return Answer(body={"orderId": 0, "status": "FAILED", "errorMsg": FAILED})
        if status == 400 and request.path == "/capi/v3/order" and request.method == "POST":
            named = request.args.get("newClientOrderId", "")
            body = {"orderId": "", "clientOrderId": named, "success": False, "errorCode": str(code), "errorMessage": text}
            return Answer(body=body)
        return Answer(status=status, body={"code": code, "msg": text})

    def counted(self, bucket: str, used: int) -> Mapping[str, str]:  # noqa: ARG002 - it does not count aloud
        """Return no headers."""
        return {}


WEEX = Weex()
