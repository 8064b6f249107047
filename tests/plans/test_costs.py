"""What trading costs, as the service says it: the figures of domain 11, and what happens where something is unknown."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.engine.planner.slippage import expected_slippage, slipped_bps, usual_move
from chatbot.errors import Unreachable
from chatbot.exchanges.base import Depth
from chatbot.exchanges.markets.coins import perp_market, spot_market
from chatbot.i18n import Catalogue
from chatbot.market.candles import CandleBook
from chatbot.market.funding import FundingBook
from chatbot.model import Cause, Leg, LegKind, LegState, Mode, Reason
from chatbot.plans import costs, outcomes
from chatbot.plans.costs import Costing
from chatbot.store import orders
from handlers.views.plan.costs import costs_lines
from tests.handlers.views.view_examples import a_plan
from tests.places import LOCALE
from tests.portfolio.lively_market import LivelyMarket, OpenBook
from tests.portfolio.still_market import START, D, bench

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from chatbot.model import Plan

ASKED = (Reason(trigger=Cause.MANUAL),)


def a_leg(notional: str, *, coin: str = "SOL", kind: LegKind = LegKind.SPOT_BUY, **changes: object) -> Leg:
    """Return a leg of this value at the market's price."""
    price = {"BTC": D(50_000), "SOL": D(100), "BTC-PERP": D(50_000)}[coin]
    return replace(Leg(index=0, kind=kind, instrument=coin, qty=D(notional) / price, price=price), **changes)  # type: ignore[arg-type]


def costs_at(market: LivelyMarket, clock: ManualClock) -> Costing:
    """Return the service over a market of its own."""
    return Costing(market, CandleBook(market, clock), FundingBook(market, clock), clock)


@pytest.mark.parametrize(
    ("coin", "value", "volume", "sigma", "impact_bp"),
    [("BTC", "50000", "20000000000", 0.025, 0.3), ("SOL", "50000", "20000000", 0.06, 21.0), ("SOL", "20000", "2000000", 0.08, 56.0)],
)
async def test_impact_follows_the_square_root_law(coin: str, value: str, volume: str, sigma: float, impact_bp: float) -> None:
    """The three examples of domain 11.1; half the spread, 0.5 bp, comes on top."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    market.volumes[coin], market.volatility[coin] = D(volume), sigma
    service = costs_at(market, clock)
    await service.prepare([coin])
    assert service.daily_volatility(coin) == pytest.approx(sigma, rel=0.03)
    found = service.leg_bps(a_leg(value, coin=coin), (await market.quotes([coin]))[coin])
    assert found is not None
    assert float(found) == pytest.approx(impact_bp + 0.5, abs=max(0.1, 0.03 * impact_bp))


@pytest.mark.parametrize("missing", ["volume", "volatility", "both"])
async def test_what_is_unknown_is_not_nothing(missing: str) -> None:
    """Without volume or history a leg's slippage is unknown, and so is the plan's; a machine then has to ask."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    if missing != "volume":
        del market.volatility["SOL"]
    if missing != "volatility":
        market.volumes["SOL"] = None
    service = costs_at(market, clock)
    await service.prepare(["SOL", "BTC"])
    two = (a_leg("500"), a_leg("500", coin="BTC", index=1))
    legs = service.legs(replace(a_plan(), legs=two), await market.quotes(["SOL", "BTC"]), await market.markets())
    assert legs[0].slippage_bps is None
    assert legs[1].slippage_bps is not None
    assert costs.total_bps(legs) is None
    assert costs.unknown(legs) == legs[:1]
    assert costs.expensive(legs) == frozenset()
    assert costs.total_bps((replace(legs[0], state=LegState.DROPPED), legs[1])) == legs[1].slippage_bps


