"""web, workers and sender as people run them, by honcho: from /start to a filled plan, and on when any of them is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from chatbot.model import PlanState
from chatbot.store import events, plans, portfolios
from chatbot.store.database import Database
from chatbot.vault import new_master_key
from handlers.loopback import TelegramUser
from tests.places import ROOT
from tests.store.databases import postgres_or_skip
from tests.telegram.delivering import Delivery
from tests.telegram.server import TOKEN, TelegramServer
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from handlers.loopback import Message

#: said by the web library while it reads an uploaded picture; as an error it would break that call
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")]
PUBLIC, SECRET = "https://bot.example.org", "w" * 40
#: for the machine that six others share
PATIENCE_S = 90.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass(slots=True, kw_only=True)
class Service:
    """What ``honcho start`` runs, everything it prints kept."""

    folder: Path
    server: TelegramServer
    url: str
    port: int = field(default_factory=free_port)
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
            "MARKET_SPEED": "1200",
            "CHECK_INTERVAL_S": "1",
        }
        path = f"{os.path.dirname(sys.executable)}:{kept['PATH']}"  # noqa: PTH120 - of a path that need not be resolved
        return {**kept, **{f"CHATBOT_{name}": value for name, value in chosen.items()}, "PYTHONPATH": str(ROOT), "PATH": path}

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Service]:
        """Run it inside the block."""
        numbers = f"web=1,worker=2,sender=2,port={self.port}"
        command = [
            sys.executable,
            "-m",
            "honcho",
            "start",
            "-f",
            str(ROOT / "Procfile.scale"),
            "-d",
            str(self.folder),
            "-c",
            numbers.rpartition(",")[0],
        ]
        with (self.folder / "output.txt").open("ab") as output:
            self.honcho = await asyncio.create_subprocess_exec(
                *command, "-p", str(self.port), env=self.environment(), stdout=output, stderr=output, start_new_session=True
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
        for label in ("Demo portfolio", "10,000", "Use Balanced", "Confirm"):
            await self.taps(label)
        await self.sees("fees paid")


@pytest.fixture
async def service(server: TelegramServer, tmp_path: Path) -> AsyncIterator[Service]:
    url = await postgres_or_skip().copy("template0")
    async with Service(folder=tmp_path, server=server, url=url).up() as up:
        yield up
    assert TOKEN not in up.printed
    assert SECRET not in up.printed


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
