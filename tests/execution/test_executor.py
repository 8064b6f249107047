"""A confirmed plan on a paper account: what is sent, in which order, and what is said when it goes wrong."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.errors import HedgeMode, KeyRefused, Unreachable
from chatbot.model import LegKind, LegState, OrderState, PlanState
from chatbot.store import events, plans, tables
from tests.execution.lab import FIGURES, QUICK, Lab, books, filled_by_leg, fresh_block, open_lab, states

if TYPE_CHECKING:
    from chatbot.store.database import Database

FULL = "sell 0.2 BTC; to_spot 1200; buy 1.5 ETH; buy 30 SOL; to_futures 100; reduce sell 0.05 BTC-PERP; increase buy 0.5 ETH-PERP"
FILLED, PARTIAL, REJECTED, DROPPED = LegState.FILLED, LegState.PARTIAL, LegState.REJECTED, LegState.DROPPED


async def events_of(lab: Lab, plan_id: int) -> list[str]:
    """Return the names of what happened."""
    async with lab.db.read() as tx:
        return [event.name for event in await events.events(tx, plan_id)]


@pytest.mark.long
async def test_a_whole_plan_fills_kind_by_kind_in_its_order(db: Database) -> None:
    lab = await open_lab(db)
    plan = await lab.run(FULL)
    assert plan.state == PlanState.DONE
    assert states(plan) == [FILLED] * 7
    assert plan.result == FIGURES
    kinds = [plan.legs[attempt.leg_index].kind for attempt in await lab.attempts(plan.id)]
    assert list(dict.fromkeys(kinds)) == list(dict.fromkeys(leg.kind for leg in plan.legs))
    assert kinds == sorted(kinds, key=list(LegKind).index)
    assert books(lab.account) == {
        "BTC": "0.8",
        "ETH": "6.5",
        "SOL": "110",
        "USDT": "9076.75015",
        "wallet": "8297.450075",
        "BTC-PERP": "0.2",
        "ETH-PERP": "0.5",
    }


async def test_the_result_is_said_once_and_rings_while_progress_is_silent(db: Database) -> None:
    lab = await open_lab(db)
    await lab.run("sell 0.2 BTC")
    told = await lab.told()
    assert [kind for kind, _ in told].count("plan_result") == 1
    assert told[-1] == ("plan_result", {"plan_id": 1})
    assert {kind for kind, _ in told[:-1]} == {"plan_progress"}
    async with db.read() as tx:
        rows = (await tx.execute(tables.outbox.select())).all()
    assert {(row.kind, row.silent, row.urgency) for row in rows} == {("plan_progress", True, "always"), ("plan_result", False, "always")}


async def test_a_quiet_market_is_quoted_again_and_then_crossed_inside_the_bound(db: Database) -> None:
    """Post-only at the card's limit, post-only at the mid twice more, then one marketable order."""
    lab = await open_lab(db)
    plan = await lab.run("sell 0.2 BTC")
    tries = await lab.attempts(plan.id)
    assert [(one.post_only, one.immediate, one.state.value) for one in tries] == [
        (True, False, "canceled"),
        (True, False, "canceled"),
        (True, False, "canceled"),
        (False, True, "filled"),
    ]
    assert tries[0].limit == Decimal(60030)
    assert tries[-1].limit == Decimal(60000) * Decimal("0.997")
    assert [one.client_id for one in tries] == [f"b{plan.id}-0-{n}" for n in (1, 2, 3, 4)]


async def test_a_resting_order_that_the_market_comes_to_fills_as_maker(db: Database) -> None:
    lab = await open_lab(db, paths={"BTC": lambda seconds: 1 + seconds / 4000})
    plan = await lab.run("sell 0.2 BTC")
    (only,) = await lab.attempts(plan.id)
    assert plan.legs[0].average == only.limit == Decimal(60030)
    assert plan.legs[0].state == FILLED


