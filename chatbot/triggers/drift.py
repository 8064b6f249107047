"""From a reading of the lines to what is told: the hysteresis of domain 3.2, what holds a portfolio back, and the reasons of a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine import bands
from chatbot.engine.triggers.drift import Line, explain_drift
from chatbot.model import NET, Cause, HeldBack, Reason
from chatbot.portfolio.states import ARMED, Aim
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from chatbot.engine.triggers.drift import Move
    from chatbot.model import LineReading, Plan, Portfolio, PortfolioFigures
    from chatbot.portfolio.states import PortfolioStates

#: reasons about lines, which carry no event
LINES = (Cause.TARGETS, Cause.DRIFT, Cause.EXPOSURE)
#: what has moved targets is told before the drift that is left, and a bet on that drift last
_ORDER = {Cause.TARGETS: 1, Cause.DRIFT: 2, Cause.EXPOSURE: 2, Cause.TILT: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStep:
    """One line's state before and after a reading, and the event in between."""

    line: LineReading
    before: bands.BandState
    after: bands.BandState
    #: it has drifted: breach, escalate or reminder; None: nothing to tell
    event: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSteps:
    """What one evaluation has to tell of all lines, each cause once."""

    steps: tuple[LineStep, ...]
    #: a line is not where it was to stand because the person has set other targets
    retargeted: bool
    #: what the next evaluation counts from
    aims: Mapping[str, Aim]


def advance_lines(lines: Iterable[LineReading], states: PortfolioStates, moves: Sequence[Move] = (), mode: str = "article") -> LineSteps:
    """Judge everything that has a band, the lines and the net exposure; ``moves`` are the signals that have moved targets since."""
    banded = {line.line: (line, line.band) for line in lines if line.band is not None}
    aims = {name: Aim(own=line.target if line.base is None else line.base, effective=line.target) for name, (line, _) in banded.items()}
    before = {name: _aim_before(line, aims[name], states) for name, (line, _) in banded.items()}
    seen = {
        name: Line(weight=line.weight, before=before[name].effective, now=line.target, band=band, state=states.line(name))
        for name, (line, band) in banded.items()
    }
    told = explain_drift(seen, moves, mode=mode)
    edited = {name for name in told.retargeted if before[name].own != aims[name].own}
    # A hedge, or the cap of a coin that falls on in its spike, moves with the market: it may take a line outside, but not start over
    # what counts as worse at every check.
    along = {name for name in told.retargeted if name not in edited and not told.lines[name].explained_by}
    if along:
        told = explain_drift({**seen, **{name: replace(seen[name], before=seen[name].now) for name in along}}, moves, mode=mode)
    steps = tuple(
        LineStep(line=banded[name][0], before=states.line(name), after=story.state, event=story.event) for name, story in told.lines.items()
    )
    return LineSteps(steps=steps, retargeted=bool(edited), aims=aims)


def _aim_before(line: LineReading, now: Aim, states: PortfolioStates) -> Aim:
    """Return where a line was to stand; one that only new targets name has nothing to drift from but where it stands."""
    if not states.aims:
        return Aim(own=now.own, effective=now.own)
    return states.aims.get(line.line) or Aim(own=Decimal(0), effective=line.weight)


def counted_from(lines: Iterable[LineReading], states: PortfolioStates) -> PortfolioStates:
    """Return the states after a plan: "worse by a step" counts from what it left behind, not from what it was made for.

    A plan that fell short leaves its line outside, and its result says so. Counted from the old event, the line could drift all the
    way back before it rings again.
    """
    drifts = {line.line: abs(line.drift) for line in lines}
    left = {
        line: replace(state, last_drift=drifts[line]) if state.fired and line in drifts else state for line, state in states.lines.items()
    }
    return replace(states, lines=left)


def told_on_card(card: Plan, states: PortfolioStates) -> PortfolioStates:
    """Return the states while a card waits that keeps nothing else from being told: what it shows as outside was told by it.

    "Worse by a step" counts from what it shows, where that is worse than what rang.
    """
    told = {
        line.line: state
        for line in card.before.limits
        if line.breach and line.band is not None and (state := _told(line, states)) != states.line(line.line)
    }
    return replace(states, lines={**states.lines, **told}) if told else states


