"""What is estimated is called an estimate wherever it is told: each page is asked for in the chat (product 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.moments import after

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

#: what is written or tapped, one after the other -> the words that call what is told then an estimate
PAGES: dict[str, tuple[str, ...]] = {
    "/rebalance": ("Costs about $", "prices usually move by about"),
    "[More]": ("Fees about $", "slippage about"),
    "[Back to the plan]": (),
    "[Confirm]": (),
    "[Details]": ("estimated $",),
    "/exposure": ("an estimate",),
    "/hedge": ("you lose about $",),
    "[Table]": ("with betas as estimated",),
    "/bands recommended": ("All of it estimates",),
    "/panic": ("Fees about $", "slippage about"),
}


async def settled(ann: Someone) -> None:
    """Hold Balanced for two days in which prices have moved."""
    await ann.settle()
    await ann.step(40 * 3600)


@pytest.mark.long
async def test_estimates_are_called_estimates(tmp_path: Path) -> None:
    """Costs, slippage, the loss in a fall, betas and recommended bands."""
    async with after(settled, tmp_path) as ann:
        for asked, words in PAGES.items():
            if asked.startswith("["):
                await ann.tap(asked.strip("[]"))
                await ann.work()
                text = ann.last.text
            else:
                text = await ann.say(asked)
            for word in words:
                assert word in text, f"{asked} does not say {word!r}:\n{text}"
