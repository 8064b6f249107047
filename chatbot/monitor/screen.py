"""Holdings of many portfolios of one kind as arrays, one column each: what the screen looks through at every check."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from chatbot.engine import screen
from chatbot.engine.cash import DOLLARS, PEG_MARGIN
from chatbot.exchanges.base import is_perp
from chatbot.model import FUTURES, NET, STABLE
from chatbot.monitor.reading import LONGEST, MOVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import PortfolioFigures, Strategy
    from chatbot.monitor.reading import Steady

    Floats = NDArray[np.float64]

_FIRST_ROOM = 64
#: a dollar may have left its peg; the exact test decides
_PEG = 0.999999 * float(PEG_MARGIN)
#: nobody is steady for as long as this, seconds of market time: who seems to be comes from a market that has begun again since
_FURTHEST_S = 2 * LONGEST.total_seconds()


@dataclass(frozen=True, slots=True)
class Kind:
    """What portfolios must share to stand on one sheet: the same instruments, against the same quote coin, in the same lines."""

    quote: str
    #: spot assets, cash beside the quote coin, and contracts, in row order; the quote coin and the futures account's constant follow
    rows: tuple[str, ...]
    #: line of each of these rows
    lines_of_rows: tuple[str, ...]
    #: the net exposure is one more where there are contracts: the sum of their rows, which the sleeve has too
    lines: tuple[str, ...]


def kind_of(snap: Snapshot, strategy: Strategy) -> Kind:
    """Return the kind of a portfolio."""
    spot = tuple(holding.asset for holding in snap.spot)
    other_cash = tuple(cash.asset for cash in snap.cash[1:])
    contracts = tuple(position.contract for position in snap.positions)
    lines_of_rows = (*(holding.bucket for holding in snap.spot), *(STABLE for _ in other_cash), *(FUTURES for _ in contracts))
    lines = tuple(dict.fromkeys((*strategy.weights, *lines_of_rows, STABLE, FUTURES)))
    quote = next((cash.asset for cash in snap.cash), "")
    return Kind(quote, (*spot, *other_cash, *contracts), lines_of_rows, (*lines, NET) if contracts else lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a look has found of one portfolio, for its sheet: by :func:`quantities_of`, :func:`edges_of` and :func:`prices_of`."""

    quantities: Sequence[float]
    edges: tuple[Floats, Floats]
    prices: Sequence[float]
    steady: Steady


