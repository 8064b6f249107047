"""The whole way over the simulated market: from /start over a jump of BTC to filled orders, and every other answer to a plan."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.base import Quote
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.model import FUTURES, LegState, PlanState
from handlers.loopback import Loopback, TelegramUser
from tests.moments import after
from tests.person import ANN, START, Someone, someone
from tests.stories.invariants import hold_filled_plan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path


class Tampered(SimulatedSource):
    """The simulated market with prices that can be bent."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock, speed=1.0)
        #: factor on the price by instrument; None takes it away
        self.bent: dict[str, Decimal | None] = {}
        self.frozen = False
        self._last: dict[str, Quote] = {}

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the bent quotes; frozen: those of before, with their old time."""
        if not self.frozen:
            self._last |= await super().quotes(instruments)
        found = {name: self._last[name] for name in instruments if name in self._last}
        return {name: _bent(quote, self.bent.get(name, Decimal(1))) for name, quote in found.items() if self.bent.get(name, 1) is not None}


def _bent(quote: Quote, factor: Decimal | None) -> Quote:
    factor = factor if factor is not None else Decimal(1)
    mark = quote.mark * factor if quote.mark is not None else None
    return Quote(instrument=quote.instrument, bid=quote.bid * factor, ask=quote.ask * factor, at=quote.at, mark=mark, volume=quote.volume)


def at_a_card(folder: Path, *, first: bool = False) -> AbstractAsyncContextManager[Someone]:
    """Sit down at a demo portfolio's drift card; ``first``: at its first card."""
    return after(Someone.set_up if first else drifted, folder, source=Tampered)


async def drifted(ann: Someone) -> None:
    await ann.set_up()
    await ann.confirm()
    await ann.until_card()


def source_of(ann: Someone) -> Tampered:
    assert isinstance(ann.program.source, Tampered)
    return ann.program.source


@pytest.mark.long
async def test_from_start_over_a_drift_alert_and_a_plan_card_to_a_portfolio_back_on_target(tmp_path: Path) -> None:
    async with someone(tmp_path) as ann:
        welcome = await ann.say("/start")
        assert "Nothing is traded before you press Confirm" in welcome
        await ann.taps("Demo portfolio", "10,000", "Use Balanced")
        card = ann.sees("DEMO · Balanced · Plan 1", "The first plan brings the portfolio to its targets.", "Net exposure 0% → 90%")
        assert card.picture is not None
        assert (await ann.books())["spot"] == {"USDT": Decimal(10_000)}
        assert (await ann.confirm()).state == PlanState.DONE
        ann.sees("DEMO · Balanced · Plan 1 · done")
        await hold_filled_plan(ann, await ann.plan())

        await ann.until_card()
        card = ann.sees("DEMO · Balanced · Plan 2", "sell", "futures: reduce", "Costs about", "slippage")
        assert "BTC/ETH is 5.1 points over its target of 40.0%; band ±5.0." in card.text
        assert "ALT is 5.2 points under its target of 40.0%; band ±5.0." in card.text
        assert not any("See the plan" in message.buttons for message in ann.messages), "the alert has become the card"
        assert not card.silent
        assert card.buttons == ("Confirm", "Edit", "Skip", "Snooze 1 h", "Longer…", "More")
        assert card.picture is not None

        answer = await ann.tap("Confirm")
        assert answer.text == "Plan 2 is confirmed."
        await ann.work()
        plan = await ann.plan()
        assert {leg.state for leg in plan.legs} == {LegState.FILLED}
        await hold_filled_plan(ann, plan)
        ann.sees("DEMO · Balanced · Plan 2 · done")

        assert await ann.step(60)
        await ann.say("/status")
        ann.sees("DEMO · Balanced", "BTC/ETH", "±5.0")
        assert "outside its band" not in ann.last.text
        await ann.say("/history")
        ann.sees("DEMO · History", "carried out", "ALT 34.8% →")
        assert ann.last.buttons[:2] == ("Plan 2", "Plan 1")
        await ann.tap("Plan 2")
        ann.sees("Plan 2", "BTC")
        await ann.say("/why")
        ann.sees("DEMO", "of 5.0 points", "Last check 0 sec ago")


@pytest.mark.long
async def test_skip_closes_the_plan_and_nothing_is_traded(tmp_path: Path) -> None:
    async with at_a_card(tmp_path) as ann:
        before, sent = await ann.books(), await ann.orders()
        await ann.tap("Skip")
        ann.sees("Plan 2 was skipped", "Nothing was traded")
        await ann.step(60)
        assert (await ann.plan()).state == PlanState.SKIPPED
        assert (await ann.books(), await ann.orders()) == (before, sent)
        assert (await ann.step(60)).plans == 0, "the same crossing is not told again"


@pytest.mark.long
async def test_snooze_keeps_quiet_for_an_hour_and_rings_after_it(tmp_path: Path) -> None:
    async with at_a_card(tmp_path) as ann:
        await ann.tap("Snooze 1 h")
        told = len(ann.messages)
        for _ in range(5):
            assert (await ann.step(600)).alerts == 0
        assert len(ann.messages) == told
        await ann.say("/why")
        ann.sees("DEMO")
        await ann.until_card()
        assert (await ann.plan()).number == 3


