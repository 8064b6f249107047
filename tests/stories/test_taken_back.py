"""One tap takes back what a person has said: a plan noted as done, a write-off, a new name, a settled contract, a coin left out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.exchanges.paper.account import Stake
from chatbot.exchanges.paper.paper import PaperExchange
from chatbot.model import FlowKind, PlanState
from chatbot.portfolio.stored import states
from chatbot.store import flows
from tests.moments import after
from tests.portfolio.still_market import StillMarket
from tests.regressions.test_coins_that_stop import figures, listings, manual, market, paper, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Strategy
    from chatbot.portfolio.states import PortfolioStates
    from tests.person import Someone

D = Decimal
ONCE = "That was taken back already. Nothing more was done."


@pytest.fixture
async def ann(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Someone]:
    """Sit down with a portfolio that holds BTC, ETH, SOL and XRP, typed in or in paper."""
    live = paper if getattr(request, "param", "") == "paper" else manual
    async with after(live, tmp_path, source=StillMarket, fear_greed_url="") as opened:
        yield opened


async def strategy(ann: Someone) -> Strategy:
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    return portfolio.strategy


async def remembered(ann: Someone) -> PortfolioStates:
    async with ann.program.db.read() as tx:
        return await states.read(tx, await ann.portfolio_id())


async def kinds(ann: Someone) -> list[FlowKind]:
    async with ann.program.db.read() as tx:
        return [flow.kind for flow in await flows.of_portfolio(tx, await ann.portfolio_id())]


async def stand(ann: Someone) -> tuple[Any, ...]:
    """Return everything that taking something back has to restore, the returns among it."""
    books, now = await ann.books(), await remembered(ann)
    earned = (await ann.say("/status")).splitlines()[1]
    return books, await strategy(ann), (await figures(ann)).value, earned, now.mix, now.hedges, now.tilts, now.leaps


async def gone(ann: Someone) -> None:
    listings(ann).gone |= {"SOL", "SOL-PERP"}
    for _ in range(3):
        await ann.step()


@pytest.mark.long
async def test_a_plan_that_was_not_done_after_all_waits_for_its_answer_again(ann: Someone) -> None:
    """All done, by mistake: its result has one tap for it; then the card is answered as if nothing had happened, and once more."""
    market(ann).move("BTC", "1.3")
    await ann.step()
    await ann.say("/rebalance")
    before, card = await stand(ann), await ann.plan()
    for _ in range(2):
        await ann.tap("All done")
        await ann.work()
        assert (await ann.plan()).state is PlanState.DONE
        assert (await ann.books()) != before[0]
        result = ann.with_button("Undo")
        taken = await ann.tap("Undo")
        assert taken.text == f"Taken back: plan {card.number} waits for your answer again."
        assert await stand(ann) == before
        plan = await ann.plan()
        assert (plan.state, plan.legs, plan.decided_at, plan.result) == (PlanState.PROPOSED, card.legs, None, None)
        assert (await ann.tap("Undo", result)).text == ONCE
        await ann.work()
        assert ann.with_button("All done").buttons[:3] == ("All done", "Done, other amounts", "Not done")
    await ann.tap("All done")
    await ann.work()
    assert await kinds(ann) == [FlowKind.PLAN, FlowKind.UNDONE] * 2 + [FlowKind.PLAN]


@pytest.mark.parametrize("correction", ["BTC 0.1, SOL 0, USDT 900", "BTC 0.12"])
@pytest.mark.parametrize("first", [True, False])
async def test_a_plan_with_other_amounts_is_taken_back_whole(ann: Someone, correction: str, first: bool) -> None:
    """Also where the correction alone was taken back before: amounts, returns and the card are what they were."""
    market(ann).move("BTC", "1.3")
    await ann.step()
    await ann.say("/rebalance")
    before, card = await stand(ann), await ann.plan()
    await ann.tap("Done, other amounts")
    await ann.say(correction)
    noted = ann.with_button("Result")
    await ann.work()
    if first:
        await ann.tap("Undo", on=ann.with_button("Correct amounts"))
    await ann.tap("Undo", on=noted)
    await ann.work()
    assert len([message for message in ann.messages if "All done" in message.buttons]) == 1, "one card"
    assert len(told(ann, f"Taken back: plan {card.number} waits for your answer again.")) == 1
    assert await stand(ann) == before
    assert (await ann.plan()).legs == card.legs
    assert (await ann.tap("Undo", on=noted)).text == ONCE


@pytest.mark.parametrize(
    ("correction", "first"),
    [
        ("BTC 0.4", False),
        *(pytest.param(*one, marks=pytest.mark.long) for one in [("BTC 0.5, ETH 4", False), ("ETH 4", False), ("BTC 0.4", True)]),
    ],
)
async def test_what_a_plan_took_more_of_than_there_was_is_taken_back_with_it(tmp_path: Path, correction: str, first: bool) -> None:
    """Coins that were not sold did not pay for what was bought: what made up for it came in from outside, and goes again with the plan."""
    async with after(manual, tmp_path, "BTC 0.5 ETH 4 USDT 9000", source=StillMarket, fear_greed_url="") as ann:
        before = await stand(ann)
        await ann.tap("Done, other amounts")
        await ann.say(correction)
        noted = ann.with_button("Result")
        await ann.work()
        assert "more than the plan leads to" in ann.last.text
        assert (await stand(ann))[3] != before[3], "worth more, and not earned"
        if first:
            await ann.tap("Undo", on=ann.with_button("Deposit"))
        await ann.tap("Undo", on=noted)
        await ann.work()
        assert await stand(ann) == before
        assert "0.0% today" in before[3]


async def test_what_came_after_an_answer_keeps_it_and_says_why(ann: Someone) -> None:
    """Other amounts, a newer plan: refused in words, and nothing is changed."""
    market(ann).move("BTC", "1.3")
    await ann.step()
    await ann.say("/rebalance")
    await ann.tap("All done")
    await ann.work()
    result = ann.with_button("Undo")
    market(ann).move("BTC", "1.5")
    await ann.step()
    await ann.say("/rebalance")
    books = await ann.books()
    assert (await ann.tap("Undo", on=result)).text.startswith("A newer plan has been made since, so nothing was taken back.")
    await ann.say("/deposit 500")
    assert (await ann.tap("Undo", on=result)).text.startswith("The amounts have changed since")
    assert (await ann.books())["spot"]["USDT"] == books["spot"].get("USDT", 0) + 500


async def test_a_hedge_that_was_noted_as_opened_is_forgotten_with_its_plan(ann: Someone) -> None:
    before = await stand(ann)
    await ann.say("/hedge 50 20")
    await ann.tap("All done")
    await ann.work()
    assert (await remembered(ann)).hedges
    await ann.tap("Undo")
    assert await stand(ann) == before
    assert (await ann.plan()).state is PlanState.PROPOSED


@pytest.mark.parametrize("ann", ["manual", "paper"], indirect=True)
@pytest.mark.parametrize(("way", "go"), [("Write off", "Write SOL off"), ("Leave out", "Leave SOL out")])
async def test_a_coin_that_was_given_up_comes_back(ann: Someone, way: str, go: str) -> None:
    """With its place in the targets, its value and its return; a second tap says that it has been done."""
    await gone(ann)
    before = await stand(ann)
    await ann.taps(way, go)
    answer = ann.with_button("Undo")
    assert await stand(ann) != before
    await ann.tap("Undo")
    assert told(ann, "Taken back")
    assert told(ann, "Amounts and targets are again what they were before.")
    assert await stand(ann) == before
    assert (await ann.tap("Undo", on=answer)).text.startswith("This was shown for other settings")
    assert told(ann, "SOL")
    await ann.say("/status")
    await ann.tap("What about SOL?")


@pytest.mark.parametrize("ann", ["manual", "paper"], indirect=True)
async def test_a_new_name_is_taken_back(ann: Someone) -> None:
    listings(ann).rename("SOL", "LUNA2")
    for _ in range(3):
        await ann.step()
    before = await stand(ann)
    await ann.tap("New name")
    await ann.say("luna2")
    await ann.tap("SOL is now LUNA2")
    assert "LUNA2" in (await strategy(ann)).spot_assets
    await ann.tap("Undo")
    assert await stand(ann) == before


async def test_a_new_amount_after_a_leap_is_taken_back_and_asked_about_again(ann: Someone) -> None:
    market(ann).prices["SOL"] /= 1000
    for _ in range(3):
        await ann.step()
    await ann.taps("Redenominated", "What about SOL?", "New amount")
    books, leaps = await ann.books(), (await remembered(ann)).leaps
    held = books["spot"]["SOL"]
    await ann.say(str(held * 1000))
    await ann.tap(f"I hold {held * 1000} SOL")
    assert (await remembered(ann)).leaps != leaps
    await ann.tap("Undo")
    assert (await ann.books(), (await remembered(ann)).leaps) == (books, leaps)
    assert told(ann, "The amounts are again what they were before.")


@pytest.mark.parametrize("ann", ["manual", "paper"], indirect=True)
async def test_a_settled_contract_is_held_again(ann: Someone) -> None:
    """By hand and on paper: the position, what was paid for it and the futures account are as they were."""
    exchange = await ann.exchange()
    if isinstance(exchange, PaperExchange):
        stake = {"ETH-PERP": Stake(qty=D("0.1"), cost=D(240))}
        exchange._state = replace(exchange.state, futures_wallet=D(1000), positions=stake)
        ann.program.roster.forget(await ann.portfolio_id())
    else:
        await ann.say("/status")
        await ann.tap("Correct amounts")
        await ann.say("futures 1000, ETH-PERP 0.1 at 2400")
        await ann.tap("Deposit")
    await ann.step()
    listings(ann).gone.add("ETH-PERP")
    for _ in range(3):
        await ann.step()
    before = await stand(ann)
    await ann.taps("What about ETH futures?", "Settled", "ETH futures are settled")
    assert "ETH-PERP" not in (await ann.books())["book"]
    await ann.tap("Undo", on=ann.with_button("Rebalance"))
    assert await stand(ann) == before


@pytest.mark.parametrize("ann", ["paper"], indirect=True)
@pytest.mark.parametrize("wallet", [D(1000), D("5")])
async def test_a_settled_contract_stays_closed_once_its_result_was_used(ann: Someone, wallet: Decimal) -> None:
    """Its gain of 10 has left the futures account: that is said; a loss beyond the account offers no way back."""
    exchange: Any = await ann.exchange()
    qty, paid = (D("0.1"), D(240)) if wallet > 100 else (D("-0.1"), D(-240))
    exchange._state = replace(exchange.state, futures_wallet=wallet, positions={"ETH-PERP": Stake(qty=qty, cost=paid)})
    ann.program.roster.forget(await ann.portfolio_id())
    await ann.step()
    listings(ann).gone.add("ETH-PERP")
    for _ in range(3):
        await ann.step()
    await ann.say("/status")
    await ann.taps("What about ETH futures?", "Settled", "ETH futures are settled")
    if wallet < 100:
        assert "Undo" not in ann.last.buttons
        return
    button = ann.with_button("Undo")
    exchange._state = replace(exchange.state, futures_wallet=D(9))
    answer = await ann.tap("Undo", on=button)
    assert answer.text
    assert "ETH-PERP" not in (await ann.books())["book"]


async def test_a_write_off_stays_once_settings_are_others(ann: Someone) -> None:
    await gone(ann)
    await ann.taps("Write off", "Write SOL off")
    answer = ann.with_button("Undo")
    await ann.say("/bands CORE 7")
    left = await stand(ann)
    assert (await ann.tap("Undo", on=answer)).text.startswith("This was shown for other settings")
    assert await stand(ann) == left


async def test_a_write_off_stays_once_amounts_are_others(ann: Someone) -> None:
    await gone(ann)
    await ann.taps("Write off", "Write SOL off")
    answer = ann.with_button("Undo")
    await ann.say("/deposit 1 ETH")
    left = await stand(ann)
    assert (await ann.tap("Undo", on=answer)).text.startswith("The amounts have changed since")
    assert await stand(ann) == left
