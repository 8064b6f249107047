"""What every database keeps: one suite, on a SQLite file and on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from chatbot.errors import InternalError
from chatbot.model import (
    Check,
    Delivery,
    Flow,
    FlowKind,
    HeldBack,
    KeyReport,
    LegState,
    Mark,
    MessageKind,
    OrderState,
    PlanState,
    Problem,
    Role,
    StrategySince,
    Urgency,
    Verdict,
)
from chatbot.model.message import TELLS_ONLY
from chatbot.store import accounts, events, flows, keys, messages, orders, plans, portfolios, privacy, tables
from chatbot.store.database import Database
from chatbot.store.migrations import schema
from chatbot.store.past import strategies, tried
from tests.store.samples import FIGURES, NOW, a_person, a_plan, a_portfolio, plan, portfolio

if TYPE_CHECKING:
    from sqlalchemy import Update

    from chatbot.store.database import Tx

LATER = NOW + timedelta(minutes=6)


# --- transactions ---


async def test_a_transaction_that_raises_leaves_nothing_behind(db: Database) -> None:
    with pytest.raises(RuntimeError, match="crash"):
        await _write_and_crash(db)
    async with db.read() as tx:
        assert await accounts.people(tx) == ()


async def _write_and_crash(db: Database) -> None:
    async with db.transaction() as tx:
        await a_person(tx)
        raise RuntimeError("crash")


async def test_a_read_sees_one_state_although_somebody_writes_meanwhile(db: Database) -> None:
    async with db.read() as before:
        assert await accounts.meta(before, "k") is None
        async with db.transaction() as tx:
            await accounts.set_meta(tx, "k", "new")
        assert await accounts.meta(before, "k") is None
    async with db.read() as after:
        assert await accounts.meta(after, "k") == "new"


async def test_fifty_writers_at_once_all_get_their_turn(db: Database) -> None:
    async with db.transaction() as tx:
        await accounts.set_meta(tx, "count", "0")

    async def count() -> None:
        async with db.transaction() as tx:
            await tx.execute(text("UPDATE pf_meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE key = 'count'"))

    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(count())
    async with db.read() as tx:
        assert await accounts.meta(tx, "count") == "50"


async def test_migrating_twice_is_harmless(db: Database) -> None:
    """The version stays, and so does what was written."""
    async with db.transaction() as tx:
        await accounts.set_meta(tx, "k", "v")
    await db.migrate()
    async with db.read() as tx:
        assert await tx.run_sync(schema.stored_version) == schema.HEAD
        assert await accounts.meta(tx, "k") == "v"


async def test_a_database_answers_a_ping_as_long_as_it_is_there(db: Database) -> None:
    assert await _answers(db)
    gone = Database(f"sqlite:///{os.devnull}/ballast.sqlite" if db.is_sqlite else "postgresql://nobody@127.0.0.1:1/gone")
    assert not await _answers(gone)
    await gone.close()


async def _answers(db: Database) -> bool:
    try:
        await db.ping()
    except (DatabaseError, OSError):
        return False
    return True


# --- people ---


async def test_a_person_is_read_back_as_saved_and_changes_are_kept(db: Database) -> None:
    async with db.transaction() as tx:
        person = await a_person(tx, 5_000_000_001, language="ru", zone="Europe/Moscow", portfolio_id=3)
        assert await accounts.person(tx, person.id) == person
        changed = replace(person, role=Role.OPERATOR, unreachable=True, name="Анна 🚀")
        await accounts.change_person(tx, person.id, role=Role.OPERATOR, unreachable=True, name="Анна 🚀")
        assert await accounts.person(tx, person.id) == changed
        assert await accounts.person(tx, 1) is None


async def test_people_can_be_listed_by_role(db: Database) -> None:
    async with db.transaction() as tx:
        await a_person(tx, 1, role=Role.MEMBER)
        operator = await a_person(tx, 2, role=Role.OPERATOR)
        assert await accounts.people(tx, Role.OPERATOR) == (operator,)
        assert [person.id for person in await accounts.people(tx)] == [1, 2]


async def test_a_dialog_is_kept_until_it_is_left(db: Database) -> None:
    async with db.transaction() as tx:
        assert await accounts.dialog(tx, 7) is None
        await accounts.set_dialog(tx, 7, "start", {"step": 1})
        await accounts.set_dialog(tx, 7, "targets", {"step": 2, "given": ["BTC"]})
        assert await accounts.dialog(tx, 7) == ("targets", {"step": 2, "given": ["BTC"]})
        assert await accounts.clear_dialog(tx, 7) == "targets"
        assert await accounts.clear_dialog(tx, 7) is None


# --- portfolios ---


async def test_a_portfolio_is_read_back_as_saved(db: Database) -> None:
    stored = await a_portfolio(db)
    changed = replace(stored, paused=True, snoozed_until=NOW)
    async with db.transaction() as tx:
        assert await portfolios.get(tx, stored.id) == stored
        await portfolios.save(tx, changed)
        assert await portfolios.of_person(tx, 7) == (changed,)
        assert await portfolios.get(tx, stored.id + 1) is None


async def test_an_old_copy_of_a_portfolio_neither_opens_nor_renames_it(db: Database) -> None:
    """Settings are saved by whoever read the row a moment ago; what it is called, and whether it lives, is written apart."""
    stored = await a_portfolio(db)
    async with db.transaction() as tx:
        await portfolios.rename(tx, stored.id, "second")
        assert await portfolios.close(tx, stored.id, NOW)
        assert not await portfolios.close(tx, stored.id, NOW + timedelta(hours=1)), "closed once"
        await portfolios.save(tx, replace(stored, snoozed_until=NOW))
        latest = await portfolios.get(tx, stored.id)
    assert latest == replace(stored, name="second", closed_at=NOW, snoozed_until=NOW)


async def test_a_closed_portfolio_is_read_and_nothing_else(db: Database) -> None:
    """It is not among those that are checked, its person's others are as if it were not there, and it can be opened again, paused."""
    one, two = await a_portfolio(db), await a_portfolio(db)
    async with db.transaction() as tx:
        before = await portfolios.of_person(tx, 7)
        await portfolios.close(tx, one.id, NOW)
        after = await portfolios.of_person(tx, 7)
        served = [await portfolios.is_served(tx, each.id) for each in (one, two)]
        assert await portfolios.served(tx, (one.id, two.id)) == {two.id}
        assert await portfolios.open_of(tx, 7) == after[1:]
        assert await portfolios.active_ids(tx) == (two.id,)
        assert await portfolios.has_owner_let_in(tx, one.id)
        assert await portfolios.reopen(tx, one.id, "again")
        assert not await portfolios.reopen(tx, two.id, "again")
        opened = await portfolios.get(tx, one.id)
    assert [each.is_one_of_several for each in before] == [True, True]
    assert [(each.is_open, each.is_one_of_several) for each in after] == [(False, True), (True, False)]
    assert served == [False, True]
    assert opened is not None
    assert (opened.is_open, opened.paused, opened.name) == (True, True, "again")


