"""What a move of the market would do to a portfolio without a hedge and with it: the honest table (domain 10.4)."""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.exact import wide
from chatbot.engine.hedges.shocks import HedgePosition, Shock, shock_table
from chatbot.engine.portfolio import INDEX, prior_beta
from chatbot.model.hedge import covered
from chatbot.model.hedge_report import ShockRow
from chatbot.portfolio import valuation
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.engine.portfolio import Valuation
    from chatbot.model.hedge import HedgeSize
    from chatbot.portfolio.evaluation import Evaluation

#: moves of BTC in the table
SHOCKS = tuple(Decimal(text) for text in ("-0.1", "-0.2", "-0.3", "-0.5", "0.1", "0.2", "0.3"))
#: by how much betas are raised in its second reading
STRESS = Decimal("1.25")
_BTC = "BTC"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Added:
    """What a hedge changes: coins sold, units of the index contract, and money moved to the futures account; all 0 without one."""

    sells: Mapping[str, Decimal] = field(default_factory=dict)
    qty: Decimal = _ZERO
    moved: Decimal = _ZERO


_NOTHING = _Added()


def rows(evaluation: Evaluation, held: Valuation, size: HedgeSize, *, stressed: bool) -> tuple[ShockRow, ...]:
    """Return the table of a hedge: the portfolio as it is, and with exactly the hedge's legs. Raises ``engine.errors.Refused``."""
    without = _shocks(evaluation, held, _NOTHING, SHOCKS, stressed=stressed)
    hedged = _shocks(evaluation, held, _added(evaluation, size), SHOCKS, stressed=stressed)
    return tuple(
        ShockRow(
            shock=alone.shock,
            without=alone.total_pnl,
            hedged=both.total_pnl,
            covered=covered(alone.total_pnl, both.total_pnl),
            liquidated=both.liquidated,
        )
        for alone, both in zip(without, hedged, strict=True)
    )


def in_fall(evaluation: Evaluation, held: Valuation, drop: Decimal, bought: Decimal = _ZERO) -> Decimal:
    """Return what would be won (above 0) or lost if BTC fell by ``drop``, with so many units of the index contract bought before."""
    return _in_fall(evaluation, held, _Added(qty=bought), drop)


def with_hedge(evaluation: Evaluation, held: Valuation, size: HedgeSize) -> Decimal:
    """Return what would be won (above 0) or lost in the fall that a hedge is told for, once it is open."""
    return _in_fall(evaluation, held, _added(evaluation, size), size.drop)


def _in_fall(evaluation: Evaluation, held: Valuation, added: _Added, drop: Decimal) -> Decimal:
    (found,) = _shocks(evaluation, held, added, (-drop,), stressed=False)
    return found.total_pnl


def _added(evaluation: Evaluation, size: HedgeSize) -> _Added:
    """Return what the legs of a hedge come to: its order's fee is paid out of its collateral."""
    fee = size.notional * evaluation.markets[size.contract].taker_fee
    return _Added(sells=size.sells, qty=size.qty, moved=size.proceeds + size.top_up - fee)


def _shocks(evaluation: Evaluation, held: Valuation, added: _Added, shocks: tuple[Decimal, ...], *, stressed: bool) -> tuple[Shock, ...]:
    """Return the rows for spot and book with what a hedge adds to them.

    The index contract carries the margin of the account, less what the other positions need; those are not liquidated here.
    """
    qty, moved = added.qty, added.moved
    spot = {coin: value - added.sells.get(coin, _ZERO) for coin, value in held.by_asset.items()}
    positions = held.snapshot.positions
    betas = {coin: _beta(evaluation, coin, stressed=stressed) for coin in {*spot, *(position.asset for position in positions)}}
    wallet = held.equity + moved
    other_mm = valuation.maintenance_of((p for p in positions if p.contract != INDEX), evaluation.markets)
    book = tuple(
        HedgePosition(
            qty=p.qty + (qty if p.contract == INDEX else _ZERO),
            mark=p.mark,
            collateral=max(_ZERO, wallet - other_mm) if p.contract == INDEX else None,
            mmr=evaluation.markets[p.contract].mmr,
            beta=betas[p.asset],
        )
        for p in positions
        if p.contract in evaluation.markets
    )
    with wide():
        return shock_table(spot, max(_ZERO, held.cash - moved), betas, book, shocks)[1]


def _beta(evaluation: Evaluation, coin: str, *, stressed: bool) -> Decimal:
    """Return a coin's beta; in the stressed reading all but BTC's, which is 1 by its definition, are a quarter larger."""
    beta = evaluation.betas.get(coin, prior_beta(coin))
    return beta if coin == _BTC or not stressed else beta * STRESS
