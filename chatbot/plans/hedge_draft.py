"""From a hedge to a plan of exactly its legs, and to the plan that closes it again; nothing else is touched (domain 10.1, 10.3)."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TYPE_CHECKING

from chatbot.engine.exact import wide
from chatbot.engine.hedges.sizing import open_hedge
from chatbot.engine.planner.smallest_trade import smallest_trade
from chatbot.engine.targets import Targets
from chatbot.hedges import layer, shocks, sizing
from chatbot.hedges.layer import with_hedges
from chatbot.model import FUTURES, ROTATION, Cause, LeftOut, LeftOutWhy, Leg, LegKind, OpenHedge, Phase, Plan, Reason
from chatbot.plans import draft
from chatbot.portfolio import valuation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

    from chatbot.engine.planner.block import Block
    from chatbot.engine.portfolio import Snapshot, Valuation
    from chatbot.model.hedge import HedgeSize, HedgeWish
    from chatbot.portfolio.evaluation import Evaluation

#: whose volatility says whether a hedge has done its work (domain 10.3)
_VOLATILE = "BTC"
#: weights are cut here; rounded so that whole lots survive it
_STEP = Decimal("1e-24")
#: of the short's value: what its last orders may cost, in fees and in prices that move; it stays behind when collateral goes home
_CUSHION = Decimal("0.006")
_CENT, _ZERO, _ONE = Decimal("0.01"), Decimal(0), Decimal(1)


def reason_for(kind: str, event: Phase) -> Reason:
    """Return why such a plan is made."""
    return Reason(trigger=Cause.HEDGE, line=kind, event=event)


def volatility_ratio(evaluation: Evaluation, since: datetime | None = None) -> Decimal | None:
    """Return how volatile BTC is against its usual level; None where unknown, or read before ``since`` (market time)."""
    for signal in evaluation.layers.signals:
        if signal.trigger is Cause.VOLATILITY and signal.subject == _VOLATILE:
            fresh = since is None or (signal.at is not None and signal.at >= since)
            return signal.reading if fresh else None
    return None


def opening(evaluation: Evaluation, sized: HedgeSize, market_now: datetime) -> OpenHedge:
    """Return the hedge as it will be kept once its plan is confirmed."""
    life = open_hedge(sized.mark, volatility_ratio(evaluation))
    wish = sized.wish
    return OpenHedge(
        kind=wish.kind,
        contract=sized.contract,
        qty=sized.qty,
        opened_at=market_now,
        price=sized.mark,
        moved=sizing.moved(evaluation.figures.value, sized) if evaluation.figures else {},
        size=wish.size,
        coverage=wish.coverage,
        drop=None if wish.kind == ROTATION else sized.drop,
        ratio=wish.ratio,
        accepted=wish.accepted,
        reason=wish.reason,
        low=life.low,
        peaked=life.peaked,
        calm=life.calm,
        funded_to=market_now,
    )


def draft_opening(
    evaluation: Evaluation, sized: HedgeSize, reasons: tuple[Reason, ...], at: tuple[datetime, datetime], expiry: timedelta
) -> Plan:
    """Return the plan that opens a hedge: exactly its legs. ``at`` is now, ours and the market's. Raises ``engine.errors.Refused``."""
    now, market_now = at
    hedge = opening(evaluation, sized, market_now)
    targets = _opened(evaluation, sized)
    block = draft.literal_block(evaluation, targets)
    others = [one for one in evaluation.layers.hedges if one.kind != hedge.kind]
    plan = draft.draft(with_hedges(evaluation, (*others, hedge)), targets, block, reasons, now=now, expiry=expiry)
    left_out = plan.left_out
    if sized.capped and all(left.why is not LeftOutWhy.CAP_SCALED for left in left_out):
        left_out = (*left_out, LeftOut(why=LeftOutWhy.CAP_SCALED, instrument=sized.contract, amount=sized.asked - sized.notional))
    return with_fall(evaluation, replace(plan, hedge=hedge, left_out=left_out))


def with_fall(evaluation: Evaluation, plan: Plan) -> Plan:
    """Return a plan about a hedge with what a fall of BTC would do before and after its legs; raises ``engine.errors.Refused``."""
    if plan.hedge is None or evaluation.held is None:
        return plan
    after = valuation.value_of(valuation.after_legs(evaluation.held.snapshot, plan.legs, evaluation.markets), evaluation.portfolio.strategy)
    before, later = (shocks.in_fall(evaluation, held, plan.hedge.fall) for held in (evaluation.held, after))
    return replace(plan, before=replace(plan.before, in_fall=before), after=replace(plan.after, in_fall=later))


def _opened(evaluation: Evaluation, sized: HedgeSize) -> Targets:
    """Return what is held now, with the hedge: its sales, its collateral, its short."""
    fees = sized.notional * evaluation.markets[sized.contract].taker_fee
    # The planner adds the fees of the order to the transfer; they are part of the collateral here.
    into = sized.proceeds + sized.top_up - fees
    return _targets(evaluation, sized.sells, into, sized.contract, sized.qty)


