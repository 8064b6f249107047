"""Whatever the exchange does to us: one intention never becomes two fills, and the books stay whole."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.execution.pace import Pace
from chatbot.model import LegKind, LegState, OrderState, PlanState
from chatbot.store.database import Database
from tests import on_postgres
from tests.examples import examples
from tests.execution.lab import QUICK, START, Lab, open_lab, rich

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from chatbot.exchanges.base import OrderRequest
    from chatbot.model import Plan

#: two of every kind that may run side by side
WORDS = (
    "sell 0.2 BTC; sell 1 ETH; to_spot 1200; buy 60 SOL; buy 4000 ADA; to_futures 100; "
    "reduce sell 0.05 BTC-PERP; increase buy 0.5 ETH-PERP; increase buy 10 SOL-PERP"
)
PACE = Pace(requote_s=4, poll_s=2, requotes=0, retries_s=(1, 2, 4), margin_s=1)
MEMORY = next((place for place in ("/dev/shm",) if Path(place).is_dir()), None)  # noqa: S108 - a folder of its own is made there
#: what an exchange may do to a call; each is used up by the first call that it can strike
FAULTS = ("lose_answers", "drop_requests", "late_requests", "lose_cancels", "lose_transfers")


class Killed(Exception):
    """The process ends here."""


@dataclass(frozen=True, slots=True)
class Weather:
    """One run's bad luck."""

    #: before the n-th placement, cancel or transfer: a fault
    faults: tuple[str, ...]
    #: the process dies when it passes so many points, again and again
    deaths: tuple[int, ...]
    late_s: float
    lag_s: float
    #: instruments that fill to their half only
    stuck: frozenset[str]
    #: placements with these numbers are refused
    refused: frozenset[int]


weathers = st.builds(
    Weather,
    faults=st.lists(st.sampled_from(("", "", *FAULTS)), max_size=10).map(tuple),
    deaths=st.lists(st.integers(1, 40), max_size=4).map(tuple),
    late_s=st.sampled_from([0.0, 1.0, 3.0, 4.9]),
    lag_s=st.sampled_from([0.0, 0.5, 1.0]),
    stuck=st.frozensets(st.sampled_from(["BTC", "ETH", "SOL", "BTC-PERP"]), max_size=2),
    refused=st.frozensets(st.integers(0, 8), max_size=2),
)


@cache
def template() -> Path:
    """Return a migrated, empty database file, made once."""
    path = Path(tempfile.mkdtemp(prefix="ballast-lab-")) / "empty.db"

    async def make() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await database.migrate()
        await database.close()

    asyncio.run(make())
    return path


@asynccontextmanager
async def fresh_db() -> AsyncIterator[Database]:
    """Give a new database, in memory where the system has a place for that."""
    with tempfile.TemporaryDirectory(prefix="ballast-lab-", dir=MEMORY) as folder:
        path = Path(folder) / "lab.db"
        if not on_postgres.AT.server:
            shutil.copy(template(), path)
        database = Database(f"sqlite+aiosqlite:///{path}")
        try:
            yield database
        finally:
            await database.close()


class Harsh:
    """Arms the faults one by one, refuses now and then, and checks the books at every placement."""

    def __init__(self, weather: Weather) -> None:
        self.weather = weather
        self.left = list(weather.faults)
        self.deaths = list(weather.deaths)
        self.passed = 0
        self.placed = 0
        self.accepted: dict[str, int] = {}

    def point(self, _: str) -> None:
        """Die here when it is time."""
        self.passed += 1
        if self.deaths and self.passed >= self.deaths[0]:
            self.deaths.pop(0)
            self.passed = 0
            raise Killed

    def take_over(self, lab: Lab, faults: object) -> None:
        """Stand between the executor and the paper exchange."""
        account = lab.account
        if faults is not None:
            account.faults = faults
        account.faults.late_s, account.faults.lookup_lag_s = self.weather.late_s, self.weather.lag_s
        account.faults.reusable_ids = True
        account.faults.stuck |= self.weather.stuck
        place, cancel, transfer, accept = account.place, account.cancel, account.transfer, account._accept

        def arm() -> None:
            for name in FAULTS:
                setattr(account.faults, name, 0)
            if self.left and (fault := self.left.pop(0)):
                setattr(account.faults, fault, 1)

        async def placing(request: OrderRequest) -> object:
            arm()
            solvent(lab)
            if self.placed in self.weather.refused:
                account.faults.reject_next = "instrument_locked"
            self.placed += 1
            return await place(request)

        async def cancelling(*given: str) -> object:
            arm()
            return await cancel(*given)

        async def transferring(*given: object) -> None:
            arm()
            await transfer(*given)

        async def accepting(request: OrderRequest) -> None:
            await accept(request)
            self.accepted[request.client_id] = self.accepted.get(request.client_id, 0) + 1

        account.place, account.cancel, account.transfer, account._accept = placing, cancelling, transferring, accepting


def solvent(lab: Lab) -> None:
    """Nothing is ever below zero."""
    assert all(qty >= 0 for qty in lab.account.state.spot.values())


