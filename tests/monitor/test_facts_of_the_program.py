"""What the program keeps of itself and what Telegram sent it: whatever stands in these rows, it starts, checks everybody and answers."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.model import Cause
from chatbot.portfolio.lives import levels, stops, stored_notes
from chatbot.store import accounts
from chatbot.store.codec import encode, to_moment, to_plain
from chatbot.store.database import Database
from chatbot.triggers.machines import MachineKey
from chatbot.triggers.signals import _read
from handlers.loopback import Loopback
from handlers.transport import updates
from tests import on_postgres
from tests.person import START, someone
from tests.ready import with_tables

if TYPE_CHECKING:
    from pathlib import Path

#: rows are damaged in the file
pytestmark = pytest.mark.sqlite

#: facts that a calm day writes nothing of
RARE = ("halted_since", "stumble:1", "stumble:x", "market_played", "market_slow", "stopped_after_check", "pairing_code")
EVIL = (
    *("", "NaN", "-1", "[]", "null", "[null]", "[1]", '{"half', '{"a": 1}', '{"1": "x"}', '{"1": 1e400}', "9" * 30, "𝟙", "\x00"),
    *("2026-01-01", "2026-01-05T09:00:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00", "[" * 20_000),
    '{"since": "2026-01-05T09:00:00+00:00", "speed": "NaN"}',
    '{"state": "{}", "upto": "2026-01-05T09:00:00", "reading": "NaN", "at": null, "since": null}',
    '[{"name": "no_such_scene", "at": "2026-01-05T09:00:00+00:00"}]',
)
#: what a row of an update may hold although nothing of ours would write it
RAW: tuple[Any, ...] = ("", "{}", "[]", "null", '{"update_id": 1, "message": 7}', '{"half', b"\xff", -1, 10**18, "NaN", "[" * 20_000)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which a portfolio was opened and checked, every fact is written down, and more updates than usual were left."""
    folder = tmp_path_factory.mktemp("facts") / "before"

    async def live() -> None:
        async with someone(folder) as ann:
            await ann.set_up()
            await ann.step()

    with on_postgres.on_files():
        asyncio.run(live())
    with closing(sqlite3.connect(folder / "ballast.sqlite")) as file, file:
        file.executemany("INSERT OR IGNORE INTO pf_meta VALUES (?, '')", [(name,) for name in RARE])
        file.executemany(
            "INSERT INTO pf_updates SELECT ?, body, received_at, 0, share, sealed, tries FROM pf_updates LIMIT 1",
            [(100 + one,) for one in range(7)],
        )
    return folder


async def lives_on(before: Path, folder: Path, table: str, key: str, column: str, evil: tuple[Any, ...], turn: int, also: str) -> None:
    """Damage a column of every row, each in another way, then start the program: it takes up what was left, checks, and answers."""
    shutil.copytree(before, folder)
    with closing(sqlite3.connect(folder / "ballast.sqlite")) as file, file:
        rows = [row[0] for row in file.execute(f"SELECT {key} FROM {table} ORDER BY {key}")]  # noqa: S608 - names of ours
        assert len(rows) >= 5
        for at, row in enumerate(rows):
            value = evil[(at + turn) % len(evil)]
            file.execute(f"UPDATE {table} SET {column} = ?{also} WHERE {key} = ?", (value, row))  # noqa: S608 - names of ours
    clock = ManualClock(START + timedelta(minutes=5))
    async with someone(folder, clock=clock, loopback=Loopback(clock, epoch=1000)) as ann:
        await updates.restore(ann.program.db, ann.bot.update_queue, ann.bot.bot)
        checked = await ann.step()
        assert (checked.portfolios, checked.examined) == (1, 1)
        assert "$" in await ann.say("/status")
        # what is looked after at each check is done, too
        assert ann.program.monitor._last_check.noted_at is not None


@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, len(EVIL)))])
async def test_every_fact_of_the_program_may_be_damaged(before: Path, tmp_path: Path, turn: int) -> None:
    await lives_on(before, tmp_path / "after", "pf_meta", "key", "value", EVIL, turn, "")


LEAP = {"asset": "ADA", "before": "0.4", "after": "4", "at": "2026-01-05T09:00:00Z"}
#: of the right shape, and no price, no time or no reading all the same
SHAPED: dict[str, list[Any]] = {
    "levels": [
        *({"levels": [["2025-01-06T00:00:00Z", price]]} for price in ("0", "-1", "NaN", "1e-40", "1e40")),
        {"levels": [["2025-01-06T00:00:00", "0.45"]]},
        {"origin": "0"},
        *({"leap": {**LEAP, side: "0"}} for side in ("before", "after")),
        *([], None, "x", {"levels": None}),
    ],
    "stops": [{"price": "0"}, {"price": "-1"}, {"price": "1e40"}, {"priced_at": "2026-01-05T09:00:00"}, [], None],
}


@pytest.mark.parametrize("fact", sorted(SHAPED))
async def test_what_is_noted_of_one_coin_may_be_no_price_and_the_others_stand(tmp_path: Path, fact: str) -> None:
    kind: Any = levels._Track if fact == "levels" else stops._Kept
    good = to_plain(kind(levels=((START, Decimal(5)),)) if fact == "levels" else kind(price=Decimal(5), priced_at=START))
    await with_tables(tmp_path / "ballast.sqlite")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'ballast.sqlite'}")
    async with database.transaction() as tx:
        noted = {f"EVIL{at}": evil for at, evil in enumerate(SHAPED[fact])}
        await accounts.set_meta(tx, fact, json.dumps({**noted, "BTC": good}))
    assert list(await stored_notes.read(database, fact, kind)) == ["BTC"]
    await database.close()


@pytest.mark.parametrize("reading", ["1e40", "-1e40", 10**40, "NaN", "Infinity"])
def test_a_machine_with_no_true_reading_is_read_anew(reading: Any) -> None:
    watch = MachineKey(Cause.FEAR_GREED, "", tuple(TRIGGERS[Cause.FEAR_GREED].params({}).items()))
    state = encode(watch.machine.start(dict(watch.params)))
    body = {"state": state, "upto": START.isoformat(), "reading": "17", "at": START.isoformat(), "since": None}
    assert _read(watch, json.dumps(body)) is not None
    assert _read(watch, json.dumps({**body, "reading": reading})) is None


@pytest.mark.parametrize("column", ["body", *(pytest.param(one, marks=pytest.mark.long) for one in ("received_at", "finished", "tries"))])
async def test_every_update_that_was_left_may_be_damaged(before: Path, tmp_path: Path, column: str) -> None:
    left = "" if column == "finished" else ", finished = 0"
    await lives_on(before, tmp_path / "after", "pf_updates", "id", column, RAW, 0, left)


@pytest.mark.parametrize("evil", ["", "NaN", "2026-01-05", "2026-01-05T09:00:00", "9999-12-31T23:59:59-12:00", "\x00"])
def test_a_time_that_is_none_is_refused_where_it_is_read(evil: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any will do
        to_moment(evil)
