"""Two portfolios with the same coins, one kept in USDT and one in USDC: each is valued, planned and traded by its own prices alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.errors import InternalError
from chatbot.model import Cause, Mode, Plan, PlanState, Reason
from chatbot.plans.outcomes import Confirmed, Proposed
from chatbot.portfolio import strategies
from chatbot.store import orders, portfolios
from tests.portfolio.still_market import PERSON, START, Bench, StillMarket, bench

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from chatbot.exchanges.base import Market
    from chatbot.model import Portfolio

D = Decimal
COINS = ("BTC", "ETH", "SOL", "XRP")


class OfOneDollar(StillMarket):
    """The still market against one dollar, in which the other one is a coin."""

    def __init__(self, clock: ManualClock, quote: str, other: str) -> None:
        super().__init__(clock)
        self.quote_asset, self.other = quote, other
        self.prices[other] = D(1)

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules, with those of the other dollar."""
        rules = await super().markets()
        return {**rules, self.other: replace(rules["XRP"], instrument=self.other)}


class TwoDollars(OfOneDollar):
    """The still market with prices of their own against each dollar."""

    quote_coins = ("USDT", "USDC")

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock, "USDT", "USDC")
        self.usdc = OfOneDollar(clock, "USDC", "USDT")

    def quoted_in(self, coin: str) -> OfOneDollar:
        """Return the other one."""
        assert coin == "USDC"
        return self.usdc


class Pair:
    """The two portfolios, in a program that runs on a loop of the test's own."""

    def __init__(self, run: asyncio.Runner, room: Bench, kept: dict[str, Portfolio]) -> None:
        self.run, self.room, self.kept = run, room, kept
        market: Any = room.market
        self.markets: dict[str, StillMarket] = {"USDT": market, "USDC": market.usdc}

    async def begin(self) -> None:
        """Open both: BTC 40, SOL 30, futures 10, cash 20, with a little of the other dollar."""
        rules = await self.room.market.markets()
        base = strategies.preset("balanced", rules)
        strategy, _ = strategies.own_weights({"BTC": D(40), "SOL": D(30), "FUTURES": D(10), "USDT": D(20)}, rules, base)
        assert strategy is not None
        for quote, other in (("USDT", "USDC"), ("USDC", "USDT")):
            held = {"BTC": D("0.08"), "SOL": D(30), quote: D(2500), other: D(500)}
            opened = await self.room.program.portfolios.open(PERSON, Mode.PAPER, strategy, held, quote=quote)
            assert not hasattr(opened, "plan")
            self.kept[quote] = opened  # type: ignore[assignment]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Open the program once: every example goes on where the last one ended."""
    with asyncio.Runner() as run:
        clock = ManualClock(START)
        opening = bench(tmp_path_factory.mktemp("two"), market=TwoDollars(clock), clock=clock)
        found = Pair(run, run.run(opening.__aenter__()), {})
        run.run(found.begin())
        yield found
        run.run(opening.__aexit__(None, None, None))


#: by how much coins cost more or less than at the start against each dollar: never the same, and no jump that two looks must agree on
FACTORS = st.fixed_dictionaries(
    {
        "USDT": st.fixed_dictionaries({coin: st.integers(80, 95).map(lambda at: D(at) / 100) for coin in COINS}),
        "USDC": st.fixed_dictionaries({coin: st.integers(105, 120).map(lambda at: D(at) / 100) for coin in COINS}),
    }
)
PEGS = st.sampled_from((D("0.97"), D("0.995"), D(1), D("1.005"), D("1.03")))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(FACTORS, PEGS)
def test_each_is_valued_and_planned_by_its_own_prices(pair: Pair, factors: dict[str, dict[str, Decimal]], peg: Decimal) -> None:
    """Value, quotes and legs of one never see a price of the other, whatever the two are and wherever the dollars stand."""
    _move(pair, factors, peg)
    for quote, portfolio in pair.kept.items():
        pair.run.run(_planned(pair, portfolio, pair.markets[quote].prices))


def test_each_is_traded_at_its_own_prices_and_pays_in_its_own_dollar(pair: Pair) -> None:
    """Every order of a whole plan, its transfers and its fees."""
    _move(pair, {"USDT": dict.fromkeys(COINS, D("0.8")), "USDC": {**dict.fromkeys(COINS, D("1.2")), "SOL": D("1.05")}}, D(1))
    for quote, portfolio in pair.kept.items():
        pair.run.run(_carried_out(pair, portfolio, pair.markets[quote].prices))


def _move(pair: Pair, factors: dict[str, dict[str, Decimal]], peg: Decimal) -> None:
    usual = StillMarket(pair.room.clock).prices  # type: ignore[attr-defined]
    pair.room.clock.advance(120)
    for quote, market in pair.markets.items():
        market.prices |= {name: price * factors[quote][name.removesuffix("-PERP")] for name, price in usual.items()}
    pair.markets["USDT"].prices["USDC"], pair.markets["USDC"].prices["USDT"] = peg, 1 / peg


