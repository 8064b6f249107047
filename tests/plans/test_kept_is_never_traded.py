"""What a person keeps out is never traded: by no plan, by no panic, and by no order of one that goes on while the account changes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.portfolio import INDEX, kept_of, tradable
from chatbot.exchanges.base import Balances, Position, Quote
from chatbot.model import LegKind
from chatbot.plans import draft, panic_draft
from chatbot.portfolio import reserve, valuation
from tests.portfolio.moved_portfolios import MARKETS, NOW, PRICES, Case, own_strategies, planned, quick, snapshots

if TYPE_CHECKING:
    from chatbot.engine.portfolio import Snapshot
    from chatbot.model import Leg, Strategy

D = Decimal


def account_of(snap: Snapshot) -> valuation.Account:
    """Return the account that a snapshot would be taken from."""
    spot = {one.asset: one.qty for one in snap.spot} | {one.asset: one.qty for one in snap.cash}
    book = tuple(Position(instrument=p.contract, qty=p.qty, entry=p.entry, mark=p.mark, leverage=D(1)) for p in snap.positions if p.qty)
    return valuation.Account(balances=Balances(spot=spot, free=spot, futures_wallet=snap.wallet), positions=book, quote_asset="USDT")


@st.composite
def keepers(draw: st.DrawFn) -> tuple[valuation.Account, Strategy]:
    """Draw a portfolio of which something is kept out, as /keep allows it."""
    strategy = draw(own_strategies())
    account = account_of(draw(snapshots(strategy)))
    spot = {asset: qty for asset, qty in account.balances.spot.items() if qty}
    assume(spot)
    assets = draw(st.lists(st.sampled_from(sorted(spot)), min_size=1, max_size=3, unique=True))
    parts = st.sampled_from((D("0.1"), D("0.5"), D("0.999"), D(1)))
    wishes = {asset: draw(st.none() | parts.map(lambda part, held=spot[asset]: part * held)) for asset in assets}
    assume(not reserve.problems(strategy, wishes, spot, "USDT"))
    return account, reserve.with_wishes(strategy, wishes)


def spent(legs: tuple[Leg, ...]) -> Decimal:
    """Return what the buys and the transfers to futures take of the quote coin beyond what sells and transfers bring."""
    out = sum((leg.qty * leg.price for leg in legs if leg.kind is LegKind.SPOT_BUY), D(0))
    out += sum((leg.qty for leg in legs if leg.kind is LegKind.TO_FUTURES), D(0))
    back = sum((leg.qty * leg.price for leg in legs if leg.kind is LegKind.SPOT_SELL), D(0))
    return out - back - sum((leg.qty for leg in legs if leg.kind is LegKind.TO_SPOT), D(0))


@pytest.mark.long
@quick
@given(keepers())
def test_no_plan_and_no_panic_sells_or_spends_it(drawn: tuple[valuation.Account, Strategy]) -> None:
    """Sells leave the kept quantity of every coin, buys the kept money, and nobody buys a coin that is kept wholly."""
    account, strategy = drawn
    quotes = {name: Quote(instrument=name, bid=price, ask=price, at=NOW) for name, price in PRICES.items()}
    quotes |= {f"{name}-PERP": replace(quotes[name], instrument=f"{name}-PERP", mark=PRICES[name]) for name in PRICES}
    spot = account.balances.spot
    try:
        found = Case(snap=valuation.snapshot(account, strategy, quotes, (INDEX,)), strategy=strategy).look()
        _, block = planned(found)
    except Refused:
        assume(False)  # nothing is left, or futures have lost more than the rest
    found = replace(found, account=account, quotes=quotes)
    for legs in (draft.legs_of(block, quotes, "USDT"), panic_draft.selling(found, NOW).legs):
        for asset, wish in strategy.kept.items():
            kept = kept_of(spot.get(asset, D(0)), wish)
            sold = sum((leg.qty for leg in legs if leg.instrument == asset and leg.side == "sell"), D(0))
            assert sold <= spot.get(asset, D(0)) - kept
            if wish is None:
                assert asset not in {leg.instrument for leg in legs}
        assert spent(legs) <= spot.get("USDT", D(0)) - kept_of(spot.get("USDT", D(0)), strategy.kept.get("USDT", D(0)))
    assert all(leg.instrument in MARKETS or leg.is_transfer for leg in draft.legs_of(block, quotes, "USDT"))


amounts = st.decimals("0", "100", places=4, allow_nan=False)


@quick
@given(amounts, amounts, st.none() | amounts)
def test_no_order_may_use_it(free: Decimal, locked: Decimal, wish: Decimal | None) -> None:
    """Whatever is locked elsewhere: an order of what may be used leaves at least what is kept, as far as it is there."""
    held = free + locked
    use = tradable({"BTC": held}, {"BTC": free}, {"BTC": wish})["BTC"]
    assert 0 <= use <= free
    assert held - use >= kept_of(held, wish)
    assert tradable({"BTC": held}, {"BTC": free}, {})["BTC"] == free
