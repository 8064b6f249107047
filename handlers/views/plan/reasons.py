"""The sentence of one step of a trigger, as the alert rings it and the plan card repeats it: the number, the limit, what it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.engine.margin import NEAR_LIQUIDATION
from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.i18n import N_
from chatbot.model import INFO, Cause, Phase
from chatbot.triggers.feeds import READY
from handlers.views import age
from handlers.views.common import DASH, bold, coin, joined, line_name, say
from handlers.views.portfolio import options
from handlers.views.trigger import signals
from handlers.views.trigger.words import WORDS, said_of

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import HeldTarget, Reason
    from handlers.views.common import Html

_DAY_S: Final = 86_400
#: causes that are named of one moved target
_MOST_CAUSES: Final = 4
_HEDGE: Final = {
    Phase.BEGIN: N_("A hedge is opened."),
    Phase.CHANGE: N_("A hedge is changed."),
    Phase.END: N_("A hedge is closed."),
}
_LIFTED: Final = N_("{trigger} is no longer acted on, though it stands at {reading}: the normal targets apply again.")
_MARGIN: Final = (N_("Liquidation is {reading} away, the limit is {limit}."), N_("The futures need more margin than there is."))


def is_about_signal(reason: Reason) -> bool:
    """Tell whether a reason comes from a trigger of the market."""
    return reason.trigger in WORDS


def is_pressing(reason: Reason) -> bool:
    """Tell whether a plan is made at once for a reason, and does not wait for company (domain 9.9)."""
    urgent = reason.trigger in INFO and INFO[reason.trigger].is_urgent and reason.event is Phase.BEGIN
    return urgent or reason.trigger is Cause.MARGIN


def is_overtaken(reason: Reason) -> bool:
    """Tell whether the reading that a move between two of them waited for has come since."""
    return reason.event is Phase.WATCH and reason.age_s is not None and reason.age_s > _DAY_S + READY.total_seconds()


def sentence(words: Words, reason: Reason, *, suppressed: bool = False) -> Html:
    """Say what a trigger of the market saw, and what it asks for; ``suppressed``: it does not get it."""
    said = said_of(reason.trigger, reason.line)
    begin = said.met if _is_within(reason) else said.begin
    changed = {Phase.CHANGE: said.change, Phase.EASE: said.ease, Phase.WATCH: said.watch, Phase.END: said.end}
    msgid = _LIFTED if _is_lifted(reason) else changed.get(reason.event) or begin
    if suppressed and said.held_back is not None and not _is_lifted(reason):
        told = {Phase.BEGIN: said.held_back.told, Phase.CHANGE: said.held_back.told, Phase.END: said.held_back.over}
        msgid = told.get(reason.event, msgid)
    limit = reason.limit if reason.event not in (Phase.END, Phase.WATCH) else None
    facts = {
        "coin": bold(coin(reason.line)),
        "trigger": bold(" ".join(part for part in (words.t(said.name), signals.about(words, reason.line)) if part)),
        "reading": bold(signals.number(words, reason.trigger, reason.reading, limit)),
        "limit": signals.number(words, reason.trigger, reason.limit),
        "size": bold(words.percent(reason.size, 0)) if reason.size is not None else DASH,
    }
    if reason.event is Phase.WATCH:
        return joined(" ", (say(words, msgid, **facts), _next_reading(words, reason.age_s)))
    return age.sentence(words, say(words, msgid, **facts), reason.age_s)


def _next_reading(words: Words, age_s: int | None) -> Html | None:
    """Say how old a daily reading is and when the next one comes, in spans: a time of day means another day every night."""
    if age_s is None:
        return None
    ready = int(READY.total_seconds())
    spans = {"age": words.span(max(60, age_s - ready)), "wait": words.span(max(60, _DAY_S + ready - age_s))}
    return say(words, "The last reading was {age} ago, the next one comes in {wait}.", **spans)


def _is_lifted(reason: Reason) -> bool:
    """Tell whether a signal has ended though its reading has not come back: it lasted too long, or its person has changed the trigger."""
    trigger = TRIGGERS[reason.trigger]
    if reason.event is not Phase.END or not trigger.ends_at_limit or reason.reading is None or reason.limit is None:
        return False
    return reason.reading < reason.limit if trigger.below else reason.reading > reason.limit


def _is_within(reason: Reason) -> bool:
    """Tell whether a signal is not beyond its limit any more: a portfolio that is new, or was paused, meets it while it cools down."""
    if reason.event is not Phase.BEGIN or reason.reading is None or reason.limit is None:
        return False
    return signals.way_to(reason.trigger, reason.reading, reason.limit) < 1


def other(words: Words, reason: Reason) -> Html | None:
    """Say why a tilt, the hedge or the margin asks for a plan; None for anything else."""
    if reason.trigger is Cause.TILT:
        return options.tilt_sentence(words, reason)
    if reason.trigger is Cause.NEW_MONEY and reason.size is not None:
        return say(words, "{amount} is invested where it is missing most. Nothing is sold.", amount=bold(words.money(reason.size)))
    if reason.trigger is Cause.HEDGE:
        return say(words, _HEDGE.get(reason.event, N_("A hedge asks for it.")))
    if reason.trigger is not Cause.MARGIN:
        return None
    if reason.reading is None:
        return say(words, _MARGIN[1])
    limit = reason.limit if reason.limit is not None else NEAR_LIQUIDATION
    return say(words, _MARGIN[0], reading=bold(words.percent(reason.reading)), limit=words.percent(limit))


def standing(words: Words, held: HeldTarget) -> Html:
    """Say why a target is not the strategy's own, for what was told before this plan."""
    causes: list[object] = [_holds(words, reason) for reason in held.by[:_MOST_CAUSES]]
    if len(held.by) > _MOST_CAUSES:
        causes.append(words.n("{count} more", "{count} more", len(held.by) - _MOST_CAUSES))
    facts = {
        "line": bold(line_name(words, held.line)),
        "now": bold(words.percent(held.now)),
        "own": words.percent(held.own),
        "causes": joined("; ", causes),
    }
    return say(words, "{line} target {now} instead of {own}: {causes}.", **facts)


def _holds(words: Words, reason: Reason) -> Html:
    if reason.trigger in WORDS:
        reading = signals.number(words, reason.trigger, reason.reading)
        line = say(words, said_of(reason.trigger, reason.line).holds, coin=coin(reason.line), reading=reading)
        return age.beside(words, line, reason.age_s)
    held = N_("a tilt on {coin}") if reason.trigger is Cause.TILT else N_("a hedge is open")
    return say(words, held, coin=coin(reason.line))
