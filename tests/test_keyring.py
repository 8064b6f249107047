"""Keys of people are kept sealed in their rows, moved to a new master key one by one, tended, and really deleted."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from chatbot import __main__ as command_line
from chatbot import backup, keyring
from chatbot.clock import ManualClock
from chatbot.config import Settings
from chatbot.errors import SealBroken, SettingError, ShutOut, UserError
from chatbot.keyring import Keyring, Refused
from chatbot.model import SAYS_NOTHING, Credentials, ExchangeKey, KeyProblem, KeyReport, LiveLimits, LiveTerms, MessageKind, Mode, Role
from chatbot.store import accounts, keys, portfolios, privacy, tables
from chatbot.store.database import Database
from chatbot.vault import Vault, new_master_key
from handlers import doctor
from tests.store import samples
from tests.store.databases import sqlite_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Portfolio

OLD, NEW = new_master_key(), new_master_key()
NOW = samples.NOW
KEY = Credentials(api_key="public-part-abcd", secret="canary-of-the-secret")
OTHER = Credentials(api_key="other-public-wxyz", secret="canary-of-another")


class Exchange:
    """Says of every key what it was told to say."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {}
        self.asked = 0

    async def __call__(self, exchange: str, credentials: Credentials) -> KeyReport:
        """Answer as an exchange does."""
        assert exchange
        assert credentials.secret
        self.asked += 1
        return KeyReport(at=self.clock.now(), reads=True, withdraws=False, **self.said)

    clock = ManualClock(NOW)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(sqlite_url(tmp_path))
    await opened.migrate()
    async with opened.transaction() as tx:
        await samples.a_person(tx, 7)
        await samples.a_person(tx, 8)
    yield opened
    await opened.close()


@pytest.fixture
def exchange() -> Exchange:
    found = Exchange()
    found.clock = ManualClock(NOW)
    return found


def ring(db: Database, exchange: Exchange, *master: str) -> Keyring:
    return Keyring(db, exchange.clock, Vault(master or (NEW,)), exchange)


async def person(db: Database, number: int = 7) -> Any:
    async with db.read() as tx:
        return await accounts.person(tx, number)


async def connected(db: Database, exchange: Exchange, key: Credentials = KEY, number: int = 7, *master: str) -> ExchangeKey:
    found = await ring(db, exchange, *master).connect(await person(db, number), "binance", key)
    assert isinstance(found, ExchangeKey)
    return found


async def sealed(db: Database) -> list[str]:
    async with db.read() as tx:
        return [text for _, text in await keys.every(tx)]


@pytest.mark.sqlite
async def test_a_key_is_kept_sealed_and_listed_by_its_last_characters(db: Database, exchange: Exchange, tmp_path: Path) -> None:
    """In no file of the database stands either half of it."""
    key = await connected(db, exchange)
    assert (key.shown, key.exchange, key.added_at) == ("abcd", "binance", NOW)
    assert await ring(db, exchange).of(await person(db)) == (key,)
    assert await ring(db, exchange).of(await person(db, 8)) == ()
    await db.close()
    written = b"".join(await asyncio.to_thread(lambda: [file.read_bytes() for file in tmp_path.iterdir()]))
    assert written
    assert KEY.secret.encode() not in written
    assert KEY.api_key.encode() not in written


async def test_the_same_key_is_kept_once_with_its_newest_secret(db: Database, exchange: Exchange) -> None:
    """Sent twice, by a second tap or after a kill, it stays one."""
    first = await connected(db, exchange)
    again = await connected(db, exchange, replace(KEY, secret="newer"))
    other = await connected(db, exchange, OTHER)
    assert again.id == first.id != other.id
    assert len(await sealed(db)) == 2


