"""Looking at one portfolio now: account, prices, signals, figures, or the reason why it cannot be evaluated."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from chatbot.engine.errors import Refused
from chatbot.errors import ExchangeError, KeyRefused, OtherWorld, PlaceRefused, Unreachable
from chatbot.exchanges.base import unlisted
from chatbot.model import Mode, Problem
from chatbot.model.life import StopKind
from chatbot.portfolio import valuation
from chatbot.portfolio.amounts import not_managed
from chatbot.portfolio.evaluation import Evaluation, lost_hedges, measured
from chatbot.portfolio.layers import Layers
from chatbot.portfolio.lives.levels import open_question
from chatbot.portfolio.lives.stops import last_quote
from chatbot.portfolio.states import NOTHING
from chatbot.portfolio.stored import states as stored
from chatbot.portfolio.stored import turnover

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from datetime import datetime
    from decimal import Decimal

    from chatbot.clock import Clock
    from chatbot.exchanges.base import Exchange, Quote
    from chatbot.market.quotes import QuoteBoard
    from chatbot.model import Portfolio, Signal, Strategy
    from chatbot.model.life import Stop
    from chatbot.portfolio.accounts import OpenAccounts
    from chatbot.portfolio.lives.levels import Levels
    from chatbot.portfolio.markets import Markets, Quoted
    from chatbot.portfolio.states import PortfolioStates
    from chatbot.portfolio.valuation import Account
    from chatbot.store.database import Database

    #: where every trigger of a strategy stands on an exchange; and those that are about one portfolio alone, from the coins that it holds
    Signalling = Callable[[Strategy, str], Awaitable[tuple[Signal, ...]]]
    OwnSignals = Callable[[Portfolio, Mapping[str, Decimal], str], Awaitable[tuple[Signal, ...]]]
    #: accounts for what has come and gone at an exchange; looks are numbered in the order in which they began
    Settling = Callable[[Evaluation, int, datetime], Awaitable[Evaluation]]


_LOG = structlog.get_logger()


class Evaluator:
    """Reads accounts and prices; a missing, zero, stale or outlying price blocks the whole evaluation (domain 0).

    What the exchange's own list calls halted or gone counts at its last price, and blocks nothing.
    """

    def __init__(
        self,
        db: Database,
        accounts: OpenAccounts,
        markets: Markets,
        clock: Clock,
        *,
        hearing: tuple[Signalling, OwnSignals],
        settle: Settling,
        give_way: Callable[[], Awaitable[None]],
    ) -> None:
        """``give_way`` lets others have their turn between two of many looks."""
        self._db = db
        self._accounts = accounts
        self._markets = markets
        self._clock = clock
        self._signals, self._own_signals = hearing
        self._settle = settle
        self._give_way = give_way
        #: looks are counted as they begin, so that an older one is never taken for news
        self._looks = itertools.count(1)

    def market_time(self, portfolio: Portfolio, now: datetime) -> datetime:
        """Return the time of a portfolio's market at ``now``: the same where it is real."""
        return self._markets.market_time(portfolio, now)

    async def look(
        self, portfolio: Portfolio, *, fresh: bool = False, patient: bool = False, also: Collection[str] = (), trades_futures: bool = False
    ) -> Evaluation:
        """Evaluate ``portfolio``; with ``fresh`` prices are fetched again first, with ``patient`` only where they have grown too old.

        ``also`` are contracts that the strategy does not name and that are about to be traded; those of open hedges come by themselves.
        With ``trades_futures`` the account must be kept in a way in which its futures can be traded.
        """
        async with self._db.read() as tx:
            states = await stored.read(tx, portfolio.id)
            used = await turnover.with_real_money_today(tx, portfolio, self._clock.now())
        signals = await self._signals(portfolio.strategy, self._markets.world_of(portfolio))
        seen = await self._look(portfolio, states, signals, fresh=fresh, patient=patient, also=also)
        why = await self._unfit(portfolio) if trades_futures and seen.figures is not None else None
        return replace(seen, used_today=used) if why is None else replace(seen, figures=None, problems=(why,))

    async def _unfit(self, portfolio: Portfolio) -> Problem | None:
        """Return what keeps futures from being traded in an account that could be read; what is not told now, its orders will tell."""
        try:
            await (await self._accounts.exchange(portfolio.id)).ping()
        except KeyRefused as refused:
            return Problem(code=refused.why)
        except ExchangeError as trouble:
            _LOG.warning("modes of an account not told", portfolio=portfolio.id, error=str(trouble))
        return None

    def again(self, evaluation: Evaluation) -> Evaluation:
        """Measure an evaluation once more, with the betas that are known by now; raises ``engine.errors.Refused``."""
        if evaluation.snapshot is None:
            return evaluation
        betas = self._markets.of(evaluation.portfolio).betas.now(valuation.assets_of(evaluation.snapshot))
        began = self.market_time(evaluation.portfolio, evaluation.portfolio.created_at)
        return measured(evaluation, evaluation.snapshot, betas, began)

    async def look_many(self, many: Collection[Portfolio]) -> dict[int, Evaluation]:
        """Evaluate portfolios at the prices that are there; what they share is read once, and others get their turn between two."""
        ids = [portfolio.id for portfolio in many]
        async with self._db.read() as tx:
            states = await stored.read_many(tx, ids)
            used = {one.id: await turnover.with_real_money_today(tx, one, self._clock.now()) for one in many if one.mode is Mode.LIVE}
        await self._accounts.load(ids)
        #: by the identity of a strategy, and the exchange: most people share theirs
        heard: dict[tuple[int, str], tuple[Signal, ...]] = {}
        looked: dict[int, Evaluation] = {}
        for portfolio in many:
            shared = id(portfolio.strategy), self._markets.world_of(portfolio)
            if shared not in heard:
                heard[shared] = await self._signals(portfolio.strategy, shared[1])

        async def see(portfolio: Portfolio) -> None:
            signals = heard[id(portfolio.strategy), self._markets.world_of(portfolio)]
            seen = await self._look(portfolio, states.get(portfolio.id, NOTHING), signals)
            looked[portfolio.id] = replace(seen, used_today=used[portfolio.id]) if portfolio.id in used else seen

        for portfolio in many:
            if portfolio.mode is not Mode.LIVE:
                await see(portfolio)
                await self._give_way()
        # exchanges are asked side by side: one that does not answer costs its patience once, and not once an account
        await asyncio.gather(*(see(portfolio) for portfolio in many if portfolio.mode is Mode.LIVE))
        return {portfolio.id: looked[portfolio.id] for portfolio in many}

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
        look, began = next(self._looks), self._clock.now()
        try:
            exchange = await self._accounts.exchange(portfolio.id)
            quoted = self._markets.of(portfolio)
            markets = await exchange.markets()
            account, saves = await self._account(portfolio.id, exchange)
            if portfolio.mode is Mode.LIVE:
                traded = [asset for asset in account.balances.spot if quoted.stops.price(asset) is not None]
                account = not_managed.without_market(account, portfolio.strategy, markets, traded)
            coins = valuation.managed_coins(account.balances.spot, portfolio.strategy)
            signals = (*signals, *await self._own_signals(portfolio, coins, quoted.world))
            extra = frozenset(also) & markets.keys() | _hedged(states, account)
            known = {*valuation.instruments(portfolio.strategy, account), *extra}
            shown = valuation.wholly_kept(portfolio.strategy, account)
            wished = await self._wished(quoted.board, {*(tilt.contract for tilt in states.tilts), *shown}, known, markets)
            extra |= wished - shown
            now = self._clock.now()
            stops = quoted.stops.see({*known, *wished, *shown}, markets, now)
            needed = tuple(sorted({*known, *wished} - stops.keys()))
            old = patient and any(quoted.board.problem(instrument, now) for instrument in needed)
            if fresh or old or any(quoted.board.get(instrument) is None for instrument in needed):
                await quoted.board.refresh(needed)
        except OtherWorld as elsewhere:
            return Evaluation(portfolio=portfolio, states=states, problems=(Problem(code="other_world", instrument=elsewhere.exchange),))
        except (KeyRefused, PlaceRefused) as refused:
            return Evaluation(portfolio=portfolio, states=states, problems=(Problem(code=refused.why),))
        except ExchangeError as trouble:
            why = trouble.why if isinstance(trouble, Unreachable) else Unreachable.why
            return Evaluation(portfolio=portfolio, states=states, problems=(Problem(code=why),))
        gone = {name: unlisted(name) for name in stops if name not in markets}
        rules = {**markets, **gone} if gone else markets
        seen = Evaluation(portfolio=portfolio, account=account, saves=saves, markets=rules, states=states, stops=stops)
        return await self._settle(self._measured(seen, account, quoted, (needed, extra), signals), look, began)

    async def _account(self, portfolio_id: int, exchange: Exchange) -> tuple[Account, int]:
        """Return an account and how often it had been saved by then; one that is saved while it is read is read once more."""
        for _ in range(2):
            saves = self._accounts.saves(portfolio_id)
            balances, positions = await exchange.balances(), await exchange.positions()
            if saves == self._accounts.saves(portfolio_id):
                break
        return valuation.Account(balances=balances, positions=positions, quote_asset=exchange.quote_asset), saves

    def is_current(self, evaluation: Evaluation) -> bool:
        """Tell whether the account is still as it was read: it was not saved since."""
        return evaluation.saves == self._accounts.saves(evaluation.portfolio.id)

    async def _wished(self, board: QuoteBoard, names: Collection[str], known: Collection[str], markets: Collection[str]) -> frozenset[str]:
        """Return which of these have a sound price: contracts of tilts and coins that are kept out, which nothing else needs.

        One without is no reason to know nothing at all.
        """
        wished = set(names) & set(markets) - set(known)
        now = self._clock.now()
        if any(board.problem(name, now) for name in wished):
            await board.refresh(tuple(sorted({*known, *wished})))
        return frozenset(name for name in wished if not board.problem(name, now))

    def _measured(
        self,
        seen: Evaluation,
        account: Account,
        quoted: Quoted,
        priced: tuple[tuple[str, ...], frozenset[str]],
        signals: tuple[Signal, ...],
    ) -> Evaluation:
        """Return the evaluation with value, figures and targets, or with what speaks against them."""
        strategy, (needed, extra) = seen.portfolio.strategy, priced
        quotes, problems = quoted.board.usable(needed, self._clock.now())
        quoted.stops.note(quotes)
        empty = valuation.empty_answer(account, is_ours=seen.portfolio.mode is not Mode.LIVE)
        if seen.portfolio.mode is Mode.LIVE:
            account = not_managed.without_dust(account, strategy, seen.markets, quotes)
            seen = replace(seen, account=account)
        last, idle, unknown = self._last_prices(quoted, seen.stops, account, strategy)
        seen = replace(seen, quotes=quotes | last, layers=Layers(signals=signals), quote_price=quoted.dollar_price())
        problems = (*problems, *unknown, *self._leaps(quoted.levels, seen))
        if problems or empty:
            return replace(seen, problems=(*problems, *((empty,) if empty else ())))
        try:
            snapshot = valuation.snapshot(account, strategy, seen.quotes, extra, idle=idle)
            betas = quoted.betas.now(valuation.assets_of(snapshot))
            return measured(seen, snapshot, betas, self.market_time(seen.portfolio, seen.portfolio.created_at))
        except Refused as refusal:
            return replace(seen, problems=(Problem(code=refusal.code),))

    def _last_prices(
        self, quoted: Quoted, stops: Mapping[str, Stop], account: Account, strategy: Strategy
    ) -> tuple[dict[str, Quote], frozenset[str], tuple[Problem, ...]]:
        """Return what stopped instruments count at, those that have no part in the portfolio, and those that are held at a price unknown.

        A coin that is gone, or has no price, and of which nothing is held, has no part: it can never be bought.
        """
        held, shown = valuation.managed_instruments(account, strategy), valuation.wholly_kept(strategy, account)
        last: dict[str, Quote] = {}
        idle: set[str] = set()
        unknown: list[Problem] = []
        for name, stop in sorted(stops.items()):
            quote = self._last_quote(quoted, stop)
            if name not in held and name not in shown and (quote is None or stop.kind is StopKind.GONE):
                idle.add(name)
            elif quote is None and name in held:
                unknown.append(Problem(code="no_last_price", instrument=name))
            elif quote is not None:
                last[name] = quote
        return last, frozenset(idle), tuple(unknown)

    def _last_quote(self, quoted: Quoted, stop: Stop) -> Quote | None:
        """Return the last price of a stopped instrument; of one that was never seen traded, that of the market as it was found."""
        now = self._clock.now()
        if stop.price is None and quoted.board.problem(stop.instrument, now) is None:
            found = quoted.board.get(stop.instrument)
            return found if found is None else last_quote(quoted.stops.value(stop.instrument, found))
        return last_quote(stop)

    def _leaps(self, levels: Levels, seen: Evaluation) -> tuple[Problem, ...]:
        """Return the coins that are held and whose price is far from yesterday's, until the person has said that it is true."""
        now, since = (self.market_time(seen.portfolio, at) for at in (self._clock.now(), seen.portfolio.created_at))
        held = valuation.managed_instruments(seen.account, seen.portfolio.strategy) if seen.account is not None else frozenset()
        found: dict[str, Problem] = {}
        for name, quote in seen.quotes.items():
            leap = levels.see(name, quote.price, now)
            if leap is not None and name in held and open_question(leap, since, seen.states.leaps.get(leap.asset)):
                found.setdefault(leap.asset, Problem(code="leap", instrument=leap.asset, leap=leap))
        return tuple(found.values())


def _hedged(states: PortfolioStates, account: Account) -> set[str]:
    """Return the contracts of the hedges that are open."""
    lost = lost_hedges(states, account)
    return {hedge.contract for hedge in states.hedges if not hedge.closed and hedge not in lost}
