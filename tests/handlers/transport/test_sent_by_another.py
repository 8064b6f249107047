"""Where another process sends what comes by itself: it knows of the chat what the one that answers there has written down."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.model import Message, MessageKind, Verdict
from chatbot.outbox import Outbox
from chatbot.shares.owned import Shares
from handlers.chat.lowest_message import Alert, Newest
from handlers.transport.delivery import Courier
from handlers.transport.line import connect
from handlers.transport.rate_limit import newest_of
from handlers.transport.updates import InOrder
from handlers.views.common import Html, View
from tests.handlers.commands.test_answering import Seat, ann

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.long


@asynccontextmanager
async def apart(folder: Path) -> AsyncIterator[tuple[Seat, Courier]]:
    """Give Ann, whom one process answers and another one sends what comes by itself."""
    async with ann(folder) as at:
        program, loopback, processor = at.chat.program, at.chat.loopback, at.chat.bot.update_processor
        ends = {"request": loopback.request(), "updates_request": loopback.request()}
        line = connect(program.settings, program.db, program.clock, token=loopback.token, **ends)
        await line.bot.initialize()
        courier = Courier(replace(program, shares=Shares(())), line.bot)
        assert isinstance(processor, InOrder)
        processor._newest = newest_of(at.chat.bot.bot)  # as where the line is not polled
        yield replace(at, chat=replace(at.chat, outbox=Outbox(program.db, program.clock, courier))), courier
        await line.bot.shutdown()


async def test_a_card_below_which_nothing_stands_is_its_alert(tmp_path: Path) -> None:
    async with apart(tmp_path) as (at, _):
        at.market.move("BTC", "1.3")
        await at.chat.step()
        alert = at.chat.last
        await at.chat.step()
        assert at.chat.last.id == alert.id
        assert "Confirm" in at.chat.last.buttons


async def test_what_was_answered_meanwhile_stands_below_an_alert_and_below_a_card(tmp_path: Path) -> None:
    """As where one process does both: the card is sent anew, and so is the result."""
    async with apart(tmp_path) as (at, _):
        at.market.move("BTC", "1.3")
        await at.chat.step()
        alert = at.chat.last
        await at.chat.say("/status")
        await at.chat.step()
        card = at.chat.last
        assert card.id > alert.id
        await at.chat.tap("Confirm")
        await at.chat.say("/status")
        await at.chat.work()
        result = at.chat.last
        assert result.id > card.id
        assert "done in" in result.text


async def test_what_only_the_other_process_knows_is_told_as_it_was_written(tmp_path: Path) -> None:
    """A price that leapt is asked about by whoever does not watch it; a review goes up to the last mark."""
    async with apart(tmp_path) as (at, courier):
        leap = {"asset": "SOL", "before": "100", "after": "1", "at": at.chat.clock.now().isoformat()}
        number = await at.chat.portfolio_id()
        for kind, facts, words in ((MessageKind.LEAP, leap, "SOL"), (MessageKind.REVIEW, {"rhythm": "week"}, "")):
            before = at.chat.newest
            message = Message(id=1, chat_id=at.chat.user.id, kind=kind, facts={**facts, "portfolio_id": number}, key="k")
            assert (await courier(message)).verdict is Verdict.SENT
            assert words in at.chat.since(before) != ""


def test_a_tap_elsewhere_takes_away_what_was_remembered_of_an_alert() -> None:
    """Another page may stand in it by now."""
    newest, then = Newest(), datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    for number in (1, 2):
        alert = Alert(number, 3, then + timedelta(minutes=number), View(Html("moved")))
        newest.note_alert(7, alert, timedelta(minutes=10))
    newest.note_touch(7, then + timedelta(minutes=1, seconds=30))
    assert [alert.view is None for alert in newest.take_alerts(7, 3)] == [True, False]
