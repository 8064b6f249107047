"""Workers that share the people on one PostgreSQL: one of them is killed, in the middle of a plan, and another goes on."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, NoReturn

import pytest
from sqlalchemy import text

from chatbot.exchanges.paper.account import AccountState
from chatbot.model import PlanState, share_of
from chatbot.store import events, orders, plans, portfolios
from chatbot.store.database import Database
from tests.store.databases import postgres_or_skip
from tests.telegram.server import BotProcess, TelegramServer
from tests.telegram.test_real_process import ANN, Ann

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from chatbot.model import Plan

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")]
#: what a person waits at most until somebody goes on; seconds
TAKEN_OVER_S = 12.0
#: for the machine that six others share
SLOWER, PATIENCE_S = 5, 90.0
#: where plans stand that nobody confirmed, or that new prices had overtaken when somebody did
CARDS = (PlanState.PROPOSED, PlanState.SUPERSEDED, PlanState.EXPIRED)


@dataclass(slots=True, kw_only=True)
class Service:
    """A database, workers and a sender on it, and the test in the place of ``web``: it writes down what people say."""

    server: TelegramServer
    folder: Path
    url: str
    db: Database
    workers: list[BotProcess] = field(default_factory=list)
    made: int = 0

    async def starts(self, command: str = "worker") -> BotProcess:
        """Start one more process."""
        self.made += 1
        folder = self.folder / f"{command}-{self.made}"
        folder.mkdir()
        bot = BotProcess(self.server.url, folder, DATABASE_URL=self.url, MARKET_SPEED="60", OPERATOR_IDS=str(ANN.id), LOG_LEVEL="INFO")
        self.workers.append(bot)
        await bot.start(command)
        return bot

    async def writes_down(self) -> NoReturn:
        """Write what people say into the inbox, as ``web`` does."""
        told = self.server.loopback._state.updates
        while True:
            while told:
                _, update = told.popleft()
                async with self.db.transaction() as tx:
                    await events.record_update(tx, update["update_id"], json.dumps(update), share=share_of(ANN.id))
            await asyncio.sleep(0.02)

    def owner(self) -> BotProcess | None:
        """Return the worker that owns Ann's share by what they have said; None: nobody just now."""
        return next((bot for bot in self.workers if share_of(ANN.id) in owned(bot)), None)

    async def plan(self) -> Plan | None:
        """Return Ann's newest plan that was confirmed."""
        async with self.db.read() as tx:
            made = await plans.plans(tx, 1, limit=10)
        return next((plan for plan in made if plan.state not in CARDS), None)

    async def happened(self, plan: Plan) -> list[tuple[str, float]]:
        """Return what happened to a plan, and when, in seconds since the epoch."""
        async with self.db.read() as tx:
            return [(event.name, event.at.timestamp()) for event in await events.events(tx, plan.id)]


def owned(bot: BotProcess) -> frozenset[int]:
    """Return the shares that a worker has, by what it has said; one that was killed has none."""
    shares: set[int] = set()
    for line in bot.printed.splitlines() if bot.is_running else ():
        if '"shares gained"' in line:
            shares |= set(json.loads(line)["shares"])
        elif '"shares given back"' in line:
            shares -= set(json.loads(line)["shares"])
    return frozenset(shares)


