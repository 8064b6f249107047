"""Where the machines of triggers stand at every hour of a past: they hang on the market alone, so one run serves everybody who asks."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from chatbot.model import Cause
from chatbot.triggers.feeds import BasketFeed
from chatbot.triggers.machines import Machines, active_machines, is_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from chatbot.backtest.beside import Beside
    from chatbot.engine.triggers.trigger import Reads
    from chatbot.market.candles import CandleBook
    from chatbot.model import Strategy
    from chatbot.triggers.feeds import Feed
    from chatbot.triggers.machines import MachineKey, MachineState

_HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Timeline:
    """The life of one machine."""

    #: hours at which it took readings, and where it stood after each
    hours: list[int] = field(default_factory=list)
    states: list[MachineState] = field(default_factory=list)
    #: hours at which it began to say something else
    turns: list[int] = field(default_factory=list)

    def at(self, hour: int) -> MachineState:
        """Return where it stands at an hour, with the readings of that hour taken."""
        return self.states[bisect_right(self.hours, hour) - 1]


def lived_by(strategy: Strategy) -> tuple[MachineKey, ...]:
    """Return the machines that can move a strategy's targets and hang on the market alone, which all of its coins together do not."""
    together = is_together(strategy)
    return tuple(watch for watch in active_machines(strategy) if not (together and watch.trigger is Cause.VOLATILITY))


class Timelines:
    """The lives of all machines that somebody asked for."""

    def __init__(self, feeds: Mapping[Reads, Feed], candles: CandleBook, begin: datetime, hours: int) -> None:
        self._machines = Machines(feeds, BasketFeed(candles))
        self._begin, self._hours = begin, hours
        self._known: dict[MachineKey, Timeline] = {}

    def of(self, watch: MachineKey) -> Timeline:
        """Return the life of one machine; that of a portfolio's own basket hangs on what it holds, and is none of these."""
        if watch not in self._known:
            self._known[watch] = self._lived(watch)
        return self._known[watch]

    def learn(self, watches: Iterable[MachineKey], beside: Beside) -> None:
        """Let machines live that somebody will ask for, every second one beside the others."""
        unknown = [watch for watch in dict.fromkeys(watches) if watch not in self._known]
        ours, theirs = unknown[::2], unknown[1::2]
        later = beside(lambda: [self._lived(watch) for watch in theirs])
        self._known |= {watch: self._lived(watch) for watch in ours}
        self._known |= zip(theirs, later(), strict=True)

    def _lived(self, watch: MachineKey) -> Timeline:
        found, hour, feed = Timeline(), 0, self._machines.feed(watch)
        while hour < self._hours:
            now = self._begin + hour * _HOUR
            self._machines.take_up([watch], {}, now)
            _, changed = self._machines.keep(self._machines.run([watch], now))
            found.hours.append(hour)
            found.states.append(self._machines[watch])
            if changed:
                found.turns.append(hour)
            hour = max(hour + 1, -((self._begin - feed.due(self._machines[watch].upto)) // _HOUR))
        return found
