"""Builds the program from its parts and closes it again; every replaceable part is a keyword with a real default."""

from __future__ import annotations

import asyncio
import secrets
import string
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import structlog

from chatbot.access import Access
from chatbot.alerts import write
from chatbot.backtest.apart.admission import Admission, counted_in
from chatbot.backtest.counterfactuals import Counterfactuals
from chatbot.clock import SystemClock
from chatbot.durable import Durable
from chatbot.errors import InternalError, Unreachable
from chatbot.exchanges.key_examiner import examiner
from chatbot.exchanges.manual import ManualExchange
from chatbot.exchanges.paper.account import AccountState
from chatbot.exchanges.paper.paper import PaperExchange
from chatbot.exchanges.sources import price_source
from chatbot.execution.executor import Executor
from chatbot.execution.pace import Pace
from chatbot.execution.transfers import WrittenTransfers
from chatbot.ground import Ground, open_ground
from chatbot.halting import Halting
from chatbot.hedges.overview import Hedging
from chatbot.i18n import LOCALE, Catalogue
from chatbot.keyring import Keyring
from chatbot.market.sentiment import Sentiment
from chatbot.model import Mode, is_own, venue_of
from chatbot.monitor.check import Monitor
from chatbot.monitor.clock_watch import ClockWatch
from chatbot.monitor.glance import Glances
from chatbot.monitor.hedges_daily import HedgeWatch
from chatbot.monitor.precedence import Precedence
from chatbot.monitor.roster import Roster
from chatbot.monitor.unanswered import UnansweredPlans
from chatbot.operation import health, metrics
from chatbot.operation.broadcast import Broadcasts
from chatbot.operation.upkeep import Upkeep, estimate_betas, tidy
from chatbot.outbox import Outbox
from chatbot.plans.band_advice import Adviser
from chatbot.plans.by_hand import ByHand
from chatbot.plans.costs import Costing
from chatbot.plans.execution_hooks import ExecutionHooks
from chatbot.plans.panic import Panic
from chatbot.plans.real_money.limits import RealMoney
from chatbot.plans.rebalancing import Rebalancing
from chatbot.played.stage import NOTE_S, Stage, remembered
from chatbot.played.tempo import UNDER_WAY, Tempo
from chatbot.portfolio.accounts import OpenAccounts, SaveBody
from chatbot.portfolio.books.settling import Books
from chatbot.portfolio.evaluator import Evaluator
from chatbot.portfolio.flows import Flows
from chatbot.portfolio.lives.ways_out import WaysOut
from chatbot.portfolio.manage import Portfolios
from chatbot.portfolio.markets import Markets
from chatbot.portfolio.reserve import Reserve
from chatbot.reports.review.reviews import Reviews
from chatbot.reports.status import Reports
from chatbot.shares.owned import Shares
from chatbot.store import accounts, orders
from chatbot.store import portfolios as stored
from chatbot.triggers.signals import Signals, SignalsByExchange
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection

    from chatbot.clock import Clock
    from chatbot.config import Settings
    from chatbot.durable import Work
    from chatbot.exchanges.abilities import Also
    from chatbot.exchanges.base import Exchange, PriceSource
    from chatbot.exchanges.live.private.opening import Accounts
    from chatbot.model import Delivery, Message, Portfolio, ProcessKind, Verdict
    from chatbot.operation.health import Health
    from chatbot.plans.costs import CostingOf
    from chatbot.portfolio.markets import Quoted
    from chatbot.store.database import Database
    from chatbot.store.location import Hold

_RECONCILE_S = 60.0
#: a new coin has its beta a moment after its first check
_BETAS_S = 10.0
#: so often the durable engine is tidied
_TIDY_S = 86_400.0
#: a slice of a broadcast is on its way in two seconds
_BROADCAST_S = 1.0
#: who is due is asked about; each key is due once a day
_KEYS_S = 3600.0
log = structlog.get_logger()

_BUTTON_KEY = "button_key"
#: stands in every order at an exchange, so that no other installation takes it for its own
_ORDER_WORD = "order_word"


