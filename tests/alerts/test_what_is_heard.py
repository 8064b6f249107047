"""Every kind of message on its way out: with a sound or without, at once or after the night, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.alerts import periodic_review, quiet_hours, write
from chatbot.alerts.periodic_review import Due
from chatbot.engine.bands import BandState
from chatbot.exchanges.base import Balances
from chatbot.model import (
    AlertKind,
    AlertSettings,
    Cause,
    Delivery,
    MessageKind,
    Person,
    Phase,
    PlanState,
    Portfolio,
    Reason,
    Rhythm,
    Ring,
    Role,
    Signal,
    Urgency,
    Verdict,
)
from chatbot.model.life import Leap, Stop, StopKind
from chatbot.portfolio.evaluation import Evaluation
from chatbot.portfolio.states import Outage
from chatbot.portfolio.valuation import Account
from chatbot.store import accounts, messages, plans, tables
from chatbot.store.database import Database
from chatbot.triggers.depeg import PegStep
from chatbot.triggers.drift import LineStep
from chatbot.triggers.market import SignalChange
from chatbot.triggers.stopped import Steps
from tests.portfolio.still_market import D
from tests.store import samples
from tests.store.databases import sqlite_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from chatbot.store.database import Tx

DAY, NIGHT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC), datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
QUIET = {"quiet_from": "22:00", "quiet_to": "08:00"}
#: of everything that may be chosen
ALL = {ring: AlertSettings(rings=dict.fromkeys(AlertKind, ring), **QUIET) for ring in Ring}


@dataclass(frozen=True, slots=True)
class Heard:
    """How a message waits in the outbox: silent, urgency, and until when it is held back."""

    silent: bool
    urgency: Urgency
    held_until: datetime | None


def step(line: str = "CORE") -> LineStep:
    """Return a line that left its band."""
    reading = replace(samples.FIGURES.lines[0], line=line)
    return LineStep(line=reading, before=BandState(), after=BandState(), event="breach")


def change(trigger: Cause, subject: str = "BTC") -> SignalChange:
    """Return a signal that has begun."""
    return SignalChange(signal=Signal(trigger=trigger, subject=subject, at=DAY, enter=D(2), leave=D(1), active=True), event=Phase.BEGIN)


def stops(**steps: Any) -> Callable[[Tx, Portfolio, Person, datetime], Awaitable[Any]]:
    """Return how it is told that a coin which is held has stopped, or is traded again."""

    async def tell(tx: Tx, portfolio: Portfolio, person: Person, now: datetime) -> None:
        coins = {"SOL": D(10)}
        account = Account(balances=Balances(spot=coins, free=coins, futures_wallet=D(0)), positions=(), quote_asset="USDT")
        await write.tell_stops(tx, Evaluation(portfolio=portfolio, account=account), person, Steps(**steps), now)

    return tell


async def clock_off(tx: Tx, _: Portfolio, person: Person, now: datetime) -> None:
    """Tell an operator, who is this person, that the machine's clock is wrong."""
    await accounts.change_person(tx, person.id, role=Role.OPERATOR)
    await write.tell_clock_off(tx, "binance", 40, now)


async def review(tx: Tx, portfolio: Portfolio, person: Person, now: datetime) -> None:
    """Send the review of a week at the hour that its person chose, by which it is not kept from them: they have asked for it."""
    await periodic_review.post(tx, Due(chat_id=person.chat_id, portfolio_id=portfolio.id, rhythm=Rhythm.WEEK, key=f"review-{now}"), now)


