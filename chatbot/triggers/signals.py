"""What the triggers see: each machine is run once over the market's history, for everybody who uses the same parameters.

A machine starts thirty days back, takes one step for each new reading, and is stored after it, so that a restart goes on where it
stood. What they are fed with is in :mod:`chatbot.triggers.feeds`; what is unknown neither starts nor ends anything.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.engine.triggers.trigger import SetBy, Subject, Unit
from chatbot.errors import contained
from chatbot.model import BASKET, INFO, Cause, Signal
from chatbot.store import accounts
from chatbot.store.codec import decode, encode
from chatbot.triggers.feeds import READY, WARM_UP, BasketFeed, HourlyFeed, feeds, floor

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chatbot.clock import Clock
    from chatbot.engine.triggers.trigger import Standing, Trigger
    from chatbot.exchanges.base import PriceSource
    from chatbot.market.candles import CandleBook
    from chatbot.market.funding import FundingBook
    from chatbot.market.sentiment import Sentiment
    from chatbot.model import Portfolio, Strategy
    from chatbot.store.database import Database
    from chatbot.triggers.feeds import Feed

#: the trigger that may look at all coins together, and its parameter for that: it is nothing to the machine of a coin
_CUTS, _TOGETHER = Cause.VOLATILITY, "together"
#: how old a stored machine may be
_FORGET = timedelta(days=60)
_HOUR = timedelta(hours=1)
_NEVER: tuple[datetime, None] = (datetime.min.replace(tzinfo=UTC), None)


@dataclass(frozen=True, slots=True)
class MachineKey:
    """One machine: a trigger, its subject, and every parameter that it runs with."""

    trigger: Cause
    subject: str
    params: tuple[tuple[str, Decimal], ...]

    @property
    def machine(self) -> Trigger:
        """Return what steps from one reading to the next."""
        return TRIGGERS[self.trigger]

    @property
    def key(self) -> str:
        """Return the name under which it is stored; an option that is off is not in it, so that a new one finds what was stored before."""
        options = {one.name for one in self.machine.parameters if one.unit is Unit.SWITCH}
        chosen = ",".join(f"{name}={value.normalize():f}" for name, value in self.params if value or name not in options)
        return f"signal:{self.trigger}:{self.subject}:{chosen}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """A machine as it stands."""

    state: Any
    #: market time up to which readings were taken
    upto: datetime
    #: the last known reading and its market time; None before the first
    reading: Decimal | None = None
    at: datetime | None = None
    #: since when it has been active; None while it is not
    since: datetime | None = None


def is_together(strategy: Strategy) -> bool:
    """Tell whether the volatility of all coins together cuts them, and no coin's own (domain 5.4)."""
    return bool(strategy.setting(_CUTS).params.get(_TOGETHER))


def basket_machine(strategy: Strategy, portfolio_id: int) -> MachineKey:
    """Return the machine of all coins of a portfolio together."""
    params = tuple(TRIGGERS[_CUTS].params(strategy.setting(_CUTS).params).items())
    return MachineKey(_CUTS, f"{BASKET}:{portfolio_id}", params)


def all_machines(strategy: Strategy) -> tuple[MachineKey, ...]:
    """Return the machines that a strategy looks at, those that are switched off too: a person sees what they would do."""
    contracts = strategy.contracts
    subjects = {Subject.ASSET: strategy.spot_assets, Subject.CONTRACT: contracts, Subject.MARKET: ("",)}
    found: list[MachineKey] = []
    for name, info in INFO.items():
        if info.effect.needs_futures and not contracts:
            continue  # nothing to trim, halve or step up
        trigger = TRIGGERS[name]
        net = {parameter.name: strategy.futures_net for parameter in trigger.parameters if parameter.set_by is SetBy.NET}
        chosen = {what: value for what, value in strategy.setting(name).params.items() if what != _TOGETHER}
        params = tuple(trigger.params({**chosen, **net}).items())
        found += [MachineKey(name, subject, params) for subject in subjects[trigger.per]]
    return tuple(found)


def active_machines(strategy: Strategy) -> tuple[MachineKey, ...]:
    """Return the machines that can move a strategy's targets: those of triggers that are on."""
    return tuple(watch for watch in all_machines(strategy) if strategy.setting(watch.trigger).on)


