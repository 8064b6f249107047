"""Cash coins: one list, counted at market under STABLE, never ALT, and only the quote coin is spent (domain 0)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from chatbot.engine.cash import CASH_COINS, DOLLARS
from chatbot.engine.portfolio import default_bucket, prior_beta
from chatbot.exchanges.base import Balances, Quote
from chatbot.monitor.reading import Steady
from chatbot.monitor.screen import Column, ScreenArrays, edges_of, kind_of, prices_of, quantities_of
from chatbot.portfolio import strategies, valuation
from tests.portfolio.moved_portfolios import MARKETS, NOW, PRICES, Case, planned

if TYPE_CHECKING:
    from chatbot.model import Strategy
    from chatbot.portfolio.evaluation import Evaluation

D = Decimal
CASH = {"DAI": D("0.98"), "EUR": D("1.1")}
COINS = frozenset(MARKETS) | CASH.keys()


def column_of(found: Evaluation) -> Column:
    """Return what an exact look writes on a sheet."""
    assert found.snapshot is not None
    assert found.figures is not None
    edges = edges_of(kind_of(found.snapshot, found.portfolio.strategy).lines, found.figures)
    return Column(quantities=quantities_of(found.snapshot), edges=edges, prices=prices_of(found.snapshot), steady=Steady(until=NOW))


def case(strategy: Strategy, **held: str) -> Case:
    """Return a portfolio that holds these amounts in its spot account."""
    prices = PRICES | CASH | {"BTC-PERP": PRICES["BTC"], "ETH-PERP": PRICES["ETH"]}
    quotes = {name: Quote(instrument=name, bid=price, ask=price, at=NOW) for name, price in prices.items()}
    spot = {asset: D(amount) for asset, amount in held.items()}
    balances = Balances(spot=spot, free=spot, futures_wallet=D(1_000))
    account = valuation.Account(balances=balances, positions=(), quote_asset="USDT")
    return Case(snap=valuation.snapshot(account, strategy, quotes), strategy=strategy)


def test_every_cash_coin_is_stable_with_beta_0() -> None:
    """The dollars of the domain, the dollar and the euro; the euro has no peg."""
    assert {"FDUSD", "DAI", "GUSD", "USDD", "USD"} <= DOLLARS
    assert {"EUR"} == CASH_COINS - DOLLARS
    assert all(default_bucket(coin) == "STABLE" and prior_beta(coin) == 0 for coin in CASH_COINS)


def test_no_cash_coin_becomes_a_member_of_alt() -> None:
    """What a person holds and what a person types: every stablecoin stays what it is, and none is ALT."""
    preset = strategies.preset("balanced", COINS, ("BTC", "DAI", "EUR", "FDUSD", "SOL"))
    assert preset.members["ALT"] == ("SOL",)
    typed = {"FDUSD": D(5), "EUR": D(3), "USDT": D(1), "CASH": D(2), "USD": D(4)}
    assert strategies.as_holdings(typed, "USDT") == {"FDUSD": D(5), "EUR": D(3), "USDT": D(7)}
    found = strategies.without_price({"DAI": D(1), "USDT": D(1), "EUR": D(1), "CASH": D(1)}, MARKETS, "USDT")
    assert [problem.params["name"] for problem in found] == ["DAI", "EUR"]
    found, problems = strategies.own_weights({"BTC": D(60), "DAI": D(30), "EUR": D(10)}, COINS, preset)
    assert not problems
    assert found is not None
    assert found.weights["STABLE"] == D("0.4")


def test_cash_coins_count_at_market_under_stable() -> None:
    """DAI named as a coin of ALT before the list had it, and euros: both are cash at their price."""
    base = strategies.preset("balanced", COINS)
    strategy = replace(base, members={**base.members, "ALT": (*base.members["ALT"], "DAI")})
    found = case(strategy, USDT="1000", DAI="300", EUR="500", BTC="0.1").look()
    assert found.held is not None
    assert found.figures is not None
    assert found.held.by_line["STABLE"] == 1000 + 300 * D("0.98") + 500 * D("1.1")
    assert found.held.by_asset.keys() & CASH_COINS == set()
    assert found.effective is not None
    assert found.effective.targets.spot.keys() & CASH_COINS == set()
    assert found.held.snapshot.cash[0].price == 1


def test_a_plan_spends_the_quote_coin_only() -> None:
    """With nearly all cash in euros the buys are cut to the quote coin that is there."""
    strategy = strategies.preset("balanced", COINS)
    found = case(strategy, USDT="1000", EUR="9000").look()
    _, block = planned(found)
    assert "cash_limited" in block.flags
    assert sum(order.notional for order in block.orders if order.leg == "spot_buy") < 1000
    assert {order.instrument for order in block.orders} & CASH_COINS == set()


def test_the_screen_sees_the_price_of_other_cash_move() -> None:
    """Euros are a row of their own: with the coins on target, a fall of the euro alone brings the portfolio to the exact test."""
    strategy = replace(strategies.preset("balanced", COINS), members={"CORE": ("BTC",), "ALT": ("SOL",)}, futures_net=D(0))
    found = case(strategy, USDT="0", EUR="909", BTC=str(4_000 / PRICES["BTC"]), SOL=str(4_000 / PRICES["SOL"])).look()
    assert found.snapshot is not None
    assert found.figures is not None
    arrays = ScreenArrays(kind_of(found.snapshot, strategy))
    arrays.put(1, column_of(found), seen=0.0)
    now = [float((PRICES | CASH)[row.removesuffix("-PERP")]) for row in arrays.kind.rows]
    assert arrays.suspects(np.array(now)) == []
    fallen = [price / 4 if row == "EUR" else price for row, price in zip(arrays.kind.rows, now, strict=True)]
    assert arrays.suspects(np.array(fallen)) == [1]


def test_the_screen_sees_a_dollar_leave_its_peg_with_every_line_inside_its_band() -> None:
    """DAI at 0.98 is worth a fiftieth less, which no band notices: the portfolio is looked at exactly all the same."""
    strategy = replace(strategies.preset("balanced", COINS), members={"CORE": ("BTC",), "ALT": ("SOL",)}, futures_net=D(0))
    found = case(strategy, USDT="500", DAI="510", BTC=str(4_000 / PRICES["BTC"]), SOL=str(4_000 / PRICES["SOL"])).look()
    assert found.snapshot is not None
    assert found.figures is not None
    arrays = ScreenArrays(kind_of(found.snapshot, strategy))
    arrays.put(1, column_of(found), seen=0.0)
    for price, suspects in ((1.0, []), (0.991, []), (0.9899, [1]), (1.0101, [1])):
        now = [price if row == "DAI" else float((PRICES | CASH)[row.removesuffix("-PERP")]) for row in arrays.kind.rows]
        assert arrays.suspects(np.array(now)) == suspects, price


def test_a_line_of_its_own_stays_one() -> None:
    """Whoever gave DAI a target of its own before the list had it keeps it, until they change their targets."""
    base = strategies.preset("balanced", COINS)
    weights = {"BTC": D("0.5"), "DAI": D("0.3"), "STABLE": D("0.2"), "FUTURES": D(0)}
    strategy = replace(base, weights=weights, members={}, futures_net=D(0))
    found = case(strategy, USDT="1000", DAI="300", BTC="0.1").look()
    assert found.held is not None
    assert found.held.by_line["DAI"] == 300 * D("0.98")
