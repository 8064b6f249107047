"""What an exchange did to a position by itself, or may have done, and what it shows of our orders that we did not know: told once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.i18n import N_
from chatbot.model.flow import EntryKind
from handlers.views.common import View, bold, button, head, name_of, page, say

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import Portfolio
    from handlers.views.common import Html

_TITLES = {
    EntryKind.LIQUIDATION: N_("Liquidated: {coin}"),
    EntryKind.DELEVERAGED: N_("Position reduced by the exchange: {coin}"),
    EntryKind.SETTLED: N_("Contract closed by the exchange: {coin}"),
    EntryKind.CLOSED: N_("Position closed, not by one of my plans: {coin}"),
}
_WHY = {
    EntryKind.LIQUIDATION: N_("The margin no longer carried the position, so the exchange closed it."),
    EntryKind.DELEVERAGED: N_("Another account was liquidated, and the exchange took a part of your position for it."),
    EntryKind.SETTLED: N_("The exchange no longer lists this contract."),
    EntryKind.CLOSED: N_(
        "If it wasn't you, the exchange did it, because another account was liquidated or the margin was too small: it does not tell which."
    ),
}


def acted(words: Words, portfolio: Portfolio, facts: dict[str, Any]) -> View:
    """Tell what was closed, at which price, and why; what it cost is a loss like any other."""
    kind, qty, price = EntryKind(facts["kind"]), Decimal(facts["qty"]), Decimal(facts["price"])
    given = {"qty": words.quantity(abs(qty)), "time": words.moment(datetime.fromisoformat(facts["at"]))}
    side = N_("Long {qty} closed, {time}.") if qty < 0 else N_("Short {qty} closed, {time}.")
    at = N_("Long {qty} closed at {price}, {time}.") if qty < 0 else N_("Short {qty} closed at {price}, {time}.")
    text = page(
        head(words, portfolio),
        bold(words.t(_TITLES[kind], coin=name_of(words, facts["contract"]))),
        say(words, at, price=words.price(price), **given) if price else say(words, side, **given),
        say(words, _WHY[kind]),
        say(words, "Its result is in your profit and loss. Nothing else was traded."),
    )
    return View(text, ((button(words.t("Status"), "status"), button(words.t("Exposure"), "exposure")),))


def orders_differ(words: Words, portfolio: Portfolio, facts: dict[str, Any]) -> View:
    """Tell which orders of a plan that has ended were filled otherwise than was booked, and that the books are right now."""
    text = page(
        head(words, portfolio),
        bold(words.t("Plan {number}: the exchange shows other fills than I booked", number=facts["number"])),
        *(_other_fill(words, one) for one in facts["orders"]),
        say(words, "My books are corrected where the exchange tells more. Your amounts are always those of the exchange."),
    )
    return View(text, ((button(words.t("Status"), "status"), button(words.t("History"), "history")),))


def _other_fill(words: Words, one: dict[str, str]) -> Html:
    given = {"coin": name_of(words, one["instrument"]), "booked": words.quantity(Decimal(one["booked"]))}
    if "filled" not in one:
        return say(words, "{coin}: I had booked {booked}, and the exchange does not show that order. Please look there.", **given)
    given |= {"filled": words.quantity(Decimal(one["filled"])), "price": words.price(Decimal(one["price"]))}
    if one["side"] == "sell":
        return say(words, "{coin}: sold {filled} at {price}; I had booked {booked}.", **given)
    return say(words, "{coin}: bought {filled} at {price}; I had booked {booked}.", **given)
