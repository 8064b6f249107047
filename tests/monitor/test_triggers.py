"""From a signal of the market to a message, a plan, filled orders, and quiet again; the market is still, the signals are the test's."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import BASKET, NET, Cause, LeftOutWhy, Mode, Phase, PlanState, Portfolio, Reason, Signal, Strategy, TriggerSetting
from chatbot.plans.outcomes import Confirmed, Proposed
from chatbot.portfolio import strategies
from chatbot.portfolio.amounts.differences import Typed
from chatbot.portfolio.stored import states as remembered
from chatbot.store import plans
from chatbot.triggers import held_targets
from handlers.transport import rendering
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.portfolio.still_market import PERSON, START, Bench, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Message, Plan
    from chatbot.portfolio.states import PortfolioStates

D = Decimal
BEFORE = START - timedelta(days=3)
AFTER = START + timedelta(minutes=1)
QUIET = Signal(trigger=Cause.VOLATILITY, subject="BTC", reading=D("1.1"), enter=D(2), leave=D("1.5"))
SPIKE = replace(QUIET, reading=D("2.5"), active=True, since=AFTER, size=D("0.4"))
FEAR = Signal(trigger=Cause.FEAR_GREED, reading=D(12), enter=D(25), leave=D(30), below=True, active=True, since=AFTER, size=D(1))
CALM = replace(FEAR, reading=D(41), active=False, since=None, size=None)
HIGH = Signal(
    trigger=Cause.FUNDING_HIGH, reading=D("0.0007"), enter=D("0.0005"), leave=D("0.0003"), active=True, since=AFTER, size=D("0.5")
)
LOW = Signal(
    trigger=Cause.FUNDING_LOW, reading=D("-0.0002"), enter=D("-0.0001"), leave=D(0), below=True, active=True, since=AFTER, size=D("0.11")
)
TRIM = Signal(
    trigger=Cause.TREND, subject="BTC-PERP", reading=D("0.8"), enter=D("0.5"), leave=D("0.5"), active=True, since=AFTER, size=D("0.5")
)
ALL_ON = {
    name: TriggerSetting(on=True) for name in (Cause.VOLATILITY, Cause.TREND, Cause.FUNDING_LOW, Cause.FUNDING_HIGH, Cause.FEAR_GREED)
}


class Stage:
    """A bench whose signals are what the test says."""

    def __init__(self, room: Bench) -> None:
        self.room = room
        self.signals: tuple[Signal, ...] = (QUIET,)

    async def of(self, _: Strategy, __: str) -> tuple[Signal, ...]:
        """Stand in for the machines."""
        return self.signals

    def together(self, *signals: Signal) -> None:
        """Let all coins of every portfolio stand together like this from now on."""

        async def stands(*_: object) -> tuple[Signal, ...]:
            return signals

        self.room.program.evaluator._own_signals = stands
        self.hear(*self.signals)

    def hear(self, *signals: Signal) -> None:
        """Let the machines stand like this from now on, and have everybody woken whom that concerns."""
        self.signals = signals
        self.room.program.roster.stir(frozenset(self.room.program.roster.watches))

    async def open(self, **changes: object) -> Portfolio:
        """Open a portfolio on target: BTC 40, SOL 30, cash 20, futures 10 and long 10."""
        markets = await self.room.market.markets()
        base = strategies.preset("balanced", markets)
        weights = {"BTC": D(40), "SOL": D(30), "USDT": D(20), "FUTURES": D(10)}
        strategy, problems = strategies.own_weights(weights, markets, base)
        assert strategy is not None, problems
        strategy = replace(strategy, triggers=ALL_ON, **changes)  # type: ignore[arg-type]
        holdings = {"BTC": D("0.8"), "SOL": D(300), "USDT": D(30_000)}
        portfolio = await self.room.program.portfolios.open(PERSON, Mode.PAPER, strategy, holdings)
        await self.settle(portfolio)
        return portfolio

    async def settle(self, portfolio: Portfolio) -> None:
        """Bring the portfolio to its targets by a plan of the person's own."""
        proposed = await self.room.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.MANUAL),))
        if plan := getattr(proposed, "plan", None):
            await self._carry_out(plan.id)
        await self.room.mail()

    async def confirm(self, portfolio: Portfolio) -> Plan:
        """Confirm the open plan and return it as it ended."""
        plan = await self.room.plan(portfolio)
        assert plan is not None
        await self._carry_out(plan.id)
        async with self.room.program.db.read() as tx:
            ended = await plans.plan(tx, plan.id)
        assert ended is not None
        assert ended.state is PlanState.DONE
        return ended

    async def _carry_out(self, plan_id: int) -> None:
        assert isinstance(await self.room.program.rebalancing.confirm(plan_id, PERSON.id), Confirmed)
        await self.room.program.work.run_pending()  # type: ignore[attr-defined]

    async def lines(self, portfolio: Portfolio) -> dict[str, tuple[Decimal, Decimal]]:
        """Return weight and effective target by line."""
        found = await self.room.program.evaluator.look(portfolio, fresh=True)
        assert found.figures is not None
        return {line.line: (round(line.weight, 3), round(line.target, 3)) for line in found.figures.limits}


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """Open a bench and take over its signals."""
    async with bench(folder) as room:
        made = Stage(room)
        room.program.evaluator._signals = made.of
        yield made


