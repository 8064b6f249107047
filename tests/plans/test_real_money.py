"""Limits of real money where plans are made, at Confirm and before each order; played on a paper account that says it is live."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from chatbot.model import (
    Cause,
    KeyProblem,
    KeyReport,
    LeftOutWhy,
    LiveLimits,
    LiveStop,
    LiveTerms,
    MessageKind,
    Mode,
    Plan,
    PlanState,
    Reason,
)
from chatbot.plans.outcomes import Confirmed, NothingToDo, OverLimits, Proposed
from chatbot.plans.real_money.limits import RealMoney
from chatbot.store import keys, plans, portfolios, tables
from tests.portfolio.still_market import PERSON, START, D, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Portfolio
    from tests.portfolio.still_market import Bench

ASKED = (Reason(trigger=Cause.MANUAL),)
WIDE = LiveLimits(order=D(100_000), turnover=D(2))


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as made:
        allow(made, may=True)
        yield made


def allow(on: Bench, *, may: bool) -> None:
    """Let the operator allow real money, or not."""
    real = RealMoney(may_trade=lambda _: may)
    on.program.rebalancing._real = on.program.executor.hooks._real = real  # type: ignore[attr-defined]


async def live(on: Bench, limits: LiveLimits = WIDE, *, tried: bool = False) -> Portfolio:
    """Return a portfolio with real money whose SOL has risen by half: 12,000, of which 1,200 of SOL are to be sold."""
    portfolio = await on.balanced()
    await on.program.accounts.exchange(portfolio.id)
    on.market.move("SOL", "1.5")
    terms = LiveTerms(since=START, limits=limits, is_tried=tried)
    return await on.program.portfolios.change(portfolio, mode=Mode.LIVE, live=terms)


async def proposed(on: Bench, portfolio: Portfolio) -> Plan:
    made = await on.program.rebalancing.propose(portfolio, ASKED)
    assert isinstance(made, Proposed), made
    return made.plan


async def carried_out(on: Bench, plan: Plan) -> Plan:
    assert isinstance(await on.program.rebalancing.confirm(plan.id, PERSON.id), Confirmed)
    await on.program.work.run_pending()  # type: ignore[attr-defined]
    async with on.program.db.read() as tx:
        found = await plans.plan(tx, plan.id)
    assert found is not None
    return found


def traded(plan: Plan) -> D:
    return sum((leg.notional for leg in plan.legs), D(0))


async def test_the_first_plan_trades_a_tenth_and_the_next_one_the_rest(on: Bench) -> None:
    """Until one has traded that was confirmed by hand, every plan is held to it; the card says what waits, and the next one has it."""
    portfolio = await live(on)
    first = await proposed(on, portfolio)
    assert D(1100) < traded(first) <= D(1200)
    assert first.left_out[-1].why is LeftOutWhy.FIRST_LIVE
    assert first.left_out[-1].amount is not None
    assert first.after.value == pytest.approx(D(12_000) - first.fees)
    assert (await carried_out(on, first)).state is PlanState.DONE
    after = await on.program.portfolios.by_id(portfolio.id)
    assert after is not None
    assert after.live is not None
    assert after.live.is_tried
    second = await proposed(on, after)
    assert traded(second) == pytest.approx(first.left_out[-1].amount, rel=D("0.02"))
    assert not second.left_out


async def test_no_order_is_planned_over_the_largest_and_none_is_sent(on: Bench) -> None:
    """A limit that has become smaller than what the journal holds stops the plan before its first order, and its person is told."""
    portfolio = await live(on, replace(WIDE, order=D(300)), tried=True)
    plan = await proposed(on, portfolio)
    assert D(250) < max(leg.notional for leg in plan.legs) <= D(300)
    assert plan.left_out[-1].why is LeftOutWhy.LIVE_LIMITS
    assert isinstance(await on.program.rebalancing.confirm(plan.id, PERSON.id), Confirmed)
    smaller = LiveTerms(since=START, limits=replace(WIDE, order=D(299)), is_tried=True)
    await on.program.portfolios.change(portfolio, live=smaller)
    await on.program.work.run_pending()  # type: ignore[attr-defined]
    async with on.program.db.read() as tx:
        parked = await plans.plan(tx, plan.id)
    assert parked is not None
    assert parked.state is PlanState.PARKED
    assert not any(leg.filled or leg.attempts for leg in parked.legs)
    assert [mail.facts["why"] for mail in await on.mail() if "why" in mail.facts] == [LiveStop.ORDER.value]


async def test_a_day_has_one_limit_for_all_its_plans_and_begins_anew(on: Bench) -> None:
    """What the first plan has used is not there for the second; on the next day of the person it is."""
    portfolio = await live(on, replace(WIDE, turnover=D("0.05")), tried=True)
    first = await proposed(on, portfolio)
    assert D(500) < traded(first) <= D(600)
    await carried_out(on, first)
    assert isinstance(left := await on.program.rebalancing.propose(portfolio, ASKED), NothingToDo)
    assert left.left_out[-1].why is LeftOutWhy.LIVE_LIMITS
    on.clock.advance(timedelta(days=1).total_seconds())
    assert traded(await proposed(on, portfolio)) > D(500)


async def test_confirm_asks_again_what_the_operator_allows(on: Bench) -> None:
    """A card from before he forbade it: nothing is sent, and nothing is decided."""
    plan = await proposed(on, await live(on, tried=True))
    allow(on, may=False)
    answered = await on.program.rebalancing.confirm(plan.id, PERSON.id)
    assert isinstance(answered, OverLimits)
    assert answered.breach.why is LiveStop.OFF
    async with on.program.db.read() as tx:
        waiting = await plans.plan(tx, plan.id)
    assert waiting is not None
    assert waiting.state is PlanState.PROPOSED


SOUND: dict[str, Any] = {"reads": True, "withdraws": False, "trades_spot": True, "trades_futures": True, "account": "1"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (SOUND, None),
        (SOUND | {"problems": (KeyProblem.NO_FUTURES, KeyProblem.ANY_ADDRESS, KeyProblem.CLOCK, KeyProblem.EXPIRES_SOON)}, None),
        (SOUND | {"problems": (KeyProblem.MAY_WITHDRAW,)}, LiveStop.KEY),
        (SOUND | {"problems": (KeyProblem.NOT_ACCEPTED,)}, LiveStop.KEY),
        (SOUND | {"problems": (KeyProblem.NO_SPOT,)}, LiveStop.KEY),
        (SOUND | {"problems": (KeyProblem.HEDGE_MODE,)}, LiveStop.KEY),
        (SOUND | {"expires_at": START}, LiveStop.KEY),
        (SOUND | {"account": "2"}, LiveStop.SHARED),
        (None, LiveStop.KEY),
    ],
    ids=["sound", "flawed", "may withdraw", "deleted there", "lost a right", "hedge mode", "ended", "of another portfolio", "removed"],
)
async def test_what_is_known_of_the_key_is_asked_before_each_order(on: Bench, said: dict[str, Any] | None, why: LiveStop | None) -> None:
    """A card from before: a key that has gained, lost or ended since stops the plan before its first order, in words."""
    portfolio = await live(on, tried=True)
    plan = await proposed(on, portfolio)
    assert isinstance(await on.program.rebalancing.confirm(plan.id, PERSON.id), Confirmed)
    async with on.program.db.transaction() as tx:
        report = KeyReport(at=START, **(said or {}))
        key = await keys.add(tx, PERSON.id, "binance", "abcd", report, lambda _: "sealed" if said is not None else "")
        account = "binance:1" if report.account == "1" else None
        await tx.execute(update(tables.portfolios).values(key_id=key.id, account=account))
        now = await portfolios.get(tx, portfolio.id)
        assert now is not None
        assert portfolio.live is not None
        await portfolios.save(tx, replace(now, live=replace(portfolio.live, rests_on=now.stands_on)))
    await on.program.work.run_pending()  # type: ignore[attr-defined]
    async with on.program.db.read() as tx:
        found = await plans.plan(tx, plan.id)
    assert found is not None
    assert found.state is (PlanState.DONE if why is None else PlanState.PARKED)
    assert any(leg.filled or leg.attempts for leg in found.legs) is (why is None)
    assert [mail.facts["why"] for mail in await on.mail() if mail.facts.get("why")] == ([] if why is None else [why.value])


async def test_who_watches_again_ends_the_card_and_a_plan_under_way(on: Bench) -> None:
    """One tap away from real money: what was confirmed and not sent stays unsent."""
    portfolio = await live(on, tried=True)
    plan = await proposed(on, portfolio)
    assert isinstance(await on.program.rebalancing.confirm(plan.id, PERSON.id), Confirmed)
    await on.program.portfolios.change(portfolio, mode=Mode.PAPER)
    await on.program.work.run_pending()  # type: ignore[attr-defined]
    assert [mail.facts["why"] for mail in await on.mail() if "why" in mail.facts] == [LiveStop.WATCHED.value]


async def test_the_loss_of_a_day_pauses_and_tells_once(on: Bench) -> None:
    """At the limit: paused, told by a message that rings. Who lets it go on that day is believed; the next day has its own limit."""
    portfolio = await live(on, replace(WIDE, loss=D("0.05")), tried=True)
    await on.tick()
    on.market.move("BTC", "0.90")  # 400 of 12,000
    await on.tick()
    assert not [mail for mail in await on.mail() if mail.kind is MessageKind.LOSS]
    on.market.move("BTC", "0.94")  # 216 more: 5.1 %
    await on.tick()
    (told,) = [mail for mail in await on.mail() if mail.kind is MessageKind.LOSS]
    assert D(told.facts["lost"]) == pytest.approx(D("0.0513"), rel=D("0.01"))
    stopped = await on.program.portfolios.by_id(portfolio.id)
    assert stopped is not None
    assert stopped.paused
    await on.program.portfolios.resume(PERSON)
    await on.tick()
    assert not [mail for mail in await on.mail() if mail.kind is MessageKind.LOSS]


async def test_a_first_plan_that_another_limit_holds_says_so(on: Bench) -> None:
    """Not the tenth but the largest order cut it: that is what can be changed."""
    first = await proposed(on, await live(on, replace(WIDE, order=D(300))))
    assert traded(first) < D(1100)
    assert first.left_out[-1].why is LeftOutWhy.LIVE_LIMITS
