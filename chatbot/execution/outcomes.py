"""What every move is made with, and the ways in which its outcome is written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chatbot.errors import ExchangeError
from chatbot.exchanges.base import OrderStatus
from chatbot.execution import next_order
from chatbot.execution.lifecycle import LegEvent, advance
from chatbot.execution.record import UNKNOWN, Change, Parked, with_attempts
from chatbot.model import LegState, OrderState
from chatbot.store.halt import HALTED
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from decimal import Decimal

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Exchange, Order
    from chatbot.execution.pace import Pace
    from chatbot.execution.record import Scribe, View
    from chatbot.model import Leg, Plan
    from chatbot.store.orders import Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """The same for every plan."""

    scribe: Scribe
    clock: Clock
    pace: Pace
    #: called at every named point between two effects; tests end the process there
    crash_point: Callable[[str], None]
    #: asked before everything that is sent: why it may not be, with real money; empty where it may
    forbids: Callable[[Plan], Awaitable[str]]

    async def stop_word(self, view: View) -> str:
        """Return why nothing more may be sent: ``closed`` or ``stopped`` by a person, ``halt.HALTED``; empty when all is well."""
        return await self.scribe.stop_word(view.plan.id)

    async def rest(self, view: View, seconds: float) -> None:
        """Wait, or until the plan is stopped or trading halted: what was not sent then is not waited for."""
        if seconds <= self.pace.look_s:
            await self.clock.sleep(seconds)
            return
        stopped, until = await self.stop_word(view), self.clock.now() + timedelta(seconds=seconds)
        while (left := (until - self.clock.now()).total_seconds()) > 0:
            await self.clock.sleep(min(left, self.pace.look_s))
            if not stopped and await self.stop_word(view):
                return


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAttempt:
    """One leg at one moment, and where it is carried out."""

    view: View
    leg: Leg
    exchange: Exchange
    deps: Deps

    def passes(self, point: str) -> None:
        """Pass a named point of this leg."""
        self.deps.crash_point(f"{point}-{self.leg.index}")

    async def stop_word(self) -> str:
        """Return why nothing may be sent now; asked directly before everything that is."""
        return await self.deps.stop_word(self.view)

    async def refuse_forbidden(self) -> None:
        """Raise ``record.Parked`` where the limits of real money, as they are now, forbid what comes next; nothing is written or sent."""
        if why := await self.deps.forbids(self.view.plan):
            raise Parked(why)

    async def rest(self, seconds: float) -> None:
        """Wait, or until nothing may be sent any more."""
        await self.deps.rest(self.view, seconds)


async def intend(move: LegAttempt, attempt: Attempt, event: str) -> LegAttempt:
    """Write an intention down before anything goes on the wire; return the move with the leg as it is now."""
    tries = len(move.view.tries(attempt.leg_index)) + 1
    changed = replace(move.leg, state=advance(move.leg.state, LegEvent.SUBMIT), attempts=tries)
    detail = {"client_id": attempt.client_id, "qty": str(attempt.qty)} | ({"limit": str(attempt.limit)} if attempt.limit else {})
    await _write(move, event, detail, changed, intention=attempt)
    move.passes("intended")
    return replace(move, leg=changed)


async def record_answer(move: LegAttempt, attempt: Attempt, order: Order, event: str = "") -> None:
    """Write down what the exchange says about an order, and what that makes of its leg."""
    prices = await fee_prices(move.exchange, order, move.view.plan.prices)
    known = replace(
        attempt,
        state=next_order.state_of(order),
        filled=order.filled,
        average=order.average,
        fee=next_order.fee_in_money(order, move.exchange.quote_asset, prices),
        fees=next_order.fees_in_coins(order, move.exchange.quote_asset),
        exchange_id=order.exchange_id,
        ended_at=next_order.ended_at(order, move.deps.clock.now()),
        detail="refused" if order.status == OrderStatus.REJECTED else "",
    )
    changed = _with(move, known)
    done = changed.filled >= changed.qty
    changed = replace(changed, state=advance(changed.state, LegEvent.FILL if done else LegEvent.ACCEPT))
    detail = {"client_id": attempt.client_id, "filled": str(order.filled), "status": order.status.value}
    await _write(move, event or ("filled" if done else _word(attempt, known)), detail, changed, attempt=known)
    move.passes("answered")


async def fee_prices(exchange: Exchange, order: Order, known: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """Return the prices of a plan with those of coins that only its fees are paid in: BNB that lies beside a portfolio, say.

    What no price is told of stays out, and so out of the fee in money: an order is written down whatever else cannot be read.
    """
    missing = order.fees.keys() - known.keys() - {exchange.quote_asset}
    if not missing:
        return known
    try:
        quotes = await exchange.quotes(missing)
    except ExchangeError:
        return known
    return {**known, **{coin: quote.price for coin, quote in quotes.items()}}


def _word(before: Attempt, after: Attempt) -> str:
    if after.filled > before.filled:
        return "partly_filled"
    return "open" if after.state == OrderState.OPEN else "canceled"


async def transferred(move: LegAttempt, attempt: Attempt, event: str = "filled") -> None:
    """Write down that a transfer was done."""
    known = replace(attempt, state=OrderState.FILLED, filled=attempt.qty, ended_at=move.deps.clock.now(), detail="")
    changed = _with(move, known)
    done = changed.filled >= changed.qty
    changed = replace(changed, state=advance(changed.state, LegEvent.FILL if done else LegEvent.END))
    await _write(move, event, {"client_id": attempt.client_id, "qty": str(attempt.qty)}, changed, attempt=known)
    move.passes("answered")


async def refused(move: LegAttempt, attempt: Attempt, reason: str) -> None:
    """Write a refusal down: quote again when the order would only have taken, or trading was halted; else the leg ends here."""
    known = replace(attempt, state=OrderState.REJECTED, ended_at=move.deps.clock.now(), detail=reason)
    changed = _with(move, known)
    if reason in (next_order.WOULD_TAKE, HALTED):
        changed = replace(changed, state=advance(changed.state, LegEvent.ACCEPT))
    else:
        event = LegEvent.END if changed.filled else LegEvent.REFUSE
        changed = replace(changed, state=advance(changed.state, event), note=reason)
    await _write(move, "rejected", {"client_id": attempt.client_id, "why": reason}, changed, attempt=known)
    move.passes("answered")


async def record_unknown(move: LegAttempt, attempt: Attempt, event: str = UNKNOWN, detail: str = "") -> None:
    """Note that nobody knows whether the order exists; recovery looks after it.

    ``event`` tells whose silence it is: the exchange's, or that of a process of ours that ended in the middle. ``detail`` is
    ``next_order.LISTED_LATER`` where the exchange has it, or may have it, for all we know: then it is never sent again.
    """
    known = replace(attempt, state=OrderState.UNKNOWN, detail=detail)
    changed = replace(move.leg, state=advance(move.leg.state, LegEvent.LOSE))
    await _write(move, event, {"client_id": attempt.client_id}, changed, attempt=known)
    move.passes("lost")


async def not_sent(move: LegAttempt, attempt: Attempt) -> None:
    """Note that the intention never left, or that its key was refused, so that it may be sent again at once."""
    await _write(move, "unreachable", {"client_id": attempt.client_id}, move.leg, attempt=replace(attempt, detail=next_order.NOT_SENT))


async def end(move: LegAttempt, note: str) -> None:
    """End a leg with what it has: dropped when nothing was ever sent, else partial."""
    await _write(move, "ended", {"why": note}, cut_short(move.leg, note))
    move.passes("ended")


def cut_short(leg: Leg, note: str) -> Leg:
    """Return a leg that ends with what it has."""
    event = LegEvent.DROP if leg.state == LegState.PLANNED else LegEvent.END
    return replace(leg, state=advance(leg.state, event), note=note)


async def abandon(move: LegAttempt, attempt: Attempt) -> None:
    """End a leg whose order will never be known, because a person said so."""
    known = replace(attempt, state=OrderState.CANCELED, ended_at=move.deps.clock.now(), detail=next_order.UNKNOWN_END)
    changed = replace(move.leg, state=advance(move.leg.state, LegEvent.END), note=next_order.UNKNOWN_END)
    await _write(move, "abandoned", {"client_id": attempt.client_id}, changed, attempt=known)


async def _write(
    move: LegAttempt, event: str, detail: dict[str, Any], leg: Leg, *, intention: Attempt | None = None, attempt: Attempt | None = None
) -> None:
    sends = intention is not None
    change = Change(event=event, leg_index=leg.index, detail=detail, legs=(leg,), intention=intention, attempt=attempt, sends=sends)
    await move.deps.scribe.write(move.view, change)


def _with(move: LegAttempt, known: Attempt) -> Leg:
    """Return the leg with its totals, one attempt taken as it is known now."""
    others = tuple(attempt for attempt in move.view.tries(move.leg.index) if attempt.client_id != known.client_id)
    return with_attempts(move.leg, (*others, known))
