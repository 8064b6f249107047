"""Has a line left its band, and was that already said? Breach test and alert hysteresis (domain 3.1, 3.2).

Legend: v value of a line, V sum of values, t target, b half-width, w = v / V, d = w - t. Edges are compared as products,
v against (t + b) V, never as rounded quotients.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.band_width import MODES, Band, half_width, outside
from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.engine.presets import check_weights
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

#: inside so much of its band a line is armed again, and its alert released
REARM = Decimal("0.8")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCheck:
    """One line against its band; weight, drift and band are fractions of V."""

    weight: Decimal
    drift: Decimal
    #: half-width; None for a line that does not fire
    band: Decimal | None
    #: "over", "under" or None
    breach: str | None
    #: quote to buy (above 0) or sell (below 0) to stand at target
    dollars: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BandsCheck:
    """All lines of one portfolio, in the order of its targets."""

    value: Decimal
    lines: Mapping[str, LineCheck]
    #: lines outside their band
    triggered: tuple[str, ...]


def check_bands(
    values: Mapping[str, Decimal], targets: Mapping[str, Decimal], bands: Mapping[str, Band], mode: str = "article"
) -> BandsCheck:
    """Compare every line with its band (domain 3.1); a line without a band is shown and never fires.

    ``values`` are quote amounts by line; a line without a value stands at 0. Raises ``Refused``: non_positive_value,
    missing_target, negative_target, targets_sum, bad_band, bad_parameter.
    """
    check_weights(targets)
    if mode not in MODES:
        raise Refused("bad_parameter", "mode")
    for line, value in values.items():
        if value and line not in targets:  # what holds nothing needs no target (domain 9.12)
            raise Refused("missing_target", line)
    with wide():
        V = sum(values.values(), _ZERO)
        if V <= 0:
            raise Refused("non_positive_value")
        lines = {line: _check_line(values.get(line, _ZERO), t, bands.get(line), V, mode) for line, t in targets.items()}
    return BandsCheck(value=V, lines=lines, triggered=tuple(line for line, check in lines.items() if check.breach))


def check_net(net: Decimal, value: Decimal, target: Decimal, band: Band, mode: str = "article") -> LineCheck:
    """Hold the futures' net notional, as a fraction of ``value``, against its own band by the lines' edge rules (domain 3.1).

    ``net`` and ``value`` are in quote; the target may be negative. Raises ``Refused``: non_positive_value, bad_band, bad_parameter.
    """
    if mode not in MODES:
        raise Refused("bad_parameter", "mode")
    if value <= 0:
        raise Refused("non_positive_value")
    with wide():
        return _check_line(net, target, band, value, mode)


def _check_line(v: Decimal, t: Decimal, band: Band | None, V: Decimal, mode: str) -> LineCheck:
    b = None if band is None else half_width(band, t)
    return LineCheck(
        weight=v / V,
        drift=(v - t * V) / V,
        band=b,
        breach=None if b is None else outside(v, t, b, V, mode),
        dollars=t * V - v,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BandState:
    """What is remembered of one line between checks."""

    #: the line was found outside and has not come back inside
    fired: bool = False
    #: side of the last event, or of the streak: "over", "under"; None when armed and quiet
    side: str | None = None
    #: |drift| from which "worse" counts: that of the last event or move of the target, fraction of V; None when armed
    last_drift: Decimal | None = None
    #: breaching samples in a row that have not fired yet
    streak: int = 0
    #: a move of its target took it outside, and no event of its own went out
    silent: bool = False


def advance(
    state: BandState,
    drift: Decimal,
    band: Decimal,
    breach: str | None,
    *,
    rearm: Decimal = REARM,
    escalate_pp: Decimal = Decimal(1),
    confirm: int = 1,
) -> tuple[BandState, str | None]:
    """Take one sample of a line and say whether it is news: "breach", "escalate" or None (domain 3.2).

    ``drift`` and ``band`` are fractions of V, ``breach`` is the result of ``check_bands``. A missing sample is not passed in
    at all: it changes nothing.
    """
    with wide():
        size = abs(drift)
        if state.fired and breach in (None, state.side):
            if breach is None and size <= rearm * band:
                return BandState(), None
            grown = breach is not None and state.last_drift is not None and size >= state.last_drift + escalate_pp / 100
            return (replace(state, last_drift=size, silent=False), "escalate") if grown else (replace(state, streak=0), None)
    if breach is None:
        return BandState(), None
    return _confirm(state, size, breach, confirm)


def quiet_drifts(
    state: BandState, band: Decimal, *, rearm: Decimal = REARM, escalate_pp: Decimal = Decimal(1)
) -> tuple[Decimal, Decimal | None]:
    """Return between which drifts, both exclusive, :func:`advance` surely leaves a line as it is; None: there is no upper end.

    The drift is counted towards the side of a line that has fired, else upwards; fractions of V.
    """
    if not state.fired:
        return -band, band
    with wide():
        grown = None if state.last_drift is None else max(band, state.last_drift + escalate_pp / 100)
        return rearm * band, grown


def _confirm(state: BandState, size: Decimal, breach: str, confirm: int) -> tuple[BandState, str | None]:
    """Count a breach that is news on its side; fire when ``confirm`` samples in a row agree."""
    if state.fired:
        # over to the other side: the old event stands until this one is confirmed
        streak = state.streak + 1
        waiting = replace(state, streak=streak)
    else:
        streak = state.streak + 1 if state.side == breach else 1
        waiting = BandState(side=breach, streak=streak)
    if streak < confirm:
        return waiting, None
    return BandState(fired=True, side=breach, last_drift=size), "breach"
