"""What may be traded at once with real money: never more than the limits, reductions first, and nothing that an exchange refuses."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chatbot.plans.real_money.within import Does, Trade, within

D = Decimal
amounts = st.integers(1, 50_000).map(lambda cents: D(cents) / 100)


@st.composite
def trades(draw: st.DrawFn) -> Trade:
    """Return one leg whose size is whole lots and no less than its exchange takes."""
    does = draw(st.sampled_from(Does))
    if does is Does.MOVES:
        return Trade(does=does, qty=draw(amounts) * 100, price=D(1), lot=D("0.01"))
    lot, price = draw(st.sampled_from((D("0.00001"), D("0.001"), D(1)))), draw(amounts) * 10
    least = draw(st.sampled_from((D(0), D(5), D(10), D(100))))
    lots = draw(st.integers(1, 5000)) + int(least / (price * lot)) + 1
    return Trade(does=does, qty=lots * lot, price=price, lot=lot, min_qty=lot, min_notional=least)


drawn = st.lists(trades(), max_size=8)


def _value(legs: list[Trade], sizes: tuple[D, ...], *kinds: Does) -> D:
    return sum((leg.value_of(qty) for leg, qty in zip(legs, sizes, strict=True) if leg.does in kinds), D(0))


TRADED = tuple(set(Does) - {Does.MOVES})


@given(drawn, amounts.map(lambda one: one * 50), amounts.map(lambda one: one * 20))
def test_nothing_is_over_a_limit_or_under_a_minimum(legs: list[Trade], budget: D, largest: D) -> None:
    """Together inside the budget, each inside the largest order, in whole lots, never more than was planned; or not at all."""
    sizes = within(legs, budget=budget, largest=largest)
    assert _value(legs, sizes, *TRADED) <= budget
    for leg, qty in zip(legs, sizes, strict=True):
        assert 0 <= qty <= leg.qty
        assert qty % leg.lot == 0
        if leg.does is not Does.MOVES:
            assert leg.value_of(qty) <= largest
        if qty and leg.does not in (Does.REDUCES, Does.MOVES):
            assert leg.value_of(qty) >= leg.min_notional


@given(drawn, amounts.map(lambda one: one * 50), amounts.map(lambda one: one * 20))
def test_reductions_do_not_wait_for_anything_else(legs: list[Trade], budget: D, largest: D) -> None:
    """What reduces futures is done as if nothing else were in the plan."""
    alone = [leg for leg in legs if leg.does is Does.REDUCES]
    sizes = within(legs, budget=budget, largest=largest)
    beside = tuple(qty for leg, qty in zip(legs, sizes, strict=True) if leg.does is Does.REDUCES)
    assert beside == within(alone, budget=budget, largest=largest)


@given(drawn)
def test_a_plan_inside_its_limits_is_left_alone(legs: list[Trade]) -> None:
    """Not even rounded."""
    whole = tuple(leg.qty for leg in legs)
    total, most = _value(legs, whole, *TRADED), max((leg.value_of(leg.qty) for leg in legs), default=D(0))
    assert within(legs, budget=total, largest=most) == whole


@given(drawn, amounts.map(lambda one: one * 50))
def test_buys_never_need_more_of_the_cash_than_they_did(legs: list[Trade], budget: D) -> None:
    """What they take out of the cash beside what is sold for them: no more than before, but for what a sale loses to its lot."""
    whole = tuple(leg.qty for leg in legs)
    sizes = within(legs, budget=budget, largest=D(10**9))
    needed, needs = (max(D(0), _value(legs, some, Does.BUYS) - _value(legs, some, Does.SELLS)) for some in (whole, sizes))
    lots = sum((leg.value_of(leg.lot) for leg in legs if leg.does is Does.SELLS), D(0))
    assert needs <= needed + lots


def test_a_tenth_of_a_plan() -> None:
    """1,000 of 10,000: everything goes a quarter of its way, and the leg that would be too small waits."""
    legs = [
        Trade(does=Does.SELLS, qty=D("0.04"), price=D(50_000), lot=D("0.00001"), min_notional=D(5)),
        Trade(does=Does.BUYS, qty=D("19.8"), price=D(100), lot=D("0.01"), min_notional=D(5)),
        Trade(does=Does.BUYS, qty=D(20), price=D(1), lot=D(1), min_notional=D(10)),
    ]
    assert within(legs, budget=D(1000), largest=D(10_000)) == (D("0.01"), D("4.95"), D(0))
