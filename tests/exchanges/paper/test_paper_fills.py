"""How orders fill on the paper exchange, on a market whose every minute is written down in the test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from chatbot.clock import ManualClock
from chatbot.errors import NotEnoughMoney, OutcomeUnknown, Rejected, Unreachable
from chatbot.exchanges.base import Direction, Funding, Order, OrderRequest, OrderStatus, Quote, Side, is_perp
from chatbot.exchanges.markets.coins import perp_market, spot_market
from chatbot.exchanges.markets.markettime import to_ms
from chatbot.exchanges.markets.path import Path, minutes, plain, touch
from chatbot.exchanges.paper.account import AccountState
from chatbot.exchanges.paper.faults import Faults
from chatbot.exchanges.paper.paper import PaperExchange

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

START = datetime(2024, 5, 1, tzinfo=UTC)


class ScriptedSource:
    """A market of BTC and BTC-PERP whose price and volume are functions of the minute since the start."""

    name = "scripted"
    quote_asset = "USDT"

    def __init__(self, clock: ManualClock, price: Callable[[float], float], volume: float = 1000.0) -> None:
        self.clock = clock
        self.price = price
        self.volume = volume
        self.rates: tuple[Funding, ...] = ()

    def market_time(self, now: datetime) -> datetime:
        """Say that this market runs on our time."""
        return now

    async def markets(self) -> dict[str, Any]:
        """Return real rules."""
        return {"BTC": spot_market("BTC"), "BTC-PERP": perp_market("BTC")}

    async def quotes(self, instruments: Collection[str]) -> dict[str, Quote]:
        """Return the price of this minute without a spread."""
        now = self.clock.now()
        price = self.price((now - START) / timedelta(minutes=1))
        found = {}
        for name in set(instruments) & {"BTC", "BTC-PERP"}:
            book = touch(price, 0, 0.0, Decimal("0.1"))
            volume = plain(self.volume * 1440 * price, 2)
            found[name] = Quote(
                instrument=name, bid=book.bid, ask=book.ask, at=now, mark=book.mark if is_perp(name) else None, volume=volume
            )
        return found

    async def path(self, instrument: str, since: datetime, until: datetime) -> Path:
        """Return every minute."""
        at = minutes(to_ms(since), to_ms(until))
        mid = np.array([self.price((ms - to_ms(START)) / 60_000) for ms in at], dtype=np.float64)
        return Path(tick=Decimal("0.1"), half_spread=0.0, at=at, mid=mid, volume=np.full(len(at), self.volume))

    async def candles(self, *_: object) -> tuple[()]:
        """Return none."""
        return ()

    async def funding(self, instrument: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the settlements that a test wrote down."""
        return tuple(one for one in self.rates if since < one.at <= until)

    async def close(self) -> None:
        """Nothing to close."""


class Desk:
    """A paper account on a scripted market, with short words for what a test does."""

    def __init__(self, price: Callable[[float], float], *, volume: float = 1000.0, state: AccountState | None = None) -> None:
        self.clock = ManualClock(START)
        self.source = ScriptedSource(self.clock, price, volume)
        self.faults = Faults()
        self.saved: list[AccountState] = []
        self.exchange = PaperExchange(
            self.source, self.clock, state or AccountState.opening(Decimal(100_000)), save=self._save, faults=self.faults
        )
        self._number = 0

    async def _save(self, state: AccountState) -> None:
        self.saved.append(state)

    async def order(self, text: str, instrument: str = "BTC", **flags: bool) -> Order:
        """Place ``"buy 0.5 @ 60000"``."""
        side, qty, _, limit = text.split()
        self._number += 1
        request = OrderRequest(
            client_id=f"o{self._number}", instrument=instrument, side=Side(side), qty=Decimal(qty), limit=Decimal(limit), **flags
        )
        return await self.exchange.place(request)

    async def seen(self, order: Order) -> Order:
        """Look an order up again."""
        found = await self.exchange.find(order.instrument, order.client_id)
        assert found is not None
        return found


def flat(_minute: float) -> float:
    return 60_000.0


def falling(minute: float) -> float:
    return 60_000.0 - 10 * minute


