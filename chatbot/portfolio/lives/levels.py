"""Price levels of the last day: a coin that costs more than five times as much, or less than a fifth, is first asked about (domain 0).

A jump that two looks agree on is a price; whether it is the price of what the person holds is another matter: coins are renamed,
redenominated and die. What was seen outlives a restart, so that a change in a night without the bot is noticed too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.exchanges.base import asset_of
from chatbot.model.life import Leap, LeapAnswer, LeapWhy
from chatbot.portfolio.lives import stored_notes
from chatbot.portfolio.stored import states
from chatbot.store.codec import Instant, Price  # noqa: TC001 - fields are read back by them
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.model import Portfolio
    from chatbot.store.database import Database

#: a price further from one of the last day than this, up or down, is a leap
MOST: Final = Decimal(5)
#: only a price nearer than this to where it was is back: one that trembles around the limit would end its own question, and be traded on
BACK: Final = Decimal(2)
_DAY, _STEP, _FORGET, _SAME = timedelta(days=1), timedelta(hours=3), timedelta(days=30), timedelta(minutes=1)
_KEY: Final = "levels"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """What is known of one instrument; times are the market's."""

    #: prices every three hours, oldest first: those of the last day, or the last one there was
    levels: tuple[tuple[Instant, Price], ...] = ()
    leap: Leap | None = None
    #: the price before the first of the leaps that nobody has seen the end of
    origin: Price | None = None

    def __post_init__(self) -> None:
        """Refuse a leap from or to what is no price: nothing can be held against it."""
        if self.leap is not None and not (self.leap.before > 0 and self.leap.after > 0):
            raise ValueError("no leap between prices")


class Levels:
    """The levels of all instruments, in memory; :meth:`unwritten` says what is to be written down."""

    def __init__(self, tracks: Mapping[str, _Track] | None = None, *, key: str = _KEY) -> None:
        self._tracks = dict(tracks or {})
        #: the fact under which they are written down
        self._key = key
        #: price and time of the last look: everybody's portfolios ask about the same quote
        self._last: dict[str, tuple[Decimal, datetime]] = {}
        self._changed = False

    @classmethod
    async def load(cls, db: Database, quote: str = "") -> Levels:
        """Return what an earlier process wrote down; what cannot be read starts over. ``quote`` is empty for the usual quote coin."""
        key = stored_notes.fact(_KEY, quote)
        return cls(await stored_notes.read(db, key, _Track), key=key)

    def unwritten(self) -> dict[str, Mapping[str, object]]:
        """Return what has to be written down, by the name of its fact; nothing where nothing changed since :meth:`written`."""
        return {self._key: self._tracks} if self._changed else {}

    def written(self) -> None:
        """Take note that what was unwritten is written down."""
        self._changed = False

    def see(self, instrument: str, price: Decimal, now: datetime) -> Leap | None:
        """Take a trusted price at market time ``now``; return the leap that it stands behind, if there is one."""
        before = self._tracks.get(instrument, _Track())
        last = self._last.get(instrument)
        if last is not None and last[0] == price and timedelta(0) <= now - last[1] < _SAME:
            return before.leap
        self._last[instrument] = (price, now)
        after = _seen(before, asset_of(instrument), price, now)
        if after is not before:
            self._tracks[instrument] = after
            self._changed = True
        return after.leap

    def last(self) -> dict[str, tuple[Decimal, datetime]]:
        """Return the last price that was kept of each instrument, quote, with its market time."""
        return {name: (track.levels[-1][1], track.levels[-1][0]) for name, track in self._tracks.items() if track.levels}

    def marked(self, mark: str) -> Leap | None:
        """Return the leap that a button names; None where its price has gone back, or another leap came after it."""
        return next((track.leap for track in self._tracks.values() if track.leap is not None and track.leap.mark == mark), None)


def _seen(track: _Track, asset: str, price: Decimal, now: datetime) -> _Track:
    """Return a track after a price; the same one where there is nothing to note."""
    if track.levels and track.levels[-1][0] > now:  # a played market that began again
        track = _Track()
    if track.origin is not None and not _far(price, track.origin, BACK):  # it is back where it was
        return _Track(levels=((now, price),))
    recent = [level for level in track.levels if now - level[0] <= _DAY] or [
        level for level in track.levels[-1:] if now - level[0] <= _FORGET
    ]
    left = next((level for _, level in recent if _far(price, level)), None)
    if left is not None:
        leap = Leap(asset=asset, before=left, after=price, at=now)
        return _Track(levels=((now, price),), leap=leap, origin=track.origin or left)
    if recent and now - recent[-1][0] < _STEP:
        return track
    return replace(track, levels=(*recent, (now, price)))


def _far(price: Decimal, other: Decimal, times: Decimal = MOST) -> bool:
    return price > other * times or price * times < other


def open_question(leap: Leap | None, portfolio_since: datetime, answer: LeapAnswer | None) -> bool:
    """Tell whether a portfolio still has to be asked: it was there before the leap, and nobody has said since that the price is true."""
    if leap is None or portfolio_since > leap.at:
        return False
    return answer is None or answer.why is not LeapWhy.TRUE or answer.at < leap.at


async def answer(db: Database, portfolio: Portfolio, leap: Leap, why: LeapWhy, now: datetime) -> None:
    """Write down what a person said of a leap at market time ``now``, with the level that they were shown."""
    async with db.transaction() as tx:
        before = await states.read(tx, portfolio.id)
        said = LeapAnswer(why=why, at=now, price=leap.after)
        await states.write(tx, portfolio.id, before, replace(before, leaps={**before.leaps, leap.asset: said}))
