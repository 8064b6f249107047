"""Updates that another process wrote down, taken by whoever owns their people: in their order, once, and none of a share given away."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

import structlog

from chatbot.errors import SealBroken, contained
from chatbot.model import share_of
from chatbot.store import events
from handlers.transport import shape
from handlers.transport.letterbox import CHANNEL
from handlers.transport.updates import is_tried_again, read, waited_for

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from telegram import Bot, Update

    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database
    from handlers.transport.line import TelegramLine
    from handlers.transport.updates import GiveUp

    #: opens what was typed and may be a key, by its seal and the number of its update
    Typed: TypeAlias = Callable[[str, int], str]

log = structlog.get_logger()

#: seconds between two looks, should nobody have said that something came
_LOOK_S: Final = 0.25
#: updates that are read at once, and those that are in memory at most
_TOGETHER, _MOST = 500, 5000
#: seconds until a broken connection is made again on which it is said that something came
_LISTEN_AGAIN_S = 1.0


class Inbox:
    """Puts the updates of a process's own people into its queue; new ones, and first what somebody has left unfinished."""

    def __init__(self, db: Database, line: TelegramLine, bot: Bot, shares: Shares, typed: Typed, give_up: GiveUp) -> None:
        self._db, self._line, self._bot, self._shares, self._typed, self._give_up = db, line, bot, shares, typed, give_up
        #: shares of which it is not known yet what was left
        self._new = set(shares.owned)
        #: shares in which suspects are being tried: what came after them waits
        self._suspected: set[int] = set()
        self._news = asyncio.Event()
        shares.on_gain(self._gain)
        shares.on_loss(self._lose)

    async def run(self) -> NoReturn:
        """Take what comes, until cancelled."""
        with contained("updates of no share not looked at"):
            await self._give_shares()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            while True:
                with contained("updates not taken"):
                    await self._take_up(tasks)
                    while await self._take() == _TOGETHER:
                        pass
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_S):
                        await self._news.wait()
                self._news.clear()

    async def _gain(self, shares: frozenset[int]) -> None:
        self._new |= shares

    async def _lose(self, shares: frozenset[int]) -> None:
        """Leave what was not begun to whoever has these people now; no process was killed by it."""
        self._new -= shares
        async with self._db.transaction() as tx:
            left = await events.unfinished_updates(tx, shares=shares)
            await events.count_tries(tx, [one.id for one in left if one.tries == 1], 0)

    async def _listen(self) -> NoReturn:
        while True:
            with contained("it is not heard when updates come"):
                await self._db.listen(CHANNEL, self._hear)
            await asyncio.sleep(_LISTEN_AGAIN_S)

    def _hear(self, word: str) -> None:
        """Look at once where something came for one of our shares; an empty word says that something may have been missed."""
        if not word or any(share in self._shares.owned for share in map(int, word.split())):
            self._news.set()

    async def _take(self) -> int:
        """Queue what came since, and return how many updates that were."""
        ours, taken = self._shares.owned - self._new - self._suspected, self._line.taken.numbers
        if not ours or len(taken) > _MOST:
            return 0
        async with self._db.read() as tx:
            found = await events.unfinished_updates(tx, shares=ours, but=taken, most=_TOGETHER)
        for one in found:
            await self._queue(one)
        return len(found)

    async def _take_up(self, tasks: asyncio.TaskGroup) -> None:
        """Queue what was left in shares that are ours now, as :func:`updates.restore` does for everybody."""
        gained = self._shares.owned & self._new
        if not gained:
            return
        async with self._db.transaction() as tx:
            left = await events.unfinished_updates(tx, shares=gained, but=self._line.taken.numbers)
            await events.count_tries(tx, [one.id for one in left if not one.tries], 1)
        suspects = [one for one in left if one.tries]
        self._suspected |= {one.share for one in suspects if one.share is not None}
        self._new -= gained
        for one in left:
            if not one.tries:
                await self._queue(one)
        if suspects:
            tasks.create_task(self._try(suspects))

    async def _try(self, suspects: Collection[events.Update]) -> None:
        """Handle what may have killed two processes, one after the other and alone in its share."""
        try:
            for one in suspects:
                with contained("an update that may have killed a process is not tried", update_id=one.id):
                    if one.share in self._shares.owned and (update := await read(self._db, one.id, one.body, self._bot)) is not None:
                        await self._try_one(one, update)
        finally:
            self._suspected -= {one.share for one in suspects if one.share is not None}
            self._news.set()

    async def _try_one(self, one: events.Update, update: Update) -> None:
        if await is_tried_again(self._db, update, one.tries, self._give_up):
            await self._put(one, update)
            await waited_for(one.id, self._line.taken.wait(one.id))

    async def _queue(self, one: events.Update) -> None:
        update = await read(self._db, one.id, one.body, self._bot)
        if update is not None:
            await self._put(one, update)

    async def _put(self, one: events.Update, update: Update) -> None:
        if one.sealed is not None:
            try:
                self._line.whispers.note(one.id, self._typed(one.sealed, one.id))
            except SealBroken as broken:  # what was typed is asked for again, as where nothing was kept
                log.warning("what may be a key cannot be read", update_id=one.id, why=str(broken))
        self._line.taken.take(one.id)
        await asyncio.Queue.put(self._line.updates, update)

    async def _give_shares(self) -> None:
        """Find out whose those updates are that were written down before there were shares."""
        async with self._db.transaction() as tx:
            for one in await events.unfinished_updates(tx):
                if one.share is None:
                    await events.put_share(tx, one.id, share_of(_whose(one.body)))


def _whose(body: str) -> int:
    """Return whom a stored update is from; one that cannot be read is anybody's, who then sets it aside."""
    try:
        return shape.whose(json.loads(body)) or 0
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return 0
