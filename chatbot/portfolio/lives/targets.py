"""Targets without a coin that has no market any more, or under its new name: what is left keeps its proportions."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from chatbot.engine.exact import wide
from chatbot.model import FUTURES, STABLE
from chatbot.portfolio.reserve import with_wishes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.model import Strategy

#: weights that are worked out are cut here, so that they can be read and add up
_STEP = Decimal("0.0001")
_ZERO, _ONE = Decimal(0), Decimal(1)


def left_out(strategy: Strategy, asset: str) -> Strategy:
    """Return a strategy that keeps all of a coin out; a line that then has nothing to buy goes, and the others share its target."""
    kept = with_wishes(strategy, {asset: None})
    return _without_lines(kept, [line for line in kept.weights if _is_spot(line) and all(map(kept.keeps_all, _coins(kept, line)))])


def without(strategy: Strategy, asset: str) -> Strategy:
    """Return a strategy that does not name a coin at all: nobody buys it again."""
    members = {line: tuple(one for one in coins if one != asset) for line, coins in strategy.members.items()}
    emptied = [line for line, coins in members.items() if not coins and strategy.members[line]]
    kept = {one: wish for one, wish in strategy.kept.items() if one != asset}
    left = replace(strategy, members=members, kept=kept)
    return _without_lines(left, [line for line in (asset, *emptied) if line in strategy.weights])


def renamed(strategy: Strategy, old: str, new: str) -> Strategy:
    """Return a strategy in which a coin has another name; where the new one is named already, their weights add up."""

    def name(one: str) -> str:
        return new if one == old else one

    weights: dict[str, Decimal] = {}
    for line, weight in strategy.weights.items():
        weights[name(line)] = weights.get(name(line), _ZERO) + weight
    members = {line: tuple(dict.fromkeys(map(name, coins))) for line, coins in strategy.members.items()}
    bands = {name(line): band for line, band in reversed(strategy.bands.items())}
    kept = {name(one): wish for one, wish in strategy.kept.items()}
    return replace(strategy, weights=weights, members=members, bands={line: bands[line] for line in weights if line in bands}, kept=kept)


def _is_spot(line: str) -> bool:
    return line not in (STABLE, FUTURES)


def _coins(strategy: Strategy, line: str) -> tuple[str, ...]:
    return strategy.members.get(line) or (line,)


def _without_lines(strategy: Strategy, lines: Iterable[str]) -> Strategy:
    gone = frozenset(lines)
    if not gone:
        return strategy
    left = {line: weight for line, weight in strategy.weights.items() if line not in gone}
    freed = any(strategy.weights[line] for line in gone)
    return replace(
        strategy,
        preset="custom" if freed else strategy.preset,
        weights=_shared(left) if freed else left,
        members={line: coins for line, coins in strategy.members.items() if line not in gone},
        bands={line: band for line, band in strategy.bands.items() if line not in gone},
    )


def _shared(left: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return weights that add up to 1 again, with their proportions kept; the futures take no more than they had."""
    takers = {line: weight for line, weight in left.items() if line != FUTURES and weight} or {STABLE: _ONE}
    with wide():
        room, whole = _ONE - left.get(FUTURES, _ZERO), sum(takers.values(), _ZERO)
        shares = {line: (room * weight / whole).quantize(_STEP, ROUND_DOWN) for line, weight in takers.items()}
        largest = max(shares, key=lambda line: (shares[line], line))
        shares[largest] += room - sum(shares.values(), _ZERO)
        return {**dict(left), **shares}
