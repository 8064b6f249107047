"""Tilts of a portfolio from the check that latches one to the plan that takes it off (domain 9.3)."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import AnswerMode, AutoLimits, Cause, Mode, OpenTilt, PlanState, Portfolio, Reason, Signal, TriggerSetting
from chatbot.plans.outcomes import Confirmed, Proposed
from chatbot.portfolio import strategies
from chatbot.portfolio.stored import states
from chatbot.store import plans
from chatbot.triggers import tilt
from tests.portfolio.still_market import PERSON, START, Bench, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Plan, Strategy

D = Decimal
FEAR = Signal(trigger=Cause.FEAR_GREED, reading=D(12), enter=D(25), leave=D(30), below=True, active=True, since=START, size=D(1))


class Desk:
    """A bench with one portfolio: BTC 30, ETH 40, cash 20, collateral 10; its futures base is BTC only, so ETH may be tilted."""

    def __init__(self, room: Bench) -> None:
        self.room = room
        self.signals: tuple[Signal, ...] = ()
        self.portfolio: Portfolio

    async def of(self, _: Strategy, __: str) -> tuple[Signal, ...]:
        """Stand in for the machines."""
        return self.signals

    async def open(self, **changes: object) -> None:
        """Open it on target."""
        markets = await self.room.market.markets()
        weights = {"BTC": D(30), "ETH": D(40), "USDT": D(20), "FUTURES": D(10)}
        strategy, problems = strategies.own_weights(weights, markets, strategies.preset("balanced", markets))
        assert strategy is not None, problems
        usual = {"tilt": D("0.5"), "futures_split": {"BTC-PERP": D(1)}, "triggers": {Cause.FEAR_GREED: TriggerSetting(on=True)}}
        strategy = replace(strategy, **{**usual, **changes})
        holdings = {"BTC": D("0.6"), "ETH": D(16), "USDT": D(30_000)}
        self.portfolio = await self.room.program.portfolios.open(PERSON, Mode.PAPER, strategy, holdings)
        await self.propose("manual")
        await self.confirm()

    async def propose(self, why: str) -> Plan:
        """Ask for a plan."""
        found = await self.room.program.rebalancing.propose(self.portfolio, (Reason(trigger=Cause(why)),))
        assert isinstance(found, Proposed), found
        return found.plan

    async def confirm(self) -> Plan:
        """Confirm the open plan and return it as it ended."""
        plan = await self.room.plan(self.portfolio)
        assert plan is not None
        assert isinstance(await self.room.program.rebalancing.confirm(plan.id, PERSON.id), Confirmed)
        await self.room.program.work.run_pending()  # type: ignore[attr-defined]
        async with self.room.program.db.read() as tx:
            ended = await plans.plan(tx, plan.id)
        assert ended is not None
        assert ended.state is PlanState.DONE
        return ended

    async def rally(self) -> Plan:
        """Let ETH leave its band, and return the plan that comes of it."""
        self.room.market.move("ETH", "1.3")
        await self.room.tick()
        await self.room.tick()
        plan = await self.room.plan(self.portfolio)
        assert plan is not None
        return plan

    async def tilts(self) -> tuple[OpenTilt, ...]:
        """Return what stands in the store."""
        async with self.room.program.db.read() as tx:
            return (await states.read(tx, self.portfolio.id)).tilts

    async def held(self) -> Decimal:
        """Return the position in ETH futures as a share of the value."""
        found = await self.room.program.evaluator.look(self.portfolio, fresh=True)
        assert found.figures is not None
        return round(found.figures.book.get("ETH-PERP", D(0)) / found.figures.value, 4)


@asynccontextmanager
async def desk(folder: Path, **changes: object) -> AsyncIterator[Desk]:
    """Open a bench and take over its signals."""
    async with bench(folder) as room:
        made = Desk(room)
        room.program.evaluator._signals = made.of
        await made.open(**changes)
        await room.tick()
        yield made


def about(plan: Plan) -> list[tuple[str, str]]:
    """Return what a plan does about tilts."""
    return [(reason.line, reason.event) for reason in plan.reasons if reason.trigger == Cause.TILT]


async def test_a_rally_is_sold_and_bet_against(tmp_path: Path) -> None:
    """ETH 6.4 points over: the plan sells it and opens a short of half the drift, at most 0.05 of beta; both are filled."""
    async with desk(tmp_path) as on:
        plan = await on.rally()
        assert about(plan) == [("ETH", "begin")]
        (tilt,) = await on.tilts()
        assert not tilt.placed
        drift = next(reason for reason in plan.reasons if reason.trigger == "drift")
        assert drift.weight is not None
        assert drift.target is not None
        assert abs(tilt.weight + (drift.weight - drift.target) / 2) < D("1e-20")
        await on.confirm()
        assert await on.held() == round(tilt.weight, 4)
        assert await on.tilts() == (replace(tilt, placed=True),)
        assert await on.room.tick() == (0, 0), "it is part of the targets: nothing rings about it"


async def test_completion_does_not_trade_a_tilt_away(tmp_path: Path) -> None:
    """Beta's goal holds the tilt, so the index contract does not make up for it."""
    async with desk(tmp_path) as on:
        plan = await on.rally()
        assert all(reason.trigger != "beta" for reason in plan.reasons)
        done = await on.confirm()
        assert done.result is not None
        assert abs(done.result.beta - done.after.beta) < D("0.005")


