"""What a block's scope forbids is left out, and the value after fees is solved again without it (domain 9.13).

Legend: V' value after fees, N notional now, f V' the notional that a contract is to come to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.engine.exact import ZERO
from chatbot.engine.planner.scope import Moves, Sides
from chatbot.engine.planner.spot import wanted
from chatbot.engine.planner.strict_cap import reduces

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from chatbot.engine.planner.lines import Line, Terms
    from chatbot.engine.planner.scope import Scope


def within(
    scope: Scope, spot: list[Line], book: list[Line], solve: Callable[[list[Line], list[Line]], Terms], flags: set[str]
) -> tuple[list[Line], list[Line], Terms]:
    """Leave out what the scope's sides forbid, and solve V' again without it, until nothing more is forbidden (domain 9.13)."""
    while True:
        terms = solve(spot, book)
        coins = [_allowed_coin(line, scope, terms, flags) for line in spot]
        contracts = [_allowed_contract(c, scope, terms, flags) for c in book]
        if coins == spot and contracts == book:
            return spot, book, terms
        spot, book = coins, contracts


def _allowed_coin(line: Line, scope: Scope, terms: Terms, flags: set[str]) -> Line:
    """Return the coin as it may be traded: left alone where only the other side is allowed."""
    reach, delta = scope.spot.get(line.instrument), wanted(line, terms)
    if reach is None or not delta or reach.sides is Sides.BOTH or (delta > 0) == (reach.sides is Sides.BUY):
        return line
    if scope.risk_off:
        flags.add(f"risk_off:{line.instrument}")
    return replace(line, in_scope=False)


def _allowed_contract(c: Line, scope: Scope, terms: Terms, flags: set[str]) -> Line:
    """Return the contract as it may be traded: a flip that may only reduce ends flat, what may not be done at all is left alone."""
    reach = scope.futures.get(c.instrument)
    goal = c.target * terms.V2
    if reach is None or not c.in_scope or abs(goal - c.value) < c.least or not _forbids(reach.moves, c.value, goal):
        return c
    if reach.moves is Moves.NO_RAISE:
        flags.add(f"risk_off:{c.instrument}")
    return replace(c, target=ZERO) if c.value * goal < 0 and reach.moves is not Moves.INCREASE else replace(c, in_scope=False)


def _forbids(moves: Moves, now: Fraction, goal: Fraction) -> bool:
    if moves is Moves.NO_RAISE:
        return goal > max(now, ZERO)
    shrinks = reduces(now, goal)
    return (moves is Moves.REDUCE and not shrinks) or (moves is Moves.INCREASE and (shrinks or now * goal < 0))
