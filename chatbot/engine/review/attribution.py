"""What each trigger brought against holding, to the last cent (domain 12.4).

NAV_actual(T) - NAV_hold(T) = sum over fills [side qty (P(T) - P_fill) - fee] + funding; futures with their mark P(T), a fee that was
paid in a coin at P(T) of that coin.
A fill of several triggers is split in proportion to what each would have traded alone. Where they pull both ways the fill belongs to
the larger side; what crossed was never traded, and its fees are told as saved, outside the sum.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ZERO, exact, to_decimal
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What was traded of one instrument in one block."""

    instrument: str
    #: base units; above 0 bought, below 0 sold
    qty: Decimal
    #: quote, volume-weighted
    price: Decimal
    #: quote, at the prices of then
    fee: Decimal = Decimal(0)
    #: of the fee, what was paid in coins: units, and what one was worth then, quote; None: unknown, and then it is not in ``fee``
    fee_coins: Mapping[str, tuple[Decimal, Decimal | None]] = field(default_factory=dict)
    #: by trigger what it would have traded alone, signed base units; one trigger alone needs no number
    alone: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one trigger brought."""

    #: quote: what its trades gained or lost up to the last price, after fees
    gain: Decimal
    #: of it, fees that were paid, quote
    fees: Decimal
    #: fees that were not paid, because its trade crossed that of another trigger, quote; not in ``gain``
    saved: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """All parts; they and the funding add up to the total exactly."""

    parts: Mapping[str, Part]
    funding: Decimal
    #: NAV actual less NAV of holding, quote
    total: Decimal


def attribute(fills: Iterable[Fill], prices: Mapping[str, Decimal], funding: Decimal = Decimal(0)) -> Attribution:
    """Return what each trigger brought up to the moment of ``prices``.

    Raises ``Refused``: missing_price, and bad_parameter for a fill of no trigger.
    """
    gains: defaultdict[str, Fraction] = defaultdict(Fraction)
    fees: defaultdict[str, Fraction] = defaultdict(Fraction)
    saved: defaultdict[str, Fraction] = defaultdict(Fraction)
    for fill in fills:
        fee = exact(fill.fee)
        gain = gain_of(fill, prices)
        for trigger, share in shares(fill).items():
            gains[trigger] += share * gain
            fees[trigger] += share * fee
        for trigger, spared in _saved(fill).items():
            saved[trigger] += spared
    parts = {
        trigger: Part(gain=to_decimal(gain), fees=to_decimal(fees[trigger]), saved=to_decimal(saved[trigger]))
        for trigger, gain in gains.items()
    }
    return Attribution(parts=parts, funding=funding, total=to_decimal(sum(gains.values(), exact(funding))))


def gain_of(fill: Fill, prices: Mapping[str, Decimal]) -> Fraction:
    """Return what a fill gained up to the moment of ``prices``, after its fee, quote; raises ``Refused``: missing_price.

    A fee that was paid in a coin costs what that coin is worth at that moment: so much less of it is there. Without a price of it, it
    costs what it was worth when it was paid.
    """
    if fill.instrument not in prices:
        raise Refused("missing_price", fill.instrument)
    gain = exact(fill.qty) * (exact(prices[fill.instrument]) - exact(fill.price)) - exact(fill.fee)
    for coin, (qty, then) in fill.fee_coins.items():
        if (now := prices.get(coin, then)) is None:
            raise Refused("missing_price", coin)
        gain -= exact(qty) * (exact(now) - (ZERO if then is None else exact(then)))
    return gain


def shares(fill: Fill) -> dict[str, Fraction]:
    """Return the part of a fill that belongs to each of its triggers; they add up to 1, and one that pulled the other way has 0.

    Triggers that would have traded nothing alone, or exactly against each other, share what was traded in equal parts: together they did.
    """
    if not fill.alone:
        raise Refused("bad_parameter", f"{fill.instrument}: no trigger")
    if len(fill.alone) == 1:
        return dict.fromkeys(fill.alone, exact(1))
    bought, sold = _sides(fill)
    sign = 1 if bought >= sold else -1
    larger = bought if sign > 0 else sold
    if bought == sold:
        return {trigger: 1 / exact(len(fill.alone)) for trigger in fill.alone}
    return {trigger: max(ZERO, sign * exact(qty)) / larger for trigger, qty in fill.alone.items()}


def _saved(fill: Fill) -> dict[str, Fraction]:
    """Return by trigger the fees of what crossed, at the rate that the fill paid: both sides would have paid them."""
    bought, sold = _sides(fill)
    crossed = min(bought, sold)
    if not crossed or not fill.qty:
        return {}
    rate = exact(fill.fee) / abs(exact(fill.qty))
    of_side = {True: bought, False: sold}
    return {trigger: rate * crossed * abs(exact(qty)) / of_side[qty > 0] for trigger, qty in fill.alone.items() if qty}


def _sides(fill: Fill) -> tuple[Fraction, Fraction]:
    bought = sum((exact(qty) for qty in fill.alone.values() if qty > 0), ZERO)
    sold = -sum((exact(qty) for qty in fill.alone.values() if qty < 0), ZERO)
    return bought, sold
