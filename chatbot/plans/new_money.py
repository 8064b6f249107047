"""A plan that invests money: it buys where it is missing most, and sells nothing (domain 9.14).

Legend: V value with the money, D the money, v value of a line before it came, x value afterwards, c_F share of the futures account.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TYPE_CHECKING

from chatbot.engine.exact import exact, to_decimal, wide
from chatbot.engine.planner.block import FUTURES_INCREASE, SPOT_BUY, TO_FUTURES
from chatbot.engine.planner.invest import fill, invest, raised
from chatbot.engine.targets import Targets
from chatbot.model import FUTURES, STABLE, Cause, LeftOut, LeftOutWhy, LegKind, Reason
from chatbot.plans import draft
from chatbot.plans.costs import fee_rates, fees_of
from chatbot.plans.outcomes import CannotEvaluate, NothingToDo
from chatbot.portfolio import targets as targeting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from fractions import Fraction

    from chatbot.engine.planner.block import Block
    from chatbot.engine.planner.invest import Invested
    from chatbot.model import Plan
    from chatbot.portfolio.evaluation import Evaluation

#: weights are cut here
_STEP = Decimal("1e-12")
_CENT = Decimal("0.01")
_ZERO, _ONE = Decimal(0), Decimal(1)


def reason(amount: Decimal) -> Reason:
    """Return why a plan invests so much, quote."""
    return Reason(trigger=Cause.NEW_MONEY, size=amount)


def asked(reasons: tuple[Reason, ...]) -> Reason | None:
    """Return the reason that asks to invest, if one does."""
    return next((one for one in reasons if one.trigger is Cause.NEW_MONEY and one.size is not None), None)


def left(plan: Plan) -> tuple[Reason, ...]:
    """Return the reasons of a plan for another try: only what it has not spent is still to be invested."""
    bought = sum((leg.traded + leg.fee for leg in plan.legs if leg.kind is LegKind.SPOT_BUY), _ZERO)
    spent = bought + sum((leg.filled for leg in plan.legs if leg.is_transfer), _ZERO)
    return tuple(
        replace(one, size=max(_ZERO, one.size - spent)) if one.trigger is Cause.NEW_MONEY and one.size else one for one in plan.reasons
    )


def money_there(evaluation: Evaluation) -> Decimal:
    """Return what can be invested: the quote coin that is not kept out."""
    return max(_ZERO, evaluation.snapshot.cash[0].qty) if evaluation.snapshot is not None else _ZERO


def draft_buys(
    evaluation: Evaluation, reasons: tuple[Reason, ...], *, now: datetime, expiry: timedelta
) -> Plan | NothingToDo | CannotEvaluate:
    """Return the plan that invests as much as its reason says, at most what there is; raises ``engine.errors.Refused``."""
    if questions := draft.open_questions(evaluation):
        return CannotEvaluate(portfolio=evaluation.portfolio, problems=questions)
    wish, figures = asked(reasons), evaluation.figures
    if wish is None or wish.size is None or figures is None:
        raise ValueError("nothing is to be invested")
    amount = min(wish.size, money_there(evaluation))
    if not amount:
        return NothingToDo(portfolio=evaluation.portfolio, figures=figures)
    targets, into, cash = _targets(evaluation, amount)
    block = _only_buys(draft.literal_block(evaluation, targets, least=_ZERO), into)
    told = tuple(replace(wish, size=amount) if one is wish else one for one in reasons if one.trigger not in (Cause.DRIFT, Cause.EXPOSURE))
    stays = (LeftOut(why=LeftOutWhy.STAYS_CASH, instrument=STABLE, amount=cash),) if cash else ()
    small = _too_small(evaluation, targets)
    if block.empty:
        return NothingToDo(portfolio=evaluation.portfolio, figures=figures, left_out=(*draft.left_out(block, evaluation, targets), *small))
    plan = draft.draft(evaluation, targets, block, told, now=now, expiry=expiry)
    return replace(plan, fees=fees_of(plan.legs, evaluation.markets), left_out=(*stays, *plan.left_out, *small))


def _too_small(evaluation: Evaluation, targets: Targets) -> tuple[LeftOut, ...]:
    """Name the coins that get less than the exchange takes: that stays cash."""
    if evaluation.held is None:
        return ()
    more = {asset: (t * evaluation.held.value - evaluation.held.by_asset[asset]).quantize(_CENT) for asset, t in targets.spot.items()}
    least = {asset: evaluation.markets[asset].min_notional for asset in more if asset in evaluation.markets}
    return tuple(
        LeftOut(why=LeftOutWhy.BELOW_MINIMUM, instrument=asset, amount=more[asset], minimum=minimum)
        for asset, minimum in sorted(least.items())
        if 0 < more[asset] < minimum
    )


def _only_buys(block: Block, into: Decimal) -> Block:
    """Leave out what a limit of the portfolio would reduce, and move no more ``into`` the sleeve: fees are paid out of its share."""
    orders = tuple(order for order in block.orders if order.leg in (SPOT_BUY, FUTURES_INCREASE))
    inwards = (replace(one, amount=min(one.amount, into)) for one in block.transfers if one.direction == TO_FUTURES)
    transfers = tuple(transfer for transfer in inwards if transfer.amount)
    return replace(block, orders=orders, transfers=transfers, flags=tuple(flag for flag in block.flags if flag != "withdraw_limited"))


def _targets(evaluation: Evaluation, amount: Decimal) -> tuple[Targets, Decimal, Decimal]:
    """Return where everything stands once the money is spent, as weights of V, what goes into the futures account, and what stays cash."""
    held, now, strategy = evaluation.held, evaluation.effective, evaluation.portfolio.strategy
    if held is None or now is None:
        raise ValueError("a portfolio that cannot be evaluated has no plan")
    used = {name: market for name, market in evaluation.markets.items() if name in now.targets.spot}
    lines = {line: value - amount if line == STABLE else value for line, value in held.by_line.items()}
    spot_fees = {line: fee_rates(used).spot for line in lines if line not in (STABLE, FUTURES)}
    found = invest(lines, {line: now.lines.get(line, _ZERO) for line in lines}, amount, spot_fees)
    shares = targeting.base_targets(held, strategy, evaluation.layers).spot
    values = {asset: exact(value) for asset, value in held.by_asset.items()}
    for line, bought in found.buys.items():
        # nobody tops up a coin that a spike holds down
        coins = {asset: exact(t) for asset, t in shares.items() if t and strategy.line_of(asset) == line and f"vol:{asset}" not in now.log}
        if bought and coins:
            level = fill(values, coins, bought)
            values |= {asset: max(values[asset], level * share) for asset, share in coins.items()}
    into = to_decimal(found.buys.get(FUTURES, exact(_ZERO))).quantize(_CENT, ROUND_DOWN)
    cash = to_decimal(found.buys.get(STABLE, exact(_ZERO))).quantize(_CENT, ROUND_DOWN)
    return _weights(evaluation, found, values, into), into, cash


def _weights(evaluation: Evaluation, found: Invested, values: Mapping[str, Fraction], into: Decimal) -> Targets:
    held, now = evaluation.held, evaluation.effective
    if held is None or now is None:
        raise ValueError("a portfolio that cannot be evaluated has no plan")
    whole = exact(held.value)
    book = {name: raised(notional, now.targets.futures.get(name, _ZERO), found.level) for name, notional in held.book.items()}
    with wide():
        spot = {asset: _down(value / whole) for asset, value in values.items()}
        collateral = min(_down(exact(max(_ZERO, held.equity) + into) / whole), _ONE - sum(spot.values(), _ZERO))
        futures = {name: to_decimal(notional / whole).quantize(_STEP, ROUND_UP) for name, notional in book.items()}
        return Targets(spot=spot, stable=_ONE - sum(spot.values(), _ZERO) - collateral, collateral=collateral, futures=futures)


def _down(weight: Fraction) -> Decimal:
    return to_decimal(weight).quantize(_STEP, ROUND_DOWN)
