"""More people than fit into one page, one question, or one transaction: everybody is watched, told, and written to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.alerts import write
from chatbot.monitor.roster import Roster
from chatbot.store import portfolios, tables
from chatbot.store.database import Database
from chatbot.triggers import machines
from tests.portfolio.still_market import bench
from tests.store import samples
from tests.store.databases import sqlite_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Portfolio
    from chatbot.monitor.check import Tick
    from chatbot.store.database import Tx
    from tests.portfolio.still_market import Bench

#: more than a page of the roster, a question of the store, and a chunk of the check
MANY = 263


async def copies(tx: Tx, portfolio: Portfolio, count: int) -> list[Portfolio]:
    """Store copies of a portfolio with its account."""
    account = (await portfolios.accounts_of(tx, [portfolio.id])).get(portfolio.id)
    found = []
    for _ in range(count):
        found.append(await portfolios.add(tx, portfolio))
        if account is not None:
            await portfolios.save_account(tx, found[-1].id, account)
    return found


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Give an empty database."""
    opened = Database(sqlite_url(tmp_path))
    await opened.migrate()
    yield opened
    await opened.close()


@pytest.mark.parametrize("count", [0, 249, 250, 251, 501])
async def test_everybody_is_loaded_whatever_the_page(database: Database, count: int) -> None:
    """On both sides of a full page, and of two; who is paused is left out."""
    async with database.transaction() as tx:
        await samples.a_person(tx)
        made = await copies(tx, samples.portfolio(7), count)
        await portfolios.add(tx, samples.portfolio(7, paused=True))
    roster = Roster(database)
    await roster.refresh()
    assert len(roster) == count
    async with database.read() as tx:
        ids = [portfolio.id for portfolio in made]
        assert [portfolio.id for portfolio in await portfolios.active(tx)] == ids
        assert sorted(await portfolios.many(tx, ids)) == ids
        assert len(await portfolios.active(tx, limit=251)) == min(count, 251)


async def test_the_machines_of_a_strategy_are_worked_out_once_for_all_who_share_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For thousands, one after the other, that is what kept everybody else from the loop after a start."""
    async with database.transaction() as tx:
        await samples.a_person(tx)
        first = samples.portfolio(7)
        await copies(tx, first, 6)
        await copies(tx, replace(first, strategy=replace(first.strategy, futures_net=Decimal("0.05"))), 6)
    asked, all_machines = list[str](), machines.all_machines
    monkeypatch.setattr(machines, "all_machines", lambda *of: asked.append("all") or all_machines(*of))
    monkeypatch.setattr(machines, "active_machines", lambda *of: asked.append("active") or ())
    roster = Roster(database)
    await roster.refresh()
    assert (len(roster), sorted(asked)) == (12, ["active", "active", "all", "all"])


@pytest.mark.long
async def test_a_check_of_hundreds_looks_at_everybody_and_tells_everybody(tmp_path: Path) -> None:
    """The first look is exact for all; after a rise each of them rings, and each has its own alert."""
    async with bench(tmp_path) as on:
        first = await on.balanced()
        async with on.program.db.transaction() as tx:
            others = await copies(tx, first, MANY - 1)
        ids = {portfolio.id for portfolio in (first, *others)}
        await on.tick()
        assert (last(on).portfolios, last(on).examined) == (MANY, MANY)
        on.market.move("BTC", "1.5")
        assert await on.tick() == (2 * MANY, 0)
        async with on.program.db.read() as tx:
            rows = (await tx.execute(tables.outbox.select())).all()
            checks = await portfolios.checks_of(tx, ids)
        assert {row.facts["portfolio_id"] for row in rows if row.kind == "drift_alert"} == ids
        assert checks.keys() == ids
        assert all(check.fired for check in checks.values())


def last(on: Bench) -> Tick:
    """Return what the last check did."""
    assert on.program.monitor.last is not None
    return on.program.monitor.last


@pytest.mark.long
async def test_hundreds_are_told_of_checks_that_did_not_happen(database: Database) -> None:
    """Each portfolio once."""
    async with database.transaction() as tx:
        await samples.a_person(tx)
        made = await copies(tx, samples.portfolio(7), MANY)
        await write.tell_missed(tx, samples.NOW, samples.NOW, 3, exact=True)
        rows = (await tx.execute(tables.outbox.select())).all()
        assert [row.facts["portfolio_id"] for row in rows] == [portfolio.id for portfolio in made]