async def test_a_plan_that_comes_while_its_portfolio_is_being_closed_is_refused(db: Database) -> None:
    """It waits for the closing, and then there is nothing to plan for; two hands at one person wait for each other as well."""
    stored = await a_portfolio(db)

    async def add() -> None:
        async with db.transaction() as tx:
            await plans.add_plan(tx, plan(stored.id))

    async with db.transaction() as tx:
        await accounts.hold(tx, 7)
        await portfolios.hold(tx, stored.id)
        adding = asyncio.create_task(add())
        await asyncio.sleep(0.05)
        assert not adding.done()
        await portfolios.close(tx, stored.id, NOW)
    with pytest.raises(InternalError, match="no open portfolio"):
        await adding
    async with db.read() as tx:
        assert await plans.open_plan(tx, stored.id) is None


async def test_pausing_is_for_the_portfolios_that_are_named(db: Database) -> None:
    """And touches nothing else of them: a copy read earlier cannot put anything back."""
    one = await a_portfolio(db, snoozed_until=NOW, window_opened_at=NOW)
    await a_portfolio(db, window_opened_at=NOW)
    async with db.transaction() as tx:
        await portfolios.pause(tx, (one.id,), forgets=True)
        paused = await portfolios.of_person(tx, 7)
        await portfolios.wake(tx, (one.id,), NOW)
        resumed = await portfolios.of_person(tx, 7)
    assert [(each.paused, each.window_opened_at, each.snoozed_until) for each in paused] == [(True, None, NOW), (False, NOW, None)]
    assert [(each.paused, each.snoozed_until) for each in resumed] == [(False, None), (False, None)]


async def test_saving_an_old_copy_of_a_portfolio_does_not_turn_its_plan_counter_back(db: Database) -> None:
    stored = await a_portfolio(db)
    await a_plan(db, stored.id)
    async with db.transaction() as tx:
        await portfolios.save(tx, replace(stored, paused=True))
        latest = await portfolios.get(tx, stored.id)
    assert latest is not None
    assert (latest.paused, latest.last_plan_number) == (True, 1)


async def test_active_portfolios_come_in_chunks_without_the_paused(db: Database) -> None:
    ids = [(await a_portfolio(db, person, paused=person == 3)).id for person in range(1, 6)]
    async with db.read() as tx:
        first = await portfolios.active(tx, limit=2)
        rest = await portfolios.active(tx, after_id=first[-1].id, limit=10)
    assert [each.id for each in (*first, *rest)] == [ids[0], ids[1], ids[3], ids[4]]


async def test_what_belongs_to_many_portfolios_comes_in_bulk(db: Database) -> None:
    one, two, three = [(await a_portfolio(db, person)).id for person in (1, 2, 3)]
    seen = Check(at=NOW, figures=FIGURES, fired=("CORE",))
    unknown = Check(at=NOW, problems=(Problem(code="stale_price", instrument="BTC", age_s=61.5),), held_back=HeldBack.NO_DATA)
    async with db.transaction() as tx:
        await portfolios.save_account(tx, one, {"cash": "1.10"})
        await portfolios.save_account(tx, one, {"cash": "2.20"})
        await portfolios.save_states(tx, {(one, "CORE"): {"fired": True}, (one, "ALT"): {"fired": False}, (two, "CORE"): {"streak": 3}})
        await portfolios.save_checks(tx, {one: seen})
        await portfolios.save_checks(tx, {three: unknown})
        every = (one, two, three)
        assert await portfolios.accounts_of(tx, every) == {one: {"cash": "2.20"}}
        assert await portfolios.states_of(tx, every) == {
            one: {"CORE": {"fired": True}, "ALT": {"fired": False}},
            two: {"CORE": {"streak": 3}},
        }
        assert await portfolios.checks_of(tx, every) == {one: seen, three: unknown}
        assert await portfolios.states_of(tx, ()) == {}
        assert await portfolios.states(tx, three) == {}
        assert await portfolios.check(tx, two) is None


async def test_an_outline_tells_who_is_at_rest_and_what_was_written_of_them(db: Database) -> None:
    """One is at rest and inside; a plan, a pause and a snooze that lasts are none; one without an account is left out."""
    calm, busy, paused, asleep, bare = [(await a_portfolio(db, person, paused=person == 3)).id for person in range(1, 6)]
    await a_plan(db, busy)
    day = NOW.date()
    async with db.transaction() as tx:
        for one in (calm, busy, paused, asleep):
            await portfolios.save_account(tx, one, {"cash": "1.10"})
        await portfolios.save(tx, portfolio(4, id=asleep, snoozed_until=LATER))
        await portfolios.save_states(tx, {(calm, "CORE"): {"fired": True}})
        await portfolios.save_checks(tx, {calm: Check(at=NOW, figures=FIGURES, held_back=HeldBack.INSIDE), busy: Check(at=NOW)})
        days = [flows.Opening(day=day - timedelta(days=past), at=NOW, value=Decimal(1)) for past in (0, 2)]
        await flows.record_values(tx, [(calm, one) for one in days])
        found = await portfolios.outlines(tx, (calm, busy, paused, asleep, bare), NOW, day)
        assert {one: (seen.at_rest, seen.inside) for one, seen in found.items()} == {
            calm: (True, True),
            busy: (False, False),
            paused: (False, False),
            asleep: (False, False),
        }
        seen = found[calm]
        assert (json.loads(seen.account), seen.states, seen.days) == ({"cash": "1.10"}, {"CORE": '{"fired":true}'}, {day.isoformat()})
        assert (await portfolios.outlines(tx, (asleep,), LATER, day))[asleep].at_rest, "the snooze is over"


