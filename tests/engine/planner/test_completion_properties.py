"""Beta completion inside a block: it goes the right way, stays under the caps, and is content with what it has done (domain 9.3)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chatbot.engine.planner.block import Block, Config, Fees, Rules
from chatbot.engine.planner.completion import TOLERANCE, BetaGoal, target_beta
from chatbot.engine.planner.lines import precap
from chatbot.engine.planner.plan import plan
from chatbot.engine.planner.scope import everything
from chatbot.engine.portfolio import Cash, Holding, Position, Snapshot, prior_beta
from chatbot.engine.targets import Targets
from tests.engine.strategies import PlanCase, decimals, filled, plan_cases, quick, signed

D, F = Decimal, Fraction
INDEX = "BTC-PERP"
#: plans with a goal for beta, near to what they lead to as often as far away
offs = st.none() | decimals("-1", "1", 3)


def underlying(case: PlanCase) -> dict[str, str]:
    return {p.contract: p.asset for p in case.snapshot.positions}


def goal_for(case: PlanCase, off: Decimal | None) -> BetaGoal:
    """Return the goal of the targets, or one at a distance from where the plain plan leads."""
    if off is None:
        return BetaGoal(goal=target_beta(case.targets, {}, underlying(case)))
    found = beta_after(case, case.run()) + F(off)
    return BetaGoal(goal=D(found.numerator) / D(found.denominator))


def beta_after(case: PlanCase, block: Block) -> F:
    """Return the beta that a block leads to; what is left and not worth a trade was not failed at, and counts as done."""
    asset_of = underlying(case)
    held = block.post.spot_qty | block.post.futures_qty
    goals = {**case.targets.spot, **{c: F(f) * precap(case.targets, case.config) for c, f in case.targets.futures.items()}}

    def value(name: str, qty: Decimal) -> F:
        now, goal = F(qty) * case.prices[name], F(goals[name]) * F(block.value_target)
        is_small = name != INDEX and name not in case.halted and abs(goal - now) < least_of(case, name)
        return goal if is_small else now

    return sum((F(prior_beta(asset_of.get(name, name))) * value(name, qty) for name, qty in held.items()), F(0)) / F(block.post.value)


def completed(case: PlanCase, goal: BetaGoal) -> Block:
    return plan(case.snapshot, case.targets, case.rules, case.fees, case.config, case.halted, completion=goal)


def least(case: PlanCase) -> F:
    rules = case.rules[INDEX]
    return max(case.threshold, F(rules.min_notional), F(3, 2) * F(rules.lot) * case.prices[INDEX])


@pytest.mark.long
@quick
@given(plan_cases(halts=True), offs)
def test_completion_leaves_everything_else_alone(case: PlanCase, off: Decimal | None) -> None:
    """Only the index contract's order may differ; inside the tolerance, or without the contract, nothing does."""
    plain, block = case.run(), completed(case, goal := goal_for(case, off))
    assert [o for o in block.orders if o.instrument != INDEX] == [o for o in plain.orders if o.instrument != INDEX]
    assert block.transfers == plain.transfers
    assert sum(o.instrument == INDEX for o in block.orders) <= 1
    gap = F(goal.goal) - beta_after(case, plain)
    if abs(gap) <= F(TOLERANCE) or INDEX not in case.held or INDEX in case.halted:
        assert block.orders == plain.orders
    # every flag has its reason
    if "beta_completion" in block.flags:
        assert abs(gap) > F(TOLERANCE)
        assert signed(block).get(INDEX) != signed(plain).get(INDEX)


@pytest.mark.long
@quick
@given(plan_cases(), offs)
def test_completion_closes_the_gap_or_says_why_not(case: PlanCase, off: Decimal | None) -> None:
    """Beta ends within a lot or a threshold of its goal, nearer than before; never on the far side by more than a lot."""
    assume(INDEX in case.held)
    plain, block = case.run(), completed(case, goal := goal_for(case, off))
    before, after = (F(goal.goal) - beta_after(case, b) for b in (plain, block))
    assume(abs(before) > F(TOLERANCE))
    lot = F(case.rules[INDEX].lot) * case.prices[INDEX] / F(block.post.value)
    # what fees take from the value moves every share of it a little
    blur = (F(plain.fees) + F(block.fees)) / F(block.post.value) * (2 + abs(F(goal.goal)) + abs(before))
    if block.orders != plain.orders:
        assert abs(after) <= abs(before) + lot + blur
        assert before * after >= 0 or abs(after) <= max(lot, least(case) / F(block.post.value)) + blur
        if "cap_scaled" not in block.flags:
            assert abs(after) <= max(lot, least(case) / F(block.post.value)) + blur
    elif abs(before) > least(case) / F(plain.post.value) + 2 * lot + blur:
        assert "cap_scaled" in block.flags


