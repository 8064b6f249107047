"""Many ids in questions of a bearable size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

#: rows in one question: between two, the event loop serves the chat
CHUNK = 250


def chunks(ids: Collection[int]) -> Iterator[list[int]]:
    """Yield the ids in lists that fit into one question."""
    wanted = list(ids)
    return (wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK))
