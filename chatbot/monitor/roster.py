"""Who is watched, and who must be looked at exactly: everybody who changed, is not calm, or whom the screen suspects."""

from __future__ import annotations

import gc
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.errors import contained
from chatbot.model import SHARES, Mode, share_of
from chatbot.monitor.reading import READ_AGAIN_S, Steady, read_again_s, spread_s
from chatbot.monitor.screen import Column, Kind, ScreenArrays, edges_of, kind_of, prices_of, quantities_of
from chatbot.portfolio import valuation
from chatbot.portfolio.states import ScheduleMark
from chatbot.shares.owned import ALL, EVERYBODY
from chatbot.store import portfolios
from chatbot.triggers import machines, schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable
    from datetime import datetime

    from chatbot.model import Portfolio
    from chatbot.monitor.screen import Floats
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.markets import Markets
    from chatbot.shares.owned import Shares
    from chatbot.store.database import Database, Tx
    from chatbot.triggers.machines import MachineKey

#: accounts of one exchange that one check asks about: each weighs 20 of 6,000 and 15 of 2,400 a minute (Binance); half is left to orders
REAL_A_CHECK = 60
#: portfolios that are loaded before others get their turn
_PAGE = 250
#: so many portfolios stay in memory for good: the garbage collector would stop everybody to walk through them again and again
_MANY = 1_000
#: a portfolio whose nearest liquidation is closer than this is looked at in every check: no band of its own warns of it
_NEAR_LIQUIDATION = Decimal("0.35")


@dataclass(slots=True)
class _Watched:
    portfolio: Portfolio
    #: by whose prices it is watched
    world: str
    instruments: tuple[str, ...]
    #: everybody who looks at the same machines, and whose targets the same machines move
    looking: set[int]
    hearing: set[int]
    #: the sheet that the screen reads for it; None: look exactly
    sheet: ScreenArrays | None = None
    #: when it was last looked at exactly, or seen at a glance, seconds since the epoch; 0: not since it was loaded
    looked_at: float = 0.0
    #: the mark of what its column was last written from; None: by an exact look, or not at all
    mark: tuple[int, Hashable] | None = None
    #: the fingerprint of what was stored when a glance first let it stay after an exact look; None: not yet
    stored: int | None = None

    @property
    def where(self) -> tuple[str, str]:
        """Return exchange and quote coin of the prices that it needs."""
        return self.world, self.portfolio.quote


@dataclass(frozen=True, slots=True)
class _Shared:
    """What is the same for everybody with one strategy on one exchange."""

    instruments: tuple[str, ...]
    #: those of them who are watched, and everybody else with the same machines
    looking: set[int]
    hearing: set[int]


@dataclass(frozen=True, slots=True)
class Suspects:
    """Who must be looked at exactly, in the order of the looks."""

    #: may have left a band since the last look, are near a liquidation, or have an appointment: never put off
    at_once: tuple[Portfolio, ...] = ()
    #: everybody else, whoever waited longest first; thousands are in no hurry at the same time
    in_turn: tuple[Portfolio, ...] = ()
    #: so many of those on real accounts as their exchanges bear
    real: tuple[Portfolio, ...] = ()


