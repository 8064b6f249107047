"""Accounting for what an account at an exchange holds: everything that changed it is a trade, a flow, or asked about (domain 9.15)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import structlog

from chatbot.errors import ExchangeError
from chatbot.exchanges.abilities import Recorded
from chatbot.exchanges.base import Holdings, is_perp
from chatbot.model import Flow, FlowKind, MessageKind, Mode, PlanState
from chatbot.model.flow import FORCED, Entry, EntryKind
from chatbot.portfolio.amounts.differences import difference, managed, priced, to_plain
from chatbot.portfolio.books import explain
from chatbot.portfolio.books.book import WORTHLESS, Book
from chatbot.portfolio.stored import states
from chatbot.store import accounts, flows, messages, plans, portfolios

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.model import Person, Portfolio
    from chatbot.portfolio.accounts import OpenAccounts
    from chatbot.portfolio.books.explain import Explained
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.markets import Markets
    from chatbot.store.database import Database, Tx

_LOG = structlog.get_logger()
_ZERO: Final = Decimal(0)
#: an account is accounted for at least that often
EVERY: Final = timedelta(minutes=10)
#: how long the exchange's history may lag before somebody is asked
_PATIENCE: Final = timedelta(minutes=3)
#: what came so lately is worth what it is worth now
_LATELY: Final = timedelta(minutes=3)
#: how far back the bars go of which one tells the price of a moment
_BARS: Final = timedelta(minutes=10)
#: below this part of the value nobody asks where a difference comes from; sides that cancel out but for this part were a trade
_DUST: Final = Decimal("0.001")
_TRADED: Final = Decimal("0.01")
#: under these, a flow that was seen at the exchange knows its line there
SEEN, OF_ENTRY = "seen", "entry"
#: it came from, or went to, a wallet of the same account
MOVED = "moved"


@dataclass(slots=True)
class _Known:
    """What this process knows of one account."""

    book: Book
    #: number of the look that it was last accounted for by, and when
    look: int
    checked: datetime


class Books:
    """Accounts for what is in accounts at exchanges, whenever somebody looks at one."""

    def __init__(self, db: Database, accounts: OpenAccounts, markets: Markets, clock: Clock) -> None:
        self._db, self._accounts, self._markets, self._clock = db, accounts, markets, clock
        self._known: dict[int, _Known] = {}
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    def leave(self, ids: Collection[int]) -> None:
        """Forget the books of these portfolios: another process has them from now on, and writes them."""
        for portfolio_id in ids:
            self._known.pop(portfolio_id, None)
            self._locks.pop(portfolio_id, None)

    async def settle(self, seen: Evaluation, look: int, began: datetime) -> Evaluation:
        """Write down what has come and gone since the last look; ``look`` counts looks in the order in which they ``began``.

        The evaluation comes back ``unsettled`` where something has changed its value and nobody knows what: it is no gain and no loss.
        """
        if seen.portfolio.mode is not Mode.LIVE or seen.account is None or seen.figures is None:
            return seen
        if not isinstance(await self._accounts.exchange(seen.portfolio.id), Recorded):
            return seen
        async with self._locks[seen.portfolio.id]:
            settled = await self._settle(seen, Book.of(seen.account, began), look)
            book = self._known[seen.portfolio.id].book
            return replace(settled, accounted=frozenset(book.held.positions), funding=book.funding)

    async def _settle(self, seen: Evaluation, found: Book, look: int) -> Evaluation:
        known, now = await self._of(seen.portfolio, found, look), found.held
        if look <= known.look:
            return seen  # a later look was quicker, or the book began with this one
        changed = explain.traded(known.book.held, now, seen.portfolio.quote)
        rest = explain.difference(known.book.held, now, seen.portfolio.quote)
        if not rest and not changed and known.book.unclear_since is None:
            # nothing has changed until now: no history before this look is asked for again
            known.book, known.checked, known.look = replace(known.book, at=found.at), self._clock.now(), look
            return seen
        doubtful = await self._doubtful(seen, rest, now)
        if doubtful or changed or known.book.unclear_since is not None or self._clock.now() - known.checked >= EVERY:
            doubtful = not await self._account(seen, known, found, look, {*changed, *rest}) and doubtful
        return replace(seen, unsettled=doubtful)

    async def _account(self, seen: Evaluation, known: _Known, there: Book, look: int, names: Collection[str]) -> bool:
        """Account for a difference by the exchange's history; False: not yet, look again."""
        book, clock = known.book, self._clock.now()
        if await self._is_trading(seen.portfolio):
            return False
        try:
            entries = await self._history(seen.portfolio, book, names)
        except ExchangeError as trouble:
            _LOG.warning("history not read", portfolio=seen.portfolio.id, error=str(trouble))
            return False
        found = explain.explain(book, there, seen.portfolio.quote, entries)
        if found.rest and (book.unclear_since is None or clock - book.unclear_since < _PATIENCE):
            known.book = replace(book, unclear_since=book.unclear_since or clock)
            async with self._db.transaction() as tx:
                await _tell_acted(tx, seen.portfolio, found.forced, there.at)  # what it cost may be told later, or never
            return False
        turned = book.turned(there, (*entries, *found.flows)).paid(seen.portfolio.quote, found.entries)
        await self._write(seen, book, turned, found)
        known.book, known.look, known.checked = turned, look, clock
        return True

    async def _of(self, portfolio: Portfolio, there: Book, look: int) -> _Known:
        """Return what is known of an account; its book begins with what is there at the first look."""
        if portfolio.id not in self._known:
            async with self._db.read() as tx:
                body = (await portfolios.accounts_of(tx, (portfolio.id,))).get(portfolio.id)
            if body is not None:
                self._known[portfolio.id] = _Known(Book.from_json(body), look=look - 1, checked=self._clock.now() - EVERY)
            else:
                self._known[portfolio.id] = _Known(await self._begin(portfolio, there), look=look, checked=self._clock.now())
        return self._known[portfolio.id]

    async def _begin(self, portfolio: Portfolio, book: Book) -> Book:
        try:
            book = book.turned(book, await self._history(portfolio, book, ()))
        except ExchangeError as trouble:
            _LOG.warning("history not read", portfolio=portfolio.id, error=str(trouble))
        async with self._db.transaction() as tx:
            await portfolios.save_account(tx, portfolio.id, book.to_json())
        return book

    async def _history(self, portfolio: Portfolio, book: Book, names: Collection[str]) -> tuple[Entry, ...]:
        exchange = await self._accounts.exchange(portfolio.id)
        return await exchange.history(book.at - explain.ABOUT, names) if isinstance(exchange, Recorded) else ()

    async def _is_trading(self, portfolio: Portfolio) -> bool:
        """Tell whether a plan is under way: what it trades is accounted for when it has ended."""
        async with self._db.read() as tx:
            plan = await plans.open_plan(tx, portfolio.id)
        return plan is not None and plan.state is not PlanState.PROPOSED

    async def _doubtful(self, seen: Evaluation, rest: Mapping[str, Decimal], now: Holdings) -> bool:
        """Tell whether a difference would look like a gain or a loss: its sides are no trade with each other."""
        if not rest or seen.figures is None:
            return False
        amount, moved = await self._came(seen, explain.without(now, rest), now)
        if amount is None or moved is None:
            return True
        return abs(amount) > max(_DUST * seen.figures.value, _TRADED * moved)

    async def _came(self, seen: Evaluation, before: Holdings, after: Holdings) -> tuple[Decimal | None, Decimal | None]:
        """Return what came in from outside at the prices of now, and the value of all that was moved, quote."""
        prices = await self._prices(seen, explain.traded(before, after, seen.portfolio.quote))
        return difference(managed(before, seen.portfolio), managed(after, seen.portfolio), prices)

    async def _prices(self, seen: Evaluation, names: Collection[str]) -> dict[str, Decimal]:
        """Return the prices of now that there are, those of what the evaluation has no part of among them."""
        prices = {name: quote.price for name, quote in seen.quotes.items()} | _known_prices(seen)
        missing = sorted(name for name in names if name not in prices and name in seen.markets)
        if missing:
            board = self._markets.of(seen.portfolio).board
            await board.refresh((*missing, *seen.fresh))
            usable, _ = board.usable(missing, self._clock.now())
            prices |= {name: quote.price for name, quote in usable.items()}
        return prices

    async def _prices_at(self, seen: Evaluation, names: Iterable[str], at: datetime) -> dict[str, Decimal]:
        """Return what things were worth at a moment that is past, as far as their bars tell."""
        source = self._markets.of(seen.portfolio).source
        prices = _known_prices(seen)
        for name in names:
            if name not in prices:
                try:
                    bars = await source.candles(name, "1m", at - _BARS, at + timedelta(minutes=1))
                except ExchangeError:
                    continue
                prices |= {name: bars[-1].close} if bars else {}
        return prices

    async def _write(self, seen: Evaluation, book: Book, turned: Book, found: Explained) -> None:
        """Write flows, the question about what is left, what the exchange did, and the book: all of it or nothing."""
        portfolio = seen.portfolio
        written = await self._flows(seen, book, turned.held, found)
        acted = (*found.forced, *_settled(book.held, turned, found, seen))
        earned = await self._earned(seen, book, turned.held, found, acted)
        async with self._db.transaction() as tx:
            person = await accounts.person(tx, portfolio.person_id)
            for flow in written:
                stored = await flows.add(tx, flow)
                await states.forget_mix(tx, portfolio, _coins(flow))
                if person is not None:
                    await _tell(tx, person, stored)
            if earned:
                noted = {flow.facts.get(OF_ENTRY) for flow in await flows.of_portfolio(tx, portfolio.id)}
                for flow in (one for one in earned if one.facts[OF_ENTRY] not in noted):
                    await flows.add(tx, flow)
            await states.reduced(tx, portfolio.id, book.held.positions, turned.held.positions, {one.instrument for one in acted})
            await _tell_acted(tx, portfolio, (*acted, *await _by_somebody(tx, portfolio, found, book.at)), turned.at)
            await portfolios.save_account(tx, portfolio.id, turned.to_json())
        told = {str(name): str(left) for name, left in found.rest.items()}
        _LOG.info("account settled", portfolio=portfolio.id, flows=len(written), acted=len(acted), unexplained=told)

    async def _earned(self, seen: Evaluation, book: Book, now: Holdings, found: Explained, acted: Iterable[Entry]) -> list[Flow]:
        """Return what is no flow and no order, for /report: what the exchange paid, and what it closed, out of which position."""
        entry_prices = {name: entry for name, (_, entry) in now.positions.items()}
        told = []
        for one in acted:
            before = explain.after(book.held, found.entries[: found.entries.index(one)] if one in found.entries else (), entry_prices)
            told.append(_closed(seen, one, before.positions.get(one.instrument)))
        for one in found.entries:
            if one.kind is EntryKind.PAID and one.coin and one.amount:
                prices = await self._prices_at(seen, (one.coin,), one.at)
                told.append(_paid(seen, one, {name: price for name, price in prices.items() if price}))
        return told

    async def _flows(self, seen: Evaluation, book: Book, now: Holdings, found: Explained) -> list[Flow]:
        """Return what came and went, each with what the portfolio was worth just before, at the prices of its moment."""
        clock, late = self._clock.now(), []
        held, entry_prices = book.held, {name: entry for name, (_, entry) in now.positions.items()}
        old = [one for one in found.flows if book.at < one.at < clock - _LATELY]
        for one in old:
            before = [other for other in found.entries if other.at < one.at]
            held = explain.after(book.held, before, entry_prices)
            after = explain.after(held, (one,), entry_prices)
            prices = await self._prices_at(seen, {*held.spot, *held.positions, one.coin}, one.at)
            amount, _ = difference(managed(held, seen.portfolio), managed(after, seen.portfolio), prices)
            value = explain.worth(managed(held, seen.portfolio), prices)
            late.append(replace(_flow(seen, one, amount, prices, one.at), value=value))
        return [*late, *await self._lately(seen, [one for one in found.flows if one not in old], now, found.rest)]

    async def _lately(self, seen: Evaluation, entries: list[Entry], now: Holdings, rest: Mapping[str, Decimal]) -> list[Flow]:
        """Return the flows of the last minutes, at the prices of now: together they are the difference to what is there."""
        written: list[Flow] = []
        held = now
        if rest and (asked := await self._unexplained(seen, now, rest)) is not None:
            written.append(asked)
            held = explain.without(now, rest)
        for one in reversed(entries):
            before = explain.without(held, {one.coin: one.amount})
            amount, _ = await self._came(seen, before, held)
            prices = await self._prices(seen, (one.coin,))
            written.append(_flow(seen, one, amount, prices, min(one.at, self._clock.now())))
            held = before
        value = seen.figures.value if seen.figures is not None else None
        valued = []
        for flow in written:
            value = None if value is None or flow.amount is None else value - flow.amount
            valued.append(replace(flow, value=value))
        return valued[::-1]

    async def _unexplained(self, seen: Evaluation, now: Holdings, rest: Mapping[str, Decimal]) -> Flow | None:
        """Return what is counted as money from outside until its person says that it was a trade; None: its sides are one already."""
        before = explain.without(now, rest)
        amount, moved = await self._came(seen, before, now)
        value = seen.figures.value if seen.figures is not None else _ZERO
        if amount is not None and moved is not None and abs(amount) <= max(_TRADED * moved, _DUST * value):
            return None
        prices = await self._prices(seen, rest)
        facts = {"before": to_plain(before), "after": to_plain(now), "asks": True, SEEN: True} | priced(prices, rest)
        at = self._clock.now()
        return Flow(portfolio_id=seen.portfolio.id, at=at, kind=FlowKind.CORRECTION, value=None, amount=amount, facts=facts)


