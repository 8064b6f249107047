"""A person's own damaged row is told by name, with who can repair it, and the rest of the answer is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from chatbot.store import accounts, tables
from tests.monitor.test_isolation import ROWS, WHOSE, rows_of
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

#: where to write, the command, what is named, and what is shown all the same
NAMED = (
    ("pf_plans SET result = '{' WHERE number = 1", "/history", "plan 1", "2 · 5 Jan 2026"),
    ("pf_legs SET price = 'NaN' WHERE plan_id = 2", "/history", "plan 2", "1 · 5 Jan 2026"),
    ("pf_plans SET proposal = '{' WHERE number = 2", "/status", "plan 2", "Net exposure"),
    ("pf_plans SET expires_at = '{' WHERE number = 2", "/status", "a plan", "Net exposure"),
    ("pf_values SET value = 'NaN'", "/status", "what it was worth on earlier days", "Net exposure"),
    ("pf_checks SET body = 'null'", "/why", "what the last check saw", "fresh"),
    ("pf_checks SET at = '{'", "/status", "what the last check saw", "Net exposure"),
    ("pf_orders SET fee = '{'", "/report", "its orders", ""),
    ("pf_strategies SET strategy = '[]'", "/review", "its earlier strategies", ""),
    ("pf_states SET body = '{'", "/status", "what I remember of its limits, signals and hedges", ""),
    ("pf_portfolios SET strategy = 'null'", "/status", "the settings of this portfolio", ""),
)
#: every command that reads what is stored of a person; the others only ask
READING = (
    *("/status", "/rebalance", "/exposure", "/hedge", "/why", "/history", "/review", "/report", "/targets", "/keep", "/bands", "/triggers"),
    *("/schedule", "/mode", "/alerts", "/portfolios", "/keys", "/settings", "/start", "/panic"),
)


async def damaged(ann: Someone, change: str) -> None:
    """Write what stands for nothing into rows of hers."""
    async with ann.program.db.transaction() as tx:
        await tx.execute(text(f"UPDATE {change}"))


async def with_a_card(ann: Someone) -> None:
    """Carry a first plan out, bring money in, and ask for a second one."""
    await ann.settle()
    await ann.say("/deposit 5000 USDT")
    await ann.say("/rebalance")
    ann.sees("Plan 2")


@pytest.mark.long
@pytest.mark.parametrize(("change", "command", "named", "shown"), NAMED)
async def test_it_is_named_and_the_rest_is_shown(tmp_path: Path, change: str, command: str, named: str, shown: str) -> None:
    async with someone(tmp_path) as ann:
        await with_a_card(ann)
        await damaged(ann, change)
        said = await ann.say(command)
        assert f"Damaged in my database: {named}." in said
        assert shown in said
        assert "Something went wrong" not in said
        if not shown:
            assert "Only the operator can repair it, from a copy of the database." in said


async def test_a_zone_that_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    """Every page that tells a day failed."""
    async with someone(tmp_path) as ann:
        await ann.set_up()
        await damaged(ann, "pf_people SET zone = '{', language = '{'")
        assert "$10,000" in await ann.say("/status")
        assert "Language: English" in await ann.say("/settings")
        async with ann.program.db.read() as tx:
            known = await accounts.person(tx, ann.user.id)
        assert known is not None
        assert known.zone == "UTC"


@pytest.mark.slow
async def test_no_command_falls_over_a_damaged_field_of_ones_own(tmp_path: Path) -> None:
    """Every field of every row of hers, under every command that reads them; but the count of plans, whose next number is taken then."""
    async with someone(tmp_path) as ann:
        await with_a_card(ann)
        portfolio = await ann.program.portfolios.by_id(1)
        assert portfolio is not None
        tried = 0
        places = [(table, column) for table in ROWS for column in sorted(set(tables.metadata.tables[table].columns.keys()) - WHOSE)]
        for table, column in places:
            async with ann.program.db.transaction() as tx:
                stored = await rows_of(tx, table, column, portfolio)
                for row, _ in stored:
                    await tx.execute(text(f"UPDATE OR IGNORE {table} SET \"{column}\" = '{{' WHERE rowid = {row}"))  # noqa: S608 - ours
            for command in READING:
                said = await ann.say(command)
                assert "Something went wrong" not in said or column == "last_plan_number", (table, column, command)
                tried += bool(stored)
            async with ann.program.db.transaction() as tx:
                for row, before in stored:
                    await tx.execute(text(f'UPDATE OR IGNORE {table} SET "{column}" = :was WHERE rowid = {row}'), {"was": before})  # noqa: S608 - ours
                await tx.execute(text("DELETE FROM pf_dialogs"))
        assert tried > 1000