@dataclass(frozen=True, slots=True)
class OwnExchange:
    """A test exchange on this machine, to which /connect leads in the demo."""

    name: str
    #: both halves of the key to its one account, which everybody knows
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Everything that chat and command line use; made by :func:`open_program`."""

    settings: Settings
    clock: Clock
    catalogue: Catalogue
    db: Database
    #: the right to be the one process on the database
    hold: Hold
    #: whose updates, portfolios and plans are this process's
    shares: Shares
    #: what this process is there for
    kind: ProcessKind
    work: Work
    source: PriceSource
    markets: Markets
    sentiment: Sentiment
    signals: SignalsByExchange
    accounts: OpenAccounts
    evaluator: Evaluator
    rebalancing: Rebalancing
    hedging: Hedging
    portfolios: Portfolios
    flows: Flows
    reserve: Reserve
    ways_out: WaysOut
    reports: Reports
    reviews: Reviews
    backtests: Admission
    adviser: Adviser
    access: Access
    keyring: Keyring
    halting: Halting
    broadcasts: Broadcasts
    roster: Roster
    monitor: Monitor
    precedence: Precedence
    executor: Executor
    panic: Panic
    #: the played market's beginning, and what a person makes happen in it
    stage: Stage
    #: how fast it runs
    tempo: Tempo
    #: seals buttons; kept in the database so that any process opens what another one sealed
    button_key: bytes
    #: what the portfolios of this program are: demo on a made-up market, paper on live prices
    mode: Mode
    #: what Telegram said to messages since the start
    delivered: Counter[Verdict] = field(default_factory=Counter)
    #: None: real exchanges are connected, or none
    own_exchange: OwnExchange | None = None

    async def run(self, send: Callable[[Message], Awaitable[Delivery]], outbox: Outbox | None = None) -> None:
        """Do everything for everybody until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.hold.watch())
            tasks.create_task(self.deliver(send, outbox))
            tasks.create_task(self.look_after())

    async def deliver(self, send: Callable[[Message], Awaitable[Delivery]], outbox: Outbox | None = None) -> None:
        """Let messages leave until cancelled: one process does it for everybody, because Telegram counts them together."""
        delivery, upkeep = outbox or Outbox(self.db, self.clock, send, counted=self.delivered), Upkeep(self.clock, self.shares)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(delivery.run())
            tasks.create_task(upkeep.again("broadcast not carried on", self.broadcasts.carry_on, _BROADCAST_S, real=True))

    async def look_after(self) -> None:
        """Check and reconcile until cancelled, for the people of this process."""
        upkeep = Upkeep(self.clock, self.shares)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.monitor.run())
            if self.shares.changes:
                tasks.create_task(upkeep.again("roster not compared", self.roster.compare, _RECONCILE_S))
            tasks.create_task(self.tempo.run())
            tasks.create_task(upkeep.again("plans not looked after", self.executor.recovery.reconcile, _RECONCILE_S))
            tasks.create_task(upkeep.again("orders not compared", self.executor.comparison.look, _RECONCILE_S))
            tasks.create_task(upkeep.again("panics not looked after", self.panic.closing.reconcile, _RECONCILE_S))
            tasks.create_task(upkeep.again("finished work not tidied", lambda: tidy(self.work.tidy), _TIDY_S))
            tasks.create_task(upkeep.again("market's time not noted", self.stage.note, NOTE_S, real=True))
            tasks.create_task(upkeep.again("exchange keys not looked after", self.keyring.tend, _KEYS_S))
            tasks.create_task(upkeep.again("betas not estimated", lambda: estimate_betas(self.roster, self.markets), _BETAS_S))

    async def health(self) -> Health:
        """Look at how every part stands."""
        return await health.look(self.db, self.clock, self.monitor, self.markets, self.settings.data_dir, self.kind, self.shares)

    async def metrics(self, *, stands_by: bool = False) -> bytes:
        """Return what a monitoring system reads; ``stands_by`` says that another process does now what this one is there for."""
        facts = metrics.Facts(
            health=await self.health(), monitor=self.monitor, shares=self.shares, delivered=self.delivered, stands_by=stands_by
        )
        return metrics.exposition(facts)

    async def begin_market(self) -> None:
        """Let a played market begin with the first portfolio, so that nobody misses what happens in it while setting one up."""
        await self.stage.begin()


