"""What a short needs to live through a rise, what the caps leave for it, and when margin is an emergency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.liquidation import Bracket, liquidation
from chatbot.engine.margin import equity_for, is_emergency, room_beside

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


@pytest.mark.parametrize(
    ("distance", "gross", "room", "emergency"),
    [
        (None, "100", "100", False),
        ("0.1", "100", "100", False),
        ("0.0999", "100", "100", True),
        ("-0.01", "0", "100", True),
        ("0.5", "110", "100", False),
        ("0.5", "110.01", "100", True),
        (None, "0.01", "0", True),
        (None, "0", "0", False),
    ],
)
def test_when_margin_is_an_emergency(distance: str | None, gross: str, room: str, *, emergency: bool) -> None:
    """Liquidation nearer than 10 %, or a book above its room by more than 10 %; exactly 10 % is not yet one."""
    assert is_emergency(None if distance is None else D(distance), D(gross), D(room)) == emergency


def test_an_emergency_is_not_judged_by_nonsense() -> None:
    """A negative gross or room is refused."""
    with pytest.raises(Refused, match="bad_parameter"):
        is_emergency(None, D(-1), D(1))
