"""From a reading of the lines to what is told: the hysteresis of domain 3.2, what holds a portfolio back, and the reasons of a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chatbot.engine import bands
from chatbot.model import INFO, NET, Cause, HeldBack, Reason
from chatbot.portfolio.states import ARMED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from chatbot.model import LineReading, Plan, Portfolio, PortfolioFigures
    from chatbot.portfolio.states import PortfolioStates

#: what moves the target of the net exposure
_MOVE_NET = frozenset(name for name, info in INFO.items() if info.effect.moves_net) | {Cause.TILT}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineStep:
    """One line's state before and after a reading, and the event in between."""

    line: LineReading
    before: bands.BandState
    after: bands.BandState
    #: breach, escalate or None
    event: str | None


def advance_lines(lines: Iterable[LineReading], states: PortfolioStates) -> tuple[LineStep, ...]:
    """Run the hysteresis over everything that has a band: lines, and the net exposure."""
    steps = []
    for line in lines:
        if line.band is None:
            continue
        before = states.line(line.line)
        after, event = bands.advance(before, line.drift, line.band, line.breach)
        steps.append(LineStep(line=line, before=before, after=after, event=event))
    return tuple(steps)


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
    """Return the states while a card that is worked through by hand waits: what it shows as outside was told by it.

    Such a card keeps nothing waiting, so that "worse by a step" counts from what it shows.
    """
    shown = {line.line: line for line in card.before.limits if line.breach and line.band is not None}
    told = {
        name: bands.BandState(fired=True, side=line.breach, last_drift=abs(line.drift))
        for name, line in shown.items()
        if not states.line(name).fired
    }
    return replace(states, lines={**states.lines, **told}) if told else states


def reminded(steps: tuple[LineStep, ...], rang_at: datetime | None, hours: int, now: datetime) -> tuple[LineStep, ...]:
    """Let the lines that are still outside ring again when the last ring is ``hours`` ago; 0: never."""
    if not hours or rang_at is None or now - rang_at < timedelta(hours=hours):
        return steps
    return tuple(replace(step, event="reminder") if step.after.fired and step.line.breach and not step.event else step for step in steps)


def after_steps(states: PortfolioStates, steps: Iterable[LineStep]) -> PortfolioStates:
    """Return what is remembered once these steps were taken."""
    lines = {**states.lines, **{step.line.line: step.after for step in steps}}
    return replace(states, lines={line: state for line, state in lines.items() if state != ARMED})


def reasons_for(figures: PortfolioFigures | None, explained: Collection[str] = ()) -> tuple[Reason, ...]:
    """Return a reason for every line that is outside its band now, and for the net exposure; but for those that are ``explained``."""
    limits = figures.limits if figures else ()
    return tuple(reason_for(reading) for reading in limits if reading.breach and reading.line not in explained)


def explained_by(reasons: Iterable[Reason], figures: PortfolioFigures | None) -> frozenset[str]:
    """Return the lines that are outside only because these signals have moved their targets: one cause is told once.

    A line that would be outside around its own target too has drifted besides.
    """
    causes = {reason.trigger for reason in reasons}
    net = {NET} if causes & _MOVE_NET else set()
    if figures is None or not causes & INFO.keys():
        return frozenset(net)
    lines = {
        line.line for line in figures.limits if line.base is not None and line.band is not None and abs(line.weight - line.base) < line.band
    }
    return frozenset(lines | net)


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


def quiet_reason(figures: PortfolioFigures) -> HeldBack:
    """Return why a check told nothing."""
    return HeldBack.FIRED_BEFORE if any(reading.breach for reading in figures.limits) else HeldBack.INSIDE
