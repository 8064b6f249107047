"""Tilts stay small, do not move once they stand, and go away by themselves (domain 9.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.targets import Targets
from chatbot.engine.triggers.fold import Fold, Hedge, Spike, effective_targets
from chatbot.engine.triggers.tilt import LASTS, AssetDrift, Tilt, advance, size
from tests.engine.strategies import decimals, quick

D = Decimal
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OVER = AssetDrift(drift=D("0.06"), inner=D("0.025"), beta=D("1.2"))
kappas = decimals("0", "0.5", 2)
drifts = st.builds(
    AssetDrift,
    drift=decimals("-0.3", "0.3", 3),
    inner=decimals("0", "0.05", 3),
    beta=st.sampled_from((D(0), D("0.5"), D(1), D("1.4"), D(3))),
    restore=st.sampled_from((D(0), D(0), D(-500), D(500))),
)


@quick
@given(kappas, drifts)
def test_a_tilt_is_small_and_goes_against_the_drift(kappa: Decimal, asset: AssetDrift) -> None:
    """At most kappa of the drift and 0.05 of beta; short over target, long under it; nothing where the book has work to do."""
    w = size(kappa, asset)
    assert abs(w) <= kappa * abs(asset.drift)
    assert abs(w) * asset.beta <= D("0.05") + D("1e-27")
    assert w * asset.drift <= 0
    # the base rule already trades the way the tilt would
    if asset.restore * asset.drift < 0:
        assert w == 0


@quick
@given(st.lists(st.tuples(drifts, st.booleans(), st.integers(1, 100)), max_size=30), kappas)
def test_a_tilt_is_latched_until_it_goes(blocks: list[tuple[AssetDrift, bool, int]], kappa: Decimal) -> None:
    """Its size never changes; it ends inside the inner band or after 7 days, begins only at an event, and knows no future (29)."""
    state, now, states = Tilt(), NOON, []
    for asset, event, hours in blocks:
        now += timedelta(hours=hours)
        before, state = state, advance(state, asset, now, kappa=kappa, event=event)
        states.append(state)
        if before.since is not None:
            over = abs(asset.drift) <= asset.inner or now - before.since >= LASTS
            assert state == (Tilt() if over else before)
        elif state.since is not None:
            assert event
            assert state == Tilt(weight=size(kappa, asset), since=now)
    half, now, state = len(blocks) // 2, NOON, Tilt()
    for asset, event, hours in blocks[:half]:
        now += timedelta(hours=hours)
        state = advance(state, asset, now, kappa=kappa, event=event)
    assert half == 0 or state == states[half - 1]


def test_off_by_default_and_bounded() -> None:
    """Kappa 0 opens nothing; half of a drift of 6 points is a short of 3; a wide drift stops at 0.05 of beta."""
    assert advance(Tilt(), OVER, NOON, kappa=D(0), event=True) == Tilt()
    assert size(D("0.5"), OVER) == D("-0.03")
    assert size(D("0.5"), replace(OVER, drift=D("-0.2"), beta=D("1.25"))) == D("0.04")


def test_a_tilt_needs_an_event_and_an_idle_book() -> None:
    """Without an event nothing opens, nor while a long can be reduced; a base order the other way does not matter."""
    assert advance(Tilt(), OVER, NOON, kappa=D("0.5"), event=False) == Tilt()
    assert size(D("0.5"), replace(OVER, restore=D(-100))) == 0
    assert size(D("0.5"), replace(OVER, restore=D(100))) == D("-0.03")


def test_a_tilt_lasts_seven_days_at_most() -> None:
    """A minute before it still stands, at seven days it goes, and the block that ends one opens no other."""
    standing = advance(Tilt(), OVER, NOON, kappa=D("0.5"), event=True)
    assert advance(standing, OVER, NOON + LASTS - timedelta(minutes=1), kappa=D("0.5"), event=True) == standing
    assert advance(standing, OVER, NOON + LASTS, kappa=D("0.5"), event=True) == Tilt()


def test_more_than_half_is_refused() -> None:
    """Kappa lies in [0, 0.5]."""
    for kappa in (D("0.51"), D("-0.01")):
        with pytest.raises(Refused, match="bad_parameter"):
            size(kappa, OVER)


FLAT = Targets(
    spot={"BTC": D("0.4"), "SOL": D("0.3")}, stable=D("0.2"), collateral=D("0.1"), futures={"BTC-PERP": D("0.1"), "SOL-PERP": D(0)}
)
ASSETS = {"BTC-PERP": "BTC", "SOL-PERP": "SOL"}
DANGERS = (
    Fold(vol=(Spike(asset="BTC", cap=D("0.2"), k=D("0.5")),)),
    Fold(trend={"BTC-PERP": D("0.25")}),
    Fold(funding_high=True),
    Fold(fear_greed=True),
    Fold(hedges=(Hedge(contract="BTC-PERP", weight=D("-0.05")),)),
)


@quick
@given(decimals("-0.05", "0.05", 3))
def test_a_tilt_is_a_signed_weight_and_stands_beside_no_danger(weight: Decimal) -> None:
    """Folded last, it adds exactly itself to its contract; with anything that takes risk away it changes nothing."""
    tilts = (Hedge(contract="SOL-PERP", weight=weight),)
    folded = effective_targets(FLAT, Fold(tilts=tilts), ASSETS)
    assert folded.targets == replace(FLAT, futures={"BTC-PERP": D("0.1"), "SOL-PERP": weight})
    assert folded.log == ("tilt:SOL-PERP",)
    for danger in DANGERS:
        without = effective_targets(FLAT, danger, ASSETS)
        assert effective_targets(FLAT, replace(danger, tilts=tilts), ASSETS).targets == without.targets
