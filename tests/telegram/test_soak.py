"""Minutes of trouble without a pause: a bot that trades is killed, stopped, and cut off from Telegram and from its store."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from chatbot.exchanges.paper.account import AccountState
from chatbot.model import UNDER_WAY, PlanState
from chatbot.store import events, orders, plans, portfolios
from chatbot.store.database import Database
from tests.store.databases import postgres_or_skip
from tests.telegram.server import BotProcess, TelegramServer
from tests.telegram.test_real_process import ANN, Ann
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

#: said by the web library while it reads an uploaded picture; as an error it would break that call
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")]
#: seconds of trouble, and those that one of them lasts at most
SOAK_S, TROUBLE_S = 300.0, 6.0
#: the disk of a bot that may be full at times, bytes
_DISK = 64 * 2**20


@dataclass(slots=True, kw_only=True)
class Trouble:
    """What happens to a bot from outside."""

    bot: BotProcess
    server: TelegramServer
    db: Database
    chance: random.Random
    #: a disk of the bot's own that may be filled
    disk: Path | None

    def kinds(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Return what can go wrong on this store."""
        cut = {} if self.db.is_sqlite else {"sessions cut": self._cut_sessions}
        full = {} if self.disk is None else {"disk full": self._fill}
        return {"killed": self._kill, "stopped": self._stop, "Telegram cut off": self._cut_telegram, **cut, **full}

    async def _lasts(self) -> None:
        await asyncio.sleep(self.chance.uniform(0.2, TROUBLE_S))

    async def _kill(self) -> None:
        await self.bot.kill()
        await self.bot.start()

    async def _stop(self) -> None:
        """Let it stand still: to it, its clock jumps."""
        self.bot.send(signal.SIGSTOP)
        await self._lasts()
        self.bot.send(signal.SIGCONT)

    async def _cut_telegram(self) -> None:
        self.server.swallow = lambda _: True
        await self._lasts()
        self.server.swallow = lambda _: False

    async def _fill(self) -> None:
        """Leave no room on the disk for a while."""
        assert self.disk is not None
        with suppress(OSError), (self.disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(2**16))
        await self._lasts()
        (self.disk / "filler").unlink()

    async def _cut_sessions(self) -> None:
        async with self.db.transaction() as tx:
            await tx.execute(text(_CUT))


_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@contextmanager
def _disk(folder: Path) -> Iterator[Path | None]:
    """Put a small disk in the place of a folder, where that is allowed; None: it is not, and it is never full."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", folder], capture_output=True, check=False)
    try:
        yield None if mounted.returncode else folder
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", folder], check=True)


async def _acts(ann: Ann, chance: random.Random) -> None:
    """Have her change what she wants, and confirm what she is asked."""
    btc = chance.randrange(20, 45, 5)
    await ann.says(f"/targets BTC {btc} ETH 20 ALT 15 USDT {65 - btc}")
    await ann.says("/rebalance")
    for _ in range(3):
        await asyncio.sleep(chance.uniform(0.5, 3))
        newest = next((one for one in reversed(ann.server.loopback.chat(ANN.id)) if "Confirm" in one.buttons), None)
        if newest is not None:
            with suppress(Exception):  # it may be gone by now
                await ann.server.loopback.tap(ANN, newest.id, "Confirm")


async def _trouble(trouble: Trouble, met: Counter[str], ends_at: float) -> None:
    kinds = trouble.kinds()
    while time.monotonic() < ends_at:
        await asyncio.sleep(trouble.chance.uniform(0.5, TROUBLE_S))
        kind = trouble.chance.choice(sorted(kinds))
        met[kind] += 1
        await kinds[kind]()
        if not trouble.bot.is_running:  # as what restarts it does
            met["ended by itself"] += 1
            await trouble.bot.start()


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_whatever_happens_nothing_is_lost_or_sent_twice(server: TelegramServer, tmp_path: Path, store: str) -> None:
    """In the end no plan is under way, the journal is what the exchange has, and every update was handled."""
    chance, met = random.Random(store), Counter[str]()
    given: dict[str, Any] = {"MARKET_SPEED": "120", "OPERATOR_IDS": str(ANN.id), "LOG_LEVEL": "INFO"}
    url = (
        await postgres_or_skip().copy("template0") if store == "postgres" else f"sqlite+aiosqlite:///{tmp_path / 'data' / 'ballast.sqlite'}"
    )
    bot = BotProcess(server.url, tmp_path, **given, **({"DATABASE_URL": url} if store == "postgres" else {}))
    with _disk(tmp_path / "data") as disk:
        await _soaked(bot, Ann(server=server, bot=bot), Trouble(bot=bot, server=server, db=Database(url), chance=chance, disk=disk), met)
    print(f"{store}: {dict(met)}")  # noqa: T201 - read with -s


async def _soaked(bot: BotProcess, ann: Ann, trouble: Trouble, met: Counter[str]) -> None:
    db, chance = trouble.db, trouble.chance
    try:
        await bot.start()
        await ann.says("/start")
        for label in ("Demo portfolio", "10,000", "Use Balanced", "Confirm"):
            await ann.taps(label)
        ends_at = time.monotonic() + SOAK_S
        troubling = asyncio.ensure_future(_trouble(trouble, met, ends_at))
        try:
            while time.monotonic() < ends_at:
                await _acts(ann, chance)
            await troubling
        finally:
            troubling.cancel()
        made = await _settled(db, bot)
        await _holds_what_the_exchange_has(db)
        met |= {f"plans {state}": count for state, count in Counter(plan.state.value for plan in made).items()}
        assert any(plan.state is PlanState.DONE for plan in made)
    finally:
        await bot.kill()
        await db.close()


async def _settled(db: Database, bot: BotProcess) -> tuple[plans.Plan, ...]:
    """Wait until no plan is under way and no update waits; return all plans."""

    async def is_calm() -> bool:
        async with db.read() as tx:
            return not await plans.under_way(tx) and await events.unfinished_updates(tx) == ()

    await until(is_calm, lambda: f"it is not calm; it has printed\n{bot.printed[-5000:]}")
    async with db.read() as tx:
        made = await plans.plans(tx, 1, limit=1000)
    assert not [plan for plan in made if plan.state in UNDER_WAY]
    return made


async def _holds_what_the_exchange_has(db: Database) -> None:
    async with db.read() as tx:
        made = await plans.plans(tx, 1, limit=1000)
        known = {one.client_id: one.filled for plan in made for one in await orders.orders(tx, plan.id) if one.limit is not None}
        account = AccountState.from_json((await portfolios.accounts_of(tx, (1,)))[1])
    assert all(leg.filled <= leg.qty for plan in made for leg in plan.legs)
    assert {name: qty for name, qty in known.items() if qty} == {name: one.filled for name, one in account.orders.items() if one.filled}
