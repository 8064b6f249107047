"""A test exchange with one account, and the real ccxt client of that account at its door."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self

from chatbot.clock import ManualClock
from chatbot.exchanges.live.ccxt_loader import error_classes, exchange_class
from chatbot.exchanges.live.connection import Connection
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.harshness import KIND, Harshness
from chatbot.exchanges.testserver.server import Server
from chatbot.exchanges.testserver.words import Call
from tests.exchanges.testserver.silence import PATIENCE_S, made_hopeless

NOW = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
KEY, SECRET = "key-of-a-test", "secret-of-a-test"
SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
errors = error_classes()
#: what ccxt knows of the markets once it has read them, by exchange: reading them takes most of the time of a short test
_READ: dict[str, dict[str, Any]] = {}
_NAMES = ("markets", "markets_by_id", "symbols", "ids", "currencies", "currencies_by_id", "codes")


class Desk:
    """One server, one account, one client, which tells the time of the server's clock; a bare one without our guard around it."""

    def __init__(self, harshness: Harshness | None = None, *, dialect: Any = BINANCE, bare: bool = False, **settings: Any) -> None:
        self.bare = bare
        self.clock = ManualClock(NOW)
        self.server = Server(dialect, self.clock, harshness=harshness or KIND, **settings)
        self.venue = self.server.venue
        self.account = self.venue.open_account(KEY, SECRET, {"USDT": Decimal(10_000), "BTC": Decimal("0.1")}, Decimal(5_000))
        self.options: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        made_hopeless(self.server)
        given = {
            "apiKey": KEY,
            "secret": SECRET,
            "password": "passphrase",
            "enableRateLimit": False,
            "timeout": PATIENCE_S * 1000,
            "timeout_on_exit": 0,
            **self.server.options(),
            **self.options,
        }
        self.connection = Connection(self.server.dialect.name, given, self._prepared)
        if self.bare:
            self.ccxt = exchange_class(self.server.dialect.name)(given)
            self._prepared(self.ccxt)
        else:
            self.ccxt = await self.connection.open()
        await self._markets_read()
        return self

    async def _markets_read(self) -> None:
        read = _READ.get(self.server.dialect.name)
        if read is None:
            await self.ccxt.load_markets()
            read = _READ[self.server.dialect.name] = {name: getattr(self.ccxt, name) for name in _NAMES}
        vars(self.ccxt).update(read)
        self.server.log.clear()

    def _prepared(self, made: Any) -> None:
        made.milliseconds = lambda: int(self.clock.now().timestamp() * 1000)
        made.options["warnOnFetchOpenOrdersWithoutSymbol"] = False

    async def __aexit__(self, *error: object) -> None:
        await self.connection.close()
        await self.ccxt.close()
        await self.server.__aexit__(*error)

    async def order(self, symbol: str, side: str, qty: float, price: float | None = None, **params: Any) -> dict[str, Any]:
        """Place an order through ccxt."""
        kind = "market" if price is None else "limit"
        made: dict[str, Any] = await self.ccxt.create_order(symbol, kind, side, qty, price, params)
        return made

    async def order_under(self, fault: str, symbol: str) -> dict[str, Any]:
        """Place an order whose request meets a fault."""
        self.server.faults.add(call=Call.PLACE, fault=fault)
        return await self.order(symbol, "buy", 0.002, 59_000, clientOrderId=fault)

    async def find(self, symbol: str, client_id: str) -> dict[str, Any]:
        """Look an order up by its client id."""
        found: dict[str, Any] = await self.ccxt.fetch_order(None, symbol, {"origClientOrderId": client_id})
        return found
