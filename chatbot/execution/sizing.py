"""Prices and quantities of the next order: rounding to the exchange's steps, and what the money allows."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from chatbot.engine.exact import in_steps
from chatbot.engine.planner.prices import round_price
from chatbot.exchanges.base import Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.exchanges.base import Market, Quote
    from chatbot.model import Leg

_ZERO = Decimal(0)
_SPREAD = Decimal("0.001")


def limit_at(mid: Decimal, side: Side, distance_bps: Decimal, tick: Decimal) -> Decimal:
    """Return a limit ``distance_bps`` below mid for a buy, above for a sell; a negative distance crosses (domain 9.6).

    Raises ``engine.errors.Refused``: bad_price where rounding to the tick leaves nothing.
    """
    return round_price(mid, side.value, tick, abs(distance_bps), "marketable" if distance_bps < 0 else "passive")


def on_tick(price: Decimal, side: Side, tick: Decimal) -> Decimal:
    """Round a limit to the tick, never to a worse price than it says; raises as :func:`limit_at`."""
    return limit_at(price, side, _ZERO, tick)


def would_take(side: Side, limit: Decimal, quote: Quote) -> bool:
    """Tell whether a resting order at ``limit`` would trade at once."""
    return limit >= quote.ask if side == Side.BUY else limit <= quote.bid


def to_take(left: Decimal, room: Decimal, limit: Decimal, market: Market, *, exempt: bool = False) -> Decimal:
    """Return how much of ``left`` one order takes where it may take ``room``: equal parts in whole lots, the last one included.

    Never less than the exchange takes, so that a thin market does not end a leg; domain 9.6.
    """
    least = _least(limit, market, exempt=exempt)
    most = max(in_steps(room, market.lot), least)
    parts = min((left / most).to_integral_value(ROUND_CEILING), left // least)
    return left if parts <= 1 else _up(left / parts, market.lot)


def _least(limit: Decimal, market: Market, *, exempt: bool) -> Decimal:
    """Return the smallest order in whole lots."""
    value = _ZERO if exempt else market.min_notional / limit
    return _up(max(market.lot, market.min_qty, value), market.lot)


def _up(number: Decimal, lot: Decimal) -> Decimal:
    """Round up to whole lots."""
    down = in_steps(number, lot)
    return down if down == number else down + lot


def affordable(free: Decimal, limit: Decimal, market: Market) -> Decimal:
    """Return how much ``free`` quote money buys at ``limit`` with the dearer fee, in whole lots."""
    return in_steps(max(_ZERO, free) / (limit * (1 + market.dearer_fee)), market.lot)


def missing_inflow(inflows: Sequence[Leg], markets: Mapping[str, Market]) -> Decimal:
    """Return how much less money the sells and transfers brought than the plan counted on; never below 0.

    Better prices on one leg make up for worse ones on another, but never enlarge the buys. A tenth of a per cent is what
    crossing the spread costs: the reserve bears it.
    """
    missing = expected = _ZERO
    for leg in inflows:
        if leg.is_transfer:
            missing += leg.qty - leg.filled
            expected += leg.qty
            continue
        market = markets.get(leg.instrument)
        fee = market.dearer_fee if market else _ZERO
        planned = leg.qty * leg.lower_price * (1 - fee)
        expected += planned
        missing += planned - (leg.filled * (leg.average or _ZERO) - leg.fee)
    return missing if missing > expected * _SPREAD else _ZERO


def shrink(buys: Sequence[Leg], markets: Mapping[str, Market], missing: Decimal, free: Decimal) -> dict[int, Decimal]:
    """Return the new quantity of each buy by leg index: all by the same factor, in whole lots, 0 where the exchange's minimum is missed.

    The buys may spend what they were planned with less what did not arrive, so that a failed sale never eats the stablecoin
    reserve; and never more than is there.
    """
    costs = {leg.index: leg.needs(markets[leg.instrument].dearer_fee) for leg in buys}
    total = sum(costs.values(), _ZERO)
    budget = max(_ZERO, min(total - missing, free))
    if budget >= total:
        return {leg.index: leg.qty for leg in buys}
    sizes: dict[int, Decimal] = {}
    for leg in buys:
        market = markets[leg.instrument]
        qty = in_steps(leg.qty * budget / total, market.lot)
        sizes[leg.index] = _ZERO if market.is_too_small(qty, leg.lower_price) else qty
    return sizes
