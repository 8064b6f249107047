"""The gauge strip: one row a trigger, a bar from calm to its limit with the mark of the reading, told apart without colour too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import MARGIN, blank, printable, text_width
from chatbot.charts.look import FAINT, FIELD, GROUND, HEIGHT, INSIDE, OUTSIDE, TEXT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.charts.canvas import Canvas
    from chatbot.charts.labels import Gauge, Labels

_HEAD, _BOTTOM = 126.0, 14.0
_MOST_ROWS: Final = 8
_ROW: Final = 92.0
#: how far beyond its limit a bar goes
_BEYOND: Final = 1.35
#: thickness of the bar in a row, and the radius of the mark
_BAR, _MARK = 20.0, 13.0


def gauges_picture(gauges: Sequence[Gauge], labels: Labels) -> bytes:
    """Return every trigger between calm and its limit, as PNG; beyond eight rows the first are shown."""
    shown = gauges[:_MOST_ROWS]
    height = min(_ROW, (HEIGHT - _HEAD - _BOTTOM) / max(1, len(shown)))
    with blank(_HEAD + height * max(1, len(shown)) + _BOTTOM) as canvas:
        canvas.head(labels.title, labels.bars)
        _legend(canvas, labels.legend)
        for at, gauge in enumerate(shown):
            _row(canvas, gauge, canvas.height - _HEAD - height * at, height)
        return canvas.png()


def _x(position: float) -> float:
    """Return the pixel of a position; what lies outside the bar stands at its end."""
    return MARGIN + max(0.0, min(_BEYOND, position)) / _BEYOND * (WIDTH - 2 * MARGIN)


def _legend(canvas: Canvas, names: Sequence[str]) -> None:
    """Write what the three signs are: the mark, the limit, the release."""
    x, y = float(MARGIN), canvas.height - 91.0
    for sign, name in zip((_reading, _limit, _release), names, strict=False):
        sign(canvas, x + 11, y)
        canvas.text(x + 32, y, name, 22, TEXT, room=190)
        x += 32 + min(190.0, text_width(printable(name), 22, bold=False)) + 30


def _reading(canvas: Canvas, x: float, y: float) -> None:
    _disc(canvas, x, y, 10.0, INSIDE)


def _limit(canvas: Canvas, x: float, y: float) -> None:
    canvas.box(x - 3, y - 13, 6, 26, TEXT)


def _release(canvas: Canvas, x: float, y: float) -> None:
    _dashes(canvas, x, y, 13.0)


def _row(canvas: Canvas, gauge: Gauge, top: float, height: float) -> None:
    """Draw a trigger: name, reading and state over its bar."""
    words, bar = top - height * 0.30, top - height * 0.70
    ink = TEXT if gauge.on else FAINT
    size = min(25.0, height * 0.36)
    said = f"● {gauge.state}" if gauge.active else gauge.state
    left = f"{gauge.name}  {gauge.value}"
    whole, tone = WIDTH - 2 * MARGIN - 24, OUTSIDE if gauge.active else ink
    wide = [text_width(printable(text), size, bold=heavy) for text, heavy in ((left, gauge.on), (said, gauge.active))]
    # both shrink by as much, so that no number is cut while the other stands large
    room = whole * wide[0] / sum(wide) if sum(wide) > whole else wide[0]
    canvas.text(MARGIN, words, left, size, ink, bold=gauge.on, room=room)
    canvas.text(WIDTH - MARGIN, words, said, size, tone, align="right", bold=gauge.active, room=whole - room)
    _bar(canvas, gauge, bar)


def _bar(canvas: Canvas, gauge: Gauge, y: float) -> None:
    """Draw the way from calm to the limit and beyond it, the limit, where it ends, and the reading."""
    colour = (OUTSIDE if gauge.active else INSIDE) if gauge.on else FAINT
    canvas.box(_x(0), y - _BAR / 2, _x(1) - _x(0), _BAR, FIELD)
    canvas.box(_x(0), y - _BAR / 2, 3, _BAR, FAINT)
    canvas.box(_x(1), y - 2, _x(_BEYOND) - _x(1), 4, FAINT)
    if gauge.position is not None:
        canvas.box(_x(0), y - _BAR / 4, _x(gauge.position) - _x(0), _BAR / 2, colour)
    if gauge.release is not None:
        _dashes(canvas, _x(gauge.release), y, _BAR * 0.85)
    canvas.box(_x(1) - 3, y - _BAR * 0.85, 6, _BAR * 1.7, TEXT if gauge.on else FAINT)
    if gauge.position is not None:
        _disc(canvas, min(max(_x(gauge.position), MARGIN + _MARK), WIDTH - MARGIN - _MARK), y, _MARK, colour)


def _disc(canvas: Canvas, x: float, y: float, radius: float, colour: str) -> None:
    """Draw a mark with a rim, so that it stands out from any bar."""
    canvas.arc((x, y), radius, radius, (0.0, 1.0), GROUND)
    canvas.arc((x, y), radius - 3, radius - 3, (0.0, 1.0), colour)


def _dashes(canvas: Canvas, x: float, y: float, reach: float) -> None:
    """Draw a thin broken line: it differs from the limit by its shape."""
    part = reach * 2 / 5
    for at in range(3):
        canvas.box(x - 1.5, y - reach + at * 2 * part, 3, part, TEXT)
