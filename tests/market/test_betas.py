"""Betas out of the daily closes of everybody's book: the engine's estimate, the prior where there is no history, once a day."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from chatbot.clock import ManualClock
from chatbot.engine.beta import estimate_beta
from chatbot.errors import Unreachable
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.market.betas import Betas
from chatbot.market.candles import CandleBook
from tests.market.history_feed import DAY, D, Feed
from tests.places import DATA

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)
PRIORS = {"BTC": D(1), "ETH": D("1.1"), "SOL": D("1.2"), "USDC": D(0)}


def scene() -> tuple[Betas, CandleBook, Feed, ManualClock]:
    """Return betas over a written past."""
    clock = ManualClock(NOW)
    feed = Feed(clock)
    book = CandleBook(feed, clock)
    return Betas(book), book, feed, clock


async def test_without_history_each_is_its_prior() -> None:
    betas, _, feed, _ = scene()
    assert betas.now(PRIORS) == PRIORS
    feed.fails = Unreachable("down")
    await betas.refresh(PRIORS)
    assert betas.now(PRIORS) == PRIORS
    assert {one.source for one in betas.of(PRIORS, NOW).values()} == {"prior"}


async def test_bitcoin_and_stablecoins_are_not_estimated() -> None:
    """Nor asked for where nothing else is held."""
    betas, _, feed, _ = scene()
    await betas.refresh(["BTC", "USDC"])
    assert feed.asked == []
    await betas.refresh(PRIORS)
    assert sorted(name for name, _, _ in feed.asked) == ["BTC", "ETH", "SOL"]
    found = betas.of(PRIORS, NOW)
    assert (found["BTC"].beta, found["USDC"].beta) == (1, 0)
    assert (found["ETH"].source, found["ETH"].n) == ("vasicek", 90)


async def test_an_estimate_is_made_once_a_day_and_moves_on_at_midnight() -> None:
    """It is made again when yesterday's close comes late."""
    betas, book, feed, clock = scene()
    await betas.refresh(["ETH"])
    first = betas.of(["ETH"], NOW)["ETH"]
    assert betas.of(["ETH"], NOW + timedelta(hours=10))["ETH"] is first
    clock.set(TODAY + DAY)
    feed.lag = timedelta(minutes=5)
    await betas.refresh(["ETH"])
    early = betas.of(["ETH"], clock.now())["ETH"]
    assert early.n == 89
    clock.advance(600)
    await betas.refresh(["ETH"])
    assert betas.of(["ETH"], clock.now())["ETH"].n == 90
    assert book.closes("ETH", "1d", TODAY + DAY, 1) != (None,)


async def test_a_coin_listed_last_week_keeps_its_prior() -> None:
    """Fewer than thirty common days say nothing (domain 1.7)."""
    betas, book, feed, _ = scene()
    await book.refresh(["BTC"], "1d", 100)
    feed.listed = TODAY - 20 * DAY
    await betas.refresh(["NEW"])
    found = betas.of(["NEW"], NOW)["NEW"]
    assert (found.n, found.source, betas.now(["NEW"])) == (19, "prior", {"NEW": D("1.2")})


@pytest.mark.skipif(not DATA.is_dir(), reason="recorded prices in ../shared/data are absent")
async def test_recorded_days_give_the_engines_estimate() -> None:
    """The same as the engine says to the log returns of ninety days; missing days pair with nothing."""
    clock = ManualClock(NOW)
    now = datetime(2021, 7, 1, 12, tzinfo=UTC)
    source = ReplaySource(DATA, clock, start=now)
    betas = Betas(CandleBook(source, clock))
    await betas.refresh(["ETH", "ADA"])
    day = now.replace(hour=0)
    returns = {}
    for asset in ("BTC", "ETH", "ADA"):
        closes = {one.at: float(one.close) for one in await source.candles(asset, "1d", day - 91 * DAY, day)}
        times = [day - DAY * back for back in range(90, 0, -1)]
        returns[asset] = [math.log(closes[at] / closes[at - DAY]) for at in times]
    for asset, prior, spread in (("ETH", 1.1, 0.25), ("ADA", 1.2, 0.35)):
        expected = estimate_beta(returns[asset], returns["BTC"], prior=prior, prior_sd=spread)
        assert betas.of([asset], now) == {asset: expected}
        assert betas.now([asset]) == {asset: D(str(round(expected.beta, 6)))}
        assert 0.8 < expected.beta < 1.6
