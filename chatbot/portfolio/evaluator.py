"""Looking at one portfolio now: account, prices, signals, figures, or the reason why it can not be evaluated."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chatbot.engine.errors import Refused
from chatbot.errors import ExchangeError
from chatbot.model import Portfolio, Problem, Shape
from chatbot.portfolio import targets as targeting
from chatbot.portfolio import valuation as readings
from chatbot.store import portfolios
from chatbot.triggers import market as triggers
from chatbot.triggers import tilt as tilting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from chatbot.clock import Clock
    from chatbot.engine.portfolio import Snapshot
    from chatbot.exchanges.base import Exchange, Market, PriceSource, Quote
    from chatbot.market.quotes import QuoteBoard
    from chatbot.model import Signal, Strategy
    from chatbot.portfolio.accounts import Desk
    from chatbot.store.database import Database

    #: where every trigger of a strategy stands
    Signalling = Callable[[Strategy], Awaitable[tuple[Signal, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A portfolio as it stands; ``snapshot`` and ``shape`` are None exactly when there are problems."""

    portfolio: Portfolio
    problems: tuple[Problem, ...] = ()
    account: readings.Account | None = None
    snapshot: Snapshot | None = None
    shape: Shape | None = None
    quotes: Mapping[str, Quote] = field(default_factory=dict)
    markets: Mapping[str, Market] = field(default_factory=dict)
    #: beta to BTC by asset, the same before and after a plan (domain 1.7)
    betas: Mapping[str, Decimal] = field(default_factory=dict)
    #: what moves the targets away from the strategy, where they stand with it, and what the portfolio will remember of it
    layers: targeting.Layers = field(default_factory=targeting.Layers)
    effective: targeting.Effective | None = None
    memory: triggers.Memory = field(default_factory=triggers.Memory)


class Evaluator:
    """Reads accounts and prices; a missing, zero, stale or outlying price blocks the whole evaluation (domain 0)."""

    def __init__(
        self,
        db: Database,
        desk: Desk,
        board: QuoteBoard,
        source: PriceSource,
        clock: Clock,
        *,
        signals: Signalling,
        betas: Callable[[Iterable[str]], Mapping[str, Decimal]] = readings.prior_betas,
    ) -> None:
        self._db = db
        self._desk = desk
        self._board = board
        self._source = source
        self._clock = clock
        self._signals = signals
        self._betas = betas

    def market_time(self, now: datetime) -> datetime:
        """Return the market's time at ``now``: the same where it is live."""
        return self._source.market_time(now)

    async def look(self, portfolio: Portfolio, *, fresh: bool = False, patient: bool = False, also: Collection[str] = ()) -> Evaluation:
        """Evaluate ``portfolio``; with ``fresh`` prices are fetched again first, with ``patient`` only where they have grown too old.

        ``also`` are contracts that the strategy does not name and that are about to be traded; those of open hedges come by themselves.
        """
        async with self._db.read() as tx:
            states = await portfolios.states(tx, portfolio.id)
        signals = await self._signals(portfolio.strategy)
        return await self._look(portfolio, states, signals, fresh=fresh, patient=patient, also=also)

    async def look_many(self, many: Collection[Portfolio]) -> dict[int, Evaluation]:
        """Evaluate portfolios at the prices that are there; what they share is read once, and others get their turn between two."""
        ids = [portfolio.id for portfolio in many]
        async with self._db.read() as tx:
            states = await portfolios.states_of(tx, ids)
        await self._desk.load(ids)
        #: by the identity of a strategy: most people share theirs
        heard: dict[int, tuple[Signal, ...]] = {}
        found: dict[int, Evaluation] = {}
        for portfolio in many:
            strategy = portfolio.strategy
            if id(strategy) not in heard:
                heard[id(strategy)] = await self._signals(strategy)
            found[portfolio.id] = await self._look(portfolio, states.get(portfolio.id, {}), heard[id(strategy)])
            await asyncio.sleep(0)
        return found

    async def _look(
        self,
        portfolio: Portfolio,
        states: Mapping[str, Mapping[str, Any]],
        signals: tuple[Signal, ...],
        *,
        fresh: bool = False,
        patient: bool = False,
        also: Collection[str] = (),
    ) -> Evaluation:
        try:
            exchange = await self._desk.exchange(portfolio.id)
            markets = await exchange.markets()
            account = await _account(exchange)
            extra = frozenset(also) & markets.keys() | {hedge.contract for hedge in triggers.hedges_of(states) if not hedge.closed}
            known = {*readings.instruments(portfolio.strategy, account), *extra}
            extra |= await self._wished(states, known, markets)
            needed = tuple(sorted({*known, *extra}))
            now = self._clock.now()
            old = patient and any(self._board.problem(instrument, now) for instrument in needed)
            if fresh or old or any(self._board.get(instrument) is None for instrument in needed):
                await self._board.refresh(needed)
        except ExchangeError:
            return Evaluation(portfolio=portfolio, problems=(Problem(code="unreachable"),))
        seen = Evaluation(portfolio=portfolio, account=account, markets=markets)
        return self._judge(seen, account, (needed, extra), states, signals)

    async def _wished(self, states: Mapping[str, Mapping[str, Any]], known: Collection[str], markets: Collection[str]) -> frozenset[str]:
        """Return the contracts of tilts that nothing else needs; one without a sound price is no reason to know nothing at all."""
        wished = {one.contract for one in tilting.tilts_of(states)} & set(markets) - set(known)
        now = self._clock.now()
        if any(self._board.problem(contract, now) for contract in wished):
            await self._board.refresh(tuple(sorted({*known, *wished})))
        return frozenset(contract for contract in wished if not self._board.problem(contract, now))

    def _judge(
        self,
        seen: Evaluation,
        account: readings.Account,
        priced: tuple[tuple[str, ...], frozenset[str]],
        states: Mapping[str, Mapping[str, Any]],
        signals: tuple[Signal, ...],
    ) -> Evaluation:
        strategy, (needed, extra) = seen.portfolio.strategy, priced
        quotes, problems = self._board.usable(needed, self._clock.now())
        empty = readings.empty_answer(account)
        seen = replace(seen, quotes=quotes, layers=targeting.Layers(signals=signals))
        if problems or empty:
            return replace(seen, problems=(*problems, *((empty,) if empty else ())))
        try:
            snap = readings.snapshot(account, strategy, quotes, extra)
            betas = self._betas(readings.assets_of(snap))
            joined = self._source.market_time(seen.portfolio.created_at)
            layers, memory = triggers.layers_of(states, signals, snap, strategy, joined)
            layers = replace(layers, tilts=tilting.tilts_of(states))
            found = targeting.effective(snap, strategy, layers, betas)
            shape = readings.shape(snap, strategy, seen.markets, betas, found)
        except Refused as refusal:
            return replace(seen, problems=(Problem(code=refusal.code),))
        return replace(seen, snapshot=snap, shape=shape, betas=betas, layers=layers, effective=found, memory=memory)


async def _account(exchange: Exchange) -> readings.Account:
    return readings.Account(balances=await exchange.balances(), positions=await exchange.positions(), quote_asset=exchange.quote_asset)
