"""Volatility spikes: seven-day realised volatility against its own baseline (domain 5).

Legend: sigma realised volatility per year, base its baseline, t target weight, w0 weight at onset,
k = clip(base0 / sigma, k_min, 1), cap = k min(t, w0).
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import fsum, log, sqrt
from typing import TYPE_CHECKING, TypeVar

from chatbot.engine.errors import Refused
from chatbot.engine.exact import WIDE, exact, plain, to_decimal
from chatbot.engine.finite import check_floats
from chatbot.engine.triggers.trigger import Params, Reads, Standing, Subject, Trigger, Unit, VolReading, knob, switch
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

Price = TypeVar("Price", Decimal, float)
HOURS_PER_YEAR = 8760
_OVERLAP_DAYS = 7
#: fewer hours than these say nothing yet
_WATCH_HOURS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A realised volatility and how many returns it rests on."""

    #: per year; None = unknown (too few returns)
    sigma: float | None
    n: int


def realised_vol(prices: Sequence[float | None], interval_hours: float, coverage: float = 0.9) -> Reading:
    """Return the root mean square of the log returns per year, mean not subtracted (domain 5.1). Statistics, so floats.

    ``prices`` are closes one interval apart, None where one is missing; below ``coverage`` of the expected returns the
    volatility is unknown. Raises ``Refused``: bad_interval, bad_price, bad_parameter.
    """
    return _realised(tuple(prices), interval_hours, coverage)


@lru_cache(maxsize=512)
def _realised(prices: tuple[float | None, ...], interval_hours: float, coverage: float) -> Reading:
    """Work a series out once: it is in the costs of every plan."""
    check_sampling(interval_hours, coverage)
    return vol_of(squared_returns(prices), interval_hours, coverage)


