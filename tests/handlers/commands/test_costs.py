"""A person sees what a plan costs, is asked before a leg that costs a lot, and cannot press Confirm past the question."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.model import LegState, PlanState
from chatbot.plans import costs
from tests.moments import after
from tests.person import START, Someone, someone
from tests.portfolio.lively_market import LivelyMarket
from tests.portfolio.still_market import D

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from handlers.loopback import Message


@dataclass(frozen=True, slots=True)
class Thin:
    """Ann at a card of which the SOL leg is large for its market."""

    ann: Someone
    market: LivelyMarket
    card: Message


@asynccontextmanager
async def thin(folder: Path) -> AsyncIterator[Thin]:
    """Set up a portfolio of BTC and SOL in a market where SOL hardly trades."""
    async with after(with_sol, folder, source=LivelyMarket) as ann:
        market: Any = ann.program.source
        market.volumes["SOL"] = D(300_000)
        await ann.say("/rebalance")
        yield Thin(ann, market, ann.with_button("Confirm"))


async def with_sol(ann: Someone) -> None:
    await ann.set_up()
    await ann.say("/targets BTC 40 SOL 40 USDT 20")


async def test_the_card_tells_fees_slippage_and_which_leg_is_dear(tmp_path: Path) -> None:
    """4,000 into a market of 300,000 a day at 3 % daily volatility: 0.7 x 3 % x 0.115, 24 bp; at a thousandth of that volume, it asks."""
    async with thin(tmp_path) as on:
        assert "⚠" not in on.card.text
        on.market.volumes["SOL"] = D(30_000)
        await on.ann.say("/rebalance")
        card = on.ann.with_button("Confirm")
        assert "SOL at" in card.text
        assert "⚠ slippage about 77 bp" in card.text
        assert "slippage" in card.text.split("Costs about")[1]
        del on.market.volatility["BTC"]
        on.market.volumes["BTC"] = None
        await on.ann.say("/rebalance")
        unknown = on.ann.with_button("Confirm").text
        assert "slippage —" in unknown
        assert "How far BTC would move the price is unknown" in unknown


async def _dear(on: Thin) -> Message:
    on.market.volumes["SOL"] = D(30_000)
    await on.ann.say("/rebalance")
    return on.ann.with_button("Confirm")


async def _in_vain(on: Thin) -> None:
    """Carry the plan out while nobody trades SOL at all; then it trades as little as before."""
    on.market.volumes["SOL"] = D(0)
    await on.ann.work()
    on.market.volumes["SOL"] = D(30_000)


async def test_confirm_asks_first_and_back_leads_to_the_card(tmp_path: Path) -> None:
    """The question stands in the card's own message and names leg and money; nothing is sent by it."""
    async with thin(tmp_path) as on:
        card = await _dear(on)
        await on.ann.tap("Confirm")
        asked = on.ann.with_button("Trade it anyway")
        assert asked.id == card.id
        assert "This leg is large for its market:" in asked.text
        assert "move the price against you by about $3" in asked.text
        assert asked.buttons == ("Trade it anyway", "Leave it out", "Back to the plan")
        assert (await on.ann.plan()).state is PlanState.PROPOSED
        assert await on.ann.orders() == 0
        await on.ann.tap("Back to the plan")
        assert on.ann.last.buttons[0] == "Confirm"
        assert on.ann.last.id == card.id


async def test_the_plan_is_traded_all_the_same_once(tmp_path: Path) -> None:
    """Yes carries the plan out; pressed twice it changes nothing, and the old card's Confirm tells how it stands."""
    async with thin(tmp_path) as on:
        card = await _dear(on)
        await on.ann.tap("Confirm")
        asked = on.ann.with_button("Trade it anyway")
        await on.ann.tap("Trade it anyway")
        again = await on.ann.tap("Trade it anyway", on=asked)
        assert "Pressing again changes nothing" in again.text
        late = await on.ann.tap("Confirm", on=card)
        assert "Pressing again changes nothing" in late.text
        on.market.volumes["SOL"] = D(300_000_000)
        await on.ann.work()
        plan = await on.ann.plan()
        assert plan.state is PlanState.DONE
        assert {leg.instrument: leg.state for leg in plan.legs} == {"BTC": LegState.FILLED, "SOL": LegState.FILLED}


