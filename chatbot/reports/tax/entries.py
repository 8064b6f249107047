"""Everything that happened to the money of a portfolio, one entry after the other, as its journal knows it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import field, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from chatbot.exchanges.base import is_perp
from chatbot.model import FlowKind
from chatbot.model.stored_word import StoredWord
from chatbot.store import flows, orders, plans
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatbot.model import Flow, Leg, Mark, Plan, Portfolio
    from chatbot.store.database import Tx
    from chatbot.store.flows import Opening
    from chatbot.store.orders import Attempt

_ZERO: Final = Decimal(0)
#: what rounding leaves of a coin is worth less than this, quote
_CENT: Final = Decimal("0.01")
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class BookKind(StoredWord):
    """What an entry is; the words stand in the files, so that scripts can rely on them."""

    BUY = "buy"
    SELL = "sell"
    #: a trade of a contract
    FUTURES = "futures"
    FUNDING = "funding"
    #: held when the bot first looked
    OPENING = "opening"
    #: a position as it stands, first seen or told by its person; ``qty`` is all of it and ``price`` its entry
    POSITION = "position"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    #: what the exchange paid: interest, rebates, airdrops; below 0 it took some
    INCOME = "income"
    WRITTEN_OFF = "written_off"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened to one coin, contract, or the quote coin itself."""

    at: datetime
    kind: BookKind
    instrument: str
    #: signed base units: above 0 came in or was bought; of funding the amount, quote
    qty: Decimal
    #: quote; None: unknown
    price: Decimal | None
    #: fees by coin
    fees: Mapping[str, Decimal] = field(default_factory=dict)
    #: price by coin of the fees that are not quote, where it is known
    fee_prices: dict[str, Decimal] = field(default_factory=dict)
    #: of a renamed coin: what it is called now, and how many of it there are
    to: str = ""
    to_qty: Decimal | None = None
    #: the plan's number; None: it was no plan
    plan: int | None = None

    @property
    def value(self) -> Decimal | None:
        """What was traded is worth, quote; None: unknown."""
        return None if self.price is None else abs(self.qty) * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The entries of a portfolio in the order of time, and what the journal does not know."""

    quote: str
    entries: tuple[Entry, ...]
    #: whether funding was paid is not known for some time in which futures were held
    funding_unknown: bool = False


async def read(tx: Tx, portfolio: Portfolio) -> Journal:
    """Return everything that is known to have happened to a portfolio."""
    carried = await plans.carried_out(tx, portfolio.id, _EVER)
    filled = await orders.filled(tx, portfolio.id)
    moved = await flows.of_portfolio(tx, portfolio.id)
    marked = await flows.marked(tx, portfolio.id)
    return await asyncio.to_thread(journal, portfolio.quote, carried, filled, moved, marked)


def journal(quote: str, carried: Sequence[Plan], filled: Sequence[Attempt], moved: Sequence[Flow], marked: Sequence[Opening]) -> Journal:
    """Put plans, orders, flows and daily marks together; pure."""
    traded = [*_orders(quote, carried, filled), *_by_hand(quote, carried, filled)]
    flowed = [entry for flow, before in _counted(moved) for entry in _flow(quote, flow, before)]
    funded = [entry for entry in _funding(quote, marked) if entry.qty]
    rest = sorted((*traded, *flowed, *funded), key=lambda entry: entry.at)
    entries = (*_opening(quote, marked, rest, carried, moved), *rest)
    has_futures = any(entry.kind is BookKind.FUTURES for entry in entries)
    return Journal(quote=quote, entries=tuple(entries), funding_unknown=has_futures and not _tells_funding(marked, traded))


def _orders(quote: str, carried: Iterable[Plan], filled: Iterable[Attempt]) -> list[Entry]:
    of = {plan.id: plan for plan in carried}
    found = []
    for order in filled:
        plan = of.get(order.plan_id)
        if plan is None or order.average is None:
            continue
        fees = {quote: order.fee} if order.fees is None else {coin: Decimal(fee) for coin, fee in order.fees.items()}
        at = order.ended_at or order.sent_at
        one = _trade(at, order.instrument, order.filled, order.average, fees, plan, sells=order.side == "sell")
        found.append(replace(one, fee_prices=one.fee_prices | _price_of_fee(quote, order, one)))
    return found


def _price_of_fee(quote: str, order: Attempt, one: Entry) -> dict[str, Decimal]:
    """Return the price of the one coin of its fees that the plan had none of, from what all of them were worth when it was written down."""
    unknown = [coin for coin in one.fees if coin != quote and coin not in one.fee_prices]
    rest = order.fee - sum((fee * one.fee_prices.get(coin, Decimal(1)) for coin, fee in one.fees.items() if coin not in unknown), _ZERO)
    return {unknown[0]: rest / one.fees[unknown[0]]} if len(unknown) == 1 and rest * one.fees[unknown[0]] > 0 else {}


def _by_hand(quote: str, carried: Iterable[Plan], filled: Iterable[Attempt]) -> list[Entry]:
    """Return the legs that a person has traded and said so: there is no order of them."""
    ordered = {(order.plan_id, order.leg_index) for order in filled}
    return [
        _trade(at, leg.instrument, leg.filled, leg.average, {quote: leg.fee}, plan, sells=leg.side == "sell")
        for plan in carried
        for leg in plan.legs
        if _is_by_hand(leg) and leg.average is not None and (plan.id, leg.index) not in ordered
        if (at := plan.finished_at or plan.decided_at) is not None
    ]


def _is_by_hand(leg: Leg) -> bool:
    return bool(leg.filled) and not leg.is_transfer


def _trade(at: datetime, instrument: str, qty: Decimal, price: Decimal, fees: Mapping[str, Decimal], plan: Plan, *, sells: bool) -> Entry:
    kind = BookKind.FUTURES if is_perp(instrument) else BookKind.SELL if sells else BookKind.BUY
    known = {**plan.prices, instrument: price}
    return Entry(
        at=at,
        kind=kind,
        instrument=instrument,
        qty=-qty if sells else qty,
        price=price,
        fees={coin: fee for coin, fee in fees.items() if fee},
        fee_prices={coin: known[coin] for coin in fees if coin in known},
        plan=plan.number,
    )


def _counted(moved: Sequence[Flow]) -> list[tuple[Flow, Flow | None]]:
    """Return the flows that count, each with the correction that it says more about: what was taken back never was."""
    answered = _answered(moved)
    gone = {flow.id for flow in moved if flow.kind is FlowKind.UNDONE}
    gone |= {int(flow.facts.get("of", 0)) for flow in moved if flow.kind is FlowKind.UNDONE}
    gone |= {answered[number].id for number in gone if number in answered}
    undone_plans = {flow.facts["plan"] for flow in moved if flow.kind is FlowKind.UNDONE and "plan" in flow.facts}
    kept = [
        flow for flow in moved if flow.id not in gone and not (flow.facts.get("plan") in undone_plans and _is_older_than_undo(flow, moved))
    ]
    said = {answered[flow.id].id for flow in kept if flow.id in answered}
    return [(flow, answered.get(flow.id)) for flow in kept if flow.id not in said]


def _answered(moved: Sequence[Flow]) -> dict[int, Flow]:
    """Return by the id of a trade that a person has told the correction that it says more about: it names it, or stands next to it."""
    corrections = {flow.id: flow for flow in moved if flow.kind is FlowKind.CORRECTION}
    found = {flow.id: corrections.get(int(flow.facts.get("of", 0))) for flow in moved if flow.kind is FlowKind.TRADE}
    beside = {
        after.id: before
        for before, after in pairwise(moved)
        if before.id in corrections and after.id in found and before.facts.get("before") == after.facts.get("before")
    }
    return beside | {number: flow for number, flow in found.items() if flow is not None}


def _is_older_than_undo(flow: Flow, moved: Sequence[Flow]) -> bool:
    """Tell whether the plan that a flow notes, or corrects, was taken back after it."""
    return any(one.kind is FlowKind.UNDONE and one.facts.get("plan") == flow.facts.get("plan") and one.id > flow.id for one in moved)


def _flow(quote: str, flow: Flow, corrected: Flow | None) -> list[Entry]:
    """Return the entries of one flow; what a plan did stands in its legs, and what is kept out stays with its person."""
    if flow.kind in (FlowKind.PLAN, FlowKind.RESERVE, FlowKind.UNDONE):
        return []
    if flow.kind is FlowKind.SETTLED:
        return _settled(flow)
    changes = _changes(quote, flow)
    if flow.kind is FlowKind.WRITTEN_OFF:
        return [_entry(flow, BookKind.WRITTEN_OFF, coin, qty, _ZERO) for coin, qty in changes.items() if qty < 0]
    if flow.kind is FlowKind.RENAMED:
        return _renamed(flow, changes)
    prices = _prices(quote, corrected or flow, changes)
    if flow.kind is FlowKind.TRADE:
        return [*_swapped(quote, flow, changes, prices), *_closed(flow, changes), *_positions(flow)]
    return [
        *_closed(flow, changes),
        *_positions(flow),
        *(_entry(flow, _passed(flow, qty), coin, qty, prices.get(coin)) for coin, qty in changes.items()),
    ]


def _passed(flow: Flow, qty: Decimal) -> BookKind:
    came = BookKind.INCOME if flow.kind is FlowKind.PAID else BookKind.DEPOSIT
    return came if qty > 0 or came is BookKind.INCOME else BookKind.WITHDRAWAL


def _entry(flow: Flow, kind: BookKind, coin: str, qty: Decimal, price: Decimal | None) -> Entry:
    return Entry(at=flow.at, kind=kind, instrument=coin, qty=qty, price=price)


def _changes(quote: str, flow: Flow) -> dict[str, Decimal]:
    """Return the signed amounts that came and went, contracts apart: those are told by their positions."""
    if "changes" in flow.facts:
        return {coin: Decimal(qty) for coin, qty in flow.facts["changes"].items() if not is_perp(coin)}
    if "before" not in flow.facts:
        return {}
    before, after = (flow.facts[side]["spot"] for side in ("before", "after"))
    found = {coin: Decimal(after.get(coin, "0")) - Decimal(before.get(coin, "0")) for coin in sorted({*before, *after})}
    if flow.facts["before"]["positions"] == flow.facts["after"]["positions"]:  # else what the wallet lacks or has is theirs
        wallet = Decimal(flow.facts["after"]["futures_wallet"]) - Decimal(flow.facts["before"]["futures_wallet"])
        found[quote] = found.get(quote, _ZERO) + wallet
    return {coin: qty for coin, qty in found.items() if qty}


def _positions(flow: Flow) -> list[Entry]:
    """Return the positions that a correction has set."""
    before, after = (flow.facts.get(side, {}).get("positions", {}) for side in ("before", "after"))
    return [
        _entry(flow, BookKind.POSITION, name, Decimal(qty), Decimal(entry))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
        for qty, entry in [after.get(name, ["0", "0"])]
    ]


def _closed(flow: Flow, changes: Mapping[str, Decimal]) -> list[Entry]:
    """Return what a correction says was closed of positions: at the price that what the futures account has more tells, else of the moment.

    While nobody has said that it was a trade, nobody knows at what price.
    """
    before, after = (flow.facts.get(side, {}) for side in ("before", "after"))
    closed: dict[str, tuple[Decimal, Decimal]] = {}
    for name, (text, entry) in before.get("positions", {}).items():
        old, new = Decimal(text), Decimal(after["positions"].get(name, ["0"])[0])
        left = min(old, new, key=abs) if old * new > 0 else _ZERO
        closed |= {name: (left - old, Decimal(entry))} if left != old else {}
    told = {name: Decimal(price) for name, price in flow.facts.get("prices", {}).items()} if flow.kind is FlowKind.TRADE else {}
    if flow.kind is FlowKind.TRADE and len(closed) == 1 and not changes:
        ((name, (qty, entry)),) = closed.items()
        paid = Decimal(after["futures_wallet"]) - Decimal(before["futures_wallet"])
        told |= {name: price} if (price := entry - paid / qty) > 0 else {}
    return [_entry(flow, BookKind.FUTURES, name, qty, told.get(name)) for name, (qty, _) in sorted(closed.items())]


def _prices(quote: str, flow: Flow, changes: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return the prices of the moment; a flow of an older version tells its worth, which is a price where it is of one coin."""
    told = {coin: Decimal(price) for coin, price in flow.facts.get("prices", {}).items()} | {quote: Decimal(1)}
    others = [coin for coin in changes if coin not in told]
    if len(others) == 1 and flow.amount is not None:
        rest = flow.amount - sum((qty * told[coin] for coin, qty in changes.items() if coin in told), _ZERO)
        price = rest / changes[others[0]]
        if price > 0:
            told[others[0]] = price
    return told


