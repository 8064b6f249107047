"""A person in the chat: writes, taps and reads over the loopback, in a program whose clock moves only when it is told to."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from chatbot.execution.pace import Pace
from chatbot.outbox import Outbox
from chatbot.store import accounts, plans, portfolios
from handlers.bot import build
from handlers.loopback import Answer, Loopback, Message, TelegramUser
from handlers.transport import polling
from handlers.transport.delivery import Courier
from handlers.transport.line import LINE, connect
from tests.inline import Inline
from tests.ready import make_ready
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from telegram import Update

    from chatbot.app import OwnExchange, Program
    from chatbot.exchanges.base import PriceSource
    from chatbot.exchanges.paper.paper import PaperExchange
    from chatbot.model import Plan
    from chatbot.monitor.check import Tick
    from handlers.chat.context import Bot
    from handlers.transport.line import TelegramLine

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ANN, BEN = TelegramUser(id=42, name="Ann"), TelegramUser(id=43, name="Ben")
#: market time is the clock's; a look a minute is enough, because the market moves by the minute
PACE = Pace(poll_s=60.0, look_s=60.0, requotes=2)


@dataclass(slots=True, kw_only=True)
class Turn:
    """Where the bot stands with the updates of the server: the last one it took, and the checks that were made."""

    offset: int = 0
    ticks: list[Tick] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Someone:
    """Somebody in a private chat with a running program."""

    program: Program
    bot: Bot
    loopback: Loopback
    outbox: Outbox
    clock: ManualClock
    user: TelegramUser = ANN
    #: shared by everybody who talks to this bot
    turn: Turn = field(default_factory=Turn)

    def beside(self, user: TelegramUser) -> Someone:
        """Return somebody else who talks to the same bot."""
        return replace(self, user=user)

    # What the person does

    async def say(self, text: str) -> str:
        """Write a message and return everything that the bot answers."""
        before = self.newest
        await self.loopback.text(self.user, text)
        await self.handle()
        return self.since(before)

    async def tap(self, label: str, on: Message | None = None) -> Answer:
        """Tap a button of the newest message that has it, or of ``on`` as it was seen then; return the bot's answer to the tap."""
        query = await self.loopback.tap_old(self.user, on or self.with_button(label), label)
        await self.handle()
        answer = self.loopback.answer(query)
        assert answer is not None, f"the tap on {label} was never answered"
        return answer

    async def taps(self, *labels: str) -> Message:
        """Tap one button after the other and return the bot's newest message."""
        for label in labels:
            await self.tap(label)
        return self.last

    async def set_up(self, preset: str = "Balanced", amount: str = "10,000") -> Message:
        """Open a demo portfolio with a preset and return the bot's newest message, the first plan's card where there is one."""
        await self.say("/start")
        return await self.taps("Demo portfolio", amount, *([preset] if preset != "Balanced" else []), f"Use {preset}")

    async def settle(self) -> None:
        """Open a demo portfolio, see its first plan through, and let one check pass."""
        await self.set_up()
        await self.confirm()
        await self.step()

    async def type_in(self, holdings: str, *then: str) -> Message:
        """Open a portfolio that is traded by hand, with Balanced, tap what is to follow, and return the bot's newest message."""
        await self.say("/start")
        await self.tap("Type in my holdings")
        await self.say(holdings)
        return await self.taps("That is right", "Yes", "Balanced", "Use Balanced", *then)

    async def confirm(self) -> Plan:
        """Press Confirm on the newest card and see it through."""
        await self.tap("Confirm")
        await self.work()
        return await self.plan()

    # What the bot does

    @property
    def line(self) -> TelegramLine:
        """Return the line that the bot hears people by."""
        line: TelegramLine = self.bot.bot_data[LINE]
        return line

    async def update(self, kind: str, **body: object) -> None:
        """Let the bot handle an update that no hand can make: a garbage payload, a sticker, a channel's post."""
        self.loopback._state.allowed = None
        self.loopback._state.queue_update(kind, body)
        await self.handle()

    async def pull(self) -> list[Update]:
        """Take the waiting updates from the server, written down as the running bot does it, not yet handled."""
        for update in await polling.fetch(self.bot.bot, self.turn.offset + 1, hold_s=0, kinds=[*polling.UPDATES, "channel_post"]):
            self.turn.offset = update.number
            await self.line.updates.take([(update.number, update.text)], self.bot.bot)
        taken: list[Any] = []
        while not self.bot.update_queue.empty():
            taken.append(self.bot.update_queue.get_nowait())
        return taken

    async def handle(self) -> None:
        """Let the bot handle everything that waits, all at once, as the running bot does."""
        processor = self.bot.update_processor
        await asyncio.gather(*(processor.process_update(update, self.bot.process_update(update)) for update in await self.pull()))

    async def work(self) -> None:
        """Carry out what is enqueued and deliver what is posted."""
        if isinstance(self.program.work, Inline):
            await self.program.work.run_pending()
        await self.outbox.drain()

    # What time does

    async def step(self, seconds: float = 60.0) -> Tick:
        """Let time pass, then check, work and deliver once."""
        self.clock.advance(seconds)
        tick = await self.program.monitor.tick()
        self.turn.ticks.append(tick)
        await self.work()
        return tick

    async def until_card(self, *, step_s: float = 600.0, limit_s: float = 48 * 3600.0) -> Message:
        """Let time pass until an alert rings and the batching window that it opens has closed, at once in fear; return the plan card."""
        begun = self.clock.now()
        while not ((checked := await self.step(step_s)).plans or (checked.alerts and (await self.step(60)).plans)):
            assert (self.clock.now() - begun).total_seconds() < limit_s, "no card came"
        return self.with_button("Confirm")

    # What the person sees

    @property
    def last(self) -> Message:
        """The bot's newest message."""
        return self.loopback.last(self.user.id)

    @property
    def messages(self) -> list[Message]:
        """Everything the bot wrote, as it stands now, oldest first."""
        return [message for message in self.loopback.chat(self.user.id) if message.sender is None]

    @property
    def newest(self) -> int:
        """The number of the newest message, whoever wrote it; 0 in an empty chat."""
        return max((message.id for message in self.loopback.chat(self.user.id)), default=0)

    def since(self, number: int) -> str:
        """Return everything that the bot wrote after a message."""
        return "\n\n".join(message.text for message in self.messages if message.id > number)

    def with_button(self, label: str) -> Message:
        """Return the newest message with this button."""
        for message in reversed(self.messages):
            if label in message.buttons:
                return message
        raise AssertionError(f"nobody offers {label!r}; the newest message says {self.last.text!r} {self.last.buttons}")

    def sees(self, *fragments: str) -> Message:
        """Hold that the newest message says all of this."""
        for fragment in fragments:
            assert fragment in self.last.text, f"{fragment!r} is not in:\n{self.last.text}"
        return self.last

    async def hears(self, fragment: str, on: Message | None = None) -> Message:
        """Wait until the newest message, or ``on`` as it stands by then, says what no hand of ours brings about; return it."""

        def now() -> Message:
            return self.last if on is None else next(message for message in self.messages if message.id == on.id)

        await until(lambda: fragment in now().text, lambda: f"{fragment!r} never came; the message says\n{now().text}")
        return now()

    # What stands behind it

    async def dialog(self) -> tuple[str, dict[str, Any]] | None:
        """Return the dialog that the person is in."""
        async with self.program.db.read() as tx:
            return await accounts.dialog(tx, self.user.id)

    async def plans(self) -> tuple[Plan, ...]:
        """Return the plans of the person's portfolio, oldest first."""
        async with self.program.db.read() as tx:
            return tuple(reversed(await plans.plans(tx, await self.portfolio_id(), limit=1000)))

    async def plan(self) -> Plan:
        """Return the newest plan."""
        return (await self.plans())[-1]

    async def drift_reference(self) -> dict[str, Decimal]:
        """Return the drift from which each line that has rung counts "worse"."""
        async with self.program.db.read() as tx:
            states = await portfolios.states(tx, await self.portfolio_id())
        return {line: Decimal(state["last_drift"]) for line, state in states.items() if state.get("fired")}

    async def portfolio_id(self) -> int:
        """Return the number of the person's current portfolio."""
        person = next(one for one in await self.program.access.everybody() if one.id == self.user.id)
        assert person.portfolio_id is not None
        return person.portfolio_id

    async def exchange(self) -> PaperExchange:
        """Return the exchange behind the portfolio."""
        found: Any = await self.program.accounts.exchange(await self.portfolio_id())
        return found  # type: ignore[no-any-return]  # tests know that it is the paper one

    async def books(self) -> dict[str, Any]:
        """Return what the exchange holds: both wallets and the positions."""
        state = (await self.exchange()).state
        spot = {asset: qty for asset, qty in sorted(state.spot.items()) if qty}
        return {"spot": spot, "wallet": state.futures_wallet, "book": {name: stake.qty for name, stake in sorted(state.positions.items())}}

    async def orders(self) -> int:
        """Return how many orders the exchange was ever sent."""
        return len((await self.exchange()).state.orders)


