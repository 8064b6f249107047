"""One line to the private side of an exchange for every account behind this address: signs, sends, and says what an answer means.

ccxt signs and carries; it neither throttles, nor reads errors, nor retries here. One ccxt object serves all accounts: the keys are in
it only while it signs, which nothing can interrupt, so an account costs next to nothing and no secret lies in it.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from chatbot.engine.finite import finite
from chatbot.errors import ExchangeError, KeyRefused, OutcomeUnknown, PlaceRefused, RateLimited, Unreachable, Unreadable
from chatbot.exchanges.live.answers import parsed
from chatbot.exchanges.live.ccxt_errors import Meaning, told
from chatbot.exchanges.live.ccxt_loader import error_classes, exchange_class
from chatbot.exchanges.live.hosts import Addresses, Straight
from chatbot.exchanges.live.private.dialect import SKEW, Call, NoAnswer, Refusal
from chatbot.exchanges.markets.markettime import to_ms
from chatbot.model import Credentials, venue_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.exchanges.live.private.budget import Budget
    from chatbot.exchanges.live.private.dialect import Dialect

#: seconds that a request which changes something may wait for its turn: then it was not sent, for sure
PATIENCE_S = 3.0
#: the same for one that only reads
_READ_PATIENCE_S = 30.0
#: seconds for which the difference between our clock and the exchange's is believed
_TIME_FOR_S = 600.0
#: HTTP status of a wall before the exchange, which shuts an address out that has asked too often; for how long it is then left alone
_WALL, _WALL_S = 403, 60.0
#: HTTP status of one that lets nobody through from where we are
_NOT_HERE = 451
#: from this HTTP status on an answer is none: it sends its client elsewhere, or refuses
_NO_ANSWER = 300
_NOBODY = Credentials(api_key="", secret="")
#: what aiohttp errors are called that mean that no connection came about, so that nothing was sent: a proxy may refuse to make one
_NO_CONNECTION = frozenset({"ClientConnectorError", "ClientHttpProxyError"})
_silent = logging.getLogger("chatbot.silent")
_silent.disabled = True
#: headers of the answer that the task at hand is reading
_headers: ContextVar[dict[str, str] | None] = ContextVar("headers", default=None)


class _Refused(Exception):
    """An answer that refuses; it gets through ccxt as it is."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class _ClockOff(Unreachable):
    """The exchange refused the time that a request carried; its own is asked for before the next."""


