"""What the chat page can make happen: from a calm moment every trigger fires within a minute, and without a call none does."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.base import Direction, OrderRequest, Side
from chatbot.exchanges.markets.episodes import SCENES
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.exchanges.paper.account import AccountState
from chatbot.exchanges.paper.paper import PaperExchange
from tests.exchanges.markets import scene_watch
from tests.exchanges.markets.scene_watch import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

#: (seed, market hours since the start): morning, noon, just before midnight, and a day far from the start
MOMENTS = [(7, 1.5), (8, 13.3), (9, 23.95), (11, 402.2)]
MINUTE_S = 60
#: the balanced preset of domain 2.2, without its futures
BALANCED = {"BTC": 0.24, "ETH": 0.16, "SOL": 0.2, "XRP": 0.2, "USDT": 0.2}


async def volatility_is_on(show: Stage) -> bool:
    """Tell whether a spike is on, in every coin that a portfolio is likely to hold."""
    return all([(await scene_watch.volatility_state(show, asset)).active for asset in ("BTC", "ETH", "SOL")])


async def trend_is_on(show: Stage) -> bool:
    """Tell whether a trend is exhausted, in both coins with large futures."""
    return all([(await scene_watch.trend_state(show, asset)).trim > 0 for asset in ("BTC", "ETH")])


async def low_funding_is_on(show: Stage) -> bool:
    """Tell whether the futures level was raised."""
    return (await scene_watch.low_state(show)).level > Decimal("0.10")


async def high_funding_is_on(show: Stage) -> bool:
    """Tell whether the net long is halved."""
    return (await scene_watch.high_state(show)).active


async def fear_is_on(show: Stage) -> bool:
    """Tell whether the regime of extreme fear is on."""
    return scene_watch.fear_state(show).active


READ: dict[str, Callable[[Stage], Awaitable[bool]]] = {
    "wild_week": volatility_is_on,
    "five_waves": trend_is_on,
    "cheap_longs": low_funding_is_on,
    "dear_longs": high_funding_is_on,
    "panic": fear_is_on,
}


@pytest.mark.parametrize(("seed", "hours"), MOMENTS)
@pytest.mark.parametrize("name", READ)
async def test_a_scene_fires_its_trigger_within_a_minute_and_the_calm_market_does_not(name: str, seed: int, hours: float) -> None:
    """The engine's own machine, run over the market's history, is quiet before the call and has entered a minute after it."""
    show, calm = stage(seed, hours), stage(seed, hours)
    assert not await READ[name](show)
    moved_to = show.call(name)
    if moved_to is not None:
        calm.clock.set(calm.source.time.back(moved_to))
    show.clock.advance(MINUTE_S)
    calm.clock.advance(MINUTE_S)
    assert calm.market_now - show.market_now < timedelta(seconds=2)
    assert await READ[name](show)
    assert not await READ[name](calm)


@pytest.mark.parametrize("speed", [1, 60, 3600])
@pytest.mark.parametrize("name", ["dear_longs", "panic"])
async def test_a_scene_fires_within_a_minute_at_any_speed(name: str, speed: int) -> None:
    show = stage(7, 5, speed=speed)
    show.call(name)
    show.clock.advance(MINUTE_S)
    assert await READ[name](show)


@pytest.mark.parametrize(("seed", "hours"), MOMENTS)
async def test_relief_ends_extreme_fear_within_a_minute(seed: int, hours: float) -> None:
    show = stage(seed, hours)
    show.call("panic")
    show.clock.advance(MINUTE_S)
    assert await fear_is_on(show)
    show.call("relief")
    show.clock.advance(MINUTE_S)
    assert not await fear_is_on(show)


@pytest.mark.parametrize(("seed", "hours"), MOMENTS)
@pytest.mark.parametrize("name", ["majors_jump", "alts_fall"])
async def test_a_balanced_portfolio_leaves_a_band_within_a_minute(name: str, seed: int, hours: float) -> None:
    show = stage(seed, hours)
    before = await show.source.quotes(BALANCED)
    show.call(name)
    show.clock.advance(MINUTE_S)
    after = await show.source.quotes(BALANCED)
    worth = {
        asset: share * float(after[asset].price / before[asset].price) if asset in after else share for asset, share in BALANCED.items()
    }
    total = sum(worth.values())
    drifts = {"CORE": (worth["BTC"] + worth["ETH"]) / total - 0.4, "ALT": (worth["SOL"] + worth["XRP"]) / total - 0.4}
    assert max(map(abs, drifts.values())) >= 0.06


async def account(show: Stage, side: Side, notional: int = 30_000) -> PaperExchange:
    """Return an account with a position of three times its collateral, or of another notional."""

    async def save(_: AccountState) -> None:
        """Nothing to keep."""

    exchange = PaperExchange(show.source, show.clock, AccountState.opening(Decimal(100_000)), save=save)
    await exchange.transfer(Direction.TO_FUTURES, Decimal(10_000), "t")
    await exchange.set_leverage("BTC-PERP", Decimal(10))
    quote = (await exchange.quotes(["BTC-PERP"]))["BTC-PERP"]
    limit = (quote.price * (Decimal("1.01") if side is Side.BUY else Decimal("0.99"))).quantize(Decimal("0.1"))
    qty = (Decimal(notional) / quote.price).quantize(Decimal("0.001"))
    await exchange.place(OrderRequest(client_id="o", instrument="BTC-PERP", side=side, qty=qty, limit=limit, immediate=True))
    return exchange


@pytest.mark.parametrize(("seed", "hours"), MOMENTS)
@pytest.mark.parametrize(("name", "side"), [("plunge", Side.BUY), ("squeeze", Side.SELL)])
async def test_three_times_leverage_comes_near_liquidation_within_a_minute_and_survives_it(
    name: str, side: Side, seed: int, hours: float
) -> None:
    show = stage(seed, hours)
    exchange = await account(show, side)
    show.call(name)
    show.clock.advance(MINUTE_S)
    (position,) = await exchange.positions()
    assert position.liquidation is not None
    assert abs(position.liquidation / position.mark - 1) < Decimal("0.10")


@pytest.mark.parametrize("name", SCENES)
async def test_what_was_before_a_scene_stays_as_it_was(name: str) -> None:
    """Prices, funding and mood up to the call are the same bit by bit, also in the middle of a candle."""
    show = stage(7, 130.37, script=True)
    now = show.market_now

    async def past() -> tuple[object, ...]:
        path = await show.source.path("ETH", now - timedelta(hours=30), now)
        assert path is not None
        moods = show.source.fear_greed_between(now - timedelta(days=9), now)
        return path.mid.tobytes(), moods, await show.source.funding("BTC-PERP", now - timedelta(days=5), now)

    before = await past()
    show.call(name)
    assert await past() == before
    assert show.source.episodes[-1][1] > now


async def test_a_restart_finds_the_market_where_it_was_moved_to_with_the_same_prices() -> None:
    show = stage(7, 40, script=True)
    for name in ("panic", "five_waves", "plunge"):
        show.call(name)
        show.clock.advance(20)
    again = SimulatedSource(show.clock, origin=show.source.time.origin, episodes=show.source.episodes)
    assert again.market_time(show.clock.now()) == show.market_now
    assert await again.quotes(await again.markets()) == await show.source.quotes(await show.source.markets())


async def test_a_scene_that_was_prepared_too_long_ago_is_not_played() -> None:
    """Else it would change prices that somebody has seen."""
    show = stage(7, 10)
    late = show.source.prepare("alts_fall")
    show.clock.advance(5)
    before = show.market_now
    assert not show.source.play(late)
    assert show.source.episodes == ()
    assert show.market_now == before


async def test_the_scenes_leave_the_market_where_prices_are_prices() -> None:
    """Whoever presses every button again and again gets neither a price of nothing nor one out of sight."""
    show = stage(7, 10)
    for _ in range(8):
        for name in SCENES:
            show.call(name)
            show.clock.advance(MINUTE_S)
    quotes = await show.source.quotes(["BTC", "ADA"])
    assert 1_000 < quotes["BTC"].price < 3_000_000
    assert Decimal("0.001") < quotes["ADA"].price < 100


async def test_an_account_lives_through_a_move_of_weeks_and_pays_every_settlement_on_the_way() -> None:
    """Three weeks are one look; funding comes every eight hours; the look stays affordable."""
    show = stage(7, 10)
    exchange = await account(show, Side.BUY, notional=10_000)
    show.clock.advance(1)
    await exchange.positions()
    before, since = exchange.state, show.market_now
    show.call("five_waves")
    assert show.market_now - since > timedelta(days=14)
    began = time.process_time()
    await exchange.positions()
    assert time.process_time() - began < 2
    paid = await show.source.funding("BTC-PERP", since, show.market_now)
    assert len(paid) == (show.market_now - since) // timedelta(hours=8)
    path = await show.source.path("BTC-PERP", since - timedelta(minutes=1), show.market_now)
    assert path is not None
    marks = {int(at): mid for at, mid in zip(path.at, path.mid, strict=True)}
    stake = before.positions["BTC-PERP"]
    due = sum(-float(stake.qty) * marks[int(one.at.timestamp() * 1000)] * float(one.rate) for one in paid)
    assert float(exchange.state.funding_received - before.funding_received) == pytest.approx(due, rel=1e-6)