def kinds(mail: tuple[Message, ...]) -> list[str]:
    """Return the kinds of messages in their order."""
    return [message.kind for message in mail]


async def test_a_spike_halves_the_coin_once(tmp_path: Path) -> None:
    """Told once, asked about once after the window, cut to k times the weight at onset, and left alone afterwards."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(SPIKE)
        assert await on.room.tick() == (1, 0)
        assert await on.room.tick() == (0, 1)
        assert kinds(await on.room.mail()) == ["trigger_alert", "plan_card"]
        plan = await on.confirm(portfolio)
        assert plan.reasons[0].trigger == Cause.VOLATILITY
        weight, target = (await on.lines(portfolio))["BTC"]
        assert weight == target == D("0.160")
        await on.room.mail()
        for _ in range(5):
            assert await on.room.tick() == (0, 0)
        assert await on.room.mail() == ()


async def test_a_small_cut_of_all_coins_trades_every_coin_and_long(tmp_path: Path) -> None:
    """Every line stays inside its band, so it is the signal alone that names what is traded: all coins, and all longs (domain 9.13)."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.together(replace(SPIKE, subject=BASKET, size=D("0.9")))
        await on.room.tick()
        await on.room.tick()
        plan = await on.confirm(portfolio)
        assert {(leg.instrument, leg.kind.value) for leg in plan.legs if not leg.kind.value.startswith("to_")} == {
            ("BTC", "spot_sell"),
            ("SOL", "spot_sell"),
            ("BTC-PERP", "futures_reduce"),
            ("ETH-PERP", "futures_reduce"),
        }


