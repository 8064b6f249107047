"""Values on both sides of every limit of a plan: the smallest difference, the oldest book, unequal fees."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.engine.portfolio import Cash, Holding, Position, Snapshot
from chatbot.exchanges.base import Depth, asset_of
from chatbot.market.candles import CandleBook
from chatbot.market.funding import FundingBook
from chatbot.model import LegKind, LegState
from chatbot.plans import costs, draft
from chatbot.plans.costs import Costing
from chatbot.portfolio import strategies
from tests.plans.test_costs import a_leg
from tests.portfolio.lively_market import LivelyMarket, OpenBook
from tests.portfolio.moved_portfolios import MARKETS, PRICES, Case, planned
from tests.portfolio.still_market import START, D


@pytest.mark.parametrize(("bps", "asks"), [("49.9999", False), ("50", False), ("50.0001", True)])
def test_half_a_per_cent_of_slippage_is_not_asked_about_and_more_is(bps: str, asks: bool) -> None:
    """Domain 11.1: above 50 bp; a leg that is left out asks nothing."""
    leg = a_leg("100", slippage_bps=D(bps))
    assert bool(costs.expensive([leg])) is asks
    assert not costs.expensive([replace(leg, state=LegState.DROPPED)])
    assert not costs.expensive([replace(leg, kind=LegKind.TO_SPOT)])


async def test_a_book_may_be_ten_seconds_old_and_no_older() -> None:
    """At the tenth second it still counts, and is not asked for again; just after it is."""
    clock = ManualClock(START)
    market = OpenBook(clock)
    market.books["SOL"] = Depth(bids=((D(99), D(1000)),), asks=((D(101), D(1000)),))
    service = Costing(market, CandleBook(market, clock), FundingBook(market, clock), clock)
    await service.prepare(["SOL"], books=["SOL"])
    quote = (await market.quotes(["SOL"]))["SOL"]
    clock.advance(10)
    assert service.leg_bps(a_leg("100"), quote) == 100
    await service.prepare(["SOL"], books=["SOL"])
    assert market.asked == ["SOL"]
    clock.advance(0.001)
    assert service.leg_bps(a_leg("100"), quote) != 100
    await service.prepare(["SOL"], books=["SOL"])
    assert market.asked == ["SOL", "SOL"]


@pytest.mark.parametrize(("side", "missing"), [("bids", "asks"), ("asks", "bids")])
async def test_half_a_book_is_no_book(side: str, missing: str) -> None:
    """Without one side there is no middle to measure from: the square-root law says what there is to say."""
    clock = ManualClock(START)
    market = OpenBook(clock)
    market.books["SOL"] = Depth(**{side: ((D(100), D(1000)),), missing: ()})
    service = Costing(market, CandleBook(market, clock), FundingBook(market, clock), clock)
    await service.prepare(["SOL"], books=["SOL"])
    bps = service.leg_bps(a_leg("100"), (await market.quotes(["SOL"]))["SOL"])
    assert bps is not None
    assert D("0.5") <= bps < 2


async def test_a_perpetual_is_compared_by_its_own_fee_and_the_coins() -> None:
    """Each is charged what its own market charges: the dearer the coin, the longer the contract is cheaper."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    market.volumes = {"BTC": D(10) ** 18}
    service = Costing(market, CandleBook(market, clock), FundingBook(market, clock), clock)
    await service.prepare(["BTC", "BTC-PERP"])
    leg = a_leg("1000", coin="BTC-PERP", kind=LegKind.FUTURES_INCREASE, slippage_bps=D("0.5"))
    quotes, rules = await market.quotes(["BTC", "BTC-PERP"]), dict(await market.markets())
    days = []
    for spot, perp in (("0.001", "0.0005"), ("0.002", "0.0005"), ("0.001", "0.00075")):
        fees = {"BTC": D(spot), "BTC-PERP": D(perp)}
        # what a maker pays says nothing: the plan counts with the taker's fee
        charged = {name: replace(rules[name], taker_fee=fee, maker_fee=D("0.05")) for name, fee in fees.items()}
        found = service.holding(leg, quotes, charged)
        assert found is not None
        assert found.days is not None
        days.append(found.days)
    usual, dear_coin, dear_contract = days
    assert dear_coin > usual > dear_contract


