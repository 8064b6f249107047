"""Telegram without Telegram: what a bot is given, and what a person does and sees."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from chatbot.clock import SystemClock
from handlers.loopback.markup import plain
from handlers.loopback.methods import message_json
from handlers.loopback.profile import described, menu_for
from handlers.loopback.request import LoopbackRequest, Sent, Wire
from handlers.loopback.state import BOT_ID, Chat, Listener, State
from handlers.loopback.values import Answer, Attachment, Command, Message, Query, TelegramUser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chatbot.clock import Clock
    from handlers.loopback.faults import Fault

T = TypeVar("T")
#: A token of the right shape that opens nothing.
TOKEN = f"{BOT_ID}:loopback"
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CALLS_KEPT = 5000
#: seconds after which what is waited for will not come any more; only what fails waits so long
_WAITS_S = 60.0


class Loopback:
    """A Bot API in memory, as strict as Telegram, with the person's side to it.

    ``flood`` switches the rate limits on. Time is the clock's; only the long poll waits in real seconds. The numbers of messages, updates,
    taps and files begin above ``epoch``: by default the seconds since 1970, so that a restart over a kept database repeats none of them.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        token: str = TOKEN,
        name: str = "Ballast",
        username: str = "ballast_bot",
        flood: bool = False,
        epoch: int | None = None,
    ) -> None:
        self.token = token
        self.calls: deque[Sent] = deque(maxlen=_CALLS_KEPT)
        self._state = State(clock or SystemClock(), token, name, username, _seconds() if epoch is None else epoch)
        self._wire = Wire(self._state, self.calls, flood=flood)

    # The bot's side

    def request(self) -> LoopbackRequest:
        """Return a request object for python-telegram-bot; every one of them leads to the same chats."""
        return LoopbackRequest(self._wire)

    def fail(self, method: str, *faults: Fault) -> None:
        """Let the next calls of ``method`` ("*": of any) go wrong, one fault each, in order."""
        self._wire.faults.setdefault(method, deque()).extend(faults)

    @property
    def waiting_updates(self) -> int:
        """Number of updates that the bot has not confirmed."""
        return len(self._state.updates)

    def know(self, user: TelegramUser) -> None:
        """Open the private chat as if ``user`` had written before the program was started: the bot may write first."""
        self._private(user)

    def restore(self, user: TelegramUser, messages: Sequence[Message]) -> None:
        """Put back what stood in the private chat when the program last ran; nobody is told."""
        chat = self._private(user)
        for message in messages:
            chat.messages[message.id] = message
            if message.attachment:
                self._state.files[message.attachment.file_id] = message.attachment
            self._state.number_above(message.id)

    # What a person does

    async def text(self, user: TelegramUser, text: str, *, reply_to: int | None = None) -> Message:
        """Write ``text`` to the bot; a blocked bot is unblocked first, as Telegram's app does."""
        await self.unblock(user)
        return await self._written(self._private(user), user, text, reply_to)

    async def start(self, user: TelegramUser, payload: str = "") -> Message:
        """Press Start, perhaps by a link with a payload of 1-64 characters A-Za-z0-9_-."""
        if payload and not _PAYLOAD.fullmatch(payload):
            raise ValueError(f"a start payload is 1-64 of A-Za-z0-9_-, not {payload!r}")
        return await self.text(user, f"/start {payload}".strip())

    async def edit(self, user: TelegramUser, message_id: int, text: str) -> Message:
        """Change an own message; the bot gets it as edited_message."""
        chat = self._private(user)
        old = chat.messages[message_id]
        if old.sender is None or old.sender.id != user.id:
            raise LookupError(f"message {message_id} was not written by {user.name}")
        words = plain(text)
        message = replace(old, text=words.text, entities=words.entities, edited_at=self._state.clock.now())
        self._state.put(message)
        self._state.queue_update("edited_message", message_json(self._state, message))
        await asyncio.sleep(0)
        return message

    async def delete(self, user: TelegramUser, message_id: int) -> None:
        """Delete a message from the private chat; the bot is not told."""
        self._state.forget(self._private(user), [message_id])
        await asyncio.sleep(0)

    async def tap(self, user: TelegramUser, message_id: int, button: str, *, chat_id: int | None = None) -> Query | None:
        """Tap the button with this callback data or label; None for buttons that only open or copy something.

        Raises LookupError when the message or the button is not there (any more).
        """
        message = self._state.chats[user.id if chat_id is None else chat_id].messages[message_id]
        data = message.button(button).get("callback_data")
        return None if data is None else await self._tapped(user, message, str(data))

    async def tap_old(self, user: TelegramUser, message: Message, button: str) -> Query:
        """Tap a button of a message as it once was: an app that has not shown the edit yet."""
        return await self._tapped(user, message, str(message.button(button)["callback_data"]))

    async def block(self, user: TelegramUser) -> None:
        """Block the bot: it is told once, then every call for this chat is a 403."""
        chat = self._private(user)
        if chat.closed is None:
            chat.closed = "bot was blocked by the user"
            self._membership(chat, user, "member", "kicked")
        await asyncio.sleep(0)

    async def unblock(self, user: TelegramUser) -> None:
        """Undo :meth:`block`."""
        chat = self._private(user)
        if chat.closed is not None:
            chat.closed = None
            self._membership(chat, user, "kicked", "member")
        await asyncio.sleep(0)

    async def deactivate(self, user: TelegramUser) -> None:
        """Delete the person's account: the bot is not told, and every call is a 403."""
        self._private(user).closed = "user is deactivated"
        await asyncio.sleep(0)

    async def group_text(self, user: TelegramUser, group_id: int, text: str, *, title: str = "Group") -> Message:
        """Write into a group (negative number); a new group adds the bot first. Only commands reach a bot there."""
        if group_id >= 0:
            raise ValueError(f"groups have negative numbers, not {group_id}")
        if group_id not in self._state.chats:
            self._state.chats[group_id] = Chat(id=group_id, title=title)
            self._membership(self._state.chats[group_id], user, "left", "member")
        return await self._written(self._state.chats[group_id], user, text, None)

    # What a person sees

    def chat(self, chat_id: int) -> list[Message]:
        """Return the messages of a chat as they stand, oldest first; an unknown chat has none."""
        chat = self._state.chats.get(chat_id)
        return list(chat.messages.values()) if chat else []

    def last(self, chat_id: int) -> Message:
        """Return the bot's newest message in a chat; LookupError when there is none."""
        for message in reversed(self.chat(chat_id)):
            if message.sender is None:
                return message
        raise LookupError(f"the bot has not written to chat {chat_id}")

    def answer(self, query: Query) -> Answer | None:
        """Return the bot's answer to a tap; None while the button still spins."""
        return self._state.queries[query.id].answer

    def menu(self, user: TelegramUser) -> tuple[Command, ...]:
        """Return the "/" menu that ``user`` sees."""
        return menu_for(self._state, user)

    def description(self, user: TelegramUser) -> str:
        """Return the text that ``user`` sees in an empty chat."""
        return described(self._state, "description", user.language)

    @property
    def name(self) -> str:
        """The bot's name in the chat's header."""
        return self._state.profile["name"]

    def file(self, file_id: str) -> Attachment | None:
        """Return a photo or document that was sent."""
        return self._state.files.get(file_id)

    @contextmanager
    def subscribed(self) -> Iterator[Listener]:
        """Collect changes in a queue from now on."""
        listener = Listener()
        self._state.listeners.add(listener)
        try:
            yield listener
        finally:
            self._state.listeners.discard(listener)

    async def wait(self, seen: Callable[[], T | None], timeout_s: float = _WAITS_S) -> T:
        """Return what ``seen`` returns as soon as that is true, looking after every change; TimeoutError tells the chats."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := seen()):
                    await self._state.change()
        except TimeoutError:
            shown = {number: [(m.id, m.text, m.buttons) for m in self.chat(number)[-3:]] for number in self._state.chats}
            raise TimeoutError(f"not seen within {timeout_s} s; the chats end with {shown}") from None
        return found

    async def shows(self, chat_id: int, fragment: str, *, after: int = 0, timeout_s: float = _WAITS_S) -> Message:
        """Wait until a message of the bot, numbered above ``after``, contains ``fragment``, and return the newest such."""

        def seen() -> Message | None:
            return next((m for m in reversed(self.chat(chat_id)) if m.sender is None and m.id > after and fragment in m.text), None)

        return await self.wait(seen, timeout_s)

    async def answered(self, query: Query, timeout_s: float = _WAITS_S) -> Answer:
        """Wait for the bot's answer to a tap."""
        return await self.wait(lambda: self.answer(query), timeout_s)

    # Inside

    def _private(self, user: TelegramUser) -> Chat:
        chat = self._state.chats.setdefault(user.id, Chat(id=user.id, user=user))
        chat.user = user
        return chat

    async def _written(self, chat: Chat, user: TelegramUser, text: str, reply_to: int | None) -> Message:
        words = plain(text)
        if not words.text:
            raise ValueError("Telegram's app sends no empty messages")
        now, number = self._state.clock.now(), self._state.next_message_id()
        message = Message(id=number, chat_id=chat.id, sender=user, sent_at=now, text=words.text, entities=words.entities, reply_to=reply_to)
        self._state.put(message)
        if chat.user is not None or (words.text.startswith("/") and chat.closed is None):
            self._state.queue_update("message", message_json(self._state, message))
        await asyncio.sleep(0)
        return message

    async def _tapped(self, user: TelegramUser, message: Message, data: str) -> Query:
        number = self._state.next_query_id()
        query = Query(id=number, user_id=user.id, chat_id=message.chat_id, message_id=message.id, tapped_at=self._state.clock.now())
        self._state.queries[number] = query
        body = message_json(self._state, self._state.chats[message.chat_id].messages.get(message.id, message))
        facts: dict[str, object] = {
            "id": number,
            "from": user.to_json(),
            "message": body,
            "chat_instance": str(message.chat_id),
            "data": data,
        }
        self._state.queue_update("callback_query", facts)
        await asyncio.sleep(0)
        return query

    def _membership(self, chat: Chat, user: TelegramUser, old: str, new: str) -> None:
        def member(status: str) -> dict[str, object]:
            until = {"until_date": 0} if status == "kicked" else {}
            return {"user": self._state.me(), "status": status, **until}

        date = int(self._state.clock.now().timestamp())
        body = {"chat": chat.to_json(), "from": user.to_json(), "date": date}
        self._state.queue_update("my_chat_member", {**body, "old_chat_member": member(old), "new_chat_member": member(new)})


def _seconds() -> int:
    return int(SystemClock().now().timestamp())
