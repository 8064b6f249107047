"""The simulated market: the same seed, episodes and time give the same price, and things happen when they are called."""

from __future__ import annotations

import itertools
import math
import statistics
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.base import is_perp
from chatbot.exchanges.markets.coins import COINS, DOLLAR
from chatbot.exchanges.markets.episodes import EPISODES, SCENES, SCRIPT
from chatbot.exchanges.markets.simulated import DEFAULT_SPEED, SimulatedSource

NOW = datetime(2026, 1, 1, tzinfo=UTC)
#: the balanced preset of domain 2.2
BALANCED = {"CORE": (0.4, ("BTC", "ETH")), "ALT": (0.4, ("SOL", "XRP", "ADA")), "STABLE": (0.2, ())}


def market(**given: object) -> tuple[SimulatedSource, ManualClock]:
    """Return a simulated market and its clock."""
    clock = ManualClock(NOW)
    return SimulatedSource(clock, **{"speed": 3600, **given}), clock  # type: ignore[arg-type]


async def prices(source: SimulatedSource) -> dict[str, Decimal]:
    """Return all prices of this moment."""
    return {name: quote.price for name, quote in (await source.quotes(await source.markets())).items()}


async def test_every_coin_has_a_spot_and_a_perpetual_with_sane_start_prices() -> None:
    source, _ = market()
    quotes = {**await source.quotes(await source.markets())}
    dollar = quotes.pop(DOLLAR)
    assert dollar.bid < 1 < dollar.ask
    assert len(quotes) == 2 * len(COINS) == 20
    for name, quote in quotes.items():
        rules = (await source.markets())[name]
        assert quote.bid % rules.tick == quote.ask % rules.tick == 0
        assert 0 < quote.bid < quote.ask
        assert float(quote.price) == pytest.approx(COINS[name.removesuffix("-PERP")].price, rel=0.002)
        assert (quote.mark is not None) is (quote.funding_rate is not None) is is_perp(name)


@pytest.mark.parametrize("step_s", [1, 17, 333])
async def test_the_price_does_not_depend_on_who_looked_before(step_s: int) -> None:
    source, clock = market()
    while clock.now() < NOW + timedelta(seconds=1000):
        await source.quotes(["BTC"])
        clock.advance(step_s)
    clock.set(NOW + timedelta(seconds=1200))
    fresh, clock_of_fresh = market()
    clock_of_fresh.set(clock.now())
    assert await prices(source) == await prices(fresh)


async def test_another_seed_is_another_market() -> None:
    one, clock = market(seed=1)
    other, clock_of_other = market(seed=2)
    clock.advance(100)
    clock_of_other.advance(100)
    assert (await prices(one))["BTC"] != (await prices(other))["BTC"]


async def test_the_path_and_the_quote_agree() -> None:
    """What matching walks is what people see."""
    source, clock = market()
    clock.advance(50)
    now = source.market_time(clock.now())
    path = await source.path("ETH", now - timedelta(minutes=30), now)
    quote = (await source.quotes(["ETH"]))["ETH"]
    assert path is not None
    assert len(path.at) == 30
    assert (path.book(29).bid, path.book(29).ask) == (quote.bid, quote.ask)


async def test_days_kept_for_one_market_are_not_those_of_another() -> None:
    """Markets of one process share the days that they have in common; the days of an episode belong to those who called it."""
    calm, clock = market(script=False)
    stirred, clock_of_stirred = market(script=False)
    stirred.start_episode("alt_crash")
    other_seed, clock_of_other = market(script=False, seed=8)
    for one in (clock, clock_of_stirred, clock_of_other):
        one.advance(60)
    again, clock_of_again = market(script=False)
    clock_of_again.advance(60)
    before = await prices(calm)
    assert (await prices(stirred))["SOL"] < before["SOL"] != (await prices(other_seed))["SOL"]
    assert await prices(again) == before


async def test_an_episode_leaves_the_past_as_it_was() -> None:
    source, clock = market()
    clock.advance(40)
    until = source.market_time(clock.now())
    before = await source.candles("BTC", "1h", until - timedelta(days=3), until)
    source.start_episode("alt_crash")
    assert await source.candles("BTC", "1h", until - timedelta(days=3), until) == before


async def test_episodes_can_be_given_back_after_a_restart() -> None:
    source, clock = market()
    clock.advance(100)
    source.start_episode("fear")
    clock.advance(10)
    source.start_episode("recovery")
    clock.advance(15)
    again = SimulatedSource(clock, origin=NOW, speed=3600, episodes=source.episodes)
    assert await prices(again) == await prices(source)


async def after(name: str, hours: int) -> tuple[dict[str, float], SimulatedSource, ManualClock]:
    """Return each coin's move relative to the same market without the episode, some hours after its call."""
    source, clock = market(script=False)
    calm, calm_clock = market(script=False)
    source.start_episode(name)
    clock.advance(hours)
    calm_clock.set(clock.now())
    with_it, without = await prices(source), await prices(calm)
    return {asset: float(with_it[asset] / without[asset]) - 1 for asset in COINS}, source, clock


