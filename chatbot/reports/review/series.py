"""A portfolio's value day by day beside what it would have been: nothing traded, traded monthly, traded by its bands alone (domain 12.2).

Everything comes from the marks of each day. Holding begins with the portfolio's first plan, where that was made to reach the targets: all
ways have the same start, and what that plan bought is nobody's merit. A deposit reaches what was only held at the next mark, in its own
coin; returns are linked so that it changes none of them. Monthly and bands alone begin at the first mark after that plan, and follow the
targets of that day over the marks, only where there are no futures: those cannot be followed from one price a day.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import numpy as np

from chatbot.engine.backtest.rule import Rule, replay
from chatbot.engine.errors import Refused
from chatbot.engine.flows import Moment, time_weighted
from chatbot.exchanges.base import is_perp
from chatbot.model import Begun, FlowKind
from chatbot.portfolio.reserve import MOVED
from chatbot.reports.tax.entries import BookKind
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo

    from chatbot.model import Flow, Mark, StrategySince
    from chatbot.reports.tax.entries import Entry
    from chatbot.store.flows import Opening

_ZERO: Final = Decimal(0)
_INSTANT: Final = timedelta(microseconds=1)
#: a weight this small is none; what targets and cash must add up to within
_NOTHING: Final = 1e-6
#: these change what somebody who only holds has
_REACH_HOLDER: Final = frozenset({BookKind.DEPOSIT, BookKind.WITHDRAWAL, BookKind.WRITTEN_OFF, BookKind.RENAMED})


class _Dated(Protocol):
    @property
    def at(self) -> datetime: ...


_Happened = TypeVar("_Happened", bound=_Dated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a portfolio was worth at a mark; it always has one."""

    #: by the clock of its person, as all that is written down
    at: datetime
    value: Decimal
    mark: Mark

    @property
    def market_at(self) -> datetime:
        """Return the time of its market, by which days are counted."""
        return self.mark.market_at or self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What somebody holds who never trades."""

    quantities: Mapping[str, Decimal]
    #: quote, beside the quantities: the futures account less what its positions cost
    cash: Decimal

    def worth(self, prices: Mapping[str, Decimal]) -> Decimal | None:
        """Return what it is worth; None where a price is missing."""
        if any(qty and name not in prices for name, qty in self.quantities.items()):
            return None
        return sum((qty * prices[name] for name, qty in self.quantities.items() if qty), self.cash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Indices that begin with 1, one value a point; None: it is not known, or cannot be told."""

    points: tuple[Point, ...]
    actual: tuple[float, ...]
    #: with None where a price was missing
    hold: tuple[float | None, ...] | None = None
    monthly: tuple[float, ...] | None = None
    bands: tuple[float, ...] | None = None
    #: what is held at the end by somebody who never traded; None: nobody knows
    held: Held | None = None


def begins_at(points: Sequence[Point], first: Sequence[Entry]) -> int | None:
    """Return the number of the first point after the trades of the first plan, where all ways still are one; None: there is none yet.

    What happened in the moment of a point came after it.
    """
    return next((at for at, point in enumerate(points) if all(one.at < point.at for one in first)), None)


def begun_of(
    points: Sequence[Point], moved: Sequence[Flow], entries: Sequence[Entry], first: Sequence[Entry], quote: str
) -> tuple[int, Begun] | None:
    """Return where other ways begin: at the first point after the first plan, with what was held then; and that point's number.

    None where nobody can follow what came: a coin with a new name, one that is worth nothing any more, an amount that is unknown.
    """
    start = begins_at(points, first)
    if start is None or len(points) - start < 2:
        return None
    since = points[start].at
    later = [one for one in entries if one.at >= since and one.kind in _REACH_HOLDER and not is_perp(one.instrument)]
    kept = [flow for flow in moved if flow.at >= since and flow.kind is FlowKind.RESERVE]
    let_out = [(flow.at, _let_out(flow, quote)) for flow in kept]
    if any(one.kind in (BookKind.RENAMED, BookKind.WRITTEN_OFF) for one in later) or any(changes is None for _, changes in let_out):
        return None
    came = [(one.at, {one.instrument: one.qty}) for one in later] + [(at, changes or {}) for at, changes in let_out]
    begun = Begun(
        at=points[start].market_at,
        quantities=dict(points[start].mark.held),
        cash=points[start].mark.futures_cash,
        worth=points[start].value,
        came=tuple((market_time(points, at), changes) for at, changes in came),
        moments=tuple(point.market_at for point in points[start:]),
        prices=tuple(point.mark.prices for point in points[start:]),
    )
    return start, begun


def with_ways(found: Series, start: int, ways: tuple[tuple[float, ...], ...]) -> Series:
    """Return a series with monthly and bands alone as they were walked from a point on; before it all ways were one."""
    monthly, bands = (found.actual[:start] + tuple(found.actual[start] * value for value in way) for way in ways)
    return replace(found, monthly=monthly, bands=bands)


