"""The arithmetic of the simulated market: correlated log prices in steps of five market minutes, made day by day.

The noise of a day comes from (seed, day) alone, and each day starts where the one before ended, so a price depends on nothing
but the seed, the episodes and the market time. Legend: x log price over its start, e noise, beta to BTC, sigma daily volatility.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chatbot.exchanges.coins import COINS
from chatbot.exchanges.episodes import EPISODES, SCRIPT, SCRIPT_HOURS
from chatbot.exchanges.markettime import DAY_MS, HOUR_MS

Floats = NDArray[np.float64]

STEP_MS = 5 * 60_000
STEPS = DAY_MS // STEP_MS
ASSETS = tuple(COINS)
#: days of market that exist before the start, for look-backs
BEFORE_DAYS = 120
#: share of the distance to its start that a log price loses per day: prices stay sane in a demo that runs for a week
_PULL = 0.02
_SIGMA_MARKET = 0.026
#: however many episodes somebody calls at once: bounds on the drift of a step and the factor on volatility, and the log distance
#: from its start at which episodes stop pushing a price further
_DRIFT_MAX = 0.012
_SCALE_MAX = 6.0
_FAR = 3.0
_KEEP_DAYS = 64
_BETA = np.array([coin.beta for coin in COINS.values()])
_OWN = np.array([coin.own_vol for coin in COINS.values()])
_START = np.log(np.array([coin.price for coin in COINS.values()]))


@dataclass(frozen=True, slots=True)
class Happening:
    """An episode with its beginning, UTC milliseconds on a step."""

    at_ms: int
    name: str

    @property
    def end_ms(self) -> int:
        """Return when it is over."""
        return self.at_ms + EPISODES[self.name].hours * HOUR_MS


class SyntheticMarket:
    """Log prices of all coins at any step from ``BEFORE_DAYS`` before the start on."""

    def __init__(self, seed: int, start_ms: int, happenings: tuple[Happening, ...], *, script: bool) -> None:
        self.seed = seed
        self.start_ms = start_ms
        self.first_day = start_ms // DAY_MS - BEFORE_DAYS
        self.happenings = tuple(sorted(happenings, key=_when))
        self._script = script
        self._opening: list[Floats] = [np.zeros(len(ASSETS))]
        self._days: dict[int, Floats] = {}
        self._shift_to_start = np.zeros(len(ASSETS))
        self._shift_to_start = -self.levels(np.array([start_ms], dtype=np.int64))[:, 0] + _START

    def add(self, happening: Happening) -> None:
        """Let an episode begin; what was before it stays as it was, bit by bit."""
        self.happenings = tuple(sorted((*self.happenings, happening), key=_when))
        first = happening.at_ms // DAY_MS - self.first_day
        del self._opening[first + 1 :]
        self._days = {day: levels for day, levels in self._days.items() if day < first}

    def active(self, begin_ms: int, end_ms: int) -> list[Happening]:
        """Return the episodes, scripted ones included, that overlap [begin, end)."""
        scripted = _scripted(self.start_ms, begin_ms, end_ms) if self._script else ()
        return [one for one in (*scripted, *self.happenings) if one.at_ms < end_ms and one.end_ms > begin_ms]

    def levels(self, moments: NDArray[np.int64]) -> Floats:
        """Return log prices (coin, moment); between two steps they run straight."""
        step, rest = np.divmod(moments, STEP_MS)
        day, within = np.divmod(step, STEPS)
        result = np.empty((len(ASSETS), len(moments)))
        for one in np.unique(day):
            here = day == one
            nodes = self._day(int(one) - self.first_day)
            k, part = within[here], rest[here] / STEP_MS
            result[:, here] = nodes[:, k] * (1 - part) + nodes[:, k + 1] * part
        return result + self._shift_to_start[:, None]

    def nodes(self, day: int) -> Floats:
        """Return the log prices (coin, step) of one day since 1970, both midnights included."""
        return self._day(day - self.first_day) + self._shift_to_start[:, None]

    def _day(self, index: int) -> Floats:
        """Return the nodes of the day ``index`` (0 = first), making those before it if needed."""
        if index < 0:
            raise ValueError("the simulated market is younger than that")
        while len(self._opening) <= index:
            last = len(self._opening) - 1
            self._opening.append(self._make(last)[:, -1])
        if index not in self._days:
            if len(self._days) >= _KEEP_DAYS:
                self._days.pop(next(iter(self._days)))
            self._days[index] = self._make(index)
        return self._days[index]

    def _make(self, index: int) -> Floats:
        """Make one day from its opening level: x(k+1) = x(k) + sigma (beta e_market + e_own) + episodes - pull."""
        opening = self._opening[index]
        begin = (self.first_day + index) * DAY_MS
        noise = np.random.default_rng((self.seed, self.first_day + index)).standard_normal((len(ASSETS) + 1, STEPS))
        moves = (_SIGMA_MARKET * _BETA[:, None] * noise[0] + _OWN[:, None] * noise[1:]) / math.sqrt(STEPS)
        moves[ASSETS.index("BTC")] = _SIGMA_MARKET * noise[0] / math.sqrt(STEPS)
        scale, drift = self._script_of(begin)
        drift *= np.where(drift * opening[:, None] > 0, np.clip(1 - np.abs(opening[:, None]) / _FAR, 0, 1), 1)
        moves = moves * scale + drift - opening[:, None] * (_PULL / STEPS)
        return np.concatenate([opening[:, None], opening[:, None] + np.cumsum(moves, axis=1)], axis=1)

    def _script_of(self, begin: int) -> tuple[Floats, Floats]:
        """Return the volatility factor by step and the drift by coin and step that episodes give one day."""
        scale, drift = np.ones(STEPS), np.zeros((len(ASSETS), STEPS))
        for one in self.active(begin, begin + DAY_MS):
            episode = EPISODES[one.name]
            first = max(0, (one.at_ms - begin) // STEP_MS)
            last = min(STEPS, (one.end_ms - begin) // STEP_MS)
            scale[first:last] *= episode.volatility
            steps = episode.hours * HOUR_MS // STEP_MS
            for asset, shift in episode.shift.items():
                drift[ASSETS.index(asset), first:last] += shift / steps
        return np.minimum(scale, _SCALE_MAX), np.clip(drift, -_DRIFT_MAX, _DRIFT_MAX)

    def added(self, moment_ms: int, what: str, *, after_ms: int = 0) -> float:
        """Return the sum of ``funding`` or ``mood`` of the episodes that are on, or were within ``after_ms``."""
        return sum(float(getattr(EPISODES[one.name], what)) for one in self.active(moment_ms - after_ms, moment_ms + 1))


def _when(one: Happening) -> tuple[int, str]:
    return one.at_ms, one.name


@lru_cache(maxsize=64)
def _scripted(start_ms: int, begin_ms: int, end_ms: int) -> tuple[Happening, ...]:
    """Return the happenings of the endless script that may overlap [begin, end)."""
    cycle = SCRIPT_HOURS * HOUR_MS
    first = max(0, (begin_ms - start_ms) // cycle - 1)
    return tuple(
        Happening(on_step(start_ms + turn * cycle + hour * HOUR_MS), name)
        for turn in range(first, (end_ms - start_ms) // cycle + 1)
        for hour, name in SCRIPT
    )


def on_step(moment_ms: int) -> int:
    """Return the first step after ``moment_ms``: a step that has begun keeps its course."""
    return (moment_ms // STEP_MS + 1) * STEP_MS


def rate_noise(seed: int, asset: str, settlement: int) -> float:
    """Return the standard noise of one funding settlement."""
    return float(np.random.default_rng((seed, 7919, ASSETS.index(asset), settlement)).standard_normal())


def mood_noise(seed: int, day: int) -> float:
    """Return smooth noise of the Fear & Greed index: the mean of the last five days' draws, scaled to deviation 1."""
    draws = [float(np.random.default_rng((seed, 104_729, one)).standard_normal()) for one in range(day - 4, day + 1)]
    return sum(draws) / math.sqrt(5)


def settlements(since_ms: int, until_ms: int, hours: int = 8) -> range:
    """Return the numbers of the settlements in (since, until]; number n is at n · hours after 1970."""
    span = hours * HOUR_MS
    return range(since_ms // span + 1, until_ms // span + 1)
