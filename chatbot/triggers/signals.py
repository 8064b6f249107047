"""What the triggers see: each machine is run once over the market's history, for everybody who uses the same parameters.

A machine starts thirty days back, takes one step for each new reading, and is stored after it, so that a restart goes on where it
stood. A reading that is late is waited for; one that never comes is taken as unknown, which neither starts nor ends anything.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.errors import Refused
from chatbot.engine.triggers import volatility
from chatbot.engine.triggers.registry import TRIGGERS, Bars, Standing, VolReading
from chatbot.model import FEAR_GREED, FUNDING_LOW, TREND, VOLATILITY, Signal
from chatbot.store import accounts
from chatbot.store.codec import decode, encode

if TYPE_CHECKING:
    from collections.abc import Collection

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource
    from chatbot.market.candles import CandleBook
    from chatbot.market.funding import FundingBook
    from chatbot.market.sentiment import Sentiment
    from chatbot.model import Strategy
    from chatbot.store.database import Database

#: contracts whose funding stands for the market (domain 7.2)
MAJORS = ("BTC-PERP", "ETH-PERP")
_DAY, _BLOCK = timedelta(days=1), timedelta(hours=8)
#: how far back a new machine starts, and how old a stored one may be
_WARM_UP, _FORGET = timedelta(days=30), timedelta(days=60)
#: a reading is taken so long after its time, and waited for so long
_READY = timedelta(minutes=10)
_PATIENCE = {_DAY: timedelta(hours=6), _BLOCK: timedelta(hours=2)}
_WEEK_HOURS = 168
_BASELINE_DAYS = 38
_DAILY_BARS = 250
_HOURLY_DAYS = _WARM_UP.days + _BASELINE_DAYS + 8
#: an older Fear & Greed reading counts as missing (domain 8.1)
_FRESH_MOOD = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Watch:
    """One machine: a trigger, its subject, and every parameter that it runs with."""

    trigger: str
    subject: str
    params: tuple[tuple[str, Decimal], ...]

    @property
    def key(self) -> str:
        """Return the name under which it is stored."""
        chosen = ",".join(f"{name}={value.normalize():f}" for name, value in self.params)
        return f"signal:{self.trigger}:{self.subject}:{chosen}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A machine as it stands."""

    state: Any
    #: market time up to which readings were taken
    upto: datetime
    #: the last known reading and its market time; None before the first
    reading: Decimal | None = None
    at: datetime | None = None
    #: since when it has been active; None while it is not
    since: datetime | None = None


def watches(strategy: Strategy) -> tuple[Watch, ...]:
    """Return the machines that a strategy looks at, those that are switched off too: a person sees what they would do."""
    contracts = strategy.contracts
    subjects = {"asset": strategy.spot_assets, "contract": contracts, "market": ("",)}
    found: list[Watch] = []
    for name, trigger in TRIGGERS.items():
        if name != FEAR_GREED and trigger.per != "asset" and not contracts:
            continue  # nothing to trim, halve or step up
        chosen = dict(strategy.setting(name).params)
        if name == FUNDING_LOW:
            chosen["base"] = strategy.futures_net
        params = tuple(trigger.params(chosen).items())
        found += [Watch(name, subject, params) for subject in subjects[trigger.per]]
    return tuple(found)


def heard(strategy: Strategy) -> tuple[Watch, ...]:
    """Return the machines that can move a strategy's targets: those of triggers that are on."""
    return tuple(watch for watch in watches(strategy) if strategy.setting(watch.trigger).on)


