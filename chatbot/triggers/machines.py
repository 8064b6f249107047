"""Machines of triggers: each steps from one reading of the market's history to the next, for everybody who uses the same parameters.

What is unknown neither starts nor ends anything. What they are fed with is in :mod:`chatbot.triggers.feeds`; nothing here waits for
anybody, so that recorded history goes through the same steps as a market that is alive.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.engine.triggers.trigger import SetBy, Subject, Unit
from chatbot.errors import contained
from chatbot.model import BASKET, INFO, Cause, Signal
from chatbot.triggers.feeds import READY, WARM_UP, HourlyFeed, floor
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from decimal import Decimal

    from chatbot.engine.triggers.trigger import Reads, Standing, Trigger
    from chatbot.model import Strategy
    from chatbot.triggers.feeds import BasketFeed, Feed

#: the trigger that may look at all coins together, and its parameter for that: it is nothing to the machine of a coin
_CUTS, _TOGETHER = Cause.VOLATILITY, "together"
#: how old a machine may be before it starts thirty days back again
_FORGET = timedelta(days=60)
_HOUR = timedelta(hours=1)
_NEVER: tuple[datetime, None] = (datetime.min.replace(tzinfo=UTC), None)


@dataclass(frozen=True, slots=True)
class MachineKey:
    """One machine: a trigger, its subject, and every parameter that it runs with."""

    trigger: Cause
    subject: str
    params: tuple[tuple[str, Decimal], ...]
    #: the exchange whose readings it takes; empty: the market that the program runs on
    world: str = ""

    @property
    def machine(self) -> Trigger:
        """Return what steps from one reading to the next."""
        return TRIGGERS[self.trigger]

    @property
    def key(self) -> str:
        """Return the name under which it is stored; an option that is off is not in it, so that a new one finds what was stored before."""
        return _key(self)


@lru_cache(maxsize=4096)
def _key(watch: MachineKey) -> str:
    options = {one.name for one in watch.machine.parameters if one.unit is Unit.SWITCH}
    chosen = ",".join(f"{name}={value.normalize():f}" for name, value in watch.params if value or name not in options)
    return f"signal:{watch.trigger}:{watch.subject}:{chosen}" + (f"@{watch.world}" if watch.world else "")


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


def basket_machine(strategy: Strategy, portfolio_id: int, world: str = "") -> MachineKey:
    """Return the machine of all coins of a portfolio together."""
    params = tuple(TRIGGERS[_CUTS].params(strategy.setting(_CUTS).params).items())
    return MachineKey(_CUTS, f"{BASKET}:{portfolio_id}", params, world)


def all_machines(strategy: Strategy, world: str = "") -> tuple[MachineKey, ...]:
    """Return the machines that a strategy looks at on an exchange, those that are switched off too: a person sees what they would do."""
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
        found += [MachineKey(name, subject, params, world) for subject in subjects[trigger.per]]
    return tuple(found)


def active_machines(strategy: Strategy, world: str = "") -> tuple[MachineKey, ...]:
    """Return the machines that can move a strategy's targets: those of triggers that are on."""
    return tuple(watch for watch in all_machines(strategy, world) if strategy.setting(watch.trigger).on)


