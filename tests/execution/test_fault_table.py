"""Every fault at every call of an execution, once and for good: the plan is done, done with a residual that is named, or parked and told.

Never silence, never a stuck plan, never an order that nobody booked. The table is printed (``pytest -s``).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from chatbot.exchanges.testserver.faults import EVERY, Faults, faults_of
from chatbot.exchanges.testserver.words import Call
from chatbot.execution.next_order import UNKNOWN_END
from chatbot.execution.pace import Pace
from chatbot.model import LegState, Mode, PlanState
from chatbot.store import tables
from tests.execution.test_on_live_venues import agrees, on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatbot.exchanges.testserver.server import Server
    from chatbot.model import Plan
    from chatbot.store.database import Database
    from tests.execution.lab import Lab

#: what goes through the table
WORDS = {"spot": "sell 0.002 BTC", "futures": "increase sell 0.01 ETH-PERP", "transfer": "to_futures 5"}
#: and the calls that each of them makes, those included that follow when an answer was lost: a new one has to be in the table
CALLS: dict[tuple[str, str], set[str]] = {
    ("binance", "spot"): {"time", "rules", "tickers", "depth", "balances", "futures", "place", "find", "fills"},
    ("binance", "futures"): {
        *("time", "rules", "touch", "marks", "depth", "positions"),
        *("leverage", "mode", "place", "find", "cancel", "fills"),
    },
    ("binance", "transfer"): {"time", "balances", "futures", "transfer", "transfers"},
    ("bingx", "spot"): {"time", "rules", "tickers", "depth", "balances", "futures", "place", "find", "cancel", "fills"},
    ("bingx", "futures"): {
        *("time", "rules", "tickers", "marks", "depth", "positions"),
        *("leverage", "account", "place", "find", "cancel", "fills"),
    },
    ("bingx", "transfer"): {"time", "balances", "futures", "transfer", "transfers"},
    ("bybit", "spot"): {*("time", "rules", "tickers", "depth", "balances"), *("place", "find", "history", "cancel", "fills")},
    ("bybit", "futures"): {
        *("time", "rules", "tickers", "depth", "positions"),
        *("leverage", "place", "find", "history", "cancel", "fills"),
    },
    ("bybit", "transfer"): {"time", "balances"},
    ("mexc", "spot"): {"time", "rules", "tickers", "depth", "balances", "futures", "place", "find", "cancel", "fills"},
    ("mexc", "futures"): {
        *("time", "rules", "tickers", "depth", "marks", "account", "positions"),
        *("leverage", "place", "find", "cancel", "fills"),
    },
    ("mexc", "transfer"): {"time", "balances", "futures", "transfer", "transfers"},
    ("weex", "spot"): {"time", "rules", "tickers", "depth", "balances", "futures", "place", "find", "cancel", "fills"},
    ("weex", "futures"): {
        *("time", "rules", "touch", "marks", "depth", "positions", "account"),
        *("leverage", "place", "find", "cancel", "fills"),
    },
    ("weex", "transfer"): {"time", "balances", "futures", "passed", "income"},
}
#: tried in the long run: the others in the soak
_LONG = {("binance", "spot"), ("binance", "transfer"), ("bybit", "futures"), ("bybit", "transfer")}
#: made only after the answer to another one was lost
_AFTER = {Call.FIND: Call.PLACE, Call.HISTORY: Call.PLACE, Call.FILLS: Call.PLACE, Call.TRANSFERS: Call.TRANSFER}
#: a quote rests for two looks, is taken back, and the rest is taken
PACE = Pace(requote_s=2, requotes=0, take_s=1, retries_s=(1, 2, 4), margin_s=1)
ONCE, FOR_GOOD = 1, 100_000
#: of the machine's time
DEADLINE_S = 60
#: of the clock: longer than what is remembered of the exchange's time and rules, and than any pause
LATER_S = 4000
#: for which a plan may be under way
LONG_S = 4 * 3600


class Table:
    """One kind of leg on one venue, again and again."""

    def __init__(self, venue: str, kind: str, lab: Lab, server: Server) -> None:
        self.venue, self.kind, self.lab, self.server = venue, kind, lab, server

    async def calls(self) -> list[str]:
        """Return the calls that such a plan makes, those included that follow when an answer is lost."""
        before = {call: len(self.server.asked(call)) for call in Call}
        for lost in (None, Call.PLACE, Call.TRANSFER):
            await self._carry_out([] if lost is None else [(lost, "reset_after", ONCE)])
        return [call.value for call in Call if len(self.server.asked(call)) > before[call]]

    async def row(self, call: str, fault: str, times: int) -> str:
        """Carry a plan out under one fault, hold what is promised of its end, and say which end it was."""
        lost = None if call == EVERY else _AFTER.get(Call(call))
        setup = [] if lost is None else [(lost, "reset_after", ONCE)]
        plan = await self._carry_out([*setup, (call, fault, times)])
        met = self.server.faults.left.get(call, 0) < times
        return ("" if met else "not asked: ") + await self.end_of(plan, closes=len(fault) % 2 == 0)

    async def end_of(self, plan: Plan, *, closes: bool) -> str:
        """Hold what is promised of a plan's end, once its person has answered where they were asked, and say which end it was."""
        found = ""
        if plan.state is PlanState.PARKED:
            found += f"parked ({await self._why(plan)}), "
            plan = await self._afterwards(plan, closes=closes)
        assert plan.state is PlanState.DONE
        told = [kind for kind, facts in await self.lab.told() if facts.get("plan_id") == plan.id and kind == "plan_result"]
        assert len(told) == 1
        (leg,) = plan.legs
        assert leg.state is LegState.FILLED or leg.note, leg
        found += "done" if leg.state is LegState.FILLED else f"done, {leg.state.value}: {leg.note}"
        if leg.note == UNKNOWN_END:  # its person did not wait until it was known
            plan = await self._compared(plan)
            found += f", then booked: {plan.legs[0].filled}"
        agrees(plan, self.server)
        return found

    async def _compared(self, plan: Plan) -> Plan:
        """Let what was not known at the end of a plan be found once all is well, as it is with real money."""
        self.server.faults = Faults()
        self.lab.clock.advance(LATER_S)  # type: ignore[attr-defined]
        async with self.lab.db.transaction() as tx:
            await tx.execute(update(tables.plans).where(tables.plans.c.id == plan.id).values(mode=Mode.LIVE))
        await self.lab.executor.comparison.look()
        return await self.lab.read(plan.id)

    async def _carry_out(self, faults: list[tuple[str, str, int]]) -> Plan:
        lab, theirs = self.lab, self.server.venue.accounts["key"]
        self.server.faults = Faults()
        lab.clock.advance(LATER_S)  # type: ignore[attr-defined]
        theirs.leverage.clear()
        for call, fault, times in faults:
            self.server.faults.add(call=call, fault=fault, times=times)
        began = lab.clock.now()
        async with asyncio.timeout(DEADLINE_S):
            plan = await lab.run(WORDS[self.kind])
        assert (lab.clock.now() - began).total_seconds() < LONG_S, faults
        return plan

    async def _why(self, plan: Plan) -> str:
        """Return why its person was told that a plan is parked; it must have been the last that they heard."""
        kind, facts = (await self.lab.told())[-1]
        assert (kind, facts["plan_id"]) == ("plan_parked", plan.id)
        return str(facts["why"])

    async def _afterwards(self, plan: Plan, *, closes: bool) -> Plan:
        """Let a person answer: at once, in vain, and again when all is well."""
        recovery = self.lab.executor.recovery
        answer = recovery.close if closes else recovery.carry_on
        for cured in (False, True):
            if cured:
                self.server.faults = Faults()
                self.lab.clock.advance(LATER_S)  # type: ignore[attr-defined]
            assert await answer(plan.id)
            async with asyncio.timeout(DEADLINE_S):
                await self.lab.finish()
            plan = await self.lab.read(plan.id)
            if plan.state is PlanState.DONE:
                break
            await self._why(plan)
        if plan.state is PlanState.PARKED and self.lab.account.late_window_s is None:
            assert await recovery.close(plan.id)  # nothing is ever sent again there: its person ends it at last
            await self.lab.finish()
            plan = await self.lab.read(plan.id)
        return plan


