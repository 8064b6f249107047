"""A small laboratory for execution: a scripted market, a paper account, and plans in one line of text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.clock import Clock, ManualClock
from chatbot.durable import enqueue_plan
from chatbot.engine.planner.block import Block, Order, Post, Transfer
from chatbot.exchanges.base import Depth, Funding, Market, Quote, is_perp
from chatbot.exchanges.manual import ManualExchange
from chatbot.exchanges.markets.coins import perp_market, spot_market
from chatbot.exchanges.paper.account import AccountState
from chatbot.exchanges.paper.faults import Faults
from chatbot.exchanges.paper.paper import PaperExchange
from chatbot.execution.executor import Executor
from chatbot.execution.pace import Pace
from chatbot.model import (
    BandRule,
    Cause,
    Leg,
    LegKind,
    LegState,
    Mode,
    Person,
    Plan,
    PlanState,
    Portfolio,
    PortfolioFigures,
    Reason,
    Role,
    Strategy,
)
from chatbot.store import accounts, orders, plans, portfolios, tables
from tests.inline import Inline

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from chatbot.durable import Work
    from chatbot.store.database import Database, Tx

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PRICES = {"BTC": Decimal(60000), "ETH": Decimal(3000), "SOL": Decimal(150), "ADA": Decimal("0.5")}
QUICK = Pace(requote_s=10, requotes=2, retries_s=(1, 2, 4), margin_s=1)
#: of a taker's 0.001
MAKER_FEE = Decimal("0.0009")
STRATEGY = Strategy(
    preset="custom",
    weights={"CORE": Decimal("0.5"), "ALT": Decimal("0.2"), "STABLE": Decimal("0.2"), "FUTURES": Decimal("0.1")},
    members={"CORE": ("BTC", "ETH"), "ALT": ("SOL",)},
    futures_net=Decimal("0.1"),
    futures_split={"BTC-PERP": Decimal(1)},
    bands={"CORE": BandRule(abs_pp=Decimal(5)), "ALT": BandRule(abs_pp=Decimal(5))},
    futures_band_pp=Decimal(5),
)
FIGURES = PortfolioFigures(
    value=Decimal(100000), lines=(), net=Decimal(1), gross=Decimal(1), futures_net=Decimal(0), beta=Decimal(1), leverage=None
)


class Market3:
    """BTC, ETH, SOL, ADA and their perpetuals, each 2 bp wide; a price is a function of the seconds since the start."""

    name = "lab"
    quote_asset = "USDT"

    def __init__(self, clock: Clock, paths: Mapping[str, Callable[[float], float]] | None = None) -> None:
        self.clock = clock
        self.paths = dict(paths or {})
        self.start = clock.now()
        #: quote a day by instrument, and the books that are shown
        self.volumes: dict[str, Decimal] = {}
        self.books: dict[str, Depth] = {}

    def market_time(self, now: datetime) -> datetime:
        """Run on the clock of the test."""
        return now

    def mid(self, instrument: str) -> Decimal:
        """Return the middle of the book now."""
        asset = instrument.removesuffix("-PERP")
        factor = self.paths.get(asset, lambda _: 1.0)((self.clock.now() - self.start).total_seconds())
        return PRICES[asset] * Decimal(str(round(factor, 6)))

    async def markets(self) -> Mapping[str, Market]:
        """Return the real rules, with spot fees of which waiting saves a tenth."""
        spot = {name: replace(spot_market(name), maker_fee=MAKER_FEE) for name in PRICES}
        return spot | {f"{name}-PERP": perp_market(name) for name in PRICES}

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return a book 2 bp wide around the scripted mid."""
        rules, now, found = await self.markets(), self.clock.now(), {}
        for name in instruments:
            mid, tick = self.mid(name), rules[name].tick
            bid = (mid * Decimal("0.9999") / tick).to_integral_value(rounding="ROUND_FLOOR") * tick
            ask = (mid * Decimal("1.0001") / tick).to_integral_value(rounding="ROUND_CEILING") * tick
            mark, volume = mid if is_perp(name) else None, self.volumes.get(name)
            found[name] = Quote(instrument=name, bid=bid, ask=ask, at=now, mark=mark, volume=volume)
        return found

    async def depth(self, instrument: str) -> Depth | None:
        """Return the book of the test."""
        return self.books.get(instrument)

    async def candles(self, *_: object) -> tuple[()]:
        """Return none."""
        return ()

    async def funding(self, *_: object) -> tuple[Funding, ...]:
        """Return none."""
        return ()

    async def close(self) -> None:
        """Nothing to close."""


