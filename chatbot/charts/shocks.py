"""The table of shocks as bars: for each move of BTC what the portfolio wins or loses without the hedge, and with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import blank, png, printable, text_width
from chatbot.charts.look import HEIGHT, SERIES, WIDTH, look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.charts.canvas import Canvas
    from chatbot.charts.labels import Labels
    from chatbot.charts.look import Look
    from chatbot.charts.shock_bars import ShockBar

_MARGIN: Final = 28
#: moves, then bars, then the numbers of both
_BARS, _NUMBERS = (150.0, 640.0), WIDTH - _MARGIN
_TOP, _BOTTOM = HEIGHT - 128.0, 26.0
#: of a row's height
_BAR, _STEP = 0.32, 0.19


def shocks_picture(bars: Sequence[ShockBar], labels: Labels, *, dark: bool = False) -> bytes:
    """Return a pair of bars per move as PNG: the upper one without the hedge, the lower one with it; liquidated ones are crossed out."""
    colours = look(dark=dark)
    largest = max((abs(share) for bar in bars for share in (bar.without, bar.hedged)), default=0.0) or 1.0
    low = min(0.0, *(share for bar in bars for share in (bar.without, bar.hedged))) if bars else 0.0
    high = max(0.0, *(share for bar in bars for share in (bar.without, bar.hedged))) if bars else largest
    height = (_TOP - _BOTTOM) / max(1, len(bars))
    left, right = _BARS

    def x(share: float) -> float:
        return left + (share - low) / ((high - low) or 1.0) * (right - left)

    with blank(colours) as canvas:
        _frame(canvas, labels, colours)
        for at, bar in enumerate(bars):
            middle = _TOP - height * (at + 0.5)
            canvas.text(_MARGIN, middle, bar.name.replace("-", "−"), 27, colours.text, bold=True, room=left - _MARGIN - 10)
            for place, (share, colour) in enumerate(((bar.without, SERIES[1]), (bar.hedged, SERIES[0]))):
                y = middle + (0.5 - place) * 2 * _STEP * height
                start, end = sorted((x(0), x(share)))
                canvas.box(start, y - _BAR * height / 2, end - start, _BAR * height, colour)
                shown = _per_cent(share, labels) + (" ✕" if place and bar.liquidated else "")
                canvas.text(_NUMBERS, y, shown, 22, colours.text, align="right", bold=bool(place), room=_NUMBERS - right - 10)
        canvas.box(x(0) - 1.5, _BOTTOM, 3, _TOP - _BOTTOM, colours.faint)
        return png()


def _frame(canvas: Canvas, labels: Labels, colours: Look) -> None:
    """Write the title, what the numbers are, and which bar is which."""
    heading = min(text_width(printable(labels.bars), 22, bold=False), 330.0)
    canvas.text(_MARGIN, HEIGHT - 46, labels.title, 32, colours.text, bold=True, room=_NUMBERS - _MARGIN - heading - 30)
    canvas.text(_NUMBERS, HEIGHT - 46, labels.bars, 22, colours.faint, align="right", room=330)
    at = float(_MARGIN)
    for name, colour in zip(labels.legend, (SERIES[1], SERIES[0], ""), strict=False):
        if colour:
            canvas.box(at, HEIGHT - 102, 22, 22, colour)
            at += 32
        canvas.text(at, HEIGHT - 91, name, 22, colours.text, room=250)
        at += min(250.0, text_width(printable(name), 22, bold=False)) + 30


def _per_cent(share: float, labels: Labels) -> str:
    text = f"{share * 100:.1f}"
    return ("0.0" if text == "-0.0" else text).replace(".", labels.decimal).replace("-", "−")
