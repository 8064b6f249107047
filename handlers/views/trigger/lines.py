"""The sentences about signals in /status and /why: how near each is, what an active one holds down, and what would end it."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING

from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.engine.triggers.trigger import Reads
from chatbot.model import INFO, Effect
from chatbot.values import dataclass
from handlers.views import age
from handlers.views.common import bold, coin, say, say_n
from handlers.views.trigger import signals
from handlers.views.trigger.words import WORDS, said_of

if TYPE_CHECKING:
    from chatbot.i18n import Plural, Words
    from chatbot.model import Cause, Signal, StatusReport
    from handlers.views.common import Html

STATUS_LINES = 3


class Nearness(IntEnum):
    """How a limit stands, the nearest first."""

    #: a line is outside its band
    CROSSED = 0
    #: a signal holds something down
    ACTIVE = 1
    QUIET = 2


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit in words, and how near it is."""

    nearness: Nearness
    #: part of the way from calm to the limit, 1 at the limit
    share: Decimal
    #: one sentence, or its end; without an age
    short: Html
    #: everything about it
    lines: tuple[Html, ...]

    @property
    def rank(self) -> tuple[Nearness, Decimal]:
        """Return what sorts the nearest first."""
        return self.nearness, -self.share


def status_lines(words: Words, report: StatusReport, *, most: int = STATUS_LINES) -> list[Html]:
    """Return one line for each trigger that is on, nearest first; of several coins only the nearest, unless more are active."""
    shown = [one for trigger in signals.every() for one in _leading(report, trigger)]
    return [_status_line(words, report, signal) for signal in signals.nearest_first(shown)[:most]]


def shows_funding(report: StatusReport) -> bool:
    """Tell whether a line of :func:`status_lines` says what funding is."""
    known = (signal for signal in signals.switched_on(report) if signal.reading is not None)
    return any(TRIGGERS[signal.trigger].reads is Reads.FUNDING for signal in known)


def _leading(report: StatusReport, trigger: Cause) -> list[Signal]:
    ranked = signals.nearest_first(one for one in signals.switched_on(report) if one.trigger == trigger)
    return [one for at, one in enumerate(ranked) if (at == 0 and one.reading is not None) or one.active]


def _status_line(words: Words, report: StatusReport, signal: Signal) -> Html:
    said = said_of(signal.trigger, signal.subject)
    msgid = said.active if signal.active else said.quiet
    if said.held_back is not None and signals.is_held_back(report, signal):
        msgid = said.held_back.status
    line = age.beside(words, say(words, msgid, **_facts(words, report, signal)), signal.age_s)
    return signals.beside_source(words, line, signal.trigger, report.mood_source)


def _facts(words: Words, report: StatusReport, signal: Signal) -> dict[str, str]:
    against = signal.leave if signal.active else signal.enter
    return {
        "coin": coin(signal.subject),
        "reading": signals.number(words, signal.trigger, signal.reading, against),
        "limit": signals.number(words, signal.trigger, signal.enter),
        "end": signals.number(words, signal.trigger, signal.leave),
        "size": words.percent(signal.size, 0) if signal.size is not None else "",
        "moment": signals.market_moment(words, report, signal.since) if signal.since is not None else "",
    }


def ranked(words: Words, report: StatusReport) -> list[Limit]:
    """Return what every trigger saw, the nearest first; coins that are far are summed up behind the nearest of their trigger."""
    on = signals.switched_on(report)
    found = [_limit(words, report, signal, _while_active(words, report, signal)) for signal in on if signal.active]
    for trigger in signals.every():
        group = signals.grouped(one for one in on if one.trigger == trigger and not one.active)
        for at, signal in enumerate(group.named):
            others = group.others if at == 0 else ()
            told = [age.beside(words, signals.others_line(words, others), signals.oldest_s(others))] if others else []
            found.append(_limit(words, report, signal, told))
    return sorted(found, key=lambda limit: limit.rank)