async def test_only_the_first_value_of_a_day_counts_and_stays_exact(db: Database) -> None:
    stored = await a_portfolio(db)
    day = NOW.date()
    async with db.transaction() as tx:
        assert await flows.openings(tx, stored.id, (day,)) == (None,)
        await flows.record_values(tx, [(stored.id, flows.Opening(day=day, at=NOW, value=Decimal("98412.07000")))])
        await flows.record_values(tx, [(stored.id, flows.Opening(day=day, at=LATER, value=Decimal(1)))])
        first, earlier, found, later = await flows.openings(
            tx, stored.id, (date.min, day - timedelta(days=3), day, day + timedelta(days=1))
        )
        assert (str(found.value), found.at) == ("98412.07000", NOW)
        assert first == earlier == found
        assert later is None


async def test_a_mark_stays_exact_and_one_that_nobody_wrote_is_unknown(db: Database) -> None:
    stored = await a_portfolio(db)
    mark = Mark(
        held={"BTC": Decimal("0.10")}, prices={"BTC": Decimal("60000.10")}, bands={"CORE": Decimal("0.05")}, funding=Decimal("-1.20")
    )
    first = flows.Opening(day=NOW.date(), at=NOW, value=Decimal("6000.01"))
    later = flows.Opening(day=NOW.date() + timedelta(days=1), at=LATER, value=Decimal("6000.02"), mark=mark)
    async with db.transaction() as tx:
        await flows.record_values(tx, [(stored.id, later), (stored.id, first)])
        assert await flows.marked(tx, stored.id) == (first, later)


async def test_the_strategies_that_a_portfolio_has_had_are_kept(db: Database) -> None:
    """From the first on, each since its moment; of two in one moment the last counts."""
    stored, other = await a_portfolio(db, 7), await a_portfolio(db, 8)
    bolder = replace(stored.strategy, theta=Decimal("0.50"))
    async with db.transaction() as tx:
        await strategies.note(tx, stored.id, replace(bolder, theta=Decimal(0)), LATER)
        await strategies.note(tx, stored.id, bolder, LATER)
        first = StrategySince(at=stored.created_at, strategy=stored.strategy)
        assert await strategies.of_portfolio(tx, stored.id) == (first, StrategySince(at=LATER, strategy=bolder))
        assert [one.at for one in await strategies.of_portfolio(tx, other.id)] == [other.created_at]


async def test_flows_are_kept_in_their_order_with_what_is_unknown_of_them(db: Database) -> None:
    first, second = await a_portfolio(db, 7), await a_portfolio(db, 8)
    known = Flow(portfolio_id=first.id, at=NOW, kind=FlowKind.DEPOSIT, value=Decimal("1.50"), amount=Decimal("-0.10"), facts={"a": ["1"]})
    unknown = replace(known, at=LATER, kind=FlowKind("of a newer version"), value=None, amount=None)
    async with db.transaction() as tx:
        assert await flows.latest(tx, first.id) is None
        stored = [await flows.add(tx, one) for one in (known, replace(known, portfolio_id=second.id), unknown)]
        assert stored == [replace(known, id=1), replace(known, id=2, portfolio_id=second.id), replace(unknown, id=3)]
        assert await flows.of_portfolio(tx, first.id) == (stored[0], stored[2])
        assert await flows.latest(tx, first.id) == stored[2]


async def test_a_portfolio_needs_its_person(db: Database) -> None:
    with pytest.raises(IntegrityError):
        async with db.transaction() as tx:
            await portfolios.add(tx, portfolio(404))


# --- plans ---


async def test_a_plan_is_read_back_exactly_as_proposed_with_its_number(db: Database) -> None:
    stored = await a_portfolio(db)
    proposed = await a_plan(db, stored.id)
    async with db.read() as tx:
        read = await plans.plan(tx, proposed.id)
        assert read == proposed == replace(plan(stored.id), id=proposed.id, number=1)
        assert repr(read) == repr(proposed), "trailing zeros of every amount are kept"
        assert await plans.open_plan(tx, stored.id) == proposed
        assert await plans.plan(tx, proposed.id + 1) is None


async def test_a_new_plan_takes_the_place_of_an_unanswered_one(db: Database) -> None:
    stored = await a_portfolio(db)
    first, second = await a_plan(db, stored.id), await a_plan(db, stored.id)
    async with db.read() as tx:
        old = await plans.plan(tx, first.id)
        assert old is not None
        assert (old.state, old.superseded_by) == (PlanState.SUPERSEDED, second.id)
        assert await plans.open_plan(tx, stored.id) == second
    assert (first.number, second.number) == (1, 2)


@pytest.mark.parametrize("state", [PlanState.CONFIRMED, PlanState.RUNNING, PlanState.PARKED])
async def test_no_plan_is_made_while_one_is_carried_out_or_parked(db: Database, state: PlanState) -> None:
    stored = await a_portfolio(db)
    running = await _confirmed(db, stored.id)
    async with db.transaction() as tx:
        assert await plans.set_state(tx, running, state, NOW)
    with pytest.raises(plans.PlanOpen):
        await a_plan(db, stored.id)
    async with db.transaction() as tx:
        assert await plans.set_state(tx, running, PlanState.DONE, NOW)
    assert (await a_plan(db, stored.id)).number == 2


