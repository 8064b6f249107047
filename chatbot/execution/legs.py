"""One move of one leg: write the intention, act, write the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from chatbot.errors import OutcomeUnknown, Rejected, Unreachable
from chatbot.exchanges.base import Direction, OrderStatus
from chatbot.execution import drafting, sizing
from chatbot.execution.lifecycle import GiveUp, LegEvent, Wait, advance, next_step
from chatbot.execution.progress import Change, with_attempts
from chatbot.model import LegKind, LegState
from chatbot.store.journal import Attempt, OrderState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Exchange, Order, OrderRequest, Position
    from chatbot.execution.lifecycle import NextStep
    from chatbot.execution.pace import Pace
    from chatbot.execution.progress import Scribe, View
    from chatbot.model import Leg

#: the event with which a person ends a parked plan
CLOSING = "closing"
_ZERO = Decimal(0)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every move is made with."""

    scribe: Scribe
    clock: Clock
    pace: Pace
    #: True while the portfolio is paused
    halted: Callable[[int], Awaitable[bool]]
    #: called at every named point between two effects; tests end the process there
    crash_point: Callable[[str], None]

    async def stop_word(self, view: View) -> str:
        """Return why nothing more may be sent, as a leg's note: ``closed`` by a person, ``paused``; empty when all is well."""
        if view.count(CLOSING):
            return "closed"
        return "paused" if await self.halted(view.portfolio.id) else ""


async def take(view: View, leg: Leg, exchange: Exchange, tools: Tools) -> None:
    """Make the next move of a leg of which no order works at the moment."""
    if leg.is_transfer:
        await _begin_transfer(view, leg, exchange, tools)
    elif await _leverage_needed(view, leg, exchange):
        await _set_leverage(view, leg, exchange, tools)
    else:
        await _next_order(view, leg, exchange, tools)


async def _next_order(view: View, leg: Leg, exchange: Exchange, tools: Tools) -> None:
    tries = view.tries(leg.index)
    if tries and tries[-1].detail == drafting.WOULD_TAKE:
        await tools.clock.sleep(tools.pace.poll_pause_s)
    step = _next(tries, tools)
    if isinstance(step, GiveUp):
        await end(view, leg, "unfilled", tools)
        return
    desk = await _look(leg, exchange)
    if desk is None:
        await end(view, leg, "halted", tools)
        return
    number = max((attempt.attempt for attempt in tries), default=0) + 1
    drafted = drafting.draft(leg, desk, tools.pace, plan_id=view.plan.id, attempt=number, cross=drafting.is_cross(step))
    if isinstance(drafted, str):
        await end(view, leg, drafted, tools)
        return
    attempt = _intention(view, leg, number, drafted, tools)
    changed = replace(leg, state=advance(leg.state, LegEvent.SUBMIT), attempts=len(tries) + 1)
    event = "crossed" if drafted.immediate else ("requoted" if tries else "sent")
    detail = {"client_id": attempt.client_id, "qty": str(attempt.qty), "limit": str(attempt.limit)}
    await tools.scribe.write(view, Change(event=event, leg_index=leg.index, detail=detail, legs=(changed,), intention=attempt))
    tools.crash_point(f"intended-{leg.index}")
    await send(view, changed, attempt, exchange, tools)


def _next(tries: Sequence[Attempt], tools: Tools) -> NextStep:
    """Ask the pure decision."""
    pace = tools.pace
    return next_step(drafting.tried(tries), tools.clock.now(), requote_after_s=pace.requote_after_s, requotes=pace.requotes)


async def _look(leg: Leg, exchange: Exchange) -> drafting.Desk | None:
    """Read what the order depends on; None when the instrument is not traded. Raises ``Unreachable``."""
    market = (await exchange.markets()).get(leg.instrument)
    if market is None or not market.trading:
        return None
    quote = (await exchange.quotes([leg.instrument])).get(leg.instrument)
    if quote is None:
        raise Unreachable(f"no price of {leg.instrument}")
    spot = leg.kind in (LegKind.SPOT_SELL, LegKind.SPOT_BUY)
    free = (await exchange.balances()).free if spot else {}
    return drafting.Desk(market=market, quote=quote, free=free, money=exchange.quote_asset)


