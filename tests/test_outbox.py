"""Delivery: pace, order, pauses, crashes, and messages that nobody wants."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.model import Delivery, Message, MessageKind, Person, Verdict
from chatbot.outbox import FAULTS_MAX, ON_THE_WAY_MAX, OVERALL_S, PAUSE_S_MAX, Outbox, Paces, pause_s
from chatbot.store import accounts, messages
from chatbot.store.database import Database
from tests.ready import with_tables
from tests.waiting import LIMIT_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SENT = Delivery(verdict=Verdict.SENT, message_id=1)


@dataclass
class Telegram:
    """Stands for Telegram: notes when each message came, and answers as told."""

    clock: ManualClock
    #: answers by key, used up in order; afterwards everything is taken
    answers: dict[str, list[Delivery | Exception]] = field(default_factory=dict)
    calls: list[tuple[datetime, Message]] = field(default_factory=list)

    async def send(self, message: Message) -> Delivery:
        """Take a message, or not."""
        self.calls.append((self.clock.now(), message))
        await asyncio.sleep(0)
        queued = self.answers.get(message.key)
        answer = queued.pop(0) if queued else SENT
        if isinstance(answer, Exception):
            raise answer
        return answer

    def keys(self, chat_id: int | None = None) -> list[str]:
        """Return the keys of what came, for everybody or one chat."""
        return [message.key for _, message in self.calls if chat_id in (None, message.chat_id)]

    def times(self, chat_id: int | None = None) -> list[datetime]:
        """Return when messages came, for everybody or one chat."""
        return [at for at, message in self.calls if chat_id in (None, message.chat_id)]


def busiest_second(times: list[datetime]) -> int:
    """Return the most calls in any second, both ends counted."""
    return max(sum(start <= at <= start + timedelta(seconds=1) for at in times) for start in times)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def telegram(clock: ManualClock) -> Telegram:
    return Telegram(clock)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    await with_tables(tmp_path / "ballast.sqlite")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'ballast.sqlite'}")
    yield database
    await database.close()


@pytest.fixture
def outbox(db: Database, clock: ManualClock, telegram: Telegram) -> Outbox:
    return Outbox(db, clock, telegram.send)


async def post(db: Database, chat_id: int, *keys: str) -> None:
    async with db.transaction() as tx:
        for key in keys:
            assert await messages.post(tx, chat_id=chat_id, kind=MessageKind("note"), facts={}, key=key, now=START)


async def waiting(db: Database) -> int:
    async with db.read() as tx:
        return await messages.waiting(tx)


async def refused(db: Database) -> list[tuple[str, str]]:
    async with db.read() as tx:
        return [(message.key, why) for message, why in await messages.refused(tx)]


# --- pace and order ---


async def test_who_comes_next_is_asked_a_few_times_a_second_and_not_for_every_message(
    db: Database, outbox: Outbox, clock: ManualClock, telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ten thousand that wait the question takes most of the time between two messages."""
    asked: list[datetime] = []
    due = messages.due

    async def counted(*args: Any, **given: Any) -> tuple[Message, ...]:
        asked.append(clock.now())
        return await due(*args, **given)

    monkeypatch.setattr(messages, "due", counted)
    for chat in range(1, 41):
        await post(db, chat, f"m{chat}")
    assert await outbox.drain() == 40
    assert telegram.keys() == [f"m{chat}" for chat in range(1, 41)]
    last_left = START + 39 * timedelta(seconds=OVERALL_S)  # afterwards it is asked whenever one of those on their way lands
    assert len([at for at in asked if at < last_left]) <= 12