async def test_the_leg_is_left_out_and_the_rest_traded(tmp_path: Path) -> None:
    """Left out twice is left out once; what the rest leads to is shown, and Confirm then works at once."""
    async with thin(tmp_path) as on:
        await _dear(on)
        await on.ann.tap("Confirm")
        asked = on.ann.with_button("Leave it out")
        await on.ann.tap("Leave it out")
        await on.ann.tap("Leave it out", on=asked)
        on.ann.sees("Left out by you: 2", "BTC 40.0% · SOL 0.0%")
        plan = await on.ann.confirm()
        assert plan.state is PlanState.DONE
        assert {leg.instrument: leg.state for leg in plan.legs} == {"BTC": LegState.FILLED, "SOL": LegState.DROPPED}
        assert "SOL" not in (await on.ann.books())["spot"]


async def test_yes_covers_only_the_legs_that_were_asked_about(tmp_path: Path) -> None:
    """A expensive leg taken back in after the question is asked about again, also by the old question's button."""
    async with thin(tmp_path) as on:
        on.market.volumes["BTC"] = D(30_000)
        await _dear(on)
        await on.ann.taps("Edit")
        await on.ann.tap(next(label for label in on.ann.last.buttons if "SOL" in label))
        await on.ann.tap("Confirm")
        old = on.ann.with_button("Trade it anyway")
        assert "SOL" not in old.text.split("\n", 3)[2]
        await on.ann.taps("Back to the plan", "Edit")
        await on.ann.tap(next(label for label in on.ann.last.buttons if "SOL" in label))
        assert "changed after this was shown" in (await on.ann.tap("Trade it anyway", on=old)).text
        await on.ann.tap("Confirm")
        on.ann.sees("These legs are large for their markets:")
        assert (await on.ann.plan()).state is PlanState.PROPOSED
        await on.ann.tap("Trade it anyway")
        assert (await on.ann.plan()).state is PlanState.CONFIRMED


async def test_a_question_that_ran_out_sends_nothing(tmp_path: Path) -> None:
    """After the plan's time a yes is answered in words, with the plan as of now, which asks again."""
    async with thin(tmp_path) as on:
        await _dear(on)
        await on.ann.tap("Confirm")
        on.ann.clock.advance(600)
        late = await on.ann.tap("Trade it anyway")
        assert "expired" in late.text
        assert [plan.state for plan in await on.ann.plans()][-2:] == [PlanState.EXPIRED, PlanState.PROPOSED]
        assert await on.ann.orders() == 0
        await on.ann.tap("Confirm")
        assert "large for its market" in on.ann.last.text


async def test_costs_that_rose_since_the_card_are_shown_first(tmp_path: Path) -> None:
    """The market thins out between card and Confirm: the person sees the new figures, and is asked on that card."""
    async with thin(tmp_path) as on:
        on.market.volumes["SOL"] = D(3_000)
        await on.ann.tap("Confirm")
        on.ann.sees("Here is the plan as of now", "⚠ slippage about")
        assert await on.ann.orders() == 0
        await on.ann.tap("Confirm")
        assert "large for its market" in on.ann.last.text