def _known_prices(seen: Evaluation) -> dict[str, Decimal]:
    """Return the prices that no market tells: of the money itself, and of what stands beside the portfolio and is nothing to it."""
    places = seen.account.balances.aside if seen.account is not None else {}
    return {coin: _ZERO for place in WORTHLESS for coin in places.get(place, {})} | {seen.portfolio.quote: Decimal(1)}


def _flow(seen: Evaluation, entry: Entry, amount: Decimal | None, prices: Mapping[str, Decimal], at: datetime) -> Flow:
    kind = FlowKind.DEPOSIT if entry.amount > 0 else FlowKind.WITHDRAWAL
    facts = {"changes": {entry.coin: str(entry.amount)}, SEEN: True, OF_ENTRY: entry.id} | priced(prices, (entry.coin,))
    facts |= {MOVED: True} if entry.id.startswith("earn-") else {}
    return Flow(portfolio_id=seen.portfolio.id, at=at, kind=kind, value=None, amount=amount, facts=facts)


def _closed(seen: Evaluation, one: Entry, held: tuple[Decimal, Decimal] | None) -> Flow:
    """Note a position that its exchange closed, in part or whole, and as which it stood there: no money came or went."""
    facts: dict[str, Any] = {"coin": one.instrument, "qty": str(-one.qty), "why": one.kind.value, SEEN: True, OF_ENTRY: one.id}
    facts |= {"price": str(one.price)} if one.price > 0 else {}
    facts |= {"position": [str(number) for number in held]} if held is not None else {}
    return Flow(portfolio_id=seen.portfolio.id, at=one.at, kind=FlowKind.SETTLED, value=None, amount=_ZERO, facts=facts)


