"""Funding rates: units, eight-hour blocks, and the two triggers on them (domain 7).

Legend: r rate per settlement, h its interval in hours, f* target net futures exposure.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, Overflow
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.engine.triggers.trigger import Params, Reads, SetBy, Standing, Subject, Trigger, Unit, as_read, given, knob
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK_HOURS = 8
HOURS_PER_YEAR = 8760


@dataclass(frozen=True, slots=True, kw_only=True)
class Annualised:
    """One funding rate in the usual units, as fractions."""

    rate_8h: Decimal
    apr: Decimal
    apy: Decimal
    #: what the position earns (above 0) or pays, quote
    carry: Decimal


def annualise(rate: Decimal, interval_hours: Decimal, notional: Decimal, days: Decimal) -> Annualised:
    """Translate a rate per settlement (domain 7.1); ``notional`` is signed. Raises ``Refused``: bad_interval, bad_parameter."""
    if interval_hours <= 0:
        raise Refused("bad_interval")
    if rate <= -1:
        raise Refused("bad_parameter", "rate")
    with wide():
        per_year = Decimal(HOURS_PER_YEAR) / interval_hours
        try:
            compound = (1 + rate) ** per_year - 1
        except Overflow:
            raise Refused("bad_parameter", "interval") from None
        return Annualised(
            rate_8h=rate * BLOCK_HOURS / interval_hours,
            apr=rate * per_year,
            apy=compound,
            carry=-notional * rate * 24 * days / interval_hours,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One payment between longs and shorts."""

    #: hours since an origin at 00:00 UTC
    hour: Decimal
    rate: Decimal
    interval_hours: Decimal


