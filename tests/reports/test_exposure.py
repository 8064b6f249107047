"""The figures of /exposure: sums by coin, the exchange's own liquidation price, funding a day at each contract's interval."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.engine.portfolio import Holding, Position, Snapshot, measure, value_of
from chatbot.errors import Unreachable
from chatbot.exchanges.base import Balances, Funding, Market, Quote
from chatbot.exchanges.base import Position as Held
from chatbot.market.funding import FundingBook
from chatbot.portfolio import valuation
from chatbot.portfolio.evaluation import Evaluation
from chatbot.reports import exposure
from tests.handlers.views.view_examples import portfolio
from tests.portfolio.still_market import START, StillMarket

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.model import ExposureReport

D = Decimal
#: domain 1.5, with a wallet that makes the long liquidatable
SNAP = Snapshot(
    spot=(
        Holding(asset="BTC", qty=D("0.5"), price=D(60_000), bucket="CORE"),
        Holding(asset="ETH", qty=D(5), price=D(3_000), bucket="CORE"),
        Holding(asset="ADA", qty=D(0), price=D(1)),
    ),
    wallet=D(1_000),
    positions=(
        Position(contract="BTC-PERP", asset="BTC", qty=D("0.2"), entry=D(58_000), mark=D(60_100)),
        Position(contract="ETH-PERP", asset="ETH", qty=D("-1.5"), entry=D(3_100), mark=D(2_990)),
        Position(contract="SOL-PERP", asset="SOL", qty=D(0), entry=D(100), mark=D(100)),
    ),
)
QUOTE = Quote(instrument="BTC-PERP", bid=D(60_099), ask=D(60_101), at=START, mark=D(60_100), funding_rate=D("0.0001"))


class Settling(StillMarket):
    """A market whose contracts settle at different intervals."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.asked: list[str] = []

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """BTC every 4 h, lately; ETH does not answer."""
        self.asked.append(instrument)
        assert until - since >= timedelta(days=1)
        if instrument == "ETH-PERP":
            raise Unreachable("no answer")
        return tuple(Funding(at=until - timedelta(hours=ago), rate=D("0.0001"), interval_hours=hours) for ago, hours in ((5, 8), (1, 4)))


def found(snap: Snapshot = SNAP, liquidation: str | None = None) -> Evaluation:
    """Return an evaluation of a snapshot; the exchange may report a liquidation price for BTC."""
    held = Held(
        instrument="BTC-PERP",
        qty=D("0.2"),
        entry=D(58_000),
        mark=D(60_100),
        leverage=D(5),
        liquidation=None if liquidation is None else D(liquidation),
    )
    account = valuation.Account(balances=Balances(spot={}, free={}, futures_wallet=D(1_000)), positions=(held,), quote_asset="USDT")
    markets = {name: Market(instrument=name, tick=D(1), lot=D(1), min_notional=D(5)) for name in ("BTC-PERP", "ETH-PERP", "SOL-PERP")}
    return Evaluation(portfolio=portfolio(), account=account, held=value_of(snap), quotes={"BTC-PERP": QUOTE}, markets=markets)


def told(hours: dict[str, int], liquidation: str | None = None) -> ExposureReport:
    """Return the report."""
    return exposure.report(found(liquidation=liquidation), hours, 4.0)


def test_coins_carry_what_the_engine_measures() -> None:
    """Net by coin is the engine's x times V, and coins with neither spot nor futures are left out; largest first."""
    assets = told({}).assets
    metrics = measure(value_of(SNAP))
    assert [one.asset for one in assets] == ["BTC", "ETH"]
    for one in assets:
        assert one.net == pytest.approx(metrics.net_exposure[one.asset] * metrics.value)
    assert sum(one.net for one in assets) == pytest.approx(metrics.net_directional * metrics.value)


def test_the_exchanges_liquidation_price_wins() -> None:
    """Ours stands where the exchange says nothing (domain 1.6)."""
    ours = valuation.liquidations(SNAP, found().markets)
    assert ours["BTC-PERP"] is not None
    assert {one.contract: one.liquidation for one in told({}).contracts} == ours
    assert told({}, "30050").contracts[0].liquidation == D("0.5")


@pytest.mark.parametrize(("hours", "a_day"), [(8, "-3.606"), (4, "-7.212"), (1, "-28.848")])
def test_a_long_pays_at_its_own_interval(hours: int, a_day: str) -> None:
    """12,020 at 0.01 % per settlement, 24 / h settlements a day."""
    assert told({"BTC-PERP": hours}).contracts[0].funding_day == D(a_day)


def test_a_short_earns_what_a_long_pays() -> None:
    """The sign follows the position (domain 7.1)."""
    assert exposure.funding_day(D(-10_000), QUOTE, 8) == D(3)
    assert exposure.funding_day(D(10_000), replace(QUOTE, funding_rate=D("-0.0001")), 8) == D(3)


@pytest.mark.parametrize(("quote", "hours"), [(None, 8), (replace(QUOTE, funding_rate=None), 8), (QUOTE, None)])
def test_what_is_unknown_is_not_zero(quote: Quote | None, hours: int | None) -> None:
    """Without a quote, a rate or an interval there is no figure."""
    assert exposure.funding_day(D(10_000), quote, hours) is None


async def test_intervals_are_read_from_the_last_settlement_of_what_is_held() -> None:
    """The latest interval counts; a contract that does not answer is unknown, and a flat one is not asked for."""
    clock = ManualClock(START)
    source = Settling(clock)
    assert await exposure.funding_hours(FundingBook(source, clock), found()) == {"BTC-PERP": 4}
    assert source.asked == ["BTC-PERP", "ETH-PERP"]


async def test_a_thousand_looks_between_two_settlements_ask_the_exchange_once() -> None:
    """Even the contract that fails is asked again only after a minute."""
    clock = ManualClock(START)
    source = Settling(clock)
    book = FundingBook(source, clock)
    await asyncio.gather(*(exposure.funding_hours(book, found()) for _ in range(20)))
    clock.advance(30)
    assert await exposure.funding_hours(book, found()) == {"BTC-PERP": 4}
    assert sorted(source.asked) == ["BTC-PERP", "ETH-PERP"]
    clock.advance(31)
    await exposure.funding_hours(book, found())
    assert sorted(source.asked) == ["BTC-PERP", "ETH-PERP", "ETH-PERP"]