async def test_nobody_tops_up_a_coin_in_its_spike(tmp_path: Path) -> None:
    """The coin falls on below its cap: it is judged at what there is of it, and a plan that is asked for buys none of it (domain 5.3)."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(SPIKE)
        await on.room.tick()
        await on.room.tick()
        await on.confirm(portfolio)
        await on.room.mail()
        on.room.market.move("BTC", "0.6")
        assert await on.room.tick() == (0, 0)
        weight, target = (await on.lines(portfolio))["BTC"]
        assert weight == target < D("0.11")
        proposed = await on.room.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.MANUAL),))
        plan = getattr(proposed, "plan", None)
        assert plan is not None
        assert "BTC" not in {leg.instrument for leg in plan.legs}


async def test_a_move_between_two_readings_is_told_once_a_spike_and_not_traded(tmp_path: Path) -> None:
    """It comes once, without a sound, and again after a calm reading; no plan follows, no target moves, and what is off says nothing."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        before = await on.lines(portfolio)
        on.room.clock.advance(120)
        moves = replace(QUIET, at=START - timedelta(hours=16), moved=D("3.1"), age_s=57_600.0)
        told = []
        for signal in (
            moves,
            replace(moves, moved=None),
            moves,
            replace(moves, at=START + timedelta(days=1), reading=D("1.8")),
            replace(QUIET, at=START + timedelta(days=2)),
            replace(moves, at=START + timedelta(days=2)),
        ):
            on.hear(signal)
            alerts, plans_made = await on.room.tick()
            told.append(alerts)
            assert plans_made == 0
            assert await on.lines(portfolio) == before
        assert told == [1, 0, 0, 0, 0, 1]
        first, second = await on.room.mail()
        assert first.silent
        assert second.silent
        assert [step["event"] for step in (*first.facts["steps"], *second.facts["steps"])] == ["watch", "watch"]
        view = await rendering.view_of(on.room.program, CATALOGUE.words("en"), first)
        assert view is not None
        assert "BTC</b> has moved <b>3.1x</b> its usual amount since the last reading. Nothing is traded." in view.text
        assert "The last reading was 15 hours ago, the next one comes in 8 hours." in view.text
        assert "09:10" not in view.text, "a time of day without its day"
        assert "A plan follows" not in view.text
        off = replace(portfolio.strategy, triggers={**ALL_ON, Cause.VOLATILITY: TriggerSetting(on=False)})
        await on.room.program.portfolios.change(portfolio, strategy=off)
        on.hear(replace(moves, at=START + timedelta(days=9)))
        assert (await on.room.tick())[0] == 0
        on.room.clock.advance(9 * 3600)
        assert await rendering.view_of(on.room.program, CATALOGUE.words("en"), first) is None, "its next reading has come"


async def test_a_storm_between_two_readings_is_told_once(tmp_path: Path) -> None:
    """One coin follows the other over its limit, minute by minute: the first rings, the others are silent until another reading."""
    async with stage(tmp_path) as on:
        await on.open()
        on.room.clock.advance(120)
        first = replace(QUIET, at=START, moved=D("2.1"))
        second = replace(first, subject="SOL", moved=D("4.2"))
        told = []
        for heard in ((first,), (first, second), (replace(second, at=START + timedelta(days=1)),)):
            on.hear(*heard)
            told.append((await on.room.tick())[0])
        assert told == [1, 0, 1]


@pytest.mark.long
async def test_a_spike_of_all_coins_is_one_plan(tmp_path: Path) -> None:
    """One alert, one plan: every coin from its own weight at onset, every long by the same factor; and one release."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        held = await on.lines(portfolio)
        on.room.clock.advance(120)
        on.together(replace(SPIKE, subject=BASKET))
        assert await on.room.tick() == (1, 0)
        assert await on.room.tick() == (0, 1)
        plan = await on.confirm(portfolio)
        assert [(reason.trigger, reason.line, reason.event) for reason in plan.reasons] == [(Cause.VOLATILITY, BASKET, "begin")]
        cut = await on.lines(portfolio)
        assert {line: weight for line, (weight, _) in cut.items() if line in ("BTC", "SOL")} == {"BTC": D("0.160"), "SOL": D("0.120")}
        assert cut["net"] == (D("0.040"), D("0.040"))
        held_there = held_targets.beside((), await on.room.program.evaluator.look(portfolio))
        assert {one.line: [by.line for by in one.by] for one in held_there} == {"BTC": [BASKET], "SOL": [BASKET], NET: [BASKET]}
        await on.room.mail()
        on.together(replace(SPIKE, subject=BASKET, active=False, since=None, size=None))
        assert await on.room.tick() == (1, 0)
        await on.room.tick()
        plan = await on.confirm(portfolio)
        assert [(reason.line, reason.event) for reason in plan.reasons] == [(BASKET, "end")]
        assert await on.lines(portfolio) == held


@pytest.mark.long
async def test_when_a_spike_is_over_its_release_buys_back(tmp_path: Path) -> None:
    """Its end is told, once; the old target returns in one step, and the release, not drift, is why the plan buys."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(SPIKE)
        await on.room.tick()
        await on.room.tick()
        await on.confirm(portfolio)
        on.hear(QUIET)
        await on.room.mail()
        assert await on.room.tick() == (1, 0)
        assert kinds(await on.room.mail()) == ["trigger_alert"]
        assert await on.room.tick() == (0, 1)
        plan = await on.confirm(portfolio)
        assert [(reason.trigger, reason.line, reason.event) for reason in plan.reasons] == [(Cause.VOLATILITY, "BTC", Phase.END)]
        assert (await on.lines(portfolio))["BTC"][0] == D("0.400")
        await on.room.tick()
        states = await _states(on, portfolio)
        assert not states.memory.anchors
        assert not states.lines, "armed again"