async def _confirmed(db: Database, portfolio_id: int) -> int:
    proposed = await a_plan(db, portfolio_id)
    async with db.transaction() as tx:
        assert await plans.decide(tx, proposed.id, PlanState.CONFIRMED, NOW)
    return proposed.id


async def test_of_twenty_confirms_at_once_exactly_one_wins(db: Database) -> None:
    proposed = await a_plan(db, (await a_portfolio(db)).id)
    won: list[bool] = []

    async def press() -> None:
        async with db.transaction() as tx:
            seen = await plans.plan(tx, proposed.id)
            assert seen is not None
            await asyncio.sleep(0.005)
            won.append(await plans.decide(tx, proposed.id, PlanState.CONFIRMED, NOW))

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(press())
    assert sorted(won) == [False] * 19 + [True]


async def test_confirm_and_a_newer_plan_at_once_never_leave_two_open(db: Database) -> None:
    stored = await a_portfolio(db)
    for _ in range(10):
        proposed = await a_plan(db, stored.id)
        outcome = await asyncio.gather(_confirm(db, proposed.id), a_plan(db, stored.id), return_exceptions=True)
        async with db.transaction() as tx:
            first = await plans.plan(tx, proposed.id)
            assert first is not None
            if outcome[0] is True:
                assert isinstance(outcome[1], plans.PlanOpen)
                assert first.state == PlanState.CONFIRMED
                assert await plans.set_state(tx, proposed.id, PlanState.DONE, NOW)
            else:
                assert first.state == PlanState.SUPERSEDED
                assert await plans.open_plan(tx, stored.id) == outcome[1]


async def _confirm(db: Database, plan_id: int) -> bool:
    async with db.transaction() as tx:
        return await plans.decide(tx, plan_id, PlanState.CONFIRMED, NOW)


async def test_two_new_plans_at_once_get_two_numbers_and_one_stays_open(db: Database) -> None:
    stored = await a_portfolio(db)
    made = await asyncio.gather(*(a_plan(db, stored.id) for _ in range(8)))
    assert sorted(each.number for each in made) == list(range(1, 9))
    async with db.read() as tx:
        states = [each.state for each in await plans.plans(tx, stored.id, limit=20)]
    assert sorted(states) == [PlanState.PROPOSED] + [PlanState.SUPERSEDED] * 7


async def test_a_plan_cannot_be_confirmed_at_the_moment_it_expires(db: Database) -> None:
    proposed = await a_plan(db, (await a_portfolio(db)).id)
    async with db.transaction() as tx:
        assert not await plans.decide(tx, proposed.id, PlanState.CONFIRMED, proposed.expires_at)
        assert await plans.decide(tx, proposed.id, PlanState.CONFIRMED, proposed.expires_at - timedelta(microseconds=1))


@pytest.mark.parametrize("answer", [PlanState.SKIPPED, PlanState.EXPIRED, PlanState.SUPERSEDED])
async def test_an_answered_plan_is_not_answered_again(db: Database, answer: PlanState) -> None:
    proposed = await a_plan(db, (await a_portfolio(db)).id)
    async with db.transaction() as tx:
        assert await plans.decide(tx, proposed.id, answer, LATER)
        assert not await plans.decide(tx, proposed.id, PlanState.CONFIRMED, NOW)
        assert not await plans.decide(tx, proposed.id, PlanState.SKIPPED, NOW)
        read = await plans.plan(tx, proposed.id)
    assert read is not None
    assert (read.state, read.decided_at) == (answer, LATER)


async def test_a_proposed_plan_has_no_other_answers(db: Database) -> None:
    proposed = await a_plan(db, (await a_portfolio(db)).id)
    async with db.transaction() as tx:
        with pytest.raises(ValueError, match="no answer"):
            await plans.decide(tx, proposed.id, PlanState.DONE, NOW)


async def test_due_plans_expire_together_and_only_once(db: Database) -> None:
    due = [await a_plan(db, (await a_portfolio(db, person)).id) for person in (1, 2)]
    await a_plan(db, (await a_portfolio(db, 3)).id, expires_at=LATER + timedelta(seconds=1))
    async with db.transaction() as tx:
        assert await plans.expire_due(tx, NOW) == ()
        expired = await plans.expire_due(tx, LATER)
        assert list(expired) == [each.id for each in due]
        ended = await plans.plan(tx, expired[0])
        assert ended is not None
        assert (ended.state, ended.legs) == (PlanState.EXPIRED, due[0].legs)
        assert await plans.expire_due(tx, LATER) == ()


async def test_a_plan_carried_out_keeps_its_end_its_result_and_its_card(db: Database) -> None:
    plan_id = await _confirmed(db, (await a_portfolio(db)).id)
    async with db.transaction() as tx:
        await plans.set_card(tx, plan_id, 7, 4242)
        assert await plans.under_way(tx) == (plan_id,)
        assert await plans.set_state(tx, plan_id, PlanState.RUNNING, NOW)
        assert await plans.set_state(tx, plan_id, PlanState.DONE, NOW, FIGURES)
        assert await plans.set_state(tx, plan_id, PlanState.DONE, LATER), "a repeated step is harmless"
        assert not await plans.set_state(tx, plan_id, PlanState.RUNNING, LATER), "an ended plan does not come back"
        read = await plans.plan(tx, plan_id)
        assert await plans.under_way(tx) == ()
    assert read is not None
    assert (read.state, read.finished_at, read.result) == (PlanState.DONE, NOW, FIGURES)
    assert (read.chat_id, read.message_id) == (7, 4242)


async def test_a_plan_that_nobody_confirmed_cannot_run(db: Database) -> None:
    proposed = await a_plan(db, (await a_portfolio(db)).id)
    async with db.transaction() as tx:
        assert not await plans.set_state(tx, proposed.id, PlanState.RUNNING, NOW)
        assert not await plans.set_state(tx, proposed.id, PlanState.DONE, NOW)