async def test_off_means_off(tmp_path: Path) -> None:
    """With kappa 0 the same rally is only sold."""
    async with desk(tmp_path, tilt=D(0)) as on:
        plan = await on.rally()
        assert about(plan) == []
        await on.confirm()
        assert await on.held() == 0
        assert await on.tilts() == ()


async def test_a_skipped_tilt_is_forgotten(tmp_path: Path) -> None:
    """What nobody confirmed does not stand in the targets, and does not come back by itself."""
    async with desk(tmp_path) as on:
        plan = await on.rally()
        await on.room.program.rebalancing.skip(plan.id, PERSON.id)
        await on.room.tick()
        assert await on.tilts() == ()
        assert about(await on.propose("manual")) == []


async def test_a_bet_alone_makes_no_plan(tmp_path: Path) -> None:
    """ETH is back inside its band before the window closes: nothing is proposed, and the tilt is forgotten."""
    async with desk(tmp_path) as on:
        on.room.market.move("ETH", "1.3")
        await on.room.tick()
        assert len(await on.tilts()) == 1
        on.room.market.move("ETH", "0.8")
        await on.room.tick()
        assert await on.room.plan(on.portfolio) is None
        await on.room.tick()
        assert await on.tilts() == ()


@pytest.mark.long
async def test_a_tilt_outlives_a_restart(tmp_path: Path) -> None:
    """A second program over the same folder knows it, counts its days on, and asks to close it."""
    async with desk(tmp_path) as on:
        await on.rally()
        await on.confirm()
        (tilt,) = await on.tilts()
        prices, now, kept = on.room.market.prices, on.room.clock.now(), on.portfolio
    async with bench(tmp_path, start=now) as room:
        room.market.prices.update(prices)
        again = Desk(room)
        again.portfolio = kept
        room.program.evaluator._signals = again.of
        assert await again.tilts() == (tilt,)
        assert await room.tick() == (0, 0)
        room.clock.advance(7 * 86_400)
        await room.tick()
        await room.tick()
        plan = await room.plan(kept)
        assert plan is not None
        assert about(plan) == [("ETH", "end")]


@pytest.mark.parametrize("first", [D(0), D("0.01")], ids=["nothing was booked", "a part was booked"])
async def test_a_tilt_whose_fill_comes_to_light_after_its_plan_is_a_tilt_and_no_drift(tmp_path: Path, first: Decimal) -> None:
    """The answer to its order was lost, and its plan was closed: the short that stands there was taken off by the next plan."""
    async with desk(tmp_path) as on:
        shown = replace(await on.rally(), legs=(await on.confirm()).legs)
        (whole,) = await on.tilts()
        legs = (replace(leg, filled=first) if leg.instrument == "ETH-PERP" else leg for leg in shown.legs)
        booked = replace(shown, legs=tuple(legs))
        before = replace(whole, placed=False)
        kept = tilt.ended((before,), booked)
        assert kept == (() if not first else (whole,))
        ((one,), again) = tilt.corrected(kept, booked, shown), tilt.corrected((), shown, shown)
        assert (one.asset, one.contract, one.weight, one.placed) == (whole.asset, whole.contract, whole.weight, True)
        assert again == (), "one that has ended since does not come back"
        assert tilt.corrected((one,), shown, replace(booked, legs=())) == ()
        async with on.room.program.db.transaction() as tx:
            stored = await states.read(tx, on.portfolio.id)
            await states.write(tx, on.portfolio.id, stored, replace(stored, tilts=kept))
            await on.room.program.executor.hooks.corrected(tx, booked, shown)
        assert await on.room.tick() == (0, 0), "it is part of the targets: nothing rings about it"
        assert [one.placed for one in await on.tilts()] == [True]


