"""Everything that any logger writes, at DEBUG and unmasked, with the local variables of every traceback."""

from __future__ import annotations

import logging
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from chatbot import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


@contextmanager
def overheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collect every line of every logger at DEBUG, unmasked: what masks them is only the second lock."""
    written: list[str] = []

    class Everything(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(f"{record.getMessage()} {record.exc_info and traceback.format_exception(*record.exc_info)}")

    def note(_: object, __: str, event: Any) -> str:
        shown = structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=True, locals_max_string=10_000)
        )
        written.append(repr(shown(None, "", event)))
        raise structlog.DropEvent

    handler, root = Everything(), logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)
    structlog.configure(
        processors=[note], wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG), cache_logger_on_first_use=False
    )
    monkeypatch.setattr(logs, "masked", lambda text: text)
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(logging.WARNING)
        structlog.reset_defaults()
