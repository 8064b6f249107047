"""Closed bars as one table of numbers: months of hours are read as statistics, so a bar becomes exact only when somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, overload

import numpy as np

from chatbot.engine.finite import finite
from chatbot.exchanges.base import Candle

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EIGHTH = Decimal("1e-8")
#: from here on floats are further apart than eight decimals
_WHOLE = 2.0**26


class CandleTable(Sequence[Candle]):
    """Bars of one instrument, oldest first, at most eight decimals each; what is taken out of it is a :class:`Candle`."""

    __slots__ = ("at_us", "rows")

    def __init__(self, at_us: NDArray[np.int64], rows: NDArray[np.float64]) -> None:
        """``at_us`` are opening times in microseconds since 1970, ``rows`` (bar, 5): open, high, low, close, volume."""
        self.at_us = at_us
        self.rows = rows

    @classmethod
    def of(cls, candles: Sequence[Candle]) -> CandleTable:
        """Return bars as a table, without those that hold what is no number; one that is a table already is handed back."""
        if isinstance(candles, CandleTable):
            return candles
        candles = [c for c in candles if all(finite(value) is not None for value in (c.open, c.high, c.low, c.close, c.volume))]
        at = [(candle.at - _EPOCH) // _MICROSECOND for candle in candles]
        rows = [[float(value) for value in (c.open, c.high, c.low, c.close, c.volume)] for c in candles]
        return cls(np.array(at, dtype=np.int64), np.array(rows, dtype=np.float64).reshape(-1, 5))

    def __len__(self) -> int:
        return len(self.at_us)

    @overload
    def __getitem__(self, index: int) -> Candle: ...
    @overload
    def __getitem__(self, index: slice) -> CandleTable: ...
    def __getitem__(self, index: int | slice) -> Candle | CandleTable:
        if isinstance(index, slice):
            return CandleTable(self.at_us[index], self.rows[index])
        first, high, low, close, volume = (Decimal(f"{value:.8f}") for value in self.rows[index].tolist())
        at = _EPOCH + timedelta(microseconds=int(self.at_us[index]))
        return Candle(at=at, open=first, high=high, low=low, close=close, volume=volume)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # equal to other sequences, as a list is


def turned(bar: Candle) -> Candle:
    """Return a bar of what one coin costs in another as that of the other in the one."""
    first, high, low, last = ((1 / price).quantize(_EIGHTH) for price in (bar.open, bar.low, bar.high, bar.close))
    return Candle(at=bar.at, open=first, high=high, low=low, close=last, volume=bar.volume * bar.close)


def eight_decimals(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to eight decimals, bit by bit as writing each number out and reading it again does, all at once.

    Multiplying, rounding and dividing does it, but for the few whose product is too close to a half to be told.
    """
    scaled = values * 1e8
    whole = np.floor(scaled)
    result = np.rint(scaled) / 1e8
    coarse = np.abs(values) >= _WHOLE
    unclear = ~coarse & (np.abs(scaled - whole - 0.5) <= np.spacing(np.abs(scaled)))
    result[unclear] = [round(value, 8) for value in values[unclear].tolist()]
    return np.where(coarse, values, result)