@asynccontextmanager
async def someone(
    folder: Path,
    *,
    clock: ManualClock | None = None,
    source: PriceSource | None = None,
    loopback: Loopback | None = None,
    user: TelegramUser = ANN,
    pace: Pace = PACE,
    flood: bool = False,
    own_exchange: OwnExchange | None = None,
    **settings: Any,
) -> AsyncIterator[Someone]:
    """Start the program over ``folder`` and sit down at its chat; given a loopback, at the same chat as before.

    Ann and Ben are operators unless ``settings`` say otherwise, so that both are let in. Nobody polls for the bot.
    """
    clock = clock or ManualClock(START)
    loopback = loopback or Loopback(clock, epoch=1, flood=flood)
    usual = {"market": "simulated", "market_speed": 1.0, "operator_ids": f"{ANN.id},{BEN.id}", "log_level": "ERROR", "port": 0}
    async with AsyncExitStack() as stack:
        options = load_settings(_env_file=None, data_dir=folder, **{**usual, **settings})
        if source is None:
            await make_ready(options, clock)
        program = await stack.enter_async_context(
            open_program(options, clock=clock, source=source, work=Inline(), pace=pace, own_exchange=own_exchange)
        )
        ends = {"request": loopback.request(), "updates_request": loopback.request()}
        bot = build(program, connect(options, program.db, clock, token=loopback.token, **ends))
        await stack.enter_async_context(bot)
        outbox = Outbox(program.db, clock, Courier(program, bot.bot))
        yield Someone(program=program, bot=bot, loopback=loopback, outbox=outbox, clock=clock, user=user)
