"""The exposure ledger: three bars a coin from one line of zero, small, in colours that are told apart, for any book."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from chatbot.charts.exposure import exposure_picture
from chatbot.charts.labels import Labels
from chatbot.charts.look import BOOK as FUTURES
from chatbot.charts.look import SPOT, TEXT
from chatbot.model import AssetExposure
from tests.charts.looking import assert_apart, of_colour, opened, watched

if TYPE_CHECKING:
    from PIL import Image

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


def runs(image: Image.Image, y: int, colour: str) -> tuple[int, int] | None:
    """Return where a colour begins and ends among the bars in a row of pixels; None where it is not."""
    found = np.flatnonzero(of_colour(image, colour)[y, 150:660])
    return (150 + int(found[0]), 151 + int(found[-1])) if len(found) else None


@pytest.mark.parametrize("book", [BOOK, MANY, BOOK[:1]], ids=["three", "fourteen", "one"])
def test_size_on_screen_and_on_the_wire(book: tuple[AssetExposure, ...]) -> None:
    """As wide as the other pictures and as high as its coins need, with a palette and at most 25 KB."""
    data = exposure_picture(book, VALUE, LABELS)
    image = opened(data)
    assert (image.format, image.size, image.mode) == ("PNG", (800, {1: 262, 3: 482, 14: 600}[len(book)]), "P")
    assert len(data) <= 25_000


def test_bars_are_as_long_as_the_amounts_and_start_at_zero() -> None:
    """Spot, futures and net stand over each other; a short goes to the other side of zero, and net ends where the sum ends."""
    image = opened(exposure_picture(BOOK, VALUE, LABELS))
    first, second, third = (128 + 55 + 110 * at for at in range(3))
    spot, futures, net = (runs(image, first + shift, colour) for shift, colour in ((-29, SPOT), (0, FUTURES), (29, TEXT)))
    assert spot is not None
    assert futures is not None
    assert net is not None
    zero = spot[0]
    assert net[1] - zero == pytest.approx((spot[1] - zero) + (futures[1] - zero), abs=6)
    assert (futures[1] - zero) / (spot[1] - zero) == pytest.approx(12_020 / 30_000, abs=0.02)
    short = runs(image, second, FUTURES)
    assert short is not None
    assert short[1] <= zero + 2
    assert runs(image, third - 29, SPOT) is None, "a coin without spot has no spot bar"


def test_no_label_meets_another() -> None:
    """With twelve coins and long words no two texts overlap, and none leaves the picture."""
    book = tuple(replace(one, asset=f"ОченьДлинноеИмя{at}") for at, one in enumerate(MANY))
    numbers = {one.asset: "−1 234 567,8" for one in book}
    labels = Labels(title="Сбалансированная" * 3, bars="Нетто, % стоимости" * 2, legend=("спот" * 9,) * 3, numbers=numbers)
    with watched() as written:
        exposure_picture(book, VALUE, labels)
    assert len(written) == 5 + 2 * 12
    assert_apart(written)


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
    assert opened(exposure_picture(book, VALUE, LABELS)).width == 800
