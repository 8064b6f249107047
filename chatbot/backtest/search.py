"""The next hour at which something may happen to what is held: a line at the edge of its band, futures in danger, a price missing.

It may name an hour too many, never pass over one: the exact check decides (decision 0006).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chatbot.backtest.volatility_cuts import cuts_of
from chatbot.engine import screen
from chatbot.engine.bands import quiet_drifts
from chatbot.exchanges.base import is_perp
from chatbot.model import NET
from chatbot.monitor.screen import edges_of, kind_of, members_of, quantities_of
from chatbot.values import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chatbot.backtest.past import Past
    from chatbot.backtest.volatility_cuts import Cuts
    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import PortfolioFigures, Strategy
    from chatbot.monitor.screen import Kind
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.states import PortfolioStates

    Floats = NDArray[np.float64]

#: hours that are searched at once, at first and at most
_FIRST, _MOST = 128, 4096
#: with less equity than this share of its book, every hour of a futures account is decided exactly
_THIN = 0.25
#: targets in arrays that are further from the exact ones are not believed
_SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meant:
    """A line that has not reached the mix that its person chose."""

    rows: list[int]
    #: quantities that its coins lack, (A, 1)
    off: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What was held at the last exact check, as arrays over the rows of its kind, the quote coin and the futures account's constant."""

    hour: int
    quantities: Floats
    prices: Floats
    #: rate of the settlement at each hour by row, 0 where there is none
    rates: Floats
    membership: Floats
    lower: Floats
    upper: Floats
    meant: tuple[_Meant, ...]
    #: None: targets do not move
    cuts: Cuts | None
    #: by how much they stood off at that check, (lines, 1)
    moved: Floats
    #: rows that are coins, and those that are contracts
    spot: NDArray[np.bool_]
    book: NDArray[np.bool_]


class Search:
    """Searches the hours after an exact check."""

    def __init__(self, past: Past, strategy: Strategy) -> None:
        self._past = past
        self._caps = float(strategy.gross_cap), float(strategy.sleeve_cap)
        #: prices and rates over the rows of a kind, which rarely changes
        self._rows: dict[tuple[str, ...], tuple[Floats, Floats]] = {}
        self._held: _Held | None = None

    @property
    def moving(self) -> bool:
        """Tell whether targets follow prices, because a coin is held down (domain 5.3)."""
        return self._held is not None and self._held.cuts is not None

    def put(self, hour: int, evaluation: Evaluation, states: PortfolioStates) -> None:
        """Take over what an exact check saw, and what it left behind."""
        snapshot, figures = evaluation.snapshot, evaluation.figures
        if snapshot is None or figures is None:
            self._held = None
            return
        kind = kind_of(snapshot, evaluation.portfolio.strategy)
        if kind.rows not in self._rows:
            ones = np.ones((2, self._past.hours))
            prices = np.concatenate([np.array([self._past.values(name) for name in kind.rows]).reshape(-1, self._past.hours), ones])
            self._rows[kind.rows] = prices, np.array([self._past.rates_by_hour(name) for name in (*kind.rows, "", "")])
        prices, rates = self._rows[kind.rows]
        lower, upper = _edges(kind, figures, states)
        owners = (*kind.lines_of_rows, "STABLE", "FUTURES")
        book = np.array([*map(is_perp, kind.rows), False, False])
        quantities, cuts = np.array(quantities_of(snapshot)), cuts_of(kind, evaluation)
        now = prices[:, hour : hour + 1]
        moved = np.zeros((len(kind.lines), 1)) if cuts is None else cuts.moved(now * quantities[:, np.newaxis], now)
        if not _are_targets(moved[:, 0], kind, figures):
            self._held = None
            return
        self._held = _Held(
            hour=hour,
            quantities=quantities,
            prices=prices,
            rates=rates,
            membership=np.array([members_of(kind, owners, line) for line in kind.lines]),
            lower=lower[:, np.newaxis],
            upper=upper[:, np.newaxis],
            meant=_meant(kind, snapshot, evaluation, states),
            cuts=cuts,
            moved=moved,
            spot=~book & np.array([*[True] * len(kind.rows), False, False]),
            book=book,
        )

    def suspect(self, start: int, stop: int) -> int:
        """Return the first hour from ``start`` on that must be decided exactly, or ``stop`` where there is none before it."""
        held, block = self._held, _FIRST
        if held is None:
            return start
        received = 0.0
        while start < stop:
            end = min(start + block, stop)
            values = held.prices[:, start:end] * held.quantities[:, np.newaxis]
            funding = received - np.cumsum((values * held.rates[:, start:end]).sum(axis=0))
            values[-1] += funding
            moved = 0.0 if held.cuts is None else held.cuts.moved(values, held.prices[:, start:end]) - held.moved
            maybe = screen.maybe_breached(values, np.ones(len(values)), held.lower + moved, held.upper + moved, held.membership)
            maybe |= self._in_danger(held, values)
            for line in held.meant:
                maybe |= screen.maybe_reached(line.off, held.prices[line.rows, start:end], values.sum(axis=0))
            first = int(maybe.argmax())
            if maybe[first]:
                return start + first
            received, start, block = float(funding[-1]), end, min(2 * block, _MOST)
        return stop

    def _in_danger(self, held: _Held, values: Floats) -> NDArray[np.bool_]:
        """Tell at which hours the book may be near its liquidation, or larger than its room (domain 2.4, 9.8)."""
        gross_cap, sleeve_cap = self._caps
        gross: Floats = np.abs(values[held.book]).sum(axis=0)
        equity, value, spot = values[held.book].sum(axis=0) + values[-1], values.sum(axis=0), values[held.spot].sum(axis=0)
        room = np.minimum(gross_cap * value - spot, sleeve_cap * equity)
        safe: NDArray[np.bool_] = (equity >= _THIN * gross) & (gross < room * (1 - screen.MARGIN))
        return (gross > 0) & ~safe


