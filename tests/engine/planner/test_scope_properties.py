"""A block touches what its causes name, on the sides they allow, and the caps hold strictly after it (domain 9.13, C 13 to 52)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.planner.block import Config, Fees, Rules
from chatbot.engine.planner.scope import EXPOSURE, TABLE, BlockCause, Least, Moves, Scope, Sides, scope_block
from chatbot.engine.planner.scoped import scoped_plan, stands_above_room
from chatbot.engine.portfolio import Cash, Position, Snapshot
from chatbot.engine.targets import Targets
from tests.engine.strategies import ASSETS, PlanCase, filled, near_cases, plan_cases, quick

if TYPE_CHECKING:
    from chatbot.engine.planner.block import Block

D, F = Decimal, Fraction
LINES = {asset: frozenset({"CORE" if n % 2 else "ALT"}) for n, asset in enumerate(ASSETS)}
CONTRACTS = {f"{asset}-PERP": asset for asset in ASSETS[:3]}
PLANNED = sorted(TABLE.keys() - {"hedge", "new_money", "tilt"})


@st.composite
def a_cause(draw: st.DrawFn) -> BlockCause:
    """Draw a cause that a block of the planner may have."""
    kind = draw(st.sampled_from(PLANNED))
    coins = tuple(draw(st.sets(st.sampled_from(ASSETS), min_size=1))) if kind == "vol" else ()
    line = draw(st.sampled_from(("CORE", "ALT", "STABLE", EXPOSURE, ASSETS[0]))) if kind == "drift" else ""
    return BlockCause(kind=kind, event=draw(st.sampled_from(sorted(TABLE[kind].events))), coins=coins, line=line)


causes = st.lists(a_cause(), min_size=1, max_size=3).map(tuple)
names_outside = st.frozensets(st.sampled_from(("CORE", "ALT", "STABLE", EXPOSURE)))
some_contracts = st.frozensets(st.sampled_from(sorted(CONTRACTS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedCase:
    """A plan case with what makes its scope."""

    case: PlanCase
    causes: tuple[BlockCause, ...]
    moved: frozenset[str]
    outside: frozenset[str]
    started: bool

    @property
    def scope(self) -> Scope:
        """What the block may touch; a book above its room has margin among its causes."""
        margin = (BlockCause(kind="margin"),) if stands_above_room(self.case.snapshot, self.case.config) else ()
        return scope_of((*self.causes, *margin), self)

    def run(self) -> Block:
        """Plan it."""
        case = self.case
        how = {"moved": self.moved, "outside": self.outside, "started": self.started}
        lines = {h.asset: LINES[h.asset] for h in case.snapshot.spot}
        return scoped_plan(
            case.snapshot, case.targets, case.rules, case.fees, case.config, case.halted, causes=self.causes, lines=lines, **how
        )


def scope_of(some: tuple[BlockCause, ...], scoped: ScopedCase) -> Scope:
    coins = {h.asset: LINES[h.asset] for h in scoped.case.snapshot.spot}
    contracts = {p.contract: p.asset for p in scoped.case.snapshot.positions}
    return scope_block(some, coins=coins, contracts=contracts, moved=scoped.moved, outside=scoped.outside, started=scoped.started)


scoped_cases = st.builds(
    ScopedCase,
    case=plan_cases(halts=True) | near_cases(),
    causes=causes,
    moved=some_contracts,
    outside=names_outside,
    started=st.booleans(),
)


#: signals that all lower risk, on contracts that have moved, and lines near their targets
risk_off_cases = st.builds(
    ScopedCase,
    case=near_cases(),
    causes=st.lists(a_cause().filter(lambda cause: TABLE[cause.kind].events[cause.event]), min_size=1, max_size=2).map(tuple),
    moved=st.just(frozenset(CONTRACTS)),
    outside=names_outside,
    started=st.just(value=True),
)


def gross(case: PlanCase, quantities: dict[str, F]) -> F:
    return sum((abs(qty) * case.prices[name] for name, qty in quantities.items()), F(0))


@quick
@given(scoped_cases)
def test_c45_every_leg_lies_in_its_scope_and_on_an_allowed_side(scoped: ScopedCase) -> None:
    """Nothing outside the scope moves, but for lots that a cap takes back; an empty scope gives an empty plan."""
    block, scope = scoped.run(), scoped.scope
    for order in block.orders:
        if order.leg.startswith("spot"):
            assert scope.spot[order.instrument].sides in (Sides.BOTH, order.side)
            continue
        if order.instrument not in scope.futures:
            assert order.reduce_only
            assert "cap_scaled" in block.flags
            continue
        moves = scope.futures[order.instrument].moves
        assert order.reduce_only or moves is Moves.ANY or (moves is Moves.NO_RAISE and order.side == "sell")
    if not scope.spot and not scope.futures and not stands_above_room(scoped.case.snapshot, scoped.case.config):
        assert not block.orders


@quick
@given(scoped_cases, causes)
def test_c45_two_sets_of_causes_reach_what_either_reaches(scoped: ScopedCase, more: tuple[BlockCause, ...]) -> None:
    """The instruments in scope of two cause sets are the union of theirs."""
    assume("again" not in {cause.kind for cause in (*scoped.causes, *more)})
    one, other, both = (scope_of(some, scoped) for some in (scoped.causes, more, (*scoped.causes, *more)))
    assert both.spot.keys() == one.spot.keys() | other.spot.keys()
    assert both.futures.keys() == one.futures.keys() | other.futures.keys()


@quick
@given(scoped_cases | risk_off_cases)
def test_c46_a_risk_off_block_buys_no_coin_and_raises_no_long(scoped: ScopedCase) -> None:
    """It is risk-off only if every cause is, and whatever it leaves out for that is said."""
    block, scope = scoped.run(), scoped.scope
    assert scope.risk_off == all(scope_of((cause,), scoped).risk_off for cause in scoped.causes)
    if not scope.risk_off:
        assert not [flag for flag in block.flags if flag.startswith("risk_off")]
        return
    assert not [order for order in block.orders if order.leg == "spot_buy"]
    for name, qty in block.post.futures_qty.items():
        assert F(qty) <= max(scoped.case.held[name], F(0))


@quick
@given(scoped_cases)
def test_c14_and_c48_the_caps_hold_strictly(scoped: ScopedCase) -> None:
    """Both caps hold in any scope with fees at the dearer of price and limit, or the book is flat; what cannot be traded is apart."""
    block, case = scoped.run(), scoped.case
    after = {name: F(qty) for name, qty in block.post.futures_qty.items()}
    stuck = {name: qty for name, qty in after.items() if name in case.halted or name not in case.rules}
    book = gross(case, after)
    spot = sum((F(qty) * case.prices[name] for name, qty in block.post.spot_qty.items()), F(0))
    free = gross(case, {name: qty for name, qty in after.items() if name not in stuck})
    dearer = {
        side: F(fee) * sum((max(F(0), F(o.qty) * F(o.limit) - F(o.notional)) for o in block.orders if o.leg.startswith(side)), F(0))
        for side, fee in (("spot", case.fees.spot), ("futures", case.fees.futures))
    }
    value, equity = F(block.post.value) - sum(dearer.values()), F(block.post.futures_equity) - dearer["futures"]
    fits = spot + book <= F(case.config.gross_cap) * value and book <= F(case.config.sleeve_cap) * equity
    assert fits or free == 0


@quick
@given(scoped_cases)
def test_c52_no_leg_is_under_its_threshold(scoped: ScopedCase) -> None:
    """Exact closes and reductions for a cap apart; a line inside its band is at 25 basis points unless it is named."""
    block, case, scope = scoped.run(), scoped.case, scoped.scope
    value = F(block.value_before)
    for order in block.orders:
        closes = (case.targets.spot | case.targets.futures)[order.instrument] == 0 or not block.post.futures_qty.get(order.instrument, 1)
        if closes or "cap_scaled" in block.flags or "cash_limited" in block.flags:
            continue
        if order.reduce_only and stands_above_room(case.snapshot, case.config):
            continue
        reach = scope.spot.get(order.instrument) or scope.futures[order.instrument]
        bps = case.config.min_trade_bps if reach.least is Least.NAMED else case.config.min_trade_bps_other
        lot = F(case.rules[order.instrument].lot) * case.prices[order.instrument]
        assert F(order.notional) > max(F(case.config.min_trade), F(bps) * value / 10_000) - lot


@pytest.mark.long
@quick
@given(scoped_cases)
def test_c13_the_same_causes_find_nothing_more_to_do(scoped: ScopedCase) -> None:
    """Planning an unflagged block again gives no orders and no transfers."""
    block, case = scoped.run(), scoped.case
    assume(not block.flags and case.config.fee_aware)
    again = replace(scoped, case=filled(case, block)).run()
    # what lies at its threshold by no more than the fees may fall on either side of it
    edge = 2 * F(block.fees) + F(1, 50)
    assert all(F(order.notional) - edge < least_of(scoped, order.instrument) for order in again.orders)
    assert all(
        F(money.amount) < edge + F(case.config.min_trade) + F(case.config.min_trade_bps_other) * F(block.value_before) / 10_000
        for money in again.transfers
    )


def least_of(scoped: ScopedCase, name: str) -> F:
    case, rules = scoped.case, scoped.case.rules[name]
    reach = scoped.scope.spot.get(name) or scoped.scope.futures[name]
    bps = case.config.min_trade_bps if reach.least is Least.NAMED else case.config.min_trade_bps_other
    value = F(scoped.run().value_before)
    return max(F(case.config.min_trade), F(bps) * value / 10_000, F(rules.min_notional), F(3, 2) * F(rules.lot) * case.prices[name])


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        (BlockCause(kind="again"),),
        (BlockCause(kind="mood"),),
        (BlockCause(kind="drift"),),
        (BlockCause(kind="fear", event="cut"),),
        (BlockCause(kind="vol"),),
        (BlockCause(kind="new_money"), BlockCause(kind="start")),
        (BlockCause(kind="again", of=(BlockCause(kind="new_money"),)), BlockCause(kind="margin")),
    ],
)
def test_causes_that_mean_nothing_are_refused(wrong: tuple[BlockCause, ...]) -> None:
    """No cause, an unknown kind or event, drift of nothing, new money beside another cause."""
    with pytest.raises(Refused, match="bad_parameter"):
        scope_block(wrong, coins=LINES, contracts=CONTRACTS)


def test_fear_may_buy_a_short_back_and_ends_a_flip_flat() -> None:
    """A short that shrinks lowers risk on the other side; what would become a long ends at nothing, and says so (domain 9.13)."""
    short = Position(contract="BTC-PERP", asset="BTC", qty=D("-0.5"), entry=D(50_000), mark=D(50_000))
    owned = Snapshot(spot=(), cash=(Cash(asset="USDT", qty=D(50_000)),), wallet=D(50_000), positions=(short,))
    rules = {"BTC-PERP": Rules(tick=D("0.1"), lot=D("0.001"), min_notional=D(100))}
    fear = (BlockCause(kind="fear", event="begin"),)

    def after(goal: str) -> tuple[Decimal, tuple[str, ...]]:
        targets = Targets(spot={}, stable=D("0.5"), collateral=D("0.5"), futures={"BTC-PERP": D(goal)})
        config = Config(gross_cap=D(2), sleeve_cap=D(5))
        block = scoped_plan(owned, targets, rules, Fees(), config, causes=fear, moved=frozenset({"BTC-PERP"}))
        return block.post.futures_qty["BTC-PERP"], block.flags

    assert after("-0.1") == (D("-0.2"), ())
    assert after("0.1") == (D(0), ("risk_off:BTC-PERP",))


def test_new_money_buys_and_nothing_else() -> None:
    """Coins are bought and contracts raised from the first dollar on; the sleeve gets its share."""
    found = scope_block([BlockCause(kind="new_money")], coins=LINES, contracts=CONTRACTS, outside=frozenset({"CORE"}))
    assert {reach.sides for reach in found.spot.values()} == {Sides.BUY}
    assert {reach.moves for reach in found.futures.values()} == {Moves.INCREASE}
    assert {reach.least for reach in (*found.spot.values(), *found.futures.values())} == {Least.ANY}
    assert (found.to_futures.name, found.to_spot.name, found.least) == ("SHARE", "NONE", Least.ANY)


def test_the_thresholds_are_in_order() -> None:
    """What is named is traded sooner than the rest."""
    assert all(a < b for a, b in pairwise((Least.ANY, Least.NAMED, Least.OTHER)))
