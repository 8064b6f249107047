"""From the picture that a view names to PNG bytes; matplotlib is loaded when the first one is asked for."""

from __future__ import annotations

import asyncio
import gc
import importlib
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from chatbot.errors import InternalError
from chatbot.values import dataclass
from handlers.views.common import PictureKind

if TYPE_CHECKING:
    from handlers.views.common import Picture

#: pictures kept, 15 kB each: everybody who starts sees the same presets, and a tap that goes back shows what was shown before
_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class _Asked:
    """A picture under everything that it says: mappings in it keep it from being a key itself."""

    said: str
    picture: Picture = field(compare=False)


async def draw(picture: Picture) -> bytes:
    """Return the picture as PNG, drawn in a thread so that other chats are answered meanwhile."""
    return await asyncio.to_thread(_drawn, _Asked(repr(picture), picture))


@lru_cache(maxsize=_KEPT)
def _drawn(asked: _Asked) -> bytes:
    return png(asked.picture)


@lru_cache(maxsize=1)
def _load() -> None:
    """Load what draws: half a second and 30 MB that a start without pictures does not pay.

    It lives for ever: looking through its 40,000 objects held everybody up for 20 ms and more, each time that the collector came by.
    """
    importlib.import_module("chatbot.charts.canvas")
    gc.freeze()


def png(picture: Picture) -> bytes:
    """Return the picture as PNG; drawings in several threads wait for each other."""
    _load()
    from chatbot.charts import gauges, shocks  # noqa: PLC0415 - loaded above

    if picture.kind is PictureKind.GAUGES:
        return gauges.gauges_picture(picture.gauges, picture.labels)
    if picture.kind is PictureKind.SHOCKS:
        return shocks.shocks_picture(picture.shocks, picture.labels)
    if (past := _of_past(picture)) is not None:
        return past
    return _of_figures(picture)


def _of_past(picture: Picture) -> bytes | None:
    """Draw what looks back; None where a picture does not."""
    from chatbot.charts import equity, gains, layers, months  # noqa: PLC0415 - as above

    if picture.equity is not None:
        return equity.equity_picture(picture.equity, picture.labels)
    if picture.layers is not None:
        return layers.layers_picture(picture.layers, picture.labels)
    if picture.months is not None:
        return months.months_picture(picture.months, picture.labels)
    return gains.gains_picture(picture.gains, picture.labels) if picture.gains else None


def _of_figures(picture: Picture) -> bytes:
    """Draw what a picture's figures show."""
    from chatbot.charts import allocation, exposure  # noqa: PLC0415 - as above

    if picture.figures is None:
        raise InternalError(f"a picture of kind {picture.kind} needs a shape")
    if picture.kind is PictureKind.CHANGE and picture.after is not None:
        return allocation.change_picture(picture.figures, picture.after, picture.labels)
    if picture.kind is PictureKind.EXPOSURE:
        return exposure.exposure_picture(picture.assets, picture.figures.value, picture.labels)
    if picture.kind is PictureKind.PRESET:
        return allocation.preset_picture(picture.figures, picture.labels)
    return allocation.allocation_picture(picture.figures, picture.labels)
