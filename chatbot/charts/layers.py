"""Weights over time: layers one over the other, each with its name and last number at the right."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from chatbot.charts.canvas import MARGIN, blank
from chatbot.charts.frame import APART, NUMBERS, RIGHT, colours_named, ends_told, spread, x_of
from chatbot.charts.look import FIELD, GROUND, HEIGHT, colours_of

if TYPE_CHECKING:
    from chatbot.charts.canvas import Canvas
    from chatbot.charts.curves import Layer, Layers
    from chatbot.charts.labels import Labels

#: from the lower edge of the field to the upper
_FIELD: Final = (52.0, HEIGHT - 124.0)
#: names of more lines would be too small in one row: they stand behind their numbers
_MOST_NAMES: Final = 6


def layers_picture(shown: Layers, labels: Labels) -> bytes:
    """Return the layers as PNG."""
    colours = colours_of(layer.line for layer in shown.layers)
    with blank(HEIGHT) as canvas:
        canvas.head(labels.title, labels.bars)
        apart = len(shown.layers) <= _MOST_NAMES
        if apart:
            colours_named(canvas, [(labels.of(layer.line), colours[layer.line]) for layer in shown.layers])
        canvas.box(MARGIN, _FIELD[0], RIGHT - MARGIN, _FIELD[1] - _FIELD[0], FIELD)
        ends = _draw(canvas, shown, colours)
        for height, layer in ends:
            said = layer.said if apart else f"{layer.said} {labels.of(layer.line)}"
            canvas.text(RIGHT + 10, height, said, 22, colours[layer.line], bold=True, room=NUMBERS + MARGIN - 20, least=0.7)
        ends_told(canvas, shown.ends)
        return canvas.png()


def _draw(canvas: Canvas, shown: Layers, colours: dict[str, str]) -> list[tuple[float, Layer]]:
    """Draw every layer on what is below it, with a dark line between; return the height at which the number of each stands."""
    xs = [x_of(share) for share in shown.at]
    tops = list(accumulate((layer.weights for layer in shown.layers), _on_top))
    whole = max((max(top) for top in tops), default=1.0) or 1.0

    def y(weight: float) -> float:
        return _FIELD[0] + weight / max(1.0, whole) * (_FIELD[1] - _FIELD[0])

    floor = (0.0,) * len(xs)
    middles = []
    for layer, top in zip(shown.layers, tops, strict=True):
        upper = [(x, y(weight)) for x, weight in zip(xs, top, strict=True)]
        canvas.area([*upper, *((x, y(weight)) for x, weight in reversed(list(zip(xs, floor, strict=True))))], colours[layer.line])
        canvas.line(upper, GROUND, 2.0)
        middles.append((y((top[-1] + floor[-1]) / 2), layer))
        floor = top
    named = middles[: int((_FIELD[1] - _FIELD[0]) // APART)]
    return [(height, layer) for height, (_, layer) in zip(spread([middle for middle, _ in named], _FIELD), named, strict=True)]


def _on_top(below: tuple[float, ...], own: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(low + weight for low, weight in zip(below, own, strict=True))
