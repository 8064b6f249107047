"""What goes wrong between a client and the exchange, by name: a test names the call and the fault."""

from __future__ import annotations

import json
import math
from collections import deque
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from chatbot.exchanges.testserver.words import Reason, Refusal


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    when: When
    way: Way | None = None
    refusal: Reason | None = None
    wait_s: int | None = None
    #: the field that holds no number; empty: every field that holds one
    field: str = ""

    def refused(self) -> Refusal | None:
        """Return what is told instead of an answer; None where it is not a refusal."""
        return None if self.refusal is None else Refusal(self.refusal, "injected", self.wait_s)


def _lost(way: Way) -> dict[str, Fault]:
    """Return the faults of an answer that is none, for a request that acted and for one that did not."""
    return {f"{way}_before": Fault(when=When.BEFORE, way=way), f"{way}_after": Fault(when=When.AFTER, way=way)}


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
}


class Faults:
    """The faults that are to come, in order, by call."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = {}

    def add(self, *, call: str, fault: str, times: int = 1, field: str = "") -> None:
        """Let the next ``times`` requests of one ``Call`` suffer a fault of ``FAULTS``; ``KeyError`` for an unknown one.

        ``field`` is what holds no number, for the fault ``nan``.
        """
        known = FAULTS[fault]
        one = Fault(when=known.when, way=known.way, refusal=known.refusal, wait_s=known.wait_s, field=field)
        self._waiting.setdefault(call, deque()).extend([one] * times)

    def take(self, call: str) -> Fault | None:
        """Return the fault of this request, and count it; None where nothing is wrong with it."""
        waiting = self._waiting.get(call)
        return waiting.popleft() if waiting else None

    @property
    def left(self) -> dict[str, int]:
        """How many are still to come, by call: a test can hold that all of them came."""
        return {call: len(waiting) for call, waiting in self._waiting.items() if waiting}


def spoiled(way: Way, body: Any, field: str) -> str:  # noqa: ANN401 - JSON
    """Return the text that a client gets instead of an answer."""
    match way:
        case Way.HTML | Way.BAD_GATEWAY:
            return "<html><head><title>One moment</title></head><body>Checking your browser</body></html>"
        case Way.CUT:
            text = json.dumps(body)
            return text[: max(1, len(text) // 2)]
        case Way.NAN:
            return json.dumps(_without_numbers(body, field))
        case Way.NOTHING:
            return json.dumps(_emptied(body))
        case _:
            return ""


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
