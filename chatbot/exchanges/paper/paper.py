"""The exchange protocol in memory over any price source: an account that behaves like a real one and risks nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from chatbot.errors import NotEnoughMoney, OutcomeUnknown, Rejected, Unreachable
from chatbot.exchanges.abilities import DepthSource, PathSource
from chatbot.exchanges.base import (
    LOOKED_UP_S,
    PUBLISHED_AFTER,
    Balances,
    Direction,
    Market,
    Order,
    OrderRequest,
    OrderStatus,
    Position,
    PriceSource,
    Quote,
    is_perp,
    no_price,
    unlisted,
)
from chatbot.exchanges.markets.markettime import HOUR_MS, MINUTE_MS, to_ms
from chatbot.exchanges.markets.path import Book, Path
from chatbot.exchanges.paper.account import ZERO, AccountState, PaperOrder
from chatbot.exchanges.paper.admission import check_form, check_money, check_price
from chatbot.exchanges.paper.faults import Faults
from chatbot.exchanges.paper.ledger import Entry, Kind, check, check_flow, locked
from chatbot.exchanges.paper.margin import equity, initial_margin, public_positions, withdrawable
from chatbot.exchanges.paper.matching import Stretch, crosses, live_through, reopened, settled, take
from chatbot.exchanges.sound import marks_of, sound_quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from decimal import Decimal

    from chatbot.clock import Clock
    from chatbot.exchanges.abilities import Also
    from chatbot.exchanges.base import Depth, Funding
    from chatbot.exchanges.paper.account import Save


#: finished orders and transfers that stay findable
_REMEMBERED = 500
_MINUTES_A_DAY = 1440
#: a long absence is lived through day by day, so that a step stays small and other tasks get their turn
_STRETCH = timedelta(days=1)
#: paths begin a little earlier, so that the mark at their beginning is known
_LOOK_BACK = timedelta(minutes=10)


class PaperExchange:
    """One paper account. Every call first lives through the market time that has passed, so fills do not depend on polling."""

    name = "paper"
    found_for_s: float = LOOKED_UP_S

    def __init__(
        self,
        source: PriceSource,
        clock: Clock,
        state: AccountState,
        *,
        save: Save,
        faults: Faults | None = None,
        late_window_s: float | None = 5.0,
        last: Callable[[str], Decimal | None] = no_price,
    ) -> None:
        """``last`` knows the last price of an instrument, quote, for when it is not traded any more."""
        self.quote_asset = state.quote
        self.late_window_s = late_window_s
        self.faults = faults or Faults()
        self._source = source
        #: the source where it remembers the way of prices, asked once: asking an object what it can do takes as long as a price
        self._paths = source if isinstance(source, PathSource) else None
        self._clock = clock
        self._state = state
        self._save = save
        self._last = last
        self._change = asyncio.Lock()

    @property
    def state(self) -> AccountState:
        """Return the account as it was last saved."""
        return self._state

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every instrument; a halted one does not trade."""
        self._reach()
        return await self._rules()

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the latest quotes and let resting orders meet them."""
        self._reach()
        async with self._change:
            await self._catch_up()
        return await self._quotes(instruments)

    async def depth(self, instrument: str) -> Depth | None:
        """Return the book that the source shows; None where it shows none."""
        self._reach()
        return await self._source.depth(instrument) if isinstance(self._source, DepthSource) else None

    async def balances(self) -> Balances:
        """Return both wallets."""
        self._reach()
        async with self._change:
            await self._catch_up()
            state = self._state
        held = locked(state, _fees(await self._rules()) if state.open_orders else {})
        free = {asset: max(ZERO, qty - held.get(asset, ZERO)) for asset, qty in state.spot.items()}
        return Balances(spot=dict(state.spot), free=free, futures_wallet=state.futures_wallet, funding=state.funding_received)

    async def positions(self) -> tuple[Position, ...]:
        """Return the open positions; raises ``Unreachable`` while one of them has no price."""
        self._reach()
        async with self._change:
            await self._catch_up()
            state = self._state
        if not state.positions:
            return ()
        return public_positions(state, await self._marks(state.positions), await self._rules())

    async def receive(self, changes: Mapping[str, Decimal], also: Also) -> None:
        """Let amounts come into the spot wallet, or leave it, from outside; what open orders hold back cannot leave."""
        async with self._change:
            await self._catch_up()
            held = locked(self._state, _fees(await self._rules()) if self._state.open_orders else {})
            await self._commit(self._state.received(changes), check_flow(self._state, changes, held), also)

    async def settle(self, contract: str, price: Decimal, also: Also) -> None:
        """Close a position at ``price`` without an order and a fee, as an exchange does with a contract that it delists."""
        async with self._change:
            await self._catch_up()
            after, entries = settled(self._state, contract, price)
            await self._commit(after, entries, also)

    async def reopen(self, contract: str, qty: Decimal, entry: Decimal, price: Decimal, also: Also) -> None:
        """Hold a position again that was settled at ``price``. Raises ``Rejected`` and ``NotEnoughMoney``."""
        async with self._change:
            await self._catch_up()
            after, entries = reopened(self._state, contract, qty, entry, price)
            await self._commit(after, entries, also)

    async def place(self, request: OrderRequest) -> Order:
        """Send one order. Raises ``Rejected`` (it does not exist) or ``OutcomeUnknown`` (it may)."""
        self._reach()
        async with self._change:
            await self._catch_up()
            self._strike_before(request)
            if self.faults.strikes("late_requests"):
                due = self._clock.now() + timedelta(seconds=self.faults.late_s)
                await self._commit(replace(self._state, late=(*self._state.late, (due, request))))
                raise OutcomeUnknown(f"no answer to {request.client_id}")
            await self._accept(request)
        if self.faults.strikes("lose_answers"):
            raise OutcomeUnknown(f"no answer to {request.client_id}")
        return self._state.orders[request.client_id].public(self.quote_asset)

    async def find(self, instrument: str, client_id: str) -> Order | None:
        """Look an order up by its client id; None when it was never seen (or is too young to be seen, a fault)."""
        self._reach()
        async with self._change:
            await self._catch_up()
            order = self._state.orders.get(client_id)
        if order is None or order.request.instrument != instrument:
            return None
        return None if self._is_young(order) else order.public(self.quote_asset)

    def _is_young(self, order: PaperOrder) -> bool:
        return self._clock.now() - order.at < timedelta(seconds=self.faults.lookup_lag_s)

    async def cancel(self, instrument: str, client_id: str) -> Order:
        """Cancel what is left; a finished order is returned as it is. Raises ``Rejected("unknown_order")``."""
        self._reach()
        async with self._change:
            await self._catch_up()
            order = self._state.orders.get(client_id)
            if order is None or order.request.instrument != instrument or (not order.open and self._is_young(order)):
                raise Rejected("unknown_order", client_id)
            if order.open:
                order = replace(order, status=OrderStatus.CANCELED)
                await self._commit(self._state.with_order(order))
        if self.faults.strikes("lose_cancels"):
            raise OutcomeUnknown(f"no answer to the cancellation of {client_id}")
        return order.public(self.quote_asset)

    async def transfer(self, direction: Direction, amount: Decimal, client_id: str) -> None:
        """Move quote between the wallets, once per ``client_id``. Raises ``Rejected`` and ``NotEnoughMoney``."""
        self._reach()
        async with self._change:
            await self._catch_up()
            if client_id not in self._state.transfers:
                await self._move(direction, amount, client_id)
        if self.faults.strikes("lose_transfers"):
            raise OutcomeUnknown(f"no answer to transfer {client_id}")

    async def find_transfer(self, client_id: str) -> bool:
        """Tell whether the transfer with this id was done."""
        self._reach()
        return client_id in self._state.transfers

    async def set_leverage(self, instrument: str, leverage: Decimal) -> None:
        """Set the leverage of a perpetual; refused when the margin in use would no longer be covered."""
        self._reach()
        market = (await self._rules()).get(instrument)
        if market is None or not is_perp(instrument):
            raise Rejected("unknown_instrument", instrument)
        if not 1 <= leverage <= market.max_leverage:
            raise Rejected("bad_leverage", f"{leverage} is not between 1 and {market.max_leverage}")
        async with self._change:
            await self._catch_up()
            after = replace(self._state, leverage={**self._state.leverage, instrument: leverage})
            if after.positions or after.open_orders:
                marks = await self._marks(_perps(after))
                grows = initial_margin(after, marks) > initial_margin(self._state, marks)
                if grows and initial_margin(after, marks) > equity(after, marks):
                    raise Rejected("margin", f"{leverage}x on {instrument} needs more than the account has")
            await self._commit(after)

    async def ping(self) -> None:
        """Raise ``Unreachable`` when told to."""
        self._reach()

    async def close(self) -> None:
        """Nothing to let go of: the price source belongs to whoever made it."""

    # what stands behind the protocol

    def _reach(self) -> None:
        if self.faults.unreachable:
            raise Unreachable("the paper exchange was told to be unreachable")

    async def _rules(self) -> Mapping[str, Market]:
        markets = await self._source.markets()
        halted, gone = self.faults.halted, [name for name in self._state.positions if name not in markets]
        if not (halted or gone):
            return markets
        listed = {name: replace(one, trading=one.trading and name not in halted) for name, one in markets.items()}
        return listed | {name: unlisted(name) for name in gone}

    async def _quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        return await sound_quotes(self._source, [name for name in instruments if name not in self.faults.halted])

    async def _marks(self, instruments: Collection[str]) -> dict[str, Decimal]:
        """Return valuation prices, the last ones of what is not traded; raises ``Unreachable`` rather than guess one."""
        return await marks_of(self._source, instruments, self._last)

    async def _commit(self, after: AccountState, entries: Sequence[Entry] = (), also: Also | None = None) -> None:
        """Check a change, save it, and only then let it count."""
        check(self._state, after, entries)
        await (self._save(after) if also is None else self._save(after, also))
        self._state = after

    async def _catch_up(self) -> None:
        """Live through the market time since the last look, and let orders that were under way arrive."""
        now = self._clock.now()
        until = self._source.market_time(now)
        before = state = self._state
        entries: list[Entry] = []
        while state.matched_at is not None and state.matched_at < until and (state.positions or state.open_orders):
            end = min(until, state.matched_at + _STRETCH)
            stretch = await self._stretch(state, state.matched_at, end)
            state, lines = live_through(state, stretch, to_ms(end))
            state = replace(state, matched_at=end)
            entries += lines
        lived, matched_at = state is not before, max(until, state.matched_at or until)
        if matched_at != state.matched_at:
            state = replace(state, matched_at=matched_at)
        if lived and replace(state, matched_at=before.matched_at) != before:
            await self._commit(state, entries)
        else:
            self._state = state  # only time passed: not worth a write
        for due, request in self._state.late:
            if due <= now:
                await self._arrive(due, request)

    async def _arrive(self, due: datetime, request: OrderRequest) -> None:
        """Let a late order in, or let it vanish where it is refused: nobody waits for its answer."""
        await self._commit(replace(self._state, late=tuple(one for one in self._state.late if one != (due, request))))
        try:
            await self._accept(request)
        except (Rejected, Unreachable):
            return

    async def _stretch(self, state: AccountState, since: datetime, until: datetime) -> Stretch:
        """Gather what the market did since ``since`` to the instruments that matter to this account."""
        limits = {order.request.instrument: order.request.limit for order in state.open_orders}
        fallback = {**limits, **{name: stake.entry for name, stake in state.positions.items()}}
        quotes = await sound_quotes(self._source, fallback)
        rules = await self._rules()
        paths: dict[str, Path] = {}
        settlements: dict[str, tuple[Funding, ...]] = {}
        for name in fallback:
            path = None if name in self.faults.halted else await self._path(name, since, until, quotes, rules)
            if path is not None:
                paths[name] = path
            if is_perp(name):
                settlements[name] = await self._settlements(name, since, until)
        # without a price of now, the last one says more than what was once paid
        marks = {name: quotes[name].price if name in quotes else self._last(name) or price for name, price in fallback.items()}
        return Stretch(paths=paths, settlements=settlements, markets=rules, marks=marks, stuck=self.faults.stuck)

    async def _settlements(self, name: str, since: datetime, until: datetime) -> tuple[Funding, ...]:
        """Return the settlements to be booked in (since, until]; a live exchange publishes them a little late, so they wait for it."""
        lag = PUBLISHED_AFTER if self._paths is None else timedelta(0)
        since, until = since - lag, until - lag
        if to_ms(since) // HOUR_MS == to_ms(until) // HOUR_MS:  # settlements fall on full hours: do not ask in between
            return ()
        return tuple(replace(one, at=one.at + lag) for one in await self._source.funding(name, since, until))

    async def _path(
        self, name: str, since: datetime, until: datetime, quotes: Mapping[str, Quote], rules: Mapping[str, Market]
    ) -> Path | None:
        """Return the way of a price, or its last point where the source remembers no way."""
        if self._paths is not None:
            return await self._paths.path(name, since - _LOOK_BACK, until)
        quote = quotes.get(name)
        return None if quote is None or until <= since else _one_point(quote, rules[name].tick, until)

    def _strike_before(self, request: OrderRequest) -> None:
        """Let faults strike that keep a request from arriving."""
        reason, self.faults.reject_next = self.faults.reject_next, None
        if reason is not None:
            raise NotEnoughMoney("refused on request") if reason == "not_enough_money" else Rejected(reason, "refused on request")
        if self.faults.strikes("drop_requests"):
            raise OutcomeUnknown(f"no answer to {request.client_id}")

    async def _accept(self, request: OrderRequest) -> None:
        """Check an order, let it take what it may, and book it."""
        state = self._state
        known = state.orders.get(request.client_id)
        if known is not None and (known.open or not self.faults.reusable_ids):
            raise Rejected("duplicate_id", request.client_id)
        rules = await self._rules()
        market = check_form(state, request, rules.get(request.instrument))
        quotes = await sound_quotes(self._source, (request.instrument,))
        if request.instrument not in quotes:
            raise Unreachable(f"no price for {request.instrument}")
        book = _book(quotes[request.instrument])
        others = _perps(state) - {request.instrument} if is_perp(request.instrument) else set()
        marks = {request.instrument: quotes[request.instrument].price, **await self._marks(others)}
        order = PaperOrder(request=request, number=state.number, at=self._clock.now())
        check_price(order, book)
        order = replace(order, taking=crosses(order, book))
        check_money(state, order, market, _fees(rules), marks)
        minute = to_ms(self._source.market_time(self._clock.now())) // MINUTE_MS
        after = replace(_pruned(state).with_order(order), number=state.number + 1)
        after, entry = take(after, order, book, minute, market, self.faults.stuck) if order.taking else (after, None)
        order = after.orders[request.client_id]
        if request.immediate and order.open:
            after = after.with_order(replace(order, status=OrderStatus.CANCELED))
        await self._commit(after, [entry] if entry else [])

    async def _move(self, direction: Direction, amount: Decimal, client_id: str) -> None:
        """Move quote between the wallets where both allow it."""
        state = self._state
        if amount <= 0:
            raise Rejected("bad_amount", str(amount))
        held = locked(state, _fees(await self._rules())).get(state.quote, ZERO)
        to_futures = direction is Direction.TO_FUTURES
        room = state.spot.get(state.quote, ZERO) - held if to_futures else withdrawable(state, await self._marks(_perps(state)))
        if amount > room:
            raise NotEnoughMoney(f"{amount} asked, {room} may leave the {'spot' if to_futures else 'futures'} wallet")
        signed = amount if to_futures else -amount
        after = replace(
            state,
            spot={**state.spot, state.quote: state.spot.get(state.quote, ZERO) - signed},
            futures_wallet=state.futures_wallet + signed,
            transfers=(*state.transfers, client_id)[-_REMEMBERED:],
        )
        await self._commit(after, [Entry(kind=Kind.TRANSFER, amount=signed)])


def _perps(state: AccountState) -> set[str]:
    """Return the perpetuals that need margin: positions and open orders."""
    return {*state.positions, *(order.request.instrument for order in state.open_orders if is_perp(order.request.instrument))}


def _fees(rules: Mapping[str, Market]) -> dict[str, Decimal]:
    """Return the larger fee of each instrument: what an open order must be able to pay."""
    return {name: one.dearer_fee for name, one in rules.items()}


def _pruned(state: AccountState) -> AccountState:
    """Forget the oldest finished orders beyond what stays findable."""
    if len(state.orders) <= _REMEMBERED:
        return state
    finished = [client_id for client_id, order in state.orders.items() if not order.open]
    gone = set(finished[: len(state.orders) - _REMEMBERED])
    return replace(state, orders={client_id: order for client_id, order in state.orders.items() if client_id not in gone})


def _book(quote: Quote) -> Book:
    """Return the touch of a quote; its depth is the allowed share of an average minute's volume."""
    return Book(bid=quote.bid, ask=quote.ask, mark=quote.price, depth=quote.minute_share)


def _one_point(quote: Quote, tick: Decimal, until: datetime) -> Path:
    """Return a path of one point, for sources that only know the present; unknown volume counts as plenty."""
    mid = float(quote.bid + quote.ask) / 2
    volume = np.inf if quote.volume is None else float(quote.volume) / _MINUTES_A_DAY / mid
    return Path(
        tick=tick,
        half_spread=float(quote.ask - quote.bid) / 2 / mid,
        at=np.array([to_ms(until)], dtype=np.int64),
        mid=np.array([mid]),
        volume=np.array([volume]),
    )
