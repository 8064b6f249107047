"""Scripted episodes of the simulated market: what happens to prices, volatility, funding and mood, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chatbot.exchanges.coins import COINS

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One scripted stretch; it leaves its price shift behind and takes its other effects with it."""

    #: market hours
    hours: int
    #: log-price shift over the whole stretch by coin
    shift: Mapping[str, float] = field(default_factory=dict)
    #: factor on the volatility while it lasts
    volatility: float = 1.0
    #: added to each funding rate while it lasts, per 8 h
    funding: float = 0.0
    #: added to the Fear & Greed index while it lasts and the two days after
    mood: float = 0.0


def _shift(btc: float, eth: float, alt: float) -> dict[str, float]:
    """Return shifts by coin: BTC, ETH, and everything else."""
    return {asset: {"BTC": btc, "ETH": eth}.get(asset, alt) for asset in COINS}


EPISODES: dict[str, Episode] = {
    "btc_jump": Episode(hours=3, shift=_shift(0.36, 0.32, 0.02), mood=12),
    "btc_rally": Episode(hours=20, shift=_shift(0.36, 0.30, 0.05), volatility=1.2, funding=0.0003, mood=22),
    "alt_crash": Episode(hours=16, shift=_shift(-0.04, -0.07, -0.40), volatility=1.6, funding=-0.0001, mood=-18),
    "volatility_spike": Episode(hours=60, volatility=4.0, mood=-10),
    "funding_spike": Episode(hours=72, shift=_shift(0.04, 0.04, 0.05), funding=0.0012, mood=12),
    "fear": Episode(hours=48, shift=_shift(-0.20, -0.24, -0.30), volatility=1.8, funding=-0.0002, mood=-38),
    "recovery": Episode(hours=30, shift=_shift(0.06, 0.08, 0.33), volatility=1.2, mood=12),
}

#: what happens unasked, as (market hour after the start, episode): the first drift out of a band of 5 points comes within 7 hours,
#: and the jump is over before a person has read the card
SCRIPT: tuple[tuple[int, str], ...] = (
    (6, "btc_jump"),
    (40, "alt_crash"),
    (80, "btc_rally"),
    (120, "recovery"),
    (190, "funding_spike"),
    (290, "fear"),
    (370, "volatility_spike"),
    (460, "recovery"),
)
#: the script begins again after so many market hours
SCRIPT_HOURS = 540
