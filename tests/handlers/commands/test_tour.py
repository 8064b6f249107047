"""The tour of the demo: six taps, each with the real thing, and a way out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.model import PlanState
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
async def test_six_taps_from_nothing_to_a_review(tmp_path: Path) -> None:
    """The cards between them are confirmed as everywhere; what was made to happen is played once."""
    async with someone(tmp_path, fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.tap("Tour in six taps")
        ann.sees("Tour, 1 of 6", "no real money moves")
        await ann.tap("Open the portfolio")
        ann.sees("Tour, 2 of 6")
        plan = await ann.confirm()
        assert plan.state is PlanState.DONE
        await ann.tap("Show my portfolio")
        ann.sees("Tour, 3 of 6")
        assert any("Net exposure" in message.text for message in ann.messages)
        await ann.tap("Let ALT coins crash")
        ann.sees("Tour, 4 of 6")
        assert ann.program.stage.last is not None
        assert ann.program.stage.last.name == "alts_fall"
        await ann.tap("Ask why")
        ann.sees("Tour, 5 of 6")
        await ann.until_card()
        await ann.confirm()
        await ann.tap("Show the history")
        ann.sees("Tour, 6 of 6")
        await ann.tap("Show the review")
        ann.sees("That was the tour.")


async def test_a_tour_that_is_ended_has_opened_nothing(tmp_path: Path) -> None:
    async with someone(tmp_path, fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.taps("Tour in six taps", "End the tour")
        ann.sees("The tour is over.")
        assert [one.portfolio_id for one in await ann.program.access.everybody()] == [None]
