"""The sentences about signals in /status and /why: how near each is, what an active one holds down, and what would end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.engine.triggers.trigger import Reads
from chatbot.model import INFO, Effect
from handlers.views import age
from handlers.views.common import bold, coin, say, say_n
from handlers.views.trigger import signals
from handlers.views.trigger.words import WORDS, said_of

if TYPE_CHECKING:
    from chatbot.i18n import Plural, Words
    from chatbot.model import Cause, Signal, StatusReport
    from handlers.views.common import Html

STATUS_LINES = 4


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
    line = age.beside(words, say(words, msgid, **_facts(words, signal)), signal.age_s)
    return signals.beside_source(line, signal.trigger, report.mood_source)


def _facts(words: Words, signal: Signal) -> dict[str, str]:
    against = signal.leave if signal.active else signal.enter
    return {
        "coin": coin(signal.subject),
        "reading": signals.number(words, signal.trigger, signal.reading, against),
        "limit": signals.number(words, signal.trigger, signal.enter),
        "end": signals.number(words, signal.trigger, signal.leave),
        "size": words.percent(signal.size, 0) if signal.size is not None else "",
        "date": words.date(signal.since) if signal.since is not None else "",
        "moment": words.moment(signal.since) if signal.since is not None else "",
    }


def why_lines(words: Words, report: StatusReport) -> list[Html]:
    """Return what every trigger saw: active ones with what they hold down and what ends them, then the nearest first, then the rest."""
    on = signals.switched_on(report)
    lines = [line for signal in signals.nearest_first(one for one in on if one.active) for line in _active(words, report, signal)]
    lines += _net_moved(words, report)
    groups = [signals.grouped(one for one in on if one.trigger == trigger and not one.active) for trigger in signals.every()]
    named = signals.nearest_first(signal for group in groups for signal in group.named)
    rest = {group.named[0].trigger: group.others for group in groups if group.others}
    for signal in named:
        lines.append(_quiet(words, report, signal))
        if others := rest.pop(signal.trigger, ()):
            lines.append(age.beside(words, signals.others_line(words, others), signals.oldest_s(others)))
    return [*lines, *_silent(words, report)]


def _active(words: Words, report: StatusReport, signal: Signal) -> list[Html]:
    facts, said = _facts(words, signal), said_of(signal.trigger, signal.subject)
    if said.held_back is not None and signals.is_held_back(report, signal):
        return [
            age.sentence(words, bold(say(words, said.held_back.asks, **facts)), signal.age_s),
            say(words, said.held_back.why_not),
            _end(words, signal),
        ]
    lines = [age.sentence(words, bold(say(words, said.since, **facts)), signal.age_s)]
    moved = report.moved.get(signal.subject)
    if INFO[signal.trigger].effect is Effect.CUT_COIN and moved is not None:
        told = {"coin": coin(signal.subject), "now": words.percent(moved.now), "own": words.percent(moved.own)}
        lines.append(say(words, "Its target is {now} instead of {own} while that lasts.", **told))
    return [*lines, _end(words, signal)]


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


def _quiet(words: Words, report: StatusReport, signal: Signal) -> Html:
    """Say what a quiet signal reads and what would make it act."""
    facts, said = _facts(words, signal), said_of(signal.trigger, signal.subject)
    if said.reached and (signals.closeness(signal) or 0) >= 1:
        return age.sentence(words, say(words, said.reached, **facts), signal.age_s)
    line = age.sentence(words, _counted(words, said.far, signal.needed, {**facts, "seen": words.number(signal.count)}), signal.age_s)
    return signals.with_source(words, line, signal.trigger, report.mood_source)


def _silent(words: Words, report: StatusReport) -> list[Html]:
    """Name the triggers that nothing is known of, and those that are off."""
    strategy = report.portfolio.strategy
    on = [trigger for trigger in signals.every() if strategy.setting(trigger).on and signals.is_used(strategy, trigger)]
    known = {signal.trigger for signal in report.signals if signal.reading is not None or signal.active}
    blind = [signals.name(words, trigger) for trigger in on if trigger not in known]
    off = [signals.name(words, trigger) for trigger in signals.every() if not strategy.setting(trigger).on]
    lines = []
    if blind:
        lines.append(say(words, "No data for: {names}. What is not known neither starts nor ends anything.", names=", ".join(blind)))
    if off:
        lines.append(say(words, "Switched off: {names}", names=", ".join(off)))
    return lines
