"""Whatever anybody does on a paper account, in whatever market: the books balance at every single step."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chatbot.clock import ManualClock
from chatbot.errors import NotEnoughMoney, OutcomeUnknown, Rejected
from chatbot.exchanges.base import Direction, OrderRequest, OrderStatus, Side, is_perp
from chatbot.exchanges.markets.episodes import EPISODES
from chatbot.exchanges.markets.path import down, up
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.exchanges.paper.account import ZERO, AccountState
from chatbot.exchanges.paper.faults import Faults
from chatbot.exchanges.paper.ledger import BrokenBooksError, Entry, Kind, check
from chatbot.exchanges.paper.matching import settled
from chatbot.exchanges.paper.paper import PaperExchange
from tests.examples import examples

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPENING = Decimal(100_000)
HELD = {"BTC": Decimal("0.3"), "ADA": Decimal(30_000)}
INSTRUMENTS = ("BTC", "ADA", "BTC-PERP", "ADA-PERP")
REASONS = {
    "bad_tick",
    "bad_lot",
    "below_minimum",
    "not_enough_money",
    "would_take",
    "reduce_only",
    "duplicate_id",
    "margin",
    "bad_amount",
    "bad_leverage",
}


class Trader(RuleBasedStateMachine):
    """Trades, waits, transfers, crashes and restarts at random on a simulated market."""

    @initialize(seed=st.integers(0, 50), volume=st.sampled_from([1.0, 0.001]))
    def open_account(self, seed: int, volume: float) -> None:
        """Begin with money in the spot wallet, in a deep market or in one that fills orders piece by piece."""
        self.clock = ManualClock(NOW)
        self.source = SimulatedSource(self.clock, seed=seed, speed=60)
        self.thin = volume
        wallet = Decimal(30_000)
        self.saved = [AccountState.holding({"USDT": OPENING - wallet, **HELD}, futures_wallet=wallet)]
        self.faults = Faults()
        self.number = 0
        self.exchange = self._open(self.saved[-1])

    def _open(self, state: AccountState) -> PaperExchange:
        async def save(after: AccountState) -> None:
            self.saved.append(after)

        return PaperExchange(_Thinned(self.source, self.thin), self.clock, state, save=save, faults=self.faults)

    def _run(self, call: Any) -> Any:
        """Do one thing; only refusals and lost answers may come out of it."""
        try:
            return asyncio.run(call)
        except Rejected as error:
            if error.reason not in REASONS:
                raise
        except OutcomeUnknown:
            if self.faults.lose_answers:  # the fault has not struck: nobody may say so
                raise
        return None

    def _request(self, instrument: str, side: Side, part: float, bps: int, **flags: bool) -> OrderRequest:
        quote = asyncio.run(self.source.quotes([instrument]))[instrument]
        market = asyncio.run(self.source.markets())[instrument]
        limit = down(quote.price * (1 + Decimal(bps) / 10_000), market.tick)
        qty = up(OPENING * Decimal(part) / limit, market.lot)
        self.number += 1
        return OrderRequest(client_id=f"o{self.number}", instrument=instrument, side=side, qty=qty, limit=limit, **flags)

    @rule(
        instrument=st.sampled_from(INSTRUMENTS),
        side=st.sampled_from(list(Side)),
        part=st.sampled_from([0.3, 0.1, 0.02, 0.9, 2.5, 0.0001]),
        bps=st.integers(-60, 60),
        post_only=st.booleans(),
        immediate=st.booleans(),
        lost=st.booleans(),
    )
    def trade(self, instrument: str, side: Side, part: float, bps: int, *, post_only: bool, immediate: bool, lost: bool) -> None:
        """Place an order around the market; sometimes its answer is lost."""
        self.faults.lose_answers = int(lost)
        request = self._request(instrument, side, part, bps, post_only=post_only, immediate=immediate)
        self._run(self.exchange.place(request))
        self.faults.lose_answers = 0

    @rule(
        instrument=st.sampled_from(INSTRUMENTS[2:]),
        part=st.sampled_from([0.3, 0.1, 0.02, 0.9]),
        bps=st.integers(-60, 60),
        side=st.sampled_from(list(Side)),
    )
    def reduce(self, instrument: str, part: float, bps: int, side: Side) -> None:
        """Place a reduce-only order: at the moment it is done the position is not larger and has not turned."""
        held = self.exchange.state.positions.get(instrument)
        request = self._request(instrument, side, part, bps, reduce_only=True)
        order = self._run(self.exchange.place(request))
        if order is not None and order.filled:
            assert held is not None
            left = self.exchange.state.positions.get(instrument)
            after = left.qty if left is not None else ZERO
            assert after * held.qty >= 0
            assert abs(after) <= abs(held.qty)

    @rule(direction=st.sampled_from(list(Direction)), amount=st.decimals(-1, 60_000, places=2), again=st.booleans())
    def transfer(self, direction: Direction, amount: Decimal, *, again: bool) -> None:
        """Move money; the same id a second time moves nothing."""
        self.number += not again
        name = f"t{self.number}"
        known = asyncio.run(self.exchange.find_transfer(name))
        before = self.exchange.state
        self._run(self.exchange.transfer(direction, amount, name))
        if known:
            assert self.exchange.state.spot == before.spot

    @rule(leverage=st.integers(0, 60), instrument=st.sampled_from(INSTRUMENTS[2:]))
    def lever(self, leverage: int, instrument: str) -> None:
        """Set a leverage."""
        self._run(self.exchange.set_leverage(instrument, Decimal(leverage)))

    @precondition(lambda self: self.number)
    @rule(back=st.integers(0, 5))
    def cancel(self, back: int) -> None:
        """Cancel one of the last orders."""
        name = f"o{max(1, self.number - back)}"
        order = self.exchange.state.orders.get(name)
        if order is not None:
            assert self._run(self.exchange.cancel(order.request.instrument, name)).status is not OrderStatus.OPEN

    @rule(seconds=st.integers(0, 4000))
    def wait(self, seconds: int) -> None:
        """Let up to three market days pass."""
        self.clock.advance(seconds)
        self._run(self.exchange.balances())

    @rule(name=st.sampled_from(sorted(EPISODES)))
    def episode(self, name: str) -> None:
        """Let something happen to the market."""
        self.source.start_episode(name)

    @rule()
    def restart(self) -> None:
        """Stop without saying goodbye and begin again from what was saved last."""
        before = asyncio.run(self.exchange.balances())
        self.exchange = self._open(AccountState.from_json(self.saved[-1].to_json()))
        assert asyncio.run(self.exchange.balances()) == before

    @invariant()
    def the_books_balance(self) -> None:
        """Value is the opening amount, plus what prices did, minus fees, plus funding: recomputed from orders alone."""
        for state in self.saved:
            assert all(qty >= 0 for qty in state.spot.values())
            assert state.positions or state.futures_wallet >= 0
            for order in state.orders.values():
                assert 0 <= order.filled <= order.request.qty
        self.saved = self.saved[-1:]
        state = self.exchange.state
        fills = [order for order in state.orders.values() if order.filled]
        bought = {name: HELD.get(name, ZERO) for name in INSTRUMENTS}
        spent = ZERO
        for order in fills:
            sign = 1 if order.request.side is Side.BUY else -1
            bought[order.request.instrument] += sign * order.filled
            spent += sign * order.value
        if not state.forgiven and all(self._held(state, name) == bought[name] for name in INSTRUMENTS):  # no liquidation so far
            cash = state.spot["USDT"] + state.futures_wallet - sum((one.cost for one in state.positions.values()), ZERO)
            assert abs(cash - (OPENING - spent - state.fees_paid + state.funding_received)) < Decimal("1e-6")
        for name in ("BTC", "ADA"):
            assert self._held(state, name) == bought[name]

    @staticmethod
    def _held(state: AccountState, name: str) -> Decimal:
        if is_perp(name):
            return state.positions[name].qty if name in state.positions else ZERO
        return state.spot.get(name, ZERO)


class _Thinned(SimulatedSource):
    """The same market with less to take: paths and quotes tell a fraction of the volume."""

    def __init__(self, source: SimulatedSource, factor: float) -> None:
        self.__dict__.update(source.__dict__)
        self._factor = factor

    async def quotes(self, instruments: Any) -> Any:
        """Return quotes with less volume."""
        found = await super().quotes(instruments)
        return {name: replace(quote, volume=(quote.volume or ZERO) * Decimal(str(self._factor))) for name, quote in found.items()}

    async def path(self, instrument: str, since: datetime, until: datetime) -> Any:
        """Return paths with less volume."""
        path = await super().path(instrument, since, until)
        return None if path is None else replace(path, volume=path.volume * self._factor)


TestTrader = Trader.TestCase
TestTrader.settings = settings(max_examples=examples(12), stateful_step_count=40, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 13))])
def test_long_careless_trading_keeps_the_books(seed: int) -> None:
    """Two hundred steps of one account: denser than what hypothesis dares, with fills, funding, restarts and liquidations."""
    dice = random.Random(seed)
    trader = Trader()
    trader.open_account(seed=seed, volume=dice.choice([1.0, 0.001]))
    for _ in range(200):
        act = dice.choice(["trade", "trade", "trade", "reduce", "wait", "wait", "cancel", "transfer", "restart", "episode"])
        instrument, side, bps = dice.choice(INSTRUMENTS), dice.choice(list(Side)), dice.randint(-60, 60)
        match act:
            case "trade":
                flags = {name: dice.random() < 0.2 for name in ("post_only", "immediate", "lost")}
                trader.trade(instrument=instrument, side=side, part=dice.choice([0.02, 0.1, 0.3, 0.9, 2.5]), bps=bps, **flags)
            case "reduce":
                trader.reduce(instrument=dice.choice(INSTRUMENTS[2:]), part=dice.choice([0.02, 0.1, 0.3]), bps=bps, side=side)
            case "wait":
                trader.wait(seconds=dice.choice([7, 60, 600, 2000]))
            case "cancel":
                trader.cancel(back=dice.randint(0, 5))
            case "transfer":
                trader.transfer(direction=dice.choice(list(Direction)), amount=Decimal(dice.randint(1, 20_000)), again=dice.random() < 0.2)
            case "episode":
                trader.episode(name=dice.choice(sorted(EPISODES)))
            case _:
                trader.restart()
        trader.the_books_balance()
    orders = trader.exchange.state.orders.values()
    assert sum(order.filled > 0 for order in orders) > 8
    assert trader.exchange.state.fees_paid > 0


@pytest.mark.parametrize(
    ("after", "entries", "broken"),
    [
        (AccountState(quote="USDT", spot={"USDT": Decimal(-1)}), [Entry(kind=Kind.TRANSFER, amount=Decimal(101))], "no_negative_balance"),
        (AccountState(quote="USDT", spot={"USDT": Decimal(101)}), [], "conserved"),
        (AccountState(quote="USDT", spot={"USDT": Decimal(100)}, futures_wallet=Decimal(1)), [], "conserved"),
        (AccountState(quote="USDT", spot={"USDT": Decimal(100), "BTC": Decimal(1)}), [], "conserved"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused_by_name(after: AccountState, entries: list[Entry], broken: str) -> None:
    with pytest.raises(BrokenBooksError, match=broken):
        check(AccountState.opening(Decimal(100)), after, entries)


@given(
    st.decimals("-50", "50", places=3).filter(bool),
    st.decimals("0.01", "1000", places=2),
    st.decimals("0.01", "1000", places=2),
    st.decimals("0", "10000", places=2),
    st.booleans(),
)
def test_a_settled_contract_leaves_the_equity_that_it_had(
    qty: Decimal, entry: Decimal, price: Decimal, wallet: Decimal, other: bool
) -> None:
    """At that price, to the last digit; a debt that no wallet can pay is left with the exchange; other positions stay as they are."""
    more = {"BTC-PERP": (Decimal("0.1"), Decimal(50_000))} if other else {}
    before = AccountState.holding({"USDT": Decimal(10)}, futures_wallet=wallet, positions={"SOL-PERP": (qty, entry), **more})
    after, entries = settled(before, "SOL-PERP", price)
    check(before, after, entries)
    assert set(after.positions) == set(more)
    assert after.futures_wallet - (after.forgiven - before.forgiven) == wallet + qty * (price - entry)
    assert after.forgiven == before.forgiven or not other
    assert (after.spot, after.fees_paid) == (before.spot, before.fees_paid)
    assert settled(after, "SOL-PERP", price) == (after, [])


async def test_calls_from_many_tasks_at_once_never_spend_money_twice() -> None:
    """Ten tasks each try to spend 30 % of the money with a slow disk: three succeed."""
    clock = ManualClock(NOW)

    async def slow_disk(_: AccountState) -> None:
        await asyncio.sleep(0.001)

    exchange = PaperExchange(SimulatedSource(clock), clock, AccountState.opening(OPENING), save=slow_disk)
    ask = (await exchange.quotes(["BTC"]))["BTC"].ask
    requests = [OrderRequest(client_id=f"o{n}", instrument="BTC", side=Side.BUY, qty=Decimal("0.5"), limit=ask) for n in range(10)]
    answers = await asyncio.gather(*(exchange.place(one) for one in requests), return_exceptions=True)
    assert sum(isinstance(answer, NotEnoughMoney) for answer in answers) == 7
    assert (await exchange.balances()).spot["BTC"] == Decimal("1.5")
