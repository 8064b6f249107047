"""The arithmetic of the simulated market: correlated log prices in steps of five market minutes, made day by day.

The noise of a day comes from (seed, day) alone, and each day starts where the one before ended, so a price depends on nothing
but the seed, the episodes and the market time. A day that was made is therefore kept for every market of the process that has the
same one. Legend: x log price over its start, e noise, beta to BTC, sigma daily volatility.
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chatbot.exchanges.markets.coins import COINS
from chatbot.exchanges.markets.episodes import EPISODES, SCRIPT, SCRIPT_HOURS
from chatbot.exchanges.markets.markettime import DAY_MS, HOUR_MS
from chatbot.values import dataclass

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
#: days kept ready, 25 kB each: look-backs of several months, asked for coin by coin, must not make each day again
_KEEP_DAYS = 480
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
        return EPISODES[self.name].end_ms(self.at_ms)


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """One day as it was made; equal only to itself, so that what is worked out from it can be kept under it."""

    #: log prices over their start (coin, step), both midnights included
    nodes: Floats


class SyntheticMarket:
    """Log prices of all coins at any step from ``BEFORE_DAYS`` before the start on."""

    def __init__(self, seed: int, start_ms: int, happenings: tuple[Happening, ...], *, script: bool) -> None:
        self.seed = seed
        self.start_ms = start_ms
        self.first_day = start_ms // DAY_MS - BEFORE_DAYS
        self.happenings = tuple(sorted(happenings, key=_when))
        self._script = script
        self._opening: list[bytes] = [np.zeros(len(ASSETS)).tobytes()]
        self._days: dict[int, Day] = {}
        self._shift_to_start = np.zeros(len(ASSETS))
        self._shift_to_start = -self.levels(np.array([start_ms], dtype=np.int64))[:, 0] + _START

    def add(self, happening: Happening) -> None:
        """Let an episode begin; what was before it stays as it was, bit by bit."""
        self.happenings = tuple(sorted((*self.happenings, happening), key=_when))
        first = happening.at_ms // DAY_MS - self.first_day
        del self._opening[first + 1 :]
        self._days = {index: made for index, made in self._days.items() if index < first}

    def _called(self, begin_ms: int, end_ms: int) -> tuple[Happening, ...]:
        """Return the episodes that somebody called and that overlap [begin, end), in the order of their beginnings."""
        return tuple(happening for happening in self.happenings if happening.at_ms < end_ms and happening.end_ms > begin_ms)

    def _scripted(self, begin_ms: int, end_ms: int) -> tuple[Happening, ...]:
        """Return the episodes of the script that overlap [begin, end)."""
        known = _script_between(self.start_ms, begin_ms, end_ms) if self._script else ()
        return tuple(one for one in known if one.at_ms < end_ms and one.end_ms > begin_ms)

    def levels(self, moments: NDArray[np.int64]) -> Floats:
        """Return log prices (coin, moment) at ascending moments; between two steps they run straight."""
        step, rest = np.divmod(moments, STEP_MS)
        day, within = np.divmod(step, STEPS)
        result = np.empty((len(ASSETS), len(moments)))
        begins = np.flatnonzero(np.diff(day, prepend=-1)).tolist()
        for begin, end in itertools.pairwise((*begins, len(moments))):
            nodes = self.day(int(day[begin])).nodes
            k, part = within[begin:end], rest[begin:end] / STEP_MS
            result[:, begin:end] = nodes[:, k] * (1 - part) + nodes[:, k + 1] * part
        return result + self._shift_to_start[:, None]

    def level(self, asset: str, moment_ms: int) -> float:
        """Return one coin's log price at one moment."""
        step, rest = divmod(moment_ms, STEP_MS)
        day, k = divmod(step, STEPS)
        coin, part = ASSETS.index(asset), rest / STEP_MS
        nodes = self.day(day).nodes[coin]
        return float(nodes[k] * (1 - part) + nodes[k + 1] * part + self._shift_to_start[coin])

    def shift(self, asset: str) -> float:
        """Return what is added to a coin's log prices so that they meet its price at the start."""
        return float(self._shift_to_start[ASSETS.index(asset)])

    def day(self, day: int) -> Day:
        """Return a day since 1970, making those before it if needed."""
        index = day - self.first_day
        if index < 0:
            raise ValueError("the simulated market is younger than that")
        while len(self._opening) <= index:
            self._opening.append(self._made(len(self._opening) - 1).nodes[:, -1].tobytes())
        return self._made(index)

    def _made(self, index: int) -> Day:
        """Return the day ``index`` (0 = first), whose opening is known."""
        if index not in self._days:
            if len(self._days) >= _KEEP_DAYS:
                self._days.pop(next(iter(self._days)))
            day = self.first_day + index
            span = day * DAY_MS, (day + 1) * DAY_MS
            self._days[index] = _day(self.seed, day, self._opening[index], self._called(*span), self._scripted(*span))
        return self._days[index]

    def added(self, moment_ms: int, what: str, *, after_ms: int = 0) -> float:
        """Return the sum of ``funding`` or ``mood`` of the episodes that are on, or were within ``after_ms``."""
        return sum(float(getattr(EPISODES[one.name], what)) for one in self._lately(moment_ms, after_ms))

    def held(self, moment_ms: int, what: str, *, after_ms: int = 0) -> float | None:
        """Return ``funding_at`` or ``mood_at`` of the episode that began last and has one; called ones come before scripted ones."""
        found = [getattr(EPISODES[one.name], what) for one in self._lately(moment_ms, after_ms)]
        return next((float(value) for value in reversed(found) if value is not None), None)

    def _lately(self, moment_ms: int, after_ms: int) -> list[Happening]:
        """Return the episodes, scripted ones first, that are on at a moment or were within ``after_ms`` before."""
        span = moment_ms - after_ms, moment_ms + 1
        return [*self._scripted(*span), *self._called(*span)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """What the episodes of one day do, by step of five minutes."""

    #: whether an episode that somebody called is on
    called: NDArray[np.bool_]
    #: factor on the volatility
    scale: Floats
    #: added to the log price, by coin
    drift: Floats

    def add(self, one: Happening, begin: int, share: Floats) -> None:
        """Add what an episode does to the steps of the day that begins at ``begin``, where ``share`` is 1."""
        episode = EPISODES[one.name]
        span = _steps(begin, one.at_ms, one.end_ms)
        self.scale[span] *= np.where(share[span] > 0, episode.volatility, 1.0)
        for since, until, shift in episode.moves(one.at_ms):
            part = _steps(begin, since, until)
            for asset, size in shift.items():
                self.drift[ASSETS.index(asset), part] += share[part] * size * STEP_MS / (until - since)


@lru_cache(maxsize=_KEEP_DAYS)
def _day(seed: int, day: int, start: bytes, called: tuple[Happening, ...], scripted: tuple[Happening, ...]) -> Day:
    """Make a day since 1970 from its opening level: x(k+1) = x(k) + sigma (beta e_market + e_own) + episodes - pull."""
    opening = np.frombuffer(start)
    noise = np.random.default_rng((seed, day)).standard_normal((len(ASSETS) + 1, STEPS))
    moves = (_SIGMA_MARKET * _BETA[:, None] * noise[0] + _OWN[:, None] * noise[1:]) / math.sqrt(STEPS)
    moves[ASSETS.index("BTC")] = _SIGMA_MARKET * noise[0] / math.sqrt(STEPS)
    course = _course(day * DAY_MS, called, scripted)
    room = 1 - np.abs(opening[:, None]) / _FAR
    room = np.where(course.called, 2 * room, room)
    drift = course.drift * np.where(course.drift * opening[:, None] > 0, np.clip(room, 0, 1), 1)
    pull = np.where(course.called, 0, opening[:, None] * (_PULL / STEPS))
    moves = moves * course.scale + drift - pull
    levels = np.concatenate([opening[:, None], opening[:, None] + np.cumsum(moves, axis=1)], axis=1)
    levels.flags.writeable = False
    return Day(levels)


def _course(begin: int, called: tuple[Happening, ...], scripted: tuple[Happening, ...]) -> _Course:
    """Return what episodes do to the day that begins at ``begin``; while a called one is on, the script leaves prices alone."""
    course = _Course(called=np.zeros(STEPS, dtype=bool), scale=np.ones(STEPS), drift=np.zeros((len(ASSETS), STEPS)))
    for one in called:
        course.called[_steps(begin, one.at_ms, one.end_ms)] = True
    for one in called:
        course.add(one, begin, np.ones(STEPS))
    for one in scripted:
        course.add(one, begin, np.where(course.called, 0.0, 1.0))
    np.minimum(course.scale, _SCALE_MAX, out=course.scale)
    np.clip(course.drift, -_DRIFT_MAX, _DRIFT_MAX, out=course.drift)
    return course


def _steps(begin: int, since: int, until: int) -> slice:
    """Return which steps of the day that begins at ``begin`` lie in [since, until)."""
    first, last = (min(STEPS, max(0, (moment - begin) // STEP_MS)) for moment in (since, until))
    return slice(first, last)


def _when(one: Happening) -> tuple[int, str]:
    return one.at_ms, one.name


@lru_cache(maxsize=64)
def _script_between(start_ms: int, begin_ms: int, end_ms: int) -> tuple[Happening, ...]:
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


@lru_cache(maxsize=4096)
def rate_noise(seed: int, asset: str, settlement: int) -> float:
    """Return the standard noise of one funding settlement."""
    return float(np.random.default_rng((seed, 7919, ASSETS.index(asset), settlement)).standard_normal())


def mood_noise(seed: int, day: int) -> float:
    """Return smooth noise of the Fear & Greed index: the mean of the last five days' draws, scaled to deviation 1."""
    return sum(_mood_draw(seed, one) for one in range(day - 4, day + 1)) / math.sqrt(5)


@lru_cache(maxsize=1024)
def _mood_draw(seed: int, day: int) -> float:
    return float(np.random.default_rng((seed, 104_729, day)).standard_normal())


def settlements(since_ms: int, until_ms: int, hours: int = 8) -> range:
    """Return the numbers of the settlements in (since, until]; number n is at n · hours after 1970."""
    span = hours * HOUR_MS
    return range(since_ms // span + 1, until_ms // span + 1)
