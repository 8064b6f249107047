"""The three presets (domain 2.2): weights, bands, caps, and the trigger of their futures; and what every set of weights keeps to."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.engine.portfolio import ALT, CORE, FUTURES, STABLE
from chatbot.values import dataclass

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


def check_weights(weights: Mapping[str, Decimal]) -> None:
    """Refuse weights below 0 (``negative_target``) or that do not add up to exactly 1 (``targets_sum``)."""
    for line, weight in weights.items():
        if weight < 0:
            raise Refused("negative_target", line)
    with wide():
        if sum(weights.values(), D(0)) != 1:
            raise Refused("targets_sum")
