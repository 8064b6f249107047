"""Orders of one leg: the next one drafted, sent, watched and taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.errors import KeyRefused, OutcomeUnknown, Rejected, Unreachable
from chatbot.exchanges.abilities import DepthSource
from chatbot.exchanges.base import OrderStatus
from chatbot.execution import next_order as drafting
from chatbot.execution import outcomes, wallets
from chatbot.execution.lifecycle import Cross, GiveUp, Wait, next_step
from chatbot.execution.record import TOUCHED
from chatbot.model import LegKind, Mode
from chatbot.store.orders import Attempt

if TYPE_CHECKING:
    from chatbot.exchanges.base import Depth, Exchange, Order, OrderRequest
    from chatbot.execution.lifecycle import NextStep
    from chatbot.execution.outcomes import Deps, LegAttempt
    from chatbot.execution.record import View
    from chatbot.model import Leg

#: what an exchange says where there is nothing left of what an order would take
_TAKEN = frozenset({drafting.NOT_ENOUGH, drafting.REDUCED})


async def next_order(move: LegAttempt) -> float:
    """Send what comes next for a leg of which no order works at the moment, or end the leg and say why.

    Returns how long there is nothing to do, in seconds of the clock.
    """
    deps = move.deps
    tries = move.view.tries(move.leg.index)
    if tries and tries[-1].detail == drafting.WOULD_TAKE:
        await move.rest(deps.pace.poll_pause_s)
    market = (await move.exchange.markets()).get(move.leg.instrument)
    step = _next(move.view, move.leg, deps, waiting_pays=market is None or market.waiting_pays)
    if isinstance(step, Wait):
        return step.seconds
    number = max((attempt.attempt for attempt in tries), default=0) + 1
    drafted = "unfilled" if isinstance(step, GiveUp) else await _draft(move, number, step)
    if drafted == drafting.USED_UP:
        _, last = drafting.taken_since(tries, deps.clock.now() - deps.pace.minute)
        return 0.0 if last is None else (last + deps.pace.minute - deps.clock.now()).total_seconds()
    if isinstance(drafted, str):
        await outcomes.end(move, drafted)
        return 0.0
    attempt = _intention(move, number, *drafted)
    event = "crossed" if attempt.immediate else ("requoted" if tries else "sent")
    await send(await outcomes.intend(move, attempt, event), attempt)
    return 0.0


def _next(view: View, leg: Leg, deps: Deps, *, waiting_pays: bool = True) -> NextStep:
    """Ask the pure decision."""
    tried = drafting.tried(view.tries(leg.index), view.resumed_at)
    return next_step(tried, deps.clock.now(), deps.pace.patience(urgent=view.plan.is_urgent, waiting_pays=waiting_pays))


async def _draft(move: LegAttempt, number: int, step: NextStep) -> tuple[OrderRequest, Decimal] | str:
    """Draft the next order, or say why there can be none; money that an order has just let go may take a moment to be free.

    With it stands what was held of what it changes when it was drafted.
    """
    refusal = "halted"
    for _ in range(move.deps.pace.looks):
        pace, cross = move.deps.pace, isinstance(step, Cross)
        seen = await _look(move)
        if seen is None:
            return "halted"
        cap_bps = None if move.view.plan.is_panic else move.view.portfolio.strategy.move_limit_pct * 100 + pace.bound_bps
        drafted = drafting.draft(move.leg, seen, pace, plan_id=move.view.plan.id, attempt=number, cross=cross, cap_bps=cap_bps)
        if not isinstance(drafted, str):
            return drafted, seen.held
        refusal = drafted
        if refusal != drafting.NOT_ENOUGH or number == 1:
            break
        await move.rest(pace.poll_pause_s)
    return refusal


async def _look(move: LegAttempt) -> drafting.MarketNow | None:
    """Read what the order depends on; None when the instrument is not traded. Raises ``Unreachable``."""
    leg, exchange = move.leg, move.exchange
    market = (await exchange.markets()).get(leg.instrument)
    if market is None or not market.trading:
        return None
    quote = (await exchange.quotes([leg.instrument])).get(leg.instrument)
    if quote is None:
        raise Unreachable(f"no price of {leg.instrument}")
    free: dict[str, Decimal] = {}
    if leg.kind in (LegKind.SPOT_SELL, LegKind.SPOT_BUY):
        balances = await exchange.balances()
        free, held = wallets.free_of(balances, move.view.portfolio), balances.spot.get(leg.instrument, Decimal(0))
    else:
        held = await wallets.held(exchange, leg.instrument)
    if leg.kind == LegKind.SPOT_BUY:
        free[exchange.quote_asset] = await _left_to_spend(move, free.get(exchange.quote_asset, Decimal(0)))
    since = move.deps.clock.now() - move.deps.pace.minute
    return drafting.MarketNow(
        market=market,
        quote=quote,
        free=free,
        money=exchange.quote_asset,
        held=held,
        position=held if leg.reduce_only and move.view.plan.is_urgent else None,
        book=await _book(exchange, leg.instrument),
        taken=drafting.taken_since(move.view.tries(leg.index), since)[0],
        largest=_largest(move.view),
    )


def _largest(view: View) -> Decimal | None:
    """Return the largest order that was agreed to for real money, as it is now; /panic is held to none."""
    terms = view.portfolio.live if view.plan.mode is Mode.LIVE and not view.plan.is_panic else None
    return None if terms is None else terms.limits.order


async def _book(exchange: Exchange, instrument: str) -> Depth | None:
    """Return the order book; None where the exchange shows none, or none now: then its volume says what there is."""
    if not isinstance(exchange, DepthSource):
        return None
    try:
        return await exchange.depth(instrument)
    except Unreachable:
        return None


async def _left_to_spend(move: LegAttempt, free: Decimal) -> Decimal:
    """Return what a buy may still spend: of the money that is free, what it was given when the buys were sized."""
    leg, budget = move.leg, await move.deps.scribe.budget(move.view.plan.id, move.leg.index)
    spent = leg.filled * (leg.average or Decimal(0)) + leg.fee
    return free if budget is None else max(Decimal(0), min(free, budget - spent))


def _intention(move: LegAttempt, number: int, request: OrderRequest, held: Decimal) -> Attempt:
    return Attempt(
        plan_id=move.view.plan.id,
        leg_index=move.leg.index,
        attempt=number,
        client_id=request.client_id,
        instrument=request.instrument,
        side=request.side.value,
        qty=request.qty,
        limit=request.limit,
        post_only=request.post_only,
        immediate=request.immediate,
        reduce_only=request.reduce_only,
        sent_at=move.deps.clock.now(),
        held=held,
    )


async def send(move: LegAttempt, attempt: Attempt, *, for_sure: bool = True) -> None:
    """Put a written intention on the wire and write the answer down; what is not known stays so in the journal.

    ``for_sure``: no request of it was on the wire before. Else a refusal for want of what it would take says that the first one has it,
    where there was enough for that one.
    """
    if stopped := await move.stop_word():
        await outcomes.refused(move, attempt, stopped)
        return
    try:
        order = await move.exchange.place(drafting.request_of(attempt))
    except Rejected as refusal:
        if refusal.reason == drafting.DUPLICATE:
            # It is there already: an earlier request arrived after all, and recovery finds it, however late it is listed.
            await outcomes.record_unknown(move, attempt, detail=drafting.LISTED_LATER)
        elif not for_sure and refusal.reason in _TAKEN and _had_enough(move, attempt):
            await outcomes.record_unknown(move, attempt, TOUCHED, drafting.TOUCHED)
        else:
            await outcomes.refused(move, attempt, refusal.reason)
        return
    except OutcomeUnknown:
        await outcomes.record_unknown(move, attempt)
        return
    except (Unreachable, KeyRefused):
        await outcomes.not_sent(move, attempt)
        raise
    move.passes("acted")
    await outcomes.record_answer(move, attempt, order)


def _had_enough(move: LegAttempt, attempt: Attempt) -> bool:
    """Tell whether there was as much as an order takes when it was drafted: one that was too large would have been refused at once."""
    sells = attempt.reduce_only or move.leg.kind is LegKind.SPOT_SELL
    return attempt.held is None or not sells or attempt.qty <= abs(attempt.held)


async def watch(move: LegAttempt, attempt: Attempt) -> float:
    """See whether a working order has changed, and take it back when its time is over or nothing more may be done.

    Returns how long it may be left alone, in seconds of the clock.
    """
    deps = move.deps
    order = await move.exchange.find(attempt.instrument, attempt.client_id)
    if order is not None and _is_news(order, attempt):
        await outcomes.record_answer(move, attempt, order)
        return 0.0
    step = _next(move.view, move.leg, deps)
    if not isinstance(step, Wait) or await deps.stop_word(move.view):
        await take_back(move, attempt)
        return 0.0
    move.passes("waiting")
    return min(step.seconds, deps.pace.poll_pause_s)


def _is_news(order: Order, attempt: Attempt) -> bool:
    """Tell whether an answer says more than the journal knows; one that knows of fewer fills is out of date."""
    if order.filled < attempt.filled:
        return False
    return order.status != OrderStatus.OPEN or order.filled > attempt.filled


async def take_back(move: LegAttempt, attempt: Attempt) -> None:
    """Cancel an order and write down how it ended; nothing is sent for the remainder before that is certain."""
    move.passes("cancelling")
    try:
        order = await move.exchange.cancel(attempt.instrument, attempt.client_id)
    except (Rejected, OutcomeUnknown) as trouble:
        # It may have ended by itself, or the cancel may have worked: the next look tells.
        found = await move.exchange.find(attempt.instrument, attempt.client_id)
        if found is None or found.status == OrderStatus.OPEN:
            raise Unreachable(f"cancel of {attempt.client_id}: {trouble}") from trouble
        order = found
    if order.filled < attempt.filled:
        raise Unreachable(f"{attempt.client_id}: an answer older than what is known")
    if order.status == OrderStatus.OPEN and order.filled == attempt.filled:
        raise Unreachable(f"{attempt.client_id} still works")
    move.passes("cancelled")
    await outcomes.record_answer(move, attempt, order)
