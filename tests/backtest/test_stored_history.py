"""The past of a real market: asked for once, kept in the store, the same as what the exchange says; refused in the middle, it goes on."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from chatbot.backtest.stored_history import StoredHistory, past_of
from chatbot.clock import ManualClock
from chatbot.errors import RateLimited
from chatbot.exchanges.base import Candle, FearGreed, Funding
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.store import tables
from chatbot.store.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

D = Decimal
NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LISTED = datetime(2025, 6, 1, tzinfo=UTC)
#: nothing was traded here
DOWN = range(40, 50)


class Exchange:
    """An exchange that has every hour and day since the listing, but for a few; it counts what it is asked, and may refuse."""

    name, quote_asset = "somewhere", "USDT"

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.asked: list[tuple[str, datetime, datetime]] = []
        self.answers = 10**9

    def market_time(self, now: datetime) -> datetime:
        """Keep our time."""
        return now

    def _ask(self, kind: str, since: datetime, until: datetime) -> None:
        if len(self.asked) >= self.answers:
            raise RateLimited("429")
        self.asked.append((kind, since, until))

    async def candles(self, instrument: str, interval: str, since: datetime, until: datetime) -> tuple[Candle, ...]:
        """Return the closed bars that opened in [since, until)."""
        del instrument
        self._ask(interval, since, until)
        span = HOUR if interval == "1h" else DAY
        low, high = max(0, -((LISTED - since) // span)), min((self._clock.now() - LISTED) // span, -((LISTED - until) // span))
        return tuple(_bar(LISTED + number * span) for number in range(low, high) if interval == "1d" or number not in DOWN)

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the settlements in (since, until]."""
        del instrument
        self._ask("funding", since, until)
        paid = (Funding(at=LISTED + number * 8 * HOUR, rate=D(number) / 10**8, interval_hours=8) for number in range(800))
        return tuple(one for one in paid if since < one.at <= min(until, self._clock.now()))


def _bar(at: datetime) -> Candle:
    price = D(at.toordinal() % 1000 + 1) + D(at.hour) / 100
    return Candle(at=at, open=price, high=price + 1, low=price / 2, close=price, volume=D(3))


async def no_mood(days: int) -> tuple[FearGreed, ...]:
    del days
    return ()


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'history.db'}")
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


_AGO = st.integers(0, 250 * 24)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.tuples(st.sampled_from(["1h", "1d", "funding"]), _AGO, _AGO, st.integers(0, 30)), min_size=1, max_size=6))
@example(asked=[("1h", 2, 0, 5)])
@example(asked=[("1h", 2, 0, 0)])
async def test_it_says_what_the_exchange_says(db: Database, asked: list[tuple[str, int, int, int]]) -> None:
    """Whatever is asked for in whatever order while time goes on, or is set back: no bar more or less, and no settlement."""
    clock = ManualClock(NOW)
    for kind, since_ago, until_ago, later in asked:
        clock.advance(later * 3600)
        source = Exchange(clock)
        kept, since, until = StoredHistory(source, db, clock, no_mood), NOW - since_ago * HOUR, NOW - until_ago * HOUR  # type: ignore[arg-type]
        if kind == "funding":
            assert await kept.funding("X-PERP", since, until) == await source.funding("X-PERP", since, until)
        else:
            assert list(await kept.candles("X", kind, since, until)) == list(await source.candles("X", kind, since, until))


async def test_it_is_asked_for_once(db: Database, clock: ManualClock) -> None:
    """A second question, by another run of the program, asks nothing; an hour later only what has closed since is asked for."""
    first, second = Exchange(clock), Exchange(clock)
    found = await StoredHistory(first, db, clock, no_mood).candles("X", "1h", NOW - 200 * DAY, NOW)  # type: ignore[arg-type]
    assert len(first.asked) == 6
    assert all(until - since <= 40 * DAY for _, since, until in first.asked)
    again = StoredHistory(second, db, clock, no_mood)  # type: ignore[arg-type]
    assert list(await again.candles("X", "1h", NOW - 200 * DAY, NOW)) == list(found)
    assert not second.asked
    clock.advance(3600)
    assert len(await again.candles("X", "1h", NOW - 200 * DAY, NOW + HOUR)) == len(found) + 1
    assert second.asked == [("1h", NOW.replace(minute=0), NOW.replace(minute=0) + HOUR)]


