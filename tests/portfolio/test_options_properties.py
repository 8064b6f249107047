"""What must hold of the turnover limit and of unequal costs, whatever else is on (domain 9.10)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.exact import wide
from chatbot.model import FUTURES, STABLE
from chatbot.portfolio import targets, valuation
from tests.portfolio.moved_portfolios import Case, cases, quick

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.engine.targets import Targets

D = Decimal
HAIR = D("1e-18")


def held(case: Case) -> dict[str, Decimal]:
    """Return the weight of every coin, of the stablecoin and of the futures account."""
    valued = valuation.value_of(case.snap, case.strategy)
    return {name: value / valued.value for name, value in valued.parts.items()}


def as_weights(aim: Targets) -> dict[str, Decimal]:
    """Return targets under the same names."""
    return {**aim.spot, STABLE: aim.stable, FUTURES: aim.collateral}


def turnover(before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> Decimal:
    """Return half of what moves."""
    return sum((abs(after.get(name, D(0)) - w) for name, w in before.items()), D(0)) / 2


@pytest.mark.long
@quick
@given(cases(), st.sampled_from((D("0.01"), D("0.05"), D("0.2"))))
def test_a_limited_plan_goes_straight_and_no_further_than_its_limit(case: Case, budget: Decimal) -> None:
    """It moves at most the budget, between where things stand and where they should; futures are not held up, nor is a cut."""
    found = case.look()
    assert found.effective is not None
    aim = targets.destination(valuation.value_of(case.snap, case.strategy), case.strategy, found.effective)
    strategy = replace(case.strategy, turnover_budget=budget)
    short = targets.destination(valuation.value_of(case.snap, strategy), strategy, found.effective)
    with wide():
        assert sum(as_weights(short).values()) == 1
    assert short.futures == aim.futures
    before, full, part = held(case), as_weights(aim), as_weights(short)
    if min(before.values()) < 0 or any(step.startswith("vol:") for step in found.effective.log):
        assert short == aim
        return
    assert turnover(before, part) <= max(budget, D(0)) + HAIR
    if turnover(before, full) <= budget:
        assert all(abs(part[name] - full[name]) <= HAIR for name in full)
    else:
        assert abs(turnover(before, part) - budget) <= HAIR
        assert targets.stopped_early(valuation.value_of(case.snap, strategy), strategy, short) is not None
    for name, w in before.items():
        low, high = sorted((w, full.get(name, D(0))))
        assert low - HAIR <= part.get(name, D(0)) <= high + HAIR


@pytest.mark.long
@quick
@given(cases(), st.data())
def test_known_costs_never_make_a_plan_dearer(case: Case, data: st.DataObject) -> None:
    """With theta below 1 the lines' costs can only lower what the way there costs, and the weights still sum to 1."""
    strategy = replace(case.strategy, theta=D("0.5"), turnover_budget=None)
    found = replace(case, strategy=strategy).look()
    assert found.effective is not None
    lines = found.effective.lines
    rates = st.sampled_from((D(0), D("0.0005"), D("0.001"), D("0.004")))
    costs = {line: D(0) if line == STABLE else data.draw(rates) for line in lines if line != FUTURES}
    alike = targets.destination(valuation.value_of(case.snap, strategy), strategy, found.effective)
    told = targets.destination(valuation.value_of(case.snap, strategy), strategy, found.effective, costs)
    with wide():
        assert sum(as_weights(told).values()) == 1
    values = valuation.value_of(case.snap, strategy).by_line
    whole = sum(values.values())

    def cost(aim: Targets) -> Decimal:
        by_line = dict.fromkeys(values, D(0))
        for asset, weight in aim.spot.items():
            by_line[strategy.line_of(asset)] = by_line.get(strategy.line_of(asset), D(0)) + weight
        return sum((costs.get(line, D(0)) * abs(weight - values.get(line, D(0)) / whole) for line, weight in by_line.items()), D(0))

    assert cost(told) <= cost(alike) + HAIR
