"""Parts add up to what trading brought against holding, whatever was traded (domain 12.4, C.39)."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.review.attribution import Fill, Part, attribute, shares
from tests.engine.strategies import quick

D = Decimal
COINS = ("BTC", "ETH", "BTC-PERP")
TRIGGERS = ("drift", "volatility", "trend")
prices = st.decimals(min_value="0.01", max_value="100000", places=2)
amounts = st.decimals(min_value=-5, max_value=5, places=4)


@st.composite
def fills(draw: st.DrawFn) -> Fill:
    """Draw a fill of one to three triggers that pull as they like."""
    triggers = draw(st.lists(st.sampled_from(TRIGGERS), min_size=1, max_size=3, unique=True))
    return Fill(
        instrument=draw(st.sampled_from(COINS)),
        qty=draw(amounts),
        price=draw(prices),
        fee=draw(st.decimals(min_value=0, max_value=20, places=3)),
        alone={trigger: draw(amounts) for trigger in triggers},
    )


def test_the_example_of_the_domain() -> None:
    """1 BTC and 40,000 at 60,000; sell 0.2 at 66,000, buy 0.1 at 57,000, now 63,000, 10 bp: +586.80 and +594.30, together 1,181.10."""
    told = attribute(
        [
            Fill(instrument="BTC", qty=D("-0.2"), price=D(66000), fee=D("13.2"), alone={"drift": D("-0.2")}),
            Fill(instrument="BTC", qty=D("0.1"), price=D(57000), fee=D("5.7"), alone={"volatility": D("0.1")}),
        ],
        {"BTC": D(63000)},
    )
    assert told.parts == {
        "drift": Part(gain=D("586.8"), fees=D("13.2"), saved=D(0)),
        "volatility": Part(gain=D("594.3"), fees=D("5.7"), saved=D(0)),
    }
    assert told.total == D("104181.10") - D("103000") == D("1181.1")


def test_perold_and_sharpe_win_a_round_trip() -> None:
    """13.3: at 54/40 stocks are 57.45 %, 2.40 are bought; back at 100 the mix is worth 100.267 and holding 100."""
    stocks, cash = D(54), D(40)
    bought = D("0.6") * (stocks + cash) - stocks
    assert bought == D("2.40")
    told = attribute([Fill(instrument="S", qty=bought / 90, price=D(90), alone={"drift": bought / 90})], {"S": D(100)})
    assert round(100 + told.total, 3) == D("100.267")


def test_triggers_that_cross_give_the_fill_to_the_larger_side() -> None:
    """Sell 3 and buy 1 is one sale of 2: all of it the seller's, and both sides are told the fees of the 1 that nobody traded."""
    fill = Fill(instrument="BTC", qty=D(-2), price=D(100), fee=D("0.2"), alone={"volatility": D(-3), "drift": D(1)})
    told = attribute([fill], {"BTC": D(90)})
    assert told.parts["volatility"] == Part(gain=D("19.8"), fees=D("0.2"), saved=D("0.1"))
    assert told.parts["drift"] == Part(gain=D(0), fees=D(0), saved=D("0.1"))


def test_a_fill_needs_a_trigger_and_a_price() -> None:
    """Neither is invented."""
    with pytest.raises(Refused, match="bad_parameter"):
        attribute([Fill(instrument="BTC", qty=D(1), price=D(1))], {"BTC": D(1)})
    with pytest.raises(Refused, match="missing_price"):
        attribute([Fill(instrument="BTC", qty=D(1), price=D(1), alone={"drift": D(1)})], {})


@quick
@given(st.lists(fills(), max_size=8), st.fixed_dictionaries(dict.fromkeys(COINS, prices)), amounts)
def test_c39_parts_add_up_to_actual_less_hold(traded: list[Fill], last: dict[str, Decimal], funding: Decimal) -> None:
    """Book-keeping of both portfolios side by side comes to the same, to 1e-9 of the value."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal, {"BTC": D(1), "ETH": D(10), "BTC-PERP": D(0)})
    hold = sum((qty * last[coin] for coin, qty in held.items()), D(40000))
    cash = D(40000) + funding
    for fill in traded:
        held[fill.instrument] += fill.qty
        cash -= fill.qty * fill.price + fill.fee
    actual = sum((qty * last[coin] for coin, qty in held.items()), cash)
    told = attribute(traded, last, funding)
    parts = sum((part.gain for part in told.parts.values()), told.funding)
    assert abs(parts - (actual - hold)) <= D("1e-9") * hold
    assert abs(told.total - (actual - hold)) <= D("1e-9") * hold
    assert all(sum(shares(fill).values()) == 1 for fill in traded)


@quick
@given(st.lists(fills(), min_size=1, max_size=5), st.fixed_dictionaries(dict.fromkeys(COINS, prices)))
def test_order_and_size_of_what_was_traded_change_no_share(traded: list[Fill], last: dict[str, Decimal]) -> None:
    """Backwards it is the same; with quantities and fees ten times as large every part is."""
    told, backwards = attribute(traded, last), attribute(traded[::-1], last)
    assert dict(told.parts) == dict(backwards.parts)
    large = [
        Fill(
            instrument=fill.instrument,
            qty=fill.qty * 10,
            price=fill.price,
            fee=fill.fee * 10,
            alone={name: qty * 10 for name, qty in fill.alone.items()},
        )
        for fill in traded
    ]
    for trigger, part in attribute(large, last).parts.items():
        assert abs(part.gain - told.parts[trigger].gain * 10) < D("1e-20")
        assert abs(part.saved - told.parts[trigger].saved * 10) < D("1e-20")