class Signals:
    """All machines that anybody looks at; :meth:`of` answers from memory."""

    def __init__(self, db: Database, source: PriceSource, candles: CandleBook, funding: FundingBook, mood: Sentiment, clock: Clock) -> None:
        self._db = db
        self._source = source
        self._candles = candles
        self._funding = funding
        self._mood = mood
        self._clock = clock
        self._kept: dict[Watch, Kept] = {}
        #: realised volatility by asset and day: each serves as reading once and as baseline thirty times
        self._sigmas: dict[tuple[str, datetime], Decimal] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(self, strategy: Strategy) -> tuple[Signal, ...]:
        """Return where every trigger of a strategy stands; machines that nobody has asked for yet are run first."""
        asked = watches(strategy)
        if any(watch not in self._kept for watch in asked):
            await self.refresh(asked)
        now = self._source.market_time(self._clock.now())
        return tuple(self._signal(watch, now) for watch in asked)

    async def refresh(self, wanted: Collection[Watch]) -> frozenset[Watch]:
        """Take the readings that have come since; return the machines that now stand differently."""
        async with self._one_at_a_time:
            now = self._source.market_time(self._clock.now())
            due = [watch for watch in wanted if self._is_due(watch, now)]
            if not due:
                return frozenset()
            await self._load(due, now)
            await self._fetch(due)
            before = {watch: self._kept[watch] for watch in due}
            after = await asyncio.to_thread(self._run_all, before, now)
            moved = {watch: kept for watch, kept in after.items() if kept != before[watch]}
            await self._store(moved)
            self._kept |= after
            return frozenset(watch for watch in moved if _stands(watch, moved[watch]) != _stands(watch, before[watch]))

    def _is_due(self, watch: Watch, now: datetime) -> bool:
        kept = self._kept.get(watch)
        if kept is None or kept.upto > now:  # a market that was begun anew is earlier than what was read of it
            return True
        wait = timedelta(0) if watch.trigger == FEAR_GREED else _READY
        return _next(watch, kept.upto) + wait <= now

    async def _load(self, due: Collection[Watch], now: datetime) -> None:
        """Take up stored machines where they stood; what is too old, or of a market that was begun anew, starts thirty days back."""
        unknown = [watch for watch in due if watch not in self._kept]
        async with self._db.read() as tx:
            stored = {watch: await accounts.meta(tx, watch.key) for watch in unknown}
        self._kept |= {watch: _read(watch, text) for watch, text in stored.items() if text is not None}
        for watch in due:
            kept = self._kept.get(watch)
            if kept is None or not now - _FORGET <= kept.upto <= now:
                start = TRIGGERS[watch.trigger].start(dict(watch.params))
                self._kept[watch] = Kept(state=start, upto=_floor(now - _WARM_UP, _step(watch)))

    async def _fetch(self, due: Collection[Watch]) -> None:
        """Ask for the history that these machines read: as often for one person as for all."""
        kinds = {watch.trigger for watch in due}
        assets = sorted({watch.subject for watch in due if watch.trigger == VOLATILITY})
        contracts = sorted({watch.subject for watch in due if watch.trigger == TREND})
        async with asyncio.TaskGroup() as group:
            if assets:
                group.create_task(self._candles.refresh(assets, "1h", _HOURLY_DAYS))
            if contracts:
                group.create_task(self._candles.refresh(contracts, "1d", _DAILY_BARS))
            if kinds - {VOLATILITY, TREND, FEAR_GREED}:
                group.create_task(self._funding.refresh(MAJORS, _WARM_UP.days + 2))
            if FEAR_GREED in kinds:
                group.create_task(self._mood.refresh(self._clock.now()))

    def _run_all(self, machines: dict[Watch, Kept], now: datetime) -> dict[Watch, Kept]:
        return {watch: self._run(watch, kept, now) for watch, kept in machines.items()}

    def _run(self, watch: Watch, kept: Kept, now: datetime) -> Kept:
        """Step through the readings that are there by now."""
        if watch.trigger == FEAR_GREED:
            for one in self._mood.readings(kept.upto, now):
                kept = _advance(watch, kept, one.at, Decimal(one.value))
            return kept
        while (at := _next(watch, kept.upto)) + _READY <= now:
            seen, known = self._reading(watch, at)
            if not known and now < at + _PATIENCE[_step(watch)]:
                break  # it may still come
            kept = _advance(watch, kept, at, seen)
        return kept

    def _reading(self, watch: Watch, at: datetime) -> tuple[Any, bool]:
        """Return what a machine reads at ``at``, and whether it is known."""
        if watch.trigger == VOLATILITY:
            sigma = self._sigma(watch.subject, at)
            history = [self._sigma(watch.subject, at - _DAY * back) for back in range(_BASELINE_DAYS, 0, -1)]
            return VolReading(sigma=sigma, base=volatility.vol_baseline([*history, sigma])[0]), sigma is not None
        if watch.trigger == TREND:
            bars = self._candles.bars(watch.subject, "1d", at, _DAILY_BARS)
            known = bool(bars) and bars[-1].at == at - _DAY
            return Bars(closes=[b.close for b in bars], volumes=[b.volume for b in bars]) if known else Bars(closes=(), volumes=()), known
        blocks = self._funding.market_blocks(MAJORS, at - _BLOCK, at)
        rate = blocks[-1][1] if blocks else None
        return rate, rate is not None

    def _sigma(self, asset: str, at: datetime) -> Decimal | None:
        """Return the realised volatility of the seven days to ``at``; only what is known is remembered, the rest may still come."""
        found = self._sigmas.get((asset, at))
        if found is None:
            closes = self._candles.closes(asset, "1h", at, _WEEK_HOURS + 1)
            try:
                sigma = volatility.realised_vol(closes, 1).sigma if closes[-1] is not None else None
            except Refused:
                sigma = None
            if sigma is None:
                return None
            found = self._sigmas[asset, at] = Decimal(f"{sigma:.12g}")
            self._tidy(at)
        return found

    def _tidy(self, at: datetime) -> None:
        if len(self._sigmas) > 5000:
            oldest = at - _DAY * (_BASELINE_DAYS + _WARM_UP.days)
            self._sigmas = {key: sigma for key, sigma in self._sigmas.items() if key[1] >= oldest}

    async def _store(self, moved: dict[Watch, Kept]) -> None:
        if moved:
            async with self._db.transaction() as tx:
                for watch, kept in moved.items():
                    await accounts.set_meta(tx, watch.key, _written(kept))

    def _signal(self, watch: Watch, now: datetime) -> Signal:
        trigger, params = TRIGGERS[watch.trigger], dict(watch.params)
        kept = self._kept[watch]
        stands = trigger.standing(kept.state, params)
        stale = watch.trigger == FEAR_GREED and kept.at is not None and now - kept.at > _FRESH_MOOD
        return Signal(
            trigger=watch.trigger,
            subject=watch.subject,
            at=kept.at,
            reading=None if stale else kept.reading,
            enter=params[trigger.enter],
            leave=params[trigger.leave],
            below=trigger.below,
            active=stands.active,
            since=kept.since,
            size=stands.size,
            count=stands.count,
            needed=stands.needed,
        )


