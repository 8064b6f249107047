"""What a log line looks like: structured, with ids, readable on a terminal, one JSON object a line elsewhere; never a secret."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from structlog.typing import EventDict, WrappedLogger

#: the shape of a bot token, wherever it turns up, in an address too
_TOKEN = re.compile(r"(?:bot)?\d{6,20}(?::|%3[Aa])[A-Za-z0-9_-]{20,}")

#: how often the same line is written in a minute, and how many different lines are remembered for that
SAME_MAX, _LINES_MAX, _MINUTE_S = 5, 1000, 60.0
#: characters of an error that is told without its traceback
_SAID_MAX = 300


#: a secret of fewer characters would mask ordinary words
_SECRET_MIN = 6
_hidden: set[str] = set()


def hide(secrets: Iterable[str]) -> None:
    """Mask these values from now on wherever they are written: as they are, in an address, in JSON or quoted, and one in the other."""
    for secret in secrets:
        if len(secret) >= _SECRET_MIN:
            once = _spellings(secret)
            _hidden.update(*map(_spellings, once))


def _spellings(text: str) -> set[str]:
    return {text, quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1], repr(text)[1:-1]}


def masked(text: str) -> str:
    """Return ``text`` without anything that looks like a bot token, and without what :func:`hide` was told."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return _TOKEN.sub("[token]", text)


def without_tokens(_: WrappedLogger, __: str, line: object) -> str:
    """Mask a line that is ready to be written: whatever value a token hid in, tracebacks included."""
    return masked(str(line))


class Throttle:
    """Lets the same line through a few times a minute, and says afterwards how many were left out: a full disk must not be filled by it.

    Only the first of them has its traceback, which is most of it.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        #: line -> (when its minute began, how many came since)
        self._seen: dict[object, tuple[float, int]] = {}

    def passes(self, line: object) -> tuple[bool, int]:
        """Tell whether a line is to be written, and how many like it were left out before."""
        now = self._now()
        begun, count = self._seen.get(line, (now, 0))
        left_out = 0
        if now - begun >= _MINUTE_S:
            left_out, begun, count = max(0, count - SAME_MAX), now, 0
        if len(self._seen) > _LINES_MAX:
            self._seen.clear()
        self._seen[line] = (begun, count + 1)
        return count < SAME_MAX, left_out

    def has_passed(self, line: object) -> bool:
        """Tell whether another line like one that passes now has passed in this minute."""
        return self._seen.get(line, (0.0, 0))[1] > 1

    def __call__(self, _: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """Work as a processor of our own lines: from warnings on, each plan and portfolio by itself."""
        if method in ("debug", "info"):
            return event
        raised = sys.exc_info()[0] if event.get("exc_info") is True else type(event.get("exc_info"))
        line = (method, event.get("event"), event.get("plan"), event.get("portfolio"), raised)
        goes, left_out = self.passes(line)
        if not goes:
            raise structlog.DropEvent
        if event.get("exc_info") and self.has_passed(line):
            error = sys.exc_info()[1] if event["exc_info"] is True else event["exc_info"]
            event = {**event, "exc_info": None, "error": repr(error)[:_SAID_MAX]}
        return {**event, "left_out": left_out} if left_out else event

    def filter(self, record: logging.LogRecord) -> bool:
        """Work as a filter of a library's lines."""
        line = (record.name, record.levelno, str(record.msg)[:80])
        goes, left_out = self.passes(line)
        if goes and left_out:
            record.msg = f"{record.msg} ({left_out} like it left out)"
        if goes and record.exc_info and self.has_passed(line):
            said = repr(record.exc_info[1])[:_SAID_MAX]
            record.msg, record.exc_info = f"{record.msg}: {said.replace('%', '%%') if record.args else said}", None
        return goes


class _NoTokens(logging.Formatter):
    """Masks the finished line of a library: text, arguments and traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


def last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write what ends the process, masked like every other line."""
    sys.stderr.write(masked("".join(traceback.format_exception(kind, error, trace))))


def set_up(level: str) -> None:
    """Configure logging for the whole process; libraries are heard from WARNING on."""
    sys.excepthook = last_words
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Throttle().filter)
    handler.setFormatter(_NoTokens("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=max(logging.getLevelNamesMapping()[level], logging.WARNING), handlers=[handler], force=True)
    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            Throttle(),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(default=str),
            without_tokens,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
