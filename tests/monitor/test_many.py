"""A check of many portfolios: looked at together they are what each is alone, and the prices do not grow old meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.monitor import check as monitor
from chatbot.store import portfolios
from tests.portfolio.still_market import bench

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import pytest

    from chatbot.model import Portfolio
    from chatbot.portfolio.evaluation import Evaluation


async def test_portfolios_looked_at_together_are_what_each_is_alone(tmp_path: Path) -> None:
    """One with futures, one without, one paused: the bulk reads lose and mix up nothing."""
    async with bench(tmp_path) as on:
        many = [await on.balanced(), await on.balanced(futures="10"), await on.balanced()]
        await on.program.portfolios.change(many[2], paused=True)
        together = await on.program.evaluator.look_many(many)
        assert together == {one.id: await on.program.evaluator.look(one) for one in many}


async def test_a_portfolio_without_an_account_stops_nobody_else_from_being_opened(tmp_path: Path) -> None:
    """Opening many leaves out who is gone."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.program.accounts.close()
        await on.program.accounts.load([999, portfolio.id])
        assert (await (await on.program.accounts.exchange(portfolio.id)).balances()).spot


async def test_a_check_that_outlives_its_prices_fetches_them_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at each takes half a minute here; prices may be a minute old at most, and everybody is evaluated."""
    monkeypatch.setattr(monitor, "_CHUNK", 1)
    async with bench(tmp_path) as on:
        many = [await on.balanced() for _ in range(4)]
        looks = on.program.evaluator.look_many

        async def slowly(some: Collection[Portfolio]) -> dict[int, Evaluation]:
            found = await looks(some)
            on.clock.advance(30)
            return found

        monkeypatch.setattr(on.program.evaluator, "look_many", slowly)
        await on.tick()
        async with on.program.db.read() as tx:
            seen = await portfolios.checks_of(tx, [one.id for one in many])
        assert {check.held_back for check in seen.values()} == {"inside"}
