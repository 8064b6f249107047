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


async def test_two_processes_find_what_is_found_here_and_tell_of_each_part() -> None:
    """The same to the last digit: beside the ways, the own strategy; or each switched trigger."""
    job = await a_job()
    own = replace(job, own=strategies.switched(job.strategy, Cause.VOLATILITY, on=False))
    switched = replace(job, switched={Cause.VOLATILITY: own.own} if own.own is not None else {})
    told: list[tuple[int, int]] = []
    for asked in (own, switched):
        told.clear()
        async with Apart() as apart:
            found = await apart.ask(asked, lambda done, of: told.append((done, of)), in_two=True)
        here = answer(asked, lambda *_: None)
        assert told == [(0, 2), (1, 2), (2, 2)]
        assert {name: one.growth for name, one in found.ways.items()} == {name: one.growth for name, one in here.ways.items()}
        assert found.traded == here.traded
        assert (found.own and found.own.growth) == (here.own and here.own.growth)
        assert {name: one.drawdown for name, one in found.switched.items()} == {name: one.drawdown for name, one in here.switched.items()}
        assert found.on == here.on


def of_group(pid: int) -> list[int]:
    """Return the processes of a group that live."""
    found = []
    for one in (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()):
        with suppress(ProcessLookupError):
            found += [one] if os.getpgid(one) == pid and is_there(one) else []
    return found


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
    """In the middle of its work, and so is what it has forked off."""
    job, begun = await a_job(), asyncio.Event()
    async with Apart() as apart:
        pid = apart.pid
        assert pid is not None
        asked = asyncio.ensure_future(apart.ask(job, lambda *_: begun.set(), in_two=True))
        await begun.wait()
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
    assert not is_there(pid)
    await until(lambda: not of_group(pid))


@needs_proc
async def test_a_second_process_costs_time_at_most_and_goes_with_the_bot_when_the_first_is_gone() -> None:
    """One that dies or fails is stood in for; one whose first was killed ends with the pipe that the bot holds, and holds no other."""
    program = textwrap.dedent(
        """
        import os, sys, time
        from chatbot.backtest.apart.second import forked, watch_the_bot

        watch_the_bot()
        here, (out, into) = os.getpid(), os.pipe()
        works = lambda: os.getpid() != here
        dies = lambda: os.getpid() != here and os.kill(os.getpid(), 9)
        fails = lambda: os.getpid() != here and sys.exit("no")
        print(*[found() for found in map(forked, (works, dies, fails))], flush=True)
        print(here, flush=True)
        waits = forked(lambda: (print(os.getpid(), *os.listdir("/proc/self/fd"), flush=True), time.sleep(600)))
        time.sleep(600)
        """
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], text=True, cwd=ROOT, start_new_session=True, **pipes) as first:  # type: ignore[call-overload]  # noqa: ASYNC220 - read in a thread
        values, here, there = [(await asyncio.to_thread(first.stdout.readline)).split() for _ in range(3)]
        assert values == ["True", "False", "False"]
        pid, *opened = map(int, there)
        assert len(opened) == 5, "the standard ones, the way back, and the list itself"
        os.kill(int(here[0]), signal.SIGKILL)
        assert is_there(pid)
        first.stdin.close()
        await until(lambda: not is_there(pid))


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
