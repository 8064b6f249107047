"""Whatever legs are left out of a plan: the rest never spends money that is not there, and comes back as it was."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.portfolio import Cash, Snapshot
from chatbot.exchanges.base import Market
from chatbot.model import Leg, LegKind, LegState
from chatbot.plans.editing.affordable import affordable
from chatbot.plans.editing.edited import restored, toggled

D = Decimal
FEE = D("0.001")
MARKETS = {
    name: Market(instrument=name, tick=D("0.01"), lot=D("0.001"), min_notional=D(5), maker_fee=FEE, taker_fee=FEE, max_leverage=D(20))
    for name in ("BTC", "ETH", "SOL", "BTC-PERP")
}
#: in the order in which a plan carries them out
ORDER = (
    (LegKind.SPOT_SELL, "BTC"),
    (LegKind.TO_SPOT, "USDT"),
    (LegKind.SPOT_BUY, "ETH"),
    (LegKind.SPOT_BUY, "SOL"),
    (LegKind.TO_FUTURES, "USDT"),
    (LegKind.FUTURES_INCREASE, "BTC-PERP"),
)
amounts = st.integers(min_value=1, max_value=100_000)


def legs_of(sizes: list[int]) -> tuple[Leg, ...]:
    """Return legs of thousandths of a coin that costs 10, and of hundredths of the quote coin."""
    return tuple(
        Leg(index=at, kind=kind, instrument=name, qty=D(size) / (100 if name == "USDT" else 1000), price=D(1 if name == "USDT" else 10))
        for at, ((kind, name), size) in enumerate(zip(ORDER, sizes, strict=True))
    )


def left(cash: Decimal, legs: tuple[Leg, ...]) -> list[Decimal]:
    """Return the money on spot after each leg."""
    found = []
    for leg in legs:
        if leg.state is not LegState.DROPPED:
            sign = {LegKind.SPOT_SELL: 1, LegKind.TO_SPOT: 1, LegKind.SPOT_BUY: -1, LegKind.TO_FUTURES: -1}.get(leg.kind, 0)
            cash += sign * leg.notional - (0 if leg.is_transfer or not sign else leg.notional * FEE)
        found.append(cash)
    return found


@given(
    sizes=st.lists(amounts, min_size=len(ORDER), max_size=len(ORDER)),
    cash=amounts,
    wallet=amounts,
    taps=st.lists(st.integers(min_value=0, max_value=len(ORDER) - 1), max_size=8),
)
def test_nothing_is_spent_that_is_not_there_and_every_tap_can_be_taken_back(
    sizes: list[int], cash: int, wallet: int, taps: list[int]
) -> None:
    whole = legs_of(sizes)
    snap = Snapshot(spot=(), cash=(Cash(asset="USDT", qty=D(cash) / 100, price=D(1)),), wallet=D(wallet) / 100)

    def after_tap(legs: tuple[Leg, ...], index: int) -> tuple[Leg, ...]:
        tapped = (toggled(leg) if leg.index == index else leg for leg in legs)
        return affordable(snap, tuple(restored(leg, first.qty) for leg, first in zip(tapped, whole, strict=True)), MARKETS, D(3))

    once = affordable(snap, whole, MARKETS, D(3))
    legs = once
    for tap in taps:
        legs = after_tap(legs, tap)
        assert min(left(snap.cash[0].qty, legs)) >= 0
        for leg, first in zip(legs, whole, strict=True):
            assert leg.qty <= first.qty
            assert leg.note or leg.qty == first.qty
            if leg.state is LegState.PLANNED and leg.kind is LegKind.SPOT_BUY and leg.note:
                assert leg.qty % D("0.001") == 0
                assert leg.notional >= 5
    by_person = {leg.index for leg in legs if leg.state is LegState.DROPPED and not leg.note}
    for index in sorted(by_person):
        legs = after_tap(legs, index)
    assert legs == once


def test_a_plan_that_can_be_paid_is_left_as_it_is() -> None:
    """To the last digit, whatever is spare."""
    legs = legs_of([3000, 1000, 2000, 1000, 500, 500])
    snap = Snapshot(spot=(), cash=(Cash(asset="USDT", qty=D(100), price=D(1)),), wallet=D(0))
    assert affordable(snap, legs, MARKETS, D(3)) == legs
    without = affordable(snap, (*legs[:4], replace(legs[4], state=LegState.DROPPED), legs[5]), MARKETS, D(3))
    assert without[5].state is LegState.DROPPED, "no collateral, no futures"
