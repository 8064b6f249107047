"""What trading each line costs, as a plan below theta 1 is told it (domain 9.10 b)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.plans import draft
from chatbot.portfolio import strategies
from tests.portfolio.still_market import PERSON, bench

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from chatbot.exchanges.base import Quote
    from chatbot.model import Portfolio
    from chatbot.plans.costs import Costing
    from tests.portfolio.still_market import Bench

D = Decimal


async def _open(room: Bench, theta: str) -> Portfolio:
    """Open BTC 40, SOL 20, ETH 20, cash 20, with BTC far over."""
    markets = await room.market.markets()
    weights = {"BTC": D(40), "SOL": D(20), "ETH": D(20), "USDT": D(20)}
    strategy, problems = strategies.own_weights(weights, markets, strategies.preset("balanced", markets))
    assert strategy is not None, problems
    holdings = {"BTC": D("0.12"), "SOL": D(16), "ETH": D("0.64"), "USDT": D(800)}
    return await room.program.portfolios.open(PERSON, "paper", replace(strategy, theta=D(theta)), holdings)  # type: ignore[arg-type]


def _impact(lost: dict[str, float | None]) -> object:
    def impact(_: Costing, quote: Quote, value: Decimal) -> float | None:
        assert value > 0
        return lost[quote.instrument]

    return impact


async def test_the_cheapest_lines_absorb_the_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BTC is sold to its inner edge either way; the money stays in the stablecoin, and the rest goes to the cheaper coin."""
    async with bench(tmp_path) as room:
        portfolio = await _open(room, "0.5")
        costing = room.program.rebalancing._costing(portfolio)
        found = await room.program.evaluator.look(portfolio, fresh=True)
        for cheap, expensive in (("SOL", "ETH"), ("ETH", "SOL")):
            monkeypatch.setattr(type(costing), "impact", _impact({"BTC": 0.0002, cheap: 0.0001, expensive: 0.005}))
            costs = costing.by_line(found)
            assert costs is not None
            assert costs["STABLE"] == 0
            assert costs[expensive] - costs[cheap] == D("0.0049")
            aim = draft.targets_for(found, costs)
            assert aim.spot["BTC"] == D("0.425")
            assert aim.spot[cheap] >= aim.spot[expensive]
            assert aim.stable == D("0.225"), "what costs nothing comes first"


async def test_an_unknown_cost_makes_all_count_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One coin without volume: no costs are told, and at theta 1 they are not asked for."""
    async with bench(tmp_path) as room:
        portfolio = await _open(room, "0.5")
        costing = room.program.rebalancing._costing(portfolio)
        monkeypatch.setattr(type(costing), "impact", _impact({"BTC": 0.0002, "SOL": None, "ETH": 0.0001}))
        assert costing.by_line(await room.program.evaluator.look(portfolio, fresh=True)) is None
        straight = await room.program.portfolios.change(portfolio, strategy=replace(portfolio.strategy, theta=D(1)))
        monkeypatch.setattr(type(costing), "impact", _impact({"BTC": 0.0002, "SOL": 0.001, "ETH": 0.0001}))
        assert costing.by_line(await room.program.evaluator.look(straight, fresh=True)) is None