async def test_a_rally_lifts_bitcoin_more_than_the_others() -> None:
    moves, *_ = await after("btc_rally", 22)
    assert moves["BTC"] > 0.25
    assert moves["SOL"] < 0.15


async def test_a_crash_of_alts_spares_bitcoin() -> None:
    moves, *_ = await after("alt_crash", 18)
    assert moves["SOL"] < -0.25
    assert -0.12 < moves["BTC"] < 0


async def test_a_funding_spike_raises_the_next_rate_above_five_basis_points() -> None:
    _, source, _ = await after("funding_spike", 12)
    rate = (await source.quotes(["BTC-PERP"]))["BTC-PERP"].funding_rate
    assert rate is not None
    assert rate > Decimal("0.0005")


async def test_fear_brings_the_index_below_25_and_prices_down() -> None:
    moves, source, clock = await after("fear", 50)
    assert source.fear_greed(clock.now()).value < 25
    assert moves["BTC"] < -0.1


async def test_a_volatility_spike_doubles_the_hourly_moves() -> None:
    _, source, clock = await after("volatility_spike", 60)
    now = source.market_time(clock.now())
    closes = [float(bar.close) for bar in await source.candles("BTC", "1h", now - timedelta(hours=120), now)]
    moves = [math.log(b / a) for a, b in itertools.pairwise(closes)]
    assert statistics.pstdev(moves[60:]) > 2 * statistics.pstdev(moves[:58])


def test_an_unknown_episode_is_refused() -> None:
    source, _ = market()
    with pytest.raises(KeyError):
        source.start_episode("moon")
    with pytest.raises(KeyError):
        source.prepare("moon")
    assert {name for _, name in SCRIPT} | set(SCENES) == set(EPISODES)


async def test_no_number_of_episodes_drives_a_price_to_nothing_or_out_of_sight() -> None:
    source, clock = market(script=False)
    for name in ["alt_crash", "fear"] * 40:
        source.start_episode(name)
        clock.advance(5)
    assert (await prices(source))["ADA"] > Decimal("0.001")


@pytest.mark.parametrize("seed", [7, 8, 9])
async def test_the_demo_shows_its_first_drift_out_of_five_points_within_a_minute(seed: int) -> None:
    """A balanced portfolio bought at the start leaves its band between 36 and 60 seconds: there is time to confirm the first plan."""
    source, clock = market(seed=seed, speed=DEFAULT_SPEED)
    start = await prices(source)
    drifted_at = []
    for second in range(0, 61, 2):
        now = await prices(source)
        value = {
            line: sum(weight / len(members) * float(now[asset] / start[asset]) for asset in members) if members else weight
            for line, (weight, members) in BALANCED.items()
        }
        if any(abs(value[line] / sum(value.values()) - BALANCED[line][0]) >= 0.05 for line in BALANCED):
            drifted_at.append(second)
        clock.advance(2)
    assert 36 <= drifted_at[0] <= 60


async def test_candles_are_closed_ordered_and_join_up() -> None:
    source, clock = market()
    clock.advance(30)
    now = source.market_time(clock.now())
    hours = await source.candles("SOL-PERP", "1h", now - timedelta(days=2), now)
    assert len(hours) == 48
    for bar, following in itertools.pairwise(hours):
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.close == following.open
        assert following.at - bar.at == timedelta(hours=1)
    days = await source.candles("SOL-PERP", "1d", now - timedelta(days=90), now + timedelta(days=3))
    assert days[-1].at + timedelta(days=1) <= now
    assert [bar.at for bar in days] == [days[0].at + timedelta(days=n) for n in range(len(days))]
    assert days[0].at == now.replace(hour=0) - timedelta(days=89)


async def test_funding_settles_every_eight_hours_up_to_now() -> None:
    source, clock = market()
    clock.advance(30)
    now = source.market_time(clock.now())
    paid = await source.funding("ETH-PERP", now - timedelta(days=1), now + timedelta(days=5))
    assert [one.at.hour for one in paid] == [8, 16, 0]
    assert all(one.interval_hours == 8 and abs(one.rate) < Decimal("0.002") for one in paid)
    assert await source.funding("ETH", now - timedelta(days=1), now) == ()


async def test_the_mood_is_one_reading_a_day_between_0_and_100() -> None:
    source, clock = market()
    now = source.market_time(clock.now())
    readings = source.fear_greed_between(now - timedelta(days=60), now)
    assert [one.at for one in readings] == [now - timedelta(days=59 - n) for n in range(60)]
    assert all(0 <= one.value <= 100 for one in readings)
    assert readings[-1] == source.fear_greed(clock.now())
