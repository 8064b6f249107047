"""A glance spares most people the exact look, and hides nobody whom that look would tell something or make a plan for."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chatbot.engine.bands import BandState
from chatbot.exchanges.paper.account import AccountState
from chatbot.model import NET, Cause, Check, HeldBack, Reason, ScheduleRule
from chatbot.monitor import batch
from chatbot.monitor.judge import judge
from chatbot.monitor.reading import READ_AGAIN_S
from chatbot.portfolio.layers import Anchor, Memory
from chatbot.portfolio.states import NOTHING, Aim, Danger, Outage, Peg, PortfolioStates, ScheduleMark
from chatbot.portfolio.stored.states import encoded
from chatbot.store import flows, portfolios
from tests.examples import examples
from tests.monitor.test_triggers import ALL_ON, CALM, FEAR, HIGH, LOW, QUIET, SPIKE, TRIM, Stage, stage
from tests.portfolio.still_market import START, bench
from tests.store.samples import FIGURES

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Portfolio, Signal

D = Decimal
#: what may be remembered, beside where the lines were to stand
MEMORIES = (
    NOTHING,
    replace(NOTHING, rang_at=START),
    replace(NOTHING, memory=Memory(told={"fear_greed": "1"})),
    replace(NOTHING, memory=Memory(told={"funding_high": "0.5", "trend:BTC-PERP": "0.5"})),
    replace(NOTHING, memory=Memory(told={"volatility:BTC": "0.4"}, anchors={"BTC": Anchor(since=START, weight=D("0.3"), share=None)})),
    replace(NOTHING, memory=Memory(pending=(Reason(trigger=Cause.DRIFT, line="BTC"),))),
    replace(NOTHING, lines={"BTC": BandState(fired=True, side="over", last_drift=D("0.06"))}),
    replace(NOTHING, lines={"SOL": BandState(fired=True, side="under", last_drift=D("0.01"), silent=True)}),
    replace(NOTHING, mix={"BTC": {"BTC": D(1)}}),
    replace(NOTHING, outage=Outage(since=START)),
    replace(NOTHING, danger=Danger(distance=D("0.05"))),
    replace(NOTHING, pegs={"USDT": Peg(state=BandState(fired=True, side="under", last_drift=D("0.05")), told=START)}),
    replace(NOTHING, stops={"BTC": "halted"}),
    replace(NOTHING, schedule=ScheduleMark(settled=START)),
)
#: quantities of BTC from far below to far above what its band allows, some of them a hair from its edges
COINS = ("0.5", "0.7", "0.79", "0.8", "0.81", "0.9", "1.1")


async def inside(folder: Path) -> tuple[int, ...]:
    """Open three portfolios on their targets, have them looked at, and return what the first check of the next start does."""
    async with bench(folder) as on:
        for _ in range(3):
            await on.balanced()
        await on.tick()
    async with bench(folder, start=START + timedelta(minutes=5)) as on:
        done = await on.program.monitor.tick()
        on.market.move("BTC", "0.5")
        return done.portfolios, done.examined, (await on.program.monitor.tick()).examined


async def test_after_a_start_only_who_may_be_told_something_is_looked_at_exactly(tmp_path: Path) -> None:
    """Nobody while all stand inside, and everybody at once when a coin falls."""
    assert await inside(tmp_path) == (3, 0, 3)


async def test_what_another_process_did_to_an_account_is_seen_at_the_next_glance(tmp_path: Path) -> None:
    """Nobody here is told of it, and after ten minutes everybody is glanced at again: who has left a band by it is told."""
    async with bench(tmp_path) as on:
        other, mine = await on.balanced(), await on.balanced()
        await on.tick()
        assert await on.tick(910) == (0, 0), "from here on both are known by a glance"
        sold = AccountState.holding({"BTC": D("0.01"), "SOL": D(40), "USDT": D(5_500)})
        async with on.program.db.transaction() as tx:
            await portfolios.save_account(tx, mine.id, sold.to_json())
        on.program.accounts.forget(mine.id)
        assert await on.tick(300) == (0, 0)
        told, _ = await on.tick(600)
        assert told
        last = on.program.monitor.last
        assert last is not None
        assert last.examined == 1, f"{other.id} is spared"


async def test_who_has_set_other_targets_is_looked_at_exactly_although_all_is_inside(tmp_path: Path) -> None:
    """A plan follows targets that were moved, and no band tells of it."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
        weights = dict(portfolio.strategy.weights)
        first, second, *_ = weights
        moved = weights | {first: weights[first] - D("0.01"), second: weights[second] + D("0.01")}
        await on.program.portfolios.change(portfolio, strategy=replace(portfolio.strategy, weights=moved))
        await on.tick()
        assert on.program.monitor.last is not None
        assert on.program.monitor.last.examined == 1


