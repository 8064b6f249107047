"""January to May 2021, aggressive: longs pay a lot again and again, trends wear out, and the book goes down and comes back.

Volatility is off here and ALT has a wide band, so that the futures speak alone; run with ``-s`` to read what happened.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import Cause
from tests.stories.history import Lived, living, needs_history

if TYPE_CHECKING:
    from pathlib import Path

D = Decimal
SAID = ("/triggers volatility off", "/bands ALT 50")
#: blocks of 8 h at whose end funding had been above 0.05 % three times in a row, or at most 0.03 % three times in a row; high as it was on
#: the first day, the first card has told that
FUNDING = [
    ("01-22 16", "end"), ("01-29 16", "begin"), ("02-23 16", "end"), ("03-11 08", "begin"), ("03-25 16", "end"),
    ("03-31 08", "begin"), ("04-09 00", "end"), ("04-11 00", "begin"), ("04-19 08", "end"), ("05-06 16", "begin"), ("05-13 16", "end"),
]  # fmt: skip
#: days on which a high of BTC or ETH had scored enough for the first time, and on which its trend had gone on or twenty days had passed
TRENDS = [
    ("01-12 00", "BTC-PERP begin"), ("01-22 00", "ETH-PERP begin"), ("02-01 00", "BTC-PERP end"), ("02-11 00", "ETH-PERP end"),
    ("02-16 00", "ETH-PERP begin"), ("02-19 00", "ETH-PERP end"), ("02-24 00", "ETH-PERP begin"), ("03-16 00", "ETH-PERP end"),
    ("03-23 00", "ETH-PERP begin"), ("04-02 00", "ETH-PERP end"), ("05-14 00", "ETH-PERP begin"), ("05-15 00", "ETH-PERP end"),
]  # fmt: skip
pytestmark = [pytest.mark.slow, needs_history]


def of(life: Lived, trigger: str) -> list[tuple[str, str]]:
    """Return what was told about a trigger, without its name."""
    return [(when, what.removeprefix(f"{trigger} ")) for when, what in life.said(trigger)]


async def test_two_weeks_with_a_trim_a_release_and_a_halving(tmp_path: Path) -> None:
    """21 January to 2 February: ETH's trend is trimmed, funding normalises and the book returns, then it is expensive again and halved."""
    async with living(tmp_path, datetime(2021, 1, 21, 0, 15, tzinfo=UTC), "Aggressive", *SAID) as life:
        await life.until(datetime(2021, 1, 21, 9, 0, tzinfo=UTC))
        # whoever joins in the middle is told by the first card what is on, and not again: funding dear, BTC's trend worn out
        named = {(reason.trigger, reason.line) for plan in await life.ann.plans() for held in plan.standing for reason in held.by}
        assert named >= {(Cause.FUNDING_HIGH, ""), (Cause.TREND, "BTC-PERP")}
        assert not life.told
        half = (await life.net())[1]
        await life.until(datetime(2021, 1, 23, 0, 0, tzinfo=UTC))
        assert ("01-22 00", "ETH-PERP begin") in of(life, Cause.TREND)
        assert ("01-22 16", "end") in of(life, Cause.FUNDING_HIGH)
        # 15 % with a quarter off both longs: the cut for funding is gone, the trims are not
        assert half == round(D("0.15") / 2 * (D("0.75") + 1) / 2, 3)
        assert (await life.net())[1] == D("0.112")
        await life.until(datetime(2021, 2, 2, 0, 0, tzinfo=UTC))
        assert ("01-29 16", "begin") in of(life, Cause.FUNDING_HIGH)
        assert ("02-01 00", "BTC-PERP end") in of(life, Cause.TREND)
        reached, target = await life.net()
        assert target == half
        assert abs(reached - target) <= D("0.03")
        halved = next(plan for plan in life.plans_for(Cause.FUNDING_HIGH) if plan.created_at.day == 29)
        assert {leg.kind.value for leg in halved.legs if leg.instrument.endswith("-PERP")} == {"futures_reduce"}


@pytest.mark.slow
async def test_five_months_of_dear_longs_and_worn_out_trends(tmp_path: Path) -> None:
    """Every change of funding and trend from January to May, each told once, with a plan for each that has an order worth making."""
    async with living(tmp_path, datetime(2021, 1, 1, 0, 15, tzinfo=UTC), "Aggressive", *SAID) as life:
        await life.until(datetime(2021, 5, 31, 0, 0, tzinfo=UTC))
        for plan in life.plans:  # the account of the story, read with -s
            print(plan.number, f"{plan.created_at:%d %b %H:%M}", [f"{r.trigger} {r.line} {r.event}" for r in plan.reasons])  # noqa: T201
    assert of(life, Cause.FUNDING_HIGH) == FUNDING
    assert of(life, Cause.TREND) == TRENDS
    for plan in life.plans_for(Cause.FUNDING_HIGH):
        begins = any(reason.trigger == Cause.FUNDING_HIGH and reason.event == "begin" for reason in plan.reasons)
        assert plan.result is not None
        if begins and plan.created_at.month > 1:
            assert plan.result.futures_net <= plan.before.futures_net
    assert len(life.plans_for(Cause.FUNDING_HIGH)) == len(FUNDING)
