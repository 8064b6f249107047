"""What a sweep found, as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import inf
from typing import TYPE_CHECKING

from chatbot.backtest.sweep import CALENDARS
from chatbot.engine.review.deflated import ENOUGH_DAYS, STRONG
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.backtest.result import Result
    from chatbot.backtest.sweep import Sweep, Tried
    from chatbot.model import Cause, Strategy

#: how far back is traded, as a setting says it
_BACK = {1.0: "", 0.5: " half-way", 0.0: " to the edge"}
_HEAD = ("", "worth", "deepest fall", "Sharpe", "trades", "turnover", "fees")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """A preset beside itself with one trigger switched the other way, by the engine that trades."""

    own: Result
    others: Mapping[Cause, Result]
    #: of all its triggers, those that the preset has on, and those that asked for nothing in this past
    on: frozenset[Cause]
    silent: frozenset[Cause]


def as_json(found: Sweep, switched: Switched, sample: str) -> str:
    """Return everything that was found; ``sample`` says how long the past is."""
    tried = [asdict(one) for one in found.tried]
    evidence = {"beside_holding": found.beside_holding, "by_chance": found.by_chance, "deflated": found.deflated}
    triggers = {name: {"on": name not in switched.on, **_plainly(one)} for name, one in switched.others.items()}
    apart = {"as_it_is": _plainly(switched.own), "switched": triggers, "did_not_fire": sorted(switched.silent)}
    told = {"tried": tried, "best": asdict(found.best), **evidence, "triggers": apart, "not_in_it": list(caveats(found, sample))}
    return json.dumps(told, indent=2)


def _plainly(one: Result) -> dict[str, float | None]:
    figures = {"growth": one.growth, "drawdown": one.drawdown, "sharpe": one.sharpe, "plans": one.plans, "fees": one.fees}
    return {**figures, "turnover": _turned(one)}


def as_text(found: Sweep, strategy: Strategy, switched: Switched, sample: str) -> str:
    """Return what was tried as a table: what everybody knows, what ended where, and how much the best is worth as evidence."""
    ranked = sorted(found.tried, key=lambda one: -inf if one.sharpe is None else one.sharpe)
    widths = (float(rule.abs_pp) for rule in strategy.bands.values() if rule.abs_pp is not None)
    own = next(((width, "", float(strategy.theta)) for width in widths), None)
    rows = [
        ("held", found.at(None)),
        *((calendar, found.at(None, calendar)) for calendar in CALENDARS if calendar),
        *(
            (f"the preset's own {said(one)}", one)
            for one in found.tried
            if own is not None and (one.width_pp, one.calendar, one.theta) == own
        ),
        (f"best: {said(found.best)}", found.best),
        (f"middle: {said(ranked[len(ranked) // 2])}", ranked[len(ranked) // 2]),
        (f"worst: {said(ranked[0])}", ranked[0]),
    ]
    table = _table([_HEAD, *((name, *_figures(one)) for name, one in rows)])
    return "\n".join([*table, "", *caveats(found, sample), "", *_by_trigger(switched)])


def _by_trigger(switched: Switched) -> list[str]:
    """Return the preset with each trigger switched, and what did not fire."""
    rows = [("the preset as it is", switched.own)]
    rows += [(f"{name.replace('_', ' ')} {'off' if name in switched.on else 'on'}", one) for name, one in switched.others.items()]
    silent = ", ".join(name.replace("_", " ") for name in sorted(switched.silent))
    return [
        *_table([("", *_HEAD[1:4], "plans", *_HEAD[5:]), *((name, *_walked(one)) for name, one in rows)]),
        "",
        "The engine that trades, with lots, futures and one trigger switched at a time; the best of these may be luck too.",
        *([f"Did not fire in this time, so on and off are the same: {silent}."] if silent else []),
    ]


def _table(cells: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in cells]


def _walked(one: Result) -> tuple[str, ...]:
    return _written(one.growth, one.drawdown, one.sharpe, one.plans, _turned(one), one.fees)


def _turned(one: Result) -> float:
    return float(one.turnover.spot + one.turnover.futures)


def said(one: Tried) -> str:
    """Return a setting in words."""
    if one.width_pp is None:
        return one.calendar or "held"
    return f"±{one.width_pp:g} points" + _BACK[one.theta] + (f", and {one.calendar}" if one.calendar else "")


def caveats(found: Sweep, sample: str) -> tuple[str, ...]:
    """Return what a reader must know before believing a best setting (domain 12.5)."""
    return (
        sample,
        f"{len(found.tried)} settings were tried: bands from 1 to 20 points and none, each with each calendar.",
        "Bands alone also trade back half-way, and to the edge. Ranked by Sharpe ratio.",
        *_evidence(found),
        "The bare rule: a taker's fee, no lots, no smallest trades, no triggers; the futures' share waits as cash.",
        "Survivors only: coins that have vanished since are not recorded, so the past looks kinder than it was.",
    )


def _evidence(found: Sweep) -> tuple[str, ...]:
    """Say what the best is worth as evidence: two years are the least, as for whatever is suggested (domain 12.5)."""
    if found.beside_holding is None or found.deflated is None:
        return ("No setting has a better Sharpe ratio than holding.",)
    beside, chance = _number(found.beside_holding), f"{found.by_chance:.2f}"
    told = f"What the best earned beside holding has a Sharpe ratio of {beside}; by chance alone the best of so many has {chance}."
    if found.days < ENOUGH_DAYS:
        return (told, "Under two years are too few to say whether that is better than chance.")
    so = "strong evidence" if found.deflated >= STRONG else "below 95 % that is no reason to change anything"
    return (told, f"That it is better than chance is {found.deflated * 100:.0f} % likely: {so}.")


def _figures(one: Tried) -> tuple[str, ...]:
    return _written(one.growth, one.drawdown, one.sharpe, one.trades, one.turnover, one.fees)


def _written(growth: float, drawdown: float, sharpe: float | None, trades: int, turned: float, fees: float) -> tuple[str, ...]:
    told = (f"{(growth - 1) * 100:+.1f} %", f"{drawdown * 100:+.1f} %", _number(sharpe))
    return (*told, str(trades), f"{turned:.2f}", f"{fees * 100:.2f} %")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
