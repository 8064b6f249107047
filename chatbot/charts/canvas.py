"""One kept Agg canvas for all pictures, and its way to a small PNG.

Shapes go straight to the renderer instead of through figures and artists, and texts from the font to the pixels: a third of the time,
and nothing is left behind that could grow over thousands of pictures.
"""

from __future__ import annotations

import io
import threading
from bisect import bisect_right
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from PIL import Image, ImageColor

from chatbot.charts.direction import FSI, LRI, PDI, RLM, directed
from chatbot.charts.look import DPI, FAINT, GROUND, HEIGHT, TEXT, WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.backend_bases import GraphicsContextBase
    from matplotlib.ft2font import FT2Font

#: cut by ``scripts/chinese_font.py``
CHINESE: Final = str(FilePath(__file__).parent / "fonts" / "NotoSansSC-Medium.ttf")
#: what stays free at the left and the right
MARGIN: Final = 28
#: the palette, and the mixed tones of smoothed edges; more only make the file larger
_COLOURS: Final = 64
_lock = threading.Lock()
#: matplotlib's backends carry no types
_renderer: Any = RendererAgg(WIDTH, HEIGHT, DPI)  # type: ignore[no-untyped-call]


class Canvas:
    """Draws shapes and texts at pixels; (0, 0) is the lower left corner, y grows upwards to ``height``."""

    def __init__(self, height: int) -> None:
        """Take the lower ``height`` pixels of the renderer."""
        self.height = height

    def box(self, left: float, bottom: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle."""
        _renderer.draw_path(_pen(), Path.unit_rectangle(), Affine2D.from_values(width, 0, 0, height, left, bottom), to_rgba(colour))

    def line(self, points: Sequence[tuple[float, float]], colour: str, thickness: float) -> None:
        """Draw a line through points, in pixels."""
        pen = _pen()
        pen.set_linewidth(thickness * 72 / DPI)
        pen.set_foreground(colour)
        pen.set_joinstyle("round")
        pen.set_capstyle("round")
        _renderer.draw_path(pen, Path(np.asarray(points, dtype=float)), Affine2D())

    def area(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        """Fill the shape that points enclose, in pixels."""
        corners = np.asarray([*points, points[0]], dtype=float)
        _renderer.draw_path(_pen(), Path(corners, closed=True), Affine2D(), to_rgba(colour))

    def arc(self, centre: tuple[float, float], radius: float, thickness: float, turn: tuple[float, float], colour: str) -> None:
        """Fill a part of a ring between two turns (0 is the top, clockwise, 1 is once around)."""
        pen = _pen()
        pen.set_linewidth(2.0)
        pen.set_foreground(GROUND if turn[1] - turn[0] < 1 else colour)
        place = Affine2D.from_values(radius, 0, 0, radius, *centre)
        _renderer.draw_path(pen, _sector(turn[0], turn[1], 1 - thickness / radius), place, to_rgba(colour))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str,
        *,
        align: str = "left",
        bold: bool = False,
        room: float = WIDTH,
        least: float = 0.75,
    ) -> None:
        """Write one line centred on the height ``y``; what needs more than ``room`` shrinks to ``least`` of its size, then is cut."""
        shown, size = fitted(printable(text), size, bold=bold, room=room, least=least)
        if not shown:
            return
        left = max(0, round(x - text_width(shown, size, bold=bold) * {"left": 0.0, "center": 0.5, "right": 1.0}[align]))
        mask, below = _mask(shown, size, bold=bold)
        bottom = round(HEIGHT - (y - size * 0.36) + below)
        place = np.asarray(_renderer.buffer_rgba())[bottom - len(mask) : bottom, left : left + mask.shape[1], :3]
        covered = mask[:, : place.shape[1], None] / 255
        place[:] = (place + (ImageColor.getrgb(colour) - place) * covered).round()

    def head(self, title: str, bars: str) -> None:
        """Write the first line: the title at the left, and at the right what the bars are."""
        right, most = WIDTH - MARGIN, 420.0
        heading = min(text_width(printable(bars), 22, bold=False), most)
        self.text(MARGIN, self.height - 46, title, 32, TEXT, bold=True, room=right - MARGIN - heading - 30)
        self.text(right, self.height - 46, bars, 22, FAINT, align="right", room=most)

    def legend(self, entries: Sequence[tuple[str, str | None]]) -> None:
        """Write the second line: what each colour is; an entry without one only says what a sign means."""
        x, y = float(MARGIN), self.height - 91.0
        for name, colour in entries:
            if colour is not None:
                self.box(x, y - 11, 22, 22, colour)
                x += 32
            self.text(x, y, name, 22, TEXT, room=190)
            x += min(190.0, text_width(printable(name), 22, bold=False)) + 30

    def png(self) -> bytes:
        """Return what is drawn as a PNG with a palette."""
        drawn = np.asarray(_renderer.buffer_rgba())[HEIGHT - self.height :]
        image, out = Image.fromarray(drawn).convert("RGB"), io.BytesIO()
        image.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG", compress_level=6)
        return out.getvalue()


@contextmanager
def blank(height: float) -> Iterator[Canvas]:
    """Lend the canvas, empty and so many pixels high, to one drawing at a time."""
    with _lock:
        _renderer.clear()
        canvas = Canvas(min(HEIGHT, round(height)))
        canvas.box(0, 0, WIDTH, canvas.height, GROUND)
        yield canvas


def _pen() -> GraphicsContextBase:
    pen: GraphicsContextBase = _renderer.new_gc()
    pen.set_linewidth(0)
    return pen


def _sector(start: float, end: float, hole: float) -> Path:
    """Return a part of a ring of radius 1 around (0, 0)."""
    angles = np.pi / 2 - 2 * np.pi * np.linspace(start, end, max(3, int(120 * (end - start)) + 2))
    rim = np.column_stack([np.cos(angles), np.sin(angles)])
    corners = np.concatenate([rim, rim[::-1] * hole, rim[:1]])
    return Path(corners, closed=True)


def fitted(text: str, size: float, *, bold: bool, room: float, least: float = 0.75) -> tuple[str, float]:
    """Return the text and size in pixels that fit into ``room``: first smaller, then cut with an ellipsis."""
    wide = text_width(text, size, bold=bold)
    if wide <= room:
        return text, size
    full = size
    for share in (room / wide, 0.95 * room / wide):  # a smaller text is not always as much narrower: letters stand on whole pixels
        size = int(10 * full * max(least, share)) / 10
        if text_width(text, size, bold=bold) <= room:
            return text, size
    # the longest beginning that fits, found by halving: measuring is what costs
    most = bisect_right(range(1, len(text) + 1), room, key=lambda length: text_width(f"{text[:length]}…", size, bold=bold))
    kept = text[:most].rstrip()
    return f"{kept}…" if kept else "", size


@lru_cache(maxsize=2048)
def text_width(text: str, size: float, *, bold: bool) -> float:
    """Return how many pixels wide a text is."""
    return float(_typeset(text, size, bold=bold).get_width_height()[0] / 64)


@lru_cache(maxsize=256)
def _mask(text: str, size: float, *, bold: bool) -> tuple[np.ndarray, float]:
    """Return how much of each pixel a text covers, up to 255, and how far it reaches below its line; titles and headings come again."""
    font = _typeset(text, size, bold=bold)
    font.draw_glyphs_to_bitmap(antialiased=True)
    return np.array(font.get_image()), font.get_descent() / 64  # a byte a pixel: hundreds are kept


def _typeset(text: str, size: float, *, bold: bool) -> FT2Font:
    font = _font(bold=bold)
    font.set_size(size * 72 / DPI, DPI)
    font.set_text(text, flags=LoadFlags.FORCE_AUTOHINT)
    return font


def printable(text: str) -> str:
    """Replace what the fonts cannot draw by a small square, for a coin may be called anything; keep the order in what runs to the left."""
    known = characters()
    return "".join(char if ord(char) in known else "▫" for char in directed(" ".join(text.split())))


def _latin(*, bold: bool) -> str:
    return findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal"))


@lru_cache(maxsize=2)
def _font(*, bold: bool) -> FT2Font:
    """Return the font of all pictures, which has Arabic too; what it lacks comes from the one with Chinese."""
    return get_font((_latin(bold=bold), CHINESE))


@lru_cache(maxsize=1)
def characters() -> frozenset[int]:
    """Return the code points that pictures can show, bold too, with the marks that have no width."""
    regular, bold, chinese = (frozenset(get_font(path).get_charmap()) for path in (_latin(bold=False), _latin(bold=True), CHINESE))
    return (regular & bold) | chinese | frozenset(map(ord, (LRI, FSI, PDI, RLM)))
