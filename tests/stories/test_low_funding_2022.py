"""Low funding in 2022, conservative: a step up and back in May, and a step that fear holds down in autumn.

June 2022 itself had no day of three blocks below -0.01 %: the recorded steps nearest to it are those of 12 May and 28 August.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import Cause
from tests.stories.history import living, needs_history

if TYPE_CHECKING:
    from pathlib import Path

D = Decimal
pytestmark = [pytest.mark.slow, needs_history]


@pytest.mark.slow
async def test_a_day_of_negative_funding_lifts_the_book_by_a_point_and_its_end_lowers_it(tmp_path: Path) -> None:
    """12 May 2022, the week in which a stablecoin died: shorts paid longs for three blocks, and three later it was over."""
    said = ("/triggers volatility off", "/triggers trend off")
    async with living(tmp_path, datetime(2022, 5, 12, 0, 15, tzinfo=UTC), "Conservative", *said) as life:
        await life.until(datetime(2022, 5, 12, 17, 0, tzinfo=UTC))
        assert life.said(Cause.FUNDING_LOW) == [("05-12 16", "funding_low begin")]
        assert (await life.net())[1] == D("0.110")
        await life.until(datetime(2022, 5, 14, 9, 0, tzinfo=UTC))
        assert life.said(Cause.FUNDING_LOW)[1:] == [("05-14 08", "funding_low end")]
        assert (await life.net())[1] == D("0.100")
        lifted, lowered = life.plans_for(Cause.FUNDING_LOW)
        assert {leg.kind.value for leg in lifted.legs if leg.instrument.endswith("-PERP")} == {"futures_increase"}
        assert {leg.kind.value for leg in lowered.legs if leg.instrument.endswith("-PERP")} == {"futures_reduce"}


async def test_fear_holds_the_step_up_down_until_it_is_over(tmp_path: Path) -> None:
    """28 August: a step up; the next day fear takes the whole book off; in September funding is low again, and nothing is added."""
    said = ("/triggers volatility off", "/triggers trend off", "/triggers fear on")
    async with living(tmp_path, datetime(2022, 8, 27, 16, 15, tzinfo=UTC), "Conservative", *said) as life:
        await life.until(datetime(2022, 9, 8, 1, 0, tzinfo=UTC))
        assert life.said(Cause.FUNDING_LOW) == [
            ("08-28 08", "funding_low begin"),
            ("08-29 00", "funding_low change (suppressed)"),
            ("09-01 00", "funding_low end (suppressed)"),
            ("09-07 16", "funding_low begin (suppressed)"),
        ]
        assert life.said(Cause.FEAR_GREED) == [("08-29 00", "fear_greed begin")]
        stepped, neutral = life.plans_for(Cause.FUNDING_LOW)[0], life.plans_for(Cause.FEAR_GREED)[0]
        assert neutral.number > stepped.number
        assert all(leg.reduce_only for leg in neutral.legs if leg.instrument.endswith("-PERP"))
        assert len(life.plans_for(Cause.FUNDING_LOW)) == 1
        assert await life.net() == (0, 0)
        await life.ann.say("/why")
        why = (await life.ann.taps("All triggers")).text
        assert "futures are held neutral" in why
        assert "It adds nothing while" in why
