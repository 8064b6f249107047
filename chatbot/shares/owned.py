"""The shares that this process owns, as everything in it that works for people asks for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from chatbot.model import SHARES, share_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator

    #: is told which shares come or go
    Tell: TypeAlias = Callable[[frozenset[int]], Awaitable[None]]

ALL = frozenset(range(SHARES))


class Shares:
    """The part of all people whose updates, portfolios and plans are this process's: nobody else touches them meanwhile.

    Whoever owns everybody (``run``, ``demo``) makes it without arguments, and it never changes.
    """

    def __init__(self, owned: Collection[int] = ALL) -> None:
        self.owned = frozenset(owned)
        #: whether shares come and go
        self.changes = not self.is_all
        self._in_hand: Counter[int] = Counter()
        self._prepare: list[Tell] = []
        self._forget: list[Tell] = []
        #: how often shares were gained
        self.gains = 0
        self._gained = asyncio.Event()

    @property
    def is_all(self) -> bool:
        """Tell whether everybody is this process's."""
        return self.owned == ALL

    @property
    def only(self) -> frozenset[int] | None:
        """Return what the store is asked about: None for everybody."""
        return None if self.is_all else self.owned

    @property
    def has_first(self) -> bool:
        """Tell whether it falls to this process to do what is done once for everybody: to whoever owns the first share."""
        return 0 in self.owned

    def has(self, person_id: int) -> bool:
        """Tell whether this person is this process's now."""
        return share_of(person_id) in self.owned

    @contextmanager
    def in_hand(self, person_id: int) -> Iterator[bool]:
        """Tell whether this person is this process's, and if so keep them so until the end of the block: it works for them."""
        share = share_of(person_id)
        if share not in self.owned:
            yield False
            return
        self._in_hand[share] += 1
        try:
            yield True
        finally:
            self._in_hand[share] -= 1

    def is_idle(self, share: int) -> bool:
        """Tell whether nothing is in hand for anybody of a share."""
        return not self._in_hand[share]

    def on_gain(self, prepare: Tell) -> None:
        """Have ``prepare`` awaited with the shares that are about to be this process's, before they are."""
        self._prepare.append(prepare)

    def on_loss(self, forget: Tell) -> None:
        """Have ``forget`` awaited with the shares that are not this process's any more, before another one may have them."""
        self._forget.append(forget)

    async def gained(self, before: int) -> None:
        """Wait until shares were gained more than ``before`` times."""
        while self.gains <= before:
            await self._gained.wait()

    async def gain(self, shares: Collection[int]) -> None:
        """Own more shares, once everything is prepared for them."""
        new = frozenset(shares) - self.owned
        for prepare in self._prepare:
            await prepare(new)
        self.take_back(new)

    def let_go(self, shares: Collection[int]) -> None:
        """Begin nothing more for these shares: they are about to be given away. What is in hand goes on."""
        self.owned -= frozenset(shares)

    def take_back(self, shares: Collection[int]) -> None:
        """Own shares that nobody else has had since everything was prepared for them."""
        if shares:
            self.owned |= frozenset(shares)
            self.gains += 1
            self._gained.set()
            self._gained = asyncio.Event()

    async def lose(self, shares: Collection[int]) -> None:
        """Forget everything about shares that were let go of."""
        for forget in self._forget:
            await forget(frozenset(shares))


#: what a part works for that nobody has told otherwise
EVERYBODY = Shares()
