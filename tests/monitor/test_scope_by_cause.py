"""A plan touches what its causes name (domain 9.13), from the signal or the person's wish to the legs; the market is still."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.engine.planner.prices import round_price
from chatbot.model import Cause, HeldTarget, LeftOutWhy, LegKind, LegState, Mode, Phase, Plan, Reason
from chatbot.plans import costs
from chatbot.plans.outcomes import NothingToDo, Proposed
from chatbot.store import orders
from chatbot.triggers import drift
from handlers.views.plan import card
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.monitor.test_triggers import CALM, FEAR, HIGH, LOW, QUIET, SPIKE, TRIM, stage
from tests.portfolio.still_market import PERSON

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Signal

D = Decimal
REDUCTIONS = {LegKind.FUTURES_REDUCE}


@pytest.mark.parametrize("signal", [FEAR, HIGH, TRIM], ids=lambda signal: signal.trigger)
async def test_a_futures_signal_leaves_spot_and_money_alone(tmp_path: Path, signal: Signal) -> None:
    """Every line is off its target and inside its band: the futures are reduced, no coin is traded and nothing is moved."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.market.move("BTC", "1.06")
        on.room.market.move("SOL", "0.95")
        await on.room.tick()
        on.hear(QUIET, signal)
        for _ in range(3):
            await on.room.tick()
        plan = await on.room.plan(portfolio)
        assert plan is not None
        assert {leg.kind for leg in plan.legs} == REDUCTIONS
        assert not plan.left_out


@pytest.mark.parametrize("signal", [FEAR, HIGH, SPIKE], ids=lambda signal: signal.trigger)
async def test_what_takes_at_once_shows_the_limit_that_it_takes_at(tmp_path: Path, signal: Signal) -> None:
    """Through the spread on the card, and the very same at the exchange: nothing is paid beyond the card."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(*((SPIKE,) if signal is SPIKE else (QUIET, signal)))
        for _ in range(3):
            await on.room.tick()
        plan, rules = await on.confirm(portfolio), await on.room.market.markets()
        assert plan.is_urgent
        for leg in plan.legs:
            assert leg.limit is not None
            assert leg.limit == round_price(leg.price, leg.side, rules[leg.instrument].tick, style="marketable")
            assert leg.state is LegState.FILLED
        async with on.room.program.db.read() as tx:
            sent = await orders.orders(tx, plan.id)
        assert {(one.leg_index, one.limit, one.immediate) for one in sent} == {(leg.index, leg.limit, True) for leg in plan.legs}
        assert costs.paid(plan.legs).over_card < 0


async def test_what_waits_shows_the_limit_that_it_rests_at(tmp_path: Path) -> None:
    """A contract's maker pays less than its taker; a coin of which both pay the same is taken at once, so its card says so."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.market.move("BTC", "1.1")
        looked = await on.room.program.evaluator.look(portfolio, fresh=True)
        plan = on.room.program.rebalancing.draft(looked, (Reason(trigger=Cause.MANUAL),))
        assert isinstance(plan, Plan)
        rules = await on.room.market.markets()
        assert {leg.kind for leg in plan.legs} >= {LegKind.SPOT_SELL, LegKind.FUTURES_REDUCE}
        for leg in plan.legs:
            if not leg.is_transfer:
                style = "passive" if rules[leg.instrument].waiting_pays else "marketable"
                assert leg.limit == round_price(leg.price, leg.side, rules[leg.instrument].tick, style=style), leg
        by_hand = replace(looked, portfolio=replace(looked.portfolio, mode=Mode.MANUAL))
        listed = on.room.program.rebalancing.draft(
            by_hand, (Reason(trigger=Cause.MANUAL), Reason(trigger=Cause.FEAR_GREED, event=Phase.BEGIN))
        )
        assert isinstance(listed, Plan)
        assert all(leg.limit == round_price(leg.price, leg.side, rules[leg.instrument].tick) for leg in listed.legs), "who trades by hand"