def _paid(seen: Evaluation, one: Entry, prices: Mapping[str, Decimal]) -> Flow:
    facts = {"changes": {one.coin: str(one.amount)}, SEEN: True, OF_ENTRY: one.id} | priced(prices, (one.coin,))
    return Flow(portfolio_id=seen.portfolio.id, at=one.at, kind=FlowKind.PAID, value=None, amount=_ZERO, facts=facts)


def _coins(flow: Flow) -> set[str]:
    if "changes" in flow.facts:
        return set(flow.facts["changes"])
    before, after = flow.facts["before"]["spot"], flow.facts["after"]["spot"]
    return {coin for coin in {*before, *after} if before.get(coin) != after.get(coin)}


def _settled(before: Holdings, turned: Book, found: Explained, seen: Evaluation) -> list[Entry]:
    """Return the positions that went with their contract: of one that is listed no longer the exchange tells no order."""
    told = {one.instrument for one in found.entries if one.kind in FORCED}
    gone = [name for name in before.positions if name not in turned.held.positions and name not in told]
    unlisted = [name for name in gone if is_perp(name) and (name not in seen.markets or not seen.markets[name].listed)]
    at = turned.at
    return [
        Entry(id=f"{name}-{at.isoformat()}", at=at, kind=EntryKind.SETTLED, instrument=name, qty=-before.positions[name][0])
        for name in unlisted
    ]


