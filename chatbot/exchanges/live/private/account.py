"""One account of a real person at one exchange: our names and units outside, the venue's dialect inside."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog

from chatbot.errors import (
    AccountUnfit,
    ExchangeError,
    KeyRefused,
    ListedLater,
    NotEnoughMoney,
    OutcomeUnknown,
    Rejected,
    Unreachable,
    Unreadable,
)
from chatbot.exchanges.base import (
    PERP,
    Balances,
    Direction,
    Market,
    Order,
    OrderRequest,
    Position,
    Quote,
    SentTransfer,
    Side,
    asset_of,
    is_perp,
)
from chatbot.exchanges.live.private.dialect import NoAnswer, NotListed, Past, WireOrder, is_coin_or_market
from chatbot.exchanges.live.private.line import PATIENCE_S
from chatbot.exchanges.markets.markettime import from_ms, to_ms
from chatbot.exchanges.sound import sound_quotes
from chatbot.model.flow import Entry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Depth, TransferJournal
    from chatbot.exchanges.live.ccxt_prices import CcxtSource
    from chatbot.exchanges.live.listing import Listed
    from chatbot.exchanges.live.private.dialect import Ask, Dialect, Fill, Line, Told
    from chatbot.exchanges.live.private.line import PrivateLine
    from chatbot.model import Credentials

log = structlog.get_logger()
_T = TypeVar("_T")
_ZERO = Decimal(0)
#: orders whose ids are remembered
_KNOWN_MAX = 500
#: a fee that is a larger part of what was traded is none
_FEE_MOST = Decimal("0.05")
#: what venues write between the two coins of a market
_BETWEEN = "-_"
#: what a time in the venue's history may differ from ours
_HISTORY_SLACK = timedelta(seconds=2)


class LiveAccount:
    """The exchange protocol over one account.

    ``late_window_s`` is the time that a request waits here at most before it is signed, the time for which the venue then takes it
    (Binance: ``recvWindow``, 5 s), and the second by which the time it carries may lie ahead of the venue's. The venue refuses what
    comes later, so that after it a look-up tells for good. None where a venue has no such bound.
    """

    def __init__(
        self,
        prices: CcxtSource,
        line: PrivateLine,
        dialect: Dialect,
        keys: Credentials,
        *,
        clock: Clock,
        tag: str,
        journal: TransferJournal,
        watch: bool,
        futures: bool = True,
    ) -> None:
        """``tag`` stands before every client id, so that two journals never share one; ``watch`` refuses whatever changes something.

        ``futures`` tells whether the key has the right to them: where the venue hides them from one without, they count as empty.
        """
        self.name = prices.name
        self.quote_asset = prices.quote_asset
        self.one_wallet = dialect.one_wallet
        self.moves_money = prices.connection.venue.moves_money
        bound = dialect.recv_window_s
        self.late_window_s: float | None = None if bound is None else PATIENCE_S + bound + dialect.ahead_s
        self.found_for_s = dialect.found_for_s
        self._prices = prices
        self._line = line
        self._dialect = dialect
        self._keys = keys
        self._clock = clock
        self._tag = tag
        self._journal = journal
        self._watch = watch
        self._futures = futures or not dialect.hides_futures
        #: ids under which the venue certainly has an order: it would take a second one once the first has ended
        self._known: dict[str, None] = {}
        #: transfers of this process, which its journal may not hold yet
        self._sent: dict[str, SentTransfer] = {}

    async def markets(self) -> Mapping[str, Market]:
        """Return the rules of every instrument."""
        return await self._prices.markets()

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return the latest quotes of this exchange; an instrument without a usable answer is left out."""
        return await sound_quotes(self._prices, instruments)

    async def depth(self, instrument: str) -> Depth | None:
        """Return the visible order book."""
        return await self._prices.depth(instrument)

    async def balances(self) -> Balances:
        """Return both wallets; what is lent to the exchange's own savings is beside them. Raises ``AccountUnfit``."""
        told = await self._read(lambda ask: self._dialect.wallets(ask, self.quote_asset, futures=self._futures))
        self._may_count(isolated=told.isolated)
        if told.spare is None:
            return Balances(spot=dict(told.total), free=dict(told.free), futures_wallet=told.futures, aside=told.aside)
        purse = told.total.get(self.quote_asset, _ZERO)
        moved, brought = await self._set_aside(), await self._journal.brought()
        if moved + brought <= 0 and told.margin > 0:
            brought = await self._brought(max(_ZERO, purse), moved, brought)
        ours = moved + brought
        futures = min(max(_ZERO, ours), max(_ZERO, purse))
        spare = max(_ZERO, min(told.free.get(self.quote_asset, _ZERO) - futures, told.spare))
        spot = {**told.total, self.quote_asset: purse - futures}
        return Balances(spot=spot, free={**told.free, self.quote_asset: spare}, futures_wallet=futures, aside=told.aside)

    def _may_count(self, *, isolated: bool) -> None:
        """Refuse to trade where a contract has a margin of its own: what is free, and where it is liquidated, is another sum there."""
        if isolated and not self._watch:
            raise AccountUnfit("isolated_margin")

    async def _set_aside(self) -> Decimal:
        """Return what our own books have moved to futures, where the venue keeps one purse: there a transfer is a line in them.

        What contracts gain and lose comes into the purse, and so into the spot money.
        """
        moved = {**self._sent, **await self._journal.done()}
        lines = (one.amount if one.direction is Direction.TO_FUTURES else -one.amount for one in moved.values())
        return sum(lines, _ZERO)

    async def _brought(self, purse: Decimal, moved: Decimal, before: Decimal) -> Decimal:
        """Set aside, once, what positions are worth that nothing was moved for: opened by hand, they have the whole purse behind them.

        Without it they would seem to have no margin at all, and to be about to be liquidated. Returns what counts as brought from now on:
        the whole of it, so that two looks at the same time write down the same.
        """
        worth = sum((abs(one.qty) * one.entry for one in await self.positions()), _ZERO)
        after = min(worth, purse) - moved if worth else before
        if after <= before:
            return before
        await self._journal.bring(after)
        log.info("money_set_aside_for_positions", exchange=self.name, amount=str(after - before))
        return after

    async def positions(self) -> tuple[Position, ...]:
        """Return the open positions against our quote coin, in base units; raises ``AccountUnfit``."""
        if not self._futures:
            return ()
        listed = await self._listed()
        names = {listed.ids[name]: name for name in listed.ids if is_perp(name)}
        found: dict[str, Position] = {}
        for held in await self._read(self._dialect.positions):
            name = names.get(held.market) or self._unlisted(held.market)
            if name is None and not is_coin_or_market(held.market):
                raise Unreadable(f"{self.name}: a position in {held.market[:40]!r}, which is no contract")
            if name is None:  # settled in another coin: no part of this portfolio
                log.warning("position_of_another_kind", exchange=self.name, market=held.market)
                continue
            self._may_count(isolated=held.isolated)
            unit = await self._unit(name)
            position = Position(
                instrument=name,
                qty=held.qty * unit,
                entry=held.entry,
                mark=held.mark,
                leverage=held.leverage,
                liquidation=held.liquidation,
            )
            if found.setdefault(name, position) != position:
                raise Unreadable(f"{self.name}: two positions in {name}")
        return tuple(found.values())

    async def place(self, request: OrderRequest) -> Order:
        """Send one order; what is wrong with it by the exchange's own rules is refused before it is sent."""
        self._may_change()
        ask, listed = self._asking(), await self._listed()
        wire = self._wire(request, _checked(request, listed.rules.get(request.instrument)), listed)
        if request.client_id in self._known:
            raise Rejected("duplicate_id", request.client_id)
        if request.reduce_only:
            await self._check_reduction(request)
        try:
            told = await self._dialect.place(ask, wire)
        except NoAnswer as error:
            raise OutcomeUnknown(f"{request.client_id}: {error}") from error
        if (told.buys, told.qty, told.limit) != (wire.buys, wire.qty, wire.limit):
            raise OutcomeUnknown(f"{request.client_id}: the exchange tells of another order: {told}")
        if told.would_take and not told.filled:
            raise Rejected("would_take", request.client_id)
        try:
            return await self._order(request.instrument, request.client_id, told, ask)
        except ExchangeError as error:  # it is there, but what was paid for it is not known yet: found again, it is taken over whole
            raise OutcomeUnknown(f"{request.client_id} was taken: {error}") from error

    async def _check_reduction(self, request: OrderRequest) -> None:
        """Refuse what is more than there is to reduce: some venues would fill a part of it and say nothing."""
        held = next((one.qty for one in await self.positions() if one.instrument == request.instrument), _ZERO)
        if request.qty > (held if request.side is Side.SELL else -held):
            raise Rejected("reduce_only", f"{request.qty} of {held} {request.instrument}")

    async def find(self, instrument: str, client_id: str) -> Order | None:
        """Look an order up by its client id; None only when the exchange says that it has none."""
        market, perp = await self._market_id(instrument), is_perp(instrument)
        told = await self._read(lambda ask: self._dialect.find(ask, market, self._wire_id(client_id), perp=perp))
        return None if told is None else await self._read(lambda ask: self._order(instrument, client_id, told, ask))

    async def traded(self, instrument: str, since: datetime) -> frozenset[str]:
        """Return the exchange's ids of the orders that have traded an instrument since then."""
        market, perp = await self._market_id(instrument), is_perp(instrument)
        since_ms = to_ms(since - _HISTORY_SLACK) + self._line.offset()
        return await self._read(lambda ask: self._dialect.traders(ask, market, since_ms, perp=perp))

    async def cancel(self, instrument: str, client_id: str) -> Order:
        """Cancel what is left; where nothing is open under this id any more, the order is looked up and returned as it ended."""
        self._may_change()
        market, perp, ask = await self._market_id(instrument), is_perp(instrument), self._asking()
        try:
            told = await self._dialect.cancel(ask, market, self._wire_id(client_id), perp=perp)
        except NotListed as error:
            raise ListedLater(f"cancel of {client_id}: {error}") from error
        except NoAnswer as error:
            raise OutcomeUnknown(f"cancel of {client_id}: {error}") from error
        if told is not None:
            return await self._read(lambda reading: self._order(instrument, client_id, told, reading))
        found = await self.find(instrument, client_id)
        if found is None:
            raise Rejected("unknown_order", client_id)
        return found

    async def transfer(self, direction: Direction, amount: Decimal, client_id: str) -> None:
        """Move quote money between the wallets, once per ``client_id``: one that is known is looked for first, and not sent again."""
        self._may_change()
        if amount <= 0:
            raise Rejected("bad_amount", str(amount))
        if client_id in self._sent and await self.find_transfer(client_id):
            return
        ask, to_futures = self._asking(), direction is Direction.TO_FUTURES
        if self.one_wallet or not self.moves_money:
            balances = await self.balances()
            there = balances.free.get(self.quote_asset, _ZERO) if to_futures else balances.futures_wallet
            if amount > there:
                raise NotEnoughMoney(f"{amount} of {there}")
        if not self.moves_money:
            raise OutcomeUnknown(f"transfer {client_id}: its person alone can make it")
        if self.one_wallet:
            self._sent[client_id] = SentTransfer(direction=direction, amount=amount, at=self._clock.now())
            return
        self._sent[client_id] = SentTransfer(direction=direction, amount=amount, at=self._clock.now())
        try:
            exchange_id = await self._dialect.transfer(ask, self.quote_asset, amount, to_futures=to_futures)
        except NoAnswer as error:
            raise OutcomeUnknown(f"transfer {client_id}: {error}") from error
        except (Rejected, Unreachable, KeyRefused):
            del self._sent[client_id]  # it was not done, for sure
            raise
        await self._journal.claim(client_id, exchange_id)

    async def find_transfer(self, client_id: str) -> bool:
        """Tell whether the transfer with this id was done.

        The venue takes no id of ours for it. So its history is asked for one of exactly this amount, in this direction, from the moment
        it was written down until the request could not be taken any more; a portfolio makes one transfer at a time, and its account is
        nobody else's. Raises ``Unreachable`` while one is under way. Where the venue keeps one purse for both, our own books tell. One
        that only its person can make may come at any time, and be larger.
        """
        if self.one_wallet:
            return client_id in self._sent or client_id in await self._journal.done()
        sent = self._sent.get(client_id) or await self._journal.sent(client_id)
        if sent is None:
            return False
        offset = timedelta(milliseconds=self._line.offset())
        since = sent.at + offset - _HISTORY_SLACK
        ends = self._clock.now() if self.late_window_s is None else sent.at + timedelta(seconds=self.late_window_s)
        until = ends + offset + _HISTORY_SLACK
        to_futures = sent.direction is Direction.TO_FUTURES
        told = await self._read(
            lambda ask: self._dialect.transfers(ask, self.quote_asset, to_ms(since), to_ms(until), to_futures=to_futures)
        )
        claimed = await self._journal.claimed()
        ours = [
            moved
            for moved in told
            if (moved.amount == sent.amount or (moved.amount > sent.amount and not self.moves_money))
            and to_ms(since) <= moved.at_ms <= to_ms(until)
            and claimed.get(moved.exchange_id, client_id) == client_id
        ]
        done = next((moved for moved in ours if moved.done), None)
        if done is None and ours:
            raise Unreachable(f"transfer {client_id} is under way")
        if done is not None:
            await self._journal.claim(client_id, done.exchange_id)
        return done is not None

    async def history(self, since: datetime, names: Collection[str]) -> tuple[Entry, ...]:
        """Return what came, went and happened to the account since then, oldest first; the trades are those of ``names``.

        Transfers between its two wallets are none. A venue lists it some seconds after it happened.
        """
        listed, offset = await self._listed(), timedelta(milliseconds=self._line.offset())
        markets = {name: await self._market_id(name) for name in names if name != self.quote_asset}
        past = Past(
            since_ms=to_ms(since + offset),
            until_ms=to_ms(self._clock.now() + offset),
            quote=self.quote_asset,
            spot=[market for name, market in markets.items() if name in listed.ids and not is_perp(name)],
            perps=[market for name, market in markets.items() if is_perp(name)],
        )
        instruments = {(market, is_perp(name)): name for name, market in listed.ids.items()}
        told = await self._read(lambda ask: self._dialect.history(ask, past))
        return tuple([await self._entry(line, instruments, offset) for line in told])

    async def _entry(self, line: Line, instruments: Mapping[tuple[str, bool], str], offset: timedelta) -> Entry:
        unlisted = self._unlisted(line.market) if line.perp and line.market else None
        instrument = instruments.get((line.market, line.perp)) or unlisted or ""
        return Entry(
            id=line.exchange_id,
            at=from_ms(line.at_ms) - offset,
            kind=line.kind,
            coin=line.coin,
            amount=line.amount,
            instrument=instrument,
            qty=line.qty * await self._unit(instrument) if instrument else _ZERO,
            price=line.price,
        )

    async def set_leverage(self, instrument: str, leverage: Decimal) -> None:
        """Set the leverage of a perpetual; setting it twice is harmless."""
        self._may_change()
        ask, listed = self._asking(), await self._listed()
        market = listed.rules.get(instrument)
        if market is None or not is_perp(instrument):
            raise Rejected("unknown_instrument", instrument)
        if leverage < 1 or leverage > market.max_leverage or leverage % 1:
            raise Rejected("bad_leverage", f"{leverage} is no whole number from 1 to {market.max_leverage}")
        try:
            await self._dialect.set_leverage(ask, listed.ids[instrument], leverage)
        except Rejected as refusal:
            if refusal.reason != "no_change":
                raise
        except NoAnswer as error:
            raise OutcomeUnknown(f"leverage of {instrument}: {error}") from error

    async def ping(self) -> None:
        """Raise ``Unreachable`` or ``KeyRefused``, of which ``AccountUnfit`` is one, when the account cannot be used."""
        await self._read(lambda ask: self._dialect.check(ask, futures=self._futures))

    async def close(self) -> None:
        """Nothing to let go of: line and prices belong to whoever made them."""

    # what stands behind the protocol

    def _may_change(self) -> None:
        if self._watch:
            raise Rejected("watched", "this account is only looked at")

    def _asking(self) -> Ask:
        """Return what sends the calls of one piece of work, whose time counts from now."""
        return partial(self._line.ask, self._keys, (self._clock.now(), self._clock.monotonic()))

    async def _read(self, work: Callable[[Ask], Awaitable[_T]]) -> _T:
        """Ask without changing anything; an answer that is none is ``Unreadable``, one that refuses to be read ``Unreachable``."""
        try:
            return await work(self._asking())
        except NoAnswer as error:
            raise Unreadable(f"{self.name}: {error}") from error
        except Rejected as error:
            raise Unreachable(f"{self.name}: {error}") from error

    async def _listed(self) -> Listed:
        await self._prices.markets()
        return self._prices.listing.of(self.quote_asset)

    async def _market_id(self, instrument: str) -> str:
        """Return the venue's name of an instrument, of one that is not listed any more too: an order of it may have been filled before."""
        known = (await self._listed()).ids.get(instrument)
        return known or self._dialect.market_id(asset_of(instrument), self.quote_asset, perp=is_perp(instrument))

    async def _unit(self, instrument: str) -> Decimal:
        """Return the base units of one unit of the venue."""
        unit = (await self._listed()).units.get(instrument)
        if unit is None and is_perp(instrument) and self._prices.connection.venue.counts_contracts:
            raise Unreachable(f"{self.name}: {instrument} is not listed, and nobody knows how much a contract of it is")
        return unit or Decimal(1)

    def _unlisted(self, market: str) -> str | None:
        """Return our name for a contract that is held although it is not listed any more."""
        base = market.removesuffix(self.quote_asset)
        return f"{base.rstrip(_BETWEEN)}{PERP}" if base and base != market else None

    def _wire_id(self, client_id: str) -> str:
        """Return the id by which the venue knows an order of ours."""
        wire_id = f"{self._tag}-{client_id}".replace("-", self._dialect.id_joint)
        if len(wire_id) > self._dialect.id_length:
            raise Rejected("bad_request", f"{wire_id!r} is too long for {self.name}")
        return wire_id

    def _wire(self, request: OrderRequest, market: Market, listed: Listed) -> WireOrder:
        return WireOrder(
            market=listed.ids[market.instrument],
            perp=is_perp(market.instrument),
            wire_id=self._wire_id(request.client_id),
            buys=request.side is Side.BUY,
            qty=request.qty / listed.units[market.instrument],
            limit=request.limit,
            post_only=request.post_only,
            immediate=request.immediate,
            reduce_only=request.reduce_only,
        )

    async def _order(self, instrument: str, client_id: str, told: Told, ask: Ask) -> Order:
        """Return an order in our words, with what was paid for it; raises ``Unreachable`` while the trades do not add up to it."""
        self._known[client_id] = None
        if len(self._known) > _KNOWN_MAX:
            del self._known[next(iter(self._known))]
        unit = await self._unit(instrument)
        fills: Sequence[Fill] = told.fills or ()
        if _traded(fills) != told.filled:
            try:
                fills = await self._dialect.fills(ask, told, perp=is_perp(instrument))
            except NoAnswer as error:
                raise Unreachable(f"{self.name}: trades of {client_id}: {error}") from error
        if _traded(fills) != told.filled:
            raise Unreachable(f"{self.name}: the trades of {client_id} are {_traded(fills)} of {told.filled}")
        for fill in fills:
            if not _is_sound(fill, told, unit, (asset_of(instrument), self.quote_asset)):
                raise Unreachable(f"{self.name}: a trade of {client_id} that cannot be: {fill}")
        fees: dict[str, Decimal] = {}
        for fill in fills:
            fees[fill.fee_asset] = fees.get(fill.fee_asset, _ZERO) + fill.fee
        return Order(
            client_id=client_id,
            instrument=instrument,
            side=Side.BUY if told.buys else Side.SELL,
            qty=told.qty * unit,
            limit=told.limit,
            status=told.status,
            filled=told.filled * unit,
            average=sum((fill.value for fill in fills), _ZERO) / told.filled if told.filled else None,
            fees=fees,
            exchange_id=told.exchange_id,
            reduce_only=told.reduce_only,
            at=None if told.at_ms is None else from_ms(told.at_ms),
        )


