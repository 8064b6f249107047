"""Confirm and the card: other prices, coins, contracts or money than it showed make a new plan; what moves by itself does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.model import Answering, AnswerMode, AutoLimits, Cause, LegState, NotAlone, PlanState, Reason
from chatbot.plans import outcomes
from chatbot.plans.outdated import holdings_moved, prices_moved
from tests.monitor.test_unanswered import alone
from tests.portfolio.still_market import PERSON, D, bench

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from chatbot.exchanges.paper.account import AccountState
    from chatbot.exchanges.paper.paper import PaperExchange
    from chatbot.model import Plan, Portfolio
    from chatbot.portfolio.evaluation import Evaluation
    from tests.portfolio.still_market import Bench

ASKED = (Reason(trigger=Cause.MANUAL),)
LOT = D("0.0001")


async def with_futures(on: Bench) -> Portfolio:
    """Open BTC 40, SOL 40, cash 10, futures 10, worth 10,000, and bring it to its targets: a long of 0.0099 BTC."""
    portfolio = await on.balanced(futures="10")
    made = await on.program.rebalancing.propose(portfolio, ASKED)
    assert isinstance(made, outcomes.Proposed)
    assert isinstance(await on.program.rebalancing.confirm(made.plan.id, PERSON.id), outcomes.Confirmed)
    await on.program.work.run_pending()  # type: ignore[attr-defined]
    return portfolio


async def card(on: Bench, portfolio: Portfolio) -> Plan:
    """Return the card of a plan after BTC rose by half."""
    on.market.move("BTC", "1.5")
    made = await on.program.rebalancing.propose(portfolio, ASKED)
    assert isinstance(made, outcomes.Proposed)
    return made.plan


async def elsewhere(on: Bench, portfolio: Portfolio, **changes: str) -> None:
    """Change what the account holds as somebody does at the exchange's own page: coins, contracts or the ``wallet``, by so much."""
    exchange: PaperExchange = await on.program.accounts.exchange(portfolio.id)  # type: ignore[assignment]
    exchange._state = changed(exchange.state, {name: D(amount) for name, amount in changes.items()})


def changed(state: AccountState, changes: dict[str, Decimal]) -> AccountState:
    """Return an account with these amounts more."""
    spot, positions, wallet = dict(state.spot), dict(state.positions), state.futures_wallet
    for name, amount in changes.items():
        contract = name.replace("_", "-")
        if name == "wallet":
            wallet += amount
        elif contract.endswith("-PERP"):
            stake = positions.pop(contract)
            if stake.qty + amount:
                positions[contract] = replace(stake, qty=stake.qty + amount)
        else:
            spot[name] = spot.get(name, D(0)) + amount
    return replace(state, spot=spot, positions=positions, futures_wallet=wallet)


SAME = {
    "nothing": {},
    "a settlement of some cents": {"wallet": "-0.37"},
    "a settlement on a large book": {"wallet": "9"},
    "a little interest": {"USDT": "4.2"},
    "dust of a coin": {"BTC": "0.00004"},
}
OTHER = {
    "a coin was sold elsewhere": {"SOL": "-1"},
    "a lot of it": {"SOL": "-0.0001"},
    "a lot was bought": {"BTC": "0.0001"},
    "a coin that is on no line came in": {"XRP": "3"},
    "a coin is gone": {"SOL": "-40"},
    "cash was taken out": {"USDT": "-300"},
    "cash came in": {"USDT": "300"},
    "money left the futures account": {"wallet": "-150"},
    "money went into the futures account": {"wallet": "150"},
    "money changed its wallet": {"USDT": "-100", "wallet": "100"},
    "a position was reduced by a lot": {"BTC_PERP": "-0.0001"},
    "a position was raised": {"BTC_PERP": "0.001"},
    "a position was closed": {"BTC_PERP": "-0.0099"},
}


