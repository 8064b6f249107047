"""What a log line looks like: structured, with ids, readable on a terminal, one JSON object a line elsewhere; never a secret."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.typing import WrappedLogger

#: the shape of a bot token, wherever it turns up, in an address too
_TOKEN = re.compile(r"(?:bot)?\d{6,20}(?::|%3[Aa])[A-Za-z0-9_-]{20,}")


def masked(text: str) -> str:
    """Return ``text`` without anything that looks like a bot token."""
    return _TOKEN.sub("[token]", text)


def without_tokens(_: WrappedLogger, __: str, line: object) -> str:
    """Mask a line that is ready to be written: whatever value a token hid in, tracebacks included."""
    return masked(str(line))


class _NoTokens(logging.Formatter):
    """Masks the finished line of a library: text, arguments and traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write what ends the process, masked like every other line."""
    sys.stderr.write(masked("".join(traceback.format_exception(kind, error, trace))))


def set_up(level: str) -> None:
    """Configure logging for the whole process; libraries are heard from WARNING on."""
    sys.excepthook = _last_words
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_NoTokens("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=max(logging.getLevelNamesMapping()[level], logging.WARNING), handlers=[handler], force=True)
    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
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
