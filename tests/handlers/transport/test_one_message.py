"""One event is one message (product 4): the alert that rang becomes the card of its plan, unless something stands below it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.alerts import write
from chatbot.model import Cause, Phase, PlanState
from chatbot.model.signal import Signal
from chatbot.triggers.market import SignalChange
from handlers.chat.lowest_message import Alert, Newest
from handlers.views.common import Html, View
from tests.handlers.commands.test_answering import Seat, ann
from tests.portfolio.still_market import D

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SOON = timedelta(minutes=10)


@pytest.mark.long
async def test_an_alert_becomes_the_card_and_the_card_the_result(tmp_path: Path) -> None:
    """One message from the crossing to what was traded, and it rang once."""
    async with ann(tmp_path) as at:
        before = at.chat.newest
        at.market.move("BTC", "1.3")
        await at.chat.step()
        alert = at.chat.last
        assert alert.id > before
        assert "BTC" in alert.text
        assert not alert.silent
        assert "Confirm" not in alert.buttons
        await at.chat.step()
        card = at.chat.last
        assert card.id == alert.id
        assert "Confirm" in card.buttons
        assert "points over its target" in card.text
        plan = await at.chat.confirm()
        assert plan.state is PlanState.DONE
        assert plan.message_id == alert.id
        assert "done in" in at.chat.last.text
        assert [message.id for message in at.chat.messages if message.id > before] == [alert.id]


@pytest.mark.long
async def test_below_a_newer_message_the_card_is_sent_anew(tmp_path: Path) -> None:
    """An edit above what the person has just read would be seen by nobody."""
    async with ann(tmp_path) as at:
        at.market.move("BTC", "1.3")
        await at.chat.step()
        alert = at.chat.last
        await at.chat.say("/status")
        await at.chat.step()
        card = at.chat.last
        assert card.id > alert.id
        assert "Confirm" in card.buttons
        older = next(message for message in at.chat.messages if message.id == alert.id)
        assert older.text == f"{alert.text}\nPlan {(await at.chat.plan()).number} is below.", "the alert points to its card"
        assert older.buttons == (), "what answers it stands under the card"
        await at.chat.step(3600)
        assert [message.text for message in at.chat.messages if message.id == alert.id] == [older.text]


@pytest.mark.long
async def test_every_alert_of_a_plan_leads_to_its_card(tmp_path: Path) -> None:
    """What got worse while its orders were collected rang twice: one of the two is the card, the other points to it."""
    async with ann(tmp_path) as at:
        at.market.move("BTC", "1.3")
        await at.chat.step(20)
        first = at.chat.last
        at.market.move("BTC", "1.3")
        await at.chat.step(20)
        second = at.chat.last
        assert second.id > first.id
        assert "points over its target" in second.text
        await at.chat.step()
        assert "Confirm" in at.chat.last.buttons
        assert at.chat.last.id == second.id
        older = next(message for message in at.chat.messages if message.id == first.id)
        assert older.text == f"{first.text}\nPlan {(await at.chat.plan()).number} is below."
        assert older.buttons == ()


@pytest.mark.long
async def test_an_alert_that_nothing_comes_of_stays_what_it_is(tmp_path: Path) -> None:
    """A move between two readings trades nothing: the plan of the drift before it is no news of it."""
    async with ann(tmp_path) as at:
        at.market.move("BTC", "1.3")
        await at.chat.step(20)
        drifted = at.chat.last
        await _move_between_readings(at)
        watched = at.chat.last
        assert "Nothing is traded." in watched.text
        await at.chat.step()
        card = at.chat.last
        assert "Confirm" in card.buttons
        assert card.id > watched.id
        shown = {message.id: message for message in at.chat.messages}
        assert shown[watched.id].text == watched.text
        assert shown[drifted.id].text == f"{drifted.text}\nPlan {(await at.chat.plan()).number} is below."


async def _move_between_readings(at: Seat) -> None:
    signal = Signal(trigger=Cause.VOLATILITY, subject="BTC", moved=D("2.3"), enter=D(2), leave=D("1.5"), age_s=8 * 3600)
    step = SignalChange(signal=signal, event=Phase.WATCH, suppressed=True)
    portfolio, person = await at.portfolio(), await at.person()
    async with at.chat.program.db.transaction() as tx:
        await write.tell_signals(tx, portfolio, person, (step,), at.chat.clock.now())
    await at.chat.work()


@pytest.mark.long
async def test_a_result_is_sent_anew_where_newer_messages_stand_below_its_card(tmp_path: Path) -> None:
    """Nobody would see it change up there; the old card says where it is, and has no buttons any more."""
    async with ann(tmp_path) as at:
        at.market.move("BTC", "1.3")
        await at.chat.step()
        await at.chat.step()
        card = at.chat.last
        await at.chat.tap("Confirm")
        await at.chat.say("/status")
        await at.chat.work()
        plan, result = await at.chat.plan(), at.chat.last
        assert result.id > card.id
        assert "done in" in result.text
        assert plan.message_id == result.id
        older = next(message for message in at.chat.messages if message.id == card.id)
        assert "Its result is below." in older.text
        assert older.buttons == ()


async def test_what_is_sent_to_another_chat_stands_below_nothing_here() -> None:
    """Numbers are counted in each chat, whoever wrote, and an edited message stands where it stood."""
    newest = Newest()
    assert newest.take_alerts(1, 3) == ()
    alert = Alert(7, 3, NOON, View(Html("BTC")))
    newest.note_result({"message_id": 7, "chat": {"id": 1}})
    newest.note_alert(1, alert, SOON)
    newest.note_result({"message_id": 9, "chat": {"id": 2}})
    newest.note_result({"message_id": 5, "chat": {"id": 1}})
    newest.note_result(True)
    assert newest.is_newest(1, 7)
    assert newest.take_alerts(2, 3) == ()
    newest.note(1, 8)
    assert not newest.is_newest(1, 7)
    assert newest.take_alerts(1, 3) == (alert,)
    assert newest.take_alerts(1, 3) == (), "they have their plan"


async def test_alerts_are_kept_for_the_plan_of_their_own_portfolio_and_not_for_ever() -> None:
    """A plan of another portfolio takes none of them, and an old one announces nothing any more."""
    newest = Newest()
    old, other, first, last = (Alert(number, number % 2, NOON + SOON * number, None) for number in (1, 4, 5, 5))
    for alert in (old, other, first, last):
        newest.note_alert(1, alert, SOON)
    assert newest.take_alerts(1, 0) == (other,)
    assert newest.take_alerts(1, 1) == (first, last)