def _intention(view: View, leg: Leg, number: int, request: OrderRequest, tools: Tools) -> Attempt:
    return Attempt(
        plan_id=view.plan.id,
        leg_index=leg.index,
        attempt=number,
        client_id=request.client_id,
        instrument=request.instrument,
        side=request.side.value,
        qty=request.qty,
        limit=request.limit,
        post_only=request.post_only,
        immediate=request.immediate,
        reduce_only=request.reduce_only,
        sent_at=tools.clock.now(),
    )


async def send(view: View, leg: Leg, attempt: Attempt, exchange: Exchange, tools: Tools) -> None:
    """Put a written intention on the wire and write the answer down; what is not known stays so in the journal."""
    try:
        order = await exchange.place(drafting.request_of(attempt))
    except Rejected as refusal:
        if refusal.reason == drafting.DUPLICATE:
            # It is there already: an earlier request arrived after all, and recovery finds it.
            await lose(view, leg, attempt, tools)
        else:
            await refused(view, leg, attempt, refusal.reason, tools)
        return
    except OutcomeUnknown:
        await lose(view, leg, attempt, tools)
        return
    except Unreachable:
        await _not_sent(view, leg, attempt, tools)
        raise
    tools.crash_point(f"acted-{leg.index}")
    await heard(view, leg, attempt, order, exchange, tools)


async def heard(view: View, leg: Leg, attempt: Attempt, order: Order, exchange: Exchange, tools: Tools, event: str = "") -> None:
    """Write down what the exchange says about an order, and what that makes of its leg."""
    now = tools.clock.now()
    known = replace(
        attempt,
        state=drafting.state_of(order),
        filled=order.filled,
        average=order.average,
        fee=drafting.fee_in_money(order, exchange.quote_asset, view.plan.prices),
        exchange_id=order.exchange_id,
        ended_at=drafting.ended_at(order, now),
        detail="refused" if order.status == OrderStatus.REJECTED else "",
    )
    changed = _with(view, leg, known)
    done = changed.filled >= changed.qty
    changed = replace(changed, state=advance(leg.state, LegEvent.FILL if done else LegEvent.ACCEPT))
    name = event or ("filled" if done else _word(attempt, known))
    detail = {"client_id": attempt.client_id, "filled": str(order.filled), "status": order.status.value}
    await tools.scribe.write(view, Change(event=name, leg_index=leg.index, detail=detail, legs=(changed,), attempt=known))
    tools.crash_point(f"answered-{leg.index}")


def _word(before: Attempt, after: Attempt) -> str:
    if after.filled > before.filled:
        return "partly_filled"
    return "open" if after.state == OrderState.OPEN else "canceled"


def _with(view: View, leg: Leg, known: Attempt) -> Leg:
    """Return the leg with its totals, one attempt taken as it is known now."""
    others = tuple(attempt for attempt in view.tries(leg.index) if attempt.client_id != known.client_id)
    return with_attempts(leg, (*others, known))


async def refused(view: View, leg: Leg, attempt: Attempt, reason: str, tools: Tools) -> None:
    """Write a refusal down: quote again when the order would only have taken, else the leg ends here."""
    known = replace(attempt, state=OrderState.REJECTED, ended_at=tools.clock.now(), detail=reason)
    changed = _with(view, leg, known)
    if reason == drafting.WOULD_TAKE:
        changed = replace(changed, state=advance(leg.state, LegEvent.ACCEPT))
    else:
        event = LegEvent.END if changed.filled else LegEvent.REFUSE
        changed = replace(changed, state=advance(leg.state, event), note=reason)
    change = Change(
        event="rejected", leg_index=leg.index, detail={"client_id": attempt.client_id, "why": reason}, legs=(changed,), attempt=known
    )
    await tools.scribe.write(view, change)
    tools.crash_point(f"answered-{leg.index}")


