"""The three presets and what they mean in money (domain 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import exact, to_decimal, wide
from chatbot.engine.margin import check_caps, room_at_target
from chatbot.engine.portfolio import ALT, CORE, FUTURES, STABLE, leverage

if TYPE_CHECKING:
    from collections.abc import Mapping

D = Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One row of the preset table."""

    name: str
    #: capital weight by line: CORE, ALT, STABLE, FUTURES; sums to 1
    weights: Mapping[str, Decimal]
    #: target net futures notional / V (f*)
    futures_net: Decimal
    #: half-width of every spot line's band, points
    band_pp: Decimal
    gross_cap: Decimal
    sleeve_cap: Decimal
    #: relative risk aversion for the recommended band (domain 3.5)
    risk_aversion: Decimal
    #: the trigger that moves the futures sleeve: funding_low, fear_greed or funding_high
    futures_trigger: str


def _weights(core: str, alt: str, stable: str, futures: str) -> Mapping[str, Decimal]:
    return MappingProxyType({CORE: D(core), ALT: D(alt), STABLE: D(stable), FUTURES: D(futures)})


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "conservative": Preset(
            name="conservative",
            weights=_weights("0.50", "0.20", "0.20", "0.10"),
            futures_net=D("0.10"),
            band_pp=D(7),
            gross_cap=D(1),
            sleeve_cap=D(2),
            risk_aversion=D(6),
            futures_trigger="funding_low",
        ),
        "balanced": Preset(
            name="balanced",
            weights=_weights("0.40", "0.40", "0.10", "0.10"),
            futures_net=D("0.10"),
            band_pp=D(5),
            gross_cap=D("1.25"),
            sleeve_cap=D(3),
            risk_aversion=D(3),
            futures_trigger="fear_greed",
        ),
        "aggressive": Preset(
            name="aggressive",
            weights=_weights("0.30", "0.50", "0.05", "0.15"),
            futures_net=D("0.15"),
            band_pp=D(3),
            gross_cap=D(2),
            sleeve_cap=D(8),
            risk_aversion=D("1.5"),
            futures_trigger="funding_high",
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A preset in money, and whether its futures target fits under the caps."""

    dollars: Mapping[str, Decimal]
    futures_notional: Decimal
    target_gross: Decimal
    target_net: Decimal
    #: None when a notional stands on no collateral
    sleeve_leverage: Decimal | None
    #: head-room R of domain 2.4 at target
    max_futures_gross: Decimal
    feasible: bool
    #: the cap that is too small: gross_cap or sleeve_cap; None when feasible
    binding: str | None


def check_weights(weights: Mapping[str, Decimal]) -> None:
    """Refuse weights below 0 (``negative_target``) or that do not add up to exactly 1 (``targets_sum``)."""
    for line, weight in weights.items():
        if weight < 0:
            raise Refused("negative_target", line)
    with wide():
        if sum(weights.values(), D(0)) != 1:
            raise Refused("targets_sum")


def resolve_targets(preset: Preset, value: Decimal) -> Resolved:
    """Say what a preset means for a portfolio of ``value`` (domain 2.1, 2.2, 2.4).

    Raises ``Refused``: non_positive_value, negative_target, targets_sum, bad_parameter.
    """
    if value <= 0:
        raise Refused("non_positive_value")
    check_weights(preset.weights)
    check_caps(preset.gross_cap, preset.sleeve_cap)
    c_F, net = preset.weights[FUTURES], preset.futures_net
    caps = {"gross_cap": exact(preset.gross_cap), "sleeve_cap": exact(preset.sleeve_cap)}
    with wide():
        spot = sum((w for line, w in preset.weights.items() if line not in (STABLE, FUTURES)), D(0))
        R = room_at_target(exact(spot), exact(c_F), **caps)
        feasible = exact(abs(net)) <= R
        tighter = "gross_cap" if caps["gross_cap"] - exact(spot) <= caps["sleeve_cap"] * exact(c_F) else "sleeve_cap"
        return Resolved(
            dollars={line: w * value for line, w in preset.weights.items()},
            futures_notional=net * value,
            target_gross=spot + abs(net),
            target_net=spot + net,
            sleeve_leverage=leverage(abs(net), c_F),
            max_futures_gross=to_decimal(R * exact(value)),
            feasible=feasible,
            binding=None if feasible else tighter,
        )
