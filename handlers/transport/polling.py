"""Asking Telegram for updates, for as long as the bot runs: no failure ends it, and nothing is confirmed that is not written down."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from handlers.transport import shape

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from telegram.ext import ExtBot
    from telegram.request import BaseRequest

    from chatbot.clock import Clock
    from handlers.transport.updates import JournaledQueue

log = structlog.get_logger()

UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
#: seconds that Telegram holds a request open while there is nothing to tell
_HOLD_S = 10
#: seconds beyond that in which the answer must be there
_ANSWER_S = 10.0
#: updates in one answer, Telegram's most
_LIMIT = 100
#: numbers follow one another; one that is so far ahead of its neighbours is none, and confirming it would confirm all that is to come
_LEAP = 1_000_000
_NUMBER = re.compile(r'"update_id"\s*:\s*(\d{1,10})\b')
#: pauses after failures in a row; the last one is repeated
_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
#: the longest pause that Telegram may ask for: a bot that is deaf for an hour misses every tap, which it keeps for 150 s
_ASKED_S_MAX = 60.0


async def poll(bot: ExtBot[None], updates: JournaledQueue, clock: Clock, asked: asyncio.Event) -> NoReturn:
    """Queue updates until cancelled; ``asked`` is set once the first question, which does not wait for news, was answered or failed.

    The next request confirms what the last one brought, so an update that could not be written down (a full disk) is asked for again.
    One that cannot be read is written down and passed over: whatever it is, it must not keep the others out.
    """
    following: int | None = None
    failures, flooded = 0, False
    hold_s = 0
    while True:
        try:
            for together in _batches(await fetch(bot, following, hold_s=hold_s), failures):
                await updates.take([(update.number, update.text) for update in together], bot)
                following = together[-1].number + 1
        except TelegramError as error:
            if not (flooded and isinstance(error, RetryAfter)):
                _tell(error)
            flooded = isinstance(error, RetryAfter)
            await clock.sleep(_pause_s(error, failures))
            failures += not isinstance(error, RetryAfter)
        except Exception:  # whatever it was, a bot that stops listening is worse
            log.exception("updates could not be taken")
            await clock.sleep(_pause_s(None, failures))
            failures += 1
        else:
            failures, flooded = 0, False
        asked.set()
        hold_s = _HOLD_S


def _batches(found: list[Raw], failures: int) -> list[list[Raw]]:
    """Return what is written down together: all, or after a failure each by itself, so that one keeps none before it waiting."""
    return [[one] for one in found] if failures else [found] if found else []


@dataclass(frozen=True, slots=True)
class Raw:
    """An update as it came."""

    number: int
    text: str
    #: None: not even JSON
    value: dict[str, Any] | None


async def fetch(bot: ExtBot[None], following: int | None, *, hold_s: int = _HOLD_S, kinds: Sequence[str] = UPDATES) -> list[Raw]:
    """Ask Telegram for what is new from number ``following`` on; raises ``TelegramError``."""
    answer = await _ask(bot, following, hold_s, kinds, _LIMIT)
    try:
        return _near(_listed(answer), following)
    except _Unlisted:
        pass
    # One update spoils the answer for all: ask for them one by one, and pass over the one that is no JSON by itself.
    answer = await _ask(bot, following, 0, kinds, 1)
    try:
        return _listed(answer)
    except _Unlisted:
        if (number := _told_number(answer)) is None:
            # Not even its number can be read; it is the next one, if the line has not garbled it: then it comes the same again.
            number = following if answer == await _ask(bot, following, 0, kinds, 1) else None
        if number is None or '"ok":true' not in answer.replace(" ", "")[:200]:
            raise TelegramError("Invalid server response") from None
        return [Raw(number, shape.storable(answer), None)]


def _told_number(answer: str) -> int | None:
    """Return the first number of an update in text that is no JSON."""
    found = _NUMBER.search(answer)
    return None if found is None else shape.update_id({"update_id": int(found[1])})


async def _ask(bot: ExtBot[None], following: int | None, hold_s: int, kinds: Sequence[str], limit: int) -> str:
    """Return the answer to getUpdates as text; the library's own method reads all updates at once, and one that it cannot read ends all."""
    request: BaseRequest = bot._request[0]  # noqa: SLF001 - the one kept for getUpdates has no public name
    asked = {"timeout": hold_s, "limit": limit, "allowed_updates": list(kinds)} | ({"offset": following} if following is not None else {})
    data = RequestData([RequestParameter.from_input(name, value) for name, value in asked.items()])
    answer = await request._request_wrapper(  # noqa: SLF001 - turns Telegram's refusals into exceptions, and leaves the answer as it is
        f"{bot.base_url}/getUpdates",
        "POST",
        data,
        read_timeout=hold_s + _ANSWER_S,
    )
    return answer.decode("utf-8", "replace")


class _Unlisted(Exception):
    """An answer that is no list of updates with their numbers."""


def _listed(answer: str) -> list[Raw]:
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        raise _Unlisted from None
    if not isinstance(value, dict) or value.get("ok") is not True or not isinstance(value.get("result"), list):
        raise TelegramError("Invalid server response")
    found = []
    for one in value["result"]:
        number = shape.update_id(one)
        if number is None:
            log.error(
                "an update without a number is passed over", of=sorted(map(str, one))[:5] if isinstance(one, dict) else type(one).__name__
            )
            continue
        try:
            found.append(Raw(number, json.dumps(one), one))
        except (ValueError, RecursionError):
            found.append(Raw(number, repr(number), None))
    if value["result"] and not found:
        raise _Unlisted
    return sorted(found, key=lambda one: one.number)


def _near(updates: list[Raw], following: int | None) -> list[Raw]:
    """Leave out what leaps ahead of the others; where all do, Telegram has begun to count from the start."""
    if not updates:
        return []
    near = [one for one in updates if one.number - (updates[0].number if following is None else following) < _LEAP]
    for one in updates[len(near) :] if near else ():
        log.error("an update with the number of another time is passed over", update_id=one.number)
    return near or updates


def _pause_s(error: TelegramError | None, failures: int) -> float:
    if isinstance(error, RetryAfter):
        return min(_asked_s(error), _ASKED_S_MAX)
    return _PAUSES_S[min(failures, len(_PAUSES_S) - 1)]


def _asked_s(error: RetryAfter) -> float:
    """Return the seconds that Telegram asks us to wait."""
    asked = error.retry_after
    return float(asked if isinstance(asked, int) else asked.total_seconds())


def _tell(error: TelegramError) -> None:
    """Log why polling failed, with a cure where there is one."""
    if isinstance(error, Conflict):
        log.error("another process polls with this token; stop it, only one can")
    elif isinstance(error, InvalidToken):
        log.error("Telegram does not accept the token any more; copy a new one from BotFather if this goes on")
    elif isinstance(error, RetryAfter):
        log.warning("Telegram asks to wait with asking for updates", asked_s=_asked_s(error), again_in_s=min(_asked_s(error), _ASKED_S_MAX))
    else:
        log.warning("polling failed, going on", error=type(error).__name__)
