"""web, workers and sender as people run them, by honcho: from /start to a filled plan, and on when any of them is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import pytest
from sqlalchemy import text

from chatbot.clock import SystemClock
from chatbot.model import SHARES, MessageKind, Person, PlanState, ProcessKind, Role
from chatbot.operation.metrics import METRICS
from chatbot.store import accounts, events, messages, plans, portfolios
from chatbot.store.database import Database
from chatbot.vault import new_master_key
from handlers.loopback import TelegramUser
from tests.handlers.transport.test_letterbox import written
from tests.operation.test_metrics import samples
from tests.places import ROOT
from tests.store.databases import postgres_or_skip
from tests.telegram.delivering import Delivery
from tests.telegram.server import TOKEN, BotProcess, TelegramServer
from tests.telegram.test_standby import SLOWER, TAKEN_OVER_S
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from handlers.loopback import Message

#: said by the web library while it reads an uploaded picture; as an error it would break that call
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")]
PUBLIC, SECRET = "https://bot.example.org", "w" * 40
#: for the machine that six others share
PATIENCE_S = 90.0


#: how far from the web's port honcho puts those of the workers and senders that a test starts
_BESIDE = (100, 101, 200)


def free_port(beside: Sequence[int] = ()) -> int:
    """Return a port that nobody listens on, nor on those that are so far ``beside`` it."""
    while True:
        with ExitStack() as stack, suppress(OSError, OverflowError):
            one = stack.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            port: int = one.getsockname()[1]
            for far in beside:
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port + far))
            return port


@dataclass(slots=True, kw_only=True)
class Service:
    """What ``honcho start`` runs, everything it prints kept."""

    folder: Path
    server: TelegramServer
    url: str
    port: int = field(default_factory=lambda: free_port(_BESIDE))
    honcho: asyncio.subprocess.Process | None = None

    @property
    def printed(self) -> str:
        """Everything that was printed so far."""
        log = self.folder / "output.txt"
        return log.read_text(errors="replace") if log.exists() else ""

    async def prints(self, words: str, times: int = 1) -> None:
        """Wait until something was printed so often."""
        async with asyncio.timeout(PATIENCE_S):
            while self.printed.count(words) < times:
                assert self.honcho is not None
                assert self.honcho.returncode is None, self.printed[-5000:]
                await asyncio.sleep(0.05)

    def environment(self) -> dict[str, str]:
        """Return the settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATBOT_")}
        chosen = {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API_URL": self.server.url,
            "DATABASE_URL": self.url,
            "DATA_DIR": str(self.folder / "data"),
            "PUBLIC_URL": PUBLIC,
            "WEBHOOK_SECRET": SECRET,
            "SECRET_KEYS": new_master_key(),
            "OPERATOR_IDS": "42,43",
            "MARKET": "simulated",
            "MARKET_SPEED": "60",
            "CHECK_INTERVAL_S": "1",
        }
        path = f"{os.path.dirname(sys.executable)}:{kept['PATH']}"  # noqa: PTH120 - of a path that need not be resolved
        return {**kept, **{f"CHATBOT_{name}": value for name, value in chosen.items()}, "PYTHONPATH": str(ROOT), "PATH": path}

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Service]:
        """Run it inside the block."""
        where = ("-f", str(ROOT / "Procfile.scale"), "-d", str(self.folder), "-p", str(self.port))
        command = [sys.executable, "-m", "honcho", "start", *where, "-c", "web=1,worker=2,sender=1"]
        with (self.folder / "output.txt").open("ab") as output:
            self.honcho = await asyncio.create_subprocess_exec(
                *command, env=self.environment(), stdout=output, stderr=output, start_new_session=True
            )
        try:
            yield self
        finally:
            if self.honcho.returncode is None:
                self.honcho.send_signal(signal.SIGTERM)
                async with asyncio.timeout(LIMIT_S):
                    await self.honcho.wait()


@dataclass(slots=True, kw_only=True)
class Somebody:
    """What a person does and sees."""

    server: TelegramServer
    service: Service
    user: TelegramUser

    async def says(self, text: str) -> None:
        """Write a message."""
        await self.server.loopback.text(self.user, text)

    async def taps(self, label: str) -> None:
        """Tap the newest button with this label."""
        message = await self.sees(label)
        await self.server.loopback.tap(self.user, message.id, label)

    async def sees(self, label: str) -> Message:
        """Wait for a message of the bot with a button, or with words, and return the newest."""

        def found() -> Message | None:
            chat = reversed(self.server.loopback.chat(self.user.id))
            return next((m for m in chat if m.sender is None and (label in m.buttons or label in m.text)), None)

        try:
            return await self.server.loopback.wait(found, PATIENCE_S)
        except TimeoutError as late:
            raise TimeoutError(f"{label}: {late}\nand was printed\n{self.service.printed[-6000:]}") from None

    async def buys(self) -> None:
        """Open a portfolio and have its first plan carried out."""
        await self.says("/start")
        for label in ("Demo portfolio", "10,000", "Use Balanced"):
            await self.taps(label)
        await self._confirms()
        await self.sees("fees paid")

    async def _confirms(self) -> None:
        """Confirm until the plan is under way: where prices have moved since its card, a new card comes instead."""

        def is_begun() -> bool | None:
            chat = self.server.loopback.chat(self.user.id)
            return any(words in message.text for message in chat for words in ("Being carried out", "fees paid")) or None

        for _ in range(5):
            await self.taps("Confirm")
            with suppress(TimeoutError):
                await self.server.loopback.wait(is_begun, PATIENCE_S / 3)
                return


