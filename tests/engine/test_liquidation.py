"""Where a position is liquidated: the price and the bracket belong together (domain 1.6, appendix C 34)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.exact import wide
from chatbot.engine.liquidation import Bracket, bracket_at, liquidation, maintenance
from tests.engine.strategies import decimals, magnitudes, quick

D = Decimal
TABLE = (
    Bracket(up_to=D(50_000), mmr=D("0.004")),
    Bracket(up_to=D(250_000), mmr=D("0.005"), cum=D(50)),
    Bracket(up_to=D(1_000_000), mmr=D("0.01"), cum=D(1_300)),
    Bracket(up_to=None, mmr=D("0.025"), cum=D(16_300)),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[Bracket, ...]:
    """Draw a table whose rates rise and whose margin runs on without a jump."""
    ends = sorted(draw(st.sets(magnitudes(2, 6, 2), min_size=1, max_size=4)))
    rates = sorted(draw(st.sets(decimals("0.004", "0.2", 3), min_size=len(ends) + 1, max_size=len(ends) + 1)))
    cum, rows = D(0), []
    for end, rate, following in zip(ends, rates, rates[1:], strict=False):
        rows.append(Bracket(up_to=end, mmr=rate, cum=cum))
        cum += end * (following - rate)
    return (*rows, Bracket(up_to=None, mmr=rates[-1], cum=cum))


@quick
@given(magnitudes(-3, 5), magnitudes(-3, 3), decimals("0.01", "0.95", 2), decimals("0.01", "0.5", 2))
def test_c34_liquidation_stands_where_equity_meets_maintenance(entry: Decimal, qty: Decimal, margin: Decimal, less: Decimal) -> None:
    """A long is liquidated below entry, nearer with more leverage, and there equity equals maintenance margin."""
    mmr = D("0.004")
    table = (Bracket(mmr=mmr),)
    full = qty * entry
    far = liquidation(table, qty=qty, entry=entry, collateral=full * margin).price
    near = liquidation(table, qty=qty, entry=entry, collateral=full * margin * less).price
    short = liquidation(table, qty=-qty, entry=entry, collateral=full * margin).price
    assert far is not None
    assert near is not None
    assert short is not None
    assert far < near
    assert (near < entry) == (margin * less > mmr)
    for price, sign in ((far, 1), (short, -1)):
        equity = full * margin + sign * qty * (price - entry)
        assert abs(equity - mmr * qty * price) < D("1e-15") * full


@quick
@given(tables(), magnitudes(-3, 4), magnitudes(-3, 3), decimals("0.01", "3", 2), st.sampled_from((1, -1)), decimals("0.5", "2", 2))
def test_c34_equity_meets_the_tables_maintenance(
    table: tuple[Bracket, ...], entry: Decimal, size: Decimal, margin: Decimal, side: int, moved: Decimal
) -> None:
    """At the liquidation price equity is the maintenance margin of the bracket there, whichever bracket the mark is in."""
    qty, collateral, mark = side * size, size * entry * margin, entry * moved
    price = liquidation(table, qty=qty, entry=entry, collateral=collateral, mark=mark).price
    if price is None:
        # a long that keeps its margin down to 0
        assert side == 1
        assert collateral - size * entry + table[0].cum >= 0
        return
    with wide():
        equity, held = collateral + qty * (price - entry), maintenance(table, size * price)
    assert abs(equity - held) < D("1e-15") * size * (entry + price)
    assert price == liquidation(table, qty=qty, entry=entry, collateral=collateral, mark=price).price


@quick
@given(tables(), decimals("0", "0.5", 2), decimals("-0.5", "0.5", 2), st.sampled_from((1, -1)))
def test_c34_other_positions_take_their_maintenance_and_give_their_profit(
    table: tuple[Bracket, ...], needed: Decimal, gained: Decimal, side: int
) -> None:
    """In cross margin the wallet answers for them too: it is the same as collateral of that much less, and more."""
    one, entry = D(side), D(1000)
    shared = liquidation(table, qty=one, entry=entry, collateral=entry, other_mm=needed * entry, other_upnl=gained * entry)
    assert shared == liquidation(table, qty=one, entry=entry, collateral=entry * (1 - needed + gained))


@quick
@given(tables(), magnitudes(-3, 4), magnitudes(-3, 3), decimals("0.01", "3", 2))
def test_c34_more_leverage_is_liquidated_sooner(table: tuple[Bracket, ...], entry: Decimal, qty: Decimal, margin: Decimal) -> None:
    """With half the collateral a long is liquidated at a higher price."""
    full, half = (liquidation(table, qty=qty, entry=entry, collateral=qty * entry * m).price for m in (margin, margin / 2))
    assert full is None or (half is not None and half > full)


def test_the_bracket_at_the_liquidation_price_counts() -> None:
    """A short of 4 BTC at 60 000 stands in the second bracket and is liquidated in the third."""
    found = liquidation(TABLE, qty=D(-4), entry=D(60_000), collateral=D(60_000))
    third = liquidation(TABLE[2:3], qty=D(-4), entry=D(60_000), collateral=D(60_000))
    assert found == third
    assert found.price is not None
    assert bracket_at(TABLE, 4 * found.price) == TABLE[2]
    assert liquidation(TABLE[:1], qty=D("0.5"), entry=D(60_000), collateral=D(6_000)).price == pytest.approx(D("48192.77"))
    assert liquidation(TABLE, qty=D(0), entry=D(60_000), collateral=D(0)).price is None


def test_brackets_that_point_at_each_other_give_the_nearer_price() -> None:
    """Two rates with a jump between them never agree; the answer is the price that is reached first."""
    torn = (Bracket(up_to=D(110), mmr=D("0.5")), Bracket(up_to=None, mmr=D("0.01")))
    price = liquidation(torn, qty=D(1), entry=D(100), collateral=D(20)).price
    # small: 80 / 0.5 = 160, in the large one; large: 80 / 0.99 = 80.8, in the small one
    assert price == 160


def test_a_table_has_to_ascend() -> None:
    """No rows, an end in the middle, or ends out of order are refused."""
    for table in ((), (TABLE[3], TABLE[0]), (TABLE[1], TABLE[0], TABLE[3])):
        with pytest.raises(Refused, match="bad_parameter"):
            liquidation(table, qty=D(1), entry=D(1), collateral=D(1))
