"""Everything that Telegram's server would remember: chats, messages, files, waiting updates, settings of the bot."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import field
from typing import TYPE_CHECKING

from chatbot.values import dataclass
from handlers.loopback.refusals import bad, conflict, delivering, forbidden
from handlers.loopback.values import Change, Message, Query, TelegramUser

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatbot.clock import Clock
    from handlers.loopback.values import Attachment

#: The bot as it sees itself.
BOT_ID = 7_000_000_001
#: A tap that was not answered within this many seconds is forgotten.
TAP_AGE_S_MAX = 150
_UPDATE_AGE_S_MAX = 24 * 3600
_BACKLOG_MAX = 2000
_NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(slots=True, kw_only=True)
class Chat:
    """A private chat or a group."""

    #: Positive for a person, negative for a group.
    id: int
    #: The person; None for a group.
    user: TelegramUser | None = None
    #: Title of a group.
    title: str = ""
    #: The person blocked the bot, or the bot left or was thrown out.
    closed: str | None = None
    #: Messages by number, oldest first.
    messages: dict[int, Message] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the chat as the Bot API writes it."""
        if self.user is None:
            return {"id": self.id, "type": "group", "title": self.title}
        known = {"username": self.user.username} if self.user.username else {}
        return {"id": self.id, "type": "private", "first_name": self.user.name, **known}


class Listener:
    """One reader's queue of changes; a reader that lags too far behind is cut off and starts over."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self.cut = False

    def put(self, change: Change) -> None:
        """Queue ``change``, or end the stream when too much waits already."""
        if self.cut:
            return
        self.cut = self.queue.qsize() >= _BACKLOG_MAX
        self.queue.put_nowait(None if self.cut else change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where updates are to be delivered."""

    url: str
    secret: str
    #: when the bot said so, in seconds since 1970
    since: float


class State:
    """The server's memory; every change of it is told to the listeners."""

    def __init__(self, clock: Clock, token: str, name: str, username: str, epoch: int) -> None:
        self.clock = clock
        self.token = token
        self.profile: dict[str, str] = {"name": name}
        self.username = username
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, Attachment] = {}
        self.queries: dict[str, Query] = {}
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.menu_button: dict[str, object] = {"type": "commands"}
        self.updates: deque[tuple[float, dict[str, object]]] = deque()
        self.allowed: frozenset[str] | None = None
        #: None: the bot asks for them
        self.webhook: Webhook | None = None
        self.listeners: set[Listener] = set()
        self.epoch = epoch
        self._last_message_id = self._last_update_id = self._last_query_id = epoch
        self._poll = 0
        self._arrived = asyncio.Event()
        self._changed = asyncio.Event()

    def me(self) -> dict[str, object]:
        """Return the bot as a user."""
        return {"id": BOT_ID, "is_bot": True, "first_name": self.profile["name"], "username": self.username}

    def chat(self, chat_id: object) -> Chat:
        """Return the chat; refuses an unknown one."""
        chat = self.chats.get(int(chat_id)) if isinstance(chat_id, int | str) and str(chat_id).lstrip("-").isdecimal() else None
        if chat is None:
            raise bad("chat not found")
        return chat

    def open_chat(self, chat_id: object) -> Chat:
        """Return a chat that the bot may write to."""
        chat = self.chat(chat_id)
        if chat.closed:
            raise forbidden(chat.closed)
        return chat

    def put(self, message: Message) -> Message:
        """Store a message, new or edited, and tell it."""
        chat = self.chats[message.chat_id]
        kind = "edited" if message.id in chat.messages else "sent"
        chat.messages[message.id] = message
        self.tell(Change(kind=kind, chat_id=chat.id, message=message))
        return message

    def number_above(self, message_id: int) -> None:
        """Let later messages have larger numbers than this one."""
        self._last_message_id = max(self._last_message_id, message_id)

    def next_message_id(self) -> int:
        """Return a number larger than all before."""
        self._last_message_id += 1
        return self._last_message_id

    def next_query_id(self) -> str:
        """Return an id for a tap."""
        self._last_query_id += 1
        return str(self._last_query_id)

    def tell(self, change: Change) -> None:
        """Give ``change`` to every listener and wake those who wait for one."""
        for listener in tuple(self.listeners):
            listener.put(change)
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self) -> None:
        """Wait until anything changes."""
        await self._changed.wait()

    def queue_update(self, kind: str, body: dict[str, object]) -> int | None:
        """Queue an update for the bot and return its number, or None when the bot does not want this kind."""
        wanted = kind in self.allowed if self.allowed else kind not in _NOT_BY_DEFAULT
        if not wanted:
            return None
        self._last_update_id += 1
        age_max = TAP_AGE_S_MAX if kind == "callback_query" else _UPDATE_AGE_S_MAX
        self.updates.append((self.clock.now().timestamp() + age_max, {"update_id": self._last_update_id, kind: body}))
        self._arrived.set()
        return self._last_update_id

    def confirm(self, offset: int) -> None:
        """Forget the updates below ``offset``; a negative one keeps only the last ``-offset``."""
        if offset < 0:
            self.updates = deque(list(self.updates)[offset:])
        while self.updates and offset > 0 and _number(self.updates[0][1]) < offset:
            self.updates.popleft()

    async def poll(self, *, offset: int, limit: int, timeout_s: float) -> list[dict[str, object]]:
        """Return the waiting updates, at most ``limit``; waits for the first one. An older waiting poll ends with a 409."""
        if self.webhook is not None:
            raise delivering()
        self.confirm(offset)
        self._poll += 1
        mine = self._poll
        self._arrived.set()  # wakes an older poll, which then finds that it is no longer the newest
        try:
            async with asyncio.timeout(timeout_s):
                while not self._waiting():
                    self._arrived.clear()
                    await self._arrived.wait()
                    if mine != self._poll:
                        raise conflict()
        except TimeoutError:
            return []
        return self._waiting()[:limit]

    def _waiting(self) -> list[dict[str, object]]:
        now = self.clock.now().timestamp()
        self.updates = deque(item for item in self.updates if item[0] >= now)
        return [update for _, update in self.updates]

    def forget(self, chat: Chat, message_ids: Iterable[int]) -> None:
        """Remove messages and tell it."""
        for message_id in message_ids:
            del chat.messages[message_id]
            self.tell(Change(kind="deleted", chat_id=chat.id, message_id=message_id))


def _number(update: dict[str, object]) -> int:
    number = update["update_id"]
    assert isinstance(number, int)  # noqa: S101 - we wrote it ourselves
    return number