@asynccontextmanager
async def open_program(
    settings: Settings,
    *,
    clock: Clock | None = None,
    source: PriceSource | None = None,
    work: Work | None = None,
    pace: Pace | None = None,
    start_work: bool = True,
    own_exchange: OwnExchange | None = None,
    ground: Ground | None = None,
    shares: Shares | None = None,
) -> AsyncIterator[Program]:
    """Open the database, unless it is open as ``ground``, the market and the durable work; close them in reverse order.

    It works for the people of its ``shares``, without which for everybody.

    With ``start_work=False`` the caller starts the work, once people are answered; whoever needs it before starts it.
    """
    clock = clock or (ground.clock if ground else SystemClock())
    async with AsyncExitStack() as stack:
        if ground is None:
            ground = await stack.enter_async_context(open_ground(settings, clock))
        db = ground.db
        market = await remembered(db, clock.now())
        source = source or price_source(
            settings.market,
            clock,
            start=settings.market_start,
            speed=settings.market_speed,
            options=settings.exchange_options.get(settings.market.partition(":")[2], {}),
            origin=market.origin,
            slow=market.slow,
            episodes=market.episodes,
        )
        stack.push_async_callback(source.close)
        work = work or Durable(settings.database, alone=db.alone)
        stage = Stage(db, source, clock, market.played)
        await stage.wake()
        await stage.note()
        program = await _assemble(ground, clock, source, work, pace or pace_for(settings), stage, stack, shares or Shares())
        program = replace(program, own_exchange=own_exchange)
        stack.push_async_callback(program.accounts.close)
        stack.push_async_callback(program.backtests.close)
        stack.push_async_callback(work.stop)
        if start_work:
            await work.start()
        yield program


def pace_for(settings: Settings) -> Pace:
    """Return how patiently orders wait: a market that runs faster is waited for less."""
    return Pace(speed=1.0 if settings.is_live_market else min(UNDER_WAY, settings.market_speed))


