"""Stored messages on their way to a given ``send``: at Telegram's pace, in order per chat, at least once.

A message is marked only after the verdict came back, so a crash in between sends it again and never loses it. One message
per chat is on its way at a time; a chat that has to pause, or that never answers, holds up nobody else.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from datetime import timedelta
from typing import TYPE_CHECKING

from chatbot.errors import contained
from chatbot.model import Delivery, Verdict
from chatbot.model.message import TELLS_ONLY
from chatbot.store import accounts, messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.model import Message
    from chatbot.store.database import Database, Tx

#: at most so many leave in any second: Telegram takes about thirty, answers to people among them
_MOST = 26
#: the even pace of that, in whole microseconds as moments are; a hair more than a second in which they leave, so that even one that
#: counts both its ends holds no more; and how far the pace makes up for turns that came late, as each does by what it is asked before it
OVERALL_S, _WINDOW_S, _LATE_S = round(1 / _MOST, 6), 1.0001, 0.25
PER_CHAT_S = 1.001
#: attempts that break in our own code before the message is given up and kept for the operator
FAULTS_MAX = 5
PAUSE_S_MAX = 60.0
#: the longest pause that Telegram may ask for: whatever the number, the message is tried again the same hour
ASKED_S_MAX = 3600.0
#: chats with a message on its way; more are reached only when Telegram hangs, and then more would not help
ON_THE_WAY_MAX = 100
#: seconds of real time between two looks for messages that another process posted
POLL_S = 0.25
#: waits between attempts to write a verdict down; each lost verdict is a message that somebody gets twice
_MARK_PAUSES_S = (0.2, 1.0, 5.0)
#: the longest sleep without looking again, and what a verdict usually takes at most
_LOOK_S, _LAND_S = 0.25, 0.05
#: what has waited so long in a chat is told in one message, and looked for so often
_JOIN_AFTER = timedelta(seconds=30)
_LOG = logging.getLogger(__name__)


def pause_s(attempts: int, asked_s: float | None = None) -> float:
    """Return how long to rest after ``attempts`` vain ones: what Telegram asked for, an hour at most, else 1, 2, 4 ... 60 s."""
    return min(max(asked_s, 0.0), ASKED_S_MAX) if asked_s is not None else min(2.0 ** min(attempts, 10), PAUSE_S_MAX)


class Paces:
    """When the next message may leave: for everybody together, and for each chat."""

    def __init__(self) -> None:
        #: when the next is due at an even pace, and when the last ones left
        self._due: datetime | None = None
        self._left: deque[datetime] = deque(maxlen=_MOST)
        self._chats: dict[int, datetime] = {}
        self._floods: dict[int, datetime] = {}
        self._held_until: datetime | None = None

    def wait_s(self, chat_id: int, now: datetime) -> float:
        """Return the seconds until a message for this chat may leave."""
        return max(self.everybody_s(now), _left(self._chats.get(chat_id), PER_CHAT_S, now))

    def everybody_s(self, now: datetime) -> float:
        """Return the seconds until a message may leave at all."""
        even = 0.0 if self._due is None else (self._due - now).total_seconds()
        even = 0.0 if even > OVERALL_S else even  # a clock that was set back
        full = _left(self._left[0], _WINDOW_S, now) if len(self._left) == _MOST else 0.0
        held = 0.0 if self._held_until is None else (self._held_until - now).total_seconds()
        return max(even, full, min(held, PAUSE_S_MAX), 0.0)

    def leave(self, chat_id: int, now: datetime) -> None:
        """Note that a message leaves now."""
        self._chats = {chat: left for chat, left in self._chats.items() if _left(left, PER_CHAT_S, now) > 0}
        self._chats[chat_id] = now
        self._left.append(now)
        is_in_time = self._due is not None and timedelta(0) <= now - self._due <= timedelta(seconds=_LATE_S)
        self._due = (self._due if self._due is not None and is_in_time else now) + timedelta(seconds=OVERALL_S)

    def nothing_arrived(self, chat_id: int) -> None:
        """Note that the chat got no message after all, so that the next may leave at once."""
        self._chats.pop(chat_id, None)

    def flooded(self, chat_id: int, now: datetime, seconds: float) -> None:
        """Note that Telegram asked this chat to wait.

        It does not say whether it means the chat or the whole bot. A second chat that is told so while the first still
        waits means the bot: then everybody waits, but never longer than a minute before the next attempt.
        """
        self._floods = {chat: until for chat, until in self._floods.items() if until > now}
        if self._floods.keys() - {chat_id}:
            self._held_until = now + timedelta(seconds=min(seconds, PAUSE_S_MAX))
        self._floods[chat_id] = now + timedelta(seconds=seconds)


def _left(since: datetime | None, interval_s: float, now: datetime) -> float:
    """Return the rest of an interval; a clock that was set back does not make it longer than itself."""
    if since is None or since > now + timedelta(seconds=interval_s):
        return 0.0
    return interval_s - (now - since).total_seconds()


class Outbox:
    """Delivers what is due; ``send`` makes one attempt and says what became of it."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        send: Callable[[Message], Awaitable[Delivery]],
        *,
        counted: Counter[Verdict] | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        """Make one; ``counted`` takes every verdict of Telegram."""
        self._db = db
        self._clock = clock
        self._send = send
        self._counted: Counter[Verdict] = Counter() if counted is None else counted
        self._poll_s = poll_s
        self._paces = Paces()
        self._on_the_way: set[int] = set()
        #: chats whose turn it is, as asked for at ``_asked``: where thousands wait the question costs more than a message
        self._line: list[Message] = []
        self._asked: datetime | None = None
        self._joined: datetime | None = None
        #: by chat: what was sent and could not be written down. Nothing more is sent there until it is, or it would come again and again
        self._unwritten: dict[int, tuple[Message, Delivery | Exception]] = {}
        self._news = asyncio.Event()
        self._one_pass = asyncio.Lock()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                await self.drain()
            except Exception:  # noqa: BLE001 - a database that is gone for a moment must not end delivery for good
                _LOG.exception("the outbox could not deliver; it tries again")
                await self._clock.sleep(1)
            await self._news_within(self._poll_s)

    async def drain(self) -> int:
        """Send everything that is due, at the allowed pace, and return how many attempts were made; pausing messages stay."""
        attempts = 0
        async with self._one_pass, asyncio.TaskGroup() as group:
            await self._catch_up()
            self._line = []
            while (message := await self._next()) is not None:
                self._paces.leave(message.chat_id, self._clock.now())
                self._on_the_way.add(message.chat_id)
                group.create_task(self._deliver(message))
                attempts += 1
                await asyncio.sleep(0)  # it leaves now, and not when the next has waited for its turn
        return attempts

    async def _next(self) -> Message | None:
        """Wait for the pace and return the message to send now; None when none is due and none on its way."""
        while True:
            # Remembered, because a message that lands while the database is asked leaves the next one of its chat unseen.
            busy, begun = frozenset(self._on_the_way), self._clock.now()
            heads = await self._heads(busy | self._unwritten.keys())
            if not heads:
                if not busy:
                    return None
                await self._news_within(self._poll_s)
                continue
            now = self._clock.now()
            # the heads come in the order of their importance
            wait_s, _, head = min((self._paces.wait_s(head.chat_id, now), place, head) for place, head in enumerate(heads))
            rests = wait_s > max(OVERALL_S, self._paces.everybody_s(now))
            if rests and self._asked is not None and self._asked < begun:
                self._line = []  # a chat that was served meanwhile may have to rest less
                continue
            if wait_s <= _LOOK_S:
                await self._clock.sleep(wait_s)
                self._line.remove(head)
                if (message := await self._first(head.chat_id)) is not None:
                    return message
                continue
            self._line = []
            # A chat whose message is on its way may have the next one ready long before this one may leave.
            if not (busy and await self._news_within(_LAND_S)):
                await self._clock.sleep(_LOOK_S)

    async def _heads(self, busy: frozenset[int]) -> list[Message]:
        """Return the chats whose turn it is, each by a message of it; asked again after a moment, or when they are used up."""
        if len(busy) >= ON_THE_WAY_MAX:
            return []
        left = [head for head in self._line if head.chat_id not in busy]
        now = self._clock.now()
        if left and self._asked is not None and timedelta(0) <= now - self._asked < timedelta(seconds=_LOOK_S):
            return left
        self._line = await self._due(now, busy)
        if self._line and await self._join_waiting(now, busy):  # mostly nobody waits: there is one question, and nothing to join
            self._line = await self._due(now, busy)
        self._asked = now
        return self._line

    async def _due(self, now: datetime, busy: frozenset[int]) -> list[Message]:
        async with self._db.read() as tx:
            return list(await messages.due(tx, now, busy=busy))

    async def _first(self, chat_id: int) -> Message | None:
        """Return what a chat is to get now: since its turn was found, something may have passed that message, or taken its place."""
        async with self._db.read() as tx:
            return await messages.first(tx, chat_id, self._clock.now())

    async def _join_waiting(self, now: datetime, busy: frozenset[int]) -> bool:
        """Join, from time to time, what has waited long: where thousands are told something at once, each is told it in one message.

        Tells whether anything was joined.
        """
        if self._joined is not None and timedelta(0) <= now - self._joined < _JOIN_AFTER:
            return False
        self._joined = now
        with contained("waiting messages not joined"):
            async with self._db.read() as tx:
                found = await messages.to_join(tx, kinds=TELLS_ONLY, since=now - _JOIN_AFTER, busy=busy)
            if found:  # mostly nobody has waited so long, and a writer would keep other writers from their turn
                async with self._db.transaction() as tx:
                    return bool(await messages.join_waiting(tx, now, kinds=TELLS_ONLY, since=now - _JOIN_AFTER, busy=busy))
        return False

    async def _news_within(self, seconds: float) -> bool:
        """Tell whether a message was posted or a verdict came back; in real time, because both come from outside."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True

    async def _deliver(self, message: Message) -> None:
        try:
            outcome = await self._attempt(message)
            if isinstance(outcome, Delivery) and outcome.retry_after_s is not None:
                self._paces.flooded(message.chat_id, self._clock.now(), pause_s(message.attempts, outcome.retry_after_s))
            await self._write_down(message, outcome)
        finally:
            self._on_the_way.discard(message.chat_id)
            self._news.set()

    async def _attempt(self, message: Message) -> Delivery | Exception:
        try:
            outcome = await self._send(message)
        except Exception as error:  # noqa: BLE001 - one message that breaks our own code must not stop the others
            _LOG.exception("message %s of kind %s could not be sent", message.id, message.kind)
            return error
        self._counted[outcome.verdict] += 1
        return outcome

    async def _write_down(self, message: Message, outcome: Delivery | Exception) -> None:
        """Write a verdict down, stubbornly; where it cannot be, it is kept in mind, and its chat waits."""
        for rest_s in _MARK_PAUSES_S:
            if await self._is_written(message, outcome):
                return
            await self._clock.sleep(rest_s)
        if not await self._is_written(message, outcome):
            self._unwritten[message.chat_id] = (message, outcome)

    async def _catch_up(self) -> None:
        """Write down what could not be; while the database does not let us, the other chats are served all the same."""
        for chat_id, (message, outcome) in tuple(self._unwritten.items()):
            if not await self._is_written(message, outcome):
                return
            del self._unwritten[chat_id]

    async def _is_written(self, message: Message, outcome: Delivery | Exception) -> bool:
        """Write a verdict down; False where that cannot be done now."""
        with contained("verdict not written down yet", message=message.id):  # whatever keeps the database from writing may pass
            async with self._db.transaction() as tx:
                await self._settle(tx, message, outcome)
            return True
        return False

    async def _settle(self, tx: Tx, message: Message, outcome: Delivery | Exception) -> None:
        now = self._clock.now()
        delivery = await _judged(tx, message, outcome)
        again_at = None
        if delivery.verdict == Verdict.RETRY:
            again_at = now + timedelta(seconds=pause_s(message.attempts, delivery.retry_after_s))
        elif delivery.verdict == Verdict.PLAIN:
            self._paces.nothing_arrived(message.chat_id)
        elif delivery.verdict == Verdict.REFUSED:
            _LOG.warning("Telegram refused message %s of kind %s: %s", message.id, message.kind, delivery.detail)
        await messages.mark(tx, message.id, delivery, now, again_at)
        if delivery.verdict == Verdict.UNREACHABLE:
            await accounts.mark_unreachable(tx, message.chat_id)
            await messages.drop_chat(tx, message.chat_id, now, "unreachable")


async def _judged(tx: Tx, message: Message, outcome: Delivery | Exception) -> Delivery:
    """Turn what happened into a verdict: plain text is tried once, our own faults a few times."""
    if isinstance(outcome, Exception):
        faults = await messages.count_fault(tx, message.id)
        verdict = Verdict.RETRY if faults < FAULTS_MAX else Verdict.REFUSED
        return Delivery(verdict=verdict, detail=f"{type(outcome).__name__}: {outcome}")
    if outcome.verdict == Verdict.PLAIN and message.plain:
        return Delivery(verdict=Verdict.REFUSED, detail=outcome.detail)
    return outcome
