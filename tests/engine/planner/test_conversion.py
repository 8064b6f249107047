"""Another dollar pays for what is bought: sold for the quote coin first, as much as is lacking and no more (domain 9.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from chatbot.engine.exact import exact, total
from chatbot.engine.planner.block import Block, Config, Fees, Rules
from chatbot.engine.planner.plan import plan
from chatbot.engine.portfolio import Cash, Holding, Snapshot
from chatbot.engine.targets import Targets
from tests.engine.strategies import decimals, quick

if TYPE_CHECKING:
    from fractions import Fraction

D = Decimal
FEE = D("0.001")
RULES = {
    "BTC": Rules(tick=D("0.01"), lot=D("0.00001"), min_notional=D(5)),
    "DAI": Rules(tick=D("0.0001"), lot=D("0.1"), min_notional=D(5)),
    "USDC": Rules(tick=D("0.0001"), lot=D("0.01"), min_notional=D(5)),
}
PRICES = {"USDC": D("0.9995"), "DAI": D("1.004")}


def block(usdt: Decimal, others: dict[str, Decimal], target: Decimal, *, convertible: bool = True) -> Block:
    """Plan for 0.1 BTC at 60,000 beside this cash, at a target weight of BTC."""
    cash = (Cash(asset="USDT", qty=usdt), *(Cash(asset=asset, qty=qty, price=PRICES[asset]) for asset, qty in others.items()))
    snapshot = Snapshot(spot=(Holding(asset="BTC", qty=D("0.1"), price=D(60_000)),), cash=cash)
    buffer = D(0) if convertible else sum((coin.value for coin in cash[1:]), D(0))
    return plan(
        snapshot,
        Targets(spot={"BTC": target}, stable=1 - target, collateral=D(0)),
        RULES,
        Fees(spot=FEE),
        Config(gross_cap=D(2), sleeve_cap=D(2), cash_buffer=buffer),
        convertible=frozenset(others) if convertible else frozenset(),
    )


def left(found: Block, usdt: Decimal) -> Fraction:
    """Return the quote coin that is left when every order fills at the worse of its limit and the price."""
    paid = total(exact(o.qty) * max(exact(o.limit), exact(o.notional / o.qty)) * (1 + exact(FEE)) for o in found.orders if o.side == "buy")
    got = total(exact(o.qty) * min(exact(o.limit), exact(o.notional / o.qty)) * (1 - exact(FEE)) for o in found.orders if o.side == "sell")
    return exact(usdt) + got - paid


@quick
@given(decimals("0", "9000", 2), decimals("0", "9000", 2), decimals("0", "9000", 2), decimals("0.1", "1", 3))
def test_the_quote_coin_is_never_overspent_and_no_more_is_sold_than_it_takes(usdt: D, usdc: D, dai: D, target: D) -> None:
    """Whatever is held: no debt, no coin sold beyond what is there, none at all where the quote coin reaches, and no crumb left to sell."""
    found = block(usdt, {"USDC": usdc, "DAI": dai}, target)
    sold = {order.instrument: order for order in found.orders if order.side == "sell"}
    bought = [order for order in found.orders if order.side == "buy"]
    assert left(found, usdt) >= 0
    for asset, held in (("USDC", usdc), ("DAI", dai)):
        if asset in sold:
            assert 0 < sold[asset].qty <= held
            assert bought, "nobody converts for nothing"
            assert left(found, usdt) < max(6, sold[asset].notional), "not more than the last sale was needed for, but for the minimum"
    alone = block(usdt, {"USDC": usdc, "DAI": dai}, target, convertible=False)
    if "cash_limited" not in alone.flags:
        assert not sold.keys() & {"USDC", "DAI"}
        assert found.orders == alone.orders
    assert total(exact(o.notional) for o in bought) >= total(exact(o.notional) for o in alone.orders if o.side == "buy")


def test_the_largest_is_sold_first_and_only_as_much_as_is_lacking() -> None:
    """5,900 is lacking: all of 4,000 USDC and the rest of DAI; sells stand first, by name, and their fees are in the result."""
    found = block(D(100), {"USDC": D(4_000), "DAI": D(3_000)}, D("0.9"))
    assert [(order.instrument, order.side) for order in found.orders] == [("DAI", "sell"), ("USDC", "sell"), ("BTC", "buy")]
    dai, usdc, btc = found.orders
    assert usdc.qty == 4_000
    assert 0 < dai.qty < 3_000
    assert "cash_limited" not in found.flags
    fees = (dai.notional + usdc.notional + btc.notional) * FEE
    assert abs(found.fees - fees) < D("0.01")
    assert found.post.cash == 100 + PRICES["USDC"] * 4_000 + PRICES["DAI"] * 3_000 - btc.notional - found.fees


@pytest.mark.parametrize("qty", ["4", "4.9"])
def test_what_is_under_the_minimum_cannot_be_converted(qty: str) -> None:
    """Four dollars of another coin are no order: the buy is cut to the quote coin."""
    found = block(D(1000), {"USDC": D(qty)}, D(1))
    assert {order.instrument for order in found.orders} == {"BTC"}
    assert "cash_limited" in found.flags


@pytest.mark.parametrize(("asset", "price"), [("USDC", "0.88"), ("DAI", "1.0101"), ("EUR", "1.08")])
def test_what_is_no_cash_pays_for_nothing(asset: str, price: str) -> None:
    """A dollar off its peg and a euro are worth something, but buys are cut to the quote coin that is there (domain 9.5)."""
    cash = (Cash(asset="USDT", qty=D(1_000)), Cash(asset=asset, qty=D(9_000), price=D(price)))
    snapshot = Snapshot(spot=(Holding(asset="BTC", qty=D(0), price=D(60_000)),), cash=cash)
    found = plan(
        snapshot,
        Targets(spot={"BTC": D("0.5")}, stable=D("0.5"), collateral=D(0)),
        RULES,
        Fees(spot=FEE),
        Config(gross_cap=D(2), sleeve_cap=D(2)),
    )
    assert "cash_limited" in found.flags
    assert D(990) < sum(order.notional for order in found.orders) < D(1_000)
    assert found.value_before == D(1_000) + D(9_000) * D(price)