async def comes(found: Callable[[], Awaitable[object]], service: Service) -> None:
    """Wait for something in the database or in what processes say."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await found():  # noqa: ASYNC110 - other processes do it
                await asyncio.sleep(0.05)
    except TimeoutError:
        said = "\n".join(f"--- {bot.folder.name}\n{bot.printed[-2500:]}" for bot in service.workers if bot.is_running)
        raise TimeoutError(f"it never came; they have printed\n{said}") from None


@pytest.fixture
async def service(server: TelegramServer, tmp_path: Path) -> AsyncIterator[Service]:
    url = await postgres_or_skip().copy("template0")
    db = Database(url)
    await db.migrate()
    made = Service(server=server, folder=tmp_path, url=url, db=db)
    writing = asyncio.ensure_future(made.writes_down())
    try:
        yield made
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        for bot in made.workers:
            await bot.kill()
        await db.close()


async def confirmed(service: Service, ann: Ann, before: Plan | None) -> Plan:
    """Confirm until a plan is under way, with an order sent: where prices have moved since its card, a new card comes instead."""
    sent: list[Plan] = []

    async def under_way() -> object:
        plan = await service.plan()
        if plan is None or (before is not None and plan.id <= before.id) or plan.state is not PlanState.RUNNING:
            return plan is not None and (before is None or plan.id > before.id)
        async with service.db.read() as tx:
            if await orders.orders(tx, plan.id):
                sent.append(plan)
        return sent

    for _ in range(5):
        await ann.taps("Confirm")
        with suppress(TimeoutError):
            async with asyncio.timeout(15):
                while not await under_way():  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.02)
            plan = await service.plan()
            assert plan is not None
            return plan
    raise TimeoutError("no plan came under way")


@pytest.mark.parametrize("kills", [1, pytest.param(50, marks=pytest.mark.slow)])
async def test_a_killed_worker_is_taken_over_from_in_the_middle_of_a_plan(server: TelegramServer, service: Service, kills: int) -> None:
    """Within twelve seconds another goes on; every plan ends, every order was sent once, every result is told once."""
    sender = await service.starts("sender")
    first = await service.starts()
    ann = Ann(server=server, bot=first)
    await ann.says("/start")
    for label in ("Demo portfolio", "10,000", "Use Balanced"):
        await ann.taps(label)
    await service.starts()
    took: list[float] = []
    plan: Plan | None = None
    for number in range(kills):
        await comes(lambda: asyncio.sleep(0, sum(map(len, map(owned, service.workers))) == 64), service)
        plan = await confirmed(service, ann, plan)
        owner = service.owner()
        assert owner is not None, "what is under way is given back to nobody"
        killed, done = time.time(), plan.state is PlanState.DONE
        await owner.kill()
        await service.starts()

        async def ended(plan: Plan = plan) -> bool:
            latest = await service.plan()
            return latest is not None and (latest.id, latest.state) == (plan.id, PlanState.DONE)

        await comes(ended, service)
        happened = await service.happened(plan)
        after = [at for _, at in happened if at > killed]
        if after and not done:
            took.append(after[0] - killed)
        await ann.says(f"/targets BTC {20 + number % 2 * 20} ETH 20 ALT 20 USDT {40 - number % 2 * 20}")
        await ann.says("/rebalance")
    async with service.db.read() as tx:
        made = await plans.plans(tx, 1, limit=1000)
        known = {one.client_id: one.filled for plan in made for one in await orders.orders(tx, plan.id) if one.limit is not None}
        account = AccountState.from_json((await portfolios.accounts_of(tx, (1,)))[1])
        assert [plan.state for plan in made if plan.state not in CARDS] == [PlanState.DONE] * kills
    assert all(leg.filled <= leg.qty for plan in made for leg in plan.legs)
    assert {name: qty for name, qty in known.items() if qty} == {
        name: order.filled for name, order in account.orders.items() if order.filled
    }

    def results() -> list[str]:
        return [message.text for message in server.loopback.chat(ANN.id) if message.sender is None and "fees paid" in message.text]

    await server.loopback.wait(lambda: len(results()) >= kills or None, PATIENCE_S)
    assert len(results()) == kills, "a result that is told twice is a message that was sent twice"
    assert sender.is_running
    told = f"{len(took)} of {kills} kills in mid-plan; taken over after {median(took):.1f} s, at most {max(took):.1f} s" if took else "none"
    print(told)  # noqa: T201 - read with -s
    assert took, "no plan was under way when its worker was killed"
    assert max(took) < TAKEN_OVER_S * SLOWER


@pytest.mark.slow
async def test_a_worker_that_lost_its_session_ends_on_the_spot_and_the_other_owns_everything(service: Service) -> None:
    """Whoever takes over counts on it; a process that cannot be told apart from a dead one must be dead."""
    first, second = await service.starts(), await service.starts()
    await comes(lambda: asyncio.sleep(0, all(len(owned(bot)) == 32 for bot in (first, second))), service)
    async with service.db.transaction() as tx:
        await tx.execute(text(_ENDING), {"share": max(owned(first))})
    assert await first.ended() == 3
    assert "others take over" in first.printed
    await comes(lambda: asyncio.sleep(0, len(owned(second)) == 64), service)
    late = await service.starts("run")
    assert await late.ended() == 2
    assert "several processes share the work" in late.printed


async def test_a_worker_needs_a_server(server: TelegramServer, tmp_path: Path) -> None:
    bot = BotProcess(server.url, tmp_path)
    await bot.start("worker")
    assert await bot.ended() == 2
    assert "several processes share the work on PostgreSQL only" in bot.printed


_ENDING = """
SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7253004 AND objid = CAST(:share AS bigint)
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
