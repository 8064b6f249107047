"""Work beside other work: begun now, its value taken later. Who plays a past is given how, by who knows how many cores are free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Beside(Protocol):
    """Begins some work; what it returns waits for the value."""

    def __call__(self, work: Callable[[], T], /) -> Callable[[], T]:
        """Return what gives the value of ``work``."""
        ...


def in_turn(work: Callable[[], T]) -> Callable[[], T]:
    """Begin nothing: the work is done when its value is asked for."""
    return work
