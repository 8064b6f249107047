"""The disk fills up while the bot runs: it survives, says little, loses nothing, doubles nothing, and goes on when there is room."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.model import MessageKind
from chatbot.store import messages
from handlers.transport.delivery import Courier
from tests.full_disk import on_a_small_disk
from tests.person import ANN, START, someone
from tests.places import ROOT
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.full_disk import Disk
    from tests.person import Someone

#: CI runs them after the plain run
pytestmark = pytest.mark.long


class Brisk(ManualClock):
    """A clock on which no pause is long, and on which little time passes all the same."""

    async def sleep(self, seconds: float) -> None:
        """Let a blink of time pass."""
        self.advance(min(seconds, 0.05))
        await asyncio.sleep(0.01)


@asynccontextmanager
async def alive(ann: Someone) -> AsyncIterator[asyncio.Task[None]]:
    """Run everything that the bot runs, with a clock that makes no pause long."""
    running = asyncio.ensure_future(ann.program.run(Courier(ann.program, ann.bot.bot), ann.outbox))
    listening = asyncio.ensure_future(ann.line.poll())
    handling = asyncio.ensure_future(_handle(ann))
    try:
        yield running
    finally:
        for task in (running, listening, handling):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(running, listening, handling)


async def _handle(ann: Someone) -> None:
    while True:
        update = await ann.bot.update_queue.get()
        await ann.bot.update_processor.process_update(update, ann.bot.process_update(update))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return on_a_small_disk(monkeypatch)


async def test_a_running_bot_survives_a_full_disk_and_goes_on(tmp_path: Path, disk: Disk) -> None:
    """A message that waits, one that is written meanwhile, and what the person sends: each arrives once, none is lost."""
    async with someone(tmp_path, clock=Brisk(START)) as ann:
        await ann.set_up()
        before = ann.newest
        async with ann.program.db.transaction() as tx:
            facts = {"at": ann.clock.now().isoformat()}
            await messages.post(tx, chat_id=ANN.id, kind=MessageKind.ANSWER_LOST, facts=facts, key="waits", now=ann.clock.now())
        with disk.full():
            async with alive(ann) as running:
                await ann.loopback.text(ANN, "/exposure")
                seen = disk.refused
                await until(lambda: disk.refused > seen + 60)
                assert not running.done()
                lost = [one.text for one in ann.messages if one.id > before and "Telegram did not take my answer" in one.text]
                assert len(lost) <= 1, "a verdict that cannot be written down is no reason to say it again"
                assert not [one for one in ann.messages if one.id > before and "Net exposure" in one.text], "not yet written down"
                disk.is_full = False
                await until(lambda: any("Net exposure" in one.text for one in ann.messages if one.id > before))
                await until(lambda: any("did not take my answer" in one.text for one in ann.messages if one.id > before))
                checked = ann.program.monitor.last
                await until(lambda: ann.program.monitor.last is not checked)
                await until(lambda: not ann.outbox._unwritten and not ann.outbox._on_the_way)
                assert not running.done()
        said = [one.text for one in ann.messages if one.id > before]
        assert len([text for text in said if "did not take my answer" in text]) == 1
        assert len([text for text in said if "Net exposure" in text]) == 1
        async with ann.program.db.read() as tx:
            assert await messages.due(tx, ann.clock.now()) == ()


async def test_a_verdict_that_cannot_be_written_holds_its_chat_and_no_other(tmp_path: Path, disk: Disk) -> None:
    """Sent, and the disk is full: nothing more goes to that chat, the message does not come again, and its place in the order stays."""
    async with someone(tmp_path) as ann:
        await ann.say("/start")
        before = ann.newest
        async with ann.program.db.transaction() as tx:
            for at in range(3):
                kind = MessageKind.ANSWER_LOST if at % 2 else MessageKind.ACCESS_GRANTED
                facts = {"at": ann.clock.now().isoformat()}
                await messages.post(tx, chat_id=ANN.id, kind=kind, facts=facts, key=f"m{at}", now=ann.clock.now())
        with disk.full():
            for _ in range(5):
                await ann.outbox.drain()
                ann.clock.advance(60)
            assert len([one for one in ann.messages if one.id > before]) == 1
        await ann.outbox.drain()
        assert [one.text.split()[0] for one in ann.messages if one.id > before] == ["The", "Telegram", "The"]


CHILD = """
import asyncio, sys, pathlib
import pytest
from chatbot import logs
from tests.full_disk import on_a_small_disk
from tests.person import START, someone
from tests.regressions.test_full_disk_while_running import Brisk, alive

async def main(folder):
    disk = on_a_small_disk(pytest.MonkeyPatch())
    async with someone(pathlib.Path(folder), clock=Brisk(START)) as ann:
        await ann.set_up()
        logs.set_up("WARNING")
        disk.is_full = True
        async with alive(ann) as running:
            await ann.loopback.text(ann.user, "/status")
            while disk.refused < 200 and not running.done():
                await asyncio.sleep(0.05)
            print("refused", disk.refused, "ended", running.done())
            disk.is_full = False

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.slow
def test_hundreds_of_refusals_are_a_few_lines_of_log(tmp_path: Path) -> None:
    """99 kB in seconds it was; the same line comes five times a minute at most, whichever part of the bot has it."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    found = re.search(r"refused (\d+) ended False", done.stdout)
    assert found, done.stderr[-2000:]
    assert int(found[1]) >= 200
    assert "full" in done.stderr
    assert len(done.stderr) < 100_000, "bounded, whatever the number of tries"
