"""One exchange object per portfolio, with its paper or typed-in account kept in the database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from chatbot.errors import InternalError
from chatbot.store import portfolios

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chatbot.exchanges.base import Exchange
    from chatbot.model import Portfolio
    from chatbot.store.database import Database


class OpenExchange(Protocol):
    """Makes the exchange object of a portfolio from its saved account."""

    def __call__(self, portfolio: Portfolio, account: dict[str, Any], save: Callable[[dict[str, Any]], Awaitable[None]]) -> Exchange:
        """Return an exchange that calls ``save`` with its new account before it lets a change be seen."""
        ...


class Desk:
    """Hands out exchanges; asking twice gives the same object, so that its lock protects the account."""

    def __init__(self, db: Database, open_exchange: OpenExchange) -> None:
        self._db = db
        self._open_exchange = open_exchange
        self._open: dict[int, Exchange] = {}
        self._lock = asyncio.Lock()
        self._tell: list[Callable[[int], None]] = []

    def on_change(self, tell: Callable[[int], None]) -> None:
        """Have ``tell`` called with the portfolio's id whenever its account has changed."""
        self._tell.append(tell)

    async def exchange(self, portfolio_id: int) -> Exchange:
        """Return the exchange of a portfolio; never call one of its methods inside a transaction."""
        async with self._lock:
            if portfolio_id not in self._open:
                self._open[portfolio_id] = await self._load(portfolio_id)
            return self._open[portfolio_id]

    async def _load(self, portfolio_id: int) -> Exchange:
        async with self._db.read() as tx:
            portfolio = await portfolios.get(tx, portfolio_id)
            account = await portfolios.account(tx, portfolio_id)
        if portfolio is None or account is None:
            raise InternalError(f"portfolio {portfolio_id} has no account")

        async def save(state: dict[str, Any]) -> None:
            async with self._db.transaction() as tx:
                await portfolios.save_account(tx, portfolio_id, state)
            for tell in self._tell:
                tell(portfolio_id)

        return self._open_exchange(portfolio, account, save)

    async def close(self) -> None:
        """Close every exchange that was handed out."""
        for exchange in self._open.values():
            await exchange.close()
        self._open.clear()
