"""One suite that every exchange passes: what the executor may rely on, whoever stands behind the protocol."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import NotEnoughMoney, OutcomeUnknown, Rejected
from chatbot.exchanges.base import Direction, Exchange, Order, OrderRequest, OrderStatus, PriceSource, Quote, SentTransfer, Side
from chatbot.exchanges.live.private.account import LiveAccount
from chatbot.exchanges.live.private.opening import Accounts
from chatbot.exchanges.live.venues import venue_named
from chatbot.exchanges.manual import ManualExchange
from chatbot.exchanges.markets.path import down, up
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.exchanges.paper.account import AccountState
from chatbot.exchanges.paper.paper import PaperExchange
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.bingx.speech import BINGX
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.dialects.weex.speech import WEEX
from chatbot.exchanges.testserver.harshness import KIND
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.exchanges.testserver.server import Server
from chatbot.model import Credentials
from tests.exchanges.live.private.wire import Written
from tests.places import DATA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

NOW = datetime(2026, 1, 1, tzinfo=UTC)
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded market in ../shared/data is absent")


#: venues that take keys, as the test exchange speaks them
DIALECTS: dict[str, Any] = {"binance": BINANCE, "bybit": BYBIT, "bingx": BINGX, "mexc": MEXC, "weex": WEEX}


@dataclass
class Bench:
    """An exchange with its clock and what it saved last."""

    exchange: Exchange
    source: PriceSource
    clock: ManualClock
    saved: list[AccountState]
    #: makes a live account anew; nothing is saved of it but what the journal says of transfers
    reopen: Callable[[], Exchange] = field(default=lambda: pytest.fail("nothing to open"))
    #: where its person alone can move money: what they do
    moves: Callable[[Direction, Decimal, str], None] | None = None

    def again(self) -> Exchange:
        """Return the same account as it is after a restart."""
        if isinstance(self.exchange, LiveAccount):
            return self.reopen()
        state = AccountState.from_json(self.saved[-1].to_json())
        assert state == self.saved[-1]
        return type(self.exchange)(self.source, self.clock, state, save=self.exchange._save)  # type: ignore[call-arg, attr-defined]

    async def transfer(self, direction: Direction, amount: Decimal, name: str) -> None:
        """Move money between the wallets, as the bot does, or as it has its person do it."""
        if self.moves is not None and not await self.exchange.find_transfer(name):
            with pytest.raises(OutcomeUnknown):
                await self.exchange.transfer(direction, amount, name)
            self.moves(direction, amount, name)
        elif self.moves is None:
            await self.exchange.transfer(direction, amount, name)

    async def quote(self, instrument: str) -> Quote:
        """Return the quote of one instrument."""
        return (await self.exchange.quotes([instrument]))[instrument]

    async def trade(self, name: str, instrument: str, side: Side, qty: str, *, bps: int = 20, **flags: bool) -> Order:
        """Place an order ``bps`` basis points beyond the touch, on the tick."""
        quote = await self.quote(instrument)
        tick = (await self.exchange.markets())[instrument].tick
        buys = side is Side.BUY
        limit = up(quote.ask * (1 + Decimal(bps) / 10_000), tick) if buys else down(quote.bid * (1 - Decimal(bps) / 10_000), tick)
        return await self.exchange.place(
            OrderRequest(client_id=name, instrument=instrument, side=side, qty=Decimal(qty), limit=limit, **flags)
        )


@asynccontextmanager
async def live(dialect: Any, clock: ManualClock) -> AsyncIterator[Bench]:
    """Return an account with keys, through the real ccxt client at a server on the loopback interface."""
    journal = Written()
    async with Server(dialect, clock, harshness=KIND) as server:
        server.venue.open_account("key", "secret", {"USDT": Decimal(100_000)})
        # the server is our own; what is asked of a real one is counted elsewhere
        accounts = Accounts(clock, {dialect.name: {**server.options(), "timeout_on_exit": 0, "enableRateLimit": False}})

        def opened() -> Exchange:
            return accounts.account(
                dialect.name, Credentials(api_key="key", secret="secret", passphrase="passphrase"), tag="t", journal=journal
            )

        def reopened() -> Exchange:
            journal["t1"] = SentTransfer(direction=Direction.TO_FUTURES, amount=Decimal(20_000), at=NOW)  # as the executor has written it
            return opened()

        def moves(direction: Direction, amount: Decimal, name: str) -> None:
            journal[name] = SentTransfer(direction=direction, amount=amount, at=clock.now())
            ways = (Wallet.SPOT, Wallet.FUTURES) if direction is Direction.TO_FUTURES else (Wallet.FUTURES, Wallet.SPOT)
            server.venue.transfer(server.venue.accounts["key"], *ways, "USDT", amount)

        by_hand = moves if not venue_named(dialect.name).moves_money else None
        yield Bench(opened(), accounts.prices(dialect.name), clock, [], reopened, by_hand)
        await accounts.close()


LIVE = [pytest.param(one, marks=pytest.mark.long) if one in ("bingx", "mexc", "weex") else one for one in DIALECTS]
EACH = ["simulated", pytest.param("replay", marks=needs_data), "manual", *LIVE]


@pytest.fixture(params=EACH)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """Return each exchange with 100 000 USDT in its spot wallet; those with keys stand on the test exchange."""
    clock = ManualClock(NOW)
    if request.param in DIALECTS:
        async with live(DIALECTS[request.param], clock) as found:
            yield found
        return
    replay = request.param == "replay"
    source: PriceSource = ReplaySource(DATA, clock, start=datetime(2023, 6, 1, tzinfo=UTC)) if replay else SimulatedSource(clock, speed=60)
    saved: list[AccountState] = []

    async def save(state: AccountState) -> None:
        saved.append(state)

    opening = AccountState.opening(Decimal(100_000))
    exchange: Exchange = (
        ManualExchange(source, clock, opening, save=save) if request.param == "manual" else PaperExchange(source, clock, opening, save=save)
    )
    yield Bench(exchange, source, clock, saved)
    await exchange.close()
    await source.close()


async def test_instruments_carry_our_names_and_sane_rules(bench: Bench) -> None:
    markets = await bench.exchange.markets()
    assert {"BTC", "ETH", "BTC-PERP", "ETH-PERP"} <= set(markets)
    for name, market in markets.items():
        assert market.instrument == name
        assert market.tick > 0
        assert market.lot > 0
        assert market.max_leverage >= 1


async def test_an_instrument_without_an_answer_is_left_out_of_the_quotes(bench: Bench) -> None:
    quotes = await bench.exchange.quotes(["BTC", "BTC-PERP", "NOSUCH"])
    assert set(quotes) == {"BTC", "BTC-PERP"}
    assert quotes["BTC"].mark is None
    assert quotes["BTC-PERP"].mark == quotes["BTC-PERP"].price
    for quote in quotes.values():
        assert 0 < quote.bid <= quote.ask
        assert quote.at == bench.clock.now()


async def test_a_new_account_holds_its_opening_amount_and_nothing_else(bench: Bench) -> None:
    balances = await bench.exchange.balances()
    assert dict(balances.spot) == dict(balances.free) == {"USDT": Decimal(100_000)}
    assert balances.futures_wallet == 0
    assert await bench.exchange.positions() == ()
    await bench.exchange.ping()


async def test_a_bought_quantity_arrives_and_costs_price_and_fee(bench: Bench) -> None:
    order = await bench.trade("a", "BTC", Side.BUY, "0.1")
    assert order.status is OrderStatus.FILLED
    assert order.average is not None
    assert order.average <= order.limit
    balances = await bench.exchange.balances()
    assert order.filled == Decimal("0.1")
    assert balances.spot["BTC"] == order.filled - order.fees.get("BTC", 0)
    assert balances.spot["USDT"] == 100_000 - order.average * order.filled - order.fees.get("USDT", 0)
    assert sum(order.fees.values()) > 0


async def test_an_order_is_found_by_its_client_id_and_only_by_it(bench: Bench) -> None:
    order = await bench.trade("a", "BTC", Side.BUY, "0.1")
    assert await bench.exchange.find("BTC", "a") == order
    assert await bench.exchange.find("BTC", "b") is None
    assert await bench.exchange.find("ETH", "a") is None


async def test_the_same_client_id_never_means_two_orders(bench: Bench) -> None:
    order = await bench.trade("a", "BTC", Side.BUY, "0.1")
    with pytest.raises(Rejected) as refused:
        await bench.trade("a", "BTC", Side.BUY, "0.1")
    assert refused.value.reason == "duplicate_id"
    assert (await bench.exchange.balances()).spot["BTC"] == Decimal("0.1") - order.fees.get("BTC", 0)


async def test_a_finished_order_is_returned_as_it_is_when_cancelled(bench: Bench) -> None:
    order = await bench.trade("a", "BTC", Side.BUY, "0.1")
    assert await bench.exchange.cancel("BTC", "a") == order
    with pytest.raises(Rejected) as refused:
        await bench.exchange.cancel("BTC", "never")
    assert refused.value.reason == "unknown_order"


async def test_more_than_there_is_cannot_be_spent_or_sold(bench: Bench) -> None:
    with pytest.raises(NotEnoughMoney):
        await bench.trade("a", "BTC", Side.BUY, "10")
    with pytest.raises(NotEnoughMoney):
        await bench.trade("b", "ETH", Side.SELL, "1")
    assert (await bench.exchange.balances()).spot["USDT"] == 100_000
    assert await bench.exchange.find("BTC", "a") is None


async def test_an_unknown_instrument_is_refused(bench: Bench) -> None:
    request = OrderRequest(client_id="a", instrument="NOSUCH", side=Side.BUY, qty=Decimal(1), limit=Decimal(1))
    with pytest.raises(Rejected) as refused:
        await bench.exchange.place(request)
    assert refused.value.reason == "unknown_instrument"


async def test_a_transfer_happens_once_per_client_id(bench: Bench) -> None:
    for _ in range(2):
        await bench.transfer(Direction.TO_FUTURES, Decimal(10_000), "t1")
    balances = await bench.exchange.balances()
    assert (balances.spot["USDT"], balances.futures_wallet) == (Decimal(90_000), Decimal(10_000))
    assert await bench.exchange.find_transfer("t1")
    assert not await bench.exchange.find_transfer("t2")
    with pytest.raises(NotEnoughMoney):
        await bench.exchange.transfer(Direction.TO_SPOT, Decimal("10000.01"), "t2")
    with pytest.raises(Rejected):
        await bench.exchange.transfer(Direction.TO_SPOT, Decimal(0), "t3")


async def test_a_position_opens_reduces_and_closes(bench: Bench) -> None:
    await bench.transfer(Direction.TO_FUTURES, Decimal(20_000), "t1")
    await bench.exchange.set_leverage("BTC-PERP", Decimal(3))
    await bench.exchange.set_leverage("BTC-PERP", Decimal(3))
    opened = await bench.trade("a", "BTC-PERP", Side.SELL, "0.3")
    (position,) = await bench.exchange.positions()
    assert (position.qty, position.entry, position.leverage) == (Decimal("-0.3"), opened.average, Decimal(3))
    assert position.liquidation is not None
    assert position.liquidation > position.mark
    await bench.trade("b", "BTC-PERP", Side.BUY, "0.1", reduce_only=True)
    assert [one.qty for one in await bench.exchange.positions()] == [Decimal("-0.2")]
    await bench.trade("c", "BTC-PERP", Side.BUY, "0.2", reduce_only=True)
    assert await bench.exchange.positions() == ()


async def test_reduce_only_never_opens_or_turns(bench: Bench) -> None:
    await bench.transfer(Direction.TO_FUTURES, Decimal(20_000), "t1")
    await bench.trade("a", "BTC-PERP", Side.BUY, "0.1")
    for name, side, qty in (("b", Side.BUY, "0.1"), ("c", Side.SELL, "0.2")):
        with pytest.raises(Rejected) as refused:
            await bench.trade(name, "BTC-PERP", side, qty, reduce_only=True)
        assert refused.value.reason == "reduce_only"
    assert [one.qty for one in await bench.exchange.positions()] == [Decimal("0.1")]


async def test_value_changes_by_fees_and_spread_only_when_the_market_stands_still(bench: Bench) -> None:
    """Buying and selling back at once costs two fees and the spread, nothing else."""
    bought = await bench.trade("a", "ETH", Side.BUY, "5")
    held = bought.filled - bought.fees.get("ETH", 0)
    there = down(held, (await bench.exchange.markets())["ETH"].lot)
    sold = await bench.trade("b", "ETH", Side.SELL, str(there))
    assert bought.average is not None
    assert sold.average is not None
    assert (bought.filled, sold.filled) == (5, there)
    balances = await bench.exchange.balances()
    paid = bought.fees.get("USDT", 0) + sold.fees["USDT"]
    assert balances.spot.get("ETH", 0) == held - there
    assert balances.spot["USDT"] == 100_000 - bought.filled * bought.average + sold.filled * sold.average - paid


async def test_an_account_survives_being_written_down_and_read_again(bench: Bench) -> None:
    await bench.transfer(Direction.TO_FUTURES, Decimal(20_000), "t1")
    await bench.trade("a", "BTC", Side.BUY, "0.1")
    await bench.trade("b", "BTC-PERP", Side.SELL, "0.1")
    again = bench.again()
    assert await again.balances() == await bench.exchange.balances()
    assert await again.positions() == await bench.exchange.positions()
    assert await again.find("BTC", "a") == await bench.exchange.find("BTC", "a")
    assert await again.find_transfer("t1")