async def _tell(tx: Tx, person: Person, flow: Flow) -> None:
    """Tell what came and went; what nobody can explain rings, because it is asked about."""
    facts, key = {"portfolio_id": flow.portfolio_id, "flow_id": flow.id}, f"amounts-{flow.portfolio_id}-{flow.id}"
    if flow.facts.get("asks"):
        await messages.ring(tx, person.chat_id, MessageKind.AMOUNTS, facts, key=key, now=flow.at)
    else:
        await messages.post(tx, chat_id=person.chat_id, kind=MessageKind.AMOUNTS, facts=facts, key=key, now=flow.at)


async def _by_somebody(tx: Tx, portfolio: Portfolio, found: Explained, since: datetime) -> tuple[Entry, ...]:
    """Return what was closed of positions that no plan has traded since then: by their owner, or by the exchange itself."""
    if not found.closed:
        return ()
    late = [plan for plan in await plans.plans(tx, portfolio.id) if plan.finished_at is None or plan.finished_at >= since - explain.ABOUT]
    ours = {leg.instrument for plan in late for leg in plan.legs if leg.filled}
    return tuple(one for one in found.closed if one.instrument not in ours)


async def _tell_acted(tx: Tx, portfolio: Portfolio, entries: Iterable[Entry], now: datetime) -> None:
    """Tell what the exchange did to positions, or may have done, each once."""
    person = await accounts.person(tx, portfolio.person_id)
    if person is None:
        return
    for entry in entries:
        facts = {
            "portfolio_id": portfolio.id,
            "kind": entry.kind.value,
            "contract": entry.instrument,
            "qty": str(entry.qty),
            "price": str(entry.price),
            "at": entry.at.isoformat(),
        }
        key = f"{MessageKind.EXCHANGE_ACTED}-{portfolio.id}-{entry.id}"
        await messages.ring(tx, person.chat_id, MessageKind.EXCHANGE_ACTED, facts, key=key, now=now)
