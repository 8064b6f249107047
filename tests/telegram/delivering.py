"""Telegram's other way: it delivers updates to an address, one of a chat at a time, until they are taken."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.telegram.server import TelegramServer

#: seconds until what was not taken is sent again
_AGAIN_S = 0.1


class Delivery:
    """Brings what is said in the chats of a server to the processes on these ports, in turn, as a proxy would."""

    def __init__(self, server: TelegramServer, ports: Sequence[int]) -> None:
        self._server, self._ports = server, ports
        self._lines: defaultdict[int, asyncio.Queue[dict[str, Any]]] = defaultdict(asyncio.Queue)
        self._sent = 0
        #: the answers by their status; 0: none came
        self.answers: Counter[int] = Counter()
        #: updates that are not taken yet, and requests that wait for an answer, by their port
        self.untaken, self.asked = 0, Counter[int]()

    async def run(self) -> NoReturn:
        """Deliver until cancelled, once the bot has said where."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
            while True:
                state = self._server.loopback._state
                while state.webhook is not None and state.updates:
                    _, update = state.updates.popleft()
                    chat = _chat_of(update)
                    if chat not in self._lines:
                        tasks.create_task(self._deliver(session, self._lines[chat]))
                    self.untaken += 1
                    self._lines[chat].put_nowait(update)
                await asyncio.sleep(0.005)

    async def _deliver(self, session: aiohttp.ClientSession, line: asyncio.Queue[dict[str, Any]]) -> NoReturn:
        while True:
            update = await line.get()
            while await self._post(session, update) != 200:  # noqa: ASYNC110 - nobody tells when it will be taken
                await asyncio.sleep(_AGAIN_S)
            self.untaken -= 1

    async def _post(self, session: aiohttp.ClientSession, update: dict[str, Any]) -> int:
        webhook = self._server.loopback._state.webhook
        if webhook is None:
            return 0
        parts = urlsplit(webhook.url)
        self._sent += 1
        port = self._ports[self._sent % len(self._ports)]
        self.asked[port] += 1
        url = f"http://127.0.0.1:{port}{parts.path}"
        headers = {"Host": parts.netloc, "X-Telegram-Bot-Api-Secret-Token": webhook.secret, "Content-Type": "application/json"}
        try:
            async with session.post(url, data=json.dumps(update), headers=headers) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError):
            status = 0
        finally:
            self.asked[port] -= 1
        self.answers[status] += 1
        return status


def _chat_of(update: dict[str, Any]) -> int:
    """Return the chat of an update."""
    body = next(value for name, value in update.items() if name != "update_id")
    chat: int = (body.get("chat") or body["message"]["chat"])["id"]
    return chat
