"""How pictures look: colours that colour-blind people tell apart, on light and dark, and sizes that a phone can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Okabe and Ito's palette, ordered so that neighbours differ in lightness too, then lighter kin for more than eight lines
SERIES: Final = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#C9B800",
    "#7F7F7F",
    "#6F9BD1",
    "#F2C879",
    "#7CCBB2",
    "#E3B8D0",
)
#: pixels; drawn at this size, so that text is never scaled up
WIDTH, HEIGHT, DPI = 800, 600, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colours of one background."""

    background: str
    text: str
    #: second-rank text, tick marks
    faint: str
    #: empty bands and grid
    band: str
    #: bars inside and outside their band
    inside: str
    outside: str


LIGHT: Final = Look(background="#FFFFFF", text="#1B1F24", faint="#5F6873", band="#E3E7EC", inside="#0072B2", outside="#D55E00")
DARK: Final = Look(background="#17212B", text="#F2F5F7", faint="#A3B1BF", band="#2E3C4A", inside="#56B4E9", outside="#F08A4B")


def look(*, dark: bool) -> Look:
    """Return the colours for a background."""
    return DARK if dark else LIGHT


def colour_of(position: int) -> str:
    """Return the colour of the line at ``position`` in the table."""
    return SERIES[position % len(SERIES)]
