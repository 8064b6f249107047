"""Looking at one portfolio now: account, prices, signals, figures, or the reason why it cannot be evaluated."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.errors import ExchangeError, OtherWorld
from chatbot.model import Problem
from chatbot.portfolio import states as stored
from chatbot.portfolio import valuation
from chatbot.portfolio.evaluation import Evaluation, measured
from chatbot.portfolio.layers import Layers
from chatbot.portfolio.levels import open_question

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Exchange, PriceSource
    from chatbot.market.quotes import QuoteBoard
    from chatbot.model import Portfolio, Signal, Strategy
    from chatbot.portfolio.accounts import OpenAccounts
    from chatbot.portfolio.levels import Levels
    from chatbot.portfolio.states import PortfolioStates
    from chatbot.portfolio.valuation import Account
    from chatbot.store.database import Database

    #: where every trigger of a strategy stands
    Signalling = Callable[[Strategy], Awaitable[tuple[Signal, ...]]]


class Evaluator:
    """Reads accounts and prices; a missing, zero, stale or outlying price blocks the whole evaluation (domain 0)."""

    def __init__(
        self,
        db: Database,
        accounts: OpenAccounts,
        board: QuoteBoard,
        source: PriceSource,
        clock: Clock,
        *,
        signals: Signalling,
        levels: Levels,
        betas: Callable[[Iterable[str]], Mapping[str, Decimal]] = valuation.prior_betas,
    ) -> None:
        self._db = db
        self._accounts = accounts
        self._board = board
        self._source = source
        self._clock = clock
        self._signals = signals
        self._levels = levels
        self._betas = betas

    def market_time(self, now: datetime) -> datetime:
        """Return the market's time at ``now``: the same where it is live."""
        return self._source.market_time(now)

    async def look(self, portfolio: Portfolio, *, fresh: bool = False, patient: bool = False, also: Collection[str] = ()) -> Evaluation:
        """Evaluate ``portfolio``; with ``fresh`` prices are fetched again first, with ``patient`` only where they have grown too old.

        ``also`` are contracts that the strategy does not name and that are about to be traded; those of open hedges come by themselves.
        """
        async with self._db.read() as tx:
            states = await stored.read(tx, portfolio.id)
        signals = await self._signals(portfolio.strategy)
        return await self._look(portfolio, states, signals, fresh=fresh, patient=patient, also=also)

    async def look_many(self, many: Collection[Portfolio]) -> dict[int, Evaluation]:
        """Evaluate portfolios at the prices that are there; what they share is read once, and others get their turn between two."""
        ids = [portfolio.id for portfolio in many]
        async with self._db.read() as tx:
            states = await stored.read_many(tx, ids)
        await self._accounts.load(ids)
        #: by the identity of a strategy: most people share theirs
        heard: dict[int, tuple[Signal, ...]] = {}
        looked: dict[int, Evaluation] = {}
        for portfolio in many:
            strategy = portfolio.strategy
            if id(strategy) not in heard:
                heard[id(strategy)] = await self._signals(strategy)
            looked[portfolio.id] = await self._look(portfolio, states.get(portfolio.id, stored.NOTHING), heard[id(strategy)])
            await asyncio.sleep(0)
        return looked

    async def _look(
        self,
        portfolio: Portfolio,
        states: PortfolioStates,
        signals: tuple[Signal, ...],
        *,
        fresh: bool = False,
        patient: bool = False,
        also: Collection[str] = (),
    ) -> Evaluation:
        try:
            exchange = await self._accounts.exchange(portfolio.id)
            markets = await exchange.markets()
            account = await _account(exchange)
            extra = frozenset(also) & markets.keys() | {hedge.contract for hedge in states.hedges if not hedge.closed}
            known = {*valuation.instruments(portfolio.strategy, account), *extra}
            shown = valuation.wholly_kept(portfolio.strategy, account)
            wished = await self._wished({*(tilt.contract for tilt in states.tilts), *shown}, known, markets)
            extra |= wished - shown
            needed = tuple(sorted({*known, *wished}))
            now = self._clock.now()
            old = patient and any(self._board.problem(instrument, now) for instrument in needed)
            if fresh or old or any(self._board.get(instrument) is None for instrument in needed):
                await self._board.refresh(needed)
        except OtherWorld as elsewhere:
            return Evaluation(portfolio=portfolio, states=states, problems=(Problem(code="other_world", instrument=elsewhere.exchange),))
        except ExchangeError:
            return Evaluation(portfolio=portfolio, states=states, problems=(Problem(code="unreachable"),))
        seen = Evaluation(portfolio=portfolio, account=account, markets=markets, states=states)
        return self._measured(seen, account, (needed, extra), signals)

    async def _wished(self, names: Collection[str], known: Collection[str], markets: Collection[str]) -> frozenset[str]:
        """Return which of these have a sound price: contracts of tilts and coins that are kept out, which nothing else needs.

        One without is no reason to know nothing at all.
        """
        wished = set(names) & set(markets) - set(known)
        now = self._clock.now()
        if any(self._board.problem(name, now) for name in wished):
            await self._board.refresh(tuple(sorted({*known, *wished})))
        return frozenset(name for name in wished if not self._board.problem(name, now))

    def _measured(
        self, seen: Evaluation, account: Account, priced: tuple[tuple[str, ...], frozenset[str]], signals: tuple[Signal, ...]
    ) -> Evaluation:
        """Return the evaluation with value, figures and targets, or with what speaks against them."""
        strategy, (needed, extra) = seen.portfolio.strategy, priced
        quotes, problems = self._board.usable(needed, self._clock.now())
        empty = valuation.empty_answer(account)
        seen = replace(seen, quotes=quotes, layers=Layers(signals=signals))
        problems = (*problems, *self._leaps(seen))
        if problems or empty:
            return replace(seen, problems=(*problems, *((empty,) if empty else ())))
        try:
            snapshot = valuation.snapshot(account, strategy, quotes, extra)
            betas = self._betas(valuation.assets_of(snapshot))
            return measured(seen, snapshot, betas, self._source.market_time(seen.portfolio.created_at))
        except Refused as refusal:
            return replace(seen, problems=(Problem(code=refusal.code),))

    def _leaps(self, seen: Evaluation) -> tuple[Problem, ...]:
        """Return the coins that are held and whose price is far from yesterday's, until the person has said that it is true."""
        now, since = self._source.market_time(self._clock.now()), self._source.market_time(seen.portfolio.created_at)
        held = _held(seen.account, seen.portfolio.strategy)
        found: dict[str, Problem] = {}
        for name, quote in seen.quotes.items():
            leap = self._levels.see(name, quote.price, now)
            if leap is not None and name in held and open_question(leap, since, seen.states.leaps.get(leap.asset)):
                found.setdefault(leap.asset, Problem(code="leap", instrument=leap.asset, leap=leap))
        return tuple(found.values())


def _held(account: Account | None, strategy: Strategy) -> frozenset[str]:
    """Return what is held and managed, by instrument."""
    if account is None:
        return frozenset()
    spot = {asset for asset, qty in account.balances.spot.items() if qty} - valuation.wholly_kept(strategy, account)
    return frozenset(spot | {position.instrument for position in account.positions})


async def _account(exchange: Exchange) -> Account:
    return valuation.Account(balances=await exchange.balances(), positions=await exchange.positions(), quote_asset=exchange.quote_asset)
