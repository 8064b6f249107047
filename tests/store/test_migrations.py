"""The migration steps and ``tables.py`` say the same, and both leave the durable engine's tables alone."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from chatbot.errors import InternalError
from chatbot.model import AlertSettings, Answering, Check, HeldBack, LiveLimits, LiveTerms
from chatbot.store import accounts, flows, plans, portfolios, tables
from chatbot.store.database import Database
from chatbot.store.migrations import schema, tool
from tests.store import samples
from tests.store.databases import postgres_or_skip, sqlite_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sqlalchemy import Connection


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.sqlite), "postgres"])
async def open_empty(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """Give what opens a new, empty database on each call."""
    server = postgres_or_skip() if request.param == "postgres" else None
    numbers = iter(range(9))

    @asynccontextmanager
    async def open_one() -> AsyncIterator[Database]:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        database = Database(await server.copy("template0") if server else sqlite_url(folder))
        try:
            yield database
        finally:
            await database.close()

    return open_one


async def _call(db: Database, fn: Callable[[Connection], Any]) -> Any:
    async with db.transaction() as tx:
        return await tx.run_sync(fn)


def _differences(connection: Connection, **options: Any) -> list[Any]:
    """Return what the migration tool would write into a new step."""
    settings = {"include_name": lambda name, kind, _parents: schema.is_ours(name, kind), "compare_type": True} | options
    return list(compare_metadata(MigrationContext.configure(connection, opts=settings), tables.metadata))


def _definitions(connection: Connection) -> dict[str, Any]:
    """Return the text of everything that the database was told to keep: tables, indexes and constraints, checks included."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
        return {name: _parts(sql) for name, sql in rows}
    query = """
        SELECT 'index ' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION SELECT 'constraint ' || conrelid::regclass || conname, pg_get_constraintdef(oid) FROM pg_constraint
              WHERE connamespace = 'public'::regnamespace
        UNION SELECT 'column ' || table_name || column_name, concat_ws(' ', data_type, is_nullable, column_default, identity_generation)
              FROM information_schema.columns WHERE table_schema = 'public'
    """
    return {row[0]: row[1] for row in connection.execute(text(query))}


def _parts(sql: str) -> list[str]:
    """Split a statement at the commas outside of inner brackets: columns and constraints may stand in any order, as a step adds them."""
    parts, level = [""], 0
    for char in re.sub(r"\s+", "", sql).removesuffix(")"):
        level += (char == "(") - (char == ")")
        if char == "," and level <= 1:
            parts.append("")
        else:
            parts[-1] += char
    return sorted(parts)


async def test_running_every_step_leads_to_the_tables(open_empty: Callable[[], Any]) -> None:
    async with open_empty() as db:
        await _call(db, schema.upgrade)
        assert await _call(db, _differences) == []
        assert await _call(db, schema.stored_version) == schema.HEAD


@pytest.mark.long
async def test_a_new_database_and_a_migrated_one_are_the_same_to_the_last_check(open_empty: Callable[[], Any]) -> None:
    async with open_empty() as made, open_empty() as migrated:
        await made.migrate()
        await _call(migrated, schema.upgrade)
        found = await _call(made, _definitions)
        assert found == await _call(migrated, _definitions)
    assert sum("pf_plans" in name for name in found) >= 3


async def test_the_comparison_sees_a_missing_column(open_empty: Callable[[], Any]) -> None:
    async with open_empty() as db:
        await db.migrate()
        await _call(db, lambda connection: connection.execute(text("ALTER TABLE pf_alerts DROP COLUMN line")))
        assert [difference[0] for difference in await _call(db, _differences)] == ["add_column"]


@pytest.mark.long
async def test_the_durable_engines_tables_are_left_alone(open_empty: Callable[[], Any]) -> None:
    async with open_empty() as db:
        await db.migrate()  # ours come first: a file with tables of others alone is refused
        await _call(db, lambda connection: connection.execute(text("CREATE TABLE workflow_status (id TEXT PRIMARY KEY)")))
        await db.migrate()
        assert await _call(db, _differences) == []
        unfiltered = await _call(db, lambda connection: _differences(connection, include_name=None))
    dropped = {difference[1].name for difference in unfiltered if difference[0] == "remove_table"}
    assert "workflow_status" in dropped, "without the filter the tool would drop it"


