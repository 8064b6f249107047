"""Portfolios, their paper accounts, trigger states and last checks; everything the monitor reads also comes in bulk."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Text,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    insert,
    inspect,
    literal,
    null,
    or_,
    select,
    true,
    type_coerce,
    update,
)

from chatbot.errors import contained
from chatbot.model import LET_IN, SHARES, USUAL_QUOTE, Answering, AnswerMode, Check, HeldBack, LiveTerms, Mode, Portfolio, Strategy
from chatbot.store import tables
from chatbot.store.codec import UNREADABLE, decode, encode, readable_moment, reads, to_micros
from chatbot.store.past import strategies
from chatbot.store.writing import chunks, put, put_all

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from sqlalchemy import BindParameter, ColumnElement, Row, Select

    from chatbot.store.database import Tx

#: the word for a portfolio that cannot be read
PORTFOLIO = "portfolio"
#: key of the row that holds what positions brought with them at a venue with one purse; no state of a trigger
PURSE = "purse"
_portfolios, _accounts, _states = tables.portfolios.c, tables.accounts.c, tables.states.c
_checks = tables.checks.c
_other = tables.portfolios.alias("other")
_BESIDE_ANOTHER = exists().where(_other.c.person_id == _portfolios.person_id, _other.c.id != _portfolios.id, _other.c.closed_at.is_(None))
_keys = tables.keys.c
_KEY = and_(_keys.id == _portfolios.key_id, _keys.person_id == _portfolios.person_id, _keys.sealed != "")
_READ = select(
    tables.portfolios, _BESIDE_ANOTHER.label("is_one_of_several"), _keys.exchange.label("key_exchange"), _keys.shown, _keys.added_at
).select_from(tables.portfolios.outerjoin(tables.keys, _KEY))
# asked at every look: a statement that is written once costs half of one that is built each time
_ONE = _READ.where(_portfolios.id == bindparam("one"))
_MANY = _READ.where(_portfolios.id.in_(bindparam("ids", expanding=True)))
_ACCOUNTS_OF = select(_accounts.portfolio_id, _accounts.body).where(_accounts.portfolio_id.in_(bindparam("ids", expanding=True)))
_STATES_ONE = select(_states.key, _states.body).where(_states.portfolio_id == bindparam("one"))
_STATES_OF = select(tables.states).where(_states.portfolio_id.in_(bindparam("ids", expanding=True)))
_CHECK_ONE = select(_checks.at, _checks.body).where(_checks.portfolio_id == bindparam("one"))
_CHECKS_OF = select(tables.checks).where(_checks.portfolio_id.in_(bindparam("ids", expanding=True)))
# asked of each row by the key of its person: a list of everybody would be made for every question
_HAS_OWNER_LET_IN = exists().where(tables.people.c.id == _portfolios.person_id, tables.people.c.role.in_(sorted(LET_IN)))
_HOLDING = select(_portfolios.id).where(_portfolios.id == bindparam("one")).with_for_update()
# read apart: one that is none keeps nobody from the others
_WINDOWS = select(type_coerce(_portfolios.window_opened_at, BigInteger)).where(_portfolios.window_opened_at.is_not(None))
_OPEN = _portfolios.closed_at.is_(None)
_OF_LET_IN = select(_portfolios.id).where(_portfolios.id == bindparam("one"), _HAS_OWNER_LET_IN)
_SERVED = _OF_LET_IN.where(_OPEN)
_SERVED_OF = select(_portfolios.id).where(_portfolios.id.in_(bindparam("ids", expanding=True)), _OPEN, _HAS_OWNER_LET_IN)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_IS_LET_IN = tables.people.c.role.in_(sorted(LET_IN))
_HAS_OPEN_PLAN = exists().where(tables.plans.c.portfolio_id == _portfolios.id, tables.OPEN_ONLY)
_AWAKE = or_(_portfolios.snoozed_until.is_(None), type_coerce(_portfolios.snoozed_until, BigInteger) <= bindparam("now", type_=BigInteger))
_AT_REST = and_(_portfolios.paused == false(), _OPEN, _portfolios.window_opened_at.is_(None), _AWAKE, _IS_LET_IN, ~_HAS_OPEN_PLAN)
_IS_INSIDE = func.coalesce(_checks.body.contains(f'"held_back":"{HeldBack.INSIDE}"', autoescape=True), false())
# as text: what most have in common is read once for all of them, and a row that nobody can read keeps no other from being read
_OUTLINES = (
    select(
        _portfolios.id,
        _portfolios.strategy,
        tables.people.c.zone,
        type_coerce(_accounts.body, Text).label("account"),
        _AT_REST.label("at_rest"),
        _IS_INSIDE.label("inside"),
    )
    .select_from(tables.portfolios.join(tables.people).join(tables.accounts).outerjoin(tables.checks))
    .where(_portfolios.id.in_(_IDS))
)
_TEXTS_OF = select(_states.portfolio_id, _states.key, type_coerce(_states.body, Text).label("body")).where(_states.portfolio_id.in_(_IDS))
_DAYS_OF = select(tables.values.c.portfolio_id, type_coerce(tables.values.c.day, Text).label("day")).where(
    tables.values.c.portfolio_id.in_(_IDS), tables.values.c.day >= bindparam("since", type_=tables.values.c.day.type)
)
_COLUMNS = tuple(column.name for column in tables.portfolios.columns)
#: what is no part of the row
_TOLD = frozenset({"is_one_of_several", "stands_on"})
#: what is no part of a portfolio's settings: told by the journal, written by a statement of its own, or never changed
_KEPT = ("id", "last_plan_number", "person_id", "created_at", "name", "closed_at", "quote", "key_id", "account")


async def add(tx: Tx, portfolio: Portfolio) -> Portfolio:
    """Store a new portfolio and return it with its id; the id that it came with is ignored."""
    row = _row(portfolio) | {"last_plan_number": 0}
    del row["id"]
    number = (await tx.execute(insert(tables.portfolios).values(row).returning(_portfolios.id))).scalar_one()
    await strategies.note(tx, number, portfolio.strategy, portfolio.created_at)
    return _portfolio((await tx.execute(_ONE, {"one": number})).one())


@reads(PORTFOLIO)
async def get(tx: Tx, portfolio_id: int) -> Portfolio | None:
    """Return a portfolio, or None."""
    row = (await tx.execute(_ONE, {"one": portfolio_id})).one_or_none()
    return None if row is None else _portfolio(row)


@reads(PORTFOLIO)
async def many(tx: Tx, ids: Collection[int]) -> dict[int, Portfolio]:
    """Return many portfolios by id; one that is gone is left out."""
    found: dict[int, Portfolio] = {}
    for chunk in chunks(ids):
        found |= {row.id: _portfolio(row) for row in await tx.execute(_MANY, {"ids": chunk})}
    return found


async def of_person(tx: Tx, person_id: int) -> tuple[Portfolio, ...]:
    """Return a person's portfolios, oldest first, the closed ones among them.

    One that cannot be read is named in the log and left out, so that the person can go on with the others.
    """
    of_them = _portfolios.person_id == person_id
    try:
        return tuple(map(_portfolio, (await tx.execute(_READ.where(of_them).order_by(_portfolios.id))).all()))
    except (ValueError, TypeError):
        return await _readable(tx, select(_portfolios.id).where(of_them))


async def open_of(tx: Tx, person_id: int) -> tuple[Portfolio, ...]:
    """Return a person's portfolios that are not closed, oldest first."""
    return tuple(portfolio for portfolio in await of_person(tx, person_id) if portfolio.is_open)


