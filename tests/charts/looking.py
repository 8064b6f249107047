"""What a test sees in a picture: its pixels, where a colour runs, how far two colours are apart, and the texts that were written."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageColor

from chatbot.charts.canvas import Canvas, fitted, printable, text_width

if TYPE_CHECKING:
    from collections.abc import Iterator

#: from linear red, green and blue to what people without green or red cones see of it (Machado and others, 2009, in full severity)
SIGHTS = {
    "all cones": np.identity(3),
    "no green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "no red": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
}
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.95047, 1.0, 1.08883])


def opened(data: bytes) -> Image.Image:
    """Return the picture, read."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def of_colour(image: Image.Image, colour: str) -> np.ndarray:
    """Return for every pixel, row by row from the top, whether it has this colour."""
    pixels = np.asarray(image.convert("RGB")).astype(int)
    return np.asarray((abs(pixels - ImageColor.getrgb(colour)) <= 12).all(axis=2))


def linear(colour: str) -> np.ndarray:
    """Return the linear red, green and blue of a colour (sRGB)."""
    parts = np.array(ImageColor.getrgb(colour)) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2)."""
    low, high = sorted(float(linear(colour) @ _XYZ[1]) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def difference(one: str, other: str, sight: np.ndarray) -> float:
    """Return how different two colours look to somebody with this sight: the distance in CIELAB, of which 2 can just be told."""
    return float(np.linalg.norm(_lab(one, sight) - _lab(other, sight)))


def _lab(colour: str, sight: np.ndarray) -> np.ndarray:
    seen = _XYZ @ np.clip(sight @ linear(colour), 0, 1) / _WHITE
    x, y, z = np.where(seen > 0.008856, np.cbrt(seen), 7.787 * seen + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@dataclass(frozen=True, slots=True)
class Written:
    """A text as it was drawn, in pixels."""

    text: str
    size: float
    colour: str
    bold: bool
    left: float
    low: float
    right: float
    high: float

    def meets(self, other: Written) -> bool:
        """Tell whether the two overlap."""
        return not (self.right <= other.left or other.right <= self.left or self.high <= other.low + 1 or other.high <= self.low + 1)


@contextmanager
def watched() -> Iterator[list[Written]]:
    """Keep every text that is drawn inside the block."""
    found: list[Written] = []
    draw = Canvas.text

    def keep(self: Canvas, x: float, y: float, text: str, size: float, colour: str, **more: object) -> None:
        bold, least = bool(more.get("bold")), float(str(more.get("least", 0.75)))
        shown, fits = fitted(printable(text), size, bold=bold, room=float(str(more.get("room", 800))), least=least)
        wide = text_width(shown, fits, bold=bold)
        left = x - wide * {"left": 0.0, "center": 0.5, "right": 1.0}[str(more.get("align", "left"))]
        found.append(Written(shown, fits, colour, bold, left, y - fits / 2, left + wide, y + fits / 2))
        draw(self, x, y, text, size, colour, **more)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Canvas, "text", keep)
        yield found


def assert_apart(written: list[Written]) -> None:
    """Fail where two texts overlap, or one leaves the picture at a side."""
    for at, one in enumerate(written):
        assert one.left >= 0, one
        assert one.right <= 800, one
        assert not [other for other in written[at + 1 :] if one.meets(other)], one