async def _assemble(
    ground: Ground, clock: Clock, source: PriceSource, work: Work, pace: Pace, stage: Stage, stack: AsyncExitStack, shares: Shares
) -> Program:
    settings, db = ground.settings, ground.db
    button_key = bytes.fromhex(await _remembered(db, _BUTTON_KEY, secrets.token_hex(32)))
    lasts, window = timedelta(seconds=settings.plan_expiry_s), timedelta(seconds=settings.batch_window_s)
    tempo = Tempo(db, stage, clock, lasts=lasts, window=window)
    spread = Decimal(str(settings.max_spread_pct)) / 100
    real = _RealAccounts(settings, clock, source, stack)
    markets = await Markets.load(db, source, clock, max_spread=spread, live=settings.is_live_market, open_prices=real.prices)
    await _open_worlds(db, markets, settings)
    sentiment = Sentiment(source, clock, settings.fear_greed_url)
    signals = _signals_of(db, markets, sentiment, clock, is_real=settings.is_live_market)
    roster = Roster(db, markets.world_of, shares)
    keyring = Keyring(db, clock, ground.vault, examiner(settings.exchange_options, clock), shares)
    word = await _remembered(db, _ORDER_WORD, secrets.token_hex(2))
    open_real = _real_opener(real, db, keyring, word)
    open_accounts = OpenAccounts(db, _exchange_opener(markets, clock), markets.has, open_real)
    hearing = signals.of, signals.together
    precedence = Precedence()
    books = Books(db, open_accounts, markets, clock)
    evaluator = Evaluator(db, open_accounts, markets, clock, hearing=hearing, settle=books.settle, give_way=precedence.give_way)
    costing = _costing_of(markets, db, clock, pace)
    portfolios = Portfolios(db, clock, source.name, changed=roster.forget, first_account=_opening_account, redraw=write.redraw_card)
    flows = Flows(db, open_accounts, evaluator, markets, clock, portfolios)
    noting = ByHand(db, open_accounts, evaluator, flows, clock)
    limits = RealMoney(may_trade=lambda portfolio: settings.allow_live or portfolio.is_test)
    rebalancing = Rebalancing(db, work, evaluator, costing, clock, noting, limits, expiry=lasts, calm=tempo.calm)
    open_accounts.on_change(roster.forget, roster.moved)
    keyring.on_change(roster.forget)
    keyring.on_change(open_accounts.forget)
    hedges = HedgeWatch(markets)
    monitor = Monitor(
        db,
        markets,
        roster,
        evaluator,
        rebalancing,
        signals,
        UnansweredPlans(db, rebalancing, evaluator, roster, clock, shares),
        hedges,
        clock,
        clocks=ClockWatch(db, source, markets.usual.board, clock),
        glances=Glances(db, markets, evaluator, roster, clock, precedence),
        precedence=precedence,
        shares=shares,
        interval_s=settings.check_interval_s,
        batch_window_s=settings.batch_window_s,
    )
    reports = Reports(db, evaluator, markets, clock, next_check=monitor.next_check, mood_source=sentiment.name)
    executor = Executor(db, work, open_accounts.exchange, clock, ExecutionHooks(db, evaluator, clock, limits), pace=pace, shares=shares)
    shares.on_gain(lambda _: _open_worlds(db, markets, settings))
    shares.on_gain(roster.gain)
    shares.on_loss(roster.lose)
    shares.on_loss(lambda gone: _leave(db, gone, open_accounts, books))
    access = Access(db, clock, settings.operators, barred=executor.recovery.bar, changed=roster.forget)
    await access.settle()
    panic = Panic(db, work, evaluator, costing, clock, is_here=markets.has, ends=executor.recovery, changed=roster.forget, shares=shares)
    backtests = Admission(asyncio.create_task, counted_in(db))
    others = Counterfactuals(db, markets, clock, mood_url=settings.fear_greed_url, window=window, beside=backtests.keep)
    return Program(
        settings=settings,
        clock=clock,
        catalogue=Catalogue(LOCALE),
        db=db,
        hold=ground.hold,
        shares=shares,
        kind=ground.kind,
        work=work,
        source=source,
        markets=markets,
        sentiment=sentiment,
        signals=signals,
        accounts=open_accounts,
        evaluator=evaluator,
        rebalancing=rebalancing,
        hedging=Hedging(evaluator, markets, clock),
        portfolios=portfolios,
        flows=flows,
        reserve=Reserve(db, open_accounts, portfolios, evaluator, clock),
        ways_out=WaysOut(open_accounts, evaluator, markets, portfolios, clock),
        reports=reports,
        reviews=Reviews(db, evaluator, markets, clock, others.ways),
        backtests=backtests,
        adviser=Adviser(evaluator, costing),
        access=access,
        keyring=keyring,
        halting=Halting(db, clock),
        broadcasts=Broadcasts(db, clock),
        roster=roster,
        monitor=monitor,
        precedence=precedence,
        executor=executor,
        panic=panic,
        stage=stage,
        tempo=tempo,
        button_key=button_key,
        mode=Mode.PAPER if settings.is_live_market else Mode.DEMO,
    )