@pytest.mark.parametrize("gap", ["funding", "interval", "slippage", "volume", "coin"])
async def test_what_holding_costs_is_unknown_where_anything_of_it_is(gap: str) -> None:
    """No figure is guessed."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    service = Costing(market, CandleBook(market, clock), FundingBook(market, clock), clock)
    if gap != "interval":
        await service.prepare(["BTC", "BTC-PERP"])
    quotes, rules = dict(await market.quotes(["BTC", "BTC-PERP"])), dict(await market.markets())
    leg = a_leg("1000", coin="BTC-PERP", kind=LegKind.FUTURES_INCREASE, slippage_bps=D("0.5"))
    match gap:
        case "funding":
            quotes["BTC-PERP"] = replace(quotes["BTC-PERP"], funding_rate=None)
        case "slippage":
            leg = replace(leg, slippage_bps=None)
        case "volume":
            quotes["BTC"] = replace(quotes["BTC"], volume=D(0))
        case "coin":
            del quotes["BTC"]
    assert service.holding(leg, quotes, rules) is None


@given(
    legs=st.lists(st.tuples(st.sampled_from(("BTC", "SOL", "BTC-PERP")), st.integers(1, 9_000), st.booleans()), min_size=1, max_size=6),
    taker=st.sampled_from(["0", "0.0004", "0.001", "0.0075"]),
)
def test_the_fees_of_a_plan_are_the_takers_of_what_is_kept(legs: list[tuple[str, int, bool]], taker: str) -> None:
    """The maker's fee, the transfers and what is left out play no part."""
    made = [
        replace(a_leg(str(value), coin=coin), index=at, state=LegState.DROPPED if out else LegState.PLANNED)
        for at, (coin, value, out) in enumerate(legs)
    ]
    rules = {name: replace(MARKETS[name], taker_fee=D(taker), maker_fee=D("0.02")) for name in ("BTC", "SOL", "BTC-PERP")}
    expected = sum((leg.notional for leg in made if leg.state is LegState.PLANNED), D(0)) * D(taker)
    assert costs.fees_of([*made, replace(made[0], kind=LegKind.TO_SPOT, state=LegState.PLANNED)], rules) == expected


def test_a_plan_shows_the_same_fees_before_and_after_an_edit_that_leaves_everything_in() -> None:
    """Where coins cost different fees it is sized with the highest, and shows what each leg would pay, as after an edit."""
    strategy = strategies.preset("balanced", MARKETS)
    spot = tuple(Holding(asset=name, qty=D(1), price=PRICES[name], bucket=strategy.line_of(name)) for name in strategy.spot_assets)
    marks = {name: PRICES[asset_of(name)] for name in strategy.contracts}
    book = tuple(Position(contract=name, asset=asset_of(name), qty=D(0), entry=mark, mark=mark) for name, mark in marks.items())
    snapshot = Snapshot(spot=spot, cash=(Cash(asset="USDT", qty=D(9_000), price=D(1)),), wallet=D(6_000), positions=book)
    rules = {name: replace(market, taker_fee=D("0.0075") if name == "SOL" else D("0.001")) for name, market in MARKETS.items()}
    seen = replace(Case(snap=snapshot, strategy=strategy).look(), markets=rules)
    targets, block = planned(seen)
    made = draft.draft(seen, targets, block, (), now=START, expiry=timedelta(minutes=5))
    assert {leg.instrument for leg in made.legs} > {"SOL"}
    assert made.fees == costs.fees_of(made.legs, rules) < block.fees
