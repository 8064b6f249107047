"""Value over time beside what would have been without trading, ticks where plans were carried out, and below it the falls."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import MARGIN, blank, printable, text_width
from chatbot.charts.look import FAINT, FIELD, HEIGHT, LINES, OUTSIDE, SPOT, TEXT, WIDTH, WITHOUT

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
#: what the numbers at the right end take
_NUMBERS: Final = 130.0
_RIGHT: Final = WIDTH - MARGIN - _NUMBERS
#: so much of the field's height is the least move that is drawn to scale
_LEAST: Final = 0.02
_APART: Final = 27.0


def equity_picture(equity: Equity, labels: Labels) -> bytes:
    """Return the lines, the ticks of plans and the falls as PNG."""
    with blank(HEIGHT) as canvas:
        canvas.head(labels.title, labels.bars)
        curves = equity.curves[: len(COLOURS)]
        _legend(
            canvas,
            [*zip((curve.name for curve in curves), COLOURS, strict=False), (equity.tick, OUTSIDE)]
            if equity.traded
            else [*zip((curve.name for curve in curves), COLOURS, strict=False)],
        )
        canvas.box(MARGIN, _VALUE[0], _RIGHT - MARGIN, _VALUE[1] - _VALUE[0], FIELD)
        canvas.box(MARGIN, _FALL[0], _RIGHT - MARGIN, _FALL[1] - _FALL[0], FIELD)
        _lines(canvas, equity, curves)
        _falls(canvas, equity)
        canvas.text(MARGIN, 26, equity.ends[0], 21, FAINT, room=300)
        canvas.text(_RIGHT, 26, equity.ends[1], 21, FAINT, align="right", room=300)
        return canvas.png()


def _legend(canvas: Canvas, entries: Sequence[tuple[str, str]]) -> None:
    """Write what each colour is, as narrow as the names together allow."""
    wide = [text_width(printable(name), 22, bold=False) + 48 for name, _ in entries]
    scale = min(1.0, (WIDTH - 2 * MARGIN) / (sum(wide) or 1.0))
    x = float(MARGIN)
    for (name, colour), room in zip(entries, wide, strict=True):
        canvas.box(x, canvas.height - 96, 14, 14, colour)
        canvas.text(x + 22, canvas.height - 89, name, 22, TEXT, room=room * scale - 34, least=0.6)
        x += room * scale


def _x(share: float) -> float:
    return MARGIN + 6 + share * (_RIGHT - MARGIN - 12)


def _lines(canvas: Canvas, equity: Equity, curves: Sequence[Curve]) -> None:
    values = [value for curve in curves for value in curve.values]
    low, high = min(values, default=1.0), max(values, default=1.0)
    spare = max((high - low) * 0.06, high * _LEAST / 2)
    low, high = low - spare, high + spare

    def y(value: float) -> float:
        return _VALUE[0] + (value - low) / (high - low) * (_VALUE[1] - _VALUE[0])

    canvas.box(MARGIN, y(1.0) - 1, _RIGHT - MARGIN, 2, FAINT)
    for share in equity.traded:
        canvas.box(_x(share) - 1.5, _VALUE[0], 3, 16, OUTSIDE)
    ends = []
    for at, curve in reversed(list(enumerate(curves))):  # the portfolio itself lies on top
        canvas.line([(_x(share), y(value)) for share, value in zip(equity.at, curve.values, strict=True)], COLOURS[at], _THICK[at])
        ends.append((y(curve.values[-1]), at, curve))
    for height, (_, at, curve) in zip(
        _spread([end[0] for end in sorted(ends, key=lambda end: end[0])]), sorted(ends, key=lambda end: end[0]), strict=True
    ):
        canvas.text(_RIGHT + 10, height, curve.said, 22, COLOURS[at], bold=at == 0, room=_NUMBERS - 10)


def _spread(heights: Sequence[float]) -> list[float]:
    """Return heights in rising order moved apart, so that no number covers another, inside the field."""
    moved = list(accumulate(heights, lambda before, wanted: max(wanted, before + _APART)))
    over = moved[-1] - _VALUE[1] if moved else 0.0
    top = _VALUE[1]
    kept: list[float] = []
    for height in reversed(moved):
        top = min(height, top)
        kept.append(top)
        top -= _APART
    return kept[::-1] if over > 0 else moved


def _falls(canvas: Canvas, equity: Equity) -> None:
    own = equity.curves[0].values
    falls = [value / high - 1 for value, high in zip(own, accumulate(own, max), strict=True)]
    deepest = min(*falls, -_LEAST)
    height = (_FALL[1] - _FALL[0]) * 0.92

    def y(fall: float) -> float:
        return _FALL[1] - fall / deepest * height

    line = [(_x(share), y(fall)) for share, fall in zip(equity.at, falls, strict=True)]
    canvas.area([(_x(equity.at[0]), _FALL[1]), *line, (_x(equity.at[-1]), _FALL[1])], COLOURS[0])
    canvas.text(MARGIN, _FALL[1] + 20, equity.fall, 21, FAINT, room=_RIGHT - MARGIN)
    canvas.text(_RIGHT + 10, _FALL[0] + 14, equity.deepest, 22, COLOURS[0], bold=True, room=_NUMBERS - 10)
