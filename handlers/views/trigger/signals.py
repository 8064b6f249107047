"""What the triggers of the market see: how near each is to its limit, its state in words, its reading in its unit."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.engine.triggers.trigger import Reads, Unit
from chatbot.i18n import N_
from chatbot.model import BASKET, INFO, Cause
from chatbot.values import dataclass
from handlers.views.common import DASH, DOT, coin, esc, joined, line_name, say
from handlers.views.trigger.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Signal, StatusReport, Strategy
    from handlers.views.common import Html

#: what else a check may have told about
_OTHERS: Final = {Cause.MARGIN: N_("Liquidation distance"), Cause.HEDGE: N_("Hedge")}
#: where the index of a market that is played comes from, by the market's name
_PLAYED: Final = {"simulated": N_("made up"), "replay": N_("recorded")}
#: decimals of a reading and of its limits
_DIGITS: Final = {Unit.TIMES: 1, Unit.SCORE: 2, Unit.RATE: 3, Unit.INDEX: 0, Unit.SHARE: 1, Unit.DAYS: 0, Unit.BLOCKS: 0, Unit.SWITCH: 0}
#: this part of the way to its limit is near enough to be named
NEAR: Final = Decimal("0.75")
#: decimals that are added at most, to tell a reading from its limit
_MORE_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Group:
    """The signals of one trigger that deserve a line each, and how many others are calmer than them."""

    named: tuple[Signal, ...]
    others: tuple[Signal, ...]


def name(words: Words, trigger: Cause) -> str:
    """Return what a trigger is called."""
    return words.t(WORDS[trigger].name)


def subject(words: Words, signal: Signal) -> str:
    """Return a signal's trigger with its coin."""
    return " ".join(part for part in (name(words, signal.trigger), about(words, signal.subject)) if part)


def about(words: Words, what: str) -> str:
    """Return what a signal is about as it is shown: a coin, or all coins together; nothing where it is the whole market."""
    return words.t("all coins") if what == BASKET else coin(what)


def told_name(words: Words, key: str) -> str:
    """Return the name of what a check told about: a line, a signal with its coin, a hedge, or margin."""
    kind, _, what = key.partition(":")
    cause = Cause(kind)
    if cause in WORDS:
        return " ".join(part for part in (name(words, cause), about(words, what)) if part)
    if cause in _OTHERS:
        return words.t(_OTHERS[cause])
    return line_name(words, key)


def number(words: Words, trigger: Cause, value: Decimal | None, against: Decimal | None = None) -> str:
    """Write a reading or a limit in its trigger's unit, with more decimals where it would look equal to ``against`` and is not."""
    if value is None:
        return DASH
    return in_unit(words, TRIGGERS[trigger].unit, value, against)


def in_unit(words: Words, unit: Unit, value: Decimal, against: Decimal | None = None) -> str:
    """Write a number in a unit, with more decimals where it would look equal to ``against`` and is not."""
    digits = _DIGITS[unit]
    if against is not None and value != against:
        most = digits + _MORE_DIGITS
        while digits < most and _written(words, unit, value, digits) == _written(words, unit, against, digits):
            digits += 1
    return _written(words, unit, value, digits)


def _written(words: Words, unit: Unit, value: Decimal, digits: int) -> str:
    if unit is Unit.TIMES:
        return f"{words.number(value, digits)}x"
    if unit is Unit.RATE:
        return words.signed_percent(value, digits)
    return words.percent(value, digits) if unit is Unit.SHARE else words.number(value, digits)


def closeness(signal: Signal) -> Decimal | None:
    """Return how far a reading is on its way from calm to the limit: 1 is at the limit; None where it is unknown."""
    return None if signal.reading is None else way(signal, signal.reading)


def way(signal: Signal, value: Decimal) -> Decimal:
    """Return where a value stands between calm (0) and the limit that starts the trigger (1)."""
    return way_to(signal.trigger, value, signal.enter)


def way_to(trigger: Cause, value: Decimal, limit: Decimal) -> Decimal:
    """Return where a value stands between calm (0) and a limit that starts a trigger (1)."""
    calm = INFO[trigger].calm
    return (value - calm) / (limit - calm)


def nearest_first(signals: Iterable[Signal]) -> list[Signal]:
    """Sort: active ones, then by how near their limit is, then those that nothing is known of."""

    def rank(signal: Signal) -> tuple[bool, bool, Decimal]:
        near = closeness(signal)
        return not signal.active, near is None, -(near or Decimal(0))

    return sorted(signals, key=rank)


def grouped(signals: Iterable[Signal], *, most: int = 3) -> Group:
    """Return the signals that are active, near their limit or nearest to it, and the rest: coins that are far are summed up."""
    ranked = nearest_first(signals)
    known = [one for one in ranked if one.reading is not None or one.active]
    named = [one for at, one in enumerate(known) if at == 0 or one.active or (closeness(one) or 0) >= NEAR][:most]
    return Group(tuple(named), tuple(one for one in known if one not in named))


def of_trigger(report: StatusReport, trigger: Cause) -> tuple[Signal, ...]:
    """Return a trigger's signals, one for each coin or contract."""
    return tuple(signal for signal in report.signals if signal.trigger == trigger)


def switched_on(report: StatusReport) -> list[Signal]:
    """Return the signals of the triggers that are on."""
    return [signal for signal in report.signals if report.portfolio.strategy.acts_on(signal.trigger)]


def is_held_back(report: StatusReport, signal: Signal) -> bool:
    """Tell whether a signal asks for more risk while something else asks for less."""
    return INFO[signal.trigger].effect.adds_risk and signal.active and report.suppressed


