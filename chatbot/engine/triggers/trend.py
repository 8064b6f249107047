"""Trend exhaustion: several weak signs that a strong trend might be ending, and one score (domain 6).

It trims futures only, and it has no proven edge (domain 6.3): propose it, do not rely on it. Nothing at bar t uses data after
t. Prices are decimals, because confirmations are thresholds; RSI and the rate of change are statistics, so floats. The longs of
a rise and the shorts of a fall are looked at with the same eyes: for shorts every price is negated first, which turns lows into
highs and RSI into 100 - RSI (domain 6.2).
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.engine.triggers import trend_latch
from chatbot.engine.triggers.trend_latch import HOLD, Latch
from chatbot.engine.triggers.trigger import Bars, Params, Reads, SetBy, Standing, Subject, Trigger, Unit, given, knob
from chatbot.engine.triggers.waves import HIGH, check_series, elliott, fib_level, last_triples, mirrored, zigzag
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.engine.triggers.waves import Pivot

RSI_PERIOD = 14
_SHOULDER = 3
#: bars between the two highs of a divergence
_NEAR, _FAR = 5, 60
#: bars a divergence stays news after it became visible
_FRESH = 10
_ROC_BARS = 10
_WEIGHTS = {"divergence": Decimal("0.35"), "fib": Decimal("0.25"), "elliott": Decimal("0.25"), "confirm": Decimal("0.15")}
_FIRE, _STRONG = Decimal("0.50"), Decimal("0.75")
_HALF, _ONE, _ZERO = Decimal("0.5"), Decimal(1), Decimal(0)


def rsi(closes: Sequence[Decimal], period: int = RSI_PERIOD) -> list[float | None]:
    """Return Wilder's RSI for every bar, None before bar ``period`` (domain 6.1). Raises ``Refused``: bad_parameter."""
    averages = _averages(closes, period)
    unknown: list[float | None] = [None] * (len(closes) - len(averages))
    return unknown + [_rsi(gain, loss) for gain, loss in averages]


def _averages(closes: Sequence[Decimal], period: int) -> list[tuple[float, float]]:
    """Return Wilder's average gain and loss for every bar from ``period`` on."""
    if period < 1:
        raise Refused("bad_parameter", "period")
    c = list(map(float, closes))
    if len(c) <= period:
        return []
    moves = [b - a for a, b in itertools.pairwise(c)]
    gain = sum(max(m, 0.0) for m in moves[:period]) / period
    loss = sum(max(-m, 0.0) for m in moves[:period]) / period
    averages, rest = [(gain, loss)], period - 1
    for m in moves[period:]:
        if m > 0:
            gain, loss = (rest * gain + m) / period, rest * loss / period
        else:
            gain, loss = rest * gain / period, (rest * loss - m) / period
        averages.append((gain, loss))
    return averages


def _rsi(gain: float, loss: float) -> float:
    """Return 100 without losses, 50 when nothing moved."""
    if loss == 0:
        return 100.0 if gain else 50.0
    return 100 - 100 / (1 + gain / loss)


def pivot_highs(closes: Sequence[Decimal], t: int) -> list[int]:
    """Return the bars of the pivot highs visible at ``t``: above the 3 closes before, not below any of the 3 after."""
    return [i for i in range(_SHOULDER, t - _SHOULDER + 1) if _is_high(closes, i)]


