"""How a paper account lives through market time: resting orders fill, funding is paid, thin accounts are liquidated.

Pure: an account, the paths of its instruments and the settlements go in; the account afterwards and its ledger come out. Only full
market minutes count, so looking more often does not change what fills.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

import numpy as np

from chatbot.errors import NotEnoughMoney, Rejected
from chatbot.exchanges.base import OrderStatus, Side, is_perp
from chatbot.exchanges.markets.markettime import MINUTE_MS, from_ms, to_ms
from chatbot.exchanges.markets.path import Book, Path, down, plain
from chatbot.exchanges.paper.account import ZERO, AccountState, PaperOrder, Stake
from chatbot.exchanges.paper.ledger import Entry, Kind
from chatbot.exchanges.paper.margin import equity, maintenance
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from chatbot.exchanges.base import Funding, Market

_CENT8 = Decimal("1e-8")
_NEVER = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What the market did between two looks."""

    paths: Mapping[str, Path]
    settlements: Mapping[str, tuple[Funding, ...]]
    markets: Mapping[str, Market]
    #: last known marks, for minutes before the first point of a path
    marks: Mapping[str, Decimal]
    #: instruments that fill half of an order and then nothing (a fault that tests ask for)
    stuck: Collection[str] = ()


def live_through(state: AccountState, stretch: Stretch, until_ms: int) -> tuple[AccountState, list[Entry]]:
    """Bring ``state`` from its last matched moment to ``until_ms``, one event after the other in market time."""
    entries: list[Entry] = []
    moment = to_ms(state.matched_at) if state.matched_at is not None else until_ms
    held: tuple[Mapping[str, Stake], Decimal] | None = None
    thin_at = moment
    while True:
        if thin_at <= moment or held != (state.positions, state.futures_wallet):  # all that it depends on: most events change neither
            held, thin_at = (state.positions, state.futures_wallet), _first_liquidation(state, stretch, moment)
        moment = min(thin_at, _next_event(state, stretch, moment))
        if moment > until_ms:
            break
        state = _liquidate(state, stretch, moment, entries)
        state = _settle(state, stretch, moment, entries)
        for order in state.open_orders:
            if state.orders[order.request.client_id].open:
                state = _meet(state, order, stretch, moment, entries)
    return replace(state, matched_at=from_ms(until_ms)), entries


def _next_event(state: AccountState, stretch: Stretch, after: int) -> int:
    """Return the first moment after ``after`` at which an order may fill or funding is due."""
    moments = [_first_crossing(order, stretch.paths.get(order.request.instrument), after) for order in state.open_orders]
    moments += [
        min((to_ms(one.at) for one in stretch.settlements.get(name, ()) if to_ms(one.at) > after), default=_NEVER)
        for name in state.positions
    ]
    return min(moments, default=_NEVER)


def _first_crossing(order: PaperOrder, path: Path | None, after: int) -> int:
    """Return the first minute after ``after`` in which the market stands at or beyond the order's limit."""
    if path is None:
        return _NEVER
    start = int(np.searchsorted(path.at, after, side="right"))
    limit, half_tick = float(order.request.limit), float(path.tick) / 2
    meets = path.asks()[start:] < limit + half_tick if order.request.side is Side.BUY else path.bids()[start:] > limit - half_tick
    meets &= path.volume[start:] > 0
    return int(path.at[start + int(np.argmax(meets))]) if meets.any() else _NEVER


def _first_liquidation(state: AccountState, stretch: Stretch, after: int) -> int:
    """Return the first minute after ``after`` with equity at or below maintenance margin."""
    minutes = [stretch.paths[name].at for name in state.positions if name in stretch.paths]
    if not minutes:
        return _NEVER
    times = np.unique(np.concatenate([at[np.searchsorted(at, after, side="right") :] for at in minutes]))
    room = np.full(len(times), float(state.futures_wallet))
    for name, stake in state.positions.items():
        marks = _marks_at(stretch, name, times)
        room += float(stake.qty) * marks - float(stake.cost) - abs(float(stake.qty)) * marks * float(stretch.markets[name].mmr)
    thin = room <= 0
    return int(times[int(np.argmax(thin))]) if thin.any() else _NEVER


