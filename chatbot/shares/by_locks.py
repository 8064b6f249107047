"""Shares that are owned by locks of the database: whoever dies loses them, and the others take them over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import structlog

from chatbot.errors import BallastError, contained
from chatbot.model import SHARES
from chatbot.shares.owned import ALL
from chatbot.shares.parts import fair_part, to_give, to_take
from chatbot.store.location import GIVEN_S
from chatbot.store.rights.session import BROKEN_OFF, SHARE_LOCKS, Lock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from chatbot.shares.owned import Shares
    from chatbot.store.rights.session import LockSession

#: seconds between two looks at who is there and who has what
LOOK_S = 1.0
#: by the number after those of the shares each worker shows that it lives
_ALIVE = Lock(kind=SHARE_LOCKS, number=SHARES, shared=True)
_LOG = structlog.get_logger()

T = TypeVar("T")


class Lost(BallastError):
    """The session is gone on which this process owned its shares: others take them over, and it must end at once."""


class ByLocks:
    """Takes shares and gives them back, on one session of the database.

    Who has taken a share begins to work for it only after the time in which whoever had it before must have found out that its session
    is lost, and has ended.
    """

    def __init__(self, session: LockSession, shares: Shares, busy: Callable[[], Awaitable[Collection[int]]]) -> None:
        """``busy`` tells for which shares a plan is under way: they are not given back."""
        self._session, self._shares, self._busy = session, shares, busy
        #: the number of the session; it answers to no other
        self._me = 0
        #: shares whose lock is ours, and since when by the loop's clock
        self._locked: dict[int, float] = {}

    async def join(self) -> None:
        """Show that there is one more worker."""
        await self._session.ask(_ALIVE)
        self._me = await self._session.number()

    async def hold(self) -> None:
        """Take and give back, until cancelled; raises :class:`Lost` at most three seconds after the session is."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._stay())
            tasks.create_task(self._share())

    async def _stay(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self._holders()

    async def _share(self) -> None:
        while True:
            await self.look()
            now = asyncio.get_running_loop().time()
            waits = [since + GIVEN_S - now for share, since in self._locked.items() if share not in self._shares.owned]
            await asyncio.sleep(max(0.0, min([LOOK_S, *waits])))

    async def look(self) -> None:
        """See who is there, and take or give back what that asks for."""
        holders = await self._holders()
        await self._begin()
        workers = len(holders[SHARES])
        if wanted := to_take(self._locked, ALL - holders.keys(), workers):
            taken = await self._answered(self._session.ask_all(SHARE_LOCKS, wanted))
            self._locked |= dict.fromkeys(taken, asyncio.get_running_loop().time())
        if len(self._locked) > fair_part(workers):
            await self._give(workers)

    async def _begin(self) -> None:
        """Work for the shares that were taken long enough ago."""
        due = asyncio.get_running_loop().time() - GIVEN_S
        new = {share for share, since in self._locked.items() if since <= due} - self._shares.owned
        if new:
            with contained("shares not prepared"):  # the next look tries again
                await self._shares.gain(new)
                _LOG.info("shares gained", shares=sorted(new), owned=len(self._shares.owned))

    async def _give(self, workers: int) -> None:
        """Give back what is beyond our part, as far as nothing is under way for its people."""
        gone: set[int] = set()
        with contained("shares not given back"):  # the next look tries again; meanwhile nobody else works for them
            gone = await self._left(workers)
        for share in gone:
            del self._locked[share]
            await self._answered(self._session.give_back(Lock(kind=SHARE_LOCKS, number=share)))
        if gone:
            _LOG.info("shares given back", shares=sorted(gone), owned=len(self._shares.owned), workers=workers)

    async def _left(self, workers: int) -> set[int]:
        """Leave shares, with everything that is known of them in this process; return them."""
        leaving = set(to_give(self._locked, await self._idle(), workers))
        self._shares.let_go(leaving)
        try:
            kept = leaving - await self._idle()  # something was begun until that moment
        except BaseException:
            self._shares.take_back(leaving)
            raise
        self._shares.take_back(kept)
        await self._shares.lose(leaving - kept)
        return leaving - kept

    async def _idle(self) -> set[int]:
        busy = await self._busy()
        return {share for share in self._locked if share not in busy and self._shares.is_idle(share)}

    async def _holders(self) -> dict[int, frozenset[int]]:
        """Return who has which lock; raises :class:`Lost` where ours are not ours any more."""
        before = set(self._locked)
        holders = await self._answered(self._session.holders(SHARE_LOCKS))
        if not all(self._me in holders.get(number, ()) for number in (SHARES, *(before & self._locked.keys()))):
            raise Lost("the session with the database is another one")
        return holders

    async def _answered(self, question: Awaitable[T]) -> T:
        try:
            return await self._session.answered(question)
        except BROKEN_OFF as trouble:
            raise Lost(f"the session with the database does not answer ({type(trouble).__name__})") from trouble
