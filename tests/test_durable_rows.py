"""Rows of the durable engine that were written by somebody else: they run nothing, stop nothing, and are not believed for ever."""

from __future__ import annotations

import ast
import base64
import importlib
import json
import os
import pickle
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from chatbot import durable
from chatbot.durable import Durable, Standing
from chatbot.store.database import Database
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: rows are damaged in the file
pytestmark = pytest.mark.sqlite


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'work.db'}")
    await database.migrate()
    yield database
    await database.close()


class Bomb:
    """An object whose reading creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def pickled(path: Path) -> str:
    """Return a row's text that would create a folder when it is read."""
    return base64.b64encode(pickle.dumps(Bomb(path))).decode()


class Shop:
    """Workflows that wait for a word, hear events, and take one step."""

    def __init__(self, tmp_path: Path, **more: Any) -> None:
        self.work = Durable(f"sqlite+aiosqlite:///{tmp_path / 'work.db'}", poll_s=0.05, **more)
        self.ran: list[int] = []
        self.sell = self.work.step("sell")(self._sell)
        self.work.workflow("order")(self.order)
        self.work.workflow("listen")(self.listen)
        self.work.workflow("look")(self.look)

    async def order(self, plan_id: int) -> int:
        """Do one thing."""
        return await self.sell(plan_id)

    async def listen(self, plan_id: int) -> Any:
        """Wait for a word."""
        return await importlib.import_module("dbos").DBOS.recv_async("word", timeout_seconds=2)

    async def look(self, plan_id: int) -> Any:
        """Look at an event of other work."""
        return await importlib.import_module("dbos").DBOS.get_event_async("victim", "event", timeout_seconds=2)

    async def _sell(self, plan_id: int) -> int:
        self.ran.append(plan_id)
        return plan_id

    async def put(self, db: Database, plan_id: int, workflow: str = "order") -> None:
        """Enqueue in a transaction that commits."""
        async with db.transaction() as tx:
            await self.work.enqueue(tx, workflow, f"plan-{plan_id}", {"plan_id": plan_id}, partition=str(plan_id))


async def prepared(db: Database, tmp_path: Path, *workflows: str) -> None:
    """Store work, one for each name from plan 1 on, and end before it is begun."""
    shop = Shop(tmp_path)
    shop.work._client = shop.work._prepare(durable.open_engine())
    for number, workflow in enumerate(workflows, 1):
        await shop.put(db, number, workflow)
    shop.work._client.destroy()


def written(tmp_path: Path, *statements: tuple[str, tuple[Any, ...]]) -> None:
    """Write into the engine's tables, as whoever holds the file can."""
    with closing(sqlite3.connect(tmp_path / "work.db")) as file, file:
        for statement, values in statements:
            assert file.execute(statement, values).rowcount, statement


STEP = "INSERT INTO operation_outputs (workflow_uuid, function_id, function_name, {}, serialization) VALUES (?, 1, 'sell', ?, 'py_pickle')"
STEP_OUTPUT, STEP_ERROR = STEP.format("output"), STEP.format("error")
NOTIFICATION = """INSERT INTO notifications (destination_uuid, topic, message, serialization, message_uuid, created_at_epoch_ms)
    VALUES ('plan-3', 'word', ?, 'py_pickle', 'm', ?)"""
VICTIM = """INSERT INTO workflow_status (workflow_uuid, status, name, created_at, updated_at, priority)
    SELECT 'victim', 'SUCCESS', name, created_at, updated_at, priority FROM workflow_status WHERE workflow_uuid = 'plan-6'"""
VICTIM_PICKLED = """UPDATE workflow_status SET inputs = ?, output = ?, error = ?, serialization = 'py_pickle'
    WHERE workflow_uuid = 'victim'"""
EVENT = "INSERT INTO workflow_events (workflow_uuid, key, value, serialization) VALUES ('victim', 'event', ?, 'py_pickle')"
STREAM = """INSERT INTO streams (workflow_uuid, key, value, "offset", function_id, serialization)
    VALUES ('victim', 's', ?, 0, 1, 'py_pickle')"""
SCHEDULE = """INSERT INTO workflow_schedules (schedule_id, schedule_name, workflow_name, schedule, context)
    VALUES ('s', 's', 'order', '* * * * * *', ?)"""


