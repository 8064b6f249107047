"""The picture of a review: lines end where their numbers stand, falls hang from the top, nothing overlaps, and anything can be drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chatbot.charts.curves import Curve, Equity
from chatbot.charts.equity import COLOURS, equity_picture
from chatbot.charts.labels import Labels
from chatbot.charts.look import FIELD, OUTSIDE
from tests.charts.looking import SIGHTS, assert_apart, contrast, difference, of_colour, opened, watched

LABELS = Labels(title="Review", bars="value, deposits apart")
UP = Curve(name="You", values=(1.0, 1.2, 0.9, 1.5), said="+50.0%")
EQUITY = Equity(
    at=(0.0, 0.3, 0.6, 1.0),
    curves=(
        UP,
        replace(UP, name="Hold", values=(1.0, 1.1, 1.0, 1.49), said="+49.0%"),
        replace(UP, name="Monthly"),
        replace(UP, name="Bands"),
    ),
    traded=(0.1, 0.5),
    ends=("5 Jan 2026", "24 Jul 2026"),
    fall="Below its highest value",
    deepest="−25.0%",
    tick="plan carried out",
)


def test_size_on_screen_and_on_the_wire() -> None:
    """As wide and as high as the others, with a palette."""
    data = equity_picture(EQUITY, LABELS)
    image = opened(data)
    assert (image.format, image.size, image.mode) == ("PNG", (800, 600), "P")
    assert len(data) <= 40_000


def test_the_own_line_goes_up_and_its_fall_hangs_from_the_top() -> None:
    """It begins on the line of 1, ends at the upper right, and each plan has a tick."""
    image = opened(equity_picture(EQUITY, LABELS))
    own = of_colour(image, COLOURS[0])
    upper, lower = own[140:404], own[450:548]
    first, last = (np.flatnonzero(upper[:, x]).mean() for x in (36, 634))
    assert last < first, "rows are counted from the top"
    assert lower[0].any(), "falls begin at the edge"
    assert not lower[:, 36].any(), "there is no fall at a new high"
    ticks = np.flatnonzero(of_colour(image, OUTSIDE)[400, :642])
    assert len(ticks) in (4, 6)


def test_no_text_meets_another_where_lines_end_together() -> None:
    """Numbers move apart; long names shrink and are cut."""
    same = replace(EQUITY, curves=tuple(replace(curve, values=UP.values, name="ОченьДлинноеИмя" * 3) for curve in EQUITY.curves))
    for equity in (
        EQUITY,
        same,
        replace(same, tick="план исполнен" * 3),
        replace(same, curves=tuple(replace(one, values=(1.0, 1.0, 1.0, 1.0)) for one in same.curves)),
    ):
        with watched() as written:
            equity_picture(equity, Labels(title="Обзор" * 9, bars="стоимость без пополнений" * 2))
        assert_apart(written)
        assert [one.text for one in written if one.text.startswith("+")].count("+50.0%") >= 3


def test_the_lines_are_told_apart_by_everybody_on_their_field() -> None:
    """Each stands out from the field by 3, and from the others also without red or green."""
    assert all(contrast(colour, FIELD) >= 3 for colour in COLOURS)
    for sight in SIGHTS.values():
        assert all(difference(one, other, sight) > 20 for at, one in enumerate(COLOURS) for other in COLOURS[at + 1 :])


@pytest.mark.parametrize("name", ["<b>&\"'{}%", "$\\frac{1}{2}$", "🚀🔥💎", "A" * 300, "", "\x00"], ids=ascii)
def test_any_name_can_be_drawn(name: str) -> None:
    """Whatever a language calls them; one line alone too."""
    equity = replace(EQUITY, curves=(replace(UP, name=name, said=name),), fall=name, deepest=name, tick=name, ends=(name, name))
    assert opened(equity_picture(equity, Labels(title=name, bars=name))).size == (800, 600)
