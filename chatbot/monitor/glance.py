"""A glance at many portfolios: of most of them, what they share tells that nothing but a line that leaves its band can be told of them.

It may say "maybe" of anybody, never "no" of one whom the exact look would tell something or make a plan for: who is spared an exact look
stands on a sheet from then on, and the screen holds it against the prices of every check. What a glance cannot judge, it leaves alone.

What stands in the texts of most is the same, so one exact look answers for all of them: where their lines are to stand depends on the
strategy, the signals and the coins that are there, and not on how much of each is held, while no coin is cut and no hedge is open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from chatbot.engine.cash import has_left
from chatbot.errors import contained
from chatbot.model import BASKET, INFO, Effect
from chatbot.monitor.reading import UNSTEADY
from chatbot.monitor.roster import Alike, Glimpse
from chatbot.monitor.screen import Column, edges_of, kind_of, prices_of
from chatbot.portfolio import valuation
from chatbot.portfolio.stored import states as stored
from chatbot.store import portfolios
from chatbot.store.codec import UNREADABLE
from chatbot.triggers import drift, market, schedule
from chatbot.triggers.machines import is_together

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Mapping, Sequence
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.model import Portfolio, Signal, Strategy
    from chatbot.monitor.precedence import Precedence
    from chatbot.monitor.roster import Roster, Suspects
    from chatbot.monitor.screen import Kind
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.markets import Markets
    from chatbot.portfolio.states import PortfolioStates
    from chatbot.store.database import Database
    from chatbot.store.portfolios import Outline

#: so many are read at once, and so many of what they share is kept for the others of the same check
_PAGE, _KEPT = 250, 1_000
#: zones are a day apart at most; of a market that is further from the first of a page an exact look tells whether the day was opened
_A_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Plain:
    """One portfolio that may be like others, with what is stored of it."""

    portfolio: Portfolio
    rows: dict[str, str]
    quote: str
    spot: dict[str, str]
    wallet: str
    #: equal for those that one exact look answers for, if their strategies and markets are the same
    common: Hashable

    @property
    def shares(self) -> Hashable:
        """Return what is equal for those that one exact look answers for."""
        return _shares(self.portfolio, self.common)


class _Known:
    """What was found once and holds for others of the same check."""

    def __init__(self) -> None:
        #: by what they share; None: each must be looked at
        self.alike: dict[Hashable, Alike | None] = {}
        #: by the identity of a strategy: the coins that have a row whether or not something of them is held
        self._there: dict[int, frozenset[str]] = {}
        #: by market and time zone
        self._days: dict[Hashable, str] = {}
        self._commons: dict[Hashable, Hashable] = {}

    def note(self, shares: Hashable, alike: Alike | None) -> None:
        """Keep what some share, as long as there is room."""
        if len(self.alike) >= _KEPT:
            self.alike.clear()
        self.alike[shares] = alike

    def once(self, common: Hashable) -> Hashable:
        """Return the same object for what is equal: it stays in memory."""
        return self._commons.setdefault(common, common)

    def always_there(self, strategy: Strategy) -> frozenset[str]:
        """Return the coins that have a row in every portfolio with this strategy."""
        found = self._there.get(id(strategy))
        if found is None:
            coins = strategy.spot_assets
            found = self._there[id(strategy)] = frozenset(asset for asset in coins if not valuation.is_cash(asset, strategy))
        return found

    def day(self, markets: Markets, portfolio: Portfolio, zone: str, now: datetime) -> str:
        """Return the day that it is in a portfolio's market, by its person's zone."""
        where = portfolio.exchange, portfolio.mode, portfolio.quote, zone
        found = self._days.get(where)
        if found is None:
            found = self._days[where] = markets.market_time(portfolio, now).astimezone(ZoneInfo(zone)).date().isoformat()
        return found


class Glances:
    """Looks over those whom a check would look at exactly, and puts on the screen's sheets whom it can."""

    def __init__(self, db: Database, markets: Markets, evaluator: Evaluator, roster: Roster, clock: Clock, precedence: Precedence) -> None:
        self._db = db
        self._markets = markets
        self._evaluator = evaluator
        self._roster = roster
        self._clock = clock
        self._precedence = precedence

    async def suspects(self, now: datetime, resting: Container[int]) -> Suspects:
        """Return who must be looked at exactly, once everybody was glanced at who was not looked at for long, but for those ``resting``."""
        some = [one for one in self._roster.unseen(self._markets, now) if one.id not in resting]
        known = _Known()
        for start in range(0, len(some), _PAGE):
            with contained("portfolios not glanced at"):  # they are looked at exactly
                await self._glance(some[start : start + _PAGE], known, now)
            await self._precedence.give_way()
        return self._roster.suspects(self._markets, now)

    async def _glance(self, some: Sequence[Portfolio], known: _Known, now: datetime) -> None:
        since = self._markets.market_time(some[0], now).date() - _A_DAY
        async with self._db.read() as tx:
            outlines = await portfolios.outlines(tx, [one.id for one in some], now, since)
        for portfolio in some:
            outline = outlines.get(portfolio.id)
            if outline is not None and self._is_unchanged(portfolio, outline, known, now):
                continue
            plain = None if outline is None else self._plain(portfolio, outline, known, now)
            alike = None if plain is None else await self._alike(plain, known)
            if outline is None or plain is None or alike is None:
                if outline is None or not self._stays(portfolio, outline, now):
                    self._roster.doubt(portfolio.id)
                continue
            opened = known.day(self._markets, portfolio, outline.zone, now) in outline.days
            unwritten = alike.unwritten or not outline.inside or not opened
            mark = outline.fingerprint, known.once(plain.common)
            edges = alike.lower, alike.upper
            column = Column(quantities=_quantities(plain, alike.kind), edges=edges, prices=alike.prices, steady=UNSTEADY)
            self._roster.glimpsed(portfolio, Glimpse(alike, column, unwritten, mark), now)

    def _stays(self, portfolio: Portfolio, outline: Outline, now: datetime) -> bool:
        """Tell whether only prices can have changed what a portfolio comes to since it was looked at: nothing is under way or changed."""
        if not outline.at_rest or (outline.strategy is not portfolio.strategy and outline.strategy != portfolio.strategy):
            return False
        return self._roster.stays(portfolio.id, outline.fingerprint, self._markets, now)

    def _is_unchanged(self, portfolio: Portfolio, outline: Outline, known: _Known, now: datetime) -> bool:
        """Tell whether a portfolio is as the last glance has found it, and others like it are still spared; then it goes on so."""
        mark, strategy = self._roster.mark_of(portfolio.id), portfolio.strategy
        if mark is None or strategy.schedule or outline.strategy is not strategy or mark[0] != outline.fingerprint:
            return False
        alike = known.alike.get(_shares(portfolio, mark[1]))
        if (
            alike is None
            or alike.unwritten
            or not outline.inside
            or known.day(self._markets, portfolio, outline.zone, now) not in outline.days
        ):
            return False
        return self._roster.unchanged(portfolio.id, alike, now)

    def _plain(self, portfolio: Portfolio, outline: Outline, known: _Known, now: datetime) -> _Plain | None:
        """Return a portfolio of which nothing is under way, and nothing remembered or held that others do not have; None for any other."""
        strategy = portfolio.strategy
        if (
            not outline.at_rest
            or strategy.kept
            or (outline.strategy is not strategy and outline.strategy != strategy)
            or is_together(strategy)
        ):
            return None
        rows = stored.usual(outline.states)
        try:
            if rows is None or (strategy.schedule and schedule.pending(strategy.schedule, stored.calendar(rows), now)):
                return None
            account: dict[str, Any] = json.loads(outline.account)
            if account["positions"] or account["late"] or any(order["status"] == "open" for order in account["orders"]):
                return None
            return self._of(portfolio, rows, account, known.always_there(strategy))
        except UNREADABLE:
            return None  # its exact look tells

    def _of(self, portfolio: Portfolio, rows: dict[str, str], account: Mapping[str, Any], there: frozenset[str]) -> _Plain:
        quote, spot = account["quote"], account["spot"]
        more = tuple(sorted(name for name in spot.keys() - there if name != quote and float(spot[name])))
        return _Plain(portfolio, rows, quote, spot, account["futures_wallet"], (quote, more, *stored.shared(rows)))

    async def _alike(self, plain: _Plain, known: _Known) -> Alike | None:
        """Return what a portfolio shares with others, by one exact look for all of them; None where each must be looked at."""
        shares = plain.shares
        if shares not in known.alike:
            found = await self._evaluator.look(plain.portfolio)
            is_sound = found.states == stored.decoded({key: json.loads(text) for key, text in plain.rows.items()})
            known.note(shares, alike_of(found) if is_sound and not self._is_stirred(found) else None)
            await self._precedence.give_way()
        return known.alike[shares]

    def _is_stirred(self, found: Evaluation) -> bool:
        """Tell whether something is wrong with a price that an exact look may have to ask its person about."""
        quoted = self._markets.of(found.portfolio)
        at = self._markets.market_time(found.portfolio, self._clock.now())
        return has_left(found.quote_price) or any(quoted.levels.see(name, quote.price, at) for name, quote in found.quotes.items())


