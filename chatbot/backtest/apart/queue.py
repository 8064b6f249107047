"""Who is served and who waits: at most so many at once, in the order in which they came."""

from __future__ import annotations

from dataclasses import replace

from chatbot.values import dataclass


@dataclass(frozen=True, slots=True)
class Queue:
    """Those at a counter with ``room`` places, by words for those who stand in it."""

    room: int
    served: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def has_room(self) -> bool:
        """Tell whether a place is free."""
        return len(self.served) < self.room

    def joined(self, word: str) -> Queue:
        """Return the queue with one more at its end; whoever stands in it already keeps the place."""
        if word in self.served or word in self.waiting:
            return self
        return _moved_up(replace(self, waiting=(*self.waiting, word)))

    def left(self, word: str) -> Queue:
        """Return the queue without somebody; the others move up."""
        served = tuple(one for one in self.served if one != word)
        waiting = tuple(one for one in self.waiting if one != word)
        return _moved_up(replace(self, served=served, waiting=waiting))

    def place(self, word: str) -> int | None:
        """Return how many have to be served first, 1 for who is next, 0 for who is served; None for who is not in the queue."""
        if word in self.served:
            return 0
        return self.waiting.index(word) + 1 if word in self.waiting else None


def _moved_up(queue: Queue) -> Queue:
    free = max(0, queue.room - len(queue.served))
    return replace(queue, served=(*queue.served, *queue.waiting[:free]), waiting=queue.waiting[free:])