def _swapped(quote: str, flow: Flow, changes: Mapping[str, Decimal], prices: Mapping[str, Decimal]) -> list[Entry]:
    """Return a trade that was made elsewhere: of one coin, the quote coin tells what was paid; of several, the prices of the moment."""
    coins = {coin: qty for coin, qty in changes.items() if coin != quote}
    paid = changes.get(quote, _ZERO)
    found = []
    for coin, qty in coins.items():
        price = abs(paid / qty) if len(coins) == 1 and paid * qty < 0 else prices.get(coin)
        found.append(_entry(flow, BookKind.BUY if qty > 0 else BookKind.SELL, coin, qty, price))
    return found


def _renamed(flow: Flow, changes: Mapping[str, Decimal]) -> list[Entry]:
    old = flow.facts.get("coin", "")
    if not old or "qty" not in flow.facts:
        return []
    qty = Decimal(flow.facts["qty"])
    came = {coin: amount for coin, amount in changes.items() if amount > 0 and coin != old}
    new, amount = next(iter(came.items())) if came else (old, qty + changes.get(old, _ZERO))
    return [Entry(at=flow.at, kind=BookKind.RENAMED, instrument=old, qty=-qty, price=None, to=new, to_qty=amount)]


def _settled(flow: Flow) -> list[Entry]:
    """Return what was closed, after the position as it stood at the exchange: part of it may have been opened there by hand."""
    price = flow.facts.get("price")
    if "qty" not in flow.facts:
        return []
    qty, contract = -Decimal(flow.facts["qty"]), flow.facts["coin"]
    stood = [Decimal(number) for number in flow.facts.get("position", ())]
    return [
        *([_entry(flow, BookKind.POSITION, contract, *stood)] if stood else []),
        _entry(flow, BookKind.FUTURES, contract, qty, None if price is None else Decimal(price)),
    ]


