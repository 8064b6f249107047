"""Money and coins that come and go, and amounts that are corrected: what a person says is believed, and is no profit (domain 9.15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import structlog

from chatbot.errors import NotEnoughMoney, Rejected
from chatbot.exchanges.abilities import Fundable, KeptByHand, Reopening
from chatbot.exchanges.base import Holdings
from chatbot.model import Flow, FlowKind
from chatbot.portfolio import turnover
from chatbot.portfolio.amounts.differences import Typed, difference, floored, from_plain, managed, merged, names, priced, to_plain
from chatbot.portfolio.amounts.undo import OvertakenError, Since, Undo, going_on, put_back, undo_of
from chatbot.portfolio.books.settling import SEEN
from chatbot.portfolio.stored import states
from chatbot.store import flows, portfolios
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chatbot.clock import Clock
    from chatbot.model import Plan, Portfolio
    from chatbot.portfolio.accounts import OpenAccounts
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.manage import Portfolios
    from chatbot.portfolio.markets import Markets
    from chatbot.store.database import Database, Tx

_LOG = structlog.get_logger()
_ZERO: Final = Decimal(0)
#: a correction whose sides cancel out but for this part of what was moved was a trade: the rest are its price and its fees
_TRADED: Final = Decimal("0.01")
#: below this part of the value nobody asks where a difference comes from
_DUST: Final = Decimal("0.001")
#: under these, a flow knows the message of the chat that asked for it, and the flow that it takes back
_SAID_IN: Final = "message"
_OF: Final = "of"
#: under this, the flow of a settled contract knows its amount, what was paid for it, and the price it was settled at
SETTLED: Final = "settled"
#: of these, nothing came in and nothing went, so that nothing does when they are taken back
_NO_FLOW: Final = frozenset({FlowKind.TRADE, FlowKind.PLAN, FlowKind.WRITTEN_OFF, FlowKind.RENAMED, FlowKind.SETTLED})


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
    """Something has changed since the question was asked: what it would do is not done."""

    since: Since = Since.AMOUNTS


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


class _SaidBeforeError(Exception):
    """What let this flow in or out has done so already; what was begun is rolled back."""

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow.id)
        self.flow = flow


class _Entry:
    """What is written together with changed amounts: the flow, and the end of the plan whose card rested on other amounts."""

    def __init__(self, flow: Flow, managing: Portfolios, *, of: int = 0, back: Undo | None = None, answers: Undo | None = None) -> None:
        self.flow = flow
        self._managing = managing
        #: the last flow that there was when this one was worked out; 0: it may come after any
        self._of = of
        #: what is put back with it, where it takes another one back
        self._back = back
        #: that of the correction that it says more about
        self._answers = answers

    async def __call__(self, tx: Tx) -> None:
        """Write it, unless what it answers is not the last that happened any more."""
        latest = await flows.latest(tx, self.flow.portfolio_id) if self._of else None
        if self._of and (latest is None or latest.id != self._of):
            raise OvertakenError
        if (earlier := await _said(tx, self.flow.portfolio_id, self.flow.facts.get(_SAID_IN))) is not None:
            raise _SaidBeforeError(earlier)
        await self._managing.end_card(tx, self.flow.portfolio_id)
        if self._back is not None:
            await put_back(tx, self._managing, self.flow.portfolio_id, self._back, self.flow.at)
        else:
            await self._forget_mix(tx)
        self.flow = await flows.add(tx, self.flow)
        _LOG.info("amounts changed", portfolio=self.flow.portfolio_id, flow=self.flow.id, kind=str(self.flow.kind))

    async def _forget_mix(self, tx: Tx) -> None:
        """Forget what the lines of the coins were meant to hold, and note it, so that it can be put back."""
        before, portfolio = await states.read(tx, self.flow.portfolio_id), await portfolios.get(tx, self.flow.portfolio_id)
        if portfolio is not None:
            await states.forget_mix(tx, portfolio, _coins(self.flow))
        rows = states.answered(before, await states.read(tx, self.flow.portfolio_id))
        undo = going_on(self._answers, Undo(rows=rows))
        self.flow = replace(self.flow, facts=self.flow.facts | undo.facts())


@dataclass(frozen=True, slots=True, kw_only=True)
class _TakesBack:
    """A flow that is about to be taken back, and what came after it: corrections of the plan that it notes as done."""

    flow: Flow
    later: tuple[Flow, ...]
    #: None: an older version wrote none
    undo: Undo | None

    @property
    def last(self) -> Flow:
        """Return the last flow that there is."""
        return self.later[-1] if self.later else self.flow

    @property
    def coins(self) -> Collection[str]:
        """Return the coin that was left out, written off or renamed."""
        return [self.flow.facts["coin"]] if "coin" in self.flow.facts else []

    def amount(self, portfolio: Portfolio, now: Holdings, then: Holdings, prices: Mapping[str, Decimal]) -> Decimal | None:
        """Return what comes in from outside by it, quote; None where a price is missing."""
        if self.flow.kind in _NO_FLOW and not any(flow.kind is FlowKind.CORRECTION for flow in self.later):
            return _ZERO
        then = _led_to(self.flow) if self.flow.kind is FlowKind.PLAN else then
        before = replace(portfolio, strategy=self.undo.targets[0]) if self.undo is not None and self.undo.targets else portfolio
        amount, _ = difference(managed(now, portfolio), managed(then, before), prices)
        if amount is None and self.flow.kind is FlowKind.RESERVE and self.flow.amount is not None:
            return -self.flow.amount  # a coin without a market comes back at the price at which it went
        return amount

    def facts(self) -> dict[str, Any]:
        """Return what the flow tells that takes this one back."""
        plan = {"plan": self.flow.facts["plan"]} if "plan" in self.flow.facts else {}
        targets = self.undo is not None and self.undo.targets is not None
        return {_OF: self.flow.id, "targets": targets, **plan}


class Flows:
    """The use cases around amounts that nobody but the person knows."""

    def __init__(
        self,
        db: Database,
        accounts: OpenAccounts,
        evaluator: Evaluator,
        markets: Markets,
        clock: Clock,
        managing: Portfolios,
    ) -> None:
        self._db = db
        self._accounts = accounts
        self._evaluator = evaluator
        self._markets = markets
        self._clock = clock
        self._managing = managing

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
        self,
        portfolio: Portfolio,
        kind: FlowKind,
        changes: Mapping[str, Decimal],
        *,
        said_in: int | None = None,
        takes_back: _TakesBack | None = None,
    ) -> Moved:
        exchange = await self._accounts.exchange(portfolio.id)
        if not isinstance(exchange, Fundable):
            return None
        named = {*changes, *(takes_back.coins if takes_back is not None else ())}
        value, prices = await self._worth_before(portfolio, named)
        before = Holdings(spot=(await exchange.balances()).spot)
        after = Holdings(spot={**before.spot, **{asset: before.spot.get(asset, _ZERO) + qty for asset, qty in changes.items()}})
        amount, _ = difference(managed(before, portfolio), managed(after, portfolio), prices)
        facts: dict[str, Any] = {"changes": {asset: str(qty) for asset, qty in changes.items()}} | priced(prices, changes)
        if said_in is not None:
            facts[_SAID_IN] = said_in
        entry = _Entry(self._flow(portfolio, kind, value, amount, facts), self._managing)
        if takes_back is not None:
            entry = self._entry_back(portfolio, takes_back, value, takes_back.amount(portfolio, before, after, prices), facts)
        try:
            await exchange.receive(changes, entry)
        except NotEnoughMoney:
            there = (await exchange.balances()).free
            short = next(asset for asset, qty in changes.items() if there.get(asset, _ZERO) + qty < 0)
            return TooLittle(asset=short, there=there.get(short, _ZERO), wanted=-changes[short])
        except OvertakenError as overtaken:
            return Overtaken(since=overtaken.since)
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
        return await self._retype(exchange, before, drafted.after, _Entry(drafted.flow, self._managing))

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
        amount, moved = difference(managed(before, portfolio), managed(after, portfolio), prices)
        kind = FlowKind.CORRECTION
        traded = turnover.traded(plan) if plan is not None else _ZERO
        if amount is not None and moved is not None and abs(amount) <= _TRADED * (moved + traded):
            kind, amount = FlowKind.TRADE, _ZERO
        asks = amount is None or (amount != 0 and (value is None or abs(amount) > _DUST * value))
        facts = _facts(floored(before), after, asks=asks) | priced(prices, names(before, after))
        facts |= {"plan": plan.id} if plan is not None else {}
        return _corrected(self._flow(portfolio, kind, value, amount, facts))

    async def was_trade(self, portfolio: Portfolio, flow_id: int) -> Corrected | Overtaken | TooLittle:
        """Take a correction for a trade: the quote coin pays for it, or receives it, unless it was named too."""
        if isinstance(seen := await self.at_exchange(portfolio, flow_id), Corrected):
            return await self._traded_there(portfolio, seen)
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
        flow = self._flow(portfolio, FlowKind.TRADE, value, -paid, _facts(asked.before, after))
        entry = _Entry(flow, self._managing, of=flow_id, answers=undo_of(asked.flow))
        return await self._retype(exchange, asked.after, after, entry)

    async def _traded_there(self, portfolio: Portfolio, asked: Corrected) -> Corrected | Overtaken:
        """Take what nobody could explain at an exchange for a trade: what was counted as money from outside is taken back, once."""
        value, _ = await self._worth_before(portfolio, ())
        amount = None if asked.flow.amount is None else -asked.flow.amount
        facts = {**asked.flow.facts, "asks": False, _OF: asked.flow.id}
        async with self._db.transaction() as tx:
            await portfolios.hold(tx, portfolio.id)
            if any(flow.facts.get(_OF) == asked.flow.id for flow in await flows.of_portfolio(tx, portfolio.id)):
                return Overtaken(since=Since.UNDONE)
            return _corrected(await flows.add(tx, self._flow(portfolio, FlowKind.TRADE, value, amount, facts)))

    async def undo(self, portfolio: Portfolio, flow_id: int) -> Corrected | Moved:
        """Take a change back, once: amounts, targets and what is remembered are again what they were before it.

        It has to be the last that happened, apart from what was corrected about the plan that it notes as done.
        """
        async with self._db.read() as tx:
            written = await flows.of_portfolio(tx, portfolio.id)
        flow = next((one for one in written if one.id == flow_id), None)
        later = tuple(one for one in written if one.id > flow_id)
        if flow is None:
            return Overtaken()
        if (since := _since(flow, later)) is not None:
            return Overtaken(since=since)
        takes_back = _TakesBack(flow=flow, later=later, undo=undo_of(flow))
        if "changes" in flow.facts:
            back = {asset: -Decimal(qty) for asset, qty in flow.facts["changes"].items()}
            return await self._receive(portfolio, FlowKind.UNDONE, back, takes_back=takes_back)
        exchange = await self._accounts.exchange(portfolio.id)
        if SETTLED in flow.facts and isinstance(exchange, Reopening):
            return await self._reopen(portfolio, exchange, takes_back)
        if not isinstance(exchange, KeptByHand) or "before" not in flow.facts:
            return Overtaken()
        now, then = _corrected(takes_back.last).after, _corrected(flow).before
        value, prices = await self._worth_before(portfolio, {*names(now, then), *takes_back.coins})
        amount = takes_back.amount(portfolio, now, then, prices)
        return await self._retype(exchange, now, then, self._entry_back(portfolio, takes_back, value, amount, _facts(now, then)))

    async def _reopen(self, portfolio: Portfolio, exchange: Reopening, takes_back: _TakesBack) -> Flow | Overtaken:
        """Hold a settled contract again, as long as nothing was made of its result."""
        contract, qty, paid, price = takes_back.flow.facts[SETTLED]
        value, _ = await self._worth_before(portfolio, takes_back.coins)
        entry = self._entry_back(portfolio, takes_back, value, _ZERO, {"changes": {}})
        try:
            await exchange.reopen(contract, Decimal(qty), Decimal(paid), Decimal(price), entry)
        except (NotEnoughMoney, Rejected):
            return Overtaken(since=Since.AMOUNTS)
        except OvertakenError as overtaken:
            return Overtaken(since=overtaken.since)
        return entry.flow

    async def undo_plan(self, portfolio: Portfolio, plan_id: int) -> Corrected | Moved:
        """Take back that a plan was noted as done: its card waits for its answer again."""
        async with self._db.read() as tx:
            written = await flows.of_portfolio(tx, portfolio.id)
        noted = [flow.id for flow in written if (undo := undo_of(flow)) is not None and undo.plan_id == plan_id]
        return await self.undo(portfolio, noted[-1]) if noted else Overtaken()

    def _entry_back(
        self, portfolio: Portfolio, takes_back: _TakesBack, value: Decimal | None, amount: Decimal | None, facts: dict[str, Any]
    ) -> _Entry:
        flow = self._flow(portfolio, FlowKind.UNDONE, value, amount, facts | takes_back.facts())
        return _Entry(flow, self._managing, of=takes_back.last.id, back=takes_back.undo)

    async def _retype(self, exchange: KeptByHand, before: Holdings, after: Holdings, entry: _Entry) -> Corrected | Overtaken:
        try:
            await exchange.retype(before, after, entry)
        except Rejected:
            return Overtaken()
        except OvertakenError as overtaken:
            return Overtaken(since=overtaken.since)
        return _corrected(entry.flow)

    async def at_exchange(self, portfolio: Portfolio, flow_id: int) -> Flow | Corrected | None:
        """Return what was seen at the exchange of a portfolio: what came or went, or what nobody could explain; None: no such."""
        async with self._db.read() as tx:
            found = await flows.get(tx, flow_id)
        if found is None or found.portfolio_id != portfolio.id or SEEN not in found.facts:
            return None
        return _corrected(found) if found.kind is FlowKind.CORRECTION else found

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

    def _flow(self, portfolio: Portfolio, kind: FlowKind, value: Decimal | None, amount: Decimal | None, facts: dict[str, Any]) -> Flow:
        return Flow(portfolio_id=portfolio.id, at=self._clock.now(), kind=kind, value=value, amount=amount, facts=facts)


def _since(flow: Flow, later: Collection[Flow]) -> Since | None:
    """Return what has happened since a flow, so that it cannot be taken back; None: nothing."""
    if flow.kind is FlowKind.UNDONE:
        return Since.AMOUNTS
    if any(one.kind is FlowKind.UNDONE and one.facts.get(_OF) == flow.id for one in later):
        return Since.UNDONE
    plan = flow.facts.get("plan") if flow.kind is FlowKind.PLAN else None
    others = [one.kind for one in later if plan is None or one.facts.get("plan") != plan]
    if not others:
        return None
    return {FlowKind.RESERVE: Since.SETTINGS, FlowKind.PLAN: Since.PLANS}.get(others[-1], Since.AMOUNTS)


def noted_facts(plan: Plan, before: Holdings, after: Holdings) -> dict[str, Any]:
    """Return what a flow tells of a plan that was traded by hand, beside what takes it back."""
    short = {asset: str(qty) for asset, qty in after.spot.items() if qty < 0}
    wallet = {} if floored(after).futures_wallet == after.futures_wallet else {"short_wallet": str(after.futures_wallet)}
    return _facts(floored(before), floored(after)) | {"plan": plan.id} | ({"short": short} if short else {}) | wallet


def _led_to(noted: Flow) -> Holdings:
    """Return what a plan led to by what was noted of it, below 0 where it took more than there was: what made up for that came in."""
    after, short = _corrected(noted).after, noted.facts.get("short", {})
    spot = {**after.spot, **{asset: Decimal(qty) for asset, qty in short.items()}}
    return replace(after, spot=spot, futures_wallet=Decimal(noted.facts.get("short_wallet", after.futures_wallet)))


def changed_facts(before: Holdings, after: Holdings) -> dict[str, Any]:
    """Return what a flow tells of amounts that became others, so that they can be taken back."""
    return _facts(before, after)


async def _said(tx: Tx, portfolio_id: int, message: int | None) -> Flow | None:
    """Return what a message has let in or out before."""
    if message is None:
        return None
    return next((flow for flow in await flows.of_portfolio(tx, portfolio_id) if flow.facts.get(_SAID_IN) == message), None)


def _coins(flow: Flow) -> frozenset[str]:
    """Return the coins that came in, left, or are counted otherwise."""
    if "changes" in flow.facts:
        return frozenset(flow.facts["changes"])
    corrected = _corrected(flow)
    return names(corrected.before, corrected.after)


def _corrected(flow: Flow) -> Corrected:
    """Read a correction back."""
    before, after = (from_plain(flow.facts[name]) for name in ("before", "after"))
    return Corrected(flow=flow, before=before, after=after, asks=bool(flow.facts["asks"]), after_plan="plan" in flow.facts)


def _facts(before: Holdings, after: Holdings, *, asks: bool = False) -> dict[str, Any]:
    return {"before": to_plain(before), "after": to_plain(after), "asks": asks}
