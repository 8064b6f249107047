"""Durable work: enqueued with our own transactions, carried on after a stop, and its twin in memory."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from chatbot.durable import Durable, JsonSerializer, Standing, sync_url
from chatbot.errors import InternalError
from chatbot.store.database import Database
from tests.inline import Inline
from tests.waiting import LIMIT_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

#: how long the engine waits for SQLite's lock, which it asks of each of its connections, seconds
_PATIENCE_S = 30


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'work.db'}")
    await database.migrate()
    yield database
    await database.close()


class Shop:
    """A workflow of three steps that remembers what really ran in this process."""

    def __init__(self, tmp_path: Path, *, app_version: str = "1") -> None:
        self.work = Durable(f"sqlite+aiosqlite:///{tmp_path / 'work.db'}", app_version=app_version, poll_s=0.05)
        self.ran: list[tuple[int, int]] = []
        self.hang_at: int | None = None
        self.broken = False
        self.hung = asyncio.Event()
        self.sell = self.work.step("sell")(self._sell)
        self.work.workflow("order")(self.order)

    async def order(self, plan_id: int, note: str = "") -> list[int]:
        """Do three things."""
        return [await self.sell(plan_id, number) for number in range(3)]

    async def _sell(self, plan_id: int, number: int) -> int:
        if self.broken:
            raise RuntimeError("out of stock")
        if number == self.hang_at:
            self.hung.set()
            await asyncio.Event().wait()
        self.ran.append((plan_id, number))
        return number

    async def put(self, db: Database, plan_id: int, *, partition: str = "7") -> None:
        """Enqueue in a transaction that commits."""
        async with db.transaction() as tx:
            await self.work.enqueue(tx, "order", f"plan-{plan_id}", {"plan_id": plan_id}, partition=partition)


async def changed_mind(db: Database, shop: Shop) -> None:
    """Enqueue in a transaction that is rolled back."""

    async def put() -> None:
        async with db.transaction() as tx:
            await shop.work.enqueue(tx, "order", "plan-1", {"plan_id": 1})
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await put()


async def stands(work: Durable, key: str, standing: Standing) -> bool:
    """Tell whether work stands so."""
    return await work.standing(key) == standing


async def test_work_runs_when_its_transaction_commits_and_only_then(db: Database, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.work.start()
    try:
        await changed_mind(db, shop)
        await shop.put(db, 2)
        await until(lambda: stands(shop.work, "plan-2", Standing.ENDED))
        assert shop.ran == [(2, 0), (2, 1), (2, 2)]
        assert await shop.work.standing("plan-1") == Standing.MISSING
    finally:
        await shop.work.stop()


async def test_a_key_is_worked_on_once_however_often_it_is_put(db: Database, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.work.start()
    try:
        await shop.put(db, 1)
        await shop.put(db, 1)
        await until(lambda: stands(shop.work, "plan-1", Standing.ENDED))
        await shop.put(db, 1)
        await asyncio.sleep(0.3)
        assert shop.ran == [(1, 0), (1, 1), (1, 2)]
    finally:
        await shop.work.stop()


async def test_a_writer_in_mid_transaction_does_not_freeze_the_start(db: Database, tmp_path: Path) -> None:
    """DBOS writes on the loop's own thread while it launches: it waits for its turn, and whoever writes meanwhile ends first."""
    work = Durable(f"sqlite+aiosqlite:///{tmp_path / 'work.db'}", alone=db.alone, poll_s=0.05)
    written = asyncio.Event()

    async def write() -> None:
        while not written.is_set():  # as taps do: one after another, each with pauses between its statements
            async with db.transaction() as tx:
                await tx.execute(text("UPDATE pf_meta SET value = value"))
                await asyncio.sleep(0.05)

    writer = asyncio.create_task(write())
    begun = time.monotonic()
    try:
        await work.start()
        assert time.monotonic() - begun < _PATIENCE_S, "somebody waited as long as SQLite's patience is"
    finally:
        written.set()
        await writer
        await work.stop()


async def test_a_stop_leaves_work_where_it_stands_and_the_next_start_goes_on(db: Database, tmp_path: Path) -> None:
    """Nothing is drained and nothing is marked as failed; a finished step is not run again."""
    first = Shop(tmp_path)
    first.hang_at = 1
    await first.work.start()
    await first.put(db, 1)
    await asyncio.wait_for(first.hung.wait(), LIMIT_S)
    await first.work.stop()
    assert first.ran == [(1, 0)]

    second = Shop(tmp_path)
    await second.work.start()
    try:
        await until(lambda: stands(second.work, "plan-1", Standing.ENDED))
        assert second.ran == [(1, 1), (1, 2)]
    finally:
        await second.work.stop()