async def test_while_the_only_chat_rests_nobody_is_asked_again_and_again(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that goes on between the question and the look at its answer it was asked as fast as the database could say."""

    class GoingOn(ManualClock):
        def now(self) -> datetime:
            self.advance(0.001)
            return super().now()

    clock, asked, due = GoingOn(START), 0, messages.due

    async def counted(*args: Any, **given: Any) -> tuple[Message, ...]:
        nonlocal asked
        asked += 1
        return await due(*args, **given)

    monkeypatch.setattr(messages, "due", counted)
    await post(db, 1, "first", "second")
    assert await Outbox(db, clock, Telegram(clock).send).drain() == 2
    assert asked <= 12


def test_what_left_late_is_made_up_for_and_no_second_holds_more() -> None:
    """Each turn comes 7 ms late, one of them 90: a minute has 25 a second all the same, of the 26 that may leave."""
    paces, now, left = Paces(), START, list[datetime]()
    while now < START + timedelta(minutes=1):
        left.append(now)
        paces.leave(len(left), now)
        late = 0.09 if len(left) % 40 == 0 else 0.007
        now += timedelta(seconds=max(paces.wait_s(0, now), late))
    assert busiest_second(left) == 26
    assert len(left) >= 25 * 60


async def test_alerts_that_had_to_wait_for_a_crowd_come_as_one_message(
    db: Database, clock: ManualClock, outbox: Outbox, telegram: Telegram
) -> None:
    async with db.transaction() as tx:
        for n in range(3):
            await messages.post(tx, chat_id=1, kind=MessageKind.DRIFT, facts={"portfolio_id": n}, key=f"m{n}", now=START)
    await clock.sleep(31)
    assert await outbox.drain() == 1
    ((_, message),) = telegram.calls
    assert (message.kind, len(message.facts["items"])) == (MessageKind.DIGEST, 3)


async def test_where_nobody_waits_the_outbox_waits_for_no_writer(db: Database, outbox: Outbox) -> None:
    """Looking for what could be joined is reading."""
    async with db.transaction(), asyncio.timeout(LIMIT_S):
        assert await asyncio.create_task(outbox.drain()) == 0


async def test_where_nobody_waits_it_is_not_asked_what_could_be_joined(
    db: Database, outbox: Outbox, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A calm hour is made of such questions; with the first message it is asked again."""
    asked: list[datetime] = []
    to_join = messages.to_join

    async def counted(*args: Any, **given: Any) -> tuple[int, ...]:
        asked.append(clock.now())
        return await to_join(*args, **given)

    monkeypatch.setattr(messages, "to_join", counted)
    for _ in range(3):
        await clock.sleep(3600)
        assert await outbox.drain() == 0
    assert not asked
    await post(db, 1, "first", "second")
    at = clock.now()
    assert await outbox.drain() == 2
    assert asked[0] == at


async def test_what_is_taken_back_or_passed_by_an_alarm_while_its_turn_comes_is_seen(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, slept = list[str](), list[float]()
    happened, pauses = asyncio.Event(), clock.sleep

    async def sleep(seconds: float) -> None:
        """Let the others happen within the pause before the second message."""
        await pauses(seconds)
        slept.append(seconds)
        if len(slept) > 1:
            await asyncio.wait_for(happened.wait(), LIMIT_S)

    async def send(message: Message) -> Delivery:
        left.append(message.key)
        if message.key == "first":
            async with db.transaction() as tx:
                await messages.drop_chat(tx, 2, clock.now())
                await messages.ring(tx, 3, MessageKind.MARGIN, {}, key="alarm", now=clock.now())
            happened.set()
        return SENT

    for chat, key in ((1, "first"), (2, "taken back"), (3, "routine")):
        await post(db, chat, key)
    monkeypatch.setattr(clock, "sleep", sleep)
    await Outbox(db, clock, send).drain()
    assert left == ["first", "alarm", "routine"]


@pytest.mark.long
async def test_no_second_holds_more_than_25_messages_and_none_is_wasted(db: Database, outbox: Outbox, telegram: Telegram) -> None:
    for chat in range(1, 101):
        await post(db, chat, f"m{chat}")
    assert await outbox.drain() == 100
    assert busiest_second(telegram.times()) == 26
    assert telegram.times()[-1] - telegram.times()[0] < timedelta(seconds=4.1), "and the allowed pace is used"
    assert await waiting(db) == 0


async def test_a_chat_gets_one_message_a_second_in_the_order_they_were_posted(db: Database, outbox: Outbox, telegram: Telegram) -> None:
    await post(db, 7, *(f"m{n}" for n in range(12)))
    await outbox.drain()
    assert telegram.keys() == [f"m{n}" for n in range(12)]
    assert busiest_second(telegram.times()) == 1


async def test_one_flooded_chat_of_ten_holds_nobody_up(db: Database, outbox: Outbox, telegram: Telegram) -> None:
    await post(db, 1, *(f"flood{n}" for n in range(30)))
    for chat in range(2, 11):
        await post(db, chat, f"first{chat}", f"second{chat}")
    await outbox.drain()
    others = [at for at, message in telegram.calls if message.chat_id != 1]
    assert max(others) - START < timedelta(seconds=2)
    assert telegram.keys(1) == [f"flood{n}" for n in range(30)]
    assert all(telegram.keys(chat) == [f"first{chat}", f"second{chat}"] for chat in range(2, 11))
    assert busiest_second(telegram.times()) <= 26
    assert all(busiest_second(telegram.times(chat)) == 1 for chat in range(1, 11))


async def test_a_chat_that_never_answers_holds_nobody_up(db: Database, clock: ManualClock, telegram: Telegram) -> None:
    hangs = asyncio.Event()

    async def send(message: Message) -> Delivery:
        if message.chat_id == 1:
            await hangs.wait()
        return await telegram.send(message)

    outbox = Outbox(db, clock, send)
    await post(db, 1, "stuck", "behind it")
    await post(db, 2, "a", "b")
    async with asyncio.TaskGroup() as group:
        passing = group.create_task(outbox.drain())
        await until(lambda: telegram.keys() == ["a", "b"])
        hangs.set()
        await passing
    assert telegram.keys(1) == ["stuck", "behind it"]


@pytest.mark.long
async def test_a_slow_telegram_does_not_slow_the_pace_down(db: Database, clock: ManualClock) -> None:
    """Each call is answered only when five later ones have left, as many as leave in 0.2 s: one at a time, none would ever be."""
    times: list[datetime] = []

    async def send(_message: Message) -> Delivery:
        times.append(clock.now())
        place = len(times)
        await until(lambda: len(times) >= min(30, place + 5))
        return SENT

    for chat in range(30):
        await post(db, chat, f"m{chat}")
    await Outbox(db, clock, send).drain()
    assert len(times) == 30
    assert busiest_second(times) <= 26
    assert times[-1] - times[0] < timedelta(seconds=1.2), "29 gaps of a twenty-sixth of a second"


@pytest.mark.long
async def test_more_chats_than_one_question_names_are_all_reached(db: Database, outbox: Outbox, telegram: Telegram) -> None:
    """Two hundred and thirty chats with two messages each: nobody is forgotten, and each chat keeps its order."""
    for chat in range(1, 231):
        await post(db, chat, f"a{chat}", f"b{chat}")
    assert await outbox.drain() == 460
    assert all(telegram.keys(chat) == [f"a{chat}", f"b{chat}"] for chat in range(1, 231))
    assert await waiting(db) == 0


@pytest.mark.long
async def test_a_telegram_that_hangs_holds_a_hundred_chats_and_no_more(db: Database, clock: ManualClock, telegram: Telegram) -> None:
    """More calls on their way would not help; what has an answer makes room, and everybody is reached in the end."""
    hangs, on_the_way, most = asyncio.Event(), 0, 0

    async def send(message: Message) -> Delivery:
        nonlocal on_the_way, most
        on_the_way += 1
        most = max(most, on_the_way)
        await hangs.wait()
        on_the_way -= 1
        return await telegram.send(message)

    for chat in range(1, 131):
        await post(db, chat, f"m{chat}")
    async with asyncio.TaskGroup() as group:
        passing = group.create_task(Outbox(db, clock, send).drain())
        await until(lambda: on_the_way == ON_THE_WAY_MAX)
        assert telegram.keys() == []
        hangs.set()
        assert await passing == 130
    assert most == ON_THE_WAY_MAX == 100
    assert await waiting(db) == 0


# --- pauses ---


async def test_a_chat_rests_as_long_as_telegram_asks_and_then_goes_on_in_order(
    db: Database, outbox: Outbox, clock: ManualClock, telegram: Telegram
) -> None:
    telegram.answers["a"] = [Delivery(verdict=Verdict.RETRY, retry_after_s=30)]
    await post(db, 1, "a", "b")
    await post(db, 2, "x", "y")
    await outbox.drain()
    assert telegram.keys() == ["a", "x", "y"]
    clock.set(START + timedelta(seconds=29.9))
    assert await outbox.drain() == 0
    clock.set(START + timedelta(seconds=32))
    await outbox.drain()
    assert telegram.keys(1) == ["a", "a", "b"]
    assert telegram.times(1)[1] - telegram.times(1)[0] >= timedelta(seconds=30)


async def test_when_two_chats_are_told_to_wait_everybody_waits(db: Database, outbox: Outbox, telegram: Telegram) -> None:
    for chat in (1, 2):
        telegram.answers[f"m{chat}"] = [Delivery(verdict=Verdict.RETRY, retry_after_s=20)]
    for chat in range(1, 20):
        await post(db, chat, f"m{chat}")
    await outbox.drain()
    told = telegram.times(2)[0]
    late = [at for at in telegram.times() if at > told + timedelta(seconds=1)]
    soon = [at for at in telegram.times() if told < at <= told + timedelta(seconds=1)]
    assert len(soon) <= 1, "only what was about to leave"
    assert late
    assert min(late) - told >= timedelta(seconds=20)
    assert await waiting(db) == 0


async def test_a_wait_of_an_hour_holds_only_the_chat_that_was_told_so(
    db: Database, outbox: Outbox, clock: ManualClock, telegram: Telegram
) -> None:
    """The others are written to at once; it gets its message when the hour is over, and not before."""
    telegram.answers["a"] = [Delivery(verdict=Verdict.RETRY, retry_after_s=3600)]
    await post(db, 1, "a", "b")
    await post(db, 2, "x", "y")
    await outbox.drain()
    assert telegram.keys() == ["a", "x", "y"]
    assert clock.now() - START < timedelta(seconds=5)
    clock.set(START + timedelta(seconds=3599))
    assert await outbox.drain() == 0
    clock.set(START + timedelta(seconds=3601))
    await outbox.drain()
    assert telegram.keys(1) == ["a", "a", "b"]


@pytest.mark.long
async def test_when_two_chats_are_told_an_hour_the_others_wait_a_minute(db: Database, outbox: Outbox, telegram: Telegram) -> None:
    """It may be meant for the whole bot; but nobody waits longer than that for the next attempt."""
    for chat in (1, 2):
        telegram.answers[f"m{chat}"] = [Delivery(verdict=Verdict.RETRY, retry_after_s=3600)]
    for chat in range(1, 6):
        await post(db, chat, f"m{chat}")
    await outbox.drain()
    told = telegram.times(2)[0]
    late = [(at - told).total_seconds() for at in telegram.times() if at > told + timedelta(seconds=1)]
    assert late
    assert PAUSE_S_MAX <= min(late) < PAUSE_S_MAX + 1
    assert max(late) < PAUSE_S_MAX + 2
    assert await waiting(db) == 2, "the two wait for their hour"


def test_a_chat_that_was_told_to_wait_before_holds_nobody_up_once_its_wait_is_over() -> None:
    """A second chat means the bot only while the first still waits; the same chat twice is that chat."""
    for second, gap_s, held in ((2, 29, 20.0), (2, 30, 0.0), (2, 31, 0.0), (1, 5, 0.0)):
        paces = Paces()
        paces.flooded(1, START, 30)
        paces.flooded(second, START + timedelta(seconds=gap_s), 20)
        assert paces.wait_s(9, START + timedelta(seconds=gap_s)) == held, (second, gap_s)


def test_everybody_waits_for_the_rest_of_a_pause_and_then_no_more() -> None:
    """At its end the next message may leave."""
    paces = Paces()
    paces.flooded(1, START, 30)
    paces.flooded(2, START, 20)
    assert [paces.wait_s(9, START + timedelta(seconds=s)) for s in (0, 15, 20, 25)] == [20.0, 5.0, 0.0, 0.0]


@pytest.mark.long
async def test_pauses_between_vain_attempts_grow_and_never_end_in_a_loss(
    db: Database, outbox: Outbox, clock: ManualClock, telegram: Telegram
) -> None:
    telegram.answers["a"] = [Delivery(verdict=Verdict.RETRY)] * 12
    await post(db, 1, "a")
    async with asyncio.timeout(LIMIT_S):
        while await waiting(db):
            await outbox.drain()
            clock.advance(1.5)
    times = telegram.times()
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
    assert len(times) == 13
    assert all(pause_s(attempts) <= gap <= pause_s(attempts) + 2 for attempts, gap in enumerate(gaps))


@given(st.integers(min_value=0, max_value=10_000))
def test_a_pause_is_at_least_a_second_at_most_a_minute_and_never_shorter_than_the_last(attempts: int) -> None:
    assert 1 <= pause_s(attempts) <= pause_s(attempts + 1) <= PAUSE_S_MAX
    assert pause_s(attempts, 7.5) == 7.5


# --- verdicts ---


@pytest.mark.long
async def test_refused_markup_is_sent_again_at_once_as_plain_text_and_only_once(db: Database, outbox: Outbox, telegram: Telegram) -> None:
    plain = Delivery(verdict=Verdict.PLAIN, detail="can't parse entities")
    telegram.answers = {"a": [plain], "b": [plain, plain]}
    await post(db, 1, "a", "b", "c")
    await outbox.drain()
    assert [(message.key, message.plain) for _, message in telegram.calls] == [
        ("a", False),
        ("a", True),
        ("b", False),
        ("b", True),
        ("c", False),
    ]
    assert telegram.times()[1] - telegram.times()[0] < timedelta(seconds=0.1)
    assert await refused(db) == [("b", "can't parse entities")]


async def test_a_person_who_blocked_the_bot_is_marked_and_what_waits_is_dropped(db: Database, outbox: Outbox, telegram: Telegram) -> None:
    async with db.transaction() as tx:
        await accounts.add_person(tx, Person(id=1, chat_id=1))
    telegram.answers["a"] = [Delivery(verdict=Verdict.UNREACHABLE, detail="bot was blocked by the user")]
    await post(db, 1, "a", "b", "c")
    await post(db, 2, "x")
    await outbox.drain()
    assert sorted(telegram.keys()) == ["a", "x"]
    assert await waiting(db) == 0
    async with db.read() as tx:
        person = await accounts.person(tx, 1)
    assert person is not None
    assert person.unreachable


async def test_a_refused_message_is_kept_for_the_operator_and_the_next_goes_out(db: Database, outbox: Outbox, telegram: Telegram) -> None:
    telegram.answers["a"] = [Delivery(verdict=Verdict.REFUSED, detail="message is too long")]
    await post(db, 1, "a", "b")
    await outbox.drain()
    assert telegram.keys() == ["a", "b"]
    assert await refused(db) == [("a", "message is too long")]


async def test_a_poison_message_is_given_up_after_some_attempts_and_stops_nobody(
    db: Database, outbox: Outbox, clock: ManualClock, telegram: Telegram
) -> None:
    telegram.answers["poison"] = [KeyError("facts")] * 99
    await post(db, 1, "poison", "after it")
    await post(db, 2, "x", "y")
    async with asyncio.timeout(LIMIT_S):
        while await waiting(db):
            clock.advance(1)
            await outbox.drain()
    assert Counter(telegram.keys()) == {"poison": FAULTS_MAX, "after it": 1, "x": 1, "y": 1}
    assert await refused(db) == [("poison", "KeyError: 'facts'")]


# --- crashes ---


async def test_a_crash_between_send_and_mark_sends_again_and_loses_nothing(db: Database, clock: ManualClock, telegram: Telegram) -> None:
    class Killed(BaseException):
        """The process ends here."""

    async def dies(message: Message) -> Delivery:
        await telegram.send(message)
        raise Killed

    await post(db, 1, "a", "b")
    with pytest.raises(BaseExceptionGroup) as ended:
        await Outbox(db, clock, dies).drain()
    assert ended.group_contains(Killed)
    assert await Outbox(db, clock, telegram.send).drain() == 2
    assert telegram.keys() == ["a", "a", "b"]
    assert await waiting(db) == 0


@pytest.mark.long
async def test_a_process_killed_after_telegram_took_a_message_sends_it_again_at_the_next_start(db: Database, tmp_path: Path) -> None:
    program = f"""
import asyncio, os, signal, sys
from pathlib import Path
from chatbot.clock import SystemClock
from chatbot.model import Delivery, Verdict
from chatbot.outbox import Outbox
from chatbot.store.database import Database
async def send(message):
    with Path({str(tmp_path / "telegram.log")!r}).open("a") as log:
        log.write(message.key + chr(10))
    if sys.argv[1] == "dies" and message.key == "b":
        os.kill(os.getpid(), signal.SIGKILL)
    return Delivery(verdict=Verdict.SENT)
async def main():
    database = Database({f"sqlite:///{tmp_path / 'ballast.sqlite'}"!r})
    await Outbox(database, SystemClock(), send).drain()
    await database.close()
asyncio.run(main())
"""
    await post(db, 1, "a", "b", "c")
    for how, end in (("dies", -signal.SIGKILL), ("lives", 0)):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, how)
        assert await process.wait() == end
    assert (tmp_path / "telegram.log").read_text().split() == ["a", "b", "b", "c"]
    assert await waiting(db) == 0


async def test_a_verdict_that_cannot_be_written_down_at_first_does_not_send_twice(
    db: Database, clock: ManualClock, telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, failures = messages.mark, [OSError("disk full"), OSError("disk full")]

    async def failing(*given_: object) -> None:
        if failures:
            raise failures.pop()
        await mark(*given_)  # type: ignore[arg-type]

    monkeypatch.setattr(messages, "mark", failing)
    await post(db, 1, "a")
    await Outbox(db, clock, telegram.send).drain()
    assert telegram.keys() == ["a"]
    assert await waiting(db) == 0


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.2), (2, 1.2), (3, 6.2)])
async def test_a_verdict_is_written_down_with_growing_patience(
    db: Database, clock: ManualClock, telegram: Telegram, monkeypatch: pytest.MonkeyPatch, failures: int, seconds: float
) -> None:
    """0.2, 1 and 5 seconds; only then is the message left to be sent again."""
    mark, left = messages.mark, [OSError("disk full")] * failures

    async def failing(*given_: object) -> None:
        if left:
            raise left.pop()
        await mark(*given_)  # type: ignore[arg-type]

    monkeypatch.setattr(messages, "mark", failing)
    await post(db, 1, "a")
    await Outbox(db, clock, telegram.send).drain()
    assert (clock.now() - START).total_seconds() == pytest.approx(seconds)
    assert telegram.keys() == ["a"]


