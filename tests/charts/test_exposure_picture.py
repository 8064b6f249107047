"""The exposure ledger: three bars a coin from one line of zero, small, in colours that are told apart, for any book."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from PIL import Image, ImageColor

from chatbot.charts.canvas import Canvas, fitted, text_width
from chatbot.charts.exposure import exposure_picture
from chatbot.charts.labels import Labels
from chatbot.charts.look import DARK, LIGHT, SERIES, Look
from chatbot.model import AssetExposure

D = Decimal
VALUE = D(95_575)
#: the worked example of domain 1.5, and a short that has no spot
BOOK = (
    AssetExposure(asset="BTC", spot=D(30_000), futures=D(12_020)),
    AssetExposure(asset="ETH", spot=D(15_000), futures=D(-4_485)),
    AssetExposure(asset="XRP", spot=D(0), futures=D(-9_000)),
)
MANY = tuple(AssetExposure(asset=f"COIN{at}", spot=D(9_000 - 500 * at), futures=D((-1) ** at * 200 * at)) for at in range(14))
LABELS = Labels(title="Balanced", bars="Net, % of the value", legend=("spot", "futures", "net"))


def opened(data: bytes) -> Image.Image:
    """Return the picture's pixels."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def runs(image: Image.Image, y: int, colour: str) -> tuple[int, int] | None:
    """Return where a colour begins and ends in a row of pixels; None where it is not."""
    wanted = ImageColor.getrgb(colour)
    found = [x for x in range(150, 660) if all(abs(a - b) <= 12 for a, b in zip(image.getpixel((x, y)), wanted, strict=True))]
    return (found[0], found[-1] + 1) if found else None


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("book", [BOOK, MANY, BOOK[:1]], ids=["three", "fourteen", "one"])
def test_size_on_screen_and_on_the_wire(book: tuple[AssetExposure, ...], dark: bool) -> None:
    """800 x 600 with a palette and at most 25 KB, like the other pictures."""
    data = exposure_picture(book, VALUE, LABELS, dark=dark)
    image = opened(data)
    assert (image.format, image.size, image.mode) == ("PNG", (800, 600), "P")
    assert len(data) <= 25_000


@pytest.mark.parametrize(("dark", "look"), [(False, LIGHT), (True, DARK)])
def test_bars_are_as_long_as_the_amounts_and_start_at_zero(dark: bool, look: Look) -> None:
    """Spot, futures and net stand over each other; a short goes to the other side of zero, and net ends where the sum ends."""
    image = opened(exposure_picture(BOOK, VALUE, LABELS, dark=dark)).convert("RGB")
    # three rows of 110 pixels, centred between 128 and 574
    first, second, third = (round(351 - 110 * (1 - at)) for at in range(3))
    spot, futures, net = (runs(image, first + shift, colour) for shift, colour in ((-29, SERIES[0]), (0, SERIES[1]), (29, look.text)))
    assert spot is not None
    assert futures is not None
    assert net is not None
    zero = spot[0]
    assert net[1] - zero == pytest.approx((spot[1] - zero) + (futures[1] - zero), abs=6)
    assert (futures[1] - zero) / (spot[1] - zero) == pytest.approx(12_020 / 30_000, abs=0.02)
    short = runs(image, second, SERIES[1])
    assert short is not None
    assert short[1] <= zero + 2
    assert runs(image, third - 29, SERIES[0]) is None, "a coin without spot has no spot bar"


def test_the_three_bars_differ_in_lightness() -> None:
    """Who sees no colours still tells them apart."""
    for look in (LIGHT, DARK):
        colours = [ImageColor.getrgb(one) for one in (look.background, SERIES[0], SERIES[1], look.text)]
        lightness = sorted(0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2] for colour in colours)
        assert all(lighter - darker > 40 for darker, lighter in pairwise(lightness))


def test_no_label_meets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """With twelve coins and long words no two texts overlap, and none leaves the picture."""
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
    book = tuple(replace(one, asset="ОченьДлинноеИмя") for one in MANY)
    exposure_picture(book, VALUE, Labels(title="Сбалансированная" * 3, bars="Нетто, % стоимости" * 2, legend=("спот" * 9,) * 3))
    assert len(boxes) == 5 + 2 * 12
    for at, (left, low, right, high) in enumerate(boxes):
        assert left >= 0
        assert right <= 800
        for other in boxes[at + 1 :]:
            assert right <= other[0] or other[2] <= left or high <= other[1] + 1 or other[3] <= low + 1


@pytest.mark.parametrize("name", ["<b>&\"'{}%", "$\\frac{1}{2}$", "🚀🔥💎", "\u202eשלום", "A" * 300, "", "\x00"], ids=ascii)
def test_any_name_can_be_drawn(name: str) -> None:
    """Mathematics, emoji, other scripts and endless names neither fail nor warn."""
    labels = replace(LABELS, title=name, bars=name, legend=(name,) * 3, lines={"BTC": name})
    assert len(exposure_picture(BOOK, VALUE, labels)) < 25_000


@pytest.mark.parametrize(
    "book",
    [(), (AssetExposure(asset="BTC", spot=D(0), futures=D(0)),), (AssetExposure(asset="BTC", spot=D(0), futures=D(-500_000)),)],
    ids=["nothing", "zero", "only a large short"],
)
def test_edges_of_what_a_book_can_be(book: tuple[AssetExposure, ...]) -> None:
    """Nothing at all, zero, and a book of many times the value give a picture."""
    assert opened(exposure_picture(book, VALUE, LABELS)).size == (800, 600)
