"""What must hold of a plan that was carried out, whatever the market did meanwhile (domain, appendix C)."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.exact import wide
from chatbot.exchanges.base import is_perp
from chatbot.model import FUTURES, Cause, LegKind, LegState, PlanState
from chatbot.portfolio import targets
from chatbot.store import orders, portfolios

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.base import Market
    from chatbot.exchanges.paper.account import AccountState
    from chatbot.model import Leg, Plan, Strategy
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.store.orders import Attempt
    from tests.person import Someone

ORDER = (LegKind.SPOT_SELL, LegKind.TO_SPOT, LegKind.SPOT_BUY, LegKind.TO_FUTURES, LegKind.FUTURES_REDUCE, LegKind.FUTURES_INCREASE)
#: the same where margin or a signal of the futures is among the causes
REDUCTIONS_FIRST = (LegKind.FUTURES_REDUCE, *(kind for kind in ORDER if kind is not LegKind.FUTURES_REDUCE))
#: causes that aim at everything (domain 9.13)
WHOLE = {Cause.DRIFT, Cause.SCHEDULE, Cause.MANUAL, Cause.EVERYTHING, Cause.START, Cause.TARGETS, Cause.CHANGED}
ZERO = Decimal(0)
#: what suppresses a step up of the futures (domain 7.3)
RISK_OFF = (Cause.VOLATILITY, Cause.TREND, Cause.FEAR_GREED)


async def hold_filled_plan(ann: Someone, plan: Plan) -> None:
    """Hold a plan that was just carried out, and the account behind it, against the invariants."""
    assert plan.state == PlanState.DONE
    state = (await ann.exchange()).state
    markets = await ann.program.source.markets()
    async with ann.program.db.read() as tx:
        attempts = await orders.orders(tx, plan.id)
        portfolio = await portfolios.get(tx, plan.portfolio_id)
    assert portfolio is not None
    hold_orders(attempts, markets)
    hold_order_of_legs(plan, attempts)
    hold_wallets(state)
    hold_reductions(plan)
    assert plan.result is not None
    hold_caps(plan, portfolio.strategy)
    if all(leg.state == LegState.FILLED for leg in plan.legs) and not plan.left_out:
        hold_residuals(plan, markets)
    hold_moved_targets(await ann.program.evaluator.look(portfolio))


def hold_orders(attempts: tuple[Attempt, ...], markets: Mapping[str, Market]) -> None:
    """C4-C6, C40: minimums, lots, ticks; C8: one instrument has one side, and never two orders that work at once."""
    sides = defaultdict(set)
    for one in (attempt for attempt in attempts if attempt.limit is not None):
        market = markets[one.instrument]
        assert market.trading
        assert one.qty > 0
        assert one.qty % market.lot == 0, f"{one.client_id}: {one.qty} is no multiple of {market.lot}"
        assert one.limit is not None
        assert one.limit > 0
        assert one.limit % market.tick == 0, f"{one.client_id}: {one.limit} is no multiple of {market.tick}"
        # The remainder of an order that was partly filled may be smaller; a first order never is.
        if not is_perp(one.instrument):
            assert one.qty * one.limit >= market.min_notional, one.client_id
        assert one.filled <= one.qty
        sides[one.instrument].add((one.side, one.leg_index))
    assert all(len(found) == 1 for found in sides.values()), sides
    assert len({attempt.client_id for attempt in attempts}) == len(attempts)


def hold_order_of_legs(plan: Plan, attempts: tuple[Attempt, ...]) -> None:
    """C9: the legs stand in the order of 9.8, and a leg begins when those of the kinds before it have ended.

    The collateral of a hedge comes home last: it is free only when the short is gone.
    """
    order = REDUCTIONS_FIRST if plan.legs[0].kind == LegKind.FUTURES_REDUCE else ORDER
    kinds = {leg.index: order.index(leg.kind) for leg in plan.legs}
    if plan.hedge is not None and plan.hedge.closed and plan.legs[-1].kind == LegKind.TO_SPOT:
        kinds[plan.legs[-1].index] = len(ORDER)
    begun = [kinds[attempt.leg_index] for attempt in sorted(attempts, key=lambda one: one.sent_at)]
    assert begun == sorted(begun)


def hold_wallets(state: AccountState) -> None:
    """C2: nothing is owed, and nothing works any more."""
    assert all(qty >= 0 for qty in state.spot.values()), state.spot
    assert state.futures_wallet >= 0
    assert not state.open_orders


def hold_reductions(plan: Plan) -> None:
    """C15: an order that reduces never opens, grows or flips a position."""
    for leg in (leg for leg in plan.legs if leg.reduce_only):
        held = plan.before.book.get(leg.instrument, ZERO)
        assert held != 0
        assert leg.sells == (held > 0)
        assert leg.filled * leg.price <= abs(held) * Decimal("1.0001")


def hold_caps(plan: Plan, strategy: Strategy) -> None:
    """C14: gross exposure and leverage of the sleeve."""
    assert plan.result is not None
    assert plan.result.gross <= strategy.gross_cap
    assert plan.result.leverage is not None
    assert plan.result.leverage <= strategy.sleeve_cap


def hold_moved_targets(found: Evaluation) -> None:
    """C25, C26, C31: whole and never below 0; risk-off raises nothing long; a spike leaves no more than its cap."""
    strategy, moved = found.portfolio.strategy, found.effective
    assert found.snapshot is not None
    assert moved is not None
    now, own = moved.targets, targets.base_targets(found.held, strategy, found.layers)
    with wide():
        assert sum(moved.lines.values()) == 1
    assert min(*now.spot.values(), now.stable, now.collateral) >= 0
    on = [signal for signal in found.layers.signals if signal.active and strategy.setting(signal.trigger).on]
    if any(signal.trigger in RISK_OFF for signal in on):
        assert all(target <= own.spot[asset] for asset, target in now.spot.items())
        assert all(target <= max(own.futures[contract], ZERO) for contract, target in now.futures.items())
    for signal in (one for one in on if one.trigger == Cause.VOLATILITY):
        anchor = found.layers.anchors[signal.subject]
        assert signal.size is not None
        assert anchor.weight is None or now.spot[signal.subject] <= signal.size * anchor.weight


def hold_residuals(plan: Plan, markets: Mapping[str, Market]) -> None:
    """C12: every coin that the plan touches ends within max(threshold, minimum, 1.5 lots) of its target, at the prices of the plan.

    A plan of everything leaves no other coin further off than 25 basis points; a plan that names what it touches says nothing of others.
    """
    prices, spot = plan.prices, plan.targets["spot"]
    is_whole = any(reason.trigger in WHOLE for reason in plan.reasons)
    # what the fills cost beyond the prices of the plan is missing from the buys
    slipped = sum((_slipped(leg) for leg in plan.legs), ZERO)
    for asset, weight in spot.items():
        legs = [leg for leg in plan.legs if leg.instrument == asset]
        if not legs and not is_whole:
            continue
        before = plan.before.values.get(asset, ZERO)
        traded = sum((_signed(leg) * prices[asset] for leg in legs), ZERO)
        market = markets[asset]
        threshold = max(Decimal(10), plan.before.value * (5 if legs else 25) / 10_000) + slipped
        room = max(threshold, market.min_notional, market.lot * prices[asset] * 3 / 2)
        goal = Decimal(weight) * (plan.before.value - plan.fees)
        assert abs(before + traded - goal) <= room, f"{asset}: {before + traded} instead of {goal}"


def _slipped(leg: Leg) -> Decimal:
    if leg.is_transfer or leg.average is None:
        return ZERO
    return max(ZERO, (leg.price - leg.average if leg.side == "sell" else leg.average - leg.price) * leg.filled)


def _signed(leg: object) -> Decimal:
    qty: Decimal = getattr(leg, "filled", ZERO)
    return -qty if getattr(leg, "side", "") == "sell" else qty


def hold_value(before: AccountState, after: AccountState, plan: Plan, attempts: tuple[Attempt, ...], funding: Decimal = ZERO) -> None:
    """C1: money changed by what was bought, sold and paid in fees, each fill at its own price, and by nothing else.

    Cash and wallet together, so that transfers cancel out; a futures trade moves the wallet by fee and realised profit only.
    """
    spent = sum((_cash(one) for one in attempts if one.limit is not None and not is_perp(one.instrument)), ZERO)
    fees = sum((one.fee for one in attempts), ZERO)
    realised = _realised(before, attempts)
    money = after.spot.get("USDT", ZERO) + after.futures_wallet
    expected = before.spot.get("USDT", ZERO) + before.futures_wallet + spent - fees + realised + funding
    assert abs(money - expected) < Decimal("0.01"), f"{money} instead of {expected}"
    for asset in {*before.spot, *after.spot} - {"USDT"}:
        change = sum((one.filled if one.side == "buy" else -one.filled for one in attempts if one.instrument == asset), ZERO)
        assert after.spot.get(asset, ZERO) - before.spot.get(asset, ZERO) == change, asset
    assert FUTURES not in after.spot
    assert plan.result is not None


def _cash(one: Attempt) -> Decimal:
    paid = one.filled * (one.average or ZERO)
    return paid if one.side == "sell" else -paid


def _realised(before: AccountState, attempts: tuple[Attempt, ...]) -> Decimal:
    """Return the profit that closing parts of positions has moved into the wallet."""
    total = ZERO
    for one in attempts:
        stake = before.positions.get(one.instrument)
        if stake is None or not one.filled or (stake.qty > 0) == (one.side == "buy"):
            continue
        closed = min(one.filled, abs(stake.qty)) * (1 if stake.qty > 0 else -1)
        total += closed * ((one.average or ZERO) - stake.entry)
    return total
