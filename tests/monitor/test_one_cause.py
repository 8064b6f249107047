"""One cause is told once (domain 3.2): what a signal moves is neither rung nor planned for as drift, and what drifts besides is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from chatbot.model import NET, STABLE, AlertSettings, Cause, Phase, Reason, ScheduleRule
from chatbot.plans.outcomes import Proposed
from chatbot.portfolio.states import Aim
from chatbot.portfolio.stored import states as remembered
from chatbot.store import accounts, tables
from handlers.transport import rendering
from handlers.views.plan import card
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.monitor.test_triggers import BEFORE, FEAR, HIGH, QUIET, SPIKE, D, kinds, stage
from tests.portfolio.still_market import PERSON

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Portfolio, Signal
    from chatbot.portfolio.states import PortfolioStates
    from tests.monitor.test_triggers import Stage

MILD = replace(SPIKE, reading=D("2.05"), size=D("0.95"))


async def states_of(on: Stage, portfolio: Portfolio) -> PortfolioStates:
    """Return what is remembered."""
    async with on.room.program.db.read() as tx:
        return await remembered.read(tx, portfolio.id)


async def rung(on: Stage, portfolio: Portfolio) -> list[tuple[str, str]]:
    """Return trigger and line of every alert that was ever written, in their order."""
    columns = tables.alerts.c
    async with on.room.program.db.read() as tx:
        rows = await tx.execute(select(columns.kind, columns.line).where(columns.portfolio_id == portfolio.id).order_by(columns.id))
        return [(row.kind, row.line) for row in rows]


async def planned(on: Stage, portfolio: Portfolio) -> list[tuple[str, str, str]]:
    """Return the reasons of the open plan."""
    plan = await on.room.plan(portfolio)
    assert plan is not None
    return [(reason.trigger, reason.line, reason.event) for reason in plan.reasons]


@pytest.mark.long
@pytest.mark.parametrize(("signal", "key"), [(SPIKE, ("volatility", "BTC")), (MILD, ("volatility", "BTC")), (HIGH, ("funding_high", ""))])
async def test_what_a_signal_moves_is_told_as_the_signal(tmp_path: Path, signal: Signal, key: tuple[str, str]) -> None:
    """Begin and release are an alert and a plan each, whether or not a line leaves its band for it; drift is never spoken of."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        await on.room.tick()
        on.room.clock.advance(120)
        on.hear(signal)
        assert await on.room.tick() == (1, 0)
        assert await on.room.tick() == (0, 1)
        assert await planned(on, portfolio) == [(*key, Phase.BEGIN)]
        await on.confirm(portfolio)
        await on.room.tick()
        assert not (await states_of(on, portfolio)).lines, "armed again"
        on.hear(replace(signal, active=False, since=None, size=None))
        assert await on.room.tick() == (1, 0)
        assert await on.room.tick() == (0, 1)
        assert await planned(on, portfolio) == [(*key, Phase.END)]
        assert await rung(on, portfolio) == [key, key]


async def test_a_signal_that_nobody_answered_never_turns_into_drift(tmp_path: Path) -> None:
    """The card runs out, the lines stay where they are: neither a later check nor a reminder calls that drift; a further point does."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        async with on.room.program.db.transaction() as tx:
            await accounts.change_person(tx, PERSON.id, alerts=AlertSettings(reminder_h=1))
        await on.room.tick()
        on.hear(SPIKE)
        await on.room.tick()
        await on.room.tick()
        assert (await states_of(on, portfolio)).line("BTC").silent
        for _ in range(4):
            assert await on.room.tick(3000) == (0, 0)
        assert await rung(on, portfolio) == [("volatility", "BTC")]
        on.room.market.move("BTC", "1.06")
        assert await on.room.tick() == (1, 0)
        assert (await rung(on, portfolio))[1:] == [("drift", "BTC")]


async def test_the_calendar_trades_what_a_signal_took_outside_and_does_not_call_it_drift(tmp_path: Path) -> None:
    """Only if a line is outside, says the rule: the unanswered cut has left some there, and the card says what keeps BTC so low."""
    async with stage(tmp_path) as on:
        begun = on.room.clock.now()
        rule = ScheduleRule(freq="daily", time="12:00", zone="UTC", set_at=begun, only_outside=True)
        portfolio = await on.open(schedule=rule)
        await on.room.tick()
        on.hear(SPIKE)
        await on.room.tick()
        await on.room.tick()
        assert await on.room.tick((begun + timedelta(hours=3) - on.room.clock.now()).total_seconds()) == (0, 1)
        assert await planned(on, portfolio) == [(Cause.SCHEDULE, "", "")]
        plan = await on.room.plan(portfolio)
        assert plan is not None
        assert [held.line for held in plan.standing if held.line != NET] == ["BTC"]


async def test_what_drifts_besides_a_signal_is_told_besides_it(tmp_path: Path) -> None:
    """BTC stood over its band when its spike began: both are told, the cut before the drift that it does not explain."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        await on.room.tick()
        on.room.market.move("BTC", "1.3")
        on.hear(SPIKE)
        alerts, _ = await on.room.tick()
        assert alerts >= 2
        await on.room.tick()
        assert (await planned(on, portfolio))[:2] == [("volatility", "BTC", Phase.BEGIN), ("drift", "BTC", "")]
        lines = {line for trigger, line in await rung(on, portfolio) if trigger == "drift"}
        assert STABLE not in lines, "the cut alone has moved it"


