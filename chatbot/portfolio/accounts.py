"""One exchange object per portfolio, with its paper or typed-in account kept in the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from weakref import WeakValueDictionary

from chatbot.errors import InternalError, KeyRefused, OtherWorld
from chatbot.model import Mode
from chatbot.store import portfolios

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from chatbot.exchanges.abilities import Also
    from chatbot.exchanges.base import Exchange
    from chatbot.model import Portfolio
    from chatbot.store.database import Database

#: accounts of ours that are kept open: those that were asked for last. Each takes some 6 kB, and reading one again a tenth of a look
KEPT = 1_000


#: writes an account, and in the same transaction what belongs to the change
SaveBody: TypeAlias = "Callable[[dict[str, Any], Also | None], Awaitable[None]]"


#: opens the account of a portfolio at its exchange; raises ``KeyRefused`` where its key is gone
OpenReal: TypeAlias = "Callable[[Portfolio], Awaitable[Exchange]]"


class OpenExchange(Protocol):
    """Makes the exchange object of a portfolio from its saved account."""

    def __call__(self, portfolio: Portfolio, account: dict[str, Any], save: SaveBody) -> Exchange:
        """Return an exchange that calls ``save`` with its new account before it lets a change be seen."""
        ...


class OpenAccounts:
    """Hands out exchanges; whoever asks while another still has one gets the same object, so that its lock protects the account.

    Accounts of ours are saved before a change counts, so those that nobody uses are let go and read again.
    """

    def __init__(self, db: Database, open_exchange: OpenExchange, is_here: Callable[[Portfolio], bool], open_real: OpenReal) -> None:
        """``open_real`` opens the account at an exchange that a portfolio with real money stands on."""
        self._db = db
        self._open_exchange = open_exchange
        self._open_real = open_real
        #: whether a portfolio belongs to the markets that this program runs on; others are not opened
        self._is_here = is_here
        self._elsewhere: dict[int, str] = {}
        #: accounts at exchanges, which have connections of their own, and accounts of ours, those that were asked for last at the end
        self._real: dict[int, Exchange] = {}
        self._open: dict[int, Exchange] = {}
        #: those that are not kept and that somebody still uses
        self._used: WeakValueDictionary[int, Exchange] = WeakValueDictionary()
        #: why the account of a portfolio cannot be opened: its key is gone
        self._shut: dict[int, KeyRefused] = {}
        self._lock = asyncio.Lock()
        self._tell: list[tuple[Callable[[int], None], Callable[[int], None]]] = []
        #: how often each account of ours was saved
        self._saves: Counter[int] = Counter()

    def on_change(self, changed: Callable[[int], None], moved: Callable[[int], None]) -> None:
        """Have one of these called with the portfolio's id whenever its account was saved: ``moved`` where nothing else was with it."""
        self._tell.append((changed, moved))

    def saves(self, portfolio_id: int) -> int:
        """Return how often an account of ours was saved by this process: who read it since the last time knows it as it is."""
        return self._saves[portfolio_id]

    async def exchange(self, portfolio_id: int) -> Exchange:
        """Return the exchange of a portfolio; never call one of its methods inside a transaction.

        Raises :class:`OtherWorld` for a portfolio that was opened on another market: made-up prices never move real amounts, and those
        of one exchange never those of another.
        """
        if self._known(portfolio_id) is None:
            await self.load((portfolio_id,))
        if portfolio_id in self._elsewhere:
            raise OtherWorld(self._elsewhere[portfolio_id])
        if portfolio_id in self._shut:
            raise self._shut[portfolio_id]
        found = self._known(portfolio_id)
        if found is None:
            raise InternalError(f"portfolio {portfolio_id} has no account")
        return found

    def _known(self, portfolio_id: int) -> Exchange | None:
        """Return an exchange that is open, and keep it for some time again; None where it has to be opened."""
        if portfolio_id in self._real:
            return self._real[portfolio_id]
        found = self._open.pop(portfolio_id, None) or self._used.get(portfolio_id)
        if found is not None:
            self._keep(portfolio_id, found)
        return found

    def _keep(self, portfolio_id: int, exchange: Exchange) -> None:
        self._open[portfolio_id] = exchange
        while len(self._open) > KEPT:
            oldest = next(iter(self._open))
            self._used[oldest] = self._open.pop(oldest)

    async def load(self, ids: Collection[int]) -> None:
        """Open the exchanges of many portfolios with two questions to the database; who has no account is left out."""
        async with self._lock:
            wanted = [portfolio_id for portfolio_id in ids if self._known(portfolio_id) is None]
            if not wanted:
                return
            async with self._db.read() as tx:
                found = await portfolios.many(tx, wanted)
                accounts = await portfolios.accounts_of(tx, wanted)
            strangers = {portfolio_id: portfolio.exchange for portfolio_id, portfolio in found.items() if not self._is_here(portfolio)}
            self._elsewhere |= strangers
            real = {one for one, portfolio in found.items() if portfolio.mode is Mode.LIVE} - strangers.keys()
            for portfolio_id in sorted(real):
                await self._open_at_exchange(found[portfolio_id])
            for portfolio_id in (found.keys() & accounts.keys()) - strangers.keys() - real:
                self._keep(portfolio_id, self._open_exchange(found[portfolio_id], accounts[portfolio_id], self._saving(portfolio_id)))
                await asyncio.sleep(0)

    async def _open_at_exchange(self, portfolio: Portfolio) -> None:
        self._shut.pop(portfolio.id, None)
        try:
            self._real[portfolio.id] = await self._open_real(portfolio)
        except KeyRefused as refused:
            self._shut[portfolio.id] = refused

    def forget(self, portfolio_id: int) -> None:
        """Open the account of a portfolio again when it is next asked for: what may be done with it has changed."""
        for known in (self._real, self._open, self._used):
            known.pop(portfolio_id, None)

    async def leave(self, ids: Collection[int]) -> None:
        """Forget everything about these portfolios: another process has them from now on, and changes them."""
        for portfolio_id in ids:
            real = self._real.get(portfolio_id)
            self.forget(portfolio_id)
            self._elsewhere.pop(portfolio_id, None)
            self._shut.pop(portfolio_id, None)
            if real is not None:
                await real.close()

    def _saving(self, portfolio_id: int) -> SaveBody:
        async def save(state: dict[str, Any], also: Also | None) -> None:
            async with self._db.transaction() as tx:
                await portfolios.save_account(tx, portfolio_id, state)
                if also is not None:
                    await also(tx)
            self._saves[portfolio_id] += 1
            for changed, moved in self._tell:
                (moved if also is None else changed)(portfolio_id)

        return save

    async def close(self) -> None:
        """Close every exchange that was handed out."""
        for exchange in (*self._real.values(), *self._open.values()):
            await exchange.close()
        self._real.clear()
        self._open.clear()
