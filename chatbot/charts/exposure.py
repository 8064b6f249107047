"""The exposure ledger: three bars a coin, spot over futures over their net, from one line of zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import blank, png, printable, text_width
from chatbot.charts.look import HEIGHT, SERIES, WIDTH, look

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from chatbot.charts.canvas import Canvas
    from chatbot.charts.labels import Labels
    from chatbot.charts.look import Look
    from chatbot.model import AssetExposure

_MARGIN: Final = 28
#: names, then bars, then the net's number
_BARS, _NUMBERS = (176.0, 640.0), WIDTH - _MARGIN
_TOP, _BOTTOM = HEIGHT - 128.0, 26.0
_MOST_ROWS: Final = 12
#: of a row's height: one bar, and the way from one to the next
_BAR, _STEP = 0.23, 0.26


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Where shares of the value stand between the ends of the bars."""

    low: float
    high: float

    def x(self, share: float) -> float:
        """Return the pixel of a share."""
        left, right = _BARS
        return left + (share - self.low) / (self.high - self.low) * (right - left)


def exposure_picture(assets: Sequence[AssetExposure], value: Decimal, labels: Labels, *, dark: bool = False) -> bytes:
    """Return spot, signed futures and net of each coin as shares of ``value``, as PNG; beyond twelve coins the first are shown."""
    colours, shown = look(dark=dark), assets[:_MOST_ROWS]
    shares = [tuple(float(amount / value) for amount in (one.spot, one.futures, one.net)) for one in shown]
    scale = _scale(shares)
    height = min(110.0, (_TOP - _BOTTOM) / max(1, len(shown)))
    top = _TOP - ((_TOP - _BOTTOM) - height * len(shown)) / 2
    with blank(colours) as canvas:
        _frame(canvas, labels, colours)
        for at, (one, row) in enumerate(zip(shown, shares, strict=True)):
            middle = top - height * (at + 0.5)
            _row(canvas, middle, height, row, scale, colours)
            size = min(27.0, height * 0.62)
            canvas.text(_MARGIN, middle, labels.of(one.asset), size, colours.text, room=_BARS[0] - _MARGIN - 12)
            canvas.text(_NUMBERS, middle, _per_cent(row[2], labels), size, colours.text, align="right", room=_NUMBERS - _BARS[1] - 10)
        canvas.box(scale.x(0) - 1.5, top - height * len(shown), 3, height * len(shown), colours.faint)
        return png()


def _scale(shares: Sequence[tuple[float, ...]]) -> _Scale:
    flat = [share for row in shares for share in row]
    low, high = min(0.0, *flat, 0.0), max(0.0, *flat, 0.0)
    return _Scale(low=low, high=high if high > low else low + 1.0)


def _frame(canvas: Canvas, labels: Labels, colours: Look) -> None:
    """Write the title, what the numbers are, and which bar is which in the order in which they stand."""
    heading = min(text_width(printable(labels.bars), 22, bold=False), 330.0)
    canvas.text(_MARGIN, HEIGHT - 46, labels.title, 32, colours.text, bold=True, room=_NUMBERS - _MARGIN - heading - 30)
    canvas.text(_NUMBERS, HEIGHT - 46, labels.bars, 22, colours.faint, align="right", room=330)
    x = float(_MARGIN)
    for name, colour in zip(labels.legend, _colours(colours), strict=False):
        canvas.box(x, HEIGHT - 102, 22, 22, colour)
        canvas.text(x + 32, HEIGHT - 91, name, 22, colours.text, room=190)
        x += 32 + min(190.0, text_width(printable(name), 22, bold=False)) + 30


def _row(canvas: Canvas, middle: float, height: float, shares: tuple[float, ...], scale: _Scale, colours: Look) -> None:
    """Draw a coin's three bars."""
    zero = scale.x(0)
    for place, (share, colour) in enumerate(zip(shares, _colours(colours), strict=True)):
        end, y = scale.x(share), middle + (1 - place) * _STEP * height
        canvas.box(min(zero, end), y - _BAR * height / 2, abs(end - zero), _BAR * height, colour)


def _colours(colours: Look) -> tuple[str, str, str]:
    """Return the colours of spot, futures and net: far apart in lightness, so that they are told apart without colour too."""
    return SERIES[0], SERIES[1], colours.text


def _per_cent(share: float, labels: Labels) -> str:
    text = f"{round(share * 100, 1):.1f}"
    return ("0.0" if text == "-0.0" else text).replace(".", labels.decimal).replace("-", "−")
