"""How far the coins that a spike holds down move targets, hour by hour, in arrays: what the search looks past (domain 2.3, 5.3, 9.2).

It decides nothing. Whoever uses it holds it against the exact targets of the last check, and looks at every hour where they differ.

Legend: t target of a coin, T that of its line, w weight, w0 at the onset, e = min(k min(t, w0), w) where it is to stand; t - e is freed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chatbot.model import BASKET, INFO, STABLE, Effect
from chatbot.values import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chatbot.monitor.screen import Kind
    from chatbot.portfolio.evaluation import Evaluation

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coin:
    """One coin that is held down."""

    row: int
    T: float
    #: its share of its line, where that does not follow prices
    share: float
    #: what was meant of its line: the rows of that, quantities (A, 1), and how much of them is this coin
    meant: tuple[list[int], Floats, float] | None
    k: float
    #: None: it is cut from its target alone
    w0: float | None

    def freed(self, values: Floats, prices: Floats, whole: Floats) -> Floats:
        """Return what it leaves to STABLE at each hour; ``values`` and ``prices`` are (A, hours), ``whole`` is the sum of the values."""
        t: Floats = np.full(values.shape[1], self.T * self.share)
        if self.meant is not None:
            rows, quantities, own = self.meant
            t = self.T * own * prices[self.row] / (quantities * prices[rows]).sum(axis=0)
        if self.w0 is None:
            return t - self.k * t
        e: Floats = np.minimum(np.minimum(self.k * np.minimum(t, self.w0), values[self.row] / whole), t)
        return t - e


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """All coins that are held down."""

    coins: tuple[_Coin, ...]
    #: (lines, coins): -1 where a coin is of a line, 1 where that is STABLE
    lines: Floats

    def moved(self, values: Floats, prices: Floats) -> Floats:
        """Return by how much each line's target stands off its strategy's own at each hour, (lines, hours)."""
        whole = values.sum(axis=0)
        moved: Floats = self.lines @ np.array([coin.freed(values, prices, whole) for coin in self.coins])
        return moved


def cuts_of(kind: Kind, evaluation: Evaluation) -> Cuts | None:
    """Return what is held down in a portfolio that could be evaluated; None where nothing is."""
    anchors, strategy = evaluation.layers.anchors, evaluation.portfolio.strategy
    rows = [row for row, name in enumerate(kind.rows) if name in anchors]
    if not rows:
        return None
    sizes = {
        signal.subject: float(signal.size)
        for signal in evaluation.layers.signals
        if INFO[signal.trigger].effect is Effect.CUT_COIN and signal.active and signal.size is not None
    }
    coins = []
    for row in rows:
        name, line = kind.rows[row], kind.lines_of_rows[row]
        share, weight = anchors[name].share, anchors[name].weight
        coins.append(
            _Coin(
                row=row,
                T=float(strategy.weights.get(line, 0)),
                share=1.0 if share is None else float(share),
                meant=_meant(kind, evaluation, name, line),
                k=sizes.get(name, sizes.get(BASKET, 1.0)),
                w0=None if weight is None else float(weight),
            )
        )
    owners = [kind.lines_of_rows[row] for row in rows]
    lines = [[float(line == STABLE) - float(line == owner) for owner in owners] for line in kind.lines]
    return Cuts(coins=tuple(coins), lines=np.array(lines))


def _meant(kind: Kind, evaluation: Evaluation, name: str, line: str) -> tuple[list[int], Floats, float] | None:
    meant = evaluation.layers.mix.get(line)
    if meant is None or evaluation.snapshot is None:
        return None
    held = {holding.asset: holding.qty for holding in evaluation.snapshot.spot}
    rows = [row for row, owner in enumerate(kind.lines_of_rows) if owner == line]
    quantities = {kind.rows[row]: float(meant.get(kind.rows[row], held[kind.rows[row]])) for row in rows}
    return rows, np.array([[quantity] for quantity in quantities.values()]), quantities[name]
