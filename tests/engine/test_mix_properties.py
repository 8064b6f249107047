"""The mix of a bucket is the one that its person chose, whatever fills, prices and cuts leave (domain 2.3, C.47)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.exact import to_decimal
from chatbot.engine.targets import Source, intended_quantities, intended_shares
from tests.engine.strategies import quick
from tests.golden.mix_in_money import dollars

D, F = Decimal, Fraction
COINS = ("ADA", "BNB", "SOL", "XRP")
prices = st.fixed_dictionaries(dict.fromkeys(COINS, st.decimals(min_value="0.01", max_value=5000, places=2)))
quantities = st.fixed_dictionaries({}, optional=dict.fromkeys(COINS, st.decimals(min_value=0, max_value=10**6, places=3)))
TEN = dict.fromkeys(COINS, D(10))
#: per cent of each coin's order; a block that fills leaves nothing off, and only a cut keeps the intention then
fills = st.just(dict.fromkeys(COINS, 100)) | st.fixed_dictionaries(dict.fromkeys(COINS, st.integers(0, 100)))


def worth(price: dict[str, Decimal], qty: dict[str, Decimal]) -> dict[str, F]:
    return {coin: F(qty.get(coin, 0)) * F(price[coin]) for coin in COINS}


@quick
@given(prices, quantities, st.none() | quantities, st.sets(st.sampled_from(COINS)), st.integers(0, 10**6))
def test_shares_add_up_and_so_do_the_dollars(
    price: dict[str, Decimal],
    held: dict[str, Decimal],
    meant: dict[str, Decimal] | None,
    cut: set[str],
    aim: int,
) -> None:
    """The shares make one, none is below zero, and what is traded brings the bucket to its aim."""
    found = intended_shares(COINS, price, held, meant, TEN, cut=cut)
    assert sum(found.shares.values()) == 1
    assert min(found.shares.values()) >= 0
    assert sum(dollars(found.shares, F(aim), price, held, {}).values()) == aim - sum(worth(price, held).values())
    assert (found.source is Source.EQUAL) <= (not any(held.values()))


@quick
@given(prices, quantities, st.lists(st.tuples(st.just(None) | prices, fills), max_size=5))
def test_c47_after_partial_fills_moved_prices_and_cuts_a_full_fill_ends_at_what_was_chosen(
    price: dict[str, Decimal], held: dict[str, Decimal], blocks: list[tuple[dict[str, Decimal] | None, dict[str, int]]]
) -> None:
    """Block after block fills only so much of each coin; the proportions of the q* stay those of the first (C.47)."""
    found = intended_shares(COINS, price, held, None, TEN)
    chosen = intended_quantities(found.shares, F(40_000), price)
    meant = {coin: to_decimal(qty) for coin, qty in chosen.items()}
    for prices_now, filled in blocks:
        moved = prices_now or price
        aim = sum(worth(moved, meant).values())
        found = intended_shares(COINS, moved, held, meant, TEN, cut=("SOL",))
        assert found.source is Source.INTENDED
        wanted = intended_quantities(found.shares, aim, moved)
        held = {coin: to_decimal(F(held.get(coin, 0)) + (wanted[coin] - F(held.get(coin, 0))) * filled[coin] / 100) for coin in COINS}
        meant = {coin: to_decimal(qty) for coin, qty in wanted.items()}
    final = intended_quantities(intended_shares(COINS, price, held, meant, TEN, cut=("SOL",)).shares, F(40_000), price)
    for coin, qty in chosen.items():
        assert abs(final[coin] - qty) < F(1, 10**40)


@quick
@given(prices, st.integers(1, 9_999))
def test_a_coin_under_a_cut_keeps_its_own_share(price: dict[str, Decimal], cap: int) -> None:
    """What is written down knows nothing of the cut: only what is traded does, and the others buy nothing with what it freed."""
    chosen = intended_quantities(intended_shares(COINS, price, {}, None, TEN).shares, F(40_000), price)
    meant = {coin: to_decimal(qty) for coin, qty in chosen.items()}
    held = meant | {"SOL": to_decimal(F(cap) / F(price["SOL"]))}
    found = intended_shares(COINS, price, held, meant, TEN, cut=("SOL",))
    assert all(abs(share - F(1, 4)) < F(1, 10**40) for share in found.shares.values())
    assert all(abs(qty - chosen[coin]) < F(1, 10**40) for coin, qty in intended_quantities(found.shares, F(40_000), price).items())
    assert all(abs(part) < F(1, 10**20) for part in dollars(found.shares, F(40_000), price, held, {"SOL": D(cap)}).values())


def test_the_coin_that_is_missing_is_bought_and_nothing_of_the_others() -> None:
    """The example of domain 2.3, with the threshold told coin by coin."""
    price = {"ADA": D("0.5"), "BNB": D(500), "SOL": D(100), "XRP": D(2)}
    meant = {"ADA": D(20_000), "BNB": D(20), "SOL": D(100), "XRP": D(5_000)}
    held = meant | {"ADA": D(9_400)}
    found = intended_shares(COINS, price, held, meant, TEN)
    assert dollars(found.shares, F(40_000), price, held, {}) == {"ADA": 5_300, "BNB": 0, "SOL": 0, "XRP": 0}
    assert intended_shares(COINS, price, held, meant, TEN | {"ADA": D("5300.01")}).source is Source.HELD
    assert intended_shares(COINS, price, held, meant, TEN | {"ADA": D(5300)}).source is Source.INTENDED


def test_a_coin_that_nobody_meant_stays_as_it_is() -> None:
    """A forgotten row is never read as "sell everything"."""
    price = dict.fromkeys(COINS, D(1))
    found = intended_shares(COINS, price, {"ADA": D(10), "XRP": D(30)}, {"BNB": D(30), "SOL": D(30)}, TEN)
    assert found.shares == {"ADA": F(1, 10), "BNB": F(3, 10), "SOL": F(3, 10), "XRP": F(3, 10)}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"members": ()}, "bad_parameter"),
        ({"thresholds": {"ADA": D(-1)}}, "bad_parameter"),
        ({"prices": {}}, "missing_price"),
        ({"prices": {"ADA": D(0)}}, "bad_price"),
        ({"held": {"ADA": D(-1)}}, "negative_quantity"),
        ({"intended": {"ADA": D(-1)}}, "negative_quantity"),
    ],
)
def test_what_is_no_input_is_refused(change: dict[str, object], code: str) -> None:
    whole = {"members": ("ADA",), "prices": {"ADA": D(1)}, "held": {}, "intended": None, "thresholds": {"ADA": D(10)}} | change
    with pytest.raises(Refused) as refused:
        intended_shares(**whole)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_bucket_is_not_worth_less_than_nothing() -> None:
    with pytest.raises(Refused):
        intended_quantities({"ADA": F(1)}, F(-1), {"ADA": D(1)})
