"""The gauge strip: one row a trigger, a bar from calm to its limit with the mark of the reading, told apart without colour too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import blank, png, printable, text_width
from chatbot.charts.look import HEIGHT, WIDTH, look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.charts.canvas import Canvas
    from chatbot.charts.labels import Gauge, Labels
    from chatbot.charts.look import Look

_MARGIN: Final = 28
_TOP, _BOTTOM = HEIGHT - 132.0, 16.0
_MOST_ROWS: Final = 8
#: how far beyond its limit a bar goes
_BEYOND: Final = 1.35
#: thickness of the bar in a row, and the radius of the mark
_BAR, _MARK = 20.0, 13.0


def gauges_picture(gauges: Sequence[Gauge], labels: Labels, *, dark: bool = False) -> bytes:
    """Return every trigger between calm and its limit, as PNG; beyond eight rows the first are shown."""
    colours, shown = look(dark=dark), gauges[:_MOST_ROWS]
    height = min(100.0, (_TOP - _BOTTOM) / max(1, len(shown)))
    with blank(colours) as canvas:
        _frame(canvas, labels, colours)
        for at, gauge in enumerate(shown):
            _row(canvas, gauge, _TOP - height * at, height, colours)
        return png()


def _x(position: float) -> float:
    """Return the pixel of a position; what lies outside the bar stands at its end."""
    return _MARGIN + max(0.0, min(_BEYOND, position)) / _BEYOND * (WIDTH - 2 * _MARGIN)


def _frame(canvas: Canvas, labels: Labels, colours: Look) -> None:
    """Write the title, what the bars are, and the legend: the mark, the limit, the release."""
    heading = min(text_width(printable(labels.bars), 22, bold=False), 330.0)
    canvas.text(_MARGIN, HEIGHT - 46, labels.title, 32, colours.text, bold=True, room=WIDTH - 2 * _MARGIN - heading - 30)
    canvas.text(WIDTH - _MARGIN, HEIGHT - 46, labels.bars, 22, colours.faint, align="right", room=330)
    x, y = float(_MARGIN), HEIGHT - 96.0
    for place, name in enumerate(labels.legend[:3]):
        _sign(canvas, place, x + 11, y, colours)
        canvas.text(x + 32, y, name, 22, colours.text, room=190)
        x += 32 + min(190.0, text_width(printable(name), 22, bold=False)) + 34


def _sign(canvas: Canvas, place: int, x: float, y: float, colours: Look) -> None:
    if place == 0:
        _disc(canvas, x, y, 10.0, colours.inside, colours)
    elif place == 1:
        canvas.box(x - 3, y - 13, 6, 26, colours.text)
    else:
        _dashes(canvas, x, y, 13.0, colours)


def _row(canvas: Canvas, gauge: Gauge, top: float, height: float, colours: Look) -> None:
    """Draw a trigger: name, reading and state over its bar."""
    words, bar = top - height * 0.30, top - height * 0.68
    ink = colours.text if gauge.on else colours.faint
    size = min(25.0, height * 0.27)
    said = f"● {gauge.state}" if gauge.active else gauge.state
    left = f"{gauge.name}  {gauge.value}"
    whole = WIDTH - 2 * _MARGIN
    # a short state leaves the reading more room
    room = max(whole * 0.54, whole - text_width(printable(said), size, bold=gauge.active) - 24)
    canvas.text(_MARGIN, words, left, size, ink, bold=gauge.on, room=room)
    tone = colours.outside if gauge.active else ink
    used = min(room, text_width(printable(left), size, bold=gauge.on))
    canvas.text(WIDTH - _MARGIN, words, said, size, tone, align="right", bold=gauge.active, room=whole - used - 24)
    _bar(canvas, gauge, bar, colours)


def _bar(canvas: Canvas, gauge: Gauge, y: float, colours: Look) -> None:
    """Draw the way from calm to the limit and beyond it, the limit, where it ends, and the reading."""
    colour = (colours.outside if gauge.active else colours.inside) if gauge.on else colours.faint
    canvas.box(_x(0), y - _BAR / 2, _x(1) - _x(0), _BAR, colours.band)
    canvas.box(_x(1), y - _BAR / 2 + 6, _x(_BEYOND) - _x(1), _BAR - 12, colours.faint)
    if gauge.position is not None:
        canvas.box(_x(0), y - _BAR / 4, _x(gauge.position) - _x(0), _BAR / 2, colour)
    if gauge.release is not None:
        _dashes(canvas, _x(gauge.release), y, _BAR * 0.85, colours)
    canvas.box(_x(1) - 3, y - _BAR * 0.85, 6, _BAR * 1.7, colours.text if gauge.on else colours.faint)
    if gauge.position is not None:
        x = min(max(_x(gauge.position), _MARGIN + _MARK), WIDTH - _MARGIN - _MARK)
        _disc(canvas, x, y, _MARK, colour, colours)


def _disc(canvas: Canvas, x: float, y: float, radius: float, colour: str, colours: Look) -> None:
    """Draw a mark with a rim, so that it stands out from any bar."""
    canvas.arc((x, y), radius, radius, (0.0, 1.0), colours.background, colours.background)
    canvas.arc((x, y), radius - 3, radius - 3, (0.0, 1.0), colour, colour)


def _dashes(canvas: Canvas, x: float, y: float, reach: float, colours: Look) -> None:
    """Draw a thin broken line: it differs from the limit by its shape."""
    part = reach * 2 / 5
    for at in range(3):
        canvas.box(x - 1.5, y - reach + at * 2 * part, 3, part, colours.text)
