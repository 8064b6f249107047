"""Whatever stands in the rows of one person: trading can be halted and let go on, people listed, and everybody can pause what is theirs."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chatbot.halting import Halted, LetGo
from chatbot.model import MessageKind, Person, PlanState, Role
from chatbot.store import accounts, halt, messages, portfolios, tables
from tests import person
from tests.monitor.test_isolation import ANN, BEN, POISON, RAW, Place, every_place, neighbour, opened, rows_of
from tests.portfolio.still_market import bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Portfolio
    from tests.portfolio.still_market import Bench

#: rows are damaged as only a file lets them be
pytestmark = pytest.mark.sqlite

OLGA = Person(id=7, chat_id=7, role=Role.OPERATOR)


async def emergencies(on: Bench, ben: Portfolio) -> None:
    """Do what must always be possible."""
    program = on.program
    began = await program.halting.begin(OLGA.id)
    assert isinstance(began, Halted)
    async with program.db.read() as tx:
        assert await halt.since(tx) is not None
        assert {OLGA.id, BEN.id} <= {person.id for person in await halt.concerned(tx)}
        assert await portfolios.worlds(tx)
    assert isinstance(await program.halting.end(OLGA.id), LetGo)
    assert {OLGA.id, BEN.id} <= {person.id for person in await program.access.everybody()}
    assert await program.portfolios.pause(BEN)
    assert await program.portfolios.resume(BEN)
    async with program.db.read() as tx:
        assert ben.id in await portfolios.many(tx, [ben.id])


async def paused(on: Bench, portfolio: Portfolio) -> bool:
    """Pause everything of Ann's, and tell whether it is."""
    await on.program.portfolios.pause(ANN)
    async with on.program.db.transaction() as tx:
        found: Any = await tx.execute(text("SELECT paused FROM pf_portfolios WHERE id = :id"), {"id": portfolio.id})
        return bool(found.scalar_one())


async def spoil_in_turn(on: Bench, ann: Portfolio, place: Place, value: Any) -> tuple[int, Any] | None:
    """Write a value into a place, and return the row and what stood there; None where the database refuses it."""
    async with on.program.db.transaction() as tx:
        row, before = (await rows_of(tx, place.table, place.column, ann))[place.row]
        return (row, before) if await place.spoil(tx, ann, value) else None


async def put_back(on: Bench, place: Place, row: int, value: Any) -> None:
    """Write back what stood in a place."""
    async with on.program.db.transaction() as tx:
        await tx.execute(text(f"UPDATE {place.table} SET {place.column} = :value WHERE rowid = :row"), {"value": value, "row": row})  # noqa: S608 - names of ours


#: one of each way in which a row of somebody is read where it concerns all
WAYS = (
    (Place("pf_people", "alerts", 0), '{"half'),
    (Place("pf_people", "alerts", 0, ("quiet_from",)), None),
    (Place("pf_portfolios", "live", 0), "{}"),
    (Place("pf_portfolios", "exchange", 0), b"\x80\x04\x95."),
    (Place("pf_portfolios", "created_at", 0), b"\xff"),
)


@asynccontextmanager
async def three(folder: Path) -> AsyncIterator[tuple[Bench, Portfolio, Portfolio]]:
    """Give Ann a portfolio of which everything is stored that can be, and Ben one; Olga is the operator."""
    async with bench(folder) as on:
        async with on.program.db.transaction() as tx:
            await accounts.add_person(tx, OLGA)
        yield on, await neighbour(on, ANN), await opened(on, BEN)


async def is_withstood(on: Bench, ann: Portfolio, ben: Portfolio, place: Place, value: Any) -> bool:
    """Do what must always be possible with a value in a place; False where the database itself refuses it."""
    spoilt = await spoil_in_turn(on, ann, place, value)
    if spoilt is not None:
        try:
            await emergencies(on, ben)
        except Exception as error:
            raise AssertionError(f"{place} holding {value!r}") from error
        await put_back(on, place, *spoilt)
    return spoilt is not None


