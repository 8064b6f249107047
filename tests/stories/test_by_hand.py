"""A person who trades by hand is believed: cards wait, what was done is done, other amounts are taken as they are told, and taken back."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.exchanges.base import Holdings
from chatbot.model import Leg, LegKind, LegState, PlanState
from chatbot.plans import by_hand
from chatbot.portfolio.amounts.differences import Typed
from chatbot.store import flows
from tests.handlers.views.view_examples import a_plan
from tests.person import Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

D = Decimal
HOUR = 3600.0


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann holds 0.5 BTC, 4 ETH and 10,000 USDT, and has the card that brings them to her targets."""
    async with someone(tmp_path, fear_greed_url="") as opened:
        await opened.type_in("BTC 0.5 ETH 4 USDT 10000")
        yield opened


def shown(ann: Someone) -> str:
    """Return everything that stands in the chat."""
    return "\n".join(message.text for message in ann.messages)


async def corrections(ann: Someone) -> list[str]:
    """Return what happened to the amounts, oldest first."""
    async with ann.program.db.read() as tx:
        return [flow.kind.value for flow in await flows.of_portfolio(tx, await ann.portfolio_id())]


@pytest.mark.long
async def test_the_card_waits_and_what_was_done_is_done_whatever_prices_did(ann: Someone) -> None:
    """It was refused because prices had moved, and after five minutes the card said "Nothing was traded": the bot cannot know."""
    card = ann.with_button("All done")
    assert card.buttons == ("All done", "Done, other amounts", "Not done", "Edit", "Snooze 1 h", "Longer…", "More")
    assert "to answer" not in card.text
    legs = (await ann.plan()).legs
    await ann.step(3 * HOUR)
    assert "Plan 1 waits until you say what was done." in await ann.say("/status")
    before = (await ann.program.source.quotes(["BTC"]))["BTC"].price
    assert abs(before - next(leg.price for leg in legs if leg.instrument == "BTC")) > 100, "the market has moved"
    await ann.tap("All done", card)
    await ann.work()
    plan = await ann.plan()
    assert (plan.number, plan.state) == (1, PlanState.DONE)
    assert [(leg.filled, leg.average) for leg in plan.legs if not leg.is_transfer] == [
        (leg.qty, leg.limit) for leg in legs if not leg.is_transfer
    ]
    assert (await ann.books())["spot"]["BTC"] == D("0.5") - legs[0].qty
    told, paid = re.search(r"fees (\$[\d.,]+),", card.text), re.search(r"fees paid (\$[\d.,]+)", shown(ann))
    assert told is not None
    assert paid is not None
    assert paid[1] == told[1], "what was done as on the card cost what the card said"


@pytest.mark.long
async def test_a_snooze_says_nothing_of_what_was_traded(ann: Someone) -> None:
    """It said "Plan 1 was not done, as you said", and what was traded could be told no more."""
    card = ann.with_button("Snooze 1 h")
    answer = await ann.tap("Snooze 1 h")
    assert answer.text == "I keep quiet until 10:00 UTC. Plan 1 waits until you say what was done."
    assert (await ann.plan()).state is PlanState.PROPOSED
    await ann.step(600)
    assert len(await ann.plans()) == 1
    await ann.tap("All done", card)
    await ann.work()
    assert (await ann.plan()).state is PlanState.DONE


@pytest.mark.long
async def test_what_was_not_done_is_not_and_nothing_is_claimed_that_nobody_knows(ann: Someone) -> None:
    await ann.tap("Not done")
    assert "Plan 1 was not done, as you said at 09:00 UTC." in shown(ann)
    assert "Nothing was traded" not in shown(ann)
    await ann.say("/rebalance")
    await ann.say("/rebalance")
    await ann.work()
    assert "Plan 2 is over: a newer one came, or its base was changed. If you traded it, correct your amounts." in shown(ann)
    assert "Correct amounts" in next(message for message in ann.messages if "Plan 2 is over" in message.text).buttons
    assert (await ann.books())["spot"] == {"BTC": D("0.5"), "ETH": D(4), "USDT": D(10_000)}


