"""What the card of a plan says about the hedge that it opens or closes, and the buttons that it gets for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.model import COVER, STABLE
from chatbot.model.hedge import covered
from handlers.views.common import bold, button, joined, say
from handlers.views.hedge.words import in_fall, name, other_size, size_label, wish_arg

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import OpenHedge, Plan
    from handlers.buttons import Keyboard
    from handlers.views.common import Html

#: after the plan, and without it; said of a loss, and of a win where there is none
_AFTER: Final = (
    N_("If BTC falls {drop}, you lose about {amount} after this plan."),
    N_("If BTC falls {drop}, you gain about {amount} after this plan."),
)
_BEFORE: Final = (N_("Without it you would lose {amount}."), N_("Without it you would gain {amount}."))

_SMALLER: Final = N_("Net exposure falls by {points} points, beta by {beta}: losses shrink, and gains as much.")
#: of a hedge that is larger than what it covers
_TURNED: Final = N_("Net exposure falls by {points} points, beta by {beta}: from then on you gain when BTC falls, and lose when it rises.")


def card_lines(words: Words, plan: Plan) -> list[Html]:
    """Return what the card of a plan says about the hedge that it opens or closes."""
    one = plan.hedge
    if one is None:
        return []
    if one.closed:
        return [say(words, "This closes the hedge: {name}.", name=bold(name(words, one.kind))), *_fall(words, plan, one)]
    change = {
        "points": words.points(plan.before.net - plan.after.net),
        "beta": words.number(plan.before.beta - plan.after.beta, 2),
    }
    told = [
        say(words, "This opens a hedge: {name}.", name=bold(name(words, one.kind))),
        *_fall(words, plan, one),
    ]
    told.append(say(words, _TURNED if (plan.after.in_fall or 0) > 0 else _SMALLER, **change))
    if plan.after.liquidation is not None:
        told.append(say(words, "Liquidation {percent} away", percent=words.percent(plan.after.liquidation, 0)))
    if STABLE in one.moved:
        told.append(
            say(words, "Part of the stablecoins moves to the futures account as collateral, and comes back when the hedge is closed.")
        )
    return told


def _fall(words: Words, plan: Plan, one: OpenHedge) -> list[Html]:
    """Say what a fall would cost after the plan and before it: the figures of the button that led to it (domain 10.4)."""
    before, after = plan.before.in_fall, plan.after.in_fall
    if before is None or after is None:
        return []
    drop, share = bold(words.percent(one.fall, 0)), words.percent(covered(before, after) or 0, 0)
    then = in_fall(words, _AFTER, after, drop=drop)
    if one.closed or before >= 0 or after >= 0:
        return [joined(" ", (then, in_fall(words, _BEFORE, before)))]
    return [
        joined(
            " ", (then, say(words, "Without it you would lose {amount}: it covers {share}.", amount=words.money(-before, 0), share=share))
        )
    ]


def card_rows(words: Words, plan: Plan) -> Keyboard:
    """Return the buttons of a card that opens a hedge: the other size, and the table."""
    one = plan.hedge
    if one is None or one.closed:
        return ()
    wish = one.wish
    row = [button(words.t("Table"), "hedge_table", wish_arg(wish))]
    if one.kind == COVER:
        other = other_size(wish)
        row.insert(0, button(size_label(words, other), "hedge_open", wish_arg(other)))
    return (tuple(row),)