async def test_no_row_of_one_person_keeps_trading_from_being_halted(tmp_path: Path) -> None:
    """The operator's /halt failed for everybody, because of what one member wanted to hear."""
    async with three(tmp_path) as (on, ann, ben):
        with structlog.testing.capture_logs():
            for place, value in WAYS:
                assert await is_withstood(on, ann, ben, place, value)


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(len(RAW)))
async def test_no_field_of_one_person_keeps_trading_from_being_halted(tmp_path: Path, turn: int) -> None:
    async with three(tmp_path) as (on, ann, ben):
        async with on.program.db.read() as tx:
            places = [place for place in await every_place(tx, ann) if len(place.path) < 2]
        tried = 0
        with structlog.testing.capture_logs():
            for at, place in enumerate(places):
                values = POISON if place.path else RAW
                tried += await is_withstood(on, ann, ben, place, values[(at + turn) % len(values)])
        assert tried > len(places) * 0.6


@pytest.mark.long
@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, len(RAW)))])
async def test_a_plan_that_cannot_be_read_keeps_nobody_from_pausing(tmp_path: Path, turn: int) -> None:
    """Her own rows of plans, legs and states: what stops is stopped, though it may not be told what else stands there."""
    async with bench(tmp_path) as on:
        ann = await neighbour(on, ANN)
        async with on.program.db.read() as tx:
            places = [place for place in await every_place(tx, ann) if place.table not in ("pf_portfolios", "pf_people") and not place.path]
        with structlog.testing.capture_logs():
            for at, place in enumerate(places):
                value = RAW[(at + turn) % len(RAW)]
                spoilt = await spoil_in_turn(on, ann, place, value)
                if spoilt is not None:
                    assert await paused(on, ann), f"{place} holding {value!r}"
                    await put_back(on, place, *spoilt)
                    await on.program.portfolios.resume(ANN)


@pytest.mark.long
@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, len(RAW)))])
async def test_no_row_of_a_person_keeps_them_from_being_blocked(tmp_path: Path, turn: int) -> None:
    """Who is blocked is not traded for, so that nothing that stands in their own rows may keep them in."""
    async with three(tmp_path) as (on, ann, _):
        async with on.program.db.read() as tx:
            places = [place for place in await every_place(tx, ann) if not place.path]
        with structlog.testing.capture_logs():
            for at, place in enumerate(places):
                value = RAW[(at + turn) % len(RAW)]
                spoilt = await spoil_in_turn(on, ann, place, value)
                if spoilt is not None:
                    assert await role_after(on, Role.BLOCKED) == "blocked", f"{place} holding {value!r}"
                    await put_back(on, place, *spoilt)
                    assert await role_after(on, Role.MEMBER) == "member"


async def role_after(on: Bench, role: Role) -> str:
    """Have Olga decide about Ann, and return what stands in her row then."""
    await on.program.access.decide(OLGA, ANN.id, role)
    async with on.program.db.transaction() as tx:
        found: Any = await tx.execute(text("SELECT role FROM pf_people WHERE id = :id"), {"id": ANN.id})
        return str(found.scalar_one())


NUMBERS = itertools.count()
#: one of Ann's messages that leave at once, and one that was held back
DAMAGE = "UPDATE pf_outbox SET {} = :value WHERE id IN (SELECT min(id) FROM pf_outbox WHERE chat_id = :ann GROUP BY held_until IS NULL)"
DIALOGS = ("key_text", "key_form", "start", "rename", "\x00")
DAMAGED = ("null", "", "[]", '{"half', b"\x80\x04\x95.", '{"until": 7}', '{"until": "", "form": null}', "[" * 20_000)


@pytest.mark.parametrize("name", [DIALOGS[0], *(pytest.param(name, marks=pytest.mark.long) for name in DIALOGS[1:])])
async def test_a_dialog_of_one_person_that_cannot_be_read_leaves_nobody_unheard(tmp_path: Path, name: str) -> None:
    """What is being asked of her is looked up before an update is written down: that failed, and the bot was deaf for everybody."""
    async with person.someone(tmp_path, public_url="https://ballast.example") as ann:
        ben = ann.beside(person.BEN)
        await ann.say("/help")
        numbers = itertools.count(900)
        for data in DAMAGED:
            async with ann.program.db.transaction() as tx:
                await tx.execute(text("DELETE FROM pf_dialogs"))
                row = {"id": person.ANN.id, "name": name, "data": data}
                await tx.execute(text("INSERT INTO pf_dialogs (person_id, name, data) VALUES (:id, :name, :data)"), row)
            assert await ann.say("hello"), data
            assert "/status" in await ben.say("/help"), data
            await ann.line.updates.take([(next(numbers), "no update at all")], ann.bot.bot)
            assert await ann.program.keyring.use_form("x" * 43) is None, data
            assert await ann.say("/cancel"), data


