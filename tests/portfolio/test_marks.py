"""The mark of a day: what it says of a portfolio adds up to its value, and it is written once a day from now on."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.store import flows
from tests.moments import after
from tests.portfolio.lively_market import LivelyMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone


async def bought(ann: Someone) -> None:
    """Carry out the first plan."""
    await ann.set_up()
    await ann.confirm()
    await ann.step()


@pytest.mark.long
async def test_a_day_is_marked_once_with_everything_that_makes_its_value(tmp_path: Path) -> None:
    """Quantities times prices and the futures account are the value; targets, bands and funding stand beside it."""
    async with after(bought, tmp_path, source=LivelyMarket) as ann:
        for _ in range(3):
            await ann.step(timedelta(hours=13).total_seconds())
        portfolio_id = await ann.portfolio_id()
        async with ann.program.db.read() as tx:
            marked = await flows.marked(tx, portfolio_id)
        assert len(marked) == 3
        assert [one.day for one in marked] == sorted({one.day for one in marked})
        for one in marked:
            assert one.mark is not None
            mark = one.mark
            assert abs(sum(qty * mark.prices[name] for name, qty in mark.held.items()) + mark.futures_cash - one.value) < Decimal("1e-12")
        mark = marked[-1].mark
        assert mark is not None
        assert sum(weight for name, weight in mark.targets.items() if not name.endswith("-PERP")) <= 1
        assert mark.bands
        assert mark.drift is not None
        assert mark.funding is not None
