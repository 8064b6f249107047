"""Whether a card still tells the truth: settings, prices and everything that is held, against what it showed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.exact import wide
from chatbot.engine.planner.smallest_trade import smallest_trade
from chatbot.model import FUTURES, NotAlone
from chatbot.plans import costs
from chatbot.plans.outcomes import Halted, NotYours, Paused
from chatbot.portfolio.revision import revision_of
from chatbot.store import halt, portfolios

if TYPE_CHECKING:
    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import Plan, Portfolio
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.store.database import Tx

_ZERO = Decimal(0)


def settings_changed(plan: Plan, portfolio: Portfolio) -> bool:
    """Tell whether the settings that a card rests on have changed since."""
    return bool(plan.revision) and plan.revision != revision_of(portfolio)


def prices_moved(plan: Plan, evaluation: Evaluation) -> bool:
    """Tell whether a price that the plan trades at has moved by more than ``move_limit_pct`` in either direction, or is gone."""
    limit = evaluation.portfolio.strategy.move_limit_pct / 100
    for leg in costs.kept(plan.legs):
        quote = evaluation.quotes.get(leg.instrument)
        if quote is None or abs(quote.price - leg.price) > limit * leg.price:
            return True
    return False


def holdings_moved(plan: Plan, evaluation: Evaluation) -> bool:
    """Tell whether something else is held than the card showed: coins, contracts, stablecoins, or money in the futures account.

    Quantities are the same up to half a lot, which no order could trade. Money moves by itself, through funding and fees: it may
    differ as far as a price may, and by less than the smallest order, which would change no leg.
    """
    if evaluation.snapshot is None:
        return True
    with wide():
        return _quantities_moved(plan, evaluation, evaluation.snapshot) or _money_moved(plan, evaluation, evaluation.snapshot)


def _quantities_moved(plan: Plan, evaluation: Evaluation, snap: Snapshot) -> bool:
    money = {FUTURES, *(cash.asset for cash in snap.cash)}
    shown = {asset: value for asset, value in plan.before.values.items() if asset not in money} | plan.before.book
    held = {holding.asset: holding.qty for holding in snap.spot}
    held |= {position.contract: position.qty for position in snap.positions if position.qty}
    # a plan for margin in danger leaves coins without a target aside
    aside = plan.before.kept.keys() & (evaluation.figures.untargeted if evaluation.figures is not None else ())
    for name in (held.keys() | shown.keys()) - aside:
        price, market = plan.prices.get(name), evaluation.markets.get(name)
        lot = market.lot if market is not None else _ZERO
        # valued at the card's own price, so that only the quantity counts
        if price is None or abs(held.get(name, _ZERO) * price - shown.get(name, _ZERO)) > price * lot / 2:
            return True
    return False


def _money_moved(plan: Plan, evaluation: Evaluation, snap: Snapshot) -> bool:
    limit = evaluation.portfolio.strategy.move_limit_pct / 100
    least = smallest_trade(plan.before.value)
    cash = sum((one.value for one in snap.cash), _ZERO)
    shown_cash = sum((plan.before.values.get(one.asset, _ZERO) for one in snap.cash), _ZERO)
    # profit at the card's prices: what prices did since says nothing about the money
    equity = snap.wallet + sum((p.qty * (plan.prices[p.contract] - p.entry) for p in snap.positions if p.qty), _ZERO)
    pairs = ((cash, shown_cash), (equity, plan.before.values.get(FUTURES, _ZERO)))
    return any(abs(now - then) > max(limit * abs(then), least) for now, then in pairs)


async def outdated(tx: Tx, plan: Plan) -> NotAlone:
    """Tell whether the settings that a plan of the bot's own rests on were changed while it was worked out; its card is not ended then."""
    portfolio = await portfolios.get(tx, plan.portfolio_id)
    return NotAlone.EDITED if portfolio is None or settings_changed(plan, portfolio) else NotAlone.NONE


async def stopped(tx: Tx, plan: Plan) -> NotYours | Paused | Halted | None:
    """Tell what keeps a plan from being confirmed whatever it holds: halted, paused, or its person blocked, while it was worked out."""
    since = await halt.since_for_sure(tx)
    if since is not None:
        return Halted(plan=plan, since=since)
    portfolio = await portfolios.get(tx, plan.portfolio_id)
    if portfolio is None or not await portfolios.has_owner_let_in(tx, portfolio.id):
        return NotYours()
    return Paused(plan=plan) if portfolio.paused and not plan.is_panic else None
