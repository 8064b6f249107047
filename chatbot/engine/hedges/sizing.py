"""Hedges: rotation, size, shock table, minimum variance, and when one is over (domain 10)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import fsum
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import ONE, exact, floor_to, to_decimal, total
from chatbot.engine.finite import check_floats
from chatbot.engine.margin import HEDGE_DISTANCE
from chatbot.engine.portfolio import prior_beta
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

#: what a rotation sells of every alt holding, and shorts of V (domain 10.1)
SELL_FRACTION, SHORT_FRACTION = Decimal("0.10"), Decimal("0.05")
_LEAST_OBSERVATIONS = 3


def _betas(values: Mapping[str, Decimal], betas: Mapping[str, Decimal]) -> dict[str, Fraction]:
    return {asset: exact(betas[asset] if asset in betas else prior_beta(asset)) for asset in values}


def _check(value: Decimal, mark: Decimal, lot: Decimal, *shares: Decimal) -> None:
    if value <= 0:
        raise Refused("non_positive_value")
    if mark <= 0:
        raise Refused("bad_price")
    if lot <= 0 or any(not 0 <= share <= 1 for share in shares):
        raise Refused("bad_parameter")


def _check_holdings(values: Mapping[str, Decimal]) -> None:
    for asset, value in values.items():
        if value < 0:
            raise Refused("negative_quantity", asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Alts sold, index shorted; changes are fractions of V."""

    #: quote to sell by asset
    sells: Mapping[str, Decimal]
    proceeds: Decimal
    #: signed base units
    short_qty: Decimal
    short_notional: Decimal
    net_exposure_change: Decimal
    beta_change: Decimal
    #: short notional / proceeds; None without proceeds
    leverage_on_proceeds: Decimal | None


def rotate(
    *,
    value: Decimal,
    alt: Mapping[str, Decimal],
    mark: Decimal,
    lot: Decimal,
    betas: Mapping[str, Decimal],
    sell_fraction: Decimal = SELL_FRACTION,
    short_fraction: Decimal = SHORT_FRACTION,
    hedge_beta: Decimal = Decimal(1),
) -> Rotation:
    """Sell a share of every alt holding and short a share of V in the index (domain 10.1).

    Raises ``Refused``: non_positive_value, negative_quantity, bad_price, bad_parameter.
    """
    _check(value, mark, lot, sell_fraction, short_fraction)
    _check_holdings(alt)
    V, m = exact(value), exact(mark)
    sells = {asset: exact(v) * exact(sell_fraction) for asset, v in alt.items()}
    proceeds = total(sells.values())
    qty = floor_to(exact(short_fraction) * V / m, exact(lot))
    short = qty * m
    sold = {asset: to_decimal(v) for asset, v in sells.items()}
    net_change, beta_change = hedge_effect(value=value, sells=sold, short=to_decimal(short), betas=betas, hedge_beta=hedge_beta)
    return Rotation(
        sells=sold,
        proceeds=to_decimal(proceeds),
        short_qty=to_decimal(-qty),
        short_notional=to_decimal(short),
        net_exposure_change=net_change,
        beta_change=beta_change,
        leverage_on_proceeds=to_decimal(short / proceeds) if proceeds else None,
    )


def hedge_effect(
    *, value: Decimal, sells: Mapping[str, Decimal], short: Decimal, betas: Mapping[str, Decimal], hedge_beta: Decimal = Decimal(1)
) -> tuple[Decimal, Decimal]:
    """Return by how much sales and a short of the index change net exposure and beta, as fractions of V (domain 10.1)."""
    beta = _betas(sells, betas)
    N, V = exact(short), exact(value)
    net = total(map(exact, sells.values())) + N
    weighed = total(beta[asset] * exact(v) for asset, v in sells.items()) + exact(hedge_beta) * N
    return to_decimal(-net / V), to_decimal(-weighed / V)


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeSize:
    """Two ways to size a hedge against an expected drop."""

    literal_notional: Decimal
    literal_qty: Decimal
    literal_gain_at_drop: Decimal
    expected_loss: Decimal
    #: literal gain / expected loss; None without a loss
    literal_share_of_loss: Decimal | None
    beta_notional: Decimal
    beta_qty: Decimal
    beta_gain_at_drop: Decimal