async def test_migrating_again_changes_nothing_and_keeps_the_rows(open_empty: Callable[[], Any]) -> None:
    async with open_empty() as db:
        await db.migrate()
        await _call(db, lambda connection: connection.execute(text("INSERT INTO pf_meta VALUES ('k', 'v')")))
        before = await _call(db, _definitions)
        await db.migrate()
        assert await _call(db, _definitions) == before
        assert await _call(db, lambda connection: connection.execute(text("SELECT value FROM pf_meta")).scalar_one()) == "v"


@pytest.mark.long
async def test_a_database_of_a_newer_program_is_refused_with_a_cure(open_empty: Callable[[], Any]) -> None:
    async with open_empty() as db:
        await db.migrate()
        await _call(db, lambda connection: connection.execute(text("UPDATE pf_schema_version SET version_num = '9999'")))
        with pytest.raises(InternalError, match="another version of the program"):
            await db.migrate()


def test_the_head_that_the_program_looks_for_is_the_last_step() -> None:
    assert ScriptDirectory.from_config(tool.config()).get_current_head() == schema.HEAD


@pytest.mark.long
def test_neither_a_new_nor_an_up_to_date_database_loads_the_migration_tool(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
from chatbot.store.database import Database
async def main():
    for _ in range(2):
        database = Database({sqlite_url(tmp_path)!r})
        await database.migrate()
        await database.close()
asyncio.run(main())
print([name for name in sys.modules if name.startswith("alembic")])
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


#: columns by the step that added them
ADDED = {
    "0002": (("pf_legs", "slippage_bps"),),
    "0003": (
        ("pf_people", "alerts"),
        ("pf_portfolios", "answering"),
        ("pf_plans", "decided_by"),
        ("pf_plans", "acts_at"),
        ("pf_outbox", "held_until"),
    ),
    "0005": (("pf_portfolios", "closed_at"),),
    "0006": (("pf_values", "at"),),
    "0007": (("pf_portfolios", "quote"),),
    "0009": (("pf_portfolios", "live"),),
    "0010": (("pf_portfolios", "key_id"),),
    "0011": (("pf_portfolios", "account"),),
    "0012": (("pf_values", "mark"), ("pf_orders", "fees")),
    "0013": (("pf_orders", "held"),),
    "0016": (("pf_updates", "share"), ("pf_updates", "sealed"), ("pf_updates", "tries")),
}
#: tables by the step that added them
ADDED_TABLES = {
    "0006": ("pf_flows",),
    "0008": ("pf_keys",),
    "0014": ("pf_history",),
    "0015": ("pf_strategies",),
    "0016": ("pf_chats",),
    "0017": ("pf_tried",),
}
#: indexes by the step that added them to a table that was there
ADDED_INDEXES = {"0010": "uq_pf_portfolios_key", "0011": "uq_pf_portfolios_account", "0016": "ix_pf_updates_unfinished"}


async def _back_to(db: Database, version: str) -> None:
    """Take away what every later step added."""
    for step, index in ADDED_INDEXES.items():
        if version < step:
            await _call(db, lambda connection, index=index: connection.execute(text(f"DROP INDEX {index}")))
    for table, column in (added for step, columns in ADDED.items() if step > version for added in columns):
        drop = f"ALTER TABLE {table} DROP COLUMN {column}"
        await _call(db, lambda connection, drop=drop: connection.execute(text(drop)))
    for table in (added for step, names in ADDED_TABLES.items() if step > version for added in names):
        await _call(db, lambda connection, table=table: connection.execute(text(f"DROP TABLE {table}")))
    stamp = text("UPDATE pf_schema_version SET version_num = :version")
    await _call(db, lambda connection: connection.execute(stamp, {"version": version}))


@pytest.mark.long
async def test_plans_of_before_the_slippage_step_are_kept(open_empty: Callable[[], Any]) -> None:
    """Their legs do not know what they were expected to lose to the market."""
    async with open_empty() as db:
        await db.migrate()
        stored = await samples.a_plan(db, (await samples.a_portfolio(db)).id)
        await _back_to(db, "0001")
        await db.migrate()
        assert await _call(db, _differences) == []
        async with db.read() as tx:
            found = await plans.plan(tx, stored.id)
    assert found is not None
    assert [leg.instrument for leg in found.legs] == ["BTC", "SOL"]
    assert {leg.slippage_bps for leg in found.legs} == {None}


async def test_portfolios_people_and_plans_of_before_the_answering_step_are_kept(open_empty: Callable[[], Any]) -> None:
    """They answer as they did: nothing is done alone, an unanswered plan expires, everything rings."""
    async with open_empty() as db:
        await db.migrate()
        stored = await samples.a_plan(db, (await samples.a_portfolio(db)).id)
        await _back_to(db, "0002")
        await db.migrate()
        assert await _call(db, _differences) == []
        async with db.read() as tx:
            portfolio = await portfolios.get(tx, stored.portfolio_id)
            person = await accounts.person(tx, 7)
            found = await plans.plan(tx, stored.id)
    assert portfolio is not None
    assert person is not None
    assert portfolio.answering == Answering()
    assert person.alerts == AlertSettings()
    assert found == stored


async def test_checks_of_before_the_figures_step_are_read_at_once(open_empty: Callable[[], Any]) -> None:
    """What /why reads after an upgrade is the check that the older version has stored."""
    async with open_empty() as db:
        await db.migrate()
        portfolio = await samples.a_portfolio(db)
        seen = Check(at=samples.NOW, figures=samples.FIGURES, held_back=HeldBack.INSIDE)
        async with db.transaction() as tx:
            await portfolios.save_checks(tx, {portfolio.id: seen})
        older = text("""UPDATE pf_checks SET body = replace(body, '"figures":', '"shape":')""")
        await _call(db, lambda connection: connection.execute(older))
        await _back_to(db, "0003")
        await db.migrate()
        async with db.read() as tx:
            assert await portfolios.check(tx, portfolio.id) == seen


async def test_portfolios_of_one_name_are_told_apart_by_the_closing_step(open_empty: Callable[[], Any]) -> None:
    """Before it a second set-up left two of the same name, of which nobody knew which one acted; everything is open."""
    async with open_empty() as db:
        await db.migrate()
        made = [await samples.a_portfolio(db, person_id=1 + (at == 3), name="balanced") for at in range(4)]
        await _back_to(db, "0004")
        await db.migrate()
        assert await _call(db, _differences) == []
        async with db.read() as tx:
            found = await portfolios.many(tx, [one.id for one in made])
    assert [found[one.id].name for one in made] == ["balanced", "balanced 2", "balanced 3", "balanced"]
    assert all(one.is_open for one in found.values())


@pytest.mark.long
async def test_values_of_before_the_flows_step_are_kept(open_empty: Callable[[], Any]) -> None:
    """When in its day such a value was taken is not known; nothing is known to have come or gone."""
    async with open_empty() as db:
        await db.migrate()
        portfolio = await samples.a_portfolio(db)
        async with db.transaction() as tx:
            await flows.record_values(tx, [(portfolio.id, flows.Opening(day=samples.NOW.date(), at=samples.NOW, value=Decimal("1.50")))])
        await _back_to(db, "0005")
        await db.migrate()
        assert await _call(db, _differences) == []
        async with db.read() as tx:
            (opening,) = await flows.openings(tx, portfolio.id, (samples.NOW.date(),))
            assert opening == flows.Opening(day=samples.NOW.date(), at=None, value=Decimal("1.50"))
            assert await flows.of_portfolio(tx, portfolio.id) == ()


async def test_portfolios_of_before_the_step_of_real_money_have_agreed_to_nothing(open_empty: Callable[[], Any]) -> None:
    """Whatever they were; and a consent that was given is read as it was written."""
    terms = LiveTerms(since=samples.NOW, limits=LiveLimits(order=Decimal(500)), is_tried=True)
    async with open_empty() as db:
        await db.migrate()
        old = await samples.a_portfolio(db)
        await _back_to(db, "0008")
        await db.migrate()
        assert await _call(db, _differences) == []
        async with db.transaction() as tx:
            before = await portfolios.get(tx, old.id)
            assert before is not None
            await portfolios.save(tx, replace(before, live=terms))
            after = await portfolios.get(tx, old.id)
    assert (before.live, after and after.live) == (None, terms)


async def test_portfolios_of_before_the_quote_coin_step_are_kept_in_usdt(open_empty: Callable[[], Any]) -> None:
    """Until then there was no other; one that is kept in USDC says so for good, whatever is saved of it."""
    async with open_empty() as db:
        await db.migrate()
        old = await samples.a_portfolio(db)
        await _back_to(db, "0006")
        await db.migrate()
        assert await _call(db, _differences) == []
        new = await samples.a_portfolio(db, name="in USDC", quote="USDC")
        async with db.transaction() as tx:
            await portfolios.save(tx, replace(new, quote="USDT", paused=True))
        async with db.read() as tx:
            found = await portfolios.many(tx, (old.id, new.id))
    assert [found[one].quote for one in (old.id, new.id)] == ["USDT", "USDC"]
    assert found[new.id].paused