@pytest.fixture
async def service(server: TelegramServer, tmp_path: Path) -> AsyncIterator[Service]:
    url = await postgres_or_skip().copy("template0")
    async with Service(folder=tmp_path, server=server, url=url).up() as up:
        yield up
    assert TOKEN not in up.printed
    assert SECRET not in up.printed


@pytest.mark.slow
async def test_from_start_to_a_filled_plan_over_honcho(server: TelegramServer, service: Service) -> None:
    """Two people whose shares are neighbours, so that both workers have one; every update is finished, every result told once."""
    people = [Somebody(server=server, service=service, user=TelegramUser(id=number, name="Ann")) for number in (42, 43)]
    delivery = Delivery(server, [service.port])
    delivering = asyncio.ensure_future(delivery.run())
    try:
        await service.prints("Ballast takes updates")
        await service.prints("shares gained", 2)
        began = time.monotonic()
        await asyncio.gather(*(one.buys() for one in people))
        await _all_are_seen(service, people[0])
        print(f"both plans filled after {time.monotonic() - began:.1f} s; answers {dict(delivery.answers)}")  # noqa: T201 - read with -s
    finally:
        delivering.cancel()
        await asyncio.wait({delivering})
    db = Database(service.url)
    try:
        async with db.read() as tx:
            for one in people:
                (portfolio,) = await portfolios.of_person(tx, one.user.id)
                assert PlanState.DONE in {plan.state for plan in await plans.plans(tx, portfolio.id, limit=10)}
            assert await events.unfinished_updates(tx) == ()
    finally:
        await db.close()
    for one in people:
        assert sum("fees paid" in message.text for message in server.loopback.chat(one.user.id)) == 1
    assert "Traceback" not in service.printed, service.printed[-5000:]


async def _all_are_seen(service: Service, operator: Somebody) -> None:
    """See every process by its own port, and all of them in the chat of the operator."""
    shares = 0.0
    async with aiohttp.ClientSession() as session:
        for far, kind in ((100, ProcessKind.WORKER), (101, ProcessKind.WORKER), (200, ProcessKind.SENDER)):
            url = f"http://127.0.0.1:{service.port + far}"
            async with session.get(f"{url}/metrics") as answer:
                read = samples(await answer.text())
            assert {name for name, _ in read} <= {metric.name for metric in METRICS if kind in metric.by}
            assert [read["ballast_processes", one] for one in ("sender", "web", "worker")] == [1, 1, 2]
            shares += read.get(("ballast_shares", ""), 0.0)
            async with session.get(f"{url}/healthz") as answer:
                assert (answer.status, (await answer.json())["stands_by"]) == (200, False)
    assert shares == SHARES
    await operator.says("/health")
    told = await operator.sees("Database answers")
    assert [told.text.count(f"✓ {kind} on ") for kind in ("sender", "web", "worker")] == [1, 1, 2]


def alone_at(service: Service, bot_folder: Path, **settings: str) -> BotProcess:
    """Return a process of its own with the same settings."""
    given = {name.removeprefix("CHATBOT_"): value for name, value in service.environment().items() if name.startswith("CHATBOT_")}
    bot_folder.mkdir()
    return BotProcess(service.server.url, bot_folder, **{**given, "LOG_LEVEL": "INFO", **settings})


async def posted(db: Database, numbers: range, chats: Sequence[int]) -> None:
    """Write messages for each chat, in order."""
    async with db.transaction() as tx:
        for number in numbers:
            for chat in chats:
                facts = {"since": f"2026-01-01T{number // 60:02}:{number % 60:02}:00+00:00"}
                await messages.ring(tx, chat, MessageKind.TRADING_HALTED, facts, key=f"told-{chat}-{number}", now=SystemClock().now())