class Machines:
    """Where machines stand, and how they step: all from memory, in market time."""

    def __init__(self, feeds: Mapping[Reads, Feed], baskets: BasketFeed, world: str = "") -> None:
        self._feeds = feeds
        self.world = world
        self.baskets = baskets
        #: those that are made of hours; asking each time would take longer than looking
        self._hourly: dict[Feed, HourlyFeed] = {feed: feed for feed in (*feeds.values(), baskets) if isinstance(feed, HourlyFeed)}
        self._kept: dict[MachineKey, MachineState] = {}
        #: of triggers that watch the hours between two readings: up to which hour, and what they say
        self._between: dict[MachineKey, tuple[datetime, Decimal | None]] = {}

    def __contains__(self, watch: MachineKey) -> bool:
        return watch in self._kept

    def __getitem__(self, watch: MachineKey) -> MachineState:
        return self._kept[watch]

    def of_subject(self, subject: str) -> list[MachineKey]:
        """Return the machines that look at this subject."""
        return [watch for watch in self._kept if watch.subject == subject]

    def feed(self, watch: MachineKey) -> Feed:
        """Return what a machine is fed with."""
        return self.baskets if watch.subject.startswith(f"{BASKET}:") else self._feeds[watch.machine.reads]

    def is_due(self, watch: MachineKey, now: datetime) -> bool:
        """Tell whether there may be a reading that a machine has not taken; always of one that was never seen."""
        kept = self._kept.get(watch)
        if kept is None or kept.upto > now:  # a market that was begun again is earlier than what was read of it
            return True
        return self.feed(watch).due(kept.upto) <= now

    def take_up(self, due: Iterable[MachineKey], stored: Mapping[MachineKey, MachineState], now: datetime) -> None:
        """Let machines go on where they stood; what is too old, or of a market that was begun again, starts thirty days back."""
        self._kept |= stored
        for watch in due:
            kept = self._kept.get(watch)
            if kept is None or not now - _FORGET <= kept.upto <= now:
                start = watch.machine.start(dict(watch.params))
                self._kept[watch] = MachineState(state=start, upto=floor(now - WARM_UP, self.feed(watch).step))

    def run(self, due: Collection[MachineKey], now: datetime) -> dict[MachineKey, MachineState]:
        """Return where machines stand once they have taken the readings that are there by now; nothing is kept of it yet."""
        return {watch: self._run_safely(watch, self._kept[watch], now) for watch in due}

    def keep(self, after: Mapping[MachineKey, MachineState]) -> tuple[dict[MachineKey, MachineState], frozenset[MachineKey]]:
        """Take over where machines stand now; return those that took a step, and which of them now say something else."""
        before = {watch: self._kept[watch] for watch in after}
        moved = {watch: kept for watch, kept in after.items() if kept != before[watch]}
        self._kept |= after
        turned = (watch for watch, kept in moved.items() if kept.state != before[watch].state)
        return moved, frozenset(watch for watch in turned if _stands(watch, moved[watch]) != _stands(watch, before[watch]))

    def watching(self, wanted: Iterable[MachineKey], now: datetime) -> list[MachineKey]:
        """Return the machines that have not looked yet at the last full hour between two of their readings."""
        hour = _last_hour(now)
        return [one for one in wanted if one.machine.watch and one in self._kept and self._between.get(one, _NEVER)[0] != hour]

    def look_between(self, due: Collection[MachineKey], now: datetime) -> frozenset[MachineKey]:
        """Look at the hours since the last reading, where a trigger watches them; return whose move begins or ends."""
        hour = _last_hour(now)
        before = {watch: self._between.get(watch, _NEVER) for watch in due}
        self._between |= {watch: (hour, self._watched_safely(watch, hour)) for watch in due}
        return frozenset(watch for watch in due if (self._between[watch][1] is None) != (before[watch][1] is None))

    def _watched_safely(self, watch: MachineKey, hour: datetime) -> Decimal | None:
        kept, look, params = self._kept[watch], watch.machine.watch, dict(watch.params)
        feed = self._hourly.get(self.feed(watch))
        if look is None or feed is None or kept.at is None or watch.machine.standing(kept.state, params).active:
            return None
        with contained("watch broke", machine=watch.key):
            return look(*feed.since(watch.subject, kept.at, hour), params)
        return None

    def _run_safely(self, watch: MachineKey, kept: MachineState, now: datetime) -> MachineState:
        """Run one machine; one that breaks stands where it stood, and the others go on."""
        with contained("machine broke", machine=watch.key):
            after = kept
            for at, seen in self.feed(watch).readings(watch.subject, kept.upto, now):
                after = _advance(watch, after, at, seen)
            return after
        return kept

    def signals(self, strategy: Strategy, now: datetime) -> tuple[Signal, ...]:
        """Return where every trigger of a strategy stands, apart from that of all coins together."""
        found = (self.signal(watch, now) for watch in all_machines(strategy, self.world))
        return tuple(_at_rest(one) if one.trigger is _CUTS else one for one in found) if is_together(strategy) else tuple(found)

    def together(self, watch: MachineKey, now: datetime, *, at_rest: bool = False) -> Signal:
        """Return where all coins of a portfolio stand together; ``at_rest``: as if nothing was cut by it."""
        found = replace(self.signal(watch, now), subject=BASKET)
        return _at_rest(found) if at_rest else found

    def signal(self, watch: MachineKey, now: datetime) -> Signal:
        """Return where one machine stands."""
        trigger, params = watch.machine, dict(watch.params)
        kept, fresh = self._kept[watch], self.feed(watch).fresh
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


def _last_hour(now: datetime) -> datetime:
    return floor(now - READY, _HOUR)


def _at_rest(signal: Signal) -> Signal:
    """Return the reading of a coin that is not cut by it."""
    return replace(signal, active=False, since=None, size=None, count=0, needed=1, moved=None)


def _advance(watch: MachineKey, kept: MachineState, at: datetime, seen: Any) -> MachineState:  # noqa: ANN401 - what the trigger reads
    """Take one reading; a number that is unknown leaves the last known one standing."""
    trigger, params = watch.machine, dict(watch.params)
    shown = trigger.show(kept.state, seen, params)
    state, since = trigger.advance(kept.state, seen, params), kept.since
    if state != kept.state:  # most readings change nothing
        was, is_on = (trigger.standing(one, params).active for one in (kept.state, state))
        since = (since if was else at) if is_on else None
    reading, read_at = (kept.reading, kept.at) if shown is None else (shown, at)
    return MachineState(state=state, upto=at, reading=reading, at=read_at, since=since)


def _stands(watch: MachineKey, kept: MachineState) -> tuple[bool, Decimal | None]:
    found: Standing = watch.machine.standing(kept.state, dict(watch.params))
    return found.active, found.size
