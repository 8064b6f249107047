"""MEXC's dialect: its paths and their limits, how it knows its clients, how it refuses."""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from chatbot.engine.finite import finite
from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.dialect import Answer, Route
from chatbot.exchanges.testserver.dialects.mexc import account, money, orders, public, refusals
from chatbot.exchanges.testserver.dialects.mexc.words import CONTRACTS
from chatbot.exchanges.testserver.limits import Limit
from chatbot.exchanges.testserver.state import Traits
from chatbot.exchanges.testserver.words import Call, Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatbot.exchanges.testserver.account import Account
    from chatbot.exchanges.testserver.dialect import Request, Talk
    from chatbot.exchanges.testserver.venue import Venue

#: how far a client's clock may be ahead on spot; how far it may be off on contracts, ms
_AHEAD_MS, _OFF_MS = 1_000, 10_000
_LARGEST_WINDOW_MS = Decimal(60_000)
_Routes: TypeAlias = "dict[tuple[str, str], Route]"
#: ccxt's tree of addresses -> paths behind the host
_TREE = {
    "spot": {"public": ("api", ""), "private": ("api", "")},
    "spot2": {"public": ("www", "/open/api/v2"), "private": ("www", "/open/api/v2")},
    "contract": {"public": ("api", "/api/v1/contract"), "private": ("api", "/api/v1/private")},
    "broker": {"private": ("api", "/api/v3/broker")},
}


def _open(path: str, call: Call, handle: Callable[[Talk], Any], weight: int = 1) -> _Routes:
    return {("GET", path): Route(call=call, handle=handle, bucket="market", weight=weight, private=False)}


def _spot(verb: str, path: str, call: Call, handle: Callable[[Talk], Any], weight: int = 1) -> _Routes:
    bucket = "spot_orders" if call in (Call.PLACE, Call.CANCEL) else "spot"
    return {(verb, f"/api/v3/{path}"): Route(call=call, handle=handle, bucket=bucket, weight=weight)}


def _contract(verb: str, path: str, call: Call, handle: Callable[[Talk], Any]) -> _Routes:
    return {(verb, f"/api/v1/private/{path}"): Route(call=call, handle=handle, bucket=f"{verb} {path}")}


ROUTES: _Routes = {
    **_open("/api/v3/ping", Call.TIME, lambda _talk: {}),
    **_open("/api/v3/time", Call.TIME, public.server_time),
    **_open("/api/v3/exchangeInfo", Call.RULES, public.exchange_info, 10),
    **_open("/api/v3/ticker/24hr", Call.TICKERS, public.tickers, 25),
    **_open("/api/v3/ticker/bookTicker", Call.TOUCH, public.touch, 10),
    **_open("/api/v3/depth", Call.DEPTH, public.depth),
    **_open("/api/v3/klines", Call.CANDLES, public.klines),
    **_open("/api/v1/contract/ping", Call.TIME, public.ping),
    **_open("/api/v1/contract/detail", Call.RULES, public.detail),
    **_open("/api/v1/contract/ticker", Call.TICKERS, public.contract_tickers),
    **_open("/api/v1/contract/fair_price/{symbol}", Call.MARKS, public.fair_price),
    **_open("/api/v1/contract/depth/{symbol}", Call.DEPTH, public.contract_depth),
    **_open("/api/v1/contract/kline/{symbol}", Call.CANDLES, public.contract_klines),
    **_open("/api/v1/contract/funding_rate/history", Call.RATES, public.funding_history),
    **_open("/api/v1/contract/funding_rate/{symbol}", Call.RATES, public.funding_rate),
    **_spot("GET", "account", Call.BALANCES, account.spot_account, 10),
    **_spot("GET", "uid", Call.KEY, account.uid),
    **_spot("POST", "order", Call.PLACE, orders.create_spot),
    **_spot("GET", "order", Call.FIND, orders.find_spot, 2),
    **_spot("DELETE", "order", Call.CANCEL, orders.cancel_spot),
    **_spot("GET", "openOrders", Call.OPEN, orders.open_spot, 3),
    **_spot("GET", "allOrders", Call.HISTORY, orders.all_spot, 10),
    **_spot("GET", "myTrades", Call.FILLS, orders.trades_spot, 10),
    **_spot("POST", "capital/transfer", Call.TRANSFER, account.transfer),
    **_spot("GET", "capital/transfer", Call.TRANSFERS, account.transfers),
    **_spot("GET", "capital/deposit/hisrec", Call.PASSED, money.deposits, 10),
    **_spot("GET", "capital/withdraw/history", Call.PASSED, money.withdrawals),
    **_spot("GET", "capital/config/getall", Call.ACCOUNT, account.coins, 10),
    **_spot("GET", "mxDeduct/enable", Call.ACCOUNT, account.deducts),
    **_spot("GET", "tradeFee", Call.ACCOUNT, account.trade_fee, 20),
    **_contract("GET", "account/assets", Call.FUTURES, account.assets),
    **_contract("GET", "account/transfer_record", Call.TRANSFERS, account.transfer_records),
    **_contract("GET", "position/open_positions", Call.POSITIONS, account.positions),
    **_contract("GET", "position/position_mode", Call.ACCOUNT, account.position_mode),
    **_contract("GET", "position/leverage", Call.ACCOUNT, account.leverage),
    **_contract("GET", "position/funding_records", Call.INCOME, money.funding),
    **_contract("POST", "position/change_leverage", Call.LEVERAGE, account.set_leverage),
    **_contract("POST", "position/change_position_mode", Call.MODE, account.set_position_mode),
    **_contract("POST", "order/create", Call.PLACE, orders.create_contract),
    **_contract("POST", "order/cancel", Call.CANCEL, orders.cancel_contract),
    **_contract("POST", "order/cancel_with_external", Call.CANCEL, orders.cancel_external),
    **_contract("GET", "order/external/{symbol}/{external_oid}", Call.FIND, orders.find_contract),
    **_contract("GET", "order/get/{order_id}", Call.FIND, orders.get_contract),
    **_contract("GET", "order/deal_details/{order_id}", Call.FILLS, orders.deal_details),
    **_contract("GET", "order/list/order_deals", Call.FILLS, orders.deals),
    **_contract("GET", "order/list/open_orders", Call.OPEN, orders.open_contracts),
    **_contract("GET", "order/list/history_orders", Call.HISTORY, orders.history_contracts),
}


