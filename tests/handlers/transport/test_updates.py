"""Updates: written down first, in order within a chat and side by side between chats, finished once, and never fatal for ever."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from telegram import Bot, Update

from chatbot.store import events
from chatbot.store.database import Database
from handlers.transport.updates import MAX_CHATS, TRIES_MAX, InOrder, JournaledQueue, answering, restore
from tests.ready import with_tables
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BOT = Bot("7000000001:loopback")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    await with_tables(tmp_path / "updates.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'updates.db'}")
    yield database
    await database.close()


def message(number: int, chat_id: int = 42, text: str = "hello") -> Update:
    """Return an update with a message."""
    who = {"id": chat_id, "is_bot": False, "first_name": "Ann"}
    body = {"message_id": number, "date": 1767603600, "chat": {"id": chat_id, "type": "private"}, "from": who, "text": text}
    update = Update.de_json({"update_id": number, "message": body}, BOT)
    assert update is not None
    return update


async def unfinished(db: Database) -> list[int]:
    """Return the numbers of the updates that are written down and not finished."""
    async with db.read() as tx:
        return [one.id for one in await events.unfinished_updates(tx)]


async def test_an_update_is_in_the_database_before_it_is_queued_and_a_second_copy_is_dropped(db: Database) -> None:
    """Telegram may send it again until it is confirmed; it is handled once."""
    queue = JournaledQueue(db)
    await queue.put(message(1))
    await queue.put(message(1))
    assert await unfinished(db) == [1]
    assert queue.qsize() == 1


async def test_an_update_that_could_not_be_written_down_is_not_queued(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is not confirmed to Telegram either, and comes again."""

    async def full(*_: Any) -> bool:
        raise OSError("disk full")

    monkeypatch.setattr(events, "record_update", full)
    queue = JournaledQueue(db)
    with pytest.raises(OSError, match="disk full"):
        await queue.put(message(1))
    assert queue.empty()


async def test_a_chat_is_served_in_order_and_chats_side_by_side(db: Database) -> None:
    """Ten messages of each of three people: each person's in order, and three at a time."""
    order: list[int] = []
    together, most = 0, 0

    async def handle(number: int) -> None:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.002 if number % 2 else 0)
        order.append(number)
        together -= 1

    processor = InOrder(db)
    numbers = [10 * n + chat for n in range(10) for chat in (1, 2, 3)]
    await asyncio.gather(*(processor.process_update(message(number, number % 10), handle(number)) for number in numbers))
    for chat in (1, 2, 3):
        own = [number for number in order if number % 10 == chat]
        assert own == sorted(own)
    assert most == 3


async def test_one_busy_chat_does_not_keep_the_others_out(db: Database) -> None:
    """Two hundred waiting taps of one person take one place, not all of them."""
    go, served = asyncio.Event(), asyncio.Event()
    processor = InOrder(db)
    async with asyncio.TaskGroup() as tasks:
        for number in range(3 * MAX_CHATS):
            tasks.create_task(processor.process_update(message(number, 1), go.wait()))
        await asyncio.sleep(0)

        async def serve() -> None:
            served.set()

        tasks.create_task(processor.process_update(message(9999, 2), serve()))
        async with asyncio.timeout(LIMIT_S):
            await served.wait()
        assert not go.is_set(), "while all of the other chat's still wait"
        go.set()


async def test_locks_of_chats_that_are_quiet_are_forgotten(db: Database) -> None:
    """Memory does not grow with everybody who ever wrote."""
    processor = InOrder(db)
    for chat in range(50):
        await processor.process_update(message(chat, chat), asyncio.sleep(0))
    assert len(processor._turns) == 0


async def test_an_update_is_finished_after_its_handler_and_kept_while_it_runs(db: Database) -> None:
    """A process that is killed in between finds it again."""
    queue, processor = JournaledQueue(db), InOrder(db)
    await queue.put(message(1))
    seen: list[Any] = []

    async def handle() -> None:
        seen.extend(await unfinished(db))
        seen.append(answering.get())

    await processor.process_update(message(1), handle())
    assert seen == [1, True]
    assert await unfinished(db) == []
    assert not answering.get()


async def test_a_stop_in_mid_work_leaves_the_update_for_the_next_start(db: Database) -> None:
    """What is broken off, and what waited for its turn, is not finished; nothing is awaited that never ran."""
    queue, processor = JournaledQueue(db), InOrder(db)
    for number in (1, 2):
        await queue.put(message(number))
    tasks = [asyncio.create_task(processor.process_update(message(number), asyncio.sleep(60))) for number in (1, 2)]
    await asyncio.sleep(0.01)
    await processor.abandon()
    assert all(task.cancelled() for task in tasks)
    assert await unfinished(db) == [1, 2]


