"""Coins that their exchange has halted or lists no longer: how they count, and what a person is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import LegState
from chatbot.model.life import StopKind
from chatbot.portfolio.lives.ways_out import Case, is_decided
from handlers.views.common import DASH, View, bold, button, esc, head, joined, line_name, name_of, page, say
from handlers.views.portfolio.ways_out import choice_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import Plan, Portfolio, PortfolioFigures
    from chatbot.model.life import Stop
    from handlers.views.common import Html

#: told one by one; the rest is counted
_MOST = 8
_HAPPENED = {
    StopKind.HALTED: N_("The exchange has halted {coin}, since {since}."),
    StopKind.GONE: N_("The exchange no longer lists {coin}, since {since}."),
}
_STANDING = {
    StopKind.HALTED: N_("{coin} halted since {since}: counts at its last price {price}, {age} old."),
    StopKind.GONE: N_("{coin} no longer listed since {since}: counts at its last price {price}, {age} old."),
}


def standing_lines(words: Words, figures: PortfolioFigures, now: datetime) -> list[Html]:
    """Say of everything that is held and not traded since when, and at which price of which age it counts."""
    waits = N_("{line} can't be bought any more: its target of {percent} waits as cash.")
    waiting = [say(words, waits, line=line_name(words, line), percent=words.percent(target)) for line, target in figures.waiting.items()]
    return [*(_standing(words, stop, now) for stop in figures.stopped[:_MOST]), *waiting]


def _standing(words: Words, stop: Stop, now: datetime) -> Html:
    age = words.age((now - stop.priced_at).total_seconds()) if stop.priced_at is not None else DASH
    price = words.price(stop.price) if stop.price is not None else DASH
    facts = {"coin": name_of(words, stop.instrument), "since": words.moment(stop.since), "price": price, "age": age}
    return say(words, _STANDING.get(stop.kind, _STANDING[StopKind.HALTED]), **facts)


def stopped(words: Words, portfolio: Portfolio, stops: Sequence[tuple[Stop, Decimal]], waiting: Plan | None = None) -> View:
    """Tell which coins and contracts are not traded any more, since when, and what they count at; each with the signed amount held.

    ``waiting`` is the plan that waits or is under way: of one by hand the orders in them are named, which nobody can trade.
    """
    told = [_told(words, stop, qty) for stop, qty in stops[:_MOST]]
    text = page(
        head(words, portfolio, name=True),
        *told,
        esc(words.n("and {count} more", "and {count} more", len(stops) - _MOST)) if len(stops) > _MOST else None,
        say(words, "I place no orders in it, and nothing else is bought or sold in its place. The rest of the portfolio goes on."),
        _in_plan(words, {stop.instrument for stop, _ in stops}, waiting),
    )
    cases = [Case(asset=stop.instrument, qty=qty, price=stop.price, stop=stop) for stop, qty in stops if is_decided(stop)]
    return View(text, (*choice_rows(words, cases), (button(words.t("Status"), "status"), button(words.t("Why?"), "why"))))


def _in_plan(words: Words, stopped: set[str], plan: Plan | None) -> Html | None:
    """Say which orders of a card that is traded by hand can't be done any more; None where there is none."""
    if plan is None or not plan.is_by_hand:
        return None
    found = [name_of(words, leg.instrument) for leg in plan.legs if leg.instrument in stopped and leg.state is not LegState.DROPPED]
    told = N_("Plan {number} has an order in {coins}, which can't be traded now: leave it out under “Edit”.")
    return say(words, told, number=plan.number, coins=", ".join(dict.fromkeys(found))) if found else None


def _told(words: Words, stop: Stop, qty: Decimal) -> Html:
    name = name_of(words, stop.instrument)
    happened = say(words, _HAPPENED.get(stop.kind, _HAPPENED[StopKind.HALTED]), coin=bold(name), since=words.moment(stop.since))
    if stop.price is None or stop.priced_at is None:
        unknown = say(words, "Its last price is not known: until you say what should happen to it, this portfolio can't be valued.")
        return joined(" ", (happened, unknown))
    facts = {"price": bold(words.price(stop.price)), "moment": words.moment(stop.priced_at)}
    amounts = {"amount": words.quantity(abs(qty)), "coin": name, "value": words.money(abs(qty) * stop.price)}
    counts = say(words, "Last price {price}, of {moment}: {amount} {coin} count as {value}.", **facts, **amounts)
    return joined(" ", (happened, counts))


def traded_again(words: Words, portfolio: Portfolio, instruments: Iterable[str]) -> View:
    """Tell that what was halted is traded again."""
    names = ", ".join(name_of(words, name) for name in instruments)
    text = page(
        head(words, portfolio, name=True),
        say(words, "{coins}: traded again, and counted at the current price.", coins=bold(names)),
    )
    return View(text, ((button(words.t("Status"), "status"), button(words.t("Rebalance"), "rebalance")),))
