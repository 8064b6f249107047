"""Pictures of a portfolio: rings of weights beside bars of drift, one row a line, so that no label can meet another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import blank, png, printable, text_width
from chatbot.charts.look import HEIGHT, WIDTH, colour_of, look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.charts.canvas import Canvas
    from chatbot.charts.labels import Labels
    from chatbot.charts.look import Look
    from chatbot.model import LineReading, PortfolioFigures

_MARGIN: Final = 28
_RING: Final = (170.0, 300.0)
_RADIUS: Final = 142.0
_OUTER, _INNER, _GAP = 38.0, 22.0, 6.0
#: the rows: chip and name, then bars, then numbers
_NAMES, _BARS, _NUMBERS = 338.0, (500.0, 668.0), WIDTH - _MARGIN
_TOP, _BOTTOM = HEIGHT - 92.0, 24.0
_MOST_ROWS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Where the rows of the right half stand."""

    count: int

    @property
    def height(self) -> float:
        """Return the height of one row in pixels."""
        return min(76.0, (_TOP - _BOTTOM) / self.count)

    def middle(self, row: int) -> float:
        """Return the height at which a row is centred."""
        spare = (_TOP - _BOTTOM) - self.height * self.count
        return _TOP - spare / 2 - self.height * (row + 0.5)


def allocation_picture(figures: PortfolioFigures, labels: Labels, *, dark: bool = False) -> bytes:
    """Return weights (outer ring) against targets (inner ring), and each line's drift inside its band, as PNG."""
    colours, lines = look(dark=dark), _shown(figures.lines)
    with blank(colours) as canvas:
        _frame(canvas, labels, colours)
        _ring(canvas, [line.weight for line in lines], _RADIUS, _OUTER, colours)
        _ring(canvas, [line.target for line in lines], _RADIUS - _OUTER - _GAP, _INNER, colours)
        rows, scale = Rows(count=len(lines)), _drift_scale(lines)
        for at, line in enumerate(lines):
            _name(canvas, rows, at, labels.of(line.line), colours)
            _band(canvas, rows, at, line, scale, colours)
            _drift_bar(canvas, rows, at, float(line.drift), scale, 0.34, colours.outside if line.breach else colours.inside)
            _number(canvas, rows, at, _signed(float(line.drift), labels), colours, outside=line.breach is not None)
        return png()


def change_picture(before: PortfolioFigures, after: PortfolioFigures, labels: Labels, *, dark: bool = False) -> bytes:
    """Return the weights before (outer ring) and after (inner ring), and each line's drift before and after, as PNG."""
    colours, lines = look(dark=dark), _shown(after.lines)
    then = {line.line: line for line in before.lines}
    earlier = [then.get(line.line, line) for line in lines]
    with blank(colours) as canvas:
        _frame(canvas, labels, colours)
        _ring(canvas, [line.weight for line in earlier], _RADIUS, _INNER, colours)
        _ring(canvas, [line.weight for line in lines], _RADIUS - _INNER - _GAP, _OUTER, colours)
        rows, scale = Rows(count=len(lines)), _drift_scale([*earlier, *lines])
        for at, (old, new) in enumerate(zip(earlier, lines, strict=True)):
            _name(canvas, rows, at, labels.of(new.line), colours)
            _band(canvas, rows, at, new, scale, colours)
            _drift_bar(canvas, rows, at, float(old.drift), scale, 0.16, colours.faint, above=True)
            _drift_bar(canvas, rows, at, float(new.drift), scale, 0.26, colours.outside if new.breach else colours.inside, above=False)
            _number(canvas, rows, at, _signed(float(new.drift), labels), colours, outside=new.breach is not None)
        return png()


def preset_picture(figures: PortfolioFigures, labels: Labels, *, dark: bool = False) -> bytes:
    """Return a strategy's targets as a ring, and each target with its band as a bar, as PNG."""
    colours, lines = look(dark=dark), _shown(figures.lines)
    largest = max((float(line.target) + float(line.band or 0) for line in lines), default=1.0) or 1.0
    with blank(colours) as canvas:
        _frame(canvas, labels, colours)
        _ring(canvas, [line.target for line in lines], _RADIUS, _OUTER + _INNER, colours)
        rows = Rows(count=len(lines))
        for at, line in enumerate(lines):
            _name(canvas, rows, at, labels.of(line.line), colours)
            _target_bar(canvas, rows, at, line, largest, colours)
            _number(canvas, rows, at, _per_cent(float(line.target), labels), colours, outside=False)
        return png()


def _shown(lines: Sequence[LineReading]) -> Sequence[LineReading]:
    """Return the lines that have room: beyond twelve the smallest are left to the table in the caption."""
    if len(lines) <= _MOST_ROWS:
        return lines
    largest = sorted(lines, key=lambda line: -max(line.weight, line.target))[:_MOST_ROWS]
    return [line for line in lines if line in largest]


