"""Pictures that somebody has seen a moment ago are not drawn again, and no two are mistaken for each other."""

from __future__ import annotations

import gc
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.charts.labels import Labels
from chatbot.model import LineReading, PortfolioFigures
from handlers.chat import pictures
from handlers.views.common import Picture, PictureKind

if TYPE_CHECKING:
    from collections.abc import Iterator

D = Decimal
LINE = LineReading(line="CORE", weight=D("0.6"), target=D("0.5"), band=D("0.05"), breach=None)
FIGURES = PortfolioFigures(value=D(1000), lines=(LINE,), net=D(1), gross=D(1), futures_net=D(0), beta=D(1), leverage=None)
PICTURE = Picture(kind=PictureKind.ALLOCATION, labels=Labels(title="Balanced", bars="Drift", lines={"CORE": "BTC/ETH"}), figures=FIGURES)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Picture]]:
    """Return the list in which every drawing is written down; nothing is kept from other tests, and nothing is left to them."""
    made: list[Picture] = []
    png = pictures.png

    def counted(picture: Picture) -> bytes:
        made.append(picture)
        return png(picture)

    pictures._drawn.cache_clear()
    monkeypatch.setattr(pictures, "png", counted)
    yield made
    pictures._drawn.cache_clear()


async def test_the_same_picture_is_drawn_once(drawn: list[Picture]) -> None:
    """However it was made: what it says is what counts."""
    first = await pictures.draw(PICTURE)
    assert await pictures.draw(replace(PICTURE, labels=replace(PICTURE.labels, lines=dict(PICTURE.labels.lines)))) == first
    assert len(drawn) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(PICTURE, figures=replace(FIGURES, lines=(replace(LINE, weight=D("0.63")),))),
        replace(PICTURE, labels=replace(PICTURE.labels, numbers={"CORE": "+10.1"})),
        replace(PICTURE, labels=replace(PICTURE.labels, lines={"CORE": "Bitcoin"})),
        replace(PICTURE, kind=PictureKind.PRESET),
    ],
    ids=["a weight", "a number", "a word", "a kind"],
)
async def test_whatever_is_different_is_another_picture(drawn: list[Picture], other: Picture) -> None:
    """A weight, a tenth of a point, a word in another language, another kind: each is drawn and looks different."""
    assert await pictures.draw(PICTURE) != await pictures.draw(other)
    assert len(drawn) == 2


def test_the_collector_does_not_look_through_what_draws() -> None:
    """The drawing library stays for ever: gone through again and again, its objects kept whoever wrote meanwhile from an answer."""
    pictures._load.cache_clear()
    pictures.png(PICTURE)
    from matplotlib import colors  # noqa: PLC0415 - it is there by now

    assert not [one for one in gc.get_objects() if one is colors.__dict__]