async def test_the_net_exposure_is_a_line_like_the_others(tmp_path: Path) -> None:
    """Fear takes f from 10 % to 0: outside its band for the signal alone."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        await on.room.tick()
        on.hear(QUIET, FEAR)
        assert await on.room.tick() == (1, 1)
        assert await planned(on, portfolio) == [("fear_greed", "", Phase.BEGIN)]
        assert (await states_of(on, portfolio)).line(NET).silent
        assert await rung(on, portfolio) == [("fear_greed", "")]


async def test_targets_are_counted_from_the_last_check_that_could_be_heard(tmp_path: Path) -> None:
    """A spike during a snooze is told at its end, as itself: what was held back is not spent."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        await on.room.tick()
        assert (await states_of(on, portfolio)).aims["BTC"] == Aim(own=D("0.4"), effective=D("0.4"))
        await on.room.program.portfolios.change(portfolio, snoozed_until=on.room.clock.now() + timedelta(hours=1))
        on.hear(SPIKE)
        assert await on.room.tick() == (0, 0)
        assert (await states_of(on, portfolio)).aims["BTC"].effective == D("0.4")
        assert await on.room.tick(3600) == (1, 0)
        assert (await states_of(on, portfolio)).aims["BTC"].effective == D("0.16")
        assert await rung(on, portfolio) == [("volatility", "BTC")]


@pytest.mark.long
async def test_new_targets_are_the_reason_of_their_plan(tmp_path: Path) -> None:
    """The person has set them and needs no alert about it; lines that only they have left outside have not drifted."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        await on.room.tick()
        weights = {**portfolio.strategy.weights, "BTC": D("0.3"), "SOL": D("0.4")}
        await on.room.program.portfolios.change(portfolio, strategy=replace(portfolio.strategy, weights=weights))
        await on.room.mail()
        assert await on.room.tick() == (0, 0)
        assert await on.room.tick() == (0, 1)
        assert kinds(await on.room.mail()) == ["plan_card"]
        assert await planned(on, portfolio) == [(Cause.TARGETS, "", "")]
        await on.confirm(portfolio)
        assert await on.room.tick() == (0, 0)
        assert await rung(on, portfolio) == []


async def test_a_plan_says_why_its_targets_are_not_the_strategys_own(tmp_path: Path) -> None:
    """Whoever asks for a plan while a spike and fear last is told what holds BTC and the futures where they are, the furthest first."""
    async with stage(tmp_path) as on:
        on.signals = (replace(SPIKE, since=BEFORE), replace(FEAR, since=BEFORE))
        portfolio = await on.open()
        on.room.market.move("SOL", "1.3")
        proposed = await on.room.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.MANUAL),))
        assert isinstance(proposed, Proposed)
        btc, net = proposed.plan.standing
        assert (btc.line, btc.own, btc.now, [one.reading for one in btc.by]) == ("BTC", D("0.4"), D("0.16"), [D("2.5")])
        assert (net.line, net.own, net.now) == (NET, D("0.1"), 0)
        assert [one.trigger for one in net.by] == [Cause.VOLATILITY, Cause.FEAR_GREED]
        stored = await on.room.plan(portfolio)
        assert stored is not None
        assert stored.standing == proposed.plan.standing
        told = card.plan_card(CATALOGUE.words("en"), portfolio, stored, stored.created_at).text
        assert "You asked for it. <b>BTC</b> target <b>16.0%</b> instead of 40.0%: BTC volatility is 2.5x its usual level." in told
        assert "<b>Net futures</b> target <b>0.0%</b> instead of 10.0%: BTC volatility is" in told


@pytest.mark.long
async def test_what_a_plan_is_made_for_is_not_said_twice(tmp_path: Path) -> None:
    """The cut itself is a reason with its number; a plan for fear while the cut lasts names the cut beside it."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        await on.room.tick()
        on.hear(SPIKE)
        await on.room.tick()
        await on.room.tick()
        plan = await on.confirm(portfolio)
        assert plan.standing == ()
        on.hear(SPIKE, FEAR)
        await on.room.tick()
        plan = await on.confirm(portfolio)
        assert [reason.trigger for reason in plan.reasons] == [Cause.FEAR_GREED]
        assert {held.line for held in plan.standing} == {"BTC", NET}


