"""The raw answer of an exchange, made safe before ccxt reads it: what is no answer is refused, what is broken in it costs its own row.

ccxt itself takes html, an empty body or cut JSON for "nothing there", computes with whatever stands in a field (an exponent of nine
digits for hours), and lets one broken row end the reading of all others.
"""

from __future__ import annotations

import json
import math
import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import structlog

from chatbot.engine.finite import finite, written

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

#: what ccxt, or we, stumble over in an answer that is none
STUMBLES = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError)
#: True while a call is under way whose true answers hold rows, or name an instrument
rows_expected: ContextVar[bool] = ContextVar("rows_expected", default=False)
#: characters of a number without an exponent that is certainly of a size that exists
_SHORT = 30
#: half of a pair of surrogates and NUL, as JSON writes them, beside what is whole: texts are stored, and no database takes these
_HALF = r"\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})"
_ESCAPES = re.compile(rf"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{{2}}\\u[dD][c-fC-F][0-9a-fA-F]{{2}})|{_HALF}")
#: how deep the rows of an answer lie below its top
_DEPTH = 2
#: ccxt method that reads one row -> what stands for a row that cannot be read
_READERS: dict[str, Any] = {
    "parse_ticker": {"symbol": None},
    "parse_funding_rate": {"symbol": None},
    "parse_market": None,
    "parse_ohlcv": [0, None, None, None, None, None],
    "parse_funding_rate_history": {"symbol": None, "timestamp": 0, "fundingRate": None},
}


def guard(made: Any, bad_response: type[Exception]) -> None:  # noqa: ANN401 - ccxt is untyped
    """Let a ccxt object read only what is an answer, row by row."""
    made.parse_json = parsed
    fetch = made.fetch

    async def safe_fetch(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - ccxt is untyped
        answer = await fetch(*args, **named)
        if not isinstance(answer, dict | list) or answer == {} or (rows_expected.get() and not _holds_rows(answer)):
            raise bad_response(f"{made.id}: no answer to {args[0] if args else 'a request'}: {str(answer)[:80]!r}")
        return cleaned(answer)

    made.fetch = safe_fetch
    for name, instead in _READERS.items():
        if hasattr(made, name):
            setattr(made, name, _row_by_row(getattr(made, name), name, instead))


def parsed(body: str) -> Any:  # noqa: ANN401 - JSON
    """Read JSON, numbers as they are written: of any length, and NaN too, so that one of them does not make all of it unreadable.

    What no database takes is another sign in its text.
    """
    if "\\u" in body:
        body = _ESCAPES.sub(lambda found: found[1] or r"\ufffd", body)
    try:
        return json.loads(body, parse_float=str, parse_int=_whole) if body.lstrip()[:1] in ("{", "[") else None
    except (ValueError, RecursionError):
        return None


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _SHORT else text


def _row_by_row(read: Callable[..., Any], name: str, instead: Any) -> Callable[..., Any]:  # noqa: ANN401 - ccxt is untyped
    def safe(row: Any, *args: Any, **named: Any) -> Any:  # noqa: ANN401 - ccxt is untyped
        try:
            return read(row, *args, **named)
        except Exception as error:  # noqa: BLE001 - ccxt raises all kinds; each costs one row
            log.warning("row_dropped", reader=name, row=_name_of(row), error=repr(error)[:200])
            return instead

    return safe


def _holds_rows(answer: Any, depth: int = _DEPTH) -> bool:  # noqa: ANN401 - JSON
    """Tell whether there is a list in an answer, or one instrument by name: every true answer of a market has one of the two."""
    if isinstance(answer, list):
        return True
    if not isinstance(answer, dict):
        return False
    return "symbol" in answer or (depth > 0 and any(_holds_rows(value, depth - 1) for value in answer.values()))


def cleaned(answer: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an answer without the rows that hold a number of no size; outside of rows such a number becomes None."""
    if isinstance(answer, dict):
        return {key: cleaned(value) for key, value in answer.items()}
    if isinstance(answer, list):
        kept = [row for row in answer if not _spoiled(row)]
        if any(isinstance(row, dict) for row in kept):
            kept = [row for row in kept if isinstance(row, dict | list)]
        if len(kept) < len(answer):
            log.warning("rows_dropped", rows=[_name_of(row) for row in answer if _spoiled(row)][:20])
        return kept
    return None if _spoiled(answer) else answer


def _spoiled(value: Any) -> bool:  # noqa: ANN401 - JSON
    """Tell whether a value, or anything in it, is written as a number and is none."""
    if isinstance(value, str):
        suspect = len(value) > _SHORT or "e" in value or "E" in value
        return suspect and written(value) and finite(value) is None
    if isinstance(value, dict):
        return any(_spoiled(one) for one in value.values())
    if isinstance(value, list):
        return any(_spoiled(one) for one in value)
    if isinstance(value, float):
        return not math.isfinite(value)
    return False


def _name_of(row: Any) -> str:  # noqa: ANN401 - JSON
    """Return what a row calls itself, for the log."""
    return str(row.get("symbol") or row.get("id") or "?")[:40] if isinstance(row, dict) else "?"
