"""Updates on their way in: written down before Telegram may forget them, handled in order within a chat, several chats at a time."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import structlog
from telegram import Update
from telegram.ext import BaseUpdateProcessor

from chatbot.clock import SystemClock
from chatbot.keyring import CHAT_DIALOG, is_asked
from chatbot.monitor.precedence import Precedence
from chatbot.store import accounts, events
from handlers.chat.typed_keys import Whispers, is_like_one
from handlers.transport import shape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from telegram import Bot

    from chatbot.clock import Clock
    from chatbot.store.database import Database

log = structlog.get_logger()

#: chats that are served at the same time
MAX_CHATS = 64
#: updates that may wait in memory; those of one busy chat must not keep the others out
_MAX_WAITING = 100_000
#: after how many killed processes an update is taken for their cause
TRIES_MAX = 3
#: seconds that the handling of one suspect may take before the next is begun
_SUSPECT_S = 30.0
_TRIES = "update_tries"
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

    async def take(self, number: int, text: str, bot: Bot) -> None:
        """Record an update, then queue it; raises when it could not be written down.

        What is read of it is written down, and nothing else that came with it. One of a kind that is not served is finished at once.
        One that cannot be read is logged and left out; its raw text is kept in the log of the database, so that it can be looked at.
        What is like a key is not written down, and in a chat that is being asked for one no text is.
        """
        sound, whispered = sound_of(number, text), ""
        with self.precedence.answering():
            async with self._db.transaction() as tx:
                if sound is not None:
                    if is_like_one(shape.said(sound)) or await is_asked(tx, shape.writer(sound), self._clock.now()):
                        sound, whispered = shape.hushed(sound)
                    text = json.dumps(sound)
                elif is_like_one(shape.without_names(text)) or await accounts.dialogs(tx, CHAT_DIALOG):
                    text = json.dumps({"update_id": number})  # whose it is cannot be told
                parsed = made_of(number, sound, bot)
                new = await events.record_update(tx, number, text)
                if parsed is None and new:
                    await events.set_aside(tx, number)
        if not new:
            log.info("update seen before", update_id=number)
        elif parsed is not None:
            if whispered:
                self._whispers.note(number, whispered)
            await super().put(parsed)


def parse(number: int, text: str, bot: Bot) -> Update | None:
    """Return what is read of an update; None where nothing is, or where it cannot be read, which is logged."""
    return made_of(number, sound_of(number, text), bot)


def sound_of(number: int, text: str) -> dict[str, Any] | None:
    """Return what is needed of an update's text; None as :func:`parse`."""
    try:
        return shape.reduced(json.loads(text))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one update, the others must be read
        _tell_unread(number, error)
        return None


def made_of(number: int, sound: dict[str, Any] | None, bot: Bot) -> Update | None:
    """Return the library's own value of what :func:`sound_of` returned; None as :func:`parse`."""
    try:
        return None if sound is None else Update.de_json(sound, bot)
    except Exception as error:  # noqa: BLE001 - as above
        _tell_unread(number, error)
        return None


def _tell_unread(number: int, error: Exception) -> None:
    log.error("update cannot be read and is passed over", update_id=number, error=repr(error)[:200])


class InOrder(BaseUpdateProcessor):
    """Handles one update of a chat at a time, and chats side by side; an update is finished when its handlers are."""

    def __init__(self, db: Database, whispers: Whispers | None = None, precedence: Precedence | None = None) -> None:
        super().__init__(_MAX_WAITING)
        self._db, self._whispers, self._precedence = db, whispers or Whispers(), precedence or Precedence()
        self._room = asyncio.Semaphore(MAX_CHATS)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Run the handlers when it is the chat's turn, then mark the update as finished."""
        if not isinstance(update, Update):
            await coroutine
            return
        try:
            async with self._noted(), self._turn(update.effective_chat.id if update.effective_chat else 0), self._room:
                with self._precedence.answering():
                    waits = answering.set(True)
                    await coroutine
                    answering.reset(waits)
                    await self._finish(update.update_id)
        finally:
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

    async def _finish(self, update_id: int) -> None:
        """Mark an update as finished; if the database will not, the worst is that it is handled again after a restart."""
        for pause_s in (*_FINISH_PAUSES_S, None):
            try:
                async with self._db.transaction() as tx:
                    await events.finish_update(tx, update_id)
            except Exception:  # whatever keeps the database from writing may pass
                log.exception("update could not be marked as finished", update_id=update_id)
                if pause_s is not None:
                    await asyncio.sleep(pause_s)
            else:
                return

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


async def restore(
    db: Database, queue: asyncio.Queue[object], bot: Bot, give_up: Callable[[Update], Coroutine[Any, Any, None]] | None = None
) -> int:
    """Queue the updates that an earlier process wrote down and did not finish; return how many.

    Those that a second process left unfinished too are suspects: they come last and one by one, counted just before, so that one that
    kills the process is found out. After ``TRIES_MAX`` times it is finished unhandled, and ``give_up`` may tell its sender.
    """
    async with db.transaction() as tx:
        unfinished = await events.unfinished_updates(tx)
        before = _read_tries(await accounts.meta(tx, _TRIES))
        tries = {number: before.get(number, 0) for number, _ in unfinished}
        await accounts.set_meta(tx, _TRIES, json.dumps({number: max(1, known) for number, known in tries.items()}))
    found = [(number, update) for number, body in unfinished if (update := await _read(db, number, body, bot)) is not None]
    for number, update in found:
        if not tries[number]:
            await asyncio.Queue.put(queue, update)
    for number, update in found:
        if tries[number]:
            await _suspect(db, queue, update, give_up)
    return len(found)


async def _suspect(
    db: Database, queue: asyncio.Queue[object], update: Update, give_up: Callable[[Update], Coroutine[Any, Any, None]] | None
) -> None:
    """Handle one suspect alone, or give it up."""
    async with db.transaction() as tx:
        tries = _read_tries(await accounts.meta(tx, _TRIES))
        tried = tries.get(update.update_id, 1)
        if tried >= TRIES_MAX:
            await events.finish_update(tx, update.update_id)
        await accounts.set_meta(tx, _TRIES, json.dumps({**tries, update.update_id: tried + 1}))
    if tried >= TRIES_MAX:
        log.error("update given up: every process that handled it was killed", update_id=update.update_id)
        if give_up is not None:
            await give_up(update)
        return
    await asyncio.Queue.put(queue, update)
    try:
        async with asyncio.timeout(_SUSPECT_S):
            await queue.join()
    except TimeoutError:
        log.warning("update takes long", update_id=update.update_id)


async def _read(db: Database, number: int, body: str, bot: Bot) -> Update | None:
    """Return a stored update; one that this version cannot read is finished instead of failing every start."""
    if (parsed := parse(number, body, bot)) is not None:
        return parsed
    async with db.transaction() as tx:
        await events.set_aside(tx, number)
    return None


def _read_tries(stored: str | None) -> dict[int, int]:
    """Return how often each update was tried; what cannot be read counts as never tried, and stops no start."""
    try:
        return {int(number): int(tries) for number, tries in json.loads(stored or "{}").items()}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        log.warning("tries of updates cannot be read", stored=str(stored)[:80])
        return {}
