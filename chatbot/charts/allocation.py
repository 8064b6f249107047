"""Pictures of a portfolio: rings of weights beside bars of drift, one row a line, so that no label can meet another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import MARGIN, blank
from chatbot.charts.look import FAINT, FIELD, INSIDE, OUTSIDE, TEXT, WIDTH, colours_of
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.charts.canvas import Canvas
    from chatbot.charts.labels import Labels
    from chatbot.model import LineReading, PortfolioFigures

_RING_X: Final = 170.0
_RADIUS: Final = 142.0
_OUTER, _INNER, _GAP = 38.0, 22.0, 6.0
#: below the rings: from their edge to the first of what they are, and from one to the next
_BELOW, _NEXT = 32.0, 30.0
#: the rows: chip and name, then bars, then numbers
_NAMES, _BARS, _NUMBERS = 338.0, (496.0, 640.0), WIDTH - MARGIN
_HEAD, _BOTTOM = 84.0, 24.0
#: a row's height, and the least at which it holds its facts below the name
_LOW_ROW, _HIGH_ROW, _TWO_LINES = 40.0, 150.0, 70.0
_MOST_ROWS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """Where the rings and the rows stand, all for so many rows and so many words below the rings."""

    count: int
    captions: int

    @property
    def height(self) -> float:
        """Return the height of the picture: what the rings need, or the rows where they need more."""
        return _HEAD + max(self._rings, _LOW_ROW * self.count) + _BOTTOM

    @property
    def ring(self) -> tuple[float, float]:
        """Return the middle of the rings."""
        spare = self.height - _HEAD - _BOTTOM - self._rings
        return _RING_X, self.height - _HEAD - spare / 2 - _RADIUS

    @property
    def row(self) -> float:
        """Return the height of one row."""
        return min(_HIGH_ROW, (self.height - _HEAD - _BOTTOM) / max(1, self.count))

    @property
    def type_size(self) -> float:
        """Return the size of names and numbers."""
        return min(27.0, self.row * 0.62)

    def middle(self, row: int) -> float:
        """Return the height at which a row is centred."""
        spare = self.height - _HEAD - _BOTTOM - self.row * self.count
        return self.height - _HEAD - spare / 2 - self.row * (row + 0.5)

    @property
    def _rings(self) -> float:
        return 2 * _RADIUS + (_BELOW + _NEXT * (self.captions - 1) + 12 if self.captions else 0)


def allocation_picture(figures: PortfolioFigures, labels: Labels) -> bytes:
    """Return weights (outer ring) against targets (inner ring), and each line's drift inside its band, as PNG."""
    lines = _shown(figures.lines)
    colours, sheet, scale = _colours(lines), _sheet(lines, labels), _drift_scale(lines)
    with blank(sheet.height) as canvas:
        _frame(canvas, sheet, labels)
        _ring(canvas, sheet, [line.weight for line in lines], _RADIUS, _OUTER, colours)
        _ring(canvas, sheet, [line.target for line in lines], _RADIUS - _OUTER - _GAP, _INNER, colours)
        for at, line in enumerate(lines):
            _name(canvas, sheet, at, line.line, labels, colours[at])
            _band(canvas, sheet, at, line, scale)
            _drift_bar(canvas, sheet, at, float(line.drift), scale, 0.34, OUTSIDE if line.breach else INSIDE)
            _number(canvas, sheet, at, labels.numbers.get(line.line, ""), outside=line.breach is not None)
        return canvas.png()


def change_picture(before: PortfolioFigures, after: PortfolioFigures, labels: Labels) -> bytes:
    """Return the weights before (outer ring) and after (inner ring), and each line's drift before and after, as PNG."""
    lines = _shown(after.lines)
    then = {line.line: line for line in before.lines}
    earlier = [then.get(line.line, line) for line in lines]
    colours, sheet, scale = _colours(lines), _sheet(lines, labels), _drift_scale([*earlier, *lines])
    with blank(sheet.height) as canvas:
        _frame(canvas, sheet, labels)
        _ring(canvas, sheet, [line.weight for line in earlier], _RADIUS, _INNER, colours)
        _ring(canvas, sheet, [line.weight for line in lines], _RADIUS - _INNER - _GAP, _OUTER, colours)
        for at, (old, new) in enumerate(zip(earlier, lines, strict=True)):
            _name(canvas, sheet, at, new.line, labels, colours[at])
            _band(canvas, sheet, at, new, scale)
            _drift_bar(canvas, sheet, at, float(old.drift), scale, 0.16, FAINT, above=True)
            _drift_bar(canvas, sheet, at, float(new.drift), scale, 0.26, OUTSIDE if new.breach else INSIDE, above=False)
            _number(canvas, sheet, at, labels.numbers.get(new.line, ""), outside=new.breach is not None)
        return canvas.png()


def preset_picture(figures: PortfolioFigures, labels: Labels) -> bytes:
    """Return a strategy's targets as a ring, and each target with its band as a bar, as PNG."""
    lines = _shown(figures.lines)
    colours, sheet = _colours(lines), _sheet(lines, labels)
    largest = max((float(line.target) + float(line.band or 0) for line in lines), default=1.0) or 1.0
    with blank(sheet.height) as canvas:
        _frame(canvas, sheet, labels)
        _ring(canvas, sheet, [line.target for line in lines], _RADIUS, _OUTER + _INNER, colours)
        for at, line in enumerate(lines):
            _name(canvas, sheet, at, line.line, labels, colours[at])
            _target_bar(canvas, sheet, at, line, largest, colours[at])
            _number(canvas, sheet, at, labels.numbers.get(line.line, ""), outside=False)
        return canvas.png()


