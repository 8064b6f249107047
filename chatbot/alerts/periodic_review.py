"""The review that comes by itself, every week or every month, at an hour that its person has chosen."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from chatbot.alerts import quiet_hours
from chatbot.errors import contained
from chatbot.model import MessageKind, Rhythm
from chatbot.store import accounts, messages, portfolios
from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import date

    from chatbot.model import AlertSettings, Person
    from chatbot.store.database import Tx

#: later than this after its hour, because the bot was away or the portfolio paused, it is left out; and later than this it waits for the
#: end of quiet hours, which an hour of the person's own choice does not
LATE: Final = timedelta(days=1)
_ON_TIME: Final = timedelta(hours=2)
_WEEK_DAYS: Final = 7
_LONGEST: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A review that is to be sent now."""

    chat_id: int
    portfolio_id: int
    rhythm: Rhythm
    #: it is sent once under this name
    key: str


def last_time(settings: AlertSettings, zone: str, now: datetime) -> datetime | None:
    """Return when the hour came last: of a Monday, or of the first of a month, on the person's clock; None: they want none."""
    if settings.review is Rhythm.OFF:
        return None
    hour, local = time.fromisoformat(settings.review_at), now.astimezone(ZoneInfo(zone))
    days = (local.date() - timedelta(days=back) for back in range(_LONGEST + 1))
    times = (datetime.combine(day, hour, tzinfo=ZoneInfo(zone)) for day in days if _is_day(day, settings.review))
    return next((at for at in times if at <= now), None)


def _is_day(day: date, rhythm: Rhythm) -> bool:
    return day.weekday() == 0 if rhythm is Rhythm.WEEK else day.day == 1


def days_back(rhythm: Rhythm, day: date) -> int:
    """Return how many days one that is sent on a day looks back at: a week, or all of the month before, which has 28 to 31."""
    if rhythm is Rhythm.WEEK:
        return _WEEK_DAYS
    return (day - (day.replace(day=1) - timedelta(days=1)).replace(day=1)).days


async def due(tx: Tx, now: datetime) -> tuple[Due, ...]:
    """Return the reviews whose hour has come and that were not sent yet; of a portfolio that is paused none, nobody looks at it."""
    found = []
    for person in await accounts.with_reviews(tx):
        with contained("review cannot be looked for", person=person.id):
            found += await _due_to(tx, person, now)
    return tuple(found)


async def _due_to(tx: Tx, person: Person, now: datetime) -> list[Due]:
    at = last_time(person.alerts, person.zone, now)
    if at is None or now - at > LATE or not person.is_let_in:
        return []
    if now - at > _ON_TIME and quiet_hours.is_quiet_now(person, now):
        return []
    found = []
    for portfolio in await portfolios.open_of(tx, person.id):
        key = f"review-{portfolio.id}-{at.date().isoformat()}"
        if not portfolio.paused and not await messages.is_known(tx, key):
            found.append(Due(chat_id=person.chat_id, portfolio_id=portfolio.id, rhythm=person.alerts.review, key=key))
    return found


async def post(tx: Tx, one: Due, now: datetime) -> None:
    """Write one down; what it says is worked out when it is sent."""
    facts = {"portfolio_id": one.portfolio_id, "rhythm": one.rhythm.value}
    await messages.post(tx, chat_id=one.chat_id, kind=MessageKind.REVIEW, facts=facts, key=one.key, now=now)