def points_of(marked: Sequence[Opening]) -> tuple[Point, ...]:
    """Return the marks that can be used, in the order of time."""
    usable = [
        Point(at=one.at, value=one.value, mark=one.mark) for one in marked if one.at is not None and one.mark is not None and one.value > 0
    ]
    return tuple(sorted(usable, key=lambda point: point.at))


def market_time(points: Sequence[Point], at: datetime) -> datetime:
    """Return the time of the market at a moment of its person: between two points it ran evenly, beyond them as fast as theirs."""
    next_at = first_after(points, at)
    before, after = points[next_at - 1] if next_at else None, points[next_at] if next_at < len(points) else None
    if before is None or after is None:
        known = before or after
        return at if known is None else known.market_at + (at - known.at)
    return before.market_at + (after.market_at - before.market_at) * ((at - before.at) / (after.at - before.at))


def first_after(points: Sequence[Point], at: datetime) -> int:
    """Return the number of the first point after a moment, or how many there are; they stand in the order of time."""
    return bisect_right(points, at, key=lambda point: point.at)


def series(
    points: Sequence[Point],
    moved: Sequence[Flow],
    entries: Sequence[Entry],
    strategy_at: Callable[[datetime], StrategySince],
    *,
    quote: str,
    fee: float,
    zone: tzinfo,
    first: Sequence[Entry] = (),
) -> Series | None:
    """Return the series since the last moment before which returns are unknown; None for fewer than two points.

    ``first`` are the trades that holding begins with; without any it begins with what was there. ``strategy_at`` tells the strategy that a
    portfolio had at a moment of its person, or the oldest that is known.
    """
    links = [_link(*ends, between) for ends, between in zip(pairwise(points), _steps(points, moved), strict=True)]
    start = max((at + 1 for at, link in enumerate(links) if link is None), default=0)
    known, growths = points[start:], [1 + float(link) for link in links[start:] if link is not None]
    if len(known) < 2:
        return None
    hold, held = _hold(known, moved, entries, first, quote)
    beside = Series(points=tuple(known), actual=_index(growths), hold=hold, held=held)
    begins = begins_at(known, first)
    if begins is None or len(known) - begins < 2 or (prices := _prices(known[begins:], strategy_at(known[begins].at))) is None:
        return beside
    names, targets, rows = prices
    months = [at for at, (old, new) in enumerate(pairwise(known[begins:]), start=1) if _month(old, zone) != _month(new, zone)]
    widths = tuple(float(known[begins].mark.bands.get(name, _ZERO)) or 1.0 for name in names)
    monthly = _followed(rows, Rule(targets=targets, fee=fee, at=months))
    bands = _followed(rows, Rule(targets=targets, half_widths=widths, fee=fee))
    return beside if monthly is None or bands is None else with_ways(beside, begins, (monthly, bands))


def _link(before: Point, after: Point, moved: Sequence[Flow]) -> Decimal | None:
    """Return what was earned between two marks; deposits are no profit (domain 9.15)."""
    between = [Moment(value=flow.value, flows=(flow.amount,)) for flow in moved if flow.amount != 0 or flow.value is not None]
    return time_weighted((Moment(value=before.value), *between, Moment(value=after.value))).total


def _steps(points: Sequence[Point], things: Iterable[_Happened]) -> list[list[_Happened]]:
    """Return what happened between each two marks: what did in the moment of one came after it, but for the last of all."""
    found: list[list[_Happened]] = [[] for _ in points[1:]]
    for one in things:
        step = first_after(points, one.at) - 1
        if found and one.at == points[-1].at:
            found[-1].append(one)
        elif 0 <= step < len(found):
            found[step].append(one)
    return found


def _index(growths: Sequence[float]) -> tuple[float, ...]:
    return tuple(np.cumprod([1.0, *growths]).tolist())


def _hold(
    points: Sequence[Point], moved: Sequence[Flow], entries: Sequence[Entry], first: Sequence[Entry], quote: str
) -> tuple[tuple[float | None, ...] | None, Held | None]:
    """Return the index of holding what was there at first and what came since, and what is held by that at the end.

    Where a price is missing the index has a gap; where something came in during one, nobody can link across it.
    """
    held: Held | None = Held(quantities=points[0].mark.held, cash=points[0].mark.futures_cash)
    index: list[float | None] = [1.0]
    linked, known, last, since = True, points[0], 1.0, points[0].at
    kept = [flow for flow in moved if flow.kind is FlowKind.RESERVE]
    for after, came, let_out in zip(points[1:], _steps(points, entries), _steps(points, kept), strict=True):
        if held is None:
            break
        then = held.worth(known.mark.prices)
        held = _bought(held, [one for one in first if since <= one.at <= after.at], quote)
        since = after.at + _INSTANT
        now = held.worth(after.mark.prices)
        linked = linked and then is not None and then > 0
        if linked and then is not None and now is not None:
            known, last = after, last * max(0.0, float(now / then))
        index.append(last if linked and known is after else None)
        joined = _kept_out(_joined(held, came), let_out)
        linked = linked and (joined == held or known is after)
        held = joined
    return tuple(index) if held is not None and linked and index[-1] is not None else None, held


