"""What is a number, and what is a price: every number from outside is read here, item by item (domain 0, "finite numbers").

A field may hold anything: NaN, an infinity, text, an object, nothing, or a size that no market has. It is then no number, and the coin
whose field it is becomes unknown; nothing is raised, so that one coin never stops the batch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

#: sizes beyond 10^30 and below 10^-30 are none
_POWER = 30
_LARGEST, _SMALLEST = Decimal(10) ** _POWER, Decimal(10) ** -_POWER
_MOST, _LEAST = float(_LARGEST), float(_SMALLEST)
#: a number as exchanges and people write it; ``Decimal`` alone would also take underscores and the digits of other scripts
_WRITTEN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
#: characters; what is longer is no number but an attempt on our time
_LONGEST = 400
#: wide enough for the sum of any two numbers that are taken
_EXACT = Context(prec=2 * _LONGEST)
_BITS = 128


def finite(raw: object) -> Decimal | None:
    """Read a number exactly as it is written; None where it is none, or beyond 10^±30. Zero is a number."""
    if isinstance(raw, Decimal):
        number = raw
        if not number.is_finite() or len(number.as_tuple().digits) > _LONGEST:
            return None
    elif isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    else:
        text = "" if isinstance(raw, int) and raw.bit_length() > _BITS else str(raw)
        if len(text) > _LONGEST or not _WRITTEN.fullmatch(text):
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            return None
    return number if _sized(number) else None


def written(text: str) -> bool:
    """Tell whether a text is written as a number, whatever its size."""
    return _WRITTEN.fullmatch(text) is not None


def _sized(number: Decimal) -> bool:
    """Tell whether a size lies within 10^±30, without writing it out."""
    if not number:
        return True
    power = number.adjusted()
    if abs(power) >= _POWER:
        return abs(power) == _POWER and _SMALLEST <= abs(number) <= _LARGEST
    return True


def number_in(raw: object) -> Decimal:
    """Read a number that a pure function is handed. Raises ``Refused``: bad_parameter."""
    number = finite(raw)
    if number is None:
        raise Refused("bad_parameter", repr(raw)[:40])
    return number


def check_floats(numbers: Iterable[float | None]) -> None:
    """Refuse what is no number among those that a statistic is handed; None is a missing one. Raises ``Refused``: bad_parameter."""
    if not all(x is None or x == 0 or _LEAST <= abs(x) <= _MOST for x in numbers):
        raise Refused("bad_parameter", "no number")


def positive(raw: object) -> Decimal | None:
    """Read a price or a step: a number above zero, else None."""
    number = finite(raw)
    return number if number is not None and number > 0 else None


def mid(bid: object, ask: object) -> Decimal | None:
    """Return the exact middle of a book; None where a side is no price, or the ask lies below the bid."""
    low, high = positive(bid), positive(ask)
    if low is None or high is None or high < low:
        return None
    return _EXACT.divide(_EXACT.add(low, high), Decimal(2))


@dataclass(frozen=True, slots=True, kw_only=True)
class FinitePrices:
    """What a batch of books says, coin by coin."""

    #: the exact middle; None where the coin is unknown
    mid: dict[str, Decimal | None]
    #: coins without a price, sorted
    unknown: tuple[str, ...]


def finite_prices(quotes: Mapping[str, object]) -> FinitePrices:
    """Return the middle of every book of ``{coin: {"bid", "ask"}}``; one that is none makes that coin unknown, never the batch."""
    if not isinstance(quotes, Mapping):
        raise Refused("bad_parameter", "quotes")
    found = {coin: mid(book.get("bid"), book.get("ask")) if isinstance(book, Mapping) else None for coin, book in quotes.items()}
    return FinitePrices(mid=found, unknown=tuple(sorted(coin for coin, price in found.items() if price is None)))


def all_finite(numbers: Iterable[object]) -> bool:
    """Tell whether each is a number; None stands for one that was not told."""
    return all(number is None or finite(number) is not None for number in numbers)