@pytest.mark.long
async def test_a_leg_left_out_by_edit_is_not_traded_and_the_rest_is(tmp_path: Path) -> None:
    async with at_a_card(tmp_path) as ann:
        await ann.tap("Edit")
        before = await ann.books()
        label = next(button for button in ann.last.buttons if button.startswith("☑ 1."))
        await ann.tap(label)
        ann.sees("Left out by you: 1")
        await ann.tap("Confirm")
        await ann.work()
        plan = await ann.plan()
        dropped = plan.legs[0]
        assert (dropped.state, dropped.attempts, dropped.filled) == (LegState.DROPPED, 0, Decimal(0))
        after = await ann.books()
        assert after["spot"][dropped.instrument] == before["spot"][dropped.instrument]
        assert all(leg.state in (LegState.FILLED, LegState.PARTIAL) for leg in plan.legs[1:])
        assert after["spot"] != before["spot"]


@pytest.mark.long
async def test_two_taps_on_confirm_and_a_third_later_send_one_set_of_orders(tmp_path: Path) -> None:
    async with at_a_card(tmp_path) as ann:
        card, sent = ann.last, await ann.orders()
        first = await ann.loopback.tap_old(ANN, card, "Confirm")
        second = await ann.loopback.tap_old(ANN, card, "Confirm")
        updates = await ann.pull()
        # Side by side, past the lock of the chat, as two processes would
        await asyncio.gather(*(ann.bot.process_update(update) for update in updates))
        answers = [ann.loopback.answer(query) for query in (first, second)]
        assert all(answer is not None for answer in answers)
        assert sorted(answer.text == "Plan 2 is confirmed." for answer in answers if answer) == [False, True]
        await ann.work()
        done, books = await ann.orders(), await ann.books()
        plan = await ann.plan()
        assert done - sent == sum(leg.attempts for leg in plan.legs if not leg.is_transfer)
        late = await ann.tap("Confirm", card)
        assert "Plan 2" in late.text
        assert late.alert
        await ann.work()
        assert (await ann.orders(), await ann.books()) == (done, books)


@pytest.mark.long
async def test_confirm_after_expiry_says_so_and_offers_the_plan_as_of_now(tmp_path: Path) -> None:
    async with at_a_card(tmp_path) as ann:
        card, before = ann.last, await ann.books()
        ann.clock.advance(301)
        late = await ann.tap("Confirm", card)
        assert late.text.startswith("Plan 2 expired at ")
        assert late.alert
        ann.sees("Plan 2 expired at", "DEMO · Balanced · Plan 3")
        assert [plan.state for plan in await ann.plans()][1:] == [PlanState.EXPIRED, PlanState.PROPOSED]
        await ann.work()
        assert await ann.books() == before
        assert (await ann.confirm()).state == PlanState.DONE


async def test_the_monitor_closes_a_card_that_nobody_answered(tmp_path: Path) -> None:
    async with at_a_card(tmp_path) as ann:
        card = ann.last
        await ann.step(301)
        closed = next(message for message in ann.messages if message.id == card.id)
        assert "Plan 2 expired at" in closed.text
        assert "Confirm" not in closed.buttons


@pytest.mark.long
async def test_a_card_from_before_a_restart_is_confirmed_once_and_an_older_one_never(tmp_path: Path) -> None:
    clock = ManualClock(START)
    loopback = Loopback(clock, epoch=1)
    async with someone(tmp_path, clock=clock, loopback=loopback) as ann:
        await ann.set_up()
        old = ann.last
        await ann.say("/rebalance")
        ann.sees("Plan 2")
        offset = ann.turn.offset
    async with someone(tmp_path, clock=clock, loopback=loopback) as ann:
        ann.turn.offset = offset
        replaced = await ann.tap("Confirm", old)
        assert replaced.text.startswith("Plan 1 was replaced by a newer one")
        await ann.work()
        assert await ann.orders() == 0
        assert (await ann.confirm()).state == PlanState.DONE
        assert (await ann.plan()).number == 2
        sent = await ann.orders()
        offset = ann.turn.offset
    async with someone(tmp_path, clock=clock, loopback=loopback) as ann:
        ann.turn.offset = offset
        assert (await ann.tap("Status")).text == ""
        await ann.work()
        assert await ann.orders() == sent


async def test_somebody_else_can_not_press_the_button(tmp_path: Path) -> None:
    """Neither a stranger nor another member, who send the very payload of the card from their own chat."""
    bob = TelegramUser(id=77, name="Bob")
    async with at_a_card(tmp_path, first=True) as ann:
        card = ann.last
        await ann.loopback.text(bob, "/start")
        await ann.handle()
        await ann.work()
        assert "Nothing" not in ann.loopback.last(bob.id).text
        for _ in ("stranger", "member"):
            query = await ann.loopback._tapped(bob, ann.loopback.last(bob.id), str(card.button("Confirm")["callback_data"]))
            await ann.handle()
            answer = ann.loopback.answer(query)
            assert answer is not None
            assert "is confirmed" not in answer.text
            await ann.work()
            assert (await ann.plan()).state == PlanState.PROPOSED
            assert await ann.orders() == 0
            if "Approve Bob" in ann.last.buttons:
                await ann.tap("Approve Bob")
                await ann.work()
        roles = {person.id: person.role.value for person in await ann.program.access.everybody()}
        assert roles[77] == "member", "the second tap was a member's"