async def test_a_small_order_walks_the_book_and_a_large_one_does_not() -> None:
    """Domain 11.1: asks 5 at 100.0, 10 at 100.1, 50 at 100.3; buying 20 at mid 99.95 costs 17.5 bp. 70 are not there: the law says."""
    clock = ManualClock(START)
    market = OpenBook(clock)
    market.books["SOL"] = Depth(
        bids=((D("99.9"), D(5)), (D("99.8"), D(60))), asks=((D(100), D(5)), (D("100.1"), D(10)), (D("100.3"), D(50)))
    )
    service = costs_at(market, clock)
    await service.prepare(["SOL"], books=["SOL"])
    quote = (await market.quotes(["SOL"]))["SOL"]
    walked = service.leg_bps(a_leg("2000"), quote)
    assert walked is not None
    assert float(walked) == pytest.approx(17.5, abs=0.05)
    sold = service.leg_bps(a_leg("2000", kind=LegKind.SPOT_SELL), quote)
    assert sold is not None
    assert float(sold) == pytest.approx((1 - (5 * 99.9 + 15 * 99.8) / 20 / 99.95) * 1e4, abs=0.01)
    law = service.leg_bps(a_leg("7000"), quote)
    assert law is not None
    assert float(law) == pytest.approx(0.5 + 0.7 * 0.03 * (7000 / 1e9) ** 0.5 * 1e4, rel=0.05)


async def test_a_book_is_asked_for_once_and_forgotten_after_ten_seconds() -> None:
    """Many cards at once cost one look; an old book says nothing."""
    clock = ManualClock(START)
    market = OpenBook(clock)
    market.books["SOL"] = Depth(bids=((D(99), D(1000)),), asks=((D(101), D(1000)),))
    service = costs_at(market, clock)
    for _ in range(3):
        await service.prepare(["SOL", "BTC"], books=["SOL"])
    assert market.asked == ["SOL"]
    quote = (await market.quotes(["SOL"]))["SOL"]
    assert service.leg_bps(a_leg("100"), quote) == D(100)
    clock.advance(11)
    late = service.leg_bps(a_leg("100"), quote)
    assert late is not None
    assert late < 2


async def test_a_book_that_can_not_be_had_leaves_the_law() -> None:
    """An exchange that does not answer costs the card nothing but the finer figure."""
    clock = ManualClock(START)
    market = OpenBook(clock)

    async def broken(instrument: str) -> Depth | None:
        raise Unreachable(f"no book of {instrument}")

    market.depth = broken  # type: ignore[method-assign]  # the test's own fault
    service = costs_at(market, clock)
    await service.prepare(["SOL"], books=["SOL"])
    assert service.leg_bps(a_leg("100"), (await market.quotes(["SOL"]))["SOL"]) is not None


