"""Hedges behind the chat: sized and proposed, confirmed and filled, checked daily, over, and taken off again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from chatbot.exchanges.base import Funding
from chatbot.hedges import sizing
from chatbot.model import COVER, MIN_VARIANCE, ROTATION, STABLE, LegKind, LegState, Mode, PlanState
from chatbot.model.hedge import BY_BETA, LITERAL, HedgeWish
from chatbot.plans import outcomes
from chatbot.portfolio import strategies
from chatbot.portfolio.stored import states
from chatbot.store import tables
from tests.portfolio.still_market import PERSON, D, bench

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from chatbot.model import OpenHedge, Plan, Portfolio
    from chatbot.portfolio.evaluation import Evaluation
    from tests.portfolio.still_market import Bench

INDEX = "BTC-PERP"
LITERALLY = HedgeWish(kind=COVER, size=LITERAL, coverage=D("0.5"), drop=D("0.2"))


async def holder(on: Bench, **weights: str) -> Portfolio:
    """Open a portfolio of 100,000 that holds no futures: BTC 30, SOL 60, USDT 10, exactly on its targets unless told otherwise."""
    base = strategies.preset("balanced", await on.market.markets())
    wanted = {"BTC": D(30), "SOL": D(60), "USDT": D(10)} | {name: D(weight) for name, weight in weights.items()}
    strategy, problems = strategies.own_weights(wanted, await on.market.markets(), base)
    assert strategy is not None, problems
    return await on.program.portfolios.open(PERSON, Mode.PAPER, strategy, {"BTC": D("0.6"), "SOL": D(600), "USDT": D(10_000)})


async def evaluated(on: Bench, portfolio: Portfolio) -> Evaluation:
    """Look at a portfolio with the index contract in reach."""
    return await on.program.evaluator.look(portfolio, fresh=True, also=(INDEX,))


async def hedges(on: Bench, portfolio: Portfolio) -> tuple[OpenHedge, ...]:
    """Return what is kept."""
    async with on.program.db.read() as tx:
        return (await states.read(tx, portfolio.id)).hedges


async def opened(on: Bench, portfolio: Portfolio, wish: HedgeWish = LITERALLY) -> Plan:
    """Propose, confirm and fill a hedge."""
    answer = await on.program.rebalancing.open_hedge(portfolio, wish)
    assert isinstance(answer, outcomes.Proposed), answer
    return await carried_out(on, answer.plan)


async def carried_out(on: Bench, plan: Plan) -> Plan:
    """Confirm a plan and see it through."""
    answer = await on.program.rebalancing.confirm(plan.id, PERSON.id)
    assert isinstance(answer, outcomes.Confirmed), answer
    await on.program.work.run_pending()  # type: ignore[attr-defined]
    done = await on.program.rebalancing.owned_plan(plan.id, PERSON.id)
    assert done is not None
    assert done.state is PlanState.DONE, [(leg.kind, leg.state, leg.note) for leg in done.legs]
    await on.tick(1)
    return done


async def books(on: Bench, portfolio: Portfolio) -> tuple[dict[str, Decimal], Decimal, dict[str, Decimal]]:
    """Return spot, futures wallet and positions."""
    exchange = await on.program.accounts.exchange(portfolio.id)
    balances = await exchange.balances()
    return dict(balances.spot), balances.futures_wallet, {p.instrument: p.qty for p in await exchange.positions()}


async def test_the_article_s_cover_is_sized_as_it_is_written_and_its_share_of_the_loss_is_told(tmp_path: Path) -> None:
    """50 % of a 20 % fall on 100,000: a short of 10,000 that wins 2,000; half the loss takes the beta of the spot side."""
    async with bench(tmp_path) as on:
        found = await evaluated(on, await holder(on))
        literal = sizing.size(found, LITERALLY)
        assert (literal.notional, literal.qty) == (10_000, D("-0.2"))
        # SOL has the prior beta of 1.2: 0.2 (30,000 + 1.2 * 60,000)
        assert (literal.without, literal.hedged) == (-20_400, -18_400)
        assert literal.problem == ""
        assert literal.distance is not None
        assert literal.distance > D("0.3"), "1.5 times the fall"
        by_beta = sizing.size(found, replace(LITERALLY, size=BY_BETA))
        assert by_beta.asked == 51_000
        assert by_beta.capped, "10,000 of collateral carry no more than 30,000 at a leverage of 3"
        assert D(29_800) < by_beta.notional < D(30_000)


async def test_a_spot_holder_gets_exactly_the_legs_of_the_hedge(tmp_path: Path) -> None:
    """Collateral from the stablecoins, then the short; nothing else is touched, and the contract need not be in the strategy."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        answer = await on.program.rebalancing.open_hedge(portfolio, LITERALLY)
        assert isinstance(answer, outcomes.Proposed)
        plan = answer.plan
        assert [(leg.kind, leg.instrument) for leg in plan.legs] == [
            (LegKind.TO_FUTURES, "USDT"),
            (LegKind.FUTURES_INCREASE, INDEX),
        ]
        assert plan.legs[1].sells
        assert plan.legs[1].qty == D("0.2")
        assert not plan.left_out
        assert plan.after.liquidation is not None
        assert plan.after.liquidation >= D("0.3")
        assert plan.after.net == pytest.approx(plan.before.net - D("0.1"), abs=D("0.001"))
        assert await hedges(on, portfolio) == (), "a card is not a hedge"
        done = await carried_out(on, plan)
        (kept,) = await hedges(on, portfolio)
        assert (kept.kind, kept.qty, kept.settled, kept.plan_id) == (COVER, D("-0.2"), True, done.id)
        assert set(kept.moved) == {STABLE}
        spot, wallet, book = await books(on, portfolio)
        assert (spot["BTC"], spot["SOL"]) == (D("0.6"), D(600))
        assert book == {INDEX: D("-0.2")}
        assert wallet == pytest.approx(done.legs[0].filled, rel=D("0.01"))


