"""A measured figure: its samples, what they are of, and what we aim at; and the table that shows many."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEAD = ("what", "unit", "n", "min", "median", "p99", "aim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table."""

    name: str
    unit: str
    samples: tuple[float, ...]
    #: what the median should not exceed; None where the row is only there to compare with
    aim: float | None = None
    #: True: the median should reach the aim instead
    more_is_better: bool = False

    @property
    def verdict(self) -> str:
        """Return the aim and whether the median met it."""
        if self.aim is None:
            return ""
        middle = median(self.samples)
        met = middle >= self.aim if self.more_is_better else middle <= self.aim
        return f"{'>=' if self.more_is_better else '<='} {short(self.aim)} {'met' if met else 'MISSED'}"


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the smallest sample that at least ``share`` of all do not exceed."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def short(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as aligned text."""
    rows = [_HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = []
    for row in rows:
        cells = [
            row[0].ljust(widths[0]),
            row[1].ljust(widths[1]),
            *(cell.rjust(width) for cell, width in zip(row[2:6], widths[2:6], strict=True)),
        ]
        lines.append("  ".join([*cells, row[6]]).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)


def _row(figure: Figure) -> tuple[str, ...]:
    samples = figure.samples
    numbers = (min(samples), median(samples), percentile(samples, 0.99))
    return (figure.name, figure.unit, str(len(samples)), *(short(number) for number in numbers), figure.verdict)