class PrivateLine:
    """Signs and sends for all accounts of one exchange. ``options`` go into ccxt's constructor; ``prepare`` sees the object first."""

    def __init__(
        self,
        name: str,
        dialect: Dialect,
        budget: Budget,
        clock: Clock,
        *,
        options: Mapping[str, Any] | None = None,
        prepare: Callable[[Any], object] | None = None,
    ) -> None:
        """``name`` is an exchange, or its test accounts: ``binance:demo``."""
        self.name = name
        self.budget = budget
        self._dialect = dialect
        self._clock = clock
        self._given = dict(options or {})
        self._addresses = Addresses(name, self._given)
        self._prepare = prepare
        self._ccxt: Any = None
        self._opening = asyncio.Lock()
        self._asking_time = asyncio.Lock()
        #: milliseconds that the exchange's clock is ahead of ours, and the monotonic reading at which that was found out
        self._offset_ms: int | None = None
        self._measured_at = 0.0

    async def ask(self, keys: Credentials, began: tuple[datetime, float], call: Call) -> Any:  # noqa: ANN401 - JSON
        """Make a call of an account, whose work on this change ``began`` then, by both clocks; every failure is one of ours.

        Something that changes is signed within ``PATIENCE_S`` of that or not at all, so that the time it carries bounds how late it
        can arrive, counted from when it was written down. What only reads is asked once more where the time it carried was refused: a
        clock that was set meanwhile, here or there, is no exchange that does not answer.
        """
        try:
            return await self._asked(keys, began, call)
        except _ClockOff:
            if call.changes:  # whoever keeps its journal sends it again
                raise
        return await self._asked(keys, began, call)

    async def _asked(self, keys: Credentials, began: tuple[datetime, float], call: Call) -> Any:  # noqa: ANN401 - JSON
        """Make a call once, when it is its turn."""
        patience = PATIENCE_S if call.changes else _READ_PATIENCE_S
        made = await self._opened()
        if call.signed:
            await self._know_time()
        who = hash(keys)  # a venue counts what one key asks, however often its account was opened here
        await self.budget.take(call.pool, call.weight, who, patience_s=patience, urgent=call.urgent)
        waited = max((self._clock.now() - began[0]).total_seconds(), self._clock.monotonic() - began[1])
        if call.changes and waited > PATIENCE_S:
            raise RateLimited(f"{self.name}: {call.path} waited {waited:.0f} s and was not sent")
        return await self._sent(made, keys, call)

    def offset(self) -> int:
        """Return how many milliseconds the exchange's clock is ahead of ours, as far as that is known."""
        return self._offset_ms or 0

    async def close(self) -> None:
        """Close it; the next call opens it again."""
        if self._ccxt is not None:
            await self._ccxt.close()
            self._ccxt = None

    async def _opened(self) -> Any:  # noqa: ANN401 - ccxt is untyped
        async with self._opening:
            if self._ccxt is None:
                loaded = await asyncio.to_thread(exchange_class, venue_of(self.name))
                self._ccxt = self._made(loaded)
            return self._ccxt

    def _made(self, loaded: type[Any]) -> Any:  # noqa: ANN401 - ccxt is untyped
        recv = {} if self._dialect.recv_window_s is None else {"recvWindow": int(self._dialect.recv_window_s * 1000)}
        made = loaded({"timeout": 10_000, **self._given, "options": {**self._given.get("options", {}), **recv}})
        self._addresses.take(made)
        if self._prepare is not None:
            self._prepare(made)
        made.logger = _silent  # at DEBUG ccxt writes down every header and every answer
        made.enableLastHttpResponse = made.enableLastJsonResponse = made.enableLastResponseHeaders = False
        made.parse_json = parsed
        made.handle_errors = partial(_raise_refusal, self._dialect)
        made.nonce = lambda: to_ms(self._clock.now()) + self.offset()
        return made

    def _signed(self, made: Any, keys: Credentials, call: Call) -> Mapping[str, Any]:  # noqa: ANN401 - ccxt is untyped
        """Return the request, signed; nothing runs in between, so no other account's keys get in, and the host is checked first."""
        self._addresses.check_before(made, call.api)
        if call.signed:
            made.apiKey, made.secret, made.password = keys.api_key, keys.secret, keys.passphrase
        failed = False
        try:
            request: Mapping[str, Any] = made.sign(call.path, call.api.split("/"), call.verb, dict(call.params))
        except Exception:  # noqa: BLE001 - ccxt raises all kinds over a key that is none; its words may hold a part of it
            failed = True
        finally:
            made.apiKey = made.secret = made.password = ""
        if failed:  # outside of the handler: no context, so no frame of ccxt with the secret in it
            raise KeyRefused("these keys cannot sign a request")
        self._addresses.check(call.api, request["url"])
        return request

    async def _sent(self, made: Any, keys: Credentials, call: Call) -> Any:  # noqa: ANN401 - ccxt is untyped, JSON
        """Put a request on the wire and translate what comes back."""
        seen: dict[str, str] = {}
        token, answer = _headers.set(seen), None
        failure: ExchangeError | None = None
        try:
            answer = await self._fetched(made, keys, call)
        except _Refused as refused:
            failure = self._refusal(refused.refusal, call)
        except ExchangeError as error:  # it was not signed
            failure = error.with_traceback(None)
        except Exception as error:  # noqa: BLE001 - whatever it is, it has to come out as one of ours
            failure = self._broken(error, call)
        finally:
            _headers.reset(token)
            made.last_request_headers = None
        used = self._dialect.used(seen)
        if used is not None:
            self.budget.used(call.pool, used)
        if failure is None and not isinstance(answer, dict | list):
            failure = (OutcomeUnknown if call.changes else Unreadable)(f"{call.path}: no answer: {str(answer)[:80]!r}")
        if failure is not None:
            raise failure  # outside of the handler: the frames that signed and sent hold the key
        return answer

    async def _fetched(self, made: Any, keys: Credentials, call: Call) -> Any:  # noqa: ANN401 - as above
        request = self._signed(made, keys, call)
        made.open(True)
        if not isinstance(made.session, Straight):
            made.session = Straight(made.session)
        return await made.fetch(request["url"], request["method"], request["headers"], request["body"])

    def _refusal(self, refusal: Refusal, call: Call) -> ExchangeError:
        meaning, reason = self._dialect.meaning(replace(refusal, api=call.api))
        limited = meaning is Meaning.LIMITED
        if limited or refusal.status == _WALL:
            pause_s = refusal.retry_after_s or (self._dialect.pause_s(refusal) if limited else _WALL_S)
            self.budget.pause(pause_s, f"(HTTP {refusal.status} {refusal.code or ''})")
        detail = f"{call.path}: HTTP {refusal.status} {refusal.code or ''} {refusal.text}"
        if refusal.status == _NOT_HERE:
            return PlaceRefused(detail)
        if reason == SKEW:
            self._offset_ms = None
            return _ClockOff(detail)
        return told(meaning, reason, detail, changes=call.changes)

    def _broken(self, error: Exception, call: Call) -> ExchangeError:
        """Say what a connection that broke means. An order, which is never sent twice, did not get out where none came about."""
        causes = {kind.__name__ for kind in type(error.__cause__).__mro__}
        never = call.verb == "POST" and bool(_NO_CONNECTION & causes)
        expected = isinstance(error, error_classes().BaseError)
        detail = f"{call.path}: {type(error.__cause__ if expected and error.__cause__ else error).__name__}"
        return told(Meaning.NOT_SENT if never else Meaning.UNSURE, "", detail, changes=call.changes)

    async def _know_time(self) -> None:
        """Ask for the exchange's time now and then, and after it refused ours."""
        async with self._asking_time:
            if self._offset_ms is not None and self._clock.monotonic() - self._measured_at < _TIME_FOR_S:
                return
            began = self._clock.now(), self._clock.monotonic()
            try:
                theirs = await self._dialect.time_ms(partial(self.ask, _NOBODY, began))
            except NoAnswer as error:
                raise Unreadable(f"{self.name}: no time: {error}") from error
            # by the later of our two readings: a time that is behind theirs is taken, one ahead of it is not
            self._offset_ms, self._measured_at = theirs - to_ms(self._clock.now()), self._clock.monotonic()


def _raise_refusal(
    dialect: Dialect,
    status: int,
    reason: str,
    _url: str,
    _verb: str,
    headers: Mapping[str, str],
    _text: str,
    answer: Any,  # noqa: ANN401 - JSON
    *_: Any,  # noqa: ANN401 - ccxt's signature
) -> None:
    """Stand in for ccxt's own table of errors: raise what refuses as it stands, and keep the headers."""
    small = {str(name).lower(): str(value) for name, value in headers.items()}
    seen = _headers.get()
    if seen is not None:
        seen.update(small)
    code, words = dialect.refused(answer) if isinstance(answer, dict) else (None, str(reason))
    if status < _NO_ANSWER and code is None:
        return
    wait = finite(small.get("retry-after"))
    raise _Refused(
        Refusal(status=status, code=code, text=words[:200], retry_after_s=float(wait) if wait is not None and wait > 0 else None)
    )