async def test_what_was_opened_is_part_of_the_targets(tmp_path: Path) -> None:
    """Planning again after the fill proposes nothing, and no line and no exposure is outside."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        done = await opened(on, portfolio)
        assert done.result is not None
        assert not any(line.breach for line in done.result.limits)
        assert isinstance(await on.program.rebalancing.propose(portfolio, ()), outcomes.NothingToDo)
        assert await on.tick() == (0, 0)


async def test_a_rotation_sells_a_tenth_of_each_alt_and_shorts_a_twentieth_of_the_value(tmp_path: Path) -> None:
    """Its proceeds become the collateral, and the net exposure falls by what the card says."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        answer = await on.program.rebalancing.open_hedge(portfolio, HedgeWish(kind=ROTATION))
        assert isinstance(answer, outcomes.Proposed)
        legs = {(leg.kind, leg.instrument): leg.qty for leg in answer.plan.legs}
        assert legs.keys() == {(LegKind.SPOT_SELL, "SOL"), (LegKind.TO_FUTURES, "USDT"), (LegKind.FUTURES_INCREASE, INDEX)}
        assert legs[LegKind.SPOT_SELL, "SOL"] == 60
        assert legs[LegKind.FUTURES_INCREASE, INDEX] == D("0.1")
        assert legs[LegKind.TO_FUTURES, "USDT"] == pytest.approx(D(6_000), rel=D("0.003"))
        size = sizing.size(await evaluated(on, portfolio), HedgeWish(kind=ROTATION))
        assert size.net_change == D("-0.11")
        assert size.beta_change == D("-0.122")
        await carried_out(on, answer.plan)
        (kept,) = await hedges(on, portfolio)
        assert kept.moved == {"SOL": pytest.approx(D("0.06"), abs=D("0.0001"))}
        assert isinstance(await on.program.rebalancing.propose(portfolio, ()), outcomes.NothingToDo)


async def test_there_is_one_of_each_kind_and_adding_is_refused_in_words(tmp_path: Path) -> None:
    """The same kind again is told to be open; another kind is a decision of its own."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        await opened(on, portfolio)
        again = await on.program.rebalancing.open_hedge(portfolio, LITERALLY)
        assert isinstance(again, outcomes.NoHedge)
        assert again.size.problem == "open_already"
        await opened(on, portfolio, HedgeWish(kind=ROTATION))
        assert [one.kind for one in await hedges(on, portfolio)] == [ROTATION, COVER]
        assert (await books(on, portfolio))[2] == {INDEX: D("-0.2999")}, "a twentieth of what the first fees have left"


async def test_a_liquidation_too_near_is_asked_about_first(tmp_path: Path) -> None:
    """A fall of 60 % wants 90 % of room; the stablecoins do not reach, so it is refused until it is accepted."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on, USDT="2", SOL="68")
        exchange = await on.program.accounts.exchange(portfolio.id)
        assert exchange is not None
        wish = replace(LITERALLY, coverage=D("0.4"), drop=D("0.6"))
        refused = await on.program.rebalancing.open_hedge(portfolio, wish)
        assert isinstance(refused, outcomes.NoHedge)
        assert refused.size.problem == "too_close"
        assert refused.size.distance is not None
        assert refused.size.distance < D("0.9")
        plan = await opened(on, portfolio, replace(wish, accepted=True))
        assert plan.hedge is not None
        assert plan.hedge.accepted