def _targets(evaluation: Evaluation, sells: dict[str, Decimal], into: Decimal, contract: str, qty: Decimal) -> Targets:
    held = evaluation.held
    if held is None:
        raise ValueError("a portfolio that cannot be evaluated has no targets")
    with wide():
        whole = held.value
        spot = {coin: _down((value - sells.get(coin, _ZERO)) / whole) for coin, value in held.by_asset.items()}
        collateral = _down(max(_ZERO, max(_ZERO, held.equity) + into) / whole)
        collateral = min(collateral, _ONE - sum(spot.values(), _ZERO))
        futures = {name: _away(notional / whole) for name, notional in held.book.items()}
        futures[contract] = _away((held.book.get(contract, _ZERO) + qty * _mark(held, contract)) / whole)
        return Targets(spot=spot, stable=_ONE - sum(spot.values(), _ZERO) - collateral, collateral=collateral, futures=futures)


def _down(weight: Decimal) -> Decimal:
    return weight.quantize(_STEP, ROUND_DOWN)


def _away(weight: Decimal) -> Decimal:
    """Round away from zero: the planner cuts to whole lots, and one must not be lost to a rounding."""
    return weight.quantize(_STEP, ROUND_UP)


def _mark(held: Valuation, contract: str) -> Decimal:
    return next(p.mark for p in held.snapshot.positions if p.contract == contract)


def draft_closing(
    evaluation: Evaluation, hedge: OpenHedge, reasons: tuple[Reason, ...], *, now: datetime, expiry: timedelta
) -> Plan | None:
    """Return the plan that closes a hedge: its short is bought back, then its collateral goes home; None: nothing is left of it.

    The short is never bought back beyond the strategy's own target of the contract. Raises ``engine.errors.Refused``.
    """
    taken_off = layer.without(evaluation, hedge)
    if taken_off is None:
        return None
    without, bought = taken_off
    targets = _targets(evaluation, {}, _ZERO, hedge.contract, bought)
    block = draft.literal_block(evaluation, targets)
    block = replace(block, transfers=(), flags=tuple(flag for flag in block.flags if flag.endswith(hedge.contract)))
    plan = draft.draft(without, targets, block, reasons, now=now, expiry=expiry)
    if not any(leg.instrument == hedge.contract for leg in plan.legs):
        return None
    legs = (*plan.legs, *_home(without, hedge, plan, block))
    over = replace(hedge, closed=hedge.closed or "manual")
    return with_fall(without, replace(plan, legs=legs, after=draft.figures_after(without, legs), hedge=over))


def _home(evaluation: Evaluation, hedge: OpenHedge, plan: Plan, block: Block) -> tuple[Leg, ...]:
    """Return the transfer of the hedge's collateral, after the short is gone: what the strategy itself keeps there stays."""
    if evaluation.snapshot is None or evaluation.figures is None or evaluation.effective is None or evaluation.account is None:
        return ()
    whole, equity = evaluation.figures.value, evaluation.figures.values[FUTURES]
    cushion = sum((order.notional for order in block.orders), _ZERO) * _CUSHION
    gross = sum((abs(n) for n in plan.after.book.values()), _ZERO)
    cap = evaluation.portfolio.strategy.sleeve_cap
    # unrealised profit does not move, and neither does margin in use
    free = min(equity, _wallet_after(evaluation.snapshot, hedge.contract, block)) - cushion - (gross / cap if cap else _ZERO)
    own = evaluation.effective.targets.collateral * whole
    surplus = max(_ZERO, equity - own)
    # A strategy without futures gets everything back; one with futures keeps what the hedge has won or lost there.
    amount = min(free, surplus if not own else min(surplus, sum(hedge.moved.values(), _ZERO) * whole)).quantize(_CENT, ROUND_DOWN)
    if amount < smallest_trade(whole):
        return ()
    return (Leg(index=len(plan.legs), kind=LegKind.TO_SPOT, instrument=evaluation.account.quote_asset, qty=amount),)


def _wallet_after(snap: Snapshot, contract: str, block: Block) -> Decimal:
    """Return the futures wallet once what is bought back has been settled."""
    bought = sum((order.qty for order in block.orders if order.side == "buy"), _ZERO)
    return snap.wallet + sum(
        (min(bought, -p.qty) * (p.entry - p.mark) for p in snap.positions if p.contract == contract and p.qty < 0), _ZERO
    )


def as_planned(evaluation: Evaluation, plan: Plan) -> Evaluation:
    """Return the evaluation with the targets that a plan leads to, its hedge among them; raises ``engine.errors.Refused``."""
    if plan.hedge is None:
        return evaluation
    others = [hedge for hedge in evaluation.layers.hedges if hedge.kind != plan.hedge.kind]
    return with_hedges(evaluation, others if plan.hedge.closed else (*others, plan.hedge))


def without_closed(evaluation: Evaluation, plan: Plan) -> Evaluation:
    """Return the evaluation without the hedge that a plan closes: its targets lead to what is left; raises ``engine.errors.Refused``."""
    return as_planned(evaluation, plan) if plan.hedge is not None and plan.hedge.closed else evaluation


def asked(plan: Plan) -> HedgeWish | OpenHedge | None:
    """Return what a plan about a hedge was asked for: a wish to open one, or the one to close."""
    if plan.hedge is None:
        return None
    return plan.hedge if plan.hedge.closed else plan.hedge.wish


def asked_again(plan: Plan, hedges: Iterable[OpenHedge]) -> HedgeWish | OpenHedge | None:
    """Return what is left to ask for after a plan about a hedge: all of it where nothing was filled, the rest of a short to buy back.

    A hedge of which a part was opened is not made larger by trying again: adding is a new decision (domain 10.3).
    """
    there = plan.hedge is not None and any(hedge.kind == plan.hedge.kind for hedge in hedges)
    return asked(plan) if plan.hedge is not None and there == bool(plan.hedge.closed) else None
