"""From Confirm to the end of a hedge, as values: what fills make of it, once; what the daily check and the funding say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chatbot.exchanges.base import Funding
from chatbot.hedges import life
from chatbot.model import COVER, MIN_VARIANCE, ROTATION, STABLE, Leg, LegKind, LegState, OpenHedge, Plan
from tests.portfolio.still_market import D
from tests.store import samples

OPENED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INDEX = "BTC-PERP"


def a_hedge(kind: str = COVER, qty: str = "-0.2", **changes: object) -> OpenHedge:
    """Return a hedge that plan 5 has opened at 50,000."""
    opened = OpenHedge(
        kind=kind, contract=INDEX, qty=D(qty), opened_at=OPENED, price=D(50_000), low=D(50_000), plan_id=5, settled=True, moved={}
    )
    return replace(opened, **changes)  # type: ignore[arg-type]


def a_plan(number: int, *legs: Leg, hedge: OpenHedge | None = None) -> Plan:
    """Return a plan that has ended with these legs."""
    return replace(samples.plan(1, legs=tuple(replace(leg, index=at) for at, leg in enumerate(legs))), id=number, hedge=hedge)


def bought(qty: str, contract: str = INDEX) -> Leg:
    """Return a leg that bought a short back."""
    return Leg(index=0, kind=LegKind.FUTURES_REDUCE, instrument=contract, qty=D(qty), filled=D(qty), reduce_only=True)


def sold(qty: str, of: str, average: str = "50000") -> Leg:
    """Return a leg that sold a part of a short."""
    leg = Leg(index=0, kind=LegKind.FUTURES_INCREASE, instrument=INDEX, qty=D(of), sells=True, price=D(50_000))
    return replace(leg, filled=D(qty), average=D(average), state=LegState.PARTIAL)


# --- bought back ---


def test_what_was_bought_back_of_a_short_is_taken_off_and_the_rest_is_remembered() -> None:
    """Three quarters are filled: a quarter is still short, and is still over."""
    over = a_hedge(closed="expired")
    (left,) = life.ended((over,), a_plan(8, bought("0.15"), hedge=over))
    assert (left.qty, left.closed, left.counted_plan) == (D("-0.05"), "expired", 8)


def test_a_closing_that_is_told_twice_counts_once() -> None:
    """A workflow that ran again after a crash; the plan before it, told late, does not count either."""
    over = a_hedge(closed="manual")
    plan = a_plan(8, bought("0.05"), hedge=over)
    once = life.ended((over,), plan)
    assert once[0].qty == D("-0.15")
    assert life.ended(once, plan) == once
    assert life.ended(once, a_plan(7, bought("0.05"))) == once
    (after,) = life.ended(once, a_plan(9, bought("0.05")))
    assert (after.qty, after.counted_plan) == (D("-0.10"), 9)


def test_what_its_own_plan_bought_before_it_was_opened_is_no_way_back() -> None:
    """The plan that opened a hedge, and every plan before it, close nothing of it."""
    over = a_hedge(closed="manual")
    for number in (4, 5):
        assert life.ended((over,), a_plan(number, bought("0.2"))) == (over,)


@pytest.mark.parametrize(("qty", "left"), [("0.2", 0), ("0.1998", 0), ("0.1997", 1), ("0.3", 0)])
def test_a_thousandth_of_a_hedge_is_nothing(qty: str, left: int) -> None:
    """What is left below that has no order; more than was short closes no more than it."""
    over = a_hedge(closed="manual")
    assert len(life.ended((over,), a_plan(8, bought(qty), hedge=over))) == left


def test_only_buys_of_its_contract_close_a_hedge_and_only_one_that_is_over() -> None:
    """Other contracts, sales, and plans of a strategy while the hedge is open leave it as it is."""
    over, there = a_hedge(closed="manual"), a_hedge()
    assert life.ended((over,), a_plan(8, bought("0.2", "ETH-PERP")))[0].qty == D("-0.2")
    assert life.ended((over,), a_plan(8, replace(bought("0.2"), sells=True)))[0].qty == D("-0.2")
    assert life.ended((there,), a_plan(8, bought("0.2"))) == (there,)


def test_of_two_hedges_in_a_contract_the_one_that_the_plan_is_about_comes_first() -> None:
    """The other gets what is left over, and one that is open gets nothing."""
    rotation, cover = a_hedge(ROTATION, "-0.1", closed="expired"), a_hedge(COVER, "-0.2", closed="manual")
    assert [one.kind for one in life.ended((rotation, cover), a_plan(8, bought("0.2"), hedge=cover))] == [ROTATION]
    (left,) = life.ended((rotation, cover), a_plan(8, bought("0.25"), hedge=cover))
    assert (left.kind, left.qty) == (ROTATION, D("-0.05"))
    beside = a_hedge(ROTATION, "-0.1")
    assert life.ended((beside, cover), a_plan(8, bought("0.3"), hedge=cover)) == (beside,)
    assert [one.qty for one in life.ended((rotation, cover), a_plan(8, bought("0.05")))] == [D("-0.05"), D("-0.2")]


# --- opened ---


def test_a_hedge_is_as_large_as_its_plan_made_it() -> None:
    """Two orders at two prices: the reference is what was paid on average, and the low is not above it."""
    wished = a_hedge(settled=False, low=D(50_000))
    (kept,) = life.ended((wished,), a_plan(5, sold("0.1", "0.2", "49000"), sold("0.05", "0.2", "52000"), hedge=wished))
    assert (kept.qty, kept.price, kept.settled) == (D("-0.15"), D(50_000), True)
    (cheap,) = life.ended((wished,), a_plan(5, sold("0.1", "0.2", "49000"), hedge=wished))
    assert (cheap.price, cheap.low) == (D(49_000), D(49_000))
    (higher,) = life.ended((wished,), a_plan(5, sold("0.1", "0.2", "52000"), hedge=wished))
    assert (higher.price, higher.low) == (D(52_000), D(50_000))


def test_a_hedge_of_which_nothing_was_sold_is_gone_and_another_plan_says_nothing_about_it() -> None:
    """Only the plan that opened it knows; and once it is settled, not even that is asked again."""
    wished = a_hedge(settled=False)
    assert life.ended((wished,), a_plan(5, sold("0", "0.2"), hedge=wished)) == ()
    assert life.ended((wished,), a_plan(6, sold("0.2", "0.2"))) == (wished,)
    kept = a_hedge(qty="-0.15")
    assert life.ended((kept,), a_plan(5, sold("0.2", "0.2"), hedge=kept)) == (kept,)


def moved(sol: str, arrived: str) -> dict[str, object]:
    """Return what of 6 % of SOL and 4 % of cash has become collateral; 10,000 were wanted of 100,000."""
    wished = a_hedge(settled=False, moved={"SOL": D("0.06"), STABLE: D("0.04")})
    legs = (
        Leg(index=0, kind=LegKind.SPOT_SELL, instrument="SOL", qty=D(60), filled=D(sol), state=LegState.PARTIAL),
        Leg(index=0, kind=LegKind.TO_FUTURES, instrument="USDT", qty=D(10_000), filled=D(arrived), state=LegState.FILLED),
        sold("0.2", "0.2"),
    )
    plan = a_plan(5, *legs, hedge=wished)
    (kept,) = life.ended((wished,), replace(plan, before=replace(plan.before, value=D(100_000))))
    return dict(kept.moved)


def test_the_collateral_is_what_was_sold_and_arrived() -> None:
    """Half of the coin sold is half of its weight; a transfer short by more than fees makes all of it smaller, one by fees does not."""
    assert moved("60", "10000") == {"SOL": D("0.06"), STABLE: D("0.04")}
    assert moved("30", "10000") == {"SOL": D("0.03"), STABLE: D("0.04")}
    assert moved("60", "9801") == {"SOL": D("0.06"), STABLE: D("0.04")}
    assert moved("60", "9800") == {"SOL": D("0.06") * D("0.98"), STABLE: D("0.04") * D("0.98")}
    assert moved("0", "5000") == {STABLE: D("0.02")}
    assert moved("60", "12000") == {"SOL": D("0.06"), STABLE: D("0.04")}


# --- confirmed ---


def test_a_confirmed_hedge_counts_at_once_beside_the_others_in_their_order() -> None:
    """It takes the place of one of its kind, and knows its plan."""
    cover, least = a_hedge(COVER), a_hedge(MIN_VARIANCE, "-0.3")
    rotation = a_hedge(ROTATION, "-0.1", settled=False, plan_id=0)
    after = life.confirmed((cover, least), a_plan(9, sold("0", "0.1"), hedge=rotation))
    assert [one.kind for one in after] == [ROTATION, COVER, MIN_VARIANCE]
    assert after[0].plan_id == 9
    assert after[1:] == (cover, least)
    assert life.confirmed(after, a_plan(10, sold("0", "0.1"), hedge=replace(rotation, qty=D("-0.4"))))[0].qty == D("-0.4")


def test_a_confirmed_closing_ends_only_its_own_hedge_and_keeps_the_first_reason() -> None:
    """The layer of the other one stays; a hedge that is over already stays over for its reason."""
    rotation, cover = a_hedge(ROTATION, "-0.1"), a_hedge(COVER)
    closing = a_plan(9, bought("0.2"), hedge=replace(cover, closed="manual"))
    assert [one.closed for one in life.confirmed((rotation, cover), closing)] == ["", "manual"]
    over = replace(cover, closed="expired")
    assert life.confirmed((rotation, over), closing) == (rotation, over)


def test_a_plan_without_a_hedge_or_without_its_short_changes_nothing() -> None:
    """Edit may have left the futures leg out."""
    there = (a_hedge(),)
    assert life.confirmed(there, a_plan(9, bought("0.2"))) == there
    dropped = replace(sold("0", "0.1"), state=LegState.DROPPED)
    assert life.confirmed(there, a_plan(9, dropped, hedge=a_hedge(ROTATION, "-0.1"))) == there


# --- day by day ---


def test_a_day_is_checked_ten_minutes_after_it_began_and_not_before() -> None:
    """Every midnight since the last check, oldest first; the day of the opening has none."""
    hedge, first = a_hedge(), datetime(2026, 3, 3, tzinfo=UTC)
    assert life.midnights(hedge, first + timedelta(minutes=9, seconds=59)) == ()
    assert life.midnights(hedge, first + timedelta(minutes=10)) == (first,)
    assert life.midnights(hedge, first + timedelta(days=2, minutes=10)) == tuple(first + timedelta(days=n) for n in range(3))
    assert life.midnights(replace(hedge, checked_at=first), first + timedelta(days=1, minutes=10)) == (first + timedelta(days=1),)


def test_nothing_is_looked_at_after_the_day_that_ends_a_hedge() -> None:
    """Down by five per cent and up by ten from there: the days after it count no more."""
    days = [(OPENED + timedelta(days=n), price, None) for n, price in enumerate((D(47_500), D(52_250), D(40_000)), start=1)]
    after = life.checked(a_hedge(), days)
    assert (after.closed, after.low, after.age_days, after.checked_at) == ("correction_over", D(47_500), 2, days[1][0])
    almost = life.checked(a_hedge(), [(OPENED, D(47_501), None), (OPENED, D(60_000), None)])
    assert almost.closed == "", "a rise without a fall of five per cent before it is no end"


@pytest.mark.parametrize(
    ("rate", "hours", "warned", "told"),
    [
        ("-0.0003", 8, False, None),
        ("-0.00031", 8, False, "-0.00031"),
        ("-0.00015", 4, False, None),
        ("-0.00016", 4, False, "-0.00032"),
        ("-0.001", 8, True, None),
        ("0.001", 8, False, None),
    ],
)
def test_a_short_that_pays_more_than_three_hundredths_of_a_per_cent_is_told_once(
    rate: str, hours: int, warned: bool, told: str | None
) -> None:
    """Per eight hours, whatever the exchange's interval is; exactly that is not more. Only the last settlement counts."""
    last = Funding(at=OPENED, rate=D(rate), interval_hours=hours)
    worse = Funding(at=OPENED - timedelta(hours=8), rate=D("-0.01"), interval_hours=8)
    assert life.costs_much(a_hedge(warned=warned), (worse, last)) == (None if told is None else D(told))
    assert life.costs_much(a_hedge(), ()) is None


def test_a_short_earns_what_longs_pay_and_what_was_booked_is_not_booked_again() -> None:
    """0.2 at 60,000: a rate of 0.01 % brings 1.20, one of minus 0.02 % takes 2.40."""
    paid = [Funding(at=OPENED + timedelta(hours=8 * n), rate=D(rate), interval_hours=8) for n, rate in ((1, "0.0001"), (2, "-0.0002"))]
    after = life.funded(a_hedge(funding=D(5)), paid, D(60_000))
    assert (after.funding, after.funded_to) == (D(5) + D("1.2") - D("2.4"), paid[-1].at)
    assert life.funded(after, (), D(60_000)) == after
    assert life.result(a_hedge(), D(45_000)) == 1000
    assert life.result(a_hedge(), D(55_000)) == -1000
