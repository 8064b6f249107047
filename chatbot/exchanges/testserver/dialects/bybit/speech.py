"""Bybit's dialect: its paths and their limits, how it knows its clients, how it refuses."""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.finite import finite
from chatbot.exchanges.testserver.dialect import Answer, Route
from chatbot.exchanges.testserver.dialects.bybit import account, money, orders, public
from chatbot.exchanges.testserver.dialects.bybit.refusals import CODES, SPOT_CODES, STATUSES
from chatbot.exchanges.testserver.limits import Limit
from chatbot.exchanges.testserver.state import Traits
from chatbot.exchanges.testserver.words import Call, Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatbot.exchanges.testserver.account import Account
    from chatbot.exchanges.testserver.dialect import Request, Talk
    from chatbot.exchanges.testserver.venue import Venue

#: how far a client's clock may be ahead, ms
_AHEAD_MS = 1_000
_LARGEST_WINDOW_MS = Decimal(60_000)
#: the names under which ccxt keeps its addresses
_NAMES = ("spot", "futures", "v2", "public", "private")


def _get(path: str, call: Call, handle: Callable[[Talk], Any], bucket: str, *, private: bool = True) -> dict[tuple[str, str], Route]:
    return {("GET", f"/v5/{path}"): Route(call=call, handle=handle, bucket=bucket, private=private)}


def _post(path: str, call: Call, handle: Callable[[Talk], Any], bucket: str) -> dict[tuple[str, str], Route]:
    return {("POST", f"/v5/{path}"): Route(call=call, handle=handle, bucket=bucket)}


ROUTES: dict[tuple[str, str], Route] = {
    **_get("market/time", Call.TIME, public.server_time, "market", private=False),
    **_get("market/instruments-info", Call.RULES, public.instruments, "market", private=False),
    **_get("market/tickers", Call.TICKERS, public.tickers, "market", private=False),
    **_get("market/orderbook", Call.DEPTH, public.order_book, "market", private=False),
    **_get("market/kline", Call.CANDLES, public.kline, "market", private=False),
    **_get("market/funding/history", Call.RATES, public.funding_history, "market", private=False),
    **_get("account/wallet-balance", Call.BALANCES, account.wallet_balance, "account"),
    **_get("asset/transfer/query-account-coins-balance", Call.ACCOUNT, account.funding_coins, "asset"),
    **_get("account/info", Call.ACCOUNT, account.account_info, "account"),
    **_get("account/fee-rate", Call.ACCOUNT, account.fee_rates, "account"),
    **_get("account/transaction-log", Call.INCOME, money.transactions, "account"),
    **_get("asset/deposit/query-record", Call.PASSED, money.deposits, "asset"),
    **_get("asset/withdraw/query-record", Call.PASSED, money.withdrawals, "asset"),
    **_get("asset/coin/query-info", Call.ACCOUNT, account.coins, "asset"),
    **_get("position/list", Call.POSITIONS, account.positions, "account"),
    **_get("user/query-api", Call.KEY, account.key_info, "asset"),
    **_get("order/realtime", Call.FIND, orders.realtime, "orders"),
    **_get("order/history", Call.HISTORY, orders.history, "orders"),
    **_get("execution/list", Call.FILLS, orders.executions, "orders"),
    **_get("asset/transfer/query-inter-transfer-list", Call.TRANSFERS, account.transfers, "asset"),
    **_post("order/create", Call.PLACE, orders.create, "create"),
    **_post("order/cancel", Call.CANCEL, orders.cancel, "create"),
    **_post("position/set-leverage", Call.LEVERAGE, account.set_leverage, "create"),
    **_post("position/switch-mode", Call.MODE, account.switch_mode, "create"),
    **_post("account/set-margin-mode", Call.MODE, account.set_margin_mode, "create"),
    **_post("asset/transfer/inter-transfer", Call.TRANSFER, account.transfer, "asset"),
}


class Bybit:
    """Bybit's dialect of the test exchange."""

    name = "bybit"
    traits = Traits(one_wallet=True, coins_carry=Decimal("0.9"), refuses_takers=False, refuses_excess=False)
    limits: Mapping[str, Limit] = {
        "market": Limit(600, 5),
        "account": Limit(50, 1, per_key=True),
        "orders": Limit(50, 1, per_key=True),
        "create": Limit(20, 1, per_key=True),
        "asset": Limit(20, 1, per_key=True),
    }
    routes: Mapping[tuple[str, str], Route] = ROUTES

    def options(self, base: str) -> dict[str, Any]:
        """Return ``urls`` with every host of Bybit, those of its demo and its testnet too."""
        hosts = {"api": "api", "demotrading": "api-demo", "test": "api-testnet"}
        return {"urls": {kind: dict.fromkeys(_NAMES, f"{base}/{host}.bybit.com") for kind, host in hosts.items()}}

    def key_of(self, request: Request) -> str:
        """Return the key that a request names."""
        return request.headers.get("X-BAPI-API-KEY", "")

    def known(self, venue: Venue, request: Request) -> Account:
        """Return whose request it is: key, time, signature. Raises ``Refusal``."""
        headers = request.headers
        found = venue.known(self.key_of(request), request.address)
        sent, window = headers.get("X-BAPI-TIMESTAMP", ""), headers.get("X-BAPI-RECV-WINDOW", "5000")
        _in_time(venue, sent, window)
        text = sent + found.key + window + (request.body if request.method == "POST" else request.query)
        expected = hmac.new(found.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, headers.get("X-BAPI-SIGN", "")):
            raise Refusal(Reason.SIGNATURE)
        return found

    def refused(self, refusal: Refusal, request: Request) -> Answer:
        """Return a refusal as code and text; spot has its own for some."""
        codes = {**CODES, **SPOT_CODES} if request.args.get("category") == "spot" else CODES
        code, text = codes[refusal.reason]
        body = {"retCode": code, "retMsg": text.format(refusal.detail), "result": {}, "retExtInfo": {}, "time": 0}
        return Answer(status=STATUSES.get(refusal.reason, 200), body=body)

    def counted(self, bucket: str, used: int) -> Mapping[str, str]:
        """Return how much of the limit is left."""
        limit = self.limits[bucket].weight
        return {"X-Bapi-Limit": str(limit), "X-Bapi-Limit-Status": str(max(0, limit - used))}


def _in_time(venue: Venue, sent: str, window: str) -> None:
    at, width = finite(sent), finite(window)
    if at is None or width is None:
        raise Refusal(Reason.LATE)
    if at >= venue.now_ms + _AHEAD_MS:
        raise Refusal(Reason.EARLY)
    if venue.now_ms - at > min(width, _LARGEST_WINDOW_MS):
        raise Refusal(Reason.LATE)


BYBIT = Bybit()