async def test_two_keys_of_one_account_are_one(db: Database, exchange: Exchange) -> None:
    """The exchange's own number tells: the new key takes the place of the old one, its portfolio goes on, and is opened anew."""
    exchange.said = {"account": "354937868"}
    first, told = await connected(db, exchange), []
    portfolio = await on_account(db, first)
    keyring_ = ring(db, exchange)
    keyring_.on_change(told.append)
    second = await keyring_.connect(await person(db), "binance", OTHER)
    assert isinstance(second, ExchangeKey)
    assert (second.id, second.shown, second.replaced) == (first.id, "wxyz", "abcd")
    assert ((await keyring_.opened(7, portfolio.key_id))[0], told) == (OTHER, [portfolio.id])
    assert [(key.shown, key.replaced) for key in await keyring_.of(await person(db))] == [("wxyz", "")]
    exchange.said = {"account": "354937869"}
    assert (await connected(db, exchange)).id != first.id, "a sub-account is an account of its own"
    exchange.said = {}
    assert (await connected(db, exchange, Credentials(api_key="of-nobody-knows", secret="x"))).id not in (1, 2), "not said is not the same"


async def test_a_key_after_the_old_one_was_removed_leads_the_portfolio_on(db: Database, exchange: Exchange) -> None:
    """Removed, lost with its master key, or ended: a new key of the same account, and nothing else, takes it up."""
    exchange.said = {"account": "1"}
    portfolio = await on_account(db, await connected(db, exchange))
    assert await ring(db, exchange).remove(await person(db), portfolio.key_id or 0)
    exchange.said = {"account": "2"}
    await connected(db, exchange, Credentials(api_key="of-another-account", secret="x"))
    exchange.said = {"account": "1"}
    again = await connected(db, exchange, OTHER)
    async with db.read() as tx:
        assert (await portfolios.get(tx, portfolio.id) or portfolio).key_id == again.id
        (_, lost) = await keys.of_person(tx, 7)
    async with db.transaction() as tx:
        await keys.put_sealed(tx, lost[0].id, "")
    renewed = await connected(db, exchange)
    assert (renewed.id, renewed.is_lost) == (again.id, False)
    assert not (await ring(db, exchange).of(await person(db)))[1].is_lost


async def test_an_account_is_that_of_one_open_portfolio_whoever_connected_it(db: Database, exchange: Exchange) -> None:
    """The database itself holds it: not by another key, not by another person; a closed one gives it free."""
    exchange.said = {"account": "1"}
    await on_account(db, await connected(db, exchange))
    theirs = await connected(db, exchange, OTHER, 8)
    with pytest.raises(IntegrityError):
        await on_account(db, theirs, 8)
    async with db.transaction() as tx:
        await portfolios.close(tx, 1, NOW)
    await on_account(db, theirs, 8)


async def test_what_an_exchange_tells_later_of_an_account_is_noted_once(db: Database, exchange: Exchange) -> None:
    """Keys of before the question: the first portfolio has the account, the other one has none, and trades nothing."""
    mine, theirs = await connected(db, exchange), await connected(db, exchange, OTHER, 8)
    first, second = await on_account(db, mine), await on_account(db, theirs, 8)
    exchange.said = {"account": "1"}
    for number, key in ((7, mine), (8, theirs)):
        await ring(db, exchange).look(await person(db, number), key.id)
    async with db.read() as tx:
        assert [(await portfolios.get(tx, one.id) or one).account for one in (first, second)] == ["binance:1", None]


async def on_account(db: Database, key: ExchangeKey, number: int = 7) -> Portfolio:
    """Open a portfolio on the account of a key that may trade."""
    terms = LiveTerms(since=NOW, limits=LiveLimits(order=Decimal(100)))
    account = key.account or None
    return await samples.a_portfolio(db, number, mode=Mode.LIVE, exchange="binance", key_id=key.id, account=account, live=terms)


async def test_a_key_that_something_speaks_against_is_not_kept(db: Database, exchange: Exchange) -> None:
    exchange.said = {"problems": (KeyProblem.MAY_WITHDRAW,)}
    found = await ring(db, exchange).connect(await person(db), "binance", KEY)
    assert isinstance(found, Refused)
    assert (found.shown, await sealed(db)) == ("abcd", [])