def _advance(watch: Watch, kept: Kept, at: datetime, seen: Any) -> Kept:  # noqa: ANN401 - what the trigger reads
    """Take one reading; a number that is unknown leaves the last known one standing."""
    trigger, params = TRIGGERS[watch.trigger], dict(watch.params)
    shown = trigger.show(kept.state, seen, params)
    state = trigger.advance(kept.state, seen, params)
    was, is_on = (trigger.standing(one, params).active for one in (kept.state, state))
    after = replace(kept, state=state, upto=at, since=(kept.since if was else at) if is_on else None)
    return after if shown is None else replace(after, reading=shown, at=at)


def _stands(watch: Watch, kept: Kept) -> tuple[bool, Decimal | None]:
    found: Standing = TRIGGERS[watch.trigger].standing(kept.state, dict(watch.params))
    return found.active, found.size


def _step(watch: Watch) -> timedelta:
    return _BLOCK if TRIGGERS[watch.trigger].cadence == "block" else _DAY


def _floor(moment: datetime, step: timedelta) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // step * step


def _next(watch: Watch, upto: datetime) -> datetime:
    """Return the market time of the reading that follows ``upto``."""
    return _floor(upto, _step(watch)) + _step(watch)


def _written(kept: Kept) -> str:
    moments = {name: value.isoformat() if value else None for name, value in (("at", kept.at), ("since", kept.since))}
    reading = None if kept.reading is None else str(kept.reading)
    return encode({"state": encode(kept.state), "upto": kept.upto.isoformat(), "reading": reading, **moments})


def _read(watch: Watch, text: str) -> Kept:
    stored = decode(dict[str, Any], text)
    at, since = (datetime.fromisoformat(stored[name]) if stored[name] else None for name in ("at", "since"))
    return Kept(
        state=decode(TRIGGERS[watch.trigger].state, stored["state"]),
        upto=datetime.fromisoformat(stored["upto"]),
        reading=None if stored["reading"] is None else Decimal(stored["reading"]),
        at=at,
        since=since,
    )