async def save(tx: Tx, portfolio: Portfolio) -> None:
    """Write a portfolio's changed settings.

    Its plan number is left alone: the journal counts, and a copy read earlier is behind. So are its name and whether it is closed.
    """
    row = {name: value for name, value in _row(portfolio).items() if name not in _KEPT}
    await tx.execute(update(tables.portfolios).where(_portfolios.id == portfolio.id).values(row))


async def with_consent(tx: Tx, ids: Collection[int] | None = None) -> tuple[Portfolio, ...]:
    """Return the portfolios with a consent to real money, by id; with ``ids`` only those of these.

    One that cannot be read is named in the log and left out: nobody trades it, and it keeps no other from being stopped.
    """
    chosen = select(_portfolios.id).where(_portfolios.live.is_not(None))
    found = await _readable(tx, chosen if ids is None else chosen.where(_portfolios.id.in_(ids)))
    return tuple(one for one in found if one.live is not None)


async def _readable(tx: Tx, ids: Select[int]) -> tuple[Portfolio, ...]:
    """Return the portfolios of a selection of ids, one by one: one that cannot be read is named in the log and left out."""
    found: list[Portfolio] = []
    for number in (await tx.execute(ids.order_by(_portfolios.id))).scalars().all():
        with contained("portfolio cannot be read", portfolio=number):
            found += filter(None, [await get(tx, number)])
    return tuple(found)


