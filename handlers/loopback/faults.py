"""What can go wrong between a bot and Telegram: queued faults and the flood limits."""

from __future__ import annotations

import math
from collections import deque

from telegram.error import NetworkError, TelegramError, TimedOut

from chatbot.values import dataclass
from handlers.loopback.refusals import Refused, conflict, too_many

_BURST = 5
_ALL_PER_S = 30
_GROUP_PER_MINUTE = 20
#: The methods that the flood limits count.
COUNTED = frozenset({"sendMessage", "sendPhoto", "sendDocument", "editMessageText", "editMessageCaption", "editMessageMedia"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One call that goes wrong."""

    #: Refused or TelegramError that the caller gets.
    error: Refused | TelegramError
    #: The call was carried out before the answer got lost.
    accepted: bool = False


def flooded(retry_after_s: int = 1) -> Fault:
    """Ask the bot to slow down."""
    return Fault(error=too_many(retry_after_s))


def bad_gateway() -> Fault:
    """Answer 502 from Telegram's front; nothing is done."""
    return Fault(error=Refused(502, "Bad Gateway"))


def conflicted() -> Fault:
    """Pretend that another copy of the bot polls."""
    return Fault(error=conflict())


def reset() -> Fault:
    """Break the connection before the call arrives."""
    return Fault(error=NetworkError("httpx.ReadError: connection reset by peer"))


def lost_answer() -> Fault:
    """Carry the call out, but let its answer come too late."""
    return Fault(error=TimedOut(), accepted=True)


class Flood:
    """Telegram's limits: one message per second and chat with short bursts, 30 per second in all, 20 per minute and group."""

    def __init__(self) -> None:
        self._sent: dict[int, deque[float]] = {}

    def admit(self, chat_id: int, now: float) -> None:
        """Count one message; raises a 429 with the seconds to wait."""
        rules = [(0, 1.0, _ALL_PER_S), (chat_id, float(_BURST), _BURST)]
        if chat_id < 0:
            rules.append((chat_id, 60.0, _GROUP_PER_MINUTE))
        waits = [self._wait(key, window_s, most, now) for key, window_s, most in rules]
        if max(waits) > 0:
            raise too_many(math.ceil(max(waits)))
        for key in {0, chat_id}:
            self._sent.setdefault(key, deque(maxlen=_ALL_PER_S)).append(now)

    def _wait(self, key: int, window_s: float, most: int, now: float) -> float:
        """Return the seconds until one more fits into the window."""
        recent = [moment for moment in self._sent.get(key, ()) if moment > now - window_s]
        return recent[-most] + window_s - now if len(recent) >= most else 0.0