@pytest.mark.parametrize(("rate", "days"), [("0.0001", 3.7), ("0.0003", 1.2), ("0.0005", 0.7), ("-0.0001", None), ("0", None)])
async def test_how_long_a_perpetual_is_cheaper(rate: str, days: float | None) -> None:
    """Domain 11.2: c_s 11 bp, c_f 5.5 bp; at a rate of 0 or below always. The carry is a month of settlements."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    market.rate, market.half_spread = D(rate), D("0.0001")
    market.volumes = {"BTC": D(10) ** 18}
    service = costs_at(market, clock)
    await service.prepare(["BTC", "BTC-PERP"])
    markets = {**await market.markets()}
    markets["BTC-PERP"] = replace(markets["BTC-PERP"], taker_fee=D("0.0005"))
    leg = a_leg("1000", coin="BTC-PERP", kind=LegKind.FUTURES_INCREASE, slippage_bps=D("0.5"))
    quotes = await market.quotes(["BTC", "BTC-PERP"])
    found = service.holding(leg, quotes, markets)
    assert found is not None
    assert found.carry == -1000 * D(rate) * 90
    assert (None if found.days is None else float(found.days)) == (None if days is None else pytest.approx(days, abs=0.051))
    short = service.holding(replace(leg, sells=True), quotes, markets)
    assert short is not None
    assert short.carry == -found.carry
    assert (short.days is None) == (D(rate) >= 0)


@given(st.lists(st.tuples(st.integers(1, 10**7), st.decimals(0, 500, places=3)), min_size=1, max_size=8))
def test_the_total_is_the_money_of_the_legs_over_their_value(found: list[tuple[int, object]]) -> None:
    """No leg costs more or less by standing in a plan; the total lies between the cheapest and the dearest leg."""
    legs = [a_leg(str(value), index=at, slippage_bps=bps) for at, (value, bps) in enumerate(found)]
    total = costs.total_bps(legs)
    assert total is not None
    money = sum(costs.cost_of(leg) for leg in legs)
    assert float(total) == pytest.approx(float(money / sum(leg.notional for leg in legs) * 10_000), rel=1e-12, abs=1e-12)
    share = [leg.slippage_bps or D(0) for leg in legs]
    assert min(share) - D("1e-9") <= total <= max(share) + D("1e-9")
    assert costs.expensive(legs) == {leg.index for leg in legs if leg.slippage_bps is not None and leg.slippage_bps > 50}


async def _dear_plan(folder: Path, *, volume: str = "2000") -> tuple[Plan, bool]:
    clock = ManualClock(START)
    async with bench(folder, market=LivelyMarket(clock), clock=clock) as on:
        assert isinstance(on.market, LivelyMarket)
        portfolio = await on.balanced()
        on.market.move("BTC", "1.5")
        on.market.volumes["SOL"] = D(volume)
        answer = await on.program.rebalancing.propose(portfolio, ASKED)
        assert isinstance(answer, outcomes.Proposed)
        return answer.plan, bool(costs.expensive(answer.plan.legs) or costs.unknown(answer.plan.legs))


async def test_a_plan_keeps_what_each_leg_costs(tmp_path: Path) -> None:
    """Stored with the plan and read back; the expensive leg is the one in the thin market."""
    plan, asks = await _dear_plan(tmp_path)
    assert asks
    assert {plan.legs[index].instrument for index in costs.expensive(plan.legs)} == {"SOL"}
    assert plan.slippage_bps == pytest.approx(costs.total_bps(plan.legs))
    cheap, asks = await _dear_plan(tmp_path / "cheap", volume="1000000000")
    assert not asks
    assert not costs.expensive(cheap.legs)


bps = st.decimals(-50, 200, places=1)


@given(st.none() | st.decimals(0, 200, places=1), st.lists(bps, max_size=40))
def test_the_card_says_the_larger_of_the_model_and_the_median_of_the_last_twenty_fills(model: Decimal | None, fills: list[Decimal]) -> None:
    """Never less than the model, whatever older fills were like, in whatever order the twenty came."""
    told = expected_slippage(model, fills)
    assert told == expected_slippage(model, [*reversed(fills[:20]), *fills[20:]]) == expected_slippage(model, fills[:20])
    if len(fills) < 5:
        assert told == model
        return
    assert told == max(median(fills[:20]), model or D(0))
    dearer = expected_slippage(model, [one + 1 for one in fills])
    assert dearer is not None
    assert dearer >= told


@given(st.decimals(1, 1000, places=2), st.decimals(1, 1000, places=2))
def test_what_a_fill_slipped_is_what_one_side_loses_and_the_other_gains(price: Decimal, average: Decimal) -> None:
    assert slipped_bps(price, average, sells=True) == -slipped_bps(price, average, sells=False)
    assert (slipped_bps(price, average, sells=False) > 0) == (average > price)


def test_a_price_moves_by_the_square_root_of_time() -> None:
    """3 % a day: 9.1 bp in 80 seconds, as much again in four times as long."""
    assert usual_move(0.03, 80) * 1e4 == pytest.approx(9.13, abs=0.01)
    assert usual_move(0.03, 320) == pytest.approx(2 * usual_move(0.03, 80))
    assert usual_move(0.03, 86_400) == 0.03


@pytest.mark.long
async def test_fills_that_were_dearer_than_the_model_are_what_the_next_card_says(tmp_path: Path) -> None:
    """Five plans pay half a spread of 40 bp for SOL; then the spread narrows to 1, and the next card still tells what was paid."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    async with bench(tmp_path, market=market, clock=clock) as room:
        portfolio, rebalancing = await room.balanced(), room.program.rebalancing
        market.half_spread = D("0.002")
        for turn in range(6):
            market.move("SOL", "1.3" if turn % 2 else "0.7")
            if turn == 5:
                market.half_spread = D("0.00005")
            proposed = await rebalancing.propose(portfolio, ASKED)
            assert isinstance(proposed, outcomes.Proposed)
            sol = next(leg for leg in proposed.plan.legs if leg.instrument == "SOL")
            assert sol.slippage_bps is not None
            assert round(sol.slippage_bps) == 20, "the model's, then the median's"
            assert proposed.plan.waiting_bps is None, "nothing of it rests: a maker pays what a taker pays"
            assert isinstance(await rebalancing.confirm(proposed.plan.id, portfolio.person_id), outcomes.Confirmed)
            await room.program.work.run_pending()  # type: ignore[attr-defined]  # it runs inline
        async with room.program.db.read() as tx:
            found = await orders.latest_fills(tx, ["SOL"])
        assert [(fill.sells, fill.at_once) for fill in found] == [(True, True), (False, True)] * 3
        assert [round(slipped_bps(fill.price, fill.average, sells=fill.sells), 1) for fill in found] == [D("0.5"), *[D(20)] * 5]