async def test_a_verdict_that_cannot_be_written_down_is_kept_in_mind_and_a_restart_sends_again(
    db: Database, clock: ManualClock, telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that sent it does not send it again; the next one does: a message that comes twice is better than one that is lost."""
    first = Outbox(db, clock, telegram.send)
    with monkeypatch.context() as broken:

        async def failing(*_: object) -> None:
            raise OSError("disk full")

        broken.setattr(messages, "mark", failing)
        await post(db, 1, "a")
        for _ in range(3):
            await first.drain()
        assert telegram.keys() == ["a"]
    assert await waiting(db) == 1
    await Outbox(db, clock, telegram.send).drain()
    assert telegram.keys() == ["a", "a"]


async def test_a_verdict_kept_in_mind_is_written_once_there_is_room(
    db: Database, clock: ManualClock, telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other chats are served meanwhile; then the chat goes on in order, and nothing came twice."""
    outbox, real = Outbox(db, clock, telegram.send), messages.mark
    with monkeypatch.context() as broken:

        async def failing(tx: Any, message_id: int, *rest: Any) -> None:
            if message_id == 1:
                raise OSError("disk full")
            await real(tx, message_id, *rest)

        broken.setattr(messages, "mark", failing)
        await post(db, 1, "a")
        await post(db, 1, "b")
        await post(db, 2, "c")
        await outbox.drain()
        clock.advance(60)
        await outbox.drain()
        assert sorted(telegram.keys()) == ["a", "c"]
    await outbox.drain()
    assert await waiting(db) == 0
    assert telegram.keys()[-1] == "b"
    assert sorted(telegram.keys()) == ["a", "b", "c"]


async def test_the_loop_survives_a_database_that_is_gone_for_a_moment(
    db: Database, clock: ManualClock, telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    due, failures = messages.due, [OSError("gone")]

    async def failing(*given_: object, **named: object) -> tuple[Message, ...]:
        if failures:
            raise failures.pop()
        return await due(*given_, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(messages, "due", failing)
    await post(db, 1, "a")
    await _run_until(Outbox(db, clock, telegram.send, poll_s=0.01), lambda: telegram.keys() == ["a"])
    assert not failures


async def _run_until(outbox: Outbox, done: Callable[[], bool]) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(outbox.run())
        await until(done)
        running.cancel()


# --- the pure pace ---


def test_a_clock_that_is_set_back_does_not_stop_delivery() -> None:
    paces = Paces()
    paces.leave(1, START)
    assert paces.wait_s(1, START - timedelta(hours=1)) == 0
    assert 0 < paces.wait_s(1, START) < 1.01


@given(st.lists(st.tuples(st.integers(min_value=1, max_value=5), st.floats(min_value=0, max_value=0.5)), min_size=1, max_size=80))
def test_whoever_asks_and_waits_never_exceeds_a_pace(arrivals: list[tuple[int, float]]) -> None:
    paces, now, left = Paces(), START, []
    for chat, gap_s in arrivals:
        now += timedelta(seconds=gap_s)
        now += timedelta(seconds=paces.wait_s(chat, now))
        paces.leave(chat, now)
        left.append((chat, now))
    assert busiest_second([at for _, at in left]) <= 26
    assert all(busiest_second([at for other, at in left if other == chat]) == 1 for chat in {chat for chat, _ in left})
