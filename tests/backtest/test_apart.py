"""The process that plays a backtest, as it is: what it knows, how it is ended, and that it never outlives who asked."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from chatbot.backtest.apart.process import Apart, Died
from chatbot.backtest.past import fetch
from chatbot.backtest.question import Job, answer
from chatbot.clock import ManualClock
from chatbot.engine.errors import Refused
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.model import Cause
from chatbot.portfolio import strategies
from tests.places import ROOT
from tests.waiting import until

pytestmark = pytest.mark.long
BEGIN, END = datetime(2025, 1, 6, tzinfo=UTC), datetime(2025, 1, 20, tzinfo=UTC)
PROC = Path("/proc")
needs_proc = pytest.mark.skipif(not PROC.is_dir(), reason="this system does not show processes as files")


async def a_job() -> Job:
    """Return two weeks of the made-up market."""
    source = SimulatedSource(ManualClock(END), speed=1.0, start=BEGIN, origin=BEGIN)
    strategy = strategies.preset("balanced", await source.markets())
    recorded = await fetch(source, [*strategy.spot_assets, *strategy.contracts], BEGIN, END - timedelta(hours=1))
    return Job(recorded=recorded, strategy=strategy, amount=Decimal(10_000), window=timedelta(minutes=1))


def is_there(pid: int) -> bool:
    """Tell whether a process lives; one that nobody has waited for does not."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_it_finds_what_is_found_here_and_tells_of_each_part() -> None:
    """The same to the last digit: beside the ways, the own strategy; or each switched trigger."""
    job = await a_job()
    own = replace(job, own=strategies.switched(job.strategy, Cause.VOLATILITY, on=False))
    switched = replace(job, switched={Cause.VOLATILITY: own.own} if own.own is not None else {})
    told: list[tuple[int, int]] = []
    for asked in (own, switched):
        told.clear()
        async with Apart() as apart:
            found = await apart.ask(asked, lambda done, of: told.append((done, of)))
        here = answer(asked, lambda *_: None)
        assert told == [(0, 2), (1, 2), (2, 2)]
        assert {name: one.growth for name, one in found.ways.items()} == {name: one.growth for name, one in here.ways.items()}
        assert found.traded == here.traded
        assert (found.own and found.own.growth) == (here.own and here.own.growth)
        assert {name: one.drawdown for name, one in found.switched.items()} == {name: one.drawdown for name, one in here.switched.items()}
        assert found.on == here.on


async def test_what_has_no_price_is_refused_by_name() -> None:
    """The refusal comes over with what it is about."""
    job = await a_job()
    async with Apart() as apart:
        with pytest.raises(Refused) as refused:
            await apart.ask(replace(job, strategy=strategies.preset("balanced", ("BTC", "ETH", "DOGE"))), lambda *_: None)
    assert "DOGE" in refused.value.subject


@needs_proc
async def test_it_knows_no_secret_and_is_gone_when_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the bot's settings is in its environment or on its command line; it has no file of the bot open, and goes last."""
    monkeypatch.setenv("CHATBOT_TELEGRAM_TOKEN", "12345:not-for-others")
    monkeypatch.setenv("CHATBOT_SECRET_KEYS", "not-for-others")
    async with Apart() as apart:
        pid = apart.pid
        assert pid is not None
        await until(
            lambda: os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0) or os.getpriority(os.PRIO_PROCESS, 0) >= 19
        )
        environment, line = ((PROC / str(pid) / name).read_bytes() for name in ("environ", "cmdline"))
        assert b"not-for-others" not in environment + line
        assert b"CHATBOT" not in environment
        assert line.endswith(b"chatbot.backtest.apart.child\0")
        opened = [str(one.readlink()) for one in (PROC / str(pid) / "fd").iterdir()]
        assert not [one for one in opened if one.endswith((".db", ".db-wal", "lock"))]
    assert not is_there(pid)


@needs_proc
async def test_one_that_is_killed_says_so() -> None:
    """Whoever kills it, memory that runs short for instance: the question ends with a word, not with a wait."""
    job = await a_job()
    async with Apart() as apart:
        pid = apart.pid
        assert pid is not None
        asked = asyncio.ensure_future(apart.ask(job, lambda *_: os.kill(pid, signal.SIGKILL)))
        with pytest.raises(Died, match="-9"):
            await asked


@needs_proc
async def test_one_that_is_stopped_is_gone_at_once() -> None:
    """In the middle of its work."""
    job, begun = await a_job(), asyncio.Event()
    async with Apart() as apart:
        pid = apart.pid
        assert pid is not None
        asked = asyncio.ensure_future(apart.ask(job, lambda *_: begun.set()))
        await begun.wait()
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
    assert not is_there(pid)


@needs_proc
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
async def test_it_goes_with_the_bot(how: signal.Signals) -> None:
    """A bot that is killed outright leaves nothing computing behind."""
    program = textwrap.dedent(
        """
        import asyncio
        from chatbot.backtest.apart.process import Apart
        from tests.backtest.test_apart import a_job

        async def main():
            async with Apart() as apart:
                print(apart.pid, flush=True)
                await apart.ask(await a_job(), lambda *_: print("begun", flush=True))
                await asyncio.sleep(60)

        asyncio.run(main())
        """
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT) as bot:  # noqa: ASYNC220 - read in a thread
        assert bot.stdout is not None
        pid = int(await asyncio.to_thread(bot.stdout.readline))
        assert await asyncio.to_thread(bot.stdout.readline) == "begun\n"
        bot.send_signal(how)
        await asyncio.to_thread(bot.wait)
        await until(lambda: not is_there(pid))
