"""A rotation in January 2022: suggested in fear with ALT over its target, held through a fall of a fifth, over with the rebound."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import NET, ROTATION
from tests.stories.history import carry_out, day, hedges, live_until, look, mark, needs_history, off, on_target, recorded_funding

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Plan
    from tests.person import Someone

D = Decimal
ALTS = ("ADA", "BNB", "SOL", "XRP")
INDEX = "BTC-PERP"
BEGIN = day(2022, 1, 8) + timedelta(hours=12)
#: Fear & Greed was 22; BTC stood at 43,000 and fell below 35,000 within the week
ROTATED, OVER = day(2022, 1, 17), day(2022, 2, 1)

pytestmark = [pytest.mark.long, needs_history]


async def test_a_rotation_is_suggested_filled_and_taken_off_when_the_correction_is_over(tmp_path: Path) -> None:
    async with on_target(tmp_path, BEGIN, *off("volatility", "trend", "fear")) as ann:
        own = (await ann.books())["book"]
        assert own == {INDEX: D("0.011"), "ETH-PERP": D("0.154")}
        assert not await live_until(ann, ROTATED), "nine days without a word"
        await suggested(ann)
        opening = await rotated(ann)
        await hold_reason(ann, await held(ann))
        await taken_off(ann, opening)
        assert (await ann.books())["book"] == own, "the longs of the strategy, as before"
        # what the coins lost meanwhile is the bands' affair again: the money that they left brings a plan of its own
        assert await look(ann, OVER + timedelta(minutes=5)) == (1, 0)
        ann.sees("Stable is", "points over its target of")


async def suggested(ann: Someone) -> None:
    """Ask for hedges, read why one is suggested, and tap it."""
    await ann.say("/hedge")
    ann.sees("Rotate: you lose", "Sells 10% of each ALT coin ($42", ") and shorts $518 of BTC.")
    ann.sees("Suggested now: ALT is 0.9 points over target, and Fear & Greed is 22.")
    await ann.tap(next(label for label in ann.last.buttons if label.startswith("Rotate: lose $")))
    ann.sees("This opens a hedge: Rotation.", "losses shrink, and gains as much")


async def rotated(ann: Someone) -> Plan:
    """Confirm, and hold what was sold and shorted against domain 10.1."""
    held = (await ann.books())["spot"]
    plan = await carry_out(ann)
    markets = await ann.program.source.markets()
    legs = {leg.instrument: leg for leg in plan.legs}
    after = await ann.books()
    for coin in ALTS:
        tenth, lot = held[coin] / 10, markets[coin].lot
        assert abs(legs[coin].filled - tenth) <= lot, coin
        assert after["spot"][coin] == held[coin] - legs[coin].filled
    (kept,) = await hedges(ann)
    lots = (plan.before.value * D("0.05") / legs[INDEX].price / markets[INDEX].lot).quantize(D(1), ROUND_UP)
    assert -kept.qty in (lots * markets[INDEX].lot, (lots - 1) * markets[INDEX].lot)
    assert D("0.045") < -kept.qty * kept.price / plan.before.value <= D("0.05")
    assert (kept.kind, kept.reason, kept.qty, kept.settled) == (ROTATION, "fear_greed", D("-0.012"), True)
    # netted against the strategy's own long of 0.011
    assert after["book"] == {INDEX: D("-0.001"), "ETH-PERP": D("0.154")}
    # the proceeds are the collateral, not stable money
    assert set(kept.moved) == set(ALTS)
    return plan


async def held(ann: Someone) -> list[Decimal]:
    """Let the days pass until the hedge is over; return where the contract stood at each daily check."""
    marks = []
    while (told := await live_until(ann, ROTATED + timedelta(days=len(marks) + 1))) is None:
        marks.append(await mark(ann, INDEX))
        assert len(marks) < 30
    assert told == OVER
    return [*marks, await mark(ann, INDEX)]


async def hold_reason(ann: Someone, marks: list[Decimal]) -> None:
    """Hold the end of the hedge against the days as they were: the first rebound of 10 % after a fall of 5 %."""
    (over,) = await hedges(ann)
    assert (over.closed, over.age_days) == ("correction_over", 15)
    rebounds = [
        day_number
        for day_number, now in enumerate(marks, start=1)
        if (low := min(over.price, *marks[:day_number])) <= over.price * D("0.95") and now >= low * D("1.1")
    ]
    assert rebounds == [15]
    assert over.low == min(marks)
    assert over.peaked, "volatility had doubled, but was not calm again"
    assert abs(over.funding - await recorded_funding(ann, over)) < D("0.05")
    told = next(message.text for message in reversed(ann.messages) if "is over" in message.text)
    assert "Rotation is over: the price has recovered from its low: the correction is over." in told
    assert "BTC was at 43,136.20 when it was opened, 34,948.03 at its lowest, and is at 38,568.44 now." in told
    assert "Won $54.81 · earned $0.79 of funding" in told


async def taken_off(ann: Someone, opening: Plan) -> None:
    """Confirm the plan that the end of the hedge has brought: reduce-only, and the collateral comes home."""
    card = ann.with_button("Confirm")
    assert "This closes the hedge: Rotation." in card.text
    before = await ann.books()
    plan = await carry_out(ann)
    (buy,) = (leg for leg in plan.legs if leg.instrument == INDEX)
    assert (buy.side, buy.filled) == ("buy", D("0.012"))
    after = await ann.books()
    home = after["spot"]["USDT"] - before["spot"]["USDT"]
    proceeds = sum((leg.filled * (leg.average or D(0)) for leg in opening.legs if leg.instrument in ALTS), D(0))
    assert D(300) < home.quantize(D(1), ROUND_DOWN) < proceeds, "as much as the futures sleeve can spare"
    assert await hedges(ann) == ()
    assert plan.result is not None
    net = next(line for line in plan.result.limits if line.line == NET)
    assert net.target == net.base if net.base is not None else net.target == D("0.10")
    assert not net.breach
    await ann.say("/hedge")
    assert not any(label.startswith("Close") for label in ann.last.buttons)
