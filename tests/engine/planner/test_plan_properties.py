"""What every plan keeps, over wide and nasty inputs: the planner's invariants of domain appendix C, by their numbers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chatbot.engine.planner.block import Block, Fees
from chatbot.engine.planner.prices import fee_aware_value
from chatbot.engine.planner.scope import everything
from chatbot.engine.portfolio import Snapshot
from tests.engine.strategies import D_of, PlanCase, decimals, filled, plan_cases, quick, signed

F = Fraction
LEGS = ["spot_sell", "spot_buy", "futures_reduce", "futures_increase"]


def spot_orders(block: Block) -> list[str]:
    return [o.instrument for o in block.orders if o.leg.startswith("spot")]


def lots(case: PlanCase, instrument: str) -> F:
    return F(case.rules[instrument].lot)


@quick
@given(plan_cases(halts=True))
def test_c01_value_is_conserved(case: PlanCase) -> None:
    """The value after is the value before less the fees of every order, exactly; and the parts are that value."""
    block = case.run()
    traded = [sum((F(o.notional) for o in block.orders if o.leg.startswith(side)), F(0)) for side in ("spot", "futures")]
    assert F(block.fees) == traded[0] * F(case.fees.spot) + traded[1] * F(case.fees.futures)
    assert F(block.post.value) == F(block.value_before) - F(block.fees)
    spot = sum((F(qty) * case.prices[asset] for asset, qty in block.post.spot_qty.items()), F(0))
    assert F(block.post.value) == spot + F(block.post.cash) + F(block.post.futures_equity)


@quick
@given(plan_cases(halts=True))
def test_c02_nothing_goes_below_zero_after_any_leg(case: PlanCase) -> None:
    """Spot and cash stay at or above 0 after every leg, filled at the valuation price or at the worst that its limit allows."""
    block, held = case.run(), case.held
    transfers = {t.direction: F(t.amount) for t in block.transfers}
    cash = worst = case.cash
    for leg in LEGS:
        for order in (o for o in block.orders if o.leg == leg and leg.startswith("spot")):
            sign, at = (1, min) if order.side == "sell" else (-1, max)
            cash += F(order.notional) * (sign - F(case.fees.spot))
            worst += F(order.qty) * at(case.prices[order.instrument], F(order.limit)) * (sign - F(case.fees.spot))
            held[order.instrument] -= sign * F(order.qty)
            assert min(cash, worst, held[order.instrument]) >= 0
        if leg == "spot_sell":
            cash += transfers.get("to_spot", F(0))
            worst += transfers.get("to_spot", F(0))
    assert cash - transfers.get("to_futures", F(0)) == F(block.post.cash)
    assert min(cash, worst) >= transfers.get("to_futures", F(0))


@quick
@given(plan_cases(halts=True), st.sampled_from((F(1, 10), F(1, 2), F(1))))
def test_c03_the_cash_buffer_is_untouchable(case: PlanCase, share: F) -> None:
    """Cash that was at or above its buffer stays there, also where the buffer is most of it."""
    buffer = case.cash * share
    kept = replace(case, config=replace(case.config, cash_buffer=D_of(buffer)))
    assert F(kept.run().post.cash) >= buffer


@quick
@given(plan_cases(halts=True))
def test_c04_no_spot_order_below_the_exchange_minimum(case: PlanCase) -> None:
    """Every spot order is worth the exchange's minimum at the lower of price and limit."""
    for order in case.run().orders:
        if order.leg.startswith("spot"):
            worst = min(case.prices[order.instrument], F(order.limit))
            assert F(order.qty) * worst >= F(case.rules[order.instrument].min_notional)


@quick
@given(plan_cases())
def test_c04_a_minimum_that_an_order_just_meets_is_met_at_its_limit_too(case: PlanCase) -> None:
    """Each spot order's own worth becomes its instrument's minimum: where the limit is the lower price, the exchange would refuse it."""
    exactly = {o.instrument: replace(case.rules[o.instrument], min_notional=o.notional) for o in case.run().orders}
    met = replace(case, rules={**case.rules, **exactly})
    for order in met.run().orders:
        if order.leg.startswith("spot"):
            assert F(order.qty) * min(met.prices[order.instrument], F(order.limit)) >= F(met.rules[order.instrument].min_notional)


