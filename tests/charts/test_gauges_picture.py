"""The gauge strip: a bar as long as the reading is near, the limit and the release where they are, readable without colour."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageColor

from chatbot.charts.canvas import Canvas, fitted, text_width
from chatbot.charts.gauges import gauges_picture
from chatbot.charts.labels import Gauge, Labels
from chatbot.charts.look import DARK, LIGHT, Look

LABELS = Labels(title="Triggers", bars="from calm to the limit", legend=("now", "starts here", "ends here"))
CALM = Gauge(name="Volatility BTC", value="1.4x / 2.0x", state="armed", position=0.5, release=0.75)
ROWS = (
    CALM,
    replace(CALM, name="Trend", position=1.2, release=None, active=True, state="since 3 Jan"),
    replace(CALM, name="Low funding", on=False, position=-0.4, state="off"),
    Gauge(name="High funding", value="—", state="no data"),
    replace(CALM, name="Fear & Greed", position=9.0, active=True),
)


def opened(data: bytes) -> Image.Image:
    """Return the picture's pixels."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def filled(image: Image.Image, row: int, colour: str) -> list[int]:
    """Return where a colour is in the middle of a row's bar; rows are 90.4 pixels high and begin at 132."""
    y = round(132 + 90.4 * (row + 0.68))
    wanted = ImageColor.getrgb(colour)
    return [x for x in range(800) if all(abs(a - b) <= 12 for a, b in zip(image.getpixel((x, y)), wanted, strict=True))]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("rows", [(), ROWS, ROWS * 3], ids=["none", "five", "fifteen"])
def test_size_on_screen_and_on_the_wire(rows: tuple[Gauge, ...], dark: bool) -> None:
    """800 x 600 with a palette and at most 25 KB, like the other pictures."""
    data = gauges_picture(rows, LABELS, dark=dark)
    image = opened(data)
    assert (image.format, image.size, image.mode) == ("PNG", (800, 600), "P")
    assert len(data) <= 25_000


@pytest.mark.parametrize(("dark", "look"), [(False, LIGHT), (True, DARK)])
def test_bars_end_at_their_reading(dark: bool, look: Look) -> None:
    """Half-way is half of the way to the limit; what is active has another colour; what is unknown has no bar."""
    image = opened(gauges_picture(ROWS, LABELS, dark=dark)).convert("RGB")
    limit = 28 + 744 / 1.35
    half = filled(image, 0, look.inside)
    assert half[-1] == pytest.approx((28 + limit) / 2 + 13, abs=6), "the mark's radius is 13"
    fired = filled(image, 1, look.outside)
    assert fired[-1] > limit
    assert not filled(image, 1, look.inside)
    assert not filled(image, 3, look.inside)
    assert not filled(image, 3, look.outside)
    assert filled(image, 4, look.outside)[-1] <= 772, "a reading beyond the picture stands at its end"
    assert any(limit - 4 <= x <= limit + 4 for x in filled(image, 0, look.text)), "the limit is a thick line"


def test_an_active_trigger_is_told_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its state is bold and has a dot."""
    written: dict[str, bool] = {}
    original = Canvas.text

    def noted(self: Canvas, x: float, y: float, text: str, size: float, colour: str, **options: object) -> None:
        written[text] = bool(options.get("bold"))
        original(self, x, y, text, size, colour, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Canvas, "text", noted)
    gauges_picture(ROWS, LABELS)
    assert written["● since 3 Jan"]
    assert not written["armed"]


def test_no_label_meets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """With long words in every place no two texts overlap, and none leaves the picture."""
    boxes: list[tuple[float, float, float, float]] = []
    original = Canvas.text

    def noted(self: Canvas, x: float, y: float, text: str, size: float, colour: str, **options: object) -> None:
        bold = bool(options.get("bold"))
        shown, fits = fitted(text, size, bold=bold, room=float(str(options.get("room", 800))))
        wide = text_width(shown, fits, bold=bold)
        left = x - wide * {"left": 0.0, "center": 0.5, "right": 1.0}[str(options.get("align", "left"))]
        boxes.append((left, y - fits / 2, left + wide, y + fits / 2))
        original(self, x, y, text, size, colour, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Canvas, "text", noted)
    rows = tuple(replace(one, name="ОченьДлинноеИмя" * 3, state="сдержан тем, что требует меньше риска") for one in ROWS)
    gauges_picture(rows, Labels(title="Триггеры" * 6, bars="от спокойствия до предела" * 2, legend=("сейчас" * 9,) * 3))
    assert len(boxes) == 5 + 2 * 5
    for at, (left, low, right, high) in enumerate(boxes):
        assert left >= 0
        assert right <= 800
        for other in boxes[at + 1 :]:
            assert right <= other[0] or other[2] <= left or high <= other[1] + 1 or other[3] <= low + 1


@pytest.mark.parametrize("name", ["<b>&\"'{}%", "$\\frac{1}{2}$", "🚀🔥💎", "\u202eשלום", "A" * 300, "", "\x00"], ids=ascii)
def test_any_name_can_be_drawn(name: str) -> None:
    """Mathematics, emoji, other scripts and endless names neither fail nor warn."""
    rows = tuple(replace(one, name=name, value=name, state=name) for one in ROWS)
    assert len(gauges_picture(rows, replace(LABELS, title=name, bars=name, legend=(name,) * 3))) < 25_000
