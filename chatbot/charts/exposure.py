"""The exposure ledger: three bars a coin, spot over futures over their net, from one line of zero."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import MARGIN, blank
from chatbot.charts.look import BOOK, FAINT, HEIGHT, SPOT, TEXT, WIDTH
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from chatbot.charts.canvas import Canvas
    from chatbot.charts.labels import Labels
    from chatbot.model import AssetExposure

#: names, then bars, then the net's number
_BARS, _NUMBERS = (176.0, 640.0), WIDTH - MARGIN
_HEAD, _BOTTOM = 128.0, 24.0
_ROW: Final = 110.0
_MOST_ROWS: Final = 12
#: of a row's height: one bar, and the way from one to the next
_BAR, _STEP = 0.23, 0.26
#: spot, futures and net: far apart in lightness, so that they are told apart without colour too
_COLOURS: Final = (SPOT, BOOK, TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Where shares of the value stand between the ends of the bars."""

    low: float
    high: float

    def x(self, share: float) -> float:
        """Return the pixel of a share."""
        left, right = _BARS
        return left + (share - self.low) / (self.high - self.low) * (right - left)


def exposure_picture(assets: Sequence[AssetExposure], value: Decimal, labels: Labels) -> bytes:
    """Return spot, signed futures and net of each coin as shares of ``value``, as PNG; beyond twelve coins the first are shown."""
    shown = assets[:_MOST_ROWS]
    shares = [tuple(float(amount / value) for amount in (one.spot, one.futures, one.net)) for one in shown]
    scale = _scale(shares)
    height = min(_ROW, (HEIGHT - _HEAD - _BOTTOM) / max(1, len(shown)))
    with blank(_HEAD + height * max(1, len(shown)) + _BOTTOM) as canvas:
        canvas.head(labels.title, labels.bars)
        canvas.legend(list(zip(labels.legend, _COLOURS, strict=False)))
        for at, (one, row) in enumerate(zip(shown, shares, strict=True)):
            middle = canvas.height - _HEAD - height * (at + 0.5)
            _bars(canvas, middle, height, row, scale)
            size = min(27.0, height * 0.62)
            canvas.text(MARGIN, middle, labels.of(one.asset), size, TEXT, room=_BARS[0] - MARGIN - 12)
            number = labels.numbers.get(one.asset, "")
            canvas.text(_NUMBERS, middle, number, size, TEXT, align="right", room=_NUMBERS - _BARS[1] - 10)
        canvas.box(scale.x(0) - 1.5, _BOTTOM, 3, height * len(shown), FAINT)
        return canvas.png()


def _scale(shares: Sequence[tuple[float, ...]]) -> _Scale:
    flat = [share for row in shares for share in row]
    low, high = min(0.0, *flat, 0.0), max(0.0, *flat, 0.0)
    return _Scale(low=low, high=high if high > low else low + 1.0)


def _bars(canvas: Canvas, middle: float, height: float, shares: tuple[float, ...], scale: _Scale) -> None:
    """Draw a coin's three bars."""
    zero = scale.x(0)
    for place, (share, colour) in enumerate(zip(shares, _COLOURS, strict=True)):
        end, y = scale.x(share), middle + (1 - place) * _STEP * height
        canvas.box(min(zero, end), y - _BAR * height / 2, abs(end - zero), _BAR * height, colour)