async def test_extreme_fear_does_not_wait(tmp_path: Path) -> None:
    """The plan comes with the alert, in the same check; the futures are flat, spot is untouched."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(QUIET, FEAR)
        assert await on.room.tick() == (1, 1)
        plan = await on.confirm(portfolio)
        assert {leg.instrument for leg in plan.legs} == {"BTC-PERP", "ETH-PERP"}
        assert all(leg.reduce_only for leg in plan.legs)
        found = await on.room.program.evaluator.look(portfolio, fresh=True)
        assert found.figures is not None
        assert found.figures.book == {}


async def test_fear_takes_the_place_of_a_plan_that_waits(tmp_path: Path) -> None:
    """An unanswered card does not hold back what is urgent; the new plan carries both reasons."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(SPIKE)
        await on.room.tick()
        await on.room.tick()
        first = await on.room.plan(portfolio)
        assert first is not None
        on.hear(SPIKE, FEAR)
        assert await on.room.tick() == (1, 1)
        second = await on.room.plan(portfolio)
        assert second is not None
        assert second.id != first.id
        async with on.room.program.db.read() as tx:
            gone = await plans.plan(tx, first.id)
        assert gone is not None
        assert gone.state is PlanState.SUPERSEDED
        assert [reason.trigger for reason in second.reasons] == [Cause.VOLATILITY, Cause.FEAR_GREED]


async def test_several_signals_in_a_window_make_one_plan(tmp_path: Path) -> None:
    """High funding, then a trend that is exhausted within the minute: one card with both, and the cuts multiply."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(QUIET, HIGH)
        assert await on.room.tick(30) == (1, 0)
        on.hear(QUIET, HIGH, TRIM)
        assert await on.room.tick(30) == (1, 0)
        assert await on.room.tick(30) == (0, 1)
        plan = await on.confirm(portfolio)
        assert {reason.trigger for reason in plan.reasons} == {Cause.FUNDING_HIGH, Cause.TREND}
        found = await on.room.program.evaluator.look(portfolio, fresh=True)
        assert found.figures is not None
        net = {name: round(size / found.figures.value, 3) for name, size in found.figures.book.items()}
        assert net == {"BTC-PERP": D("0.012"), "ETH-PERP": D("0.025")} or net == {"BTC-PERP": D("0.013"), "ETH-PERP": D("0.025")}


@pytest.mark.long
async def test_a_trim_begins_deepens_eases_and_is_released(tmp_path: Path) -> None:
    """Each step of a worn-out trend is told by its own name, and its plan follows; the same trim again says nothing."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        told = []
        for size in ("0.25", "0.5", "0.25", "0.25", None):
            on.hear(QUIET, replace(TRIM, active=size is not None, size=None if size is None else D(size)))
            await on.room.tick()
            await on.room.tick()
            steps = [step for message in await on.room.mail() for step in message.facts.get("steps", ())]
            told.append([step["event"] for step in steps])
            if steps:
                plan = await on.confirm(portfolio)
                assert {leg.instrument for leg in plan.legs} == {"BTC-PERP"}
                await on.room.mail()
        assert told == [["begin"], ["change"], ["ease"], [], ["end"]]


@pytest.mark.parametrize("signal", [SPIKE, HIGH, TRIM, FEAR, LOW], ids=lambda signal: str(signal.trigger))
@pytest.mark.parametrize("met", [False, True], ids=["on target", "met by the first plan"])
async def test_a_plan_is_promised_only_where_one_follows(tmp_path: Path, signal: Signal, met: bool) -> None:
    """Of every kind of signal: what the first plan has done already leads to no other, and that is said instead."""
    async with stage(tmp_path) as on:
        if met:
            on.hear(QUIET, signal)
        await on.open()
        on.room.clock.advance(120)
        on.hear(QUIET, signal)
        made = 0
        for _ in range(3):
            made += (await on.room.tick())[1]
        alerts = [message for message in await on.room.mail() if message.kind == "trigger_alert"]
        assert alerts or met
        for alert in alerts:
            assert alert.silent == (not made), "what asks for nothing does not ring"
            view = await rendering.view_of(on.room.program, CATALOGUE.words("en"), alert)
            assert view is not None
            assert ("A plan follows" in view.text) == bool(made), view.text
            assert ("so no plan follows" in view.text) == (not made)
        assert made or met