async def test_everything_that_is_held_is_compared_with_the_card(tmp_path: Path) -> None:
    """Another quantity of anything counts, and other money than funding explains; what moves by itself does not."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        plan = await card(on, portfolio)
        assert plan.before.book == {"BTC-PERP": D("0.0099") * 75_000, "ETH-PERP": D("0.1999") * 2_500}
        exchange: Any = await on.program.accounts.exchange(portfolio.id)
        before, found = exchange.state, {}
        for name, changes in (SAME | OTHER).items():
            await elsewhere(on, portfolio, **changes)
            found[name] = holdings_moved(plan, await on.program.evaluator.look(portfolio, fresh=True))
            exchange._state = before
        assert found == dict.fromkeys(SAME, False) | dict.fromkeys(OTHER, True)


@pytest.mark.parametrize("changes", [{"SOL": "-1"}, {"USDT": "-300"}, {"BTC_PERP": "-0.001"}], ids=["coins", "cash", "futures"])
async def test_other_holdings_than_on_the_card_are_shown_as_a_new_plan(tmp_path: Path, changes: dict[str, str]) -> None:
    """Nothing is sent; the new plan stands in the place of the old one and can be confirmed."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        plan = await card(on, portfolio)
        await elsewhere(on, portfolio, **changes)
        answer = await on.program.rebalancing.confirm(plan.id, PERSON.id)
        assert isinstance(answer, outcomes.Proposed)
        assert answer.holdings_moved
        assert [reason.trigger for reason in answer.plan.reasons] == [Cause.MANUAL, Cause.MOVED]
        assert await on.program.work.run_pending() == 0  # type: ignore[attr-defined]
        old = await on.program.rebalancing.owned_plan(plan.id, PERSON.id)
        assert old is not None
        assert old.state is PlanState.SUPERSEDED
        assert isinstance(await on.program.rebalancing.confirm(answer.plan.id, PERSON.id), outcomes.Confirmed)


async def test_a_confirm_that_comes_too_late_again_and_again_is_told_once(tmp_path: Path) -> None:
    """Three cards that others took the place of, and one sentence about it."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        plan = await card(on, portfolio)
        for _ in range(3):
            await elsewhere(on, portfolio, USDT="-300")
            answer = await on.program.rebalancing.confirm(plan.id, PERSON.id)
            assert isinstance(answer, outcomes.Proposed)
            plan = answer.plan
            assert [reason.trigger for reason in plan.reasons] == [Cause.MANUAL, Cause.MOVED]


async def test_money_that_funding_moved_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """A settlement between card and Confirm: Confirm means Confirm."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        plan = await card(on, portfolio)
        await elsewhere(on, portfolio, wallet="-0.37")
        assert isinstance(await on.program.rebalancing.confirm(plan.id, PERSON.id), outcomes.Confirmed)


async def test_a_price_that_moved_is_not_told_as_other_holdings(tmp_path: Path) -> None:
    """Profit of a position that prices made is no money that came in."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        plan = await card(on, portfolio)
        on.market.move("BTC", "1.2")
        answer = await on.program.rebalancing.confirm(plan.id, PERSON.id)
        assert isinstance(answer, outcomes.Proposed)
        assert not answer.holdings_moved


async def test_what_the_bot_would_do_alone_it_does_not_do_on_other_holdings(tmp_path: Path) -> None:
    """Inside the limits, with prices as they were: somebody took coins out between plan and act, so it asks."""
    auto = {"answer": AnswerMode.AUTO, "answering": Answering(limits=AutoLimits(trade=D(3000), turnover=D(6000)))}
    async with alone(tmp_path, **auto) as at:  # type: ignore[arg-type]
        confirm = at.on.program.rebalancing.confirm

        async def later(*args: object, **options: object) -> outcomes.ConfirmOutcome:
            await elsewhere(at.on, at.portfolio, SOL="-5")
            return await confirm(*args, **options)  # type: ignore[arg-type]

        at.on.program.rebalancing.confirm = later  # type: ignore[method-assign]
        await at.drift()
        newest, older = await at.plans()
        assert (newest.state, older.state) == (PlanState.PROPOSED, PlanState.SUPERSEDED)
        assert newest.stand is not None
        assert newest.stand.why is NotAlone.MOVED


@pytest.fixture
async def looked(tmp_path: Path) -> tuple[Plan, Evaluation]:
    """Return a card and what Confirm sees of it."""
    async with bench(tmp_path) as on:
        portfolio = await with_futures(on)
        plan = await card(on, portfolio)
        return plan, await on.program.evaluator.look(portfolio, fresh=True)


def holding(found: Evaluation, **changed: Any) -> Evaluation:
    """Return the evaluation of an account that holds something else."""
    assert found.held is not None
    return replace(found, held=replace(found.held, snapshot=replace(found.held.snapshot, **changed)))


async def test_money_may_differ_by_the_smallest_order_or_as_far_as_a_price(looked: tuple[Plan, Evaluation]) -> None:
    """Ten dollars, because no order is smaller; one per cent of the card's cash where that is more. Exactly that is still within it."""
    plan, found = looked
    assert found.snapshot is not None
    (cash,) = found.snapshot.cash
    for shown, most in ((cash.value, D(10)), (D(5000), D(50)), (D(0), D(10))):
        on_card = replace(plan, before=replace(plan.before, values={**plan.before.values, "USDT": shown}))
        for more, moved in ((most, False), (-most, False), (most + D("0.01"), True), (-most - D("0.01"), True)):
            seen = holding(found, cash=(replace(cash, qty=shown + more),))
            assert holdings_moved(on_card, seen) is moved, (shown, more)


