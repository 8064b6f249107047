"""What /panic trades: every position closed, then every coin sold; from what is there, whatever targets and limits say. Pure."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import in_steps
from chatbot.engine.planner.prices import round_price
from chatbot.engine.portfolio import tradable
from chatbot.model import Cause, LeftOut, LeftOutWhy, Leg, LegKind, Plan, PlanState, PortfolioFigures, Reason
from chatbot.plans import intended_mix
from chatbot.plans.by_hand import LASTS
from chatbot.plans.costs import fees_of
from chatbot.plans.draft import figures_after
from chatbot.portfolio import valuation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.exchanges.base import Market, Quote
    from chatbot.plans.costs import Costing
    from chatbot.portfolio.evaluation import Evaluation

#: how far from the middle such an order may go (domain 9.6); who trades by hand is told the middle
_BOUND_BPS = Decimal(30)
_ZERO, _CENT = Decimal(0), Decimal("0.01")


def draft(evaluation: Evaluation, cause: Cause, costing: Costing, now: datetime) -> Plan | None:
    """Return what a step of a panic trades, with what it costs; None where nobody knows what is there."""
    if evaluation.account is None:
        return None
    make = closing if cause is Cause.PANIC else selling
    return costing.priced(make(of_what_is_known(evaluation), now), evaluation.quotes, evaluation.markets)


def of_what_is_known(evaluation: Evaluation) -> Evaluation:
    """Return an evaluation with the value of all that has a sound price, where not everything has.

    What has none can neither be valued nor traded; it must not hold up the rest. Without an account, or where debts are larger than
    the rest, there are no figures.
    """
    if evaluation.figures is not None or evaluation.account is None:
        return evaluation
    strategy = evaluation.portfolio.strategy
    try:
        held = valuation.value_of(valuation.snapshot(evaluation.account, strategy, evaluation.quotes, partial=True), strategy)
        return replace(evaluation, held=held, figures=valuation.figures(held, strategy, evaluation.markets))
    except Refused:
        return evaluation


def closing(evaluation: Evaluation, now: datetime) -> Plan:
    """Return the plan that closes every position that has a price, the largest first; without legs where there is nothing to close."""
    held = evaluation.account.positions if evaluation.account else ()
    largest_first = sorted(held, key=lambda one: (-abs(one.qty * one.mark), one.instrument))
    found = [_leg(evaluation, one.instrument, LegKind.FUTURES_REDUCE, abs(one.qty), sells=one.qty > 0) for one in largest_first]
    return _plan(evaluation, Cause.PANIC, found, now)


def selling(evaluation: Evaluation, now: datetime) -> Plan:
    """Return the plan that sells every coin, other stablecoins too, and brings home what lies in the futures account of a flat book.

    What the person keeps out is never traded, not even now.
    """
    account = evaluation.account
    if account is None:
        return _plan(evaluation, Cause.SELL_OUT, [], now)
    money = account.quote_asset
    spot = account.balances.spot
    coins = sorted(
        (asset, qty) for asset, qty in tradable(spot, spot, evaluation.portfolio.strategy.kept).items() if asset != money and qty > 0
    )
    found = [_leg(evaluation, asset, LegKind.SPOT_SELL, qty, sells=False) for asset, qty in coins]
    home = in_steps(account.balances.futures_wallet, _CENT)
    if home > 0 and not account.positions:
        found.append(Leg(index=0, kind=LegKind.TO_SPOT, instrument=money, qty=home))
    plan = _plan(evaluation, Cause.SELL_OUT, found, now)
    if evaluation.effective is None:
        return plan
    # after /resume the coins are bought back in the mix that was meant before (domain 2.3)
    return replace(plan, targets=intended_mix.on_plan(evaluation, evaluation.effective.targets, plan.after.value, plan.legs))


def _leg(evaluation: Evaluation, instrument: str, kind: LegKind, qty: Decimal, *, sells: bool) -> Leg | LeftOut:
    """Return the leg that trades all of it, or why it cannot be traded; a reduction may be smaller than the exchange's minimum."""
    market, quote = evaluation.markets.get(instrument), evaluation.quotes.get(instrument)
    if quote is None or market is None:
        return LeftOut(why=LeftOutWhy.NO_PRICE, instrument=instrument)
    if not market.trading:
        return LeftOut(why=LeftOutWhy.HALTED, instrument=instrument, amount=qty * quote.price)
    reduces = kind is LegKind.FUTURES_REDUCE
    side = "sell" if sells or not reduces else "buy"
    try:
        limit = _limit(quote, market, side, by_hand=evaluation.portfolio.is_by_hand)
    except Refused:
        return LeftOut(why=LeftOutWhy.NO_PRICE, instrument=instrument)
    lots = qty if reduces else in_steps(qty, market.lot)
    if market.is_too_small(lots, min(limit, quote.price), exempt=reduces):
        least = max(market.min_notional, market.min_qty * quote.price, market.lot * quote.price)
        return LeftOut(why=LeftOutWhy.BELOW_MINIMUM, instrument=instrument, amount=qty * quote.price, minimum=least)
    return Leg(index=0, kind=kind, instrument=instrument, qty=lots, limit=limit, reduce_only=reduces, sells=sells, price=quote.price)


def _limit(quote: Quote, market: Market, side: str, *, by_hand: bool) -> Decimal:
    """Return the worst price that such an order may get; by hand the middle. Raises ``engine.errors.Refused``."""
    return round_price(quote.mid, side, market.tick, _ZERO if by_hand else _BOUND_BPS, "passive" if by_hand else "marketable")


def _plan(evaluation: Evaluation, cause: Cause, found: Sequence[Leg | LeftOut], now: datetime) -> Plan:
    legs = [one for one in found if isinstance(one, Leg)]
    portfolio = evaluation.portfolio
    numbered = tuple(replace(leg, index=index) for index, leg in enumerate(legs))
    before, after = _figures(evaluation, numbered)
    return Plan(
        id=0,
        number=0,
        portfolio_id=portfolio.id,
        mode=portfolio.mode,
        watched=portfolio.is_watched,
        state=PlanState.PROPOSED,
        reasons=(Reason(trigger=cause),),
        before=before,
        after=after,
        legs=numbered,
        left_out=tuple(one for one in found if isinstance(one, LeftOut)),
        fees=fees_of(numbered, evaluation.markets),
        prices={name: quote.price for name, quote in evaluation.quotes.items()},
        created_at=now,
        expires_at=now + LASTS,
    )


def _figures(evaluation: Evaluation, legs: tuple[Leg, ...]) -> tuple[PortfolioFigures, PortfolioFigures]:
    """Return the portfolio before and after; without any lines where nobody can tell what it is worth."""
    nothing = PortfolioFigures(value=_ZERO, lines=(), net=_ZERO, gross=_ZERO, futures_net=_ZERO, beta=_ZERO, leverage=None)
    if evaluation.figures is None:
        return nothing, nothing
    try:
        return evaluation.figures, figures_after(evaluation, legs)
    except Refused:
        return evaluation.figures, nothing


def is_stuck(plan: Plan) -> bool:
    """Tell whether something that is there cannot be traded now, dust apart."""
    return any(left.why is not LeftOutWhy.BELOW_MINIMUM for left in plan.left_out)
