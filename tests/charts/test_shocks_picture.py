"""The picture of shocks: a pair of bars a move from one line of zero, small, told apart by lightness too, liquidations crossed out."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageColor

from chatbot.charts.canvas import Canvas
from chatbot.charts.labels import Labels
from chatbot.charts.look import SERIES
from chatbot.charts.shock_bars import ShockBar
from chatbot.charts.shocks import shocks_picture

LABELS = Labels(title="Cover $57,000", bars="Win or loss, % of the value", legend=("without", "with it", "✕ liquidated"), decimal=",")
#: the table of domain 10.4 for a short of 57,000
BARS = tuple(
    ShockBar(name=name, without=without, hedged=hedged, liquidated=gone)
    for name, without, hedged, gone in (
        ("-10%", -0.114, -0.057, False),
        ("-20%", -0.228, -0.114, False),
        ("-50%", -0.57, -0.285, False),
        ("+20%", 0.228, 0.128, True),
    )
)


def opened(data: bytes) -> Image.Image:
    """Return the picture's pixels."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def longest(image: Image.Image, colour: str) -> int:
    """Return the longest run of a colour in any row of the bars."""
    wanted = ImageColor.getrgb(colour)
    best = 0
    for y in range(135, 575):
        run = sum(all(abs(a - b) <= 12 for a, b in zip(image.getpixel((x, y)), wanted, strict=True)) for x in range(150, 641))
        best = max(best, run)
    return best


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("bars", [BARS, BARS[:1], (), BARS[3:]], ids=["four", "one", "none", "a rise"])
def test_size_on_screen_and_on_the_wire(bars: tuple[ShockBar, ...], dark: bool) -> None:
    """800 x 600 with a palette and at most 25 KB, whatever is in it."""
    data = shocks_picture(bars, LABELS, dark=dark)
    image = opened(data)
    assert (image.format, image.size, image.mode) == ("PNG", (800, 600), "P")
    assert len(data) <= 25_000


@pytest.mark.parametrize("dark", [False, True])
def test_half_the_loss_is_a_bar_of_half_the_length(dark: bool) -> None:
    """Both bars of a move are drawn to one scale."""
    image = opened(shocks_picture(BARS, LABELS, dark=dark)).convert("RGB")
    assert longest(image, SERIES[0]) == pytest.approx(longest(image, SERIES[1]) / 2, abs=4)


def test_every_number_is_written_and_a_liquidation_is_crossed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the person's decimal sign, with a real minus, and at least as large as on the other pictures."""
    written: dict[str, float] = {}
    draw = Canvas.text

    def keep(self: Canvas, x: float, y: float, text: str, size: float, colour: str, **more: object) -> None:
        written[text] = size
        draw(self, x, y, text, size, colour, **more)  # type: ignore[arg-type]  # the canvas takes them all

    monkeypatch.setattr(Canvas, "text", keep)
    shocks_picture(BARS, LABELS)
    assert {"−50%", "−57,0", "−28,5", "22,8", "12,8 ✕", "Cover $57,000"} <= written.keys()
    assert min(written.values()) >= 22
    assert sum("✕" in text for text in written) == 2, "the legend says what the cross is"


def test_both_colours_differ_in_lightness() -> None:
    """Without colour they are still two."""
    light = [sum(weight * part for weight, part in zip((0.299, 0.587, 0.114), ImageColor.getrgb(SERIES[at]), strict=True)) for at in (0, 1)]
    assert abs(light[0] - light[1]) > 60
