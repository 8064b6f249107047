"""Whether a card, or what a plan has left behind, still tells the truth: settings, prices and everything that is held."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.engine.planner.smallest_trade import smallest_trade
from chatbot.model import FUTURES, NO_REASON, Cause, LeftOutWhy, LegState, NotAlone
from chatbot.plans import costs, draft
from chatbot.plans.outcomes import Halted, NothingToDo, NotYours, Paused, SmallDifference
from chatbot.portfolio.revision import revision_of
from chatbot.store import halt, plans, portfolios

if TYPE_CHECKING:
    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import Plan, Portfolio, PortfolioFigures, Reason
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.store.database import Database, Tx

_ZERO = Decimal(0)
#: from what share of the value on a difference inside a band is traded (domain 9.5)
_WORTH = Decimal("0.0025")
#: what a plan leaves out whatever its limits are; of new money, the share of cash is where it belongs
_BY_RULE = (LeftOutWhy.RISK_OFF, LeftOutWhy.BELOW_MINIMUM, LeftOutWhy.SMALL, LeftOutWhy.STAYS_CASH)


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


async def as_left(db: Database, evaluation: Evaluation, reasons: tuple[Reason, ...]) -> NothingToDo | None:
    """Return that there is nothing to do since the last plan, where a person asks for one and all is as that one has left it.

    It has touched what its causes name and left the rest inside its bands (domain 9.13): that is no news, and is traded all the same if
    its person wants it. None: something has moved or changed since, a line is outside its band, a leg fell short or was left out, or the
    plan would have another reason, as the end of a tilt.
    """
    if {reason.trigger for reason in reasons} - NO_REASON != {Cause.MANUAL} or evaluation.figures is None:
        return None
    async with db.read() as tx:
        last = await plans.last_done(tx, evaluation.portfolio.id)
    if last is None or last.is_panic or not _did_all(last):
        return None
    if settings_changed(last, evaluation.portfolio) or _moved_since(last, evaluation):
        return None
    try:
        small = draft.small_difference(evaluation, draft.targets_for(evaluation))
    except Refused:
        return None
    # nothing but money to move between the wallets is no order, and no plan of its own
    small = small or SmallDifference(instrument=evaluation.portfolio.quote, weight=_ZERO)
    return NothingToDo(portfolio=evaluation.portfolio, figures=evaluation.figures, small=small, since=last)


def _did_all(plan: Plan) -> bool:
    """Tell whether a plan has done all of its legs, and has left the rest for no other reason than that its causes do not name it.

    One that aims at everything leaves what a limit keeps it from, on its turnover for instance: that goes on when its person asks.
    """
    named = not any(reason.trigger in draft.OF_EVERYTHING for reason in plan.reasons)
    return named and all(leg.state is LegState.FILLED for leg in plan.legs) and all(left.why in _BY_RULE for left in plan.left_out)


def _moved_since(plan: Plan, evaluation: Evaluation) -> bool:
    """Tell whether a weight or a target has moved by what a plan trades, or a line is outside its band."""
    then, now = plan.result, evaluation.figures
    if then is None or now is None or any(line.breach for line in now.limits):
        return True
    pairs = ((_weights(then), _weights(now)), (_targets(then), _targets(now)))
    return any(
        abs(was.get(name, _ZERO) - is_now.get(name, _ZERO)) >= _WORTH for was, is_now in pairs for name in was.keys() | is_now.keys()
    )


def _weights(figures: PortfolioFigures) -> dict[str, Decimal]:
    return {name: value / figures.value for name, value in (*figures.values.items(), *figures.book.items())}


def _targets(figures: PortfolioFigures) -> dict[str, Decimal]:
    """Return the targets by line: those of coins that a spike holds down follow their prices by a hair."""
    return {line.line: line.target for line in figures.limits}


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