def squared_returns(prices: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return ln(b / a)^2 for each two closes in a row, None where one of them is missing.

    Raises ``Refused``: bad_price, bad_parameter.
    """
    check_floats(prices)
    known = [price for price in prices if price is not None]
    if known and min(known) <= 0:
        raise Refused("bad_price")
    return tuple([None if a is None or b is None else log(b / a) ** 2 for a, b in itertools.pairwise(prices)])


def vol_of(squares: Sequence[float | None], interval_hours: float, coverage: float = 0.9) -> Reading:
    """Return ``realised_vol`` of the prices whose squared returns these are; windows that overlap share them.

    Raises ``Refused``: bad_interval, bad_parameter.
    """
    check_sampling(interval_hours, coverage)
    known = [square for square in squares if square is not None]
    n, expected = len(known), len(squares)
    if n == 0 or (n < expected and n < Fraction(str(coverage)) * expected):
        return Reading(sigma=None, n=n)
    return Reading(sigma=sqrt(HOURS_PER_YEAR / interval_hours * fsum(known) / n), n=n)


def check_sampling(interval_hours: float, coverage: float) -> None:
    """Refuse an interval that is none (``bad_interval``) and a coverage outside 0 to 1 (``bad_parameter``)."""
    check_floats((interval_hours, coverage))
    if interval_hours <= 0:
        raise Refused("bad_interval")
    if not 0 <= coverage <= 1:
        raise Refused("bad_parameter", "coverage")


def vol_baseline(
    history: Sequence[Decimal | None], *, window: int = 30, lag: int = _OVERLAP_DAYS, least: int = 15
) -> tuple[Decimal | None, int]:
    """Return (median, n) of the readings that end ``lag`` days before the newest (domain 5.2); None = unknown.

    ``history`` holds one reading a day, newest last, None where unknown.
    """
    older = list(history[: max(0, len(history) - lag)])[-window:]
    known = sorted(reading for reading in older if reading is not None)
    n = len(known)
    if n < least:
        return None, n
    return to_decimal((exact(known[(n - 1) // 2]) + exact(known[n // 2])) / 2), n


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeRule:
    """When a spike begins and ends, and how deep it cuts."""

    enter: Decimal = Decimal(2)
    exit: Decimal = Decimal("1.5")
    #: calm readings in a row that end it
    confirm: int = 2
    #: smallest baseline
    floor: Decimal = Decimal("0.05")
    k_min: Decimal = Decimal("0.25")
    #: k moves only when it falls below this share of itself
    ratchet: Decimal = Decimal("0.9")
    #: daily evaluations after which the new level is the new normal
    max_days: int = 30
    #: begin only where the price has fallen (domain 5.4); it deepens and ends whatever the price does
    down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeState:
    """What is remembered of one asset between daily readings."""

    active: bool = False
    #: factor on the position, 1 when inactive; a third, say, is rounded here
    k: Decimal = Decimal(1)
    #: the volatility that k was taken from, so that it can be compared exactly; None when inactive, or stored by an earlier version
    peak: Decimal | None = None
    #: largest weight; None when inactive
    cap: Decimal | None = None
    #: baseline frozen at onset; None when inactive
    base: Decimal | None = None
    #: min(t, weight at onset); None when inactive
    anchor: Decimal | None = None
    #: calm readings in a row
    calm: int = 0
    #: evaluations since onset
    age: int = 0


_QUIET = SpikeState()


def advance(
    state: SpikeState,
    target: Decimal,
    sigma: Decimal | None,
    base: Decimal | None,
    weight: Decimal | None,
    rule: SpikeRule | None = None,
    *,
    fallen: bool = False,
) -> SpikeState:
    """Take one daily reading (domain 5.3); None marks what is unknown, which neither starts nor ends a spike.

    ``fallen`` is what :func:`has_fallen` says of the price; only a rule that asks for the direction looks at it.
    """
    r = rule or SpikeRule()
    if state.active:
        return _hold(state, sigma, r)
    if sigma is None or base is None or weight is None or (r.down and not fallen):
        return state
    level = max(base, r.floor)
    if exact(sigma) < exact(r.enter) * exact(level):
        return state
    k, anchor = _k(level, sigma, r), min(target, weight)
    return SpikeState(active=True, k=to_decimal(k), peak=sigma, cap=capped(k, target, weight), base=level, anchor=anchor)


def has_fallen(price: Price | None, week_ago: Price | None) -> bool:
    """Tell whether a price is below where it stood seven days before (domain 5.4); not where either is unknown."""
    return price is not None and week_ago is not None and price < week_ago


def _hold(state: SpikeState, sigma: Decimal | None, r: SpikeRule) -> SpikeState:
    """Count towards the release, or ratchet the cut down while volatility rises further."""
    older = replace(state, age=state.age + 1)
    if sigma is None or state.base is None or state.anchor is None:
        return older
    calm = older.calm + 1 if exact(sigma) <= exact(r.exit) * exact(state.base) else 0
    if calm >= r.confirm or older.age >= r.max_days:
        return _QUIET
    k = _k(state.base, sigma, r)
    if k < exact(r.ratchet) * factor(state, r):
        older = replace(older, k=to_decimal(k), peak=sigma, cap=capped(k, state.anchor, state.anchor))
    return replace(older, calm=calm)


def capped(k: Decimal | Fraction, target: Decimal, onset: Decimal) -> Decimal:
    """Return the largest weight of a coin in its spike, k min(t, w0), alone or with all coins of its portfolio (domain 5.3, 5.4)."""
    return to_decimal(Fraction(k) * exact(min(target, onset)))


def factor(state: SpikeState, rule: SpikeRule | None = None) -> Fraction:
    """Return the factor on the position exactly; 1 when inactive."""
    if state.peak is None or state.base is None:
        return exact(state.k)
    return _k(state.base, state.peak, rule or SpikeRule())


def _k(base: Decimal, sigma: Decimal, r: SpikeRule) -> Fraction:
    """Return clip(base / sigma, k_min, 1)."""
    if sigma <= 0:
        return Fraction(1)
    return min(max(exact(base) / exact(sigma), exact(r.k_min)), Fraction(1))


def watched(closes: Sequence[float | None], base: Decimal | None, rule: SpikeRule | None = None) -> Decimal | None:
    """Return how many times its usual a price has moved since its last reading, where that would begin a spike; else None (domain 5.4).

    ``closes`` are hourly from that reading on, of at least six hours. It is only told, and trades nothing.
    """
    r = rule or SpikeRule()
    if len(closes) <= _WATCH_HOURS or base is None:
        return None
    sigma = realised_vol(closes, 1).sigma
    if sigma is None:
        return None
    times = exact(Decimal(f"{sigma:.12g}")) / exact(max(base, r.floor))
    return round(to_decimal(times), 6) if times >= exact(r.enter) else None


def _rule(p: Params) -> SpikeRule:
    return _rule_of(p["enter"], p["exit"], p["days"], p["down"])


@lru_cache(maxsize=64)
def _rule_of(enter: Decimal, leave: Decimal, days: Decimal, down: Decimal) -> SpikeRule:
    """Make a rule once: every reading of every coin asks for it several times."""
    return SpikeRule(enter=enter, exit=leave, max_days=int(days), down=bool(down))


def _step(state: SpikeState, seen: VolReading, p: Params) -> SpikeState:
    """Step for a target and a weight of 1: the cap is then k, and a portfolio multiplies it with its own anchor."""
    return advance(state, Decimal(1), seen.sigma, seen.base, Decimal(1), _rule(p), fallen=seen.fallen)


def _times_base(state: SpikeState, seen: VolReading, p: Params) -> Decimal | None:
    """Return how many times its baseline the volatility is: the frozen one while a spike lasts."""
    base = state.base if state.active else seen.base
    if seen.sigma is None or base is None:
        return None
    return round(plain(WIDE.divide(seen.sigma, max(base, _rule(p).floor))), 6)


def _watch(closes: Sequence[float | None], base: Decimal | None, p: Params) -> Decimal | None:
    return watched(closes, base, _rule(p))


def _standing(state: SpikeState, p: Params) -> Standing:
    confirm = _rule(p).confirm
    return Standing(active=state.active, size=state.k if state.active else None, count=state.calm, needed=confirm if state.active else 1)


TRIGGER = Trigger(
    name="volatility",
    per=Subject.ASSET,
    reads=Reads.VOLATILITY,
    below=False,
    parameters=(
        knob("enter", "2", "1.2", "5", Unit.TIMES),
        knob("exit", "1.5", "1", "4", Unit.TIMES),
        knob("days", "30", "5", "60", Unit.DAYS),
        switch("down"),
        switch("together"),
    ),
    enter="enter",
    leave="exit",
    state=SpikeState,
    start=lambda _: SpikeState(),
    advance=_step,
    show=_times_base,
    watch=_watch,
    standing=_standing,
)