#: of contracts each path has a limit of its own: twenty in two seconds, but for these
_CONTRACT_LIMITS = {"POST order/create": Limit(4, 2), "POST position/change_leverage": Limit(10, 10)}


class Mexc:
    """MEXC's dialect of the test exchange."""

    name = "mexc"
    traits = Traits(coin_discount=Decimal("0.8"), refuses_takers=False, refuses_excess=False, contracts_have_a_least_value=False)
    limits: Mapping[str, Limit] = {
        "market": Limit(1000, 10),
        "spot": Limit(500, 10),
        "spot_orders": Limit(12, 1),
        **{route.bucket: Limit(20, 2) for route in ROUTES.values() if " " in route.bucket},
        **_CONTRACT_LIMITS,
    }
    routes: Mapping[tuple[str, str], Route] = ROUTES

    def options(self, base: str) -> dict[str, Any]:
        """Return ``urls`` with every host of MEXC, in ccxt's tree; it has no test accounts."""
        tree = {
            section: {access: f"{base}/{host}.mexc.com{path}" for access, (host, path) in parts.items()} for section, parts in _TREE.items()
        }
        return {"urls": {"api": tree}}

    def key_of(self, request: Request) -> str:
        """Return the key that a request names."""
        return request.headers.get("ApiKey" if request.path.startswith(CONTRACTS) else "X-MEXC-APIKEY", "")

    def known(self, venue: Venue, request: Request) -> Account:
        """Return whose request it is: key, time, signature, right. Raises ``Refusal``."""
        found = venue.known(self.key_of(request), request.address)
        contracts = request.path.startswith(CONTRACTS)
        text, signature = _of_contract(venue, request, found) if contracts else _of_spot(venue, request)
        if not hmac.compare_digest(hmac.new(found.secret.encode(), text.encode(), hashlib.sha256).hexdigest(), signature):
            raise Refusal(Reason.SIGNATURE)
        if contracts and Right.FUTURES not in found.rights:
            raise Refusal(Reason.RIGHT)
        return found

    def refused(self, refusal: Refusal, request: Request) -> Answer:
        """Return a refusal in the words of the side that was asked."""
        headers = {} if refusal.wait_s is None else {"Retry-After": str(refusal.wait_s)}
        if request.path.startswith(CONTRACTS) and refusal.reason in refusals.CONTRACTS:
            code, text = refusals.CONTRACTS[refusal.reason]
            body = {"success": False, "code": code, "message": text.format(refusal.detail)}
            return Answer(status=404 if refusal.reason is Reason.NO_SUCH_PATH else 200, body=body, headers=headers)
        status, code, text = refusals.SPOT[refusal.reason]
        return Answer(status=status, body={"code": code, "msg": text.format(refusal.detail)}, headers=headers)

    def counted(self, bucket: str, used: int) -> Mapping[str, str]:  # noqa: ARG002 - nothing is told
        """MEXC does not count aloud."""
        return {}


def _of_spot(venue: Venue, request: Request) -> tuple[str, str]:
    """Return what a request of spot signs, and its signature. Raises ``Refusal``: its time is off."""
    sent, window = request.number("timestamp"), min(_LARGEST_WINDOW_MS, Decimal(request.whole("recvWindow", 5_000)))
    if sent >= venue.now_ms + _AHEAD_MS:
        raise Refusal(Reason.EARLY)
    if venue.now_ms - sent > window:
        raise Refusal(Reason.LATE)
    request.read.add("signature")
    text, _, signature = request.query.rpartition("&signature=")
    return text, signature


def _of_contract(venue: Venue, request: Request, found: Account) -> tuple[str, str]:
    """Return the same of a request of contracts. Raises ``Refusal``."""
    sent = request.headers.get("Request-Time", "")
    at = finite(sent)
    if at is None or abs(venue.now_ms - at) > _OFF_MS:
        raise Refusal(Reason.LATE)
    text = request.body if request.method == "POST" else request.query
    return found.key + sent + text, request.headers.get("Signature", "")


MEXC = Mexc()
