"""The sheet never lets a breach pass that the exact test would find, whatever was put in and taken out before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.engine.band_width import half_width
from chatbot.engine.errors import Refused
from chatbot.engine.portfolio import Cash, Holding, Position, Snapshot, measure, value_of
from chatbot.model import NET, BandRule, LineReading, PortfolioFigures, Strategy
from chatbot.monitor.reading import Steady
from chatbot.monitor.screen import Column, ScreenArrays, edges_of, kind_of, prices_of, quantities_of
from chatbot.portfolio import valuation
from tests.examples import examples

D = Decimal
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STRATEGY = Strategy(
    preset="custom",
    weights={"CORE": D("0.4"), "ALT": D("0.4"), "STABLE": D("0.1"), "FUTURES": D("0.1")},
    members={"CORE": ("BTC", "ETH"), "ALT": ("SOL",)},
    futures_net=D("0.1"),
    futures_split={"BTC-PERP": D(1)},
    bands={"CORE": BandRule(abs_pp=D(5)), "ALT": BandRule(rel=D("0.1")), "STABLE": BandRule(abs_pp=D(3))},
    futures_band_pp=D(5),
)
amounts = st.decimals(min_value=0, max_value=100_000, places=4, allow_nan=False)
prices = st.decimals(min_value="0.0001", max_value=100_000, places=4, allow_nan=False)
stakes = st.decimals(min_value=-100, max_value=100, places=3, allow_nan=False)


def limits_of(strategy: Strategy) -> PortfolioFigures:
    """Return a shape with the targets and half-widths of a strategy that nothing has moved."""
    lines = tuple(
        LineReading(line=line, weight=D(0), target=target, band=half_width(bands[line], target) if line in bands else None)
        for bands in [valuation.engine_bands(strategy)]
        for line, target in strategy.weights.items()
    )
    net = LineReading(line=NET, weight=D(0), target=strategy.futures_net, band=strategy.futures_band_pp / 100)
    return PortfolioFigures(value=D(1), lines=lines, net=D(0), gross=D(0), futures_net=D(0), beta=D(0), leverage=None, exposure=net)


def put(sheet: ScreenArrays, number: int, snap: Snapshot, strategy: Strategy, until: datetime = EPOCH) -> None:
    """Write a column as an exact look does."""
    edges = edges_of(sheet.kind.lines, limits_of(strategy))
    sheet.put(number, Column(quantities=quantities_of(snap), edges=edges, prices=prices_of(snap), steady=Steady(until=until)), seen=100.0)


@st.composite
def snapshots(draw: st.DrawFn, price: dict[str, Decimal]) -> Snapshot:
    """Draw one portfolio at these prices."""
    return Snapshot(
        spot=tuple(
            Holding(asset=asset, qty=draw(amounts), price=price[asset], bucket=bucket)
            for asset, bucket in (("BTC", "CORE"), ("ETH", "CORE"), ("SOL", "ALT"))
        ),
        cash=(Cash(asset="USDT", qty=draw(amounts), price=D(1)),),
        wallet=draw(amounts),
        positions=(Position(contract="BTC-PERP", asset="BTC", qty=draw(stakes), entry=draw(prices), mark=price["BTC-PERP"]),),
    )


@pytest.mark.long
@settings(max_examples=examples(60))
@given(st.data())
def test_every_breach_is_suspected(data: st.DataObject) -> None:
    """Columns come, change and go; what is left is judged like the exact test, or more strictly."""
    price = {name: data.draw(prices) for name in ("BTC", "ETH", "SOL", "BTC-PERP")}
    shots = {number: data.draw(snapshots(price)) for number in range(data.draw(st.integers(1, 5)))}
    sheet = ScreenArrays(kind_of(shots[0], STRATEGY))
    for number, snap in shots.items():
        put(sheet, number, snap, STRATEGY)
    for number in data.draw(st.sets(st.sampled_from(sorted(shots)))):
        if data.draw(st.booleans()):
            sheet.remove(number)
            del shots[number]
        else:
            shots[number] = data.draw(snapshots(price))
            put(sheet, number, shots[number], STRATEGY)
    suspects = set(sheet.suspects(np.array([float(price[row]) for row in sheet.kind.rows])))
    assert suspects <= set(shots)
    for number, snap in shots.items():
        try:
            held = valuation.value_of(snap, STRATEGY)
        except Refused:
            assert number in suspects
            continue
        check = valuation.check_lines(held, STRATEGY)
        net = valuation.net_exposure(measure(held), STRATEGY)
        if any(check.lines[line].breach for line in STRATEGY.bands) or (net is not None and net.breach):
            assert number in suspects


@settings(max_examples=examples(80))
@given(
    st.sampled_from(["-0.1", "0", "0.1", "0.3"]).map(D),
    st.sampled_from([1, 3, 5]).map(D),
    st.sampled_from(["article", "inclusive", "strict"]),
    st.sampled_from([-1, 1]),
    st.sampled_from(["-0.01", "-0.000000000000001", "0", "0.000000000000001", "0.01"]).map(D),
    st.integers(1, 10**9).map(D),
)
def test_no_breach_of_the_net_exposure_is_hidden(target: D, points: D, mode: str, side: int, beyond: D, value: D) -> None:
    """A book at, a hair from, or beyond an edge, where no line has a band: who is outside is suspected, who is well inside is not."""
    strategy = replace(STRATEGY, futures_net=target, futures_band_pp=points, band_mode=mode, bands={})
    qty = (target + side * (points / 100 + beyond)) * value
    snap = Snapshot(
        cash=(Cash(asset="USDT", qty=value / 2, price=D(1)),),
        wallet=value / 2,
        positions=(Position(contract="BTC-PERP", asset="BTC", qty=qty, entry=D(1), mark=D(1)),),
    )
    sheet = ScreenArrays(kind_of(snap, strategy))
    put(sheet, 1, snap, strategy)
    found = valuation.net_exposure(measure(value_of(snap)), strategy)
    suspected = sheet.suspects(np.ones(1)) == [1]
    assert found is not None or not qty
    if beyond > 0 or (found is not None and found.breach):
        assert found is not None
        assert found.breach == ("over" if side > 0 else "under")
        assert suspected
    if beyond == D("-0.01"):
        assert not suspected


def test_without_contracts_there_is_no_row_for_them() -> None:
    """A portfolio without futures costs the screen nothing more."""
    spot = Snapshot(spot=(Holding(asset="BTC", qty=D(1), price=D(1), bucket="CORE"),), cash=(Cash(asset="USDT", qty=D(1), price=D(1)),))
    assert NET not in kind_of(spot, STRATEGY).lines


def test_a_price_that_is_not_usable_makes_everybody_a_suspect() -> None:
    """Nan is no number to conclude anything from."""
    snap = Snapshot(
        spot=(
            Holding(asset="BTC", qty=D(4), price=D(10), bucket="CORE"),
            Holding(asset="ETH", qty=D(0), price=D(10), bucket="CORE"),
            Holding(asset="SOL", qty=D(4), price=D(10), bucket="ALT"),
        ),
        cash=(Cash(asset="USDT", qty=D(10), price=D(1)),),
        wallet=D(10),
        positions=(Position(contract="BTC-PERP", asset="BTC", qty=D(1), entry=D(10), mark=D(10)),),
    )
    sheet = ScreenArrays(kind_of(snap, STRATEGY))
    put(sheet, 1, snap, STRATEGY)
    assert sheet.suspects(np.full(4, 10.0)) == []
    assert sheet.suspects(np.array([10.0, np.nan, 10.0, 10.0])) == [1]
    assert (sheet.seen_before(100.0), sheet.seen_before(101.0)) == ([], [1])


def test_a_sheet_grows_and_shrinks() -> None:
    """More portfolios than the first room holds, then most of them gone: the rest is still itself."""
    held = {n: D(4) if n % 10 else D(9) for n in range(300)}
    shot = {
        n: Snapshot(
            spot=(Holding(asset="BTC", qty=qty, price=D(10), bucket="CORE"), Holding(asset="SOL", qty=D(4), price=D(10), bucket="ALT")),
            cash=(Cash(asset="USDT", qty=D(10), price=D(1)),),
            wallet=D(10),
        )
        for n, qty in held.items()
    }
    sheet = ScreenArrays(kind_of(shot[0], STRATEGY))
    for n, snap in shot.items():
        put(sheet, n, snap, STRATEGY)
    price = np.full(2, 10.0)
    assert sorted(sheet.suspects(price)) == list(range(0, 300, 10))
    for n in range(0, 300, 3):
        sheet.remove(n)
    assert sorted(sheet.suspects(price)) == [n for n in range(0, 300, 10) if n % 3]


def test_who_is_steady_stays_until_that_ends_or_its_market_begins_again() -> None:
    """A market whose time lies far before it is another one."""
    snap = Snapshot(cash=(Cash(asset="USDT", qty=D(10), price=D(1)),), wallet=D(10))
    sheet = ScreenArrays(kind_of(snap, STRATEGY))
    end = datetime(2026, 3, 2, 12, tzinfo=UTC)
    put(sheet, 1, snap, STRATEGY, until=end)
    at = [end, end - timedelta(days=1), end - timedelta(seconds=1)]
    assert [(sheet.stays(1, 200.0, one.timestamp()), sheet.seen_before(101.0)) for one in at] == [(False, [1]), (False, [1]), (True, [])]


def test_who_counts_at_a_price_that_has_moved_far_is_suspected_inside_of_every_band() -> None:
    """No band tells of a liquidation that comes nearer; the price of the last look is what counts."""
    strategy = replace(STRATEGY, bands={}, futures_band_pp=D(1000))
    snap = Snapshot(
        cash=(Cash(asset="USDT", qty=D(1000), price=D(1)),),
        wallet=D(1000),
        positions=(Position(contract="BTC-PERP", asset="BTC", qty=D(1), entry=D(10), mark=D(20)),),
    )
    sheet = ScreenArrays(kind_of(snap, strategy))
    put(sheet, 1, snap, strategy)
    assert [sheet.suspects(np.array([price])) for price in (19.1, 20.9, 18.9, 21.1)] == [[], [], [1], [1]]
    sheet.remove(1)
    assert sheet.suspects(np.array([30.0])) == []