async def lose(view: View, leg: Leg, attempt: Attempt, tools: Tools) -> None:
    """Note that nobody knows whether the order exists; recovery looks after it."""
    known = replace(attempt, state=OrderState.UNKNOWN)
    changed = replace(leg, state=advance(leg.state, LegEvent.LOSE))
    detail = {"client_id": attempt.client_id}
    await tools.scribe.write(view, Change(event="unknown", leg_index=leg.index, detail=detail, legs=(changed,), attempt=known))
    tools.crash_point(f"lost-{leg.index}")


async def _not_sent(view: View, leg: Leg, attempt: Attempt, tools: Tools) -> None:
    """Note that the intention never left, so that it may be sent again at once."""
    change = Change(event="unreachable", leg_index=leg.index, attempt=replace(attempt, detail=drafting.NOT_SENT))
    await tools.scribe.write(view, change)


async def end(view: View, leg: Leg, note: str, tools: Tools) -> None:
    """End a leg with what it has: dropped when nothing was ever sent, else partial."""
    event = LegEvent.DROP if leg.state == LegState.PLANNED else LegEvent.END
    changed = replace(leg, state=advance(leg.state, event), note=note)
    await tools.scribe.write(view, Change(event="ended", leg_index=leg.index, detail={"why": note}, legs=(changed,)))
    tools.crash_point(f"ended-{leg.index}")


async def watch(view: View, leg: Leg, attempt: Attempt, exchange: Exchange, tools: Tools) -> None:
    """Wait until a working order changes, or take it back when its time is over or the portfolio was paused."""
    while True:
        order = await exchange.find(attempt.instrument, attempt.client_id)
        if order is not None and (order.status != OrderStatus.OPEN or order.filled != attempt.filled):
            await heard(view, leg, attempt, order, exchange, tools)
            return
        step = _next(view.tries(leg.index), tools)
        if not isinstance(step, Wait) or await tools.stop_word(view):
            await take_back(view, leg, attempt, exchange, tools)
            return
        tools.crash_point(f"waiting-{leg.index}")
        await tools.clock.sleep(min(step.seconds, tools.pace.poll_pause_s))


async def take_back(view: View, leg: Leg, attempt: Attempt, exchange: Exchange, tools: Tools) -> None:
    """Cancel an order and write down how it ended; nothing is sent for the remainder before that is certain."""
    tools.crash_point(f"cancelling-{leg.index}")
    try:
        order = await exchange.cancel(attempt.instrument, attempt.client_id)
    except (Rejected, OutcomeUnknown) as trouble:
        # It may have ended by itself, or the cancel may have worked: the next look tells.
        found = await exchange.find(attempt.instrument, attempt.client_id)
        if found is None or found.status == OrderStatus.OPEN:
            raise Unreachable(f"cancel of {attempt.client_id}: {trouble}") from trouble
        order = found
    tools.crash_point(f"cancelled-{leg.index}")
    if order.status == OrderStatus.OPEN:
        await tools.clock.sleep(tools.pace.poll_pause_s)
    await heard(view, leg, attempt, order, exchange, tools)