@pytest.mark.long
async def test_a_plan_that_nobody_answers_gives_way_to_the_next_one(ann: Someone) -> None:
    """It holds no alert and no later plan back; the one before says so."""
    while len(await ann.plans()) == 1:
        await ann.step(600)
    first, second = (await ann.plans())[:2]
    assert (first.state, second.state) == (PlanState.SUPERSEDED, PlanState.PROPOSED)
    assert first.expires_at > second.created_at, "it was not its time that ended it"


async def test_a_plan_that_was_half_done_at_other_amounts_then_corrected_and_undone(ann: Someone) -> None:
    """Sold less BTC than the card says, bought no SOL, left XRP out; then an amount is corrected, and that is taken back."""
    legs = {leg.instrument: leg for leg in (await ann.plan()).legs}
    await ann.tap("Edit")
    await ann.tap(next(label for label in ann.last.buttons if "XRP" in label))
    await ann.tap("Back to the plan")
    await ann.tap("Done, other amounts")
    assert "Write what you hold now, only where it differs from what the plan leads to:" in ann.last.text
    said = await ann.say("BTC 0.4, SOL 0, USDT 3000, BTC-PERP 0.02")
    assert "Noted as done with your amounts." in said
    await ann.work()
    result = next(message for message in ann.messages if "done at" in message.text)
    assert result.id > ann.with_button("Back to the plan").id, "below what was typed, and the card points to it"
    assert "Its result is below." in shown(ann)
    plan = await ann.plan()
    done = {leg.instrument: (leg.state, leg.filled) for leg in plan.legs}
    assert plan.state is PlanState.DONE
    assert done["BTC"] == (LegState.FILLED, D("0.1"))
    assert done["ETH"] == (LegState.FILLED, legs["ETH"].qty)
    assert done["SOL"] == done["XRP"] == (LegState.DROPPED, D(0))
    assert done["BTC-PERP"] == (LegState.FILLED, D("0.02"))
    books = await ann.books()
    assert books["spot"] == {
        "BTC": D("0.4"),
        "ETH": D(4) - legs["ETH"].qty,
        "ADA": legs["ADA"].qty,
        "BNB": legs["BNB"].qty,
        "USDT": D(3000),
    }
    assert books["book"]["BTC-PERP"] == D("0.02")
    question = ann.with_button("Undo")
    assert " → 3,000\nEverything else counts as done as planned.\nThat is $" in question.text
    assert question.buttons == ("Withdrawal", "Correct amounts", "Undo", "Status")
    await ann.tap("Withdrawal")
    assert "went out: no loss." in ann.with_button("Undo").text
    await ann.say("/status")
    await ann.tap("Correct amounts")
    await ann.say("ETH 5")
    assert (await ann.books())["spot"]["ETH"] == 5
    await ann.tap("Undo", ann.with_button("Deposit"))
    assert await ann.books() == books
    assert await corrections(ann) == ["plan", "correction", "correction", "undone"]


async def test_other_amounts_close_to_the_plan_ask_nothing(ann: Someone) -> None:
    """What is left over beside what was traded are its prices and fees, and a loss or a gain of the day."""
    usdt = D(10_000) + sum(
        (leg.notional if leg.side == "sell" else -leg.notional) for leg in (await ann.plan()).legs if not leg.is_transfer
    )
    await ann.tap("Done, other amounts")
    await ann.say(f"USDT {usdt.quantize(D(1)) - 60}")
    await ann.work()
    assert "I count it as a trade: nothing came in and nothing went out." in ann.with_button("Undo").text
    assert await corrections(ann) == ["plan", "trade"]


