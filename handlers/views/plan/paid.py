"""What a plan was carried out at: each leg beside the price of its card, the whole in money and basis points, and why a leg ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import LegKind, LegState, Mode
from chatbot.plans import costs
from handlers.views.common import DOT, code, coin, esc, joined, say
from handlers.views.plan.legs import MARKS, ended_short, note_text, progress_line, trade_of, why_of

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import Leg, Plan
    from handlers.views.common import Html

_DONE = {
    "sell": N_("sold {amount} {coin} at {price}"),
    "buy": N_("bought {amount} {coin} at {price}"),
    "reduce_long": N_("futures: reduced the {coin} long by {amount} at {price}"),
    "reduce_short": N_("futures: reduced the {coin} short by {amount} at {price}"),
    "futures_buy": N_("futures: bought {amount} {coin} at {price}"),
    "futures_sell": N_("futures: sold {amount} {coin} at {price}"),
}
#: a price this far from the card's is said in per cent too
_NOTABLE = 0.005


def paid_line(words: Words, leg: Leg) -> Html:
    """Return a leg that has ended: what was traded, at which price beside the card's, and why where it was less than planned."""
    if not leg.filled or leg.state not in (LegState.FILLED, LegState.PARTIAL):
        return progress_line(words, leg)
    short = ended_short(leg)
    why = why_of(leg) if short or leg.state is LegState.FILLED else ""
    parts = (_done_text(words, leg, short=short), _against_card(words, leg), esc(note_text(words, why, rest=short)) if why else None)
    mark = MARKS[LegState.PARTIAL if short else LegState.FILLED]
    return joined(" ", (mark, f"{leg.index + 1}.", joined(DOT, parts)))


def _done_text(words: Words, leg: Leg, *, short: bool) -> Html:
    if leg.is_transfer:
        amount = code(f"{words.number(leg.filled, 2)} {leg.instrument}")
        to_spot = leg.kind is LegKind.TO_SPOT
        return say(
            words, N_("moved {amount} from futures to spot") if to_spot else N_("moved {amount} from spot to futures"), amount=amount
        )
    amount = code(words.quantity(leg.filled))
    if short:
        amount = say(words, "{part} of {whole}", part=amount, whole=words.quantity(leg.qty))
    price = code(words.price(leg.average or leg.price))
    return say(words, _DONE[trade_of(leg)], amount=amount, coin=coin(leg.instrument), price=price)


def _against_card(words: Words, leg: Leg) -> Html | None:
    """Say what the card's price was, and by how much the paid one differs where that is notable."""
    card = costs.card_price(leg)
    if leg.is_transfer or leg.average is None or not card:
        return None
    if words.price(leg.average) == words.price(card):
        return say(words, "as on the card")
    share = leg.average / card - 1
    if abs(share) < _NOTABLE:
        return say(words, "card {price}", price=words.price(card))
    percent = words.percent(abs(share))
    if share > 0:
        return say(words, "card {price}, {percent} more", price=words.price(card), percent=percent)
    return say(words, "card {price}, {percent} less", price=words.price(card), percent=percent)


def totals(words: Words, plan: Plan) -> list[Html]:
    """Return what was traded, its fees, and the slippage beside what the card had said of it; in money and basis points.

    Slippage counts from the middle price, as on the card and in /review. Where that is not known, the prices of the card are what there is
    to compare with.
    """
    paid = costs.paid(plan.legs)
    fees = say(words, "fees paid {amount}", amount=words.money(paid.fees))
    traded = joined(
        DOT, (say(words, "Traded {amount}", amount=words.money(paid.traded, 0)), joined(" ", (fees, _bps(words, paid.fees_bps))))
    )
    if not paid.traded:
        return [traded]
    # by hand the limits stand for prices that nobody has told
    slipped = None if plan.mode is Mode.MANUAL else _slippage(words, paid, plan.waiting_bps)
    return [traded, slipped or _over_card(words, paid)]


def _slippage(words: Words, paid: costs.Paid, waiting: Decimal | None) -> Html | None:
    """Say what was lost from the middle price, and what may explain it where it was more than told; None: it is not known."""
    if paid.slipped is None or paid.told is None:
        return None
    facts = {"amount": words.money(abs(paid.slipped)), "number": words.number(abs(paid.slipped_bps), 1)}
    if paid.slipped.quantize(costs.CENT) < 0:
        slipped = say(words, "{amount} ({number} bp) better than the middle price", **facts)
    else:
        slipped = say(words, "Slippage {amount} ({number} bp)", **facts)
    told = say(words, "the card said {told}", told=words.money(paid.told))
    usual = (
        None
        if waiting is None or paid.slipped <= paid.told
        else say(words, "prices usually move {move} bp meanwhile", move=words.number(waiting, 1))
    )
    return joined(DOT, (slipped, told, usual))


def _over_card(words: Words, paid: costs.Paid) -> Html:
    facts = {"amount": words.money(abs(paid.over_card)), "number": words.number(abs(paid.over_card_bps), 1)}
    if not abs(paid.over_card).quantize(costs.CENT):
        return say(words, "Prices as on the card")
    if paid.over_card > 0:
        return say(words, "Paid {amount} ({number} bp) more than the card", **facts)
    return say(words, "Paid {amount} ({number} bp) less than the card", **facts)


def _bps(words: Words, bps: Decimal) -> Html | None:
    return say(words, "({number} bp)", number=words.number(bps, 1)) if bps else None
