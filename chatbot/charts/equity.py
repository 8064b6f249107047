"""Value over time beside what would have been without trading, ticks where plans were carried out, and below it the falls of both."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import MARGIN, blank
from chatbot.charts.frame import NUMBERS, RIGHT, colours_named, ends_told, spread, x_of
from chatbot.charts.look import FAINT, FIELD, GROUND, HEIGHT, LINES, OUTSIDE, SPOT, WITHOUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.charts.canvas import Canvas
    from chatbot.charts.curves import Curve, Equity
    from chatbot.charts.labels import Labels

#: the portfolio itself, holding, monthly, bands alone
COLOURS: Final = (SPOT, WITHOUT, LINES[11], LINES[3])
_THICK: Final = (5.0, 3.0, 3.0, 3.0)
#: the field of the lines and the field of the falls, from their lower edge to their upper
_VALUE, _FALL = (196.0, HEIGHT - 140.0), (52.0, 150.0)
#: so much of the field's height is the least move that is drawn to scale
_LEAST: Final = 0.02
#: the curve of holding, whose falls are drawn beside the portfolio's own
_HOLD: Final = 1


def equity_picture(equity: Equity, labels: Labels) -> bytes:
    """Return the lines, the ticks of plans and the falls as PNG."""
    with blank(HEIGHT) as canvas:
        canvas.head(labels.title, labels.bars)
        curves = equity.curves[: len(COLOURS)]
        named = [*zip((curve.name for curve in curves), COLOURS, strict=False)]
        colours_named(canvas, [*named, (equity.tick, OUTSIDE)] if equity.traded else named)
        canvas.box(MARGIN, _VALUE[0], RIGHT - MARGIN, _VALUE[1] - _VALUE[0], FIELD)
        canvas.box(MARGIN, _FALL[0], RIGHT - MARGIN, _FALL[1] - _FALL[0], FIELD)
        _lines(canvas, equity, curves)
        _falls(canvas, equity)
        ends_told(canvas, equity.ends)
        return canvas.png()


def _lines(canvas: Canvas, equity: Equity, curves: Sequence[Curve]) -> None:
    values = [value for curve in curves for value in curve.values]
    low, high = min(values, default=1.0), max(values, default=1.0)
    spare = max((high - low) * 0.06, high * _LEAST / 2)
    low, high = low - spare, high + spare

    def y(value: float) -> float:
        return _VALUE[0] + (value - low) / (high - low) * (_VALUE[1] - _VALUE[0])

    canvas.box(MARGIN, y(1.0) - 1, RIGHT - MARGIN, 2, FAINT)
    for share in equity.traded:
        canvas.box(x_of(share) - 1.5, _VALUE[0], 3, 16, OUTSIDE)
    ends = []
    for at, curve in reversed(list(enumerate(curves))):  # the portfolio itself lies on top
        canvas.line([(x_of(share), y(value)) for share, value in zip(equity.at, curve.values, strict=True)], COLOURS[at], _THICK[at])
        ends.append((y(curve.values[-1]), at, curve))
    ends.sort(key=lambda end: end[0])
    for height, (_, at, curve) in zip(spread([end[0] for end in ends], _VALUE), ends, strict=True):
        canvas.text(RIGHT + 10, height, curve.said, 22, COLOURS[at], bold=at == 0, room=NUMBERS - 10)


def _falls(canvas: Canvas, equity: Equity) -> None:
    """Let the portfolio's falls hang from the top, with those of holding as a line over them."""
    own, beside = _below(equity.curves[0]), [_below(curve) for curve in equity.curves[_HOLD : _HOLD + 1]]
    deepest = min(*own, *(fall for falls in beside for fall in falls), -_LEAST)
    height = (_FALL[1] - _FALL[0]) * 0.92

    def line(falls: Sequence[float]) -> list[tuple[float, float]]:
        return [(x_of(share), _FALL[1] - fall / deepest * height) for share, fall in zip(equity.at, falls, strict=True)]

    canvas.area([(x_of(equity.at[0]), _FALL[1]), *line(own), (x_of(equity.at[-1]), _FALL[1])], COLOURS[0])
    for falls in beside:
        canvas.line(line(falls), GROUND, _THICK[_HOLD] + 2)
        canvas.line(line(falls), COLOURS[_HOLD], _THICK[_HOLD])
    canvas.text(MARGIN, _FALL[1] + 20, equity.fall, 21, FAINT, room=RIGHT - MARGIN)
    canvas.text(RIGHT + 10, _FALL[0] + 14, equity.deepest, 22, COLOURS[0], bold=True, room=NUMBERS - 10)


def _below(curve: Curve) -> list[float]:
    """Return how far each value stands below the highest before it."""
    return [value / high - 1 for value, high in zip(curve.values, accumulate(curve.values, max), strict=True)]
