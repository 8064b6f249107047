"""Who may come in: nobody, until somebody with the code; then whoever the operator lets in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.access import Access, Gate
from chatbot.clock import ManualClock
from chatbot.model import Role
from chatbot.store import accounts, messages
from chatbot.store.database import Database
from tests.portfolio.still_market import START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    """Give a fresh database."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'access.sqlite'}")
    await database.migrate()
    yield database
    await database.close()


async def knock(access: Access, user: int, text: str = "hello") -> Gate:
    """Write to the bot."""
    return (await access.enter(user, user, f"user {user}", "en", text)).gate


async def test_the_first_person_with_the_code_becomes_the_operator_once(db: Database) -> None:
    """The code works once, in either spelling; afterwards it opens nothing."""
    access = Access(db, ManualClock(START), frozenset())
    code = await access.pairing_code()
    assert code
    assert await access.pairing_code() == code
    assert await knock(access, 1, "guess") is Gate.PAIR
    assert await knock(access, 2, f"/start {code}") is Gate.PAIRED
    assert await knock(access, 2) is Gate.OPEN
    assert await knock(access, 1, code) is Gate.ASKED  # who came before the operator is asked about now
    assert await knock(access, 1, code) is Gate.WAITING
    assert await access.pairing_code() is None


async def test_a_newcomer_waits_for_the_operator(db: Database) -> None:
    """Asked once, told once, let in by the operator only."""
    access = Access(db, ManualClock(START), frozenset({9}))
    assert await access.pairing_code() is None
    assert await knock(access, 9) is Gate.OPEN
    assert await knock(access, 5) is Gate.ASKED
    assert await knock(access, 5) is Gate.WAITING
    async with db.read() as tx:
        (request,) = await messages.due(tx, START)
        operator = await accounts.person(tx, 9)
        newcomer = await accounts.person(tx, 5)
    assert request.kind == "access_request"
    assert request.chat_id == 9
    assert operator is not None
    assert newcomer is not None
    assert await access.decide(newcomer, 5, Role.MEMBER) is None
    assert await knock(access, 5) is Gate.WAITING
    assert await access.decide(operator, 5, Role.MEMBER) is not None
    assert await knock(access, 5) is Gate.OPEN
    assert await access.decide(operator, 5, Role.BLOCKED) is not None
    assert await knock(access, 5) is Gate.BLOCKED


async def test_nobody_decides_about_an_operator(db: Database) -> None:
    """Two operators cannot lock each other out."""
    access = Access(db, ManualClock(START), frozenset({8, 9}))
    await knock(access, 8)
    await knock(access, 9)
    async with db.read() as tx:
        operator = await accounts.person(tx, 8)
    assert operator is not None
    assert await access.decide(operator, 9, Role.BLOCKED) is None
