"""How pictures look: a quiet ground for dark and light chats, colours told apart by colour-blind people, sizes that a phone can show."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from chatbot.model import ALT, CORE, FUTURES, STABLE

if TYPE_CHECKING:
    from collections.abc import Iterable

#: the ground: dark enough for coloured lines and light text, light enough to stand apart from a dark chat
GROUND: Final = "#2A3540"
TEXT: Final = "#F2F5F7"
#: second-rank text, marks and edges
FAINT: Final = "#B4C0CB"
#: the field between two marks; the marks say where it ends
FIELD: Final = "#3D4A57"
#: a reading inside its band or short of its limit, and one outside
INSIDE, OUTSIDE = "#C3CFDA", "#FF8F45"
#: colours of lines, each told from each other also without red or green; the first four are for the kinds of lines
LINES: Final = (
    "#6173FF",
    "#FDD53B",
    "#4BC274",
    "#BD82BA",
    "#ADECF4",
    "#EB5F00",
    "#FDEC87",
    "#928172",
    "#5D90E4",
    "#87BA49",
    "#ECE3B5",
    "#BAC3FF",
)
#: which colour a line has, whatever the strategy and wherever it stands; BTC alone has the colour of BTC/ETH
_KINDS: Final = {CORE: 0, ALT: 1, STABLE: 2, FUTURES: 3}
_OWN: Final = _KINDS | {"BTC": 0, "ETH": 4, "SOL": 5, "XRP": 6, "ADA": 7, "LINK": 8, "DOGE": 9, "AVAX": 10, "BNB": 11}
#: coins held, beside the colour of futures; and what comes without a hedge, beside the same
SPOT, WITHOUT = "#E2B866", "#DCE3E9"
BOOK: Final = LINES[_OWN[FUTURES]]
#: pixels; drawn at this size, so that text is never scaled up. A picture is as high as what it shows, and at most ``HEIGHT``
WIDTH, HEIGHT, DPI = 800, 600, 100


def colours_of(lines: Iterable[str]) -> dict[str, str]:
    """Return the colour of each line: its own, or where two coins of one picture share one, the next that is free."""
    taken: dict[str, int] = {}
    for line in sorted(lines, key=lambda line: (line not in _KINDS, line not in _OWN, line)):
        wanted = _OWN.get(line, zlib.crc32(line.encode("utf-8", "replace")) % len(LINES))
        free = (place for place in range(wanted, wanted + len(LINES)) if place % len(LINES) not in taken.values())
        taken[line] = next(free, wanted) % len(LINES)
    return {line: LINES[place] for line, place in taken.items()}
