"""How BingX is asked: its paths and their limits, the envelope of its answers, and the lists that orders and history are both read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.engine.finite import finite
from chatbot.exchanges.live.private.dialect import Call, Limit, NoAnswer, number, rows, table, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.live.private.dialect import Ask

#: ccxt's way to a part of BingX
SPOT, SWAP, MODE = "spot/v1/private", "swap/v2/private", "swap/v1/private"
BALANCES, TRANSFER, RECORDS, TIME = "swap/v3/private", "api/asset/v1/private", "api/v3/private", "swap/v2/public"
#: requests of one address to one path in 10 s: each has a counter of its own, those of contracts take more
_PER_PATH, _PER_SWAP_PATH = 100, 300
#: calls of one account a second, by path
_PATHS: Mapping[str, Mapping[str, int]] = {
    SPOT: {"account/balance": 5, "trade/order": 5, "trade/query": 10, "trade/cancel": 5, "trade/myTrades": 5},
    TRANSFER: {"transfer": 2},
    RECORDS: {"asset/transferRecord": 2},
    MODE: {"positionSide/dual": 2, "trade/assetMode": 2},
    BALANCES: {"user/balance": 5},
    TIME: {"server/time": 10},
    SWAP: {
        "user/positions": 5,
        "user/income": 5,
        "trade/order": 5,
        "trade/allOrders": 5,
        "trade/allFillOrders": 5,
        "trade/forceOrders": 10,
        "trade/leverage": 2,
        "trade/marginType": 2,
    },
}
LIMITS: Mapping[str, Limit] = {
    f"{api}/{path}": Limit(_PER_SWAP_PATH if api.startswith("swap") else _PER_PATH, 10, each_s=1 / (most - 1))
    for api, paths in _PATHS.items()
    for path, most in paths.items()
}
#: for how long a request is good, ms: what BingX takes by itself, sent with whatever changes something because ccxt leaves it out
WINDOW_MS = 5000
#: its wallets, as ccxt names them
_WALLETS = frozenset({"fund", "spot", "stdFutures", "USDTMPerp", "coinMPerp"})
#: rows of one call: trades on spot, transfers
_TRADES_MAX, _PAGE = 1000, 100
#: pages of transfers that are read at most
_PAGES = 50


def get(api: str, path: str, **params: Any) -> Call:  # noqa: ANN401 - what ccxt urlencodes
    """Return a question; those about an order under way go before the others."""
    return Call(api=api, verb="GET", path=path, params=params, pool=f"{api}/{path}", urgent=path.startswith("trade/"))


def post(api: str, path: str, *, verb: str = "POST", **params: Any) -> Call:  # noqa: ANN401 - as above
    """Return a request that changes something."""
    given = {**params, "recvWindow": WINDOW_MS}
    return Call(api=api, verb=verb, path=path, params=given, pool=f"{api}/{path}", changes=True, urgent=True)


def data_of(answer: object) -> Any:  # noqa: ANN401 - JSON
    """Return what an answer holds inside of its envelope; each has one, with the code 0. Raises ``NoAnswer``."""
    told = table(answer, "code", "data")
    if finite(told["code"]) != 0:
        raise NoAnswer(f"code {told['code']!r:.20}")
    return told["data"]


def listed(told: object) -> list[Mapping[str, Any]]:
    """Return a list of objects; BingX says null where there is nothing in it."""
    return rows([] if told is None else told)


async def trades_of(ask: Ask, market: str, since_ms: int, until_ms: int, *, perp: bool, order_id: str = "") -> list[Mapping[str, Any]]:
    """Return the trades of a market, or of one order of it, as they are told; raises ``NoAnswer`` where they may not be all."""
    named = {"orderId": order_id} if order_id else {}
    if perp:
        window = {"startTs": since_ms, "endTs": until_ms, "tradingUnit": "COIN"}
        told = data_of(await ask(get(SWAP, "trade/allFillOrders", symbol=market, **named, **window)))
        return listed(table(told, "fill_orders")["fill_orders"])
    window = {"startTime": since_ms, "endTime": until_ms, "limit": _TRADES_MAX}
    found = listed(table(data_of(await ask(get(SPOT, "trade/myTrades", symbol=market, **named, **window))), "fills")["fills"])
    if len(found) >= _TRADES_MAX:
        raise NoAnswer(f"{len(found)} trades of {market}, and there may be more")
    return list({text(row, "id"): row for row in found}.values())


def _wallet_in(row: Mapping[str, Any], name: str) -> str:
    """Return the wallet that a transfer left, or came to: one that BingX does not have says nothing of where the money is."""
    told = text(row, name)
    if told not in _WALLETS:
        raise NoAnswer(f"no wallet: {told[:40]!r}")
    return told


async def transfers_of(ask: Ask, source: str, target: str, since_ms: int, until_ms: int) -> list[Mapping[str, Any]]:
    """Return the transfers from one wallet to another, as they are told, each once; these answers have no envelope."""
    way = {"fromAccount": source, "toAccount": target, "startTime": since_ms, "endTime": until_ms, "pageSize": _PAGE}
    found: dict[str, Mapping[str, Any]] = {}
    for page in range(1, _PAGES + 1):
        answer = table(await ask(get(RECORDS, "asset/transferRecord", **way, pageIndex=page)), "total")
        told = listed(answer.get("rows"))
        if not told and number(answer, "total"):
            raise NoAnswer(f"none of {answer['total']!r:.20} transfers")
        found |= {text(row, "transferId"): row for row in told}
        if len(told) < _PAGE:
            return [row for row in found.values() if (_wallet_in(row, "fromAccount"), _wallet_in(row, "toAccount")) == (source, target)]
    raise NoAnswer(f"more than {_PAGES} pages of transfers")