@quick
@given(plan_cases(halts=True), offs)
def test_a_completed_plan_keeps_the_invariants(case: PlanCase, off: Decimal | None) -> None:
    """Value, lots, reduce-only, leg order and both caps hold as in any plan (domain appendix C 1, 5, 8, 9, 14, 15)."""
    plain, block = case.run(), completed(case, goal_for(case, off))
    spot_traded = sum((F(o.notional) for o in block.orders if o.leg.startswith("spot")), F(0))
    futures_traded = sum((F(o.notional) for o in block.orders if o.leg.startswith("futures")), F(0))
    assert F(block.fees) == spot_traded * F(case.fees.spot) + futures_traded * F(case.fees.futures)
    assert F(block.post.value) == F(block.value_before) - F(block.fees)
    moves = signed(block)
    for name, qty in block.post.futures_qty.items():
        assert F(qty) == case.held[name] + moves.get(name, F(0))
    order = next((o for o in block.orders if o.instrument == INDEX), None)
    if order is not None:
        before, after = case.held[INDEX], F(block.post.futures_qty[INDEX])
        assert order.reduce_only == (abs(after) < abs(before) and before * after >= 0) == (order.leg == "futures_reduce")
        assert (after == 0 and order.reduce_only) or F(order.qty) % F(case.rules[INDEX].lot) == 0
        if "beta_completion" in block.flags:
            assert F(order.notional) >= least(case)
            assert order == [o for o in block.orders if o.leg == order.leg][-1]
    assert [block.legs.index(o.leg) for o in block.orders] == sorted(block.legs.index(o.leg) for o in block.orders)
    if block.orders != plain.orders and not case.halted:
        book = sum((abs(F(qty)) * case.prices[name] for name, qty in block.post.futures_qty.items()), F(0))
        spot = sum((F(qty) * case.prices[name] for name, qty in block.post.spot_qty.items()), F(0))
        fees = F(block.fees)
        assert book == 0 or spot + book <= F(case.config.gross_cap) * (F(block.post.value) + fees)
        assert book == 0 or book <= F(case.config.sleeve_cap) * (F(block.post.futures_equity) + fees)