async def test_who_was_blocked_meanwhile_connects_nothing(db: Database, exchange: Exchange) -> None:
    asking = await person(db)
    async with db.transaction() as tx:
        await accounts.change_person(tx, 7, role=Role.BLOCKED)
    with pytest.raises(ShutOut):
        await ring(db, exchange).connect(asking, "binance", KEY)
    assert await sealed(db) == []


async def test_ten_keys_are_the_most(db: Database, exchange: Exchange) -> None:
    for number in range(keyring.MOST):
        await connected(db, exchange, Credentials(api_key=f"key-{number}", secret="x"))
    with pytest.raises(UserError, match="already have 10 keys"):
        await ring(db, exchange).connect(await person(db), "binance", KEY)
    await connected(db, exchange, Credentials(api_key="key-3", secret="newer"))


async def test_a_seal_copied_to_another_persons_row_does_not_open(db: Database, exchange: Exchange) -> None:
    """Who can write to the database cannot make one person's key another one's."""
    await connected(db, exchange)
    theirs = await connected(db, exchange, OTHER, 8)
    async with db.transaction() as tx:
        await keys.put_sealed(tx, theirs.id, (await keys.of_person(tx, 7))[0][1])
    with pytest.raises(SealBroken):
        await ring(db, exchange).look(await person(db, 8), theirs.id)


async def test_a_key_is_looked_at_and_removed_by_its_owner_alone(db: Database, exchange: Exchange) -> None:
    key = await connected(db, exchange)
    other = await person(db, 8)
    assert await ring(db, exchange).look(other, key.id) is None
    assert await ring(db, exchange).remove(other, key.id) is None
    exchange.said = {"trades_spot": True}
    looked = await ring(db, exchange).look(await person(db), key.id)
    assert looked is not None
    assert looked.report.trades_spot
    for silent in SAYS_NOTHING:
        exchange.said = {"problems": (silent,)}
        assert await ring(db, exchange).look(await person(db), key.id)
        assert (await ring(db, exchange).of(await person(db)))[0].report == looked.report, "an exchange that is down changes nothing"
    assert await ring(db, exchange).remove(await person(db), key.id)
    assert await ring(db, exchange).remove(await person(db), key.id) is None
    assert await sealed(db) == []


# Rotation


async def test_a_rotation_killed_in_the_middle_goes_on_where_it_stopped(db: Database, exchange: Exchange) -> None:
    """Every key opens at every moment with both master keys, and each is moved once."""
    for number in range(5):
        await connected(db, exchange, Credentials(api_key=f"key-{number}", secret=f"secret {number}"), 7, OLD)
    both = Vault((NEW, OLD))

    class Killed(Exception):
        pass

    class Mortal(Vault):
        lives = 2

        def seal(self, *args: Any) -> str:
            if not self.lives:
                raise Killed
            self.lives -= 1
            return super().seal(*args)

    with pytest.raises(Killed):
        await keyring.rotate(db, Mortal((NEW, OLD)))
    assert sorted(both.is_newest(one) for one in await sealed(db)) == [False, False, False, True, True]
    assert await keyring.rotate(db, both) == (3, 5)
    assert await keyring.rotate(db, both) == (0, 5)
    await keyring.refuse_what_nobody_can_open(db, Vault((NEW,)))
    for key in await ring(db, exchange).of(await person(db)):
        assert await ring(db, exchange).look(await person(db), key.id)


async def test_a_key_that_does_not_open_keeps_no_other_from_being_moved_and_is_named(db: Database, exchange: Exchange) -> None:
    """One is damaged, the master key of one is not there: the others are moved, and both are told apart, each with its cure."""
    made = [await connected(db, exchange, Credentials(api_key=f"key-{n}", secret=f"secret {n}"), 7, OLD) for n in range(3)]
    stranger = await connected(db, exchange, OTHER, 8, new_master_key())
    async with db.transaction() as tx:
        everything = await keys.every(tx)
        seal = next(sealed for key, sealed in everything if key.id == made[0].id)
        await keys.put_sealed(tx, made[0].id, seal[:-6] + ("AAAAAA" if seal[-6:] != "AAAAAA" else "BBBBBB"))
    for moved in (2, 0):
        with pytest.raises(SettingError) as told:
            await keyring.rotate(db, Vault((NEW, OLD)))
        said = str(told.value)
        assert f"newest master key: {moved} of 4; 2 did not open" in said
        assert f"damaged, or of another row: key …{made[0].shown} of {made[0].exchange}, person 7; put a copy" in said
        assert f"not in it: key …{stranger.shown} of {stranger.exchange}, person 8 (number" in said
        assert "keys forget" in said
    assert [Vault((NEW,)).is_newest(one) for one in await sealed(db)].count(True) == 2