async def test_legs_are_saved_added_and_left_out(db: Database) -> None:
    proposed = await a_plan(db, (await a_portfolio(db)).id)
    filled = replace(proposed.legs[0], state=LegState.FILLED, filled=Decimal("0.0731"), average=Decimal("60031.5"), fee=Decimal("4.39"))
    extra = replace(proposed.legs[1], index=2, qty=Decimal("0.50"))
    async with db.transaction() as tx:
        await plans.save_leg(tx, proposed.id, filled)
        await plans.save_leg(tx, proposed.id, extra)
        dropped = replace(proposed.legs[1], state=LegState.DROPPED, note="cash_limited")
        await plans.save_leg(tx, proposed.id, dropped)
        read = await plans.plan(tx, proposed.id)
    assert read is not None
    assert read.legs == (filled, dropped, extra)


async def test_an_edited_plan_shows_its_new_result_only_while_it_waits(db: Database) -> None:
    proposed = await a_plan(db, (await a_portfolio(db)).id)
    after = replace(FIGURES, value=Decimal("98400.10"))
    async with db.transaction() as tx:
        assert await plans.save_after(tx, proposed.id, after, Decimal("4.80"))
        read = await plans.plan(tx, proposed.id)
        assert read is not None
        assert (read.after, read.fees, read.before) == (after, Decimal("4.80"), FIGURES)
        assert await plans.decide(tx, proposed.id, PlanState.CONFIRMED, NOW)
        assert not await plans.save_after(tx, proposed.id, FIGURES, Decimal(0))


async def test_history_is_read_in_pages_newest_first(db: Database) -> None:
    stored = await a_portfolio(db)
    ids = [(await a_plan(db, stored.id)).id for _ in range(5)]
    async with db.read() as tx:
        first = await plans.plans(tx, stored.id, limit=2)
        second = await plans.plans(tx, stored.id, limit=10, before_id=first[-1].id)
    assert [each.id for each in (*first, *second)] == ids[::-1]
    assert all(len(each.legs) == 2 for each in first)


# --- the database's own promises, without our code in between ---


@pytest.mark.parametrize("table", ["pf_plans", "pf_legs", "pf_people", "pf_portfolios", "pf_outbox"])
async def test_the_database_refuses_a_state_that_does_not_exist(db: Database, table: str) -> None:
    await a_plan(db, (await a_portfolio(db)).id)
    async with db.transaction() as tx:
        await messages.post(tx, chat_id=7, kind=MessageKind("x"), facts={}, key="k", now=NOW)
    column = {"pf_people": "role", "pf_portfolios": "mode"}.get(table, "state")
    with pytest.raises(IntegrityError):
        await _run(db, update(tables.metadata.tables[table]).values({column: "perhaps"}))


async def test_the_database_refuses_a_second_open_plan(db: Database) -> None:
    stored = await a_portfolio(db)
    first = await a_plan(db, stored.id)
    await a_plan(db, stored.id)
    with pytest.raises(IntegrityError):
        await _run(db, update(tables.plans).where(tables.plans.c.id == first.id).values(state="running"))


async def test_the_database_refuses_the_same_leg_twice(db: Database) -> None:
    await a_plan(db, (await a_portfolio(db)).id)
    with pytest.raises(IntegrityError):
        await _run(db, update(tables.legs).values(index=0))


async def _run(db: Database, statement: Update) -> None:
    async with db.transaction() as tx:
        await tx.execute(statement)


# --- orders, events, updates, alerts ---


def _attempt(plan_id: int, number: int = 1) -> orders.Attempt:
    return orders.Attempt(
        plan_id=plan_id,
        leg_index=0,
        attempt=number,
        client_id=f"b{plan_id}-0-{number}",
        instrument="BTC",
        side="sell",
        qty=Decimal("0.07310"),
        limit=Decimal("60030.00"),
        post_only=True,
        sent_at=NOW,
    )


async def test_an_order_is_written_down_once_and_followed_by_its_client_id(db: Database) -> None:
    plan_id = await _confirmed(db, (await a_portfolio(db)).id)
    async with db.transaction() as tx:
        written = await orders.add_order(tx, _attempt(plan_id))
        filled = replace(written, state=OrderState.FILLED, filled=written.qty, average=Decimal("60030.0"), ended_at=LATER)
        await orders.save_order(tx, filled)
        second = await orders.add_order(tx, _attempt(plan_id, 2))
        assert await orders.orders(tx, plan_id) == (filled, second)
    with pytest.raises(IntegrityError):
        async with db.transaction() as tx:
            await orders.add_order(tx, replace(_attempt(plan_id, 3), client_id=filled.client_id))
    with pytest.raises(IntegrityError):
        async with db.transaction() as tx:
            await orders.add_order(tx, replace(_attempt(plan_id, 2), client_id="another"))


async def test_only_orders_that_can_still_change_something_are_read(db: Database) -> None:
    """Those of the legs that are asked for, and all of a leg of which one may still trade."""
    plan_id = await _confirmed(db, (await a_portfolio(db)).id)
    async with db.transaction() as tx:
        for leg, number, state in ((0, 1, "filled"), (1, 1, "canceled"), (1, 2, "unknown"), (2, 1, "canceled"), (2, 2, "filled")):
            attempt = replace(_attempt(plan_id, number), leg_index=leg, client_id=f"b{plan_id}-{leg}-{number}", state=OrderState(state))
            await orders.add_order(tx, attempt)
        for asked, found in (((), "1-1 1-2"), ((0,), "0-1 1-1 1-2"), ((1, 2), "1-1 1-2 2-1 2-2")):
            read = await orders.orders_of(tx, plan_id, asked)
            assert " ".join(f"{one.leg_index}-{one.attempt}" for one in read) == found


