"""An account without anything in it: no plan and no trade. Of an exchange such an answer is unknown, of our own books it is so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import Balances
from chatbot.model import Cause, PlanState, Problem, Reason
from chatbot.plans import outcomes
from chatbot.portfolio.valuation import Account, empty_answer
from tests.portfolio.still_market import PERSON, D, bench

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Portfolio
    from tests.portfolio.still_market import Bench

ASKED = (Reason(trigger=Cause.MANUAL),)
EMPTY = Problem(code="empty")


async def empty(on: Bench, portfolio: Portfolio) -> Any:
    """Let the exchange answer with nothing at all, and return the account that is really there."""
    exchange: Any = await on.program.accounts.exchange(portfolio.id)
    real = exchange.state
    exchange._state = replace(real, spot={})
    return real


async def test_an_empty_account_gives_no_plan(tmp_path: Path) -> None:
    """Neither all targets bought with nothing, nor "nothing to do"."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await empty(on, portfolio)
        answer = await on.program.rebalancing.propose(portfolio, ASKED)
        assert isinstance(answer, outcomes.CannotEvaluate)
        assert answer.problems == (EMPTY,)
        assert await on.plan(portfolio) is None


async def test_coins_of_which_none_is_left_are_an_empty_account_too_and_one_of_them_is_not(tmp_path: Path) -> None:
    """Zeros are no holdings; a single stablecoin, a futures wallet or a position is something."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        exchange: Any = await on.program.accounts.exchange(portfolio.id)
        real = exchange.state
        for spot, wallet, problems in (
            ({"BTC": 0, "USDT": 0}, 0, (EMPTY,)),
            ({"USDT": 1}, 0, ()),
            ({"BTC": 0}, 1, ()),
        ):
            exchange._state = replace(
                real, spot={name: real.futures_wallet * 0 + qty for name, qty in spot.items()}, futures_wallet=real.futures_wallet + wallet
            )
            assert (await on.program.evaluator.look(portfolio, fresh=True)).problems == problems, spot


async def test_confirm_on_an_empty_answer_sends_nothing_and_the_card_stays(tmp_path: Path) -> None:
    """When the exchange answers again, the same card can be confirmed."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        on.market.move("BTC", "1.5")
        made = await on.program.rebalancing.propose(portfolio, ASKED)
        assert isinstance(made, outcomes.Proposed)
        real = await empty(on, portfolio)
        for answer in (
            await on.program.rebalancing.confirm(made.plan.id, PERSON.id),
            await on.program.rebalancing.toggle(made.plan.id, PERSON.id, 0),
        ):
            assert isinstance(answer, outcomes.CannotEvaluate)
            assert answer.problems == (EMPTY,)
        still = await on.plan(portfolio)
        assert still is not None
        assert still.state is PlanState.PROPOSED
        exchange: Any = await on.program.accounts.exchange(portfolio.id)
        exchange._state = real
        assert isinstance(await on.program.rebalancing.confirm(made.plan.id, PERSON.id), outcomes.Confirmed)


async def test_an_empty_answer_is_told_as_a_problem_and_makes_no_plan_of_the_check(tmp_path: Path) -> None:
    """Everything at zero would be far outside of every band."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
        await empty(on, portfolio)
        on.program.monitor._roster.forget(portfolio.id)  # as whatever changes books of our own does: nobody else can
        for _ in range(15):
            assert await on.tick(60) == (0, 0)
        assert [message.kind for message in await on.mail()] == ["problem"]
        assert await on.plan(portfolio) is None


def test_an_exchange_s_empty_answer_is_not_an_empty_portfolio() -> None:
    """Only where the books are ours is nothing known to be there."""
    account = Account(balances=Balances(spot={}, free={}, futures_wallet=D(0)), positions=(), quote_asset="USDT")
    assert empty_answer(account, is_ours=False) == Problem(code="empty_balance")
    assert empty_answer(account, is_ours=True) == EMPTY
