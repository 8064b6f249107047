"""Scripted episodes of the simulated market: what happens to prices, volatility, funding and mood, as data."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from chatbot.exchanges.markets.coins import COINS
from chatbot.exchanges.markets.markettime import DAY_MS, HOUR_MS, MINUTE_MS
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

#: the first swing ends at the first midnight that leaves it so many hours
_FIRST_SWING_HOURS = 20
#: daily readings and funding blocks are read so long after they end
_READ_AFTER_MS = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One scripted stretch; it leaves its price shift behind and takes its other effects with it."""

    #: market hours; 0: its swings tell
    hours: int = 0
    #: log-price shift over the whole stretch by coin
    shift: Mapping[str, float] = field(default_factory=dict)
    #: (days, log-price shift of every coin), one after the other: they turn at midnights, and the first also takes the rest of its day
    swings: tuple[tuple[int, float], ...] = ()
    #: factor on the volatility while it lasts
    volatility: float = 1.0
    #: added to each funding rate while it lasts, per 8 h
    funding: float = 0.0
    #: where funding rates are while it lasts, per 8 h; None: where they would be
    funding_at: float | None = None
    #: added to the Fear & Greed index while it lasts and the two days after
    mood: float = 0.0
    #: where the index is while it lasts and the two days after; None: where it would be
    mood_at: float | None = None
    #: its trigger reads at multiples of so many hours; 0: prices, which are read all the time
    reading_hours: int = 0
    #: hours from its beginning to the earliest reading that tells
    telling_hours: int = 0

    def end_ms(self, at_ms: int) -> int:
        """Return when it is over if it begins at ``at_ms``, UTC milliseconds."""
        if not self.swings:
            return at_ms + self.hours * HOUR_MS
        return _next(at_ms + _FIRST_SWING_HOURS * HOUR_MS, 24) + _days_ms(self.swings[1:])

    def told_ms(self, at_ms: int) -> int:
        """Return when its trigger has read enough if it begins at ``at_ms``: after a reading, or at the end of a move of prices."""
        if self.swings:
            return self.end_ms(at_ms) + _READ_AFTER_MS
        if not self.reading_hours:
            return self.end_ms(at_ms)
        return _next(at_ms + self.telling_hours * HOUR_MS, self.reading_hours) + _READ_AFTER_MS

    def moves(self, at_ms: int) -> list[tuple[int, int, Mapping[str, float]]]:
        """Return its stretches of even drift as (from, to, log-price shift by coin)."""
        begin, end = at_ms, self.end_ms(at_ms)
        if not self.swings:
            return [(begin, end, self.shift)]
        found: list[tuple[int, int, Mapping[str, float]]] = []
        for index, (_, size) in enumerate(self.swings):
            turn = end - _days_ms(self.swings[index + 1 :])
            found.append((begin, turn, dict.fromkeys(COINS, size)))
            begin = turn
        return found


def _next(moment_ms: int, hours: int) -> int:
    """Return the first multiple of so many hours at or after a moment."""
    return -(-moment_ms // (hours * HOUR_MS)) * hours * HOUR_MS


def _days_ms(swings: tuple[tuple[int, float], ...]) -> int:
    return sum(days for days, _ in swings) * DAY_MS


def _shift(btc: float, eth: float, alt: float) -> dict[str, float]:
    """Return shifts by coin: BTC, ETH, and everything else."""
    return {asset: {"BTC": btc, "ETH": eth}.get(asset, alt) for asset in COINS}


#: five waves up from a fresh low, each large enough for a zigzag of 10 %, and the fall that confirms the top (domain 6.1)
_FIVE_WAVES = ((1, -0.22), (3, 0.22), (2, -0.16), (3, 0.40), (2, -0.17), (3, 0.27), (2, -0.17))

#: what the chat page offers: one per trigger, made so that each fires from any calm moment, and from most others
SCENES: dict[str, Episode] = {
    "majors_jump": Episode(hours=4, shift=_shift(0.36, 0.32, 0.02)),
    "alts_fall": Episode(hours=6, shift=_shift(-0.04, -0.07, -0.40)),
    "wild_week": Episode(hours=60, volatility=5.0, funding_at=0.0001, mood_at=45, reading_hours=24, telling_hours=40),
    "five_waves": Episode(swings=_FIVE_WAVES, volatility=0.2, funding_at=0.0002, mood_at=70),
    "cheap_longs": Episode(hours=96, shift=_shift(-0.02, -0.02, -0.02), funding_at=-0.0004, mood_at=45, reading_hours=8, telling_hours=16),
    "dear_longs": Episode(hours=72, shift=_shift(0.03, 0.03, 0.03), funding_at=0.0009, mood_at=65, reading_hours=8, telling_hours=16),
    "panic": Episode(hours=96, shift=_shift(-0.10, -0.12, -0.14), funding_at=0.0, mood_at=14, reading_hours=24),
    "relief": Episode(hours=72, shift=_shift(0.05, 0.06, 0.07), mood_at=48, reading_hours=24, telling_hours=24),
    "plunge": Episode(hours=6, shift=_shift(-0.33, -0.33, -0.33), volatility=0.4, mood_at=35),
    "squeeze": Episode(hours=6, shift=_shift(0.215, 0.215, 0.215), volatility=0.4, mood_at=65),
}

EPISODES: dict[str, Episode] = SCENES | {
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