@pytest.mark.parametrize("late", [False, True])
async def test_a_run_of_the_calendar_that_has_come_due_is_made_after_a_start(tmp_path: Path, *, late: bool) -> None:
    """Who has an appointment is not spared once it has come, whether before the start or after it."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        rule = ScheduleRule(freq="daily", time="10:00", zone="UTC", set_at=START)
        await on.program.portfolios.change(portfolio, strategy=replace(portfolio.strategy, schedule=rule))
        await on.tick()
    async with bench(tmp_path, start=START + timedelta(minutes=65 if late else 30)) as on:
        assert (await on.program.monitor.tick()).examined == int(late)
        on.clock.advance(35 * 60)
        await on.program.monitor.tick()
        async with on.program.db.read() as tx:
            assert (await portfolios.states(tx, portfolio.id))["schedule"]


@pytest.mark.long
def test_whoever_the_exact_look_would_tell_something_is_a_maybe(tmp_path: Path) -> None:
    """Whatever is held, remembered and said by the market: who is spared is calm, and nothing fires, is planned or comes due."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        on = runner.run(stack.enter_async_context(stage(tmp_path)))
        spared = 0

        @settings(max_examples=examples(15), phases=(Phase.generate,))
        @given(st.data())
        def holds(data: st.DataObject) -> None:
            nonlocal spared
            pairs = ((QUIET, SPIKE), (CALM, FEAR), (None, HIGH), (None, LOW), (None, TRIM))
            heard = [data.draw(st.sampled_from((usual, usual, other))) for usual, other in pairs]
            spared += runner.run(_hides_nobody(on, many, [one for one in heard if one is not None], data))

        try:
            many = runner.run(_opened(on))
            holds()
            assert spared, "nobody was ever spared, so nothing was shown"
        finally:
            runner.run(stack.aclose())


async def _opened(on: Stage) -> list[Portfolio]:
    plain = {"triggers": ALL_ON, "futures_net": D(0)}
    off = {name: replace(setting, on=False) for name, setting in ALL_ON.items()}
    rule = ScheduleRule(freq="daily", time="08:00", zone="UTC", set_at=START - timedelta(days=1))
    quiet = plain | {"triggers": off}
    changes: tuple[dict[str, object], ...] = ({}, plain, quiet, quiet, quiet | {"schedule": rule})
    opened = [await on.open() for _ in changes]
    for portfolio, change in zip(opened, changes, strict=True):
        await on.room.program.portfolios.change(portfolio, strategy=replace(portfolio.strategy, **change))  # type: ignore[arg-type]
    return [await on.room.program.portfolios.by_id(one.id) for one in opened]


async def _hides_nobody(on: Stage, many: list[Portfolio], heard: list[Signal], data: st.DataObject) -> int:
    """Write what was drawn, glance at everybody, and judge everybody exactly; returns how many were spared."""
    on.signals = tuple(heard)
    await _write(on, many, data)
    for portfolio in many:
        on.room.program.roster.forget(portfolio.id)
    spared = await _spared(on, many)
    on.room.clock.advance(READ_AGAIN_S + 400)
    await _write(on, [one for one in many if data.draw(st.booleans())], data)  # as another process does, of which nobody here is told
    on.signals = tuple(on.signals[data.draw(st.integers(0, 1)) :])
    return spared + await _spared(on, many)