def _limit(words: Words, report: StatusReport, signal: Signal, more: list[Html]) -> Limit:
    short = _sentence(words, report, signal)
    told = age.sentence(words, bold(short) if signal.active else short, signal.age_s)
    if not signal.active:
        told = signals.with_source(words, told, signal.trigger, report.mood_source)
    nearness = Nearness.ACTIVE if signal.active else Nearness.QUIET
    return Limit(nearness, signals.closeness(signal) or Decimal(0), short, (told, *more))


def rest(words: Words, report: StatusReport) -> list[Html]:
    """Return what the triggers come to together, and which of them see nothing."""
    return [*_net_moved(words, report), *_silent(words, report)]


def old_readings(words: Words, report: StatusReport) -> list[Html]:
    """Name the triggers whose readings are older than they seem, those of one age together."""
    by_age: dict[str, list[str]] = {}
    for trigger in signals.every():
        of_it = [one for one in signals.switched_on(report) if one.trigger == trigger and one.reading is not None]
        if told := age.told_age(words, signals.oldest_s(of_it), age.SIGNAL_S):
            by_age.setdefault(told, []).append(signals.name(words, trigger))
    return [say(words, "{names} read {age} ago", names=", ".join(names), age=told) for told, names in by_age.items()]


def _sentence(words: Words, report: StatusReport, signal: Signal) -> Html:
    """Say what a signal reads and what it holds down, or what would make it act."""
    facts, said = _facts(words, report, signal), said_of(signal.trigger, signal.subject)
    if signal.active and said.held_back is not None and signals.is_held_back(report, signal):
        return say(words, said.held_back.asks, **facts)
    if signal.active:
        return say(words, said.since, **facts)
    if said.reached and (signals.closeness(signal) or 0) >= 1:
        return say(words, said.reached, **facts)
    return _counted(words, said.far, signal.needed, {**facts, "seen": words.number(signal.count)})


def _while_active(words: Words, report: StatusReport, signal: Signal) -> list[Html]:
    """Say what an active signal does, or why it does nothing, and what would end it."""
    said, moved = said_of(signal.trigger, signal.subject), report.moved.get(signal.subject)
    if said.held_back is not None and signals.is_held_back(report, signal):
        return [say(words, said.held_back.why_not), _end(words, signal)]
    if INFO[signal.trigger].effect is Effect.CUT_COIN and moved is not None:
        told = {"now": words.percent(moved.now), "own": words.percent(moved.own)}
        return [say(words, "Its target is {now} instead of {own} while that lasts.", **told), _end(words, signal)]
    return [_end(words, signal)]


def _end(words: Words, signal: Signal) -> Html:
    """Say what would end an active signal, and how far that has come."""
    so_far = signal.count if signals.is_cooling(signal) else 0
    facts = {"limit": signals.number(words, signal.trigger, signal.leave), "seen": words.number(so_far)}
    return _counted(words, WORDS[signal.trigger].ends, signal.needed, facts)


def _counted(words: Words, text: str | Plural, count: int, facts: dict[str, str]) -> Html:
    return say(words, text, **facts) if isinstance(text, str) else say_n(words, text, count, **facts)


def _net_moved(words: Words, report: StatusReport) -> list[Html]:
    net = report.check.figures.exposure if report.check.figures is not None else None
    if net is None or net.base is None:
        return []
    facts = {"now": words.percent(net.target), "own": words.percent(net.base)}
    return [say(words, "All in all the net futures target is {now} instead of {own}.", **facts)]


def _silent(words: Words, report: StatusReport) -> list[Html]:
    """Name the triggers that nothing is known of, and those that are off."""
    strategy = report.portfolio.strategy
    on = [trigger for trigger in signals.every() if strategy.acts_on(trigger)]
    known = {signal.trigger for signal in report.signals if signal.reading is not None or signal.active}
    blind = [signals.name(words, trigger) for trigger in on if trigger not in known]
    off = [signals.name(words, trigger) for trigger in signals.every() if not strategy.setting(trigger).on]
    lines = []
    if blind:
        lines.append(say(words, "No data for: {names}. What is not known neither starts nor ends anything.", names=", ".join(blind)))
    if off:
        lines.append(say(words, "Switched off: {names}", names=", ".join(off)))
    return lines
