"""Updates on their way in: written down before Telegram may forget them, handled in order within a chat, several chats at a time."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import structlog
from telegram import Update
from telegram.ext import BaseUpdateProcessor

from chatbot.store import journal

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from telegram import Bot

    from chatbot.store.database import Database

log = structlog.get_logger()

#: chats that are served at the same time
MAX_CHATS = 64


class JournaledQueue(asyncio.Queue[object]):
    """PTB's queue of updates, with each update in the database before the next poll confirms it to Telegram.

    PTB confirms an update as soon as it sits in this queue, so a process that is killed would lose it. Here ``put`` returns only
    after the row is committed; what was not finished is put back by :func:`restore` at the next start.
    """

    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db

    async def put(self, item: object) -> None:
        """Record the update, then queue it; an update that was seen before is dropped."""
        if isinstance(item, Update):
            async with self._db.transaction() as tx:
                if not await journal.record_update(tx, item.update_id, json.dumps(item.to_dict())):
                    log.info("update seen before", update_id=item.update_id)
                    return
        await super().put(item)


async def restore(db: Database, queue: asyncio.Queue[object], bot: Bot) -> int:
    """Queue the updates that an earlier process wrote down and did not finish; return how many."""
    async with db.read() as tx:
        unfinished = await journal.unfinished_updates(tx)
    for _, body in unfinished:
        update = Update.de_json(json.loads(body), bot)
        await asyncio.Queue.put(queue, update)
    return len(unfinished)


class InOrder(BaseUpdateProcessor):
    """Handles one update of a chat at a time, and chats side by side; an update is finished when its handlers are."""

    def __init__(self, db: Database) -> None:
        super().__init__(MAX_CHATS)
        self._db = db
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Run the handlers under the chat's lock, then mark the update as finished."""
        if not isinstance(update, Update):
            await coroutine
            return
        chat_id = update.effective_chat.id if update.effective_chat else 0
        async with self._locks[chat_id]:
            await coroutine
            async with self._db.transaction() as tx:
                await journal.finish_update(tx, update.update_id)

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to let go of: an unfinished update is in the database."""
