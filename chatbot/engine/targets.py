"""Where every asset and contract should stand: target weights of assets, sleeve and book (domain 2).

Legend of the intended mix (domain 2.3): q* intended quantity, P price, aim = x V' the dollars that a bucket is to be worth.
"""

from __future__ import annotations

from dataclasses import field
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, WIDE, exact, total, wide
from chatbot.engine.portfolio import FUTURES, STABLE
from chatbot.engine.presets import check_weights
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from fractions import Fraction


#: quotients are cut here; the last member of a bucket takes what is left, so that sums stay exact
_SHARE_STEP = Decimal("1e-30")


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Target weights: spot, stable and collateral add up to exactly 1; futures are exposures beside it."""

    #: capital weight by asset
    spot: Mapping[str, Decimal]
    stable: Decimal
    #: capital weight of the futures account (c_F)
    collateral: Decimal
    #: signed notional / V by contract
    futures: Mapping[str, Decimal] = field(default_factory=dict)


def check_targets(targets: Targets) -> None:
    """Refuse capital weights below 0 (``negative_target``) or not adding up to exactly 1 (``targets_sum``)."""
    if {STABLE, FUTURES} & targets.spot.keys():
        raise Refused("bad_parameter", "spot line name")
    check_weights({**targets.spot, STABLE: targets.stable, FUTURES: targets.collateral})


def split(
    weights: Mapping[str, Decimal],
    members: Mapping[str, tuple[str, ...]],
    values: Mapping[str, Decimal],
    futures_net: Decimal,
    futures_split: Mapping[str, Decimal],
    latched: Mapping[str, Decimal] | None = None,
) -> Targets:
    """Spread line targets over assets and contracts with ``keep_mix`` (domain 2.3).

    A bucket's target is shared in proportion to what is held (``values`` by asset), equally when nothing is held. A line
    without members stands for itself, and an asset with a line of its own belongs to no bucket. The futures base is
    ``futures_net`` times each contract's share. ``latched`` fixes an asset's share of its bucket: while one asset is capped
    (domain 5.3) its bucket must not hand the cut on to the others. Raises ``Refused``: negative_target, targets_sum,
    missing_target (a bucket with a target and no members).
    """
    check_weights(weights)
    spot: dict[str, Decimal] = {}
    for line, target in weights.items():
        if line in (STABLE, FUTURES):
            continue
        bucket = members.get(line, (line,))
        assets = tuple(a for a in bucket if a == line or a not in weights)
        if not assets and target:
            raise Refused("missing_target", line)
        spot.update(_share_out(target, assets, values, latched or {}))
    with wide():
        book = {contract: futures_net * share for contract, share in futures_split.items()}
    return Targets(spot=spot, stable=weights.get(STABLE, Decimal(0)), collateral=weights.get(FUTURES, Decimal(0)), futures=book)


def _share_out(
    target: Decimal, assets: tuple[str, ...], values: Mapping[str, Decimal], latched: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """Give latched assets their fixed share and the others what is left, in proportion to what is held."""
    fixed = {asset: latched[asset] for asset in assets if asset in latched}
    free = tuple(asset for asset in assets if asset not in fixed)
    if not fixed:
        return _keep_mix(target, assets, values)
    with wide():
        whole = sum(fixed.values(), Decimal(0))
        if not free or whole > 1:
            return _keep_mix(target, assets, fixed | dict.fromkeys(free, Decimal(0)))
        parts = {asset: target * share for asset, share in fixed.items()}
        return parts | _keep_mix(target - sum(parts.values(), Decimal(0)), free, values)


def _keep_mix(target: Decimal, assets: tuple[str, ...], values: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Share ``target`` out in proportion to what is held; the parts add up to exactly ``target``."""
    with wide():
        held = {a: values.get(a, Decimal(0)) for a in assets}
        whole = sum(held.values(), Decimal(0))
        if whole <= 0:
            held, whole = dict.fromkeys(assets, Decimal(1)), Decimal(len(assets))
        shares: dict[str, Decimal] = {}
        for asset in sorted(assets, key=lambda a: (held[a], a)):
            shares[asset] = (target * held[asset] / whole).quantize(_SHARE_STEP, ROUND_DOWN, WIDE)
        if shares:
            largest = next(reversed(shares))
            shares[largest] = target - sum((w for a, w in shares.items() if a != largest), Decimal(0))
        return {a: shares[a] for a in assets}


