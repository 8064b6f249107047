"""The fast overlay and the sale it stands in for add up to the target all the way (domain 11.2)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.hedges.fast_overlay import Sale, fast_overlay
from tests.engine.strategies import decimals, magnitudes, quick

D, F = Decimal, Fraction
BTC = Sale(asset="BTC", qty=D("0.5"), contract="BTC-PERP", mark=D(60_000), lot=D("0.001"))
shares = st.lists(decimals("0", "1", 2), min_size=1, max_size=6).map(sorted)


@st.composite
def sales(draw: st.DrawFn) -> list[Sale]:
    return [
        Sale(
            asset=a,
            qty=draw(magnitudes(-3, 3)),
            contract=f"{a}-PERP",
            mark=draw(magnitudes(-3, 5)),
            lot=D(1).scaleb(draw(st.integers(-5, 0))),
        )
        for a in ("BTC", "ETH", "SOL")[: draw(st.integers(1, 3))]
    ]


@quick
@given(sales(), shares)
def test_holding_and_overlay_stand_at_the_target_all_the_way(planned: list[Sale], steps: list[Decimal]) -> None:
    """However much of the sale has filled, what is still held less the short is what the sale will leave, to within a lot."""
    overlay = fast_overlay(planned, D("1e20"))
    assert overlay.scale == 1
    for share in steps:
        standing = overlay.standing({sale.asset: sale.qty * share for sale in planned})
        for sale in planned:
            held, target = 7 + F(sale.qty) * (1 - F(share)), 7
            net = held + F(standing[sale.contract])
            # the short never goes below the target
            assert target <= net < target + F(sale.lot)
            assert F(standing[sale.contract]) % F(sale.lot) == 0
    assert all(not short for short in overlay.standing({sale.asset: sale.qty for sale in planned}).values())


@quick
@given(sales(), shares, magnitudes(-2, 6))
def test_the_overlay_is_only_ever_bought_back(planned: list[Sale], steps: list[Decimal], room: Decimal) -> None:
    """It opens inside the room; the orders along the way are buys in lots, and after the whole sale they have closed it exactly."""
    overlay = fast_overlay(planned, room)
    opened = overlay.standing({})
    assert sum((-F(opened[sale.contract]) * F(sale.mark) for sale in planned), F(0)) <= F(room)
    left = {contract: F(short) for contract, short in opened.items()}
    for a, b in pairwise([D(0), *steps, D(1)]):
        fills = [{sale.asset: sale.qty * share for sale in planned} for share in (a, b)]
        for contract, qty in overlay.unwinding(*fills).items():
            assert qty > 0
            left[contract] += F(qty)
            assert left[contract] <= 0
    assert not any(left.values())


def test_a_small_room_shrinks_all_shorts_alike() -> None:
    """A room of 15 000 for a sale of 30 000 gives half the short; more than planned filled needs none; unknown assets are ignored."""
    overlay = fast_overlay([BTC], D(15_000))
    assert overlay.standing({}) == {"BTC-PERP": D("-0.25")}
    assert overlay.standing({"BTC": D("0.25"), "DOGE": D(3)}) == {"BTC-PERP": D("-0.125")}
    assert overlay.standing({"BTC": D(1)}) == {"BTC-PERP": D(0)}
    assert overlay.unwinding({"BTC": D("0.25")}, {"BTC": D("0.2501")}) == {"BTC-PERP": D("0.001")}
    assert overlay.unwinding({"BTC": D("0.25")}, {"BTC": D("0.25")}) == {}


@pytest.mark.parametrize(
    ("sale", "room", "code"),
    [
        ({"qty": D(-1)}, D(1), "negative_quantity"),
        ({"mark": D(0)}, D(1), "bad_price"),
        ({"lot": D(0)}, D(1), "bad_parameter"),
        ({}, D(-1), "bad_parameter"),
    ],
)
def test_an_overlay_of_nonsense_is_refused(sale: dict[str, Decimal], room: Decimal, code: str) -> None:
    """Negative sales, prices at 0, lots at 0 and a negative room have no size."""
    given_sale = {"asset": "BTC", "qty": D(1), "contract": "BTC-PERP", "mark": D(1), "lot": D(1)} | sale
    with pytest.raises(Refused, match=code):
        fast_overlay([Sale(**given_sale)], room)
    with pytest.raises(Refused, match="negative_quantity"):
        fast_overlay([BTC], D(1)).standing({"BTC": D(-1)})
    with pytest.raises(Refused, match="bad_parameter"):
        fast_overlay([BTC, BTC], D(1))
