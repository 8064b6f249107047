"""What the doctor says about portfolios that the running bot cannot check: which, since when, how often, and under which error id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatbot.config import Settings
from chatbot.store import accounts
from handlers.doctor import Finding, _database
from tests.monitor.test_isolation import ANN, opened
from tests.portfolio.still_market import bench

if TYPE_CHECKING:
    from pathlib import Path


#: the doctor is given the folder of a file
pytestmark = pytest.mark.sqlite


async def portfolios(folder: Path) -> Finding:
    """Return what the doctor finds in a folder's database."""
    return next(one for one in await _database(Settings(_env_file=None, data_dir=folder)) if one.what == "portfolios")


async def test_a_portfolio_that_breaks_is_named_until_it_is_well_a_restart_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot runs, stumbles, is started again, and checks it at last; the doctor follows, and its person is told once each way."""

    async def breaks(*_: Any, **__: Any) -> Any:
        raise OverflowError("a number that is none")

    async with bench(tmp_path) as on:
        ann = await opened(on, ANN)
        await on.tick()
        assert await portfolios(tmp_path) == Finding(what="portfolios", ok=True, detail="none that cannot be checked")
        monkeypatch.setattr(on.program.evaluator, "_look", breaks)
        since = on.clock.now()
        for _ in range(8):
            on.program.roster._restless |= {ann.id}
            await on.tick()
        (told,) = [message for message in await on.mail() if message.kind == "stumbled"]
        found = await portfolios(tmp_path)
        assert not found.ok
        (first, cure) = found.detail.rsplit("; ", 1)
        assert first.startswith(f"portfolio {ann.id} cannot be checked since {since:%Y-%m-%d} 09:02 UTC, tried 3 times: OverflowError")
        assert first.endswith(f"error id {told.facts['id']}")
        assert "log" in cure
        clock = on.clock
    async with bench(tmp_path, clock=clock) as on:
        await on.tick()
        assert [message.kind for message in await on.mail() if message.chat_id == ANN.chat_id] == ["evaluated_again"]
        assert (await portfolios(tmp_path)).ok


@pytest.mark.parametrize("text", ["{", "[]", "null", '{"id": 1}', '{"id":"a","what":"b","since":"x","times":1,"until":"y"}', "[" * 100_000])
async def test_a_note_that_cannot_be_read_is_named_and_stops_nobody(tmp_path: Path, text: str) -> None:
    """Half a write or another version: the doctor names the portfolio all the same, and the bot starts and checks."""
    async with bench(tmp_path) as on:
        ann = await opened(on, ANN)
        async with on.program.db.transaction() as tx:
            await accounts.set_meta(tx, f"stumble:{ann.id}", text)
            await accounts.set_meta(tx, "stumble:none", text)
        await on.tick()
        found = await portfolios(tmp_path)
        assert f"portfolio {ann.id} cannot be checked" in found.detail
        assert not found.ok


async def test_a_folder_without_a_database_has_no_portfolios(tmp_path: Path) -> None:
    """Nothing is made by looking."""
    assert [one.what for one in await _database(Settings(_env_file=None, data_dir=tmp_path / "none"))] == ["database"]
    assert not (tmp_path / "none").exists()
