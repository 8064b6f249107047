"""Pictures as Telegram judges them: is it one, how large, may it be sent as a photo."""

from __future__ import annotations

import struct

from handlers.loopback.refusals import bad

_BYTES_MAX = 10 * 1024 * 1024
_SIDES_MAX = 10_000
_RATIO_MAX = 20
_PNG = b"\x89PNG\r\n\x1a\n"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def photo_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a PNG or JPEG; refuses what Telegram refuses as a photo."""
    if not data:
        raise bad("file must be non-empty")
    if len(data) > _BYTES_MAX:
        raise bad("file is too big for a photo; the maximum size is 10485760 bytes")
    size = _png_size(data) or _jpeg_size(data)
    if size is None:
        raise bad("IMAGE_PROCESS_FAILED")
    width, height = size
    if min(size) < 1 or width + height > _SIDES_MAX or max(size) > _RATIO_MAX * min(size):
        raise bad("PHOTO_INVALID_DIMENSIONS")
    return size


def picture_type(data: bytes) -> str:
    """Return the media type of a picture that :func:`photo_size` accepted."""
    return "image/png" if data.startswith(_PNG) else "image/jpeg"


def _png_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(_PNG) or data[12:16] != b"IHDR" or b"IEND" not in data[-16:]:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Walk the segments of a JPEG to its frame header."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4])
        if marker in _START_OF_FRAME:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + length
    return None
