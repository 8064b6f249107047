"""The exchange protocol over typed-in holdings: the bot watches and plans, the person trades by hand and says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.errors import NotEnoughMoney, Rejected
from chatbot.exchanges.base import (
    LOOKED_UP_S,
    Balances,
    Direction,
    Holdings,
    Market,
    Order,
    OrderRequest,
    OrderStatus,
    Position,
    PriceSource,
    Quote,
    Side,
    Trade,
    is_perp,
    no_price,
    unlisted,
)
from chatbot.exchanges.paper.account import ZERO, AccountState, PaperOrder
from chatbot.exchanges.paper.ledger import Entry, Kind, check, check_flow
from chatbot.exchanges.paper.margin import public_positions
from chatbot.exchanges.paper.matching import book_fill, settled
from chatbot.exchanges.sound import marks_of, sound_quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from decimal import Decimal

    from chatbot.clock import Clock
    from chatbot.exchanges.abilities import Also
    from chatbot.exchanges.paper.account import Save


class ManualExchange:
    """Holdings that a person keeps elsewhere. An order counts as filled at its limit at once: the person does it by hand."""

    name = "manual"
    #: nothing is ever under way
    late_window_s: float | None = 0.0
    found_for_s: float = LOOKED_UP_S

    def __init__(
        self,
        source: PriceSource,
        clock: Clock,
        state: AccountState,
        *,
        save: Save,
        last: Callable[[str], Decimal | None] = no_price,
    ) -> None:
        """``last`` knows the last price of an instrument, quote, for when it is not traded any more."""
        self.quote_asset = state.quote
        self._source = source
        self._clock = clock
        self._state = state
        self._save = save
        self._last = last
        self._change = asyncio.Lock()

    @property
    def state(self) -> AccountState:
        """Return the holdings as they were last saved."""
        return self._state

    @property
    def holdings(self) -> Holdings:
        """Return what was typed in, changed by the trades that were noted since."""
        return self._state.holdings

    def traded(self, trades: Sequence[Trade]) -> tuple[Holdings, tuple[Decimal, ...]]:
        """Return what is held after trades that the person has made, and the fee of each; below 0 where there was too little for them."""
        state, fees = self._state, []
        for trade in trades:
            if trade.instrument == state.quote:
                left = state.spot.get(state.quote, ZERO) - trade.qty
                state = replace(state, spot={**state.spot, state.quote: left}, futures_wallet=state.futures_wallet + trade.qty)
                fees.append(ZERO)
            else:
                state, entry = book_fill(state, trade.instrument, trade.qty, trade.price, trade.fee_rate)
                fees.append(entry.fee)
        return state.holdings, tuple(fees)

    async def retype(self, before: Holdings, after: Holdings, also: Also) -> None:
        """Replace the holdings by what the person says. Raises ``Rejected``: "changed" where something else than ``before`` is held."""
        if any(qty < 0 for qty in after.spot.values()) or any(entry <= 0 for _, entry in after.positions.values()):
            raise Rejected("bad_amount", "holdings are not negative and entries are above zero")
        async with self._change:
            if self._state.holdings != before:
                raise Rejected("changed", "something else is held by now")
            typed = self._state.replaced(after)
            await self._save(typed, also)
            self._state = typed

    async def receive(self, changes: Mapping[str, Decimal], also: Also) -> None:
        """Note what has come in, or left."""
        async with self._change:
            await self._commit(self._state.received(changes), check_flow(self._state, changes, {}), also)

    async def settle(self, contract: str, price: Decimal, also: Also) -> None:
        """Note that a position was closed at ``price`` without an order and a fee."""
        async with self._change:
            after, entries = settled(self._state, contract, price)
            await self._commit(after, entries, also)

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every instrument, and what stands in for those of a position that is listed no longer."""
        markets = await self._source.markets()
        gone = [name for name in self._state.positions if name not in markets]
        return {**markets, **{name: unlisted(name) for name in gone}} if gone else markets

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the latest quotes."""
        return await sound_quotes(self._source, instruments)

    async def balances(self) -> Balances:
        """Return what was typed in, changed by the trades that were confirmed."""
        spot = dict(self._state.spot)
        return Balances(spot=spot, free=dict(spot), futures_wallet=self._state.futures_wallet)

    async def positions(self) -> tuple[Position, ...]:
        """Return the open positions; raises ``Unreachable`` while one of them has no price."""
        state = self._state
        if not state.positions:
            return ()
        marks = await marks_of(self._source, state.positions.keys(), self._last)
        return public_positions(state, marks, await self.markets())

    async def place(self, request: OrderRequest) -> Order:
        """Record a trade as done at its limit, with the maker fee. Raises ``Rejected`` where the holdings do not allow it."""
        async with self._change:
            if request.client_id in self._state.orders:
                raise Rejected("duplicate_id", request.client_id)
            market = (await self._source.markets()).get(request.instrument)
            if market is None:
                raise Rejected("unknown_instrument", request.instrument)
            if request.qty <= 0 or request.limit <= 0:
                raise Rejected("bad_lot" if request.qty <= 0 else "bad_tick", f"{request.qty} at {request.limit}")
            _check_reduction(self._state, request)
            signed = request.qty if request.side is Side.BUY else -request.qty
            after, entry = book_fill(self._state, request.instrument, signed, request.limit, market.maker_fee)
            order = PaperOrder(
                request=request,
                number=self._state.number,
                at=self._clock.now(),
                status=OrderStatus.FILLED,
                filled=request.qty,
                value=request.notional,
                fee=entry.fee,
            )
            _check_money(after, request)
            await self._commit(replace(after.with_order(order), number=self._state.number + 1), [entry])
        return order.public(self.quote_asset)

    async def find(self, instrument: str, client_id: str) -> Order | None:
        """Look a recorded trade up; None when there is none."""
        order = self._state.orders.get(client_id)
        return order.public(self.quote_asset) if order is not None and order.request.instrument == instrument else None

    async def cancel(self, instrument: str, client_id: str) -> Order:
        """Return the trade: it was done when it was recorded. Raises ``Rejected("unknown_order")``."""
        order = await self.find(instrument, client_id)
        if order is None:
            raise Rejected("unknown_order", client_id)
        return order

    async def transfer(self, direction: Direction, amount: Decimal, client_id: str) -> None:
        """Record a transfer, once per ``client_id``. Raises ``Rejected`` where there is not enough."""
        async with self._change:
            state = self._state
            if client_id in state.transfers:
                return
            if amount <= 0:
                raise Rejected("bad_amount", str(amount))
            signed = amount if direction is Direction.TO_FUTURES else -amount
            left, wallet = state.spot.get(state.quote, ZERO) - signed, state.futures_wallet + signed
            if left < 0 or (signed < 0 and wallet < 0):
                raise NotEnoughMoney(f"{amount} is more than there is")
            after = replace(state, spot={**state.spot, state.quote: left}, futures_wallet=wallet, transfers=(*state.transfers, client_id))
            await self._commit(after, [Entry(kind=Kind.TRANSFER, amount=signed)])

    async def find_transfer(self, client_id: str) -> bool:
        """Tell whether the transfer with this id was recorded."""
        return client_id in self._state.transfers

    async def set_leverage(self, instrument: str, leverage: Decimal) -> None:
        """Remember the leverage that the person uses."""
        async with self._change:
            await self._commit(replace(self._state, leverage={**self._state.leverage, instrument: leverage}))

    async def ping(self) -> None:
        """Nothing to reach."""

    async def close(self) -> None:
        """Nothing to let go of: the price source belongs to whoever made it."""

    async def _commit(self, after: AccountState, entries: Sequence[Entry] = (), also: Also | None = None) -> None:
        """Check a change, save it, and only then let it count."""
        check(self._state, after, entries)
        await (self._save(after) if also is None else self._save(after, also))
        self._state = after


def _check_reduction(state: AccountState, request: OrderRequest) -> None:
    """Refuse a reduction that would open or turn a position."""
    if request.reduce_only:
        stake = state.positions.get(request.instrument)
        against = stake is not None and (stake.qty > 0) is (request.side is Side.SELL)
        if stake is None or not against or request.qty > abs(stake.qty):
            raise Rejected("reduce_only", f"{request.qty} of {request.instrument} is more than there is to reduce")


def _check_money(after: AccountState, request: OrderRequest) -> None:
    """Refuse a trade that would leave less than nothing."""
    if is_perp(request.instrument):
        if after.futures_wallet < 0 and not request.reduce_only:
            raise Rejected("margin", "the futures wallet would be below zero")
        return
    for asset in (request.instrument, after.quote):
        if after.spot.get(asset, ZERO) < 0:
            raise NotEnoughMoney(f"{asset} would be {after.spot[asset]}")