async def test_events_are_kept_in_order_with_their_details(db: Database) -> None:
    proposed = await a_plan(db, (await a_portfolio(db)).id)
    async with db.transaction() as tx:
        first = await events.add_event(tx, proposed.id, None, "confirmed", {"person": 7}, NOW)
        second = await events.add_event(tx, proposed.id, 0, "filled", {"qty": "0.10"}, NOW)
        assert await events.add_event(tx, proposed.id, 1, "by the machine's clock") > second > first
        found = await events.events(tx, proposed.id)
    assert [(each.id, each.leg_index, each.name, each.detail, each.at) for each in found[:2]] == [
        (first, None, "confirmed", {"person": 7}, NOW),
        (second, 0, "filled", {"qty": "0.10"}, NOW),
    ]


async def test_a_stop_and_an_order_of_one_plan_come_one_after_the_other(db: Database) -> None:
    """Whoever holds the plan is waited for, and then seen: without that, an order could be written down beside the stop that forbids it."""
    proposed = await a_plan(db, (await a_portfolio(db)).id)
    locked, told = asyncio.Event(), []

    async def stop() -> None:
        async with db.transaction() as tx:
            await plans.lock(tx, proposed.id)
            locked.set()
            await asyncio.sleep(0.05)
            await events.add_event(tx, proposed.id, None, "stopping", {}, NOW)
            told.append("stopped")

    async def order() -> None:
        await locked.wait()
        async with db.transaction() as tx:
            await plans.lock(tx, proposed.id)
            told.append(await events.first_of(tx, proposed.id, {"closing", "stopping"}))

    await asyncio.gather(stop(), order())
    assert told == ["stopped", "stopping"]
    async with db.read() as tx:
        assert await events.first_of(tx, proposed.id, {"closing"}) == ""
        assert await events.first_of(tx, proposed.id + 1, {"stopping"}) == ""


async def _unfinished(tx: Tx, **which: Any) -> list[tuple[int, str]]:
    return [(one.id, one.body) for one in await events.unfinished_updates(tx, **which)]


async def test_updates_are_written_down_together_and_taken_by_share(db: Database) -> None:
    """What is seen again is left as it is; what is finished keeps nothing of what was sealed."""
    sealed = events.Update(id=3, body="three", share=5, sealed="a seal")
    found = [events.Update(id=one, body=str(one), share=one % 2) for one in (4, 2, 1)]
    async with db.transaction() as tx:
        assert await events.record_updates(tx, [sealed, *found[:1]], (), NOW) == {3, 4}
        assert await events.record_updates(tx, found, {1}, NOW) == {1, 2}
        assert await events.record_updates(tx, [replace(sealed, body="again")], (), NOW) == frozenset()
        assert await events.record_updates(tx, [], (), NOW) == frozenset()
        assert await _unfinished(tx, shares=(0, 5)) == [(2, "2"), (3, "three"), (4, "4")]
        assert await _unfinished(tx, shares=(0, 5), but=(2,), most=1) == [(3, "three")]
        assert (await events.unfinished_updates(tx, shares=(5,))) == (sealed,)
        await events.count_tries(tx, [2, 4], 1)
        assert [one.tries for one in await events.unfinished_updates(tx, shares=(0,))] == [1, 1]
        await events.put_share(tx, 4, 7)
        assert await _unfinished(tx, shares=(7,)) == [(4, "4")]
        await events.finish_update(tx, 3)
        kept = (await tx.execute(text("SELECT body, sealed FROM pf_updates WHERE id IN (1, 3) ORDER BY id"))).all()
    assert [tuple(row) for row in kept] == [("1", None), ("", None)]


async def test_what_stands_lowest_in_a_chat_is_what_was_noted_last(db: Database) -> None:
    async with db.transaction() as tx:
        assert await messages.lowest(tx, 7) is None
        await messages.note_lowest(tx, 7, 100, NOW)
        await messages.note_lowest(tx, 7, 99, LATER)
        assert await messages.lowest(tx, 7) == (99, LATER)


async def test_an_update_is_recorded_once_and_its_text_is_forgotten_when_done(db: Database) -> None:
    async with db.transaction() as tx:
        assert await events.record_update(tx, 9_000_000_001, "{secret}", NOW)
        assert not await events.record_update(tx, 9_000_000_001, "{again}", NOW)
        assert await events.record_update(tx, 9_000_000_000, "{}")
        assert await _unfinished(tx) == [(9_000_000_000, "{}"), (9_000_000_001, "{secret}")]
        await events.finish_update(tx, 9_000_000_001)
        assert await _unfinished(tx) == [(9_000_000_000, "{}")]
        assert not await events.record_update(tx, 9_000_000_001, "{a third time}", NOW)
        stored = (await tx.execute(text("SELECT body FROM pf_updates WHERE finished"))).scalar_one()
    assert stored == ""


async def test_alerts_are_numbered(db: Database) -> None:
    stored = await a_portfolio(db)
    async with db.transaction() as tx:
        first = await events.add_alert(tx, stored.id, "drift", "CORE", {"weight": "0.46"}, NOW)
        assert await events.add_alert(tx, stored.id, "drift", "CORE", {}, NOW) > first


# --- messages ---


async def _post(db: Database, chat_id: int, *keys: str) -> list[bool]:
    async with db.transaction() as tx:
        return [await messages.post(tx, chat_id=chat_id, kind=MessageKind("note"), facts={"key": key}, key=key, now=NOW) for key in keys]


async def test_the_same_message_is_never_written_twice(db: Database) -> None:
    assert await _post(db, 7, "a", "a", "b") == [True, False, True]
    async with db.read() as tx:
        assert await messages.waiting(tx) == 2


async def test_a_message_is_read_back_as_posted(db: Database) -> None:
    async with db.transaction() as tx:
        await messages.post(
            tx, chat_id=-7, kind=MessageKind.DRIFT, facts={"a": [1, None, "ж"]}, key="k", urgency=Urgency.ALWAYS, silent=True, now=NOW
        )
        (read,) = await messages.due(tx, NOW)
    assert (read.chat_id, read.kind, read.facts, read.key) == (-7, "drift_alert", {"a": [1, None, "ж"]}, "k")
    assert (read.urgency, read.silent, read.attempts, read.plain) == (Urgency.ALWAYS, True, 0, False)