#: every alert that a check writes, and how it is written
ALERTS: dict[MessageKind, Callable[[Tx, Portfolio, Person, datetime], Awaitable[Any]]] = {
    MessageKind.DRIFT: lambda tx, portfolio, person, now: write.tell_drift(tx, portfolio, person, (step(),), now),
    MessageKind.SIGNALS: lambda tx, portfolio, person, now: write.tell_signals(tx, portfolio, person, (change(Cause.VOLATILITY),), now),
    MessageKind.MARGIN: lambda tx, portfolio, person, now: write.tell_margin(tx, portfolio, person, samples.FIGURES, now),
    MessageKind.PROBLEM: lambda tx, portfolio, person, now: write.tell_outage(tx, portfolio, person, None, now, timedelta(0)),
    MessageKind.EVALUATED_AGAIN: lambda tx, portfolio, person, now: write.tell_outage_over(
        tx, portfolio, person, Outage(since=now, told=now), now
    ),
    MessageKind.STUMBLED: lambda tx, portfolio, person, now: write.tell_stumbled(tx, portfolio, person, "a1b2c3", now),
    MessageKind.MISSED_CHECKS: lambda tx, _, __, now: write.tell_missed(tx, now - timedelta(hours=1), now, 60, exact=True),
    MessageKind.SCHEDULE_DUE: write.tell_due,
    MessageKind.SCHEDULE_SKIPPED: lambda tx, portfolio, person, now: write.tell_skipped(tx, portfolio, person, (now,), now),
    MessageKind.HEDGE_OVER: lambda tx, portfolio, person, now: write.tell_hedge(
        tx, portfolio, person, MessageKind.HEDGE_OVER, {"hedge": "cover"}, now
    ),
    MessageKind.DEPEG: lambda tx, portfolio, person, now: write.tell_depeg(
        tx, portfolio, person, (PegStep(asset="USDC", qty=D(1000), price=D("0.88")),), now
    ),
    MessageKind.LEAP: lambda tx, portfolio, person, now: write.tell_leap(
        tx, portfolio, person, Leap(asset="SOL", before=D(150), after=D("0.15"), at=now), now
    ),
    MessageKind.LOSS: lambda tx, portfolio, person, now: write.tell_loss(tx, portfolio, person, D("0.2"), now, alone=True),
    MessageKind.COIN_STOPPED: stops(begun=(Stop(instrument="SOL", kind=StopKind.HALTED, since=DAY),)),
    MessageKind.COIN_TRADED_AGAIN: stops(over=("SOL",)),
    MessageKind.CLOCK_OFF: clock_off,
    MessageKind.REVIEW: review,
    MessageKind.HEDGE_FUNDING: lambda tx, portfolio, person, now: write.tell_hedge(
        tx, portfolio, person, MessageKind.HEDGE_FUNDING, {"hedge": "cover"}, now
    ),
}
ROUTINE, ALWAYS = Urgency.ROUTINE, Urgency.ALWAYS
#: by day as it is set out of the box, by day when everything was chosen silent, or off, and at night
RINGS = (Heard(False, ROUTINE, None), Heard(True, ROUTINE, None), None, Heard(False, ROUTINE, MORNING))
ERROR = (Heard(False, ALWAYS, None),) * 4
EXPECTED: dict[MessageKind, tuple[Heard | None, Heard | None, Heard | None, Heard | None]] = {
    MessageKind.DRIFT: RINGS,
    MessageKind.SIGNALS: RINGS,
    MessageKind.MARGIN: ERROR,
    MessageKind.PROBLEM: ERROR,
    MessageKind.EVALUATED_AGAIN: (*((Heard(False, ROUTINE, None),) * 3), Heard(False, ROUTINE, MORNING)),
    MessageKind.STUMBLED: ERROR,
    MessageKind.MISSED_CHECKS: ERROR,
    MessageKind.SCHEDULE_DUE: RINGS,
    MessageKind.SCHEDULE_SKIPPED: (Heard(True, ROUTINE, None), Heard(True, ROUTINE, None), None, Heard(True, ROUTINE, MORNING)),
    MessageKind.HEDGE_OVER: RINGS,
    MessageKind.DEPEG: RINGS,
    MessageKind.LEAP: ERROR,
    MessageKind.LOSS: ERROR,
    MessageKind.COIN_STOPPED: RINGS,
    MessageKind.COIN_TRADED_AGAIN: RINGS,
    MessageKind.CLOCK_OFF: ERROR,
    MessageKind.REVIEW: (Heard(False, ROUTINE, None),) * 4,
    MessageKind.HEDGE_FUNDING: RINGS,
}


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    """Give a database with one person who has one portfolio."""
    database = Database(sqlite_url(tmp_path))
    await database.migrate()
    await samples.a_portfolio(database)
    yield database
    await database.close()


async def heard(
    db: Database, tell: Callable[[Tx, Portfolio, Person, datetime], Awaitable[Any]], alerts: AlertSettings, now: datetime
) -> list[tuple[MessageKind, Heard]]:
    """Return how a message waits that was told so; empty where it was not written. The outbox is empty again afterwards."""
    async with db.transaction() as tx:
        person = await samples.a_person(tx, alerts=alerts)
        await tell(tx, replace(samples.portfolio(7), id=1), person, now)
        rows = (await tx.execute(tables.outbox.select())).all()
        await tx.execute(tables.outbox.delete())
    return [(row.kind, Heard(row.silent, Urgency(row.urgency), row.held_until)) for row in rows]


async def test_every_alert_comes_as_its_person_chose_and_as_the_hour_allows(db: Database) -> None:
    """Margin, failed legs and errors always ring, whatever was chosen; good news and routine wait for the morning."""
    assert ALERTS.keys() == EXPECTED.keys() >= quiet_hours.KINDS.keys()
    for kind, tell in ALERTS.items():
        cases = ((ALL[Ring.ON], DAY), (ALL[Ring.SILENT], DAY), (ALL[Ring.OFF], DAY), (ALL[Ring.ON], NIGHT))
        found = [await heard(db, tell, alerts, now) for alerts, now in cases]
        assert found == [[] if one is None else [(kind, one)] for one in EXPECTED[kind]], kind