async def test_prices_that_moved_make_a_new_card_of_the_same_decision(tmp_path: Path) -> None:
    """Confirm re-reads prices: the new plan opens the same hedge, sized again, and a card that ran out does so too."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        first = await on.program.rebalancing.open_hedge(portfolio, LITERALLY)
        assert isinstance(first, outcomes.Proposed)
        on.market.move("BTC", "1.03")
        answer = await on.program.rebalancing.confirm(first.plan.id, PERSON.id)
        assert isinstance(answer, outcomes.Proposed)
        assert answer.plan.hedge is not None
        assert answer.plan.hedge.wish == LITERALLY
        assert [reason.trigger for reason in answer.plan.reasons] == ["hedge", "moved"]
        assert await hedges(on, portfolio) == ()
        on.clock.set(answer.plan.expires_at)
        later = await on.program.rebalancing.propose_again(portfolio, answer.plan)
        assert isinstance(later, outcomes.Proposed)
        assert later.plan.hedge is not None
        assert later.plan.hedge.wish == LITERALLY


async def test_with_its_short_left_out_nothing_is_opened(tmp_path: Path) -> None:
    """Edit drops the futures leg: the collateral moves, and no hedge is kept."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        answer = await on.program.rebalancing.open_hedge(portfolio, LITERALLY)
        assert isinstance(answer, outcomes.Proposed)
        index = next(leg.index for leg in answer.plan.legs if leg.instrument == INDEX)
        edited = await on.program.rebalancing.toggle(answer.plan.id, PERSON.id, index)
        assert isinstance(edited, outcomes.Proposed)
        assert edited.plan.after.book == {}
        back = await on.program.rebalancing.toggle(answer.plan.id, PERSON.id, index)
        assert isinstance(back, outcomes.Proposed)
        assert back.plan.after.book == {INDEX: pytest.approx(D(-10_000))}, "the preview knows a contract that is not held yet"
        await on.program.rebalancing.toggle(answer.plan.id, PERSON.id, index)
        await carried_out(on, answer.plan)
        assert await hedges(on, portfolio) == ()


async def test_a_hedge_of_which_nothing_was_filled_is_gone(tmp_path: Path) -> None:
    """Confirm keeps it at once; the end of its plan sets it to what was filled, which is nothing here."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        answer = await on.program.rebalancing.open_hedge(portfolio, LITERALLY)
        assert isinstance(answer, outcomes.Proposed)
        assert isinstance(await on.program.rebalancing.confirm(answer.plan.id, PERSON.id), outcomes.Confirmed)
        (kept,) = await hedges(on, portfolio)
        assert not kept.settled
        assert await on.program.executor.recovery.stop(answer.plan.id, PERSON.id)
        await on.program.work.run_pending()  # type: ignore[attr-defined]
        done = await on.program.rebalancing.owned_plan(answer.plan.id, PERSON.id)
        assert done is not None
        assert {leg.state for leg in done.legs} == {LegState.DROPPED}
        assert await hedges(on, portfolio) == ()


async def test_a_process_killed_between_confirm_and_fill_goes_on_with_the_hedge(tmp_path: Path) -> None:
    """Another process finds the hedge with the confirmed plan, and the same fills lead to the same hedge."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        answer = await on.program.rebalancing.open_hedge(portfolio, LITERALLY)
        assert isinstance(answer, outcomes.Proposed)
        assert isinstance(await on.program.rebalancing.confirm(answer.plan.id, PERSON.id), outcomes.Confirmed)
    async with bench(tmp_path) as on:
        (waiting,) = await hedges(on, portfolio)
        assert (waiting.qty, waiting.settled) == (D("-0.2"), False)
        assert await on.program.executor.recovery.reconcile() == (answer.plan.id,)
        await on.program.work.run_pending()  # type: ignore[attr-defined]
        (kept,) = await hedges(on, portfolio)
        assert (kept.qty, kept.settled) == (D("-0.2"), True)
        assert (await books(on, portfolio))[2] == {INDEX: D("-0.2")}
        done = await on.program.rebalancing.owned_plan(answer.plan.id, PERSON.id)
        assert done is not None
        await on.program.executor.hooks.ended(done)
        assert await hedges(on, portfolio) == (kept,), "told twice, it changes nothing"


