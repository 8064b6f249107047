"""How every part of the program stands, in words for its operator: what needs them stands out, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import NN_
from chatbot.model import LET_IN, SHARES, PlanState, Role
from handlers.views.common import DASH, View, bold, button, joined, page, say, say_n

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Process
    from chatbot.operation.health import Health
    from handlers.views.common import Html

_PEOPLE = NN_("{count} person may use it", "{count} people may use it")
_ASKING = NN_("{count} asks to", "{count} ask to")
_PLANS = NN_("{count} plan under way", "{count} plans under way")
_PARKED = NN_("{count} plan stopped half-way asks its owner", "{count} plans stopped half-way ask their owners")
_WAITING = NN_("{count} message waits", "{count} messages wait")
_REFUSED = NN_("{count} message was refused by Telegram", "{count} messages were refused by Telegram")
_UNOWNED = NN_("{count} share of the people is nobody's just now", "{count} shares of the people are nobody's just now")
#: processes that are named, and groups of shares in a row of one; who has more is on a page of metrics
_NAMED, _GROUPS = 20, 4
_LOOKED = NN_("{count} portfolio", "{count} portfolios")


def health(words: Words, found: Health, now: datetime) -> View:
    """Tell of every part, those that need the operator with a mark."""
    lead = words.t("Everything is well.") if found.is_well else words.t("Something needs you.")
    halted = found.trading_halted_since
    text = page(
        bold(lead),
        _line(say(words, "Trading is halted since {time}; /unhalt lets it go on", time=words.when(halted, now)), well=False)
        if halted is not None
        else None,
        _check(words, found),
        *(_prices(words, found, name, age_s) for name, age_s in found.prices),
        _line(say(words, "Database answers in {time} ms", time=words.number(found.database_s * 1000, 1))),
        _room(words, found),
        _told(words, found),
        _line(say_n(words, _REFUSED, found.refused)) if found.refused else None,
        *_under_way(words, found),
        _line(joined(", ", (say_n(words, _PEOPLE, _let_in(found)), _asking(words, found)))),
        _backup(words, found),
        *_processes(words, found, now),
    )
    return View(text, ((button(words.t("Refresh"), "health"), button(words.t("Users"), "users")),))


def _line(told: Html, *, well: bool = True) -> Html:
    return joined(" ", ("✓" if well else "⚠", told))


def _check(words: Words, found: Health) -> Html:
    looked = say_n(words, _LOOKED, found.portfolios)
    if found.check_age_s is None:
        return _line(say(words, "No check yet since the start"), well=False)
    told = say(words, "Last check {age}, {portfolios}", age=words.age(found.check_age_s), portfolios=looked)
    return _line(told, well=not found.is_late)


def _prices(words: Words, found: Health, name: str, age_s: float | None) -> Html:
    age = DASH if age_s is None else words.age(age_s)
    return _line(say(words, "Prices of {market}: {age}", market=name, age=age), well=not found.is_stale(age_s))


def _room(words: Words, found: Health) -> Html | None:
    if found.free_bytes is None:
        return None
    room = words.number(found.free_bytes / 2**30, 1)
    return _line(say(words, "Free on the disk: {room} GiB", room=room), well=not found.is_disk_full)


def _told(words: Words, found: Health) -> Html:
    waiting = say_n(words, _WAITING, found.waiting)
    since = (
        say(words, "the oldest for {time}", time=words.span(found.waits_s)) if found.waits_s is not None and found.waits_s >= 1 else None
    )
    return _line(joined(", ", (waiting, since)), well=not found.is_slow_to_tell)


def _under_way(words: Words, found: Health) -> list[Html]:
    running = found.plans.get(PlanState.CONFIRMED, 0) + found.plans.get(PlanState.RUNNING, 0)
    parked = found.plans.get(PlanState.PARKED, 0)
    stopped = [_line(say_n(words, _PARKED, parked), well=False)] if parked else []
    return [_line(say_n(words, _PLANS, running)), *stopped]


def _let_in(found: Health) -> int:
    return sum(count for role, count in found.people.items() if role in LET_IN)


def _asking(words: Words, found: Health) -> Html | None:
    asking = found.people.get(Role.PENDING, 0)
    return say_n(words, _ASKING, asking) if asking else None


def _backup(words: Words, found: Health) -> Html:
    if found.backup_age_s is None:
        return _line(say(words, "No copy of the database was made yet: python -m chatbot backup FILE"), well=False)
    return _line(say(words, "Copy of the database: {age}", age=words.age(found.backup_age_s)), well=not found.is_backup_old)


def _processes(words: Words, found: Health, now: datetime) -> list[Html]:
    """Tell of who works on a server's database, and of what nobody does."""
    missing = [_line(say(words, "No {kind} works", kind=kind.value), well=False) for kind in found.missing]
    unowned = [_line(say_n(words, _UNOWNED, len(found.unowned)), well=False)] if found.unowned else []
    return [*(_line(_process(words, one, now)) for one in found.processes[:_NAMED]), *missing, *unowned]


def _process(words: Words, one: Process, now: datetime) -> Html:
    who = {"kind": one.kind.value, "host": one.host, "number": str(one.pid), "time": words.when(one.since, now)}
    if one.stands_by:
        return say(words, "{kind} on {host} ({number}) stands by, since {time}", **who)
    if not one.shares:
        return say(words, "{kind} on {host} ({number}) works since {time}", **who)
    owned = {"count": words.number(len(one.shares), 0), "all": words.number(SHARES, 0), "shares": _in_groups(one.shares)}
    return say(words, "{kind} on {host} ({number}) works since {time} for {count} of {all} shares: {shares}", **who, **owned)


def _in_groups(shares: Collection[int]) -> str:
    """Return numbers as 0-20, 43, those in a row together; the first few groups."""
    groups: list[list[int]] = []
    for share in sorted(shares):
        if groups and share == groups[-1][-1] + 1:
            groups[-1].append(share)
        else:
            groups.append([share])
    told = [str(one[0]) if len(one) == 1 else f"{one[0]}-{one[-1]}" for one in groups]
    return ", ".join(told[:_GROUPS]) + ("..." if len(told) > _GROUPS else "")
