"""What a bucket's mix means in money, as the golden cases ask for it: a plan asks the planner, with a cut folded into its targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.engine.exact import exact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from fractions import Fraction


def dollars(
    shares: Mapping[str, Fraction], aim: Fraction, prices: Mapping[str, Decimal], held: Mapping[str, Decimal], cut: Mapping[str, Decimal]
) -> dict[str, Fraction]:
    """Return what is traded of each coin to bring the bucket to ``aim`` (quote): a coin under a ``cut`` ends at no more than that."""
    goals = {coin: share * aim for coin, share in shares.items()}
    ends = {coin: min(goal, exact(cut[coin])) if coin in cut else goal for coin, goal in goals.items()}
    return {coin: end - exact(held.get(coin, 0)) * exact(prices[coin]) for coin, end in ends.items()}