@quick
@given(plan_cases(halts=True))
def test_c05_quantities_are_lot_multiples(case: PlanCase) -> None:
    """Quantities are above 0 and multiples of the lot, except the exact close of an odd futures quantity."""
    for order in case.run().orders:
        closes = order.reduce_only and F(order.qty) == abs(case.held[order.instrument])
        assert order.qty > 0
        assert closes or F(order.qty) % lots(case, order.instrument) == 0


@quick
@given(plan_cases(halts=True))
def test_c06_limits_are_positive_tick_multiples(case: PlanCase) -> None:
    """Limits are above 0 and multiples of the tick."""
    for order in case.run().orders:
        assert order.limit > 0
        assert F(order.limit) % F(case.rules[order.instrument].tick) == 0


@quick
@given(plan_cases(halts=True))
def test_c07_limits_are_worst_prices(case: PlanCase) -> None:
    """Buys round down from the bound and sells up, by less than a tick."""
    offset = F(case.config.offset_bps) / 10_000
    for order in case.run().orders:
        passive = case.config.style == "passive" and not case.rules[order.instrument].takes
        down = (order.side == "buy") == passive
        bound = case.prices[order.instrument] * (1 - offset if down else 1 + offset)
        off = bound - F(order.limit) if order.side == "buy" else F(order.limit) - bound
        assert 0 <= off < F(case.rules[order.instrument].tick)


@quick
@given(plan_cases(halts=True))
def test_c08_one_order_per_instrument(case: PlanCase) -> None:
    """No instrument has two orders."""
    names = [o.instrument for o in case.run().orders]
    assert len(names) == len(set(names))


@quick
@given(plan_cases(halts=True))
def test_c09_legs_stand_in_their_order(case: PlanCase) -> None:
    """Sells, buys, reductions, increases; alphabetical inside each; at most one transfer. Margin only moves reductions up."""
    whole = everything((h.asset for h in case.snapshot.spot), (p.contract for p in case.snapshot.positions))
    block = replace(case, scope=whole).run()
    keys = [(LEGS.index(o.leg), o.instrument) for o in block.orders]
    assert keys == sorted(keys)
    assert len(block.transfers) <= 1
    urgent = replace(case, scope=replace(whole, reductions_first=True)).run()
    reductions = [o for o in block.orders if o.leg == "futures_reduce"]
    assert urgent.orders == (*reductions, *(o for o in block.orders if o not in reductions))
    assert (urgent.transfers, urgent.post, urgent.flags) == (block.transfers, block.post, block.flags)


@quick
@given(plan_cases(halts=True))
def test_c10_trades_go_towards_the_target(case: PlanCase) -> None:
    """Spot is sold only above and bought only below its target at V'; futures likewise while no cap interferes."""
    block = case.run()
    after = F(block.value_target)
    for name, move in signed(block).items():
        now = case.held[name] * case.prices[name]
        if name in case.targets.spot:
            assert move * (F(case.targets.spot[name]) * after - now) > 0
        elif "cap_scaled" not in block.flags:
            assert move * (F(case.targets.futures[name]) * after - now) > 0


@quick
@given(plan_cases(halts=True))
def test_c11_no_trade_overshoots(case: PlanCase) -> None:
    """Every spot line ends at least as near to its target as it began, and on the same side of it: lots never carry it across."""
    block = case.run()
    for asset in spot_orders(block):
        goal, price = F(case.targets.spot[asset]) * F(block.value_target), case.prices[asset]
        off, left = case.held[asset] * price - goal, F(block.post.spot_qty[asset]) * price - goal
        assert abs(left) <= abs(off)
        assert left * off >= 0 or abs(left) < F(1, 10**40)


@quick
@given(plan_cases())
def test_c12_unflagged_plans_end_near_their_targets(case: PlanCase) -> None:
    """Without flags every spot line ends within the trade threshold of its target."""
    block = case.run()
    assume(not block.flags)
    blur = abs(F(block.value_target) - F(block.post.value))
    for asset, t in case.targets.spot.items():
        rules, price = case.rules[asset], case.prices[asset]
        allowed = max(case.threshold, F(rules.min_notional), F(3, 2) * F(rules.lot) * price) + blur * F(t)
        assert abs(F(block.post.spot_qty[asset]) * price - F(t) * F(block.post.value)) <= allowed