def _is_high(closes: Sequence[Decimal], i: int) -> bool:
    here, s = closes[i], _SHOULDER
    return closes[i - 1] < here >= closes[i + 1] and here > max(closes[i - s : i]) and here >= max(closes[i + 1 : i + s + 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Highs:
    """The two highs that the divergence search compares: a the earlier, b the last."""

    a: int
    b: int
    rsi_a: float
    rsi_b: float


def find_highs(closes: Sequence[Decimal], t: int) -> Highs | None:
    """Return the last visible high and, 5 to 60 bars before it, the one with the highest RSI; None when there is no pair.

    Raises ``Refused``: bad_parameter for a bar that is not there.
    """
    _check_bar(closes, t)
    b = next((i for i in range(t - _SHOULDER, _SHOULDER - 1, -1) if _is_high(closes, i)), None)
    if b is None:
        return None
    # nothing has an RSI before bar 14
    earlier = [i for i in range(max(b - _FAR, RSI_PERIOD), b - _NEAR + 1) if _is_high(closes, i)]
    if not earlier:
        return None
    averages = _averages(closes[: b + 1], RSI_PERIOD)
    # the largest pair is the highest RSI, and the later bar among equals
    rsi_a, a = max((_rsi(*averages[i - RSI_PERIOD]), i) for i in earlier)
    return Highs(a=a, b=b, rsi_a=rsi_a, rsi_b=_rsi(*averages[b - RSI_PERIOD]))


def diverges(closes: Sequence[Decimal], t: int, pair: Highs | None) -> bool:
    """Tell whether price made a higher high on a weaker RSI, lately and without a still higher close since (domain 6.1).

    ``pair`` is what ``find_highs`` returns for the same bar.
    """
    if pair is None:
        return False
    higher_on_less = closes[pair.b] > closes[pair.a] and pair.rsi_b <= pair.rsi_a - 2 and pair.rsi_a >= 60
    fresh = t - (pair.b + _SHOULDER) <= _FRESH
    return higher_on_less and fresh and max(closes[pair.b : t + 1]) == closes[pair.b]


def _check_bar(closes: Sequence[Decimal], t: int) -> None:
    if not 0 <= t < len(closes):
        raise Refused("bad_parameter", "t")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhaustion:
    """The votes at one bar and what they add up to."""

    score: Decimal
    #: how many of divergence, fib and elliott voted
    families: int
    #: share of the long (or short) futures to trim
    trim: Decimal
    divergence: Decimal
    fib: Decimal
    #: highest projection that was reached; None when none was
    fib_level: Decimal | None
    elliott: Decimal
    confirm: Decimal
    #: bar of the last confirmed swing high (for shorts low); None before the first
    pivot: int | None


def exhaustion(
    closes: Sequence[Decimal], volumes: Sequence[Decimal], t: int, pct: Decimal = Decimal("0.10"), *, short: bool = False
) -> Exhaustion:
    """Score a trend at bar ``t`` (domain 6.2), a rise, or with ``short`` a fall.

    ``pct`` is the zigzag's threshold: 0.10 on daily bars, 0.05 on 4-hour bars. Raises ``Refused``: bad_parameter, bad_price.
    """
    _check_bar(closes, t)
    check_series(closes[: t + 1], pct)
    history = mirrored(closes[: t + 1]) if short else closes[: t + 1]
    pivots = zigzag(history, pct).pivots
    pair = find_highs(history, t)
    fib, level = _vote_fib(history, pivots)
    status = elliott(pivots, history[t]).status
    votes = {
        "divergence": _ONE if diverges(history, t, pair) else _ZERO,
        "fib": fib,
        "elliott": {"complete": _ONE, "wave5": _HALF}.get(status or "", _ZERO),
        "confirm": _ZERO if pair is None else _vote_confirm(history, volumes, pair),
    }
    with wide():
        score = sum((_WEIGHTS[name] * vote for name, vote in votes.items()), _ZERO)
    families = sum(votes[name] > 0 for name in ("divergence", "fib", "elliott"))
    pivot = next((p.bar for p in reversed(pivots) if p.kind == HIGH), None)
    return Exhaustion(score=score, families=families, trim=_trim(score, families), fib_level=level, pivot=pivot, **votes)


def _trim(score: Decimal, families: int) -> Decimal:
    if families < 2 or score < _FIRE:
        return _ZERO
    return Decimal("0.50") if score >= _STRONG else Decimal("0.25")


def _vote_fib(closes: Sequence[Decimal], pivots: Sequence[Pivot]) -> tuple[Decimal, Decimal | None]:
    """Return (vote, level): the higher vote of the last two low-high-low triples."""
    best: tuple[Decimal, Decimal | None] = (_ZERO, None)
    for A, B, C in last_triples(pivots):
        level = fib_level(A.price, B.price, C.price, max(closes[C.bar :]))
        if level is not None and level > (best[1] or _ZERO):
            best = (_ONE if level >= Decimal("1.618") else _HALF if level >= Decimal("1.272") else _ZERO, level)
    return best


def _vote_confirm(closes: Sequence[Decimal], volumes: Sequence[Decimal], pair: Highs) -> Decimal:
    """Vote half for volume drying up at the second high, half for a slower rise into it."""
    with wide():
        vote = _ZERO
        at_a, at_b = (sum(volumes[i - _SHOULDER + 1 : i + 1], _ZERO) for i in (pair.a, pair.b))
        if at_b < Decimal("0.8") * at_a:
            vote += _HALF
        if pair.a >= _ROC_BARS:
            a0, b0 = closes[pair.a - _ROC_BARS], closes[pair.b - _ROC_BARS]
            # rates of change compared as products: (b - b0) / |b0| < (a - a0) / |a0|
            if (closes[pair.b] - b0) * abs(a0) < (closes[pair.a] - a0) * abs(b0):
                vote += _HALF
        return vote


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendState(Latch):
    """What is remembered of one asset with long (or short) futures."""

    #: price and RSI of the high (or low) that stood last at the bar that fired; None when none is latched, or none was visible
    price_b: Decimal | None = None
    rsi_b: float | None = None


def advance(
    state: TrendState, closes: Sequence[Decimal], times: Sequence[int], found: Exhaustion, *, hold_bars: int = HOLD, short: bool = False
) -> TrendState:
    """Take the newest closed bar (domain 6.2): a high trims once, and its trim ends when the trend resumes or 20 bars have passed.

    ``found`` is the exhaustion of that bar, ``times`` say when each bar closed, in any unit. ``short`` is for short futures in a fall:
    it resumes with a close below the low at a weaker RSI.
    """
    if not state.trim and found.trim <= 0:
        return state
    pivot = None if found.pivot is None else times[found.pivot]
    if state.trim and not state.fired and pivot is not None:
        # stored by a version that did not write down whose trim it is
        state = replace(state, fired={pivot: state.trim})
    t, strength = len(closes) - 1, rsi(closes)
    resumed = _resumed(state, closes[t], strength[t], short=short)
    after, _ = trend_latch.advance(state, trend_latch.Reading(trim=found.trim, pivot=pivot, resumed=resumed), hold_bars)
    if not after.trim:
        return replace(after, price_b=None, rsi_b=None)
    if after.bars:
        return after
    peaks = pivot_highs(mirrored(closes) if short else closes, t)
    return replace(after, price_b=closes[peaks[-1]] if peaks else None, rsi_b=strength[peaks[-1]] if peaks else None)


def _resumed(state: TrendState, close: Decimal, strength: float | None, *, short: bool) -> bool:
    """Tell whether price and RSI have passed those of the high (or low) that gave the trim."""
    if state.price_b is None or state.rsi_b is None or strength is None:
        return False
    if short:
        return close < state.price_b and strength < state.rsi_b
    return close > state.price_b and strength > state.rsi_b


@lru_cache(maxsize=16)
def _found(seen: Bars, pct: Decimal) -> Exhaustion:
    """Score the newest bar once for both who ask: what is shown of it, and the step that it makes."""
    return exhaustion(seen.closes, seen.volumes, len(seen.closes) - 1, pct)


def _score(_: TrendState, seen: Bars, p: Params) -> Decimal | None:
    return _found(seen, p["zigzag"]).score if seen.closes else None


def _step(state: TrendState, seen: Bars, p: Params) -> TrendState:
    if not seen.closes:
        return trend_latch.advance(state, trend_latch.Reading(trim=None))[0]
    return advance(state, seen.closes, seen.times, _found(seen, p["zigzag"]))


def _standing(state: TrendState, _: Params) -> Standing:
    return Standing(active=state.trim > 0, size=state.trim or None, count=state.bars, needed=HOLD if state.trim else 1)


TRIGGER = Trigger(
    name="trend",
    per=Subject.CONTRACT,
    reads=Reads.BARS,
    below=False,
    # the score's limits are not knobs: domain 6.3 found no edge, so tuning them would be fooling oneself
    # wider swings are so rare that the window would have to reach back for years: where it is cut would decide
    parameters=(knob("zigzag", "0.10", "0.03", "0.20", Unit.SHARE), given("score", "0.5", Unit.SCORE, SetBy.RULE)),
    enter="score",
    leave="score",
    ends_at_limit=False,
    state=TrendState,
    start=lambda _: TrendState(),
    advance=_step,
    show=_score,
    standing=_standing,
)
