"""Patience with Telegram while a person waits for an answer: a call that was refused for now is made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter

from handlers.chat.lowest_message import Newest
from handlers.transport.updates import answering

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from telegram._utils.types import JSONDict
    from telegram.ext import ExtBot

    from chatbot.clock import Clock

log = structlog.get_logger()

#: the longest that one call may be put off by "too many requests", and by a network that is down; only its own chat waits
FLOOD_S_MAX, NETWORK_S_MAX = 120.0, 300.0
#: what a server says of a request that it will never take, with the number 413
_TOO_LARGE: Final = "request entity too large"
_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)


class Patience(BaseRateLimiter[None]):
    """Tries again inside an update's handling; every other call (the outbox keeps its own pauses) is made once.

    A call whose answer was lost may have been carried out, so that a message can come twice: better than silence.
    Every call passes here, so that it is noted here which message stands lowest in a chat.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.newest = Newest()

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to let go of."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, bool | JSONDict | list[JSONDict]]],
        args: Any,  # noqa: ANN401 - the library's signature
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: None,
    ) -> bool | JSONDict | list[JSONDict]:
        """Make the call, again and again where that can help."""
        del data, rate_limit_args
        waited, tries = 0.0, 0
        while True:
            try:
                result = await _made(callback, args, kwargs)
            except TelegramError as refusal:
                pause = pause_s(refusal, tries)
                most = FLOOD_S_MAX if isinstance(refusal, RetryAfter) else NETWORK_S_MAX
                if pause is None or not answering.get() or waited + pause > most:
                    raise
                log.warning("Telegram has to be asked again", method=endpoint, error=type(refusal).__name__, again_in_s=pause)
            else:
                self.newest.note_result(result)
                return result
            await self._clock.sleep(pause)
            waited, tries = waited + pause, tries + 1


def newest_of(bot: ExtBot[None]) -> Newest:
    """Return what is known of the newest messages of a bot's chats; of a bot that was built otherwise nothing is."""
    limiter = bot.rate_limiter
    return limiter.newest if isinstance(limiter, Patience) else Newest()


async def _made(
    callback: Callable[..., Coroutine[Any, Any, bool | JSONDict | list[JSONDict]]],
    args: Any,  # noqa: ANN401 - the library's signature
    kwargs: dict[str, Any],
) -> bool | JSONDict | list[JSONDict]:
    """Make the call once; what will never be taken is told apart from a network that is down."""
    try:
        return await callback(*args, **kwargs)
    except NetworkError as trouble:
        if isinstance(trouble.__cause__, ValueError):  # a text that cannot be encoded: no line is so good that it would pass
            raise BadRequest(f"the request cannot be written: {type(trouble.__cause__).__name__}") from trouble
        if _TOO_LARGE in str(trouble).lower():  # the library takes it for the network's
            raise BadRequest(_TOO_LARGE) from trouble
        raise
    except (KeyError, TypeError, AttributeError) as strange:  # an answer that is JSON, but none of Telegram's
        raise TelegramError("Invalid server response") from strange


def pause_s(refusal: TelegramError, tries: int) -> float | None:
    """Return how long to wait before the next of some tries, in seconds; None where trying again is vain."""
    if isinstance(refusal, RetryAfter):
        asked = refusal.retry_after
        return float(asked if isinstance(asked, int) else asked.total_seconds())
    if type(refusal) is TelegramError:  # an answer that is none of Telegram's, a proxy's page for instance
        return _PAUSES_S[min(tries, len(_PAUSES_S) - 1)]
    if isinstance(refusal, BadRequest) or not isinstance(refusal, NetworkError):
        return None
    return _PAUSES_S[min(tries, len(_PAUSES_S) - 1)]