async def _spared(on: Stage, many: list[Portfolio]) -> int:
    """Glance at everybody, see to it that whoever is spared would have been told nothing, and return how many those are."""
    program, now = on.room.program, on.room.clock.now()
    await program.roster.refresh()
    await program.markets.usual.board.refresh(sorted({*on.room.market.prices}))
    waited = set(program.roster._glanced)
    found = await program.monitor._glances.suspects(now, ())
    spared = {one for one in program.roster._glanced - waited if _stands(on, one)}  # they wait for what is to be written down of them
    maybe = {one.id for one in (*found.at_once, *found.in_turn)} - spared
    looked = await program.evaluator.look_many(many)
    async with program.db.read() as tx:
        stored = await batch.read(tx, [one.id for one in many])
    for portfolio in many:
        seen = program.monitor._input(looked[portfolio.id], stored.people[portfolio.person_id], stored, now, halted=False)
        result = judge(seen)
        told = result.alerts or result.asked is not None or result.due is not None or result.outage_over or not result.calm
        assert portfolio.id in maybe or not told, (looked[portfolio.id].states, looked[portfolio.id].figures)
    return len(many) - len(maybe)


async def _write(on: Stage, many: list[Portfolio], data: st.DataObject) -> None:
    """Write accounts, what is remembered, and for most of them what an exact look of today leaves behind."""
    now = on.room.clock.now()
    async with on.room.program.db.transaction() as tx:
        for portfolio in many:
            await portfolios.save_account(tx, portfolio.id, _drawn_account(data).to_json())
            old, new = await portfolios.states(tx, portfolio.id), encoded(_drawn_states(portfolio, data))
            await portfolios.save_states(tx, {(portfolio.id, key): new.get(key, {}) for key in {*old, *new}})
            if data.draw(st.sampled_from([True, True, False])):
                await portfolios.save_checks(tx, {portfolio.id: Check(at=now, figures=FIGURES, held_back=HeldBack.INSIDE)})
                await flows.record_values(tx, [(portfolio.id, flows.Opening(day=now.date(), at=now, value=D(1)))])
    for portfolio in many:
        on.room.program.accounts.forget(portfolio.id)


def _stands(on: Stage, portfolio_id: int) -> bool:
    """Tell whether the screen alone watches somebody until an exact look has its turn."""
    roster = on.room.program.roster
    hurried = {one.id for one in roster.suspects(on.room.program.markets, on.room.clock.now()).at_once}
    return roster.mark_of(portfolio_id) is not None and portfolio_id not in hurried


def _drawn_account(data: st.DataObject) -> AccountState:
    btc, sol = D(data.draw(st.sampled_from(COINS))), D(data.draw(st.sampled_from(["250", "299", "300", "301", "350"])))
    spot = {"BTC": btc, "SOL": sol, "USDT": D(data.draw(st.sampled_from(["15000", "20000", "26000"])))}
    spot |= {"XRP": D(200)} if data.draw(st.booleans()) else {}
    stake = data.draw(st.sampled_from([None, None, None, "0.2", "-0.3"]))
    held = {} if stake is None else {"BTC-PERP": (D(stake), D(50_000))}
    return AccountState.holding(spot, futures_wallet=D(data.draw(st.sampled_from(["9900", "10000", "4000"]))), positions=held)


def _drawn_states(portfolio: Portfolio, data: st.DataObject) -> PortfolioStates:
    memory = data.draw(st.one_of(st.just(NOTHING), st.sampled_from(MEMORIES)))
    weights = {line: portfolio.strategy.weights[line] for line in portfolio.strategy.bands}
    weights |= {NET: portfolio.strategy.net_target} if portfolio.strategy.net_target else {}
    shift = D(data.draw(st.sampled_from(["0", "0", "0.02"])))
    aims = {line: Aim(own=target + shift, effective=target + shift) for line, target in weights.items()}
    return replace(memory, aims=aims if data.draw(st.booleans()) else {})
