"""The replayed market: real hours with all their oddities come out as they were."""

from __future__ import annotations

import asyncio
import gzip
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.errors import SettingError
from chatbot.exchanges.markets.history import Bars, by_the_hour, daily, price_inside, prices_at, read_bars
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.exchanges.sources import price_source
from tests.places import DATA
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded market in ../shared/data is absent")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = 3_600_000


def replay(start: datetime, *, speed: float = 1.0) -> tuple[ReplaySource, ManualClock]:
    """Return a replay that begins at ``start``, and its clock."""
    clock = ManualClock(NOW)
    return ReplaySource(DATA, clock, start=start, speed=speed), clock


def bar(first: float, high: float, low: float, last: float) -> Bars:
    """Return one hour."""
    return Bars(span_ms=HOUR, at=np.array([0]), prices=np.array([[first], [high], [low], [last]]), volume=np.array([60.0]))


def inside(one: Bars, minute: int) -> float:
    """Return the price at a minute of the only hour."""
    return float(price_inside(one, np.array([0]), np.array([minute * 60_000]))[0])


def test_a_rising_hour_sees_its_low_first_and_a_falling_one_its_high() -> None:
    rising, falling = bar(100, 120, 90, 110), bar(110, 120, 90, 100)
    assert [inside(rising, minute) for minute in (0, 20, 40, 59)] == pytest.approx([100, 90, 120, 110])
    assert [inside(falling, minute) for minute in (0, 20, 40, 59)] == pytest.approx([110, 120, 90, 100])
    assert inside(rising, 10) == pytest.approx(95)


def test_an_odd_print_lasts_one_minute_and_does_not_bend_the_way_around_it() -> None:
    odd = bar(3.0, 3.1, 0.0001, 2.5)
    assert inside(odd, 40) == 0.0001
    assert inside(odd, 39) > 2.4
    assert inside(odd, 41) == pytest.approx(2.5)


def test_the_price_never_leaves_its_candle() -> None:
    one = bar(100, 120, 90, 110)
    assert all(90 <= inside(one, minute) <= 120 for minute in range(60))


def test_days_are_made_of_the_hours_that_exist() -> None:
    hours = Bars(
        span_ms=HOUR,
        at=np.array([22, 23, 24, 30]) * HOUR,
        prices=np.array([[1.0, 2, 3, 4], [5, 6, 7, 8], [0.5, 1, 2, 3], [2, 3, 4, 5]]),
        volume=np.array([1.0, 2, 3, 4]),
    )
    days = daily(hours)
    assert days.at.tolist() == [0, 24 * HOUR]
    assert days.prices.tolist() == [[1, 3], [6, 8], [0.5, 2], [3, 5]]
    assert days.volume.tolist() == [3, 7]


def hours(rows: list[tuple[float, float, float, float]]) -> Bars:
    """Return hours from the first one of the epoch on; each is (open, up, down, close), the extremes as parts of the ends."""
    opens, ups, downs, closes = np.array(rows).T
    highs, lows = np.maximum(opens, closes) * (1 + ups), np.minimum(opens, closes) * (1 - downs)
    return Bars(span_ms=HOUR, at=np.arange(len(rows)) * HOUR, prices=np.stack([opens, highs, lows, closes]), volume=np.ones(len(rows)))


RATIO = st.floats(0.01, 0.4)
PRICE = st.floats(50.0, 200.0)
HOURS = st.lists(st.tuples(PRICE, RATIO, RATIO, PRICE), min_size=3, max_size=3).map(hours)


