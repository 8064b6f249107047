"""Binance at the end of ccxt's session: what it was really sent, answered from a table, without a socket."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit

from chatbot.clock import ManualClock
from chatbot.exchanges.base import OrderRequest, Side
from chatbot.exchanges.live.private.opening import Accounts
from chatbot.exchanges.markets.markettime import to_ms
from chatbot.model import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.exchanges.base import SentTransfer
    from chatbot.exchanges.live.private.account import LiveAccount

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = Credentials(api_key="the-api-key-of-somebody", secret="the-secret-of-somebody")
TAG = "t7"
#: base coin -> spot tick, spot lot, contract tick, contract lot
RULES = {"BTC": ("0.01", "0.00001", "0.1", "0.001"), "ETH": ("0.01", "0.0001", "0.01", "0.001"), "LDO": ("0.0001", "0.01", "0.0001", "1")}


@dataclass
class Request:
    """One request as it went out."""

    verb: str
    url: str
    headers: dict[str, str]
    params: dict[str, str]

    @property
    def host(self) -> str:
        """Where it went."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """What it asked for."""
        return urlsplit(self.url).path


@dataclass
class Answer:
    """One answer, or what breaks instead of it."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    broken: BaseException | None = None
    reason: str = ""

    async def __aenter__(self) -> Self:
        if self.broken is not None:
            raise self.broken
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def text(self, **_: object) -> str:
        """Return the body as it came."""
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


class Wire:
    """Stands in for the session of ccxt: ``routes`` by "VERB /path", each a value or a function of the parameters."""

    #: those that ccxt adds to each request
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.sent: list[Request] = []
        self.routes: dict[str, Any] = _routes(self)
        #: (part of "VERB /path", answer), each used once
        self.faults: list[tuple[str, Answer]] = []

    def __getattr__(self, name: str) -> Any:
        if name not in ("get", "post", "put", "delete"):
            raise AttributeError(name)
        return partial(self._called, name.upper())

    async def close(self) -> None:
        """Close nothing."""
        return

    def attach(self, made: Any) -> None:
        """Put this in the place of a ccxt object's session."""
        made.session, made.own_session, made.timeout_on_exit = self, False, 0
        made.ssl_context = False  # reading the machine's certificates takes most of the time of a short test
        made.enableRateLimit = False  # nobody is on the other side; what is asked of a real one is counted elsewhere

    def fail(self, part: str, body: Any = "", status: int = 200, *, broken: BaseException | None = None, **headers: str) -> None:
        """Let the next request whose verb and path contain ``part`` end like this."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append((part, Answer(body, status, named, broken)))

    def of(self, path: str, verb: str = "") -> list[Request]:
        """Return what was sent to a path."""
        return [one for one in self.sent if one.path == path and verb in ("", one.verb)]

    def _called(self, verb: str, url: Any, *, data: bytes | None = None, headers: Any = None, **rest: Any) -> Answer:
        if urlsplit(str(url)).path.rpartition("/")[2] in ("order", "transfer", "account"):
            assert rest.get("allow_redirects") is False
        text = (data or b"").decode() or urlsplit(str(url)).query
        request = Request(verb, str(url), dict(headers or {}), dict(parse_qsl(text)))
        self.sent.append(request)
        name = f"{verb} {request.path}"
        for fault in self.faults:
            if fault[0] in name:
                self.faults.remove(fault)
                return fault[1]
        route = self.routes.get(name)
        if route is None:
            return Answer({"code": -1102, "msg": f"no route {name}"}, 404)
        found = route(request.params) if callable(route) else route
        return found if isinstance(found, Answer) else Answer(found)


def refused(code: int, msg: str = "", status: int = 400) -> dict[str, Any]:
    """Return what ``Wire.fail`` takes for a refusal."""
    return {"body": {"code": code, "msg": msg}, "status": status}


def spot_order(params: dict[str, str], *, status: str = "NEW", filled: str = "0", **more: Any) -> dict[str, Any]:
    """Return a spot order as Binance tells it."""
    return {
        "symbol": params["symbol"],
        "orderId": 28,
        "orderListId": -1,
        "clientOrderId": params.get("newClientOrderId") or params.get("origClientOrderId"),
        "price": params.get("price", "42000.00"),
        "origQty": params.get("quantity", "0.01000000"),
        "executedQty": filled,
        "cummulativeQuoteQty": "0",
        "status": status,
        "timeInForce": params.get("timeInForce", "GTC"),
        "type": params.get("type", "LIMIT"),
        "side": params.get("side", "BUY"),
        **more,
    }


def perp_order(params: dict[str, str], **told: Any) -> dict[str, Any]:
    """Return a contract's order as Binance tells it."""
    reduces = params.get("reduceOnly") == "true"
    return {**spot_order(params, **told), "avgPrice": "0", "reduceOnly": reduces, "positionSide": "BOTH", "updateTime": 1}


def position(market: str = "BTCUSDT", qty: str = "0.05", **changed: Any) -> dict[str, Any]:
    """Return a row of fapi/v3/positionRisk."""
    return {
        "symbol": market,
        "positionSide": "BOTH",
        "positionAmt": qty,
        "entryPrice": "41000.0",
        "markPrice": "42000.0",
        "unRealizedProfit": "50",
        "liquidationPrice": "21000.5",
        "notional": "2100.0",
        "positionInitialMargin": "420.00000001",
        "initialMargin": "420",
        "updateTime": 1,
        **changed,
    }


