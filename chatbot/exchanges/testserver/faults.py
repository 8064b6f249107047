"""What goes wrong between a client and the exchange, by name: a test names the call and the fault."""

from __future__ import annotations

import json
import math
from collections import deque
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.testserver.words import Call, Reason, Refusal, State
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable


class When(StrEnum):
    """What becomes of the request itself."""

    #: it is never judged
    BEFORE = "before"
    #: it is judged and acts; only the answer suffers
    AFTER = "after"
    #: its answer is lost, and it is judged a while later
    LATE = "late"


class Way(StrEnum):
    """What the client gets, where it is not a refusal."""

    RESET = "reset"
    SILENCE = "silence"
    HTML = "html"
    EMPTY = "empty"
    CUT = "cut"
    NAN = "nan"
    NOTHING = "nothing"
    BAD_GATEWAY = "bad_gateway"
    #: the connection is closed in good order, without an answer
    HANG_UP = "hang_up"
    #: the connection ends in the middle of a body whose length was told
    BROKEN_OFF = "broken_off"
    #: go to another address of the same exchange, which would do the same once more
    REDIRECT = "redirect"
    #: a wall before the exchange lets nobody through
    FORBIDDEN = "forbidden"
    #: too many requests, says something that does not speak as the exchange does
    TOO_MANY = "too_many"
    #: every number in a text is written with an exponent
    EXPONENT = "exponent"
    #: every row stands there twice
    TWICE = "twice"
    #: rows stand in the other order
    REVERSED = "reversed"
    #: what was told last time, whatever has happened since
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    when: When
    way: Way | None = None
    refusal: Reason | None = None
    wait_s: int | None = None
    #: the field that holds no number; empty: every field that holds one
    field: str = ""
    #: how the order that was just taken ends although the answer says that it works
    ends: State | None = None
    #: the calls to which it can happen; empty: to any
    only: frozenset[Call] = frozenset()

    def refused(self) -> Refusal | None:
        """Return what is told instead of an answer; None where it is not a refusal."""
        return None if self.refusal is None else Refusal(self.refusal, "injected", self.wait_s)


def _lost(way: Way) -> dict[str, Fault]:
    """Return the faults of an answer that is none, for a request that acted and for one that did not."""
    return {f"{way}_before": Fault(when=When.BEFORE, way=way), f"{way}_after": Fault(when=When.AFTER, way=way)}


#: what does not speak as the exchange does
_FOREIGN = frozenset({Way.HTML, Way.BAD_GATEWAY, Way.FORBIDDEN, Way.TOO_MANY})
_LOOKS = frozenset({Call.BALANCES, Call.FUTURES, Call.POSITIONS, Call.FIND, Call.HISTORY, Call.FILLS, Call.TRANSFERS})
_ORDER, _CANCEL = frozenset({Call.PLACE}), frozenset({Call.CANCEL})
#: how fields end that hold a name or a word, whatever digits it is written in: MEXC's markets trade by a status of "1"
_NAMES = ("id", "status")
#: the name of all calls together, for what happens to the whole exchange
EVERY = "every"
#: every fault by its name
FAULTS: dict[str, Fault] = {
    **_lost(Way.RESET),
    **_lost(Way.SILENCE),
    **_lost(Way.HTML),
    **_lost(Way.EMPTY),
    **_lost(Way.CUT),
    **_lost(Way.BAD_GATEWAY),
    "late": Fault(when=When.LATE, way=Way.RESET),
    "late_silence": Fault(when=When.LATE, way=Way.SILENCE),
    "unknown_before": Fault(when=When.BEFORE, refusal=Reason.UNKNOWN_OUTCOME),
    "unknown_after": Fault(when=When.AFTER, refusal=Reason.UNKNOWN_OUTCOME),
    "unknown_late": Fault(when=When.LATE, refusal=Reason.UNKNOWN_OUTCOME),
    "busy": Fault(when=When.BEFORE, refusal=Reason.BUSY),
    "rate": Fault(when=When.BEFORE, refusal=Reason.RATE, wait_s=7),
    "ban": Fault(when=When.BEFORE, refusal=Reason.BANNED, wait_s=120),
    "skew": Fault(when=When.BEFORE, refusal=Reason.LATE),
    "revoked": Fault(when=When.BEFORE, refusal=Reason.KEY),
    "maintenance": Fault(when=When.BEFORE, refusal=Reason.MAINTENANCE),
    "nan": Fault(when=When.AFTER, way=Way.NAN),
    "nothing": Fault(when=When.AFTER, way=Way.NOTHING),
    **_lost(Way.HANG_UP),
    **_lost(Way.BROKEN_OFF),
    **_lost(Way.REDIRECT),
    "forbidden": Fault(when=When.BEFORE, way=Way.FORBIDDEN),
    "too_many": Fault(when=When.BEFORE, way=Way.TOO_MANY),
    "exponent": Fault(when=When.AFTER, way=Way.EXPONENT),
    "twice": Fault(when=When.AFTER, way=Way.TWICE, only=_LOOKS | _ORDER),
    "reversed": Fault(when=When.AFTER, way=Way.REVERSED, only=_LOOKS | _ORDER),
    "stale": Fault(when=When.AFTER, way=Way.STALE, only=_LOOKS),
    # there is one, and it is not shown; it works, and is said not to; it was taken, and is said to have been there already
    "unlisted": Fault(when=When.BEFORE, refusal=Reason.NOT_FOUND, only=frozenset({Call.FIND})),
    "not_open_before": Fault(when=When.BEFORE, refusal=Reason.NOT_OPEN, only=_CANCEL),
    "not_open_after": Fault(when=When.AFTER, refusal=Reason.NOT_OPEN, only=_CANCEL),
    "duplicate_after": Fault(when=When.AFTER, refusal=Reason.DUPLICATE, only=_ORDER),
    "then_rejected": Fault(when=When.AFTER, ends=State.REJECTED, only=_ORDER),
    "then_expired": Fault(when=When.AFTER, ends=State.EXPIRED, only=_ORDER),
}


