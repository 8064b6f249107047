"""The demo refuses a folder in which portfolios live on real prices: it once traded them at made-up ones (USDT 2,000 became 6,843)."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from chatbot.app import open_program
from chatbot.clock import ManualClock
from chatbot.config import load_settings
from chatbot.errors import SettingError
from chatbot.store import portfolios
from tests import nursery
from tests.inline import Inline
from tests.person import START, someone
from tests.places import ROOT
from tests.portfolio.still_market import StillMarket, bench

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path


def told(folder: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the demo on a folder, as from a shell."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DISPLAY": "", **environment}
    return nursery.run("demo", "--data", str(folder), *more, env=env, cwd=folder)


def contents(folder: Path) -> dict[str, str]:
    """Return what stands in the files of a folder but for the locks."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "lock" and not path.name.endswith("-shm")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.long
async def test_the_demo_says_whose_folder_it_is_and_changes_nothing(tmp_path: Path) -> None:
    """One sentence with the cure on standard error, exit code 2, the database as it was, and `run` opens it again."""
    async with bench(tmp_path) as on:
        still = on.market.name
        portfolio = await on.balanced()
    before = contents(tmp_path)
    done = told(tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"CHATBOT_DATA_DIR: {tmp_path} belongs to `run`: it holds 1 portfolio on the prices of {still}, and this market is made up; "
        "give another folder with --data\n"
    )
    assert contents(tmp_path) == before
    url = f"sqlite+aiosqlite:///{tmp_path / 'ballast.sqlite'}"
    other = tmp_path / "other"
    other.mkdir()
    assert "CHATBOT_DATABASE_URL: this database belongs to `run`" in told(other, CHATBOT_DATABASE_URL=url).stderr
    async with bench(tmp_path) as on:
        assert (await on.program.evaluator.look(portfolio)).figures is not None


@pytest.mark.parametrize("market", ["simulated", "replay"])
@pytest.mark.parametrize("change", ["", "UPDATE pf_portfolios SET paused = true", "UPDATE pf_portfolios SET mode = 'manual'"])
async def test_paused_and_typed_in_portfolios_and_a_run_on_a_played_market_are_no_exceptions(
    tmp_path: Path, market: str, change: str
) -> None:
    """What counts is the market that a portfolio was opened on."""
    async with bench(tmp_path) as on:
        await on.balanced()
        if change:
            async with on.program.db.transaction() as tx:
                await tx.execute(text(change))
    (tmp_path / "spot_1h").mkdir()
    options = load_settings(_env_file=None, data_dir=tmp_path, market=market if market == "simulated" else f"replay:{tmp_path}")
    with pytest.raises(SettingError, match="belongs to `run`"):
        async with open_program(options, clock=ManualClock(START), work=Inline()):
            pass


@pytest.mark.long
async def test_a_demo_folder_is_opened_by_the_demo_and_left_alone_by_a_run(tmp_path: Path) -> None:
    """A run on live prices refuses nothing: a demo portfolio in its folder is neither valued nor traded, its own are."""
    async with someone(tmp_path) as ann:
        async with ann.program.db.read() as tx:
            assert await portfolios.worlds(tx) == {}, "nobody lives there yet"
        await ann.set_up()
        await ann.confirm()
        books, number = await ann.books(), await ann.portfolio_id()
    async with someone(tmp_path, clock=ann.clock, loopback=ann.loopback) as ann:
        assert await ann.books() == books
        async with ann.program.db.read() as tx:
            before = await portfolios.accounts_of(tx, (number,))
    async with bench(tmp_path, clock=ann.clock, market=StillMarket(ann.clock)) as on:
        own = await on.balanced()
        for _ in range(5):
            await on.tick(600)
        async with on.program.db.read() as tx:
            demo = await portfolios.get(tx, number)
            assert await portfolios.accounts_of(tx, (number,)) == before
            assert await portfolios.worlds(tx) == {"simulated": 1, "still": 1}
        assert demo is not None
        assert [one.code for one in (await on.program.evaluator.look(demo)).problems] == ["other_world"]
        assert (await on.program.evaluator.look(own)).figures is not None
