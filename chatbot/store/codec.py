"""How values are written down: money as exact text, moments as whole microseconds, everything nested as JSON.

Decimals are text because SQLite would make floats of them. Moments are integers since 1970 in UTC, because they then
compare and sort alike on every database, exact to the microsecond.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Final, ParamSpec, TypeVar

import structlog
from pydantic import AwareDatetime, Field, TypeAdapter
from sqlalchemy import BigInteger, Dialect, Text, TypeDecorator

from chatbot.clock import aware
from chatbot.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

_LOG = structlog.get_logger()
T = TypeVar("T")
P = ParamSpec("P")
#: what reading a row raises in which something else stands than was written
UNREADABLE: Final = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
#: kinds of a field: a price as it may be read back (domain 0), and a time with its zone
Price = Annotated[Decimal, Field(gt=Decimal("1e-30"), lt=Decimal("1e30"))]
Instant = AwareDatetime
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: made when first needed: each takes some milliseconds
_adapters: dict[Any, TypeAdapter[Any]] = {}


def reads(part: str) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """Have what cannot be read of somebody's rows told by the name of what they are, as :class:`Damaged`."""

    def named(read: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        @wraps(read)
        async def run(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return await read(*args, **kwargs)
            except Damaged:
                raise
            except UNREADABLE as error:
                raise Damaged(part) from error

        return run

    return named


async def as_far(reading: Awaitable[T], damaged: list[Damaged]) -> T | None:
    """Read what an answer can do without; None, and named among what is ``damaged``, where it cannot be read."""
    try:
        return await reading
    except Damaged as trouble:
        damaged.append(trouble)
        return None


def encode(value: object) -> str:
    """Write a value of the model as JSON; a value with a field of a wrong type is refused."""
    return _adapter(type(value)).dump_json(value, warnings="error").decode()


def decode(kind: type[T], stored: str) -> T:
    """Read back what :func:`encode` wrote; raises ``ValueError`` when it is something else."""
    value: T = _adapter(kind).validate_json(stored)
    return value


def to_plain(value: object) -> dict[str, Any]:
    """Return a value of the model as plain JSON values, for a place that keeps JSON of its own."""
    plain: dict[str, Any] = _adapter(type(value)).dump_python(value, mode="json", warnings="error")
    return plain


def from_plain(kind: type[T], plain: Mapping[str, Any]) -> T:
    """Read back what :func:`to_plain` returned; raises ``ValueError`` when it is something else."""
    value: T = _adapter(kind).validate_python(plain)
    return value


def _adapter(kind: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - any type
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


def encode_facts(facts: Mapping[str, Any]) -> str:
    """Write a dictionary of plain JSON values; anything else (a Decimal, a NaN) is refused here and not when it is read."""
    return json.dumps(facts, allow_nan=False, separators=(",", ":"))


def readable_facts(stored: Any) -> dict[str, Any]:  # noqa: ANN401 - what the driver gives
    """Read a dictionary from a row that stands among those of others; one that cannot be read is empty, so that it stops none of them."""
    try:
        return Facts().read(stored)
    except (ValueError, TypeError, RecursionError):
        _LOG.exception("facts cannot be read", begin=str(stored)[:40])
        return {}


def readable_price(stored: Any) -> Decimal | None:  # noqa: ANN401 - what the driver gives
    """Read a price from a row that stands among those of others; None where it is none (domain 0), so that it stops none of them."""
    try:
        price = Exact().read(stored)
    except (ValueError, TypeError, ArithmeticError):
        return None
    return price if Decimal("1e-30") < price < Decimal("1e30") else None


def readable_moment(stored: Any) -> datetime | None:  # noqa: ANN401 - what the driver gives
    """Read a time from a row that stands among those of others; None where it is none, so that it stops none of them."""
    try:
        return None if stored is None else Moment().read(stored)
    except (ValueError, TypeError, ArithmeticError):
        return None


def to_micros(moment: datetime) -> int:
    """Return whole microseconds since 1970; a naive time is refused."""
    return (aware(moment) - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC time of :func:`to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)


def to_moment(text: str) -> datetime:
    """Read an aware time from ISO text; raises ``ValueError`` for anything else, without a zone and beyond the calendar too."""
    try:
        return aware(datetime.fromisoformat(text)).astimezone(UTC)
    except (TypeError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time: {error}") from error


class _Written(TypeDecorator[T]):
    """A column whose values are written in a form that every database keeps exactly; NULL stays None."""

    impl: Any = Text

    def write(self, value: T) -> str | int:
        """Return what is stored."""
        raise NotImplementedError

    def read(self, stored: Any) -> T:  # noqa: ANN401 - what the driver gives
        """Return what was written."""
        raise NotImplementedError

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Write, for SQLAlchemy."""
        return None if value is None else self.write(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> T | None:  # noqa: ANN401, ARG002 - SQLAlchemy's signature
        """Read, for SQLAlchemy; raises ``ValueError`` for whatever is not what :meth:`write` wrote."""
        if value is None:
            return None
        try:
            return self.read(value)
        except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
            raise ValueError(f"{type(self).__name__} cannot be read: {type(error).__name__}") from error


class Exact(_Written[Decimal]):
    """A Decimal as the text that gives exactly it back, trailing zeros included."""

    cache_ok = True

    def write(self, value: Decimal) -> str:
        """Refuse what is no finite Decimal: a float here would be a wrong amount later."""
        if not isinstance(value, Decimal) or not value.is_finite():
            raise TypeError(f"{value!r} is no finite Decimal")
        return str(value)

    def read(self, stored: str) -> Decimal:
        """Read the text back; what is no finite number was not written by us."""
        value = Decimal(stored)
        if not isinstance(stored, str) or not value.is_finite():
            raise ValueError("no finite Decimal")
        return value


class Moment(_Written[datetime]):
    """An aware time as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def write(self, value: datetime) -> int:
        """Refuse naive times."""
        return to_micros(value)

    def read(self, stored: int) -> datetime:
        """Give the time back in UTC."""
        return from_micros(stored)


class Day(_Written[date]):
    """A calendar day as ``2026-01-31``; a datetime is cut by its caller, who knows the zone."""

    cache_ok = True

    def write(self, value: date) -> str:
        """Refuse a datetime, whose day depends on the zone."""
        if isinstance(value, datetime):
            raise TypeError(f"{value!r} is no day")
        return value.isoformat()

    def read(self, stored: str) -> date:
        """Read the day."""
        return date.fromisoformat(stored)


class Facts(_Written[dict[str, Any]]):
    """A dictionary of plain JSON values."""

    cache_ok = True

    def write(self, value: dict[str, Any]) -> str:
        """Write the dictionary."""
        return encode_facts(value)

    def read(self, stored: str) -> dict[str, Any]:
        """Read the dictionary."""
        return dict(json.loads(stored))