@given(HOURS, HOURS)
def test_all_coins_are_at_their_lows_together_and_at_their_highs(btc: Bars, other: Bars) -> None:
    """One clock inside an hour: nobody stands at -11 % while another one stands at +13 %."""
    moments = np.arange(0, 3 * HOUR, 60_000)
    paths = [price_inside(bars, moments // HOUR, moments, btc).reshape(3, 60) for bars in (btc, other)]
    for hour, (led, following) in enumerate(zip(*paths, strict=True)):
        assert following[led.argmin()] == pytest.approx(other.prices[2, hour])
        assert following[led.argmax()] == pytest.approx(other.prices[1, hour])
        assert following[0] == pytest.approx(other.prices[0, hour])
        assert following[59] == pytest.approx(other.prices[3, hour])


@given(HOURS, HOURS, st.integers(0, 3 * HOUR - 1), st.booleans())
def test_the_prices_of_one_moment_are_those_of_the_way(btc: Bars, other: Bars, moment: int, led: bool) -> None:
    """Many instruments at once, and one moment after the other, go the same way to the last bit."""
    leader, index = btc if led else None, moment // HOUR
    alone = [float(price_inside(bars, np.array([index]), np.array([moment]), leader)[0]) for bars in (btc, other)]
    assert prices_at([(bars, index) for bars in (btc, other)], moment, leader) == alone
    assert [bars.at_moment(at) for bars in (btc,) for at in (-1, moment, 3 * HOUR)] == [None, index, None]


def test_on_10_october_2025_ether_falls_with_bitcoin_although_its_hour_ends_higher() -> None:
    btc, eth = hours([(117.0, 0.01, 0.10, 113.0)]), hours([(3.80, 0.12, 0.10, 3.82)])
    low = np.array([40 * 60_000])
    assert [float(price_inside(one, np.array([0]), low, btc)[0]) for one in (btc, eth)] == pytest.approx([113 * 0.9, 3.8 * 0.9])
    assert float(price_inside(eth, np.array([0]), low)[0]) > 4, "by itself it would stand at its high"


@given(HOURS, st.lists(st.tuples(PRICE, RATIO, RATIO, PRICE), min_size=1, max_size=1).map(hours), st.booleans())
def test_longer_candles_of_a_contract_become_hours_of_the_same_market(spot: Bars, one: Bars, missing: bool) -> None:
    """Nothing that was recorded is lost: open, high, low, close and volume of all hours together are the candle's."""
    long = replace(one, span_ms=3 * HOUR)
    coin = replace(spot, at=spot.at[1:], prices=spot.prices[:, 1:], volume=spot.volume[1:]) if missing else spot
    made = by_the_hour(long, coin)
    opens, highs, lows, closes = made.prices
    assert made.at.tolist() == [0, HOUR, 2 * HOUR]
    whole = [opens[0], highs.max(), lows.min(), closes[-1], made.volume.sum()]
    assert whole == pytest.approx([*one.prices[:, 0], one.volume[0]])
    assert (lows <= np.minimum(opens, closes)).all()
    assert (highs >= np.maximum(opens, closes)).all()


@needs_data
@pytest.mark.parametrize("day", [datetime(2020, 3, 12, tzinfo=UTC), datetime(2021, 5, 19, tzinfo=UTC), datetime(2022, 6, 18, tzinfo=UTC)])
async def test_in_every_recorded_hour_of_a_crash_all_coins_and_contracts_share_one_clock(day: datetime) -> None:
    """At the minute at which BTC is at its hour's low, every other one is at its own."""
    source, _ = replay(day)
    markets = sorted(await source.markets())
    paths = {name: await source.path(name, day - timedelta(minutes=1), day + timedelta(hours=23, minutes=59)) for name in markets}
    prices = {name: path.mid.reshape(24, 60) for name, path in paths.items() if path is not None and len(path.at) == 24 * 60}
    assert len(prices) >= 10
    when = prices["BTC"].argmin(axis=1), prices["BTC"].argmax(axis=1)
    inner = [[20 <= minute <= 40 for minute in minutes] for minutes in when]
    for name, found in prices.items():
        for hour in range(24):
            assert not inner[0][hour] or found[hour, when[0][hour]] == found[hour].min(), (name, hour)
            assert not inner[1][hour] or found[hour, when[1][hour]] == found[hour].max(), (name, hour)


@needs_data
async def test_the_low_of_link_in_march_2020_comes_out_as_it_was() -> None:
    source, clock = replay(datetime(2020, 3, 12, 10, tzinfo=UTC))
    clock.advance(20 * 60)
    assert (await source.quotes(["LINK"]))["LINK"].price > 2
    clock.advance(20 * 60)
    quote = (await source.quotes(["LINK"]))["LINK"]
    assert quote.bid == quote.ask == Decimal("0.0001")


@needs_data
@pytest.mark.parametrize(
    ("day", "price"),
    [
        (datetime(2020, 3, 12, tzinfo=UTC), "4410"),
        (datetime(2020, 3, 13, tzinfo=UTC), "3782.13"),
        (datetime(2021, 11, 10, tzinfo=UTC), "69000"),
        (datetime(2022, 11, 21, tzinfo=UTC), "15476"),
    ],
)
async def test_known_extremes_of_bitcoin_are_on_the_path(day: datetime, price: str) -> None:
    source, _ = replay(day)
    path = await source.path("BTC", day - timedelta(minutes=1), day + timedelta(hours=23, minutes=59))
    assert path is not None
    assert Decimal(price) in {Decimal(str(round(edge, 2))) for edge in (float(path.mid.min()), float(path.mid.max()))}


@needs_data
async def test_an_hour_in_which_the_exchange_was_down_has_no_quote_and_no_path() -> None:
    """The last of the 27 gaps in the hours of BTC."""
    bars = read_bars(DATA / "spot_1h" / "BTCUSDT.csv.gz")
    gaps = np.flatnonzero(np.diff(bars.at) > HOUR)
    assert len(gaps) == 27
    begins = datetime.fromtimestamp(int(bars.at[gaps[-1]]) / 1000, UTC) + timedelta(hours=1)
    source, clock = replay(begins - timedelta(minutes=1))
    assert "BTC" in await source.quotes(["BTC"])
    clock.advance(61)
    assert await source.quotes(["BTC"]) == {}
    path = await source.path("BTC", begins, begins + timedelta(minutes=30))
    assert path is not None
    assert len(path.at) == 0


@needs_data
async def test_market_time_runs_at_its_speed_and_a_restart_resumes_it() -> None:
    start = datetime(2023, 3, 1, tzinfo=UTC)
    source, clock = replay(start, speed=3600)
    clock.advance(36)
    assert source.market_time(clock.now()) == start + timedelta(hours=36)
    again = ReplaySource(DATA, clock, start=start, speed=3600, origin=NOW)
    assert await again.quotes(["BTC", "ETH-PERP"]) == await source.quotes(["BTC", "ETH-PERP"])
    assert (await again.quotes(["BTC"]))["BTC"].at == clock.now()


@needs_data
async def test_coins_without_a_recorded_perpetual_have_only_spot() -> None:
    source, _ = replay(datetime(2023, 3, 1, tzinfo=UTC))
    markets = await source.markets()
    assert "LTC" in markets
    assert "LTC-PERP" not in markets
    assert len(markets) == 19
    assert set(await source.quotes(["LTC", "LTC-PERP", "SOL-PERP"])) == {"LTC", "SOL-PERP"}


@needs_data
async def test_candles_and_settlements_of_the_future_are_not_told() -> None:
    start = datetime(2023, 3, 1, 12, 30, tzinfo=UTC)
    source, _ = replay(start)
    hours = await source.candles("BTC", "1h", start - timedelta(hours=5), start + timedelta(days=9))
    assert [one.at.hour for one in hours] == [8, 9, 10, 11]
    days = await source.candles("BTC", "1d", start - timedelta(days=3), start + timedelta(days=9))
    assert [one.at.day for one in days] == [27, 28]
    paid = await source.funding("BTC-PERP", start - timedelta(days=1), start + timedelta(days=9))
    assert [one.at.hour for one in paid] == [16, 0, 8]
    assert all(one.interval_hours == 8 for one in paid)


@needs_data
async def test_the_mood_of_the_day_is_told_and_missing_days_are_missing() -> None:
    source, clock = replay(datetime(2018, 4, 16, 12, tzinfo=UTC))
    reading = source.fear_greed(clock.now())
    assert reading is not None
    assert reading.at == datetime(2018, 4, 13, tzinfo=UTC)
    assert ReplaySource(DATA, clock, start=datetime(2017, 1, 1, tzinfo=UTC)).fear_greed(clock.now()) is None


@needs_data
async def test_files_are_read_when_they_are_asked_for_and_fast() -> None:
    source, _ = replay(datetime(2023, 3, 1, tzinfo=UTC))
    await source.markets()
    assert source._loaded == {}
    begun = time.process_time()
    await source.quotes(["BTC"])
    assert set(source._loaded) == {"BTC"}
    assert time.process_time() - begun < 1.0


def test_a_source_is_made_by_its_name(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    assert isinstance(price_source("simulated", clock, speed=60), SimulatedSource)
    (tmp_path / "spot_1h").mkdir()
    made = price_source(f"replay:{tmp_path}", clock, start=NOW, speed=2, origin=NOW)
    assert made.market_time(NOW + timedelta(seconds=3)) == NOW + timedelta(seconds=6)
    assert price_source("live:binance", clock).name == "binance"


@pytest.mark.parametrize("spec", ["", "simulated:x", "replay:", "live:", "live:mtgox", "replay:/no/such/folder", "binance"])
def test_a_name_that_is_no_market_is_refused_with_a_cure(spec: str) -> None:
    with pytest.raises(SettingError, match="CHATBOT_MARKET"):
        price_source(spec, ManualClock(NOW))


async def test_a_small_recording_of_ones_own_can_be_replayed(tmp_path: Path) -> None:
    """Two hours of one coin, no funding and no mood, are a market."""
    (tmp_path / "spot_1h").mkdir()
    start = int(NOW.timestamp() * 1000)
    rows = f"timestamp,open,high,low,close,volume\n{start},100,110,95,105,60\n{start + HOUR},105,106,90,91,60\n"
    (tmp_path / "spot_1h" / "SOLUSDT.csv.gz").write_bytes(gzip.compress(rows.encode()))
    clock = ManualClock(NOW)
    source = ReplaySource(tmp_path, clock, start=NOW, speed=60)
    assert set(await source.markets()) == {"SOL"}
    assert (await source.quotes(["SOL", "BTC", "SOL-PERP"]))["SOL"].price == Decimal(100)
    clock.advance(40)
    assert (await source.quotes(["SOL"]))["SOL"].price == Decimal(110)
    clock.advance(81)
    assert await source.quotes(["SOL"]) == {}
    assert source.fear_greed(clock.now()) is None
    assert await source.funding("SOL-PERP", NOW, NOW + timedelta(days=1)) == ()
    assert [one.close for one in await source.candles("SOL", "1h", NOW, NOW + timedelta(days=1))] == [105, 91]
    assert await source.candles("BTC", "1h", NOW, NOW + timedelta(days=1)) == ()
    assert await source.path("BTC", NOW, NOW + timedelta(days=1)) is None
    await source.close()


async def test_a_coin_whose_recording_ends_before_the_others_is_delisted_and_the_end_of_all_is_not(tmp_path: Path) -> None:
    """SOL's last hour is over: the list is without it, as after a delisting; when every recording is over the market has ended."""
    start = datetime(2022, 5, 1, tzinfo=UTC)
    (tmp_path / "spot_1h").mkdir()
    for coin, hours in (("BTC", 4), ("SOL", 2)):
        rows = [f"{int(start.timestamp() * 1000) + hour * HOUR},10,11,9,10,5" for hour in range(hours)]
        text = "\n".join(["timestamp,open,high,low,close,volume", *rows])
        (tmp_path / "spot_1h" / f"{coin}USDT.csv.gz").write_bytes(gzip.compress(text.encode()))
    clock = ManualClock(NOW)
    source = ReplaySource(tmp_path, clock, start=start)
    assert set(await source.quotes(["BTC", "SOL"])) == {"BTC", "SOL"}
    seen = []
    for _ in range(5):
        seen.append(set(await source.markets()))
        clock.advance(3600)
    assert seen == [{"BTC", "SOL"}, {"BTC", "SOL"}, {"BTC"}, {"BTC"}, {"BTC", "SOL"}]


@pytest.mark.parametrize("body", [b"", b"garbage", gzip.compress(b"a,b\nno,number\n")], ids=["empty", "no gzip", "no numbers"])
async def test_a_file_that_is_no_recording_is_named(body: bytes, tmp_path: Path) -> None:
    """An empty one had its reader wait for ever: the end of a file must not be told as StopIteration to who awaits a thread."""
    (tmp_path / "spot_1h").mkdir()
    (tmp_path / "spot_1h" / "BTCUSDT.csv.gz").write_bytes(body)
    source = ReplaySource(tmp_path, ManualClock(datetime(2022, 5, 1, tzinfo=UTC)))
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(SettingError, match=r"BTCUSDT\.csv\.gz is no recorded history"):
            await source.markets()
