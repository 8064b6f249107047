"""Updates on their way in: written down before Telegram may forget them, handled in order within a chat, several chats at a time."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakValueDictionary

import structlog
from telegram import Update
from telegram.ext import BaseUpdateProcessor

from chatbot.clock import SystemClock
from chatbot.monitor.precedence import Precedence
from chatbot.shares.owned import Shares
from chatbot.store import events, messages
from handlers.chat.typed_keys import Whispers
from handlers.transport.kept import keep, made_of, parse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence

    from telegram import Bot, Chat

    from chatbot.clock import Clock
    from chatbot.store.database import Database, Tx
    from handlers.chat.lowest_message import Newest

    #: tells somebody that what they sent could not be handled
    GiveUp: TypeAlias = Callable[[Update], Coroutine[Any, Any, None]]

log = structlog.get_logger()

#: chats that are served at the same time: at 60 ms to Telegram and back, a thousand and a half answers a second take ninety
MAX_CHATS = 128
#: updates that may wait in memory; those of one busy chat must not keep the others out
_MAX_WAITING = 100_000
#: after how many killed processes an update is taken for their cause
TRIES_MAX = 3
#: seconds that the handling of one suspect may take before the next is begun
_SUSPECT_S = 30.0
_FINISH_PAUSES_S = (0.2, 1.0)

#: true while an update is being handled: a person waits for the answer, so a refused call is tried again
answering: ContextVar[bool] = ContextVar("answering", default=False)


class JournaledQueue(asyncio.Queue[object]):
    """The queue of updates, with each update in the database before the next poll confirms it to Telegram.

    A process that is killed would lose what only sits in memory. Here ``put`` returns only after the row is committed; what was
    not finished is put back by :func:`restore` at the next start.
    """

    def __init__(self, db: Database, whispers: Whispers | None = None, clock: Clock | None = None) -> None:
        super().__init__()
        self._db, self._whispers, self._clock = db, whispers or Whispers(), clock or SystemClock()
        #: the program's, once there is one that could keep anybody waiting
        self.precedence = Precedence()

    async def put(self, item: object) -> None:
        """Record the update, then queue it; an update that was seen before is dropped. Raises when it could not be written down."""
        if isinstance(item, Update):
            async with self._db.transaction() as tx:
                new = await events.record_update(tx, item.update_id, json.dumps(item.to_dict()))
            if not new:
                log.info("update seen before", update_id=item.update_id)
                return
        await super().put(item)

    async def take(self, raw: Sequence[tuple[int, str]], bot: Bot) -> None:
        """Record updates, given by number and text, in one transaction, then queue them; raises when they could not be written down.

        What is written down of them says :func:`keep`. One that cannot be read, or is of a kind that is not served, is finished at once.
        """
        with self.precedence.answering():
            now = self._clock.now()
            async with self._db.transaction() as tx:
                kept = await keep(tx, dict(raw).items(), now)
                parsed = {one.number: made_of(one.number, one.sound, bot) for one in kept}
                found = [events.Update(id=one.number, body=one.text, share=one.share) for one in kept]
                new = await events.record_updates(tx, found, {number for number, update in parsed.items() if update is None}, now)
        for one in kept:
            if one.number not in new:
                log.info("update seen before", update_id=one.number)
            elif (update := parsed[one.number]) is not None:
                if one.whispered:
                    self._whispers.note(one.number, one.whispered)
                await super().put(update)


class Taken:
    """The updates in memory that wait in the database as well, by their number, until they were worked on."""

    def __init__(self) -> None:
        self._over: dict[int, asyncio.Event] = {}

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return their numbers."""
        return tuple(self._over)

    def take(self, number: int) -> None:
        """Note that an update is in memory."""
        self._over[number] = asyncio.Event()

    def over(self, number: int) -> None:
        """Note that one is no longer: it was finished, or is somebody else's to handle."""
        if (over := self._over.pop(number, None)) is not None:
            over.set()

    async def wait(self, number: int) -> None:
        """Wait until that is so."""
        if (over := self._over.get(number)) is not None:
            await over.wait()


@dataclass(slots=True, eq=False)
class _Over:
    """An update that was worked on."""

    number: int
    #: the private chat that it came from
    chat_id: int | None
    #: None: nobody has tried to write it down yet
    is_marked: bool | None = None


