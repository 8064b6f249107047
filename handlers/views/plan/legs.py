"""Legs of a plan in words: what one does, where it stands, what went wrong with it, what was left out and why."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import STOPPED, LeftOutWhy, LegKind, LegState
from chatbot.plans import costs
from handlers.views.common import DOT, clip, code, coin, esc, joined, name_of, say

if TYPE_CHECKING:
    from chatbot.i18n import Words
    from chatbot.model import LeftOut, Leg
    from handlers.views.common import Html

MARKS = {
    LegState.PLANNED: "○",
    LegState.SUBMITTING: "…",
    LegState.OPEN: "…",
    LegState.FILLED: "✓",
    LegState.PARTIAL: "◐",
    LegState.REJECTED: "✗",
    LegState.UNKNOWN: "?",
    LegState.DROPPED: "–",
}
_STATES = {
    LegState.PLANNED: N_("waiting"),
    LegState.SUBMITTING: N_("being sent"),
    LegState.OPEN: N_("in the order book"),
    LegState.FILLED: N_("done"),
    LegState.PARTIAL: N_("only part of it done"),
    LegState.REJECTED: N_("refused"),
    LegState.UNKNOWN: N_("sent, outcome unknown"),
    LegState.DROPPED: N_("left out"),
}
_TRADES = {
    "sell": N_("sell {amount} {coin} at {price}"),
    "buy": N_("buy {amount} {coin} at {price}"),
    "reduce_long": N_("futures: reduce the {coin} long by {amount} at {price}"),
    "reduce_short": N_("futures: reduce the {coin} short by {amount} at {price}"),
    "futures_buy": N_("futures: buy {amount} {coin} at {price}"),
    "futures_sell": N_("futures: sell {amount} {coin} at {price}"),
}
_NOTES = {
    "not_enough_money": N_("not enough money"),
    "margin": N_("not enough collateral"),
    "shrunk": N_("made smaller, because less money arrived"),
    "replanned": N_("calculated again from what was filled"),
    "unpaid": N_("what pays for it was left out"),
    "below_minimum": N_("under the exchange's minimum"),
    "live_order": N_("your limit for one order is under the exchange's minimum"),
    "halted": N_("the exchange has stopped trading it"),
    "unknown_instrument": N_("the exchange does not trade it"),
    "unfilled": N_("nobody traded at the limit price"),
    "not_fillable": N_("nobody traded at the limit price"),
    "bad_price": N_("no reliable price"),
    "reduce_only": N_("there was nothing left to reduce"),
    "price_band": N_("the exchange takes no order so far from its price"),
    "too_much": N_("more than the exchange takes in one order"),
    "too_many_orders": N_("too many open orders at the exchange: cancel some there"),
    "bad_leverage": N_("the exchange allows less leverage for it"),
    "liquidation": N_("the exchange is liquidating this account"),
    "hedge_mode": N_("the account is in hedge mode: switch it to one-way mode at the exchange"),
    "not_permitted": N_("this key may not trade it: look at its rights at the exchange"),
    "unknown": N_("the exchange did not say whether it was filled"),
    "closed": N_("ended by you"),
    STOPPED: N_("stopped by you"),
    "barred": N_("stopped, because the operator blocked you"),
    "paused": N_("stopped by the pause"),
    "trading_halted": N_("stopped by the operator"),
}
#: the same of a leg of which something was filled: why the rest was not
_REST = {
    "not_enough_money": N_("the money was used up"),
    "below_minimum": N_("the rest is under the exchange's minimum"),
    "unfilled": N_("the rest was not available within the limit"),
    "not_fillable": N_("the rest was not available within the limit"),
}
#: words of the exchange about an order that it did not like; which of them it was helps only the operator, who has the log
_REFUSALS = frozenset({"refused", "bad_request", "invalid_order", "bad_amount", "bad_lot", "bad_tick", "not_supported"})
#: a leg may reach its end and still be another one than the card showed
_CHANGED = frozenset({"shrunk", "replanned"})
#: a leg may be left out because nothing of it is needed any more, or was already when its plan was confirmed
_NOT_NEEDED = frozenset({"", "replanned", "unpaid"})
#: a remainder smaller than this share of a leg is no failure
_DUST = Decimal("0.001")
#: decimals of an amount, and how many it may have
_CENTS, _MOST_DIGITS = 2, 8
_LEFT_OUT = {
    LeftOutWhy.BELOW_MINIMUM: N_("{coin}: {amount} is under the exchange's minimum of {minimum}"),
    LeftOutWhy.SMALL: N_("{coin}: {amount} is under {minimum}, the smallest order that is worth its fees"),
    LeftOutWhy.HALTED: N_("{coin}: the exchange has stopped trading it"),
    LeftOutWhy.STAYS_CASH: N_("{amount}, which stays cash: that is under its target too"),
    LeftOutWhy.NO_PRICE: N_("{coin}: there is no reliable price"),
    LeftOutWhy.CASH_LIMITED: N_("buys are smaller than wanted: there is not enough money"),
    LeftOutWhy.WITHDRAW_LIMITED: N_("some money stays in the futures account: it is margin there, or profit of open positions"),
    LeftOutWhy.COLLATERAL_LIMITED: N_("the futures account gets less than wanted: there is not enough money"),
    LeftOutWhy.TURNOVER: N_("everything above your limit of {amount} for one plan: it waits for the next one"),
    LeftOutWhy.FIRST_LIVE: N_("{amount} more: a first plan on an account trades a tenth, and the rest is offered after it"),
    LeftOutWhy.LIVE_LIMITS: N_("{amount} more, which is over your limits for this account"),
    LeftOutWhy.RISK_OFF: N_("{coin}: this plan lowers risk, so it buys nothing"),
    LeftOutWhy.CAP_SCALED: N_("futures are smaller than wanted: the leverage limit comes first"),
}


def leg_text(words: Words, leg: Leg) -> Html:
    """Return what a leg does, with amounts that a tap copies: sell 0.0731 BTC at 60,030.00."""
    if leg.is_transfer:
        amount = code(f"{words.number(leg.qty, 2)} {clip(leg.instrument, 12)}")
        if leg.kind is LegKind.TO_SPOT:
            return say(words, "move {amount} from futures to spot", amount=amount)
        return say(words, "move {amount} from spot to futures", amount=amount)
    price = code(words.price(leg.limit if leg.limit is not None else leg.price))
    return say(words, _TRADES[trade_of(leg)], amount=code(words.quantity(leg.qty)), coin=coin(leg.instrument), price=price)


def trade_of(leg: Leg) -> str:
    """Return the machine word for what a leg that trades does."""
    if leg.kind in (LegKind.SPOT_SELL, LegKind.SPOT_BUY):
        return leg.side
    if leg.kind is LegKind.FUTURES_REDUCE:
        return "reduce_long" if leg.sells else "reduce_short"
    return "futures_sell" if leg.sells else "futures_buy"


def planned_line(words: Words, leg: Leg) -> Html:
    """Return a leg of a card: its number, what it does, its value."""
    value = None if leg.is_transfer else words.money(leg.notional, 0)
    warning = None
    if leg.slippage_bps is not None and leg.slippage_bps > costs.ASK_BPS:
        warning = say(words, "⚠ slippage about {number} bp", number=words.number(leg.slippage_bps, 0))
    return joined(" ", (f"{leg.index + 1}.", joined(DOT, (leg_text(words, leg), value, warning))))


def progress_line(words: Words, leg: Leg, stands: str | None = None) -> Html:
    """Return a leg on its way: what it does, where it stands (``stands``, where that is another than its state), how much is filled."""
    mark = MARKS[LegState.DROPPED if leg.state is LegState.PARTIAL and not leg.filled else leg.state]
    return joined(" ", (mark, f"{leg.index + 1}.", joined(DOT, (leg_text(words, leg), esc(stands or leg_state(words, leg))))))


def leg_state(words: Words, leg: Leg) -> str:
    """Return where a leg stands, with the filled share, how many orders that took and what went wrong."""
    nothing = leg.state is LegState.PARTIAL and not leg.filled
    told = [words.t("nothing of it done") if nothing else words.t(_STATES[leg.state])]
    if leg.state in (LegState.OPEN, LegState.PARTIAL) and leg.qty and not leg.is_transfer and not nothing:
        told.append(words.t("{percent} filled", percent=words.percent(leg.filled / leg.qty, 0)))
    if leg.state is LegState.OPEN and leg.attempts > 1:
        told.append(words.n("{count} order so far", "{count} orders so far", leg.attempts))
    if why := why_of(leg):
        told.append(note_text(words, why, rest=leg.state is LegState.PARTIAL and not nothing))
    return ", ".join(told)


def why_of(leg: Leg) -> str:
    """Return the machine word for why a leg ended, or was changed, as it was; empty where there is nothing to say."""
    return leg.note if leg.state is not LegState.FILLED or leg.note in _CHANGED else ""


def note_text(words: Words, note: str, *, rest: bool = False) -> str:
    """Return what went wrong with a leg, or with the ``rest`` of it; a word that nobody translated is shown as it is."""
    if note in _REFUSALS:
        return words.t("the exchange did not take the order")
    known = _REST.get(note) if rest else None
    known = known or _NOTES.get(note)
    return words.t(known) if known else clip(note.replace("_", " "), 40)


def ended_short(leg: Leg) -> bool:
    """Tell whether a leg did less than it was to do in the end.

    Neither one that the person left out, which has no note, nor one that was made smaller, or was needed no more, and was done like that.
    """
    if leg.state is LegState.PARTIAL:
        return leg.filled < leg.qty * (1 - _DUST)
    if leg.state is LegState.DROPPED:
        return leg.note not in _NOT_NEEDED
    return leg.state in (LegState.REJECTED, LegState.UNKNOWN)


def left_out_text(words: Words, left: LeftOut) -> Html:
    """Return one leg or part of a plan that could not be, and why."""
    if left.why is LeftOutWhy.BELOW_MINIMUM and (left.amount is None or left.minimum is None):
        return say(words, "{coin}: the amount is under the exchange's minimum", coin=name_of(words, left.instrument))
    template = _LEFT_OUT.get(left.why, N_("{coin}: cannot be traded now"))
    minimum = words.money(left.minimum, 0) if left.minimum is not None else ""
    return say(words, template, coin=name_of(words, left.instrument), amount=_missed_by(words, left), minimum=minimum)


def _missed_by(words: Words, left: LeftOut) -> str:
    """Return what an order would have come to, with more decimals where it would look like the minimum that it is under."""
    if left.amount is None:
        return ""
    digits = _CENTS
    while left.minimum is not None and digits < _MOST_DIGITS and words.money(left.amount, digits) == words.money(left.minimum, digits):
        digits += 1
    return words.money(left.amount, digits)
