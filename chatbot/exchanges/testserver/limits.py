"""How much one address may ask in a while, and what becomes of who does not listen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.exchanges.testserver.words import Reason, Refusal
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.exchanges.testserver.harshness import Harshness


@dataclass(frozen=True, slots=True)
class Limit:
    """How much weight may be used in a fixed window of seconds."""

    weight: int
    window_s: int
    #: counted for each key; else for the address
    per_key: bool = False


class Limits:
    """The counters of one address and the keys behind it; windows of a minute begin on the minute of the exchange's clock."""

    def __init__(self, limits: Mapping[str, Limit], harshness: Harshness) -> None:
        self._limits = limits
        self._harshness = harshness
        self._used: dict[tuple[str, str], tuple[int, int]] = {}
        self._refused = 0
        self._banned_until_ms = 0

    def used(self, bucket: str, now_ms: int, key: str = "") -> int:
        """Return the weight that was used in the window of now, by a key where they are counted apart."""
        window, used = self._used.get(self._counter(bucket, key), (0, 0))
        return used if window == self._window(bucket, now_ms) else 0

    def charge(self, bucket: str, weight: int, now_ms: int, key: str = "") -> None:
        """Count one request. Raises ``Refusal``: too many, or banned for having gone on."""
        if now_ms < self._banned_until_ms:
            raise Refusal(Reason.BANNED, str(self._banned_until_ms), (self._banned_until_ms - now_ms) // 1000 + 1)
        used = self.used(bucket, now_ms, key) + weight
        self._used[self._counter(bucket, key)] = (self._window(bucket, now_ms), used)
        limit = self._limits[bucket]
        if used <= limit.weight * self._harshness.limit_share:
            self._refused = 0
            return
        self._refused += 1
        if self._refused > self._harshness.ban_after:
            self._banned_until_ms = now_ms + self._harshness.ban_s * 1000
        raise Refusal(Reason.RATE, str(limit.weight), limit.window_s - now_ms // 1000 % limit.window_s)

    def _counter(self, bucket: str, key: str) -> tuple[str, str]:
        return bucket, key if self._limits[bucket].per_key else ""

    def _window(self, bucket: str, now_ms: int) -> int:
        return now_ms // (self._limits[bucket].window_s * 1000)
