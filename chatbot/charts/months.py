"""A heat map of returns: months below each other, years side by side; blue won and orange lost, and every number says so too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import MARGIN, blank
from chatbot.charts.look import FAINT, FIELD, HEIGHT, TEXT, WIDTH

if TYPE_CHECKING:
    from chatbot.charts.canvas import Canvas
    from chatbot.charts.curves import MonthCell, Months
    from chatbot.charts.labels import Labels

#: the deepest tones, on which light text can be read; told apart by everybody
WON, LOST = "#2F6BCB", "#B4531B"
#: years that are shown, the latest
_MOST_YEARS: Final = 6
_NAMES: Final = 110.0
_TOP, _BOTTOM = 128.0, 14.0
#: a return this large has the deepest tone, unless a larger one is there; a year has four times the room
_DEEPEST: Final = 0.1
_OF_A_YEAR: Final = 4.0
#: the whole year stands a little apart
_GAP: Final = 8.0


def months_picture(shown: Months, labels: Labels) -> bytes:
    """Return the heat map as PNG."""
    years = shown.years[-_MOST_YEARS:]
    wide = (WIDTH - 2 * MARGIN - _NAMES) / max(1, len(years))
    with blank(HEIGHT) as canvas:
        canvas.head(labels.title, labels.bars)
        high = (canvas.height - _TOP - _BOTTOM - _GAP) / max(1, len(shown.rows))
        cells = [cell for _, column in years for cell in column[:-1] if cell is not None]
        deepest = max([_DEEPEST, *(abs(cell.value) for cell in cells)])
        for row, name in enumerate(shown.rows):
            is_whole = row == len(shown.rows) - 1
            middle = canvas.height - _TOP - high * (row + 0.5) - (_GAP if is_whole else 0)
            canvas.text(MARGIN, middle, name, 22, TEXT if is_whole else FAINT, bold=is_whole, room=_NAMES - 12)
            for column, (_, told) in enumerate(years):
                scale = deepest * _OF_A_YEAR if is_whole else deepest
                _cell(canvas, told[row], (MARGIN + _NAMES + column * wide, middle - high / 2), (wide, high), scale, bold=is_whole)
        for column, (year, _) in enumerate(years):
            x = MARGIN + _NAMES + (column + 0.5) * wide
            canvas.text(x, canvas.height - _TOP + 20, year, 22, FAINT, align="center", room=wide - 8)
        return canvas.png()


def _cell(
    canvas: Canvas, cell: MonthCell | None, corner: tuple[float, float], size: tuple[float, float], deepest: float, *, bold: bool
) -> None:
    """Fill one field and write its number; an empty one stays as the ground is."""
    if cell is None:
        return
    (left, bottom), (wide, high) = corner, size
    canvas.box(left + 1.5, bottom + 1.5, wide - 3, high - 3, tone(cell.value / deepest))
    canvas.text(left + wide / 2, bottom + high / 2, cell.said, 22, TEXT, align="center", bold=bold, room=wide - 8)


def tone(share: float) -> str:
    """Return the colour of a return, given as a share of the deepest: from the field's own to blue or orange."""
    aim, much = WON if share > 0 else LOST, min(1.0, abs(share)) ** 0.7
    mixed = (round(_part(FIELD, at) + (_part(aim, at) - _part(FIELD, at)) * much) for at in (1, 3, 5))
    return "#" + "".join(f"{part:02X}" for part in mixed)


def _part(colour: str, at: int) -> int:
    return int(colour[at : at + 2], 16)
