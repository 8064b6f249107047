"""Writing down what a person must be told: alert rows and messages, inside the transaction of the state that caused them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chatbot.alerts import quiet_hours as quiet
from chatbot.model import Ring, Urgency
from chatbot.store import accounts, journal, messages, portfolios
from chatbot.triggers import drift

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.model import AlertKind, LineReading, Person, Plan, Portfolio, Shape
    from chatbot.store.database import Tx
    from chatbot.triggers.drift import LineStep
    from chatbot.triggers.market import Step

#: a portfolio that can not be evaluated is told about once in this time
PROBLEM_REMINDER = timedelta(hours=6)
_PROBLEM = "problem"


async def tell_drift(tx: Tx, portfolio: Portfolio, person: Person, fired: tuple[LineStep, ...], now: datetime) -> None:
    """Write one alert row for each line that fired, the net exposure among them, and one message for all."""
    ids = [
        await journal.add_alert(
            tx, portfolio.id, drift.trigger_of(step.line), step.line.line, {"event": step.event, **_facts(step.line)}, now
        )
        for step in fired
    ]
    lines = {"lines": [_facts(step.line) for step in fired]}
    await _post(tx, portfolio, person, "drift_alert", f"alert-{ids[0]}", now, lines)


async def tell_signals(tx: Tx, portfolio: Portfolio, person: Person, taken: tuple[Step, ...], now: datetime) -> None:
    """Write one alert row for each signal that stands differently, and one message for all."""
    facts = [_step_facts(step) for step in taken]
    ids = [
        await journal.add_alert(tx, portfolio.id, step.signal.trigger, step.signal.subject, fact, now)
        for step, fact in zip(taken, facts, strict=True)
    ]
    heard = [fact for fact in facts if person.alerts.ring(quiet.kind_of(fact["trigger"])) is not Ring.OFF]
    about = {quiet.kind_of(fact["trigger"]) for fact in heard}
    await _post(tx, portfolio, person, "trigger_alert", f"alert-{ids[0]}", now, {"steps": heard}, about)


async def tell_margin(tx: Tx, portfolio: Portfolio, person: Person, shape: Shape, now: datetime) -> None:
    """Ring for margin in danger, whatever else is quiet."""
    numbers = {"distance": shape.liquidation, "leverage": shape.leverage}
    facts = {name: None if value is None else str(value) for name, value in numbers.items()}
    alert = await journal.add_alert(tx, portfolio.id, "margin", "", facts, now)
    await _post(tx, portfolio, person, "margin_alert", f"alert-{alert}", now, facts)


def _step_facts(step: Step) -> dict[str, Any]:
    signal = step.signal
    numbers = {"reading": signal.reading, "enter": signal.enter, "leave": signal.leave, "size": signal.size}
    return {
        "trigger": signal.trigger,
        "subject": signal.subject,
        "event": step.event,
        "suppressed": step.suppressed,
        "since": signal.since.isoformat() if signal.since else None,
        **{name: None if value is None else str(value) for name, value in numbers.items()},
    }


def _facts(line: LineReading) -> dict[str, Any]:
    return {
        "line": line.line,
        "weight": str(line.weight),
        "target": str(line.target),
        "band": str(line.band),
        "breach": line.breach,
    }


async def show_card(tx: Tx, plan: Plan, person: Person, now: datetime, *, silent: bool) -> None:
    """Send the card of a plan that nobody asked for; silently where the alert that opened its window has rung already."""
    await messages.post(
        tx,
        chat_id=person.chat_id,
        kind="plan_card",
        facts={"plan_id": plan.id},
        key=f"card-{plan.id}",
        urgency=Urgency.ROUTINE,
        silent=silent,
        now=now,
    )


async def tell_problems(
    tx: Tx, portfolio: Portfolio, person: Person, states: Mapping[str, Mapping[str, Any]], now: datetime, lasting: timedelta
) -> None:
    """Say that a portfolio can not be evaluated once that has lasted, and not more often than the reminder allows."""
    before = states.get(_PROBLEM, {})
    reminder = timedelta(hours=person.alerts.reminder_h) if person.alerts.reminder_h else PROBLEM_REMINDER
    since = datetime.fromisoformat(before["since"]) if before.get("since") else now
    told = datetime.fromisoformat(before["told"]) if before.get("told") else None
    tell = now - since >= lasting and (told is None or now - told >= reminder)
    told = now if tell else told
    await portfolios.save_state(tx, portfolio.id, _PROBLEM, {"since": since.isoformat(), "told": told.isoformat() if told else ""})
    if tell:
        await _post(tx, portfolio, person, "problem", f"problem-{portfolio.id}-{now.isoformat()}", now)


async def clear_problems(tx: Tx, portfolio: Portfolio, person: Person, states: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
    """Forget an outage that is over; who was told of it is told that it ended."""
    before = states.get(_PROBLEM)
    if not before:
        return
    await portfolios.save_state(tx, portfolio.id, _PROBLEM, {})
    if before.get("told"):
        await _post(tx, portfolio, person, "evaluated_again", f"again-{portfolio.id}-{before['since']}", now)


async def tell_missed(tx: Tx, since: datetime, now: datetime, count: int, *, exact: bool) -> None:
    """Tell everybody with an active portfolio that checks did not happen while the program was not running.

    Not ``exact``: at most so many; the last of those that did happen was not written down.
    """
    for portfolio in await portfolios.active(tx):
        person = await accounts.person(tx, portfolio.person_id)
        if person is not None:
            more = {"since": since.isoformat(), "until": now.isoformat(), "count": count, "exact": exact}
            await _post(tx, portfolio, person, "missed_checks", f"missed-{portfolio.id}-{since.isoformat()}", now, more)


async def _post(
    tx: Tx,
    portfolio: Portfolio,
    person: Person,
    kind: str,
    key: str,
    now: datetime,
    more: Mapping[str, Any] | None = None,
    about: Iterable[AlertKind] | None = None,
) -> None:
    facts = {"portfolio_id": portfolio.id, **(more or {})}
    await quiet.post(tx, person, kind, facts, key=key, now=now, about=about)