class Source(StrEnum):
    """Where the shares of a bucket come from."""

    HELD = "held"
    INTENDED = "intended"
    #: nothing is held
    EQUAL = "equal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How a bucket is shared out over its coins."""

    source: Source
    #: by coin; they add up to exactly 1
    shares: Mapping[str, Fraction]


def intended_quantities(shares: Mapping[str, Fraction], aim: Fraction, prices: Mapping[str, Decimal]) -> dict[str, Fraction]:
    """Return the q* of every coin, cut or not, that a block writes down for an ``aim`` in quote. Raises ``Refused``: bad_parameter."""
    if aim < 0:
        raise Refused("bad_parameter", "aim")
    return {coin: share * aim / exact(prices[coin]) for coin, share in shares.items()}


def left_out(intended: Decimal, held: Decimal, *, sale: bool) -> Decimal:
    """Return the q* of a coin whose leg its person left out: it is meant as it is ``held`` (domain 2.3).

    Who leaves a ``sale`` out wants no less of it: of a coin that is cut there is less than is meant, and that stays what it was.
    """
    return max(intended, held) if sale else held


def intended_shares(
    members: Collection[str],
    prices: Mapping[str, Decimal],
    held: Mapping[str, Decimal],
    intended: Mapping[str, Decimal] | None,
    thresholds: Mapping[str, Decimal],
    *,
    cut: Collection[str] = (),
) -> Shares:
    """Return the shares of a bucket's ``members``, as its person chose them and not as fills, lots and cuts happened to leave them.

    They come from the ``intended`` quantities, priced now, while one coin is off its own by its threshold (quote) or more, or a coin is
    under a ``cut``; else from what is ``held``; where nothing is, they are equal. ``intended`` of None or nothing is no intention. A coin
    of which nothing was intended is meant as it is held.
    Raises ``Refused``: bad_parameter (no members, a threshold below 0), missing_price, bad_price, negative_quantity.
    """
    _check(members, prices, [held, intended or {}], thresholds)
    worth = {coin: exact(held.get(coin, 0)) * exact(prices[coin]) for coin in members}
    if intended:
        meant = {coin: exact(intended[coin]) * exact(prices[coin]) if coin in intended else worth[coin] for coin in members}
        counts = bool(cut) or any(abs(meant[coin] - worth[coin]) >= exact(thresholds[coin]) for coin in members)
        if counts and (whole := total(meant.values())):
            return Shares(source=Source.INTENDED, shares={coin: value / whole for coin, value in meant.items()})
    if whole := total(worth.values()):
        return Shares(source=Source.HELD, shares={coin: value / whole for coin, value in worth.items()})
    return Shares(source=Source.EQUAL, shares=dict.fromkeys(members, ONE / len(members)))


def _check(
    members: Collection[str],
    prices: Mapping[str, Decimal],
    amounts: Collection[Mapping[str, Decimal]],
    thresholds: Mapping[str, Decimal],
) -> None:
    if not members or any(threshold < 0 for threshold in thresholds.values()):
        raise Refused("bad_parameter", "members" if not members else "threshold")
    for coin in members:
        if coin not in prices:
            raise Refused("missing_price", coin)
        if prices[coin] <= 0:
            raise Refused("bad_price", coin)
        if any(amount.get(coin, 0) < 0 for amount in amounts):
            raise Refused("negative_quantity", coin)
