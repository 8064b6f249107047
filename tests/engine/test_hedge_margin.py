"""What a short needs to live through a rise: the inverse of the liquidation price, and what the caps leave for it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.hedge_margin import equity_for, room_beside
from chatbot.engine.liquidation import Bracket, liquidation

D = Decimal
amounts = st.decimals("1", "10000000", places=2)


@given(
    short=amounts,
    distance=st.decimals("0.01", "2", places=3),
    mmr=st.decimals("0", "0.05", places=4),
    other=st.decimals("0", "500", places=2),
)
def test_the_equity_puts_the_liquidation_exactly_so_far_away(short: D, distance: D, mmr: D, other: D) -> None:
    """Put into the formula of the liquidation price, it gives the distance that was asked for."""
    equity = equity_for(short=short, distance=distance, mmr=mmr, other_mm=other)
    mark = D(50_000)
    found = liquidation((Bracket(mmr=mmr),), qty=-short / mark, entry=mark, collateral=equity, other_mm=other)
    assert found.distance is not None
    assert abs(found.distance - distance) < D("1e-12")


def test_no_short_needs_nothing() -> None:
    """A contract that is long or flat after the hedge has no short to keep alive."""
    assert equity_for(short=D(0), distance=D("0.3"), mmr=D("0.005"), other_mm=D(100)) == 0


@pytest.mark.parametrize("bad", [{"short": D(-1)}, {"distance": D(-1)}, {"mmr": D(1)}, {"other_mm": D(-1)}])
def test_nonsense_is_refused(bad: dict[str, D]) -> None:
    """Each parameter has its range."""
    with pytest.raises(Refused):
        equity_for(**{"short": D(1), "distance": D("0.3"), "mmr": D("0.005"), **bad})


@given(value=amounts, spot=amounts, equity=amounts, others=amounts)
def test_the_room_beside_the_book_keeps_both_caps(value: D, spot: D, equity: D, others: D) -> None:
    """A position of just that size neither breaks the gross cap nor the sleeve's; one larger by a cent breaks one of them."""
    room = room_beside(value=value, spot=spot, equity=equity, others=others, gross_cap=D("1.25"), sleeve_cap=D(3))
    gross, sleeve = D("1.25") * value - spot, 3 * equity
    if room:
        assert room + others <= min(gross, sleeve)
    assert room + others + D("0.01") > min(gross, sleeve)
