"""The one door to DBOS: named work that outlives the process, enqueued in our own transactions."""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import structlog

from chatbot.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from dbos import DBOSClient, DBOSConfig

    from chatbot.model import Plan

QUEUE = "trades"
#: the workflow that carries a plan out
EXECUTE = "execute_plan"
#: seconds between two looks into the queue: what a Confirm waits at most before its plan starts
POLL_S = 0.2
#: plans carried out at the same time by one process
PLANS_MAX = 20
THREADS_MAX = 16
#: the one process on a database; those that share the work are told apart by their names
ALONE = "local"
#: seconds between two looks whether the session still lives that shows this process alive, and those after which a silent one is given up
_LOOK_S, _SILENT_S = 1.0, 10.0
#: the server gives up a machine that is gone after five silent seconds
_KEEPALIVES = "-c tcp_keepalives_idle=2 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3"
#: seconds after which work that waits with free hands around it is looked at more closely
WAIT_S = 10.0
_LOCK = "ballast-executor:"
_NAME = "ballast"
_PICKLED_ZERO = "gARLAC4="
_LOG = logging.getLogger("dbos")

T = TypeVar("T")
Run = TypeVar("Run", bound="Callable[..., Coroutine[Any, Any, Any]]")


class Transaction(Protocol):
    """The part of a database transaction that enqueueing needs: SQLAlchemy's ``AsyncConnection`` has it."""

    def run_sync(self, fn: Callable[[Any], T], /) -> Awaitable[T]:
        """Call ``fn`` with the synchronous connection."""
        ...


class Standing(StrEnum):
    """What became of a piece of work."""

    #: never enqueued, or its transaction was rolled back
    MISSING = "missing"
    #: waits or runs; after a crash it runs again at the next start
    ALIVE = "alive"
    ENDED = "ended"
    #: raised, was cancelled, or was started too often
    FAILED = "failed"
    #: called alive by the engine, and nobody works on it or ever will
    STUCK = "stuck"
    #: the same for sure: the process that it belongs to is gone
    LEFT = "left"


class Work(Protocol):
    """What the rest of the program knows about durable work."""

    def workflow(self, name: str) -> Callable[[Run], Run]:
        """Register a workflow before the start; its arguments are JSON values given by name."""
        ...

    def step(self, name: str) -> Callable[[Run], Run]:
        """Wrap a function so that its JSON answer is kept: it runs at least once, its answer is used exactly once."""
        ...

    async def start(self) -> None:
        """Begin to work, on the running loop; unfinished work of an earlier process goes on. A second call waits for the first."""
        ...

    async def stop(self) -> None:
        """Let go of everything at once, as a crash would: unfinished work goes on at the next start."""
        ...

    async def enqueue(self, tx: Transaction, workflow: str, key: str, args: Mapping[str, Any], *, partition: str = "") -> None:
        """Enqueue a workflow, once per ``key``, when and only when ``tx`` commits; one at a time per ``partition``."""
        ...

    async def standing(self, key: str) -> Standing:
        """Tell what became of the work with this key."""
        ...

    async def release(self, key: str) -> None:
        """Take stuck work out of the engine, and what blocks its partition, so that other work can take its place."""
        ...

    async def tidy(self, before: datetime) -> int:
        """Delete finished work that was enqueued before this time; return how much."""
        ...


async def enqueue_plan(work: Work, tx: Transaction, plan: Plan, revivals: int = 0) -> None:
    """Enqueue what carries a plan out, when and only when ``tx`` commits; one at a time per portfolio."""
    await work.enqueue(tx, EXECUTE, plan_key(plan.id, revivals), {"plan_id": plan.id}, partition=str(plan.portfolio_id))


def plan_key(plan_id: int, revivals: int) -> str:
    """Return the key of a plan's workflow; a revived one needs a new key, because the old one has ended."""
    return f"plan-{plan_id}-{revivals}" if revivals else f"plan-{plan_id}"


class JsonSerializer:
    """Plain JSON instead of DBOS' pickle: whoever can write to the database cannot run code here."""

    def name(self) -> str:
        """Return the name that DBOS stores beside each value."""
        return "ballast_json"

    def serialize(self, data: Any) -> str:  # noqa: ANN401 - DBOS passes values of any kind
        """Return JSON; an exception keeps its name and text."""
        if isinstance(data, BaseException):
            data = {"error": f"{type(data).__name__}: {data}"}
            return json.dumps({"failed": data})
        return json.dumps({"value": data})

    def deserialize(self, serialized_data: str) -> Any:  # noqa: ANN401 - as above
        """Return what :meth:`serialize` was given; a stored exception comes back as ``InternalError``."""
        stored = json.loads(serialized_data)
        return InternalError(stored["failed"]["error"]) if "failed" in stored else stored["value"]


