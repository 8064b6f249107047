"""What value, weights, exposure and beta keep (domain appendix C, 32, 33 and 35), and the document's own figures."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.beta import estimate_beta
from chatbot.engine.errors import Refused
from chatbot.engine.exact import exact, to_decimal, total
from chatbot.engine.portfolio import (
    Cash,
    Holding,
    Owned,
    Position,
    Snapshot,
    beta_with_kept,
    cash_coins,
    hold_out,
    measure,
    owned,
    prior_beta,
    value_of,
)
from tests.engine.strategies import PlanCase, decimals, plan_cases, quick

D, F = Decimal, Fraction
NEAR = F(1, 10**50)
returns = st.lists(st.floats(-0.2, 0.2).map(lambda x: round(x, 6)), min_size=30, max_size=60)


@quick
@given(plan_cases())
def test_c32_the_portfolio_adds_up(case: PlanCase) -> None:
    """Bucket weights sum to 1, and net exposures to spot plus futures."""
    m = measure(value_of(case.snapshot))
    exposed = sum(map(F, m.net_exposure.values())) * F(m.value)
    assert abs(sum(map(F, m.buckets.values())) - 1) < NEAR
    assert abs(exposed - F(m.spot_value) - F(m.futures_net)) < NEAR * F(max(m.value, m.futures_gross))


@quick
@given(plan_cases(), decimals("0.001", "1000", 3))
def test_c32_money_between_wallets_and_new_positions_change_no_value(case: PlanCase, amount: Decimal) -> None:
    """A transfer changes only cash and equity; a position opened at its mark changes nothing but exposure."""
    s, m = case.snapshot, measure(value_of(case.snapshot))
    moved = replace(s, wallet=s.wallet - amount, cash=(*s.cash, Cash(asset="USDT", qty=amount)))
    opened = replace(s, positions=(*s.positions, Position(contract="X-PERP", asset="X", qty=amount, entry=D(7), mark=D(7))))
    after = measure(value_of(moved))
    assert after.value == m.value
    assert after.cash_value - m.cash_value == m.futures_equity - after.futures_equity == amount
    assert measure(value_of(opened)).value == m.value


@quick
@given(plan_cases(), decimals("0", "1", 3))
def test_c33_splitting_rows_changes_nothing(case: PlanCase, share: Decimal) -> None:
    """A holding or position in two rows is the same portfolio."""
    s, m = case.snapshot, measure(value_of(case.snapshot))
    parts = tuple(replace(h, qty=h.qty * x) for h in s.spot for x in (share, 1 - share))
    book = tuple(replace(p, qty=p.qty * x) for p in s.positions for x in (share, 1 - share))
    other = measure(value_of(replace(s, spot=parts, positions=book)))
    assert (other.value, other.weights, other.futures_net) == (m.value, m.weights, m.futures_net)
    assert abs(F(other.beta) - F(m.beta)) < NEAR * (1 + abs(F(m.beta)))
    assert replace(case, snapshot=replace(s, spot=parts, positions=book)).run() == case.run()


@quick
@given(returns, returns)
def test_c35_beta_stays_between_estimate_and_prior(asset: list[float], market: list[float]) -> None:
    """Beta lies in [0, 3] and, before clipping, between the regression and the prior."""
    found = estimate_beta(asset, market, prior=1.2, prior_sd=0.35)
    assert 0 <= found.beta <= 3
    if found.ols is not None:
        low, high = sorted((min(max(found.ols, 0.0), 3.0), 1.2))
        assert low - 1e-12 <= found.beta <= high + 1e-12


@quick
@given(returns, st.integers(-40, 90).map(lambda tenths: tenths / 10))
def test_c35_a_coin_that_only_multiplies_the_market_is_clipped(market: list[float], slope: float) -> None:
    """Its regression is certain, so the prior does not pull it back; beta stays in [0, 3] all the same."""
    assert 0 <= estimate_beta([slope * day for day in market], market, prior=1.2, prior_sd=0.35).beta <= 3


def test_c35_stablecoins_have_no_beta() -> None:
    """Stablecoins have beta exactly 0, BTC exactly 1."""
    assert prior_beta("USDT") == prior_beta("USDC") == 0
    assert prior_beta("BTC") == 1


@pytest.mark.parametrize(
    ("snapshot", "code"),
    [
        (Snapshot(spot=(Holding(asset="BTC", qty=D(-1), price=D(1)),)), "negative_quantity"),
        (Snapshot(cash=(Cash(asset="USDT", qty=D(-1)),)), "negative_quantity"),
        (Snapshot(spot=(Holding(asset="BTC", qty=D(1), price=D(0)),)), "bad_price"),
        (Snapshot(wallet=D(1), positions=(Position(contract="P", asset="A", qty=D(1), entry=D(1), mark=D(0)),)), "bad_price"),
        (Snapshot(wallet=D(-5), cash=(Cash(asset="USDT", qty=D(5)),)), "non_positive_value"),
        (Snapshot(), "non_positive_value"),
    ],
)
def test_a_bad_snapshot_is_refused_by_name(snapshot: Snapshot, code: str) -> None:
    """Negative amounts, prices at 0 and an empty or ruined account are refused with their code."""
    with pytest.raises(Refused, match=code):
        measure(value_of(snapshot))


def test_margin_and_notional_are_no_wealth() -> None:
    """A leveraged position opened at its mark leaves the value at wallet plus cash; without equity the leverage is unknown."""
    book = (Position(contract="BTC-PERP", asset="BTC", qty=D(1), entry=D(50_000), mark=D(50_000)),)
    m = measure(value_of(Snapshot(cash=(Cash(asset="USDT", qty=D(100)),), wallet=D(10_000), positions=book)))
    assert (m.value, m.sleeve_leverage) == (10_100, 5)
    ruined = measure(value_of(Snapshot(cash=(Cash(asset="USDT", qty=D(100)),), wallet=D(0), positions=book)))
    assert ruined.sleeve_leverage is None


@quick
@given(plan_cases(), st.data())
def test_c55_what_is_kept_out_and_what_is_managed_are_what_is_held(case: PlanCase, data: st.DataObject) -> None:
    """Of every asset both parts make up what is held, never more is kept than that, and the value falls by what is kept."""
    s = case.snapshot
    assets = sorted({row.asset for row in (*s.spot, *s.cash)})
    reserve = data.draw(st.dictionaries(st.sampled_from(assets), st.none() | decimals("0", "1000", 3)))
    after = hold_out(s, reserve)
    kept = {one.asset: one for one in after.kept}
    assert kept.keys() <= reserve.keys()
    for asset in assets:
        held, managed = (sum(row.qty for row in (*one.spot, *one.cash) if row.asset == asset) for one in (s, after))
        wish = reserve.get(asset, D(0))
        assert held - managed == (held if wish is None else min(held, wish)) == (kept[asset].qty if asset in kept else 0)
        if not managed and held:
            assert asset not in {row.asset for row in after.spot}
    values = [one.value for one in after.kept]
    assert None not in values
    out = to_decimal(total(exact(value) for value in values if value is not None))
    if value_of(s).value > out:
        assert value_of(after).value == value_of(s).value - out
    assert hold_out(s, {}) == s
    assert replace(hold_out(after, {}), kept=()) == replace(after, kept=())


def test_what_is_kept_out_has_a_beta_only_on_request() -> None:
    """0.2 BTC beside 1,000 of cash: the portfolio has no beta of its own, and 12 with it; without a price nobody knows."""
    s = hold_out(
        Snapshot(spot=(Holding(asset="BTC", qty=D("0.2"), price=D(60_000)),), cash=(Cash(asset="USDT", qty=D(1000)),)), {"BTC": None}
    )
    m = measure(value_of(s))
    assert (m.beta, m.weights, beta_with_kept(m, s.kept)) == (0, {}, 12)
    assert beta_with_kept(m, (replace(s.kept[0], price=None),)) is None


def test_a_dollar_off_its_peg_counts_and_is_not_spent() -> None:
    """The edge of 1 % still counts as cash, a hair beyond does not; the quote coin is always one, a euro never spent."""
    prices = {"USDT": D("0.5"), "USDC": D("0.99"), "DAI": D("0.9899"), "FDUSD": D("1.0101"), "EUR": D("1.1")}
    snap = owned([Owned(asset=asset, qty=D(100), price=price) for asset, price in prices.items()], "USDT")
    found = cash_coins(snap, "USDT")
    assert (found.spendable, found.depeg) == (199, ("DAI", "FDUSD"))
    assert found.value == 100 * (1 + D("0.99") + D("0.9899") + D("1.0101") + D("1.1"))
    assert snap.cash[0].asset == "USDT"
    with pytest.raises(Refused, match="bad_parameter"):
        owned([], "EUR")
