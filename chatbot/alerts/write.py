"""Writing down what a person must be told: alert rows and messages, inside the transaction of the state that caused them.

What they say is put into words when they are sent: in ``handlers/views/alerts.py`` and, of one step of a trigger, in
``handlers/views/plan/reasons.py``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from chatbot.alerts import quiet_hours
from chatbot.model import AlertKind, Cause, LeftOutWhy, MessageKind, Ring, Role, Urgency
from chatbot.model.alerts import ALWAYS
from chatbot.portfolio.states import Outage
from chatbot.store import accounts, events, messages, portfolios
from chatbot.triggers import drift, market

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from chatbot.model import LeftOut, LineReading, Person, Plan, Portfolio, PortfolioFigures
    from chatbot.model.life import Leap, Stop
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.store.database import Tx
    from chatbot.triggers.depeg import PegStep
    from chatbot.triggers.drift import LineStep
    from chatbot.triggers.market import SignalChange
    from chatbot.triggers.stopped import Steps

#: a portfolio that cannot be evaluated is told about once in this time
PROBLEM_REMINDER = timedelta(hours=6)
#: good news, which may wait
_CALM = frozenset({MessageKind.EVALUATED_AGAIN})
#: what a message tells of the market, in which one event may touch several portfolios of a person: it rings for one of them
_OF_THE_MARKET: Mapping[MessageKind, Callable[[Mapping[str, Any]], frozenset[tuple[str, ...]]]] = {
    MessageKind.SIGNALS: lambda facts: frozenset((step["trigger"], step["subject"], step["event"]) for step in facts["steps"]),
    MessageKind.DEPEG: lambda facts: frozenset((coin["asset"],) for coin in facts["coins"]),
    MessageKind.COIN_STOPPED: lambda facts: frozenset((stop["instrument"],) for stop in facts["stops"]),
    MessageKind.COIN_TRADED_AGAIN: lambda facts: frozenset((name,) for name in facts["instruments"]),
}
#: messages of one transaction, by chat and what they tell: the key of each, the portfolios that it names, and whether it is a first alert
ToldBefore: TypeAlias = dict[tuple[int, str], tuple[str, tuple[int, ...], bool]]
#: what comes later than this rings all the same: nobody looks at the chat for a message of before
_TOGETHER = timedelta(minutes=10)


async def tell_drift(
    tx: Tx, portfolio: Portfolio, person: Person, fired: tuple[LineStep, ...], now: datetime, *, idle: Iterable[LeftOut] | None = None
) -> None:
    """Write one alert row for each line that fired, the net exposure among them, and one message for all.

    ``idle`` as for signals: what nothing can be done about, as in a small portfolio, comes without a sound.
    """
    first = await events.is_first_alert(tx, portfolio.id)
    ids = [
        await events.add_alert(
            tx, portfolio.id, drift.trigger_of(step.line), step.line.line, {"event": step.event, **_facts(step.line)}, now
        )
        for step in fired
    ]
    facts = {"lines": [_facts(step.line) for step in fired], **_idle(idle), **_first(first)}
    await _post(tx, portfolio, person, MessageKind.DRIFT, f"alert-{ids[0]}", now, facts, silent=idle is not None)


async def tell_signals(
    tx: Tx,
    portfolio: Portfolio,
    person: Person,
    taken: tuple[SignalChange, ...],
    now: datetime,
    *,
    idle: Iterable[LeftOut] | None = None,
    begun: bool = True,
    told_before: ToldBefore | None = None,
) -> None:
    """Write one alert row for each signal that stands differently, and one message for all.

    ``idle``: nothing is worth an order, and what of it an exchange would refuse. What asks its person for nothing comes without a sound:
    that, what is held down, a move between two readings. Before a portfolio has ``begun`` a signal touches nothing (domain 9.13).
    ``told_before``: such messages of this transaction; one that says the same to the same person names this portfolio too.
    """
    facts = [_step_facts(step) for step in taken]
    first = await events.is_first_alert(tx, portfolio.id)
    ids = [
        await events.add_alert(tx, portfolio.id, step.signal.trigger, step.signal.subject, fact, now)
        for step, fact in zip(taken, facts, strict=True)
    ]
    heard = [fact for fact in facts if person.alerts.ring(quiet_hours.kind_of(fact["trigger"])) is not Ring.OFF]
    about = {quiet_hours.kind_of(fact["trigger"]) for fact in heard}
    told = {"steps": heard, **_idle(idle), "cash_only": not begun}
    asks = idle is None and not all(fact["suppressed"] for fact in heard)
    same = (person.chat_id, json.dumps(told, sort_keys=True))
    together = told_before if not asks and not quiet_hours.is_quiet_now(person, now) else None
    if together and same in together:
        key, others, explains = together[same]
        together[same] = key, (*others, portfolio.id), explains
        facts_of_all = {"portfolio_id": others[0], "also": [*others[1:], portfolio.id], **told, **_first(explains)}
        await messages.rewrite(tx, key, facts_of_all)
        return
    key, told = f"alert-{ids[0]}", {**told, **_first(first)}
    if await _post(tx, portfolio, person, MessageKind.SIGNALS, key, now, told, about, silent=not asks) and together is not None:
        together[same] = key, (portfolio.id,), first


def _first(first: bool) -> dict[str, bool]:
    """Return what makes a message say what an alert is: the first that a person gets does."""
    return {"first": True} if first else {}


async def tell_margin(
    tx: Tx, portfolio: Portfolio, person: Person, figures: PortfolioFigures, now: datetime, *, under_way: bool = False
) -> None:
    """Ring for margin in danger, whatever else is quiet; ``under_way``: a plan is being carried out, so that none follows now."""
    numbers = {"distance": figures.liquidation, "leverage": figures.leverage}
    facts: dict[str, Any] = {name: None if value is None else str(value) for name, value in numbers.items()} | {"under_way": under_way}
    alert = await events.add_alert(tx, portfolio.id, Cause.MARGIN, "", facts, now)
    await _post(tx, portfolio, person, MessageKind.MARGIN, f"alert-{alert}", now, facts)


async def tell_loss(tx: Tx, portfolio: Portfolio, person: Person, lost: Decimal, now: datetime, *, alone: bool) -> None:
    """Ring for a portfolio that was paused because it lost so much today, a fraction of its value; ``alone``: it acted by itself."""
    facts, key = {"portfolio_id": portfolio.id, "lost": str(lost), "alone": alone}, f"loss-{portfolio.id}-{now.isoformat()}"
    await messages.ring(tx, person.chat_id, MessageKind.LOSS, facts, key=key, now=now)


def _step_facts(step: SignalChange) -> dict[str, Any]:
    signal = step.signal
    told = market.reason_for(step)
    numbers = {"reading": told.reading, "enter": signal.enter, "leave": signal.leave, "size": signal.size}
    return {
        "trigger": signal.trigger,
        "subject": signal.subject,
        "event": step.event,
        "suppressed": step.suppressed,
        "since": signal.since.isoformat() if signal.since else None,
        "read_at": told.read_at.isoformat() if told.read_at else None,
        "age_s": None if signal.age_s is None else int(signal.age_s),
        **{name: None if value is None else str(value) for name, value in numbers.items()},
    }


def _idle(left: Iterable[LeftOut] | None) -> dict[str, Any]:
    """Return that no plan follows, and the orders that the exchange's minimum forbids."""
    small = [one for one in left or () if one.why is LeftOutWhy.BELOW_MINIMUM and one.amount is not None and one.minimum is not None]
    told = [{"instrument": one.instrument, "amount": str(one.amount), "minimum": str(one.minimum)} for one in small]
    return {"idle": left is not None, "small": told}


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
    await _post_card(tx, plan, person.chat_id, f"card-{plan.id}", now, silent=silent)