async def test_closing_buys_the_short_back_and_brings_the_collateral_home(tmp_path: Path) -> None:
    """Reduce-only, then the transfer: a spot holder stands as before, but for fees."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        await opened(on, portfolio)
        (kept,) = await hedges(on, portfolio)
        answer = await on.program.rebalancing.close_hedge(portfolio, kept)
        assert isinstance(answer, outcomes.Proposed)
        assert [(leg.kind, leg.reduce_only) for leg in answer.plan.legs] == [(LegKind.FUTURES_REDUCE, True), (LegKind.TO_SPOT, False)]
        assert answer.plan.after.book == {}
        done = await carried_out(on, answer.plan)
        assert [leg.state for leg in done.legs] == [LegState.FILLED, LegState.FILLED]
        assert await hedges(on, portfolio) == ()
        spot, wallet, book = await books(on, portfolio)
        assert book == {}
        assert wallet < 100
        assert spot["USDT"] > 9_900


async def test_a_strategy_with_longs_of_its_own_gets_them_back(tmp_path: Path) -> None:
    """The hedge nets against a long in the same contract; taking it off leads to the standard net long, never beyond."""
    async with bench(tmp_path) as on:
        base = strategies.preset("balanced", await on.market.markets())
        wanted = {"BTC": D(30), "SOL": D(50), "USDT": D(10), "FUTURES": D(10)}
        strategy, problems = strategies.own_weights(wanted, await on.market.markets(), base)
        assert strategy is not None, problems
        holdings = {"BTC": D("0.6"), "SOL": D(500), "USDT": D(20_000)}
        portfolio = await on.program.portfolios.open(PERSON, Mode.PAPER, strategy, holdings)
        first = await on.program.rebalancing.propose(portfolio, ())
        assert isinstance(first, outcomes.Proposed)
        await carried_out(on, first.plan)
        long = (await books(on, portfolio))[2][INDEX]
        assert long > 0
        await opened(on, portfolio)
        (kept,) = await hedges(on, portfolio)
        assert kept.qty < D("-0.19")
        assert (await books(on, portfolio))[2][INDEX] == long + kept.qty
        assert isinstance(await on.program.rebalancing.propose(portfolio, ()), outcomes.NothingToDo)
        answer = await on.program.rebalancing.close_hedge(portfolio, kept)
        assert isinstance(answer, outcomes.Proposed)
        await carried_out(on, answer.plan)
        assert (await books(on, portfolio))[2][INDEX] == pytest.approx(long, abs=D("0.002"))
        assert await hedges(on, portfolio) == ()


async def told(on: Bench) -> list[str]:
    """Return the kinds of all messages that were ever written."""
    async with on.program.db.read() as tx:
        return list((await tx.execute(select(tables.outbox.c.kind))).scalars())


async def until(on: Bench, hours: float) -> tuple[int, int]:
    """Let time pass to a moment of the next days, in one step, and check."""
    return await on.tick(hours * 3600)


async def test_a_fall_and_a_rebound_end_a_hedge_and_its_plan_takes_it_off(tmp_path: Path) -> None:
    """Down 10 %, then up 12 % from there: the correction is over; the person is told why, and confirms the way back."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on, USDT="10")
        await opened(on, portfolio)
        on.market.move("BTC", "0.9")
        on.market.move("SOL", "0.9")
        assert (await until(on, 24))[1] == 0
        (kept,) = await hedges(on, portfolio)
        assert (kept.age_days, kept.low, kept.closed) == (1, D(45_000), "")
        on.market.move("BTC", "1.12")
        on.market.move("SOL", "1.12")
        assert await until(on, 24) == (1, 1)
        (kept,) = await hedges(on, portfolio)
        assert kept.closed == "correction_over"
        assert (await told(on)).count("hedge_over") == 1
        plan = await on.plan(portfolio)
        assert plan is not None
        assert [(reason.trigger, reason.line, reason.event) for reason in plan.reasons] == [("hedge", COVER, "end")]
        await carried_out(on, plan)
        assert (await books(on, portfolio))[2] == {}
        assert await hedges(on, portfolio) == ()