def _bought(held: Held, trades: Sequence[Entry], quote: str) -> Held:
    """Return what is held after the trades of the first plan, which paid their fees: in a coin that is not held they cost it nothing."""
    quantities, cash = dict(held.quantities), held.cash
    for one in trades:
        if one.price is None:
            continue
        quantities[one.instrument] = quantities.get(one.instrument, _ZERO) + one.qty
        cash -= one.qty * one.price
        for coin, fee in one.fees.items():
            if coin in quantities:
                quantities[coin] -= fee
            elif coin == quote:
                cash -= fee  # nothing of it was left
    return Held(quantities=quantities, cash=cash)


def _let_out(flow: Flow, quote: str) -> dict[str, Decimal] | None:
    """Return what a person has kept out, or given back, by coin; of an older flow only its worth of then is known, or None."""
    if MOVED in flow.facts:
        return {coin: Decimal(qty) for coin, qty in flow.facts[MOVED].items()}
    return None if flow.amount is None else {quote: flow.amount}


def _kept_out(held: Held, kept: Sequence[Flow]) -> Held | None:
    """Return what is held without what a person keeps out: what its price does from then on is nobody's merit here; None: unknown."""
    quantities, cash = dict(held.quantities), held.cash
    for flow in kept:
        if MOVED not in flow.facts and flow.amount is None:
            return None
        if MOVED not in flow.facts:
            cash += flow.amount or _ZERO
        for coin, qty in flow.facts.get(MOVED, {}).items():
            quantities[coin] = quantities.get(coin, _ZERO) + Decimal(qty)
    return Held(quantities=quantities, cash=cash)


def _joined(held: Held, entries: Sequence[Entry]) -> Held:
    """Return what is held after what came and went; a new name, and a coin that is worth nothing any more, are the holder's too."""
    quantities = dict(held.quantities)
    for one in entries:
        if one.kind not in _REACH_HOLDER or is_perp(one.instrument):
            continue
        there = quantities.get(one.instrument, _ZERO)
        if one.kind is BookKind.RENAMED and one.to_qty is not None and one.qty:
            quantities[one.instrument] = _ZERO
            quantities[one.to] = quantities.get(one.to, _ZERO) + there * one.to_qty / -one.qty
        else:
            quantities[one.instrument] = _ZERO if one.kind is BookKind.WRITTEN_OFF else there + one.qty
    return replace(held, quantities=quantities)


def _prices(points: Sequence[Point], since: StrategySince) -> tuple[tuple[str, ...], tuple[float, ...], np.ndarray] | None:
    """Return lines, their targets and a price for each at every mark; None where that cannot be told: futures, or a price is missing.

    A line of several coins counts as a basket of them in the proportions of its targets on the first day. What a trigger held down on
    that day stands at the strategy's own target: the other ways have no triggers.
    """
    if since.at <= points[0].at and since.strategy.contracts:
        return None  # a trigger may hold them at nothing on that day
    targets = {name: float(weight) for name, weight in points[0].mark.targets.items() if abs(weight) > _NOTHING}
    if not targets or any(is_perp(name) or weight < 0 for name, weight in targets.items()) or sum(targets.values()) > 1 + _NOTHING:
        return None
    if any(name not in point.mark.prices for name in targets for point in points):
        return None
    lines: dict[str, np.ndarray] = {}
    weights: dict[str, float] = {}
    for name, weight in targets.items():
        row = np.array([float(point.mark.prices[name]) for point in points])
        line = since.strategy.line_of(name)
        lines[line] = lines.get(line, np.zeros(len(points))) + weight * row / row[0]
        weights[line] = weights.get(line, 0.0) + weight
    if since.at <= points[0].at:
        weights = {line: float(since.strategy.weights.get(line, weight)) for line, weight in weights.items()}
    cash = 1 - sum(weights.values())
    if cash > _NOTHING:
        lines["STABLE"] = lines.get("STABLE", np.zeros(len(points))) + cash
        weights["STABLE"] = weights.get("STABLE", 0.0) + cash
    whole = sum(weights.values())
    return tuple(lines), tuple(weight / whole for weight in weights.values()), np.array(list(lines.values()))


def _followed(rows: np.ndarray, rule: Rule) -> tuple[float, ...] | None:
    try:
        return tuple(replay(rows, rule).values.tolist())
    except Refused:
        return None


def _month(point: Point, zone: tzinfo) -> tuple[int, int]:
    day = point.market_at.astimezone(zone)
    return day.year, day.month
