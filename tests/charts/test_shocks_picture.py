"""The picture of shocks: a pair of bars a move from one line of zero, small, told apart by lightness too, liquidations crossed out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.charts.labels import Labels
from chatbot.charts.look import BOOK, WITHOUT
from chatbot.charts.shock_figures import ShockBar
from chatbot.charts.shocks import shocks_picture
from tests.charts.looking import assert_apart, of_colour, opened, watched

if TYPE_CHECKING:
    from PIL import Image

LABELS = Labels(title="Cover $57,000", bars="Gain or loss, % of the value", legend=("without", "with it", "✕ liquidated"))
#: the table of domain 10.4 for a short of 57,000
BARS = tuple(
    ShockBar(name=name, without=without, hedged=hedged, said=said, liquidated=gone)
    for name, without, hedged, said, gone in (
        ("−10%", -0.114, -0.057, ("−11,4", "−5,7"), False),
        ("−20%", -0.228, -0.114, ("−22,8", "−11,4"), False),
        ("−50%", -0.57, -0.285, ("−57,0", "−28,5"), False),
        ("+20%", 0.228, 0.128, ("+22,8", "+12,8"), True),
    )
)


def longest(image: Image.Image, colour: str) -> int:
    """Return the longest run of a colour in any row of the bars."""
    return int(of_colour(image, colour)[135:, 160:601].sum(axis=1).max())


@pytest.mark.parametrize("bars", [BARS, BARS[:1], (), BARS[3:], BARS * 3], ids=["four", "one", "none", "a rise", "twelve"])
def test_size_on_screen_and_on_the_wire(bars: tuple[ShockBar, ...]) -> None:
    """As wide as the other pictures and as high as its rows need, with a palette and at most 25 KB, whatever is in it."""
    data = shocks_picture(bars, LABELS)
    image = opened(data)
    assert (image.format, image.size, image.mode) == ("PNG", (800, {0: 264, 1: 264, 4: 600, 12: 600}[len(bars)]), "P")
    assert len(data) <= 25_000


def test_half_the_loss_is_a_bar_of_half_the_length() -> None:
    """Both bars of a move are drawn to one scale."""
    image = opened(shocks_picture(BARS, LABELS))
    assert longest(image, BOOK) == pytest.approx(longest(image, WITHOUT) / 2, abs=4)


def test_every_number_is_written_and_a_liquidation_is_crossed_out() -> None:
    """As the caller wrote it, and at least as large as on the other pictures; no text meets another."""
    with watched() as written:
        shocks_picture(BARS, LABELS)
    sizes = {one.text: one.size for one in written}
    assert {"−50%", "−57,0", "−28,5", "+22,8", "+12,8 ✕", "Cover $57,000"} <= sizes.keys()
    assert min(sizes.values()) >= 22
    assert sum("✕" in text for text in sizes) == 2, "the legend says what the cross is"
    assert_apart(written)