def legs(words: str) -> tuple[Leg, ...]:
    """Read ``sell 0.5 BTC; to_spot 100; buy 2 ETH; to_futures 500; reduce sell 0.1 BTC-PERP; increase buy 0.1 BTC-PERP``."""
    found = []
    for index, phrase in enumerate(part.split() for part in words.split(";")):
        *kind, amount, name = phrase if phrase[0] not in ("to_spot", "to_futures") else [*phrase, "USDT"]
        verb = " ".join(kind)
        sells = verb == "sell" or verb.endswith(" sell")
        price = PRICES.get(name.removesuffix("-PERP"), Decimal(1))
        limit = price * Decimal("1.0005" if sells else "0.9995")
        kinds = {"sell": LegKind.SPOT_SELL, "buy": LegKind.SPOT_BUY, "to_spot": LegKind.TO_SPOT, "to_futures": LegKind.TO_FUTURES}
        where = kinds.get(verb) or (LegKind.FUTURES_REDUCE if verb.startswith("reduce") else LegKind.FUTURES_INCREASE)
        found.append(
            Leg(
                index=index,
                kind=where,
                instrument=name,
                qty=Decimal(amount),
                limit=None if verb in ("to_spot", "to_futures") else limit,
                reduce_only=where == LegKind.FUTURES_REDUCE,
                sells=sells,
                price=price,
            )
        )
    return tuple(found)


def fresh_block(words: str = "", **more: Any) -> Block:
    """Return what the planner would say to the question after the spot legs."""
    planned, transfers = [], []
    for leg in legs(words) if words else ():
        if leg.is_transfer:
            transfers.append(Transfer(direction=leg.kind.value, amount=leg.qty))
        else:
            side = "sell" if leg.sells else "buy"
            limit = leg.limit or leg.price
            planned.append(
                Order(
                    leg=leg.kind.value,
                    instrument=leg.instrument,
                    side=side,
                    qty=leg.qty,
                    limit=limit,
                    reduce_only=leg.reduce_only,
                    notional=leg.notional,
                )
            )
    zero = Decimal(0)
    post = Post(
        value=zero, cash=zero, futures_equity=zero, spot_qty={}, futures_qty={}, weights={}, gross_exposure=zero, futures_net_exposure=zero
    )
    return Block(
        orders=tuple(planned),
        transfers=tuple(transfers),
        **{"fees": zero, "value_before": zero, "value_target": zero, "post": post, "flags": (), **more},
    )


class Services:
    """What the services would answer."""

    def __init__(self) -> None:
        self.block: Block | None = fresh_block()
        self.replans = 0
        self.ends: list[int] = []
        self.corrections: list[tuple[Plan, Plan]] = []
        #: why real money may not be sent, after so many times that it was asked
        self.forbidden, self.allowed, self.asked = "", 0, 0
        self.figures: PortfolioFigures | None = FIGURES

    async def replan(self, portfolio_id: int, plan: Plan) -> Block | None:
        """Return the block that the test wants, and count the question."""
        self.replans += 1
        return self.block

    async def forbids(self, plan: Plan) -> str:
        """Say what the test wants to be the reason, from the order on that it names."""
        self.asked += 1
        return self.forbidden if self.asked > self.allowed else ""

    async def ended(self, plan: Plan) -> None:
        """Note that the plan was told to have ended."""
        self.ends.append(plan.id)

    async def corrected(self, tx: Tx, booked: Plan, shown: Plan) -> None:
        """Note the plan as it was booked and as it was shown."""
        self.corrections.append((booked, shown))

    async def measure(self, portfolio_id: int) -> PortfolioFigures | None:
        """Return the shape that the test wants."""
        return self.figures


