"""The mix that a person chose outlives what fills, cuts and rounding leave of it (domain 2.3): from the chat to the exchange."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.monitor.batch import CheckWrites
from chatbot.portfolio.stored import states
from tests.moments import after
from tests.person import Someone
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

D = Decimal


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down with 10,000 in a market that stands still, whose ALT are SOL and XRP; SOL will fill to its half only."""
    async with after(Someone.set_up, tmp_path, source=StillMarket, fear_greed_url="") as opened:
        (await opened.exchange()).faults.stuck |= {"SOL"}
        yield opened


async def intended(ann: Someone) -> dict[str, dict[str, int]]:
    """Return what is remembered: by line, of each coin, the intended quantity as its value at the first prices."""
    worth = {"BTC": 50_000, "ETH": 2_500, "SOL": 100, "XRP": D("0.5")}
    async with ann.program.db.read() as tx:
        found = (await states.read(tx, await ann.portfolio_id())).mix
    return {line: {coin: round(qty * worth[coin], -1) for coin, qty in meant.items()} for line, meant in found.items()}


async def trades(ann: Someone) -> dict[str, int]:
    """Return what the newest plan buys and sells of coins, in dollars."""
    legs = [leg for leg in (await ann.plan()).legs if leg.kind in ("spot_buy", "spot_sell")]
    return {leg.instrument: round(leg.qty * leg.price * (-1 if leg.sells else 1), -1) for leg in legs}


@pytest.mark.long
async def test_what_did_not_fill_is_bought_by_the_next_plan_and_nothing_of_the_others(ann: Someone) -> None:
    """SOL fills to its half; the next plan buys the other half, not a part of everything. Then the mix is what is held."""
    await ann.confirm()
    assert await intended(ann) == {"CORE": {"BTC": 2000, "ETH": 2000}, "ALT": {"SOL": 2000, "XRP": 2000}}
    await ann.step()
    assert await intended(ann) == {"ALT": {"SOL": 2000, "XRP": 2000}}, "CORE is reached"
    (await ann.exchange()).faults.stuck.clear()
    await ann.say("/rebalance")
    assert await trades(ann) == {"SOL": 1000}
    await ann.confirm()
    await ann.step()
    assert await intended(ann) == {}
    assert "Nothing to do" in await ann.say("/rebalance")


@pytest.mark.long
async def test_a_leg_that_was_left_out_is_a_decision_about_its_coin(ann: Someone) -> None:
    """XRP is left out by Edit: none of it is intended, and the next plan gives its part of the line to SOL."""
    await ann.tap("Edit")
    await ann.tap(next(label for label in ann.last.buttons if "XRP" in label))
    await ann.tap("Back to the plan")
    await ann.confirm()
    assert (await intended(ann))["ALT"] == {"SOL": 2000, "XRP": 0}
    (await ann.exchange()).faults.stuck.clear()
    await ann.say("/rebalance")
    assert await trades(ann) == {"SOL": 3000}


async def test_what_was_bought_too_little_by_hand_is_asked_for_again(tmp_path: Path) -> None:
    """Half of the SOL, all of the rest: the amounts named with a card are what filled, and no new choice."""
    async with after(Someone.type_in, tmp_path, "USDT 10000", source=StillMarket, fear_greed_url="") as ann:
        await ann.tap("Done, other amounts")
        await ann.say("SOL 10, USDT 2000")
        assert (await intended(ann))["ALT"] == {"SOL": 2000, "XRP": 2000}
        await ann.say("/rebalance")
        assert await trades(ann) == {"SOL": 1000}


@pytest.mark.long
async def test_what_a_person_changes_about_a_line_is_a_new_choice(ann: Someone) -> None:
    """Coins that come, go or are kept out, and other targets: the mix is then what is held. Money and bands are no such thing."""
    await ann.confirm()
    portfolio_id = await ann.portfolio_id()
    async with ann.program.db.read() as tx:
        meant = (await states.read(tx, portfolio_id)).mix
    for said, left in (
        ("/deposit 100", ["ALT", "CORE"]),
        ("/deposit 1 SOL", ["CORE"]),
        ("/withdraw 0.01 BTC", ["ALT"]),
        ("/keep 1 SOL", ["CORE"]),
        ("/bands ALT 7", ["ALT", "CORE"]),
        ("/targets BTC 40 ALT 40 USDT 20", []),
    ):
        async with ann.program.db.transaction() as tx:
            before = await states.read(tx, portfolio_id)
            await states.write(tx, portfolio_id, before, replace(before, mix=meant))
        await ann.say(said)
        assert sorted(await intended(ann)) == left, said


@pytest.mark.long
async def test_a_mix_that_is_written_down_during_a_check_is_not_forgotten_by_it(ann: Someone) -> None:
    """The check looked before a plan was confirmed: what it found reached is not what stands there since."""
    await ann.confirm()
    portfolio_id = await ann.portfolio_id()
    portfolio = await ann.program.portfolios.by_id(portfolio_id)
    assert portfolio is not None
    looked = await ann.program.evaluator.look_many([portfolio])
    anew = {"BTC": D(1), "ETH": D(1)}
    async with ann.program.db.transaction() as tx:
        before = await states.read(tx, portfolio_id)
        await states.write(tx, portfolio_id, before, replace(before, mix={**before.mix, "CORE": anew}))
        await ann.program.monitor._judge_some(tx, deque(looked.values()), CheckWrites())
        assert (await states.read(tx, portfolio_id)).mix["CORE"] == anew