async def test_a_card_says_of_every_coin_that_its_signals_name_why_it_is_not_traded(tmp_path: Path) -> None:
    """Sixty dollars: BTC is sold, SOL's cut is $6; the card gave its spike as a reason and said nothing more of it."""
    async with stage(tmp_path) as on:
        like = await on.open()
        small = await on.room.program.portfolios.open(
            PERSON, Mode.PAPER, like.strategy, {"BTC": D("0.0005"), "SOL": D("0.2"), "USDT": D(16)}
        )
        on.room.clock.advance(120)
        on.hear(SPIKE, replace(SPIKE, subject="SOL", size=D("0.7")))
        for _ in range(2):
            await on.room.tick()
        plan = await on.room.plan(small)
        assert plan is not None
        assert [leg.instrument for leg in plan.legs if not leg.is_transfer] == ["BTC"]
        assert ("SOL", LeftOutWhy.SMALL) in [(left.instrument, left.why) for left in plan.left_out]


async def test_an_alert_that_was_held_back_tells_the_age_that_its_reading_has_then(tmp_path: Path) -> None:
    """Quiet hours and a pause over it: nine hours later it still said a reading of a minute ago."""
    async with stage(tmp_path) as on:
        await on.open()
        on.room.clock.advance(120)
        on.hear(replace(SPIKE, at=on.room.clock.now(), age_s=0.0))
        await on.room.tick()
        (alert,) = await on.room.mail()
        for hours, told in ((0, "Read"), (9, "Read 9 hr ago.")):
            on.room.clock.advance(hours * 3600)
            view = await rendering.view_of(on.room.program, CATALOGUE.words("en"), alert)
            assert view is not None
            assert (told in view.text) is bool(hours)


async def test_what_the_card_of_a_plan_by_hand_has_named_is_not_told_again(tmp_path: Path) -> None:
    """The first plan of typed-in holdings names the spike; the first check rang it as news and put another plan in its place."""
    async with stage(tmp_path) as on:
        like = await on.open()
        held = {"SOL": D(400), "BTC": D("0.8"), "USDT": D(20_000)}
        on.hear(SPIKE)
        mine = await on.room.program.portfolios.open(PERSON, Mode.MANUAL, like.strategy, held)
        proposed = await on.room.program.rebalancing.propose(mine, (Reason(trigger=Cause.START),))
        assert isinstance(proposed, Proposed)
        assert "BTC" in {one.line for one in proposed.plan.standing}
        await on.room.program.portfolios.change(like, paused=True)
        await on.room.mail()
        for _ in range(3):
            assert await on.room.tick() == (0, 0)
        plan = await on.room.plan(mine)
        assert plan is not None
        assert plan.id == proposed.plan.id
        on.hear(replace(SPIKE, reading=D("4.1"), size=D("0.25")))
        assert await on.room.tick() == (1, 0), "what has changed since is news"


