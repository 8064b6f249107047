"""The sentences about signals in /status and /why: how near each is, what an active one holds down, and what would end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import Cause
from handlers.views.common import DOT, bold, coin, esc, joined, say
from handlers.views.trigger import words as seen

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import Signal, StatusReport
    from handlers.views.common import Html

STATUS_LINES = 4
#: of a signal that is quiet, and of one that is active
_QUIET = {
    Cause.VOLATILITY: N_("Volatility {coin} {reading} usual (cuts at {limit})"),
    Cause.TREND: N_("Trend {coin} score {reading} (trims at {limit})"),
    Cause.FUNDING_LOW: N_("Funding {reading} per 8 h (adds below {limit})"),
    Cause.FUNDING_HIGH: N_("Funding {reading} per 8 h (cuts above {limit})"),
    Cause.FEAR_GREED: N_("Fear & Greed {reading} (futures neutral below {limit})"),
}
_ACTIVE = {
    Cause.VOLATILITY: N_("Volatility {coin} {reading} usual: cut since {date}, until {end}"),
    Cause.TREND: N_("Trend {coin}: trim long futures by {size}, since {date}"),
    Cause.FUNDING_LOW: N_("Funding {reading} per 8 h: net futures up to {size} since {date}"),
    Cause.FUNDING_HIGH: N_("Funding {reading} per 8 h: net long cut to {size} since {date}"),
    Cause.FEAR_GREED: N_("Fear & Greed {reading}: futures neutral since {date}, until {end}"),
}
_HELD_BACK = N_("Funding {reading} per 8 h asks for more, held back by what asks for less risk")
_FAR = {
    Cause.VOLATILITY: N_("{coin} volatility is {reading} its usual level and would have to reach {limit}."),
    Cause.TREND: N_("The {coin} trend scores {reading} and would have to reach {limit}, with two signs that agree."),
    Cause.FEAR_GREED: N_("Fear & Greed is {reading}; futures go neutral below {limit}."),
}
_TREND_REACHED = N_("The {coin} trend scores {reading} of {limit}: it trims at the next daily close if two signs agree then.")
_SINCE = {
    Cause.VOLATILITY: N_("{coin} volatility has been high since {moment}; it is {reading} its usual level."),
    Cause.TREND: N_("The {coin} trend has looked worn out since {moment}: its long futures are to be trimmed by {size}."),
    Cause.FUNDING_LOW: N_("Funding has been low since {moment}, now {reading} per 8 h: net futures go up to {size} of the value."),
    Cause.FUNDING_HIGH: N_("Funding has been high since {moment}, now {reading} per 8 h: {size} of the net long is kept."),
    Cause.FEAR_GREED: N_("Extreme fear since {moment}: Fear & Greed is {reading}, so futures are held neutral."),
}


def status_lines(words: Words, report: StatusReport, *, most: int = STATUS_LINES) -> list[Html]:
    """Return one line for each trigger that is on, nearest first; of several coins only the nearest, unless more are active."""
    shown = [one for trigger in seen.every() for one in _leading(report, trigger)]
    return [_status_line(words, report, signal) for signal in seen.nearest_first(shown)[:most]]


def shows_funding(report: StatusReport) -> bool:
    """Tell whether a line of :func:`status_lines` says what funding is."""
    return any(
        signal.trigger in (Cause.FUNDING_LOW, Cause.FUNDING_HIGH) and signal.reading is not None for signal in seen.switched_on(report)
    )


def _leading(report: StatusReport, trigger: Cause) -> list[Signal]:
    ranked = seen.nearest_first(one for one in seen.switched_on(report) if one.trigger == trigger)
    return [one for at, one in enumerate(ranked) if (at == 0 and one.reading is not None) or one.active]


def _status_line(words: Words, report: StatusReport, signal: Signal) -> Html:
    msgid = _HELD_BACK if seen.is_held_back(report, signal) else (_ACTIVE if signal.active else _QUIET)[signal.trigger]
    line = say(words, msgid, **_facts(words, signal))
    return joined(DOT, (line, report.mood_source)) if signal.trigger is Cause.FEAR_GREED else line


def _facts(words: Words, signal: Signal) -> dict[str, str]:
    against = signal.leave if signal.active else signal.enter
    return {
        "coin": coin(signal.subject),
        "reading": seen.number(words, signal.trigger, signal.reading, against),
        "limit": seen.number(words, signal.trigger, signal.enter),
        "end": seen.number(words, signal.trigger, signal.leave),
        "size": words.percent(signal.size, 0) if signal.size is not None else "",
        "date": words.date(signal.since) if signal.since is not None else "",
        "moment": words.moment(signal.since) if signal.since is not None else "",
    }


def why_lines(words: Words, report: StatusReport) -> list[Html]:
    """Return what every trigger saw: active ones with what they hold down and what ends them, then the nearest first, then the rest."""
    on = seen.switched_on(report)
    lines = [line for signal in seen.nearest_first(one for one in on if one.active) for line in _active(words, report, signal)]
    lines += _net_moved(words, report)
    groups = [seen.grouped(one for one in on if one.trigger == trigger and not one.active) for trigger in seen.every()]
    named = seen.nearest_first(signal for group in groups for signal in group.named)
    rest = {group.named[0].trigger: group.others for group in groups if group.others}
    for signal in named:
        lines.append(_quiet(words, report, signal))
        lines += [line for line in [seen.others_line(words, rest.pop(signal.trigger, ()))] if line is not None]
    return [*lines, *_silent(words, report)]


def _active(words: Words, report: StatusReport, signal: Signal) -> list[Html]:
    facts = _facts(words, signal)
    if seen.is_held_back(report, signal):
        asks = N_("Funding has been low since {moment}, now {reading} per 8 h, and asks for {size} net futures.")
        why_not = say(words, "It adds nothing while a spike, a trend, fear or a hedge asks for less risk.")
        return [bold(say(words, asks, **facts)), why_not, _end(words, signal)]
    lines = [bold(say(words, _SINCE[signal.trigger], **facts))]
    moved = report.moved.get(signal.subject)
    if signal.trigger is Cause.VOLATILITY and moved is not None:
        told = {"coin": coin(signal.subject), "now": words.percent(moved.now), "own": words.percent(moved.own)}
        lines.append(say(words, "Its target is {now} instead of {own} while that lasts.", **told))
    return [*lines, _end(words, signal)]


def _end(words: Words, signal: Signal) -> Html:
    """Say what would end an active signal, and how far that has come."""
    so_far = signal.count if seen.is_cooling(signal) else 0
    facts = {"limit": seen.number(words, signal.trigger, signal.leave), "seen": words.number(so_far)}
    if signal.trigger is Cause.TREND:
        return say(words, "They come back when the trend resumes, or 20 days after the last sign.")
    return esc((_end_below if signal.trigger in (Cause.VOLATILITY, Cause.FUNDING_HIGH) else _end_above)(words, signal, facts))


def _end_below(words: Words, signal: Signal, facts: dict[str, str]) -> str:
    if signal.trigger is Cause.VOLATILITY:
        return words.n(
            "It ends at {limit} or less on {count} day ({seen} so far).",
            "It ends at {limit} or less on {count} days in a row ({seen} so far).",
            signal.needed,
            **facts,
        )
    return words.n(
        "It ends at {limit} or below for {count} block of 8 h ({seen} so far).",
        "It ends at {limit} or below for {count} blocks of 8 h in a row ({seen} so far).",
        signal.needed,
        **facts,
    )


def _end_above(words: Words, signal: Signal, facts: dict[str, str]) -> str:
    if signal.trigger is Cause.FEAR_GREED:
        return words.n(
            "It ends at {limit} or above on {count} day ({seen} so far).",
            "It ends at {limit} or above on {count} days in a row ({seen} so far).",
            signal.needed,
            **facts,
        )
    return words.n(
        "It ends at {limit} or above for {count} block of 8 h ({seen} so far).",
        "It ends at {limit} or above for {count} blocks of 8 h in a row ({seen} so far).",
        signal.needed,
        **facts,
    )


def _net_moved(words: Words, report: StatusReport) -> list[Html]:
    net = report.check.shape.exposure if report.check.shape is not None else None
    if net is None or net.base is None:
        return []
    facts = {"now": words.percent(net.target), "own": words.percent(net.base)}
    return [say(words, "All in all the net futures target is {now} instead of {own}.", **facts)]


def _quiet(words: Words, report: StatusReport, signal: Signal) -> Html:
    """Say what a quiet signal reads and what would make it act."""
    facts = _facts(words, signal)
    if signal.trigger is Cause.TREND and signal.reading is not None and signal.reading >= signal.enter:
        return say(words, _TREND_REACHED, **facts)
    if signal.trigger in _FAR:
        line = say(words, _FAR[signal.trigger], **facts)
        return seen.with_source(words, line, report.mood_source) if signal.trigger is Cause.FEAR_GREED else line
    numbers = {"reading": facts["reading"], "limit": facts["limit"], "seen": words.number(signal.count)}
    if signal.trigger is Cause.FUNDING_LOW:
        text = words.n(
            "Funding is {reading} per 8 h and would have to be below {limit} for {count} block ({seen} so far).",
            "Funding is {reading} per 8 h and would have to be below {limit} for {count} blocks in a row ({seen} so far).",
            signal.needed,
            **numbers,
        )
    else:
        text = words.n(
            "Funding is {reading} per 8 h and would have to be above {limit} for {count} block ({seen} so far).",
            "Funding is {reading} per 8 h and would have to be above {limit} for {count} blocks in a row ({seen} so far).",
            signal.needed,
            **numbers,
        )
    return esc(text)


def _silent(words: Words, report: StatusReport) -> list[Html]:
    """Name the triggers that nothing is known of, and those that are off."""
    strategy = report.portfolio.strategy
    on = [trigger for trigger in seen.every() if strategy.setting(trigger).on and seen.is_used(strategy, trigger)]
    known = {signal.trigger for signal in report.signals if signal.reading is not None or signal.active}
    blind = [seen.name(words, trigger) for trigger in on if trigger not in known]
    off = [seen.name(words, trigger) for trigger in seen.every() if not strategy.setting(trigger).on]
    lines = []
    if blind:
        lines.append(say(words, "No data for: {names}. What is not known neither starts nor ends anything.", names=", ".join(blind)))
    if off:
        lines.append(say(words, "Switched off: {names}", names=", ".join(off)))
    return lines
