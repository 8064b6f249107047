"""Who takes shares and who gives some back: each living worker is to have a fair part, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.model import SHARES

if TYPE_CHECKING:
    from collections.abc import Collection


def fair_part(workers: int) -> int:
    """Return how many shares are enough for one of so many workers, so that together they have all of them."""
    return -(-SHARES // max(1, workers))


def to_take(mine: Collection[int], free: Collection[int], workers: int) -> tuple[int, ...]:
    """Return the free shares that a worker asks for: as many as it lacks of its part."""
    return tuple(sorted(free))[: max(0, fair_part(workers) - len(mine))]


def to_give(mine: Collection[int], idle: Collection[int], workers: int) -> tuple[int, ...]:
    """Return the shares that a worker gives back: what it has beyond its part, of those for whose people nothing is under way."""
    beyond = len(mine) - fair_part(workers)
    return tuple(sorted(set(mine) & set(idle)))[: max(0, beyond)]
