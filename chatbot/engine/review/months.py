"""Returns by calendar month and by year, from a run of values with their days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


def monthly(nav: Sequence[float], days: Sequence[date]) -> dict[tuple[int, int], float]:
    """Return by (year, month) the last value of it over the last before it, less 1; of the first month over the first value.

    A year is told as month 0. Raises ``Refused``: bad_parameter where values and days are not as many, non_positive_value.
    """
    if len(nav) != len(days):
        raise Refused("bad_parameter", "days")
    if any(not value > 0 for value in nav):
        raise Refused("non_positive_value", "nav")
    last: dict[tuple[int, int], float] = {}
    for value, day in zip(nav, days, strict=True):
        last[day.year, day.month] = value
    return _over(last, nav[:1]) | _over({(year, 0): value for (year, _), value in last.items()}, nav[:1])


def _over(last: dict[tuple[int, int], float], first: Sequence[float]) -> dict[tuple[int, int], float]:
    return {key: value / before - 1 for (key, value), before in zip(last.items(), [*first, *last.values()], strict=False)}