def _info(spot: bool) -> dict[str, Any]:
    rows = []
    for base, steps in RULES.items():
        tick, lot = steps[:2] if spot else steps[2:]
        rows.append(
            {
                "symbol": f"{base}USDT",
                "status": "TRADING",
                "baseAsset": base,
                "quoteAsset": "USDT",
                "baseAssetPrecision": 8,
                "quotePrecision": 8,
                "quoteAssetPrecision": 8,
                "pricePrecision": 2,
                "quantityPrecision": 3,
                "isSpotTradingAllowed": True,
                "permissionSets": [["SPOT"]],
                "filters": [
                    {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000", "tickSize": tick},
                    {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000", "stepSize": lot},
                    {"filterType": "NOTIONAL" if spot else "MIN_NOTIONAL", "minNotional": "5", "notional": "100"},
                ],
                **({} if spot else {"contractType": "PERPETUAL", "marginAsset": "USDT", "deliveryDate": 4133404800000, "onboardDate": 1}),
            }
        )
    return {"symbols": rows, "rateLimits": [], "serverTime": to_ms(NOW)}


def futures_account(**changed: Any) -> dict[str, Any]:
    """Return fapi/v3/account of one whose position has gained 42."""
    usdt = {"asset": "USDT", "walletBalance": "3000.5", "unrealizedProfit": "42", "marginBalance": "3042.5", "availableBalance": "2500"}
    told = {"totalWalletBalance": "3000.5", "totalMarginBalance": "3042.5", "totalPositionInitialMargin": "0", "assets": [usdt]}
    return {**told, "positions": [], **changed}


def _routes(wire: Wire) -> dict[str, Any]:
    moved: list[dict[str, Any]] = []

    def move(params: dict[str, str]) -> dict[str, Any]:
        moved.insert(0, {"status": "CONFIRMED", **params, "tranId": len(moved) + 1, "timestamp": to_ms(wire.clock.now())})
        return {"tranId": len(moved)}

    def history(params: dict[str, str]) -> dict[str, Any]:
        within = [row for row in moved if int(params["startTime"]) <= row["timestamp"] <= int(params["endTime"])]
        found = [row for row in within if row["type"] == params["type"]]
        return {"total": len(found), "rows": found} if found else {"total": 0}

    coins = {"USDT": ("5000", "0"), "BTC": ("0.05", "0"), "ETH": ("1.2", "0.3"), "LDO": ("7", "0"), "LDBTC": ("2", "0"), "BNB": ("0", "0")}
    return {
        "GET /api/v3/time": lambda _: {"serverTime": to_ms(wire.clock.now())},
        "GET /api/v3/exchangeInfo": _info(spot=True),
        "GET /fapi/v1/exchangeInfo": _info(spot=False),
        "GET /api/v3/account": {"balances": [{"asset": coin, "free": free, "locked": held} for coin, (free, held) in coins.items()]},
        "GET /fapi/v3/account": futures_account(),
        "GET /fapi/v3/positionRisk": [],
        "GET /fapi/v1/positionSide/dual": {"dualSidePosition": False},
        "GET /fapi/v1/multiAssetsMargin": {"multiAssetsMargin": False},
        "POST /api/v3/order": lambda params: spot_order(params, fills=[]),
        "POST /fapi/v1/order": perp_order,
        "GET /api/v3/order": Answer({"code": -2013, "msg": "Order does not exist."}, 400),
        "GET /fapi/v1/order": Answer({"code": -2013, "msg": "Order does not exist."}, 400),
        "DELETE /api/v3/order": Answer({"code": -2011, "msg": "Unknown order sent."}, 400),
        "DELETE /fapi/v1/order": Answer({"code": -2011, "msg": "Unknown order sent."}, 400),
        "POST /fapi/v1/marginType": Answer({"code": -4046, "msg": "No need to change margin type."}, 400),
        "POST /fapi/v1/leverage": lambda params: {"leverage": int(params["leverage"]), "symbol": params["symbol"]},
        "POST /sapi/v1/asset/transfer": move,
        "GET /sapi/v1/asset/transfer": history,
    }


class Written(dict[str, "SentTransfer"]):
    """A journal of transfers, all of them done as soon as they are in it."""

    async def sent(self, client_id: str) -> SentTransfer | None:
        """Return one by our id."""
        return self.get(client_id)

    def __init__(self) -> None:
        super().__init__()
        #: the exchange's id -> ours
        self.claims: dict[str, str] = {}
        self.positions_brought = Decimal(0)

    async def done(self) -> dict[str, SentTransfer]:
        """Return them all."""
        return dict(self)

    async def claim(self, client_id: str, exchange_id: str) -> None:
        """Remember whose a transfer is."""
        self.claims[exchange_id] = client_id

    async def claimed(self) -> dict[str, str]:
        """Return whose each is."""
        return dict(self.claims)

    async def brought(self) -> Decimal:
        """Return what positions brought with them."""
        return self.positions_brought

    async def bring(self, amount: Decimal) -> None:
        """Remember it."""
        self.positions_brought = amount


@dataclass
class Desk:
    """An account and the wire that it stands on."""

    clock: ManualClock
    wire: Wire
    accounts: Accounts
    account: LiveAccount
    journal: Written


def desk(*, watch: bool = False, exchange: str = "binance", options: Any = None, prepare: Callable[[Any], object] | None = None) -> Desk:
    """Return an account at Binance on a wire of its own."""
    clock = ManualClock(NOW)
    wire = Wire(clock)
    accounts = Accounts(clock, {"binance": options or {}}, prepare=prepare or wire.attach)
    journal = Written()
    account = accounts.account(exchange, KEYS, tag=TAG, journal=journal, watch=watch)
    return Desk(clock, wire, accounts, account, journal)


def request(instrument: str = "BTC", side: Side = Side.BUY, qty: str = "0.01", limit: str = "42000", **flags: bool) -> OrderRequest:
    """Return an order of ours."""
    return OrderRequest(client_id="b1-0-1", instrument=instrument, side=side, qty=Decimal(qty), limit=Decimal(limit), **flags)
