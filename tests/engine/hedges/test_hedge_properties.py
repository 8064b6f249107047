"""What hedges keep (domain appendix C, 38), and the document's tables."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given

from chatbot.engine.beta import beta_completion
from chatbot.engine.errors import Refused
from chatbot.engine.hedges import sizing
from chatbot.engine.hedges.shocks import HedgePosition, shock_table
from chatbot.engine.planner.slippage import impact, perp_horizon_days, walk_book
from tests.engine.strategies import decimals, magnitudes, quick

D = Decimal
SPOT = {"ALT": D(60_000), "BTC": D(30_000)}
BETAS = {"ALT": D("1.4"), "BTC": D(1)}


@quick
@given(magnitudes(2, 7), decimals("0", "1", 2), decimals("0", "1", 2), magnitudes(-3, 5), magnitudes(-5, 1, 1))
def test_c38_a_hedge_is_floored_to_its_lot(value: Decimal, coverage: Decimal, drop: Decimal, mark: Decimal, lot: Decimal) -> None:
    """The order is worth at most the notional asked for, and less than a lot below it."""
    found = sizing.hedge_size(value=value, coverage=coverage, drop=drop, mark=mark, lot=lot, spot=SPOT, betas=BETAS)
    for qty, asked in ((-found.literal_qty, found.literal_notional), (-found.beta_qty, found.beta_notional)):
        assert qty * mark <= asked < (qty + lot) * mark
        assert qty % lot == 0


def test_a_short_gains_no_more_than_its_notional() -> None:
    """A contract of beta 1.5 does not fall by 120 % when Bitcoin falls by 80 %."""
    found = sizing.hedge_size(
        value=D(1000), coverage=D(1), drop=D("0.8"), mark=D(10), lot=D(1), spot=SPOT, betas=BETAS, hedge_beta=D("1.5")
    )
    assert (found.literal_gain_at_drop, found.beta_gain_at_drop) == (found.literal_notional, found.beta_notional)


@quick
@given(decimals("-0.4", "0.4", 2))
def test_c38_hedge_results_scale_with_the_shock(shock: Decimal) -> None:
    """Until liquidation the hedge earns in proportion to the shock."""
    hedge = [HedgePosition(qty=D("-0.2"), mark=D(50_000), collateral=D(5_000))]
    _, (row, double) = shock_table(SPOT, D(5_000), BETAS, hedge, [shock, shock / 2])
    assert row.hedge_pnl == -10_000 * shock == 2 * double.hedge_pnl
    assert row.total_pnl == row.spot_pnl + row.hedge_pnl


def test_the_documents_shock_table() -> None:
    """The beta hedge pays half of every fall and is liquidated by a rise of 20 %."""
    hedge = [HedgePosition(qty=D("-1.14"), mark=D(50_000), collateral=D(10_000))]
    value, rows = shock_table(SPOT, D(0), BETAS, hedge, [D("-0.1"), D("-0.5"), D("0.1"), D("0.2")])
    assert value == 100_000
    assert [row.total_pnl for row in rows] == [-5_700, -28_500, 5_700, 12_800]
    assert [row.liquidated for row in rows] == [False, False, False, True]
    assert [row.hedged_share for row in rows] == [D("0.5"), D("0.5"), None, None]


def test_a_hedge_ends_for_the_first_reason_that_holds() -> None:
    """Stop, rebound, calm volatility and age end a hedge, in this order."""

    def end(points: list[tuple[str | None, str | None]], **rule: Decimal) -> tuple[int | None, str]:
        (price, ratio), *days = [tuple(None if x is None else D(x) for x in point) for point in points]
        life = sizing.open_hedge(price, ratio, sizing.LifeRule(**rule))
        for day in days:
            life = sizing.advance(life, *day, sizing.LifeRule(**rule))
        return (life.age_days, life.closed) if life.closed else (None, "open")

    assert end([("100", None), ("105", None)], stop=D("0.05")) == (1, "stopped")
    assert end([("100", None), ("95", None), ("104.5", None)]) == (2, "correction_over")
    calm = [("100", "1.5"), ("100", "1.25"), ("100", None), ("100", "1.2")]
    assert end(calm) == (3, "vol_subsided")
    assert end([("100", "1.2")] * 4) == (None, "open")
    assert end([("100", None)] * 31) == (30, "expired")
    assert end([("100", None), (None, None), (None, None)]) == (None, "open")
    blind = [*calm[:2], (None, "1.2"), (None, "2")]
    assert end(blind) == (None, "open"), "a day without a price is counted and holds all else"
    assert end([*blind, ("100", "1.2")]) == (4, "vol_subsided")
    assert end([("100", None)] * 30 + [(None, None)] * 2 + [("100", None)]) == (32, "expired")


def test_minimum_variance_refuses_what_it_can_not_know() -> None:
    """Two observations are too few, a constant hedge has no variance."""
    with pytest.raises(Refused, match="too_few"):
        sizing.min_variance_hedge([0.1, 0.2], [0.1, 0.2], 1.0)
    with pytest.raises(Refused, match="zero_variance"):
        sizing.min_variance_hedge([0.1, 0.2, 0.3], [0.1, 0.1, 0.1], 1.0)
    assert sizing.min_variance_hedge([0.0, 0.0, 0.0], [0.1, 0.2, 0.3], 1.0).effectiveness == 0


def test_beta_completion_does_nothing_inside_its_tolerance_nor_the_wrong_way() -> None:
    """A gap of 0.02 is left alone; a contract beyond its bound is not turned round to close a gap."""
    common = {"value": D(100_000), "beta_target": D("0.99"), "mark": D(60_000), "lot": D("0.001")}
    assert beta_completion(**common, beta_now=D("1.01")).order_qty == 0
    assert beta_completion(**common, beta_now=D("1.010001")).order_qty == D("-0.033")
    beyond = beta_completion(**common, beta_now=D("0.9"), current_notional=D(15_000), max_abs_notional=D(12_000))
    assert (beyond.order_qty, beyond.residual_gap) == (0, D("0.09"))


def test_costs_are_the_documents() -> None:
    """Impact, slippage through a book and the holding time of a perpetual, as printed."""
    assert impact(50_000, 20e9, 0.025) * 1e4 == pytest.approx(0.277, abs=0.001)
    asks = [(D("100.0"), D(5)), (D("100.1"), D(10)), (D("100.3"), D(50))]
    average, slippage = walk_book(asks, D(20), D("99.95")) or (D(0), D(0))
    assert average == D("100.125")
    assert float(slippage) * 1e4 == pytest.approx(17.5, abs=0.05)
    assert walk_book(asks, D(66), D("99.95")) is None
    assert perp_horizon_days(0.0011, 0.00055, 0.0001) == pytest.approx(3.67, abs=0.01)
    assert perp_horizon_days(0.0011, 0.00055, 0.0) == float("inf")
