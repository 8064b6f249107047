"""Cash is cash whatever else is held and whatever it costs (domain 0, C.44)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.cash import CASH_COINS, DOLLARS
from chatbot.engine.portfolio import Owned, cash_coins, default_bucket, owned
from tests.engine.strategies import quick

COINS = ("ADA", "BNB", "BTC", "ETH", "SOL")
rows = st.builds(
    Owned,
    asset=st.sampled_from([*COINS, *sorted(CASH_COINS)]),
    qty=st.decimals(min_value=0, max_value=10**6, places=3),
    price=st.decimals(min_value="0.5", max_value="1.5", places=4),
)


@quick
@given(st.lists(rows, max_size=12, unique_by=lambda row: row.asset), st.sampled_from(sorted(DOLLARS)))
def test_c44_a_cash_coin_is_stable_and_no_more_is_spent_than_it_is_worth(held: list[Owned], quote: str) -> None:
    """Every cash coin stands among the cash and under STABLE, never ALT; a plan may spend the dollars on their peg, and nothing else."""
    snapshot = owned(held, quote)
    assert {row.asset for row in snapshot.spot}.isdisjoint(CASH_COINS)
    assert {row.asset for row in snapshot.cash} <= CASH_COINS
    assert all((default_bucket(row.asset) == "STABLE") == (row.asset in CASH_COINS) for row in held)
    found = cash_coins(snapshot, quote)
    at_market = sum((row.qty * (1 if row.asset == quote else row.price or 0) for row in held if row.asset in CASH_COINS), Decimal(0))
    off = sum((coin.value for coin in snapshot.cash if coin.asset in {*found.depeg, "EUR"}), Decimal(0))
    assert found.value == at_market
    assert found.spendable == at_market - off
    assert 0 <= found.spendable <= found.value