def funding_blocks(settlements: Sequence[Settlement], start_hour: int, end_hour: int) -> list[Decimal | None]:
    """Sum the settlements of every whole block in (start, end] (domain 7.2); None where they do not cover 8 h exactly.

    Blocks end at multiples of 8 hours. Raises ``Refused``: bad_interval.
    """
    if any(s.interval_hours <= 0 for s in settlements) or end_hour < start_hour:
        raise Refused("bad_interval")
    first = -(-start_hour // BLOCK_HOURS) * BLOCK_HOURS + BLOCK_HOURS
    blocks: list[Decimal | None] = []
    for end in range(first, end_hour + 1, BLOCK_HOURS):
        paid = [s for s in settlements if end - BLOCK_HOURS < s.hour <= end]
        with wide():
            covered = sum((s.interval_hours for s in paid), Decimal(0))
            blocks.append(sum((s.rate for s in paid), Decimal(0)) if covered == BLOCK_HOURS else None)
    return blocks


def market_rate(blocks: Sequence[tuple[Decimal | None, Decimal | None]]) -> Decimal | None:
    """Return the open-interest-weighted mean of the contracts' rates of one block (domain 7.2).

    Pairs are (rate, open interest); unless every known rate has an open interest all count alike. None when no rate is known.
    """
    known = [(rate, interest) for rate, interest in blocks if rate is not None]
    if not known:
        return None
    with wide():
        weights = [interest for _, interest in known if interest is not None and interest > 0]
        if len(weights) < len(known):
            weights = [Decimal(1)] * len(known)
        weighted = sum((rate * weight for (rate, _), weight in zip(known, weights, strict=True)), Decimal(0))
        return weighted / sum(weights, Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class LowRule:
    """Conservative: lean into negative funding, a step at a time (domain 7.3)."""

    base: Decimal = Decimal("0.10")
    most: Decimal = Decimal("0.15")
    step: Decimal = Decimal("0.01")
    #: blocks in a row
    n: int = 3
    enter: Decimal = Decimal("-0.0001")
    exit: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LowState:
    """Level f* and the two counters."""

    level: Decimal
    low: int = 0
    ok: int = 0


def advance_low(state: LowState, rate: Decimal | None, rule: LowRule | None = None) -> LowState:
    """Take one block; an unknown one resets both counters and holds the level."""
    r = rule or LowRule()
    if rate is None:
        return replace(state, low=0, ok=0)
    low = state.low + 1 if rate < r.enter else 0
    ok = state.ok + 1 if rate >= r.exit else 0
    level = state.level
    with wide():
        if low and low % r.n == 0:
            level = max(level, min(r.most, level + r.step))
        if level > r.base and ok >= r.n:
            level = r.base
    return LowState(level=level, low=low, ok=ok)


@dataclass(frozen=True, slots=True, kw_only=True)
class HighRule:
    """Aggressive: halve the net long while longs pay a lot (domain 7.4)."""

    n: int = 3
    enter: Decimal = Decimal("0.0005")
    exit: Decimal = Decimal("0.0003")
    factor: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class HighState:
    """Whether the cut is on, and the two counters."""

    active: bool = False
    hot: int = 0
    normal: int = 0


def advance_high(state: HighState, rate: Decimal | None, rule: HighRule | None = None) -> HighState:
    """Take one block; an unknown one resets both counters and holds the state."""
    r = rule or HighRule()
    if rate is None:
        return replace(state, hot=0, normal=0)
    hot = state.hot + 1 if rate > r.enter else 0
    normal = state.normal + 1 if rate <= r.exit else 0
    active = state.active
    if active and normal >= r.n:
        active = False
    elif not active and hot >= r.n:
        active = True
    return HighState(active=active, hot=hot, normal=normal)


def _low_rule(p: Params) -> LowRule:
    return LowRule(base=p["base"], most=max(p["base"], p["most"]), step=p["step"], n=int(p["blocks"]), enter=p["enter"], exit=p["exit"])


def _low_standing(state: LowState, p: Params) -> Standing:
    n = int(p["blocks"])
    active = state.level > p["base"]
    towards_step = state.low % n if state.low else state.ok if active else 0
    return Standing(active=active, size=state.level if active else None, count=towards_step, needed=n)


def _high_rule(p: Params) -> HighRule:
    return HighRule(n=int(p["blocks"]), enter=p["enter"], exit=p["exit"], factor=p["factor"])


def _high_standing(state: HighState, p: Params) -> Standing:
    count = state.normal if state.active else state.hot
    return Standing(active=state.active, size=p["factor"] if state.active else None, count=count, needed=int(p["blocks"]))


_BLOCKS = knob("blocks", "3", "1", "9", Unit.BLOCKS)

LOW = Trigger(
    name="funding_low",
    per=Subject.MARKET,
    reads=Reads.FUNDING,
    below=True,
    parameters=(
        knob("enter", "-0.0001", "-0.003", "0", Unit.RATE),
        knob("exit", "0", "-0.001", "0.001", Unit.RATE),
        knob("step", "0.01", "0.001", "0.05", Unit.SHARE),
        knob("most", "0.15", "0", "0.5", Unit.SHARE),
        given("base", "0.10", Unit.SHARE, SetBy.NET),
        _BLOCKS,
    ),
    enter="enter",
    leave="exit",
    state=LowState,
    start=lambda p: LowState(level=p["base"]),
    advance=lambda state, seen, p: advance_low(state, seen, _low_rule(p)),
    show=as_read,
    standing=_low_standing,
)
HIGH = Trigger(
    name="funding_high",
    per=Subject.MARKET,
    reads=Reads.FUNDING,
    below=False,
    parameters=(
        knob("enter", "0.0005", "0.0001", "0.005", Unit.RATE),
        knob("exit", "0.0003", "0", "0.005", Unit.RATE),
        knob("factor", "0.5", "0", "0.9", Unit.SHARE),
        _BLOCKS,
    ),
    enter="enter",
    leave="exit",
    state=HighState,
    start=lambda _: HighState(),
    advance=lambda state, seen, p: advance_high(state, seen, _high_rule(p)),
    show=as_read,
    standing=_high_standing,
)
