"""June 2022: funding was low again and again, but never for three blocks in a row, so nothing stepped up; fear lasted all month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chatbot.clock import ManualClock
from chatbot.engine.triggers.registry import TRIGGERS
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.market.funding import FundingBook
from chatbot.model import Cause
from chatbot.triggers.feeds import MAJOR_CONTRACTS
from tests.places import DATA
from tests.stories.history import needs_history

if TYPE_CHECKING:
    from decimal import Decimal

BEGIN, END = datetime(2022, 6, 1, tzinfo=UTC), datetime(2022, 7, 1, tzinfo=UTC)


@needs_history
async def test_the_default_limits_ask_for_no_step_up_in_june_2022_and_fear_would_have_held_one_back() -> None:
    clock = ManualClock(END)
    source = ReplaySource(DATA, clock, start=END)
    book = FundingBook(source, clock)
    await book.refresh(MAJOR_CONTRACTS, (END - BEGIN).days + 2)
    low, fear = TRIGGERS[Cause.FUNDING_LOW], TRIGGERS[Cause.FEAR_GREED]
    params = low.params({})
    state, most = low.start(params), 0
    rates: list[Decimal] = []
    for _, rate in book.market_blocks(MAJOR_CONTRACTS, BEGIN, END):
        assert rate is not None
        rates.append(rate)
        state = low.advance(state, rate, params)
        assert not low.standing(state, params).active
        most = max(most, state.low)
    assert len(rates) == 90
    assert sum(rate < params["enter"] for rate in rates) > 0
    assert most < 3

    mood = fear.start(fear.params({}))
    for reading in source.fear_greed_between(BEGIN - timedelta(days=60), END):
        mood = fear.advance(mood, reading.value, fear.params({}))
        assert reading.at < BEGIN or fear.standing(mood, fear.params({})).active
