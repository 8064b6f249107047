"""Differences too small to trade: the bucket makes up for them, and the next look finds nothing to do."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from chatbot.engine.portfolio import Cash, Holding, Snapshot
from chatbot.plans.draft import drop_tiny_trades
from chatbot.portfolio import strategies
from tests.portfolio.moved_portfolios import MARKETS, PRICES, Case, carried_out, planned

D = Decimal


def case() -> Case:
    """Return a small portfolio whose ALT line is far too light, with one large coin and three that are hardly there."""
    worth = {"BTC": D(60), "ETH": D(60), "XRP": D(60)}
    weights = {"CORE": D("0.4"), "ALT": D("0.4"), "STABLE": D("0.2"), "FUTURES": D(0)}
    strategy = replace(strategies.preset("balanced", MARKETS), weights=weights, futures_net=D(0))
    members = {asset: bucket for bucket, assets in strategy.members.items() for asset in assets}
    spot = tuple(
        Holding(asset=asset, qty=(worth.get(asset, D(8)) / PRICES[asset]).quantize(MARKETS[asset].lot), price=PRICES[asset], bucket=bucket)
        for asset, bucket in sorted(members.items())
    )
    return Case(snap=Snapshot(spot=spot, cash=(Cash(asset="USDT", qty=D(130)),), wallet=D(0), positions=()), strategy=strategy)


def test_what_small_coins_leave_undone_is_bought_of_the_large_one() -> None:
    """The three small coins would need about 5 each: no order is that small, so the large one takes it."""
    found = case().look()
    assert found.effective is not None
    own = found.effective.targets
    aim = drop_tiny_trades(found, own)
    alts = [asset for asset in aim.spot if asset not in ("BTC", "ETH")]
    assert sum(aim.spot[asset] for asset in alts) == sum(own.spot[asset] for asset in alts)
    assert aim.spot["XRP"] > own.spot["XRP"]
    assert all(aim.spot[asset] < own.spot[asset] for asset in alts if asset != "XRP")
    assert {asset: aim.spot[asset] for asset in ("BTC", "ETH")} == {asset: own.spot[asset] for asset in ("BTC", "ETH")}


def test_nothing_is_left_for_a_second_plan() -> None:
    found = case().look()
    _, block = planned(found)
    assert {order.instrument for order in block.orders} == {"XRP"}
    _, again = planned(carried_out(case(), found, block).look())
    assert again.empty