@dataclass(frozen=True, slots=True)
class Alike:
    """What some portfolios share."""

    kind: Kind
    lower: Floats
    upper: Floats
    #: by row of the kind, as they were now
    prices: tuple[float, ...]
    #: the instruments that each of them needs
    instruments: tuple[str, ...]
    #: an exact look would write down more than that all is inside
    unwritten: bool


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a glance has found of one portfolio."""

    alike: Alike
    column: Column
    #: an exact look has something to write down, so it comes in its turn
    unwritten: bool
    #: the fingerprint of what is stored, and what others have in common with it beside the strategy
    mark: tuple[int, Hashable]


class Roster:
    """The active portfolios; what an exact look found is kept as arrays until something changes it."""

    def __init__(self, db: Database, world_of: Callable[[Portfolio], str] = lambda _: "", shares: Shares = EVERYBODY) -> None:
        """``world_of`` says by which exchange's prices a portfolio is watched; empty: those of the market that the program runs on.

        Watched are the people in ``shares``.
        """
        self._db = db
        #: the shares whose people are watched, or are about to be
        self._mine = shares.owned
        self._world_of = world_of
        self._watched: dict[int, _Watched] = {}
        self._sheets: dict[tuple[str, Kind], ScreenArrays] = {}
        #: who is looked at exactly whatever the screen says: everybody who is on no sheet, and who was stirred
        self._restless: set[int] = set()
        #: who was glanced at since the last exact look, and waits for the next
        self._glanced: set[int] = set()
        #: who is near a liquidation
        self._near: set[int] = set()
        #: the instruments of everybody, each set of names once: most people share theirs
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        #: who is on a sheet and must be looked at then all the same, because the calendar asks
        self._appointed: dict[int, datetime] = {}
        #: everybody by the machines that they look at, and by those that move their targets: most people share theirs
        self._looking: defaultdict[tuple[MachineKey, ...], set[int]] = defaultdict(set)
        self._hearing: defaultdict[tuple[MachineKey, ...], set[int]] = defaultdict(set)
        #: when the exchange of each portfolio on a real account was last asked about it
        self._asked_at: dict[int, float] = {}
        #: whom to load again; None before the first load of everybody
        self._changed: set[int] | None = None
        #: the same for those of whom only the account changed
        self._moved: set[int] = set()

    def __len__(self) -> int:
        return len(self._watched)

    def forget(self, portfolio_id: int) -> None:
        """Load this portfolio again before the next check: its account or its settings changed."""
        if self._changed is not None:
            self._changed.add(portfolio_id)

    def moved(self, portfolio_id: int) -> None:
        """Load this portfolio again before the next check, unless a look has read its account by then: nothing but that changed."""
        if self._changed is not None:
            self._moved.add(portfolio_id)

    def has_read(self, portfolio_id: int) -> None:
        """Take note that a look of this check has read the account as it is."""
        self._moved.discard(portfolio_id)

    async def gain(self, shares: frozenset[int]) -> None:
        """Load the portfolios of more shares before the next check."""
        self._mine |= shares
        if self._changed is not None:
            async with self._db.read() as tx:
                self._changed |= set(await portfolios.active_ids(tx, shares=shares))

    async def lose(self, shares: frozenset[int]) -> None:
        """Watch the portfolios of these shares no more."""
        self._mine -= shares
        for one in [one for one, watched in self._watched.items() if share_of(watched.portfolio.person_id) in shares]:
            self._drop(one)

    async def compare(self) -> None:
        """Load whoever was let in or kept out, began or paused by another process: what nobody here was told of."""
        if self._changed is not None:
            async with self._db.read() as tx:
                active = set(await portfolios.active_ids(tx, shares=self._mine))
            self._changed |= active ^ self._watched.keys()

    @property
    def instruments(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return every instrument that anybody needs, by the exchange and quote coin of those who do: one fetch for each."""
        needed: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for (world, kind), sheet in self._sheets.items():
            if sheet.ids:
                needed[world, kind.quote].update(kind.rows)
        for where, names in {(self._watched[one].where, self._watched[one].instruments) for one in self._restless}:
            needed[where].update(names)  # of many the same
        return {where: tuple(sorted(names)) for where, names in needed.items()}

    @property
    def watches(self) -> frozenset[MachineKey]:
        """Return every machine that anybody looks at."""
        return frozenset(watch for watches, ids in self._looking.items() if ids for watch in watches)

    def stir(self, moved: frozenset[MachineKey]) -> None:
        """Have everybody looked at exactly whose targets these machines move; who is on a sheet stays there until that look."""
        for heard, ids in self._hearing.items():
            if not moved.isdisjoint(heard):
                self._restless |= ids

    def stir_holders(self, where: tuple[str, str], instruments: frozenset[str]) -> None:
        """Have everybody looked at exactly who needs one of these on that exchange, against that quote coin: one came or went."""
        if instruments:
            self._restless |= {
                one for one, watched in self._watched.items() if watched.where == where and not instruments.isdisjoint(watched.instruments)
            }

    def stir_keepers(self, where: tuple[str, str]) -> None:
        """Have everybody looked at exactly whose portfolio is kept in a quote coin on that exchange: it has left its dollar."""
        self._restless |= {one for one, watched in self._watched.items() if watched.where == where}

    async def refresh(self) -> None:
        """Load who is new or changed; everybody at the first call."""
        if self._changed is not None and not (self._changed or self._moved):
            return
        changed = None if self._changed is None else self._changed | self._moved
        self._changed, self._moved = set(), set()
        async with self._db.read() as tx:
            if changed is None:
                await self._load_all(tx)
            else:
                await self._load_again(tx, changed)

    async def _load_all(self, tx: Tx) -> None:
        known: dict[tuple[int, str], _Shared] = {}
        after, only = 0, None if self._mine == ALL else self._mine
        while ids := await portfolios.active_ids(tx, after_id=after, limit=_PAGE, shares=only):
            after = ids[-1]
            for portfolio in await _readable(tx, ids):
                self._load(portfolio, known)
        if len(self._watched) >= _MANY:
            gc.freeze()

    async def _load_again(self, tx: Tx, changed: Collection[int]) -> None:
        known: dict[tuple[int, str], _Shared] = {}
        served = await portfolios.served(tx, changed)
        for portfolio in await _readable(tx, changed):
            before = self._drop(portfolio.id)
            is_ours = share_of(portfolio.person_id) in self._mine
            if is_ours and not portfolio.paused and portfolio.id in served:
                self._load(portfolio, known, before.instruments if before else ())
        for gone in changed:  # what cannot be read for now stays watched as it was
            if gone not in self._watched or gone not in served:
                self._drop(gone)

    def _load(self, portfolio: Portfolio, known: dict[tuple[int, str], _Shared], held: tuple[str, ...] = ()) -> None:
        """Watch a portfolio; one whose strategy cannot be watched is named, and the others are watched all the same.

        ``held`` is what the last look needed, positions that the strategy does not name among it. ``known`` is what strategies share, by
        their identity and the world.
        """
        with contained("portfolio cannot be watched", portfolio=portfolio.id):
            world = self._world_of(portfolio)
            shared = known.get((id(portfolio.strategy), world)) or self._shared(portfolio, world, known)
            needed = tuple(sorted({*shared.instruments, *held})) if held else shared.instruments
            self._watch(_Watched(portfolio, world, needed, shared.looking, shared.hearing))

    def _shared(self, portfolio: Portfolio, world: str, known: dict[tuple[int, str], _Shared]) -> _Shared:
        """Return what a portfolio shares with others; the machine of all its coins together is its own, so nobody else shares that."""
        strategy = portfolio.strategy
        looked, heard = machines.all_machines(strategy, world), machines.active_machines(strategy, world)
        is_together = machines.is_together(strategy)
        if is_together:
            basket = machines.basket_machine(strategy, portfolio.id, world)
            looked = (*looked, basket)
            heard = (*heard, basket) if strategy.setting(basket.trigger).on else heard
        found = _Shared(tuple(sorted({*valuation.instruments(strategy)})), self._looking[looked], self._hearing[heard])
        if not is_together:
            known[id(strategy), world] = found
        return found

    def _watch(self, watched: _Watched) -> None:
        one = watched.portfolio.id
        watched.instruments = self._names.setdefault(watched.instruments, watched.instruments)
        self._watched[one] = watched
        watched.looking.add(one)
        watched.hearing.add(one)
        self._restless.add(one)

    def _drop(self, portfolio_id: int) -> _Watched | None:
        self._unsettle(portfolio_id)
        self._restless.discard(portfolio_id)
        watched = self._watched.pop(portfolio_id, None)
        if watched is not None:
            watched.looking.discard(portfolio_id)
            watched.hearing.discard(portfolio_id)
        return watched

    def _unsettle(self, portfolio_id: int) -> None:
        """Take a portfolio off its sheet, so that it is looked at exactly."""
        watched = self._watched.get(portfolio_id)
        if watched is not None:
            watched.mark = watched.stored = None
        self._appointed.pop(portfolio_id, None)
        self._near.discard(portfolio_id)
        self._glanced.discard(portfolio_id)
        self._restless.add(portfolio_id)
        if watched is not None and watched.sheet is not None:
            watched.sheet.remove(portfolio_id)
            watched.sheet = None

    def note(self, evaluation: Evaluation, now: datetime, steady: Steady | None) -> None:
        """Keep what an exact look found; a calm portfolio, with every line armed and nothing open, is left to the screen from now on.

        ``steady`` says for how long; None: it is not calm.
        """
        portfolio = evaluation.portfolio
        watched = self._watched.get(portfolio.id)
        if watched is None or self._is_old(portfolio.id):
            return
        self._unsettle(portfolio.id)
        watched.looked_at = now.timestamp()
        if watched.portfolio != portfolio:
            watched.portfolio = portfolio
        tilted = {tilt.contract for tilt in evaluation.layers.tilts} & evaluation.quotes.keys()
        needed = tuple(sorted({*valuation.instruments(portfolio.strategy, evaluation.account), *tilted}))
        watched.instruments = self._names.setdefault(needed, needed)
        if _is_near_liquidation(evaluation):
            self._near.add(portfolio.id)
        if steady is None or evaluation.snapshot is None or evaluation.figures is None or _is_moving(evaluation):
            return
        kind = kind_of(evaluation.snapshot, portfolio.strategy)
        column = Column(
            quantities=quantities_of(evaluation.snapshot),
            edges=edges_of(kind.lines, evaluation.figures),
            prices=prices_of(evaluation.snapshot),
            steady=steady,
        )
        self._settle(watched, kind, column, now)

    def _is_old(self, portfolio_id: int) -> bool:
        """Tell whether something of a portfolio has changed since it was loaded, and it will be again."""
        return portfolio_id in self._moved or (self._changed is not None and portfolio_id in self._changed)

    def _settle(self, watched: _Watched, kind: Kind, column: Column, now: datetime) -> None:
        """Leave a portfolio to the screen."""
        one, where = watched.portfolio.id, (watched.world, kind)
        self._restless.discard(one)
        if where not in self._sheets:
            self._sheets[where] = ScreenArrays(kind)
        watched.sheet = self._sheets[where]
        watched.sheet.put(one, column, _seen_at(one, now))
        appointed = schedule.upcoming(watched.portfolio.strategy.schedule, ScheduleMark(), now)
        if appointed is not None:
            self._appointed[one] = appointed

    def unseen(self, markets: Markets, now: datetime) -> tuple[Portfolio, ...]:
        """Return whom a glance may spare an exact look: who was not looked at since they were loaded, or for long; no real account."""
        since = now.timestamp() - READ_AGAIN_S
        waiting = {one for one in self._restless if self._watched[one].looked_at < since} | self._to_read_again(markets, now)
        found = (self._watched[one].portfolio for one in sorted(waiting - self._glanced - self._near))
        return tuple(portfolio for portfolio in found if portfolio.mode is not Mode.LIVE)

    def doubt(self, portfolio_id: int) -> None:
        """Keep what a glance cannot judge for an exact look."""
        if portfolio_id in self._watched:
            self._watched[portfolio_id].mark = None
            self._glanced.add(portfolio_id)

    def stays(self, portfolio_id: int, fingerprint: int, markets: Markets, now: datetime) -> bool:
        """Tell whether a portfolio stays on its sheet without a look, since only prices can have changed what it comes to.

        ``fingerprint`` is of what is stored: it must be that of the first time that this was asked after a look.
        """
        watched = self._watched.get(portfolio_id)
        if watched is None or watched.sheet is None or portfolio_id in self._restless:
            return False
        if watched.stored is None:
            watched.stored = fingerprint
        market_now = markets.market_time(watched.portfolio, now).timestamp()
        return watched.stored == fingerprint and watched.sheet.stays(portfolio_id, _seen_at(portfolio_id, now), market_now)

    def glimpsed(self, portfolio: Portfolio, seen: Glimpse, now: datetime) -> None:
        """Leave to the screen whom a glance has found like others; the exact look comes in its turn where it has something to write."""
        watched = self._watched.get(portfolio.id)
        if watched is None or self._is_old(portfolio.id):
            return
        if watched.sheet is None or watched.sheet is not self._sheets.get((watched.world, seen.alike.kind)):
            self._unsettle(portfolio.id)
        watched.instruments = self._names.setdefault(seen.alike.instruments, seen.alike.instruments)
        self._settle(watched, seen.alike.kind, seen.column, now)
        watched.mark = seen.mark
        if seen.unwritten:
            self._glanced.add(portfolio.id)
        else:
            watched.looked_at = now.timestamp()

    def mark_of(self, portfolio_id: int) -> tuple[int, Hashable] | None:
        """Return the mark of the last glance at a portfolio that is on its sheet as that glance has found it; None: it is not."""
        watched = self._watched.get(portfolio_id)
        return watched.mark if watched is not None else None

    def unchanged(self, portfolio_id: int, alike: Alike, now: datetime) -> bool:
        """Leave to the screen whom a glance has found as the last one did, with the edges of now; False where they are of another kind."""
        watched = self._watched[portfolio_id]
        if watched.sheet is None or watched.sheet.kind != alike.kind or self._is_old(portfolio_id):
            return False
        watched.sheet.keep(portfolio_id, (alike.lower, alike.upper), alike.prices, _seen_at(portfolio_id, now))
        watched.looked_at = now.timestamp()
        self._restless.discard(portfolio_id)
        return True

    def _to_read_again(self, markets: Markets, now: datetime) -> set[int]:
        """Return whose account was read long ago."""
        found: set[int] = set()
        for (world, kind), sheet in self._sheets.items():
            if sheet.ids:
                source = markets.against(kind.quote, world).source
                found.update(sheet.seen_before(now.timestamp() - read_again_s(source)))
        return found

    def suspects(self, markets: Markets, now: datetime) -> Suspects:
        """Return the portfolios that must be looked at exactly; without a usable price that is everybody who holds the coin.

        What is not traded counts at its last price.
        """
        hurried = self._near | {one for one, at in self._appointed.items() if at <= now}
        waiting = self._restless | self._glanced | self._to_read_again(markets, now)
        for (world, kind), sheet in self._sheets.items():
            if sheet.ids:
                quoted = markets.against(kind.quote, world)
                prices, last = quoted.board.prices(kind.rows), quoted.stops.prices
                for row, name in enumerate(kind.rows):
                    prices[row] = float(last[name]) if name in last else prices[row]
                hurried.update(sheet.suspects(prices))
        real = {one for one in hurried | waiting if self._watched[one].portfolio.mode is Mode.LIVE}
        in_turn = sorted(waiting - hurried - real, key=lambda one: (self._watched[one].looked_at, one))
        return Suspects(*map(self._portfolios, (sorted(hurried - real), in_turn, self._turns_of(real, now))))

    def _portfolios(self, ids: Iterable[int]) -> tuple[Portfolio, ...]:
        return tuple(self._watched[one].portfolio for one in ids)

    def _turns_of(self, real: set[int], now: datetime) -> list[int]:
        """Return whose turn it is of those on real accounts: of each exchange so many as its limits bear, whoever waited longest first.

        They are looked at last, so that an exchange that is slow to answer keeps nobody else waiting.
        """
        waited = sorted(real, key=lambda one: (self._asked_at.get(one, 0.0), one))
        most = max(1, REAL_A_CHECK * len(self._mine) // SHARES)  # others who share the people ask from the same address
        left, chosen = defaultdict[str, int](lambda: most), []
        for one in waited:
            world = self._watched[one].world
            if left[world]:
                left[world] -= 1
                chosen.append(one)
        self._asked_at = {one: at for one, at in self._asked_at.items() if one in self._watched} | dict.fromkeys(chosen, now.timestamp())
        return chosen


def _seen_at(portfolio_id: int, now: datetime) -> float:
    """Return from when on the time counts after which an account is read again: not for all of them from the same moment."""
    return now.timestamp() - spread_s(portfolio_id)


async def _readable(tx: Tx, ids: Collection[int]) -> list[Portfolio]:
    """Return the portfolios of these that can be read; a row that is not what we have written is named and left out."""
    try:
        found = await portfolios.many(tx, ids)
    except Exception:  # noqa: BLE001 - one row of them: the others are read alone
        found = {}
        for portfolio_id in ids:
            with contained("portfolio cannot be read", portfolio=portfolio_id):
                found |= await portfolios.many(tx, (portfolio_id,))
    return [found[portfolio_id] for portfolio_id in sorted(found)]


def _is_moving(evaluation: Evaluation) -> bool:
    """Tell whether a portfolio has limits that move with the price: a hedge, a tilt, a near liquidation, a loss of real money."""
    if evaluation.portfolio.mode is Mode.LIVE:
        return True
    return bool(evaluation.layers.hedges or evaluation.layers.tilts) or _is_near_liquidation(evaluation)


def _is_near_liquidation(evaluation: Evaluation) -> bool:
    distance = evaluation.figures.liquidation if evaluation.figures else None
    return distance is not None and distance < _NEAR_LIQUIDATION