@pytest.mark.long
@quick
@given(plan_cases())
def test_c13_planning_again_changes_nothing(case: PlanCase) -> None:
    """After an unflagged plan there is nothing left to do; after a limited withdrawal one more pass settles it."""
    assume(case.config.fee_aware)
    case = replace(case, config=replace(case.config, min_trade=Decimal(10), min_trade_bps=Decimal(5)))
    block = case.run()
    assume(set(block.flags) <= {"withdraw_limited"})
    again = filled(case, block)
    second = again.run()
    if not block.flags:
        assert settled(again, second, F(block.fees))
    elif not second.flags:
        third = filled(again, second)
        assert settled(third, third.run(), F(second.fees))


def settled(case: PlanCase, block: Block, fees: F) -> bool:
    """Tell whether there is nothing to do, but for lines that stood at the threshold and were moved over it by the fees paid."""
    hair = 2 * fees
    at_edge = [F(o.notional) - least(case, o.instrument) < hair for o in block.orders]
    return all(at_edge) and all(F(t.amount) - case.threshold < hair for t in block.transfers)


def least(case: PlanCase, instrument: str) -> F:
    """Return the smallest difference worth an order."""
    rules = case.rules[instrument]
    return max(case.threshold, F(rules.min_notional), F(3, 2) * F(rules.lot) * case.prices[instrument])


@quick
@given(plan_cases())
def test_c14_the_book_stays_under_both_caps(case: PlanCase) -> None:
    """After the plan both leverage caps hold up to the fees, or the book is flat."""
    post, fees = case.run().post, F(case.run().fees)
    book = sum((abs(F(qty)) * case.prices[name] for name, qty in post.futures_qty.items()), F(0))
    spot = sum((F(qty) * case.prices[name] for name, qty in post.spot_qty.items()), F(0))
    cap, sleeve = F(case.config.gross_cap), F(case.config.sleeve_cap)
    assert book == 0 or spot + book <= cap * (F(post.value) + fees)
    assert book == 0 or book <= sleeve * (F(post.futures_equity) + fees)


@quick
@given(plan_cases(halts=True))
def test_c15_reduce_only_never_grows_or_flips(case: PlanCase) -> None:
    """A reduce-only order makes a position smaller on its side; every other futures order does not."""
    block = case.run()
    for order in block.orders:
        if order.leg.startswith("futures"):
            before, after = case.held[order.instrument], F(block.post.futures_qty[order.instrument])
            smaller = abs(after) < abs(before) and before * after >= 0
            assert order.reduce_only == smaller == (order.leg == "futures_reduce")


@pytest.mark.long
@quick
@given(plan_cases(halts=True), st.randoms(use_true_random=False))
def test_c17_input_order_is_irrelevant(case: PlanCase, random: st.DataObject) -> None:
    """Rows and tables in any order give the same block."""

    def mixed(rows: object) -> list:
        rows = list(rows)
        random.shuffle(rows)
        return rows

    s, t = case.snapshot, case.targets
    shuffled = replace(
        case,
        snapshot=Snapshot(spot=tuple(mixed(s.spot)), cash=tuple(mixed(s.cash)), wallet=s.wallet, positions=tuple(mixed(s.positions))),
        targets=replace(t, spot=dict(mixed(t.spot.items())), futures=dict(mixed(t.futures.items()))),
    )
    assert shuffled.run() == case.run()


@pytest.mark.long
@quick
@given(plan_cases(), st.sampled_from([Decimal(10), Decimal("0.1"), Decimal(3)]))
def test_c18_orders_scale_with_the_portfolio(case: PlanCase, k: Decimal) -> None:
    """Everything times k: the same orders times k at the same prices, where no cent of a rounded transfer decides."""
    block = case.run()
    assume(not block.flags)
    s = case.snapshot
    scaled = replace(
        case,
        snapshot=Snapshot(
            spot=tuple(replace(h, qty=h.qty * k) for h in s.spot),
            cash=tuple(replace(c, qty=c.qty * k) for c in s.cash),
            wallet=s.wallet * k,
            positions=tuple(replace(p, qty=p.qty * k) for p in s.positions),
        ),
        rules={name: replace(r, lot=r.lot * k, min_notional=r.min_notional * k) for name, r in case.rules.items()},
        config=replace(case.config, min_trade=case.config.min_trade * k, cash_buffer=case.config.cash_buffer * k),
    )
    wanted = [(o.instrument, o.side, F(o.qty) * F(k), o.limit, o.reduce_only) for o in block.orders]
    other = scaled.run()
    assume(not other.flags)
    assert [(o.instrument, o.side, F(o.qty), o.limit, o.reduce_only) for o in other.orders] == wanted


