"""The test exchange on the loopback interface: one port, one venue, spoken to by the real ccxt client.

async with Server(BINANCE, clock) as server:
    account = server.venue.open_account("key", "secret", {"USDT": Decimal(1000)})
    made = ccxt.binance({"apiKey": "key", "secret": "secret", **server.options()})
    server.venue.move("BTC", Decimal(61_000))
    server.faults.add(call="place", fault="reset_after")
"""

from __future__ import annotations

import asyncio
import inspect
import json
from contextlib import nullcontext
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from chatbot.exchanges.testserver.dialect import Answer, Request, Talk, route_of
from chatbot.exchanges.testserver.faults import Faults, Way, When, spoiled
from chatbot.exchanges.testserver.harshness import Harshness
from chatbot.exchanges.testserver.limits import Limits
from chatbot.exchanges.testserver.venue import Venue
from chatbot.exchanges.testserver.words import Call, Reason, Refusal

if TYPE_CHECKING:
    from chatbot.clock import Clock
    from chatbot.exchanges.testserver.dialect import Dialect, Route
    from chatbot.exchanges.testserver.faults import Fault
    from chatbot.exchanges.testserver.prices import Feed
    from chatbot.exchanges.testserver.words import State

#: status of an answer that does not come from the exchange, or sends its client elsewhere
_STATUSES = {Way.BAD_GATEWAY: 502, Way.REDIRECT: 307, Way.FORBIDDEN: 403, Way.TOO_MANY: 429}
#: what is told of an account as it was a while ago
_LAGGING = frozenset({Call.BALANCES, Call.FUTURES, Call.POSITIONS})
#: how much longer a body is said to be than what comes of it, as a factor
_SAID_LONGER = 2
#: parts of a question that are new each time
_PASSING = frozenset({"timestamp", "signature", "recvWindow"})


class Door(StrEnum):
    """How far in a client may come."""

    #: everywhere
    TRADING = "trading"
    #: a request that would change an account is a failure of the test
    READING = "reading"
    #: so is one that needs a key
    PUBLIC = "public"


class Trespass(AssertionError):
    """Somebody asked for what nobody may ask for here."""


