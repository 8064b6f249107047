"""How much one address may ask of an exchange: its weights a minute, shared fairly by all accounts, and one pause for all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chatbot.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.clock import Clock
    from chatbot.exchanges.live.private.dialect import Limit

#: of the exchange's limit in its stretch of time: what may come at once, what is refilled in it, and from where on the next is awaited.
#: The rest is for others behind the same address, and for calls that anybody makes without a key
_BURST, _REFILL, _FULL = 0.15, 0.65, 0.9
#: share of what may come at once that reads leave to orders
_FOR_ORDERS = 0.3
_MINUTE_S = 60.0
#: what a clock can tell apart, for sure
_SHORTEST_S = 0.001
#: accounts and counters of which it is remembered when they asked last, until those that may ask again are forgotten
_DUE_MOST = 4096


@dataclass(slots=True)
class _Waiter:
    who: object
    weight: float
    urgent: bool
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class _Pool:
    """One counter of the exchange: what is left of it, and who waits for it."""

    def __init__(self, limit: Limit, clock: Clock) -> None:
        self.limit, self._seconds, self.each_s = limit.weight, limit.seconds, limit.each_s
        self._clock = clock
        self._left = limit.weight * _BURST
        self._at = clock.monotonic()
        self._serving: _Waiter | None = None
        #: orders wait in a line of their own, which is served first; in each line the accounts take turns
        self._lines: dict[bool, dict[object, deque[_Waiter]]] = {True: {}, False: {}}

    @property
    def queued(self) -> float:
        """Return the weight of all that waits."""
        return sum(waiter.weight for line in self._lines.values() for waiting in line.values() for waiter in waiting)

    @property
    def per_second(self) -> float:
        """Return how much is refilled a second."""
        return self.limit * _REFILL / self._seconds

    async def turn(self, waiter: _Waiter) -> None:
        """Wait until it is this one's turn; orders first, then account by account."""
        self._lines[waiter.urgent].setdefault(waiter.who, deque()).append(waiter)
        self.serve_next()
        try:
            await waiter.turn.wait()
        except asyncio.CancelledError:
            self.leave(waiter)
            raise

    def leave(self, waiter: _Waiter) -> None:
        """Let the next one have its turn."""
        waiting = self._lines[waiter.urgent].get(waiter.who)
        if waiting is not None and waiter in waiting:
            waiting.remove(waiter)
        if self._serving is waiter:
            self._serving = None
        self.serve_next()

    def serve_next(self) -> None:
        """Give the turn to the next one, unless somebody has it."""
        if self._serving is not None:
            return
        for line in (self._lines[True], self._lines[False]):
            while line:
                who, waiting = next(iter(line.items()))
                del line[who]
                if not waiting:
                    continue
                self._serving = waiting.popleft()
                if waiting:
                    line[who] = waiting  # behind all others
                self._serving.turn.set()
                return

    def short_s(self, waiter: _Waiter) -> float:
        """Return how long it takes until there is enough for this one."""
        now = self._clock.monotonic()
        self._left = min(self.limit * _BURST, self._left + (now - self._at) * self.per_second)
        self._at = now
        reserve = 0.0 if waiter.urgent else self.limit * _BURST * _FOR_ORDERS
        # what weighs more than is ever there at once goes when all is there
        needed = min(waiter.weight + reserve, self.limit * _BURST)
        return max(0.0, (needed - self._left) / self.per_second)

    def spend(self, weight: float) -> None:
        """Take what a request weighs."""
        self._left -= weight


class Budget:
    """The weights of one exchange for one address."""

    def __init__(self, limits: Mapping[str, Limit], clock: Clock) -> None:
        """``limits`` are the exchange's own counters."""
        self._clock = clock
        self._pools = {name: _Pool(limit, clock) for name, limit in limits.items()}
        #: by counter and account, when its next request may go out, monotonic
        self._due: dict[tuple[str, object], float] = {}
        self._paused_until = clock.monotonic()
        self._why = ""

    @property
    def paused_s(self) -> float:
        """Return how long nobody may ask anything."""
        return max(0.0, self._paused_until - self._clock.monotonic())

    def pause(self, seconds: float, why: str) -> None:
        """Let nobody behind this address ask for so long; a shorter pause than one under way changes nothing."""
        until = self._clock.monotonic() + seconds
        if until > self._paused_until:
            self._paused_until, self._why = until, why

    def used(self, pool: str, weight: float) -> None:
        """Believe the exchange's own count of this minute: when it is nearly full, the next one is awaited."""
        if weight >= self._pools[pool].limit * _FULL:
            self.pause(_MINUTE_S - self._clock.now().timestamp() % _MINUTE_S, f"{pool}: {weight:.0f} used in this minute")

    async def take(self, pool: str, weight: float, who: object, *, patience_s: float, urgent: bool = False) -> None:
        """Wait until a request of this weight may go out; raises ``RateLimited`` where that takes too long: then nothing was sent."""
        counter, waiter, began = self._pools[pool], _Waiter(who, weight, urgent), self._clock.monotonic()
        if counter.each_s:
            await self._spaced(pool, who, patience_s)
        ahead = 0.0 if urgent else counter.queued / counter.per_second
        self._check(began, ahead, patience_s, pool)
        await counter.turn(waiter)
        try:
            while (left := max(self.paused_s, counter.short_s(waiter))) > 0:
                self._check(began, left, patience_s, pool)
                await self._clock.sleep(max(left, _SHORTEST_S))
            counter.spend(weight)
        finally:
            counter.leave(waiter)

    async def _spaced(self, pool: str, who: object, patience_s: float) -> None:
        """Keep one account's requests apart."""
        now, each_s = self._clock.monotonic(), self._pools[pool].each_s
        due = max(now, self._due.get((pool, who), now))
        self._check(now, due - now, patience_s, pool)
        if len(self._due) >= _DUE_MOST:
            self._due = {name: at for name, at in self._due.items() if at > now}
        self._due[pool, who] = due + each_s
        if due > now:
            await self._clock.sleep(due - now)

    def _check(self, began: float, left: float, patience_s: float, pool: str) -> None:
        wait = max(left, self.paused_s)
        if self._clock.monotonic() - began + wait > patience_s:
            raise RateLimited(f"{pool}: {wait:.0f} s to wait {self._why}".rstrip())
