"""What pictures over time have in common: names of colours in one row, numbers at the right end, days below."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import MARGIN, printable, text_width
from chatbot.charts.look import FAINT, TEXT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.charts.canvas import Canvas

#: what the numbers at the right end take
NUMBERS: Final = 130.0
RIGHT: Final = WIDTH - MARGIN - NUMBERS
#: pixels between the middles of two numbers, at least
APART: Final = 27.0
#: a square with the gaps behind it and behind its name, and the second of these
_KEY, _GAP = 40.0, 18.0
#: sizes of the names, in pixels: as large as there is room for
_SIZES: Final = (22.0, 21.0, 20.0, 19.0, 18.0, 17.0, 16.0, 15.0, 14.0, 13.0)


def colours_named(canvas: Canvas, entries: Sequence[tuple[str, str]]) -> None:
    """Write what each colour is, in letters that are all as small as the names together need."""
    free = WIDTH - 2 * MARGIN - _KEY * len(entries) + _GAP
    size = next((size for size in _SIZES if sum(_wide(name, size) for name, _ in entries) <= free), _SIZES[-1])
    scale = min(1.0, free / (sum(_wide(name, size) for name, _ in entries) or 1.0))
    x = float(MARGIN)
    for name, colour in entries:
        room = _wide(name, size) * scale
        canvas.box(x, canvas.height - 96, 14, 14, colour)
        canvas.text(x + _KEY - _GAP, canvas.height - 89, name, size, TEXT, room=room, least=1.0)
        x += _KEY + room


def _wide(name: str, size: float) -> float:
    return text_width(printable(name), size, bold=False)


def x_of(share: float) -> float:
    """Return the pixel of a moment, given as a share of the whole time."""
    return MARGIN + 6 + share * (RIGHT - MARGIN - 12)


def ends_told(canvas: Canvas, ends: tuple[str, str]) -> None:
    """Write the first and the last day below the field."""
    canvas.text(MARGIN, 26, ends[0], 21, FAINT, room=300)
    canvas.text(RIGHT, 26, ends[1], 21, FAINT, align="right", room=300)


def spread(heights: Sequence[float], field: tuple[float, float]) -> list[float]:
    """Return heights in rising order moved apart, so that no number covers another, inside a field from its lower edge to its upper."""
    moved = list(accumulate(heights, lambda before, wanted: max(wanted, before + APART)))
    if moved and moved[-1] > field[1]:
        top, kept = field[1], []
        for height in reversed(moved):
            top = min(height, top)
            kept.append(top)
            top -= APART
        return kept[::-1]
    return moved