class Signals:
    """All machines that anybody looks at; :meth:`of` answers from memory."""

    def __init__(self, db: Database, source: PriceSource, candles: CandleBook, funding: FundingBook, mood: Sentiment, clock: Clock) -> None:
        self._db = db
        self._source = source
        self._clock = clock
        self._feeds = feeds(candles, funding, mood, clock)
        self._baskets = BasketFeed(candles)
        self._kept: dict[MachineKey, MachineState] = {}
        #: of triggers that watch the hours between two readings: up to which hour, and what they say
        self._between: dict[MachineKey, tuple[datetime, Decimal | None]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(self, strategy: Strategy) -> tuple[Signal, ...]:
        """Return where every trigger of a strategy stands; machines that nobody has asked for yet are run first."""
        asked = all_machines(strategy)
        if any(watch not in self._kept for watch in asked):
            await self.refresh(asked)
        now = self._source.market_time(self._clock.now())
        found = (self._signal(watch, now) for watch in asked)
        return tuple(_at_rest(one) if one.trigger is _CUTS else one for one in found) if is_together(strategy) else tuple(found)

    async def together(self, portfolio: Portfolio, quantities: Mapping[str, Decimal]) -> tuple[Signal, ...]:
        """Return where all coins of a portfolio stand together, of which it holds these quantities; nothing where each is for itself."""
        watch = basket_machine(portfolio.strategy, portfolio.id)
        if not is_together(portfolio.strategy):
            return self._were_together(watch.subject)
        self._baskets.hold(watch.subject, quantities)
        now = self._source.market_time(self._clock.now())
        if watch not in self._kept or self._is_due(watch, now):
            await self.refresh((watch,))
        return (replace(self._signal(watch, now), subject=BASKET),)

    def _were_together(self, subject: str) -> tuple[Signal, ...]:
        """Return all coins together at rest where they cut before each was taken for itself again: its end is told, and planned for."""
        now = self._source.market_time(self._clock.now())
        kept = [watch for watch in self._kept if watch.subject == subject] if self._baskets.holds(subject) else []
        return tuple(_at_rest(replace(self._signal(watch, now), subject=BASKET)) for watch in kept[:1])

    async def refresh(self, wanted: Collection[MachineKey]) -> frozenset[MachineKey]:
        """Take the readings that have come since; return the machines that now stand differently."""
        async with self._one_at_a_time:
            now = self._source.market_time(self._clock.now())
            stepped = await self._step(wanted, now)
            return stepped | await self._look_between(wanted, floor(now - READY, _HOUR))

    async def _step(self, wanted: Collection[MachineKey], now: datetime) -> frozenset[MachineKey]:
        """Take the readings of those that are due; return the machines that now stand differently."""
        due = [watch for watch in wanted if self._is_due(watch, now)]
        if not due:
            return frozenset()
        await self._load(due, now)
        due = [watch for watch in due if self._is_due(watch, now)]  # after a restart most stand where they stood
        await self._fetch(due)
        before = {watch: self._kept[watch] for watch in due}
        after = await asyncio.to_thread(self._run_all, before, now)
        moved = {watch: kept for watch, kept in after.items() if kept != before[watch]}
        await self._store(moved)
        self._kept |= after
        return frozenset(watch for watch in moved if _stands(watch, moved[watch]) != _stands(watch, before[watch]))

    async def _look_between(self, wanted: Collection[MachineKey], hour: datetime) -> frozenset[MachineKey]:
        """Look once an hour at the hours since the last reading, where a trigger watches them; return whose move begins or ends."""
        due = [one for one in wanted if one.machine.watch and one in self._kept and self._between.get(one, _NEVER)[0] != hour]
        if not due:
            return frozenset()
        await self._fetch(due)
        before = {watch: self._between.get(watch, _NEVER) for watch in due}
        self._between |= {watch: (hour, self._watched_safely(watch, hour)) for watch in due}
        return frozenset(watch for watch in due if (self._between[watch][1] is None) != (before[watch][1] is None))

    def _watched_safely(self, watch: MachineKey, hour: datetime) -> Decimal | None:
        kept, feed, look, params = self._kept[watch], self._feed(watch), watch.machine.watch, dict(watch.params)
        if look is None or not isinstance(feed, HourlyFeed) or kept.at is None or watch.machine.standing(kept.state, params).active:
            return None
        with contained("watch broke", machine=watch.key):
            return look(*feed.since(watch.subject, kept.at, hour), params)
        return None

    def _is_due(self, watch: MachineKey, now: datetime) -> bool:
        kept = self._kept.get(watch)
        if kept is None or kept.upto > now:  # a market that was begun again is earlier than what was read of it
            return True
        return self._feed(watch).is_due(kept.upto, now)

    async def _load(self, due: Collection[MachineKey], now: datetime) -> None:
        """Take up stored machines where they stood; what is too old, or of a market that was begun again, starts thirty days back."""
        unknown = [watch for watch in due if watch not in self._kept]
        async with self._db.read() as tx:
            stored = {watch: await accounts.meta(tx, watch.key) for watch in unknown}
        self._kept |= {watch: _read(watch, text) for watch, text in stored.items() if text is not None}
        for watch in due:
            kept = self._kept.get(watch)
            if kept is None or not now - _FORGET <= kept.upto <= now:
                start = watch.machine.start(dict(watch.params))
                self._kept[watch] = MachineState(state=start, upto=floor(now - WARM_UP, self._feed(watch).step))

    async def _fetch(self, due: Collection[MachineKey]) -> None:
        """Ask for the history that these machines read: as often for one person as for all."""
        subjects: dict[Feed, set[str]] = {}
        for watch in due:
            subjects.setdefault(self._feed(watch), set()).add(watch.subject)
        async with asyncio.TaskGroup() as group:
            for feed, names in subjects.items():
                group.create_task(feed.fetch(names))

    def _feed(self, watch: MachineKey) -> Feed:
        return self._baskets if watch.subject.startswith(f"{BASKET}:") else self._feeds[watch.machine.reads]

    def _run_all(self, machines: dict[MachineKey, MachineState], now: datetime) -> dict[MachineKey, MachineState]:
        return {watch: self._run_safely(watch, kept, now) for watch, kept in machines.items()}

    def _run_safely(self, watch: MachineKey, kept: MachineState, now: datetime) -> MachineState:
        """Run one machine; one that breaks stands where it stood, and the others go on."""
        with contained("machine broke", machine=watch.key):
            return self._run(watch, kept, now)
        return kept

    def _run(self, watch: MachineKey, kept: MachineState, now: datetime) -> MachineState:
        """Step through the readings that are there by now."""
        for at, seen in self._feed(watch).readings(watch.subject, kept.upto, now):
            kept = _advance(watch, kept, at, seen)
        return kept

    async def _store(self, moved: dict[MachineKey, MachineState]) -> None:
        if moved:
            async with self._db.transaction() as tx:
                for watch, kept in moved.items():
                    await accounts.set_meta(tx, watch.key, _written(kept))

    def _signal(self, watch: MachineKey, now: datetime) -> Signal:
        trigger, params = watch.machine, dict(watch.params)
        kept, fresh = self._kept[watch], self._feed(watch).fresh
        stands = trigger.standing(kept.state, params)
        stale = fresh is not None and kept.at is not None and now - kept.at > fresh
        return Signal(
            trigger=watch.trigger,
            subject=watch.subject,
            at=kept.at,
            age_s=(now - kept.at).total_seconds() if kept.at is not None else None,
            reading=None if stale else kept.reading,
            enter=params[trigger.enter],
            leave=params[trigger.leave],
            below=trigger.below,
            active=stands.active,
            since=kept.since,
            size=stands.size,
            count=stands.count,
            needed=stands.needed,
            moved=None if stands.active else self._between.get(watch, _NEVER)[1],
        )


def _at_rest(signal: Signal) -> Signal:
    """Return the reading of a coin that is not cut by it."""
    return replace(signal, active=False, since=None, size=None, count=0, needed=1, moved=None)


def _advance(watch: MachineKey, kept: MachineState, at: datetime, seen: Any) -> MachineState:  # noqa: ANN401 - what the trigger reads
    """Take one reading; a number that is unknown leaves the last known one standing."""
    trigger, params = watch.machine, dict(watch.params)
    shown = trigger.show(kept.state, seen, params)
    state = trigger.advance(kept.state, seen, params)
    was, is_on = (trigger.standing(one, params).active for one in (kept.state, state))
    after = replace(kept, state=state, upto=at, since=(kept.since if was else at) if is_on else None)
    return after if shown is None else replace(after, reading=shown, at=at)


def _stands(watch: MachineKey, kept: MachineState) -> tuple[bool, Decimal | None]:
    found: Standing = watch.machine.standing(kept.state, dict(watch.params))
    return found.active, found.size


def _written(kept: MachineState) -> str:
    moments = {name: value.isoformat() if value else None for name, value in (("at", kept.at), ("since", kept.since))}
    reading = None if kept.reading is None else str(kept.reading)
    return encode({"state": encode(kept.state), "upto": kept.upto.isoformat(), "reading": reading, **moments})


def _read(watch: MachineKey, text: str) -> MachineState:
    stored = decode(dict[str, Any], text)
    at, since = (datetime.fromisoformat(stored[name]) if stored[name] else None for name in ("at", "since"))
    return MachineState(
        state=decode(watch.machine.state, stored["state"]),
        upto=datetime.fromisoformat(stored["upto"]),
        reading=None if stored["reading"] is None else Decimal(stored["reading"]),
        at=at,
        since=since,
    )