async def test_leaving_its_leg_out_leaves_it_out(tmp_path: Path) -> None:
    """Edit drops the tilt's leg, the rest is carried out, and the targets hold no tilt."""
    async with desk(tmp_path) as on:
        plan = await on.rally()
        leg = next(leg for leg in plan.legs if leg.instrument == "ETH-PERP")
        await on.room.program.rebalancing.toggle(plan.id, PERSON.id, leg.index)
        await on.confirm()
        assert await on.tilts() == ()
        assert await on.held() == 0
        assert await on.room.tick() == (0, 0)


@pytest.mark.long
async def test_the_next_plan_takes_it_off(tmp_path: Path) -> None:
    """ETH is back inside; the next plan, whatever it is for, closes the short and says so."""
    async with desk(tmp_path) as on:
        await on.rally()
        await on.confirm()
        plan = await on.propose("manual")
        assert about(plan) == [("ETH", "end")]
        leg = next(leg for leg in plan.legs if leg.instrument == "ETH-PERP")
        assert leg.reduce_only
        await on.confirm()
        assert await on.held() == 0
        assert await on.tilts() == ()
        assert await on.room.tick() == (0, 0)


@pytest.mark.long
async def test_after_seven_days_its_end_is_proposed(tmp_path: Path) -> None:
    """A minute before it stands; then the bot asks to take it off, once."""
    async with desk(tmp_path) as on:
        await on.rally()
        await on.confirm()
        (tilt,) = await on.tilts()
        on.room.clock.advance((tilt.since + timedelta(days=7) - on.room.clock.now()).total_seconds() - 120)
        assert await on.room.tick() == (0, 0)
        await on.room.tick()
        assert await on.tilts() == ()
        assert (await on.room.tick())[1] == 1
        plan = await on.room.plan(on.portfolio)
        assert plan is not None
        assert about(plan) == [("ETH", "end")]
        card = next(message for message in await on.room.mail() if message.facts.get("plan_id") == plan.id)
        assert not card.silent, "no alert rang before it"
        await on.confirm()
        assert await on.held() == 0
        assert await on.room.tick() == (0, 0)


@pytest.mark.long
async def test_fear_takes_it_off_and_lets_none_begin(tmp_path: Path) -> None:
    """It may add risk, so it does not stand beside a trigger that takes risk away."""
    async with desk(tmp_path) as on:
        await on.rally()
        await on.confirm()
        on.signals = (FEAR,)
        await on.room.tick()
        plan = await on.room.plan(on.portfolio)
        assert plan is not None
        assert about(plan) == [("ETH", "end")]
        await on.confirm()
        assert await on.held() == 0
        assert about(await on.rally()) == []


@pytest.mark.long
async def test_switched_off_it_goes(tmp_path: Path) -> None:
    """Kappa set to 0 while a tilt stands: its end is proposed."""
    async with desk(tmp_path) as on:
        await on.rally()
        await on.confirm()
        on.portfolio = await on.room.program.portfolios.change(on.portfolio, strategy=replace(on.portfolio.strategy, tilt=D(0)))
        await on.room.tick()
        await on.room.tick()
        plan = await on.room.plan(on.portfolio)
        assert plan is not None
        assert about(plan) == [("ETH", "end")]
        await on.confirm()
        assert await on.held() == 0


async def test_auto_asks_before_it_tilts(tmp_path: Path) -> None:
    """Limits wide enough for everything: a plan that opens a tilt still waits for its person."""
    async with desk(tmp_path) as on:
        limits = AutoLimits(trade=D(1_000_000), share=D(1))
        answering = replace(on.portfolio.answering, limits=limits)
        on.portfolio = await on.room.program.portfolios.change(on.portfolio, answer=AnswerMode.AUTO, answering=answering)
        plan = await on.rally()
        assert plan.state is PlanState.PROPOSED
        assert plan.stand is not None
        assert plan.stand.why == Cause.TILT


async def test_who_is_only_told_gets_no_tilt(tmp_path: Path) -> None:
    """Without plans there is nothing that could trade one."""
    async with desk(tmp_path) as on:
        on.portfolio = await on.room.program.portfolios.change(on.portfolio, answer=AnswerMode.NOTIFY)
        on.room.market.move("ETH", "1.3")
        await on.room.tick()
        assert await on.tilts() == ()
