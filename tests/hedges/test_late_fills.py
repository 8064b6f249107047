"""Fills that come to light after the end of a plan make its hedge as large as if they had been booked at once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chatbot.hedges import life
from chatbot.model import Leg, LegKind, LegState, Plan
from tests.handlers.views.view_examples import a_plan, an_open_hedge

INDEX = "BTC-PERP"
WHOLE = 200
milli = st.integers(0, WHOLE).map(lambda count: Decimal(count) / 1000)


def made_for(*, closes: bool, filled: Decimal) -> Plan:
    """Return a plan for a hedge of 0.2 BTC, of which so much was filled at 50,000."""
    kind = LegKind.FUTURES_REDUCE if closes else LegKind.FUTURES_INCREASE
    leg = Leg(
        index=0,
        kind=kind,
        instrument=INDEX,
        qty=Decimal(WHOLE) / 1000,
        sells=not closes,
        price=Decimal(50_000),
        state=LegState.FILLED if filled else LegState.DROPPED,
        filled=filled,
        average=Decimal(50_000) if filled else None,
    )
    hedge = an_open_hedge(closed="manual" if closes else "", settled=closes, plan_id=0)
    return replace(a_plan(), id=9, hedge=hedge, legs=(leg,))


@given(booked=milli, shown=milli)
def test_an_opened_hedge_is_as_large_as_what_was_filled_whenever_that_is_known(booked: Decimal, shown: Decimal) -> None:
    first, then = made_for(closes=False, filled=booked), made_for(closes=False, filled=shown)
    after = life.corrected(life.ended(life.confirmed((), first), first), first, then)
    at_once = life.ended(life.confirmed((), then), then)
    assert [(hedge.kind, hedge.qty, hedge.plan_id, hedge.settled) for hedge in after] == [
        (hedge.kind, hedge.qty, hedge.plan_id, hedge.settled) for hedge in at_once
    ]


@given(booked=milli, shown=milli)
def test_what_is_left_of_a_closed_hedge_is_what_was_not_bought_back(booked: Decimal, shown: Decimal) -> None:
    """One that was booked as gone has ended: what is shown of it then is a position of nobody, and a drift."""
    first, then = made_for(closes=True, filled=booked), made_for(closes=True, filled=shown)
    standing = life.confirmed((an_open_hedge(plan_id=3),), first)
    after = life.corrected(life.ended(standing, first), first, then)
    assert [hedge.qty for hedge in after] == ([] if booked * 1000 == WHOLE else [hedge.qty for hedge in life.ended(standing, then)])


def test_another_hedge_of_its_kind_that_stands_there_by_then_is_left_alone() -> None:
    first, then = made_for(closes=False, filled=Decimal(0)), made_for(closes=False, filled=Decimal("0.2"))
    other = an_open_hedge(plan_id=11)
    assert life.corrected((other,), first, then) == (other,)