async def test_a_card_of_orders_that_rest_says_how_far_prices_move_meanwhile(tmp_path: Path) -> None:
    """3 % a day and 80 seconds (20, and three times as long): 9.1 bp; who trades by hand waits as long as they like."""
    async with bench(tmp_path) as room:
        market = LivelyMarket(room.clock)
        service = Costing(market, CandleBook(market, room.clock), FundingBook(market, room.clock), room.clock, rests_s=80)
        await service.prepare(["BTC", "BTC-PERP"])
        leg = a_leg("1000", coin="BTC-PERP", kind=LegKind.FUTURES_INCREASE)
        rules = {"BTC-PERP": perp_market("BTC")}
        quotes = await market.quotes(["BTC", "BTC-PERP"])
        patient = replace(a_plan(), legs=(leg,), reasons=ASKED)
        assert service.priced(patient, quotes, rules).waiting_bps == pytest.approx(D("9.1"), abs=D("0.3"))
        urgent = replace(patient, reasons=(Reason(trigger=Cause.MARGIN),))
        assert service.priced(urgent, quotes, rules).waiting_bps is None
        assert service.priced(replace(patient, mode=Mode.MANUAL), quotes, rules).waiting_bps is None
        lines = costs_lines(Catalogue(LOCALE).words("en"), service.priced(patient, quotes, rules))
        assert "Until its orders are done, prices usually move by about 9" in "\n".join(lines)


async def test_a_card_of_a_large_leg_says_how_far_prices_move_while_its_slices_go(tmp_path: Path) -> None:
    """Seen in March 2020: half an hour of slices, 50 bp paid, 20 told and not a word of the half hour. 3 % a day and ten minutes: 25 bp."""
    async with bench(tmp_path) as room:
        market = LivelyMarket(room.clock)
        of = {"rests_s": 80, "lasts_s": (1800, 600)}
        service = Costing(market, CandleBook(market, room.clock), FundingBook(market, room.clock), room.clock, **of)
        await service.prepare(["SOL"])
        quotes, rules = await market.quotes(["SOL"]), {"SOL": spot_market("SOL")}
        share = quotes["SOL"].minute_share
        assert share is not None
        found = []
        for slices in (D(1), D(11), D(100)):
            leg = replace(a_leg("1000", coin="SOL"), qty=share * slices)
            patient = replace(a_plan(), legs=(leg,), reasons=ASKED)
            urgent = replace(patient, reasons=(Reason(trigger=Cause.MARGIN),))
            found.append([service.priced(plan, quotes, rules).waiting_bps for plan in (patient, urgent)])
        (once, at_once), (ten, hurried), (half_an_hour, ten_at_most) = found
        assert once is at_once is None
        assert ten == hurried == ten_at_most == pytest.approx(D("24.9"), abs=D("0.8"))
        assert half_an_hour == pytest.approx(D("43.2"), abs=D("1.4"))
