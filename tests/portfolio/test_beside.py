"""Portfolios beside each other: whatever is done to one, nothing of another changes, and exactly those that should be are watched."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.errors import UserError
from chatbot.model import Cause, Mode, Person, Portfolio, Reason, Role
from chatbot.plans import outcomes
from chatbot.portfolio import strategies
from chatbot.portfolio.manage import UnderWay
from chatbot.store import accounts, portfolios, tables
from tests.examples import examples
from tests.portfolio.still_market import PERSON, D, bench

if TYPE_CHECKING:
    from tests.portfolio.still_market import Bench

BEN = Person(id=8, chat_id=8, name="Ben", role=Role.MEMBER)
PEOPLE = (PERSON, BEN)
_MADE = (Reason(trigger=Cause.MANUAL),)
_ACTIONS = (
    "keep",
    "replace",
    "switch",
    "rename",
    "close",
    "reopen",
    "pause",
    "resume",
    "pause all",
    "resume all",
    "plan",
    "confirm",
    "block",
)
#: who does what with which of all portfolios, by its place among them
STEPS = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(_ACTIONS), st.integers(0, 5)), min_size=4, max_size=14)


@dataclass(slots=True)
class Crowd:
    """Two people, and all that they have."""

    on: Bench
    plans: list[int] = field(default_factory=list)

    async def rows(self) -> dict[int, Any]:
        """Return everything that is stored of each portfolio."""
        found: dict[int, list[Any]] = defaultdict(list)
        async with self.on.program.db.read() as tx:
            for table, key in ((tables.portfolios, "id"), (tables.accounts, "portfolio_id"), (tables.plans, "portfolio_id")):
                for row in (await tx.execute(table.select().order_by(*table.primary_key))).mappings():
                    found[row[key]].append(dict(row))
        return found

    async def all(self) -> list[Portfolio]:
        """Return all portfolios of both, oldest first."""
        async with self.on.program.db.read() as tx:
            found = [one for person in PEOPLE for one in await portfolios.of_person(tx, person.id)]
        return sorted(found, key=lambda one: one.id)

    async def person(self, who: Person) -> Person:
        """Return somebody as they are stored."""
        async with self.on.program.db.read() as tx:
            found = await accounts.person(tx, who.id)
        assert found is not None
        return found

    async def do(self, who: Person, action: str, at: int) -> set[int]:
        """Do one thing and return which portfolios it names."""
        there = await self.all()
        one = there[at % len(there)] if there else None
        person = await self.person(who)
        if action == "block":
            await self._block(person, who.role)
        if action == "block" or not person.is_let_in:  # the gate lets none of their words through
            return set()
        if action in ("keep", "replace"):
            return await self._open(person, one if action == "replace" else None)
        if action == "confirm":
            return await self._confirm(person, at)
        if action in ("pause all", "resume all"):
            await (self.on.program.portfolios.pause if action == "pause all" else self.on.program.portfolios.resume)(person)
            return {mine.id for mine in there if mine.person_id == who.id and mine.is_open}
        if one is not None:
            await self._on_one(person, action, one)
        return {one.id} if one is not None and one.person_id == who.id else set()

    async def _block(self, person: Person, role: Role) -> None:
        """Block somebody, or let them in again, as the operator does."""
        async with self.on.program.db.transaction() as tx:
            await accounts.change_person(tx, person.id, role=Role.BLOCKED if person.is_let_in else role)
        for portfolio in await self.all():
            self.on.program.roster.forget(portfolio.id)

    async def _open(self, person: Person, replaced: Portfolio | None) -> set[int]:
        before = {one.id for one in await self.all()}
        strategy = strategies.preset("balanced", await self.on.market.markets())
        opened = await self.on.program.portfolios.open(
            person, Mode.PAPER, strategy, {"USDT": D(10_000)}, replaces=replaced.id if replaced else None
        )
        assert isinstance(opened, (Portfolio, UnderWay))
        mine = {replaced.id} if replaced is not None and replaced.person_id == person.id else set()
        return mine | {one.id for one in await self.all()} - before

    async def _confirm(self, person: Person, at: int) -> set[int]:
        """Press Confirm on any card there was; somebody else's is refused."""
        if not self.plans:
            return set()
        plan_id = self.plans[at % len(self.plans)]
        plan = await self.on.program.rebalancing.owned_plan(plan_id, person.id)
        outcome = await self.on.program.rebalancing.confirm(plan_id, person.id)
        assert isinstance(outcome, outcomes.NotYours) == (plan is None)
        await self.on.program.work.run_pending()  # type: ignore[attr-defined]  # the one of tests
        if isinstance(outcome, outcomes.Proposed):
            self.plans.append(outcome.plan.id)
        return {plan.portfolio_id} if plan is not None else set()

    async def _on_one(self, person: Person, action: str, one: Portfolio) -> None:
        use_cases = self.on.program.portfolios
        if action == "switch":
            await use_cases.switch(person, one.id)
        elif action == "rename":
            with suppress(UserError):  # another one has that name
                await use_cases.rename(person, one.id, f"Pot {one.id % 2}")
        elif action == "close":
            await use_cases.close(person, one.id)
        elif action == "reopen":
            await use_cases.reopen(person, one.id)
        elif action == "plan":
            if one.person_id == person.id:
                made = await self.on.program.rebalancing.propose(one, _MADE)
                assert isinstance(made, outcomes.Closed) == (not one.is_open)
                self.plans += [made.plan.id] if isinstance(made, outcomes.Proposed) else []
        else:
            await (use_cases.pause if action == "pause" else use_cases.resume)(person, one.id)

    async def holds(self) -> None:
        """Hold what is true of portfolios beside each other at any time."""
        people = {who.id: await self.person(who) for who in PEOPLE}
        there = await self.all()
        for who in people.values():
            theirs = [one for one in there if one.person_id == who.id and one.is_open]
            assert len({one.name for one in theirs}) == len(theirs)
            assert (who.portfolio_id in {one.id for one in theirs}) == bool(theirs)
        for one in there:
            others = [other for other in there if other.person_id == one.person_id and other.id != one.id and other.is_open]
            assert one.is_one_of_several == bool(others)
        await self.on.program.roster.refresh()
        watched = {one.id for one in there if one.is_open and not one.paused and people[one.person_id].is_let_in}
        assert set(self.on.program.roster._watched) == watched


async def live_through(steps: list[tuple[Person, str, int]]) -> None:
    """Do one thing after the other, and compare everything that is stored before and after."""
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder)) as on:
            async with on.program.db.transaction() as tx:
                await accounts.add_person(tx, BEN)
            crowd = Crowd(on)
            for who in (*PEOPLE, PERSON):
                await crowd.do(who, "keep", 0)
            for who, action, at in steps:
                before = await crowd.rows()
                named = await crowd.do(who, action, at)
                after = await crowd.rows()
                touched = {number for number in before.keys() | after.keys() if before.get(number) != after.get(number)}
                assert touched <= named, (who.name, action, at)
                await crowd.holds()


@pytest.mark.long
@settings(max_examples=examples(6), suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_whatever_is_done_nothing_changes_but_the_portfolio_that_was_named(steps: list[tuple[Person, str, int]]) -> None:
    asyncio.run(live_through(steps))