def open_engine() -> Any:  # noqa: ANN401 - the module, imported late
    """Import DBOS and close its pickle reader for good; raises :class:`InternalError` when that cannot be done.

    DBOS chooses the reader of a value by what the value's own row says of itself, whatever serializer it was given. A row that says
    ``py_pickle`` would therefore run a program of whoever wrote it. Here such a row is refused and logged, and work that needs it fails;
    the journal then decides how its plan goes on.
    """
    dbos = importlib.import_module("dbos")
    formats = importlib.import_module("dbos._serialization")
    plain = JsonSerializer()

    def refuse(_: object, serialized_data: object) -> Any:  # noqa: ANN401 - the reader's own shape
        if serialized_data != _PICKLED_ZERO:
            structlog.get_logger().error("pickled data refused", length=len(str(serialized_data)))
        raise InternalError("a row of the durable engine is pickled: it is not read")

    formats.DefaultSerializer.deserialize = refuse
    # Nothing is written as pickle either: the failure of such a row is noted as JSON that nobody reads back.
    formats.DefaultSerializer.serialize = lambda _, data: plain.serialize(data)
    vars(formats)["pickle"] = None  # whatever else might reach for it in there finds nothing
    try:
        formats.deserialize_value(_PICKLED_ZERO, formats.DBOSDefaultSerializer.name(), plain)
    except InternalError:
        return dbos
    raise InternalError("the durable engine still reads pickled data: this version of dbos does not fit, install the pinned one")


