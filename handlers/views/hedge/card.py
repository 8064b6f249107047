"""What the card of a plan says about the hedge that it opens or closes, and the buttons that it gets for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.model import COVER, ROTATION, STABLE
from handlers.views.common import bold, button, say
from handlers.views.hedge.words import name, other_size, size_label, wish_arg

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import OpenHedge, Plan
    from handlers.buttons import Keyboard
    from handlers.views.common import Html


def card_lines(words: Words, plan: Plan) -> list[Html]:
    """Return what the card of a plan says about the hedge that it opens or closes."""
    one = plan.hedge
    if one is None:
        return []
    if one.closed:
        return [say(words, "This closes the hedge: {name}.", name=bold(name(words, one.kind)))]
    change = {
        "points": words.points(plan.before.net - plan.after.net),
        "beta": words.number(plan.before.beta - plan.after.beta, 2),
    }
    told = [
        say(words, "This opens a hedge: {name}.", name=bold(name(words, one.kind))),
        _pays(words, one) if one.kind != ROTATION else None,
    ]
    told.append(say(words, "Net exposure falls by {points} points, beta by {beta}: losses shrink, and gains as much.", **change))
    if plan.after.liquidation is not None:
        told.append(say(words, "Liquidation {percent} away", percent=words.percent(plan.after.liquidation, 0)))
    if STABLE in one.moved:
        told.append(
            say(words, "Part of the stablecoins moves to the futures account as collateral, and comes back when the hedge is closed.")
        )
    return [line for line in told if line is not None]


def _pays(words: Words, one: OpenHedge) -> Html | None:
    if one.drop is None or one.gain is None or not one.loss:
        return None
    facts = {
        "gain": bold(words.money(one.gain, 0)),
        "drop": words.percent(one.drop, 0),
        "loss": words.money(one.loss, 0),
        "share": bold(words.percent(one.gain / one.loss, 0)),
    }
    return say(
        words, "It wins {gain} if BTC falls {drop}. Your coins would lose about {loss} then, an estimate: it covers {share}.", **facts
    )


def card_rows(words: Words, plan: Plan) -> Keyboard:
    """Return the buttons of a card that opens a hedge: the other size, and the table."""
    one = plan.hedge
    if one is None or one.closed:
        return ()
    wish = one.wish
    row = [button(words.t("Show table"), "hedge_table", wish_arg(wish))]
    if one.kind == COVER:
        other = other_size(wish)
        row.insert(0, button(size_label(words, other), "hedge_open", wish_arg(other)))
    return (tuple(row),)