@reads(PORTFOLIO)
async def on_key(tx: Tx, key_id: int) -> Portfolio | None:
    """Return the open portfolio that stands on a key, or None."""
    row = (await tx.execute(_READ.where(_portfolios.key_id == key_id, _OPEN))).one_or_none()
    return None if row is None else _portfolio(row)


@reads(PORTFOLIO)
async def on_account(tx: Tx, account: str) -> Portfolio | None:
    """Return the open portfolio, whoever's it is, that stands on an account, or None."""
    row = (await tx.execute(_READ.where(_portfolios.account == account, _OPEN))).one_or_none()
    return None if row is None else _portfolio(row)


async def note_account(tx: Tx, key_id: int, account: str) -> None:
    """Note the account behind a key in its open portfolio, where that was not known; one that another portfolio has stays that one's."""
    taken = exists().where(_other.c.account == account, _other.c.closed_at.is_(None))
    noting = update(tables.portfolios).where(_portfolios.key_id == key_id, _OPEN, _portfolios.account.is_(None), ~taken)
    await tx.execute(noting.values(account=account))


async def stand_on(tx: Tx, person_id: int, account: str, key_id: int) -> None:
    """Have a person's portfolios on an account, closed ones too, read and traded by this key of it."""
    moving = update(tables.portfolios).where(_portfolios.person_id == person_id, _portfolios.account == account)
    await tx.execute(moving.values(key_id=key_id))


async def on_keys(tx: Tx) -> tuple[int, ...]:
    """Return the open portfolios that stand on real accounts, by their numbers."""
    return tuple((await tx.execute(select(_portfolios.id).where(_portfolios.key_id.is_not(None), _OPEN))).scalars())


async def trading_keys(tx: Tx) -> frozenset[int]:
    """Return the keys with which somebody has agreed to trade."""
    rows = await tx.execute(select(_portfolios.key_id).where(_portfolios.key_id.is_not(None), _portfolios.live.is_not(None), _OPEN))
    return frozenset(rows.scalars())


async def rename(tx: Tx, portfolio_id: int, name: str) -> None:
    """Give a portfolio another name; that none of its person's others has it is the caller's to know."""
    await tx.execute(update(tables.portfolios).where(_portfolios.id == portfolio_id).values(name=name))


async def pause(tx: Tx, ids: Collection[int], *, forgets: bool = False) -> None:
    """Pause portfolios. Their batching windows stay, because what asked for a plan does not ask again; ``forgets`` closes them."""
    ended = {"window_opened_at": None} if forgets else {}
    await tx.execute(update(tables.portfolios).where(_portfolios.id.in_(ids)).values(paused=True, **ended))


async def wake(tx: Tx, ids: Collection[int], now: datetime) -> None:
    """Let portfolios go on; a snooze ends, or ends now where a plan comes that its person no longer expects, so that it rings."""
    until = case((_portfolios.window_opened_at.is_not(None), literal(now, _portfolios.snoozed_until.type)), else_=null())
    await tx.execute(update(tables.portfolios).where(_portfolios.id.in_(ids)).values(paused=False, snoozed_until=until))


async def paused_in(tx: Tx, chat_id: int) -> frozenset[int]:
    """Return the paused portfolios of a chat's person."""
    owner = select(tables.people.c.id).where(tables.people.c.chat_id == chat_id)
    asked = select(_portfolios.id).where(_portfolios.person_id.in_(owner), _portfolios.paused == true(), _OPEN)
    return frozenset((await tx.execute(asked)).scalars())


