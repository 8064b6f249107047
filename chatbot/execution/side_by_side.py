"""Legs of one kind are worked side by side: in each round every one of them that has something to do does one thing, then all wait."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from chatbot.errors import KeyRefused, Unreachable
from chatbot.execution import orders, outcomes, recovery, wallets
from chatbot.execution.lifecycle import LEG_ENDS
from chatbot.execution.record import Parked, Stopped
from chatbot.model import OrderState, PlanState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from chatbot.exchanges.base import Exchange
    from chatbot.execution.outcomes import Deps
    from chatbot.execution.record import View
    from chatbot.model import Leg

_LOG = structlog.get_logger()
#: a leg that waits is not looked at again before
_SHORTEST = timedelta(milliseconds=1)


class SideBySide:
    """Some legs of a plan on their way, each from its own rows of the journal: one that fails does not keep the others.

    What is remembered here is only when to look again; whoever starts over after a crash finds everything else in the journal.
    """

    def __init__(self, view: View, exchanges: Callable[[int], Awaitable[Exchange]], deps: Deps) -> None:
        """``view``: with the legs whose turn it is."""
        self._plan_id = view.plan.id
        self._indexes = tuple(leg.index for leg in view.turn)
        self._exchanges = exchanges
        self._deps = deps
        self._stopped = False
        #: when a leg is looked at again; at once where it is not named
        self._due: dict[int, datetime] = {}
        #: how often in a row the exchange could not be reached for a leg
        self._failures: Counter[int] = Counter()
        #: legs that cannot go on without a person
        self._out: dict[int, Parked] = {}

    async def work(self) -> None:
        """Work until every leg has ended, or nothing may be sent and nothing works any more.

        Raises ``record.Parked`` once the others have ended, where one of them cannot go on; ``ExchangeError`` where the account cannot
        be opened.
        """
        acts, view = 0, None
        while acts < self._deps.pace.moves_max:
            # What the journal holds is read again only after something was written: most rounds of a resting order only look.
            view = view or await self._deps.scribe.view(self._plan_id)
            legs = await self._unfinished(view) if view else []
            if view is None or not legs:
                break
            now = self._deps.clock.now()
            if ready := [leg for leg in legs if self._due.get(leg.index, now) <= now]:
                if not await self._round(view, ready):
                    acts, view = acts + 1, None
            else:
                await self._deps.rest(view, (min(self._due[leg.index] for leg in legs) - now).total_seconds())
        else:
            raise Parked("too_many_moves")
        if self._out:
            raise self._out[min(self._out)]

    async def _unfinished(self, view: View) -> list[Leg]:
        """Return the legs that have something to do; when nothing more may be sent, those of which an order may still trade."""
        if view.plan.state is not PlanState.RUNNING:
            return []
        legs = [view.leg(index) for index in self._indexes if index not in self._out]
        legs = [leg for leg in legs if leg.state not in LEG_ENDS]
        if not await self._deps.stop_word(view):
            return legs
        if not self._stopped:
            self._stopped = True
            self._due.clear()  # what rests is taken back now
        return [leg for leg in legs if view.unsettled_of(leg.index)]

    async def _round(self, view: View, legs: Sequence[Leg]) -> bool:
        """Let each of these legs make a move, all at the same time; True: they have only looked, and nothing was written.

        An error that nobody expects ends the plan's run, but only after the other moves: none is broken off in the middle.
        """
        exchange = await self._exchanges(view.portfolio.id)
        moves = (self._move(outcomes.LegAttempt(view=view, leg=leg, exchange=exchange, deps=self._deps)) for leg in legs)
        pauses = await asyncio.gather(*moves, return_exceptions=True)
        now = self._deps.clock.now()
        for leg, pause in zip(legs, pauses, strict=True):
            if isinstance(pause, Parked):
                self._out[leg.index] = pause
            elif isinstance(pause, BaseException):
                raise pause
            else:
                # a rest of less than the clock can tell would be over at once, and over again
                self._due[leg.index] = now + (max(timedelta(seconds=pause), _SHORTEST) if pause else timedelta())
        return not self._failures and all(isinstance(pause, float) and pause > 0 for pause in pauses)

    async def _move(self, move: outcomes.LegAttempt) -> float:
        """Make one move; return how long the leg then waits, 0 where it wrote something. Out of reach it waits longer each time."""
        index = move.leg.index
        try:
            pause = await _act(move)
        except Stopped:
            return 0.0  # the next look sees it
        except KeyRefused as trouble:
            raise Parked(trouble.why) from trouble
        except Unreachable as trouble:
            self._failures[index] += 1
            waits = self._deps.pace.retry_pause_s(self._failures[index])
            _LOG.warning(
                "exchange unreachable", plan=self._plan_id, leg=index, failures=self._failures[index], pause_s=waits, error=str(trouble)
            )
            if waits is None:
                raise Parked(trouble.why) from trouble
            return waits
        self._failures.pop(index, None)
        return pause


async def _act(move: outcomes.LegAttempt) -> float:
    """Do the one thing that comes next for a leg; return how long it then waits, in seconds of the clock."""
    attempt = move.view.unsettled_of(move.leg.index)
    if attempt is not None:
        look_after = orders.watch if attempt.state == OrderState.OPEN else recovery.settle
        return await look_after(move, attempt)
    await move.refuse_forbidden()
    if move.leg.is_transfer:
        await wallets.transfer(move)
    elif leverage := await wallets.leverage_to_set(move):
        await wallets.set_leverage(move, leverage)
    else:
        return await orders.next_order(move)
    return 0.0