def alike_of(found: Evaluation) -> Alike | None:
    """Return what holds for every portfolio with the same strategy, coins and memory as one that was looked at; None: it may not.

    No position, hedge, tilt, intended mix or coin kept out is among what they share, and nothing of each is under way.
    """
    strategy, figures, effective = found.portfolio.strategy, found.figures, found.effective
    if figures is None or effective is None or found.snapshot is None or found.account is None or found.stops or found.unsettled:
        return None
    if found.account.positions or found.memory.anchors or found.memory.pending or any(BASKET in key for key in found.memory.told):
        return None
    if any(_depends_on_holdings(signal, strategy) for signal in found.layers.signals):
        return None
    if market.changes(found.memory, found.layers.signals, strategy, effective):
        return None
    steps = drift.advance_lines(figures.limits, found.states, (), strategy.band_mode)
    if steps.retargeted or not _are_aimed_at(steps, found.states):
        return None
    kind = kind_of(found.snapshot, strategy)
    lower, upper = edges_of(kind.lines, figures)
    unwritten = found.states.aims != steps.aims or found.memory != found.states.memory
    prices = tuple(prices_of(found.snapshot))
    return Alike(kind, lower, upper, prices, tuple(sorted(valuation.instruments(strategy, found.account))), unwritten)


def _are_aimed_at(steps: drift.LineSteps, states: PortfolioStates) -> bool:
    """Tell whether the lines are to stand where they were to stand at the last look; before the first, where the strategy wants them."""
    if states.aims:
        return steps.aims == states.aims
    return all(aim.own == aim.effective for aim in steps.aims.values())


def _depends_on_holdings(signal: Signal, strategy: Strategy) -> bool:
    """Tell whether a signal moves targets by what each portfolio holds: a hedge by betas does; a coin that is cut has an anchor."""
    hedges = signal.active and strategy.setting(signal.trigger).on and INFO[signal.trigger].effect is Effect.NEUTRALISE
    return hedges and strategy.mode_of(signal.trigger) == "beta"


def _shares(portfolio: Portfolio, common: Hashable) -> Hashable:
    return id(portfolio.strategy), portfolio.exchange, portfolio.mode, portfolio.quote, common


def _quantities(plain: _Plain, kind: Kind) -> tuple[float, ...]:
    """Return a column as :func:`screen.quantities_of` does, of an account without positions."""
    held = plain.spot.get
    return (*[float(held(row, 0)) for row in kind.rows], float(held(plain.quote, 0)), float(plain.wallet))
