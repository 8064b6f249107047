"""A cover in the quiet spring of 2023: the rule as written, thirty days in which nothing came of it, and the end by the calendar."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import COVER
from tests.stories.history import carry_out, day, hedges, live_until, needs_history, off, on_target, recorded_funding

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

D = Decimal
INDEX = "BTC-PERP"
BEGIN = day(2023, 5, 1) + timedelta(hours=12)
#: BTC stood at 26,900 and stayed between 25,700 and 28,200
COVERED, HALFWAY, EXPIRED = day(2023, 5, 12), day(2023, 5, 27), day(2023, 6, 11)

pytestmark = [pytest.mark.long, needs_history]


async def test_a_cover_that_nothing_ends_expires_after_thirty_days_and_says_what_it_came_to(tmp_path: Path) -> None:
    async with on_target(tmp_path, BEGIN, *off("volatility", "trend", "fear")) as ann:
        assert not await live_until(ann, COVERED), "eleven days without a word"
        own = await ann.books()
        await covered(ann, own["book"][INDEX])
        assert not await live_until(ann, HALFWAY), "fifteen days without a word"
        await halfway(ann)
        assert await live_until(ann, EXPIRED + timedelta(days=5)) == EXPIRED
        await hold_end(ann)
        plan = await carry_out(ann)
        assert [(leg.instrument, leg.side, leg.reduce_only, leg.filled) for leg in plan.legs] == [(INDEX, "buy", False, D("0.035"))]
        assert (await ann.books())["book"] == own["book"], "the longs of the strategy, as before"
        assert (await ann.books())["spot"] == own["spot"], "a cover touches no coin"
        assert await hedges(ann) == ()
        await ann.say("/hedge")
        assert not any(label.startswith("Close") for label in ann.last.buttons)
        # what a hedge moves is the net futures, and that is what is remembered of it
        past = await ann.say("/history")
        assert past.count("Net futures") == 2
        assert "This closes the hedge: Cover." in past
        assert "This opens a hedge: Cover." in past


async def covered(ann: Someone, own: Decimal) -> None:
    """Write the rule, read the card, confirm: 50 % x 20 % of the value, in whole lots."""
    await ann.say("/hedge 50 20")
    ann.sees("This opens a hedge: Cover.", "If BTC falls 20%, you lose about $", "Without it you would lose $")
    plan = await carry_out(ann)
    (leg,) = plan.legs
    assert (leg.instrument, leg.side, leg.filled) == (INDEX, "sell", D("0.035"))
    lot = (await ann.program.source.markets())[INDEX].lot
    asked = plan.before.value * D("0.5") * D("0.2")
    assert leg.filled * leg.price <= asked < (leg.filled + lot) * leg.price
    (kept,) = await hedges(ann)
    assert (kept.kind, kept.qty, kept.price, kept.settled) == (COVER, D("-0.035"), leg.average, True)
    assert (await ann.books())["book"][INDEX] == own + kept.qty


async def halfway(ann: Someone) -> None:
    """Ask how it stands after fifteen days."""
    await ann.say("/hedge")
    ann.sees("Cover: short", "since 12 May 2023", "It ends in 15 days at the latest")
    ann.sees("earlier when BTC rises 10% from a low of 25,571.15 or less, or when volatility has peaked and calmed")
    (kept,) = await hedges(ann)
    assert (kept.age_days, kept.closed, kept.peaked) == (15, "", False)
    assert kept.low > kept.price * D("0.95"), "never down 5 %: no correction that could be over"


async def hold_end(ann: Someone) -> None:
    """Hold the end against the record, and what was said against the figures."""
    (over,) = await hedges(ann)
    assert (over.closed, over.age_days) == ("expired", 30)
    assert over.peaked, "the altcoins crashed the day before: volatility is up, and not calm again"
    assert abs(over.funding - await recorded_funding(ann, over)) < D("0.05")
    message = next(message for message in reversed(ann.messages) if "is over" in message.text)
    assert "Cover is over: its time is up." in message.text
    assert "BTC was at 26,917.00 when it was opened, 25,734.92 at its lowest, and is at 25,836.58 now." in message.text
    assert "Won $37.81 · earned $5.10 of funding" in message.text
    assert "The next plan closes its short." in message.text
    assert "This closes the hedge: Cover." in ann.with_button("Confirm").text