async def test_one_account_is_worked_on_by_one_workflow_at_a_time(db: Database, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.hang_at = 0
    await shop.work.start()
    try:
        await shop.put(db, 1)
        await asyncio.wait_for(shop.hung.wait(), LIMIT_S)
        shop.hang_at = None
        await shop.put(db, 2)
        await shop.put(db, 3, partition="8")
        await until(lambda: stands(shop.work, "plan-3", Standing.ENDED))
        await asyncio.sleep(0.2)
        assert await shop.work.standing("plan-2") == Standing.ALIVE
        assert {plan for plan, _ in shop.ran} == {3}
    finally:
        await shop.work.stop()


async def test_work_that_raises_has_failed_and_says_so(db: Database, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.broken = True
    await shop.work.start()
    try:
        await shop.put(db, 1)
        await until(lambda: stands(shop.work, "plan-1", Standing.FAILED))
        assert shop.ran == []
        assert await shop.work.standing("plan-1") == Standing.FAILED
    finally:
        await shop.work.stop()


@pytest.mark.long
async def test_the_first_step_follows_its_commit_within_half_a_second(db: Database, tmp_path: Path) -> None:
    """Confirm to first order: with the default polling, once the process is warm.

    Counted in beats of a pulse that a busy machine delays as it delays the work.
    """
    shop = Shop(tmp_path)
    shop.work._poll_s = 0.2
    await shop.work.start()
    try:
        await shop.put(db, 1)
        await until(lambda: stands(shop.work, "plan-1", Standing.ENDED))
        waits = []
        for plan_id in (2, 3, 4):
            await shop.put(db, plan_id)
            beats = 0
            while (plan_id, 0) not in shop.ran:
                beats += 1
                assert beats < 1000, "it never came"
                await asyncio.sleep(0.01)
            waits.append(beats)
        assert sorted(waits)[1] <= 50
    finally:
        await shop.work.stop()


async def test_finished_work_is_forgotten_after_its_time(db: Database, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    await shop.work.start()
    try:
        await shop.put(db, 1)
        await until(lambda: stands(shop.work, "plan-1", Standing.ENDED))
        assert await shop.work.tidy(datetime.now(UTC) - timedelta(days=1)) == 0
        assert await shop.work.tidy(datetime.now(UTC) + timedelta(seconds=5)) == 1
        assert await shop.work.standing("plan-1") == Standing.MISSING
    finally:
        await shop.work.stop()


async def test_threads_of_the_loop_work_after_a_stop_and_the_log_stays_quiet(
    db: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    shop = Shop(tmp_path)
    with caplog.at_level(logging.DEBUG):
        await shop.work.start()
        await shop.put(db, 1)
        await until(lambda: stands(shop.work, "plan-1", Standing.ENDED))
        await shop.work.stop()
    assert await asyncio.to_thread(lambda: 42) == 42
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    assert [record for record in caplog.records if record.name == "dbos" and record.levelno < logging.WARNING] == []


async def test_work_can_not_be_used_before_its_start(db: Database, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with pytest.raises(InternalError, match="before its start"):
        await shop.put(db, 1)


def test_what_is_stored_is_plain_json_and_no_code() -> None:
    written = JsonSerializer().serialize({"args": ({"plan_id": 7},), "kwargs": {}})
    assert json.loads(written) == {"value": {"args": [{"plan_id": 7}], "kwargs": {}}}
    with pytest.raises(TypeError):
        JsonSerializer().serialize({"args": (object(),)})


def test_a_stored_failure_comes_back_as_an_error_of_ours() -> None:
    serializer = JsonSerializer()
    restored = serializer.deserialize(serializer.serialize(ValueError("no stock")))
    assert isinstance(restored, InternalError)
    assert str(restored) == "ValueError: no stock"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("sqlite+aiosqlite:////data/ballast.db", "sqlite:////data/ballast.db"),
        ("postgresql+asyncpg://u:p@h/db", "postgresql://u:p@h/db"),
        ("sqlite:///x.db", "sqlite:///x.db"),
    ],
)
def test_both_sides_open_the_same_database(ours: str, theirs: str) -> None:
    assert sync_url(ours) == theirs


def test_importing_the_door_does_not_import_the_engine_behind_it() -> None:
    """It costs 0.2 s, and who only plans or backtests needs none of it."""
    code = "import sys, chatbot.durable; print('dbos' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": "."})
    assert done.stdout.strip() == "False"


async def test_the_twin_runs_in_order_what_was_put_once(db: Database) -> None:
    work, ran = Inline(), []

    async def order(plan_id: int) -> None:
        ran.append(plan_id)

    work.workflow("order")(order)
    async with db.transaction() as tx:
        for plan_id in (1, 2, 1):
            await work.enqueue(tx, "order", f"plan-{plan_id}", {"plan_id": plan_id})
    assert ran == []
    assert await work.standing("plan-1") == Standing.ALIVE
    assert await work.run_pending() == 2
    assert ran == [1, 2]
    assert await work.standing("plan-1") == Standing.ENDED
    assert await work.standing("plan-9") == Standing.MISSING


async def test_the_twin_refuses_what_could_not_be_stored(db: Database) -> None:
    async with db.transaction() as tx:
        with pytest.raises(TypeError):
            await Inline().enqueue(tx, "order", "plan-1", {"plan": object()})


async def test_the_twin_shows_an_error_and_remembers_the_failure(db: Database) -> None:
    work = Inline()

    async def order() -> None:
        raise RuntimeError("out of stock")

    work.workflow("order")(order)
    async with db.transaction() as tx:
        await work.enqueue(tx, "order", "plan-1", {})
    with pytest.raises(RuntimeError, match="out of stock"):
        await work.run_pending()
    assert await work.standing("plan-1") == Standing.FAILED
