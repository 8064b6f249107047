"""What single coins of a bucket are too small to trade is traded by its larger coins, so that the bucket arrives (domain 2.3, 9.5).

With ``keep_mix`` the small differences that a plan leaves would be shared out again at the next look, over coins that just stood on
their targets.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from chatbot.engine.exact import wide
from chatbot.engine.planner.plan import Config
from chatbot.portfolio import valuation as readings

if TYPE_CHECKING:
    from chatbot.engine.targets import Targets
    from chatbot.exchanges.base import Market
    from chatbot.portfolio.evaluator import Evaluation

_STEP = Decimal("1e-12")
_ZERO = Decimal(0)
_LOTS = Decimal("1.5")
_DEFAULTS = Config(gross_cap=_ZERO, sleeve_cap=_ZERO)


def gathered(found: Evaluation, targets: Targets) -> Targets:
    """Return targets that leave a coin where it is when its difference is too small for an order, and let its bucket make up for it.

    Coins with fixed shares, such as those that a spike has cut, are left alone, and so are those that are sold off or halted.
    """
    if found.snapshot is None:
        return targets
    value = sum(readings.line_values(found.snapshot, found.portfolio.strategy).values(), _ZERO)
    held = {holding.asset: holding.qty * holding.price for holding in found.snapshot.spot}
    least = {holding.asset: _least(found.markets.get(holding.asset), holding.price, value) for holding in found.snapshot.spot}
    buckets: dict[str, list[str]] = {}
    for asset, t in targets.spot.items():
        line, market = readings.bucket_of(asset, found.portfolio.strategy), found.markets.get(asset)
        if t and line != asset and asset not in found.layers.anchors and market is not None and market.trading:
            buckets.setdefault(line, []).append(asset)
    spot = dict(targets.spot)
    for assets in buckets.values():
        bucket = {asset: spot[asset] for asset in assets}
        small = {asset for asset, t in bucket.items() if abs(t * value - held[asset]) < least[asset]}
        spot |= _shifted(bucket, {asset: held[asset] / value for asset in small})
    return replace(targets, spot=spot)


def _shifted(bucket: dict[str, Decimal], small: dict[str, Decimal]) -> dict[str, Decimal]:
    """Return the targets of a bucket's coins with their sum unchanged and the ``small`` ones where they are; {} where it can not be."""
    large = sorted(bucket.keys() - small.keys(), key=lambda asset: (bucket[asset], asset))
    if not small or not large:
        return {}
    with wide():
        kept = {asset: weight.quantize(_STEP, ROUND_DOWN) for asset, weight in small.items()}
        rest = sum(bucket.values(), _ZERO) - sum(kept.values(), _ZERO)
        whole = sum((bucket[asset] for asset in large), _ZERO)
        moved = {asset: (rest * bucket[asset] / whole).quantize(_STEP, ROUND_DOWN) for asset in large}
        moved[large[-1]] += rest - sum(moved.values(), _ZERO)
    return {**kept, **moved} if rest >= 0 else {}


def _least(market: Market | None, price: Decimal, value: Decimal) -> Decimal:
    """Return the smallest difference worth an order (domain 9.5)."""
    lots = (market.min_notional, _LOTS * market.lot * price) if market is not None else ()
    return max(_DEFAULTS.min_trade, _DEFAULTS.min_trade_bps * value / 10_000, *lots)