async def test_due_gives_the_first_message_of_each_chat_and_a_pausing_first_holds_the_rest(db: Database) -> None:
    await _post(db, 1, "a1", "a2")
    await _post(db, 2, "b1", "b2")
    async with db.transaction() as tx:
        first = await messages.due(tx, NOW)
        assert [each.key for each in first] == ["a1", "b1"]
        assert [each.key for each in await messages.due(tx, NOW, busy=(2,))] == ["a1"]
        assert [each.key for each in await messages.due(tx, NOW, limit=1)] == ["a1"]
        await messages.mark(tx, first[0].id, Delivery(verdict=Verdict.RETRY), NOW, again_at=LATER)
        await messages.mark(tx, first[1].id, Delivery(verdict=Verdict.SENT, message_id=11), NOW)
        assert [each.key for each in await messages.due(tx, NOW)] == ["b2"]
        late = await messages.due(tx, LATER)
    assert [(each.key, each.attempts) for each in late] == [("a1", 1), ("b2", 0)]


async def test_a_chat_in_which_something_must_ring_comes_before_those_with_routine_and_each_keeps_its_order(db: Database) -> None:
    await _post(db, 1, "routine1")
    await _post(db, 2, "routine2")
    async with db.transaction() as tx:
        await messages.ring(tx, 2, MessageKind.PLAN_RESULT, {}, key="result2", now=NOW)
        await messages.ring(tx, 3, MessageKind.MARGIN, {}, key="margin3", now=NOW)
        await messages.ring(tx, 4, MessageKind.ACCESS_REQUEST, {}, key="asks4", now=NOW)
        assert [each.key for each in await messages.due(tx, NOW)] == ["margin3", "routine2", "routine1", "asks4"]
        assert [one and one.key for one in [await messages.first(tx, chat, NOW) for chat in (2, 3, 9)]] == ["routine2", "margin3", None]


async def test_routine_alerts_that_wait_long_become_one_message_unless_anything_else_waits_in_their_chat(db: Database) -> None:
    async with db.transaction() as tx:
        for chat, kinds in {1: ("drift_alert", "trigger_alert"), 2: ("drift_alert", "plan_card"), 3: ("drift_alert",)}.items():
            for kind in kinds:
                facts = {"portfolio_id": chat}
                await messages.post(tx, chat_id=chat, kind=MessageKind(kind), facts=facts, key=f"{kind}{chat}", now=NOW)
        joined = {"kinds": TELLS_ONLY, "since": NOW}
        assert await messages.join_waiting(tx, LATER, kinds=TELLS_ONLY, since=NOW - timedelta(seconds=1)) == 0, "they have not waited long"
        assert await messages.join_waiting(tx, LATER, **joined, busy=(1,)) == 0
        assert await messages.join_waiting(tx, LATER, **joined) == 1
        found = {each.chat_id: each for each in await messages.due(tx, LATER)}
        assert await messages.waiting(tx) == 4
    assert found[1].kind is MessageKind.DIGEST
    assert [item["kind"] for item in found[1].facts["items"]] == ["drift_alert", "trigger_alert"]
    assert (found[2].kind, found[3].kind) == (MessageKind.DRIFT, MessageKind.DRIFT)


async def test_what_ended_is_kept_and_not_due(db: Database) -> None:
    await _post(db, 1, "refused", "dropped")
    async with db.transaction() as tx:
        (first,) = await messages.due(tx, NOW)
        await messages.mark(tx, first.id, Delivery(verdict=Verdict.REFUSED, detail="chat not found"), NOW)
        assert await messages.drop_chat(tx, 1, NOW) == 1
        assert await messages.due(tx, LATER) == ()
        assert [(each.key, why) for each, why in await messages.refused(tx)] == [("refused", "chat not found")]
        assert [await messages.count_refused(tx, newest=count) for count in (2, 1)] == [1, 0]


async def test_nothing_waits_for_a_person_who_is_gone_until_they_write_again(db: Database) -> None:
    async with db.transaction() as tx:
        person = await a_person(tx, 7)
        await accounts.mark_unreachable(tx, 7)
    assert await _post(db, 7, "lost") == [True]
    async with db.transaction() as tx:
        assert await messages.due(tx, NOW) == ()
        await accounts.change_person(tx, person.id, unreachable=False)
    assert await _post(db, 7, "lost", "heard") == [False, True]
    async with db.read() as tx:
        assert [each.key for each in await messages.due(tx, NOW)] == ["heard"]


# --- forgetting ---


async def test_a_sweep_forgets_what_ended_long_ago_and_nothing_else(db: Database) -> None:
    running = await _confirmed(db, (await a_portfolio(db, 1)).id)
    ended = await _confirmed(db, (await a_portfolio(db, 2)).id)
    await _post(db, 1, "sent", "waits")
    await _post(db, 2, "refused")
    async with db.transaction() as tx:
        await plans.set_state(tx, ended, PlanState.DONE, NOW)
        for plan_id in (running, ended):
            await events.add_event(tx, plan_id, None, "old", {}, NOW)
            await events.add_event(tx, plan_id, None, "new", {}, LATER)
        for update_id in (1, 2):
            await events.record_update(tx, update_id, "{}", NOW)
        await events.finish_update(tx, 1)
        sent, refused = await messages.due(tx, NOW)
        await messages.mark(tx, sent.id, Delivery(verdict=Verdict.SENT), NOW)
        await messages.mark(tx, refused.id, Delivery(verdict=Verdict.REFUSED), NOW)
        assert await privacy.sweep(tx, NOW) == 0
        assert await privacy.sweep(tx, LATER) == 3, "one event, one update, one message"
        assert [event.name for event in await events.events(tx, running)] == ["old", "new"]
        assert [event.name for event in await events.events(tx, ended)] == ["new"]
        assert await _unfinished(tx) == [(2, "{}")]
        assert [message.key for message in await messages.due(tx, LATER)] == ["waits"]
        assert len(await messages.refused(tx)) == 1