def rows(calls: list[str], every: int = 1) -> Iterator[tuple[str, str, int]]:
    """Return each ``every``-th of the rows, so that every call and every fault is among them."""
    for row, call in enumerate(calls):
        for column, fault in enumerate(faults_of(call)):
            for half, times in enumerate((ONCE, FOR_GOOD)):
                if (2 * row + column + half * (every // 2)) % every == 0:
                    yield call, fault, times


async def carry_out(db: Database, venue: str, kind: str, calls: list[str], every: int = 1) -> None:
    """Go through these calls of a table, which must be among those that such a plan makes."""
    async with on(venue, db, PACE) as (lab, server):
        await lab.run("to_futures 500")
        table = Table(venue, kind, lab, server)
        assert set(await table.calls()) == CALLS[venue, kind]
        for call, fault, times in rows(calls, every):
            ended = await table.row(call, fault, times)
            print(f"{venue:8} {kind:8} {call:10} {fault:20} {'once' if times == ONCE else 'for good':8} {ended}")  # noqa: T201 - the table


@pytest.mark.long
@pytest.mark.parametrize(
    ("venue", "kind"),
    [pytest.param(*of, marks=() if of in _LONG else pytest.mark.slow) for of in CALLS],
)
async def test_some_faults_at_every_call_end_in_done_or_are_told(db: Database, venue: str, kind: str) -> None:
    await carry_out(db, venue, kind, [*sorted(CALLS[venue, kind]), EVERY], every=28)


@pytest.mark.slow
@pytest.mark.parametrize(("venue", "kind", "call"), [(*of, call) for of, calls in CALLS.items() for call in [*sorted(calls), EVERY]])
async def test_every_fault_at_every_call_ends_in_done_or_is_told(db: Database, venue: str, kind: str, call: str) -> None:
    await carry_out(db, venue, kind, [call])
