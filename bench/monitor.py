"""The check of a hundred thousand portfolios in one process: the start, the memory, and a check in which nobody is near a band."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import checks

if TYPE_CHECKING:
    from bench.figures import Figure

COUNT = 100_000
#: all bands of everybody, held against the prices of a check
_CHECK_MS = 50.0


async def figures() -> list[Figure]:
    """Measure what :mod:`bench.checks` does, for ten times as many."""
    return await checks.ticks(COUNT, aim_ms=_CHECK_MS)