def hedge_size(
    *,
    value: Decimal,
    coverage: Decimal,
    drop: Decimal,
    mark: Decimal,
    lot: Decimal,
    spot: Mapping[str, Decimal],
    betas: Mapping[str, Decimal],
    hedge_beta: Decimal = Decimal(1),
) -> HedgeSize:
    """Size a hedge literally (coverage V drop) and by beta (coverage sum beta v / beta_h) (domain 10.2).

    Raises ``Refused``: non_positive_value, negative_quantity, bad_price, bad_parameter.
    """
    _check(value, mark, lot, coverage, drop)
    _check_holdings(spot)
    if hedge_beta <= 0:
        raise Refused("bad_parameter", "hedge_beta")
    c, x, m, b = exact(coverage), exact(drop), exact(mark), exact(hedge_beta)
    beta = _betas(spot, betas)
    loss = total(min(ONE, beta[asset] * x) * exact(v) for asset, v in spot.items())
    falls = min(ONE, x * b)  # a contract can lose no more than itself either
    literal = c * exact(value) * x
    by_beta = c * total(beta[asset] * exact(v) for asset, v in spot.items()) / b
    return HedgeSize(
        literal_notional=to_decimal(literal),
        literal_qty=to_decimal(-floor_to(literal / m, exact(lot))),
        literal_gain_at_drop=to_decimal(literal * falls),
        expected_loss=to_decimal(loss),
        literal_share_of_loss=to_decimal(literal * falls / loss) if loss else None,
        beta_notional=to_decimal(by_beta),
        beta_qty=to_decimal(-floor_to(by_beta / m, exact(lot))),
        beta_gain_at_drop=to_decimal(by_beta * falls),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MinVariance:
    """The hedge of least variance; ``effectiveness`` is the share of variance it removes."""

    ratio: float
    notional: float
    effectiveness: float


def min_variance_hedge(portfolio: Sequence[float | None], hedge: Sequence[float | None], value: float) -> MinVariance:
    """Return -V Cov / Var (domain 10.5); None marks a missing return. Raises ``Refused``: too_few, zero_variance, bad_parameter."""
    check_floats((*portfolio, *hedge, value))
    pairs = [(p, h) for p, h in zip(portfolio, hedge, strict=False) if p is not None and h is not None]
    n = len(pairs)
    if n < _LEAST_OBSERVATIONS:
        raise Refused("too_few")
    mean_p, mean_h = fsum(p for p, _ in pairs) / n, fsum(h for _, h in pairs) / n
    S_hh = fsum((h - mean_h) ** 2 for _, h in pairs)
    if S_hh == 0 or len({h for _, h in pairs}) == 1:
        raise Refused("zero_variance")
    S_pp = fsum((p - mean_p) ** 2 for p, _ in pairs)
    S_ph = fsum((p - mean_p) * (h - mean_h) for p, h in pairs)
    ratio = -S_ph / S_hh
    return MinVariance(ratio=ratio, notional=ratio * value, effectiveness=S_ph**2 / (S_hh * S_pp) if S_pp else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeRule:
    """When a hedge has done its work (domain 10.3)."""

    #: loss of the hedge that ends it, fraction of the opening price; None = off
    stop: Decimal | None = None
    fall: Decimal = Decimal("0.05")
    rebound: Decimal = Decimal("0.10")
    peak: Decimal = Decimal("1.5")
    calm: Decimal = Decimal("1.25")
    confirm: int = 2
    days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """An open hedge as the daily check sees it."""

    opened_at_price: Decimal
    low: Decimal
    peaked: bool = False
    calm: int = 0
    age_days: int = 0
    #: why it is over: stopped, correction_over, vol_subsided, expired; None while open
    closed: str | None = None


def advance(life: Life, price: Decimal | None, vol_ratio: Decimal | None, rule: LifeRule | None = None) -> Life:
    """Take one daily check, first match wins (domain 10.3).

    None marks what is unknown: a day without a volatility moves nothing of it; one without a price is counted, and all else is held.
    Raises ``Refused``: bad_price.
    """
    if life.closed:
        return life
    r = rule or LifeRule()
    older = replace(life, age_days=life.age_days + 1)
    if price is None:
        return older
    if price <= 0:
        raise Refused("bad_price")
    life = _watch_volatility(replace(older, low=min(life.low, price)), vol_ratio, r)
    return replace(life, closed=_reason(life, price, r))


def open_hedge(price: Decimal, vol_ratio: Decimal | None = None, rule: LifeRule | None = None) -> Life:
    """Open a hedge at ``price``."""
    if price <= 0:
        raise Refused("bad_price")
    return _watch_volatility(Life(opened_at_price=price, low=price), vol_ratio, rule or LifeRule())


def _watch_volatility(life: Life, vol_ratio: Decimal | None, r: LifeRule) -> Life:
    if vol_ratio is None:
        return life
    return replace(life, peaked=life.peaked or vol_ratio >= r.peak, calm=life.calm + 1 if vol_ratio <= r.calm else 0)


def _reason(life: Life, price: Decimal, r: LifeRule) -> str | None:
    opened, low = exact(life.opened_at_price), exact(life.low)
    if r.stop is not None and exact(price) >= opened * (1 + exact(r.stop)):
        return "stopped"
    fallen = low <= opened * (1 - exact(r.fall))
    if fallen and exact(price) >= low * (1 + exact(r.rebound)):
        return "correction_over"
    if life.peaked and life.calm >= r.confirm:
        return "vol_subsided"
    return "expired" if life.age_days >= r.days else None


def is_too_close(distance: Decimal | None, drop: Decimal) -> bool:
    """Tell whether a hedge's liquidation is nearer than 1.5 times the expected drop (domain 10.4): ask before opening it."""
    return distance is not None and exact(distance) < exact(drop) * exact(HEDGE_DISTANCE)
