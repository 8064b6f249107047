"""/why, asked in the chat at ten moments of days that happened: three sentences, and behind them what would make the bot act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.model import PlanState
from tests.stories.history import carry_out, day, live_until, look, needs_history, off, on_target

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

EVERYTHING = ("volatility", "trend", "fear")
ALL = (*EVERYTHING, "funding low", "funding high")

pytestmark = [pytest.mark.slow, needs_history]


async def why(ann: Someone, *said: str, never: tuple[str, ...] = ()) -> None:
    """Ask, open all triggers, and hold that all of this is said, in this order; below its head the answer is three sentences at most."""
    answer = await ann.say("/why")
    assert 3 <= len(answer.splitlines()) <= 4, answer
    await ann.tap("All triggers")
    text = f"{answer}\n{ann.last.text}"
    await ann.tap("Back")
    assert ann.last.text == answer
    at = 0
    for fragment in said:
        found = text.find(fragment, at)
        assert found >= 0, f"{fragment!r} is not in, or not in its place in:\n{text}"
        at = found + len(fragment)
    for fragment in never:
        assert fragment not in text, text


async def test_a_drift_from_calm_to_a_card_that_is_snoozed_then_paused(tmp_path: Path) -> None:
    """May 2021 with the bands alone: ALT outruns BTC and ETH for a week."""
    async with on_target(tmp_path, day(2021, 5, 10) + timedelta(hours=12), *off(*EVERYTHING)) as ann:
        # 1: calm
        assert not await live_until(ann, day(2021, 5, 12))
        await why(
            ann,
            "Nothing to do: the nearest limit is",
            "of 5.0 points.",
            "Last check 0 sec ago, all 8 prices fresh.",
            "of 5.0 points",
            "Switched off: Volatility, Trend, Low funding, High funding, Fear & Greed",
            never=("plan", "silence"),
        )
        await every_trigger(ann)
        # 2: less than a point before it acts
        assert not await live_until(ann, day(2021, 5, 18))
        await why(ann, "Nothing to do: the nearest limit is BTC/ETH, 4.", "of 5.0 points.", "BTC/ETH: 4.", "ALT: 4.")
        # 3: it has just acted
        assert await live_until(ann, day(2021, 5, 19))
        await why(
            ann,
            "This check raised an alert about BTC/ETH, ALT.",
            "Furthest outside is ALT, 6.",
            "points off with a limit of 5.0.",
            never=("Nothing to do", "told about this"),
        )
        await card(ann)
        await silence(ann)


async def every_trigger(ann: Someone) -> None:
    """Ask once with all five on: each says what it reads and what would make it act."""
    for name in ALL:
        await ann.say(f"/triggers {name} on")
    await why(
        ann,
        "Funding has been high since 6 May 2021, 16:00 UTC, now +0.013% per 8 h: 50% of the net long is kept.",
        "all 8 prices fresh",
        "Funding has been high since 6 May 2021, 16:00 UTC, now +0.013% per 8 h: 50% of the net long is kept.",
        "It ends at +0.030% or below for 3 blocks of 8 h in a row (2 so far).",
        "Net futures*: 4.",
        "The ETH trend scores 0.45 and would have to reach 0.50, with two signs that agree.",
        "ADA volatility is 1.3x its usual level and would have to reach 2.0x.",
        "Fear & Greed is 68; futures go neutral below 25.",
        "Funding is +0.013% per 8 h and would have to be below −0.010% for 3 blocks in a row (0 so far).",
        "All in all the net futures target is 5.0% instead of 10.0%.",
        "* own target: Net futures 10.0%",
        never=("Switched off",),
    )
    for name in ALL:
        await ann.say(f"/triggers {name} off")


async def card(ann: Someone) -> None:
    """Ask in the check that makes the plan, and in the next one."""
    assert await look(ann, ann.clock.now() + timedelta(seconds=65)) == (0, 1)
    await why(ann, "Plan 3 waits for your answer, 5 minutes left.", "Furthest outside is ALT")
    # 4: held back by the plan that is open
    assert await look(ann, ann.clock.now() + timedelta(seconds=60)) == (0, 0)
    await why(ann, "Plan 3 waits for your answer, 4 minutes left.", "Furthest outside is ALT, 6.")


async def silence(ann: Someone) -> None:
    """Snooze the card, pause, resume, and see the plan that was put off come back."""
    await ann.tap("Snooze 1 h")
    assert (await ann.plan()).state is not PlanState.PROPOSED
    # 5: snoozed
    assert await look(ann, ann.clock.now() + timedelta(seconds=60)) == (0, 0)
    await why(ann, "I say nothing, because you asked for silence until 19 May 2021, 01:17 UTC.", "Furthest outside is ALT")
    # 6: paused
    await ann.say("/pause")
    assert await look(ann, ann.clock.now() + timedelta(minutes=10)) == (0, 0)
    await why(
        ann,
        "The portfolio is paused, so I do nothing until /resume.",
        "Furthest outside is ALT",
        "Last check 10 min ago, all 8 prices fresh.",
        never=("silence", "This check raised"),
    )
    await ann.say("/resume")
    assert await look(ann, ann.clock.now() + timedelta(hours=1)) == (0, 1), "the plan that was put off, and waited through the pause"
    await why(ann, "Plan 4 waits for your answer, 5 minutes left.", "Furthest outside is ALT, 5.")


@pytest.mark.slow
async def test_fear_and_a_spike_from_their_first_day_to_the_days_after(tmp_path: Path) -> None:
    """May and June 2021 with every plan confirmed: fear since the 16th, volatility since the 20th, both gone a month later."""
    async with on_target(tmp_path, day(2021, 5, 10) + timedelta(hours=12), *off("trend")) as ann:
        # 7: fear holds the futures neutral
        assert await answered(ann, day(2021, 5, 17)) == ["05-16"]
        await why(
            ann,
            "Nothing to do: the nearest limit is",
            "Extreme fear since 16 May 2021, 00:00 UTC: Fear & Greed is 27, so futures are held neutral.",
            "It ends at 30 or above on 2 days in a row (0 so far).",
            "BTC volatility is 1.6x its usual level and would have to reach 2.0x.",
            "All in all the net futures target is 0.0% instead of 10.0%.",
        )
        # 8: a spike holds coins down, and fear the futures
        assert await answered(ann, day(2021, 5, 20)) == ["05-18", "05-20"], "the plan for fear left the coins alone, so that ALT drifts on"
        await spike(ann)
        # 9: after the release of the last of six coins fear goes on
        assert (await answered(ann, day(2021, 6, 4)))[-1] == "06-03"
        await why(
            ann,
            "Nothing to do: the nearest limit is",
            "Fear & Greed is 27, so futures are held neutral.",
            "BNB volatility is 1.2x its usual level and would have to reach 2.0x.",
            never=("has been high", "Its target is"),
        )
        # one of the two days that end it, then both
        assert await answered(ann, day(2021, 6, 15)) == []
        await why(ann, "Fear & Greed is 38, so futures are held neutral.", "on 2 days in a row (1 so far).")
        assert await answered(ann, day(2021, 6, 17)) == ["06-16"]
        await why(
            ann, "Nothing to do", "Fear & Greed is 26; futures go neutral below 25. Source: recorded.", never=("neutral.", "instead of")
        )


async def spike(ann: Someone) -> None:
    """Ask on the day that BTC was cut, and once it has cooled down."""
    await why(
        ann,
        "This check made a plan.",
        "BTC volatility has been high since 20 May 2021, 00:00 UTC; it is 2.2x its usual level.",
        "Its target is 9.",
        "instead of 20.",
        "while that lasts.",
        "It ends at 1.5x or less on 2 days in a row (0 so far).",
        "ETH volatility is 1.99x its usual level and would have to reach 2.0x.",
    )
    await answered(ann, day(2021, 5, 29))
    await why(
        ann,
        "Nothing to do: the nearest limit is",
        "ADA volatility has been high since 20 May 2021, 00:00 UTC; it is 1.4x its usual level.",
        "It ends at 1.5x or less on 2 days in a row (1 so far).",
    )


async def answered(ann: Someone, end: datetime) -> list[str]:
    """Live until ``end`` and confirm every plan; return the days on which there was one."""
    days = []
    while (told := await live_until(ann, end)) is not None:
        if not ann.turn.ticks[-1].plans:
            await look(ann, ann.clock.now() + timedelta(seconds=65))
        if ann.turn.ticks[-1].plans:
            await carry_out(ann)
            days.append(f"{told:%m-%d}")
    return days


async def test_low_funding_that_fear_holds_back(tmp_path: Path) -> None:
    """27 June 2021: shorts pay 0.04 % per 8 h, which asks for more, and fear asks for less."""
    async with on_target(tmp_path, day(2021, 6, 25) + timedelta(hours=12), *off("volatility", "trend"), preset="Conservative") as ann:
        await ann.say("/triggers fear on")
        assert await answered(ann, day(2021, 6, 26)) != []
        await look(ann, datetime(2021, 6, 27, 8, 15, tzinfo=UTC))
        # 10: held back by what asks for less risk
        await why(
            ann,
            "This check raised an alert about Low funding.",
            "Funding has been low since 27 Jun 2021, 08:00 UTC, now −0.040% per 8 h, and asks for 11% net futures.",
            "It adds nothing while a spike, a trend, fear or a hedge asks for less risk.",
            "It ends at 0.000% or above for 3 blocks of 8 h in a row (0 so far).",
            "Extreme fear since 19 Jun 2021, 00:00 UTC: Fear & Greed is 22, so futures are held neutral.",
            "All in all the net futures target is 0.0% instead of 10.0%.",
        )


async def test_four_hours_without_a_price(tmp_path: Path) -> None:
    """13 August 2021, 02:00 to 06:00: the exchange was down."""
    async with on_target(tmp_path, day(2021, 8, 12) + timedelta(hours=12), *off(*EVERYTHING)) as ann:
        await look(ann, datetime(2021, 8, 13, 1, 55, tzinfo=UTC))
        await look(ann, datetime(2021, 8, 13, 2, 5, tzinfo=UTC))
        # 11: no usable prices
        await why(
            ann,
            "Cannot evaluate: the prices of ADA, BNB, BTC, ETH, SOL, XRP are 10 min old",
            "I can't evaluate the portfolio; every check tries again.",
            "Last check 0 sec ago.",
            never=("Net exposure", "nearest limit", "fresh"),
        )
        await look(ann, datetime(2021, 8, 13, 6, 5, tzinfo=UTC))
        await why(ann, "Nothing to do: the nearest limit is", "all 8 prices fresh.")
