"""The test exchange beside the demo: prices of the demo's own market, one account with play money, and a key to it."""

from __future__ import annotations

import importlib
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.live.venues import has_passphrase
from chatbot.exchanges.testserver.prices import SourceFeed
from chatbot.exchanges.testserver.server import Server
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource

#: what seals the key below: both are known to everybody, and open an account of play money on this machine only
_MASTER_KEY = "ZGVtbyBvZiBCYWxsYXN0OiBub3RoaW5nIHNlY3JldCE"
_API_KEY = "DemoAccountOfBallastOnThisMachine0001"
_SECRET = "ThisSecretIsKnownToEverybody0123456789"  # noqa: S105 - it says so
_PASSPHRASE = "KnownToEverybody01"  # noqa: S105 - as above
_MONEY: Mapping[str, Decimal] = {"USDT": Decimal(6000), "BTC": Decimal("0.04"), "ETH": Decimal("0.5")}


@dataclass(frozen=True, slots=True)
class RunningExchange:
    """A test exchange that listens."""

    server: Server
    clock: Clock
    #: what the demo seals keys with
    master_key: str = _MASTER_KEY

    @property
    def key(self) -> str:
        """Return all parts of the key to the account, as a person sends them."""
        third = [_PASSPHRASE] if has_passphrase(self.server.dialect.name) else []
        return "\n".join((_API_KEY, _SECRET, *third))

    @property
    def options(self) -> dict[str, Any]:
        """Return what CHATBOT_EXCHANGE_OPTIONS holds for it."""
        return self.server.options()

    async def follow(self, source: PriceSource) -> None:
        """Take prices from the demo's market and open the account, which starts over with every start."""
        await self.server.follow(SourceFeed(source, self.clock))
        self.server.venue.open_account(_API_KEY, _SECRET, _MONEY).passphrase = _PASSPHRASE


@asynccontextmanager
async def running(name: str, clock: Clock) -> AsyncIterator[RunningExchange]:
    """Let a test exchange run on a free port of this machine; it speaks like the exchange of that ``name``."""
    dialect = getattr(importlib.import_module(f"chatbot.exchanges.testserver.dialects.{name}.speech"), name.upper())
    server = Server(dialect, clock)
    await server.open()
    try:
        yield RunningExchange(server, clock)
    finally:
        await server.close()