def _shown(lines: Sequence[LineReading]) -> Sequence[LineReading]:
    """Return the lines that have room: beyond twelve the smallest are left to the table in the caption."""
    if len(lines) <= _MOST_ROWS:
        return lines
    largest = sorted(lines, key=lambda line: -max(line.weight, line.target))[:_MOST_ROWS]
    return [line for line in lines if line in largest]


def _colours(lines: Sequence[LineReading]) -> list[str]:
    colours = colours_of(line.line for line in lines)
    return [colours[line.line] for line in lines]


def _sheet(lines: Sequence[LineReading], labels: Labels) -> _Sheet:
    return _Sheet(count=len(lines), captions=len(_captions(labels)))


def _captions(labels: Labels) -> list[str]:
    return [text for text in (labels.outer, labels.inner) if text]


def _frame(canvas: Canvas, sheet: _Sheet, labels: Labels) -> None:
    """Write the title, the heading of the bars, what the rings are, and the value in their middle."""
    canvas.head(labels.title, labels.bars)
    hole = 2 * (_RADIUS - _OUTER - _GAP - _INNER) - 14
    if labels.centre:
        canvas.text(*sheet.ring, labels.centre, 27, TEXT, align="center", bold=True, room=hole, least=0.5)
    x, y = sheet.ring
    for row, text in enumerate(_captions(labels)):
        canvas.text(x, y - _RADIUS - _BELOW - _NEXT * row, text, 22, FAINT, align="center", room=2 * _RADIUS)


def _ring(canvas: Canvas, sheet: _Sheet, weights: Sequence[object], radius: float, thickness: float, colours: Sequence[str]) -> None:
    """Draw shares clockwise from the top; a negative share (a sleeve under water) has no arc."""
    shares = [max(0.0, float(str(weight))) for weight in weights]
    total, turned = sum(shares) or 1.0, 0.0
    for share, colour in zip(shares, colours, strict=True):
        part = share / total
        if part > 0:
            canvas.arc(sheet.ring, radius, thickness, (turned, turned + part), colour)
        turned += part


def _name(canvas: Canvas, sheet: _Sheet, row: int, line: str, labels: Labels, colour: str) -> None:
    """Draw the line's colour and name, the legend of the rings, and where there is room its facts below."""
    y, chip, fact = sheet.middle(row), min(22.0, sheet.row * 0.55), labels.facts.get(line, "")
    if fact and sheet.row >= _TWO_LINES:
        canvas.text(_NAMES, y - 17, fact, 22, FAINT, room=_BARS[0] - _NAMES - 12)
        y += 15
    canvas.box(_NAMES, y - chip / 2, chip, chip, colour)
    canvas.text(_NAMES + 32, y, labels.of(line), sheet.type_size, TEXT, room=_BARS[0] - _NAMES - 42)


def _band(canvas: Canvas, sheet: _Sheet, row: int, line: LineReading, scale: float) -> None:
    """Draw the band as a quiet field with its two marks, and the target as a line through the row."""
    y, tall, (left, right) = sheet.middle(row), sheet.row * 0.68, _BARS
    centre, half = (left + right) / 2, (right - left) / 2
    if line.band is not None:
        reach = min(half, float(line.band) / scale * half)
        canvas.box(centre - reach, y - tall / 2, 2 * reach, tall, FIELD)
        for edge in (centre - reach, centre + reach):
            canvas.box(edge - 1.5, y - tall / 2, 3, tall, FAINT)
    canvas.box(centre - 1, y - sheet.row / 2, 2, sheet.row, FAINT)


def _drift_bar(
    canvas: Canvas, sheet: _Sheet, row: int, drift: float, scale: float, thick: float, colour: str, *, above: bool | None = None
) -> None:
    """Draw a bar from the target to the drift; ``above`` moves it over or under the row's middle to leave room for a second one."""
    left, right = _BARS
    centre, half, tall = (left + right) / 2, (right - left) / 2, sheet.row * thick
    length = max(-half, min(half, drift / scale * half))
    shift = 0.0 if above is None else sheet.row * (0.16 if above else -0.10)
    canvas.box(min(centre, centre + length), sheet.middle(row) + shift - tall / 2, abs(length), tall, colour)


def _target_bar(canvas: Canvas, sheet: _Sheet, row: int, line: LineReading, largest: float, colour: str) -> None:
    y, tall, (left, right) = sheet.middle(row), sheet.row * 0.40, _BARS
    reach, target, band = right - left, float(line.target), float(line.band or 0)
    low, high = max(0.0, target - band), target + band
    if line.band is not None:
        canvas.box(left + low / largest * reach, y - sheet.row * 0.34, (high - low) / largest * reach, sheet.row * 0.68, FIELD)
    canvas.box(left, y - tall / 2, target / largest * reach, tall, colour)
    if line.band is not None:
        for edge in (low, high):
            canvas.box(left + edge / largest * reach - 1.5, y - sheet.row * 0.34, 3, sheet.row * 0.68, FAINT)


def _number(canvas: Canvas, sheet: _Sheet, row: int, text: str, *, outside: bool) -> None:
    """Write the row's number; outside its band it is bold and dotted, so that colour is not all that tells."""
    shown = f"● {text}" if outside else text
    tone, room = OUTSIDE if outside else TEXT, _NUMBERS - _BARS[1] - 6
    canvas.text(_NUMBERS, sheet.middle(row), shown, sheet.type_size, tone, align="right", bold=outside, room=room)


def _drift_scale(lines: Sequence[LineReading]) -> float:
    """Return the drift that reaches the end of the bars."""
    return max((max(abs(float(line.drift)), float(line.band or 0)) for line in lines), default=0.01) * 1.08 or 0.01
