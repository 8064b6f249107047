"""Polling and calls: every failure passes, nothing is confirmed that is not written down, and a person is answered after a flood."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from chatbot.store import events
from handlers.loopback import bad_gateway, conflicted, flooded, lost_answer, reset
from handlers.loopback.faults import Fault
from handlers.loopback.refusals import Refused
from handlers.transport import polling, rate_limit
from tests.person import ANN, Someone, someone
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    async with someone(tmp_path) as opened:
        yield opened


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between polls that a test can wait for."""
    monkeypatch.setattr(polling, "_PAUSES_S", (0.0,))


@pytest.mark.usefixtures("hasty")
async def test_polling_survives_everything_that_telegram_answers(chat: Someone) -> None:
    """Even a token that is refused for a moment, and an answer that is no JSON: the next message is taken."""
    refused = Fault(error=Refused(401, "Unauthorized"))
    nonsense = Fault(error=TelegramError("Invalid server response"))
    chat.loopback.fail("getUpdates", bad_gateway(), conflicted(), reset(), lost_answer(), refused, nonsense)
    async with asyncio.timeout(LIMIT_S):
        listening = asyncio.ensure_future(chat.line.poll())
        await chat.loopback.text(ANN, "hello")
        update: Any = await chat.bot.update_queue.get()
        listening.cancel()
    assert update.message.text == "hello"


@pytest.mark.usefixtures("hasty")
async def test_what_could_not_be_written_down_is_not_confirmed(chat: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk: Telegram is asked for the same update again, and it is queued once."""
    real, failures = events.record_updates, [OSError("disk full"), OSError("disk full")]

    async def record(*arguments: Any, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return await real(*arguments, **more)

    monkeypatch.setattr(events, "record_updates", record)
    await chat.loopback.text(ANN, "hello")
    async with asyncio.timeout(LIMIT_S):
        listening = asyncio.ensure_future(chat.line.poll())
        await chat.bot.update_queue.get()
        await chat.loopback.text(ANN, "more")
        await chat.bot.update_queue.get()
        listening.cancel()
    assert failures == []
    assert chat.bot.update_queue.empty()


async def test_an_update_that_no_database_takes_keeps_none_before_it_waiting(chat: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are written down together, and after a failure one by one; once there is room for it, what follows comes once as well."""
    real, refused = events.record_updates, asyncio.Event()

    async def record(tx: Any, found: Any, *arguments: Any) -> Any:
        if not refused.is_set() and any("two" in one.body for one in found):
            if len(found) == 1:
                refused.set()
            raise OSError("disk full")
        return await real(tx, found, *arguments)

    monkeypatch.setattr(events, "record_updates", record)
    for said in ("one", "two", "three"):
        await chat.loopback.text(ANN, said)
    async with asyncio.timeout(LIMIT_S):
        listening = asyncio.ensure_future(chat.line.poll())
        first: Any = await chat.bot.update_queue.get()
        await refused.wait()
        assert chat.bot.update_queue.empty()
        rest: list[Any] = [await chat.bot.update_queue.get() for _ in range(2)]
        listening.cancel()
        await asyncio.wait({listening})
    assert [update.message.text for update in (first, *rest)] == ["one", "two", "three"]
    assert chat.bot.update_queue.empty()


@pytest.mark.parametrize("fault", [flooded(7), bad_gateway(), reset(), lost_answer()], ids=["flood", "gateway", "reset", "lost"])
async def test_a_person_is_answered_although_the_first_call_failed(chat: Someone, fault: Fault) -> None:
    """The call is made again after the pause that Telegram asked for, or a short one of our own."""
    chat.loopback.fail("sendMessage", fault)
    before = chat.clock.now()
    assert "I did not understand that" in await chat.say("hello")
    assert chat.clock.now() - before >= timedelta(seconds=7 if "429" in str(fault.error) else 0.5)


async def test_a_tap_is_answered_and_carried_out_although_its_answer_failed(chat: Someone) -> None:
    """Confirm under a bad line: the plan is confirmed once, and the card shows it."""
    card = await chat.set_up()
    chat.loopback.fail("answerCallbackQuery", reset(), flooded(2))
    chat.loopback.fail("editMessageCaption", bad_gateway())
    assert "is confirmed" in (await chat.tap("Confirm", on=card)).text
    assert "Being carried out" in chat.loopback.last(42).text


@pytest.mark.long
async def test_a_whole_set_up_passes_under_telegrams_limits(tmp_path: Path) -> None:
    """With one message a second and bursts of five, forty commands in a row are all answered."""
    async with someone(tmp_path, flood=True) as chat:
        await chat.set_up()
        answers = [await chat.say("/help") for _ in range(40)]
        assert all(answers)


async def test_the_outbox_is_not_held_up_by_patience(chat: Someone) -> None:
    """Outside of an update a refused call comes back at once: the outbox pauses that chat and serves the others."""
    await chat.say("/start")
    chat.loopback.fail("sendMessage", flooded(60))
    before = chat.clock.now()
    with pytest.raises(RetryAfter):
        await chat.bot.bot.send_message(ANN.id, "news")
    assert chat.clock.now() == before


@pytest.mark.parametrize(
    ("refusal", "pause"),
    [
        (RetryAfter(5), 5.0),
        (NetworkError("reset"), 0.5),
        (TimedOut(), 0.5),
        (BadRequest("chat not found"), None),
        (Forbidden("bot was blocked by the user"), None),
        (InvalidToken(), None),
    ],
)
def test_only_what_may_pass_is_tried_again(refusal: TelegramError, pause: float | None) -> None:
    """The library's permanent refusals are subclasses of its network errors; they are not repeated."""
    assert rate_limit.pause_s(refusal, 0) == pause


async def test_a_network_that_stays_down_is_given_up(chat: Someone) -> None:
    """After some minutes the update counts as handled, so that the chat goes on."""
    await chat.say("/start")
    chat.loopback.fail("sendMessage", *(reset() for _ in range(200)))
    before = chat.clock.now()
    await chat.say("hello")
    assert timedelta(seconds=200) < chat.clock.now() - before < timedelta(seconds=700)
