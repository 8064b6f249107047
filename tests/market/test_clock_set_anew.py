"""A time server sets the clock by an hour, back or forward: no pause of the market's questions grows or shrinks by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import RateLimited, Unreachable
from chatbot.market.quotes import QuoteBoard
from chatbot.market.sentiment import Sentiment
from chatbot.market.throttle import LONGEST_PAUSE_S, PAUSE_S, Throttle, Turn
from tests.market.fear_index import index, row
from tests.portfolio.still_market import StillMarket

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: what is done to the time of day
SET = pytest.mark.parametrize("by", [-HOUR, HOUR, -30 * HOUR], ids=["back", "forward", "a day back"])


@SET
async def test_a_closed_gate_opens_after_a_minute_of_real_time(by: timedelta) -> None:
    """Asked to slow down: closed at 59 s, open at 60 s, whatever the wall says."""
    clock = ManualClock(NOW)
    throttle, asked = Throttle(clock), []

    async def fetch() -> str:
        asked.append(clock.monotonic())
        if len(asked) == 1:
            raise RateLimited("slow down")
        return "answer"

    assert await throttle.ask(fetch) is None
    clock.put(NOW + by)
    clock.advance(PAUSE_S - 1)
    assert await throttle.ask(fetch) is None
    assert len(asked) == 1
    clock.advance(1)
    assert await throttle.ask(fetch) == "answer"


@SET
async def test_a_gate_that_closed_after_failures_opens_as_well(by: timedelta) -> None:
    """Four failures in a row, then silence for a minute."""
    clock = ManualClock(NOW)
    throttle, tries = Throttle(clock), []

    async def fails() -> str:
        tries.append(1)
        raise Unreachable("down")

    for _ in range(6):
        await throttle.ask(fails)
    assert len(tries) == 4
    clock.put(NOW + by)
    await throttle.ask(fails)
    assert len(tries) == 4
    clock.advance(PAUSE_S)
    await throttle.ask(fails)
    assert len(tries) == 5


@pytest.mark.parametrize("empties", range(9))
def test_the_pauses_of_a_turn_double_up_to_an_hour(empties: int) -> None:
    """On both sides of each pause; a failure waits a minute whatever is new."""
    turn = Turn()
    for _ in range(empties + 1):
        turn.answered(100.0, complete=False)
    pause = min(PAUSE_S * 2**empties, LONGEST_PAUSE_S)
    assert not turn.may_ask(100.0 + pause - 0.1, fresh=False)
    assert turn.may_ask(100.0 + pause, fresh=False)
    assert turn.may_ask(100.0, fresh=True)
    turn.failed(100.0)
    assert not turn.may_ask(100.0 + PAUSE_S - 0.1, fresh=True)
    assert turn.may_ask(100.0 + PAUSE_S, fresh=False)


@SET
async def test_the_index_is_asked_again_after_ten_minutes_of_real_time(by: timedelta) -> None:
    """No reading of today yet: the next question comes when ten minutes have passed, and not before."""
    clock = ManualClock(NOW)
    async with index() as served:
        served.rows = [row(NOW.replace(hour=0, minute=0) - timedelta(days=1), 23)]
        mood = Sentiment(StillMarket(clock), clock, served.url)
        await mood.refresh(clock.now())
        clock.put(NOW + by)
        await mood.refresh(clock.now())
        assert len(served.limits) == 1
        clock.advance(600)
        await mood.refresh(clock.now())
        assert len(served.limits) == 2


@SET
async def test_the_age_of_a_fetch_is_of_real_time(by: timedelta) -> None:
    """A check of very many asks again for prices that are twenty seconds old, not for those of before the clock was set."""
    clock = ManualClock(NOW)
    board = QuoteBoard(StillMarket(clock), clock)
    assert board.fetch_age_s == float("inf")
    await board.refresh(["BTC"])
    clock.put(NOW + by)
    clock.advance(7)
    assert board.fetch_age_s == 7