async def test_of_several_signals_the_loudest_counts_and_those_that_are_off_are_left_out(db: Database) -> None:
    """Volatility off, trend silent, sentiment on: one message with a sound, without the first."""

    async def tell(tx: Tx, portfolio: Portfolio, person: Person, now: datetime) -> None:
        await write.tell_signals(tx, portfolio, person, (change(Cause.VOLATILITY), change(Cause.TREND), change(Cause.FEAR_GREED, "")), now)

    def chosen(**rings: Ring) -> AlertSettings:
        return AlertSettings(rings={AlertKind(name): ring for name, ring in rings.items()})

    off, silent, on = Ring.OFF, Ring.SILENT, Ring.ON
    for rings, sounds in (
        ({"volatility": off, "trend": silent, "sentiment": on}, False),
        ({"volatility": off, "trend": silent, "sentiment": off}, True),
        ({"volatility": silent, "trend": silent, "sentiment": silent}, True),
    ):
        assert await heard(db, tell, chosen(**rings), DAY) == [(MessageKind.SIGNALS, Heard(sounds, ROUTINE, None))]
    assert await heard(db, tell, chosen(volatility=off, trend=off, sentiment=off), DAY) == []
    async with db.transaction() as tx:
        person = await samples.a_person(tx, alerts=chosen(volatility=off))
        await tell(tx, replace(samples.portfolio(7), id=1), person, DAY)
        (message,) = await messages.due(tx, DAY)
    assert [one["trigger"] for one in message.facts["steps"]] == ["trend", "fear_greed"]


@pytest.mark.parametrize(
    ("causes", "ring", "now", "silent"),
    [
        ((Cause.DRIFT,), Ring.ON, DAY, False),
        ((Cause.DRIFT,), Ring.SILENT, DAY, True),
        ((Cause.DRIFT,), Ring.OFF, DAY, True),
        ((Cause.DRIFT,), Ring.ON, NIGHT, True),
        ((Cause.DRIFT, Cause.MARGIN), Ring.OFF, NIGHT, False),
        ((Cause.MARGIN,), Ring.SILENT, DAY, False),
        ((Cause.HEDGE,), Ring.ON, DAY, False),
    ],
)
def test_a_card_comes_without_a_sound_where_its_reasons_do(causes: tuple[Cause, ...], ring: Ring, now: datetime, silent: bool) -> None:
    """It is never left out, because it can be answered; a position close to its liquidation rings whatever was chosen."""
    person = Person(id=7, chat_id=7, alerts=ALL[ring])
    assert quiet_hours.card_is_silent(person, [Reason(trigger=cause) for cause in causes], now) is silent


def test_the_loudest_of_several_reasons_makes_the_sound() -> None:
    """Drift silent, trend on: it rings; both silent: it does not."""
    reasons = [Reason(trigger=Cause.DRIFT), Reason(trigger=Cause.TREND)]
    for trend, silent in ((Ring.ON, False), (Ring.SILENT, True), (Ring.OFF, True)):
        chosen = AlertSettings(rings={AlertKind.DRIFT: Ring.SILENT, AlertKind.TREND: trend})
        assert quiet_hours.card_is_silent(Person(id=7, chat_id=7, alerts=chosen), reasons, DAY) is silent


@pytest.mark.parametrize(
    ("minutes", "told_minutes_ago", "reminder_h", "tells"),
    [
        (0, None, 0, False),
        (1.99, None, 0, False),
        (2, None, 0, True),
        (500, 6 * 60 - 1, 0, False),
        (500, 6 * 60, 0, True),
        (500, 59, 1, False),
        (500, 60, 1, True),
        (500, 6 * 60, 12, False),
    ],
)
async def test_what_cannot_be_evaluated_is_told_once_it_lasts_and_again_at_the_reminder(
    db: Database, minutes: float, told_minutes_ago: float | None, reminder_h: int, tells: bool
) -> None:
    """After two minutes here, then every six hours, or as often as the person wants to be reminded."""
    told = None if told_minutes_ago is None else DAY - timedelta(minutes=told_minutes_ago)
    before = Outage(since=DAY - timedelta(minutes=minutes), told=told) if minutes else None
    async with db.transaction() as tx:
        person = await samples.a_person(tx, alerts=AlertSettings(reminder_h=reminder_h))
        after = await write.tell_outage(tx, replace(samples.portfolio(7), id=1), person, before, DAY, timedelta(minutes=2))
        assert bool(await messages.due(tx, DAY)) is tells
    assert after == Outage(since=DAY - timedelta(minutes=minutes), told=DAY if tells else told)


