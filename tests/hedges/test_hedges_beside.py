"""Hedges that are not alone: bought back in part, one beside another, smaller than the strategy's long, other contracts in the book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatbot.exchanges.base import OrderRequest, Side
from chatbot.model import COVER, NET, ROTATION, Cause, LeftOutWhy, LegKind, LegState, Mode, Plan, PlanState, Reason
from chatbot.model.hedge import BY_BETA, HedgeProblem, HedgeWish
from chatbot.plans import outcomes
from chatbot.portfolio import strategies
from tests.hedges.test_hedges_opened_and_closed import INDEX, LITERALLY, books, carried_out, evaluated, hedges, holder, opened
from tests.portfolio.still_market import PERSON, D, bench

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from chatbot.model import OpenHedge, Portfolio
    from tests.portfolio.still_market import Bench

SMALL = HedgeWish(kind=COVER, size="literal", coverage=D("0.05"), drop=D("0.2"))


async def closing(on: Bench, portfolio: Portfolio, hedge: OpenHedge) -> Plan:
    """Propose the plan that closes a hedge."""
    answer = await on.program.rebalancing.close_hedge(portfolio, hedge)
    assert isinstance(answer, outcomes.Proposed), answer
    return answer.plan


async def with_longs(on: Bench) -> tuple[Portfolio, dict[str, Decimal]]:
    """Open 100,000 with a tenth in futures and carry the first plan out; return the longs too."""
    base = strategies.preset("balanced", await on.market.markets())
    wanted = {"BTC": D(30), "SOL": D(50), "USDT": D(10), "FUTURES": D(10)}
    strategy, problems = strategies.own_weights(wanted, await on.market.markets(), base)
    assert strategy is not None, problems
    portfolio = await on.program.portfolios.open(PERSON, Mode.PAPER, strategy, {"BTC": D("0.6"), "SOL": D(500), "USDT": D(20_000)})
    first = await on.program.rebalancing.propose(portfolio, ())
    assert isinstance(first, outcomes.Proposed)
    await carried_out(on, first.plan)
    return portfolio, (await books(on, portfolio))[2]


@pytest.mark.long
async def test_a_short_that_was_bought_back_in_part_is_remembered_until_the_rest_is(tmp_path: Path) -> None:
    """Nobody sells the second half: it stays short, keeps a new hedge of its kind away, and another try closes exactly it."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        await opened(on, portfolio)
        (kept,) = await hedges(on, portfolio)
        exchange: Any = await on.program.accounts.exchange(portfolio.id)
        exchange.faults.stuck.add(INDEX)
        done = await carried_out(on, await closing(on, portfolio, kept))
        assert next(leg.state for leg in done.legs if leg.instrument == INDEX) is LegState.PARTIAL
        (left,) = await hedges(on, portfolio)
        assert (left.qty, left.closed, left.counted_plan) == (D("-0.1"), "manual", done.id)
        assert (await books(on, portfolio))[2] == {INDEX: D("-0.1")}
        refused = await on.program.rebalancing.open_hedge(portfolio, LITERALLY)
        assert isinstance(refused, outcomes.NoHedge)
        assert refused.size.problem is HedgeProblem.STILL_SHORT
        exchange.faults.stuck.clear()
        again = await on.program.rebalancing.again(done.id, PERSON.id)
        assert isinstance(again, outcomes.Proposed)
        assert [(leg.kind, leg.qty) for leg in again.plan.legs if leg.instrument == INDEX] == [(LegKind.FUTURES_REDUCE, D("0.1"))]
        await carried_out(on, again.plan)
        assert await hedges(on, portfolio) == ()
        assert (await books(on, portfolio))[2] == {}


