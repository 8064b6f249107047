"""The Fear & Greed index: asked for rarely, and whatever comes back instead of readings is no reading and no error."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from chatbot.clock import ManualClock
from chatbot.exchanges.abilities import MoodSource
from chatbot.exchanges.base import FearGreed
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.market.sentiment import KEEP_DAYS, NoIndex, Sentiment, fetch_index, host_of
from tests.market.fear_index import DAY, TODAY, Index, index, row
from tests.places import DATA
from tests.portfolio.still_market import StillMarket

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def scene(served: Index, timeout_s: float = 5.0) -> tuple[Sentiment, ManualClock]:
    """Return the index of a market that has none of its own."""
    clock = ManualClock(NOW)
    return Sentiment(StillMarket(clock), clock, served.url, timeout_s=timeout_s), clock


async def test_readings_come_oldest_first_at_midnight_of_their_day() -> None:
    async with index() as served:
        mood, clock = scene(served)
        assert mood.latest() is None
        await mood.refresh(clock.now())
        assert mood.latest() == FearGreed(at=TODAY, value=40)
        assert mood.readings(TODAY - 2 * DAY, NOW) == (FearGreed(at=TODAY - DAY, value=41), FearGreed(at=TODAY, value=40))
        assert len(mood.readings(TODAY - 400 * DAY, NOW)) == KEEP_DAYS
        assert mood.name == "127.0.0.1"


async def test_any_order_and_any_hour_of_the_day_is_understood() -> None:
    """Of two readings of one day the later one counts; days without one are absent."""
    async with index() as served:
        served.rows = [
            row(TODAY - 5 * DAY + timedelta(hours=7), 11),
            row(TODAY, 30),
            row(TODAY - 5 * DAY + timedelta(hours=3), 10),
            row(TODAY - 2 * DAY + timedelta(minutes=5), 20),
        ]
        mood, clock = scene(served)
        await mood.refresh(clock.now())
        found = [((TODAY - one.at).days, one.value) for one in mood.readings(TODAY - 30 * DAY, NOW)]
        assert found == [(5, 11), (2, 20), (0, 30)]


async def test_it_is_asked_every_hour_when_todays_reading_is_there_and_every_ten_minutes_when_not() -> None:
    """However many ask, and only for the last days once the history is there."""
    async with index() as served:
        mood, clock = scene(served)
        await asyncio.gather(*(mood.refresh(clock.now()) for _ in range(50)))
        assert served.limits == [100]
        for _ in range(59):
            clock.advance(60)
            await mood.refresh(clock.now())
        assert len(served.limits) == 1
        clock.advance(60)
        await mood.refresh(clock.now())
        assert served.limits == [100, 10]
        clock.set(TODAY + DAY)
        for _ in range(61):
            await mood.refresh(clock.now())
            clock.advance(60)
        assert len(served.limits) == 2 + 7
        served.rows.insert(0, row(TODAY + DAY, 22))
        clock.advance(600)
        await mood.refresh(clock.now())
        assert mood.latest() == FearGreed(at=TODAY + DAY, value=22)


GARBAGE = {
    "a page": b"<html>Service unavailable</html>",
    "nothing": b"",
    "a list": b"[1, 2]",
    "a number": b"7",
    "no data": b'{"metadata": {"error": "limit"}}',
    "data is null": b'{"data": null}',
    "data is a word": b'{"data": "later"}',
    "rows are no rows": b'{"data": [1, null, "x", []]}',
    "too much": json.dumps({"data": [row(TODAY, 101)]}).encode(),
    "too little": json.dumps({"data": [row(TODAY, -1)]}).encode(),
    "no whole number": json.dumps({"data": [row(TODAY, 40.5), row(TODAY, "nan"), row(TODAY, "")]}).encode(),
    "no time": json.dumps({"data": [{"value": "40"}]}).encode(),
    "no time that is one": json.dumps(
        {"data": [{"value": "40", "timestamp": "9" * 30}, {"value": "40", "timestamp": "02-03-2026"}]}
    ).encode(),
    "no text": b"\xff\xfe{",
    "deep": b"[" * 200_000,
    "without an end": b" " * 1_500_000,
}


@pytest.mark.parametrize("kind", sorted(GARBAGE))
async def test_what_is_no_index_is_no_reading(kind: str) -> None:
    """It is logged once, and the next good answer is taken."""
    async with index() as served:
        mood, clock = scene(served)
        served.body = GARBAGE[kind]
        with capture_logs() as logged:
            for _ in range(3):
                await mood.refresh(clock.now())
                clock.advance(600)
        assert len(served.limits) == 3
        assert mood.latest() is None
        assert [line["event"] for line in logged] == ["fear_greed_unknown"]
        served.body = None
        await mood.refresh(clock.now())
        assert mood.latest() == FearGreed(at=TODAY, value=40)


async def test_one_impossible_row_spoils_no_other() -> None:
    async with index() as served:
        served.rows[0]["value"] = "250"
        mood, clock = scene(served)
        await mood.refresh(clock.now())
        assert mood.latest() == FearGreed(at=TODAY - DAY, value=41)


async def test_a_reading_of_the_future_is_not_taken() -> None:
    async with index() as served:
        served.rows.insert(0, row(TODAY + 30 * DAY, 5))
        mood, clock = scene(served)
        await mood.refresh(clock.now())
        assert mood.latest() == FearGreed(at=TODAY, value=40)


@pytest.mark.parametrize("status", [204, 404, 429, 500, 503])
async def test_an_answer_that_is_no_success_keeps_what_is_there(status: int) -> None:
    async with index() as served:
        mood, clock = scene(served)
        await mood.refresh(clock.now())
        served.status = status
        clock.advance(3600)
        await mood.refresh(clock.now())
        assert len(served.limits) == 2
        assert mood.latest() == FearGreed(at=TODAY, value=40)


async def test_a_slow_index_is_not_waited_for() -> None:
    async with index() as served:
        mood, clock = scene(served, timeout_s=0.1)
        served.slow_s = 600.0
        async with asyncio.timeout(60):
            await mood.refresh(clock.now())
        assert mood.latest() is None
        with pytest.raises(NoIndex, match="no answer within"):
            await fetch_index(served.url, 5, timeout_s=0.1)


async def test_an_index_that_is_not_there_is_no_reading() -> None:
    clock = ManualClock(NOW)
    mood = Sentiment(StillMarket(clock), clock, "http://127.0.0.1:9/fng/")
    await mood.refresh(clock.now())
    assert mood.latest() is None
    with pytest.raises(NoIndex, match="cannot be reached"):
        await fetch_index("http://127.0.0.1:9/fng/", 5)


async def test_an_index_that_is_switched_off_has_no_name_and_no_readings() -> None:
    clock = ManualClock(NOW)
    mood = Sentiment(StillMarket(clock), clock, "")
    await mood.refresh(clock.now())
    assert (mood.name, mood.latest(), mood.readings(TODAY - 90 * DAY, NOW)) == ("", None, ())


def test_the_name_is_what_people_know() -> None:
    assert host_of("https://api.alternative.me/fng/") == "alternative.me"
    assert host_of("https://www.example.org:8443/x") == "example.org"


async def test_a_played_market_has_an_index_of_its_own() -> None:
    """The address is not asked; what the market has not reached yet is unknown, also after it began again."""
    clock = ManualClock(NOW)
    source = SimulatedSource(clock, speed=86_400)
    mood = Sentiment(source, clock, "http://127.0.0.1:9/fng/")
    clock.advance(20)
    await mood.refresh(clock.now())
    late = source.market_time(clock.now())
    assert mood.name == "simulated"
    latest = mood.latest()
    assert latest is not None
    assert latest.at == late.replace(hour=0, minute=0, second=0, microsecond=0)
    assert mood.readings(late - 30 * DAY, late) == source.fear_greed_between(late - 30 * DAY, late)
    source.begin(clock.now())
    await mood.refresh(clock.now())
    start = source.market_time(clock.now())
    assert mood.readings(start, late) == ()
    assert mood.readings(start - 30 * DAY, start) == source.fear_greed_between(start - 30 * DAY, start)


@pytest.mark.skipif(not DATA.is_dir(), reason="the recorded index in ../shared/data is absent")
async def test_a_replay_leaves_out_the_days_that_had_no_reading() -> None:
    """14 to 16 April 2018 have none."""
    clock = ManualClock(NOW)
    source = ReplaySource(DATA, clock, start=datetime(2018, 4, 20, tzinfo=UTC))
    assert isinstance(source, MoodSource)
    mood = Sentiment(source, clock)
    await mood.refresh(clock.now())
    days = [one.at.day for one in mood.readings(datetime(2018, 4, 10, tzinfo=UTC), datetime(2018, 4, 20, tzinfo=UTC))]
    assert days == [11, 12, 13, 17, 18, 19, 20]