@quick
@given(plan_cases(), decimals("0.1", "5", 2))
def test_c19_more_of_an_asset_is_not_sold_less(case: PlanCase, grow: Decimal) -> None:
    """Holding more of an asset does not make its sale smaller, up to the threshold and a lot."""
    first = case.snapshot.spot[0]
    richer = replace(case, snapshot=replace(case.snapshot, spot=(replace(first, qty=first.qty * (1 + grow)), *case.snapshot.spot[1:])))
    few, many = (-min(F(0), signed(c.run()).get(first.asset, F(0))) for c in (case, richer))
    rules, price = case.rules[first.asset], case.prices[first.asset]
    slack = max(richer.threshold / price, F(rules.min_notional) / price, 2 * F(rules.lot))
    assert many >= few - slack


@quick
@given(plan_cases())
def test_c23_fees_shrink_the_value(case: PlanCase) -> None:
    """V' is at most V, equal only when nothing is to be traded or trading is free, and falls in each fee."""
    before = case.run().value_before
    spot = [(F(t), F(h.qty) * F(h.price)) for h, t in zip(case.snapshot.spot, case.targets.spot.values(), strict=True)]
    book = [(F(case.targets.futures[p.contract]), F(p.qty) * F(p.mark)) for p in case.snapshot.positions]

    def left(fee_spot: str, fee_futures: str) -> F:
        return fee_aware_value(F(before), spot, book, F(fee_spot), F(fee_futures))

    # a book so large that its closing fees alone eat the portfolio is refused, not valued
    assume(sum(abs(F(n)) for _, n in book) < 1000 * F(before))
    idle_spot = all(F(t) * F(before) == F(v) for t, v in spot)
    idle_book = all(F(f) * F(before) == F(n) for f, n in book)
    assert left("0", "0") == F(before)
    dear, dearer = left("0.0001", "0"), left("0.0002", "0")
    assert (dear == F(before)) if idle_spot else (dearer < dear < F(before))
    dear, dearer = left("0", "0.0001"), left("0", "0.0002")
    assert (dear == F(before)) if idle_book else (dearer < dear < F(before))


@quick
@given(plan_cases(fees=False))
def test_c24_free_trading_needs_no_fee_awareness(case: PlanCase) -> None:
    """With zero fees V' = V and the fee-aware plan is the other one."""
    assert case.fees == Fees()
    block = case.run()
    assert block.value_target == block.value_before
    assert block == replace(case, config=replace(case.config, fee_aware=not case.config.fee_aware)).run()


@quick
@given(plan_cases(halts=True))
def test_c40_halted_instruments_get_no_order(case: PlanCase) -> None:
    """Whatever is halted is not traded, and costs nothing: where everything is, V' is V (C.23)."""
    assert not case.halted & {o.instrument for o in case.run().orders}
    still = replace(case, halted=frozenset(case.rules)).run()
    assert (still.value_target, still.orders) == (still.value_before, ())


@quick
@given(plan_cases(halts=True))
def test_c41_every_flag_has_its_residual(case: PlanCase) -> None:
    """A flag that names an instrument names one that is away from its target and was not traded."""
    block = case.run()
    traded = {o.instrument for o in block.orders}
    for flag in block.flags:
        kind, _, name = flag.partition(":")
        if name:
            target = F((case.targets.spot | case.targets.futures)[name])
            assert name not in traded
            assert kind != "halted" or name in case.halted
            assert target * F(block.value_target) != case.held[name] * case.prices[name]
        else:
            assert kind in {"cash_limited", "withdraw_limited", "collateral_limited", "cap_scaled"}
