"""Own weights that leave out a coin that is held: what becomes of it is asked, and nothing is sold without a word (faults D4)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import Cause, Reason
from chatbot.plans.outcomes import CannotEvaluate
from tests.person import someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.person import Someone

D = Decimal
ASKED = "You hold ADA, and your targets leave it out. What should happen to it?"


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down at a bot."""
    async with someone(tmp_path, fear_greed_url="") as opened:
        yield opened


async def types_in(ann: Someone, holdings: str) -> None:
    """Begin a portfolio that is traded by hand."""
    await ann.say("/start")
    await ann.tap("Type in my holdings")
    await ann.say(holdings)
    await ann.taps("That is right", "Yes")


async def traded(ann: Someone) -> dict[str, str]:
    """Return the side of each coin in the newest plan."""
    return {leg.instrument: leg.side for leg in (await ann.plan()).legs}


async def test_at_the_start_the_first_plan_waits_for_the_answer(ann: Someone) -> None:
    """BTC 60, USDT 40 over BTC, ADA and USDT: asked, no plan; sold only once the person says so, and then in the first plan."""
    await types_in(ann, "BTC 0.1, ADA 10000, USDT 3000")
    await ann.tap("Own weights")
    answer = await ann.say("BTC 60 USDT 40")
    assert ASKED in answer
    assert await ann.plans() == ()
    assert ASKED in await ann.say("/rebalance")
    status = await ann.say("/status")
    assert "Without a target, so nothing is planned: ADA" in status
    assert "ALT" not in status, "it stands under its own name: there is no line that it belongs to"
    await ann.tap("Coins without a target")
    await ann.tap("Sell ADA")
    assert (await traded(ann))["ADA"] == "sell"
    assert "Without a target" not in await ann.say("/status")


async def test_later_it_can_be_kept_out(ann: Someone) -> None:
    """/targets without ADA: kept out with one tap, it is in no plan and in no weight."""
    await types_in(ann, "BTC 0.1, ADA 10000, USDT 3000")
    await ann.taps("Balanced", "Use Balanced", "Not done")
    assert ASKED in await ann.say("/targets BTC 60 USDT 40")
    await ann.tap("Keep ADA out")
    assert "Kept out: 10,000 ADA" in await ann.say("/status")
    await ann.say("/rebalance")
    assert "ADA" not in await traded(ann)


async def test_or_be_given_a_weight(ann: Someone) -> None:
    """The third answer: other weights, in which it has one."""
    await types_in(ann, "BTC 0.1, ADA 10000, USDT 3000")
    await ann.taps("Balanced", "Use Balanced", "Not done")
    await ann.say("/targets BTC 60 USDT 40")
    await ann.tap("Other weights")
    assert "What should happen" not in await ann.say("BTC 50 ADA 10 USDT 40")
    await ann.say("/rebalance")
    assert (await traded(ann))["ADA"] == "sell"


@pytest.mark.parametrize("weights", ["BTC 60 ALT 20 USDT 20", "BTC 60 ADA 0 USDT 40", "BTC 60 ALT 0 USDT 40"])
async def test_what_has_a_target_is_not_asked_about(ann: Someone, weights: str) -> None:
    """ALT takes it in, and a target of 0 says what becomes of it."""
    await types_in(ann, "BTC 0.1, ADA 10000, USDT 3000")
    await ann.taps("Balanced", "Use Balanced", "Not done")
    assert "What should happen" not in await ann.say(f"/targets {weights}")
    await ann.say("/rebalance")
    assert "ADA" in await traded(ann)


async def test_several_are_asked_about_together_and_one_by_one_answered(ann: Someone) -> None:
    """Two coins, two answers; plans go on after the second."""
    await types_in(ann, "BTC 0.1, ADA 10000, SOL 20, USDT 3000")
    await ann.taps("Balanced", "Use Balanced", "Not done")
    assert "You hold ADA, SOL, and your targets leave them out." in await ann.say("/targets BTC 60 USDT 40")
    asked = ann.with_button("Sell ADA")
    await ann.tap("Sell ADA")
    left = ann.with_button("Keep SOL out")
    assert "Sell ADA" not in left.buttons
    assert "It is already" not in (await ann.tap("Sell ADA", on=asked)).text
    await ann.tap("Keep SOL out")
    await ann.say("/rebalance")
    assert {"ADA"} <= (await traded(ann)).keys()
    assert "SOL" not in await traded(ann)


@pytest.mark.long
@pytest.mark.parametrize(("label", "sold"), [("Sell them all", True), ("Keep them all out", False)])
async def test_one_answer_can_be_meant_for_all(ann: Someone, label: str, sold: bool) -> None:
    """Six coins of a mix that is given up need one tap, not six."""
    await types_in(ann, "BTC 0.1, ADA 100, SOL 20, XRP 900, LINK 40, DOGE 4000, AVAX 20, USDT 3000")
    await ann.taps("Balanced", "Use Balanced", "Not done")
    await ann.say("/targets BTC 60 USDT 40")
    await ann.tap(label)
    await ann.say("/rebalance")
    assert ("LINK" in await traded(ann)) is sold
    assert ("Kept out: " in await ann.say("/status")) is not sold


async def test_a_correction_or_a_deposit_that_brings_one_in_asks_too(ann: Someone) -> None:
    """Amounts corrected to contain SOL, and LINK that comes in: both are asked about at once, and no plan sells them before."""
    await types_in(ann, "BTC 0.1, USDT 6000")
    await ann.tap("Own weights")
    await ann.say("BTC 50 USDT 50")
    await ann.say("/status")
    await ann.tap("Correct amounts")
    assert "You hold SOL, and your targets leave it out." in await ann.say("SOL 20")
    await ann.tap("Keep SOL out")
    assert "You hold LINK, and your targets leave it out." in await ann.say("/deposit 10 LINK")
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    drafted = await ann.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.SCHEDULE),))
    assert isinstance(drafted, CannotEvaluate)
    assert [(problem.code, problem.instrument) for problem in drafted.problems] == [("missing_target", "LINK")]


async def test_margin_in_danger_does_not_wait_for_an_answer(ann: Someone) -> None:
    """The plan that saves the futures is made all the same, and leaves the coin where it is."""
    await types_in(ann, "BTC 0.1, ADA 10000, USDT 3000")
    await ann.taps("Balanced", "Use Balanced", "Not done")
    await ann.say("/targets BTC 60 USDT 40")
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    await ann.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.MARGIN), Reason(trigger=Cause.MANUAL)))
    plan = await ann.plan()
    assert plan.legs
    assert "ADA" not in {leg.instrument for leg in plan.legs}
    answer = await ann.program.rebalancing.confirm(plan.id, ann.user.id)
    assert type(answer).__name__ == "Confirmed", answer
