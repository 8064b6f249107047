"""Orders: what is refused at the door, what is taken from the book at once, what rests and is filled later."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.exchanges.base import Side, is_perp
from chatbot.exchanges.testserver.account import Fill, Right, VenueOrder
from chatbot.exchanges.testserver.book import book_around, on_step
from chatbot.exchanges.testserver.ledger import HOUSE, MARKET, ZERO, Wallet
from chatbot.exchanges.testserver.margin import leverage_of
from chatbot.exchanges.testserver.words import BOTH, Force, Reason, Refusal, State
from chatbot.values import dataclass

if TYPE_CHECKING:
    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.account import Account
    from chatbot.exchanges.testserver.book import Book
    from chatbot.exchanges.testserver.state import VenueState

_CENTS = Decimal("1e-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order as a client asks for it."""

    client_id: str
    instrument: str
    side: Side
    qty: Decimal
    #: None: a market order
    limit: Decimal | None
    force: Force = Force.GTC
    reduce_only: bool = False
    about: str = BOTH
    #: a market order that names what to spend or to receive, quote, instead of a quantity
    to_spend: Decimal = ZERO


def place(venue: VenueState, account: Account, wish: Wish) -> VenueOrder:
    """Take an order on, or raise ``Refusal``; what it can trade at once is traded when this returns."""
    market = _admitted(venue, account, wish)
    qty = _sized(venue, account, market, wish)
    _affordable(venue, account, market, wish, qty)
    book = _met(venue, market, wish)
    there = sum((level.size for level in book.within(wish.side, wish.limit)), ZERO)
    would_take = wish.force is Force.POST_ONLY and there > 0
    if would_take and venue.traits.refuses_takers:
        raise Refusal(Reason.WOULD_TAKE, wish.instrument)
    order = VenueOrder(
        number=venue.next_number(),
        client_id=wish.client_id or f"auto-{venue.next_number()}",
        market=market,
        side=wish.side,
        qty=qty,
        limit=wish.limit,
        force=wish.force,
        made_ms=venue.now_ms,
        changed_ms=venue.now_ms,
        reduce_only=wish.reduce_only,
        about=wish.about,
        to_spend=wish.to_spend,
        would_take=would_take,
    )
    account.orders.append(order)
    if would_take:
        order.end(venue.now_ms, State.CANCELED)
        return order
    if wish.force is not Force.FOK or there >= qty:
        for price, part in book.take(wish.side, qty, wish.limit):
            fill(venue, account, order, price, part, maker=False)
    if order.open and (wish.limit is None or wish.force in (Force.IOC, Force.FOK)):
        order.end(venue.now_ms, State.EXPIRED)
    return order


def _met(venue: VenueState, market: Market, wish: Wish) -> Book:
    """Return the book that an order finds: one that shall rest may be met by the price on its way."""
    if wish.limit is None or wish.force not in (Force.GTC, Force.POST_ONLY) or not venue.harshness.meets_quotes:
        return venue.book(wish.instrument)
    sells = wish.side is Side.SELL
    bid, ask = (wish.limit, wish.limit + market.tick) if sells else (wish.limit - market.tick, wish.limit)
    return book_around(market, bid, ask, venue.harshness.levels, venue.harshness.level_quote)


def match_resting(venue: VenueState, account: Account) -> None:
    """Fill a part of every resting order that the price has come to."""
    for order in account.open_orders:
        name = order.market.instrument
        there = sum((level.size for level in venue.book(name).within(order.side, order.limit)), ZERO)
        part = max(order.market.lot, on_step(order.left * venue.harshness.fill_share, order.market.lot))
        part = min(part, order.left, there)
        if order.reduce_only:
            part = min(part, reducible(account, order.market, order.side, order.about))
            if not part:
                order.end(venue.now_ms, State.EXPIRED)
        if part > 0 and order.limit is not None:
            venue.book(name).take(order.side, part, order.limit)
            fill(venue, account, order, order.limit, part, maker=True)


def reducible(account: Account, market: Market, side: Side, about: str) -> Decimal:
    """Return how much of a position an order of this side would close, base units."""
    qty = account.stake(market.instrument, about).qty
    return max(ZERO, -qty if side is Side.BUY else qty)


def _waiting(account: Account, market: Market, side: Side) -> Decimal:
    """Return how much of a position is promised to reduce-only orders that rest."""
    name = market.instrument
    return sum((one.left for one in account.open_orders if one.market.instrument == name and one.side is side and one.reduce_only), ZERO)


def fill(venue: VenueState, account: Account, order: VenueOrder, price: Decimal, qty: Decimal, *, maker: bool) -> None:
    """Book one trade of an order: amounts, fee, position."""
    perp = is_perp(order.market.instrument)
    rate = order.market.maker_fee if maker else order.market.taker_fee
    realised = _book_perp(venue, account, order, price, qty) if perp else _book_spot(venue, account, order, price, qty)
    fee, asset = _fee(venue, account, order, price, qty, rate)
    venue.ledger.move(asset, venue.purse(account, Wallet.FUTURES if perp else Wallet.SPOT), HOUSE, fee)
    if perp:
        venue.note_income(account, "COMMISSION", order.market.instrument, -fee)
    order.fills.append(
        Fill(
            number=venue.next_number(),
            at_ms=venue.now_ms,
            price=price,
            qty=qty,
            fee=fee,
            fee_asset=asset,
            maker=maker,
            realised=realised,
        )
    )
    order.changed_ms = venue.now_ms
    order.state = State.FILLED if order.filled == order.qty else State.PARTIAL