@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.slow)])
async def test_a_sender_that_is_killed_is_replaced_and_every_message_comes_in_order(
    server: TelegramServer, tmp_path: Path, kills: int
) -> None:
    """Killed while messages leave: another goes on within twelve seconds. What was on its way may come twice; nothing is lost."""
    url = await postgres_or_skip().copy("template0")
    service = Service(folder=tmp_path, server=server, url=url)
    one, other = alone_at(service, tmp_path / "one"), alone_at(service, tmp_path / "other")
    db, people = Database(url), [TelegramUser(id=number, name="Ann") for number in (42, 43, 44)]
    chats, took = [user.id for user in people], []
    try:
        await one.start("sender")
        await one.prints("Ballast sends")
        async with db.transaction() as tx:
            for user in people:
                server.loopback.know(user)
                await accounts.add_person(tx, Person(id=user.id, chat_id=user.id, name="Ann", role=Role.MEMBER))
        for kill in range(kills):
            await other.start("sender")
            await stands_by(other, kill)
            await posted(db, range(kill * 8, kill * 8 + 8), chats)
            await server.loopback.wait(lambda kill=kill: len(told(server, 42)) >= kill * 8 + 3 or None, PATIENCE_S)  # type: ignore[misc]
            killed = time.monotonic()
            await one.kill()
            seen = len(server.calls)
            await server.loopback.wait(lambda seen=seen: len(server.calls) > seen + 4 or None, PATIENCE_S)  # type: ignore[misc]
            took.append(time.monotonic() - killed)
            one, other = other, one
            await server.loopback.wait(lambda kill=kill: _have_all(server, chats, kill * 8 + 8) or None, PATIENCE_S)  # type: ignore[misc]
    finally:
        await db.close()
        for bot in (one, other):
            await bot.kill()
    for chat in chats:
        came = told(server, chat)
        assert list(dict.fromkeys(came)) == sorted(set(came)), "in order"
        assert len(came) <= len(set(came)) + kills, "once, but for what was on its way when its sender was killed"
    print(f"another sends after {', '.join(f'{one:.1f}' for one in took)} s")  # noqa: T201 - read with -s
    assert max(took) < TAKEN_OVER_S * SLOWER


def _have_all(server: TelegramServer, chats: Sequence[int], many: int) -> bool:
    return all(len(set(told(server, chat))) == many for chat in chats)


async def stands_by(bot: BotProcess, lives: int) -> None:
    """Wait until a sender has said once more than before that it stands by."""
    async with asyncio.timeout(PATIENCE_S):
        while bot.printed.count("stands by") <= lives // 2:  # noqa: ASYNC110 - a file tells
            await asyncio.sleep(0.05)


def told(server: TelegramServer, chat: int) -> list[str]:
    """Return what came into a chat, by the moment that each message names."""
    return [message.text.splitlines()[0] for message in server.loopback.chat(chat) if message.sender is None]


@pytest.mark.slow
async def test_how_many_updates_are_taken_and_answered(server: TelegramServer, service: Service) -> None:
    """Prints what this machine takes at one `web`, and how long an answer of two workers takes at fifty updates a second."""
    await service.prints("Ballast takes updates")
    await service.prints("shares gained", 2)
    people = [TelegramUser(id=1000 + number, name="Ann") for number in range(100)]
    db = Database(service.url)
    async with db.transaction() as tx:
        for user in people:
            server.loopback.know(user)
            await accounts.add_person(tx, Person(id=user.id, chat_id=user.id, name="Ann", role=Role.MEMBER))
    delivering = asyncio.ensure_future(Delivery(server, [service.port]).run())
    waits: list[float] = []

    async def ask(user: TelegramUser) -> None:
        began = time.perf_counter()
        mine = await server.loopback.text(user, "/cancel")
        await server.loopback.shows(user.id, "", after=mine.id, timeout_s=PATIENCE_S)
        waits.append(time.perf_counter() - began)

    try:
        async with asyncio.TaskGroup() as tasks:
            for number in range(1000):
                tasks.create_task(ask(people[number % len(people)]))
                await asyncio.sleep(0.02)
        waits.sort()
        print(f"50 a second: median {waits[500] * 1000:.0f} ms, p99 {waits[990] * 1000:.0f} ms")  # noqa: T201 - read with -s
    finally:
        delivering.cancel()
        await asyncio.wait({delivering})
    taken, began = 3000, time.perf_counter()
    connector, room = aiohttp.TCPConnector(limit=100), asyncio.Semaphore(100)
    headers = {"Host": urlsplit(PUBLIC).netloc, "X-Telegram-Bot-Api-Secret-Token": SECRET}

    async def post(session: aiohttp.ClientSession, number: int) -> int:
        body = written(number, "hello", 10_000 + number)
        async with room, session.post(f"http://127.0.0.1:{service.port}/telegram", data=body, headers=headers) as answer:
            return answer.status

    async with aiohttp.ClientSession(connector=connector) as session:
        statuses = await asyncio.gather(*(post(session, 5_000_000 + number) for number in range(taken)))
    print(f"{taken / (time.perf_counter() - began):.0f} updates a second taken by one web")  # noqa: T201 - read with -s
    assert set(statuses) == {200}
    async with db.read() as tx:
        many = (await tx.execute(text("SELECT count(*) FROM pf_updates WHERE id BETWEEN 5000000 AND 5999999"))).scalar_one()
    await db.close()
    assert many == taken, "what was answered with 200 is written down"