async def test_the_end_of_an_outage_that_nobody_was_told_of_is_not_told(db: Database) -> None:
    """A minute without prices is no news, and neither is its end."""
    async with db.transaction() as tx:
        person = await samples.a_person(tx)
        await write.tell_outage_over(tx, replace(samples.portfolio(7), id=1), person, Outage(since=DAY), DAY)
        assert await messages.due(tx, DAY) == ()


async def held(db: Database, *silent: bool, chat_id: int = 7) -> None:
    """Hold messages back until the morning."""
    async with db.transaction() as tx:
        for number, quiet in enumerate(silent):
            facts = {"portfolio_id": 1, "number": number}
            key = f"{chat_id}-{number}"
            await messages.post(
                tx, chat_id=chat_id, kind=MessageKind.DRIFT, facts=facts, key=key, now=NIGHT, silent=quiet, held_until=MORNING
            )


@pytest.mark.parametrize(
    ("silent", "sounds"), [((True, False), True), ((False, True, True), True), ((True, True), False), ((False, False), True)]
)
async def test_a_digest_with_an_alarm_in_it_rings(db: Database, silent: tuple[bool, ...], sounds: bool) -> None:
    """It is as loud as the loudest of what it stands for; another chat's mail does not count."""
    await held(db, *silent)
    await held(db, not silent[0], not silent[0], chat_id=8)
    async with db.transaction() as tx:
        assert await messages.release(tx, MORNING - timedelta(seconds=1)) == 0
        assert await messages.release(tx, MORNING) == 2
        found = {message.chat_id: message for message in await messages.due(tx, MORNING)}
    assert found[7].kind is MessageKind.DIGEST
    assert found[7].silent is not sounds
    assert [item["facts"]["number"] for item in found[7].facts["items"]] == list(range(len(silent)))
    assert found[8].silent is (not silent[0])


async def test_one_message_alone_stays_as_loud_as_it_was(db: Database) -> None:
    """No digest is made of it, and nothing waits any more."""
    await held(db, True)
    async with db.transaction() as tx:
        assert await messages.any_to_release(tx, MORNING)
        assert not await messages.any_to_release(tx, MORNING - timedelta(seconds=1))
        assert await messages.release(tx, MORNING) == 1
        (message,) = await messages.due(tx, MORNING)
        assert (message.kind, message.silent) == (MessageKind.DRIFT, True)
        await messages.mark(tx, message.id, Delivery(verdict=Verdict.SENT), MORNING)
        assert not await messages.any_to_release(tx, MORNING)
        assert await messages.waiting(tx) == 0


async def test_a_card_is_sent_once_and_drawn_again_without_a_sound(db: Database) -> None:
    """The card of a plan that nobody asked for is as loud as it is told to be; where it was never shown nothing is drawn."""
    plan = await samples.a_plan(db, 1)
    async with db.transaction() as tx:
        person = await samples.a_person(tx)
        await write.redraw_card(tx, plan, DAY, "expired")
        assert await messages.due(tx, DAY) == ()
        for silent in (False, True):
            await write.show_card(tx, plan, person, DAY, silent=silent)
        rows = (await tx.execute(tables.outbox.select())).all()
        assert [(row.kind, row.silent, row.urgency, row.chat_id) for row in rows] == [("plan_card", False, "routine", 7)]
        await plans.set_card(tx, plan.id, 7, 99)
        shown = await plans.plan(tx, plan.id)
        assert shown is not None
        assert shown.state is PlanState.PROPOSED
        for why in ("expired", "expired", "replaced"):
            await write.redraw_card(tx, shown, DAY, why)
        rows = (await tx.execute(tables.outbox.select())).all()
        assert [(row.kind, row.silent) for row in rows[1:]] == [("plan_card", True), ("plan_card", True)]


async def test_what_asks_its_person_for_nothing_comes_without_a_sound(db: Database) -> None:
    """A line that drifts and a signal ring where a plan follows; where no order can be sent there is nothing to look at now."""
    tells: tuple[Callable[..., Awaitable[None]], ...] = (
        lambda *args, idle: write.tell_drift(*args[:3], (step(),), args[3], idle=idle),
        lambda *args, idle: write.tell_signals(*args[:3], (change(Cause.VOLATILITY),), args[3], idle=idle),
        lambda *args, idle: write.tell_signals(*args[:3], (replace(change(Cause.FUNDING_LOW), suppressed=idle is not None),), args[3]),
    )
    for tell in tells:
        for idle, silent in ((None, False), ((), True)):
            ((_, found),) = await heard(db, partial(tell, idle=idle), ALL[Ring.ON], DAY)
            assert found.silent is silent