def _marks_at(stretch: Stretch, name: str, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the last mark at or before each moment."""
    known = float(stretch.marks[name])
    path = stretch.paths.get(name)
    if path is None or not len(path.at):
        return np.full(len(times), known)
    index = np.searchsorted(path.at, times, side="right") - 1
    return np.where(index >= 0, path.mid[np.maximum(index, 0)], known)


def _marks(state: AccountState, stretch: Stretch, moment: int) -> dict[str, Decimal]:
    """Return exact marks of all positions at one moment."""
    at = np.array([moment], dtype=np.int64)
    return {name: plain(float(_marks_at(stretch, name, at)[0])) for name in state.positions}


def _liquidate(state: AccountState, stretch: Stretch, moment: int, entries: list[Entry]) -> AccountState:
    """Close everything at the mark when equity no longer covers maintenance; what is owed beyond the wallet is forgiven."""
    marks = _marks(state, stretch, moment)
    if not state.positions or equity(state, marks) > maintenance(state, marks, stretch.markets):
        return state
    for order in state.open_orders:
        if is_perp(order.request.instrument):
            state = state.with_order(replace(order, status=OrderStatus.CANCELED))
    for name, stake in tuple(state.positions.items()):
        state, entry = book_fill(state, name, -stake.qty, marks[name], stretch.markets[name].taker_fee)
        entries.append(entry)
    if state.futures_wallet < 0:
        entries.append(Entry(kind=Kind.FORGIVEN, amount=-state.futures_wallet))
        state = replace(state, forgiven=state.forgiven - state.futures_wallet, futures_wallet=ZERO)
    return state


def _settle(state: AccountState, stretch: Stretch, moment: int, entries: list[Entry]) -> AccountState:
    """Pay the funding that is due at this moment: longs pay q · mark · rate (domain 7.1)."""
    marks = _marks(state, stretch, moment)
    for name, stake in state.positions.items():
        for one in stretch.settlements.get(name, ()):
            if to_ms(one.at) == moment:
                amount = (-stake.qty * marks[name] * one.rate).quantize(_CENT8)
                entries.append(Entry(kind=Kind.FUNDING, instrument=name, amount=amount))
                state = replace(state, futures_wallet=state.futures_wallet + amount, funding_received=state.funding_received + amount)
    return state


def _meet(state: AccountState, order: PaperOrder, stretch: Stretch, moment: int, entries: list[Entry]) -> AccountState:
    """Let one open order meet the market of one minute."""
    path = stretch.paths.get(order.request.instrument)
    index = -1 if path is None else int(np.searchsorted(path.at, moment))
    if path is None or index >= len(path.at) or path.at[index] != moment:
        return state
    book = path.book(index)
    if not crosses(order, book):
        return state.with_order(replace(order, taking=False)) if order.taking else state
    state, entry = take(state, order, book, moment // MINUTE_MS, stretch.markets[order.request.instrument], stretch.stuck)
    if entry is not None:
        entries.append(entry)
    return state


def crosses(order: PaperOrder, book: Book) -> bool:
    """Tell whether the market stands at or beyond the order's limit."""
    return book.ask <= order.request.limit if order.request.side is Side.BUY else book.bid >= order.request.limit


def take(
    state: AccountState, order: PaperOrder, book: Book, minute: int, market: Market, stuck: Collection[str] = ()
) -> tuple[AccountState, Entry | None]:
    """Fill as much of a crossing order as this minute offers: at the touch while it takes, at its own limit once it rested."""
    name = market.instrument
    before = state.taken.get(name, (minute, ZERO))
    used = before[1] if before[0] == minute else ZERO
    qty = _fillable(state, order, book, used, market)
    if name in stuck:
        qty = min(qty, _half(state, order, market))
    if order.request.reduce_only and name not in state.positions:
        return state.with_order(replace(order, status=OrderStatus.CANCELED)), None
    if qty <= 0:
        return state, None
    touch = book.ask if order.request.side is Side.BUY else book.bid
    price = touch if order.taking else order.request.limit
    signed = qty if order.request.side is Side.BUY else -qty
    state, entry = book_fill(state, name, signed, price, market.taker_fee if order.taking else market.maker_fee)
    order = replace(order, filled=order.filled + qty, value=order.value + qty * price, fee=order.fee + entry.fee)
    done = order.left <= 0
    spent = order.request.reduce_only and name not in state.positions
    if done or spent:
        order = replace(order, status=OrderStatus.FILLED if done else OrderStatus.CANCELED)
    return replace(state.with_order(order), taken={**state.taken, name: (minute, used + qty)}), entry


def _half(state: AccountState, order: PaperOrder, market: Market) -> Decimal:
    """Return what is left of the one half that a stuck instrument fills on each side: that of the first of its orders."""
    asked = order.request
    for one in state.orders.values():
        same = (one.request.instrument, one.request.side) == (asked.instrument, asked.side) and one.request.client_id != asked.client_id
        if same and one.filled:
            return ZERO
    return max(ZERO, down(order.request.qty / 2, market.lot) - order.filled)


def _fillable(state: AccountState, order: PaperOrder, book: Book, used: Decimal, market: Market) -> Decimal:
    """Return how much of an order this minute can fill: in lots, but a last remainder whole; reductions never flip."""
    qty = order.left
    if order.request.reduce_only:
        stake = state.positions.get(market.instrument)
        against = stake is not None and (stake.qty > 0) is (order.request.side is Side.SELL)
        qty = min(qty, abs(stake.qty)) if stake is not None and against else ZERO
    if book.depth is None or qty <= book.depth - used:
        return qty
    offered = down(book.depth - used, market.lot)
    if offered <= 0 and used == 0 and book.depth > 0:
        offered = min(market.lot, qty)
    return max(ZERO, offered)


def book_fill(state: AccountState, instrument: str, qty: Decimal, price: Decimal, fee_rate: Decimal) -> tuple[AccountState, Entry]:
    """Book a trade of signed ``qty``; the fee is paid in quote, cut to eight places so that it never exceeds what was locked."""
    fee = (abs(qty) * price * fee_rate).quantize(_CENT8, rounding=ROUND_DOWN)
    entry = Entry(kind=Kind.FILL, instrument=instrument, qty=qty, price=price, fee=fee)
    state = replace(state, fees_paid=state.fees_paid + fee)
    if is_perp(instrument):
        return _book_perp(state, instrument, qty, price, fee), entry
    spot = dict(state.spot)
    spot[instrument] = spot.get(instrument, ZERO) + qty
    spot[state.quote] = spot.get(state.quote, ZERO) - qty * price - fee
    return replace(state, spot=spot), entry


def settled(state: AccountState, contract: str, price: Decimal) -> tuple[AccountState, list[Entry]]:
    """Close a position at a price without a fee; what an empty wallet cannot pay is left with the exchange."""
    stake = state.positions.get(contract)
    if stake is None:
        return state, []
    after, entry = book_fill(state, contract, -stake.qty, price, ZERO)
    if after.futures_wallet >= 0 or after.positions:
        return after, [entry]
    owed = -after.futures_wallet
    return replace(after, forgiven=after.forgiven + owed, futures_wallet=ZERO), [entry, Entry(kind=Kind.FORGIVEN, amount=owed)]


def reopened(state: AccountState, contract: str, qty: Decimal, entry: Decimal, price: Decimal) -> tuple[AccountState, list[Entry]]:
    """Hold a position again that was settled at ``price``: its result leaves the wallet. Raises ``Rejected``, ``NotEnoughMoney``."""
    if contract in state.positions:
        raise Rejected("changed", f"{contract} is held")
    wallet = state.futures_wallet - qty * (price - entry)
    if wallet < 0:
        raise NotEnoughMoney(f"the futures wallet would be {wallet}")
    positions = {**state.positions, contract: Stake(qty=qty, cost=qty * entry)}
    return replace(state, positions=positions, futures_wallet=wallet), [Entry(kind=Kind.FILL, instrument=contract, qty=qty, price=price)]


def _book_perp(state: AccountState, instrument: str, qty: Decimal, price: Decimal, fee: Decimal) -> AccountState:
    """Open, add to, reduce, close or flip a position; the closed part realises its profit into the wallet."""
    stake = state.positions.get(instrument, Stake(qty=ZERO, cost=ZERO))
    closing = min(abs(qty), abs(stake.qty)) if stake.qty * qty < 0 else ZERO
    closed_cost = stake.cost if closing == abs(stake.qty) else stake.cost * closing / abs(stake.qty)
    sign = 1 if qty > 0 else -1
    opened = qty - sign * closing
    realised = -sign * closing * price - closed_cost if closing else ZERO
    left = Stake(
        qty=stake.qty + qty,
        cost=(stake.cost - closed_cost if closing else stake.cost) + opened * price,
    )
    positions = {name: one for name, one in state.positions.items() if name != instrument}
    if left.qty:
        positions[instrument] = left
    return replace(state, positions=positions, futures_wallet=state.futures_wallet + realised - fee)