def dip_at_30(minute: float) -> float:
    return 59_000.0 if minute == 30 else 60_000.0


async def test_a_marketable_order_pays_the_ask_and_the_taker_fee() -> None:
    desk = Desk(flat)
    order = await desk.order("buy 0.5 @ 60100.0")
    assert (order.status, order.filled, order.average) == (OrderStatus.FILLED, Decimal("0.5"), Decimal(60_000))
    assert order.fees == {"USDT": Decimal(30)}
    assert (await desk.exchange.balances()).spot == {"USDT": Decimal(69_970), "BTC": Decimal("0.5")}


async def test_a_resting_order_fills_at_its_limit_as_maker_when_the_market_comes_to_it() -> None:
    desk = Desk(falling)
    order = await desk.order("buy 0.5 @ 59900.0", post_only=True)
    assert order.status is OrderStatus.OPEN
    desk.clock.advance(9 * 60)
    assert (await desk.seen(order)).filled == 0
    desk.clock.advance(60)
    order = await desk.seen(order)
    assert (order.status, order.average) == (OrderStatus.FILLED, Decimal(59_900))


async def test_a_dip_between_two_looks_fills_although_nobody_looked() -> None:
    desk = Desk(dip_at_30)
    order = await desk.order("buy 0.1 @ 59500.0")
    desk.clock.advance(3600 * 5)
    assert (await desk.seen(order)).status is OrderStatus.FILLED


@pytest.mark.long
@pytest.mark.parametrize("look_s", [7, 60, 61, 1000, 40_000])
async def test_fills_do_not_depend_on_how_often_somebody_looks(look_s: int) -> None:
    """The same orders over the same market end in the same account, whatever the polling."""
    desk = Desk(lambda minute: 60_000 + 800 * float(np.sin(minute / 50)), volume=0.4)
    orders = [await desk.order("buy 0.5 @ 59500.0"), await desk.order("buy 0.3 @ 59700.0")]
    end = START + timedelta(seconds=40_000)
    while desk.clock.now() < end:
        desk.clock.set(min(end, desk.clock.now() + timedelta(seconds=look_s)))
        await desk.exchange.balances()
    balances = await desk.exchange.balances()
    assert [(await desk.seen(order)).status for order in orders] == [OrderStatus.FILLED] * 2
    assert balances.spot["USDT"] == Decimal(100_000) - Decimal("0.5") * 59_500 * Decimal("1.001") - Decimal("0.3") * 59_700 * Decimal(
        "1.001"
    )


async def test_a_thin_market_fills_an_order_piece_by_piece() -> None:
    """One minute offers a tenth of its volume: 0.05 of 0.2 BTC."""
    desk = Desk(flat, volume=0.5)
    order = await desk.order("buy 0.2 @ 60100.0")
    assert (order.status, order.filled) == (OrderStatus.OPEN, Decimal("0.05"))
    desk.clock.advance(60)
    assert (await desk.seen(order)).filled == Decimal("0.10")
    desk.clock.advance(120)
    assert (await desk.seen(order)).status is OrderStatus.FILLED


async def test_two_orders_in_one_minute_share_its_depth() -> None:
    desk = Desk(flat, volume=0.5)
    first, second = await desk.order("buy 0.04 @ 60100.0"), await desk.order("buy 0.04 @ 60100.0")
    assert (first.filled, second.filled) == (Decimal("0.04"), Decimal("0.01"))


async def test_an_immediate_order_cancels_what_it_cannot_fill() -> None:
    desk = Desk(flat, volume=0.5)
    order = await desk.order("buy 0.2 @ 60100.0", immediate=True)
    assert (order.status, order.filled) == (OrderStatus.CANCELED, Decimal("0.05"))
    assert (await desk.order("buy 0.2 @ 59000.0", immediate=True)).filled == 0


