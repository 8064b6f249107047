"""The request object that python-telegram-bot talks to instead of the network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from telegram.request import BaseRequest

from handlers.loopback.call import Call, Upload
from handlers.loopback.faults import COUNTED, Fault, Flood
from handlers.loopback.methods import perform
from handlers.loopback.refusals import Refused

if TYPE_CHECKING:
    from collections import deque

    from telegram._utils.types import ODVInput
    from telegram.request import RequestData

    from handlers.loopback.state import State


class Sent(NamedTuple):
    """One call that arrived, for tests that look at the wire."""

    #: sendMessage, ...
    method: str
    #: Decoded parameters.
    params: dict[str, object]


class Wire:
    """What lies between the bot and the server's memory: faults, flood limits, a log of the calls."""

    def __init__(self, state: State, log: deque[Sent], *, flood: bool) -> None:
        self.state = state
        self.log = log
        self.faults: dict[str, deque[Fault]] = {}
        self._flood = Flood() if flood else None

    async def carry(self, call: Call) -> object:
        """Perform ``call``, unless a fault waits for it; raises Refused or TelegramError."""
        self.log.append(Sent(call.method, dict(call.params)))
        waiting = self.faults.get(call.method) or self.faults.get("*")
        fault = waiting.popleft() if waiting else None
        if fault and not fault.accepted:
            raise fault.error
        if self._flood and call.method in COUNTED:
            self._flood.admit(call.number("chat_id"), self.state.clock.now().timestamp())
        result = await perform(self.state, call)
        if fault:
            raise fault.error
        return result


class LoopbackRequest(BaseRequest):
    """Answers from memory; give one to ``request`` and one to ``get_updates_request`` of the application's builder."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @property
    def read_timeout(self) -> float | None:
        """Memory answers at once."""
        return 5.0

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        write_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        connect_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
        pool_timeout: ODVInput[float] = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Return status and body of the answer to one call or download."""
        del read_timeout, write_timeout, connect_timeout, pool_timeout
        try:
            if method == "GET":
                return 200, self._download(url)
            result = await self._wire.carry(self._call(url, request_data))
        except Refused as refusal:
            return refusal.code, json.dumps(refusal.to_json()).encode()
        return 200, json.dumps({"ok": True, "result": result}).encode()

    def _call(self, url: str, data: RequestData | None) -> Call:
        address, _, name = url.rpartition("/")
        self._check_token(address.rpartition("/bot")[2])
        params = json.loads(json.dumps(data.parameters)) if data else {}
        files = {part: _upload(*field) for part, field in data.multipart_data.items()} if data and data.contains_files else {}
        return Call(method=name, params=params, files=files)

    def _download(self, url: str) -> bytes:
        token, _, path = unquote(url).partition("/file/bot")[2].partition("/")
        self._check_token(token)
        attachment = self._wire.state.files.get(path.rpartition("/")[2])
        if attachment is None:
            raise Refused(404, "Not Found")
        return attachment.data

    def _check_token(self, token: str) -> None:
        if token == self._wire.state.token:
            return
        number, colon, secret = token.partition(":")
        well_formed = number.isdecimal() and bool(colon) and bool(secret)
        raise Refused(401, "Unauthorized") if well_formed else Refused(404, "Not Found")


def _upload(name: str, content: object, media_type: str) -> Upload:
    data = content if isinstance(content, bytes) else content.read()  # type: ignore[attr-defined]  # a file handle
    return Upload(name=name, data=data, media_type=media_type)
