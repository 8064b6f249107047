"""BTC was confirmed near 62,500 and bought at 80,291: quotes followed a running market without end."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chatbot.exchanges.base import Market, OrderRequest, Quote
from chatbot.execution.next_order import MarketNow, draft
from chatbot.execution.pace import Pace
from chatbot.model import Leg, LegKind
from tests.portfolio.still_market import START

D = Decimal
MARKET = Market(instrument="BTC", tick=D("0.01"), lot=D("0.00001"), min_notional=D(5))


@given(
    moved=st.decimals(min_value="0.3", max_value=3, places=4),
    sells=st.booleans(),
    cross=st.booleans(),
    attempt=st.integers(1, 7),
    cap_bps=st.integers(10, 1000),
)
def test_no_order_is_worse_than_what_was_confirmed_allows(moved: Decimal, *, sells: bool, cross: bool, attempt: int, cap_bps: int) -> None:
    """Wherever the market went, the limit stays within the cap of the price on the card."""
    leg = Leg(index=0, kind=LegKind.SPOT_SELL if sells else LegKind.SPOT_BUY, instrument="BTC", qty=D(1), limit=D(50_000), price=D(50_000))
    mid = 50_000 * moved
    quote = Quote(instrument="BTC", bid=mid * D("0.9999"), ask=mid * D("1.0001"), at=START)
    desk = MarketNow(market=MARKET, quote=quote, free={"BTC": D(5), "USDT": D(1_000_000)}, money="USDT")
    drafted = draft(leg, desk, Pace(), plan_id=1, attempt=attempt, cross=cross, cap_bps=D(cap_bps))
    assert isinstance(drafted, OrderRequest)
    slip = D(cap_bps) / 10_000
    if sells:
        assert drafted.limit >= 50_000 * (1 - slip)
    else:
        assert drafted.limit <= 50_000 * (1 + slip)