async def test_an_open_order_locks_money_until_it_is_cancelled() -> None:
    desk = Desk(flat)
    order = await desk.order("buy 1 @ 50000.0")
    assert (await desk.exchange.balances()).free["USDT"] == Decimal(49_950)
    with pytest.raises(NotEnoughMoney):
        await desk.order("buy 1 @ 50000.0")
    assert (await desk.exchange.cancel("BTC", order.client_id)).status is OrderStatus.CANCELED
    assert (await desk.exchange.balances()).free["USDT"] == Decimal(100_000)
    assert (await desk.exchange.cancel("BTC", order.client_id)).status is OrderStatus.CANCELED


@pytest.mark.parametrize(
    ("text", "instrument", "flags", "reason"),
    [
        ("buy 0.5 @ 60000.005", "BTC", {}, "bad_tick"),
        ("buy 0.5 @ -1", "BTC", {}, "bad_tick"),
        ("buy 0.000001 @ 60000", "BTC", {}, "bad_lot"),
        ("buy 0 @ 60000", "BTC", {}, "bad_lot"),
        ("buy 0.00008 @ 60000", "BTC", {}, "below_minimum"),
        ("buy 0.001 @ 60000", "BTC-PERP", {}, "below_minimum"),
        ("buy 2 @ 60000", "BTC", {}, "not_enough_money"),
        ("sell 1 @ 60000", "BTC", {}, "not_enough_money"),
        ("buy 0.1 @ 60000", "BTC", {"post_only": True}, "would_take"),
        ("sell 0.1 @ 59000", "BTC-PERP", {"reduce_only": True}, "reduce_only"),
        ("sell 0.1 @ 59000", "BTC", {"reduce_only": True}, "reduce_only"),
        ("buy 1 @ 1", "GOLD", {}, "unknown_instrument"),
        ("buy 0.1 @ 60000", "BTC-PERP", {}, "margin"),
    ],
)
async def test_what_a_real_exchange_refuses_is_refused(text: str, instrument: str, flags: dict[str, bool], reason: str) -> None:
    desk = Desk(flat)
    with pytest.raises(Rejected) as refused:
        await desk.order(text, instrument, **flags)
    assert refused.value.reason == reason
    assert not desk.exchange.state.orders


async def test_a_client_id_never_means_two_orders_unless_the_exchange_allows_it() -> None:
    desk = Desk(flat)
    request = OrderRequest(client_id="same", instrument="BTC", side=Side.BUY, qty=Decimal("0.1"), limit=Decimal(60_000))
    await desk.exchange.place(request)
    with pytest.raises(Rejected, match="duplicate_id"):
        await desk.exchange.place(request)
    desk.faults.reusable_ids = True
    await desk.exchange.place(request)
    assert (await desk.exchange.balances()).spot["BTC"] == Decimal("0.2")


async def test_a_perpetual_realises_profit_and_keeps_books_through_a_flip() -> None:
    """Long 0.5 from 60000, sold 0.8 at 61000: 500 realised, short 0.3 from 61000."""
    desk = Desk(lambda minute: 60_000 if minute < 1 else 61_000)
    await desk.exchange.transfer(Direction.TO_FUTURES, Decimal(50_000), "t")
    await desk.order("buy 0.5 @ 60000.0", "BTC-PERP")
    desk.clock.advance(60)
    await desk.order("sell 0.8 @ 61000.0", "BTC-PERP")
    (position,) = await desk.exchange.positions()
    assert (position.qty, position.entry) == (Decimal("-0.3"), Decimal(61_000))
    assert (await desk.exchange.balances()).futures_wallet == Decimal(50_000) - 15 + 500 - Decimal("24.4")


async def test_an_odd_rest_of_a_position_can_be_closed_exactly_and_below_the_minimum() -> None:
    state = AccountState.holding(
        {"USDT": Decimal(100)}, futures_wallet=Decimal(1000), positions={"BTC-PERP": (Decimal("0.00057"), Decimal(60_000))}
    )
    desk = Desk(flat, state=state)
    order = await desk.order("sell 0.00057 @ 59000.0", "BTC-PERP", reduce_only=True)
    assert order.status is OrderStatus.FILLED
    assert await desk.exchange.positions() == ()