def _is_sound(fill: Fill, told: Told, unit: Decimal, market: tuple[str, str]) -> bool:
    """Tell whether a trade can be one of this order: no worse than its limit, and for a fee that is a small part of it.

    A sale at more than twice its limit is none either, and a fee in a third coin has no size to be held to. ``unit`` is how many base
    units one unit of the venue is, ``market`` its coin and its quote.
    """
    fits = 0 < fill.price <= told.limit if told.buys else told.limit <= fill.price <= told.limit * 2
    part = dict(zip(market, (fill.qty * unit, fill.value * unit), strict=True)).get(fill.fee_asset)
    return fits and (part is None or abs(fill.fee) <= part * _FEE_MOST)


def _traded(fills: Sequence[Fill]) -> Decimal:
    return sum((fill.qty for fill in fills), _ZERO)


def _checked(request: OrderRequest, market: Market | None) -> Market:
    """Refuse an order that breaks the exchange's own rules: what is sent is exact, and never rounded on the way."""
    if market is None:
        raise Rejected("unknown_instrument", request.instrument)
    if not market.trading:
        raise Rejected("halted", request.instrument)
    if request.reduce_only and not is_perp(request.instrument):
        raise Rejected("reduce_only", f"{request.instrument} is no contract")
    if request.limit <= 0 or request.limit % market.tick:
        raise Rejected("bad_tick", f"{request.limit} is not a multiple of {market.tick}")
    if request.qty <= 0 or request.qty % market.lot:
        raise Rejected("bad_lot", f"{request.qty} is not a multiple of {market.lot}")
    if not request.reduce_only and market.is_too_small(request.qty, request.limit):
        raise Rejected("below_minimum", f"{request.qty} at {request.limit}, the least is {market.min_notional}")
    return market
