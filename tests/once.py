"""What a worker does once, although every program that a test starts would do it again.

Statements are compiled, the recorded market is read, and volatilities of the same closes are worked out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.sqlite.base import SQLiteDialect as Dialect
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

from chatbot.engine.triggers import volatility
from chatbot.exchanges.markets import replay
from chatbot.exchanges.markets.history import HOUR_MS
from tests.places import DATA

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.exchanges.markets.history import Bars


def compile_once() -> None:
    """Let all databases, the durable work's too, share the statements that one has compiled: engines look them up by their own dialect."""
    compiled: LRUCache[Any, Any] = LRUCache(5000)
    begin = Engine.__init__

    def begun(self: Engine, *args: Any, **more: Any) -> None:
        begin(self, *args, **more)
        if isinstance(self.dialect, Dialect):
            self._compiled_cache = compiled

    Engine.__init__ = begun  # type: ignore[method-assign]
    Dialect.__eq__ = lambda self, other: type(other) is type(self)  # type: ignore[method-assign]
    Dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]


def read_once() -> None:
    """Let all replays share the recorded candles, which nobody changes."""
    read, kept = replay.read_bars, lru_cache(maxsize=None)(replay.read_bars)

    def bars(file: Path, span_ms: int = HOUR_MS) -> Bars:
        return kept(file, span_ms) if DATA in file.parents else read(file, span_ms)

    replay.read_bars = bars


def work_out_once() -> None:
    """Let all programs share the volatilities of the same closes: each looks at a month of them when it starts."""
    volatility.squared_returns = lru_cache(maxsize=5000)(volatility.squared_returns)
    volatility.vol_of = lru_cache(maxsize=2000)(volatility.vol_of)