async def redraw_card(tx: Tx, plan: Plan, now: datetime, why: str) -> None:
    """Have the card of a plan drawn again in place; nothing where it was never shown."""
    if plan.chat_id is not None:
        await _post_card(tx, plan, plan.chat_id, f"card-{plan.id}-{why}", now, silent=True)


async def _post_card(tx: Tx, plan: Plan, chat_id: int, key: str, now: datetime, *, silent: bool) -> None:
    await messages.post(tx, chat_id=chat_id, kind=MessageKind.PLAN_CARD, facts={"plan_id": plan.id}, key=key, silent=silent, now=now)


async def tell_due(tx: Tx, portfolio: Portfolio, person: Person, now: datetime) -> None:
    """Ring for a scheduled run of somebody who only wants to know."""
    await _tell_schedule(tx, portfolio, person, MessageKind.SCHEDULE_DUE, {}, now)


async def tell_skipped(tx: Tx, portfolio: Portfolio, person: Person, skipped: tuple[datetime, ...], now: datetime) -> None:
    """Report the scheduled runs that nobody will make up for."""
    await _tell_schedule(
        tx, portfolio, person, MessageKind.SCHEDULE_SKIPPED, {"count": len(skipped), "latest": skipped[-1].isoformat()}, now
    )


async def _tell_schedule(tx: Tx, portfolio: Portfolio, person: Person, kind: MessageKind, facts: Mapping[str, Any], now: datetime) -> None:
    alert = await events.add_alert(tx, portfolio.id, kind, "", dict(facts), now)
    told = {"portfolio_id": portfolio.id, **facts}
    await _post_as_wanted(tx, person, kind, told, key=f"alert-{alert}", now=now, silent=kind is MessageKind.SCHEDULE_SKIPPED)


