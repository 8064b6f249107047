"""Money and coins that come and go, and amounts that are corrected: what a person says is believed, and is no profit (domain 9.15)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import structlog

from chatbot.engine.exact import wide
from chatbot.errors import NotEnoughMoney, Rejected
from chatbot.exchanges.base import Fundable, Holdings, KeptByHand, is_perp
from chatbot.model import Flow, FlowKind
from chatbot.portfolio import reserve, states, turnover
from chatbot.store import flows, portfolios

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from chatbot.clock import Clock
    from chatbot.model import Plan, Portfolio
    from chatbot.portfolio.accounts import OpenAccounts
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.markets import Markets
    from chatbot.store.database import Database, Tx

    EndCard: TypeAlias = Callable[[Tx, int], Awaitable[None]]

_LOG = structlog.get_logger()
_ZERO: Final = Decimal(0)
#: no position
_FLAT: Final = (_ZERO, _ZERO)
#: a correction whose sides cancel out but for this part of what was moved was a trade: the rest are its price and its fees
_TRADED: Final = Decimal("0.01")
#: below this part of the value nobody asks where a difference comes from
_DUST: Final = Decimal("0.001")
#: under this, a flow knows the message of the chat that asked for it
_SAID_IN: Final = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Amounts that a person has named because they differ; 0: there is none of it any more."""

    spot: Mapping[str, Decimal] = field(default_factory=dict)
    #: None: not named
    futures_wallet: Decimal | None = None
    #: signed quantity and entry price by contract; without an entry price it is that of before, or the price of now
    positions: Mapping[str, tuple[Decimal, Decimal | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A correction that was stored."""

    flow: Flow
    before: Holdings
    after: Holdings
    #: it matters whether it was money from outside or a trade, and nobody has said
    asks: bool = False
    #: it is what differs from what a plan that was done by hand leads to
    after_plan: bool = False

    @property
    def changes(self) -> bool:
        """Tell whether an amount is another one."""
        return self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """The amounts have changed since the question was asked: what it would do is not done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEntry:
    """A position was named without its entry price, and there is no price of now either."""

    contract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLittle:
    """There is less than would have to leave."""

    asset: str
    there: Decimal
    wanted: Decimal


#: what came of letting something in or out; None: the account is not ours to change
Moved: TypeAlias = "Flow | TooLittle | Overtaken | None"


class _OvertakenError(Exception):
    """Something was written since; what was begun is rolled back."""


class _SaidBeforeError(Exception):
    """What let this flow in or out has done so already; what was begun is rolled back."""

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow.id)
        self.flow = flow


class _Entry:
    """What is written together with changed amounts: the flow, and the end of the plan whose card rested on other amounts."""

    def __init__(self, flow: Flow, end_card: EndCard, *, of: int = 0) -> None:
        self.flow = flow
        self._end_card = end_card
        #: the flow that this one answers; 0: none
        self._of = of

    async def __call__(self, tx: Tx) -> None:
        """Write it, unless what it answers is not the last that happened any more."""
        latest = await flows.latest(tx, self.flow.portfolio_id) if self._of else None
        if self._of and (latest is None or latest.id != self._of):
            raise _OvertakenError
        if (earlier := await _said(tx, self.flow.portfolio_id, self.flow.facts.get(_SAID_IN))) is not None:
            raise _SaidBeforeError(earlier)
        self.flow = await flows.add(tx, self.flow)
        portfolio = await portfolios.get(tx, self.flow.portfolio_id)
        if portfolio is not None:
            await states.forget_mix(tx, portfolio, _coins(self.flow))
        await self._end_card(tx, self.flow.portfolio_id)
        _LOG.info("amounts changed", portfolio=self.flow.portfolio_id, flow=self.flow.id, kind=str(self.flow.kind))


class Flows:
    """The use cases around amounts that nobody but the person knows."""

    def __init__(
        self,
        db: Database,
        accounts: OpenAccounts,
        evaluator: Evaluator,
        markets: Markets,
        clock: Clock,
        *,
        end_card: EndCard,
    ) -> None:
        self._db = db
        self._accounts = accounts
        self._evaluator = evaluator
        self._markets = markets
        self._clock = clock
        #: ends the plan that waits for an answer: its card rested on other amounts
        self._end_card = end_card

    async def said(self, portfolio: Portfolio, message: int) -> Flow | None:
        """Return what a message of the chat has let in or out before; None: nothing."""
        async with self._db.read() as tx:
            return await _said(tx, portfolio.id, message)

    async def move(self, portfolio: Portfolio, kind: FlowKind, amounts: Mapping[str, Decimal], *, said_in: int) -> Moved:
        """Let amounts above 0 come in or, for a withdrawal, leave. None: an exchange keeps this account, and sees it by itself.

        ``said_in`` is the message of the chat that asked for it, by its text or by a button under it: it does so once, whatever is tapped
        twice, and whatever comes again because a process was killed before it could say that it was done. What it did is returned then.
        """
        if (earlier := await self.said(portfolio, said_in)) is not None:
            return earlier
        sign = -1 if kind is FlowKind.WITHDRAWAL else 1
        return await self._receive(portfolio, kind, {asset: sign * qty for asset, qty in amounts.items()}, said_in=said_in)

    async def _receive(
        self, portfolio: Portfolio, kind: FlowKind, changes: Mapping[str, Decimal], *, of: int = 0, said_in: int | None = None
    ) -> Moved:
        exchange = await self._accounts.exchange(portfolio.id)
        if not isinstance(exchange, Fundable):
            return None
        value, prices = await self._worth_before(portfolio, changes)
        before = Holdings(spot=(await exchange.balances()).spot)
        after = Holdings(spot={**before.spot, **{asset: before.spot.get(asset, _ZERO) + qty for asset, qty in changes.items()}})
        amount, _ = difference(_managed(before, portfolio), _managed(after, portfolio), prices)
        facts: dict[str, Any] = {"changes": {asset: str(qty) for asset, qty in changes.items()}}
        if said_in is not None:
            facts[_SAID_IN] = said_in
        entry = self._entry(portfolio, kind, value, amount, facts, of=of)
        try:
            await exchange.receive(changes, entry)
        except NotEnoughMoney:
            there = (await exchange.balances()).free
            short = next(asset for asset, qty in changes.items() if there.get(asset, _ZERO) + qty < 0)
            return TooLittle(asset=short, there=there.get(short, _ZERO), wanted=-changes[short])
        except _OvertakenError:
            return Overtaken()
        except _SaidBeforeError as before:
            return before.flow
        return entry.flow

    async def correct(self, portfolio: Portfolio, typed: Typed) -> Corrected | Overtaken | NoEntry | None:
        """Replace the amounts that were named, and leave the others. None: nothing differs, or the account is not kept by hand.

        What came in or went by that counts as money from outside until the person says that it was a trade.
        """
        exchange = await self._accounts.exchange(portfolio.id)
        if not isinstance(exchange, KeptByHand):
            return None
        before = exchange.holdings
        drafted = await self.draft(portfolio, before, typed)
        if not isinstance(drafted, Corrected):
            return drafted
        return await self._retype(exchange, before, drafted.after, _Entry(drafted.flow, self._end_card))

    async def draft(self, portfolio: Portfolio, before: Holdings, typed: Typed, plan: Plan | None = None) -> Corrected | NoEntry | None:
        """Return the correction of ``before`` without storing it; None: nothing differs.

        After a ``plan`` that was done by hand, ``before`` is what it leads to, below 0 where it took more than there was; a difference
        that is small beside what it has traded comes from other prices and fees.
        """
        value, prices = await self._worth_before(portfolio, {*typed.spot, *typed.positions})
        after = merged(before, typed, prices)
        if after == before:
            return None
        if unpriced := [name for name, (_, entry) in after.positions.items() if not entry]:
            return NoEntry(contract=unpriced[0])
        amount, moved = difference(_managed(before, portfolio), _managed(after, portfolio), prices)
        kind = FlowKind.CORRECTION
        traded = turnover.traded(plan) if plan is not None else _ZERO
        if amount is not None and moved is not None and abs(amount) <= _TRADED * (moved + traded):
            kind, amount = FlowKind.TRADE, _ZERO
        asks = amount is None or (amount != 0 and (value is None or abs(amount) > _DUST * value))
        facts = _facts(_floored(before), after, asks=asks) | ({"plan": plan.id} if plan is not None else {})
        return _corrected(self._flow(portfolio, kind, value, amount, facts))

    async def was_trade(self, portfolio: Portfolio, flow_id: int) -> Corrected | Overtaken | TooLittle:
        """Take a correction for a trade: the quote coin pays for it, or receives it, unless it was named too."""
        exchange, asked = await self._last_correction(portfolio, flow_id)
        if exchange is None or asked is None or asked.flow.amount is None or not asked.asks:
            return Overtaken()
        quote, paid, after = exchange.quote_asset, asked.flow.amount, asked.after
        there = after.spot.get(quote, _ZERO)
        if there == asked.before.spot.get(quote, _ZERO):
            if there < paid:
                return TooLittle(asset=quote, there=there, wanted=paid)
            after = merged(after, Typed(spot={quote: there - paid}), {})
        value, _ = await self._worth_before(portfolio, ())
        entry = self._entry(portfolio, FlowKind.TRADE, value, -paid, _facts(asked.before, after), of=flow_id)
        return await self._retype(exchange, asked.after, after, entry)

    async def undo(self, portfolio: Portfolio, flow_id: int) -> Corrected | Moved:
        """Take the last change back: the amounts are again what they were before it."""
        async with self._db.read() as tx:
            latest = await flows.latest(tx, portfolio.id)
        if latest is None or latest.id != flow_id or latest.kind is FlowKind.UNDONE:
            return Overtaken()
        if "changes" in latest.facts:
            back = {asset: -Decimal(qty) for asset, qty in latest.facts["changes"].items()}
            return await self._receive(portfolio, FlowKind.UNDONE, back, of=flow_id)
        exchange, asked = await self._last_correction(portfolio, flow_id)
        if exchange is None or asked is None:
            return Overtaken()
        value, prices = await self._worth_before(portfolio, _names(asked.before, asked.after))
        then, now = (_managed(held, portfolio) for held in (asked.before, asked.after))
        amount = _ZERO if latest.kind is FlowKind.TRADE else difference(now, then, prices)[0]
        entry = self._entry(portfolio, FlowKind.UNDONE, value, amount, _facts(asked.after, asked.before), of=flow_id)
        return await self._retype(exchange, asked.after, asked.before, entry)

    async def _retype(self, exchange: KeptByHand, before: Holdings, after: Holdings, entry: _Entry) -> Corrected | Overtaken:
        try:
            await exchange.retype(before, after, entry)
        except (Rejected, _OvertakenError):
            return Overtaken()
        return _corrected(entry.flow)

    async def last_correction(self, portfolio: Portfolio, flow_id: int) -> Corrected | None:
        """Return a correction that is the last that happened to the amounts of a portfolio; None: something came after it."""
        async with self._db.read() as tx:
            latest = await flows.latest(tx, portfolio.id)
        return _corrected(latest) if latest is not None and latest.id == flow_id and "before" in latest.facts else None

    async def _last_correction(self, portfolio: Portfolio, flow_id: int) -> tuple[KeptByHand | None, Corrected | None]:
        """Return such a correction with the account."""
        exchange = await self._accounts.exchange(portfolio.id)
        return exchange if isinstance(exchange, KeptByHand) else None, await self.last_correction(portfolio, flow_id)

    async def _worth_before(self, portfolio: Portfolio, names: Collection[str]) -> tuple[Decimal | None, Mapping[str, Decimal]]:
        """Return what the portfolio is worth now, None where that is unknown, and the prices that there are of ``names``."""
        evaluation = await self._evaluator.look(portfolio, fresh=True)
        exchange = await self._accounts.exchange(portfolio.id)
        listed, board = set(names) & set(await exchange.markets()), self._markets.of(portfolio).board
        if listed:
            await board.refresh(tuple(sorted(listed | set(evaluation.quotes))))
        quotes, _ = board.usable(tuple(sorted(listed)), self._clock.now())
        counted = {name: quote for name, quote in evaluation.quotes.items() if name in names}  # a halted coin at its last price
        prices = {name: quote.price for name, quote in {**quotes, **counted}.items()} | {exchange.quote_asset: Decimal(1)}
        prices |= {name: evaluation.quotes[name].price for name in evaluation.stops if name in names and name in evaluation.quotes}
        return evaluation.figures.value if evaluation.figures is not None else None, prices

    def _entry(
        self, portfolio: Portfolio, kind: FlowKind, value: Decimal | None, amount: Decimal | None, facts: dict[str, Any], *, of: int = 0
    ) -> _Entry:
        return _Entry(self._flow(portfolio, kind, value, amount, facts), self._end_card, of=of)

    def _flow(self, portfolio: Portfolio, kind: FlowKind, value: Decimal | None, amount: Decimal | None, facts: dict[str, Any]) -> Flow:
        return Flow(portfolio_id=portfolio.id, at=self._clock.now(), kind=kind, value=value, amount=amount, facts=facts)


async def _said(tx: Tx, portfolio_id: int, message: int | None) -> Flow | None:
    """Return what a message has let in or out before."""
    if message is None:
        return None
    return next((flow for flow in await flows.of_portfolio(tx, portfolio_id) if flow.facts.get(_SAID_IN) == message), None)


def merged(before: Holdings, typed: Typed, prices: Mapping[str, Decimal]) -> Holdings:
    """Return what is held once the amounts that were named are as they were named; what there is none of is not named.

    What a position lost in size was closed at the price of now, and its profit is in the futures account, unless that was named too. The
    entry of a position for which there is no price at all is 0.
    """
    spot = {asset: qty for asset, qty in {**before.spot, **typed.spot}.items() if qty}
    named = {name: (qty, entry or _entry_of(before, name, qty, prices)) for name, (qty, entry) in typed.positions.items()}
    positions = {name: stake for name, stake in {**before.positions, **named}.items() if stake[0]}
    wallet = typed.futures_wallet
    if wallet is None:
        wallet = before.futures_wallet + sum((_realised(before, name, qty, prices) for name, (qty, _) in named.items()), _ZERO)
    return Holdings(spot=spot, futures_wallet=wallet, positions=positions)


def _entry_of(before: Holdings, name: str, qty: Decimal, prices: Mapping[str, Decimal]) -> Decimal:
    """Return the entry price of a position that was named without one: the one it had on this side, else the price of now."""
    old, entry = before.positions.get(name, _FLAT)
    return entry if old * qty > 0 else prices.get(name, _ZERO)


def _realised(before: Holdings, name: str, qty: Decimal, prices: Mapping[str, Decimal]) -> Decimal:
    """Return the profit of what was closed of a position that is ``qty`` now; 0 where there is no price to tell it by."""
    old, entry = before.positions.get(name, _FLAT)
    return (old - _kept(old, qty)) * (prices[name] - entry) if name in prices else _ZERO


def _kept(old: Decimal, new: Decimal) -> Decimal:
    """Return what is left of a position in one of another size: all of it where it grew, nothing where it was turned."""
    return _ZERO if old * new <= 0 else min(old, new, key=abs)


def difference(before: Holdings, after: Holdings, prices: Mapping[str, Decimal]) -> tuple[Decimal | None, Decimal | None]:
    """Return what came in from outside, if it was no trade, and the value of all that was moved, quote; None where a price is missing.

    A position is worth its profit, and is moved with its notional. What a new one has gained since it was opened came from no outside.
    """
    with wide():
        more = after.futures_wallet - before.futures_wallet
        moved = abs(more)
        for name in _names(before, after):
            price = prices.get(name)
            if price is None:
                return None, None
            if is_perp(name):
                gain, shift = _position_change(before.positions.get(name, _FLAT), after.positions.get(name, _FLAT), price)
            else:
                shift = after.spot.get(name, _ZERO) - before.spot.get(name, _ZERO)
                gain = shift * price
            more, moved = more + gain, moved + abs(shift) * price
    return more, moved


def _managed(held: Holdings, portfolio: Portfolio) -> Holdings:
    """Return what is held without what is kept out: that is part of no value, so it is part of no flow (domain 2.3)."""
    return replace(held, spot=reserve.managed(portfolio.strategy, held.spot))


def _position_change(before: tuple[Decimal, Decimal], after: tuple[Decimal, Decimal], price: Decimal) -> tuple[Decimal, Decimal]:
    """Return the profit that a position has more without having been traded, and the quantity by which it differs."""
    (old, paid), (new, pays) = before, after
    kept = _kept(old, new)
    opened = new - kept
    return (_ZERO if opened else new * (paid - pays)) - (old - kept) * (price - paid), new - old


def _floored(held: Holdings) -> Holdings:
    """Return holdings without what is below nothing: only a position carries a futures account that is."""
    spot = {asset: qty for asset, qty in held.spot.items() if qty > 0}
    return replace(held, spot=spot, futures_wallet=held.futures_wallet if held.positions else max(_ZERO, held.futures_wallet))


def _names(before: Holdings, after: Holdings) -> frozenset[str]:
    """Return the coins and contracts of which another amount is held."""
    coins = {name for name in {*before.spot, *after.spot} if before.spot.get(name) != after.spot.get(name)}
    contracts = {name for name in {*before.positions, *after.positions} if before.positions.get(name) != after.positions.get(name)}
    return frozenset(coins | contracts)


def _coins(flow: Flow) -> frozenset[str]:
    """Return the coins that came in, left, or are counted otherwise."""
    if "changes" in flow.facts:
        return frozenset(flow.facts["changes"])
    corrected = _corrected(flow)
    return _names(corrected.before, corrected.after)


def _corrected(flow: Flow) -> Corrected:
    """Read a correction back."""
    before, after = (_holdings(flow.facts[name]) for name in ("before", "after"))
    return Corrected(flow=flow, before=before, after=after, asks=bool(flow.facts["asks"]), after_plan="plan" in flow.facts)


def _facts(before: Holdings, after: Holdings, *, asks: bool = False) -> dict[str, Any]:
    return {"before": _plain(before), "after": _plain(after), "asks": asks}


def _plain(held: Holdings) -> dict[str, Any]:
    return {
        "spot": {asset: str(qty) for asset, qty in held.spot.items()},
        "futures_wallet": str(held.futures_wallet),
        "positions": {name: [str(qty), str(entry)] for name, (qty, entry) in held.positions.items()},
    }


def _holdings(plain: Mapping[str, Any]) -> Holdings:
    return Holdings(
        spot={asset: Decimal(qty) for asset, qty in plain["spot"].items()},
        futures_wallet=Decimal(plain["futures_wallet"]),
        positions={name: (Decimal(qty), Decimal(entry)) for name, (qty, entry) in plain["positions"].items()},
    )