async def test_funding_is_paid_by_longs_at_the_settlement_in_market_time() -> None:
    """10 000 of notional at 0.01 % pays 1 (domain 7.1)."""
    state = AccountState.holding(
        {"USDT": Decimal(0)}, futures_wallet=Decimal(10_000), positions={"BTC-PERP": (Decimal("0.2"), Decimal(50_000))}
    )
    desk = Desk(lambda _: 50_000.0, state=state)
    desk.source.rates = (Funding(at=START + timedelta(hours=8), rate=Decimal("0.0001"), interval_hours=8),)
    await desk.exchange.balances()
    desk.clock.advance(8 * 3600 - 1)
    assert (await desk.exchange.balances()).futures_wallet == Decimal(10_000)
    desk.clock.advance(3600)
    assert (await desk.exchange.balances()).futures_wallet == Decimal(9_999)
    desk.clock.advance(3600)
    assert (await desk.exchange.balances()).futures_wallet == Decimal(9_999)


async def test_liquidation_comes_exactly_where_domain_1_6_says() -> None:
    """Long 0.5 from 60000 with 6000 and mmr 0.4 %: 48192.77."""
    state = AccountState.holding(
        {"USDT": Decimal(0)}, futures_wallet=Decimal(6_000), positions={"BTC-PERP": (Decimal("0.5"), Decimal(60_000))}
    )
    desk = Desk(lambda minute: 60_000 - minute, state=state)
    (position,) = await desk.exchange.positions()
    assert position.liquidation is not None
    assert round(position.liquidation, 2) == Decimal("48192.77")
    desk.clock.advance(60 * (60_000 - 48_193))
    assert len(await desk.exchange.positions()) == 1
    desk.clock.advance(60)
    assert await desk.exchange.positions() == ()
    assert 0 <= (await desk.exchange.balances()).futures_wallet < 100


async def test_what_is_owed_after_a_crash_is_forgiven_not_carried() -> None:
    state = AccountState.holding(
        {"USDT": Decimal(0)}, futures_wallet=Decimal(6_000), positions={"BTC-PERP": (Decimal("0.5"), Decimal(60_000))}
    )
    desk = Desk(lambda minute: 60_000 if minute < 5 else 20_000, state=state)
    await desk.exchange.balances()
    desk.clock.advance(600)
    assert (await desk.exchange.balances()).futures_wallet == 0
    assert desk.exchange.state.forgiven == Decimal(14_000) + Decimal(5)


async def test_unrealised_profit_and_margin_in_use_cannot_be_withdrawn() -> None:
    """W 10000, +5000 unrealised, 2 x 60000 / 10 margin in use: 3000 may leave."""
    state = AccountState.holding(
        {"USDT": Decimal(0)}, futures_wallet=Decimal(10_000), positions={"BTC-PERP": (Decimal(2), Decimal(57_500))}
    )
    desk = Desk(flat, state=state)
    with pytest.raises(NotEnoughMoney):
        await desk.exchange.transfer(Direction.TO_SPOT, Decimal("3000.01"), "t1")
    await desk.exchange.transfer(Direction.TO_SPOT, Decimal(3000), "t2")
    await desk.exchange.transfer(Direction.TO_SPOT, Decimal(3000), "t2")
    assert (await desk.exchange.balances()).spot["USDT"] == Decimal(3000)
    assert await desk.exchange.find_transfer("t2")
    assert not await desk.exchange.find_transfer("t1")


async def test_a_lower_leverage_is_refused_when_the_margin_would_not_suffice() -> None:
    state = AccountState.holding(
        {"USDT": Decimal(0)}, futures_wallet=Decimal(10_000), positions={"BTC-PERP": (Decimal(1), Decimal(60_000))}
    )
    desk = Desk(flat, state=state)
    await desk.exchange.set_leverage("BTC-PERP", Decimal(6))
    await desk.exchange.set_leverage("BTC-PERP", Decimal(6))
    with pytest.raises(Rejected, match="margin"):
        await desk.exchange.set_leverage("BTC-PERP", Decimal(5))
    with pytest.raises(Rejected, match="bad_leverage"):
        await desk.exchange.set_leverage("BTC-PERP", Decimal(51))