def _opening(quote: str, marked: Sequence[Opening], rest: Sequence[Entry], carried: Iterable[Plan], moved: Iterable[Flow]) -> list[Entry]:
    """Return what was held when the bot first looked, unless something had happened before that: more than the first plan, of all of it.

    Positions begin at the prices of then, so that what they had won or lost is part of the money: trackers want all of it to have come in.
    """
    if not marked or (mark := marked[0].mark) is None or (at := marked[0].at) is None:
        return []
    before = [one for one in rest if one.at < at]
    plan = _first_plan(before, at, carried, moved)
    if before and plan is None:
        return []
    prices = (mark.prices if plan is None else plan.prices) | {quote: Decimal(1)}
    there = _untraded(mark, quote, before)
    there[quote] += sum((qty * prices.get(name, _ZERO) for name, qty in there.items() if is_perp(name)), _ZERO)
    return [
        Entry(
            at=before[0].at if before else at,
            kind=BookKind.POSITION if is_perp(name) else BookKind.OPENING,
            instrument=name,
            qty=qty,
            price=prices.get(name),
        )
        for name, qty in sorted(there.items())
        if qty and (is_perp(name) or qty > 0)
        if not before or abs(qty * prices.get(name, Decimal(1))) >= _CENT
    ]


def _first_plan(before: Sequence[Entry], at: datetime, carried: Iterable[Plan], moved: Iterable[Flow]) -> Plan | None:
    """Return the plan that was over before the first mark, answered faster than anybody looked; None: there was none, or more than that."""
    numbers = {one.plan for one in before}
    plan = next((plan for plan in carried if {plan.number} == numbers and plan.finished_at is not None and plan.finished_at <= at), None)
    return plan if all(flow.kind is FlowKind.PLAN for flow in moved if flow.at < at) else None


