"""What Telegram delivers, written down for whoever answers its people: several updates in one transaction, and none of them lost."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, NoReturn

import structlog

from chatbot.store import events
from handlers.transport import shape
from handlers.transport.kept import keep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.clock import Clock
    from chatbot.store.database import Database
    from chatbot.vault import Vault
    from handlers.transport.kept import Kept

log = structlog.get_logger()

#: what whoever owns a share listens to: its number is said when something was written down for it
CHANNEL = "ballast_updates"
#: updates that are written down in one transaction
_TOGETHER = 100


class Letterbox:
    """Takes the text of updates; it is open while :meth:`run` runs."""

    def __init__(self, db: Database, clock: Clock, vault: Vault) -> None:
        """Take what seals words that may be a key; without master keys they are let go of."""
        self._db, self._clock, self._vault = db, clock, vault
        self._waiting: list[tuple[int, str, asyncio.Future[bool]]] = []
        self._something = asyncio.Event()

    async def take(self, text: str) -> bool:
        """Tell whether an update is dealt with: it is written down, or has no number by which it could be."""
        try:
            number = shape.update_id(json.loads(text))
        except (ValueError, RecursionError):
            number = None
        if number is None:
            log.error("an update without a number is passed over", length=len(text))
            return True
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((number, shape.storable(text), written))
        self._something.set()
        return await written

    async def run(self) -> NoReturn:
        """Write down what comes, until cancelled."""
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                together, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                await self._write(together)

    async def _write(self, together: Sequence[tuple[int, str, asyncio.Future[bool]]]) -> None:
        """Write some updates down; where that fails, each by itself: one that no database takes must not keep the others out."""
        try:
            await self._commit([(number, text) for number, text, _ in together])
        except Exception as error:  # noqa: BLE001 - whatever it was, Telegram is told, and sends it again
            if len(together) > 1:
                for one in together:
                    await self._write([one])
                return
            log.warning("an update could not be written down", update_id=together[0][0], error=type(error).__name__)
            self._tell(together, written=False)
        else:
            self._tell(together, written=True)

    @staticmethod
    def _tell(together: Sequence[tuple[int, str, asyncio.Future[bool]]], *, written: bool) -> None:
        for _, _, future in together:
            if not future.done():  # whoever brought it may have hung up
                future.set_result(written)

    async def _commit(self, raw: Sequence[tuple[int, str]]) -> None:
        now = self._clock.now()
        async with self._db.transaction() as tx:
            kept = await keep(tx, raw, now)
            aside = {one.number for one in kept if one.share is None}
            await events.record_updates(tx, [self._row(one) for one in kept], aside, now)
            if shares := {one.share for one in kept} - {None}:
                await self._db.tell(tx, CHANNEL, " ".join(map(str, shares)))

    def _row(self, kept: Kept) -> events.Update:
        sealed = self._vault.seal_words(kept.whispered, kept.number) if kept.whispered and self._vault else None
        return events.Update(id=kept.number, body=kept.text, share=kept.share, sealed=sealed)