async def test_a_risk_off_plan_sells_what_is_over_and_buys_nothing(tmp_path: Path) -> None:
    """BTC has left its band upwards and its alert was told; fear then reduces first, sells BTC, and says that SOL is not bought."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.market.move("BTC", "1.3")
        on.room.market.move("SOL", "0.8")
        looked = await on.room.program.evaluator.look(portfolio, fresh=True)
        begun = Reason(trigger=Cause.FEAR_GREED, event=Phase.BEGIN)
        on.signals = (QUIET, FEAR)
        looked = await on.room.program.evaluator.look(portfolio, fresh=True)
        plan = on.room.program.rebalancing.draft(looked, (begun,))
        assert not isinstance(plan, NothingToDo)
        kinds = [leg.kind for leg in plan.legs]
        assert kinds[0] == LegKind.FUTURES_REDUCE
        assert LegKind.SPOT_BUY not in kinds
        assert [leg.instrument for leg in plan.legs if leg.kind is LegKind.SPOT_SELL] == ["BTC"]
        assert [left.instrument for left in plan.left_out if left.why is LeftOutWhy.RISK_OFF] == ["SOL"]
        told = card.plan_card(CATALOGUE.words("en"), portfolio, plan, on.room.clock.now()).text
        assert "Outside the band too, and brought back: BTC." in told, "the card sold BTC for fear, which names no coin"
        by = (Reason(trigger=Cause.VOLATILITY, line="XRP", reading=D("3.1")), begun)
        held = tuple(HeldTarget(line=line, now=D("0.1"), own=D("0.2"), by=by) for line in ("BTC", "SOL", "XRP", "FUTURES"))
        stormy = card.plan_card(CATALOGUE.words("en"), portfolio, replace(plan, standing=held), on.room.clock.now()).text
        assert "Outside the band too, and brought back: BTC. 3 more reasons." in stormy, "its largest leg had no reason in a storm"
        alone = replace(plan, legs=tuple(leg for leg in plan.legs if leg.kind is LegKind.FUTURES_REDUCE))
        assert "Outside" not in card.plan_card(CATALOGUE.words("en"), portfolio, alone, on.room.clock.now()).text


@pytest.mark.long
async def test_the_end_of_fear_brings_the_futures_back_and_nothing_else(tmp_path: Path) -> None:
    """A release is no reason to trade coins either; the sleeve gets only what its cap asks for."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(QUIET, FEAR)
        await on.room.tick()
        await on.confirm(portfolio)
        on.room.market.move("SOL", "1.05")
        on.hear(QUIET, CALM)
        for _ in range(3):
            await on.room.tick()
        plan = await on.confirm(portfolio)
        assert {leg.kind for leg in plan.legs} == {LegKind.FUTURES_INCREASE}


async def test_a_spike_of_one_coin_touches_that_coin_and_its_longs(tmp_path: Path) -> None:
    """SOL and ETH futures are off, inside their bands: only BTC is sold and only its future reduced."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.market.move("SOL", "1.06")
        await on.room.tick()
        on.hear(SPIKE)
        for _ in range(3):
            await on.room.tick()
        plan = await on.room.plan(portfolio)
        assert plan is not None
        assert {(leg.kind, leg.instrument) for leg in plan.legs} == {(LegKind.SPOT_SELL, "BTC"), (LegKind.FUTURES_REDUCE, "BTC-PERP")}


async def test_a_net_exposure_that_has_drifted_moves_contracts_alone(tmp_path: Path) -> None:
    """The coins are off their targets inside their bands, and the sleeve has more than its share: neither is this plan's business."""
    async with stage(tmp_path) as on:
        portfolio = await on.open(futures_net=D("0.16"))
        on.room.market.move("SOL", "0.9")
        strategy = replace(portfolio.strategy, futures_net=D("0.1"))
        changed = await on.room.program.portfolios.change(portfolio, strategy=strategy)
        looked = await on.room.program.evaluator.look(changed, fresh=True)
        assert looked.figures is not None
        (reason,) = drift.reasons_for(looked.figures.limits)
        assert reason.trigger is Cause.EXPOSURE
        plan = on.room.program.rebalancing.draft(looked, (reason,))
        assert not isinstance(plan, NothingToDo)
        assert {leg.kind for leg in plan.legs} == REDUCTIONS


@pytest.mark.parametrize("signal", [FEAR, SPIKE, LOW], ids=lambda signal: signal.trigger)
async def test_before_the_first_plan_a_signal_touches_nothing(tmp_path: Path, signal: Signal) -> None:
    """All is cash still: a signal opens nothing, and the first plan is the person's."""
    async with stage(tmp_path) as on:
        opened = await on.open()
        cash = await on.room.program.portfolios.open(PERSON, opened.mode, opened.strategy, {"USDT": D(50_000)})
        on.signals = (QUIET, signal)
        looked = await on.room.program.evaluator.look(cash, fresh=True)
        for event in (Phase.BEGIN, Phase.END):
            asked = Reason(trigger=signal.trigger, line=signal.subject, event=event)
            assert isinstance(on.room.program.rebalancing.draft(looked, (asked,)), NothingToDo)


async def test_small_differences_wait_until_their_person_wants_them_traded(tmp_path: Path) -> None:
    """Inside the bands /rebalance trades from 25 basis points on, says what is left, and trades it when that is asked for."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.market.move("SOL", "1.003")
        found = await on.room.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.MANUAL),))
        assert isinstance(found, NothingToDo)
        assert found.small is not None
        assert found.small.instrument == "SOL"
        assert D("0.0005") <= found.small.weight < D("0.0025")
        wanted = await on.room.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.EVERYTHING),))
        assert isinstance(wanted, Proposed)
        assert "SOL" in {leg.instrument for leg in wanted.plan.legs}
        await on._carry_out(wanted.plan.id)
        done = await on.room.program.rebalancing.propose(replace(portfolio), (Reason(trigger=Cause.MANUAL),))
        assert isinstance(done, NothingToDo)
        assert done.small is None