@pytest.mark.long
async def test_low_funding_is_held_down_by_fear_and_says_so(tmp_path: Path) -> None:
    """The one trigger that adds risk adds none while another takes it away; when that ends, it is told and proposed."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(QUIET, FEAR)
        await on.room.tick()
        await on.confirm(portfolio)
        await on.room.mail()
        on.hear(QUIET, FEAR, LOW)
        assert await on.room.tick() == (1, 0)
        (alert,) = await on.room.mail()
        assert alert.facts["steps"][0]["suppressed"] is True
        await on.room.tick()
        assert await on.room.plan(portfolio) is None
        on.hear(QUIET, CALM, LOW)
        await on.room.tick()
        await on.room.tick()
        plan = await on.confirm(portfolio)
        assert {reason.trigger for reason in plan.reasons} >= {Cause.FUNDING_LOW, Cause.FEAR_GREED}
        assert (await on.lines(portfolio))["net"] == (D("0.110"), D("0.110"))


async def test_a_trigger_that_is_off_moves_nothing(tmp_path: Path) -> None:
    """What a person switched off is seen and not acted upon; switching it off in mid-regime gives the old targets back."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(QUIET, HIGH)
        await on.room.tick()
        await on.room.tick()
        await on.confirm(portfolio)
        off = replace(portfolio.strategy, triggers={**ALL_ON, Cause.FUNDING_HIGH: TriggerSetting(on=False)})
        await on.room.program.portfolios.change(portfolio, strategy=off)
        await on.room.mail()
        alerts, _ = await on.room.tick()
        assert alerts >= 1
        assert (await on.lines(replace(portfolio, strategy=off)))["net"][1] == D("0.100")
        await on.room.tick()
        await on.confirm(portfolio)


async def test_a_new_portfolio_in_an_old_spike_starts_from_its_target(tmp_path: Path) -> None:
    """Whoever joins while a coin is wild has no weight at onset: the cap is k times the target, not zero."""
    async with stage(tmp_path) as on:
        on.signals = (replace(SPIKE, since=BEFORE),)
        portfolio = await on.open()
        assert (await on.lines(portfolio))["BTC"] == (D("0.160"), D("0.160"))
        await on.room.tick()
        states = await _states(on, portfolio)
        assert states.memory.anchors["BTC"].weight is None


async def test_margin_in_danger_rings_through_a_snooze_and_reduces_futures_first(tmp_path: Path) -> None:
    """A book far above its room: an alert that always rings, and a plan that reduces it and touches nothing else (domain 9.13)."""
    async with stage(tmp_path) as on:
        portfolio = await on.open(sleeve_cap=D(9), gross_cap=D(3), futures_net=D("0.85"))
        strategy = replace(portfolio.strategy, futures_net=D("0.1"), sleeve_cap=D(3), gross_cap=D("1.25"))
        snoozed = on.room.clock.now() + timedelta(hours=1)
        await on.room.program.portfolios.change(portfolio, strategy=strategy, snoozed_until=snoozed)
        on.room.market.move("BTC", "1.05")
        await on.room.tick()
        mail = await on.room.mail()
        assert "margin_alert" in kinds(mail)
        assert next(m for m in mail if m.kind == "margin_alert").urgency == "always"
        plan = await on.room.plan(portfolio)
        assert plan is not None
        assert plan.reasons[0].trigger == "margin"
        assert {leg.kind for leg in plan.legs if not leg.is_transfer} == {"futures_reduce"}
        await on.room.tick()
        assert "margin_alert" not in kinds(await on.room.mail())


async def test_a_coin_that_joins_while_its_whole_line_is_held_down_is_not_sold(tmp_path: Path) -> None:
    """Every coin of ALT was cut, and then another one arrives in the account: no row of the targets names it, and it stays."""
    async with stage(tmp_path) as on:
        markets = await on.room.market.markets()
        strategy = replace(strategies.preset("balanced", markets, held=("SOL",)), triggers=ALL_ON, futures_net=D(0))
        on.signals = (replace(SPIKE, subject="SOL"),)
        portfolio = await on.room.program.portfolios.open(
            PERSON, Mode.MANUAL, strategy, {"SOL": D(400), "BTC": D("0.8"), "USDT": D(20_000)}
        )
        await on.room.tick()
        await on.room.program.flows.correct(portfolio, Typed(spot={"USDT": D(15_000), "XRP": D(10_000)}))
        found = await on.room.program.evaluator.look(portfolio, fresh=True)
        assert found.effective is not None
        assert found.figures is not None
        weight = found.figures.values["XRP"] / found.figures.value
        assert abs(found.effective.targets.spot["XRP"] - weight) < D("0.001")
        assert sum(found.effective.lines.values()) == 1


async def _states(on: Stage, portfolio: Portfolio) -> PortfolioStates:
    async with on.room.program.db.read() as tx:
        return await remembered.read(tx, portfolio.id)