async def test_a_key_connected_again_during_a_rotation_keeps_its_newer_secret(db: Database, exchange: Exchange) -> None:
    """What the rotation read before is not written over it."""
    key = await connected(db, exchange, KEY, 7, OLD)
    owner, both = keyring._owner(key), Vault((NEW, OLD))
    (before,), newer = await sealed(db), both.seal(replace(KEY, secret="newer"), owner)
    async with db.transaction() as tx:
        await keys.put_sealed(tx, key.id, newer)
        assert await keys.put_sealed(tx, key.id, both.seal(KEY, owner), instead_of=before) == 0
    assert await sealed(db) == [newer]


async def test_a_lost_master_key_stops_and_what_nobody_opens_can_be_forgotten(db: Database, exchange: Exchange) -> None:
    """Its person sees it as lost and connects again; what opens stays."""
    lost = await connected(db, exchange, KEY, 7, OLD)
    kept = await connected(db, exchange, OTHER, 8)
    with pytest.raises(SettingError, match="1 stored exchange key"):
        await keyring.refuse_what_nobody_can_open(db, Vault((NEW,)))
    assert await keyring.forget_lost(db, Vault((NEW,))) == 1
    await keyring.refuse_what_nobody_can_open(db, Vault((NEW,)))
    found = await ring(db, exchange).look(await person(db), lost.id)
    assert found is not None
    assert found.is_lost
    assert not (await ring(db, exchange).of(await person(db, 8)))[0].is_lost
    assert kept.id != (await connected(db, exchange)).id


