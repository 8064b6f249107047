"""How long the bot waits before it asks Telegram, or the disk, again: it grows, it is bounded, and it ends with the trouble."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError

from chatbot.model import MessageKind
from chatbot.store import events, messages
from handlers.loopback import bad_gateway, flooded, reset
from handlers.transport import rate_limit
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
def slept(chat: Someone, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect every pause that is taken on the program's clock, which moves on by it."""
    pauses: list[float] = []
    real = chat.clock.sleep

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await real(seconds)

    monkeypatch.setattr(chat.clock, "sleep", sleep)
    return pauses


@asynccontextmanager
async def listening(chat: Someone) -> AsyncIterator[None]:
    """Poll inside the block."""
    task = asyncio.ensure_future(chat.line.poll())
    try:
        async with asyncio.timeout(LIMIT_S):
            yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_polling_on_a_full_disk_waits_longer_and_longer_and_does_not_spin(
    chat: Someone, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a second, then more, half a minute at most; when there is room again it is quick, and the next trouble begins anew."""
    real, failures = events.record_updates, [OSError("disk full")] * 9

    async def record(*arguments: Any, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return await real(*arguments, **more)

    monkeypatch.setattr(events, "record_updates", record)
    await chat.loopback.text(ANN, "hello")
    async with listening(chat):
        await chat.bot.update_queue.get()
        assert slept == [0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 30.0, 30.0, 30.0]
        failures.append(OSError("disk full"))
        await chat.loopback.text(ANN, "more")
        await chat.bot.update_queue.get()
        assert slept[9:] == [0.5]


async def test_polling_waits_as_long_as_telegram_asks_and_counts_that_as_no_failure(chat: Someone, slept: list[float]) -> None:
    """Between two failures of the line the pauses go on growing where they were."""
    chat.loopback.fail("getUpdates", bad_gateway(), flooded(7), reset())
    await chat.loopback.text(ANN, "hello")
    async with listening(chat):
        await chat.bot.update_queue.get()
    assert slept == [0.5, 7.0, 1.0]


async def test_polling_waits_a_minute_at_most_and_tells_it_once(chat: Someone, slept: list[float]) -> None:
    """An hour, then a nonsense number: the bot hears of the tap a minute later each time, and the log has one line about it."""
    chat.loopback.fail("getUpdates", flooded(60), *(flooded(3600) for _ in range(4)), flooded(10**12))
    await chat.loopback.text(ANN, "hello")
    with structlog.testing.capture_logs() as lines:
        async with listening(chat):
            await chat.bot.update_queue.get()
        assert slept == [60.0] * 6
        told = [line for line in lines if line["event"] == "Telegram asks to wait with asking for updates"]
        assert [(line["asked_s"], line["again_in_s"]) for line in told] == [(60.0, 60.0)]
        chat.loopback.fail("getUpdates", flooded(61))
        await chat.loopback.text(ANN, "more")
        async with listening(chat):
            await chat.bot.update_queue.get()
    assert len([line for line in lines if "asks to wait" in line["event"]]) == 2, "a new flood is told again"


@pytest.mark.parametrize("asked", [121, 3600, 86_400, 10**15])
async def test_no_message_of_the_outbox_is_lost_in_a_flood_of_any_length(chat: Someone, asked: int) -> None:
    """Every message arrives once, in order, within the hour; a number that no calendar holds breaks nothing."""
    await chat.say("/start")
    before = chat.newest
    async with chat.program.db.transaction() as tx:
        for at in range(3):
            facts = {"at": chat.clock.now().isoformat()}
            kind = MessageKind.ANSWER_LOST if at % 2 else MessageKind.ACCESS_GRANTED
            await messages.post(tx, chat_id=ANN.id, kind=kind, facts=facts, key=f"flood-{at}", now=chat.clock.now())
    chat.loopback.fail("sendMessage", flooded(asked), flooded(asked))
    for _ in range(4):
        await chat.outbox.drain()
        chat.clock.advance(3600)
    await chat.outbox.drain()
    arrived = [message.text.split()[0] for message in chat.messages if message.id > before]
    assert arrived == ["The", "Telegram", "The"]


async def test_an_answer_waits_out_a_short_flood_and_not_an_hour(chat: Someone, slept: list[float]) -> None:
    """Two minutes are waited for; with an hour the chat's next messages would wait as long, so that call is given up at once."""
    await chat.say("/start")
    del slept[:]
    chat.loopback.fail("sendMessage", flooded(120))
    await chat.say("hello")
    assert slept == [120.0]
    del slept[:]
    chat.loopback.fail("sendMessage", flooded(3600))
    await chat.say("hello")
    assert 3600 not in slept


async def test_pauses_of_an_answer_grow_while_the_line_is_down(chat: Someone, slept: list[float]) -> None:
    """Half a second to ten, and not again after the line is back."""
    await chat.say("/start")
    del slept[:]
    chat.loopback.fail("sendMessage", *(reset() for _ in range(7)))
    await chat.say("hello")
    assert slept == [0.5, 1.0, 2.0, 5.0, 10.0, 10.0, 10.0]


@pytest.mark.parametrize(
    ("refusal", "pauses"),
    [
        (NetworkError("reset"), [0.5, 1.0, 2.0, 5.0, 10.0, 10.0]),
        (TelegramError("Invalid server response"), [0.5, 1.0, 2.0, 5.0, 10.0, 10.0]),
        (RetryAfter(3), [3.0] * 6),
        (BadRequest("no"), [None] * 6),
    ],
)
def test_the_pause_before_each_try(refusal: TelegramError, pauses: list[float | None]) -> None:
    """What Telegram asks for, or a pause of our own that grows; none where trying again is vain."""
    assert [rate_limit.pause_s(refusal, tries) for tries in range(6)] == pauses


async def test_a_start_asks_again_at_least_every_half_minute(chat: Someone, slept: list[float]) -> None:
    """Also when Telegram asks for an hour: a host that was restarted in trouble is there soon after it."""
    chat.loopback.fail("deleteWebhook", flooded(3600), reset(), reset())
    await chat.line.reach()
    assert slept == [30.0, 1.0, 2.0]
