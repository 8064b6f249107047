"""May 2021: a person leaves a sale out of a card that cuts a coin further, and keeps what the coin is meant to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.stories.history import day, look, needs_history, off, opened

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

pytestmark = [pytest.mark.long, needs_history]


async def own_target(ann: Someone, coin: str) -> float:
    """Return what /rebalance says that a coin's target is without its cut, in per cent."""
    await ann.say("/rebalance")
    if "Trade it all the same" in ann.last.buttons:  # nothing has changed since the last plan
        await ann.tap("Trade it all the same")
    told = ann.with_button("More")
    found = re.search(rf"{coin} target [\d.]+% instead of ([\d.]+)%", (await ann.taps("More")).text)
    assert found is not None, told.text
    return float(found[1])


async def test_a_sale_of_a_cut_coin_that_was_left_out_does_not_make_it_smaller_for_good(tmp_path: Path) -> None:
    """BTC was cut to half and was to be cut further: its person kept it, and it was meant to stay at that half after the spike."""
    async with opened(tmp_path, day(2021, 5, 19), *off("trend", "funding_high"), preset="Aggressive") as ann:
        await ann.confirm()
        for number in (20, 21):
            await look(ann, day(2021, 5, number))
            await ann.step(65)
            await ann.confirm()
        before = await own_target(ann, "BTC")
        assert 14 < before < 17
        await look(ann, day(2021, 5, 22))
        await ann.step(65)
        await ann.tap("Edit", ann.with_button("Edit"))
        await ann.tap(next(label for label in ann.last.buttons if "sell BTC $" in label))
        await ann.confirm()
        assert abs(await own_target(ann, "BTC") - before) < 1
