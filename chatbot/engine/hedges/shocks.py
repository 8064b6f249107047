"""What a move of the market would do to a portfolio with its hedges: the honest table (domain 10.4).

Legend: x shock of BTC, beta sensitivity, v spot value, q position, m mark, M isolated margin of a position.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, ZERO, exact, to_decimal, total
from chatbot.engine.portfolio import prior_beta
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgePosition:
    """A position in the index contract with its own margin."""

    #: signed base units
    qty: Decimal
    mark: Decimal
    #: isolated margin, quote; None = it cannot be liquidated
    collateral: Decimal | None = None
    #: maintenance margin rate
    mmr: Decimal = Decimal("0.004")
    beta: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """One row of the table, quote and fractions of value."""

    shock: Decimal
    spot_pnl: Decimal
    hedge_pnl: Decimal
    total_pnl: Decimal
    total_return: Decimal
    #: share of the spot loss that the hedge pays; None when spot does not lose
    hedged_share: Decimal | None
    #: a position lost its whole margin
    liquidated: bool


def shock_table(
    spot: Mapping[str, Decimal],
    cash: Decimal,
    betas: Mapping[str, Decimal],
    futures: Sequence[HedgePosition],
    shocks: Sequence[Decimal],
) -> tuple[Decimal, tuple[Shock, ...]]:
    """Return the value and a row per shock; spot falls by beta times the shock, at most by everything (domain 10.4).

    Raises ``Refused``: non_positive_value, negative_quantity, bad_price, bad_parameter (a shock below -100 %).
    """
    for asset, value in spot.items():
        if value < 0:
            raise Refused("negative_quantity", asset)
    if any(p.mark <= 0 for p in futures):
        raise Refused("bad_price")
    if any(x < -1 for x in shocks):
        raise Refused("bad_parameter", "shock")
    V = total(map(exact, spot.values())) + exact(cash) + total(exact(p.collateral) for p in futures if p.collateral is not None)
    if V <= 0:
        raise Refused("non_positive_value")
    beta = {asset: exact(betas[asset] if asset in betas else prior_beta(asset)) for asset in spot}
    return to_decimal(V), tuple(_row(V, spot, beta, futures, x) for x in shocks)


def _row(V: Fraction, spot: Mapping[str, Decimal], beta: Mapping[str, Fraction], futures: Sequence[HedgePosition], shock: Decimal) -> Shock:
    x = exact(shock)
    spot_pnl = total(exact(v) * max(-ONE, beta[asset] * x) for asset, v in spot.items())
    outcomes = [_outcome(p, x) for p in futures]
    hedge_pnl = total(pnl for pnl, _ in outcomes)
    return Shock(
        shock=shock,
        spot_pnl=to_decimal(spot_pnl),
        hedge_pnl=to_decimal(hedge_pnl),
        total_pnl=to_decimal(spot_pnl + hedge_pnl),
        total_return=to_decimal((spot_pnl + hedge_pnl) / V),
        hedged_share=to_decimal(hedge_pnl / -spot_pnl) if spot_pnl < 0 else None,
        liquidated=any(gone for _, gone in outcomes),
    )


def _outcome(p: HedgePosition, x: Fraction) -> tuple[Fraction, bool]:
    """Return (profit, liquidated) of one position: below maintenance after the move, the margin is lost."""
    move = max(-ONE, exact(p.beta) * x)
    pnl = exact(p.qty) * exact(p.mark) * move
    if p.collateral is None or p.qty == 0:
        return pnl, False
    M = exact(p.collateral)
    maintenance = exact(p.mmr) * abs(exact(p.qty)) * exact(p.mark) * (1 + move)
    return (-M, True) if M + pnl <= max(ZERO, maintenance) else (pnl, False)