async def test_a_finish_that_fails_is_tried_again_and_never_raises(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is locked for a moment costs nothing; one that is gone leaves the update for the next start."""
    fails = [OSError("locked")]
    real = events.finish_updates

    async def finish(tx: Any, numbers: Any) -> None:
        if fails:
            raise fails.pop()
        await real(tx, numbers)

    monkeypatch.setattr(events, "finish_updates", finish)
    await JournaledQueue(db).put(message(1))
    await InOrder(db).process_update(message(1), asyncio.sleep(0))
    assert await unfinished(db) == []


async def test_updates_that_end_together_are_marked_together(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is waited for a few times, not fifty; what waits behind a failure is tried again with it, and all of it is marked."""
    queue, processor, written = JournaledQueue(db), InOrder(db), 0
    raw = [(number, json.dumps(message(number, number).to_dict())) for number in range(1, 51)]
    fails, real = [OSError("locked")], events.finish_updates

    async def finish(tx: Any, numbers: Any) -> None:
        if fails:
            raise fails.pop()
        await real(tx, numbers)

    def note() -> None:
        nonlocal written
        written += 1

    monkeypatch.setattr(events, "finish_updates", finish)
    db.on_write(note)
    await queue.take([*raw, raw[0]], BOT)
    assert (queue.qsize(), written) == (50, 1), "one that comes twice is one, and all are written down at once"
    await queue.take(raw[:2], BOT)
    assert queue.qsize() == 50, "those that were seen before are dropped"
    gate = asyncio.Event()
    handling = [asyncio.ensure_future(processor.process_update(queue.get_nowait(), gate.wait())) for _ in raw]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*handling)
    assert await unfinished(db) == []
    assert written < 10


async def test_who_is_broken_off_while_marking_for_others_leaves_it_to_the_next(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    queue, processor, real = JournaledQueue(db), InOrder(db), events.finish_updates
    await queue.take([(number, json.dumps(message(number, number).to_dict())) for number in (1, 2)], BOT)
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def finish(tx: Any, numbers: Any) -> None:
        begun.set()
        await goes_on.wait()
        await real(tx, numbers)

    monkeypatch.setattr(events, "finish_updates", finish)
    first = asyncio.ensure_future(processor.process_update(message(1, 1), asyncio.sleep(0)))
    await asyncio.wait_for(begun.wait(), LIMIT_S)
    second = asyncio.ensure_future(processor.process_update(message(2, 2), asyncio.sleep(0)))
    first.cancel()
    await asyncio.wait({first})
    goes_on.set()
    await asyncio.wait_for(second, LIMIT_S)
    assert await unfinished(db) == [], "both were worked on"


async def restarted(db: Database, deadly: int | None = None) -> tuple[list[int], list[int]]:
    """Start again: return what was handled and what was given up; handling ``deadly`` kills the process."""
    queue: asyncio.Queue[object] = asyncio.Queue()
    processor = InOrder(db)
    handled: list[int] = []
    given_up: list[int] = []

    async def fetch() -> None:
        while True:
            update = await queue.get()
            assert isinstance(update, Update)
            if update.update_id == deadly:
                raise SystemExit
            await processor.process_update(update, asyncio.sleep(0))
            handled.append(update.update_id)
            queue.task_done()

    async def give_up(update: Update) -> None:
        given_up.append(update.update_id)

    async def live() -> None:
        await restore(db, queue, BOT, give_up)
        await asyncio.wait_for(queue.join(), LIMIT_S)

    fetching, living = asyncio.ensure_future(_quiet(fetch())), asyncio.ensure_future(live())
    await asyncio.wait({fetching, living}, return_when=asyncio.FIRST_COMPLETED)
    for task in (fetching, living):
        task.cancel()
    await asyncio.wait({fetching, living})
    return handled, given_up


async def _quiet(work: Any) -> None:
    try:
        await work
    except SystemExit:
        return


async def test_unfinished_updates_are_handled_at_the_next_start_in_their_order(db: Database) -> None:
    """The text is the same as it was."""
    queue = JournaledQueue(db)
    for number in (3, 1, 2):
        await queue.put(message(number, text=f"text {number}"))
    again: asyncio.Queue[object] = asyncio.Queue()
    assert await restore(db, again, BOT) == 3
    texts = [update.message.text for _ in range(3) if isinstance(update := again.get_nowait(), Update) and update.message]
    assert texts == ["text 1", "text 2", "text 3"]


async def test_an_update_that_kills_every_process_is_given_up_and_the_others_are_handled(db: Database) -> None:
    """After a few starts it is finished unhandled and its sender is told; no innocent update goes with it."""
    queue = JournaledQueue(db)
    for number in (1, 2, 3):
        await queue.put(message(number, chat_id=number))
    handled: list[int] = []
    given_up: list[int] = []
    for _ in range(TRIES_MAX + 1):
        done, left = await restarted(db, deadly=2)
        handled += done
        given_up += left
    assert sorted(set(handled)) == [1, 3]
    assert len(handled) == len(set(handled))
    assert given_up == [2]
    assert await unfinished(db) == []
    assert await restarted(db, deadly=2) == ([], [])


async def test_a_stored_update_that_this_version_can_not_read_does_not_stop_the_start(db: Database) -> None:
    """It is finished, and the others are handled."""
    async with db.transaction() as tx:
        await events.record_update(tx, 1, "no json")
        await events.record_update(tx, 2, json.dumps({"message": {}}))
        await events.record_update(tx, 3, json.dumps(message(3).to_dict()))
    assert await restore(db, asyncio.Queue(), BOT) == 1
    assert await unfinished(db) == [3]