async def test_after_thirty_days_a_hedge_expires_even_when_nobody_looked_for_a_week(tmp_path: Path) -> None:
    """Days on which the program was not running are counted when it looks again."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        await opened(on, portfolio)
        await until(on, 24 * 22)
        (kept,) = await hedges(on, portfolio)
        assert (kept.age_days, kept.closed) == (22, "")
        await until(on, 24 * 8)
        (kept,) = await hedges(on, portfolio)
        assert kept.closed == "expired"


async def test_a_hedge_is_checked_once_a_day_ten_minutes_after_midnight(tmp_path: Path) -> None:
    """Not at 00:05, then at 00:11, and not again at 01:00."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        await opened(on, portfolio)
        at = on.clock.now()
        midnight = (at + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        ages = []
        for minutes in (5, 11, 60):
            await on.tick((midnight + timedelta(minutes=minutes) - on.clock.now()).total_seconds())
            ages.append((await hedges(on, portfolio))[0].age_days)
        assert ages == [0, 1, 1]


async def test_funding_is_booked_to_the_hedge_and_a_short_that_pays_much_rings_once(tmp_path: Path) -> None:
    """10,000 at +0.01 % earns 1 per 8 h; at -0.05 % it pays 5, and that is told once."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        rates = {datetime(2026, 3, 2, 16, tzinfo=UTC): D("0.0001")}

        async def funding(instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
            assert instrument.endswith("-PERP")
            return tuple(Funding(at=at, rate=rate, interval_hours=8) for at, rate in rates.items() if since < at <= until)

        on.market.funding = funding  # type: ignore[method-assign]
        await opened(on, portfolio)
        await until(on, 8)
        (kept,) = await hedges(on, portfolio)
        assert kept.funding == pytest.approx(D(1), abs=D("0.001"))
        rates |= {datetime(2026, 3, day, hour, tzinfo=UTC): D("-0.0005") for day in (3, 4) for hour in (0, 8, 16)}
        await until(on, 8)
        await until(on, 8)
        (kept,) = await hedges(on, portfolio)
        assert kept.funding == pytest.approx(D(-9), abs=D("0.01"))
        assert (await told(on)).count("hedge_funding") == 1


async def test_least_variance_is_not_offered_without_a_history(tmp_path: Path) -> None:
    """The still market has no past: unknown is said, not guessed."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        report = await on.program.hedging.overview(portfolio)
        assert [size.problem for size in report.covers] == ["", "", "no_history"]
        assert report.mood_unknown
        answer = await on.program.rebalancing.open_hedge(
            portfolio, await on.program.hedging.resolved(portfolio, HedgeWish(kind=MIN_VARIANCE))
        )
        assert isinstance(answer, outcomes.NoHedge)
        assert answer.size.problem == "no_history"


async def test_the_table_says_what_the_hedge_pays_and_where_it_would_be_liquidated(tmp_path: Path) -> None:
    """Literal: 9.8 % of every loss until it ends; with betas a quarter larger the loss grows and the share falls."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        table = await on.program.hedging.shocks(portfolio, LITERALLY)
        falls = [row for row in table.rows if row.shock < 0]
        assert [row.without for row in falls] == [-10_200, -20_400, -30_600, -51_000]
        assert [row.hedged for row in falls] == [-9_200, -18_400, -27_600, -46_000]
        assert all(row.covered == pytest.approx(D("0.098"), abs=D("0.001")) for row in falls)
        assert not any(row.liquidated for row in table.rows)
        stressed = await on.program.hedging.shocks(portfolio, LITERALLY, stressed=True)
        assert stressed.rows[1].without == D("-24000")
        bold = replace(portfolio.strategy, sleeve_cap=D(8), gross_cap=D(2))
        portfolio = await on.program.portfolios.change(portfolio, strategy=bold)
        near = await on.program.hedging.shocks(portfolio, replace(LITERALLY, size=BY_BETA))
        assert near.size is not None
        assert near.size.problem == "too_close"
        assert [row.shock for row in near.rows if row.liquidated] == [D("0.2"), D("0.3")]
        assert [row.covered for row in near.rows[:4]] == [pytest.approx(D("0.5"), abs=D("0.001"))] * 4


async def test_an_exchange_without_the_contract_says_so(tmp_path: Path) -> None:
    """Nothing else is shorted in its place."""
    async with bench(tmp_path) as on:
        portfolio = await holder(on)
        markets = dict(await on.market.markets())
        del markets[INDEX]

        async def fewer() -> dict[str, object]:
            return dict(markets)

        on.market.markets = fewer  # type: ignore[method-assign, assignment]
        answer = await on.program.rebalancing.open_hedge(portfolio, LITERALLY)
        assert isinstance(answer, outcomes.NoHedge)
        assert answer.size.problem == "no_contract"