async def test_closing_one_of_two_hedges_leaves_the_other(tmp_path: Path) -> None:
    """The cover is bought back, the rotation's short and its collateral stay; nothing is to be done afterwards."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        await opened(on, portfolio)
        await opened(on, portfolio, HedgeWish(kind=ROTATION))
        rotation, cover = await hedges(on, portfolio)
        wallet = (await books(on, portfolio))[1]
        plan = await closing(on, portfolio, cover)
        assert {reason.line for held in plan.standing for reason in held.by} == {ROTATION}, "the other one is gone with this plan"
        assert abs(next(held.now for held in plan.standing if held.line == NET) - plan.after.futures_net) < D("0.001")
        await carried_out(on, plan)
        assert await hedges(on, portfolio) == (rotation,)
        _, rest, book = await books(on, portfolio)
        assert book == {INDEX: rotation.qty}
        assert D(5_000) < rest < wallet
        assert isinstance(await on.program.rebalancing.propose(portfolio, ()), outcomes.NothingToDo)


async def test_a_hedge_smaller_than_the_strategys_long_only_makes_it_smaller(tmp_path: Path) -> None:
    """1,000 against a long of about 5,000: no short is left over, so nothing can be liquidated upwards; the long comes back."""
    async with bench(tmp_path) as on:
        portfolio, longs = await with_longs(on)
        answer = await on.program.rebalancing.open_hedge(portfolio, SMALL)
        assert isinstance(answer, outcomes.Proposed)
        index = next(leg for leg in answer.plan.legs if leg.instrument == INDEX)
        assert (index.kind, index.sells, index.reduce_only) == (LegKind.FUTURES_REDUCE, True, True)
        await carried_out(on, answer.plan)
        (kept,) = await hedges(on, portfolio)
        assert kept.qty == D("-0.0199")
        assert (await books(on, portfolio))[2][INDEX] == longs[INDEX] + kept.qty
        assert isinstance(await on.program.rebalancing.propose(portfolio, ()), outcomes.NothingToDo)
        plan = await closing(on, portfolio, kept)
        back = next(leg for leg in plan.legs if leg.instrument == INDEX)
        assert (back.kind, back.side, back.reduce_only) == (LegKind.FUTURES_INCREASE, "buy", False)
        await carried_out(on, plan)
        assert (await books(on, portfolio))[2][INDEX] == pytest.approx(longs[INDEX], abs=D("0.0003"))
        assert await hedges(on, portfolio) == ()


async def test_other_contracts_stay_as_they_are_when_a_hedge_opens_and_closes(tmp_path: Path) -> None:
    """A long of ETH in the strategy and one that no target names: neither is traded, and both count in the room for the short."""
    async with bench(tmp_path) as on:
        portfolio, longs = await with_longs(on)
        assert longs["ETH-PERP"] > 0
        answer = await on.program.rebalancing.open_hedge(portfolio, LITERALLY)
        assert isinstance(answer, outcomes.Proposed)
        assert {leg.instrument for leg in answer.plan.legs} <= {INDEX, "USDT"}
        assert answer.plan.after.book["ETH-PERP"] == answer.plan.before.book["ETH-PERP"]
        await carried_out(on, answer.plan)
        (kept,) = await hedges(on, portfolio)
        assert (await books(on, portfolio))[2]["ETH-PERP"] == longs["ETH-PERP"]
        plan = await closing(on, portfolio, kept)
        assert {leg.instrument for leg in plan.legs} <= {INDEX, "USDT"}
        done = await carried_out(on, plan)
        assert done.state is PlanState.DONE
        after = (await books(on, portfolio))[2]
        assert after["ETH-PERP"] == longs["ETH-PERP"]
        assert after[INDEX] == pytest.approx(longs[INDEX], abs=D("0.002"))


@pytest.mark.long
async def test_a_hedge_is_not_bought_back_for_want_of_money_to_buy_coins(tmp_path: Path) -> None:
    """On 12 March 2020 a drift plan closed two fifths of a cover, because its coins were short of cash, and sold as much a minute later.

    Beta completion has the contract of the hedges; what they sold is fixed (domain 10.3).
    """
    async with bench(tmp_path) as on:
        portfolio, _ = await with_longs(on)
        await opened(on, portfolio, HedgeWish(kind=COVER, size=BY_BETA, coverage=D("0.35"), drop=D("0.2")))
        (hedge,) = await hedges(on, portfolio)
        on.market.move("BTC", "0.6")
        on.market.move("SOL", "0.5")
        looked = await evaluated(on, portfolio)
        drafted = on.program.rebalancing.draft(looked, (Reason(trigger=Cause.DRIFT, line="SOL"),))
        assert isinstance(drafted, Plan)
        assert any(left.why is LeftOutWhy.CASH_LIMITED for left in drafted.left_out)
        assert Cause.BETA not in {reason.trigger for reason in drafted.reasons}
        assert looked.figures is not None
        book = (await books(on, portfolio))[2][INDEX] + sum(leg.qty for leg in drafted.legs if leg.instrument == INDEX)
        base = (book - hedge.qty) * on.market.prices[INDEX] / looked.figures.value
        assert abs(base - D("0.05")) < D("0.0002"), "beside the hedge stands the strategy's own long"


@pytest.mark.long
async def test_nothing_is_left_of_a_hedge_whose_contract_is_flat(tmp_path: Path) -> None:
    """A lot less was short than the hedge had sold: once that was bought back, "short $5" kept every new cover away for good."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        await opened(on, portfolio)
        (hedge,) = await hedges(on, portfolio)
        exchange = await on.program.accounts.exchange(portfolio.id)
        less = OrderRequest(client_id="1", instrument=INDEX, side=Side.BUY, qty=-hedge.qty / 100, limit=D(60_000), immediate=True)
        assert (await exchange.place(less)).filled == less.qty
        await carried_out(on, await closing(on, portfolio, hedge))
        assert await hedges(on, portfolio) == ()
        assert not any((await books(on, portfolio))[2].values())
