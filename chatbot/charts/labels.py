"""The words in a picture, made by the caller in the person's language; knows no matplotlib, so views may import it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Plain strings for one picture; its numbers come written, so that they are those of the caption to the character."""

    title: str
    #: outer ring: "now" or "before"
    outer: str = ""
    #: inner ring: "target", or "after"
    inner: str = ""
    #: heading of the bars
    bars: str
    #: what each bar of a row is, where a row has several
    legend: tuple[str, ...] = ()
    #: value in the middle of the ring
    centre: str = ""
    #: what a line is called; its code where it has no entry
    lines: Mapping[str, str] = field(default_factory=dict)
    #: the number at the end of a line's row
    numbers: Mapping[str, str] = field(default_factory=dict)
    #: what stands small below a line's name, where there is room: 46.2 → 40.0
    facts: Mapping[str, str] = field(default_factory=dict)

    def of(self, line: str) -> str:
        """Return what ``line`` is called."""
        return self.lines.get(line, line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One row of the gauge strip: where a reading stands between calm (0) and the limit (1)."""

    name: str
    #: the reading and the limit, written
    value: str
    #: armed, fired since ..., off
    state: str
    on: bool = True
    active: bool = False
    #: below 0 is calmer than calm, above 1 beyond the limit; None where it is unknown
    position: float | None = None
    #: where it ends again; None where that is at its limit, or not by this reading
    release: float | None = None
