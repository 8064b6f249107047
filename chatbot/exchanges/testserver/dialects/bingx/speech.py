"""BingX's dialect: its paths and their limits, how it knows its clients, how it refuses."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.dialect import Answer, Route
from chatbot.exchanges.testserver.dialects.bingx import account, money, orders, public
from chatbot.exchanges.testserver.dialects.bingx.refusals import CODES, SPOT_CODES, STATUSES
from chatbot.exchanges.testserver.limits import Limit
from chatbot.exchanges.testserver.state import Traits
from chatbot.exchanges.testserver.words import Call, Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatbot.exchanges.testserver.account import Account
    from chatbot.exchanges.testserver.dialect import Request, Talk
    from chatbot.exchanges.testserver.venue import Venue

#: for how long a request is good, ms, and how far its time may be off in either direction
_RECV_WINDOW_MS, _LARGEST_WINDOW_MS, _AHEAD_MS = 5_000, 60_000, 5_000
#: the names under which ccxt keeps its address
_NAMES = ("fund", "spot", "swap", "contract", "wallets", "user", "subAccount", "account", "copyTrading", "cswap", "api")
#: what a key that only reads may not look at
_NEEDS = {
    "/openApi/swap/v2/user/income": Right.FUTURES,
    "/openApi/swap/v2/trade/allFillOrders": Right.FUTURES,
    "/openApi/swap/v2/trade/forceOrders": Right.FUTURES,
    "/openApi/swap/v1/trade/assetMode": Right.FUTURES,
    "/openApi/api/v3/asset/transferRecord": Right.TRANSFER,
}


def _public(path: str, call: Call, handle: Callable[[Talk], Any]) -> dict[tuple[str, str], Route]:
    bucket = "swap" if path.startswith(("swap", "cswap")) else "spot"
    return {("GET", f"/openApi/{path}"): Route(call=call, handle=handle, bucket=bucket, private=False)}


def _private(verb: str, path: str, call: Call, handle: Callable[[Talk], Any]) -> dict[tuple[str, str], Route]:
    return {(verb, f"/openApi/{path}"): Route(call=call, handle=handle, bucket=f"{verb} {path}")}


ROUTES: dict[tuple[str, str], Route] = {
    **_public("spot/v1/server/time", Call.TIME, public.server_time),
    **_public("swap/v2/server/time", Call.TIME, public.server_time),
    **_public("spot/v1/common/symbols", Call.RULES, public.symbols),
    **_public("swap/v2/quote/contracts", Call.RULES, public.contracts),
    **_public("cswap/v1/market/contracts", Call.RULES, lambda _talk: {"code": 0, "msg": "", "data": []}),
    **_public("spot/v1/ticker/24hr", Call.TICKERS, public.tickers),
    **_public("swap/v2/quote/ticker", Call.TICKERS, public.tickers),
    **_public("swap/v2/quote/bookTicker", Call.TOUCH, public.book_ticker),
    **_public("spot/v1/market/depth", Call.DEPTH, public.depth),
    **_public("swap/v2/quote/depth", Call.DEPTH, public.depth),
    **_public("spot/v1/market/kline", Call.CANDLES, public.klines),
    **_public("swap/v3/quote/klines", Call.CANDLES, public.klines),
    **_public("swap/v2/quote/premiumIndex", Call.MARKS, public.premium),
    **_public("swap/v2/quote/fundingRate", Call.RATES, public.funding_rates),
    **_private("GET", "spot/v1/account/balance", Call.BALANCES, account.spot_balance),
    **_private("GET", "fund/v1/account/balance", Call.ACCOUNT, account.fund_balance),
    **_private("GET", "swap/v3/user/balance", Call.FUTURES, account.swap_balance),
    **_private("GET", "swap/v2/user/positions", Call.POSITIONS, account.positions),
    **_private("GET", "swap/v2/user/income", Call.INCOME, money.income),
    **_private("GET", "swap/v1/positionSide/dual", Call.ACCOUNT, account.position_mode),
    **_private("POST", "swap/v1/positionSide/dual", Call.MODE, account.set_position_mode),
    **_private("GET", "swap/v1/trade/assetMode", Call.ACCOUNT, account.asset_mode),
    **_private("GET", "swap/v2/trade/marginType", Call.ACCOUNT, account.margin_mode),
    **_private("POST", "swap/v2/trade/marginType", Call.MODE, account.set_margin_mode),
    **_private("GET", "swap/v2/trade/leverage", Call.ACCOUNT, account.leverage),
    **_private("POST", "swap/v2/trade/leverage", Call.LEVERAGE, account.set_leverage),
    **_private("POST", "spot/v1/trade/order", Call.PLACE, orders.place),
    **_private("POST", "swap/v2/trade/order", Call.PLACE, orders.place),
    **_private("GET", "spot/v1/trade/query", Call.FIND, orders.find),
    **_private("GET", "swap/v2/trade/order", Call.FIND, orders.find),
    **_private("POST", "spot/v1/trade/cancel", Call.CANCEL, orders.cancel),
    **_private("DELETE", "swap/v2/trade/order", Call.CANCEL, orders.cancel),
    **_private("GET", "spot/v1/trade/openOrders", Call.OPEN, orders.open_orders),
    **_private("GET", "swap/v2/trade/openOrders", Call.OPEN, orders.open_orders),
    **_private("GET", "spot/v1/trade/historyOrders", Call.HISTORY, orders.all_orders),
    **_private("GET", "swap/v2/trade/allOrders", Call.HISTORY, orders.all_orders),
    **_private("GET", "swap/v2/trade/forceOrders", Call.HISTORY, orders.force_orders),
    **_private("GET", "spot/v1/trade/myTrades", Call.FILLS, orders.trades),
    **_private("GET", "swap/v2/trade/allFillOrders", Call.FILLS, orders.trades),
    **_private("POST", "api/asset/v1/transfer", Call.TRANSFER, money.transfer),
    **_private("GET", "api/v3/asset/transferRecord", Call.TRANSFERS, money.transfers),
    **_private("GET", "wallets/v1/capital/config/getall", Call.ACCOUNT, account.coins),
    **_private("GET", "account/v1/uid", Call.ACCOUNT, account.uid),
    **_private("GET", "account/v1/apiKey/query", Call.KEY, account.key_info),
}
#: requests a second of one key to one path, where they are more or less than five
_SECOND = {
    **dict.fromkeys(("GET spot/v1/trade/query", "GET spot/v1/trade/openOrders", "GET swap/v2/trade/forceOrders"), 10),
    **dict.fromkeys(("GET swap/v1/positionSide/dual", "GET swap/v1/trade/assetMode"), 2),
    **dict.fromkeys(("POST api/asset/v1/transfer", "GET api/v3/asset/transferRecord", "POST swap/v2/trade/marginType"), 2),
}


class BingX:
    """BingX's dialect of the test exchange."""

    name = "bingx"
    traits = Traits(refuses_takers=False, refuses_excess=False)
    limits: Mapping[str, Limit] = {
        "spot": Limit(100, 10),
        "swap": Limit(500, 10),
        **{route.bucket: Limit(_SECOND.get(route.bucket, 5), 1, per_key=True) for route in ROUTES.values() if route.private},
    }
    routes: Mapping[tuple[str, str], Route] = ROUTES

    def options(self, base: str) -> dict[str, Any]:
        """Return ``urls`` with the host of BingX, and that of its play money."""
        hosts = {"api": "open-api", "test": "open-api-vst"}
        return {"urls": {kind: dict.fromkeys(_NAMES, f"{base}/{host}.bingx.com/openApi") for kind, host in hosts.items()}}

    def key_of(self, request: Request) -> str:
        """Return the key that a request names."""
        return request.headers.get("X-BX-APIKEY", "")

    def known(self, venue: Venue, request: Request) -> Account:
        """Return whose request it is: key, time, signature. Raises ``Refusal``."""
        found = venue.known(self.key_of(request), request.address)
        _in_time(venue, request)
        text, _, signature = request.query.rpartition("&signature=")
        expected = hmac.new(found.secret.encode(), unquote(text).encode(), hashlib.sha256).hexdigest()
        request.read.add("signature")
        if not hmac.compare_digest(expected, signature):
            raise Refusal(Reason.SIGNATURE)
        if _NEEDS.get(request.path, Right.READ) not in found.rights:
            raise Refusal(Reason.RIGHT)
        return found

    def refused(self, refusal: Refusal, request: Request) -> Answer:
        """Return a refusal as code and text; spot has its own for some."""
        codes = {**CODES, **SPOT_CODES} if request.path.startswith("/openApi/spot") else CODES
        code, text = codes[refusal.reason]
        body = {"code": code, "msg": text.format(refusal.detail), "debugMsg": "", "data": {}}
        return Answer(status=STATUSES.get(refusal.reason, 200), body=body)

    def counted(self, bucket: str, used: int) -> Mapping[str, str]:
        """Return how much of the limit is left."""
        return {"X-RateLimit-Requests-Remain": str(max(0, self.limits[bucket].weight - used))}


def _in_time(venue: Venue, request: Request) -> None:
    sent, window = request.number("timestamp"), min(_LARGEST_WINDOW_MS, request.whole("recvWindow", _RECV_WINDOW_MS))
    if sent > venue.now_ms + _AHEAD_MS:
        raise Refusal(Reason.EARLY)
    if venue.now_ms - sent > window:
        raise Refusal(Reason.LATE)


BINGX = BingX()