async def test_the_command_line_rotates_and_forgets(
    db: Database, exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new key is one line that can be piped; every sentence says how many, and a wrong or missing master key stops with the cure."""
    monkeypatch.setenv("CHATBOT_DATA_DIR", str(tmp_path))
    await connected(db, exchange, KEY, 7, OLD)

    async def said(what: str, *master: str) -> str:
        monkeypatch.setenv("CHATBOT_SECRET_KEYS", ",".join(master))
        arguments = command_line._parser().parse_args(["keys", what])
        assert await asyncio.to_thread(arguments.run, arguments) == 0
        return capsys.readouterr().out

    capsys.readouterr()
    made = (await said("new")).strip()
    assert len(made) == 43
    assert Vault((made,))
    with pytest.raises(SettingError, match="keys new"):
        await said("rotate")
    with pytest.raises(SettingError, match="keys forget"):
        await said("rotate", NEW)
    assert (await said("rotate", NEW, OLD)).startswith("Sealed again under the newest master key: 1 of 1.")
    assert (await said("forget", NEW)).startswith("Deleted because nobody can open them any more: 0.")
    assert (await said("forget", OLD)).startswith("Deleted because nobody can open them any more: 1.")


async def test_the_doctor_tells_how_keys_stand_and_what_to_do(db: Database, exchange: Exchange, tmp_path: Path) -> None:
    """Opened by none, by an older master key, given in the chat: each with its cure."""

    async def said(**settings: str) -> tuple[bool | None, str]:
        found = await doctor._keys(db, Settings(_env_file=None, data_dir=tmp_path, **settings))
        return found.ok, found.detail

    assert (await said())[1].startswith("none, and nobody can connect an exchange; `python -m chatbot keys new`")
    await connected(db, exchange, KEY, 7, OLD)
    await connected(db, exchange, OTHER, 8)
    ok, detail = await said(secret_keys=NEW)
    assert (ok, "keys forget" in detail) == (False, True)
    ok, detail = await said(secret_keys=f"{NEW},{OLD}", public_url="https://bot.example")
    assert (ok, detail) == (
        True,
        "2, given on the form; 1 under an older master key, `python -m chatbot keys rotate` moves them to the newest",
    )
    await keyring.rotate(db, Vault((NEW, OLD)))
    assert (await said(secret_keys=NEW))[1] == "2, given in the chat, because CHATBOT_PUBLIC_URL is not set"


# What leaves the database


async def test_an_export_holds_no_seal_and_a_deletion_takes_the_rows(db: Database, exchange: Exchange) -> None:
    await connected(db, exchange)
    await connected(db, exchange, OTHER, 8)
    async with db.transaction() as tx:
        found = await privacy.export_person(tx, 7)
        assert [row["shown"] for row in found["keys"]] == ["abcd"]
        assert "sealed" not in found["keys"][0]
        await privacy.delete_person(tx, 7)
    assert len(await sealed(db)) == 1


@pytest.mark.sqlite
async def test_a_copy_holds_keys_sealed_and_its_owner_opens_them(db: Database, exchange: Exchange, tmp_path: Path) -> None:
    await connected(db, exchange)
    await asyncio.to_thread(backup.back_up, sqlite_url(tmp_path), tmp_path / "copy.db", datetime.now(UTC))
    assert KEY.secret.encode() not in (tmp_path / "copy.db").read_bytes()
    copy = Database(f"sqlite+aiosqlite:///{tmp_path / 'copy.db'}")
    try:
        assert await sealed(copy) == await sealed(db)
        assert await ring(copy, exchange).look(await person(copy), 1)
    finally:
        await copy.close()


# The address of a form


async def test_an_address_works_once_and_for_ten_minutes(db: Database, exchange: Exchange) -> None:
    """Looking does not use it up; a newer one, another dialog or a block ends it."""
    keyring_ = ring(db, exchange)
    ann = await person(db)
    token = await keyring_.offer_form(ann, "bybit")
    for _ in range(2):
        found = await keyring_.asked(token)
        assert found is not None
        assert (found.person.id, found.exchange) == (7, "bybit")
    assert await keyring_.use_form(token) is not None
    assert await keyring_.use_form(token) is None
    older, newer = await keyring_.offer_form(ann, "bybit"), await keyring_.offer_form(ann, "binance")
    assert await keyring_.asked(older) is None
    exchange.clock.advance(599)
    assert await keyring_.asked(newer) is not None
    exchange.clock.advance(1)
    assert await keyring_.asked(newer) is None
    blocked = await keyring_.offer_form(ann, "binance")
    async with db.transaction() as tx:
        await accounts.change_person(tx, 7, role=Role.BLOCKED)
    assert await keyring_.use_form(blocked) is None
    for nonsense in ("", "x", token[:-1]):
        assert await keyring_.use_form(nonsense) is None


async def test_an_address_is_not_in_the_database(db: Database, exchange: Exchange) -> None:
    """Who reads it cannot open the form."""
    token = await ring(db, exchange).offer_form(await person(db), "bybit")
    async with db.read() as tx:
        assert token not in repr(await accounts.dialog(tx, 7))


# What happens to keys without their people


async def told(db: Database) -> list[str]:
    async with db.read() as tx:
        rows = await tx.execute(select(tables.outbox.c.facts).where(tables.outbox.c.kind == MessageKind.EXCHANGE_KEY))
        return [row.facts["why"] for row in rows]


async def test_a_key_is_asked_about_once_a_day_and_its_trouble_is_told_once(db: Database, exchange: Exchange) -> None:
    await connected(db, exchange)
    keyring_ = ring(db, exchange)
    await keyring_.tend()
    assert exchange.asked == 1
    exchange.said = {"problems": (KeyProblem.NOT_ACCEPTED,)}
    for _ in range(3):
        exchange.clock.advance(86_400)
        await keyring_.tend()
    assert exchange.asked == 4
    assert await told(db) == ["trouble"]


async def test_an_exchange_that_is_down_is_no_trouble_of_the_key(db: Database, exchange: Exchange) -> None:
    await connected(db, exchange)
    for silent in SAYS_NOTHING:
        exchange.said = {"problems": (silent,)}
        exchange.clock.advance(86_400)
        await ring(db, exchange).tend()
        assert await told(db) == []


@pytest.mark.parametrize("column", sorted({*tables.keys.columns.keys()} - {"id"}))
async def test_what_stands_in_one_key_stops_nothing_of_the_others(db: Database, exchange: Exchange, column: str) -> None:
    """Whatever a row holds: the others are asked about, and can be opened at the start."""
    await connected(db, exchange, KEY, 7, OLD)
    await connected(db, exchange, OTHER, 8, OLD)
    for value in ("", "{", "[]", '{"at": "never"}', -1, 10**18, 1e308, None, b"\xff", "\ud7ff\x00"):
        with contextlib.suppress(SQLAlchemyError, OverflowError):
            async with db.transaction() as tx:  # where the database itself refuses a value, there is nothing to show
                await tx.execute(text(f"UPDATE pf_keys SET {column} = :value WHERE person_id = 7"), {"value": value})  # noqa: S608 - ours
        exchange.clock.advance(90_000)
        before = exchange.asked
        with structlog.testing.capture_logs():
            await ring(db, exchange, NEW, OLD).tend()
            with contextlib.suppress(SettingError):
                await keyring.refuse_what_nobody_can_open(db, Vault((NEW, OLD)))
            found = {key.person_id for key, _ in await every(db)}
        assert exchange.asked > before
        assert 8 in found


async def every(db: Database) -> Any:
    async with db.read() as tx:
        return await keys.every(tx)


async def test_a_key_that_ends_is_told_fourteen_three_and_one_day_before(db: Database, exchange: Exchange) -> None:
    """And not again for the same day; one that was prolonged is not told."""
    exchange.said = {"expires_at": NOW + timedelta(days=20)}
    await connected(db, exchange)
    days = []
    for day in range(1, 21):
        exchange.clock.advance(86_400)
        before = len(await told(db))
        await ring(db, exchange).tend()
        days += [20 - day] * (len(await told(db)) - before)
    assert days == [14, 3, 1]


@pytest.mark.parametrize(
    ("said", "trades"),
    [
        ({"problems": (KeyProblem.MAY_WITHDRAW,)}, False),
        ({"problems": (KeyProblem.NOT_ACCEPTED,)}, False),
        ({"problems": (KeyProblem.EXPIRED,)}, False),
        ({"problems": (KeyProblem.NO_SPOT,)}, True),
        ({"problems": (KeyProblem.NO_FUTURES,)}, True),
        ({"problems": (KeyProblem.HEDGE_MODE,)}, True),
    ],
    ids=str,
)
async def test_what_becomes_wrong_with_a_key_is_told_once(db: Database, exchange: Exchange, said: dict[str, Any], trades: bool) -> None:
    """A right gained that is refused tells everybody, a right lost whom it keeps from trading; that is asked every hour."""
    key = await connected(db, exchange)
    exchange.said = said
    exchange.clock.advance(86_400)
    await ring(db, exchange).tend()
    assert await told(db) == ["trouble"] * (not trades)
    exchange.said = {}
    exchange.clock.advance(86_400)
    await ring(db, exchange).tend()
    await on_account(db, key)
    exchange.said = said
    for _ in range(3):
        exchange.clock.advance(3600)
        await ring(db, exchange).tend()
    assert exchange.asked == 6
    assert await told(db) == ["trouble"] * (1 if trades else 2)


async def test_nobody_asks_about_the_keys_of_who_is_blocked(db: Database, exchange: Exchange) -> None:
    await connected(db, exchange)
    async with db.transaction() as tx:
        await accounts.change_person(tx, 7, role=Role.BLOCKED)
    exchange.clock.advance(86_400)
    await ring(db, exchange).tend()
    assert exchange.asked == 1