def faults_of(call: str) -> list[str]:
    """Return the names of what can happen to a call, sorted; to all calls at once nothing can that is of some alone."""
    return sorted(name for name, fault in FAULTS.items() if not fault.only or call in fault.only)


class Faults:
    """The faults that are to come, in order, by call."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = {}

    def add(self, *, call: str, fault: str, times: int = 1, field: str = "") -> None:
        """Let the next ``times`` requests of one ``Call``, or of ``EVERY``, suffer a fault of ``FAULTS``; ``KeyError`` for an unknown one.

        ``field`` is what holds no number, for the fault ``nan``.
        """
        self._waiting.setdefault(call, deque()).extend([replace(FAULTS[fault], field=field)] * times)

    def take(self, call: str) -> Fault | None:
        """Return the fault of this request, and count it; None where nothing is wrong with it."""
        waiting = self._waiting.get(call) or self._waiting.get(EVERY)
        return waiting.popleft() if waiting else None

    @property
    def left(self) -> dict[str, int]:
        """How many are still to come, by call: a test can hold that all of them came."""
        return {call: len(waiting) for call, waiting in self._waiting.items() if waiting}


def spoiled(way: Way | None, body: Any, field: str) -> str:  # noqa: ANN401 - JSON
    """Return the text that a client gets instead of an answer."""
    if way in _FOREIGN:
        return "<html><head><title>One moment</title></head><body>Checking your browser</body></html>"
    if way is Way.EMPTY:
        return ""
    changes: dict[Way, Callable[[Any], Any]] = {
        Way.NAN: partial(_without_numbers, field=field),
        Way.NOTHING: _emptied,
        Way.EXPONENT: _with_exponents,
        Way.TWICE: partial(_rows_again, way=1),
        Way.REVERSED: partial(_rows_again, way=-1),
    }
    text = json.dumps(changes[way](body) if way in changes else body)
    return text[: max(1, len(text) // 2)] if way is Way.CUT else text


def _without_numbers(value: Any, field: str, name: str = "") -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _without_numbers(one, field, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_numbers(one, field, name) for one in value]
    if field not in ("", name) or not _is_number(value):
        return value
    return "NaN" if isinstance(value, str) else math.nan


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        Decimal(str(value))
    except InvalidOperation:
        return False
    return True


def _emptied(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return []
    return {key: _emptied(one) for key, one in value.items()} if isinstance(value, dict) else value


def _with_exponents(value: Any, name: str = "") -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _with_exponents(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_exponents(one, name) for one in value]
    if name.lower().endswith(_NAMES) or not isinstance(value, str) or not _is_number(value):
        return value
    return f"{Decimal(value):E}"


def _rows_again(value: Any, way: int) -> Any:  # noqa: ANN401 - JSON
    """Return lists of objects with each row twice, or, for ``way`` -1, in the other order."""
    if isinstance(value, dict):
        return {key: _rows_again(one, way) for key, one in value.items()}
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return [one for one in value for _ in range(2)] if way > 0 else value[::-1]
    return value