def _edges(kind: Kind, figures: PortfolioFigures, states: PortfolioStates) -> tuple[Floats, Floats]:
    """Return between which weights each line has nothing new to tell: inside its band, or outside as it was told (domain 3.2)."""
    lower, upper = edges_of(kind.lines, figures)
    for reading in figures.limits:
        state = states.line(reading.line)
        if not state.fired or reading.band is None:
            continue
        near, far = quiet_drifts(state, reading.band)
        at, target = kind.lines.index(reading.line), float(reading.target)
        most = np.inf if far is None else float(far)
        over = state.side == "over"
        lower[at], upper[at] = (target + float(near), target + most) if over else (target - most, target - float(near))
    return lower, upper


def _meant(kind: Kind, snapshot: Snapshot, evaluation: Evaluation, states: PortfolioStates) -> tuple[_Meant, ...]:
    """Return the lines whose mix may be reached by itself: with a coin held down a line keeps it, whatever prices do (domain 2.3)."""
    strategy = evaluation.portfolio.strategy
    held_down = {strategy.line_of(asset) for asset in evaluation.layers.anchors}
    held = {holding.asset: holding.qty for holding in snapshot.spot}
    found = []
    for line, meant in states.mix.items():
        rows = [row for row, owner in enumerate(kind.lines_of_rows) if owner == line]
        if line not in held_down and rows:
            coins = [kind.rows[row] for row in rows]
            off = [[float(meant.get(coin, held[coin]) - held[coin])] for coin in coins]
            found.append(_Meant(rows=rows, off=np.array(off)))
    return tuple(found)


def _are_targets(moved: Floats, kind: Kind, figures: PortfolioFigures) -> bool:
    """Tell whether the exact targets stand off the strategy's own by as much as was worked out in arrays."""
    lines = [line for line in figures.limits if line.line != NET]
    off = [
        float(line.target if line.base is None else line.base) + moved[kind.lines.index(line.line)] - float(line.target) for line in lines
    ]
    return bool(np.abs(off).max(initial=0.0) < _SAME)
