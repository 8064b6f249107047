"""The table of shocks as bars: for each move of BTC what the portfolio wins or loses without the hedge, and with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import MARGIN, blank
from chatbot.charts.look import BOOK, FAINT, HEIGHT, TEXT, WIDTH, WITHOUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.charts.labels import Labels
    from chatbot.charts.shock_figures import ShockBar

#: moves, then bars, then the numbers of both
_BARS, _NUMBERS = (160.0, 600.0), WIDTH - MARGIN
_HEAD, _BOTTOM = 128.0, 24.0
_ROW: Final = 112.0
#: of a row's height
_BAR, _STEP = 0.34, 0.19


def shocks_picture(bars: Sequence[ShockBar], labels: Labels) -> bytes:
    """Return a pair of bars per move as PNG: the upper one without the hedge, the lower one with it; liquidated ones are crossed out."""
    shares = [share for bar in bars for share in (bar.without, bar.hedged)]
    low, high = min(0.0, *shares, 0.0), max(0.0, *shares, 0.0)
    height = min(_ROW, (HEIGHT - _HEAD - _BOTTOM) / max(1, len(bars)))
    left, right = _BARS

    def x(share: float) -> float:
        return left + (share - low) / ((high - low) or 1.0) * (right - left)

    with blank(_HEAD + height * max(1, len(bars)) + _BOTTOM) as canvas:
        canvas.head(labels.title, labels.bars)
        colours = (WITHOUT, BOOK)
        canvas.legend([*zip(labels.legend, colours, strict=False), *((name, None) for name in labels.legend[2:])])
        top = canvas.height - _HEAD
        for at, bar in enumerate(bars):
            middle = top - height * (at + 0.5)
            canvas.text(MARGIN, middle, bar.name, min(27.0, height * 0.6), TEXT, bold=True, room=left - MARGIN - 10)
            for place, (share, said, colour) in enumerate(zip((bar.without, bar.hedged), bar.said, colours, strict=True)):
                y = middle + (0.5 - place) * 2 * _STEP * height
                start, end = sorted((x(0), x(share)))
                canvas.box(start, y - _BAR * height / 2, end - start, _BAR * height, colour)
                shown = f"{said} ✕" if place and bar.liquidated else said
                size = min(24.0, height * 0.36)
                canvas.text(_NUMBERS, y, shown, size, TEXT, align="right", bold=bool(place), room=_NUMBERS - right - 10)
        canvas.box(x(0) - 1.5, _BOTTOM, 3, height * len(bars), FAINT)
        return canvas.png()
