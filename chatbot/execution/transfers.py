"""Transfers between the wallets as the journal holds them, for an exchange that has no id of ours for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.exchanges.base import Direction, SentTransfer
from chatbot.model import OrderState
from chatbot.store import orders, portfolios

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.store.database import Database
    from chatbot.store.orders import Attempt


class WrittenTransfers:
    """The transfers of one portfolio."""

    def __init__(self, db: Database, portfolio_id: int) -> None:
        self._db = db
        self._portfolio_id = portfolio_id

    async def sent(self, client_id: str) -> SentTransfer | None:
        """Return a transfer by our id; None: it was never written down."""
        return next((_sent(one) for one in await self._all() if one.client_id == client_id), None)

    async def done(self) -> dict[str, SentTransfer]:
        """Return those that were done, by our id."""
        return {one.client_id: _sent(one) for one in await self._all() if one.state == OrderState.FILLED}

    async def claim(self, client_id: str, exchange_id: str) -> None:
        """Write down which transfer at the exchange is the one with our id."""
        async with self._db.transaction() as tx:
            await orders.note_exchange_id(tx, client_id, exchange_id)

    async def claimed(self) -> dict[str, str]:
        """Return our ids by the exchange's."""
        return {one.exchange_id: one.client_id for one in await self._all() if one.exchange_id}

    async def brought(self) -> Decimal:
        """Return what counts as moved to futures for positions that were there already, quote."""
        async with self._db.read() as tx:
            return await portfolios.brought(tx, self._portfolio_id)

    async def bring(self, amount: Decimal) -> None:
        """Write down how much that is."""
        async with self._db.transaction() as tx:
            await portfolios.bring(tx, self._portfolio_id, amount)

    async def _all(self) -> tuple[Attempt, ...]:
        async with self._db.read() as tx:
            return await orders.transfers(tx, self._portfolio_id)


def _sent(attempt: Attempt) -> SentTransfer:
    return SentTransfer(direction=Direction(attempt.side), amount=attempt.qty, at=attempt.sent_at)
