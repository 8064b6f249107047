"""The stop for everybody as every database keeps it: on a SQLite file and on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chatbot.model import Mode, PlanState
from chatbot.store import accounts, events, halt, plans
from tests.store.samples import NOW, a_plan, a_portfolio

if TYPE_CHECKING:
    from chatbot.model import Plan
    from chatbot.store.database import Database

LATER = NOW + timedelta(hours=2)


async def _confirmed(db: Database) -> Plan:
    portfolio = await a_portfolio(db)
    made = await a_plan(db, portfolio.id)
    async with db.transaction() as tx:
        assert await plans.decide(tx, made.id, PlanState.CONFIRMED, NOW)
    return made


async def test_a_halt_is_kept_until_it_is_ended_and_begun_once(db: Database) -> None:
    async with db.transaction() as tx:
        assert await halt.since(tx) is None
        assert await halt.end(tx) is None
        assert await halt.begin(tx, NOW) is None
    async with db.transaction() as tx:
        assert await halt.begin(tx, LATER) == NOW
    async with db.read() as tx:
        assert await halt.since(tx) == NOW
    async with db.transaction() as tx:
        assert await halt.end(tx) == NOW
        assert await halt.since(tx) is None
        assert await halt.begin(tx, LATER) is None
        assert await halt.since_for_sure(tx) == LATER


async def test_a_plan_that_was_under_way_stays_stopped_after_the_halt_until_it_is_let_go(db: Database) -> None:
    """Also where nobody looked at it meanwhile; a plan confirmed after the halt is free."""
    old = await _confirmed(db)
    async with db.transaction() as tx:
        await halt.begin(tx, NOW)
        await halt.end(tx)
    new = await _confirmed(db)
    async with db.transaction() as tx:
        assert (await halt.stop_word(tx, old.id), await halt.stop_word(tx, new.id)) == (halt.HALTED, "")
        assert await halt.stopped(tx) == ()
        assert await plans.set_state(tx, old.id, PlanState.PARKED, NOW)
        assert await halt.stopped(tx) == (old.id,)
        await events.add_event(tx, old.id, None, halt.LET_GO, {}, LATER)
        assert await halt.stop_word(tx, old.id) == ""
        assert await halt.stopped(tx) == ()
        first = (await events.events(tx, old.id))[0]
        assert (first.name, first.detail, first.at) == (halt.STOPPED, {}, NOW)
    async with db.transaction() as tx:
        await halt.begin(tx, LATER)
        await halt.none_begins(tx)
        assert (await halt.stop_word(tx, old.id), await halt.stop_word(tx, new.id)) == (halt.HALTED, halt.HALTED)


async def test_the_first_end_of_the_plans_own_is_named_before_the_halt(db: Database) -> None:
    """What a person has stopped is not parked and asked about, whatever else stops it."""
    one = await _confirmed(db)
    async with db.transaction() as tx:
        await halt.begin(tx, NOW)
        assert await halt.stop_word(tx, one.id, ("closing", "stopping")) == halt.HALTED
        await events.add_event(tx, one.id, None, "stopping", {}, NOW)
        await events.add_event(tx, one.id, None, "closing", {}, NOW)
        assert await halt.stop_word(tx, one.id, ("closing", "stopping")) == "stopping"
        assert await halt.stop_word(tx, one.id, ("closing",)) == "closing"
        await halt.end(tx)
        assert await halt.stop_word(tx, one.id, ("closing", "stopping")) == "stopping"


async def test_what_is_traded_by_hand_is_not_stopped(db: Database) -> None:
    """To note what a person has done sends nothing, so a halt has nothing to keep from it."""
    portfolio = await a_portfolio(db, mode=Mode.MANUAL)
    by_hand = await a_plan(db, portfolio.id, mode=Mode.MANUAL)
    async with db.transaction() as tx:
        assert await plans.decide(tx, by_hand.id, PlanState.CONFIRMED, NOW)
        await halt.begin(tx, NOW)
        assert await halt.stop_word(tx, by_hand.id) == ""
        assert await halt.reach(tx) == (0, 0)


async def test_what_cannot_be_read_stops_everything(db: Database) -> None:
    """Whoever writes nonsense into the row does not set trading free."""
    async with db.transaction() as tx:
        await accounts.set_meta(tx, "halted_since", "yesterday")
        assert await halt.since(tx) == datetime(1970, 1, 1, tzinfo=UTC)
        assert await halt.end(tx) is not None
        assert await halt.since(tx) is None


async def test_a_halt_waits_for_who_relies_on_there_being_none(db: Database) -> None:
    """So that no intention is written down after a halt was."""
    order: list[str] = []
    relied = asyncio.Event()

    async def intend() -> None:
        async with db.transaction() as tx:
            await accounts.set_meta(tx, "intention", "0")  # SQLite takes its one lock with the first statement
            assert await halt.since_for_sure(tx) is None
            relied.set()
            await asyncio.sleep(0.1)
            await accounts.set_meta(tx, "intention", "1")
            order.append("intention")

    async def stop() -> None:
        await relied.wait()
        async with db.transaction() as tx:
            await halt.begin(tx, NOW)
            assert await accounts.meta(tx, "intention") == "1"
            order.append("halt")

    await asyncio.gather(intend(), stop())
    assert order == ["intention", "halt"]


async def test_a_halt_begins_while_somebody_looks_at_a_plan_and_is_seen_before_anything_is_sent(db: Database) -> None:
    """Whoever holds a plan and whoever halts never wait for each other: on a server each would end the other's transaction."""
    if db.is_sqlite:
        return  # one writer at a time
    made = await _confirmed(db)
    async with asyncio.timeout(20), db.transaction() as holds:
        await plans.lock(holds, made.id)
        async with db.transaction() as halts:
            await halt.begin(halts, NOW)
        await halt.none_begins(holds)
        assert await halt.stop_word(holds, made.id) == halt.HALTED
