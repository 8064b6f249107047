"""What a plan costs, in words: fees, slippage, the funding of new futures, and the question that a expensive leg asks before Confirm."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import LegState
from chatbot.plans import costs
from handlers.buttons import Style
from handlers.views.common import DASH, DOT, View, bold, button, coin, esc, head, joined, page, say
from handlers.views.plan.legs import planned_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import FuturesCost, Plan, Portfolio
    from handlers.views.common import Html

#: expensive legs that are written out; what they cost counts all of them
_MOST = 12


def costs_line(words: Words, plan: Plan) -> Html:
    """Return what a plan costs in one line: fees and slippage in money; a slippage that is not known is a dash."""
    fees = words.money(plan.fees)
    if costs.total_bps(plan.legs) is None:
        return say(words, "Costs: fees about {fees}, slippage {dash}", fees=fees, dash=DASH)
    slippage = sum((costs.cost_of(leg) for leg in costs.kept(plan.legs)), Decimal(0))
    total = bold(words.money(plan.fees + slippage))
    return say(words, "Costs about {amount}: fees {fees}, slippage {slippage}", amount=total, fees=fees, slippage=words.money(slippage))


def costs_lines(words: Words, plan: Plan) -> list[Html]:
    """Return the estimated fees and slippage of what is kept; a slippage that is not known is a dash, and why."""
    fees = say(words, "Fees about {amount}", amount=words.money(plan.fees))
    unknown = costs.unknown(plan.legs)
    # The legs of plans of older versions do not know their own.
    older = len(unknown) == len(costs.kept(plan.legs)) and plan.slippage_bps is not None
    total = plan.slippage_bps if older else costs.total_bps(plan.legs)
    if total is not None:
        told = joined(DOT, (fees, say(words, "slippage about {number} bp", number=words.number(total, 1))))
        return [told, *waiting_lines(words, plan), *holding_lines(words, plan)]
    told = joined(DOT, (fees, say(words, "slippage {dash}", dash=DASH)))
    return [told, *unknown_lines(words, plan), *waiting_lines(words, plan), *holding_lines(words, plan)]


def waiting_lines(words: Words, plan: Plan) -> list[Html]:
    """Say how far prices usually move while orders rest, or go in slices (domain 9.6)."""
    if plan.waiting_bps is None:
        return []
    told = N_("Until its orders are done, prices usually move by about {number} bp.")
    return [say(words, told, number=words.number(plan.waiting_bps, 1))]


def unknown_lines(words: Words, plan: Plan) -> list[Html]:
    """Say of which coins the slippage is not known, and why; nothing where all of it is."""
    names = ", ".join(dict.fromkeys(coin(leg.instrument) for leg in costs.unknown(plan.legs)[:6]))
    told = N_("How far {coins} would move the price is unknown: no recent volume or volatility.")
    return [say(words, told, coins=names)] if names else []


def holding_lines(words: Words, plan: Plan) -> list[Html]:
    """Return what new futures cost to hold for a month, and whether the coin itself would be cheaper (domain 11.2)."""
    still = {leg.instrument for leg in costs.kept(plan.legs)}
    return [_holding(words, one) for one in plan.holding[:2] if one.contract in still]


def _holding(words: Words, cost: FuturesCost) -> Html:
    facts = {"coin": coin(cost.contract), "amount": words.money(abs(cost.carry))}
    if cost.days is None:
        return say(words, "{coin} futures earn about {amount} of funding in 30 days: cheaper than trading the coin.", **facts)
    if cost.days < costs.CARRY_DAYS:
        return say(words, "{coin} futures pay about {amount} of funding in 30 days: trading the coin would be cheaper.", **facts)
    return say(words, "{coin} futures pay about {amount} of funding in 30 days: still cheaper than trading the coin.", **facts)


def question(words: Words, portfolio: Portfolio, plan: Plan, now: datetime) -> View:
    """Ask about the legs that cost more than 50 bp: trade them all the same, or leave them out; nothing was sent."""
    expensive = [leg for leg in plan.legs if leg.index in costs.expensive(plan.legs)]
    total = sum((costs.cost_of(leg) for leg in expensive), Decimal(0))
    text = page(
        head(words, portfolio, say(words, "Plan {number}", number=plan.number), bold(words.t("one question first"))),
        esc(words.n("This leg is large for its market:", "These legs are large for their markets:", len(expensive))),
        *(planned_line(words, leg) for leg in expensive[:_MOST]),
        "",
        say(
            words,
            "Trading now would move the price against you by about {amount}, an estimate. Nothing was sent yet.",
            amount=bold(words.money(total)),
        ),
        say(words, "{span} to answer", span=words.span((plan.expires_at - now).total_seconds())),
    )
    arg = f"{as_shown(plan)}:{mask_of(leg.index for leg in expensive)}"
    out = words.n("Leave it out", "Leave them out", len(expensive))
    keyboard = (
        (button(words.t("Trade it anyway"), "pay", arg, Style.DANGER),),
        (button(out, "leave_dear", arg), button(words.t("Back to the plan"), "card", plan.id)),
    )
    return View(text, keyboard)


def as_shown(plan: Plan) -> str:
    """Name a plan and the legs that are left out of it, for a button that acts: on the plan as its page showed it, or not at all."""
    return f"{plan.id}:{mask_of(left_out(plan))}"


def left_out(plan: Plan) -> frozenset[int]:
    """Return the numbers of the legs that a plan's person has left out."""
    return frozenset(leg.index for leg in plan.legs if leg.state is LegState.DROPPED)


def mask_of(indexes: Iterable[int]) -> str:
    """Write numbers of legs as one short word for a button: what was asked about is what is answered."""
    return f"{sum(1 << index for index in indexes):x}"


def legs_of(mask: str) -> frozenset[int]:
    """Read what :func:`mask_of` wrote."""
    bits = int(mask, 16)
    return frozenset(index for index in range(bits.bit_length()) if bits >> index & 1)
