"""From the picture that a view names to PNG bytes; matplotlib is loaded when the first one is asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from chatbot.errors import InternalError
from handlers.views.common import PictureKind

if TYPE_CHECKING:
    from handlers.views.common import Picture


async def draw(picture: Picture, *, dark: bool = False) -> bytes:
    """Return the picture as PNG, drawn in a thread so that other chats are answered meanwhile."""
    return await asyncio.to_thread(png, picture, dark=dark)


def png(picture: Picture, *, dark: bool = False) -> bytes:
    """Return the picture as PNG; drawings in several threads wait for each other."""
    from chatbot.charts import allocation, exposure, gauges, shocks  # noqa: PLC0415 - half a second and 30 MB that a start without pictures does not pay

    if picture.kind is PictureKind.GAUGES:
        return gauges.gauges_picture(picture.gauges, picture.labels, dark=dark)
    if picture.kind is PictureKind.SHOCKS:
        return shocks.shocks_picture(picture.shocks, picture.labels, dark=dark)
    if picture.shape is None:
        raise InternalError(f"a picture of kind {picture.kind} needs a shape")
    if picture.kind is PictureKind.CHANGE and picture.after is not None:
        return allocation.change_picture(picture.shape, picture.after, picture.labels, dark=dark)
    if picture.kind is PictureKind.EXPOSURE:
        return exposure.exposure_picture(picture.assets, picture.shape.value, picture.labels, dark=dark)
    if picture.kind is PictureKind.PRESET:
        return allocation.preset_picture(picture.shape, picture.labels, dark=dark)
    return allocation.allocation_picture(picture.shape, picture.labels, dark=dark)