class ScreenArrays:
    """The arrays of one kind; rows are assets, columns are portfolios."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.ids: list[int] = []
        self._column: dict[int, int] = {}
        owners = (*kind.lines_of_rows, STABLE, FUTURES)
        self._membership = np.array([members_of(kind, owners, line) for line in kind.lines])
        self._qty = np.zeros((len(owners), _FIRST_ROOM))
        self._lower = np.zeros((len(kind.lines), _FIRST_ROOM))
        self._upper = np.zeros((len(kind.lines), _FIRST_ROOM))
        self._prices = np.zeros((len(kind.rows), _FIRST_ROOM))
        self._seen = np.zeros(_FIRST_ROOM)
        self._steady = np.zeros(_FIRST_ROOM)
        self._dollars = [row for row, name in enumerate(kind.rows) if name in DOLLARS]

    def put(self, portfolio_id: int, found: Column, seen: float) -> None:
        """Write a portfolio's column; ``seen`` is when its account was read, seconds since the epoch."""
        column = self._column.get(portfolio_id)
        if column is None:
            column = self._column[portfolio_id] = len(self.ids)
            self.ids.append(portfolio_id)
            self._make_room(column + 1)
        self._qty[:, column] = found.quantities
        self._steady[column] = found.steady.until.timestamp()
        lower, upper = found.edges
        self.keep(portfolio_id, (lower + found.steady.slack, upper - found.steady.slack), found.prices, seen)

    def keep(self, portfolio_id: int, edges: tuple[Floats, Floats], prices: Sequence[float], seen: float) -> None:
        """Write what may have changed of a column in which the same is held as before."""
        column = self._column[portfolio_id]
        self._lower[:, column], self._upper[:, column] = edges
        self._prices[:, column], self._seen[column] = prices, seen

    def remove(self, portfolio_id: int) -> None:
        """Take a portfolio out; the last column takes its place."""
        column = self._column.pop(portfolio_id)
        last = self.ids.pop()
        if last != portfolio_id:
            end = len(self.ids)
            for array in (self._qty, self._lower, self._upper, self._prices):
                array[:, column] = array[:, end]
            for moments in (self._seen, self._steady):
                moments[column] = moments[end]
            self.ids[column] = last
            self._column[last] = column

    def _make_room(self, columns: int) -> None:
        if columns <= self._seen.size:
            return
        self._qty, self._lower, self._upper, self._prices = (
            np.concatenate([array, np.zeros_like(array)], axis=1) for array in (self._qty, self._lower, self._upper, self._prices)
        )
        self._seen, self._steady = (np.concatenate([moments, np.zeros_like(moments)]) for moments in (self._seen, self._steady))

    def suspects(self, prices: Floats) -> list[int]:
        """Return who may have left a band at these prices (of ``kind.rows``), or counts at one that has moved far."""
        n = len(self.ids)
        price = np.concatenate([prices, np.ones(2)])
        maybe = screen.maybe_breached(self._qty[:, :n], price, self._lower[:, :n], self._upper[:, :n], self._membership)
        maybe |= bool(np.any(np.abs(prices[self._dollars] - 1) > _PEG))
        maybe |= screen.maybe_moved(prices, self._prices[:, :n], MOVED)
        return [self.ids[column] for column in np.flatnonzero(maybe)]

    def seen_before(self, moment: float) -> list[int]:
        """Return whose account was read before this time."""
        return [self.ids[column] for column in np.flatnonzero(self._seen[: len(self.ids)] < moment)]

    def stays(self, portfolio_id: int, seen: float, market_now: float) -> bool:
        """Tell whether a portfolio is steady at a market time; then what is known of it is as good as ``seen`` at that moment."""
        column = self._column[portfolio_id]
        is_steady = bool(market_now < self._steady[column] <= market_now + _FURTHEST_S)
        if is_steady:
            self._seen[column] = seen
        return is_steady


def members_of(kind: Kind, owners: tuple[str, ...], line: str) -> list[float]:
    """Return which rows make up a line; the net exposure is the contracts' value without the account's constant (domain 1.4)."""
    if line == NET:
        return [*(float(is_perp(row)) for row in kind.rows), 0.0, 0.0]
    return [float(owner == line) for owner in owners]


def quantities_of(snap: Snapshot) -> list[float]:
    """Return a column: quantities by row, the quote coin, and what the futures account holds beside its positions' value, W - sum q e."""
    constant = snap.wallet - sum((p.qty * p.entry for p in snap.positions), Decimal(0))
    quantities = (*(h.qty for h in snap.spot), *(c.qty for c in snap.cash[1:]), *(p.qty for p in snap.positions))
    return [*map(float, quantities), float(snap.cash[0].value), float(constant)]


def prices_of(snap: Snapshot) -> list[float]:
    """Return what a portfolio counted at, quote: a column without the quote coin and the constant."""
    return [*(float(h.price) for h in snap.spot), *(float(c.price) for c in snap.cash[1:]), *(float(p.mark) for p in snap.positions)]


def edges_of(lines: tuple[str, ...], figures: PortfolioFigures) -> tuple[Floats, Floats]:
    """Return the edges of every line as the exact look found them: around effective targets, nan where nothing can be left."""
    limits = {reading.line: reading for reading in figures.limits}
    found = [limits.get(line) for line in lines]
    targets = [np.nan if one is None else float(one.target) for one in found]
    halves = [np.nan if one is None or one.band is None else float(one.band) for one in found]
    return screen.edges(np.array(targets), np.array(halves))
