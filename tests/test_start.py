"""A start: what is loaded before the first question for updates, in which order the server is asked, and work that comes behind it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import Settings
from chatbot.durable import Durable, Standing
from chatbot.ground import open_ground
from handlers.bot import build
from handlers.loopback import TelegramUser
from handlers.loopback.loopback import Loopback
from handlers.transport.line import TelegramLine, connect
from handlers.transport.running import running
from tests.person import START
from tests.places import ROOT
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.ground import Ground

ADA = TelegramUser(id=1001, name="Ada", language="en")
#: what a start does without: the durable engine and its driver, pictures, the migration tool, exchanges, the web server, PostgreSQL
HEAVY = ("dbos", "psycopg", "matplotlib", "PIL", "alembic", "ccxt", "aiohttp", "sqlalchemy.dialects.postgresql")


@pytest.mark.long
def test_what_the_first_answer_does_not_need_is_not_loaded_before_it() -> None:
    """Every module that a start on live prices imports, and none of the heavy libraries."""
    code = (
        "import sys, chatbot.app, handlers.bot, handlers.transport.running\n"
        "from chatbot.exchanges.sources import price_source\n"
        "price_source('live:binance', None)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], 'telegram' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


@pytest.mark.long
def test_nothing_of_what_answers_people_is_loaded_before_they_are_heard() -> None:
    """Database and line come without the program behind them, and without the mapper of objects that nobody uses."""
    later = (*HEAVY, "numpy", "sqlalchemy.orm", "chatbot.app", "chatbot.engine", "handlers.bot", "handlers.views")
    code = f"import sys, handlers.run\nprint([name for name in {later!r} if name in sys.modules], 'telegram' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


@pytest.mark.long
def test_no_query_meets_a_library_that_another_thread_has_loaded_by_half() -> None:
    """The durable engine is imported in a thread; what queries of that moment pass through is there before."""
    code = (
        "import asyncio, sys, threading, chatbot.store.database\n"
        "from chatbot import durable\n"
        "def opened():\n"
        "    where = threading.current_thread() is threading.main_thread()\n"
        "    raise RuntimeError([where, hasattr(sys.modules.get('sqlalchemy.orm.exc'), 'UnmappedClassError')])\n"
        "durable.open_engine = opened\n"
        "print('sqlalchemy.orm' in sys.modules)\n"
        "try: asyncio.run(object.__new__(durable.Durable)._launch())\n"
        "except RuntimeError as said: print(said)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["False", "[False, True]"]


@pytest.mark.long
def test_a_process_that_plays_a_past_loads_no_database_and_no_settings() -> None:
    """What trades a past is what trades for people, without the store: half of such a process was libraries never used."""
    never = (*HEAVY, "sqlalchemy", "pydantic", "telegram", "chatbot.store", "chatbot.charts")
    code = f"import sys, chatbot.backtest.question\nprint([name for name in {never!r} if name in sys.modules], 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"


@pytest.mark.long
async def test_people_are_heard_before_anybody_can_answer_and_answered_then(tmp_path: Path) -> None:
    """What was written meanwhile is answered; a start that finds an update of an earlier process queues that one first."""
    clock = ManualClock(START)
    settings = Settings(_env_file=None, data_dir=tmp_path, market="simulated", operator_ids="1001")
    loopback = Loopback(clock)
    async with open_ground(settings, clock) as ground, asyncio.timeout(LIMIT_S):
        first = _line(ground, loopback)
        listening = asyncio.ensure_future(first.listen())
        await first.asked.wait()
        await loopback.text(ADA, "/help")
        await first.updates.get()
        listening.cancel()
        await asyncio.wait({listening})

        line = _line(ground, loopback)
        listening = asyncio.ensure_future(line.listen())
        await line.reached.wait()
        await loopback.text(ADA, "/privacy")
        assert line.is_behind
        assert not line.asked.is_set()
        async with open_program(settings, ground=ground, start_work=False) as program:
            async with running(program, build(program, line)):
                await loopback.wait(lambda: len([one for one in loopback.chat(ADA.id) if one.sender is None]) >= 2)
            assert listening.done()
    answers = [one.text for one in loopback.chat(ADA.id) if one.sender is None]
    assert "/rebalance" in answers[0]
    assert "/privacy" not in answers[1]


def _line(ground: Ground, loopback: Loopback) -> TelegramLine:
    ends = {"request": loopback.request(), "updates_request": loopback.request()}
    return connect(ground.settings, ground.db, ground.clock, token=loopback.token, **ends)


async def test_updates_are_asked_for_before_the_menu_is_published(tmp_path: Path) -> None:
    """Who has written meanwhile does not wait until every language is read."""
    clock = ManualClock(START)
    settings = Settings(_env_file=None, data_dir=tmp_path, market="simulated", operator_ids="1")
    loopback = Loopback(clock)
    async with (
        open_ground(settings, clock) as ground,
        open_program(settings, ground=ground, start_work=False) as program,
        running(program, build(program, _line(ground, loopback))),
    ):
        await loopback.wait(lambda: [call.method for call in loopback.calls].count("setMyCommands") >= 4)
    methods = [call.method for call in loopback.calls]
    assert methods[:2] == ["getMe", "deleteWebhook"]
    assert methods.index("getUpdates") < methods.index("setMyCommands")


async def test_work_that_was_not_started_starts_when_it_is_needed(tmp_path: Path) -> None:
    """Once, however many ask for it at the same time; a stop without a start has nothing to do."""
    url, launched = f"sqlite+aiosqlite:///{tmp_path / 'work.db'}", []
    await Durable(url).stop()

    class Counted(Durable):
        async def _launch(self) -> None:
            launched.append(1)
            await super()._launch()

    work = Counted(url)
    try:
        assert set(await asyncio.gather(*(work.standing("plan-1") for _ in range(3)))) == {Standing.MISSING}
        await work.start()
        assert launched == [1]
    finally:
        await work.stop()
