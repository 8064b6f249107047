"""MEXC's words, and its calls: the envelope that contracts answer in, its numbers, whose limit a request counts against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatbot.exchanges.live.private.dialect import Call, NoAnswer, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

#: sides of a contract's order: open a long, close a short, open a short, close a long
OPEN_LONG, CLOSE_SHORT, OPEN_SHORT, CLOSE_LONG = range(1, 5)
BUYS: Final = frozenset({OPEN_LONG, CLOSE_SHORT})
SELLS: Final = frozenset({OPEN_SHORT, CLOSE_LONG})
CLOSES: Final = frozenset({CLOSE_SHORT, CLOSE_LONG})
#: kinds of a contract's order
LIMIT, POST_ONLY, IMMEDIATE = 1, 2, 3
#: margin of a contract's own, or of the whole wallet
ISOLATED, CROSS = 1, 2
#: position modes
HEDGED, ONE_WAY = 1, 2
SPOT, FUTURES = "SPOT", "FUTURES"


def spot(
    verb: str,
    path: str,
    weight: float = 1,
    *,
    pool: str = "spot",
    urgent: bool = False,
    **params: Any,  # noqa: ANN401 - what ccxt urlencodes
) -> Call:
    """Return a call of spot or of the wallet."""
    changes = verb != "GET"
    return Call(
        api="spot/private", verb=verb, path=path, params=params, pool=pool, weight=weight, changes=changes, urgent=urgent or changes
    )


def contract(verb: str, path: str, weight: float = 1, *, pool: str = "contract", urgent: bool = False, **params: Any) -> Call:  # noqa: ANN401 - JSON
    """Return a call of contracts; a path holds its parameters."""
    changes = verb != "GET"
    return Call(
        api="contract/private", verb=verb, path=path, params=params, pool=pool, weight=weight, changes=changes, urgent=urgent or changes
    )


def data(answer: object) -> Any:  # noqa: ANN401 - JSON
    """Return what a contract's answer holds inside of its envelope; each says that it is a success."""
    told = table(answer, "success", "data")
    if told["success"] is not True:
        raise NoAnswer(f"success {told['success']!r:.20}")
    return told["data"]


def done(answer: object) -> None:
    """Hold that a contract's request was done; such an answer may hold nothing."""
    if table(answer, "success")["success"] is not True:
        raise NoAnswer(f"not done: {str(answer)[:80]!r}")


def only(answer: object) -> Mapping[str, Any]:
    """Return an object that comes alone (recorded), or in a list of one (documented)."""
    return table(answer[0] if isinstance(answer, list) and len(answer) == 1 else answer)


def wire(value: Decimal) -> int | float:
    """Return a number as ccxt sends it in a contract's request: JSON's own."""
    return int(value) if value == value.to_integral_value() else float(value)
