"""The status fits one phone screen: rows of at most forty columns, counted over many portfolios and in every language."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.model import ALT, CORE, FUTURES, STABLE, KeptOut, LineReading
from handlers.loopback.markup import parse_html
from handlers.views.common import rows
from handlers.views.portfolio import status
from tests.handlers.views.view_examples import NOW, figures, triggered
from tests.languages import CATALOGUE, spoken

D = Decimal
#: rows of forty columns that a phone shows above the buttons
SCREEN = 24
_SHARES = st.decimals("0.001", "0.999", places=4)


@st.composite
def portfolios(draw: st.DrawFn) -> object:
    """Return a status of three buckets and futures, or of up to eight coins, with whatever may be said of them on an ordinary day."""
    names = draw(st.sampled_from([(CORE, ALT, STABLE), (CORE, ALT, STABLE, FUTURES), tuple(f"COIN{at}" for at in range(8))]))
    lines = tuple(_line(name, *draw(st.tuples(_SHARES, _SHARES, st.sampled_from(["0.05", "0.025"])))) for name in names)
    shown = replace(
        figures(),
        value=draw(st.decimals("12", "9999999", places=2)),
        lines=lines,
        kept={"BTC": KeptOut(qty=D("0.2"), value=D(12_006))} if draw(st.booleans()) else {},
        off_peg={},
    )
    seen = triggered(active=draw(st.booleans()))
    return replace(
        seen,
        check=replace(seen.check, figures=shown),
        open_plan=seen.open_plan if draw(st.booleans()) else None,
        market_time=None,
        portfolio=replace(seen.portfolio, snoozed_until=None),
    )


def _line(name: str, weight: Decimal, target: Decimal, band: str) -> LineReading:
    half = None if name == FUTURES else D(band)
    outside = half is not None and abs(weight - target) >= half
    return LineReading(line=name, weight=weight, target=target, band=half, breach="over" if outside else None)


@pytest.mark.long
@pytest.mark.parametrize("language", spoken(pytest.mark.slow))
@settings(max_examples=40)
@given(seen=portfolios())
def test_status_fits_one_phone_screen(language: str, seen: object) -> None:
    """Whatever the portfolio is and whatever its triggers hold down, the person need not scroll."""
    view = status.status(CATALOGUE.words(language), seen, NOW)
    assert rows(view.text) <= SCREEN, parse_html(view.text).text
    assert view.picture is not None, "and the picture stays"
