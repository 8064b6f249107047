"""What a calm check writes, which is nothing, and how a later process knows all the same which checks were missed."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from sqlalchemy import event

from chatbot.clock import ManualClock
from chatbot.model import MessageKind, PlanState, Urgency
from chatbot.monitor.last_check import NOTED, LastCheck
from chatbot.store import accounts, messages, plans, sqlite
from chatbot.store.database import Database
from tests.portfolio.still_market import START, bench

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.portfolio.still_market import Bench


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """Give a list that fills with what the database is told, ``BEGIN`` and ``BEGIN IMMEDIATE`` among it."""
    seen: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        seen.append(statement)

    run, locked_at_once = sqlite._run, sqlite._locked_at_once

    def heard(connection: sqlite3.Connection, begin: str | None, statement: Any) -> Any:
        if begin is not None:
            seen.append(begin)
        return run(connection, begin, statement)

    def locked(connection: sqlite3.Connection) -> bool:
        done = locked_at_once(connection)
        if done:
            seen.append(sqlite.WRITING)
        return done

    event.listen(db._engine.sync_engine, "before_cursor_execute", hear)
    try:
        with mock.patch.object(sqlite, "_run", heard), mock.patch.object(sqlite, "_locked_at_once", locked):
            yield seen
    finally:
        event.remove(db._engine.sync_engine, "before_cursor_execute", hear)


async def noted(on: Bench) -> str | None:
    """Return the time of a check that the database knows."""
    async with on.program.db.read() as tx:
        return await accounts.meta(tx, "last_check")


async def missed(on: Bench) -> list[dict[str, Any]]:
    """Return what the messages about missed checks say."""
    return [message.facts for message in await on.mail() if message.kind == "missed_checks"]


async def run_until(on: Bench, moment: datetime) -> datetime:
    """Let the monitor check in its own time until then and stop it in order; return when its last check was."""
    running = asyncio.create_task(on.program.monitor.run())
    while on.program.monitor.last is None or on.program.monitor.last.at < moment:  # noqa: ASYNC110 - the clock jumps
        await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    last = on.program.monitor._last_check._at
    assert last is not None
    return last


@pytest.mark.sqlite
async def test_a_calm_check_opens_no_transaction_that_writes(tmp_path: Path) -> None:
    """The first check writes who it found calm; from then on there are only questions, until the ten minutes are over."""
    async with bench(tmp_path) as on:
        await on.balanced()
        await on.tick()
        with statements(on.program.db) as seen:
            for _ in range(9):
                await on.tick()
        assert {statement.split()[0] for statement in seen} == {"BEGIN", "SELECT"}
        assert "BEGIN IMMEDIATE" not in seen


@pytest.mark.sqlite
async def test_an_exact_look_that_finds_nothing_new_writes_nothing(tmp_path: Path) -> None:
    """The account is read again every ten minutes; the value of the day, the states and the check stand there already."""
    async with bench(tmp_path) as on:
        await on.balanced()
        await on.tick()
        await on.tick(601)
        before = (tmp_path / "ballast.sqlite-wal").stat()
        await on.tick(1)  # the time of the check has been written just now
        on.program.roster._restless |= set(on.program.roster._watched)
        await on.tick(1)
        assert on.program.monitor.last is not None
        assert on.program.monitor.last.examined == 1
        after = (tmp_path / "ballast.sqlite-wal").stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@pytest.mark.sqlite
async def test_the_time_of_a_check_is_written_once_in_ten_minutes(tmp_path: Path) -> None:
    """One row, in a transaction that deletes and changes nothing else."""
    async with bench(tmp_path) as on:
        await on.tick()
        assert await noted(on) == on.clock.now().isoformat()
        with statements(on.program.db) as seen:
            for _ in range(60):
                await on.tick()
        assert seen.count("BEGIN IMMEDIATE") == 6
        assert sum(statement.startswith("INSERT INTO pf_meta") for statement in seen) == 6
        assert await noted(on) == on.clock.now().isoformat()


@pytest.mark.sqlite
async def test_what_an_hour_without_news_writes_is_written_at_once(tmp_path: Path) -> None:
    """The time of the check and the prices share a transaction; what is due was asked for in another, and nothing else is written."""
    async with bench(tmp_path) as on:
        await on.balanced()
        await on.tick()
        await on.tick(3600)
        with statements(on.program.db) as seen:
            await on.tick(3600)
        assert on.program.monitor.last is not None
        assert on.program.monitor.last.examined == 0
        assert seen.count("BEGIN IMMEDIATE") == 1
        assert [one.split()[2] for one in seen if one.startswith(("INSERT", "UPDATE", "DELETE"))] == ["pf_meta"]
        assert await noted(on) == on.clock.now().isoformat()


async def test_a_plan_still_expires_with_the_first_check_after_its_time(tmp_path: Path) -> None:
    """Its time is asked for in every check, so nothing waits for the ten minutes."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        on.market.move("BTC", "1.5")
        await on.tick()
        await on.tick()
        plan = await on.plan(portfolio)
        assert plan is not None
        for seconds, state in ((299, PlanState.PROPOSED), (1, PlanState.EXPIRED)):
            await on.tick(seconds)
            async with on.program.db.read() as tx:
                stands = await plans.plan(tx, plan.id)
            assert stands is not None
            assert stands.state is state