def _told(shown: LineReading, states: PortfolioStates) -> bands.BandState:
    state, aim = states.line(shown.line), states.aims.get(shown.line)
    if not state.fired:
        return bands.BandState(fired=True, side=shown.breach, last_drift=abs(shown.drift))
    if state.side != shown.breach or state.last_drift is None or (aim is not None and aim.effective != shown.target):
        return state  # it has turned round since, or its target has moved
    return replace(state, last_drift=max(state.last_drift, abs(shown.drift)))


def reminded(found: LineSteps, rang_at: datetime | None, hours: int, now: datetime) -> LineSteps:
    """Let the lines that drifted and are still outside ring again when the last ring is ``hours`` ago; 0: never."""
    if not hours or rang_at is None or now - rang_at < timedelta(hours=hours):
        return found
    due = (step.after.fired and not step.after.silent and step.line.breach and not step.event for step in found.steps)
    steps = tuple(replace(step, event="reminder") if rings else step for step, rings in zip(found.steps, due, strict=True))
    return replace(found, steps=steps)


def after_steps(states: PortfolioStates, found: LineSteps) -> PortfolioStates:
    """Return what is remembered once these steps were taken."""
    lines = {**states.lines, **{step.line.line: step.after for step in found.steps}}
    return replace(states, lines={line: state for line, state in lines.items() if state != ARMED}, aims=found.aims)


def reasons_for(readings: Iterable[LineReading]) -> tuple[Reason, ...]:
    """Return a reason for each of these readings that is outside its band."""
    return tuple(reason_for(reading) for reading in readings if reading.breach)


def drifted(figures: PortfolioFigures | None, states: PortfolioStates) -> tuple[Reason, ...]:
    """Return a reason for every line that is outside its band now and did not get there by a move of its target alone."""
    return reasons_for(line for line in (figures.limits if figures else ()) if not states.line(line.line).silent)


def as_now(reasons: Iterable[Reason], figures: PortfolioFigures | None) -> tuple[Reason, ...]:
    """Return reasons with the lines among them as they stand now, without those that are back inside; cause before consequence."""
    limits = {line.line: line for line in (figures.limits if figures else ())}
    found: list[Reason] = []
    for reason in reasons:
        if reason.trigger not in (Cause.DRIFT, Cause.EXPOSURE):
            found.append(reason)
        elif reason.line in limits:
            found += reasons_for((limits[reason.line],))
    return tuple(sorted(found, key=lambda reason: _ORDER.get(reason.trigger, 0)))


def trigger_of(reading: LineReading) -> Cause:
    """Return what an alert about this reading is called."""
    return Cause.EXPOSURE if reading.line == NET else Cause.DRIFT


def reason_for(reading: LineReading) -> Reason:
    """Return why a plan is made for a reading that is outside its band."""
    trigger = trigger_of(reading)
    return Reason(trigger=trigger, line=reading.line, weight=reading.weight, target=reading.target, band=reading.band)


def is_quiet(portfolio: Portfolio, now: datetime) -> bool:
    """Tell whether the person asked not to be told anything now."""
    return portfolio.paused or (portfolio.snoozed_until is not None and now < portfolio.snoozed_until)


def held_back(portfolio: Portfolio, open_plan: Plan | None, now: datetime) -> HeldBack:
    """Return what keeps a breach from being told."""
    if portfolio.paused:
        return HeldBack.PAUSED
    if is_quiet(portfolio, now):
        return HeldBack.SNOOZED
    return HeldBack.PLAN_OPEN if open_plan is not None else HeldBack.NONE


def is_as_far(figures: PortfolioFigures | None, least: Decimal) -> bool:
    """Tell whether something that has a band is ``least`` from its target or further, inside its band or not; unknown is no."""
    return figures is not None and any(line.band is not None and abs(line.drift) >= least for line in figures.limits)


def quiet_reason(figures: PortfolioFigures) -> HeldBack:
    """Return why a check told nothing."""
    return HeldBack.FIRED_BEFORE if any(reading.breach for reading in figures.limits) else HeldBack.INSIDE
