"""Bars and funding of the past: those of the feed, or what was said and settled here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chatbot.exchanges.base import Candle, Funding
from chatbot.exchanges.testserver.state import at_ms
from chatbot.exchanges.testserver.venue import FUNDING_EVERY, next_settlement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.exchanges.testserver.dialect import Talk

#: bars that one call returns, however many are asked for
_LARGEST_PAGE = 1_000
#: the bars that our price sources know, by seconds
_OF_SOURCES = {3600: "1h", 86_400: "1d"}


async def bars(talk: Talk, name: str, step_s: int, since_ms: int, until_ms: int, limit: int) -> Sequence[Candle]:
    """Return at most ``limit`` bars of an instrument that opened in [since, until], ms, oldest first; with ``since`` 0 the latest."""
    step_ms, until, limit = step_s * 1000, min(until_ms, talk.venue.now_ms), min(limit, _LARGEST_PAGE)
    first = (since_ms or until - (limit - 1) * step_ms) // step_ms * step_ms
    since, last = at_ms(first), at_ms(min(until + 1, first + limit * step_ms))
    if talk.feed is not None and step_s in _OF_SOURCES:
        return await talk.feed.candles(name, _OF_SOURCES[step_s], since, last)
    return talk.venue.paths[name].bars(timedelta(seconds=step_s), since, last)


async def settled(talk: Talk, name: str, since: datetime, until: datetime) -> Sequence[Funding]:
    """Return the settlements of a contract in (since, until], oldest first; before our own there were always those of the rate of now."""
    if talk.feed is not None:
        return await talk.feed.settled(name, since, until)
    ours = [Funding(at=at, rate=rate, interval_hours=8) for at, what, rate in talk.venue.settlements if what == name]
    first = ours[0].at if ours else talk.venue.now
    at, before = next_settlement(since), []
    while at < first:
        before.append(Funding(at=at, rate=talk.venue.prices[name].rate, interval_hours=8))
        at += FUNDING_EVERY
    return [one for one in (*before, *ours) if since < one.at <= until]