async def test_a_held_message_still_leaves_with_the_first_check_after_its_time(tmp_path: Path) -> None:
    """As with plans: the question is cheap, and asked every time."""
    async with bench(tmp_path) as on:
        await on.balanced()
        await on.tick()
        until = on.clock.now() + timedelta(seconds=90)
        async with on.program.db.transaction() as tx:
            await messages.post(
                tx, chat_id=7, kind=MessageKind.PROBLEM, facts={}, key="held", now=on.clock.now(), urgency=Urgency.ROUTINE, held_until=until
            )
        await on.tick(89)
        assert not await on.waiting()
        await on.tick(1)
        assert [message.key for message in await on.waiting()] == ["held"]


@pytest.mark.parametrize(("away_s", "told"), [(180, False), (599, False), (600, True), (900, True)])
async def test_after_an_orderly_stop_the_missed_checks_are_exact(tmp_path: Path, away_s: int, *, told: bool) -> None:
    """The last check's time is written with the stop, however long ago the ten minutes began."""
    async with bench(tmp_path) as on:
        await on.balanced()
        last = await run_until(on, START + timedelta(minutes=7))
    async with bench(tmp_path, clock=ManualClock(last + timedelta(seconds=away_s))) as on:
        now = on.clock.now()
        await on.tick(0)
        facts = {"since": last.isoformat(), "until": now.isoformat(), "count": away_s // 60, "exact": True}
        assert [{key: found[key] for key in facts} for found in await missed(on)] == ([facts] if told else [])
        await on.tick()
        assert not await missed(on)


@pytest.mark.parametrize("since_note_s", [0, 300, 599])
@pytest.mark.parametrize(("away_s", "told"), [(180, False), (900, True)])
async def test_a_killed_process_leaves_its_last_check_open_by_ten_minutes(
    tmp_path: Path, since_note_s: int, away_s: int, *, told: bool
) -> None:
    """Three minutes are never told, a quarter of an hour always; the times span what was missed, and the number is a limit."""
    async with bench(tmp_path) as on:
        await on.balanced()
        await on.tick()
        first = on.clock.now()
        await on.tick(since_note_s)
        killed = on.clock.now()
    async with bench(tmp_path, clock=ManualClock(killed + timedelta(seconds=away_s))) as on:
        now = on.clock.now()
        await on.tick(0)
        facts = {"since": first.isoformat(), "until": now.isoformat(), "count": (since_note_s + away_s) // 60, "exact": False}
        assert [{key: found[key] for key in facts} for found in await missed(on)] == ([facts] if told else [])


async def test_a_kill_after_an_orderly_stop_is_a_kill(tmp_path: Path) -> None:
    """What the stop of an earlier process has left says nothing about this one."""
    async with bench(tmp_path) as on:
        await on.balanced()
        last = await run_until(on, START)
    async with bench(tmp_path, clock=ManualClock(last + timedelta(minutes=1))) as on:
        await on.tick(0)
        killed = on.clock.now()
    async with bench(tmp_path, clock=ManualClock(killed + timedelta(hours=1))) as on:
        await on.tick(0)
        (facts,) = await missed(on)
        assert (facts["since"], facts["exact"]) == (killed.isoformat(), False)


async def test_rare_checks_are_all_written_down(tmp_path: Path) -> None:
    """With ten minutes or more between two checks, each is noted, so that a killed process leaves nothing to guess either."""
    async with bench(tmp_path) as on:
        for interval_s, exact in ((NOTED.total_seconds(), True), (60.0, False)):
            ours, theirs = LastCheck(interval_s), LastCheck(interval_s)
            async with on.program.db.transaction() as tx:
                await ours.note(tx, START)
                found = await theirs.note(tx, START + timedelta(hours=1))
            assert found is not None
            assert found.exact is exact


async def test_before_the_first_check_there_is_nothing_to_miss(tmp_path: Path) -> None:
    """A new database knows of no earlier check, and a program that never checked leaves no time behind when it stops."""
    async with bench(tmp_path) as on:
        await LastCheck(60.0).stop(on.program.db)
        assert await noted(on) is None
        await on.balanced()
        await on.tick()
        assert not await missed(on)


async def test_a_note_that_was_rolled_back_is_made_by_the_next_check(tmp_path: Path) -> None:
    """What was missed before is then told by that one."""
    async with bench(tmp_path) as on:
        await on.tick()
        now, last = on.clock.now() + timedelta(hours=1), LastCheck(60.0)
        assert last.is_due(now)
        with suppress(ZeroDivisionError):
            async with on.program.db.transaction() as tx:
                assert await last.note(tx, now) is not None
                raise ZeroDivisionError
        assert last.is_due(now)
        async with on.program.db.transaction() as tx:
            assert await last.note(tx, now) is not None


@pytest.mark.sqlite
async def test_a_database_that_is_gone_does_not_keep_the_program_from_stopping(tmp_path: Path) -> None:
    """The next start then takes the stop for a kill."""
    async with bench(tmp_path) as on:
        await on.tick()
        last = LastCheck(60.0)
        assert last.is_due(on.clock.now())
        (tmp_path / "elsewhere").write_text("no database")
        await last.stop(Database(f"sqlite+aiosqlite:///{tmp_path / 'elsewhere'}"))
