"""Swings say the same wherever the window is cut, and what lies before the last two of them is no news (domain 6.1, 6.2; G10, G14)."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from chatbot.engine.triggers import trend
from chatbot.engine.triggers.trigger import Bars
from chatbot.engine.triggers.waves import Pivot, elliott
from chatbot.triggers.feeds import _DAILY_BARS
from tests.places import DATA

if TYPE_CHECKING:
    from chatbot.engine.triggers.trend import Exhaustion

D = Decimal
COINS = ("BTC", "ETH", "SOL", "XRP", "ADA", "LINK", "DOGE", "AVAX", "BNB", "LTC")
#: the narrowest, the usual and the widest swing that a person may set
SWINGS = (D("0.03"), D("0.10"), D("0.20"))
EPOCH = date(1970, 1, 1).toordinal()
needs_history = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded market in {DATA}")


@lru_cache(maxsize=1)
def history() -> dict[str, list[tuple[int, Decimal, Decimal]]]:
    """Return the recorded days of every coin: their number since 1970, close and volume."""
    days: dict[str, list[tuple[int, Decimal, Decimal]]] = {coin: [] for coin in COINS}
    with gzip.open(DATA / "spot_1d.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            days[row["symbol"].removesuffix("USDT")].append((int(row["timestamp"]) // 86_400_000, D(row["close"]), D(row["volume"])))
    return days


def bars(coin: str, last: int, count: int) -> Bars:
    """Return so many days up to the day ``last`` of the list."""
    times, closes, volumes = zip(*history()[coin][max(last + 1 - count, 0) : last + 1], strict=True)
    return Bars(closes=closes, volumes=volumes, times=times)


def scored(seen: Bars, swing: Decimal) -> tuple[Exhaustion, int | None]:
    """Return what the newest bar scores, without the place of its high in the window, and the day of that high."""
    found = trend.exhaustion(seen.closes, seen.volumes, len(seen.closes) - 1, swing)
    return found, None if found.pivot is None else seen.times[found.pivot]


@needs_history
@pytest.mark.parametrize("coin", COINS)
def test_a_hundred_days_more_in_front_change_nothing(coin: str) -> None:
    """On days all over recorded history the trim hangs on nothing before the window: votes, score, trim and high are the same."""
    assert _DAILY_BARS >= 400
    days = range(_DAILY_BARS + 100, len(history()[coin]), 251)
    for at, last in enumerate(days):
        swing = SWINGS[at % 3]
        (short, high), (long, same) = scored(bars(coin, last, _DAILY_BARS), swing), scored(bars(coin, last, _DAILY_BARS + 100), swing)
        assert high == same
        assert (short.score, short.trim, short.fib_level, short.elliott) == (long.score, long.trim, long.fib_level, long.elliott)


@needs_history
def test_the_highs_of_a_spring_fire_once_each() -> None:
    """ETH from February to April 2021 on daily closes of spot: every trim comes from a high of its own, or from more than it gave."""
    first, last = (date(2021, 2, 1).toordinal() - EPOCH, date(2021, 4, 10).toordinal() - EPOCH)
    state, told = trend.TrendState(), []
    for at, (day, *_) in enumerate(history()["ETH"]):
        if first <= day <= last:
            before, state = state, trend.TRIGGER.advance(state, bars("ETH", at, _DAILY_BARS), trend.TRIGGER.params({}))
            if state.trim > before.trim:
                told.append((max(state.fired), state.trim))
    assert told
    assert len({high for high, _ in told}) == len(state.fired)
    assert all(later[1] > earlier[1] for earlier, later in pairwise(told) if earlier[0] == later[0])


@pytest.mark.parametrize(
    "closes",
    [(100, 120, 110, 160, 105, 140, 100, 106), (50, 60, 55, 90, 70, 80, 65, 75, 60, 66, 56, 60)],
)
def test_an_old_impulse_does_not_vote(closes: tuple[int, ...]) -> None:
    """The last two low-high-low triples go nowhere, and the great impulse before them takes nobody's place."""
    found = trend.exhaustion([D(close) for close in closes], [D(1000)] * len(closes), len(closes) - 1, D("0.05"))
    assert (found.fib, found.fib_level) == (0, None)


def test_the_ceiling_of_wave_five_is_told_though_a_rule_fails() -> None:
    """Wave 4 reaches into wave 1, so it is no impulse; wave 3 is shorter than wave 1 all the same."""
    prices = zip("LHLHL", (100, 150, 120, 160, 140), strict=True)
    pivots = [Pivot(bar=bar, price=D(price), kind=kind, confirmed=bar) for bar, (kind, price) in enumerate(prices)]
    found = elliott(pivots, D(165))
    assert found.status is None
    assert found.rules is not None
    assert not all(found.rules.values())
    assert found.cap == 180