async def live_through(database: Database, weather: Weather, words: str = WORDS) -> tuple[Lab, Plan, Harsh]:
    """Carry a plan out through all deaths, then let every late order arrive."""
    clock, harsh, faults, plan_id = ManualClock(START), Harsh(weather), None, 0
    while True:
        lab = await open_lab(database, clock=clock, pace=PACE, crash_point=harsh.point)
        harsh.take_over(lab, faults)
        faults = lab.account.faults
        plan_id = plan_id or (await lab.plan(words)).id
        await lab.executor.recovery.reconcile()
        try:
            if await lab.executor.execute_plan(plan_id) != PlanState.PARKED:
                break
            # an order that nobody knows of, or work that was taken up again too often: its person is asked, and lets it go on
            assert (await lab.told())[-1][1]["why"] in ("unknown", "broken")
            clock.advance(QUICK.again_s)
            assert await lab.executor.recovery.carry_on(plan_id)
        except Killed:
            continue
    clock.advance(60)
    await lab.account.balances()
    return lab, await lab.read(plan_id), harsh


def traded(plan: Plan, name: str, *, bought: bool) -> Decimal:
    """Return what the legs say was bought or sold of an instrument."""
    return sum((leg.filled for leg in plan.legs if leg.instrument == name and (leg.side == "buy") is bought), Decimal(0))


async def holds(database: Database, weather: Weather) -> None:
    """Run one weather and hold every promise against the exchange's own books."""
    lab, plan, harsh = await live_through(database, weather)
    before, after = rich(), lab.account.state
    assert plan.state == PlanState.DONE
    assert all(times == 1 for times in harsh.accepted.values()), "one intention, one order"
    for leg in plan.legs:
        assert leg.state in (LegState.FILLED, LegState.PARTIAL, LegState.REJECTED, LegState.DROPPED)
        assert 0 <= leg.filled <= leg.qty
    for coin in ("BTC", "ETH", "SOL", "ADA"):
        change = after.spot.get(coin, Decimal(0)) - before.spot.get(coin, Decimal(0))
        assert change == traded(plan, coin, bought=True) - traded(plan, coin, bought=False)
    perp = after.positions["BTC-PERP"].qty if "BTC-PERP" in after.positions else Decimal(0)
    assert perp == Decimal("0.25") - traded(plan, "BTC-PERP", bought=False)
    await money_adds_up(lab, plan)
    assert after.open_orders == ()
    assert after.late == ()
    solvent(lab)


async def money_adds_up(lab: Lab, plan: Plan) -> None:
    """Cash before, and what the legs say came and went, is cash after; the same for the futures wallet's transfers."""
    cash = Decimal(5000)
    for leg in plan.legs:
        value = leg.filled * (leg.average or Decimal(0))
        if leg.kind == LegKind.SPOT_SELL:
            cash += value - leg.fee
        elif leg.kind == LegKind.SPOT_BUY:
            cash -= value + leg.fee
        elif leg.kind == LegKind.TO_SPOT:
            cash += leg.filled
        elif leg.kind == LegKind.TO_FUTURES:
            cash -= leg.filled
    assert abs(lab.account.state.spot["USDT"] - cash) < Decimal("1e-12")
    attempts = await lab.attempts(plan.id)
    assert {one.state for one in attempts} <= {OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED}
    for leg in plan.legs:
        assert leg.filled == sum((one.filled for one in attempts if one.leg_index == leg.index), Decimal(0))


def run(weathers_of_runs: Sequence[Weather]) -> None:
    """Run each weather on a database of its own."""

    async def go() -> None:
        for weather in weathers_of_runs:
            async with fresh_db() as database:
                await holds(database, weather)

    template()
    asyncio.run(go())


CALM = Weather(faults=(), deaths=(), late_s=0, lag_s=0, stuck=frozenset(), refused=frozenset())


@settings(max_examples=examples(8, soak=1500), suppress_health_check=list(HealthCheck))
@given(weather=weathers)
def test_one_intention_never_becomes_two_fills(weather: Weather) -> None:
    """Late acceptance, ids that can be used again, lagging look-ups, lost answers, partial fills, refusals and sudden death."""
    run([weather])


@pytest.mark.long
def test_work_that_dies_until_it_is_given_up_goes_on_when_its_person_says_so() -> None:
    """Five deaths, each soon after a new start: the plan is parked as broken, and then carried out as any other."""
    run([replace(CALM, faults=("",) * 5 + ("drop_requests",), deaths=(39, 1, 1, 1))])


@pytest.mark.parametrize("before", [(1, 9), pytest.param(range(16), marks=pytest.mark.slow)])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_alone_at_every_call(fault: str, before: Sequence[int]) -> None:
    """The fault strikes the first, the second, ... call of the plan; in every run an early and a late one."""
    run([replace(CALM, faults=("",) * calls + (fault,), late_s=3.0, lag_s=0.5) for calls in before])


def test_a_lucky_guess_would_be_caught() -> None:
    """The check itself: sending again without waiting doubles the order, and the test sees it."""
    hasty = replace(PACE, margin_s=-5, again_s=0, looks=1, requote_s=1, poll_s=1)

    async def go() -> dict[str, int]:
        async with fresh_db() as database:
            harsh = Harsh(replace(CALM, faults=("late_requests",), late_s=4.9))
            lab = await open_lab(database, clock=ManualClock(START), pace=hasty)
            harsh.take_over(lab, None)
            plan = await lab.plan("sell 0.2 BTC")
            await lab.executor.execute_plan(plan.id)
            await lab.let_go(plan.id)
            lab.clock.advance(60)  # type: ignore[attr-defined]
            await lab.account.balances()
            return harsh.accepted

    template()
    assert max(asyncio.run(go()).values()) == 2
