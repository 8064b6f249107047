"""One message and one button let money in or out once: nothing comes of an update that comes again, or of a hand that taps twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.store import flows
from tests.moments import after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from decimal import Decimal
    from pathlib import Path

    from tests.person import Someone


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann's portfolio is on target."""
    async with after(on_target, tmp_path) as found:
        yield found


async def on_target(ann: Someone) -> None:
    await ann.set_up()
    await ann.confirm()


async def money(ann: Someone) -> Decimal:
    found: Decimal = (await ann.exchange()).state.spot["USDT"]
    return found


async def noted(ann: Someone) -> int:
    async with ann.program.db.read() as tx:
        return len(await flows.of_portfolio(tx, await ann.portfolio_id()))


async def twice(ann: Someone, text: str) -> None:
    """Write something that is handled twice, as by the next process where the first has died before it could note that it was done."""
    await ann.loopback.text(ann.user, text)
    for update in await ann.pull():
        await ann.bot.process_update(update)
        await ann.bot.process_update(update)


@pytest.mark.parametrize(("text", "change"), [("/deposit 500", 500), ("/withdraw 400", -400)])
async def test_a_message_that_comes_again_is_told_again_and_counts_once(ann: Someone, text: str, change: int) -> None:
    before, count = await money(ann), await noted(ann)
    await twice(ann, text)
    assert (await money(ann) - before, await noted(ann)) == (change, count + 1)
    assert "noted" in ann.last.text
    await ann.say(text)
    assert (await money(ann) - before, await noted(ann)) == (2 * change, count + 2), "who writes it again means it"


async def test_a_button_that_is_tapped_twice_counts_once(ann: Someone) -> None:
    before, count = await money(ann), await noted(ann)
    await ann.say("/invest 500")
    offer = ann.with_button("Deposit $500.00 and invest it")
    for _ in range(2):
        await ann.tap("Deposit $500.00 and invest it", on=offer)
    assert (await money(ann) - before, await noted(ann)) == (500, count + 1)
    await ann.tap("Undo", on=ann.with_button("Undo"))
    assert await money(ann) == before