async def test_a_lost_answer_leaves_an_order_that_can_be_found() -> None:
    desk = Desk(flat)
    desk.faults.lose_answers = 1
    with pytest.raises(OutcomeUnknown):
        await desk.order("buy 0.1 @ 60000.0")
    found = await desk.exchange.find("BTC", "o1")
    assert found is not None
    assert found.status is OrderStatus.FILLED


async def test_a_dropped_request_never_arrives() -> None:
    desk = Desk(flat)
    desk.faults.drop_requests = 1
    with pytest.raises(OutcomeUnknown):
        await desk.order("buy 0.1 @ 60000.0")
    desk.clock.advance(600)
    assert await desk.exchange.find("BTC", "o1") is None


async def test_a_late_request_arrives_after_the_error_and_survives_a_restart() -> None:
    desk = Desk(flat)
    desk.faults.late_requests, desk.faults.late_s = 1, 3
    with pytest.raises(OutcomeUnknown):
        await desk.order("buy 0.1 @ 60000.0")
    assert await desk.exchange.find("BTC", "o1") is None
    again = PaperExchange(desk.source, desk.clock, AccountState.from_json(desk.saved[-1].to_json()), save=desk._save)
    desk.clock.advance(3)
    found = await again.find("BTC", "o1")
    assert found is not None
    assert found.filled == Decimal("0.1")


async def test_a_lagging_look_up_does_not_see_a_young_order() -> None:
    desk = Desk(flat)
    desk.faults.lookup_lag_s = 2
    order = await desk.order("buy 0.1 @ 60000.0")
    assert await desk.exchange.find("BTC", order.client_id) is None
    desk.clock.advance(2)
    assert await desk.exchange.find("BTC", order.client_id) is not None


async def test_a_stuck_instrument_fills_half_and_then_no_further() -> None:
    desk = Desk(flat)
    desk.faults.stuck.add("BTC")
    order = await desk.order("buy 0.5 @ 60000.0")
    desk.clock.advance(3600)
    assert ((await desk.seen(order)).filled, (await desk.seen(order)).status) == (Decimal("0.25"), OrderStatus.OPEN)


async def test_an_unreachable_exchange_refuses_every_call_and_changes_nothing() -> None:
    desk = Desk(flat)
    desk.faults.unreachable = True
    for call in (desk.exchange.balances(), desk.exchange.ping(), desk.order("buy 0.1 @ 60000.0"), desk.exchange.positions()):
        with pytest.raises(Unreachable):
            await call
    assert desk.saved == []


async def test_a_halted_instrument_has_no_quote_and_takes_no_order() -> None:
    desk = Desk(flat)
    desk.faults.halted.add("BTC")
    assert set(await desk.exchange.quotes(["BTC", "BTC-PERP"])) == {"BTC-PERP"}
    assert not (await desk.exchange.markets())["BTC"].trading
    with pytest.raises(Rejected, match="halted"):
        await desk.order("buy 0.1 @ 60000.0")


async def test_the_next_order_is_refused_on_request_once() -> None:
    desk = Desk(flat)
    desk.faults.reject_next = "below_minimum"
    with pytest.raises(Rejected, match="below_minimum"):
        await desk.order("buy 0.1 @ 60000.0")
    assert (await desk.order("buy 0.1 @ 60000.0")).status is OrderStatus.FILLED


async def test_a_change_that_cannot_be_saved_did_not_happen() -> None:
    desk = Desk(flat)

    async def full_disk(_: AccountState) -> None:
        raise OSError("no space left")

    desk.exchange._save = full_disk
    with pytest.raises(OSError, match="no space"):
        await desk.order("buy 0.1 @ 60000.0")
    desk.exchange._save = desk._save
    assert (await desk.exchange.balances()).spot == {"USDT": Decimal(100_000)}
    assert await desk.exchange.find("BTC", "o1") is None


async def test_finished_orders_are_forgotten_only_after_five_hundred() -> None:
    desk = Desk(flat)
    desk.source.volume = 1e9
    for _ in range(510):
        await desk.order("buy 0.0001 @ 60000.0")
    assert len(desk.exchange.state.orders) <= 501
    assert await desk.exchange.find("BTC", "o1") is None
    assert await desk.exchange.find("BTC", "o500") is not None


