"""A person who taps Snooze is asked again: the plan was put off for an hour, and not for two weeks until something got worse."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from chatbot.model import PlanState
from tests.handlers.commands.test_answering import ann

if TYPE_CHECKING:
    from pathlib import Path

    from tests.handlers.commands.test_answering import Seat

HOUR = 3600.0


async def drifted(at: Seat) -> None:
    """Let BTC rise, and see the alert and then the card."""
    at.market.move("BTC", "1.3")
    await at.chat.step(20)
    assert "points over its target" in at.chat.last.text
    await at.chat.step(60)
    assert "Confirm" in at.chat.last.buttons


@pytest.mark.long
async def test_a_card_that_was_put_off_comes_back_after_its_hour_and_rings(tmp_path: Path) -> None:
    async with ann(tmp_path) as at:
        await drifted(at)
        before = await at.chat.plan()
        said = await at.chat.tap("Snooze 1 h")
        assert said.text is not None
        assert "Then I plan it again, if there is still something to do." in said.text
        at.chat.sees(f"Plan {before.number} was put off at", "Nothing was traded.")
        await at.chat.say("/history")
        at.chat.sees("put off")
        newest = at.chat.last
        for _ in range(6):
            assert (await at.chat.step(HOUR / 6 - 1)).plans == 0
        assert at.chat.last.id == newest.id
        assert (await at.chat.step(20)).plans == 1
        plan = await at.chat.plan()
        assert (plan.number, plan.state) == (before.number + 1, PlanState.PROPOSED)
        assert [reason.line for reason in plan.reasons] == [reason.line for reason in before.reasons]
        assert at.chat.last.id > newest.id, "a message of its own: an edit of the old card would not be heard"
        assert not at.chat.last.silent
        assert (await at.chat.confirm()).state is PlanState.DONE
        await at.chat.step(HOUR)
        assert (await at.chat.plan()).id == plan.id, "once"


@pytest.mark.long
async def test_an_alert_that_was_put_off_has_its_plan_after_it(tmp_path: Path) -> None:
    """It said that a plan follows, and Snooze threw that plan away."""
    async with ann(tmp_path) as at:
        at.market.move("BTC", "1.3")
        await at.chat.step(20)
        await at.chat.tap("Snooze 1 h")
        at.chat.sees("No alerts until", "The plan comes then, if there is still something to do.")
        assert (await at.chat.step(HOUR - 60)).plans == 0
        assert (await at.chat.step(80)).plans == 1
        assert "Confirm" in at.chat.last.buttons


@pytest.mark.long
async def test_what_was_put_off_is_over_when_it_came_back_inside_or_was_skipped(tmp_path: Path) -> None:
    async with ann(tmp_path) as at:
        await drifted(at)
        await at.chat.tap("Snooze 1 h")
        at.market.move("BTC", "0.77")
        assert (await at.chat.step(HOUR + 60)).plans == 0
        at.market.move("BTC", "1.3")
        await at.chat.step(20)
        await at.chat.step(60)
        await at.chat.tap("Snooze 1 h")
        await at.chat.say("/rebalance")
        await at.chat.tap("Skip")
        number = (await at.chat.plan()).number
        assert (await at.chat.step(HOUR + 60)).plans == 0
        assert (await at.chat.plan()).number == number


@pytest.mark.long
async def test_who_only_wants_to_be_told_gets_no_plan_after_the_silence(tmp_path: Path) -> None:
    async with ann(tmp_path) as at:
        await at.chat.say("/mode notify")
        at.market.move("BTC", "1.3")
        await at.chat.step(20)
        await at.chat.say("/rebalance")
        said = await at.chat.tap("Snooze 1 h")
        assert said.text is not None
        assert "is skipped and I keep quiet until" in said.text
        assert (await at.chat.step(HOUR + 60)).plans == 0


@pytest.mark.long
async def test_what_an_auto_portfolio_asks_at_night_is_asked_in_the_morning(tmp_path: Path) -> None:
    """Above its limits it asked at three, without a sound, and the card had run out of time before its alert rang at eight."""
    async with ann(tmp_path, start=datetime(2026, 1, 5, 21, 0, tzinfo=UTC)) as at:
        await at.chat.say("/mode auto 100 50%")
        await at.chat.tap("Yes, trade without asking me")
        await at.chat.say("/alerts quiet 22:00 8:00")
        await at.chat.step(2 * HOUR)
        before = at.chat.newest
        at.market.move("BTC", "1.3")
        for _ in range(8):
            assert (await at.chat.step(HOUR)).plans == 0
        assert at.chat.newest == before, "it is seven, and nobody was woken"
        assert "quiet hours" in await at.chat.say("/why")
        before = at.chat.newest
        await at.chat.step(HOUR)
        await at.chat.step(60)
        assert at.chat.since(before).count("BTC is 6.4 points over") == 1, "what rang has become the card"
        at.chat.sees("I ask, because the largest order is $")
        assert "Confirm" in at.chat.last.buttons
        assert not at.chat.last.silent


@pytest.mark.long
async def test_inside_its_limits_an_auto_portfolio_acts_at_night(tmp_path: Path) -> None:
    async with ann(tmp_path, start=datetime(2026, 1, 5, 21, 0, tzinfo=UTC)) as at:
        await at.chat.say("/mode auto 5000 100%")
        await at.chat.tap("Yes, trade without asking me")
        await at.chat.say("/alerts quiet 22:00 8:00")
        await at.chat.step(2 * HOUR)
        await at.drift()
        assert (await at.chat.plan()).state is PlanState.DONE


@pytest.mark.long
async def test_a_pause_is_silent_and_its_plan_comes_after_it(tmp_path: Path) -> None:
    """Seen in May 2022: an alert of the night rang in the pause and said that a plan follows; none came, in the pause or after it."""
    async with ann(tmp_path, start=datetime(2026, 1, 5, 21, 0, tzinfo=UTC)) as at:
        await at.chat.say("/alerts quiet 22:00 8:00")
        await at.chat.step(2 * HOUR)
        at.market.move("BTC", "1.3")
        await at.chat.step(20)
        await at.chat.say("/pause")
        newest = at.chat.newest
        for _ in range(12):
            assert (await at.chat.step(HOUR)).plans == 0
        assert at.chat.newest == newest
        await at.chat.say("/resume")
        before = at.chat.newest
        assert (await at.chat.step(80)).plans == 1
        assert "points over its target" in at.chat.since(before)
        assert "Confirm" in at.chat.last.buttons
        assert not at.chat.last.silent
        assert (await at.chat.confirm()).state is PlanState.DONE