async def hold(tx: Tx, portfolio_id: int) -> None:
    """Keep a plan from being added to a portfolio until the transaction ends; SQLite has one writer at a time anyway."""
    await tx.execute(_HOLDING, {"one": portfolio_id})


async def close(tx: Tx, portfolio_id: int, now: datetime) -> bool:
    """Note that a portfolio does nothing any more; False when it was closed before. That it has no open plan is the caller's to know."""
    closing = update(tables.portfolios).where(_portfolios.id == portfolio_id, _OPEN)
    return (await tx.execute(closing.values(closed_at=now, window_opened_at=None, snoozed_until=None))).rowcount == 1


async def reopen(tx: Tx, portfolio_id: int, name: str) -> bool:
    """Open a closed portfolio again under this name, paused; False when it is open."""
    opening = update(tables.portfolios).where(_portfolios.id == portfolio_id, _portfolios.closed_at.is_not(None))
    return (await tx.execute(opening.values(closed_at=None, paused=True, name=name))).rowcount == 1


async def save_windows(tx: Tx, opened: Mapping[int, datetime | None]) -> None:
    """Write when the batching windows of these portfolios were opened; None: closed."""
    if opened:
        changing = update(tables.portfolios).where(_portfolios.id == bindparam("one")).values(window_opened_at=bindparam("opened"))
        await tx.execute(changing, [{"one": one, "opened": moment} for one, moment in opened.items()])


async def windows(tx: Tx) -> tuple[datetime, ...]:
    """Return when each batching window that is open was opened."""
    opened = (readable_moment(stored) for stored in (await tx.execute(_WINDOWS)).scalars())
    return tuple(at for at in opened if at is not None)


async def active(tx: Tx, after_id: int = 0, limit: int | None = None) -> tuple[Portfolio, ...]:
    """Return open portfolios that are not paused and whose owner may use the bot, by id, starting behind ``after_id``."""
    ids = await active_ids(tx, after_id, limit)
    found = await many(tx, ids)
    return tuple(found[portfolio_id] for portfolio_id in ids)


async def active_ids(tx: Tx, after_id: int = 0, limit: int | None = None, shares: Collection[int] | None = None) -> tuple[int, ...]:
    """Return the ids of the portfolios that :func:`active` would return, ascending, starting behind ``after_id``.

    With ``shares`` only those of their people.
    """
    theirs = () if shares is None else (of_shares(shares),)
    served = _portfolios.paused == false(), _OPEN, _HAS_OWNER_LET_IN, *theirs
    query = select(_portfolios.id).where(*served, _portfolios.id > after_id).order_by(_portfolios.id).limit(limit)
    return tuple((await tx.execute(query)).scalars())


