"""Plans that outlived the process which carried them out: how often one was taken up again in vain, and which suspect is tried, alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chatbot.execution.lifecycle import LEG_ENDS
from chatbot.execution.record import REVIVED
from chatbot.model import UNDER_WAY
from chatbot.store import halt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.clock import Clock
    from chatbot.execution.record import Scribe
    from chatbot.model import Plan
    from chatbot.store.events import Event

#: how often in a row a plan may be taken up again in vain before it is suspected of killing whoever carries it out
SUSPECT_FROM = 2
#: how long one suspect keeps the others waiting: no leg takes so long
ALONE_FOR = timedelta(minutes=10)
#: in the detail of a revival: how many legs had ended
ENDED: Final = "ended"


def ended(plan: Plan) -> int:
    """Return how many legs of a plan have ended: it only grows, so that nothing is in vain for ever."""
    return sum(leg.state in LEG_ENDS for leg in plan.legs)


def in_vain(happened: Sequence[Event], plan: Plan) -> int:
    """Return how often in a row a plan was taken up without a leg that ended since, after its person last let it go on."""
    vain, now = 0, ended(plan)
    for event in reversed(happened):
        if event.name == halt.LET_GO or (event.name == REVIVED and event.detail.get(ENDED, now) != now):
            break
        vain += event.name == REVIVED
    return vain


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    plan_id: int
    ended: int
    since: datetime


class Trials:
    """Lets a process take up one suspect at a time: if it kills the process, the others were not aboard."""

    def __init__(self, scribe: Scribe, clock: Clock) -> None:
        self._scribe, self._clock = scribe, clock
        self._latest: _Trial | None = None

    async def admits(self, plan: Plan) -> bool:
        """Tell whether a suspect may be taken up now: no other one is on trial here, or it has got on, ended or lasted."""
        now, latest = self._clock.now(), self._latest
        if latest is not None and latest.plan_id != plan.id and now - latest.since < ALONE_FOR and await self._goes_on(latest):
            return False
        self._latest = _Trial(plan_id=plan.id, ended=ended(plan), since=now)
        return True

    async def _goes_on(self, trial: _Trial) -> bool:
        view = await self._scribe.view(trial.plan_id)
        return view is not None and view.plan.state in UNDER_WAY and ended(view.plan) == trial.ended