class InOrder(BaseUpdateProcessor):
    """Handles one update of a chat at a time, and chats side by side; an update is finished when its handlers are.

    One of somebody who is not this process's any more, when its turn comes, is left to whoever has them now.
    """

    def __init__(
        self,
        db: Database,
        whispers: Whispers | None = None,
        precedence: Precedence | None = None,
        shares: Shares | None = None,
        taken: Taken | None = None,
        newest: Newest | None = None,
        clock: Clock | None = None,
    ) -> None:
        """With ``newest`` it is written down what stands lowest in a chat: another process sends what comes by itself."""
        super().__init__(_MAX_WAITING)
        self._shares, self._taken, self._newest = shares or Shares(), taken or Taken(), newest
        self._clock = clock or SystemClock()
        self._db, self._whispers, self._precedence = db, whispers or Whispers(), precedence or Precedence()
        self._room = asyncio.Semaphore(MAX_CHATS)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[Any]] = set()
        #: what was worked on and is not marked yet, and the turn to mark it
        self._over: list[_Over] = []
        self._marking = asyncio.Lock()

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Run the handlers when it is the chat's turn, then mark the update as finished."""
        if not isinstance(update, Update):
            await coroutine
            return
        is_over = False
        try:
            async with self._noted(), self._turn(update.effective_chat.id if update.effective_chat else 0), self._room:
                with self._shares.in_hand(_whose(update)) as mine, self._precedence.answering():
                    is_over = not mine
                    if mine:
                        waits = answering.set(True)
                        await coroutine
                        answering.reset(waits)
                        is_over = await self._finish(update.update_id, update.effective_chat)
        finally:
            if is_over:
                self._taken.over(update.update_id)
            self._whispers.take(update.update_id)
            if asyncio.iscoroutine(coroutine):
                coroutine.close()  # a no-op, unless the stop came before its turn

    def _turn(self, chat_id: int) -> asyncio.Lock:
        """Return the chat's lock, first come first served; it is forgotten when nobody holds or awaits it."""
        return self._turns.setdefault(chat_id, asyncio.Lock())

    @asynccontextmanager
    async def _noted(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        if task is None:
            yield
            return
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def _finish(self, update_id: int, chat: Chat | None) -> bool:
        """Mark an update as finished; False where the database will not: the worst is that it is handled again after a restart.

        Those that come to their end while others are being marked share a transaction: each waits for the disk.
        """
        over = _Over(update_id, chat.id if chat is not None and chat.type == chat.PRIVATE else None)
        self._over.append(over)
        async with self._marking:
            if over.is_marked is None:
                together = tuple(self._over)
                is_marked = await self._mark(together)
                for one in together:
                    one.is_marked = is_marked
                del self._over[: len(together)]
        return bool(over.is_marked)

    async def _mark(self, together: Sequence[_Over]) -> bool:
        for pause_s in (*_FINISH_PAUSES_S, None):
            try:
                async with self._db.transaction() as tx:
                    await events.finish_updates(tx, [one.number for one in together])
                    await self._note_lowest(tx, {one.chat_id for one in together if one.chat_id is not None})
            except Exception:  # whatever keeps the database from writing may pass
                log.exception("updates could not be marked as finished", update_ids=[one.number for one in together])
                if pause_s is not None:
                    await asyncio.sleep(pause_s)
            else:
                return True
        return False

    async def _note_lowest(self, tx: Tx, chats: Iterable[int]) -> None:
        if self._newest is None:
            return
        for chat_id in chats:
            await messages.note_lowest(tx, chat_id, self._newest.lowest(chat_id), self._clock.now())

    async def abandon(self) -> None:
        """Break off what is being handled: the stop takes too long, and the next start goes on."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1)

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to let go of: an unfinished update is in the database."""


async def restore(db: Database, queue: asyncio.Queue[object], bot: Bot, give_up: GiveUp | None = None) -> int:
    """Queue the updates that an earlier process wrote down and did not finish; return how many.

    Those that a second process left unfinished too are suspects: they come last and one by one, counted just before, so that one that
    kills the process is found out. After ``TRIES_MAX`` times it is finished unhandled, and ``give_up`` may tell its sender.
    """
    async with db.transaction() as tx:
        unfinished = await events.unfinished_updates(tx)
        await events.count_tries(tx, [one.id for one in unfinished if not one.tries], 1)
    found = [(one, update) for one in unfinished if (update := await read(db, one.id, one.body, bot)) is not None]
    for one, update in found:
        if not one.tries:
            await asyncio.Queue.put(queue, update)
    for one, update in found:
        if one.tries and await is_tried_again(db, update, one.tries, give_up):
            await asyncio.Queue.put(queue, update)
            await waited_for(update.update_id, queue.join())
    return len(found)


async def is_tried_again(db: Database, update: Update, tried: int, give_up: GiveUp | None) -> bool:
    """Count a suspect, and tell whether it is to be handled once more, alone; else it is given up."""
    async with db.transaction() as tx:
        if tried >= TRIES_MAX:
            await events.finish_update(tx, update.update_id)
        await events.count_tries(tx, [update.update_id], tried + 1)
    if tried >= TRIES_MAX:
        log.error("update given up: every process that handled it was killed", update_id=update.update_id)
        if give_up is not None:
            await give_up(update)
    return tried < TRIES_MAX


async def waited_for(number: int, over: Awaitable[None]) -> None:
    """Wait until the handling of a suspect is over, but not for ever."""
    try:
        async with asyncio.timeout(_SUSPECT_S):
            await over
    except TimeoutError:
        log.warning("update takes long", update_id=number)


def _whose(update: Update) -> int:
    """Return whom an update is from, or its chat where that is nobody, as :func:`shape.whose` does."""
    who = update.effective_user or update.effective_chat
    return 0 if who is None else who.id


async def read(db: Database, number: int, body: str, bot: Bot) -> Update | None:
    """Return a stored update; one that this version cannot read is finished instead of failing every start."""
    if (parsed := parse(number, body, bot)) is not None:
        return parsed
    async with db.transaction() as tx:
        await events.set_aside(tx, number)
    return None