async def _begin_transfer(view: View, leg: Leg, exchange: Exchange, tools: Tools) -> None:
    """Move money between the wallets, once."""
    amount = leg.qty
    if leg.kind == LegKind.TO_FUTURES:
        free = (await exchange.balances()).free.get(exchange.quote_asset, _ZERO)
        amount = sizing.floor_to(min(amount, free), _CENT)
    if amount <= 0:
        await end(view, leg, "not_enough_money", tools)
        return
    if amount < leg.qty:
        leg = replace(leg, note="not_enough_money")
    attempt = Attempt(
        plan_id=view.plan.id,
        leg_index=leg.index,
        attempt=1,
        client_id=drafting.client_id(view.plan.id, leg.index, 1),
        instrument=leg.instrument,
        side=leg.kind.value,
        qty=amount,
        sent_at=tools.clock.now(),
    )
    changed = replace(leg, state=advance(leg.state, LegEvent.SUBMIT), attempts=1)
    detail = {"client_id": attempt.client_id, "amount": str(amount)}
    await tools.scribe.write(view, Change(event="sent", leg_index=leg.index, detail=detail, legs=(changed,), intention=attempt))
    tools.crash_point(f"intended-{leg.index}")
    await send_transfer(view, changed, attempt, exchange, tools)


async def send_transfer(view: View, leg: Leg, attempt: Attempt, exchange: Exchange, tools: Tools) -> None:
    """Put a written transfer on the wire and write the answer down."""
    try:
        await exchange.transfer(Direction(attempt.side), attempt.qty, attempt.client_id)
    except Rejected as refusal:
        await refused(view, leg, attempt, refusal.reason, tools)
        return
    except OutcomeUnknown:
        await lose(view, leg, attempt, tools)
        return
    except Unreachable:
        await _not_sent(view, leg, attempt, tools)
        raise
    tools.crash_point(f"acted-{leg.index}")
    await transferred(view, leg, attempt, tools)


async def transferred(view: View, leg: Leg, attempt: Attempt, tools: Tools, event: str = "filled") -> None:
    """Write down that a transfer was done."""
    known = replace(attempt, state=OrderState.FILLED, filled=attempt.qty, ended_at=tools.clock.now(), detail="")
    done = known.filled >= leg.qty
    changed = replace(with_attempts(leg, (known,)), state=advance(leg.state, LegEvent.FILL if done else LegEvent.END))
    detail = {"client_id": attempt.client_id, "amount": str(attempt.qty)}
    await tools.scribe.write(view, Change(event=event, leg_index=leg.index, detail=detail, legs=(changed,), attempt=known))
    tools.crash_point(f"answered-{leg.index}")


async def _leverage_needed(view: View, leg: Leg, exchange: Exchange) -> bool:
    """Tell whether the contract's leverage must be set before this increase; asked once per leg."""
    if leg.kind != LegKind.FUTURES_INCREASE or view.count("leverage", leg.index):
        return False
    wanted = await _leverage(view, leg, exchange)
    return wanted is not None and not any(_stands_at(position, leg, wanted) for position in await exchange.positions())


def _stands_at(position: Position, leg: Leg, wanted: Decimal) -> bool:
    return position.instrument == leg.instrument and position.leverage == wanted


async def _leverage(view: View, leg: Leg, exchange: Exchange) -> Decimal | None:
    """Return the whole leverage that covers the sleeve's cap (domain 2.4), inside what the contract allows; None: not listed."""
    market = (await exchange.markets()).get(leg.instrument)
    if market is None:
        return None
    wanted = view.portfolio.strategy.sleeve_cap.to_integral_value(ROUND_CEILING)
    return max(Decimal(1), min(wanted, market.max_leverage))


async def _set_leverage(view: View, leg: Leg, exchange: Exchange, tools: Tools) -> None:
    """Set the leverage; doing it twice is harmless, so a lost answer is no problem. A refusal is left to the order itself."""
    wanted = await _leverage(view, leg, exchange)
    why = ""
    try:
        await exchange.set_leverage(leg.instrument, wanted or Decimal(1))
    except OutcomeUnknown as trouble:
        raise Unreachable(str(trouble)) from trouble
    except Unreachable:
        raise
    except Rejected as refusal:
        why = refusal.reason
    tools.crash_point(f"leverage-{leg.index}")
    await tools.scribe.write(view, Change(event="leverage", leg_index=leg.index, detail={"leverage": str(wanted), "why": why}))
