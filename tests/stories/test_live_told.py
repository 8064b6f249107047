"""What is written down of real money, and what is told of it: no secret anywhere, alarms once each, and everything gone when asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot import backup
from chatbot.exchanges.live.private.account import LiveAccount
from chatbot.model import PlanState
from chatbot.store import privacy
from tests.overheard import overheard
from tests.stories.at_exchange import API_KEY, SECRET, agree, at_exchange, theirs, tried, watch

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.exchanges.base import Balances
    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long


def broken(*_: object, **__: object) -> Any:
    raise RuntimeError("what the exchange told breaks us")


async def written(ann: Someone) -> str:
    """Return every file of the data folder, a copy of the database, the export, and the chat with its files."""
    folder = ann.program.settings.data_dir
    copy = folder.parent / "copy.db"
    await asyncio.to_thread(backup.back_up, f"sqlite:///{folder / 'ballast.sqlite'}", copy, ann.clock.now())
    files = await asyncio.to_thread(lambda: [path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()])
    async with ann.program.db.read() as tx:
        exported = await privacy.export_person(tx, ann.user.id)
    chat = [(one.text, one.attachment.data if one.attachment else b"") for one in ann.messages]
    return "\n".join([*(file.decode("latin-1") for file in files), repr(exported), repr(chat)])


async def test_a_secret_is_in_nothing_from_the_key_to_the_last_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost answer, nonsense, a fault of our own with its local variables, a key that is revoked; then everything is deleted for good."""
    with overheard(monkeypatch) as lines:
        async with at_exchange(tmp_path / "data") as (ann, server):
            await watch(ann)
            await agree(ann)
            await ann.say("/targets BTC 42 ETH 25 USDT 33")
            await ann.say("/rebalance")
            server.faults.add(call="place", fault="reset_after")
            server.faults.add(call="find", fault="html_before")
            assert (await ann.confirm()).state is PlanState.DONE
            with monkeypatch.context() as fault:
                fault.setattr(LiveAccount, "balances", broken)
                await ann.step()
            await ann.say("/report")
            await ann.say("/keys")
            theirs(server).revoked = True
            ann.clock.advance(3600)
            await ann.program.keyring.tend()
            await ann.step()
            assert "Your key needs you" in ann.since(0)
            found, heard = await written(ann), "\n".join(lines)
            assert "RuntimeError" in heard, "nothing was overheard"
            assert "…0001" in found
            assert SECRET not in found
            assert API_KEY not in found
            assert SECRET not in heard  # the client library tells of the public half at DEBUG; what is hidden masks it
            await ann.say("/privacy")
            await ann.taps("Delete everything…", "Delete everything")
            ann.sees("deleted")
            async with ann.program.db.read() as tx:
                assert await privacy.export_person(tx, ann.user.id) == {}
            left = await asyncio.to_thread((tmp_path / "data" / "ballast.sqlite").read_bytes)
            assert b"rests_on" not in left


async def test_an_empty_answer_is_no_empty_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Confirm sends nothing, no plan is made, the alert says what came, and /panic shows dashes and no sum of nothing."""
    real = LiveAccount.balances

    async def nothing(account: LiveAccount) -> Balances:
        return replace(await real(account), spot={}, free={}, futures_wallet=Decimal(0))

    async with at_exchange(tmp_path) as (ann, server):
        await watch(ann)
        await agree(ann)
        await ann.say("/targets BTC 42 ETH 25 USDT 33")
        await ann.say("/rebalance")
        monkeypatch.setattr(LiveAccount, "balances", nothing)
        for _ in range(2):
            await ann.tap("Confirm")
            await ann.work()
            ann.sees("Cannot evaluate: the exchange answered with an empty account")
            await ann.say("/rebalance")
            ann.sees("Cannot evaluate: the exchange answered with an empty account")
        assert "$0" not in await ann.say("/status")
        await ann.say("/panic")
        ann.sees("Cannot evaluate: the exchange answered with an empty account", "Kept: coins —, money —")
        before = ann.newest
        for _ in range(4):
            await ann.step()
        assert ann.since(before).count("the exchange answered with an empty account") == 1
        assert (await ann.plan()).state is PlanState.PROPOSED
        assert theirs(server).orders == []


async def test_what_endangers_real_money_is_told_once_each_with_what_to_do(tmp_path: Path) -> None:
    """The exchange that cannot be reached, and is back; checks that did not happen; a key that was deleted: each once, in words."""
    async with at_exchange(tmp_path) as (ann, server):
        await tried(ann)
        before = ann.newest
        server.faults.add(call="balances", fault="maintenance", times=60)
        for _ in range(6):
            await ann.step()
        ann.sees("Cannot evaluate: the exchange does not answer", "until then, watch your positions at the exchange")
        told = [one.text for one in ann.messages if one.id > before]
        assert len(told) == 1, told
        server.faults._waiting.clear()
        before = ann.newest
        for _ in range(3):
            await ann.step()
        assert len([one for one in ann.messages if one.id > before]) == 1
        before = ann.newest
        theirs(server).revoked = True
        for _ in range(4):
            await ann.step()
            ann.clock.advance(1800)
            await ann.program.keyring.tend()
            await ann.work()
        told = [one.text for one in ann.messages if one.id > before]
        assert sum("Your key needs you" in one for one in told) == 1, told
        assert sum("does not accept the key" in one and "/keys" in one for one in told) <= 1, told


@pytest.mark.parametrize("exchange", ["binance", *(pytest.param(one, marks=pytest.mark.slow) for one in ("bybit", "bingx", "mexc"))])
async def test_an_order_of_which_nobody_knew_is_told_when_the_exchange_shows_it(tmp_path: Path, exchange: str) -> None:
    """Its answer was lost and lists lag for hours: asked about, closed, booked and told once it is listed; no second order."""
    async with at_exchange(tmp_path, exchange) as (ann, server):
        await watch(ann, exchange)
        await agree(ann)
        await ann.say("/targets BTC 42 ETH 25 USDT 33")
        await ann.say("/rebalance")
        server.venue.harshness = replace(server.venue.harshness, lookup_lag_s=20_000)
        server.faults.add(call="place", fault="reset_after")
        assert (await ann.confirm()).state is PlanState.PARKED
        ann.sees("I don't know whether one order went through")
        await ann.tap("Close it")
        await ann.work()
        plan = await ann.plan()
        assert plan.state is PlanState.DONE
        for _ in range(3):
            await ann.step()
            await ann.program.executor.comparison.look()
        (order,) = theirs(server).orders
        assert (order.filled > 0, plan.legs[0].filled) == (True, 0)
        server.venue.harshness = replace(server.venue.harshness, lookup_lag_s=0)
        before = ann.newest
        for _ in range(3):
            await ann.step()
            await ann.program.executor.comparison.look()
            await ann.work()
        assert ann.since(before).count("the exchange shows other fills than I booked") == 1
        assert (await ann.plan()).legs[0].filled == order.filled
        assert len(theirs(server).orders) == 1
