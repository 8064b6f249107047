"""A leg that is large for its market goes in slices: a tenth of the visible book, a tenth of a minute's volume, until its time is up."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.exchanges.base import Depth
from chatbot.exchanges.markets.coins import spot_market
from chatbot.execution import sizing
from chatbot.execution.record import Scribe
from chatbot.model import Cause, LegState, Phase, Reason
from tests.execution.lab import QUICK, START, filled_by_leg, open_lab, states
from tests.moments import after
from tests.portfolio.lively_market import LivelyMarket

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.store.database import Database
    from tests.execution.lab import Lab
    from tests.person import Someone

D = Decimal


class Killed(BaseException):
    """The process ends here."""


FEAR = Reason(trigger=Cause.FEAR_GREED, event=Phase.BEGIN)
#: 1 BTC a minute at 60,000
BTC_A_MINUTE = D(60_000) * 1440
MARKET = replace(spot_market("BTC"), lot=D("0.01"), min_qty=D(0), min_notional=D(600))


@given(left=st.integers(1, 5000), room=st.integers(0, 500))
def test_slices_are_equal_and_never_smaller_than_the_exchange_takes(left: int, room: int) -> None:
    """In hundredths of a coin at 60,000: 1 is the exchange's minimum. Their sum is the leg, and no fewer would do."""
    rest, sent = D(left) / 100, []
    while rest:
        sent.append(sizing.to_take(rest, D(room) / 100, D(60_000), MARKET))
        rest -= sent[-1]
        assert rest >= 0
    assert sum(sent) == D(left) / 100
    most = max(1, room)
    assert all(D("0.01") <= one <= D(most) / 100 for one in sent)
    assert len(sent) == -(-left // most)
    assert max(sent) - min(sent) <= D("0.01")


@pytest.mark.parametrize(("left", "qty"), [("0.4", "0.4"), ("0.5", "0.25"), ("0.7", "0.24"), ("0.29", "0.29")])
def test_no_slice_is_left_that_the_exchange_would_refuse(left: str, qty: str) -> None:
    """At least 0.23 for 13,800: 0.5 in two, 0.7 in three, 0.29 and 0.4 whole, because two of them would be too small."""
    assert sizing.to_take(D(left), D("0.1"), D(60_000), replace(MARKET, min_notional=D(13_800))) == D(qty)


async def sold(lab: Lab, qty: str, *reasons: Reason) -> list[tuple[float, Decimal]]:
    """Sell BTC and return when each order was sent, in seconds, and for how much."""
    plan = await lab.run(f"sell {qty} BTC", *reasons)
    return [((one.sent_at - START).total_seconds(), one.qty) for one in await lab.attempts(plan.id)]


async def test_a_tenth_of_a_minute_each_minute(db: Database) -> None:
    lab = await open_lab(db)
    lab.market.volumes["BTC"] = BTC_A_MINUTE
    assert await sold(lab, "0.45", FEAR) == [(60.0 * minute, D("0.09")) for minute in range(5)]
    assert filled_by_leg(lab.account)[0] == D("0.45")


async def test_what_fits_goes_in_one_order(db: Database) -> None:
    lab = await open_lab(db)
    lab.market.volumes["BTC"] = BTC_A_MINUTE
    assert await sold(lab, "0.1", FEAR) == [(0.0, D("0.1"))]


async def test_a_tenth_of_the_visible_book_every_five_seconds(db: Database) -> None:
    """1 BTC is bid for inside the limit of 30 bp, 50 beyond it."""
    lab = await open_lab(db)
    lab.market.books["BTC"] = Depth(bids=((D(59_990), D("0.4")), (D(59_900), D("0.6")), (D(59_000), D(50))), asks=())
    assert await sold(lab, "0.29", FEAR) == [(0.0, D("0.09667")), (5.0, D("0.09667")), (10.0, D("0.09666"))]


async def test_a_tenth_of_the_visible_book_rests_at_once(db: Database) -> None:
    """A leg that waits shows no more of itself than one that takes: a slice rests until the market has come up to it, then the next."""
    lab = await open_lab(db, paths={"BTC": lambda seconds: 1 + seconds / 10_000})
    lab.market.books["BTC"] = Depth(bids=((D(61_000), D(1)), (D(59_000), D(50))), asks=())
    plan = await lab.run("sell 0.49 BTC")
    sent = await lab.attempts(plan.id)
    assert [one.qty for one in sent] == [D("0.098")] * 5, "more of them than one quote is repeated"
    assert all(one.post_only for one in sent)
    assert (states(plan), filled_by_leg(lab.account)[0]) == ([LegState.FILLED], D("0.49"))


async def test_slices_that_rest_have_the_time_of_the_plan_too(db: Database) -> None:
    """Each slice has its quotes anew, and the leg no more time than any other: what is left at its end is reported."""
    lab = await open_lab(db, pace=replace(QUICK, patient_limit_s=60), paths={"BTC": lambda seconds: 1 + seconds / 10_000})
    lab.market.books["BTC"] = Depth(bids=((D(61_000), D("0.1")), (D(59_000), D(50))), asks=())
    plan = await lab.run("sell 1 BTC")
    assert (plan.legs[0].state, plan.legs[0].note) == (LegState.PARTIAL, "unfilled")
    sent = await lab.attempts(plan.id)
    assert (all(one.post_only for one in sent), len(sent) > QUICK.requotes + 1) == (True, True)
    assert 60 <= (lab.clock.now() - START).total_seconds() <= 75


@pytest.mark.long
async def test_the_rest_is_reported_when_the_time_is_up(db: Database) -> None:
    """Ten minutes for what is urgent: half of it is sold by then."""
    lab = await open_lab(db)
    lab.market.volumes["BTC"] = BTC_A_MINUTE / 2
    plan = await lab.run("sell 1 BTC; sell 1 ETH", FEAR)
    assert states(plan) == [LegState.PARTIAL, LegState.FILLED]
    assert (plan.legs[0].filled, plan.legs[0].note) == (D("0.5"), "unfilled")
    assert len(await lab.attempts(plan.id)) == 11


async def test_a_move_reads_what_can_still_change_and_no_more(db: Database) -> None:
    """The orders of legs that have ended are in their legs, and of what happened only what decisions ask about."""
    lab = await open_lab(db)
    lab.market.volumes["BTC"] = BTC_A_MINUTE
    plan = await lab.run("sell 0.45 BTC; buy 1 SOL", FEAR)
    view = await Scribe(db, lab.clock).view(plan.id)
    assert view is not None
    assert (view.attempts, view.happened) == ((), (("sized", None),))
    assert (view.leg(0).filled, view.leg(0).attempts) == (D("0.45"), 5)
    with pytest.raises(ValueError, match="not counted"):
        view.count("filled", 0)


@pytest.mark.parametrize("at", range(2, 14, 3))
async def test_killed_between_two_slices_it_goes_on_with_the_next(db: Database, at: int) -> None:
    """Whatever the last thing was that it did: each slice has its own number, and all of them are the leg."""
    passed: list[str] = []

    def kill(point: str) -> None:
        passed.append(point)
        if len(passed) == at:
            raise Killed(point)

    lab = await open_lab(db, crash_point=kill)
    lab.market.volumes["BTC"] = BTC_A_MINUTE
    made = await lab.plan("sell 0.45 BTC", FEAR)
    with pytest.raises(Killed):
        await lab.executor.execute_plan(made.id)
    again = await open_lab(db, clock=lab.clock, work=lab.work)
    again.market.volumes["BTC"] = BTC_A_MINUTE
    await again.executor.execute_plan(made.id)
    plan = await again.read(made.id)
    assert plan.legs[0].state is LegState.FILLED
    assert filled_by_leg(again.account)[0] == plan.legs[0].filled == D("0.45")
    ids = [one.client_id for one in await again.attempts(made.id)]
    assert ids == [f"b{made.id}-0-{number}" for number in range(1, len(ids) + 1)]


async def with_sol(ann: Someone) -> None:
    await ann.set_up()
    await ann.say("/targets BTC 40 SOL 40 USDT 20")


@pytest.mark.long
async def test_from_confirm_to_the_exchange(tmp_path: Path) -> None:
    """4,000 of SOL where 3,000 are traded in a minute: 14 orders, one a minute, and the result says that all of it was bought."""
    async with after(with_sol, tmp_path, source=LivelyMarket) as ann:
        market: Any = ann.program.source
        market.volumes["SOL"] = D(3_000) * 1440
        await ann.say("/rebalance")
        plan = await ann.confirm()
        leg = next(leg for leg in plan.legs if leg.instrument == "SOL")
        assert leg.state is LegState.FILLED
        sent = [one for one in (await ann.exchange()).state.orders.values() if one.request.instrument == "SOL"]
        assert len(sent) == leg.attempts == 14
        assert all(one.request.qty * leg.price <= 301 for one in sent)
        assert f"bought {leg.filled.normalize()} SOL" in ann.last.text
