"""Between the legs: buys cut to the money that arrived, and the futures overlay made again from what was really filled."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.engine.exact import in_steps
from chatbot.execution import sizing, wallets
from chatbot.execution.lifecycle import LegEvent, advance
from chatbot.execution.record import BUDGETS, DUST, OVERLAY_KINDS, REPLANNED, SHRUNK, SIZED, Change
from chatbot.model import LegKind, LegState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.engine.planner.block import Block
    from chatbot.exchanges.base import Exchange
    from chatbot.execution.outcomes import Deps
    from chatbot.execution.record import View
    from chatbot.model import Leg

_SPOT = (LegKind.SPOT_SELL, LegKind.SPOT_BUY)
#: what is left of a budget below it is nobody's
_SMALLEST = Decimal("1e-8")
_ZERO = Decimal(0)


async def size_buys(view: View, exchange: Exchange, deps: Deps) -> None:
    """Cut every spot buy by the same factor to the money that arrived (domain 9.5, 9.8); once, before the first buy.

    They then run side by side, so each is given its share of the money that is there: none spends what another counts on.
    """
    markets = await exchange.markets()
    free = (await wallets.tradable(exchange, view.portfolio)).get(exchange.quote_asset, _ZERO)
    untouched = [
        leg for leg in view.plan.legs if leg.kind == LegKind.SPOT_BUY and leg.state == LegState.PLANNED and leg.instrument in markets
    ]
    # Every buy may have to cross in the end: what that costs is kept back, so that none is starved.
    spendable = free / (1 + deps.pace.bound_bps / 10_000)
    sizes = sizing.shrink(untouched, markets, sizing.missing_inflow(_inflows(view.plan.legs), markets), spendable)
    changed = tuple(_resized(leg, sizes[leg.index]) for leg in untouched if sizes[leg.index] != leg.qty)
    sized = [replace(leg, qty=sizes[leg.index]) for leg in untouched]
    costs = {leg.index: leg.needs(markets[leg.instrument].dearer_fee) for leg in sized}
    total = sum(costs.values(), _ZERO)
    budgets = {str(index): str(in_steps(free * cost / total, _SMALLEST)) for index, cost in costs.items() if cost}
    detail = {str(leg.index): str(leg.qty) for leg in sized} | {BUDGETS: budgets}
    await deps.scribe.write(view, Change(event=SIZED, detail=detail, legs=changed))
    deps.crash_point(SIZED)


def _inflows(legs: Sequence[Leg]) -> list[Leg]:
    """Return what was to bring money; a leg that the person left out before Confirm was never counted on."""
    brought = [leg for leg in legs if leg.kind in (LegKind.SPOT_SELL, LegKind.TO_SPOT)]
    return [leg for leg in brought if leg.state != LegState.DROPPED or leg.note]


def _resized(leg: Leg, qty: Decimal) -> Leg:
    if qty <= 0:
        return replace(leg, state=advance(leg.state, LegEvent.DROP), note="below_minimum")
    note = SHRUNK if qty < leg.qty * (1 - DUST) else leg.note
    return replace(leg, state=advance(leg.state, LegEvent.RESIZE), qty=qty, note=note)


def overlay_waits(view: View) -> bool:
    """Tell whether the overlay must be made again now: a spot leg ended short and no leg that comes after spot was touched yet."""
    last = max((leg.index for leg in view.plan.legs if leg.kind in _SPOT), default=-1)
    # reductions that went first had nothing to do with what the spot side brings
    after = (leg for leg in view.plan.legs if leg.kind in OVERLAY_KINDS and leg.index > last)
    overlay = [leg for leg in after if leg.state != LegState.DROPPED or leg.note]
    untouched = bool(overlay) and all(leg.state == LegState.PLANNED for leg in overlay)
    return untouched and view.cut_short and not view.count(REPLANNED)


async def replan(view: View, block: Block | None, deps: Deps) -> None:
    """Fit the overlay legs to a fresh block. Nothing is added that the person did not confirm.

    ``None``: the portfolio cannot be evaluated, so nothing that adds risk goes out; reductions stay.
    """
    changed = []
    for leg in view.plan.legs:
        if leg.kind in OVERLAY_KINDS and leg.state == LegState.PLANNED:
            fitted = _fitted(leg, block)
            if fitted != leg:
                changed.append(fitted)
    detail: dict[str, Any] = {str(leg.index): {"qty": str(leg.qty), "state": leg.state.value} for leg in changed}
    if block is None:
        detail["why"] = "not_evaluated"
    await deps.scribe.write(view, Change(event=REPLANNED, detail=detail, legs=tuple(changed)))
    deps.crash_point(REPLANNED)


def _fitted(leg: Leg, block: Block | None) -> Leg:
    """Return one overlay leg as the fresh block wants it."""
    if block is None:
        return leg if leg.kind == LegKind.FUTURES_REDUCE else _dropped(leg, "not_evaluated")
    if leg.is_transfer:
        amount = sum((transfer.amount for transfer in block.transfers if transfer.direction == leg.kind.value), _ZERO)
        return _at(leg, min(amount, leg.qty), leg.limit)
    order = next((order for order in block.orders if order.instrument == leg.instrument and order.side == leg.side), None)
    if order is None or (leg.reduce_only and not order.reduce_only):
        return _dropped(leg, REPLANNED)
    # A reduction may grow, because it takes risk away; an increase never beyond what the person confirmed.
    return _at(leg, order.qty if order.reduce_only else min(order.qty, leg.qty), order.limit, reduce_only=order.reduce_only)


def _at(leg: Leg, qty: Decimal, limit: Decimal | None, *, reduce_only: bool = False) -> Leg:
    if qty <= 0:
        return _dropped(leg, REPLANNED)
    resized = replace(leg, state=advance(leg.state, LegEvent.RESIZE), qty=qty, limit=limit, reduce_only=leg.reduce_only or reduce_only)
    return replace(resized, note=REPLANNED) if resized.qty != leg.qty else resized


def _dropped(leg: Leg, note: str) -> Leg:
    return replace(leg, state=advance(leg.state, LegEvent.DROP), note=note)