@pytest.mark.long
async def test_the_card_of_a_drift_begins_with_what_moved_its_line_and_not_with_what_holds_another(tmp_path: Path) -> None:
    """Fear holds the futures while SOL leaves its band: first that SOL has drifted. A spike that moved BTC stands before it."""
    words = CATALOGUE.words("en")
    for signals, first in (
        ((QUIET, replace(FEAR, since=BEFORE)), "SOL"),
        ((replace(SPIKE, since=BEFORE), replace(FEAR, since=BEFORE)), "BTC"),
    ):
        async with stage(tmp_path / first) as on:
            on.signals = signals
            portfolio = await on.open()
            await on.room.tick()
            on.room.market.move("SOL", "1.4")
            for _ in range(3):
                await on.room.tick()
            plan = await on.room.plan(portfolio)
            assert plan is not None
            assert {reason.trigger for reason in plan.reasons} == {Cause.DRIFT}
            why = card.plan_card(words, portfolio, plan, plan.created_at).text.splitlines()[2]
            assert why.startswith(f"<b>{first}</b>"), why
            net = why.find("<b>Net futures</b> target")
            assert net > why.index("over its target") or (net < 0 and first == "BTC"), "where two do not fit, it stands behind More"


async def test_one_spike_rings_one_person_once(tmp_path: Path) -> None:
    """Three portfolios: each is told and has its card, the first that hears of it with a sound, and so one that hears it an hour later."""
    async with stage(tmp_path) as on:
        for _ in range(2):
            await on.open()
        asleep = await on.open()
        await on.room.program.portfolios.change(asleep, snoozed_until=on.room.clock.now() + timedelta(hours=1))
        on.room.clock.advance(120)
        on.hear(SPIKE)
        assert await on.room.tick() == (2, 0)
        alerts = await on.room.mail()
        assert kinds(alerts) == ["trigger_alert"] * 2
        assert [alert.silent for alert in alerts] == [False, True]
        assert await on.room.tick() == (0, 2)
        assert all(card.silent for card in await on.room.mail())
        on.hear(SPIKE, FEAR)
        await on.room.tick()
        rang = [alert.silent for alert in await on.room.mail() if alert.kind == "trigger_alert"]
        assert rang == [False, True], "another event"
        await on.room.tick(3600)
        (late,) = [alert for alert in await on.room.mail() if alert.kind == "trigger_alert"]
        assert not late.silent, "nobody looks at the chat for a message of an hour ago"


async def test_a_signal_before_the_first_plan_comes_without_a_sound_and_says_why_nothing_follows(tmp_path: Path) -> None:
    """All is cash: it was called an order that is not worth its fees, and rang once for every signal of months."""
    async with stage(tmp_path) as on:
        opened = await on.open()
        await on.room.program.portfolios.open(PERSON, opened.mode, opened.strategy, {"USDT": D(50_000)})
        for seconds in (60, 60, 7200):
            await on.room.tick(seconds)
        await on.room.mail()
        on.hear(SPIKE)
        await on.room.tick()
        ours, cash = [alert for alert in await on.room.mail() if alert.kind == "trigger_alert"]
        assert (ours.silent, cash.silent) == (False, True)
        view = await rendering.view_of(on.room.program, CATALOGUE.words("en"), cash)
        assert view is not None
        assert "You hold only cash so far, so nothing changes; your first plan takes it into account." in view.text
        assert "See the plan" in [button.label for row in view.keyboard for button in row]


async def test_a_card_names_first_what_did_not_wait_for_company(tmp_path: Path) -> None:
    """Fear came after a spike into the same plan: it was among the reasons that are only counted."""
    async with stage(tmp_path) as on:
        portfolio = await on.open()
        on.room.clock.advance(120)
        on.hear(SPIKE)
        await on.room.tick()
        on.hear(SPIKE, FEAR)
        await on.room.tick()
        plan = await on.room.plan(portfolio)
        assert plan is not None
        assert [reason.trigger for reason in plan.reasons] == [Cause.VOLATILITY, Cause.FEAR_GREED]
        first, second, *_ = card.reason_lines(CATALOGUE.words("en"), plan)
        assert first.startswith("Extreme fear")
        assert "volatility" in second
