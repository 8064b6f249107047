"""A real account is not kept tidy for us: what is lent, has no market or is dust is shown, and is part of nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from chatbot.exchanges.base import Balances, Market, Quote
from chatbot.portfolio.amounts import not_managed
from chatbot.portfolio.valuation import Account
from tests.store.samples import NOW, STRATEGY

if TYPE_CHECKING:
    from collections.abc import Mapping

D = Decimal
MARKETS = {
    name: Market(instrument=name, tick=D("0.01"), lot=D("0.001"), min_notional=D(5))
    for name in ("BTC", "ETH", "SOL", "DOGE", "USDC", "BNB")
}
QUOTES = {
    name: Quote(instrument=name, bid=D(price), ask=D(price), at=NOW)
    for name, price in {"BTC": 60_000, "ETH": 3000, "SOL": 150, "DOGE": "0.1", "USDC": 1, "BNB": 600}.items()
}
AMOUNTS = st.decimals(min_value=0, max_value=10, places=4)


def holding(spot: Mapping[str, Decimal], free: Mapping[str, Decimal] | None = None) -> Account:
    """Return an account with these coins."""
    lent = {"earn": {"BTC": D(2)}}
    return Account(balances=Balances(spot=spot, free=free or spot, futures_wallet=D(0), aside=lent), positions=(), quote_asset="USDT")


def split(account: Account, known: tuple[str, ...] = ()) -> Account:
    """Take out what the evaluator takes out."""
    return not_managed.without_dust(not_managed.without_market(account, STRATEGY, MARKETS, known), STRATEGY, MARKETS, QUOTES)


def test_what_no_target_names_and_nobody_can_trade_is_beside() -> None:
    """An airdrop, a rest of DOGE; a rest of BTC, which has a target, a rest of dollars and the quote coin stay."""
    there = {"USDT": D("0.5"), "BTC": D("0.00001"), "USDC": D("0.2"), "AIRDROP": D(1000), "DOGE": D(3), "BNB": D("0.0004"), "ETH": D(2)}
    left = split(holding(there, {**there, "ETH": D("1.4")}))
    assert left.balances.spot == {"USDT": D("0.5"), "BTC": D("0.00001"), "USDC": D("0.2"), "ETH": D(2)}
    assert not_managed.beside(left) == {
        "earn": {"BTC": D(2)},
        "no_market": {"AIRDROP": D(1000)},
        "dust": {"BNB": D("0.0004"), "DOGE": D(3)},
        "orders": {"ETH": D("0.6")},
    }


def test_what_was_traded_and_has_gone_from_the_list_is_no_airdrop() -> None:
    """Its person is asked about it; so is one of which a target was set."""
    left = split(holding({"LUNA": D(7), "SOL": D("0.0001")}), known=("LUNA",))
    assert left.balances.spot == {"LUNA": D(7), "SOL": D("0.0001")}


@given(doge=st.decimals(min_value=0, max_value=200, places=4))
def test_an_order_worth_of_a_coin_is_no_dust(doge: Decimal) -> None:
    """The boundary from both sides: the least value that the exchange takes."""
    left = split(holding({"DOGE": doge}))
    assert ("DOGE" in left.balances.spot) is (doge == 0 or doge * D("0.1") >= 5)


@given(spot=st.dictionaries(st.sampled_from(["USDT", "BTC", "SOL", "DOGE", "BNB", "AIRDROP", "USDC"]), AMOUNTS))
def test_nothing_is_lost_and_nothing_counted_twice(spot: dict[str, Decimal]) -> None:
    """Each coin is in the portfolio or beside it, and what was lent stays beside."""
    left = split(holding(spot))
    shown = not_managed.beside(left)
    told = {**{coin: qty for coin, qty in left.balances.spot.items() if qty}, **shown.get("dust", {}), **shown.get("no_market", {})}
    assert told == {coin: qty for coin, qty in spot.items() if qty}
    assert left.balances.free.keys() <= left.balances.spot.keys()
    assert shown["earn"] == {"BTC": D(2)}
    assert split(left) == left