async def tell_hedge(tx: Tx, portfolio: Portfolio, person: Person, kind: MessageKind, facts: Mapping[str, Any], now: datetime) -> None:
    """Ring about a hedge, which ``facts`` name under ``hedge``."""
    alert = await events.add_alert(tx, portfolio.id, Cause.HEDGE, str(facts["hedge"]), dict(facts), now)
    await _post(tx, portfolio, person, kind, f"alert-{alert}", now, facts, (AlertKind.HEDGE,))


async def tell_outage(tx: Tx, portfolio: Portfolio, person: Person, before: Outage | None, now: datetime, lasting: timedelta) -> Outage:
    """Say that a portfolio cannot be evaluated once that has lasted, and not more often than the reminder allows; return the outage."""
    reminder = timedelta(hours=person.alerts.reminder_h) if person.alerts.reminder_h else PROBLEM_REMINDER
    outage = before or Outage(since=now)
    if now - outage.since < lasting or (outage.told is not None and now - outage.told < reminder):
        return outage
    await _post(tx, portfolio, person, MessageKind.PROBLEM, f"problem-{portfolio.id}-{now.isoformat()}", now)
    return replace(outage, told=now)


async def tell_leap(tx: Tx, portfolio: Portfolio, person: Person, leap: Leap, now: datetime) -> None:
    """Ask, once, what became of a coin whose price is many times what it was, or a fraction of it."""
    facts = {"asset": leap.asset, "before": str(leap.before), "after": str(leap.after), "at": leap.at.isoformat()}
    await _post(tx, portfolio, person, MessageKind.LEAP, f"leap-{portfolio.id}-{leap.asset}-{leap.mark}", now, facts)


async def tell_depeg(tx: Tx, portfolio: Portfolio, person: Person, left: tuple[PegStep, ...], now: datetime) -> None:
    """Ring for dollars that have left their peg, with what they cost and how many there are."""
    coins = [{"asset": step.asset, "qty": str(step.qty), "price": str(step.price), "money": step.is_money} for step in left]
    ids = [
        await events.add_alert(tx, portfolio.id, MessageKind.DEPEG, step.asset, coin, now) for step, coin in zip(left, coins, strict=True)
    ]
    await _post(tx, portfolio, person, MessageKind.DEPEG, f"alert-{ids[0]}", now, {"coins": coins})


async def tell_stops(tx: Tx, evaluation: Evaluation, person: Person, steps: Steps, now: datetime) -> None:
    """Tell, in one message, which coins and contracts have stopped, and in another which are traded again."""
    portfolio, account = evaluation.portfolio, evaluation.account
    if steps.begun and account is not None:
        held = {**account.balances.spot, **{position.instrument: position.qty for position in account.positions}}
        stops = [_stop_facts(stop, held.get(stop.instrument, Decimal(0))) for stop in steps.begun]
        key = f"stopped-{portfolio.id}-{steps.begun[0].instrument}-{steps.begun[0].mark}"
        await _post(tx, portfolio, person, MessageKind.COIN_STOPPED, key, now, {"stops": stops})
    if steps.over:
        key = f"traded-{portfolio.id}-{now.isoformat()}"
        await _post(tx, portfolio, person, MessageKind.COIN_TRADED_AGAIN, key, now, {"instruments": list(steps.over)})


def _stop_facts(stop: Stop, qty: Decimal) -> dict[str, Any]:
    """Return a stop as JSON, with the signed quantity that is held."""
    known = {"price": None if stop.price is None else str(stop.price), "priced_at": stop.priced_at and stop.priced_at.isoformat()}
    return {"instrument": stop.instrument, "kind": stop.kind, "since": stop.since.isoformat(), "qty": str(qty), **known}