async def test_a_card_price_that_would_take_now_is_quoted_at_the_current_mid(db: Database) -> None:
    """The market rose above the card's sell limit: the order rests at the new price instead of taking."""
    lab = await open_lab(db, paths={"BTC": lambda _: 1.01})
    plan = await lab.run("sell 0.2 BTC")
    first = (await lab.attempts(plan.id))[0]
    assert first.limit is not None
    assert first.limit > Decimal(60600)
    assert first.post_only


async def test_an_order_refused_for_taking_falls_back_to_the_next_quote(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.reject_next = "would_take"
    plan = await lab.run("sell 0.2 BTC")
    tries = await lab.attempts(plan.id)
    assert [one.detail for one in tries] == ["would_take", "", "", ""]
    assert states(plan) == [FILLED]


async def test_a_partial_fill_sends_only_the_remainder_and_the_sum_is_exact(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.stuck.add("BTC")
    plan = await lab.run("sell 0.2 BTC")
    taken = [one.qty for one in await lab.attempts(plan.id) if one.immediate]
    assert taken == [Decimal("0.2"), *[Decimal("0.1")] * 12], "a book that has given something may give more"
    assert plan.legs[0].state == PARTIAL
    assert plan.legs[0].filled == Decimal("0.1") == filled_by_leg(lab.account)[0]
    assert plan.legs[0].note == "unfilled"


async def test_the_remainder_goes_out_after_the_old_order_is_final(db: Database) -> None:
    """A resting order fills to its half, is taken back, and the other half is sent under a new id."""
    lab = await open_lab(db, paths={"BTC": lambda seconds: 1.001 if 3 < seconds < 5 else 1.0})
    lab.account.faults.stuck.add("BTC")
    made = await lab.plan("sell 0.2 BTC")
    await lab.finish()
    tries = await lab.attempts(made.id)
    assert tries[0].state == OrderState.CANCELED
    assert tries[0].filled == Decimal("0.1")
    assert tries[1].qty == Decimal("0.1")
    assert sum(one.filled for one in tries) == filled_by_leg(lab.account)[0]


async def test_an_answer_that_knows_of_fewer_fills_is_out_of_date(db: Database) -> None:
    """A lagging look-up after a partial fill neither lowers the leg nor enlarges the remainder."""
    lab = await open_lab(db, paths={"BTC": lambda seconds: 1.001 if 3 < seconds < 5 else 1.0})
    lab.account.faults.stuck.add("BTC")
    real, looks = lab.account.find, iter(range(100))

    async def find(*given: str) -> object:
        order = await real(*given)
        return replace(order, filled=Decimal(0), average=None) if next(looks) % 2 and order.status == "open" else order

    lab.account.find = find
    plan = await lab.run("sell 0.2 BTC")
    assert plan.legs[0].filled == filled_by_leg(lab.account)[0] == Decimal(1) - lab.account.state.spot["BTC"]


async def test_money_that_is_not_free_yet_is_waited_for(db: Database) -> None:
    """After a cancel the exchange shows the coins as locked for a moment longer."""
    lab = await open_lab(db)
    real, stale = lab.account.balances, iter([False, True, True])

    async def balances() -> object:
        seen = await real()
        return replace(seen, free=dict.fromkeys(seen.free, Decimal(0))) if next(stale, False) else seen

    lab.account.balances = balances
    plan = await lab.run("sell 0.2 BTC")
    assert states(plan) == [FILLED]


async def test_a_rejected_sale_shrinks_every_buy_by_one_factor_and_spares_the_reserve(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.reject_next = "instrument_locked"
    plan = await lab.run("sell 0.2 BTC; buy 2 ETH; buy 60 SOL")
    sale, eth, sol = plan.legs
    assert (sale.state, sale.note) == (REJECTED, "instrument_locked")
    # 12 000 of about 15 000 did not come: a fifth of the buys is left, and the 5 000 in reserve stay whole.
    assert eth.note == sol.note == "shrunk"
    assert abs(eth.qty / 2 - sol.qty / 60) < Decimal("0.001")
    assert lab.account.state.spot["USDT"] > Decimal(1900)
    assert plan.state == PlanState.DONE


async def test_buys_below_the_minimum_after_shrinking_are_left_out_and_said(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.reject_next = "instrument_locked"
    plan = await lab.run("sell 0.2 BTC; buy 3.99 ETH")
    assert states(plan) == [REJECTED, DROPPED]
    assert plan.legs[1].note == "below_minimum"


async def test_a_short_spot_leg_has_the_overlay_computed_again(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.reject_next = "instrument_locked"
    lab.services.block = fresh_block("to_futures 40; reduce sell 0.08 BTC-PERP; increase buy 0.9 ETH-PERP")
    plan = await lab.run(FULL)
    assert lab.services.replans == 1
    transfer, reduction, increase = plan.legs[4:]
    assert (transfer.qty, transfer.note) == (Decimal(40), "replanned")
    assert (reduction.qty, reduction.note) == (Decimal("0.08"), "replanned")
    assert (increase.qty, increase.note) == (Decimal("0.5"), ""), "never more than the person confirmed"
    assert "replanned" in await events_of(lab, plan.id)


async def test_overlay_legs_that_are_not_needed_any_more_are_dropped(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.reject_next = "instrument_locked"
    plan = await lab.run(FULL)
    assert states(plan)[4:] == [DROPPED] * 3
    assert {leg.note for leg in plan.legs[4:]} == {"replanned"}


async def test_an_overlay_that_can_not_be_evaluated_keeps_only_what_takes_risk_away(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.reject_next = "instrument_locked"
    lab.services.block = None
    plan = await lab.run(FULL)
    assert [(leg.state, leg.note) for leg in plan.legs[4:]] == [
        (DROPPED, "not_evaluated"),
        (FILLED, ""),
        (DROPPED, "not_evaluated"),
    ]


@pytest.mark.long
async def test_a_plan_that_filled_as_confirmed_asks_for_no_new_overlay(db: Database) -> None:
    lab = await open_lab(db)
    await lab.run(FULL)
    assert lab.services.replans == 0


@pytest.mark.long
async def test_a_leg_that_the_person_left_out_is_not_sent_and_is_no_failure(db: Database) -> None:
    lab = await open_lab(db)
    made = await lab.plan(FULL)
    async with db.transaction() as tx:
        await plans.save_leg(tx, made.id, replace(made.legs[2], state=DROPPED))
    await lab.finish()
    plan = await lab.read(made.id)
    assert states(plan) == [FILLED, FILLED, DROPPED, *[FILLED] * 4]
    assert lab.services.replans == 0
    assert 2 not in {attempt.leg_index for attempt in await lab.attempts(made.id)}


async def test_leverage_covers_the_sleeve_before_the_first_increase_only(db: Database) -> None:
    lab = await open_lab(db)
    plan = await lab.run("increase buy 0.5 ETH-PERP; increase sell 0.01 BTC-PERP")
    assert lab.account.state.leverage["ETH-PERP"] == 3
    names = await events_of(lab, plan.id)
    assert names.count("leverage") == 2
    again = await lab.run("increase buy 0.1 ETH-PERP")
    assert "leverage" not in await events_of(lab, again.id), "it stands there already"


async def test_an_exchange_that_stays_away_parks_the_plan_with_a_message(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.unreachable = True
    plan = await lab.run("sell 0.2 BTC")
    assert plan.state == PlanState.PARKED
    assert (await lab.told())[-1] == ("plan_parked", {"plan_id": plan.id, "why": "unreachable"})
    assert (lab.clock.now() - lab.market.start).total_seconds() == sum(QUICK.retries_s)


async def test_a_short_outage_is_waited_out(db: Database) -> None:
    lab = await open_lab(db, paths={"BTC": lambda seconds: 1 + seconds / 4000})
    real = lab.account._source.quotes
    failures = iter([True, True])

    async def shaky(names: object) -> object:
        if next(failures, False):
            raise Unreachable("reset by peer")
        return await real(names)

    lab.account._source.quotes = shaky
    plan = await lab.run("sell 0.2 BTC")
    assert states(plan) == [FILLED]


@pytest.mark.parametrize("call", ["markets", "place"], ids=["before the first leg", "at its order"])
@pytest.mark.parametrize(
    ("trouble", "why"), [(KeyRefused("expired"), "key_refused"), (HedgeMode(), "hedge_mode")], ids=["a key", "hedge mode"]
)
async def test_a_key_or_an_account_that_is_not_good_parks_at_once_and_which_it_is_is_told(
    db: Database, call: str, trouble: KeyRefused, why: str
) -> None:
    lab = await open_lab(db)

    async def refused(*_: object) -> object:
        raise trouble

    setattr(lab.account, call, refused)
    plan = await lab.run("sell 0.2 BTC")
    assert plan.state == PlanState.PARKED
    assert (await lab.told())[-1][1]["why"] == why


async def test_a_halted_instrument_is_skipped_and_the_rest_goes_on(db: Database) -> None:
    lab = await open_lab(db)
    lab.account.faults.halted.add("SOL")
    plan = await lab.run("buy 5 SOL; buy 0.5 ETH")
    assert [(leg.state, leg.note) for leg in plan.legs] == [(DROPPED, "halted"), (FILLED, "")]


async def test_a_portfolio_kept_by_hand_runs_through_the_same_executor(db: Database) -> None:
    lab = await open_lab(db, manual=True)
    plan = await lab.run(FULL)
    assert states(plan) == [FILLED] * 7
    assert lab.account.state.spot["BTC"] == Decimal("0.8")
    assert len(await lab.attempts(plan.id)) == 7


async def test_fees_in_another_coin_are_shown_at_its_last_price(db: Database) -> None:
    lab = await open_lab(db, manual=True)
    real = lab.account.place

    async def place(request: object) -> object:
        return replace(await real(request), fees={"SOL": Decimal("0.02"), "USDT": Decimal(1)})

    lab.account.place = place
    plan = await lab.run("sell 0.2 BTC")
    assert plan.legs[0].fee == Decimal(4)


async def test_a_workflow_of_a_plan_that_was_never_confirmed_does_nothing(db: Database) -> None:
    """A rolled-back Confirm: the work is there in memory, the journal says no."""
    lab = await open_lab(db)
    made = await lab.plan("sell 0.2 BTC")
    async with db.transaction() as tx:
        await plans.set_state(tx, made.id, PlanState.DONE, lab.clock.now())
    await lab.finish()
    assert await lab.attempts(made.id) == ()
    assert await lab.executor.execute_plan(404) == "missing"


@pytest.mark.long
async def test_running_a_finished_plan_again_changes_nothing(db: Database) -> None:
    lab = await open_lab(db)
    plan = await lab.run(FULL)
    before, told = books(lab.account), await lab.told()
    assert await lab.executor.execute_plan(plan.id) == "done"
    assert books(lab.account) == before
    assert await lab.told() == told


async def test_a_portfolio_that_can_not_be_measured_ends_with_an_unknown_result(db: Database) -> None:
    lab = await open_lab(db)
    lab.services.figures = None
    plan = await lab.run("sell 0.2 BTC")
    assert plan.state == PlanState.DONE
    assert plan.result is None


async def test_a_plan_that_never_ends_is_parked(db: Database) -> None:
    lab = await open_lab(db, pace=replace(QUICK, moves_max=3))
    plan = await lab.run(FULL)
    assert plan.state == PlanState.PARKED
    assert (await lab.told())[-1][1]["why"] == "too_many_moves"


@pytest.mark.parametrize("speed", [1, 60])
async def test_a_faster_market_is_quoted_faster(db: Database, speed: float) -> None:
    lab = await open_lab(db, pace=replace(QUICK, speed=speed))
    await lab.run("sell 0.2 BTC")
    passed = (lab.clock.now() - lab.market.start).total_seconds()
    assert passed == pytest.approx(30 / speed, rel=0.2)
