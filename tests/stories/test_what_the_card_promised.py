"""What a card says a plan will cost, and what it came to: read from the chat, from /rebalance over Confirm to the result."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import pytest

from chatbot.model import LegState, PlanState
from tests.person import Someone, someone
from tests.stories.history import COINS, PACE, day, needs_history, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Leg

#: each is far enough from the one before that every coin trades, and the futures with them
TARGETS = ("BTC 30 ETH 10 ALT 30 USDT 20 FUTURES 10", "BTC 10 ETH 30 ALT 45 USDT 10 FUTURES 5", "BTC 25 ETH 25 ALT 20 USDT 15 FUTURES 15")
#: minutes of the market: what anybody waits for who has pressed Confirm on a plan that can wait
MOST_MINUTES = 5
_TOLD = re.compile(r"Costs about \$[\d.,]+: fees \$([\d.,]+), slippage \$([\d.,]+)")
_PAID = re.compile(r"Traded \$[\d.,]+ · fees paid \$([\d.,]+)")


@dataclass(frozen=True, slots=True)
class Kept:
    """One plan: what its card told and what was paid, in quote, and how long it took, in minutes of the market."""

    told: float
    paid: float
    fees_told: float
    fees_paid: float
    minutes: float


@asynccontextmanager
async def market(kind: str, folder: Path) -> AsyncIterator[Someone]:
    """Sit down at a first card, in the simulated market or in a month that happened."""
    if kind == "simulated":
        async with someone(folder, pace=PACE) as ann:
            await ann.program.markets.usual.betas.refresh(COINS)
            await ann.set_up(amount="100,000")
            yield ann
    else:
        async with opened(folder, day(2022, 6, 10)) as ann:
            yield ann


def _slipped(leg: Leg) -> float:
    """Return what a leg cost beyond the mid that its card was made at, in quote."""
    if leg.average is None or leg.is_transfer:
        return 0.0
    return float((leg.average - leg.price) * leg.filled * (-1 if leg.side == "sell" else 1))


def _money(text: str) -> float:
    return float(text.replace(",", ""))


async def kept(ann: Someone) -> Kept:
    """Read the card that waits, confirm it, and read its result."""
    card = ann.with_button("Confirm").text
    told = _TOLD.search(card)
    assert told is not None, card
    plan = await ann.confirm()
    assert plan.state is PlanState.DONE
    assert plan.decided_at is not None
    assert plan.finished_at is not None
    result = next(message.text for message in reversed(ann.messages) if f"Plan {plan.number} · " in message.text)
    paid = _PAID.search(result)
    assert paid is not None, result
    assert sum(leg.state is LegState.FILLED for leg in plan.legs) >= len(plan.legs) - 1, "what is left out costs nothing"
    return Kept(
        told=_money(told[2]),
        paid=sum(map(_slipped, plan.legs)),
        fees_told=_money(told[1]),
        fees_paid=_money(paid[1]),
        minutes=(plan.finished_at - plan.decided_at).total_seconds() / 60,
    )


@pytest.mark.long
@pytest.mark.parametrize("kind", ["simulated", pytest.param("replay", marks=needs_history)])
async def test_a_plan_costs_what_its_card_said_and_takes_no_longer(tmp_path: Path, kind: str) -> None:
    """In the median not more than twice the slippage that was told; never more fees, but for what was rounded; done in five minutes."""
    async with market(kind, tmp_path) as ann:
        plans = [await kept(ann)]
        for targets in TARGETS:
            ann.clock.advance(3600)
            await ann.say(f"/targets {targets}")
            await ann.say("/rebalance")
            plans.append(await kept(ann))
        assert all(one.told > 0 for one in plans)
        assert median(one.paid / one.told for one in plans) <= 2
        assert all(one.fees_paid <= one.fees_told * 1.01 + 0.02 for one in plans)
        assert median(one.minutes for one in plans) <= MOST_MINUTES
