"""The caps hold for the book as it stands after the block, lot by lot, with the block's own fees paid (domain 2.4, C 48)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.planner.block import Config, Fees, Rules
from chatbot.engine.planner.scope import BlockCause
from chatbot.engine.planner.scoped import scoped_plan
from chatbot.engine.portfolio import Cash, Holding, Position, Snapshot
from chatbot.engine.targets import Targets
from tests.engine.strategies import decimals, quick
from tests.golden.strict_book import Strict, Wanted, cap_strict

D, F = Decimal, Fraction
NAMES = ("BTC-PERP", "ETH-PERP", "SOL-PERP")


@st.composite
def books(draw: st.DrawFn) -> dict[str, Wanted]:
    """Draw one to three contracts with goals from nothing to far above any room."""
    book = {}
    for name in NAMES[: draw(st.integers(1, 3))]:
        mark = draw(decimals("1", "60000", 2))
        lot = D(1).scaleb(draw(st.integers(-4, -1)) - max(0, mark.adjusted() - 1))
        qty = (draw(decimals("-40000", "40000", 2)) / mark).quantize(lot / draw(st.sampled_from((1, 10))))
        limit = draw(st.sampled_from((None, mark * 2, mark * D("1.005"), mark * D("0.995"))))
        book[name] = Wanted(qty=qty, mark=mark, lot=lot, goal=draw(decimals("-60000", "60000", 2)), limit=limit)
    return book


def strict(book: dict[str, Wanted], equity: Decimal, fee: Decimal) -> Strict:
    figures: dict[str, Any] = {"value": D(50_000), "spot_risky": D(30_000), "gross_cap": D("1.4"), "sleeve_cap": D(4)}
    return cap_strict(**figures, futures_equity=equity, fee_futures=fee, contracts=book)


def fees(book: dict[str, Wanted], after: dict[str, F], fee: Decimal) -> F:
    """Return what the block pays, each order at the dearer of mark and limit."""
    traded = (abs(after[name] - F(c.qty)) * max(F(c.mark), F(c.limit or c.mark)) for name, c in book.items())
    return F(fee) * sum(traded, F(0))


def fits(book: dict[str, Wanted], after: dict[str, F], equity: Decimal, fee: Decimal) -> bool:
    paid = fees(book, after, fee)
    gross = sum((abs(qty) * F(book[name].mark) for name, qty in after.items()), F(0))
    return gross <= max(F(0), min(F("1.4") * (50_000 - paid) - 30_000, 4 * (F(equity) - paid)))


@quick
@given(books(), decimals("-100", "12000", 2), st.sampled_from((D(0), D("0.0005"), D("0.01"))))
def test_c48_the_caps_hold_and_one_lot_more_would_break_them(book: dict[str, Wanted], equity: Decimal, fee: Decimal) -> None:
    """The book fits its room after the fees, or is flat; the contract that gave last gave no lot too many."""
    found = strict(book, equity, fee)
    after = {name: F(qty) for name, qty in found.target_qty.items()}
    assert fits(book, after, equity, fee) or not any(after.values())
    assert abs(F(found.gross) - sum((abs(qty) * F(book[name].mark) for name, qty in after.items()), F(0))) < F(1, 10**12)
    if not found.trimmed:
        return
    # the finest gives first, and those before the last that gave are flat, whether they had anything to give or not
    order = sorted(book, key=lambda name: (-book[name].lot * book[name].mark, name), reverse=True)
    last = max(found.trimmed, key=order.index)
    assert not any(after[name] for name in order[: order.index(last)])
    side = 1 if after[last] > 0 or (not after[last] and book[last].goal > 0) else -1
    assert not fits(book, after | {last: after[last] + side * F(book[last].lot)}, equity, fee)


@quick
@given(books(), decimals("0", "12000", 2))
def test_nobody_grows_or_flips_for_a_cap(book: dict[str, Wanted], equity: Decimal) -> None:
    """What is cut stays on the side of its goal, or of what is held, and never goes beyond either."""
    for name, qty in strict(book, equity, D("0.0005")).target_qty.items():
        bounds = (F(book[name].qty), F(book[name].goal) / F(book[name].mark), F(0))
        assert min(bounds) <= F(qty) <= max(bounds)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"value": D(0)}, "non_positive_value"),
        ({"gross_cap": D(-1)}, "bad_parameter"),
        ({"fee_futures": D(1)}, "bad_parameter"),
        ({"contracts": {"A": Wanted(qty=D(0), mark=D(0), lot=D(1), goal=D(1))}}, "bad_price"),
        ({"contracts": {"A": Wanted(qty=D(0), mark=D(1), lot=D(0), goal=D(1))}}, "bad_parameter"),
    ],
)
def test_nonsense_is_refused(wrong: dict[str, Any], code: str) -> None:
    """No value, negative caps, fees that eat everything, no price, no lot."""
    sound = {"value": D(1), "spot_risky": D(0), "futures_equity": D(1), "gross_cap": D(1), "sleeve_cap": D(1), "fee_futures": D(0)}
    with pytest.raises(Refused, match=code):
        cap_strict(**{**sound, "contracts": {}, **wrong})


OWNED = Snapshot(
    spot=(Holding(asset="BTC", qty=D("0.4"), price=D(60_000), bucket="CORE"),),
    cash=(Cash(asset="USDT", qty=D(0)),),
    wallet=D(5_000),
    positions=(Position(contract="BTC-PERP", asset="BTC", qty=D("0.1"), entry=D(60_000), mark=D(60_000)),),
)
TARGETS = Targets(spot={"BTC": D("0.8")}, stable=D(0), collateral=D("0.2"), futures={"BTC-PERP": D("0.6")})
RULES = {
    "BTC": Rules(tick=D("0.01"), lot=D("0.00001"), min_notional=D(5)),
    "BTC-PERP": Rules(tick=D("0.1"), lot=D("0.001"), min_notional=D(100)),
}


def test_a_book_that_is_opened_at_its_cap_stays_under_it_after_its_fees() -> None:
    """At 3x before the fees it would stand at 3.01x after them: one lot less is bought, and said."""
    causes = (BlockCause(kind="targets"),)
    block = scoped_plan(OWNED, TARGETS, RULES, Fees(futures=D("0.002")), Config(gross_cap=D(2), sleeve_cap=D(3)), causes=causes)
    post = block.post
    book = post.futures_qty["BTC-PERP"] * 60_000
    assert book <= 3 * post.futures_equity < book + 2 * 60
    assert "cap_scaled" in block.flags


def test_a_contract_outside_the_scope_gives_lots_too_but_last() -> None:
    """Spot that is bought back leaves less room than the book stands at: the contract that nobody named gives what is too much."""
    owned = replace(OWNED, cash=(Cash(asset="USDT", qty=D(6_000)),), wallet=D(6_000))
    targets = Targets(spot={"BTC": D("0.83")}, stable=D(0), collateral=D("0.17"), futures={"BTC-PERP": D("0.16")})
    config = Config(gross_cap=D("0.9"), sleeve_cap=D(3))
    causes = (BlockCause(kind="vol", event="release", coins=("BTC",)),)
    block = scoped_plan(owned, targets, RULES, Fees(), config, causes=causes)
    assert [(order.leg, order.instrument) for order in block.orders] == [("spot_buy", "BTC"), ("futures_reduce", "BTC-PERP")]
    assert block.post.gross_exposure <= D("0.9")
    assert "cap_scaled" in block.flags
