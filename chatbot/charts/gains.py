"""What each trigger brought, as bars from one line of nothing: to the right it won, to the left it lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import MARGIN, blank, printable, text_width
from chatbot.charts.look import FAINT, HEIGHT, LINES, OUTSIDE, TEXT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.charts.curves import GainBar
    from chatbot.charts.labels import Labels

#: told apart by everybody, and by their side
WON, LOST = LINES[8], OUTSIDE
#: where the bars begin, behind the names; and what the numbers behind the bars have room for, at least and at most
_FROM, _NUMBERS = 258.0, (160.0, 260.0)
_HEAD, _BOTTOM = 96.0, 22.0
_ROW: Final = 74.0
_MOST: Final = 10
#: of a row's height
_BAR: Final = 0.46
#: the least that is seen
_LEAST: Final = 2.0


def gains_picture(bars: Sequence[GainBar], labels: Labels) -> bytes:
    """Return the bars as PNG; beyond ten the first are shown."""
    shown = bars[:_MOST]
    low, high = min([0.0, *(bar.value for bar in shown)]), max([0.0, *(bar.value for bar in shown)])
    row = min(_ROW, (HEIGHT - _HEAD - _BOTTOM) / max(1, len(shown)))
    size = min(25.0, row * 0.44)
    numbers = min(max([_NUMBERS[0], *(text_width(printable(bar.said), size, bold=True) for bar in shown)]), _NUMBERS[1])
    unit = (WIDTH - MARGIN - numbers - 12 - _FROM) / ((high - low) or 1.0)
    zero = _FROM - low * unit
    with blank(_HEAD + row * max(1, len(shown)) + _BOTTOM) as canvas:
        canvas.head(labels.title, labels.bars)
        for at, bar in enumerate(shown):
            middle, room = canvas.height - _HEAD - row * (at + 0.5), _FROM - MARGIN - 16
            canvas.text(MARGIN, middle + (size * 0.52 if bar.fact else 0), bar.name, size, TEXT, room=room)
            canvas.text(MARGIN, middle - size * 0.62, bar.fact, size * 0.84, FAINT, room=room)
            end = zero + bar.value * unit
            left, wide = min(zero, end), max(_LEAST, abs(end - zero))
            canvas.box(left, middle - _BAR * row / 2, wide, _BAR * row, WON if bar.value >= 0 else LOST)
            canvas.text(WIDTH - MARGIN, middle, bar.said, size, TEXT, align="right", bold=True, room=numbers)
        canvas.box(zero - 1.5, _BOTTOM, 3, row * len(shown), FAINT)
        return canvas.png()
