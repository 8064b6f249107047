"""A running bot over the loopback, on a clock that stands still: several people write, tap, and read what it answers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import Settings
from chatbot.durable import Inline
from chatbot.execution.pace import Pace
from chatbot.outbox import Outbox
from chatbot.store import accounts, plans
from handlers.bot import build
from handlers.loopback import Loopback, TelegramUser
from handlers.transport import polling
from handlers.transport.delivery import Courier

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from telegram import Update

    from chatbot.app import Program
    from chatbot.model import Plan
    from handlers.chat.context import Bot
    from handlers.loopback import Answer, Message

ANN, BEN = TelegramUser(id=42, name="Ann"), TelegramUser(id=43, name="Ben")
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Room:
    """The program with its bot, and what people do in it. Ann and Ben are operators, so that both are let in."""

    program: Program
    bot: Bot
    loopback: Loopback
    outbox: Outbox
    clock: ManualClock
    offset: int = 0
    taken: list[Update] = field(default_factory=list)

    async def say(self, text: str, user: TelegramUser = ANN) -> str:
        """Write a message and return the bot's answer."""
        before = self.newest(user)
        await self.loopback.text(user, text)
        await self.handle()
        return self.since(before, user)

    async def tap(self, label: str, user: TelegramUser = ANN, on: Message | None = None) -> Answer:
        """Tap the newest button with this label, or one of ``on`` as it was seen then."""
        message = on or self.with_button(label, user)
        query = await self.loopback.tap_old(user, message, label)
        await self.handle()
        answer = self.loopback.answer(query)
        assert answer is not None, f"the tap on {label} was never answered"
        return answer

    async def update(self, kind: str, **body: object) -> None:
        """Send an update that no hand can make: a garbage payload, a sticker, a channel's post."""
        self.loopback._state.allowed = None
        self.loopback._state.queue_update(kind, body)
        await self.handle()

    async def handle(self) -> None:
        """Let the bot handle everything that waits, all at once, as the running bot does."""
        found = await polling.fetch(self.bot, self.offset + 1, hold_s=0, kinds=[*polling.UPDATES, "channel_post"])
        for update in found:
            self.offset = update.number
            await polling.take(self.bot, update)
        waiting: list[Any] = []
        while not self.bot.update_queue.empty():
            waiting.append(self.bot.update_queue.get_nowait())
        processor = self.bot.update_processor
        await asyncio.gather(*(processor.process_update(update, self.bot.process_update(update)) for update in waiting))

    async def set_up(self, user: TelegramUser = ANN) -> Message:
        """Open a portfolio and return the first plan's card."""
        await self.say("/start", user)
        for label in ("Demo portfolio", "10,000", "Use Balanced"):
            await self.tap(label, user)
        return self.with_button("Confirm", user)

    async def work(self) -> None:
        """Carry out what is enqueued and deliver what is posted."""
        assert isinstance(self.program.work, Inline)
        await self.program.work.run_pending()
        await self.outbox.drain()

    async def dialog(self, user: TelegramUser = ANN) -> tuple[str, dict[str, Any]] | None:
        """Return the dialog that somebody is in."""
        async with self.program.db.read() as tx:
            return await accounts.dialog(tx, user.id)

    async def plans(self) -> tuple[Plan, ...]:
        """Return the plans of the first portfolio, newest first."""
        async with self.program.db.read() as tx:
            return await plans.plans(tx, 1, limit=1000)

    def newest(self, user: TelegramUser = ANN) -> int:
        """Return the number of the newest message."""
        return max((message.id for message in self.loopback.chat(user.id)), default=0)

    def since(self, number: int, user: TelegramUser = ANN) -> str:
        """Return everything that the bot wrote after a message."""
        return "\n\n".join(m.text for m in self.loopback.chat(user.id) if m.sender is None and m.id > number)

    def with_button(self, label: str, user: TelegramUser = ANN) -> Message:
        """Return the newest message with this button."""
        for message in reversed(self.loopback.chat(user.id)):
            if label in message.buttons:
                return message
        raise AssertionError(f"nobody offers {label!r}; the newest message says {self.loopback.last(user.id).text!r}")


@asynccontextmanager
async def room(folder: Path, *, flood: bool = False, **settings: object) -> AsyncIterator[Room]:
    """Open the program over a simulated market, with a bot that nobody polls for."""
    clock = ManualClock(START)
    usual = {"data_dir": folder, "market": "simulated", "market_speed": 1.0, "operator_ids": f"{ANN.id},{BEN.id}", "port": 0}
    loopback = Loopback(clock, flood=flood)
    async with AsyncExitStack() as stack:
        program = await stack.enter_async_context(
            open_program(Settings(_env_file=None, **{**usual, **settings}), clock=clock, work=Inline(), pace=Pace(poll_s=15.0))
        )
        bot = build(program, token=loopback.token, request=loopback.request(), updates_request=loopback.request())
        await stack.enter_async_context(bot)
        outbox = Outbox(program.db, clock, Courier(program, bot.bot))
        yield Room(program=program, bot=bot, loopback=loopback, outbox=outbox, clock=clock)