class Durable:
    """Work kept in the database by DBOS. One per process: DBOS is a singleton.

    ``alone`` keeps our own writers waiting while DBOS launches: :meth:`Database.alone` where both write to one database. Processes that
    share a database each have an ``executor_id`` of their own, new at every start, and with it a queue that nobody else serves.
    """

    def __init__(
        self,
        database_url: str,
        *,
        alone: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
        app_version: str = "1",
        executor_id: str = ALONE,
        poll_s: float = POLL_S,
    ) -> None:
        self._url = sync_url(database_url)
        self._alone = alone
        self._app_version = app_version
        self._executor_id = executor_id
        self._poll_s = poll_s
        self._workflows: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {}
        self._steps: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {}
        self._bound: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {}
        #: tasks of running workflows, with the keys of their work
        self._running: dict[asyncio.Task[Any], str] = {}
        self._client: DBOSClient | None = None
        #: PostgreSQL only: the session that holds this executor's lock
        self._session: Any = None
        self._begun = self._started = self._stopping = False
        self._starting = asyncio.Lock()

    def workflow(self, name: str) -> Callable[[Run], Run]:
        """Register a workflow before the start."""

        def register(run: Run) -> Run:
            self._workflows[name] = run
            return run

        return register

    def step(self, name: str) -> Callable[[Run], Run]:
        """Wrap a function as a step of whichever workflow calls it."""

        def register(run: Run) -> Run:
            @wraps(run)
            async def plain(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - steps of any shape
                return await run(*args, **kwargs)

            self._steps[name] = plain  # DBOS leaves a mark on the function, and a bound method takes none

            @wraps(run)
            async def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - steps of any shape
                return await self._bound.get(name, run)(*args, **kwargs)

            return cast("Run", call)

        return register

    async def start(self) -> None:
        """Launch DBOS on the running loop and carry on with unfinished work of this executor; once, whoever asks for it first."""
        async with self._starting:
            if not self._started:
                self._begun = True
                await self._launch()
                self._started = True

    async def _launch(self) -> None:
        # Importing takes 0.2 s: nobody who only plans or backtests needs it, nor the first answer in a chat. Its part that every query of
        # ours would pass through half-loaded (SQLAlchemy's inspection of values) is loaded here, where no query runs meanwhile.
        importlib.import_module("sqlalchemy.orm")
        dbos = await asyncio.to_thread(open_engine)
        _quiet(logging.WARNING)
        self._stopping = False
        await self._show_alive()
        async with self._alone():
            self._client = await asyncio.to_thread(self._prepare, dbos)
            dbos.DBOS(config=self._config())
            dbos.DBOS.listen_queues([_queue_of(self._executor_id)])
            for name, run in self._workflows.items():
                dbos.DBOS.workflow(name=name)(self._tracked(run, dbos))
            self._bound = {name: dbos.DBOS.step(name=name)(run) for name, run in self._steps.items()}
            # It writes on the loop's own thread: a writer of ours that held SQLite's lock meanwhile could never come to give it back.
            dbos.DBOS.launch()
        await self._forget_the_gone()

    def _prepare(self, dbos: Any) -> DBOSClient:  # noqa: ANN401 - the module, imported late
        """Make DBOS' tables and our queue before the launch: a queue that is made later is noticed only a second after."""
        dbos.DBOS.migrate(self._url)
        client: DBOSClient = dbos.DBOSClient(
            system_database_url=self._url, serializer=JsonSerializer(), application_name=_NAME, system_database_pool_size=2, lazy=True
        )
        ours = _queue_of(self._executor_id)
        client.register_queue(ours, worker_concurrency=PLANS_MAX, partition_concurrency=1, polling_interval_sec=self._poll_s)
        for schedule in client.list_schedules():
            # The bot has none: somebody else wrote this one, and the engine's scheduler would die of what it cannot read.
            structlog.get_logger().error("schedule of the durable engine removed", schedule=schedule["schedule_name"])
            client.delete_schedule(schedule["schedule_name"])
        return client

    def _config(self) -> DBOSConfig:
        return {
            "name": _NAME,
            "system_database_url": self._url,
            "application_version": self._app_version,
            "executor_id": self._executor_id,
            "serializer": cast("Any", JsonSerializer()),
            "max_executor_threads": THREADS_MAX,
            "sys_db_pool_size": 5,
            "log_level": "WARNING",
            # Nobody waits for notifications here, so this only says how quickly its thread ends.
            "notification_listener_polling_interval_sec": 0.1,
        }

    def _tracked(
        self,
        run: Callable[..., Coroutine[Any, Any, Any]],
        dbos: Any,  # noqa: ANN401 - the module, imported late
    ) -> Callable[..., Coroutine[Any, Any, Any]]:
        """Remember the task of each running workflow, so that ``stop`` can abandon it without leaving a mark."""

        async def tracked(args: dict[str, Any]) -> Any:  # noqa: ANN401 - workflows of any shape
            task = asyncio.current_task()
            if self._stopping or task is None:
                raise asyncio.CancelledError
            self._running[task] = str(dbos.DBOS.workflow_id)
            try:
                return await run(**args)
            finally:
                self._running.pop(task, None)

        return tracked

    async def stop(self) -> None:
        """Abandon running workflows where they stand and close DBOS: nothing is drained, nothing marked as failed."""
        if not self._begun:
            return
        dbos = await asyncio.to_thread(open_engine)
        _quiet(logging.CRITICAL)
        self._stopping = True
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        # DBOS put its own threads behind this loop and is about to end them.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=THREADS_MAX, thread_name_prefix=_NAME))
        await asyncio.to_thread(self._destroy, dbos)
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._begun = self._started = False

    def _destroy(self, dbos: Any) -> None:  # noqa: ANN401 - the module, imported late
        if self._client is not None:
            self._client.destroy()
            self._client = None
        self._bound = {}
        dbos.DBOS.destroy(destroy_registry=True)

    async def _show_alive(self) -> None:
        """Hold a lock named after this executor for as long as it lives; others see by it who died. Not on a SQLite file."""
        if self._url.startswith("postgresql"):
            psycopg = await asyncio.to_thread(__import__, "psycopg")
            self._session = await psycopg.AsyncConnection.connect(self._url, autocommit=True, options=_KEEPALIVES)
            await self._session.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (_LOCK + self._executor_id,))

    async def watch(self) -> None:
        """Look, until cancelled, whether the session still lives that shows this process alive; raises when it does not.

        The process must then end: others will take its work over. On a SQLite file there are no others, and this returns at once.
        """
        while self._session is not None:
            async with asyncio.timeout(_SILENT_S):
                await self._session.execute("SELECT 1")
            await asyncio.sleep(_LOOK_S)

    async def _forget_the_gone(self) -> None:
        """Delete the queues of processes that are gone: what waits in them is enqueued again by the journal."""
        for queue in await self._open_client().list_queues_async():
            peer = _executor_of(queue.name)
            if peer != ALONE and await self._is_gone(peer):
                await self._open_client().delete_queue_async(queue.name)

    async def _is_gone(self, peer: str | None) -> bool:
        """Tell whether another process is gone for sure: its lock is free. On a SQLite file there are no others to ask about."""
        if self._session is None or peer in (None, self._executor_id):
            return False
        name = (f"{_LOCK}{peer}",)
        trying = await self._session.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", name)
        is_free = bool((await trying.fetchone())[0])
        if is_free:
            await self._session.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", name)
        return is_free

    async def enqueue(self, tx: Transaction, workflow: str, key: str, args: Mapping[str, Any], *, partition: str = "") -> None:
        """Enqueue in the caller's transaction, which must be on the same database; a known key is left as it is."""
        client = self._open_client()
        options: dict[str, Any] = {
            "workflow_name": workflow,
            "queue_name": _queue_of(self._executor_id),
            "workflow_id": key,
            "app_version": self._app_version,
            "queue_partition_key": partition or key,
        }
        await tx.run_sync(lambda connection: client.enqueue_in_transaction(connection, cast("Any", options), dict(args)))

    async def standing(self, key: str) -> Standing:
        """Tell what became of the work with this key; what the engine calls alive is believed only while somebody can work on it."""
        await self.start()
        try:
            found = await self._rows(workflow_ids=[key])
        except Exception:  # noqa: BLE001 - a row that cannot even be read will not be worked on
            structlog.get_logger().exception("unreadable row of the durable engine", key=key)
            return Standing.STUCK
        if not found:
            return Standing.MISSING
        standing = _STANDINGS.get(found[0].status, Standing.FAILED)
        if standing != Standing.ALIVE:
            return standing
        if await self._is_gone(_owner_of(found[0])):
            return Standing.LEFT
        return standing if await self._is_believable(found[0]) else Standing.STUCK

    async def _rows(self, **which: Any) -> list[Any]:  # noqa: ANN401 - the engine's own filters
        return list(await self._open_client().list_workflows_async(load_input=False, load_output=False, **which))

    async def _is_believable(self, row: Any) -> bool:  # noqa: ANN401 - the engine's own shape
        """Tell whether work that is called alive is in somebody's hands, or waits for something that will come."""
        if row.status == "PENDING":
            return await self._in_hand(row)
        if self._session is not None and _owner_of(row) not in (None, self._executor_id):
            return True  # it waits for another process, which is alive
        lately = time.time() - (row.updated_at or 0) / 1000 < WAIT_S
        if lately or len(self._running) >= PLANS_MAX:
            return True
        # It should have been begun long ago, unless other work of its partition is under way.
        neighbours = await self._rows(status="PENDING")
        same = [one for one in neighbours if (one.queue_name, one.queue_partition_key) == (row.queue_name, row.queue_partition_key)]
        return any([await self._in_hand(one) for one in same])

    async def _in_hand(self, row: Any) -> bool:  # noqa: ANN401 - the engine's own shape
        """Tell whether somebody alive works on this: we ourselves, or a peer who holds its lock."""
        if row.workflow_id in self._running.values():
            return True
        peer = str(row.executor_id)
        return self._session is not None and peer != self._executor_id and not await self._is_gone(peer)

    async def release(self, key: str) -> None:
        """Cancel stuck work, and what stands in its partition without anybody working on it."""
        client = self._open_client()
        with suppress(ValueError, TypeError):  # a row that cannot be read blocks nobody once it is cancelled
            found = await self._rows(workflow_ids=[key])
            partitions = {row.queue_partition_key for row in found} - {None}
            blocking = [row for row in await self._rows(status="PENDING") if row.queue_partition_key in partitions]
            idle = [row.workflow_id for row in blocking if not await self._in_hand(row)]
            await client.cancel_workflows_async(idle)
        await client.cancel_workflows_async([key])

    async def tidy(self, before: datetime) -> int:
        """Delete finished work that was enqueued before this time; return how much. The journal keeps what matters."""
        client = self._open_client()
        old = await client.list_workflows_async(
            status=["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
            end_time=before.isoformat(),
            limit=1000,
            load_input=False,
            load_output=False,
        )
        if old:
            await client.delete_workflows_async([work.workflow_id for work in old])
        return len(old)

    def _open_client(self) -> DBOSClient:
        if self._client is None:
            raise InternalError("durable work was used before its start")
        return self._client


_STANDINGS = {
    "ENQUEUED": Standing.ALIVE,
    "DELAYED": Standing.ALIVE,
    "PENDING": Standing.ALIVE,
    "SUCCESS": Standing.ENDED,
}


def _queue_of(executor_id: str) -> str:
    """Return the name of the queue that an executor serves."""
    return QUEUE if executor_id == ALONE else f"{QUEUE}-{executor_id}"


def _executor_of(queue: str | None) -> str | None:
    """Return who serves a queue; None for the engine's own, which whoever is there serves."""
    name, _, executor_id = (queue or "").partition("-")
    return (executor_id or ALONE) if name == QUEUE else None


def _owner_of(row: Any) -> str | None:  # noqa: ANN401 - the engine's own shape
    """Return whose work this is: of who has begun it, or will."""
    return str(row.executor_id) if row.status == "PENDING" else _executor_of(row.queue_name)


def sync_url(database_url: str) -> str:
    """Return the URL without its asynchronous driver: DBOS opens the same database with its own."""
    scheme, rest = database_url.split("://", 1)
    return f"{scheme.split('+', 1)[0]}://{rest}"


def _quiet(level: int) -> None:
    """Send DBOS' log lines through ours instead of its own console handler, from ``level`` upwards."""
    for handler in _LOG.handlers[:]:
        _LOG.removeHandler(handler)
    _LOG.addHandler(logging.NullHandler())
    _LOG.propagate = True
    _LOG.setLevel(level)