def _book_spot(venue: VenueState, account: Account, order: VenueOrder, price: Decimal, qty: Decimal) -> Decimal:
    purse, way = venue.purse(account, Wallet.SPOT), 1 if order.side is Side.BUY else -1
    venue.ledger.move(order.market.instrument, MARKET, purse, way * qty)
    venue.ledger.move(venue.quote, purse, MARKET, way * qty * price)
    return ZERO


def _book_perp(venue: VenueState, account: Account, order: VenueOrder, price: Decimal, qty: Decimal) -> Decimal:
    signed = qty if order.side is Side.BUY else -qty
    realised = account.stake(order.market.instrument, order.about).trade(signed, price)
    venue.ledger.move(venue.quote, MARKET, venue.purse(account, Wallet.FUTURES), realised)
    if realised:
        venue.note_income(account, "REALIZED_PNL", order.market.instrument, realised)
    return realised


def _fee(venue: VenueState, account: Account, order: VenueOrder, price: Decimal, qty: Decimal, rate: Decimal) -> tuple[Decimal, str]:
    """Return fee and its asset: a buyer on spot pays in what was bought, everybody else in quote; or both in the exchange's coin."""
    value = qty * price * rate
    if is_perp(order.market.instrument):
        return value.quantize(_CENTS), venue.quote
    coin = account.pays_in
    if coin:
        in_coin = (value * venue.traits.coin_discount / venue.price(coin)).quantize(_CENTS)
        if venue.ledger.held(venue.purse(account, Wallet.SPOT), coin) >= in_coin:
            return in_coin, coin
    if order.side is Side.BUY:
        return (qty * rate).quantize(_CENTS), order.market.instrument
    return value.quantize(_CENTS), venue.quote


def _admitted(venue: VenueState, account: Account, wish: Wish) -> Market:
    """Return the rules of an order's instrument, or refuse it for what does not depend on the money."""
    market = venue.market(wish.instrument)
    right = Right.FUTURES if is_perp(wish.instrument) else Right.SPOT
    if right not in account.rights:
        raise Refusal(Reason.RIGHT, f"{right} is not enabled")
    if not market.trading:
        raise Refusal(Reason.HALTED, wish.instrument)
    if wish.limit is not None and (wish.limit <= 0 or wish.limit % market.tick):
        raise Refusal(Reason.TICK, f"{wish.limit} is no multiple of {market.tick}")
    if wish.client_id and any(one.client_id == wish.client_id and (one.open or not venue.harshness.reuse_ids) for one in account.orders):
        raise Refusal(Reason.DUPLICATE, wish.client_id)
    if is_perp(wish.instrument) and wish.about not in account.sides():
        raise Refusal(Reason.POSITION_SIDE, wish.about)
    return market


def _sized(venue: VenueState, account: Account, market: Market, wish: Wish) -> Decimal:
    """Return the quantity on the venue's steps, or refuse it."""
    qty = wish.qty
    if wish.to_spend:
        book = venue.book(wish.instrument)
        qty = book.bought_for(wish.to_spend) if wish.side is Side.BUY else wish.to_spend / venue.price(wish.instrument)
        qty = on_step(qty, market.lot)
    elif qty % market.lot and not venue.harshness.round_amounts:
        raise Refusal(Reason.LOT, f"{qty} is no multiple of {market.lot}")
    qty = on_step(qty, market.lot)
    if wish.reduce_only:
        there = reducible(account, market, wish.side, wish.about) - _waiting(account, market, wish.side)
        if there <= 0 or (qty > there and venue.traits.refuses_excess):
            raise Refusal(Reason.REDUCE_ONLY, f"{qty} is more than {there}")
        qty = min(qty, there)
    if qty <= 0 or qty < market.min_qty:
        raise Refusal(Reason.LOT, f"{qty} is below {market.min_qty}")
    price = wish.limit or venue.price(wish.instrument)
    if qty * price < market.min_notional and not wish.reduce_only:
        raise Refusal(Reason.SMALL, f"{qty * price} is below {market.min_notional}")
    return qty


def _affordable(venue: VenueState, account: Account, market: Market, wish: Wish, qty: Decimal) -> None:
    """Refuse what the account cannot pay for."""
    if not is_perp(wish.instrument):
        asset = venue.quote if wish.side is Side.BUY else wish.instrument
        needed = qty if wish.side is Side.SELL else _spot_cost(venue, wish, qty)
        if venue.free(account, asset) < needed:
            raise Refusal(Reason.NO_MONEY, f"{needed} {asset}")
        return
    adds = max(ZERO, qty - reducible(account, market, wish.side, wish.about))
    price = wish.limit or venue.price(wish.instrument)
    needed = adds * price / leverage_of(account, wish.instrument) + adds * price * market.taker_fee
    if adds and needed > venue.margin(account).free:
        raise Refusal(Reason.NO_MARGIN, f"{needed} {venue.quote}")


def _spot_cost(venue: VenueState, wish: Wish, qty: Decimal) -> Decimal:
    return qty * wish.limit if wish.limit is not None else venue.book(wish.instrument).cost_of(qty)