def state(words: Words, report: StatusReport, signal: Signal) -> str:
    """Return a signal's state in words: off, no data, armed, counting, fired since, cooling down, held back."""
    if not report.portfolio.strategy.setting(signal.trigger).on:
        return words.t("off")
    if not report.portfolio.strategy.can_move(signal.trigger):
        return words.t("no futures to move")
    if signal.active:
        return _active_state(words, report, signal)
    if signal.reading is None:
        return words.t("no data")
    if signal.count and signal.needed > 1:
        return words.t("counting, {count} of {needed}", count=signal.count, needed=signal.needed)
    return words.t("armed")


def _active_state(words: Words, report: StatusReport, signal: Signal) -> str:
    if is_held_back(report, signal):
        return words.t("held back by what asks for less risk")
    fired = words.t("fired since {moment}", moment=market_moment(words, report, signal.since)) if signal.since else words.t("fired")
    if is_cooling(signal):
        cooling = words.t("cooling down, {count} of {needed}", count=signal.count, needed=signal.needed)
        return DOT.join((fired, cooling))
    return fired


def market_moment(words: Words, report: StatusReport, moment: datetime) -> str:
    """Write a time of the market: labelled where that is not the time of the clock, by which everything else is told."""
    told = words.moment(moment)
    return told if report.market_time is None else words.t("{moment} (market time)", moment=told)


def short_state(words: Words, report: StatusReport, signal: Signal) -> str:
    """Return a state that fits beside a bar: of an active signal how far it has cooled down, or since which day it lasts."""
    if not signal.active or not report.portfolio.strategy.acts_on(signal.trigger):
        return state(words, report, signal)
    if is_held_back(report, signal):
        return words.t("held back")
    if is_cooling(signal):
        return words.t("cooling down, {count} of {needed}", count=signal.count, needed=signal.needed)
    return words.t("since {date}", date=words.date(signal.since)) if signal.since else words.t("fired")


def is_cooling(signal: Signal) -> bool:
    """Tell whether readings count towards the end: what is counted may be something else, or lead to its next step."""
    if not signal.active or not signal.count or not TRIGGERS[signal.trigger].ends_at_limit or signal.reading is None:
        return False
    return signal.reading >= signal.leave if signal.below else signal.reading <= signal.leave


def overview_state(words: Words, report: StatusReport, trigger: Cause) -> str:
    """Return one state for a trigger of several coins: the one of the nearest."""
    if not report.portfolio.strategy.setting(trigger).on:
        return words.t("off")
    found = nearest_first(of_trigger(report, trigger))
    return state(words, report, found[0]) if found else words.t("no data")


def reading_line(words: Words, signal: Signal) -> Html:
    """Say what a signal reads, its limit, and how far it is from it; of an active one where it ends."""
    facts = {"reading": number(words, signal.trigger, signal.reading, signal.enter), "limit": number(words, signal.trigger, signal.enter)}
    what = about(words, signal.subject)
    if signal.reading is None:
        return joined(" ", (what, say(words, "{reading}, limit {limit}", **facts)))
    if signal.active:
        size = words.percent(signal.size or 0, 0)
        if TRIGGERS[signal.trigger].ends_at_limit:
            facts = {"reading": number(words, signal.trigger, signal.reading), "limit": number(words, signal.trigger, signal.leave)}
        return joined(" ", (what, say(words, WORDS[signal.trigger].stands, size=size, **facts)))
    if (closeness(signal) or 0) >= 1:
        return joined(" ", (what, say(words, "{reading}, limit {limit}", **facts)))
    left = number(words, signal.trigger, abs(signal.enter - signal.reading)).lstrip("+-\u2212")
    return joined(" ", (what, say(words, "{reading}, limit {limit}, {distance} to go", distance=left, **facts)))


def others_line(words: Words, others: tuple[Signal, ...]) -> Html:
    """Sum up the coins that are far from their limit; there is at least one."""
    highest = number(words, others[0].trigger, others[0].reading, others[0].enter)
    return esc(words.n("{count} other coin at most {reading}", "{count} other coins at most {reading}", len(others), reading=highest))


def oldest_s(signals: Iterable[Signal]) -> float | None:
    """Return the age of the oldest reading among signals; None where none has one."""
    return max((signal.age_s for signal in signals if signal.age_s is not None), default=None)


def reads_mood(trigger: Cause) -> bool:
    """Tell whether a trigger reads the Fear & Greed index, whose source is named with it."""
    return TRIGGERS[trigger].reads is Reads.MOOD


def with_source(words: Words, line: Html, trigger: Cause, source: str) -> Html:
    """Add in a sentence where the Fear & Greed index was read."""
    told = say(words, "Source: {source}.", source=source_name(words, source))
    return joined(" ", (line, told)) if source and reads_mood(trigger) else line


def beside_source(words: Words, line: Html, trigger: Cause, source: str) -> Html:
    """Add in a word where the Fear & Greed index was read."""
    return joined(DOT, (line, source_name(words, source))) if reads_mood(trigger) else line


def source_name(words: Words, source: str) -> str:
    """Return where an index comes from: a host, or in words that it belongs to a market that is played."""
    return words.t(_PLAYED[source]) if source in _PLAYED else source


def every() -> tuple[Cause, ...]:
    """Return the names of all triggers of the market in their order."""
    return tuple(INFO)


def switched_on_line(words: Words, strategy: Strategy) -> Html:
    """Name the triggers of a strategy that are on."""
    names = [name(words, trigger) for trigger in every() if strategy.acts_on(trigger)]
    return say(words, "Triggers: {names}", names=", ".join(names) or words.t("off"))