def of_shares(shares: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a portfolio is of somebody in one of these shares."""
    return (_portfolios.person_id % SHARES).in_(sorted(shares))


async def people_of(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    """Return whose portfolios these are, by their ids, whether or not their rows can be read."""
    found: dict[int, int] = {}
    for chunk in chunks(ids):
        theirs = select(_portfolios.id, _portfolios.person_id).where(_portfolios.id.in_(chunk))
        found |= {row.id: row.person_id for row in await tx.execute(theirs)}
    return found


async def ids_of(tx: Tx, shares: Collection[int]) -> tuple[int, ...]:
    """Return the ids of every portfolio of the people in these shares."""
    return tuple((await tx.execute(select(_portfolios.id).where(of_shares(shares)))).scalars())


async def is_served(tx: Tx, portfolio_id: int) -> bool:
    """Tell whether a portfolio is open and its owner may use the bot now; nothing else is checked, planned or traded."""
    return (await tx.execute(_SERVED, {"one": portfolio_id})).first() is not None


async def served(tx: Tx, ids: Collection[int]) -> frozenset[int]:
    """Return those of these portfolios that are open and whose owner may use the bot now."""
    found: set[int] = set()
    for chunk in chunks(ids):
        found.update((await tx.execute(_SERVED_OF, {"ids": chunk})).scalars())
    return frozenset(found)


async def has_owner_let_in(tx: Tx, portfolio_id: int) -> bool:
    """Tell whether the owner of a portfolio, open or closed, may use the bot now."""
    return (await tx.execute(_OF_LET_IN, {"one": portfolio_id})).first() is not None


@reads("account")
async def accounts_of(tx: Tx, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the accounts of many portfolios; one without an account is left out."""
    found: dict[int, dict[str, Any]] = {}
    for chunk in chunks(ids):
        rows = await tx.execute(_ACCOUNTS_OF, {"ids": chunk})
        found |= {row.portfolio_id: row.body for row in rows}
    return found


async def save_account(tx: Tx, portfolio_id: int, body: Mapping[str, Any]) -> None:
    """Write the account of a portfolio: plain JSON values, amounts as text."""
    await put(tx, tables.accounts, {"portfolio_id": portfolio_id, "body": dict(body)})


@dataclass(slots=True)
class Outline:
    """What is stored of one portfolio, as far as it was needed to tell that nothing can be told of it; texts are not read yet."""

    strategy: Strategy
    #: its owner's
    zone: str
    account: str
    #: it is open and served, and nothing of it is under way: no plan, no batching window, no pause and no snooze
    at_rest: bool
    #: the last check said that all is inside
    inside: bool
    #: what is remembered, by key
    states: dict[str, str] = field(default_factory=dict)
    #: the days since the one asked for of which the opening value is written down
    days: set[str] = field(default_factory=set)

    @property
    def fingerprint(self) -> int:
        """Return a number of 64 bits that is the same in this process while nothing but the strategy and the days change."""
        return hash((self.account, self.at_rest, self.inside, *sorted(self.states.items())))


async def outlines(tx: Tx, ids: Collection[int], now: datetime, since: date) -> dict[int, Outline]:
    """Return the outlines of many portfolios; one that is gone, has no account or cannot be read is left out."""
    found: dict[int, Outline] = {}
    for chunk in chunks(ids):
        for number, strategy, zone, account, at_rest, inside in await tx.execute(_OUTLINES, {"ids": chunk, "now": to_micros(now)}):
            try:
                found[number] = Outline(_strategy(strategy), zone, account, bool(at_rest), bool(inside))
            except UNREADABLE:
                continue
        for number, key, body in await tx.execute(_TEXTS_OF, {"ids": chunk}):
            if number in found:
                found[number].states[key] = body
        for number, day in await tx.execute(_DAYS_OF, {"ids": chunk, "since": since}):
            if number in found:
                found[number].days.add(day)
    return found


@reads("memory")
async def states(tx: Tx, portfolio_id: int) -> dict[str, dict[str, Any]]:
    """Return the trigger states of a portfolio by their keys (lines)."""
    return {row.key: row.body for row in await tx.execute(_STATES_ONE, {"one": portfolio_id})}


@reads("memory")
async def states_of(tx: Tx, ids: Collection[int]) -> dict[int, dict[str, dict[str, Any]]]:
    """Return the trigger states of many portfolios; one without any is left out."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for chunk in chunks(ids):
        for row in await tx.execute(_STATES_OF, {"ids": chunk}):
            found.setdefault(row.portfolio_id, {})[row.key] = row.body
    return found


async def with_state(tx: Tx, key: str) -> tuple[int, ...]:
    """Return the ids of the portfolios of which something is remembered under this key, ascending."""
    query = select(_states.portfolio_id).where(_states.key == key).order_by(_states.portfolio_id)
    return tuple((await tx.execute(query)).scalars())


async def save_states(tx: Tx, changed: Mapping[tuple[int, str], Mapping[str, Any]]) -> None:
    """Write trigger states by portfolio and key, in one go."""
    rows = [{"portfolio_id": portfolio_id, "key": key, "body": dict(body)} for (portfolio_id, key), body in changed.items()]
    await put_all(tx, tables.states, rows)


async def brought(tx: Tx, portfolio_id: int) -> Decimal:
    """Return what counts as set aside for futures because positions were there that no transfer was for, quote."""
    return Decimal((await states(tx, portfolio_id)).get(PURSE, {}).get("brought", "0"))


async def bring(tx: Tx, portfolio_id: int, amount: Decimal) -> None:
    """Write down how much that is."""
    await save_states(tx, {(portfolio_id, PURSE): {"brought": str(amount)}})


@reads("check")
async def check(tx: Tx, portfolio_id: int) -> Check | None:
    """Return what the last check of a portfolio saw, or None before the first."""
    row = (await tx.execute(_CHECK_ONE, {"one": portfolio_id})).one_or_none()
    return None if row is None else replace(decode(Check, row.body), at=row.at)


@reads("check")
async def checks_of(tx: Tx, ids: Collection[int]) -> dict[int, Check]:
    """Return the last checks of many portfolios; one that was never checked is left out."""
    found: dict[int, Check] = {}
    for chunk in chunks(ids):
        read = await tx.execute(_CHECKS_OF, {"ids": chunk})
        found |= {row.portfolio_id: replace(decode(Check, row.body), at=row.at) for row in read}
    return found


async def save_checks(tx: Tx, seen: Mapping[int, Check]) -> None:
    """Write what checks saw in place of the ones before, in one go."""
    await put_all(tx, tables.checks, [{"portfolio_id": one, "at": check.at, "body": encode(check)} for one, check in seen.items()])


async def closed(tx: Tx) -> frozenset[int]:
    """Return the numbers of all portfolios that are closed."""
    return frozenset((await tx.execute(select(_portfolios.id).where(_portfolios.closed_at.is_not(None)))).scalars())


async def worlds(tx: Tx) -> dict[str, int]:
    """Return how many portfolios stand on each market, closed ones too; of a database that was never used nobody does.

    What is no name of a market is left out: nothing is traded there.
    """
    names = await tx.run_sync(lambda connection: inspect(connection).get_table_names())
    if tables.portfolios.name not in names:
        return {}
    counted = select(_portfolios.exchange, func.count()).group_by(_portfolios.exchange)
    return {world: int(count) for world, count in await tx.execute(counted) if isinstance(world, str)}


async def worlds_of_keys(tx: Tx) -> tuple[str, ...]:
    """Return the exchanges on which portfolios stand by a key, closed ones too: they may be opened again."""
    found = (await tx.execute(select(_portfolios.exchange).where(_portfolios.key_id.is_not(None)).distinct())).scalars()
    return tuple(world for world in found if isinstance(world, str))


def _row(portfolio: Portfolio) -> dict[str, Any]:
    row = {field.name: getattr(portfolio, field.name) for field in fields(portfolio) if field.name not in _TOLD}
    live = None if portfolio.live is None else encode(portfolio.live)
    return row | {"strategy": encode(portfolio.strategy), "answering": encode(portfolio.answering), "live": live}


def _portfolio(row: Row[Any]) -> Portfolio:
    read = dict(zip(_COLUMNS, row, strict=False))
    read |= {"is_one_of_several": bool(row.is_one_of_several), "stands_on": _stands_on(row)}
    read |= {"strategy": _strategy(read["strategy"]), "mode": Mode(read["mode"]), "answer": AnswerMode(read["answer"])}
    read["answering"] = _answering(read["answering"])
    read["live"] = _consent(read["live"], read["stands_on"])
    read["quote"] = read["quote"] or USUAL_QUOTE
    return Portfolio(**read)


def _stands_on(row: Row[Any]) -> str:
    """Return the word for the account of a portfolio, by the exchange's own number of it, else by its key; a key that is gone has none."""
    if row.key_id is None:
        return ""
    known = row.account or (row.added_at and f"{row.key_id} {row.shown} {row.added_at.isoformat()}")
    return f"{row.exchange} {row.key_exchange} {known}" if row.key_exchange else "nothing"


def _consent(stored: str | None, stands_on: str) -> LiveTerms | None:
    """Return what was agreed to; it is void for another account than the one that it was given for."""
    terms = None if stored is None else decode(LiveTerms, stored)
    return terms if terms is not None and terms.rests_on == stands_on else None


@lru_cache(maxsize=1024)
def _strategy(stored: str) -> Strategy:
    """Read a strategy; most people keep a preset, so the same text comes again and again."""
    return decode(Strategy, stored)


@lru_cache(maxsize=256)
def _answering(stored: str | None) -> Answering:
    """Read how a portfolio answers by itself."""
    return Answering() if stored is None else decode(Answering, stored)
