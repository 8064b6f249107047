"""Has a line drifted, or has its target moved? One cause is told once (domain 3.2).

Legend: w weight now, t effective target at the last evaluation that knew the weight, t' target now, b half-width; fractions of V.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.band_width import MODES, outside
from chatbot.engine.bands import REARM, BandState, advance
from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ONE = Decimal(1)
#: explains a line whose target moved without a signal
TARGETS = "targets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, or the net exposure f, at one evaluation; figures are fractions of V."""

    #: None: unknown now
    weight: Decimal | None
    #: t; None: its weight was never known before
    before: Decimal | None
    #: t'
    now: Decimal
    #: the strategy's own half-width (domain 5.3)
    band: Decimal
    state: BandState


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A signal that has begun, changed or ended since the last evaluation."""

    name: str
    #: begin, cut, ease, change, release ...; only repeated
    event: str
    #: lines whose targets it moves; f is one
    lines: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStory:
    """What one line has to tell."""

    #: it has drifted: "breach" or "escalate"; None: nothing
    event: str | None
    #: names of the signals, or ``TARGETS``, whose move alone took it outside
    explained_by: tuple[str, ...]
    state: BandState


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What one evaluation has to tell, each cause once."""

    lines: Mapping[str, LineStory]
    signals: tuple[Move, ...]
    #: lines whose target was moved by no signal
    retargeted: tuple[str, ...]

    @property
    def drifted(self) -> tuple[str, ...]:
        """Return the lines that have drifted, in their order."""
        return tuple(line for line, story in self.lines.items() if story.event)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return every cause in words, those that moved targets before the drift that is left."""
        signals = tuple(f"{signal.name}:{signal.event}" for signal in self.signals)
        return (*signals, *((TARGETS,) if self.retargeted else ()), *(f"drift:{line}" for line in self.drifted))


def explain_drift(
    lines: Mapping[str, Line],
    signals: Sequence[Move] = (),
    *,
    mode: str = "article",
    rearm: Decimal = REARM,
    escalate_pp: Decimal = _ONE,
) -> Story:
    """Take one sample of every line and part what has drifted from what a signal or new targets have moved.

    Raises ``Refused``: bad_parameter for an unknown ``mode``.
    """
    if mode not in MODES:
        raise Refused("bad_parameter", "mode")
    movers = {name: tuple(signal.name for signal in signals if name in signal.lines) for name in lines}
    retargeted = tuple(name for name, line in lines.items() if _is_moved(line) and not movers[name])
    told = {name: _story(line, movers[name] or (TARGETS,), mode, rearm, escalate_pp) for name, line in lines.items()}
    return Story(lines=told, signals=tuple(signals), retargeted=retargeted)


def _is_moved(line: Line) -> bool:
    return line.weight is not None and line.before is not None and line.before != line.now


def _story(line: Line, movers: tuple[str, ...], mode: str, rearm: Decimal, escalate_pp: Decimal) -> LineStory:
    """Judge one line. Outside around t' alone it has not drifted; outside around both it is judged around t and counts from t' on."""
    w, b = line.weight, line.band
    if w is None:
        return LineStory(event=None, explained_by=(), state=line.state)
    t = line.now if line.before is None else line.before
    with wide():
        side, was = outside(w, line.now, b, _ONE, mode), outside(w, t, b, _ONE, mode)
        away, before = w - line.now, w - t
    if side is None or t == line.now:
        state, event = advance(line.state, away, b, side, rearm=rearm, escalate_pp=escalate_pp)
        return LineStory(event=event, explained_by=(), state=state)
    if side != was:
        return LineStory(event=None, explained_by=movers, state=BandState(fired=True, side=side, last_drift=abs(away), silent=True))
    state, event = advance(line.state, before, b, was, rearm=rearm, escalate_pp=escalate_pp)
    return LineStory(event=event, explained_by=(), state=replace(state, last_drift=abs(away)))
