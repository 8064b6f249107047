"""A market that stands still until a test moves it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.app import Program, open_program
from chatbot.clock import ManualClock
from chatbot.config import Settings
from chatbot.errors import Unreachable
from chatbot.exchanges.base import Candle, Funding, Market, Quote, is_perp
from chatbot.exchanges.markets.listings import Listings
from chatbot.execution.pace import Pace
from chatbot.model import Delivery, Mode, Person, Portfolio, Role, Verdict
from chatbot.portfolio import strategies
from chatbot.store import accounts, messages, plans
from tests.inline import Inline
from tests.ready import with_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence
    from pathlib import Path

    from chatbot.clock import Clock
    from chatbot.model import Message, Plan

D = Decimal
#: nothing moves between two looks, so looking often would only take time
PACE = Pace(poll_s=60.0, look_s=60.0, requotes=2)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PERSON = Person(id=7, chat_id=7, name="Ann", role=Role.OPERATOR)


class StillMarket:
    """Prices are what the test says; a coin that is taken out has no quote."""

    name = "still"
    quote_asset = "USDT"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.prices = {"BTC": D(50_000), "ETH": D(2_500), "SOL": D(100), "XRP": D("0.5"), "BTC-PERP": D(50_000), "ETH-PERP": D(2_500)}
        self.fetches = 0
        self.down = False
        #: quotes carry this time; None: now
        self.stuck_at: datetime | None = None
        #: what the exchange lists, to be halted, delisted and renamed
        self.listings = Listings()

    def move(self, asset: str, factor: str) -> None:
        """Move a coin's spot and futures price together."""
        for name in (asset, f"{asset}-PERP"):
            if name in self.prices:
                self.prices[name] *= D(factor)

    def market_time(self, now: datetime) -> datetime:
        """Live: the market's time is ours."""
        return now

    async def markets(self) -> Mapping[str, Market]:
        """Every coin has the same rules."""
        names = ("BTC", "ETH", "SOL", "XRP", "BTC-PERP", "ETH-PERP")
        leverage = {True: D(20), False: D(1)}
        rules = {
            name: Market(instrument=name, tick=D("0.0001"), lot=D("0.0001"), min_notional=D(5), max_leverage=leverage[is_perp(name)])
            for name in names
        }
        return self.listings.of(rules)

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the prices with a spread of 1 bp."""
        self.fetches += 1
        if self.down:
            raise Unreachable("still market is down")
        at = self.stuck_at or self._clock.now()
        half = D("0.00005")
        return {
            name: Quote(
                instrument=name,
                bid=(price * (1 - half)),
                ask=(price * (1 + half)),
                at=at,
                mark=price if is_perp(name) else None,
                volume=D(1_000_000_000),
            )
            for name in instruments
            if self.listings.is_traded(name) and (price := self.prices.get(self.listings.origin(name))) is not None
        }

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> Sequence[Candle]:
        """There is no history."""
        return ()

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Nobody pays."""
        return ()

    async def close(self) -> None:
        """Nothing to let go of."""


class Bench:
    """A program on a still market, with one person."""

    def __init__(self, program: Program, market: StillMarket, clock: ManualClock) -> None:
        self.program, self.market, self.clock = program, market, clock

    async def balanced(self, *, futures: str = "0") -> Portfolio:
        """Open a custom portfolio that stands exactly on its targets: BTC 40, SOL 40, cash 20, worth 10,000."""
        base = strategies.preset("balanced", await self.market.markets())
        weights = {"BTC": D(40), "SOL": D(40), "USDT": D(20) - D(futures), "FUTURES": D(futures)}
        strategy, problems = strategies.own_weights(weights, await self.market.markets(), base)
        assert strategy is not None, problems
        holdings = {"BTC": D("0.08"), "SOL": D(40), "USDT": D(2000)}
        return await self.program.portfolios.open(PERSON, Mode.PAPER, strategy, holdings)

    async def tick(self, seconds: float = 60) -> tuple[int, int]:
        """Let a minute pass and check everybody: numbers of alerts and plans."""
        self.clock.advance(seconds)
        done = await self.program.monitor.tick()
        return done.alerts, done.plans

    async def waiting(self) -> tuple[Message, ...]:
        """Return the first message that waits for the person."""
        async with self.program.db.read() as tx:
            return await messages.due(tx, self.clock.now(), 100)

    async def mail(self) -> tuple[Message, ...]:
        """Return what waits for the person, and mark it read."""
        read: list[Message] = []
        while waiting := await self.waiting():
            async with self.program.db.transaction() as tx:
                for message in waiting:
                    await messages.mark(tx, message.id, Delivery(verdict=Verdict.SENT), self.clock.now())
            read += waiting
        return tuple(read)

    async def plan(self, portfolio: Portfolio) -> Plan | None:
        """Return the portfolio's open plan."""
        async with self.program.db.read() as tx:
            return await plans.open_plan(tx, portfolio.id)


@asynccontextmanager
async def bench(
    folder: Path, *, start: datetime = START, market: StillMarket | None = None, clock: ManualClock | None = None
) -> AsyncIterator[Bench]:
    """Open a program in ``folder``; a market of the test's own comes with its clock."""
    clock = clock or ManualClock(start)
    market = market or StillMarket(clock)
    settings = Settings(_env_file=None, data_dir=folder, market="live:binance", operator_ids="7", fear_greed_url="")
    await with_tables(folder / "ballast.sqlite")
    async with open_program(settings, clock=clock, source=market, work=Inline(), pace=PACE) as program:
        async with program.db.transaction() as tx:
            await accounts.add_person(tx, PERSON)
        yield Bench(program, market, clock)
