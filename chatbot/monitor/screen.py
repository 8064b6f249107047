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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import PortfolioFigures, Strategy

    Floats = NDArray[np.float64]

_FIRST_ROOM = 64
#: a dollar may have left its peg; the exact test decides
_PEG = 0.999999 * float(PEG_MARGIN)


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
        self._seen = np.zeros(_FIRST_ROOM)
        self._dollars = [row for row, name in enumerate(kind.rows) if name in DOLLARS]

    def put(self, portfolio_id: int, quantities: Sequence[float], edges: tuple[Floats, Floats], seen: float) -> None:
        """Write a portfolio's column, by :func:`quantities_of` and :func:`edges_of`.

        ``seen`` is when its account was read, seconds since the epoch.
        """
        column = self._column.get(portfolio_id)
        if column is None:
            column = self._column[portfolio_id] = len(self.ids)
            self.ids.append(portfolio_id)
            self._make_room(column + 1)
        self._qty[:, column] = quantities
        self.keep(portfolio_id, edges, seen)

    def keep(self, portfolio_id: int, edges: tuple[Floats, Floats], seen: float) -> None:
        """Write what may have changed of a column in which the same is held as before."""
        column = self._column[portfolio_id]
        self._lower[:, column], self._upper[:, column] = edges
        self._seen[column] = seen

    def remove(self, portfolio_id: int) -> None:
        """Take a portfolio out; the last column takes its place."""
        column = self._column.pop(portfolio_id)
        last = self.ids.pop()
        if last != portfolio_id:
            end = len(self.ids)
            for array in (self._qty, self._lower, self._upper):
                array[:, column] = array[:, end]
            self._seen[column] = self._seen[end]
            self.ids[column] = last
            self._column[last] = column

    def _make_room(self, columns: int) -> None:
        if columns <= self._seen.size:
            return
        self._qty, self._lower, self._upper = (
            np.concatenate([array, np.zeros_like(array)], axis=1) for array in (self._qty, self._lower, self._upper)
        )
        self._seen = np.concatenate([self._seen, np.zeros_like(self._seen)])

    def suspects(self, prices: Floats) -> list[int]:
        """Return who may have left a band at these prices (of ``kind.rows``)."""
        n = len(self.ids)
        price = np.concatenate([prices, np.ones(2)])
        maybe = screen.maybe_breached(self._qty[:, :n], price, self._lower[:, :n], self._upper[:, :n], self._membership)
        maybe |= bool(np.any(np.abs(prices[self._dollars] - 1) > _PEG))
        return [self.ids[column] for column in np.flatnonzero(maybe)]

    def seen_before(self, moment: float) -> list[int]:
        """Return whose account was read before this time."""
        return [self.ids[column] for column in np.flatnonzero(self._seen[: len(self.ids)] < moment)]


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


def edges_of(lines: tuple[str, ...], figures: PortfolioFigures) -> tuple[Floats, Floats]:
    """Return the edges of every line as the exact look found them: around effective targets, nan where nothing can be left."""
    limits = {reading.line: reading for reading in figures.limits}
    found = [limits.get(line) for line in lines]
    targets = [np.nan if one is None else float(one.target) for one in found]
    halves = [np.nan if one is None or one.band is None else float(one.band) for one in found]
    return screen.edges(np.array(targets), np.array(halves))
