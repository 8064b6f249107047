"""One open demo page: what happens in the chat goes to it, what the person wishes comes from it, all as JSON."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aiohttp import WSCloseCode, WSMsgType

from chatbot.i18n import Catalogue
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from aiohttp import web

#: often enough for a clock that slows down to be seen doing so
_MARKET_EVERY_S = 0.5
#: how often in between it is asked whether somebody needs the market slow
_LOOKS = 10
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


class Conversation(Protocol):
    """One person's chat, in plain JSON values."""

    def changes(self) -> AsyncIterator[dict[str, object]]:
        """Yield a snapshot, then every change; ends when the reader should start over."""
        ...

    async def say(self, text: str) -> None:
        """Write; ValueError when it cannot be sent."""
        ...

    async def tap(self, message_id: int, data: str) -> str | None:
        """Tap a button and return the tap's id; LookupError when it is gone."""
        ...

    async def speak(self, language: str) -> dict[str, object]:
        """Set the app's language and return what changes on the page."""
        ...

    def file(self, file_id: str) -> tuple[str, str, bytes] | None:
        """Return media type, name and bytes of a file in the chat."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the page shows around the chat, and what a person can do there."""

    #: facts of the market's clock; None: there is no clock
    market: Callable[[], Mapping[str, object]] | None = None
    #: names of what can be made to happen in the market; the page has words for them
    scenes: tuple[str, ...] = ()
    #: makes one happen; LookupError when there is none of that name
    play: Callable[[str], Awaitable[None]] | None = None
    #: languages that the bot speaks, and the page with it; a folder without any: English alone
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(Path(__file__).parent))

    def facts(self) -> dict[str, object]:
        """Return what a page must know before anything else."""
        return {"type": "page", "scenes": list(self.scenes) if self.play else []}


async def converse(socket: web.WebSocketResponse, conversation: Conversation, around: Around) -> None:
    """Carry changes to the page and wishes from it until either side leaves."""
    await _send(socket, around.facts())
    async with asyncio.TaskGroup() as tasks:
        senders = [tasks.create_task(_tell(socket, conversation))]
        if around.market:
            senders.append(tasks.create_task(_tick(socket, around.market)))
        try:
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    break
                await _send(socket, await _fulfil(frame.data, conversation, around))
        finally:
            for sender in senders:
                sender.cancel()


async def _tell(socket: web.WebSocketResponse, conversation: Conversation) -> None:
    async for change in conversation.changes():
        await _send(socket, change)
    await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)


async def _tick(socket: web.WebSocketResponse, market: Callable[[], Mapping[str, object]]) -> None:
    """Tell the market's clock every half a second, and at once why it runs as it does: a plan may be done before the next half second."""
    told: object = None
    while not socket.closed:
        facts = market()
        told = facts.get("slow_for")
        await _send(socket, {"type": "market", **facts})
        for _ in range(_LOOKS):
            await asyncio.sleep(_MARKET_EVERY_S / _LOOKS)
            if market().get("slow_for") != told:
                break


async def _send(socket: web.WebSocketResponse, facts: Mapping[str, object] | None) -> None:
    """Send ``facts``; a page that has just left is no error, its reader ends by itself."""
    if facts is not None and not socket.closed:
        with suppress(ConnectionError):
            await socket.send_str(json.dumps(facts, ensure_ascii=False))


async def _fulfil(frame: str, conversation: Conversation, around: Around) -> dict[str, object] | None:
    """Do what the page wishes and return what to tell it."""
    try:
        wish = json.loads(frame)
        if wish["type"] == "play":
            return await _play(wish, around)
        return await _WISHES[wish["type"]](wish, conversation)
    except (ValueError, LookupError, TypeError) as error:
        return {"type": "refused", "reason": str(error)[:200]}


async def _say(wish: Mapping[str, object], conversation: Conversation) -> None:
    await conversation.say(_words(wish["text"], 4096))


async def _tap(wish: Mapping[str, object], conversation: Conversation) -> dict[str, object]:
    number = _number(wish["id"])
    try:
        query = await conversation.tap(number, _words(wish["data"], 64))
    except LookupError:
        query = None
    return {"type": "tapped", "ref": wish.get("ref"), "query": query}


async def _speak(wish: Mapping[str, object], conversation: Conversation) -> dict[str, object]:
    language = _words(wish["language"], 12)
    if not _LANGUAGE.fullmatch(language):
        raise ValueError("expected the name of a language, such as pt-BR")
    return await conversation.speak(language)


async def _play(wish: Mapping[str, object], around: Around) -> dict[str, object]:
    """Make something happen in the market and tell where it stands then."""
    name = _words(wish["name"], 40)
    if around.play is None or name not in around.scenes:
        raise LookupError("nothing of that name can be made to happen")
    await around.play(name)
    return {"type": "played", "name": name, "market": around.market() if around.market else None}


_WISHES: dict[str, Callable[[Mapping[str, object], Conversation], Awaitable[dict[str, object] | None]]] = {
    "say": _say,
    "tap": _tap,
    "speak": _speak,
}


def _words(value: object, most: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise ValueError(f"expected 1 to {most} characters")
    if not value.isprintable() and any(0xD800 <= ord(letter) <= 0xDFFF for letter in value):
        raise ValueError("half a surrogate is no text: it could be sent to nobody")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("expected a number")
    return value
