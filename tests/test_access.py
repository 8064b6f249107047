"""Who may come in: nobody, until somebody with the code; then whoever the operator lets in."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from chatbot.access import Access, Gate
from chatbot.clock import ManualClock
from chatbot.model import Role
from chatbot.store import accounts, messages
from chatbot.store.database import Database
from tests.portfolio.still_market import START
from tests.ready import with_tables
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    """Give a fresh database."""
    await with_tables(tmp_path / "access.sqlite")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'access.sqlite'}")
    yield database
    await database.close()


async def nothing_runs(*_: object) -> None:
    """Stop nothing: there are no plans here."""


async def knock(access: Access, user: int, text: str = "hello") -> Gate:
    """Write to the bot."""
    return (await access.enter(user, user, f"user {user}", "en", text)).gate


async def test_the_first_person_with_the_code_becomes_the_operator_once(db: Database) -> None:
    """The code works once, in either spelling; afterwards it opens nothing."""
    access = Access(db, ManualClock(START), frozenset(), barred=nothing_runs)
    code = await access.pairing_code()
    assert code
    assert await access.pairing_code() == code
    assert await knock(access, 1, "guess") is Gate.PAIR
    assert await knock(access, 2, f"/start {code}") is Gate.PAIRED
    assert await knock(access, 2) is Gate.OPEN
    assert await knock(access, 1, code) is Gate.ASKED  # who came before the operator is asked about now
    assert await knock(access, 1, code) is Gate.WAITING
    assert await access.pairing_code() is None


async def test_whoever_comes_in_as_ever_waits_for_no_writer(db: Database) -> None:
    """A check of thousands holds a SQLite file's one lock again and again; what has changed of somebody is written down all the same."""
    access = Access(db, ManualClock(START), frozenset({1}), barred=nothing_runs)
    assert await knock(access, 1) is Gate.OPEN
    async with db.transaction():
        assert await asyncio.wait_for(knock(access, 1), LIMIT_S) is Gate.OPEN
    async with db.transaction() as tx:
        await accounts.mark_unreachable(tx, 1)
    assert (await access.enter(1, 1, "Ada", "en", "hello")).person.name == "Ada"
    known = await access.known(1)
    assert known is not None
    assert (known.name, known.unreachable) == ("Ada", False)


async def test_the_code_is_long_and_runs_out_after_an_hour(db: Database) -> None:
    """At least 64 bits; a new one takes its place, and the old one opens nothing."""
    clock = ManualClock(START)
    access = Access(db, clock, frozenset(), barred=nothing_runs)
    code = str(await access.pairing_code())
    assert len(bytes.fromhex(code)) * 8 >= 64
    clock.advance(3599)
    assert await access.pairing_code() == code
    clock.advance(1)
    assert await knock(access, 1, code) is Gate.PAIR, "it ran out, although nobody has asked for a new one"
    new = str(await access.pairing_code())
    assert new != code
    assert await knock(access, 1, code) is Gate.PAIR
    assert await knock(access, 1, new) is Gate.PAIRED


@pytest.mark.parametrize("form", ["{}", "/start {}"])
async def test_five_wrong_tries_close_the_pairing_for_a_while_and_void_the_code(db: Database, form: str) -> None:
    """From however many people; the right code is then answered like a wrong one."""
    clock = ManualClock(START)
    access = Access(db, clock, frozenset(), barred=nothing_runs)
    code = str(await access.pairing_code())
    for user in range(5):
        assert await access.pairing_code() == code
        assert await knock(access, user, form.format(f"{user:020x}")) is Gate.PAIR
    assert await access.pairing_code() == ""
    assert await knock(access, 7, form.format(code)) is Gate.PAIR
    clock.advance(15 * 60)
    assert await knock(access, 7, form.format(code)) is Gate.PAIR
    new = str(await access.pairing_code())
    assert new not in ("", code)
    assert await knock(access, 7, form.format(new)) is Gate.PAIRED


async def test_who_says_hello_has_not_tried_a_code(db: Database) -> None:
    access = Access(db, ManualClock(START), frozenset(), barred=nothing_runs)
    code = str(await access.pairing_code())
    for text in ("/start", "hello", "what is this?", "", "/help", "I have 2 questions"):
        assert await knock(access, 1, text) is Gate.PAIR
    assert await knock(access, 1, code) is Gate.PAIRED


async def test_a_code_of_an_older_version_opens_nothing(db: Database) -> None:
    access = Access(db, ManualClock(START), frozenset(), barred=nothing_runs)
    async with db.transaction() as tx:
        await accounts.set_meta(tx, "pairing_code", "deadbeef")
    assert await knock(access, 1, "deadbeef") is Gate.PAIR
    assert await access.pairing_code() not in ("deadbeef", "", None)


async def test_a_newcomer_waits_for_the_operator(db: Database) -> None:
    """Asked once, told once, let in by the operator only."""
    access = Access(db, ManualClock(START), frozenset({9}), barred=nothing_runs)
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
    access = Access(db, ManualClock(START), frozenset({8, 9}), barred=nothing_runs)
    await knock(access, 8)
    await knock(access, 9)
    async with db.read() as tx:
        operator = await accounts.person(tx, 8)
    assert operator is not None
    assert await access.decide(operator, 9, Role.BLOCKED) is None