class _RealAccounts:
    """What accounts at exchanges share, made when the first of them is needed: nobody else pays for it."""

    def __init__(self, settings: Settings, clock: Clock, source: PriceSource, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._clock = clock
        self._source = source
        self._stack = stack
        self._made: Accounts | None = None

    def made(self) -> Accounts:
        """Return the maker of accounts."""
        if self._made is None:
            from chatbot.exchanges.live.private.opening import Accounts  # noqa: PLC0415 - only for who stands on a real account

            self._made = Accounts(self._clock, self._settings.exchange_options, here=self._source)
            self._stack.push_async_callback(self._made.close)
        return self._made

    def prices(self, exchange: str) -> PriceSource:
        """Return the prices of an exchange, which its accounts are valued by."""
        return self.made().prices(exchange)


def _real_opener(real: _RealAccounts, db: Database, keyring: Keyring, word: str) -> Callable[[Portfolio], Awaitable[Exchange]]:
    """Return what opens accounts at exchanges: only to look at them where nobody has agreed to trading."""

    async def open_real(portfolio: Portfolio) -> Exchange:
        credentials, said = await keyring.opened(portfolio.person_id, portfolio.key_id)
        return real.made().account(
            portfolio.exchange,
            credentials,
            tag=f"{word}{portfolio.id}",
            journal=WrittenTransfers(db, portfolio.id),
            watch=portfolio.is_watched,
            futures=said.trades_futures is not False,
            quote=portfolio.quote,
        )

    return open_real


async def _leave(db: Database, shares: frozenset[int], open_accounts: OpenAccounts, books: Books) -> None:
    """Forget what is known in this process of portfolios that another one is about to have."""
    async with db.read() as tx:
        gone = await stored.ids_of(tx, shares)
    books.leave(gone)
    await open_accounts.leave(gone)


async def _open_worlds(db: Database, markets: Markets, settings: Settings) -> None:
    """Open the markets of the exchanges on which portfolios stand by a key; nothing is asked of them yet.

    A test exchange of our own that does not stand beside this program has none: a real one's prices must not be taken for its.
    """
    async with db.read() as tx:
        for world in await stored.worlds_of_keys(tx):
            if not is_own(world) or settings.exchange_options.get(venue_of(world), {}).get("urls"):
                await markets.open(world)


def _signals_of(db: Database, markets: Markets, sentiment: Sentiment, clock: Clock, *, is_real: bool) -> SignalsByExchange:
    """Return what triggers say on each exchange: the index is one for all real markets; beside a played one nobody asks for it."""

    def at(world: str) -> Signals:
        quoted = markets.first(world)
        mood = sentiment if is_real or not world else Sentiment(quoted.source, clock)
        return Signals(db, quoted.source, quoted.candles, quoted.funding, mood, clock, world)

    return SignalsByExchange(at)


def _costing_of(markets: Markets, db: Database, clock: Clock, pace: Pace) -> CostingOf:
    """Return what says what trading costs, by the markets of a portfolio."""

    async def last_fills(instruments: Collection[str]) -> tuple[orders.Fill, ...]:
        async with db.read() as tx:
            return await orders.latest_fills(tx, instruments)

    made: dict[Quoted, Costing] = {}

    def costing(portfolio: Portfolio) -> Costing:
        try:
            one = markets.of(portfolio)
        except Unreachable:  # of one that is kept in a dollar unknown here nothing is priced
            one = markets.usual
        if one not in made:
            lasts = pace.patient_limit_s, pace.urgent_limit_s
            made[one] = Costing(one.source, one.candles, one.funding, clock, fills=last_fills, rests_s=pace.rests_s, lasts_s=lasts)
        return made[one]

    return costing


def _exchange_opener(markets: Markets, clock: Clock) -> Callable[..., Exchange]:
    """Return what makes a portfolio's exchange: which kind it is decides the mode, nothing else in the program asks."""

    def open_exchange(portfolio: Portfolio, account: dict[str, Any], save: SaveBody) -> Exchange:
        async def save_state(state: AccountState, also: Also | None = None) -> None:
            await save(state.to_json(), also)

        state, quoted = AccountState.from_json(account), markets.of(portfolio)
        if state.quote != portfolio.quote:
            raise InternalError(f"portfolio {portfolio.id} is kept in {portfolio.quote} and its account in {state.quote}")
        kind = ManualExchange if portfolio.mode == Mode.MANUAL else PaperExchange
        return kind(quoted.source, clock, state, save=save_state, last=quoted.stops.price)

    return open_exchange


def _opening_account(holdings: dict[str, Decimal], quote: str) -> dict[str, Any]:
    return AccountState.holding(holdings, quote=quote).to_json()


async def _remembered(db: Database, key: str, first: str) -> str:
    """Return what is stored under ``key``, hexadecimal digits like ``first``; the first process to ask decides it.

    What is damaged gives way to ``first``: buttons that are out are refused in words, and orders are looked up by what the journal says.
    """
    async with db.transaction() as tx:
        stored = await accounts.meta(tx, key)
        if stored is not None and len(stored) == len(first) and set(stored) <= set(string.hexdigits):
            return stored
        if stored is not None:
            log.warning("a fact of the program cannot be read and is made again", fact=key)
        await accounts.set_meta(tx, key, first)
        return first
