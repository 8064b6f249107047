"""Whether another way of looking after the portfolio was better by more than luck: the deflated Sharpe ratio of what it earned more.

All ways that are told beside the portfolio count as tried, so that the best of them has to be better than the best of so many without any
skill (domain 12.5). Below two years nothing is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chatbot.engine.errors import Refused
from chatbot.engine.review import measures
from chatbot.engine.review.deflated import ENOUGH_DAYS, STRONG, deflated_sharpe, moments
from chatbot.values import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chatbot.reports.review.series import Series

    #: of each return between two daily values, whether it is that of one day
    Seen = NDArray[np.bool_]

#: ways that a portfolio can be set to; holding is told beside them, and counts as tried
OFFERED = ("monthly", "bands")
#: of fewer there is no spread
_LEAST_RETURNS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The way that did best against the portfolio itself."""

    #: one of :data:`OFFERED`
    way: str
    #: the probability that it was better by more than luck
    deflated: float
    #: how many ways were compared
    tried: int
    #: growth of a year more than the portfolio's own, a fraction
    ahead: float

    @property
    def is_strong(self) -> bool:
        """Tell whether it is to be acted on."""
        return self.deflated >= STRONG


def advice(found: Series, days: int, seen: Seen) -> Advice | None:
    """Return the best of the ways by what each earned more a day; None where there is too little to tell, or none earned more.

    ``days`` is on how many it was seen: two years of which most were paused are no two years of evidence.
    The first values, one more than there are in ``seen``, are daily; it tells which of the returns between them are those of one day.
    """
    if days < ENOUGH_DAYS:
        return None
    more = {
        name: _more(index, found.actual, seen) for name, index in (("hold", found.hold), *((one, getattr(found, one)) for one in OFFERED))
    }
    ratios = {name: float(r.mean() / r.std(ddof=1)) for name, r in more.items() if r is not None and r.std(ddof=1) > 0}
    best = max((name for name in OFFERED if name in ratios), key=lambda name: ratios[name], default=None)
    if best is None or ratios[best] <= 0 or (r := more[best]) is None:
        return None
    variance = float(np.var(list(ratios.values()), ddof=1)) if len(ratios) > 1 else 0.0
    try:
        skew, kurtosis = moments(r)
        luck = deflated_sharpe(ratios[best], count=len(r), skew=skew, kurtosis=kurtosis, trials=len(ratios), variance=variance)
    except Refused:
        return None
    return Advice(way=best, deflated=luck, tried=len(ratios), ahead=float(r.mean()) * measures.YEAR_DAYS)


def _more(index: tuple[float | None, ...] | None, actual: tuple[float, ...], seen: Seen) -> measures.Floats | None:
    """Return what an index earned more than the portfolio on each day; None where it has a gap."""
    if index is None or None in index:
        return None
    daily = len(seen) + 1
    known = [value for value in index[:daily] if value is not None and value > 0]
    if len(known) < daily or seen.sum() < _LEAST_RETURNS:
        return None
    more: measures.Floats = (measures.daily_returns(known) - measures.daily_returns(actual[:daily]))[seen]
    return more
