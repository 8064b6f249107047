"""What each line was of a portfolio's value on every day that was marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.engine.cash import CASH_COINS
from chatbot.exchanges.base import is_perp
from chatbot.model import FUTURES, STABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chatbot.model import Mark
    from chatbot.reports.review.series import Point

#: a line that was never more is left out
_LEAST: Final = 0.0005


def weights(points: Sequence[Point], line_of: Callable[[str], str]) -> dict[str, tuple[float, ...]]:
    """Return the capital weight of each line at each point, the largest on average first; the futures account counts with its equity."""
    rows = [_of(point.mark, float(point.value), line_of) for point in points]
    lines = {line for row in rows for line in row}
    found = {line: tuple(row.get(line, 0.0) for row in rows) for line in lines}
    kept = {line: row for line, row in found.items() if max(map(abs, row)) >= _LEAST}
    return dict(sorted(kept.items(), key=lambda one: (one[0] in (STABLE, FUTURES), one[0] == FUTURES, -sum(one[1]), one[0])))


def _of(mark: Mark, value: float, line_of: Callable[[str], str]) -> Mapping[str, float]:
    worth = {FUTURES: float(mark.futures_cash)}
    for name, qty in mark.held.items():
        line = FUTURES if is_perp(name) else STABLE if name in CASH_COINS else line_of(name)
        worth[line] = worth.get(line, 0.0) + float(qty * mark.prices.get(name, 0))
    return {line: part / value for line, part in worth.items()}
