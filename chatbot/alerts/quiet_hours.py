"""What a person hears at once, what comes without a sound, and what waits for the end of their quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chatbot.model import INFO, AlertKind, Cause, MessageKind, Ring

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.model import AlertSettings, Person, Reason

#: of a message -> what it is about; one that is not named has a kind for each of its parts
KINDS: Mapping[MessageKind, AlertKind] = {
    MessageKind.DRIFT: AlertKind.DRIFT,
    MessageKind.SCHEDULE_DUE: AlertKind.SCHEDULE,
    MessageKind.SCHEDULE_SKIPPED: AlertKind.SCHEDULE,
    MessageKind.PROBLEM: AlertKind.UNREACHABLE,
    MessageKind.LEAP: AlertKind.UNREACHABLE,
    MessageKind.COIN_STOPPED: AlertKind.COIN,
    MessageKind.COIN_TRADED_AGAIN: AlertKind.COIN,
    MessageKind.STUMBLED: AlertKind.UNREACHABLE,
    MessageKind.EVALUATED_AGAIN: AlertKind.UNREACHABLE,
    MessageKind.DEPEG: AlertKind.DEPEG,
    MessageKind.MISSED_CHECKS: AlertKind.MISSED,
    MessageKind.MARGIN: AlertKind.LIQUIDATION,
}
#: what alerts are about that do not come from a trigger of the market
_ABOUT: Mapping[Cause, AlertKind] = {
    Cause.DRIFT: AlertKind.DRIFT,
    Cause.EXPOSURE: AlertKind.DRIFT,
    Cause.SCHEDULE: AlertKind.SCHEDULE,
    Cause.HEDGE: AlertKind.HEDGE,
    Cause.MARGIN: AlertKind.LIQUIDATION,
}
#: when the morning begins for whoever snoozes until then
MORNING = time(8)


def kind_of(trigger: Cause) -> AlertKind:
    """Return what an alert of a trigger is about."""
    return INFO[trigger].alert if trigger in INFO else _ABOUT.get(trigger, AlertKind.DRIFT)


def ends(alerts: AlertSettings, zone: str, now: datetime) -> datetime | None:
    """Return when the quiet hours end that last now, the first moment outside of them; None when there are none now."""
    if not alerts.quiet_from or alerts.quiet_from == alerts.quiet_to:
        return None
    begin, end = time.fromisoformat(alerts.quiet_from), time.fromisoformat(alerts.quiet_to)
    clock = now.astimezone(ZoneInfo(zone)).time()
    inside = begin <= clock < end if begin < end else clock >= begin or clock < end
    return next_at(end, zone, now) if inside else None


def next_at(clock: time, zone: str, now: datetime) -> datetime:
    """Return the next time, after ``now``, at which a clock in ``zone`` shows this; in an hour that is skipped, as much later."""
    local = now.astimezone(ZoneInfo(zone))
    for days in range(3):
        day = local.date() + timedelta(days=days)
        for fold in (0, 1):  # an hour that comes twice may end now for the second time
            moment = datetime.combine(day, clock.replace(fold=fold), ZoneInfo(zone)).astimezone(UTC)
            if moment > now:
                return moment
    raise AssertionError("no clock shows a time less often than daily")


def morning(zone: str, now: datetime) -> datetime:
    """Return the next 08:00 of a person."""
    return next_at(MORNING, zone, now)


def is_quiet_now(person: Person, now: datetime) -> bool:
    """Tell whether the person's quiet hours last now."""
    return ends(person.alerts, person.zone, now) is not None


def wanted(person: Person, kinds: Iterable[AlertKind]) -> Ring:
    """Return the loudest of what the person chose for these kinds."""
    chosen = {person.alerts.ring(kind) for kind in kinds}
    return next((ring for ring in (Ring.ON, Ring.SILENT) if ring in chosen), Ring.OFF)


def card_is_silent(person: Person, reasons: Iterable[Reason], now: datetime) -> bool:
    """Tell whether the card of a plan comes without a sound: by what the person chose for its reasons, or because it is night.

    A card is never held back or left out: it can be answered. What a position close to its liquidation asks for always rings.
    """
    kinds = {kind_of(reason.trigger) for reason in reasons}
    return AlertKind.LIQUIDATION not in kinds and (wanted(person, kinds) is not Ring.ON or is_quiet_now(person, now))
