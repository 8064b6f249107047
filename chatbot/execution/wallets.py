"""Legs that trade nothing: money moved between the wallets, and the leverage of a contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

import structlog

from chatbot.engine.exact import in_steps
from chatbot.engine.portfolio import tradable as free_beyond
from chatbot.errors import ExchangeError, KeyRefused, OutcomeUnknown, Rejected, Unreachable
from chatbot.exchanges.abilities import TwoWallets
from chatbot.exchanges.base import Direction, Side, asset_of, is_perp
from chatbot.execution import next_order, outcomes
from chatbot.execution.record import LEVERAGE, Change
from chatbot.model import LegKind
from chatbot.store.orders import Attempt

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from chatbot.exchanges.base import Balances, Exchange
    from chatbot.execution.outcomes import Deps, LegAttempt
    from chatbot.model import Portfolio

_LOG = structlog.get_logger()
#: the longest pause between two looks at an account that is behind
_LOOK_S = 10.0
_ZERO = Decimal(0)
_CENT = Decimal("0.01")
#: what is left of what was bought, at least, when the fee was taken in the coin
_LESS_FEE = Decimal("0.99")


async def tradable(exchange: Exchange, portfolio: Portfolio) -> dict[str, Decimal]:
    """Return what is free in the spot wallet beyond what the person keeps out: no order and no transfer may touch that."""
    return free_of(await exchange.balances(), portfolio)


def free_of(balances: Balances, portfolio: Portfolio) -> dict[str, Decimal]:
    """Return the same of balances that were read already."""
    return free_beyond(balances.spot, balances.free, portfolio.strategy.kept)


async def held(exchange: Exchange, instrument: str) -> Decimal:
    """Return how much there is of what an order or a transfer changes, on the account itself; raises ``Unreachable``.

    The coin on spot, locked or not; the signed position in a contract; for transfers, whose instrument is the quote coin, the money on
    spot. A fill moves it at once, whenever the order itself is listed.
    """
    return (await _held(exchange, (instrument,)))[instrument]


async def _held(exchange: Exchange, instruments: Collection[str]) -> dict[str, Decimal]:
    """Return the same of several, by one look at the coins and one at the positions: an exchange counts what it is asked."""
    contracts = {one.instrument: one.qty for one in await exchange.positions()} if any(map(is_perp, instruments)) else {}
    coins = {} if all(map(is_perp, instruments)) else (await exchange.balances()).spot
    return {name: contracts.get(name, _ZERO) if is_perp(name) else coins.get(asset_of(name), _ZERO) for name in instruments}


async def is_behind(exchange: Exchange, attempts: Sequence[Attempt], deps: Deps) -> bool:
    """Tell whether the spot wallet does not show yet what the latest orders of a plan have done to their coins.

    What it shows of the coin it shows of the money too. A fee may have been taken in the coin. Nobody waits for longer than ``shows_s``
    after the last of them: a person may have moved coins meanwhile. Raises ``Unreachable``.
    """
    sent = [one for one in attempts if one.limit is not None and one.held is not None and not is_perp(one.instrument)]
    ends = [one.ended_at for one in sent if one.filled and one.ended_at is not None]
    if not ends or (deps.clock.now() - max(ends)).total_seconds() >= deps.pace.shows_s:
        return False
    spot = (await exchange.balances()).spot
    coins = {one.instrument for one in sent}
    return any(_is_behind([one for one in sent if one.instrument == coin], spot.get(asset_of(coin), _ZERO)) for coin in coins)


def _is_behind(attempts: Sequence[Attempt], shown: Decimal) -> bool:
    """Tell whether ``shown`` is what there was of a coin or contract before these orders, or lies on the way to what they made of it."""
    change = sum((one.filled if one.side == Side.BUY else -one.filled for one in attempts), _ZERO)
    first, less = attempts[0], 1 if is_perp(attempts[0].instrument) else _LESS_FEE
    before = first.held or _ZERO
    if change > 0:
        return shown < before + change * less
    return change < 0 and shown > before + change


async def wait_until_shown(exchange: Exchange, attempts: Sequence[Attempt], deps: Deps) -> None:
    """Wait until coins and positions are what a plan has made of them, ``ends_s`` at most: a person may have moved some meanwhile.

    Until then the next plan would do the same once more. An account that cannot be read is not waited for: nothing is planned from it.
    """
    sent = [one for one in attempts if one.limit is not None and one.held is not None]
    touched = {one.instrument for one in sent if one.filled}
    until, pause = deps.clock.now() + timedelta(seconds=deps.pace.ends_s), deps.pace.poll_pause_s
    try:
        while touched and deps.clock.now() < until:
            shown = await _held(exchange, touched)
            touched = {name for name in touched if _is_behind([one for one in sent if one.instrument == name], shown[name])}
            if touched:
                await deps.clock.sleep(pause)
                pause = min(2 * pause, _LOOK_S)
    except ExchangeError as trouble:
        _LOG.warning("not seen whether the account shows what was filled", error=str(trouble))


def is_by_hand(exchange: Exchange) -> bool:
    """Tell whether its person alone can move money between the wallets of an account."""
    return isinstance(exchange, TwoWallets) and not exchange.moves_money


async def transfer(move: LegAttempt) -> None:
    """Move money between the wallets, once; what goes to futures is at most the money left (domain 9.7).

    Where its person makes it, the leg says what is left of it: that much is asked for.
    """
    leg, number = move.leg, len(move.view.tries(move.leg.index)) + 1
    amount, balances = leg.qty, await move.exchange.balances()
    if leg.kind == LegKind.TO_FUTURES:
        free = free_of(balances, move.view.portfolio).get(move.exchange.quote_asset, _ZERO)
        amount = in_steps(min(amount, free), _CENT)
    if amount <= 0:
        await outcomes.end(move, "not_enough_money")
        return
    if amount < leg.qty:
        less = replace(leg, qty=amount, note="shrunk") if is_by_hand(move.exchange) else replace(leg, note="not_enough_money")
        move = replace(move, leg=less)
    attempt = Attempt(
        plan_id=move.view.plan.id,
        leg_index=leg.index,
        attempt=number,
        client_id=next_order.client_id(move.view.plan.id, leg.index, number),
        instrument=leg.instrument,
        side=leg.kind.value,
        qty=amount,
        sent_at=move.deps.clock.now(),
        held=balances.spot.get(asset_of(leg.instrument), _ZERO),
    )
    await send_transfer(await outcomes.intend(move, attempt, "sent"), attempt)


async def send_transfer(move: LegAttempt, attempt: Attempt) -> None:
    """Put a written transfer on the wire and write the answer down."""
    if stopped := await move.stop_word():
        await outcomes.refused(move, attempt, stopped)
        return
    try:
        await move.exchange.transfer(Direction(attempt.side), attempt.qty, attempt.client_id)
    except Rejected as refusal:
        await outcomes.refused(move, attempt, refusal.reason)
        return
    except OutcomeUnknown:
        await outcomes.record_unknown(move, attempt)
        return
    except (Unreachable, KeyRefused):
        await outcomes.not_sent(move, attempt)
        raise
    move.passes("acted")
    await outcomes.transferred(move, attempt)


async def leverage_to_set(move: LegAttempt) -> Decimal | None:
    """Return the leverage that must be set before this leg: whole, enough for the sleeve's cap (domain 2.4); None when none."""
    leg = move.leg
    if leg.kind != LegKind.FUTURES_INCREASE or move.view.count(LEVERAGE, leg.index):
        return None
    market = (await move.exchange.markets()).get(leg.instrument)
    if market is None:
        return None
    cap = move.view.portfolio.strategy.sleeve_cap.to_integral_value(ROUND_CEILING)
    wanted = max(Decimal(1), min(cap, market.max_leverage))
    stands = {position.instrument: position.leverage for position in await move.exchange.positions()}
    return None if stands.get(leg.instrument) == wanted else wanted


async def set_leverage(move: LegAttempt, wanted: Decimal) -> None:
    """Set the leverage; twice is harmless, so a lost answer is no problem. A refusal is left to the order itself."""
    why = ""
    if await move.stop_word():
        return
    try:
        await move.exchange.set_leverage(move.leg.instrument, wanted)
    except OutcomeUnknown as trouble:
        raise Unreachable(str(trouble)) from trouble
    except Rejected as refusal:
        why = refusal.reason
    move.passes("leverage")
    change = Change(event=LEVERAGE, leg_index=move.leg.index, detail={"leverage": str(wanted), "why": why})
    await move.deps.scribe.write(move.view, change)
