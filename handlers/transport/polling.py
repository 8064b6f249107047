"""Asking Telegram for updates, for as long as the bot runs: no failure ends it, and nothing is confirmed that is not written down."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn

import structlog
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

if TYPE_CHECKING:
    from handlers.chat.context import Bot

log = structlog.get_logger()

UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
#: seconds that Telegram holds a request open while there is nothing to tell
_HOLD_S = 10
#: pauses after failures in a row; the last one is repeated
_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


async def poll(bot: Bot) -> NoReturn:
    """Queue updates until cancelled.

    The next request confirms what the last one brought, so an update that could not be written down (a full disk) is asked for again.
    """
    following: int | None = None
    failures = 0
    while True:
        try:
            for update in await bot.bot.get_updates(offset=following, timeout=_HOLD_S, allowed_updates=UPDATES):
                await bot.update_queue.put(update)
                following = update.update_id + 1
        except TelegramError as error:
            _tell(error)
            await asyncio.sleep(_pause_s(error, failures))
            failures += not isinstance(error, RetryAfter)
        except Exception:  # whatever it was, a bot that stops listening is worse
            log.exception("updates could not be taken")
            await asyncio.sleep(_pause_s(None, failures))
            failures += 1
        else:
            failures = 0


def _pause_s(error: TelegramError | None, failures: int) -> float:
    if isinstance(error, RetryAfter):
        asked = error.retry_after
        return float(asked if isinstance(asked, int) else asked.total_seconds())
    return _PAUSES_S[min(failures, len(_PAUSES_S) - 1)]


def _tell(error: TelegramError) -> None:
    """Log why polling failed, with a cure where there is one."""
    if isinstance(error, Conflict):
        log.error("another process polls with this token; stop it, only one can")
    elif isinstance(error, InvalidToken):
        log.error("Telegram does not accept the token any more; copy a new one from BotFather if this goes on")
    else:
        log.warning("polling failed, going on", error=type(error).__name__)
