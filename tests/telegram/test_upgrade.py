"""Another version takes over while a plan is under way: it moves the database on, finishes the plan, and nobody can go back by accident."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from chatbot.model import PlanState
from chatbot.store.migrations import schema
from tests.places import ROOT
from tests.store.databases import postgres_or_skip, sqlite_url
from tests.telegram.server import BotProcess, TelegramServer
from tests.telegram.test_real_process import PATIENCE_S, Ann
from tests.telegram.test_standby import _CARDS, _books, _confirms, _results

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")]
#: a plan of nine legs with new quotes, on a machine that is busy otherwise; seconds
_PLAN_S = 300.0
#: a step that only the second version knows
_STEP = """\"\"\"What the second version keeps besides.\"\"\"

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    \"\"\"Add a table.\"\"\"
    op.create_table("pf_second", sa.Column("id", sa.BigInteger(), primary_key=True))
"""


def second_version(folder: Path) -> Path:
    """Write the program as another version: the database has one step more, and a plan is carried out in steps of other names."""
    for part in ("chatbot", "handlers", "locale"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    steps = folder / "chatbot/store/migrations"
    (steps / "versions/9999_second.py").write_text(_STEP.format(head=schema.HEAD), encoding="utf-8")
    _changed(steps / "schema.py", f'HEAD = "{schema.HEAD}"', 'HEAD = "9999"')
    _changed(folder / "chatbot/execution/executor.py", 'work.step("move_plan")', 'work.step("move_plan_on")')
    return folder


def _changed(file: Path, before: str, after: str) -> None:
    """Change a line of the second version."""
    text = file.read_text(encoding="utf-8")
    assert before in text, f"{file.name} has another line by now: the second version has to differ in it"
    file.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("ends", ["killed", "stopped"])
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
async def test_another_version_finishes_the_plan_that_was_under_way(server: TelegramServer, tmp_path: Path, store: str, ends: str) -> None:
    """Every order was sent once, the result is told once, the next plan goes its way, and the first version refuses in one sentence."""
    url = sqlite_url(tmp_path) if store == "sqlite" else await postgres_or_skip().copy("template0")
    settings = {"DATABASE_URL": url, "MARKET_SPEED": "60"}
    first = BotProcess(server.url, tmp_path, **settings)
    second = BotProcess(server.url, tmp_path, code=second_version(tmp_path / "second"), **settings)
    try:
        await first.start()
        ann = Ann(server=server, bot=first)
        await ann.sets_up()
        await _confirms(ann)
        await (first.kill() if ends == "killed" else first.stop())
        assert _results(server) == [], "the plan was to be under way"
        ann.bot = second
        await second.start(loads=True)
        await server.loopback.wait(lambda: _results(server) or None, _PLAN_S)
        await ann.says("/targets BTC 40 ETH 20 ALT 20 USDT 20")
        await ann.says("/rebalance")
        await _confirms(ann)
        await server.loopback.wait(lambda: len(_results(server)) > 1 or None, _PLAN_S)
        assert await second.stop() == 0
        before = len(first.printed)
        await first.start(loads=True)
        assert await first.ended(PATIENCE_S) == 2
        (sentence,) = first.printed[before:].strip().splitlines()
        assert sentence.startswith("the database fits another version of the program")
        made, known, filled = await _books(url)
        assert [plan.state for plan in made if plan.state not in _CARDS] == [PlanState.DONE] * 2
        assert {name: qty for name, qty in known.items() if qty} == {name: qty for name, qty in filled.items() if qty}
        assert len(_results(server)) == 2
    finally:
        for bot in (first, second):
            await bot.kill()