def _untraded(mark: Mark, quote: str, trades: Iterable[Entry]) -> defaultdict[str, Decimal]:
    """Return what a mark holds as it was before trades, the money of both wallets together, less what positions cost."""
    held = defaultdict(Decimal, mark.held)
    held[quote] += mark.futures_cash
    for one in trades:
        held[one.instrument] -= one.qty
        held[quote] += one.qty * (one.price or _ZERO)
        for coin, fee in one.fees.items():
            held[coin] += fee
    return held


def _funding(quote: str, marked: Sequence[Opening]) -> list[Entry]:
    """Return what was received or paid of funding between two days' marks: it is of the day that the first of them began."""
    told = [(one.at, one.mark.funding) for one in marked if one.mark is not None and one.mark.funding is not None and one.at is not None]
    parts = (
        [(told[0][0], told[0][1]), *((before[0] + (after[0] - before[0]) / 2, after[1] - before[1]) for before, after in pairwise(told))]
        if told
        else []
    )
    return [Entry(at=at, kind=BookKind.FUNDING, instrument=quote, qty=amount, price=Decimal(1)) for at, amount in parts]


def _tells_funding(marked: Sequence[Opening], traded: Sequence[Entry]) -> bool:
    """Tell whether the marks know of all the funding since the first contract was traded."""
    first = min((entry.at for entry in traded if entry.kind is BookKind.FUTURES), default=None)
    told = [one for one in marked if one.mark is not None and one.mark.funding is not None and one.at is not None]
    return first is None or (
        bool(told) and all(one.mark is not None and one.mark.funding is not None for one in marked if one.at and one.at >= first)
    )
