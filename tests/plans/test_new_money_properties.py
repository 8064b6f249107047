"""What must hold of every plan that invests money, whatever is held and whatever signals and hedges are active (domain 9.14, C.51)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from chatbot.model import LegKind, Plan
from chatbot.plans import new_money
from tests.portfolio.moved_portfolios import MARKETS, NOW, Case, cases, quick

D = Decimal
ALLOWED = {LegKind.SPOT_BUY, LegKind.TO_FUTURES, LegKind.FUTURES_INCREASE}
#: weights are cut at twelve places
CUT = D("0.01")


@pytest.mark.long
@quick
@given(cases(), st.decimals("1", "200000", places=2))
def test_c51_it_buys_no_more_than_the_money_no_line_past_its_target_and_sells_nothing(case: Case, wished: Decimal) -> None:
    """No sale, no reduction, no flip, nothing of a coin in its spike, and never more than is to be invested."""
    found = case.look()
    assert found.held is not None
    assert found.effective is not None
    amount = min(wished, new_money.money_there(found))
    assume(amount > 0)
    plan = new_money.draft_buys(found, (new_money.reason(wished),), now=NOW, expiry=timedelta(minutes=5))
    event("planned" if isinstance(plan, Plan) else "nothing")
    if not isinstance(plan, Plan):
        return
    assert {leg.kind for leg in plan.legs} <= ALLOWED
    buys = [leg for leg in plan.legs if leg.kind is LegKind.SPOT_BUY]
    fee = max(market.taker_fee for name, market in MARKETS.items() if not name.endswith("-PERP"))
    into = sum((leg.qty for leg in plan.legs if leg.is_transfer), D(0))
    assert sum((leg.notional for leg in buys), D(0)) * (1 + fee) + into <= amount + CUT
    cut = {step.removeprefix("vol:") for step in found.effective.log if step.startswith("vol:")}
    assert not cut & {leg.instrument for leg in buys}
    book = {position.contract: position.qty for position in found.held.snapshot.positions}
    for leg in plan.legs:
        if leg.kind is LegKind.FUTURES_INCREASE:
            target = found.effective.targets.futures[leg.instrument]
            assert book[leg.instrument] * target >= 0
            assert leg.sells == (target < 0)
    bought: dict[str, Decimal] = {}
    for leg in buys:
        line = case.strategy.line_of(leg.instrument)
        bought[line] = bought.get(line, D(0)) + leg.notional
    for line, more in bought.items():
        assert found.held.by_line[line] + more <= found.effective.lines[line] * found.held.value + CUT, line
