"""A number from outside is a number or it is unknown, and one coin's is no other coin's (domain 0, C.43)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.finite import finite_prices
from tests.engine.strategies import quick

prices = st.decimals(min_value="0.0001", max_value=10**6, places=4)
books = st.tuples(prices, prices).map(lambda two: {"bid": str(min(two)), "ask": str(max(two))})
#: what a field may hold that is no price
evil = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=8).filter(lambda text: text.strip("0123456789.+") != ""),
    st.floats(max_value=0),
    st.sampled_from([float("nan"), float("inf"), "NaN", "Infinity", "1e400", "1_000", "٣", Decimal("sNaN"), 10**40, "0", [], {}, b"1"]),
)


@quick
@given(
    st.dictionaries(st.sampled_from(["ADA", "BTC", "ETH", "SOL"]), books, min_size=1),
    evil,
    st.sampled_from(["bid", "ask", None]),
    st.data(),
)
def test_c43_a_bad_field_of_one_coin_changes_nothing_for_any_other(
    quotes: dict[str, dict[str, str]], wrong: object, field: str | None, data: st.DataObject
) -> None:
    """The coin becomes unknown by name, whatever stands in its field or instead of its book; the others keep their prices exactly."""
    coin = data.draw(st.sampled_from(sorted(quotes)))
    before = finite_prices(quotes)
    after = finite_prices({**quotes, coin: {**quotes[coin], field: wrong} if field else wrong})
    assert before.unknown == ()
    assert (after.mid[coin], after.unknown) == (None, (coin,))
    assert {name: price for name, price in after.mid.items() if name != coin} == {
        name: price for name, price in before.mid.items() if name != coin
    }