async def test_what_was_fetched_before_a_refusal_is_not_asked_for_again(db: Database, clock: ManualClock) -> None:
    """Each stretch is kept as it comes."""
    source = Exchange(clock)
    source.answers = 3
    kept = StoredHistory(source, db, clock, no_mood)  # type: ignore[arg-type]
    with pytest.raises(RateLimited):
        await kept.candles("X", "1h", NOW - 200 * DAY, NOW)
    source.answers = 10**9
    await kept.candles("X", "1h", NOW - 200 * DAY, NOW)
    assert len(source.asked) == 6


@pytest.mark.parametrize(
    "body", [b"", b"junk", zlib.compress(b"x" * 47), zlib.compress(b"\0" * 5_000_000), zlib.compress(b"\xff" * 96)], ids=len
)
async def test_what_is_damaged_in_the_store_is_asked_for_again(db: Database, clock: ManualClock, body: bytes) -> None:
    """Whoever wrote it: nonsense, a bomb, prices that are none."""
    source = Exchange(clock)
    kept = StoredHistory(source, db, clock, no_mood)  # type: ignore[arg-type]
    since, until = NOW - 20 * DAY, NOW - 10 * DAY
    told = list(await kept.candles("X", "1h", since, until)), await kept.funding("X-PERP", since, until)
    asked = len(source.asked)
    async with db.transaction() as tx:
        await tx.execute(update(tables.history).values(body=body))
    assert (list(await kept.candles("X", "1h", since, until)), await kept.funding("X-PERP", since, until)) == told
    assert len(source.asked) == 2 * asked
    await kept.read_mood(10)


async def test_nobody_asks_for_hours_before_the_first_day(db: Database, clock: ManualClock) -> None:
    """Days tell when a coin was listed: years before it cost no question an hour."""
    source, heard = Exchange(clock), list[str]()
    kept = StoredHistory(source, db, clock, no_mood, lambda name, since: heard.append(f"{name} {since:%Y-%m}"))  # type: ignore[arg-type]
    await kept.candles("X", "1d", datetime(2017, 1, 1, tzinfo=UTC), NOW)
    assert len(source.asked) == 5
    await kept.candles("X", "1h", datetime(2017, 1, 1, tzinfo=UTC), NOW)
    assert min(since for kind, since, _ in source.asked if kind == "1h") > LISTED - 41 * DAY
    assert heard[-1] == "X 2025-12"


async def test_the_index_is_asked_for_the_days_that_are_missing(db: Database, clock: ManualClock) -> None:
    """Once for all, then for the new days; one that does not answer has no readings, and nothing later than now is one."""
    asked: list[int] = []

    async def mood(days: int) -> tuple[FearGreed, ...]:
        asked.append(days)
        today = clock.now().replace(hour=0, minute=0)
        return tuple(FearGreed(at=today + DAY - ago * DAY, value=ago % 101) for ago in range(days + 1))

    for _ in range(2):
        kept = StoredHistory(Exchange(clock), db, clock, mood)  # type: ignore[arg-type]
        await kept.read_mood(400)
        found = kept.fear_greed_between(NOW - 400 * DAY, NOW + 10 * DAY)
        assert len(found) >= 399
        assert found[-1].at <= clock.now()
    assert asked == [401]
    clock.advance(2 * 86_400)
    await StoredHistory(Exchange(clock), db, clock, mood).read_mood(300)  # type: ignore[arg-type]
    assert asked == [401, 3]
    silent = StoredHistory(Exchange(clock), db, clock, no_mood)  # type: ignore[arg-type]
    await silent.read_mood(4000)
    assert len(silent.fear_greed_between(NOW - 400 * DAY, NOW)) >= 399


async def test_a_played_market_is_asked_itself(db: Database, clock: ManualClock) -> None:
    """Its past costs nothing, and an episode may change it."""
    source = SimulatedSource(clock)
    assert past_of(source, db, clock, "", lambda *_: None) is source
    assert isinstance(past_of(Exchange(clock), db, clock, "", lambda *_: None), StoredHistory)  # type: ignore[arg-type]
