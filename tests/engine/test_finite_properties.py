"""A number from outside is a number or it is unknown, and one coin's is no other coin's (domain 0, C.43)."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.band_width import recommend, relative_volatility
from chatbot.engine.beta import estimate_beta
from chatbot.engine.errors import Refused
from chatbot.engine.finite import finite_prices
from chatbot.engine.hedges.sizing import min_variance_hedge
from chatbot.engine.triggers.basket import basket_vol
from chatbot.engine.triggers.volatility import realised_vol
from tests.engine.strategies import quick

if TYPE_CHECKING:
    from collections.abc import Callable

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


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1e31, -1e-31])
@pytest.mark.parametrize(
    "statistic",
    [
        lambda wrong: realised_vol((100.0, wrong, 101.0), 1),
        lambda wrong: realised_vol((100.0, 101.0), wrong),
        lambda wrong: basket_vol({"BTC": Decimal(1)}, {"BTC": (100.0, wrong)}, 1),
        lambda wrong: recommend(target=0.4, risk_aversion=3, cost=wrong, sigma=0.6, te_budget=0.05),
        lambda wrong: relative_volatility((0.01, wrong)),
        lambda wrong: estimate_beta([0.01, 0.02, wrong] * 20, [0.01, 0.03, 0.02] * 20, prior=1.2, prior_sd=0.35),
        lambda wrong: min_variance_hedge([0.01, wrong, 0.02], [0.01, 0.03, 0.02], 1000),
    ],
)
def test_a_statistic_refuses_what_is_no_number(statistic: Callable[[float], object], wrong: float) -> None:
    """It does not answer with another one: an infinite cost has no band, and a NaN is no volatility."""
    with pytest.raises(Refused, match="bad_parameter"):
        statistic(wrong)