async def test_in_a_large_portfolio_the_smallest_order_is_larger(looked: tuple[Plan, Evaluation]) -> None:
    """Five basis points of the value, where that is more than ten dollars and more than a price may move."""
    plan, found = looked
    assert found.snapshot is not None
    (cash,) = found.snapshot.cash
    rich = replace(plan, before=replace(plan.before, value=D(100_000)))
    for more, moved in ((D(50), False), (D("50.01"), True)):
        assert holdings_moved(rich, holding(found, cash=(replace(cash, qty=cash.qty + more),))) is moved


async def test_half_a_lot_is_rounding(looked: tuple[Plan, Evaluation]) -> None:
    """More than half of what can be traded is something else, coin or contract."""
    plan, found = looked
    assert found.snapshot is not None
    for part, moved in (("0.5", False), ("0.51", True), ("-0.5", False), ("-0.51", True)):
        more = D(part) * LOT
        spot = tuple(replace(one, qty=one.qty + more) if one.asset == "BTC" else one for one in found.snapshot.spot)
        assert holdings_moved(plan, holding(found, spot=spot)) is moved, part
        book = tuple(replace(one, qty=one.qty + more) if one.contract == "BTC-PERP" else one for one in found.snapshot.positions)
        assert holdings_moved(plan, holding(found, positions=book)) is moved, part


async def test_what_can_not_be_compared_has_moved(looked: tuple[Plan, Evaluation]) -> None:
    """Nothing is known of the account, or a coin has no price on the card."""
    plan, found = looked
    assert not holdings_moved(plan, found)
    assert holdings_moved(plan, replace(found, held=None))
    assert holdings_moved(replace(plan, prices={name: price for name, price in plan.prices.items() if name != "SOL"}), found)
    rules = {name: market for name, market in found.markets.items() if name != "SOL"}
    assert not holdings_moved(plan, replace(found, markets=rules)), "the same quantity needs no rules"


async def test_a_price_may_move_by_the_persons_limit_in_either_direction(looked: tuple[Plan, Evaluation]) -> None:
    """One per cent is within it, a hair more is not; a price that is gone has moved, unless its leg is left out."""
    plan, found = looked
    sol = next(leg for leg in plan.legs if leg.instrument == "SOL")
    without = replace(plan, legs=tuple(replace(leg, state=LegState.DROPPED) if leg is sol else leg for leg in plan.legs))
    for factor, moved in (("1", False), ("1.01", False), ("0.99", False), ("1.0101", True), ("0.9899", True), (None, True)):
        quotes = {name: quote for name, quote in found.quotes.items() if name != "SOL"}
        if factor is not None:
            price = sol.price * D(factor)
            quotes["SOL"] = replace(found.quotes["SOL"], bid=price, ask=price)
        seen = replace(found, quotes=quotes)
        assert prices_moved(plan, seen) is moved, factor
        assert not prices_moved(without, seen)
