"""Real accounts are asked about side by side, and so many in one check as their exchange bears; nobody waits for ever, or for another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.exchanges.live.private.binance.speech import Binance
from chatbot.model import Credentials, LiveLimits, LiveTerms, Mode
from chatbot.monitor.roster import REAL_A_CHECK, Roster
from chatbot.shares.owned import Shares
from chatbot.store import portfolios
from tests.exchanges.live.private.wire import desk
from tests.portfolio.still_market import START, D, bench
from tests.store import samples
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path


def roster(counts: dict[str, int], papers: int) -> Roster:
    """Return a roster of so many real accounts by exchange, and some portfolios on paper."""
    nobody: Any = None
    made = Roster(nobody, lambda portfolio: portfolio.exchange)
    number = 0
    for exchange, count in counts.items():
        for _ in range(count):
            number += 1
            made._load(samples.portfolio(7, id=number, mode=Mode.LIVE, exchange=exchange), {})
    for _ in range(papers):
        number += 1
        made._load(samples.portfolio(7, id=number), {})
    return made


def test_a_thousand_accounts_take_turns_and_nobody_else_waits() -> None:
    """Each is asked about once in a round, whoever waited longest first; what is on paper is looked at in every check, and first."""
    nobody: Any = None
    watched = roster({"binance": 1000, "bybit": 30}, papers=5)
    asked: list[int] = []
    for minute in range(-(-1000 // REAL_A_CHECK)):
        found = watched.suspects(nobody, START + timedelta(minutes=minute))
        assert [one.mode for one in (*found.at_once, *found.in_turn)] == [Mode.PAPER] * 5
        assert {one.mode for one in found.real} == {Mode.LIVE}
        assert sum(one.exchange == "bybit" for one in found.real) == 30
        binance = [one.id for one in found.real if one.exchange == "binance"]
        assert len(binance) == REAL_A_CHECK
        asked += binance
    assert set(asked[:1000]) == set(range(1, 1001)), "everybody once, before anybody twice"


def test_who_shares_the_people_shares_what_an_address_may_ask() -> None:
    """Workers behind one address would ask as often as each of them may alone."""
    nobody: Any = None
    watched = Roster(nobody, lambda portfolio: portfolio.exchange, Shares(range(16)))
    for number in range(1, 101):
        watched._load(samples.portfolio(7, id=number, mode=Mode.LIVE, exchange="binance"), {})
    assert len(watched.suspects(nobody, START).real) == REAL_A_CHECK // 4


async def test_an_exchange_that_does_not_answer_costs_its_patience_once(tmp_path: Path) -> None:
    """Both accounts are asked before either has answered."""
    async with bench(tmp_path) as on:
        waiting, both = [], asyncio.Event()
        for _ in range(2):
            portfolio = await on.balanced()
            account: Any = await on.program.accounts.exchange(portfolio.id)
            real = account.balances

            async def balances(number: int = portfolio.id, real: Any = real) -> Any:
                waiting.append(number)
                if len(waiting) >= 2:
                    both.set()
                await asyncio.wait_for(both.wait(), LIMIT_S)
                return await real()

            account.balances = balances
            await on.program.portfolios.change(portfolio, mode=Mode.LIVE, live=LiveTerms(since=START, limits=LiveLimits(order=D(100))))
        async with on.program.db.read() as tx:
            many = await portfolios.active(tx)
        looked = await on.program.evaluator.look_many(many)
        assert [one.figures is not None for one in looked.values()] == [True, True]


@pytest.mark.long
async def test_what_one_check_asks_stays_inside_the_limits_and_nobody_is_turned_away() -> None:
    """Issue 11: the accounts themselves, on a clock that moves when they wait; the weights are Binance's own."""
    room = desk()
    clock = room.clock
    weights = {"/api/v3/account": ("api", 20), "/fapi/v3/account": ("fapi", 5), "/fapi/v3/positionRisk": ("fapi", 5)}
    spent: dict[tuple[str, int], int] = {}
    counted = 0
    for check in range(6):
        keys = [Credentials(api_key=f"key{check}-{number}", secret="s") for number in range(REAL_A_CHECK)]
        mine = [room.accounts.account("binance", one, tag="t", journal=room.journal, watch=True) for one in keys]

        async def look(account: Any) -> None:
            await account.balances()
            await account.positions()

        began = clock.monotonic()
        await asyncio.gather(*map(look, mine))
        for sent in room.wire.sent[counted:]:
            if sent.path in weights:
                pool, weight = weights[sent.path]
                minute = int(sent.params["timestamp"]) // 60_000
                spent[pool, minute] = spent.get((pool, minute), 0) + weight
        counted = len(room.wire.sent)
        assert clock.monotonic() - began < 60, "a check is over before the next one"
        clock.advance(60 - (clock.monotonic() - began))
    assert sum(spent.values()) == 6 * REAL_A_CHECK * 35
    for (pool, _), weight in spent.items():
        assert weight <= Binance.limits[pool].weight * 0.8
