"""The gauge strip: a bar as long as the reading is near, the limit and the release where they are, readable without colour."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from chatbot.charts.gauges import gauges_picture
from chatbot.charts.labels import Gauge, Labels
from chatbot.charts.look import INSIDE, OUTSIDE, TEXT
from tests.charts.looking import assert_apart, of_colour, opened, watched

if TYPE_CHECKING:
    from PIL import Image

LABELS = Labels(title="Triggers", bars="from calm to the limit", legend=("now", "starts here", "ends here"))
CALM = Gauge(name="Volatility BTC", value="1.4x / 2.0x", state="armed", position=0.5, release=0.75)
ROWS = (
    CALM,
    replace(CALM, name="Trend", position=1.2, release=None, active=True, state="since 3 Jan"),
    replace(CALM, name="Low funding", on=False, position=-0.4, state="off"),
    Gauge(name="High funding", value="—", state="no data"),
    replace(CALM, name="Fear & Greed", position=9.0, active=True),
)


def filled(image: Image.Image, row: int, colour: str) -> list[int]:
    """Return where a colour is in the middle of a row's bar; rows are 92 pixels high and begin at 126."""
    return [int(x) for x in np.flatnonzero(of_colour(image, colour)[round(126 + 92 * (row + 0.70))])]


@pytest.mark.parametrize("rows", [(), ROWS, ROWS * 3], ids=["none", "five", "fifteen"])
def test_size_on_screen_and_on_the_wire(rows: tuple[Gauge, ...]) -> None:
    """As wide as the other pictures and as high as its rows need, with a palette and at most 25 KB."""
    data = gauges_picture(rows, LABELS)
    image = opened(data)
    assert (image.format, image.size, image.mode) == ("PNG", (800, {0: 232, 5: 600, 15: 600}[len(rows)]), "P")
    assert len(data) <= 25_000


def test_bars_end_at_their_reading() -> None:
    """Half-way is half of the way to the limit; what is active has another colour; what is unknown has no bar."""
    image = opened(gauges_picture(ROWS, LABELS))
    limit = 28 + 744 / 1.35
    half = filled(image, 0, INSIDE)
    assert max(x for x in half if x < limit - 4) == pytest.approx((28 + limit) / 2 + 10, abs=6), "the mark's radius is 10"
    fired = filled(image, 1, OUTSIDE)
    assert fired[-1] > limit
    assert not filled(image, 3, OUTSIDE)
    assert len([x for x in filled(image, 3, INSIDE) if x < limit - 4]) < 5, "an unknown reading has no bar, only the edge of its field"
    assert filled(image, 4, OUTSIDE)[-1] <= 772, "a reading beyond the picture stands at its end"
    assert any(limit - 4 <= x <= limit + 4 for x in filled(image, 0, TEXT)), "the limit is a thick line"


def test_an_active_trigger_is_told_without_colour() -> None:
    """Its state is bold and has a dot."""
    with watched() as written:
        gauges_picture(ROWS, LABELS)
    bold = {one.text: one.bold for one in written}
    assert bold["● since 3 Jan"]
    assert not bold["armed"]


def test_no_label_meets_another() -> None:
    """With long words in every place no two texts overlap, and none leaves the picture."""
    rows = tuple(replace(one, name="ОченьДлинноеИмя" * 3, state="сдержан тем, что требует меньше риска") for one in ROWS)
    with watched() as written:
        gauges_picture(rows, Labels(title="Триггеры" * 6, bars="от спокойствия до предела" * 2, legend=("сейчас" * 9,) * 3))
    assert len(written) == 5 + 2 * 5
    assert_apart(written)


@pytest.mark.parametrize("name", ["<b>&\"'{}%", "$\\frac{1}{2}$", "🚀🔥💎", "\u202eשלום", "A" * 300, "", "\x00"], ids=ascii)
def test_any_name_can_be_drawn(name: str) -> None:
    """Mathematics, emoji, other scripts and endless names neither fail nor warn."""
    rows = tuple(replace(one, name=name, value=name, state=name) for one in ROWS)
    assert len(gauges_picture(rows, replace(LABELS, title=name, bars=name, legend=(name,) * 3))) < 25_000
