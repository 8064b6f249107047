"""Plans that are answered by two at once: what was read before the transaction is read again inside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.clock import ManualClock
from chatbot.model import Cause, LegState, PlanState, Reason
from chatbot.plans import outcomes
from tests.meanwhile import meanwhile
from tests.portfolio.lively_market import LivelyMarket
from tests.portfolio.still_market import PERSON, START, D, bench

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from chatbot.model import Plan
    from tests.portfolio.still_market import Bench

ASKED = (Reason(trigger=Cause.MANUAL),)


class Card:
    """A card that waits, in a market whose costs are known, and everything that may be done with it."""

    def __init__(self, on: Bench, plan: Plan) -> None:
        self.on, self.plan = on, plan

    async def confirm(self, **options: Any) -> Any:
        """Press Confirm."""
        return await self.on.program.rebalancing.confirm(self.plan.id, PERSON.id, **options)

    async def skip(self) -> Any:
        """Press Skip."""
        return await self.on.program.rebalancing.skip(self.plan.id, PERSON.id)

    async def snooze(self) -> Any:
        """Press Snooze."""
        return await self.on.program.rebalancing.skip(self.plan.id, PERSON.id, until=self.on.clock.now() + timedelta(hours=1))

    async def toggle(self) -> Any:
        """Leave the leg of SOL out, or take it back in."""
        index = next(leg.index for leg in self.plan.legs if leg.instrument == "SOL")
        return await self.on.program.rebalancing.toggle(self.plan.id, PERSON.id, index)

    async def propose(self) -> Any:
        """Ask for another plan."""
        portfolio = await self.on.program.portfolios.by_id(self.plan.portfolio_id)
        assert portfolio is not None
        return await self.on.program.rebalancing.propose(portfolio, ASKED)

    async def again(self) -> Any:
        """Ask for what the plan left undone."""
        return await self.on.program.rebalancing.again(self.plan.id, PERSON.id)

    async def pause(self) -> None:
        """Pause the portfolio."""
        await self._change(paused=True)

    async def resettle(self) -> None:
        """Choose another way to the targets."""
        portfolio = await self.on.program.portfolios.by_id(self.plan.portfolio_id)
        assert portfolio is not None
        await self._change(strategy=replace(portfolio.strategy, theta=D("0.5")))

    async def _change(self, **fields: Any) -> None:
        portfolio = await self.on.program.portfolios.by_id(self.plan.portfolio_id)
        assert portfolio is not None
        await self.on.program.portfolios.change(portfolio, **fields)

    async def expire(self) -> None:
        """Let its time pass."""
        self.on.clock.set(self.plan.expires_at)

    async def stored(self) -> Plan:
        """Return the plan as it stands."""
        found = await self.on.program.rebalancing.owned_plan(self.plan.id, PERSON.id)
        assert found is not None
        return found

    async def pending(self) -> int:
        """Carry out what was enqueued and return how many workflows that were."""
        return await self.on.program.work.run_pending()  # type: ignore[attr-defined, no-any-return]


def does(name: str) -> Callable[[Card], Awaitable[Any]]:
    """Return what is done with a card, by its name."""
    return lambda card: getattr(card, name)()  # type: ignore[no-any-return]


async def shown(on: Bench) -> Card:
    """Open a portfolio, let BTC rise by half, and show the card."""
    portfolio = await on.balanced()
    on.market.move("BTC", "1.5")
    made = await on.program.rebalancing.propose(portfolio, ASKED)
    assert isinstance(made, outcomes.Proposed)
    return Card(on, made.plan)


#: what one hand does, what another does while the first is looked at, what the first is told, and how the plan stands then
RACES = [
    ("confirm", "skip", outcomes.Late, PlanState.SKIPPED),
    ("confirm", "propose", outcomes.Late, PlanState.SUPERSEDED),
    ("confirm", "expire", outcomes.Late, PlanState.EXPIRED),
    ("confirm", "confirm", outcomes.Late, PlanState.CONFIRMED),
    ("confirm", "pause", outcomes.Paused, PlanState.PROPOSED),
    ("confirm", "resettle", outcomes.Late, PlanState.SUPERSEDED),
    ("toggle", "resettle", outcomes.Late, PlanState.SUPERSEDED),
    ("skip", "resettle", outcomes.Late, PlanState.SUPERSEDED),
    ("skip", "confirm", outcomes.Late, PlanState.CONFIRMED),
    ("skip", "propose", outcomes.Late, PlanState.SUPERSEDED),
    ("snooze", "confirm", outcomes.Late, PlanState.CONFIRMED),
    ("toggle", "confirm", outcomes.Late, PlanState.CONFIRMED),
    ("toggle", "skip", outcomes.Late, PlanState.SKIPPED),
    ("toggle", "propose", outcomes.Late, PlanState.SUPERSEDED),
    ("propose", "confirm", outcomes.Busy, PlanState.CONFIRMED),
    ("again", "confirm", outcomes.Busy, PlanState.CONFIRMED),
    ("propose", "skip", outcomes.Proposed, PlanState.SKIPPED),
]


@pytest.mark.parametrize(("first", "second", "told", "state"), RACES, ids=[f"{first} while {second}" for first, second, *_ in RACES])
async def test_what_was_decided_while_a_tap_was_looked_at_counts(
    tmp_path: Path, first: str, second: str, told: type[Any], state: PlanState
) -> None:
    """The second hand is quicker: the first is told how the plan stands, and nothing is undone or done twice."""
    async with bench(tmp_path) as on:
        card = await shown(on)
        with meanwhile(on.program.db, lambda: does(second)(card)):
            answer = await does(first)(card)
        assert isinstance(answer, told)
        stored = await card.stored()
        assert stored.state is state
        if told is outcomes.Late:
            assert answer.plan.state is state, "what is told is how it stands"
        assert [leg.state for leg in stored.legs] == [LegState.PLANNED] * len(stored.legs)
        assert await card.pending() == (state is PlanState.CONFIRMED)
        portfolio = await on.program.portfolios.by_id(card.plan.portfolio_id)
        assert portfolio is not None
        assert portfolio.snoozed_until is None


async def test_an_expensive_leg_taken_back_in_while_confirm_was_looked_at_is_asked_about(tmp_path: Path) -> None:
    """The yes was to a plan without it: nothing is sent, and the question names the leg."""
    clock = ManualClock(START)
    async with bench(tmp_path, market=LivelyMarket(clock), clock=clock) as on:
        assert isinstance(on.market, LivelyMarket)
        on.market.volumes["SOL"] = D(2000)
        card = await shown(on)
        await card.toggle()
        with meanwhile(on.program.db, card.toggle):
            answer = await card.confirm()
        assert isinstance(answer, outcomes.TooExpensive)
        assert [leg.state for leg in answer.plan.legs] == [LegState.PLANNED, LegState.PLANNED]
        assert (await card.stored()).state is PlanState.PROPOSED
        assert await card.pending() == 0
        index = next(leg.index for leg in answer.plan.legs if leg.instrument == "SOL")
        assert isinstance(await card.confirm(accepted=frozenset({index})), outcomes.Confirmed)


async def test_a_snooze_keeps_what_else_was_changed_while_it_was_looked_at(tmp_path: Path) -> None:
    """The row is read again: a portfolio that was just paused, with a new name, is not put back to what it was."""
    async with bench(tmp_path) as on:
        card = await shown(on)
        portfolio = await on.program.portfolios.by_id(card.plan.portfolio_id)
        assert portfolio is not None

        async def other_hand() -> None:
            await on.program.portfolios.rename(PERSON, card.plan.portfolio_id, "long term")
            await on.program.portfolios.pause(PERSON)

        with meanwhile(on.program.db, other_hand):
            assert isinstance(await card.snooze(), outcomes.Proposed)
        after = await on.program.portfolios.by_id(portfolio.id)
        assert after is not None
        assert after == replace(
            portfolio,
            name="long term",
            paused=True,
            snoozed_until=on.clock.now() + timedelta(hours=1),
            last_plan_number=after.last_plan_number,
        )


async def test_a_confirm_while_paused_leaves_the_card_waiting(tmp_path: Path) -> None:
    """It is told to be paused, not to have run out; after the pause the same card can be confirmed, and after its time it cannot."""
    async with bench(tmp_path) as on:
        card = await shown(on)
        await card.pause()
        assert isinstance(await card.confirm(), outcomes.Paused)
        assert (await card.stored()).state is PlanState.PROPOSED
        await card._change(paused=False)
        assert isinstance(await card.confirm(), outcomes.Confirmed)
        other = await shown(on)
        await other.pause()
        await other.expire()
        late = await other.confirm()
        assert isinstance(late, outcomes.Late)
        assert late.plan.state is PlanState.EXPIRED