async def test_a_manual_portfolio_is_not_asked_after_the_fact(tmp_path: Path) -> None:
    """Who says "All done" has traded already: the mark was on the card."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    market.volumes = {"SOL": D(30_000), "XRP": D(30_000)}
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await ann.say("/start")
        await ann.tap("Type in my holdings")
        await ann.say("BTC 0.02, USDT 9000")
        for label in ("That is right", "Yes", "Balanced", "Use Balanced"):
            await ann.tap(label)
        assert "⚠ slippage about" in ann.with_button("All done").text
        plan = await ann.plan()
        assert bool(costs.expensive(plan.legs) or costs.unknown(plan.legs))
        await ann.tap("All done")
        assert (await ann.plan()).state is PlanState.DONE


async def test_new_futures_tell_what_they_cost_to_hold(tmp_path: Path) -> None:
    """A plan that buys futures says the month's funding and up to when they are cheaper than the coin."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    async with someone(tmp_path, clock=clock, source=market) as ann:
        await ann.set_up()
        card = (await ann.taps("More")).text
        assert "BTC futures pay about $4.46 of funding in 30 days: trading the coin would be cheaper." in card
        market.rate = D("-0.0001")
        clock.advance(8 * 3600)
        await ann.say("/rebalance")
        card = (await ann.taps("More")).text
        assert "BTC futures earn about $4.46 of funding in 30 days: cheaper than trading the coin." in card


async def test_another_try_at_what_nobody_traded(tmp_path: Path) -> None:
    """So thin a market fills nothing: the result asks, and the new plan is for the rest alone, at fresh prices; asked once more, too."""
    async with thin(tmp_path) as on:
        await _dear(on)
        await on.ann.taps("Confirm", "Trade it anyway")
        await _in_vain(on)
        result = on.ann.sees("Not as planned", "Nobody traded within the limits that your Confirm covers")
        told = [message.text for message in on.ann.messages]
        assert len([text for text in told if "Not as planned" in text]) == 1, "the result is told once"
        assert len([text for text in told if text.endswith("Its result is below.")]) == 1, "and its card points to it"
        details = await on.ann.taps("Details")
        assert details.id == result.id, details.text
        back = await on.ann.taps("Back")
        assert (back.id, back.text, back.buttons) == (result.id, result.text, result.buttons), "and the question is still there"
        await on.ann.tap("Try again now")
        on.ann.sees("You asked me to try again what the last plan left undone.", "1. buy 39.9672 SOL", "⚠")
        assert "BTC at" not in on.ann.last.text
        assert (await on.ann.plan()).state is PlanState.PROPOSED
        await on.ann.tap("Try again now", on=result)
        states = [plan.state for plan in await on.ann.plans()]
        assert states[-2:] == [PlanState.SUPERSEDED, PlanState.PROPOSED]
        assert len([reason for reason in (await on.ann.plan()).reasons if reason.trigger == "again"]) == 1


@pytest.mark.long
async def test_a_new_try_keeps_out_what_the_person_had_left_out(tmp_path: Path) -> None:
    """BTC was switched off by hand: the second plan does not bring it back by itself."""
    async with thin(tmp_path) as on:
        await _dear(on)
        await on.ann.taps("Edit")
        await on.ann.tap(next(label for label in on.ann.last.buttons if "BTC" in label))
        await on.ann.taps("Confirm", "Trade it anyway")
        await _in_vain(on)
        await on.ann.tap("Try again now")
        on.ann.sees("Left out by you: 1", "BTC 0.0% · SOL 40.0%")
        assert [leg.state for leg in (await on.ann.plan()).legs] == [LegState.DROPPED, LegState.PLANNED]


async def test_the_rest_can_be_left(tmp_path: Path) -> None:
    """The result stays, without its question."""
    async with thin(tmp_path) as on:
        await _dear(on)
        await on.ann.taps("Confirm", "Trade it anyway")
        await _in_vain(on)
        await on.ann.tap("Leave it")
        on.ann.sees("Not as planned")
        assert on.ann.last.buttons == ("Details", "Status")
        assert len(await on.ann.plans()) == len({plan.number for plan in await on.ann.plans()})
        assert (await on.ann.plan()).state is PlanState.DONE
