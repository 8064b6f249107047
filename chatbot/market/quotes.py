"""Latest prices: one fetch serves everybody, and a price that cannot be trusted is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chatbot.errors import ExchangeError
from chatbot.model import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource, Quote


class QuoteBoard:
    """The last trusted quote of each instrument, with its age and what is wrong with it (domain 0: prices at most 60 s old)."""

    def __init__(self, source: PriceSource, clock: Clock, *, max_age_s: float = 60.0, max_jump: float = 0.5) -> None:
        self._source = source
        self._clock = clock
        self._max_age_s = max_age_s
        self._max_jump = max_jump
        self._trusted: dict[str, Quote] = {}
        #: the newest answer where it was refused
        self._refused: dict[str, Quote] = {}
        #: process time of the last fetch that answered; None before the first one
        self.fetched_at: datetime | None = None

    async def refresh(self, instruments: Collection[str]) -> None:
        """Fetch once for everybody. A fetch that fails keeps the old quotes, which then grow stale."""
        try:
            answers = await self._source.quotes(instruments)
        except ExchangeError:
            return
        self.fetched_at = self._clock.now()
        for instrument, quote in answers.items():
            self._take(instrument, quote)

    def _take(self, instrument: str, quote: Quote) -> None:
        """Trust a quote, or keep it aside: a zero always, a jump until the next fetch says the same."""
        suspect = self._refused.pop(instrument, None)
        old = self._trusted.get(instrument)
        if not _positive(quote):
            self._refused[instrument] = quote
        elif old is None or self._near(quote, old) or (suspect is not None and _positive(suspect) and self._near(quote, suspect)):
            self._trusted[instrument] = quote
        else:
            self._refused[instrument] = quote

    def _near(self, quote: Quote, other: Quote) -> bool:
        """Tell whether two prices are within the largest believable jump of each other."""
        return abs(float(quote.price / other.price) - 1) <= self._max_jump

    def get(self, instrument: str) -> Quote | None:
        """Return the last trusted quote whatever its age; None when there never was one."""
        return self._trusted.get(instrument)

    def problem(self, instrument: str, now: datetime) -> Problem | None:
        """Tell why an instrument has no usable price at ``now``; None when it has one."""
        refused = self._refused.get(instrument)
        if refused is not None:
            return Problem(code="outlying_price" if _positive(refused) else "zero_price", instrument=instrument)
        quote = self._trusted.get(instrument)
        if quote is None:
            return Problem(code="missing_price", instrument=instrument)
        age = _age_s(quote, now)
        return Problem(code="stale_price", instrument=instrument, age_s=age) if age > self._max_age_s else None

    def usable(self, instruments: Iterable[str], now: datetime) -> tuple[dict[str, Quote], tuple[Problem, ...]]:
        """Sort instruments into quotes that may be used at ``now`` and problems, in the order given."""
        quotes: dict[str, Quote] = {}
        problems: list[Problem] = []
        for instrument in instruments:
            problem = self.problem(instrument, now)
            if problem is None:
                quotes[instrument] = self._trusted[instrument]
            else:
                problems.append(problem)
        return quotes, tuple(problems)

    def prices(self, order: Sequence[str]) -> NDArray[np.float64]:
        """Return valuation prices (A,) in the order given, nan where there is no usable one: for the float sieve only."""
        now = self._clock.now()
        numbers = [np.nan if self.problem(name, now) else float(self._trusted[name].price) for name in order]
        return np.array(numbers, dtype=np.float64)

    def oldest_age(self, instruments: Iterable[str], now: datetime) -> float | None:
        """Return the age in seconds of the oldest trusted quote among ``instruments``; None when there is none."""
        ages = [_age_s(self._trusted[name], now) for name in instruments if name in self._trusted]
        return max(ages, default=None)


def _positive(quote: Quote) -> bool:
    """Tell whether every price in a quote is a price; a crossed book is none."""
    return quote.bid > 0 and quote.ask >= quote.bid and quote.price > 0


def _age_s(quote: Quote, now: datetime) -> float:
    return (now - quote.at).total_seconds()