async def test_a_forged_payload_is_refused_in_words(tmp_path: Path) -> None:
    async with at_a_card(tmp_path, first=True) as ann:
        data = str(ann.last.button("Confirm")["callback_data"])
        forged = await ann.loopback._tapped(ANN, ann.last, data.replace("confirm.1", "confirm.2"))
        await ann.handle()
        answer = ann.loopback.answer(forged)
        assert answer is not None
        assert answer.text
        assert answer.alert
        assert (await ann.plan()).state == PlanState.PROPOSED


async def test_prices_that_moved_beyond_the_limit_give_a_new_card_instead_of_an_execution(tmp_path: Path) -> None:
    async with at_a_card(tmp_path, first=True) as ann:
        source_of(ann).bent = {"BTC": Decimal("1.06"), "BTC-PERP": Decimal("1.06")}
        answer = await ann.tap("Confirm")
        assert answer.text.startswith("Prices have moved since plan 1 was made, so nothing was sent.")
        ann.sees("Here is the plan as of now.", "DEMO · Balanced · Plan 2")
        await ann.work()
        assert await ann.orders() == 0
        assert [plan.state for plan in await ann.plans()] == [PlanState.SUPERSEDED, PlanState.PROPOSED]


@pytest.mark.parametrize(("trouble", "told"), [("missing", "no price for SOL"), ("zero", "SOL"), ("stale", "sec old")])
async def test_a_price_that_can_not_be_trusted_gives_no_plan(trouble: str, told: str, tmp_path: Path) -> None:
    """A price that went away is the old one growing stale; one that never came is missing."""
    clock = ManualClock(START)
    source = Tampered(clock)
    async with someone(tmp_path, clock=clock, source=source) as ann:
        if trouble == "missing":
            source.bent["SOL"] = None
        await ann.set_up()
        if trouble != "missing":
            assert (await ann.plan()).number == 1
            source.bent = {"SOL": Decimal(0)} if trouble == "zero" else {}
            source.frozen = trouble == "stale"
            ann.clock.advance(61)
            answer = await ann.tap("Confirm")
            await ann.work()
            assert "is confirmed" not in answer.text
            assert "Prices have moved" not in answer.text, "nobody knows whether they have"
        ann.sees("Cannot evaluate", told)
        assert await ann.orders() == 0
        await ann.say("/rebalance")
        ann.sees("Cannot evaluate")
        assert len(await ann.plans()) == (0 if trouble == "missing" else 1)
        tick = await ann.step(60)
        assert (tick.alerts, tick.plans) == (0, 0)


@pytest.mark.long
async def test_a_plan_stopped_from_the_pause_sends_nothing_more(tmp_path: Path) -> None:
    async with at_a_card(tmp_path) as ann:
        await ann.tap("Confirm")
        sent = await ann.orders()
        await ann.say("/pause")
        assert "Plan 2 is being stopped" in ((await ann.tap("Stop plan 2")).text or "")
        await ann.work()
        plan = await ann.plan()
        assert plan.state == PlanState.DONE
        assert {leg.state for leg in plan.legs} == {LegState.DROPPED}
        assert {leg.note for leg in plan.legs} == {"stopped"}
        assert "Plan 2 · stopped by you at" in next(message for message in ann.messages if message.id == plan.message_id).text
        assert await ann.orders() == sent
        told = len(ann.messages)
        for _ in range(6):
            assert (await ann.step(3600)).alerts == 0
        assert len(ann.messages) == told
        await ann.say("/resume")
        await ann.until_card()
        assert (await ann.confirm()).number == 3


async def test_manual_mode_plans_for_typed_holdings_and_believes_the_person(tmp_path: Path) -> None:
    async with someone(tmp_path) as ann:
        await ann.say("/start")
        await ann.tap("Type in my holdings")
        await ann.say("BTC 0.1, ETH 1, SOL 20, USDT 3000")
        ann.sees("BTC", "0.1")
        await ann.taps(ann.last.buttons[0], "Yes", "Balanced", "Use Balanced")
        card = ann.sees("MANUAL · made-up prices · Balanced · Plan 1")
        assert card.buttons[0] == "All done"
        await ann.tap("All done")
        await ann.work()
        plan = await ann.plan()
        assert plan.state == PlanState.DONE
        assert {leg.state for leg in plan.legs} <= {LegState.FILLED, LegState.PARTIAL}
        ann.sees("MANUAL", "Plan 1")
        await ann.step(60)
        await ann.say("/status")
        ann.sees("MANUAL")
        assert plan.result is not None
        assert not any(line.breach for line in plan.result.lines)
        assert {line.line for line in plan.result.lines} >= {FUTURES}