class Server:
    """One venue on a port of its own; everything about it can be reached and changed while it runs."""

    def __init__(
        self,
        dialect: Dialect,
        clock: Clock,
        *,
        harshness: Harshness | None = None,
        feed: Feed | None = None,
        door: Door = Door.TRADING,
    ) -> None:
        self.dialect = dialect
        self.venue = Venue(clock, harshness or Harshness(), dialect.traits)
        self.faults = Faults()
        self.limits = Limits(dialect.limits, self.venue.harshness)
        self.door = door
        #: every request that came in, oldest first
        self.log: list[Request] = []
        #: requests that came in although the door is shut to them; closing the server raises if there are any
        self.trespasses: list[Request] = []
        #: what we ourselves stumbled over; closing the server raises the first
        self.failures: list[Exception] = []
        #: paths that nobody has written
        self.unknown: list[Request] = []
        self.base = ""
        #: what was told last, by question
        self._told: dict[tuple[object, ...], Answer] = {}
        self._feed = feed
        self._fed_ms: int | None = None
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()
        if self.failures and error[0] is None:
            raise self.failures[0]
        if self.trespasses and error[0] is None:
            raise Trespass(", ".join(f"{one.method} {one.path}" for one in self.trespasses))

    async def open(self, port: int = 0) -> None:
        """Listen; port 0 is any that is free."""
        app = web.Application()
        app.router.add_route("*", "/{host}/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        host, bound = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{bound}"
        if self._feed is not None:
            await self.follow(self._feed)

    async def follow(self, feed: Feed) -> None:
        """List what a feed lists, and take its prices from now on."""
        self._feed, self._fed_ms = feed, None
        self.venue.markets.clear()
        self.venue.list_market(*(await feed.markets()).values())

    async def close(self) -> None:
        """Listen no longer; who waits for an answer gets none."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def options(self) -> dict[str, Any]:
        """Return what ``CHATBOT_EXCHANGE_OPTIONS`` must hold for this venue."""
        return self.dialect.options(self.base)

    def asked(self, call: str) -> list[Request]:
        """Return the requests of one ``Call`` that came in so far."""
        found = [(one, route_of(self.dialect.routes, one.method, one.path)) for one in self.log]
        return [one for one, known in found if known is not None and known[0].call == call]

    async def _serve(self, incoming: web.Request) -> web.StreamResponse:
        try:
            return await self._answered(incoming)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our own and must not look like the venue's
            self.failures.append(error)
            return web.Response(status=500, text=repr(error))

    async def _answered(self, incoming: web.Request) -> web.StreamResponse:
        request = Request(
            method=incoming.method,
            host=incoming.match_info["host"],
            path="/" + incoming.match_info["path"],
            query=incoming.raw_path.partition("?")[2],
            body=await incoming.text(),
            headers=incoming.headers,
            address=incoming.remote or "",
        )
        self.log.append(request)
        await self._fed()
        self.venue.catch_up()
        try:
            route = self._route(request)
            self._watched(route, request)
        except Refusal as refusal:
            return _sent(self.dialect.refused(refusal, request))
        fault = self.faults.take(route.call)
        if fault is None:
            answer = await self._judged(route, request)
            if route.private and not route.acts:
                self._told[_question(request)] = answer
            return _sent(answer)
        return await self._gone_wrong(fault, route, request, incoming)

    def _route(self, request: Request) -> Route:
        known = route_of(self.dialect.routes, request.method, request.path)
        if known is None:
            self.unknown.append(request)
            raise Refusal(Reason.NO_SUCH_PATH, f"{request.method} {request.path}")
        request.args |= known[1]
        return known[0]

    def _watched(self, route: Route, request: Request) -> None:
        if (route.acts and self.door is not Door.TRADING) or (route.private and self.door is Door.PUBLIC):
            self.trespasses.append(request)
            raise Refusal(Reason.RIGHT, "nobody may ask for this here")

    async def _fed(self) -> None:
        now = self.venue.now_ms
        pause_ms = max(1.0, 1000 * self.venue.harshness.refill_s)
        if self._feed is None or (self._fed_ms is not None and now - self._fed_ms < pause_ms):
            return
        self._fed_ms = now
        for name, price in (await self._feed.latest()).items():
            self.venue.say(name, price)

    async def _judged(self, route: Route, request: Request) -> Answer:
        """Let the exchange answer, whatever becomes of the answer."""
        now, key = self.venue.now_ms, self.dialect.key_of(request)
        try:
            self.limits.charge(route.bucket, route.weighs(request), now, key)
            talk = self._talk(route, request)
            with self.venue.as_it_is_seen() if route.call in _LAGGING else nullcontext():
                found = route.handle(talk)
            body = await found if inspect.isawaitable(found) else found
        except Refusal as refusal:
            answer = self.dialect.refused(refusal, request)
        else:
            answer = Answer(body=body)
        counted = self.dialect.counted(route.bucket, self.limits.used(route.bucket, now, key))
        return Answer(status=answer.status, body=answer.body, headers={**counted, **answer.headers})

    def _talk(self, route: Route, request: Request) -> Talk:
        client = self.dialect.known(self.venue, request) if route.private else None
        return Talk(venue=self.venue, request=request, feed=self._feed, client=client)

    def _judged_late(self, route: Route, request: Request) -> None:
        try:
            route.handle(self._talk(route, request))
        except Refusal:
            return  # nobody hears of it

    async def _gone_wrong(self, fault: Fault, route: Route, request: Request, incoming: web.Request) -> web.StreamResponse:
        refusal = fault.refused()
        answer = Answer()
        if fault.when is When.AFTER:
            answer = await self._judged(route, request)
        elif fault.when is When.LATE and route.acts:
            self.venue.later(self.venue.harshness.late_s, lambda: self._judged_late(route, request))
        if fault.ends is not None:
            self._ended(route, request, fault.ends)
        if refusal is not None:
            return _sent(self.dialect.refused(refusal, request))
        return await self._said(fault, self._told.get(_question(request), answer) if fault.way is Way.STALE else answer, incoming)

    def _ended(self, route: Route, request: Request, state: State) -> None:
        """Let the order that was just taken end, where it still works."""
        client = self._talk(route, request).account
        for order in client.open_orders[-1:]:
            order.end(self.venue.now_ms, state)

    async def _said(self, fault: Fault, answer: Answer, incoming: web.Request) -> web.StreamResponse:
        """Return what comes of an answer on its way."""
        transport, way = incoming.transport, fault.way
        if way is Way.SILENCE:
            await self._closing.wait()
        if way in (Way.RESET, Way.SILENCE, Way.HANG_UP) or (way is None and fault.ends is None):
            if transport is not None:
                (transport.close if way is Way.HANG_UP else transport.abort)()
            return web.Response()
        text = spoiled(way, answer.body, fault.field)
        if way is Way.BROKEN_OFF:
            return await _broken_off(incoming, text)
        headers = {"Location": str(incoming.url)} if way is Way.REDIRECT else {}
        status = answer.status if way is None else _STATUSES.get(way, answer.status)
        return web.Response(status=status, text=text, headers=headers, content_type="application/json")


def _question(request: Request) -> tuple[object, ...]:
    """Return what makes a request another one than those before."""
    asked = frozenset((name, value) for name, value in request.args.items() if name not in _PASSING)
    return request.method, request.path, asked


async def _broken_off(incoming: web.Request, text: str) -> web.StreamResponse:
    """Send a body that is shorter than its length was said to be, and close."""
    body = text.encode()
    response = web.StreamResponse(headers={"Content-Length": str(_SAID_LONGER * len(body)), "Content-Type": "application/json"})
    await response.prepare(incoming)
    await response.write(body)
    if incoming.transport is not None:
        incoming.transport.close()
    return response


def _sent(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, text=json.dumps(answer.body), headers=answer.headers, content_type="application/json")
