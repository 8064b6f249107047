"""A test exchange with one account, and the real ccxt client of that account at its door."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self

from chatbot.clock import ManualClock
from chatbot.exchanges.live.ccxt_loader import error_classes
from chatbot.exchanges.live.connection import Connection
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.harshness import KIND, Harshness
from chatbot.exchanges.testserver.server import Server

NOW = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
KEY, SECRET = "key-of-a-test", "secret-of-a-test"
SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
errors = error_classes()


class Desk:
    """One server, one account, one client; the client tells the time of the server's clock."""

    def __init__(self, harshness: Harshness | None = None, *, dialect: Any = BINANCE, **settings: Any) -> None:
        self.clock = ManualClock(NOW)
        self.server = Server(dialect, self.clock, harshness=harshness or KIND, **settings)
        self.venue = self.server.venue
        self.account = self.venue.open_account(KEY, SECRET, {"USDT": Decimal(10_000), "BTC": Decimal("0.1")}, Decimal(5_000))
        self.options: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        given = {"apiKey": KEY, "secret": SECRET, "enableRateLimit": False, "timeout_on_exit": 0, **self.server.options(), **self.options}
        self.connection = Connection(self.server.dialect.name, given, self._prepared)
        self.ccxt = await self.connection.open()
        return self

    def _prepared(self, made: Any) -> None:
        made.milliseconds = lambda: int(self.clock.now().timestamp() * 1000)
        made.options["warnOnFetchOpenOrdersWithoutSymbol"] = False

    async def __aexit__(self, *error: object) -> None:
        await self.connection.close()
        await self.server.__aexit__(*error)

    async def order(self, symbol: str, side: str, qty: float, price: float | None = None, **params: Any) -> dict[str, Any]:
        """Place an order through ccxt."""
        kind = "market" if price is None else "limit"
        made: dict[str, Any] = await self.ccxt.create_order(symbol, kind, side, qty, price, params)
        return made

    async def find(self, symbol: str, client_id: str) -> dict[str, Any]:
        """Look an order up by its client id."""
        found: dict[str, Any] = await self.ccxt.fetch_order(None, symbol, {"origClientOrderId": client_id})
        return found
