"""Limits of a portfolio with real money, where plans are made, at Confirm, and before each order.

Legend: V portfolio value.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.model import Breach, DecidedBy, LeftOut, LeftOutWhy, LegKind, LegState, LiveStop, Mode
from chatbot.plans import draft, hedge_draft
from chatbot.plans.costs import fees_of
from chatbot.plans.outcomes import NothingToDo
from chatbot.plans.real_money.within import Does, Trade, within
from chatbot.portfolio.stored import turnover
from chatbot.portfolio.turnover import traded
from chatbot.store import keys, portfolios
from chatbot.triggers import tilt
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chatbot.exchanges.base import Market
    from chatbot.model import Leg, Plan, Portfolio
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.store.database import Tx

#: a plan is kept so far under what is left of the day: what counts in the end is what it was filled at, and not the prices of its card
_WORSE = Decimal("0.01")
_ZERO, _CENT, _ANY = Decimal(0), Decimal("0.01"), Decimal("Infinity")
_DOES = {
    LegKind.SPOT_SELL: Does.SELLS,
    LegKind.SPOT_BUY: Does.BUYS,
    LegKind.FUTURES_REDUCE: Does.REDUCES,
    LegKind.FUTURES_INCREASE: Does.INCREASES,
}


def held_to(evaluation: Evaluation, plan: Plan) -> Plan:
    """Return a plan with no more of its legs than may be traded now; one without real money as it is.

    What was cut is left out, and is offered by the next plan. Raises ``engine.errors.Refused``.
    """
    terms, value = evaluation.portfolio.live, plan.before.value
    if plan.mode is not Mode.LIVE or terms is None:
        return plan
    budget = max(_ZERO, terms.limits.turnover * value - evaluation.used_today) / (1 + _WORSE)
    first = None if terms.first_share is None else terms.first_share * value
    within_first = budget if first is None else min(budget, first)
    trades = [_trade(leg, evaluation) for leg in plan.legs]
    sizes = within(trades, budget=within_first, largest=terms.limits.order)
    legs = tuple(replace(leg, qty=qty) for leg, qty in zip(plan.legs, sizes, strict=True) if qty)
    if legs == plan.legs:
        return plan
    legs = tuple(replace(leg, index=index) for index, leg in enumerate(legs)) if _trades(legs) else ()
    by_first = first is not None and first <= budget and sizes == within(trades, budget=first, largest=_ANY)
    why = LeftOutWhy.FIRST_LIVE if by_first else LeftOutWhy.LIVE_LIMITS
    undone = _value(plan.legs) - _value(legs)
    cut = replace(plan, legs=legs, left_out=(*plan.left_out, LeftOut(why=why, amount=undone)))
    planned = hedge_draft.as_planned(tilt.as_planned(evaluation, cut), cut)
    cut = replace(cut, after=draft.figures_after(planned, legs), fees=fees_of(legs, evaluation.markets))
    return hedge_draft.with_fall(planned, cut)


def _trade(leg: Leg, evaluation: Evaluation) -> Trade:
    if leg.is_transfer:
        return Trade(does=Does.MOVES, qty=leg.qty, price=Decimal(1), lot=_CENT)
    market: Market = evaluation.markets[leg.instrument]
    does = Does.REDUCES if leg.reduce_only else _DOES[leg.kind]
    return Trade(does=does, qty=leg.qty, price=leg.price, lot=market.lot, min_qty=market.min_qty, min_notional=market.min_notional)


def _trades(legs: tuple[Leg, ...]) -> bool:
    return any(not leg.is_transfer for leg in legs)


def _value(legs: tuple[Leg, ...]) -> Decimal:
    return sum((leg.notional for leg in legs if leg.state is not LegState.DROPPED and not leg.is_transfer), _ZERO)


def nothing(portfolio: Portfolio, plan: Plan) -> NothingToDo | None:
    """Return that nothing of a plan may be traded now, where its limits have left no leg; None where there are some."""
    return (
        None if plan.legs or plan.mode is not Mode.LIVE else NothingToDo(portfolio=portfolio, figures=plan.before, left_out=plan.left_out)
    )


def breach(plan: Plan, portfolio: Portfolio, used: Decimal) -> Breach | None:
    """Return what keeps a plan with real money from being carried out; None where nothing does, or no real money is in it.

    ``used`` is what was traded today beside this plan; of the plan itself counts what was filled, at the prices of the fills, and what
    it may still trade. /panic is held to no limit: it takes out what is there.
    """
    if plan.mode is not Mode.LIVE:
        return None
    terms, value = portfolio.live, plan.before.value
    if terms is None or portfolio.mode is not Mode.LIVE:
        return Breach(why=LiveStop.WATCHED)
    if plan.is_panic:
        return None
    total = _value(plan.legs)
    largest = max((leg.notional for leg in plan.legs if leg.state is not LegState.DROPPED and not leg.is_transfer), default=_ZERO)
    day = used + traded(plan)
    bounds = [(LiveStop.ORDER, largest, terms.limits.order), (LiveStop.TURNOVER, day, terms.limits.turnover * value)]
    if terms.first_share is not None:
        bounds.append((LiveStop.FIRST, total, terms.first_share * value))
    return next((Breach(why=why, amount=amount, limit=limit) for why, amount, limit in bounds if amount > limit), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RealMoney:
    """Asks, inside a transaction, whether a plan may be carried out with real money as everything stands in it."""

    #: tells whether the operator lets a portfolio trade with real money; a test account needs no permission
    may_trade: Callable[[Portfolio], bool]

    async def breach(self, tx: Tx, plan: Plan, now: datetime) -> Breach | None:
        """Return what keeps a plan from being carried out; None where nothing does, or no real money is in it."""
        if plan.mode is not Mode.LIVE:
            return None
        portfolio = await portfolios.get(tx, plan.portfolio_id)
        if portfolio is None:
            return Breach(why=LiveStop.WATCHED)
        if not self.may_trade(portfolio):
            return Breach(why=LiveStop.OFF)
        if (wrong := await _key(tx, plan, portfolio, now)) is not None:
            return Breach(why=wrong)
        return breach(plan, portfolio, await turnover.with_real_money_today(tx, portfolio, now, beside=plan.id))


async def _key(tx: Tx, plan: Plan, portfolio: Portfolio, now: datetime) -> LiveStop | None:
    """Return why nothing may be sent with a portfolio's key, by what its exchange said last; None where it stands on none, or nothing."""
    if portfolio.key_id is None:
        return None
    report = await keys.report_of(tx, portfolio.key_id)
    spot = any(leg.kind in (LegKind.SPOT_SELL, LegKind.SPOT_BUY) for leg in plan.legs)
    futures = any(leg.kind in (LegKind.FUTURES_REDUCE, LegKind.FUTURES_INCREASE) for leg in plan.legs)
    if report is None or report.stops(now, spot=spot, futures=futures):
        return LiveStop.KEY
    return LiveStop.SHARED if report.account and portfolio.account is None else None


async def note_tried(tx: Tx, plan: Plan) -> None:
    """Note that a plan with real money was confirmed by hand and has traded: the next one is not held to a tenth."""
    by_hand = plan.decided_by is DecidedBy.PERSON and not plan.is_panic
    if plan.mode is not Mode.LIVE or not by_hand or not any(leg.filled for leg in plan.legs if not leg.is_transfer):
        return
    portfolio = await portfolios.get(tx, plan.portfolio_id)
    if portfolio is not None and portfolio.live is not None and not portfolio.live.is_tried:
        await portfolios.save(tx, replace(portfolio, live=replace(portfolio.live, is_tried=True)))