async def _planned(pair: Pair, portfolio: Portfolio, prices: Mapping[str, Decimal]) -> Plan | None:
    """Hold what one look and one plan come to against the prices of its own dollar."""
    program = pair.room.program
    seen = await program.evaluator.look(portfolio, fresh=True)
    assert seen.figures is not None, seen.problems
    assert all(abs(one.price / prices[name] - 1) < D("1e-9") for name, one in seen.quotes.items())
    exchange: Any = await program.accounts.exchange(portfolio.id)
    state = exchange.state
    own = sum((qty * prices.get(name, D(1)) for name, qty in state.spot.items()), state.futures_wallet)
    own += sum((stake.qty * (prices[name] - stake.entry) for name, stake in state.positions.items()), D(0))
    assert abs(seen.figures.value - own) < D("1e-6")
    made = await program.rebalancing.propose(portfolio, (Reason(trigger=Cause.MANUAL),))
    if not isinstance(made, Proposed):
        return None
    for leg in made.plan.legs:
        assert (leg.instrument == portfolio.quote) is leg.is_transfer
        assert leg.is_transfer or abs(leg.price / prices[leg.instrument] - 1) < D("1e-9")
    return made.plan


async def _carried_out(pair: Pair, portfolio: Portfolio, prices: Mapping[str, Decimal]) -> None:
    plan, program = await _planned(pair, portfolio, prices), pair.room.program
    assert plan is not None
    confirmed = await program.rebalancing.confirm(plan.id, PERSON.id, accepted=frozenset(leg.index for leg in plan.legs))
    assert isinstance(confirmed, Confirmed)
    await program.work.run_pending()  # type: ignore[attr-defined]  # it is the one of tests
    async with program.db.read() as tx:
        sent = await orders.orders(tx, plan.id)
    assert {order.limit is None for order in sent} == {True, False}, "transfers and orders"
    for order in sent:
        assert (order.instrument == portfolio.quote) is (order.limit is None)
        assert order.limit is None or abs(order.limit / prices[order.instrument] - 1) < D("0.01"), order.instrument
    found = await program.rebalancing.owned_plan(plan.id, PERSON.id)
    assert found is not None
    assert found.state is PlanState.DONE
    exchange: Any = await program.accounts.exchange(portfolio.id)
    assert {coin for order in exchange.state.orders.values() for coin in order.public(portfolio.quote).fees} == {portfolio.quote}


async def test_a_check_rings_for_those_of_one_dollar_and_leaves_the_others_alone(tmp_path: Path) -> None:
    """The screen holds each sheet against the prices of its own dollar; a halt against one dollar stirs nobody of the other."""
    clock = ManualClock(START)
    market = TwoDollars(clock)
    async with bench(tmp_path, market=market, clock=clock) as room, asyncio.timeout(60):
        rules = await market.markets()
        strategy, _ = strategies.own_weights({"BTC": D(50), "USDT": D(50)}, rules, strategies.preset("balanced", rules))
        assert strategy is not None
        made: dict[str, Any] = {
            quote: await room.program.portfolios.open(PERSON, Mode.PAPER, strategy, {"BTC": D("0.1"), quote: D(5000)}, quote=quote)
            for quote in market.quote_coins
        }
        for _ in range(3):
            await room.tick()
        assert room.program.monitor.last is not None
        assert room.program.monitor.last.examined == 0, "both are calm and left to the screen"
        market.usdc.move("BTC", "1.3")
        for _ in range(3):  # a jump is believed when two looks agree on it
            await room.tick()
        assert room.program.monitor.last.examined == 1
        assert await room.plan(made["USDC"]) is not None
        assert await room.plan(made["USDT"]) is None
        market.usdc.move("BTC", str(1 / D("1.3")))
        market.usdc.listings.halted.add("BTC")
        for _ in range(2):
            await room.tick()
        looked = {quote: await room.program.evaluator.look(one) for quote, one in made.items()}
        assert {quote: [stop.instrument for stop in found.held_stops] for quote, found in looked.items()} == {"USDT": [], "USDC": ["BTC"]}


async def test_a_price_that_only_the_other_dollar_has_is_none(tmp_path: Path) -> None:
    """Without one of its own the portfolio cannot be evaluated, and says so."""
    clock = ManualClock(START)
    market = TwoDollars(clock)
    async with bench(tmp_path, market=market, clock=clock) as room:
        rules = await market.markets()
        strategy = strategies.preset("balanced", rules)
        opened: Any = await room.program.portfolios.open(PERSON, Mode.PAPER, strategy, {"USDC": D(1000)}, quote="USDC")
        assert (await room.program.evaluator.look(opened, fresh=True)).figures is not None
        del market.usdc.prices["SOL"]
        clock.advance(120)
        seen = await room.program.evaluator.look(opened, fresh=True)
        assert [(one.code, one.instrument) for one in seen.problems] == [("stale_price", "SOL")]
        assert await room.tick() is not None


async def test_an_account_in_another_dollar_than_its_portfolio_is_not_opened(tmp_path: Path) -> None:
    clock = ManualClock(START)
    async with bench(tmp_path, market=TwoDollars(clock), clock=clock) as room:
        strategy = strategies.preset("balanced", await room.market.markets())
        opened: Any = await room.program.portfolios.open(PERSON, Mode.PAPER, strategy, {"USDC": D(1000)}, quote="USDC")
        async with room.program.db.transaction() as tx:
            account = (await portfolios.accounts_of(tx, (opened.id,)))[opened.id]
            await portfolios.save_account(tx, opened.id, account | {"quote": "USDT"})
        with pytest.raises(InternalError, match="kept in USDC and its account in USDT"):
            await room.program.accounts.exchange(opened.id)