@pytest.mark.long
@settings(quick, max_examples=quick.max_examples // 4)  # each example plans up to four times
@given(plan_cases(halts=True), offs)
def test_planning_again_after_a_completion_gives_no_orders(case: PlanCase, off: Decimal | None) -> None:
    """What was completed is neither undone nor done again, unless a spot line or the room moved meanwhile."""
    assume(INDEX in case.held and case.config.fee_aware)
    case = replace(case, config=replace(case.config, min_trade=D(10), min_trade_bps=D(5)))
    block = completed(case, goal := goal_for(case, off))
    assume("beta_completion" in block.flags)
    assume(not {"withdraw_limited", "collateral_limited", "cap_scaled", "cash_limited"} & set(block.flags))
    again = filled(case, block)
    plain, second = again.run(), completed(again, goal)
    # where the plain gap lies at the tolerance by no more than the fees, the fees decide
    hair = 2 * (F(block.fees) + F(second.fees)) / F(block.post.value) * (2 + abs(F(goal.goal)))
    assume(abs(abs(F(goal.goal) - beta_after(again, plain)) - F(TOLERANCE)) > hair)
    assume(not {"cap_scaled", "cash_limited"} & set(second.flags))
    edge = 2 * F(block.fees)
    at_edge = [F(o.notional) - edge < least_of(again, o.instrument) for o in second.orders]
    assert all(at_edge)


def least_of(case: PlanCase, instrument: str) -> F:
    rules = case.rules[instrument]
    return max(case.threshold, F(rules.min_notional), F(3, 2) * F(rules.lot) * case.prices[instrument])


RULES = {
    "BTC": Rules(tick=D("0.01"), lot=D("0.00001"), min_notional=D(5)),
    "SOL": Rules(tick=D("0.01"), lot=D("0.001"), min_notional=D(5)),
    INDEX: Rules(tick=D("0.1"), lot=D("0.001"), min_notional=D(100)),
}
#: 30 % BTC, 50 % SOL at beta 1.4, 10 % cash, and a sleeve of 10 000 that is long 0.1 BTC
OWNED = Snapshot(
    spot=(Holding(asset="BTC", qty=D("0.5"), price=D(60_000)), Holding(asset="SOL", qty=D(500), price=D(100))),
    cash=(Cash(asset="USDT", qty=D(10_000)),),
    wallet=D(10_000),
    positions=(Position(contract=INDEX, asset="BTC", qty=D("0.1"), entry=D(60_000), mark=D(60_000)),),
)
TARGETS = Targets(spot={"BTC": D("0.4"), "SOL": D("0.4")}, stable=D("0.1"), collateral=D("0.1"), futures={INDEX: D("0.06")})
BETAS = {"BTC": D(1), "SOL": D("1.4")}


def block_with(goal: BetaGoal | None, *halted: str, gross_cap: str = "2") -> Block:
    config = Config(gross_cap=D(gross_cap), sleeve_cap=D(8))
    return plan(OWNED, TARGETS, RULES, Fees(), config, frozenset(halted), completion=goal)


def test_full_execution_needs_no_completion() -> None:
    """At theta 1 the targets' beta is where the block leads anyway (domain 9.3)."""
    goal = BetaGoal(goal=target_beta(TARGETS, BETAS, {INDEX: "BTC"}), betas=BETAS)
    assert goal.goal == D("1.02")
    assert block_with(goal) == block_with(None)


def test_a_halted_coin_is_made_up_for_with_the_index() -> None:
    """SOL cannot be sold: beta would end 0.14 too high, less what BTC could not be bought; the long turns into a short."""
    goal = BetaGoal(goal=D("1.02"), betas=BETAS)
    plain, block = block_with(None, "SOL"), block_with(goal, "SOL")
    # BTC takes the cash of 10 000: 0.4 + 0.7 + 0.06 - 1.02 = 0.14 too much
    assert [(o.side, o.instrument) for o in plain.orders] == [("buy", "BTC")]
    assert [(o.side, o.qty, o.instrument, o.leg) for o in block.orders[1:]] == [("sell", D("0.233"), INDEX, "futures_increase")]
    assert block.post.futures_qty[INDEX] == D("-0.133")
    assert block.flags == ("beta_completion", "halted:SOL")


def test_completion_stops_at_the_room_and_at_a_halt() -> None:
    """The gross cap leaves room for 3 000: the short stops there and says so; a halted index gets no order at all."""
    goal = BetaGoal(goal=D("1.02"), betas=BETAS)
    capped = block_with(goal, "SOL", gross_cap="0.93")
    assert capped.post.futures_qty[INDEX] == D("-0.05")
    assert capped.flags == ("beta_completion", "cap_scaled", "halted:SOL")
    halted = block_with(goal, "SOL", INDEX)
    assert [o.instrument for o in halted.orders] == ["BTC"]
    assert halted.flags == (f"halted:{INDEX}", "halted:SOL")


def test_a_hedge_in_the_index_is_not_bought_back() -> None:
    """Beside a hedge completion only sells: it makes up for the halted SOL as before, and a beta that is too low stays."""
    sells = BetaGoal(goal=D("1.02"), betas=BETAS, sells_only=True)
    assert block_with(sells, "SOL") == block_with(replace(sells, sells_only=False), "SOL")
    low = replace(sells, goal=D("1.5"))
    assert block_with(low, "SOL") == block_with(None, "SOL") != block_with(replace(low, sells_only=False), "SOL")


def test_an_index_nobody_quotes_or_without_beta_completes_nothing() -> None:
    """A spot-only portfolio, or an index that does not follow the market, is planned as without a goal."""
    assert block_with(BetaGoal(goal=D(0), index="ETH-PERP")) == block_with(None)
    assert block_with(BetaGoal(goal=D(0), betas={"BTC": D(0)})) == block_with(None)


def test_in_an_emergency_futures_are_reduced_first() -> None:
    """The same orders, reductions before the spot sells; increases stay last (domain 9.8)."""
    config = Config(gross_cap=D(2), sleeve_cap=D(8))
    smaller = replace(TARGETS, futures={INDEX: D("0.03")})
    whole = everything(("BTC", "SOL"), (INDEX,))
    calm, urgent = (plan(OWNED, smaller, RULES, Fees(), config, scope=replace(whole, reductions_first=now)) for now in (False, True))
    assert [o.leg for o in calm.orders] == ["spot_sell", "spot_buy", "futures_reduce"]
    assert [o.leg for o in urgent.orders] == ["futures_reduce", "spot_sell", "spot_buy"]
    assert set(calm.orders) == set(urgent.orders)
    assert (calm.legs[-2:], urgent.legs[0], urgent.legs[-1]) == (
        ("futures_reduce", "futures_increase"),
        "futures_reduce",
        "futures_increase",
    )
    assert set(calm.legs) == set(urgent.legs)
