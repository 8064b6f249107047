"""What the doctor says about the exchange's clock: a skew of more than five seconds is told, with the cure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import SystemClock
from chatbot.config import Settings
from chatbot.errors import Unreachable
from chatbot.exchanges.markets.simulated import SimulatedSource
from handlers.doctor import _price

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chatbot.exchanges.base import Quote


class Skewed(SimulatedSource):
    """A market whose own clock is off."""

    def __init__(self, off_s: float, *, in_quote: bool, down: bool = False) -> None:
        super().__init__(SystemClock())
        self.off, self.in_quote, self.down = timedelta(seconds=off_s), in_quote, down

    async def quotes(self, instruments: Collection[str]) -> Mapping[str, Quote]:
        """Return quotes, with the exchange's time where it tells one."""
        found = await super().quotes(instruments)
        return {name: replace(one, told_at=one.at + self.off) for name, one in found.items()} if self.in_quote else found

    async def server_time(self) -> datetime:
        """Return the exchange's time."""
        if self.down:
            raise Unreachable("down")
        return SystemClock().now() + self.off


@pytest.mark.parametrize("in_quote", [True, False])
@pytest.mark.parametrize(("off_s", "told"), [(-3600, "3600 s ahead of"), (3600, "3600 s behind"), (-7, "7 s ahead of"), (4, ""), (-4, "")])
async def test_a_clock_that_differs_from_the_exchange_is_told(off_s: float, told: str, in_quote: bool) -> None:
    found = await _price(Settings(_env_file=None), Skewed(off_s, in_quote=in_quote))
    assert found.ok is (told == "")
    assert told in found.detail
    assert found.ok or "let a time server set the clock" in found.detail


async def test_an_exchange_that_tells_no_time_is_well() -> None:
    assert (await _price(Settings(_env_file=None), SimulatedSource(SystemClock()))).ok
    assert (await _price(Settings(_env_file=None), Skewed(3600, in_quote=False, down=True))).ok
