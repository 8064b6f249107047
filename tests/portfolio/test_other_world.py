"""A portfolio acts only on the market that it was opened on: elsewhere it is neither valued nor traded, and its person is told why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from chatbot.errors import OtherWorld
from chatbot.plans import outcomes
from tests.portfolio.still_market import PERSON, bench

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("world", ["simulated", "replay", "binance", "bybit"])
async def test_a_portfolio_of_another_market_is_told_and_left_alone(tmp_path: Path, world: str) -> None:
    """Made-up prices on a live portfolio, one live exchange on another's: no value, no order, one alert, and the neighbour goes on."""
    async with bench(tmp_path) as on:
        portfolio, neighbour = await on.balanced(), await on.balanced()
        proposed = await on.program.rebalancing.propose(portfolio, ())
        async with on.program.db.transaction() as tx:
            await tx.execute(text("UPDATE pf_portfolios SET exchange = :world WHERE id = :id"), {"world": world, "id": portfolio.id})
        on.program.accounts._open.clear()
        on.program.roster.forget(portfolio.id)
        with pytest.raises(OtherWorld):
            await on.program.accounts.exchange(portfolio.id)
        moved = await on.program.portfolios.by_id(portfolio.id)
        assert moved is not None
        found = await on.program.evaluator.look(moved, fresh=True)
        assert [(problem.code, problem.instrument) for problem in found.problems] == [("other_world", world)]
        assert isinstance(await on.program.rebalancing.propose(moved, ()), outcomes.CannotEvaluate)
        if isinstance(proposed, outcomes.Proposed):
            assert isinstance(await on.program.rebalancing.confirm(proposed.plan.id, PERSON.id), outcomes.CannotEvaluate)
        for _ in range(4):
            await on.tick()
        told = [(message.kind, message.facts["portfolio_id"]) for message in await on.mail()]
        assert told == [("problem", portfolio.id)]
        assert (await on.program.evaluator.look(neighbour)).figures is not None