async def test_a_pickled_row_of_any_kind_runs_no_program_and_stops_nothing(db: Database, tmp_path: Path) -> None:
    """Inputs, outputs, errors, step outputs, notifications, events, streams and schedules: each says of itself that it is pickled."""
    trap = tmp_path / "ran"
    evil, now = pickled(trap), int(time.time() * 1000)
    await prepared(db, tmp_path, "order", "order", "listen", "look", "order", "order")
    written(
        tmp_path,
        ("UPDATE workflow_status SET inputs = ?, serialization = 'py_pickle' WHERE workflow_uuid = 'plan-1'", (evil,)),
        ("UPDATE workflow_input SET inputs = ? WHERE workflow_uuid = 'plan-1'", (evil,)),
        (STEP_OUTPUT, ("plan-2", evil)),
        (STEP_ERROR, ("plan-5", evil)),
        (NOTIFICATION, (evil, now)),
        (VICTIM, ()),
        (VICTIM_PICKLED, (evil, evil, evil)),
        (EVENT, (evil,)),
        (STREAM, (evil,)),
        (SCHEDULE, (evil,)),
    )
    shop = Shop(tmp_path)
    with capture_logs() as told:
        await shop.work.start()
        try:
            for number in (1, 2, 3, 4, 5):
                await until(lambda number=number: _has_ended(shop.work, f"plan-{number}", Standing.FAILED))
            await until(lambda: _has_ended(shop.work, "plan-6", Standing.ENDED))
            dbos = importlib.import_module("dbos").DBOS
            assert (await dbos.list_workflows_async(workflow_ids=["victim"]))[0].output == evil, "given as text, unread"
            with pytest.raises(Exception, match="pickled"):
                await (await dbos.retrieve_workflow_async("victim")).get_result()
            with pytest.raises(Exception, match="pickled"):
                await dbos.get_all_events_async("victim")
        finally:
            await shop.work.stop()
    assert not trap.exists()
    assert shop.ran == [6]
    assert {line["event"] for line in told if line["log_level"] == "error"} == {
        "pickled data refused",
        "schedule of the durable engine removed",
    }


async def _has_ended(work: Durable, key: str, how: Standing) -> bool:
    return await work.standing(key) == how


async def test_recovery_of_pickled_work_runs_no_program(db: Database, tmp_path: Path) -> None:
    """Work that a crash left half done is taken up again at the start: its row is read then."""
    trap = tmp_path / "ran"
    await prepared(db, tmp_path, "order", "order")
    change = "UPDATE workflow_status SET status = 'PENDING', executor_id = 'local', recovery_attempts = 1 WHERE workflow_uuid = ?"
    pickle_it = "UPDATE workflow_status SET serialization = 'py_pickle' WHERE workflow_uuid = 'plan-1'"
    put_it = "UPDATE workflow_input SET inputs = ? WHERE workflow_uuid = 'plan-1'"
    written(tmp_path, (change, ("plan-1",)), (change, ("plan-2",)), (pickle_it, ()), (put_it, (pickled(trap),)))
    shop = Shop(tmp_path)
    await shop.work.start()
    try:
        await until(lambda: _has_ended(shop.work, "plan-1", Standing.FAILED))
        await until(lambda: _has_ended(shop.work, "plan-2", Standing.ENDED))
    finally:
        await shop.work.stop()
    assert not trap.exists()
    assert shop.ran == [2]


@pytest.mark.long
def test_every_reader_of_pickles_in_the_engine_is_the_one_that_is_closed() -> None:
    """A newer engine with a second reader must be noticed here."""
    folder = Path(durable.open_engine().__file__).parent
    readers = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"}
    using = {
        path.name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and readers & {alias.name for alias in node.names})
        or (isinstance(node, ast.ImportFrom) and node.module in readers)
    }
    assert using == {"_serialization.py"}
    assert importlib.import_module("dbos._serialization").pickle is None


STUCK = {
    "lost inputs": "UPDATE workflow_status SET inputs = NULL; DELETE FROM workflow_input",
    "another version": "UPDATE workflow_status SET application_version = 'of tomorrow'",
    "another version, begun": "UPDATE workflow_status SET application_version = 'of tomorrow', status = 'PENDING', executor_id = 'local'",
    "another executor": "UPDATE workflow_status SET status = 'PENDING', executor_id = 'somewhere'",
    "another queue": "UPDATE workflow_status SET queue_name = 'nowhere'",
    "another name": "UPDATE workflow_status SET name = 'gone'",
    "delayed": "UPDATE workflow_status SET status = 'DELAYED', delay_until_epoch_ms = 99999999999999",
    "no roles": "UPDATE workflow_status SET authenticated_roles = '{'",
}


@pytest.mark.parametrize("how", STUCK)
async def test_work_that_nobody_can_begin_is_called_stuck_and_lets_its_successor_pass(
    db: Database, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "WAIT_S", 0.3)
    await prepared(db, tmp_path, "order")
    written(tmp_path, *[(statement, ()) for statement in STUCK[how].split("; ")])
    shop = Shop(tmp_path)
    await shop.work.start()
    try:
        await until(lambda: _has_ended(shop.work, "plan-1", Standing.STUCK))
        await shop.work.release("plan-1")
        async with db.transaction() as tx:
            await shop.work.enqueue(tx, "order", "plan-1-1", {"plan_id": 1}, partition="1")
        await until(lambda: _has_ended(shop.work, "plan-1-1", Standing.ENDED))
    finally:
        await shop.work.stop()
    assert shop.ran == [1]


def test_what_is_stored_says_its_own_name() -> None:
    """So that a row of ours is never taken for another kind."""
    assert json.loads(durable.JsonSerializer().serialize(1)) == {"value": 1}
    assert durable.JsonSerializer().name() not in ("py_pickle", "portable_json")
