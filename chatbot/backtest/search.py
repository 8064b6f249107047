"""The next hour at which something may happen to what is held: a line at the edge of its band, futures in danger, a price missing.

It may name an hour too many, never pass over one: the exact check decides (decision 0006).

"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chatbot.engine import screen
from chatbot.exchanges.base import is_perp
from chatbot.monitor.screen import edges_of, kind_of, members_of, quantities_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chatbot.backtest.past import Past
    from chatbot.model import Strategy
    from chatbot.monitor.screen import Kind
    from chatbot.portfolio.evaluation import Evaluation

    Floats = NDArray[np.float64]

#: hours that are searched at once, at first and at most
_FIRST, _MOST = 128, 4096
#: with less equity than this share of its book, every hour of a futures account is decided exactly
_THIN = 0.25


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
    #: rows of each line of several coins, with its target
    lines: tuple[tuple[list[int], float], ...]
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

    def put(self, hour: int, evaluation: Evaluation) -> None:
        """Take over what an exact check saw."""
        if evaluation.snapshot is None or evaluation.figures is None:
            self._held = None
            return
        kind = kind_of(evaluation.snapshot, evaluation.portfolio.strategy)
        if kind.rows not in self._rows:
            ones = np.ones((2, self._past.hours))
            prices = np.concatenate([np.array([self._past.prices[name] for name in kind.rows]).reshape(-1, self._past.hours), ones])
            self._rows[kind.rows] = prices, np.array([self._past.rates_by_hour(name) for name in (*kind.rows, "", "")])
        prices, rates = self._rows[kind.rows]
        lower, upper = edges_of(kind.lines, evaluation.figures)
        owners = (*kind.lines_of_rows, "STABLE", "FUTURES")
        book = np.array([*map(is_perp, kind.rows), False, False])
        self._held = _Held(
            hour=hour,
            quantities=np.array(quantities_of(evaluation.snapshot)),
            prices=prices,
            rates=rates,
            membership=np.array([members_of(kind, owners, line) for line in kind.lines]),
            lower=lower[:, np.newaxis],
            upper=upper[:, np.newaxis],
            lines=_shared(kind, evaluation.portfolio.strategy),
            spot=~book & np.array([*[True] * len(kind.rows), False, False]),
            book=book,
        )

    def suspect(self, start: int, *, moving: bool = False) -> int:
        """Return the first hour from ``start`` on that must be decided exactly; the number of hours where there is none.

        ``moving``: targets follow prices, because a coin is held down or a mix is meant (domain 2.3, 5.3).
        """
        held, block = self._held, _FIRST
        if held is None:
            return start
        received = 0.0
        while start < self._past.hours:
            end = min(start + block, self._past.hours)
            values = held.prices[:, start:end] * held.quantities[:, np.newaxis]
            funding = received - np.cumsum((values * held.rates[:, start:end]).sum(axis=0))
            values[-1] += funding
            give = self._moved(held, start, end) if moving else np.zeros((1, 1))
            maybe = screen.maybe_breached(values, np.ones(len(values)), held.lower + give, held.upper - give, held.membership)
            maybe |= self._in_danger(held, values)
            first = int(maybe.argmax())
            if maybe[first]:
                return start + first
            received, start, block = float(funding[-1]), end, min(2 * block, _MOST)
        return self._past.hours

    def _moved(self, held: _Held, start: int, end: int) -> Floats:
        """Return by how much any target can have moved at each hour, at most.

        What a coin that is held down leaves to the others of its line, and to the stablecoin, follows their prices against each other:
        a share changes by no more than the widest of these ratios has.
        """
        give = np.zeros((1, end - start))
        for rows, target in held.lines:
            ratios = held.prices[rows, start:end] / held.prices[rows, held.hour : held.hour + 1]
            give += target * (ratios.max(axis=0) / ratios.min(axis=0) - 1)
        return give

    def _in_danger(self, held: _Held, values: Floats) -> NDArray[np.bool_]:
        """Tell at which hours the book may be near its liquidation, or larger than its room (domain 2.4, 9.8)."""
        gross_cap, sleeve_cap = self._caps
        gross: Floats = np.abs(values[held.book]).sum(axis=0)
        equity, value, spot = values[held.book].sum(axis=0) + values[-1], values.sum(axis=0), values[held.spot].sum(axis=0)
        room = np.minimum(gross_cap * value - spot, sleeve_cap * equity)
        safe: NDArray[np.bool_] = (equity >= _THIN * gross) & (gross < room * (1 - screen.MARGIN))
        return (gross > 0) & ~safe


def _shared(kind: Kind, strategy: Strategy) -> tuple[tuple[list[int], float], ...]:
    """Return the rows of each line that several coins share, with the line's own target."""
    rows = {line: [row for row, owner in enumerate(kind.lines_of_rows) if owner == line] for line in strategy.members}
    return tuple((found, float(strategy.weights.get(line, 0))) for line, found in rows.items() if len(found) > 1)