class PresentOnly:
    """A market that knows only the present moment, as a live one does."""

    name = "present"
    quote_asset = "USDT"

    def __init__(self, source: ScriptedSource) -> None:
        self.market_time, self.markets, self.quotes = source.market_time, source.markets, source.quotes
        self.candles, self.funding, self.close = source.candles, source.funding, source.close


def on_the_present(desk: Desk) -> PaperExchange:
    """Return an account on the same market without its memory."""
    return PaperExchange(PresentOnly(desk.source), desk.clock, desk.exchange.state, save=desk._save)


async def test_on_a_live_market_a_resting_order_fills_at_the_next_look_after_the_price_came() -> None:
    desk = Desk(falling)
    desk.exchange = on_the_present(desk)
    order = await desk.order("buy 0.5 @ 59900.0")
    desk.clock.advance(9 * 60)
    assert (await desk.seen(order)).filled == 0
    desk.clock.advance(90)
    assert ((await desk.seen(order)).status, (await desk.seen(order)).average) == (OrderStatus.FILLED, Decimal(59_900))


async def test_on_a_live_market_a_dip_that_nobody_saw_fills_nothing() -> None:
    desk = Desk(dip_at_30)
    desk.exchange = on_the_present(desk)
    order = await desk.order("buy 0.1 @ 59500.0")
    desk.clock.advance(3600)
    assert (await desk.seen(order)).filled == 0


async def test_on_a_live_market_funding_that_is_published_late_is_paid_once() -> None:
    """Looked at every minute, told two minutes after it was due: 10 000 of notional at 0.01 % pays 1."""
    state = AccountState.holding(
        {"USDT": Decimal(0)}, futures_wallet=Decimal(10_000), positions={"BTC-PERP": (Decimal("0.2"), Decimal(50_000))}
    )
    desk = Desk(lambda _: 50_000.0, state=state)
    desk.exchange = on_the_present(desk)
    await desk.exchange.balances()
    desk.clock.advance(8 * 3600 - 30)
    for minute in range(20):
        await desk.exchange.balances()
        desk.clock.advance(60)
        if minute == 2:
            desk.source.rates = (Funding(at=START + timedelta(hours=8), rate=Decimal("0.0001"), interval_hours=8),)
    assert (await desk.exchange.balances()).futures_wallet == Decimal(9_999)


async def test_a_lost_answer_to_a_transfer_or_a_cancellation_leaves_it_done() -> None:
    desk = Desk(flat)
    desk.faults.lose_transfers = desk.faults.lose_cancels = 1
    with pytest.raises(OutcomeUnknown):
        await desk.exchange.transfer(Direction.TO_FUTURES, Decimal(500), "t")
    assert await desk.exchange.find_transfer("t")
    await desk.exchange.transfer(Direction.TO_FUTURES, Decimal(500), "t")
    assert (await desk.exchange.balances()).futures_wallet == 500
    order = await desk.order("buy 0.1 @ 50000.0")
    with pytest.raises(OutcomeUnknown):
        await desk.exchange.cancel("BTC", order.client_id)
    assert (await desk.seen(order)).status is OrderStatus.CANCELED


async def test_an_order_that_becomes_a_position_between_two_looks_pays_funding_and_can_be_liquidated() -> None:
    """Bought at minute 10, funding due at eight hours, a crash after nine: all of it while nobody looked."""
    desk = Desk(lambda minute: 60_000 - 10 * minute if minute < 20 else (59_800 if minute < 540 else 20_000))
    desk.source.rates = (Funding(at=START + timedelta(hours=8), rate=Decimal("0.001"), interval_hours=8),)
    await desk.exchange.transfer(Direction.TO_FUTURES, Decimal(10_000), "t")
    await desk.order("buy 0.5 @ 59900.0", "BTC-PERP")
    desk.clock.advance(3600 * 10)
    assert await desk.exchange.positions() == ()
    assert desk.exchange.state.funding_received == -Decimal("0.5") * 59_800 * Decimal("0.001")
    assert desk.exchange.state.forgiven > 0
