"""A key that changes in one process: whoever holds the account in another opens it again, also after it has heard nothing for a while."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from chatbot.clock import SystemClock
from chatbot.keyring import Keyring
from chatbot.store.database import Database
from chatbot.vault import Vault
from tests.store import samples
from tests.store.databases import postgres_or_skip
from tests.waiting import until

if TYPE_CHECKING:
    from chatbot.model import Credentials, KeyReport

pytestmark = pytest.mark.long
#: ends every other connection to the database
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def _nothing(exchange: str, credentials: Credentials) -> KeyReport:
    raise AssertionError("no exchange is asked")


async def test_an_account_is_opened_again_where_it_is_held(db_at: str) -> None:
    here, there = Database(db_at), Database(db_at)
    changed: list[int] = []
    speaks, hears = (Keyring(db, SystemClock(), Vault(), _nothing) for db in (here, there))
    hears.on_change(changed.append)
    stored = await samples.a_portfolio(here)
    async with here.transaction() as tx:
        await tx.execute(text("UPDATE pf_portfolios SET key_id = 5"))
    hearing = asyncio.ensure_future(hears.hear())
    try:
        await until(lambda: changed == [stored.id])  # what happened before it listened is not known
        changed.clear()
        await speaks._changed(5)
        await until(lambda: changed == [stored.id])
        changed.clear()
        async with here.transaction() as tx:
            await tx.execute(text(CUT))
        await until(lambda: changed == [stored.id], lambda: "its connection was cut, and it did not look again")
        changed.clear()
        await speaks._changed(5)
        await until(lambda: changed == [stored.id])
    finally:
        hearing.cancel()
        await asyncio.wait({hearing})
        await there.close()
        await here.close()


@pytest.fixture
async def db_at() -> str:
    return await postgres_or_skip().copy()
