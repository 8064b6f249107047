"""The sentence of one step of a trigger, as the alert rings it and the plan card repeats it: the number, the limit, what it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.engine.margin import NEAR_LIQUIDATION
from chatbot.i18n import N_
from chatbot.model import Cause, Phase
from handlers.views.common import DASH, bold, coin, say
from handlers.views.portfolio import options
from handlers.views.trigger import words as seen

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import Reason
    from handlers.views.common import Html

_BEGIN: Final = {
    Cause.VOLATILITY: N_("{coin} volatility is {reading} its usual level, limit {limit}: its target is cut to {size} of what it was."),
    Cause.TREND: N_("The {coin} trend looks worn out, score {reading}, limit {limit}: trim its long futures by {size}? No edge is proven."),
    Cause.FUNDING_LOW: N_("Funding is low, {reading} per 8 h, limit {limit}: net futures go up to {size} of the value."),
    Cause.FUNDING_HIGH: N_("Funding is high, {reading} per 8 h, limit {limit}: {size} of the net long futures is kept."),
    Cause.FEAR_GREED: N_("Extreme fear: Fear & Greed is {reading}, below {limit}. Futures go neutral; the spot coins keep their risk."),
}
_CHANGE: Final = {
    Cause.VOLATILITY: N_("{coin} volatility has risen to {reading} its usual level: its target is cut further, to {size} of what it was."),
    Cause.TREND: N_("More signs that the {coin} trend is worn out, score {reading}: trim its long futures by {size}? No edge is proven."),
    Cause.FUNDING_LOW: N_("Funding stays low, {reading} per 8 h: net futures go up to {size} of the value."),
}
_END: Final = {
    Cause.VOLATILITY: N_("{coin} has calmed down to {reading} its usual volatility. Its normal target applies again."),
    Cause.TREND: N_("The {coin} trend signal is over: its long futures may go back to their target."),
    Cause.FUNDING_LOW: N_("Funding is no longer low, {reading} per 8 h: net futures go back to their own target."),
    Cause.FUNDING_HIGH: N_("Funding is no longer high, {reading} per 8 h: net futures go back to their own target."),
    Cause.FEAR_GREED: N_("Extreme fear is over, Fear & Greed is {reading}: futures go back to their own target."),
}
_HEDGE: Final = {
    Phase.BEGIN: N_("A hedge is opened."),
    Phase.CHANGE: N_("A hedge is changed."),
    Phase.END: N_("A hedge is closed."),
}
_MARGIN: Final = (N_("Liquidation is {reading} away, the limit is {limit}."), N_("The futures need more margin than there is."))


def is_about_signal(reason: Reason) -> bool:
    """Tell whether a reason comes from a trigger of the market."""
    return reason.trigger in seen.NAMES


def sentence(words: Words, reason: Reason) -> Html:
    """Say what a trigger of the market saw, and what it asks for."""
    by_event = {Phase.CHANGE: _CHANGE, Phase.END: _END}.get(reason.event, _BEGIN)
    msgid = by_event.get(reason.trigger, _BEGIN[reason.trigger])
    limit = reason.limit if reason.event is not Phase.END else None
    facts = {
        "coin": bold(coin(reason.line)),
        "reading": bold(seen.number(words, reason.trigger, reason.reading, limit)),
        "limit": seen.number(words, reason.trigger, reason.limit),
        "size": bold(words.percent(reason.size, 0)) if reason.size is not None else DASH,
    }
    return say(words, msgid, **facts)


def other(words: Words, reason: Reason) -> Html | None:
    """Say why a tilt, the hedge or the margin asks for a plan; None for anything else."""
    if reason.trigger is Cause.TILT:
        return options.tilt_sentence(words, reason)
    if reason.trigger is Cause.HEDGE:
        return say(words, _HEDGE.get(reason.event, N_("A hedge asks for it.")))
    if reason.trigger is not Cause.MARGIN:
        return None
    if reason.reading is None:
        return say(words, _MARGIN[1])
    limit = reason.limit if reason.limit is not None else NEAR_LIQUIDATION
    return say(words, _MARGIN[0], reading=bold(words.percent(reason.reading)), limit=words.percent(limit))
