"""Prices and quantities of the next order, as properties."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.exact import in_steps
from chatbot.exchanges.base import Side
from chatbot.exchanges.markets.coins import spot_market
from chatbot.execution import sizing
from chatbot.model import Leg, LegKind, LegState
from tests.execution.lab import legs

MARKETS = {name: spot_market(name) for name in ("BTC", "ETH", "SOL")}
MONEY = st.decimals(0, 200_000, places=2, allow_nan=False)
prices = st.decimals("0.001", 100_000, places=6, allow_nan=False)


@given(mid=prices, side=st.sampled_from(Side), bps=st.integers(-100, 100), tick=st.sampled_from(["0.01", "0.1", "0.0001"]))
def test_a_limit_is_on_the_tick_and_never_worse_than_asked(mid: Decimal, side: Side, bps: int, tick: str) -> None:
    sign = -1 if side == Side.BUY else 1
    wanted = mid * (1 + sign * Decimal(bps) / 10_000)
    if side == Side.BUY and wanted < Decimal(tick):
        with pytest.raises(Refused, match="bad_price"):
            sizing.limit_at(mid, side, Decimal(bps), Decimal(tick))
        return
    limit = sizing.limit_at(mid, side, Decimal(bps), Decimal(tick))
    assert limit % Decimal(tick) == 0
    assert (limit <= wanted) if side == Side.BUY else (limit >= wanted)
    assert abs(limit - wanted) < Decimal(tick)


def test_the_example_of_the_specification() -> None:
    """Domain 9.6: 60 000.37, 5 bp, tick 0.1: buy 59 970.3, sell 60 030.4."""
    mid, tick = Decimal("60000.37"), Decimal("0.1")
    assert sizing.limit_at(mid, Side.BUY, Decimal(5), tick) == Decimal("59970.3")
    assert sizing.limit_at(mid, Side.SELL, Decimal(5), tick) == Decimal("60030.4")


@given(free=MONEY, limit=st.decimals(1, 100_000, places=2))
def test_what_is_affordable_can_be_paid_with_the_fee(free: Decimal, limit: Decimal) -> None:
    market = MARKETS["ETH"]
    qty = sizing.affordable(free, limit, market)
    fee = max(market.maker_fee, market.taker_fee)
    assert 0 <= qty * limit * (1 + fee) <= free
    assert (qty + market.lot) * limit * (1 + fee) > free


@given(missing=MONEY, free=MONEY)
def test_shrunk_buys_fit_the_money_all_by_one_factor_and_none_below_the_minimum(missing: Decimal, free: Decimal) -> None:
    buys = legs("buy 0.5 BTC; buy 4 ETH; buy 30 SOL")
    sizes = sizing.shrink(buys, MARKETS, missing, free)
    costs = {leg.index: leg.needs(MARKETS[leg.instrument].dearer_fee) for leg in buys}
    spent = sum(replace(leg, qty=sizes[leg.index]).needs(MARKETS[leg.instrument].dearer_fee) for leg in buys)
    total = sum(costs.values())
    assert spent <= max(Decimal(0), min(total - missing, free))
    factor = min(Decimal(1), max(Decimal(0), min(total - missing, free)) / total)
    for leg in buys:
        market, qty = MARKETS[leg.instrument], sizes[leg.index]
        wanted = leg.qty * factor
        assert qty % market.lot == 0
        assert qty == 0 or (wanted - market.lot < qty <= wanted and qty * min(leg.price, leg.limit or leg.price) >= market.min_notional)
        if qty == 0:
            assert in_steps(wanted, market.lot) * leg.price < market.min_notional * Decimal("1.001")


def test_money_that_did_not_arrive_is_missed_and_better_prices_enlarge_nothing() -> None:
    sold, moved = legs("sell 0.5 BTC; to_spot 1000")
    half = replace(sold, filled=Decimal("0.25"), average=Decimal(60000), fee=Decimal(15), state=LegState.PARTIAL)
    full = replace(sold, filled=Decimal("0.5"), average=Decimal(61000), fee=Decimal(30), state=LegState.FILLED)
    arrived = replace(moved, filled=Decimal(1000))
    assert sizing.missing_inflow([half, arrived], MARKETS) == Decimal("0.25") * 60000 - 30 + 15
    assert sizing.missing_inflow([full, arrived], MARKETS) == 0
    assert sizing.missing_inflow([half, moved], MARKETS) == Decimal(15985)


def test_what_crossing_the_spread_costs_is_borne_by_the_reserve() -> None:
    (sold,) = legs("sell 0.5 BTC")
    crossed = replace(sold, filled=Decimal("0.5"), average=Decimal(59994), fee=Decimal("29.997"))
    assert sizing.missing_inflow([crossed], MARKETS) == 0


def test_reductions_are_exempt_from_the_minimum_value_but_not_from_being_something() -> None:
    market = MARKETS["BTC"]
    tiny = market.lot
    assert market.is_too_small(tiny, Decimal(60000))
    assert not market.is_too_small(tiny, Decimal(60000), exempt=True)
    assert market.is_too_small(Decimal(0), Decimal(60000), exempt=True)
    assert Leg(index=0, kind=LegKind.SPOT_BUY, instrument="BTC", qty=tiny).notional == tiny