async def test_a_sweep_of_very_many_goes_a_slice_at_a_time(db: Database) -> None:
    async with db.transaction() as tx:
        for update_id in range(5):
            await events.record_update(tx, update_id, "{}", NOW)
            await events.finish_update(tx, update_id)
        assert [await privacy.sweep(tx, LATER, most=2) for _ in range(4)] == [2, 2, 1, 0]


async def _everything_about(db: Database, person_id: int) -> None:
    """Leave a row of this person in every table that can have one."""
    stored = await a_portfolio(db, person_id)
    plan_id = await _confirmed(db, stored.id)
    await _post(db, person_id, f"hello-{person_id}")
    async with db.transaction() as tx:
        await orders.add_order(tx, _attempt(plan_id))
        await events.add_event(tx, plan_id, 0, "sent", {}, NOW)
        await plans.set_state(tx, plan_id, PlanState.DONE, NOW, FIGURES)
        await events.add_alert(tx, stored.id, "drift", "CORE", {}, NOW)
        await portfolios.save_account(tx, stored.id, {"cash": "1"})
        await portfolios.save_states(tx, {(stored.id, "CORE"): {}})
        await portfolios.save_checks(tx, {stored.id: Check(at=NOW, figures=FIGURES)})
        await flows.record_values(tx, [(stored.id, flows.Opening(day=NOW.date(), at=NOW, value=Decimal("1.50")))])
        await flows.add(tx, Flow(portfolio_id=stored.id, at=NOW, kind=FlowKind.DEPOSIT, value=None, amount=Decimal(1)))
        await accounts.set_dialog(tx, person_id, "start", {})
        assert await tried.note(tx, person_id, {"one", "two"}) == 2
        await messages.note_lowest(tx, person_id, 7, NOW)
        await keys.add(tx, person_id, "binance", "abcd", KeyReport(at=NOW), lambda number: f"sealed for {number}")


async def test_a_person_can_have_everything_handed_out_and_then_deleted(db: Database) -> None:
    for person_id in (1, 2):
        await _everything_about(db, person_id)
    about_nobody = {"pf_meta", "pf_updates", "pf_history"}
    async with db.transaction() as tx:
        exported = await privacy.export_person(tx, 1)
        other = await privacy.export_person(tx, 2)
        assert {f"pf_{name}" for name in exported} == tables.metadata.tables.keys() - about_nobody, "a new table has to be thought of here"
        assert json.loads(json.dumps(exported)) == exported
        assert exported["values"] == [{"portfolio_id": 1, "day": "2026-03-01", "value": "1.50", "at": NOW.isoformat(), "mark": None}]
        assert exported["plans"][0]["after"]["value"] == "98412.070"
        assert "sealed" not in exported["keys"][0], "not even sealed is a key handed out"
        assert await privacy.delete_person(tx, 1) == sum(len(rows) for rows in exported.values())
        assert await privacy.export_person(tx, 1) == {}
        assert await privacy.export_person(tx, 2) == other


async def test_a_fault_of_a_message_that_was_deleted_meanwhile_is_no_error(db: Database) -> None:
    await _post(db, 1, "a")
    async with db.transaction() as tx:
        (message,) = await messages.due(tx, NOW)
        assert [await messages.count_fault(tx, message.id) for _ in range(2)] == [1, 2]
        assert await messages.count_fault(tx, message.id + 1) == 0


# --- many at once ---


async def test_many_are_read_as_each_alone_and_strangers_are_left_out(db: Database) -> None:
    """What a check reads in bulk is what it would have read one by one."""
    first, second = await a_portfolio(db, 7), await a_portfolio(db, 8)
    open_one = await a_plan(db, second.id)
    async with db.read() as tx:
        assert await portfolios.many(tx, [second.id, first.id, 999]) == {first.id: first, second.id: await portfolios.get(tx, second.id)}
        assert await accounts.people_of(tx, [7, 8, 9]) == {one: await accounts.person(tx, one) for one in (7, 8)}
        assert await plans.open_plans(tx, [first.id, second.id]) == {second.id: await plans.plan(tx, open_one.id)}


async def test_what_is_written_in_bulk_replaces_states_and_checks_and_keeps_the_first_value_of_a_day(db: Database) -> None:
    first, second = await a_portfolio(db, 7), await a_portfolio(db, 8)
    async with db.transaction() as tx:
        await portfolios.save_states(tx, {})
        await portfolios.save_states(tx, {(first.id, "BTC"): {"fired": False}})
        await portfolios.save_states(tx, {(first.id, "BTC"): {"fired": True}, (second.id, "SOL"): {"streak": 1}})
        assert await portfolios.states_of(tx, [first.id, second.id]) == {
            first.id: {"BTC": {"fired": True}},
            second.id: {"SOL": {"streak": 1}},
        }
        seen = {one: Check(at=NOW, figures=FIGURES, held_back=HeldBack.INSIDE) for one in (first.id, second.id)}
        await portfolios.save_checks(tx, {first.id: Check(at=LATER)})
        await portfolios.save_checks(tx, seen)
        assert await portfolios.checks_of(tx, [first.id, second.id]) == seen
        day = NOW.date()
        await flows.record_values(tx, [(first.id, flows.Opening(day=day, at=NOW, value=Decimal("1.50")))])
        await flows.record_values(
            tx,
            [(first.id, flows.Opening(day=day, at=NOW, value=Decimal(2))), (second.id, flows.Opening(day=day, at=NOW, value=Decimal(3)))],
        )
        assert [(await flows.openings(tx, one.id, (day,)))[0].value for one in (first, second)] == [Decimal("1.50"), Decimal(3)]


async def test_windows_are_opened_in_bulk_and_nothing_else_of_a_portfolio_changes(db: Database) -> None:
    first, second = await a_portfolio(db, 7), await a_portfolio(db, 8)
    async with db.transaction() as tx:
        await portfolios.save_windows(tx, {second.id: NOW})
        assert await portfolios.many(tx, [first.id, second.id]) == {
            first.id: first,
            second.id: replace(second, window_opened_at=NOW),
        }
