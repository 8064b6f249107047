"""Latest prices: one fetch serves everybody, and a price that cannot be trusted is refused by name.

Ages are those of the process's monotonic clock, so that a time of day that is set back makes nothing fresh (domain 0).
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from chatbot.engine.finite import all_finite, finite_prices
from chatbot.errors import ExchangeError
from chatbot.exchanges.base import PERP, asset_of, is_perp
from chatbot.model import Problem
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource, Quote

#: what a price is held against is as near as this, as a fraction: a basis and a few seconds lie between the two
_AGREES = 0.05
#: seconds by which the other price may be older
_SAME_LOOK_S = 15.0
#: seconds that a time of observation may lie ahead of the clock that reads it
_AHEAD_S = 1.0
#: the same for a time that the exchange tells: its clock and ours may differ
_TOLD_AHEAD_S = 30.0
#: seconds for which the exchange's own time may stand still in all that was asked for, as where nobody trades it
_CALM_S = 30.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """A quote and the monotonic reading of its observation; -inf where that is not known, and so is never fresh."""

    quote: Quote
    at: float


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why the newest answer is not believed, and since when the same was said."""

    code: str
    seen: _Seen


class QuoteBoard:
    """The last trusted quote of each instrument, with its age and what is wrong with it (domain 0: prices at most 60 s old)."""

    def __init__(
        self,
        source: PriceSource,
        clock: Clock,
        *,
        max_age_s: float = 60.0,
        max_jump: float = 0.5,
        max_spread: Decimal = Decimal("0.03"),
        confirm_s: float = 15.0,
    ) -> None:
        """``max_spread`` is a fraction of the middle; ``confirm_s`` are seconds of the market between two observations of a jump."""
        self._source = source
        self._clock = clock
        self._max_age_s = max_age_s
        self._max_jump = max_jump
        self._max_spread = max_spread
        self._confirm_s = confirm_s
        self._trusted: dict[str, _Seen] = {}
        #: the newest answer where it was refused
        self._refused: dict[str, _Refusal] = {}
        #: the latest time that the exchange has told of a spot market (False) and a contract (True), and the reading when it was heard
        self._newest: dict[bool, tuple[datetime, float]] = {}
        #: monotonic reading of the last fetch that answered; None before the first one
        self._fetched: float | None = None

    async def refresh(self, instruments: Collection[str]) -> None:
        """Fetch once for everybody. A fetch that fails keeps the old quotes, which then grow stale."""
        try:
            answers = await self._source.quotes(instruments)
        except ExchangeError:
            return
        self._fetched = self._clock.monotonic()
        self._take_all(answers)

    @property
    def fetch_age_s(self) -> float:
        """Return the seconds since the last fetch that answered; infinite before the first one."""
        return inf if self._fetched is None else self._clock.monotonic() - self._fetched

    def _take_all(self, answers: Mapping[str, Quote]) -> None:
        """Look at the answers one by one; what is wrong with one of them is its own trouble."""
        self._note_times(answers)
        middles = finite_prices({name: {"bid": quote.bid, "ask": quote.ask} for name, quote in answers.items()}).mid
        sound: dict[str, _Seen] = {}
        for name, quote in answers.items():
            code = self._fault(quote, middles[name])
            seen = _Seen(quote, self._observed(name, quote))
            if code:
                self._refused[name] = _Refusal(code, seen)
            else:
                sound[name] = seen
        for name, seen in sound.items():
            self._take(name, seen, sound)

    def _note_times(self, answers: Mapping[str, Quote]) -> None:
        """Note when the exchange's own time last went on: where it stands still for all coins, the answers are those of before."""
        latest = self._clock.now() + timedelta(seconds=_TOLD_AHEAD_S)
        for name, quote in answers.items():
            known = self._newest.get(is_perp(name))
            if quote.told_at is not None and quote.told_at <= latest and (known is None or quote.told_at > known[0]):
                self._newest[is_perp(name)] = quote.told_at, self._clock.monotonic()

    def _fault(self, quote: Quote, middle: Decimal | None) -> str:
        """Return why a quote is no price by itself; empty when it is one."""
        if not all_finite((quote.bid, quote.ask, quote.mark, quote.volume, quote.funding_rate, quote.last)):
            return "bad_price"
        if quote.ask < quote.bid:
            return "bad_price"
        if middle is None or quote.price <= 0:
            return "zero_price"
        return "wide_spread" if quote.ask - quote.bid > self._max_spread * middle else ""

    def _observed(self, name: str, quote: Quote) -> float:
        """Return the monotonic reading of the observation; a repeated answer keeps its first, one from the future has none.

        Where the exchange tells its time, it is hardly younger than the moment at which that last went on.
        """
        newest = self._newest.get(is_perp(name)) if quote.told_at is not None else None
        at = self._heard(name, quote)
        return at if newest is None else min(at, newest[1] + _CALM_S)

    def _heard(self, name: str, quote: Quote) -> float:
        for known in (self._trusted.get(name), refusal.seen if (refusal := self._refused.get(name)) else None):
            if known is not None and known.quote.at == quote.at and known.quote.seen == quote.seen:
                return known.at
        now = self._clock.monotonic()
        if quote.seen is not None:
            return quote.seen if quote.seen <= now else -inf
        age = (self._clock.now() - quote.at).total_seconds()
        return now - max(0.0, age) if age >= -_AHEAD_S else -inf

    def _take(self, name: str, seen: _Seen, answers: Mapping[str, _Seen]) -> None:
        """Trust a sound quote, or keep it aside: a jump until another observation or another source says the same."""
        before = self._refused.pop(name, None)
        old = self._trusted.get(name)
        if old is None or self._near(seen.quote, old.quote) or _second_source(name, seen, answers):
            self._trusted[name] = seen
            return
        first = (
            before.seen if before is not None and before.code == "outlying_price" and self._near(seen.quote, before.seen.quote) else seen
        )
        if self._apart_s(first, seen) >= self._confirm_s:
            self._trusted[name] = seen
        else:
            self._refused[name] = _Refusal("outlying_price", first)

    def _apart_s(self, first: _Seen, second: _Seen) -> float:
        """Return the seconds of the market's clock between two observations; none where the exchange itself says it is the same one."""
        if first.at == -inf or (first.quote.told_at is not None and first.quote.told_at == second.quote.told_at):
            return 0.0
        now = self._clock.now()
        before = now - timedelta(seconds=second.at - first.at)
        return (self._source.market_time(now) - self._source.market_time(before)).total_seconds()

    def _near(self, quote: Quote, other: Quote) -> bool:
        """Tell whether two prices are within the largest believable jump of each other."""
        return abs(float(quote.price / other.price) - 1) <= self._max_jump

    def get(self, instrument: str) -> Quote | None:
        """Return the last trusted quote whatever its age; None when there never was one."""
        seen = self._trusted.get(instrument)
        return seen.quote if seen else None

    def problem(self, instrument: str, now: datetime) -> Problem | None:
        """Tell why an instrument has no usable price at ``now``; None when it has one."""
        refused = self._refused.get(instrument)
        if refused is not None:
            return Problem(code=refused.code, instrument=instrument)
        seen = self._trusted.get(instrument)
        if seen is None:
            return Problem(code="missing_price", instrument=instrument)
        age = self._age_s(seen, now)
        if age <= self._max_age_s:
            return None
        return Problem(code="stale_price", instrument=instrument, age_s=None if age == inf else age)

    def usable(self, instruments: Iterable[str], now: datetime) -> tuple[dict[str, Quote], tuple[Problem, ...]]:
        """Sort instruments into quotes that may be used at ``now`` and problems, in the order given."""
        quotes: dict[str, Quote] = {}
        problems: list[Problem] = []
        for instrument in instruments:
            problem = self.problem(instrument, now)
            if problem is None:
                quotes[instrument] = self._trusted[instrument].quote
            else:
                problems.append(problem)
        return quotes, tuple(problems)

    def prices(self, order: Sequence[str]) -> NDArray[np.float64]:
        """Return valuation prices (A,) in the order given, nan where there is no usable one: for the float sieve only."""
        now = self._clock.now()
        numbers = [np.nan if self.problem(name, now) else float(self._trusted[name].quote.price) for name in order]
        return np.array(numbers, dtype=np.float64)

    def oldest_age(self, instruments: Iterable[str], now: datetime) -> float | None:
        """Return the age in seconds of the oldest trusted quote among ``instruments``; None when there is none, or it is not known."""
        oldest = max((self._age_s(self._trusted[name], now) for name in instruments if name in self._trusted), default=None)
        return None if oldest == inf else oldest

    def _age_s(self, seen: _Seen, now: datetime) -> float:
        """Return the age: the monotonic one, or that of the time of day where it is more, as after a night of the machine."""
        return max(self._clock.monotonic() - seen.at, (now - seen.quote.at).total_seconds())


def _second_source(name: str, seen: _Seen, answers: Mapping[str, _Seen]) -> bool:
    """Tell whether another price says the same: the last trade of a contract, or the other of spot and perpetual."""
    quote = seen.quote
    other = answers.get(asset_of(name) if is_perp(name) else name + PERP)
    others = [other.quote.price] if other is not None and other.at >= seen.at - _SAME_LOOK_S else []
    if quote.mark is not None and quote.last is not None and quote.last > 0:
        others.append(quote.last)
    return any(abs(float(quote.price / one) - 1) <= _AGREES for one in others)
