"""What the triggers see: machines fed from the market, run once for everybody, and stored, so that a restart goes on where they stood.

How they step is in :mod:`chatbot.triggers.machines`.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import structlog

from chatbot.store import accounts
from chatbot.store.codec import decode, encode, to_moment
from chatbot.triggers.feeds import BasketFeed, feeds
from chatbot.triggers.machines import Machines, MachineState, all_machines, basket_machine, is_together

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource
    from chatbot.market.candles import CandleBook
    from chatbot.market.funding import FundingBook
    from chatbot.market.sentiment import Sentiment
    from chatbot.model import Portfolio, Signal, Strategy
    from chatbot.store.database import Database
    from chatbot.triggers.feeds import Feed
    from chatbot.triggers.machines import MachineKey


log = structlog.get_logger()

#: what no reading comes near to (domain 0)
_READING = Decimal("1e30")


class Signals:
    """All machines that anybody looks at on one exchange; :meth:`of` answers from memory."""

    def __init__(
        self,
        db: Database,
        source: PriceSource,
        candles: CandleBook,
        funding: FundingBook,
        mood: Sentiment,
        clock: Clock,
        world: str = "",
    ) -> None:
        """``world`` is the exchange; empty: the market that the program runs on."""
        self._db = db
        self._source = source
        self._clock = clock
        self.machines = Machines(feeds(candles, funding, mood, clock), BasketFeed(candles), world)
        self._one_at_a_time = asyncio.Lock()

    def _now(self) -> datetime:
        return self._source.market_time(self._clock.now())

    async def of(self, strategy: Strategy) -> tuple[Signal, ...]:
        """Return where every trigger of a strategy stands; machines that nobody has asked for yet are run first."""
        asked = all_machines(strategy, self.machines.world)
        if any(watch not in self.machines for watch in asked):
            await self.refresh(asked)
        return self.machines.signals(strategy, self._now())

    async def together(self, portfolio: Portfolio, quantities: Mapping[str, Decimal]) -> tuple[Signal, ...]:
        """Return where all coins of a portfolio stand together, of which it holds these quantities; nothing where each is for itself."""
        machines = self.machines
        watch = basket_machine(portfolio.strategy, portfolio.id, machines.world)
        if not is_together(portfolio.strategy):
            # where they cut before each was taken for itself again: its end is told, and planned for
            kept = machines.of_subject(watch.subject) if machines.baskets.holds(watch.subject) else []
            return tuple(machines.together(one, self._now(), at_rest=True) for one in kept[:1])
        machines.baskets.hold(watch.subject, quantities)
        if watch not in machines or machines.is_due(watch, self._now()):
            await self.refresh((watch,))
        return (machines.together(watch, self._now()),)

    async def refresh(self, wanted: Collection[MachineKey]) -> frozenset[MachineKey]:
        """Take the readings that have come since; return the machines that now stand differently."""
        async with self._one_at_a_time:
            now = self._now()
            stepped = await self._step(wanted, now)
            watching = self.machines.watching(wanted, now)
            if not watching:
                return stepped
            await self._fetch(watching)
            return stepped | self.machines.look_between(watching, now)

    async def _step(self, wanted: Collection[MachineKey], now: datetime) -> frozenset[MachineKey]:
        """Take the readings of those that are due; return the machines that now stand differently."""
        due = [watch for watch in wanted if self.machines.is_due(watch, now)]
        if not due:
            return frozenset()
        self.machines.take_up(due, await self._stored(due), now)
        due = [watch for watch in due if self.machines.is_due(watch, now)]  # after a restart most stand where they stood
        await self._fetch(due)
        moved, changed = self.machines.keep(await asyncio.to_thread(self.machines.run, due, now))
        if moved:
            async with self._db.transaction() as tx:
                await accounts.set_metas(tx, {watch.key: _written(kept) for watch, kept in moved.items()})
        return changed

    async def _stored(self, due: Collection[MachineKey]) -> dict[MachineKey, MachineState]:
        """Return where machines stood that are not in memory."""
        unknown = [watch for watch in due if watch not in self.machines]
        if not unknown:
            return {}
        async with self._db.read() as tx:
            stored = {watch: await accounts.meta(tx, watch.key) for watch in unknown}
        found = {watch: _read(watch, text) for watch, text in stored.items() if text is not None}
        return {watch: kept for watch, kept in found.items() if kept is not None}

    async def _fetch(self, due: Collection[MachineKey]) -> None:
        """Ask for the history that these machines read: as often for one person as for all."""
        subjects: dict[Feed, set[str]] = {}
        for watch in due:
            subjects.setdefault(self.machines.feed(watch), set()).add(watch.subject)
        async with asyncio.TaskGroup() as group:
            for feed, names in subjects.items():
                group.create_task(feed.fetch(names))


class SignalsByExchange:
    """The machines of every exchange: each reads its own."""

    def __init__(self, at: Callable[[str], Signals]) -> None:
        """``at`` makes those of an exchange; asked once for each."""
        self._make = at
        self._made: dict[str, Signals] = {}

    def at(self, world: str) -> Signals:
        """Return those of an exchange; empty: the market that the program runs on."""
        if world not in self._made:
            self._made[world] = self._make(world)
        return self._made[world]

    async def of(self, strategy: Strategy, world: str = "") -> tuple[Signal, ...]:
        """Return where every trigger of a strategy stands on an exchange."""
        return await self.at(world).of(strategy)

    async def together(self, portfolio: Portfolio, quantities: Mapping[str, Decimal], world: str = "") -> tuple[Signal, ...]:
        """Return where all coins of a portfolio stand together on an exchange."""
        return await self.at(world).together(portfolio, quantities)

    async def refresh(self, wanted: Collection[MachineKey]) -> frozenset[MachineKey]:
        """Take the readings that have come since; return the machines that now stand differently.

        Exchanges are read side by side: one that does not answer keeps no other's machines waiting.
        """
        theirs: dict[str, list[MachineKey]] = {}
        for watch in wanted:
            theirs.setdefault(watch.world, []).append(watch)
        async with asyncio.TaskGroup() as group:
            found = [group.create_task(self.at(world).refresh(some)) for world, some in theirs.items()]
        return frozenset().union(*(task.result() for task in found))


def _written(kept: MachineState) -> str:
    moments = {name: value.isoformat() if value else None for name, value in (("at", kept.at), ("since", kept.since))}
    reading = None if kept.reading is None else str(kept.reading)
    return encode({"state": encode(kept.state), "upto": kept.upto.isoformat(), "reading": reading, **moments})


def _read(watch: MachineKey, text: str) -> MachineState | None:
    """Return where a machine stood; what cannot be read, or says what no machine says, counts as never written: it is read again."""
    try:
        stored = decode(dict[str, Any], text)
        at, since = (to_moment(stored[name]) if stored[name] else None for name in ("at", "since"))
        reading = None if stored["reading"] is None else Decimal(stored["reading"])
        kept = MachineState(
            state=decode(watch.machine.state, stored["state"]), upto=to_moment(stored["upto"]), reading=reading, at=at, since=since
        )
        size = watch.machine.standing(kept.state, dict(watch.params)).size
        if (size is not None and not 0 <= size <= 1) or not (reading is None or abs(reading) < _READING):
            raise ValueError("beyond what a machine says")  # noqa: TRY301 - told like all that cannot be read
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        log.warning("where a machine stood cannot be read; it reads its history again", machine=watch.key, error=type(error).__name__)
        return None
    return kept