@dataclass(slots=True)
class Lab:
    """One person with one paper portfolio, and everything around it."""

    db: Database
    clock: Clock
    market: Market3
    account: PaperExchange | ManualExchange | Any
    services: Services
    work: Work
    executor: Executor
    portfolio: Portfolio
    points: list[str] = field(default_factory=list)
    #: does what its person is asked for, when nothing runs any more; False: there was nothing to do
    somebody: Callable[[], Awaitable[bool]] | None = None

    async def plan(self, words: str, *reasons: Reason) -> Plan:
        """Store a plan and confirm it, as Confirm in chat does."""
        now = self.clock.now()
        async with self.db.transaction() as tx:
            made = await plans.add_plan(tx, proposed(self.portfolio.id, words, now, *reasons))
            assert await plans.decide(tx, made.id, PlanState.CONFIRMED, now)
            await enqueue_plan(self.work, tx, made)
        return made

    async def run(self, words: str, *reasons: Reason) -> Plan:
        """Carry a plan out and return it as it ended."""
        made = await self.plan(words, *reasons)
        await self.finish()
        return await self.read(made.id)

    async def finish(self) -> None:
        """Run what waits."""
        assert isinstance(self.work, Inline)
        await self.work.run_pending()
        while self.somebody is not None and await self.somebody():
            await self.work.run_pending()

    async def let_go(self, plan_id: int) -> Plan:
        """Let a plan go on that waits for its person because nobody knows of an order: they have looked, and there is none."""
        assert (await self.told())[-1] == ("plan_parked", {"plan_id": plan_id, "why": "unknown"})
        assert await self.executor.recovery.carry_on(plan_id)
        await self.finish()
        return await self.read(plan_id)

    async def see_through(self, plan_id: int) -> Plan:
        """Run what waits, as often as its person is asked about an order of which nobody knows; return the plan as it then stands."""
        await self.finish()
        while (plan := await self.read(plan_id)).state is PlanState.PARKED and (await self.told())[-1][1]["why"] == "unknown":
            await self.let_go(plan_id)
        return plan

    async def read(self, plan_id: int) -> Plan:
        """Return a plan as it is stored."""
        async with self.db.read() as tx:
            found = await plans.plan(tx, plan_id)
        assert found is not None
        return found

    async def attempts(self, plan_id: int) -> tuple[orders.Attempt, ...]:
        """Return the orders of a plan."""
        async with self.db.read() as tx:
            return await orders.orders(tx, plan_id)

    async def told(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the messages that were posted, as (kind, facts)."""
        async with self.db.read() as tx:
            rows = await tx.execute(tables.outbox.select().order_by(tables.outbox.c.id))
            return [(row.kind, row.facts) for row in rows]

    async def pause(self) -> None:
        """Pause the portfolio, as /pause does."""
        async with self.db.transaction() as tx:
            await portfolios.save(tx, replace(self.portfolio, paused=True))


def proposed(portfolio_id: int, words: str, now: datetime, *reasons: Reason) -> Plan:
    """Return a plan that waits for an answer; a person asked for it unless there are other reasons."""
    return Plan(
        id=0,
        number=0,
        portfolio_id=portfolio_id,
        mode=Mode.PAPER,
        state=PlanState.PROPOSED,
        reasons=reasons or (Reason(trigger=Cause.MANUAL),),
        before=FIGURES,
        after=FIGURES,
        legs=legs(words),
        prices=dict(PRICES),
        created_at=now,
        expires_at=now + timedelta(minutes=15),
    )


async def open_lab(
    db: Database,
    *,
    clock: Clock | None = None,
    work: Work | None = None,
    state: AccountState | None = None,
    pace: Pace = QUICK,
    paths: Mapping[str, Callable[[float], float]] | None = None,
    manual: bool = False,
    late_window_s: float | None = 5.0,
    crash_point: Callable[[str], None] | None = None,
) -> Lab:
    """Build a laboratory on a migrated database; one that was there before is found again with its account."""
    clock, work, services = clock or ManualClock(START), work or Inline(), Services()
    market = Market3(clock, paths)
    portfolio, saved = await _portfolio(db, clock, state or rich())

    async def save(after: AccountState) -> None:
        async with db.transaction() as tx:
            await portfolios.save_account(tx, portfolio.id, after.to_json())

    account: PaperExchange | ManualExchange
    if manual:
        account = ManualExchange(market, clock, saved, save=save)
    else:
        account = PaperExchange(market, clock, saved, save=save, faults=Faults(), late_window_s=late_window_s)
    points: list[str] = []
    lab = Lab(db, clock, market, account, services, work, None, portfolio, points)  # type: ignore[arg-type]

    async def exchange(_: int) -> Any:
        return lab.account

    lab.executor = Executor(db, work, exchange, clock, services, pace=pace, crash_point=crash_point or points.append)
    return lab


async def _portfolio(db: Database, clock: Clock, state: AccountState) -> tuple[Portfolio, AccountState]:
    async with db.transaction() as tx:
        found = await portfolios.of_person(tx, 1)
        if found:
            bodies = await portfolios.accounts_of(tx, (found[0].id,))
            return found[0], AccountState.from_json(bodies[found[0].id])
        await accounts.add_person(tx, Person(id=1, chat_id=11, role=Role.MEMBER))
        empty = Portfolio(id=0, person_id=1, name="lab", mode=Mode.PAPER, exchange="paper", strategy=STRATEGY, created_at=clock.now())
        added = await portfolios.add(tx, empty)
        await portfolios.save_account(tx, added.id, state.to_json())
        return added, state


def rich(**spot: str) -> AccountState:
    """Return an account with a bit of everything."""
    held = {"BTC": "1", "ETH": "5", "SOL": "80", "USDT": "5000"} | spot
    return AccountState.holding(
        {asset: Decimal(qty) for asset, qty in held.items()},
        futures_wallet=Decimal(9000),
        positions={"BTC-PERP": (Decimal("0.25"), Decimal(52000))},
    )


def states(plan: Plan) -> list[LegState]:
    """Return the states of a plan's legs."""
    return [leg.state for leg in plan.legs]


def books(account: PaperExchange) -> dict[str, str]:
    """Return the final books as text: what two runs must agree on."""
    state = account.state
    found = {asset: f"{qty.normalize():f}" for asset, qty in sorted(state.spot.items())}
    found["wallet"] = f"{state.futures_wallet.normalize():f}"
    return found | {name: f"{stake.qty.normalize():f}" for name, stake in sorted(state.positions.items())}


def filled_by_leg(account: PaperExchange) -> Counter[int]:
    """Return what the exchange filled for each leg index."""
    found: Counter[int] = Counter()
    for order in account.state.orders.values():
        found[int(order.request.client_id.split("-")[1])] += order.filled  # type: ignore[assignment]
    return found