async def test_a_plan_is_noted_whole_or_not_at_all(ann: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Amounts, legs, the question and the end of the plan are one write: where it fails, nothing has happened, and it can be said again."""
    before = await ann.books()

    async def full(*_: object, **__: object) -> None:
        raise OSError

    with monkeypatch.context() as failing:
        failing.setattr("chatbot.plans.by_hand.messages.ring", full)
        await ann.tap("Done, other amounts")
        assert "Something went wrong on my side" in await ann.say("USDT 3000")
    assert await ann.books() == before
    assert await corrections(ann) == []
    assert (await ann.plan()).state is PlanState.PROPOSED
    assert "Noted as done" in await ann.say("USDT 3000")
    assert (await ann.plan()).state is PlanState.DONE
    assert (await ann.books())["spot"]["USDT"] == 3000
    assert await corrections(ann) == ["plan", "correction"]


async def test_what_a_plan_took_more_than_there_was_came_from_somewhere(ann: Someone) -> None:
    """Nothing was sold, and everything was bought: that money came in from outside, and is no profit."""
    await ann.step(60)
    await ann.tap("Done, other amounts")
    await ann.say("BTC 0.5, ETH 4")
    await ann.work()
    assert (await ann.books())["spot"].get("USDT", 0) == 0
    question = ann.with_button("Undo")
    assert "more than the plan leads to: did it come in from outside, or was less of something else done?" in question.text
    assert not re.search(r"[-−]\d", question.text), "nobody holds less than nothing"
    assert "0.0% today" in await ann.say("/status")


async def test_what_does_not_add_up_is_no_profit_and_can_be_put_right_or_taken_back(ann: Someone) -> None:
    """Seen on the page: less BTC sold, all else named as done, and 6,900 dollars that nobody had became a gain of the day."""
    await ann.step(60)
    await ann.tap("Done, other amounts")
    await ann.say("BTC 0.4, USDT 3000")
    await ann.work()
    question = ann.with_button("Undo")
    assert "USDT 0 → 3,000" in question.text
    assert "−0.1% today" in await ann.say("/status") or "0.0% today" in ann.last.text
    figures = (await ann.plan()).result
    assert figures is not None
    assert figures.values["USDT"] == 3000, "the result is what is held, not what the card led to"
    await ann.tap("Undo", question)
    assert "The amounts are again what they were before." in shown(ann)
    assert "USDT" not in (await ann.books())["spot"]
    assert "0.0% today" in await ann.say("/status") or "−0.1% today" in ann.last.text


async def test_a_card_that_waits_has_told_what_it_shows(ann: Someone) -> None:
    """Seen on the page: a minute after the first card the bot rang for the very same lines, and replaced the card by its twin."""
    number = ann.newest
    for _ in range(6):
        await ann.step(60)
    assert ann.newest == number
    assert len(await ann.plans()) == 1


async def test_a_late_answer_of_other_amounts_changes_nothing(ann: Someone) -> None:
    """The card was answered, or made way for another one, while the amounts were typed."""
    await ann.tap("Done, other amounts")
    await ann.tap("Not done", ann.with_button("Not done"))
    assert "Plan 1 was not done" in await ann.say("BTC 0.1")
    assert (await ann.books())["spot"]["BTC"] == D("0.5")


async def test_what_was_done_is_noted_while_the_portfolio_is_paused(ann: Someone) -> None:
    """A pause keeps the bot from trading; what a person has traded is traded."""
    card = ann.with_button("All done")
    await ann.say("/pause")
    await ann.tap("All done", card)
    await ann.work()
    assert (await ann.plan()).state is PlanState.DONE


amounts = st.decimals(min_value=0, max_value=9, places=2)


@given(amounts, amounts, amounts, st.booleans())
def test_what_was_done_of_a_leg_is_told_by_what_is_held(held: Decimal, planned: Decimal, now: Decimal, sells: bool) -> None:
    """Never more than was planned, never the other way, and nothing where nothing of it was done."""
    kind = LegKind.SPOT_SELL if sells else LegKind.SPOT_BUY
    leg = Leg(index=0, kind=kind, instrument="BTC", qty=planned + 1, price=D(100), limit=D(100))
    plan = replace(a_plan("BTC"), legs=(leg,))
    (done,) = by_hand.as_done(plan, Holdings(spot={"BTC": held}), Typed(spot={"BTC": now}))
    moved = (held - now) if sells else (now - held)
    if moved <= 0:
        assert done.state is LegState.DROPPED
    else:
        assert done.qty == min(moved, planned + 1)
        assert done.state is LegState.PLANNED
    assert by_hand.as_done(plan, Holdings(spot={"BTC": held}), Typed(spot={"ETH": now})) == (leg,)
