"""The float sieve: which of many portfolios may have left a band. It may say "maybe" wrongly, never "no" (domain 3.1).

Rows first: ``qty`` is (A, N), one row per thing that is worth something, one column per portfolio. Rows are spot assets and
cash; a futures account is a row of constants at price 1 (wallet less what the positions cost, W - sum of q e) and a row of
signed quantities per contract at its mark. V is the sum of all rows. Lines are sums of rows: ``membership`` (L, A), shared
by all portfolios of one call; without it every row is a line. The exact ``check_bands`` decides about every "maybe".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chatbot.engine.planner.smallest_trade import MIN_TRADE, MIN_TRADE_BPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: columns per block, so that the work stays in the cache
BLOCK = 4096
#: this near to an edge, as a fraction of all that is held, floats do not decide
MARGIN = 1e-9


def edges(target: Floats, half_width: Floats) -> tuple[Floats, Floats]:
    """Return (lower, upper) edges as weights; where the half-width is nan the line has no band and never fires."""
    unbounded = np.isnan(half_width)
    lower = np.where(unbounded, -np.inf, target - half_width)
    upper = np.where(unbounded, np.inf, target + half_width)
    return lower, upper


def maybe_breached(qty: Floats, price: Floats, lower: Floats, upper: Floats, membership: Floats | None = None) -> NDArray[np.bool_]:
    """Say for each of N portfolios whether a line may be outside its band; unusable numbers (nan, V <= 0) are "maybe" too.

    ``qty`` (A, N), ``price`` (A,), ``lower`` and ``upper`` (L, N) or (L, 1) as weights of V, ``membership`` (L, A) or None.
    """
    A, N = qty.shape
    maybe = np.empty(N, dtype=np.bool_)
    v = np.empty((A, min(BLOCK, N)))
    w = v if membership is None else np.empty((len(membership), min(BLOCK, N)))
    inside = np.empty(w.shape, dtype=np.bool_)
    column = price[:, np.newaxis]
    shared = lower.shape[1] == 1
    with np.errstate(all="ignore"):
        for start in range(0, N, BLOCK):
            stop = min(start + BLOCK, N)
            k, here = stop - start, slice(start, stop)
            edge = slice(None) if shared else here
            values, weights = v[:, :k], w[:, :k]
            np.multiply(qty[:, here], column, out=values)
            V = values.sum(axis=0)
            margin = _margin(values, V)
            if membership is not None:
                np.matmul(membership, values, out=weights)
            np.divide(weights, V, out=weights)
            found = _inside(weights, lower[:, edge], upper[:, edge], margin, inside[:, :k])
            np.logical_not(found & (V > 0), out=maybe[here])
    return maybe


def maybe_moved(price: Floats, before: Floats, most: float) -> NDArray[np.bool_]:
    """Say for each of N columns whether a price (A,) is further than ``most``, a fraction, from what it was ``before`` (A, N)."""
    maybe = np.zeros(before.shape[1], dtype=np.bool_)
    column = price[:, np.newaxis]
    for start in range(0, len(maybe), BLOCK):
        here = slice(start, start + BLOCK)
        was = before[:, here]
        np.logical_or.reduce(np.abs(column - was) > most * was, axis=0, out=maybe[here])
    return maybe


def maybe_reached(off: Floats, price: Floats, V: Floats) -> NDArray[np.bool_]:
    """Say for each of N columns whether every coin of a line may stand within its threshold of what was meant (domain 2.3, 9.5).

    ``off`` (A, 1) are the quantities that its coins lack, ``price`` (A, N), ``V`` (N,). Unusable numbers are "maybe".
    """
    with np.errstate(all="ignore"):
        least = np.maximum(float(MIN_TRADE), float(MIN_TRADE_BPS) / 1e4 * V) / len(off)
        found: NDArray[np.bool_] = np.logical_not(np.logical_or.reduce(np.abs(off) * price >= least * (1 + MARGIN), axis=0))
    return found


def _margin(values: Floats, V: Floats) -> Floats | float:
    """Return the blur of the weights: with rows of both signs it grows with what cancels out."""
    if values.size and values.min() >= 0:
        return MARGIN
    blur: Floats = np.abs(values).sum(axis=0) / V
    blur *= MARGIN
    return blur


def _inside(w: Floats, lower: Floats, upper: Floats, margin: Floats | float, work: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which columns lie inside all their bands by more than the margin; comparisons with nan are False."""
    w -= margin
    np.greater(w, lower, out=work)
    inside: NDArray[np.bool_] = np.logical_and.reduce(work, axis=0)
    w += margin * 2
    np.less(w, upper, out=work)
    np.logical_and(inside, np.logical_and.reduce(work, axis=0), out=inside)
    return inside