@pytest.mark.long
@pytest.mark.parametrize("column", sorted(tables.outbox.columns.keys()))
async def test_a_message_that_cannot_be_read_keeps_no_other_from_leaving(tmp_path: Path, column: str) -> None:
    """Neither at once nor out of quiet hours: nobody heard an alert while one row of somebody else was damaged."""
    async with person.someone(tmp_path) as ann:
        ben = ann.beside(person.BEN)
        await ann.say("/help")
        await ben.say("/help")
        for number, value in enumerate((*RAW, "[" * 20_000)):
            now, before = ann.clock.now(), ben.newest
            async with ann.program.db.transaction() as tx:
                await tx.execute(text("DELETE FROM pf_outbox"))
                for one, held in itertools.product((person.ANN.id, person.BEN.id), (None, None, now, now)):
                    told = {"chat_id": one, "facts": {"person_id": one}, "key": f"{one}-{number}-{next(NUMBERS)}", "held_until": held}
                    await messages.post(tx, kind=MessageKind.ACCESS_GRANTED, now=now, **told)
                mine = {"value": value, "ann": person.ANN.id}
                try:
                    async with tx.begin_nested():
                        await tx.execute(text(DAMAGE.format(column)), mine)
                except (SQLAlchemyError, UnicodeEncodeError, OverflowError):
                    continue
            ann.clock.advance(5)
            await ann.program.monitor._housekeeping.keep(ends=True)
            await ann.outbox.drain()
            assert ben.since(before).count("has let you in") == 2, value
            async with ann.program.db.read() as tx:
                digested = text("SELECT count(*) FROM pf_outbox WHERE detail = 'in a digest' AND chat_id = :ben")
                assert (await tx.execute(digested, {"ben": person.BEN.id})).scalar_one() == 2, value


@pytest.mark.long
async def test_a_portfolio_that_cannot_be_read_keeps_no_other_from_a_panic(tmp_path: Path) -> None:
    """She has two; a plan of the first is damaged. The other one is shown and stopped, and she is told what failed."""
    async with person.someone(tmp_path) as ann:
        await ann.set_up()
        await ann.say("/start")
        await ann.tap("Keep both")
        await ann.taps("Demo portfolio", "10,000", "Use Balanced")
        async with ann.program.db.transaction() as tx:
            await tx.execute(text("UPDATE pf_plans SET proposal = '{' WHERE portfolio_id = 1"))
        page = await ann.say("/panic")
        assert "DEMO · Balanced 2" in page
        assert "Damaged in my database: plan 1." in page
        await ann.tap("Cancel orders and stop")
        stopped = await ann.program.portfolios.by_id(2)
        assert stopped is not None
        assert stopped.paused
        assert (await ann.plan()).state is PlanState.SUPERSEDED


@pytest.mark.long
async def test_a_fill_of_one_person_that_cannot_be_read_keeps_nobody_from_a_card(tmp_path: Path) -> None:
    """What the fills of everybody slipped stands on everybody's card: one damaged leg of Ann's, and nobody got a plan."""
    async with person.someone(tmp_path) as ann:
        await ann.settle()
        ben = ann.beside(person.BEN)
        await ben.set_up()
        for column, value in itertools.product(("price", "average"), ("", "NaN", "0", "-1", "1e999999", b"\xff")):
            ann.clock.advance(30)
            async with ann.program.db.transaction() as tx:
                await tx.execute(text(f"UPDATE pf_legs SET {column} = :value WHERE plan_id = 1"), {"value": value})  # noqa: S608 - names of ours
            assert "Plan" in await ben.say("/rebalance"), (column, value)


@pytest.mark.long
@pytest.mark.parametrize(
    ("table", "column"), [("pf_plans", "expires_at"), ("pf_plans", "created_at"), ("pf_portfolios", "window_opened_at")]
)
async def test_a_played_market_is_slowed_for_others_as_far_as_it_can(tmp_path: Path, table: str, column: str) -> None:
    """While a card is made, what everybody waits for is looked up: one row in which that cannot be read kept all from a card."""
    async with person.someone(tmp_path, market_speed=600.0) as ann:
        await ann.set_up()
        ben = ann.beside(person.BEN)
        await ben.set_up()
        async with ann.program.db.transaction() as tx:
            await tx.execute(text(f"UPDATE {table} SET {column} = '{{' WHERE id = 1"))  # noqa: S608 - names of ours
        ann.clock.advance(5)
        assert "Plan" in await ben.say("/rebalance")