def _frame(canvas: Canvas, labels: Labels, colours: Look) -> None:
    """Write the title, the heading of the bars, what the rings are, and the value in their middle."""
    heading = min(text_width(printable(labels.bars), 22, bold=False), _NUMBERS - _NAMES)
    canvas.text(_MARGIN, HEIGHT - 46, labels.title, 32, colours.text, bold=True, room=_NUMBERS - _MARGIN - heading - 30)
    canvas.text(_NUMBERS, HEIGHT - 46, labels.bars, 22, colours.faint, align="right", room=_NUMBERS - _NAMES)
    hole = 2 * (_RADIUS - _OUTER - _GAP - _INNER) - 14
    if labels.centre:
        canvas.text(*_RING, labels.centre, 27, colours.text, align="center", bold=True, room=hole, least=0.5)
    x, y = _RING
    for row, text in enumerate(text for text in (labels.outer, labels.inner) if text):
        canvas.text(x, y - _RADIUS - 40 - 32 * row, text, 22, colours.faint, align="center", room=2 * _RADIUS + 40)


def _ring(canvas: Canvas, weights: Sequence[object], radius: float, thickness: float, colours: Look) -> None:
    """Draw shares clockwise from the top; a negative share (a sleeve under water) has no arc."""
    shares = [max(0.0, float(str(weight))) for weight in weights]
    total, turned = sum(shares) or 1.0, 0.0
    for at, share in enumerate(shares):
        part = share / total
        if part > 0:
            canvas.arc(_RING, radius, thickness, (turned, turned + part), colour_of(at), colours.background)
        turned += part


def _name(canvas: Canvas, rows: Rows, row: int, name: str, colours: Look) -> None:
    """Draw the line's colour and name: the legend of the rings."""
    y, chip = rows.middle(row), min(22.0, rows.height * 0.55)
    canvas.box(_NAMES, y - chip / 2, chip, chip, colour_of(row))
    canvas.text(_NAMES + 32, y, name, _type_size(rows), colours.text, room=_BARS[0] - _NAMES - 42)


def _band(canvas: Canvas, rows: Rows, row: int, line: LineReading, scale: float, colours: Look) -> None:
    """Draw the band as a pale field with its two marks, and the target as a line through the row."""
    y, tall, (left, right) = rows.middle(row), rows.height * 0.68, _BARS
    centre, half = (left + right) / 2, (right - left) / 2
    if line.band is not None:
        reach = min(half, float(line.band) / scale * half)
        canvas.box(centre - reach, y - tall / 2, 2 * reach, tall, colours.band)
        for edge in (centre - reach, centre + reach):
            canvas.box(edge - 1.5, y - tall / 2, 3, tall, colours.faint)
    canvas.box(centre - 1, y - rows.height / 2, 2, rows.height, colours.faint)


def _drift_bar(
    canvas: Canvas, rows: Rows, row: int, drift: float, scale: float, thick: float, colour: str, *, above: bool | None = None
) -> None:
    """Draw a bar from the target to the drift; ``above`` moves it over or under the row's middle to leave room for a second one."""
    left, right = _BARS
    centre, half, tall = (left + right) / 2, (right - left) / 2, rows.height * thick
    length = max(-half, min(half, drift / scale * half))
    shift = 0.0 if above is None else rows.height * (0.16 if above else -0.10)
    canvas.box(min(centre, centre + length), rows.middle(row) + shift - tall / 2, abs(length), tall, colour)


def _target_bar(canvas: Canvas, rows: Rows, row: int, line: LineReading, largest: float, colours: Look) -> None:
    y, tall, (left, right) = rows.middle(row), rows.height * 0.40, _BARS
    reach, target, band = right - left, float(line.target), float(line.band or 0)
    if line.band is not None:
        low, high = max(0.0, target - band), target + band
        canvas.box(left + low / largest * reach, y - rows.height * 0.34, (high - low) / largest * reach, rows.height * 0.68, colours.band)
    canvas.box(left, y - tall / 2, target / largest * reach, tall, colour_of(row))
    if line.band is not None:
        for edge in (max(0.0, target - band), target + band):
            canvas.box(left + edge / largest * reach - 1.5, y - rows.height * 0.34, 3, rows.height * 0.68, colours.faint)


def _number(canvas: Canvas, rows: Rows, row: int, text: str, colours: Look, *, outside: bool) -> None:
    """Write the row's number; outside its band it is bold and dotted, so that colour is not all that tells."""
    shown = f"● {text}" if outside else text
    room = _NUMBERS - _BARS[1] - 6
    canvas.text(
        _NUMBERS,
        rows.middle(row),
        shown,
        _type_size(rows),
        colours.outside if outside else colours.text,
        align="right",
        bold=outside,
        room=room,
    )


def _type_size(rows: Rows) -> float:
    return min(27.0, rows.height * 0.66)


def _drift_scale(lines: Sequence[LineReading]) -> float:
    """Return the drift that reaches the end of the bars."""
    return max((max(abs(float(line.drift)), float(line.band or 0)) for line in lines), default=0.01) * 1.08 or 0.01


def _signed(fraction: float, labels: Labels) -> str:
    points = round(fraction * 100, 1)
    text = f"{points:+.1f}" if points else "0.0"
    return text.replace(".", labels.decimal).replace("-", "−")


def _per_cent(fraction: float, labels: Labels) -> str:
    text = f"{fraction * 100:.1f}".removesuffix(".0")
    return text.replace(".", labels.decimal)