async def tell_stumbled(tx: Tx, portfolio: Portfolio, person: Person, error_id: str, now: datetime) -> None:
    """Say that a portfolio cannot be checked because of a fault on our side, and under which id the operator finds it."""
    await _post(tx, portfolio, person, MessageKind.STUMBLED, f"stumbled-{portfolio.id}-{now.isoformat()}", now, {"id": error_id})


async def tell_checked_again(tx: Tx, portfolio: Portfolio, person: Person, now: datetime) -> None:
    """Tell that a portfolio which could not be checked is checked again."""
    await _post(tx, portfolio, person, MessageKind.EVALUATED_AGAIN, f"again-{portfolio.id}-{now.isoformat()}", now)


async def tell_outage_over(tx: Tx, portfolio: Portfolio, person: Person, outage: Outage, now: datetime) -> None:
    """Tell whoever was told of an outage that it has ended."""
    if outage.told is not None:
        await _post(tx, portfolio, person, MessageKind.EVALUATED_AGAIN, f"again-{portfolio.id}-{outage.since.isoformat()}", now)


async def tell_clock_off(tx: Tx, exchange: str, off_s: int, now: datetime) -> None:
    """Tell every operator that this machine's clock is ``off_s`` seconds ahead of the exchange's, below 0 behind it."""
    for operator in await accounts.people(tx, Role.OPERATOR):
        facts, key = {"exchange": exchange, "off_s": off_s}, f"clock-{operator.id}-{now.isoformat()}"
        await messages.ring(tx, operator.chat_id, MessageKind.CLOCK_OFF, facts, key=key, now=now)


async def tell_missed(tx: Tx, since: datetime, now: datetime, count: int, *, exact: bool) -> None:
    """Tell everybody with an active portfolio that checks did not happen while the program was not running.

    Not ``exact``: at most so many; the last of those that did happen was not written down.
    """
    for portfolio in await portfolios.active(tx):
        person = await accounts.person(tx, portfolio.person_id)
        if person is not None:
            more = {"since": since.isoformat(), "until": now.isoformat(), "count": count, "exact": exact}
            await _post(tx, portfolio, person, MessageKind.MISSED_CHECKS, f"missed-{portfolio.id}-{since.isoformat()}", now, more)


async def _post(
    tx: Tx,
    portfolio: Portfolio,
    person: Person,
    kind: MessageKind,
    key: str,
    now: datetime,
    more: Mapping[str, Any] | None = None,
    about: Iterable[AlertKind] | None = None,
    *,
    silent: bool = False,
) -> bool:
    facts = {"portfolio_id": portfolio.id, **(more or {})}
    return await _post_as_wanted(tx, person, kind, facts, key=key, now=now, about=about, silent=silent)


async def _post_as_wanted(
    tx: Tx,
    person: Person,
    kind: MessageKind,
    facts: Mapping[str, Any],
    *,
    key: str,
    now: datetime,
    about: Iterable[AlertKind] | None = None,
    silent: bool = False,
) -> bool:
    """Write an alert down as the person wants to hear it; False where they do not, or where it was written before.

    ``about`` are the kinds of its parts, where the message has several. Quiet hours hold back everything but errors.
    """
    kinds = frozenset(about) if about is not None else frozenset({quiet_hours.KINDS[kind]})
    ring = quiet_hours.wanted(person, kinds)
    if ring is Ring.OFF:
        return False
    loud = bool(kinds & ALWAYS) and kind not in _CALM
    return await messages.post(
        tx,
        chat_id=person.chat_id,
        kind=kind,
        facts=facts,
        key=key,
        urgency=Urgency.ALWAYS if loud else Urgency.ROUTINE,
        silent=silent or ring is Ring.SILENT or (not loud and await _has_rung(tx, person, kind, facts, now)),
        now=now,
        held_until=None if loud else quiet_hours.ends(person.alerts, person.zone, now),
    )


async def _has_rung(tx: Tx, person: Person, kind: MessageKind, facts: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether all that a message tells of the market has just rung for another portfolio of its person."""
    told_of = _OF_THE_MARKET.get(kind)
    if told_of is None:
        return False
    rung = [told_of(before) for before in await messages.rung(tx, person.chat_id, kind, now - _TOGETHER)]
    return told_of(facts) <= frozenset().union(*rung)
