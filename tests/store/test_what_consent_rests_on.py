"""The consent to real money holds for the account that it was given for, through restarts and new seals, and for no other."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, select, update

from chatbot import backup, live_consent
from chatbot.model import (
    AloneEnded,
    Answering,
    AnswerMode,
    AutoLimits,
    KeyReport,
    LiveLimits,
    LiveStop,
    LiveTerms,
    MessageKind,
    Mode,
    PlanState,
    Portfolio,
    Unanswered,
)
from chatbot.plans.real_money import limits
from chatbot.portfolio.revision import revision_of
from chatbot.store import keys, messages, portfolios, tables
from chatbot.store.codec import encode
from chatbot.store.database import Database
from tests.store.databases import sqlite_url
from tests.store.samples import NOW, a_person, a_plan, a_portfolio, plan

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.sql.dml import Delete, Update

LIMITS = LiveLimits(order=Decimal(10_000), turnover=Decimal(1))


async def on_a_key(db: Database, account: str | None = "binance:1") -> Portfolio:
    """Store a portfolio on a key whose person has agreed to everything that there is to agree to."""
    async with db.transaction() as tx:
        await a_person(tx)
        await a_person(tx, 8)
        key = await keys.add(tx, 7, "binance", "abcd", KeyReport(at=NOW), lambda number: f"seal {number}")
    opened = await a_portfolio(db, mode=Mode.LIVE, exchange="binance", key_id=key.id, account=account, name="real")
    terms = LiveTerms(since=NOW, limits=LIMITS, is_tried=True, auto_since=NOW, rests_on=opened.stands_on)
    answering = Answering(limits=AutoLimits(trade=Decimal(500), share=Decimal(1)), unanswered=Unanswered.REDUCE)
    agreed = replace(opened, live=terms, answer=AnswerMode.AUTO, answering=answering)
    async with db.transaction() as tx:
        await portfolios.save(tx, agreed)
    return agreed


async def as_stored(db: Database, portfolio_id: int) -> Portfolio:
    async with db.read() as tx:
        found = await portfolios.get(tx, portfolio_id)
    assert found is not None
    return found


async def write(db: Database, statement: Update | Delete) -> None:
    async with db.transaction() as tx:
        assert (await tx.execute(statement)).rowcount == 1


async def test_it_survives_a_restart(tmp_path: Path) -> None:
    """Another process reads what was agreed to, word for word."""
    db = Database(sqlite_url(tmp_path))
    await db.migrate()
    agreed = await on_a_key(db)
    await db.close()
    again = Database(sqlite_url(tmp_path))
    found = await as_stored(again, agreed.id)
    await again.close()
    assert found == agreed
    assert found.acts_alone
    assert revision_of(found) == revision_of(agreed)


STANDS: dict[str, Update] = {
    "sealed anew": update(tables.keys).values(sealed="another seal"),
    "asked about anew": update(tables.keys).values(report=encode(KeyReport(at=NOW, reads=True))),
    "renamed": update(tables.portfolios).values(name="another name"),
    "paused": update(tables.portfolios).values(paused=True),
    "another key of the same account": update(tables.keys).values(shown="efgh"),
}
VOID: dict[str, Update | Delete] = {
    "the key is gone": delete(tables.keys),
    "nobody can open the key": update(tables.keys).values(sealed=""),
    "the key of somebody else": update(tables.keys).values(person_id=8),
    "the key of another exchange": update(tables.keys).values(exchange="bybit"),
    "another account": update(tables.portfolios).values(account="binance:2"),
    "a key that is not there": update(tables.portfolios).values(key_id=99),
    "no account": update(tables.portfolios).values(key_id=None),
    "another market": update(tables.portfolios).values(exchange="bybit"),
}


@pytest.mark.parametrize("what", list(STANDS))
async def test_it_stands_whatever_it_does_not_rest_on(db: Database, what: str) -> None:
    agreed = await on_a_key(db)
    await write(db, STANDS[what])
    assert (await as_stored(db, agreed.id)).live == agreed.live


@pytest.mark.parametrize("what", list(VOID))
async def test_it_is_void_for_another_account(db: Database, what: str) -> None:
    """Then it is watched, and a plan that was confirmed before sends nothing more; a change written later does not bring it back."""
    agreed = await on_a_key(db)
    await write(db, VOID[what])
    found = await as_stored(db, agreed.id)
    assert found.live is None
    assert found.is_watched
    assert not found.acts_alone
    assert revision_of(found) != revision_of(agreed)
    breach = limits.breach(plan(agreed.id, mode=Mode.LIVE), found, Decimal(0))
    assert breach is not None
    assert breach.why is LiveStop.WATCHED
    async with db.transaction() as tx:
        await portfolios.save(tx, replace(found, snoozed_until=NOW))
        assert (await tx.execute(select(tables.portfolios.c.live))).scalar_one() is None


@pytest.mark.parametrize("what", [{"shown": "efgh"}, {"added_at": NOW.replace(hour=13)}], ids=["another key", "given again"])
async def test_where_the_exchange_tells_no_account_the_key_stands_for_it(db: Database, what: dict[str, Any]) -> None:
    agreed = await on_a_key(db, None)
    assert (await as_stored(db, agreed.id)).live == agreed.live
    await write(db, update(tables.keys).values(**what))
    assert (await as_stored(db, agreed.id)).live is None


CHANGED: dict[str, Any] = {
    "mode": {"mode": Mode.PAPER},
    "limits": {"live": replace(LiveTerms(since=NOW, limits=LIMITS), limits=replace(LIMITS, loss=Decimal(1)))},
    "consent": {"live": LiveTerms(since=NOW.replace(hour=13), limits=LIMITS)},
    "watched": {"live": None},
}


@pytest.mark.parametrize("what", list(CHANGED))
async def test_a_card_rests_on_the_consent_that_it_was_drawn_under(db: Database, what: str) -> None:
    """Mode, limits, another consent on the same limits, none: each ends the card."""
    agreed = replace(await on_a_key(db), live=LiveTerms(since=NOW, limits=LIMITS))
    assert revision_of(replace(agreed, **CHANGED[what])) != revision_of(agreed)


async def test_a_key_takes_the_consent_with_it(db: Database) -> None:
    agreed = await on_a_key(db)
    async with db.transaction() as tx:
        assert await live_consent.end_with_key(tx, agreed.key_id or 0) == agreed.id
    found = await as_stored(db, agreed.id)
    assert (found.live, found.answer, found.answering.unanswered) == (None, AnswerMode.NOTIFY, Unanswered.EXPIRE)


@pytest.mark.parametrize("state", [None, PlanState.PROPOSED, PlanState.RUNNING], ids=["no plan", "a card", "under way"])
async def test_a_copy_brings_no_consent_back(tmp_path: Path, state: PlanState | None) -> None:
    """It may have been taken back since; only orders that are under way are still looked after. Keys stay sealed as they were."""
    url, copy = f"sqlite+aiosqlite:///{tmp_path / 'ballast.sqlite'}", tmp_path / "copy.db"
    db = Database(url)
    await db.migrate()
    agreed = await on_a_key(db)
    if state is not None:
        await a_plan(db, agreed.id, mode=Mode.LIVE, state=state)
    await db.close()
    await asyncio.to_thread(backup.back_up, url.replace("+aiosqlite", ""), copy, NOW)
    await backup.restore(url.replace("+aiosqlite", ""), copy, NOW)
    db = Database(url)
    found = await as_stored(db, agreed.id)
    async with db.read() as tx:
        told = [one.facts.get("why") for one in await messages.due(tx, NOW, 10)]
        sealed = [seal for _, seal in await keys.every(tx)]
    await db.close()
    assert agreed.live is not None
    assert found.live == (replace(agreed.live, auto_since=None) if state is PlanState.RUNNING else None)
    assert not found.acts_alone
    assert AloneEnded.RESTORED in told
    assert sealed == ["seal 1"]


@pytest.mark.parametrize("why", list(AloneEnded))
async def test_acting_alone_ends_once_and_is_told_once(db: Database, why: AloneEnded) -> None:
    """What was agreed to otherwise stays: plans are shown, and wait for a Confirm."""
    agreed = await on_a_key(db)
    for _ in range(2):
        async with db.transaction() as tx:
            await live_consent.end_alone(tx, why, NOW)
    found = await as_stored(db, agreed.id)
    assert agreed.live is not None
    assert found.live == replace(agreed.live, auto_since=None)
    assert (found.answer, found.answering.unanswered) == (AnswerMode.ASK, Unanswered.EXPIRE)
    async with db.read() as tx:
        told = await messages.due(tx, NOW, 10)
    assert [(one.kind, one.facts["why"]) for one in told] == [(MessageKind.ALONE_ENDED, why)]
