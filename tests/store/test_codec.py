"""What is written down comes back exactly: every digit, every zero, every microsecond."""

from __future__ import annotations

from dataclasses import is_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy.dialects.sqlite import dialect

from chatbot.model import Cause, Check, LegState, Person, Phase, Plan, Portfolio, PortfolioFigures, Reason, Strategy
from chatbot.store.codec import Day, Exact, Facts, Moment, decode, encode, from_micros, to_micros
from tests.examples import examples
from tests.store.samples import FIGURES, STRATEGY

#: made of whole numbers, because a plan holds hundreds: the library's own decimals and datetimes take four times as long to draw
_MONEY = st.tuples(st.sampled_from((0, 1)), st.integers(0, 10**40), st.integers(-40, 40)).map(
    lambda drawn: Decimal((drawn[0], tuple(map(int, str(drawn[1]))), drawn[2]))
)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_TIMES = st.integers(0, (_LAST - _FIRST) // timedelta.resolution).map(lambda micros: _FIRST + micros * timedelta.resolution)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@cache
def _any(kind: Any) -> st.SearchStrategy[Any]:
    """Build any value of a type that the model uses; what is known only as Any is JSON."""
    simple = {Decimal: _MONEY, datetime: _TIMES, float: st.floats(allow_nan=False, allow_infinity=False), Any: _JSON}
    if kind in simple:
        return simple[kind]
    if is_dataclass(kind):
        return st.builds(kind, **{name: _any(hint) for name, hint in get_type_hints(kind).items()})
    inner = [_any(argument) for argument in get_args(kind) if argument is not Ellipsis]
    if get_origin(kind) is tuple:
        return st.lists(inner[0], max_size=3).map(tuple)
    if get_origin(kind) is dict:
        return st.dictionaries(*inner, max_size=3)
    return st.one_of(inner) if inner else st.from_type(kind)


@pytest.mark.long
@pytest.mark.parametrize("kind", [Person, Strategy, PortfolioFigures, Check, Plan, Portfolio], ids=lambda kind: kind.__name__)
@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_value_of_the_model_comes_back_exactly(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(_any(kind))
    back = decode(kind, encode(value))
    assert back == value
    assert _digits(back) == _digits(value), "1.0 and 1.00 are equal, but not the same text"


def _digits(value: object) -> list[str]:
    """List every Decimal in a value as text."""
    if isinstance(value, Decimal):
        return [str(value)]
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _digits(inner)]
    if isinstance(value, tuple):
        return [text for inner in value for text in _digits(inner)]
    names = getattr(value, "__slots__", ())
    return [text for name in names for text in _digits(getattr(value, name))]


def test_the_listing_of_digits_reaches_into_nested_values() -> None:
    assert "0.4" in _digits(STRATEGY)
    assert "98412.070" in _digits(FIGURES)


def test_a_word_of_another_version_is_read_and_written_back_as_it_is() -> None:
    """A row that names a trigger which this version does not have stops nobody; the text of those that it has is what it always was."""
    stored = '{"trigger":"moon_phase","line":"BTC","weight":null,"target":null,"band":null,"event":"begin"}'
    back = decode(Reason, stored)
    assert (back.trigger, back.event) == ("moon_phase", Phase.BEGIN)
    assert back.trigger not in set(Cause)
    assert '"trigger":"moon_phase"' in encode(back)
    assert '"trigger":"fear_greed","line":""' in encode(Reason(trigger=Cause.FEAR_GREED))
    with pytest.raises(ValidationError):
        decode(Reason, '{"trigger":7}')


@given(_MONEY)
def test_a_decimal_column_keeps_every_digit_and_zero(value: Decimal) -> None:
    column = Exact()
    back = column.process_result_value(column.process_bind_param(value, dialect()), dialect())
    assert str(back) == str(value)


@pytest.mark.parametrize("wrong", [0.1, 1, "1", Decimal("NaN"), Decimal("Infinity")])
def test_a_decimal_column_refuses_what_is_no_finite_decimal(wrong: Any) -> None:
    with pytest.raises(TypeError):
        Exact().process_bind_param(wrong, dialect())


@given(st.datetimes(min_value=datetime(1902, 1, 2), max_value=datetime(2200, 1, 1)), st.integers(min_value=-14, max_value=14))  # noqa: DTZ001
def test_a_moment_keeps_its_microseconds_and_comes_back_in_utc(naive: datetime, hours: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(hours=hours)))
    back = from_micros(to_micros(moment))
    assert back == moment
    assert back.tzinfo is UTC


@given(_TIMES, _TIMES)
def test_moments_sort_alike_before_and_after_they_are_written(one: datetime, other: datetime) -> None:
    assume(one != other)
    assert (one < other) == (to_micros(one) < to_micros(other))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        Moment().process_bind_param(datetime(2026, 1, 1), dialect())  # noqa: DTZ001 - that is the point


@given(st.dictionaries(st.text(), _JSON, max_size=4))
def test_facts_come_back_as_they_were(facts: dict[str, Any]) -> None:
    column = Facts()
    assert column.process_result_value(column.process_bind_param(facts, dialect()), dialect()) == facts


@pytest.mark.parametrize("wrong", [Decimal(1), float("nan"), datetime(2026, 1, 1, tzinfo=UTC), object()])
def test_facts_refuse_what_is_no_plain_json_when_they_are_written_and_not_when_they_are_read(wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Facts().process_bind_param({"a": wrong}, dialect())


@given(st.dates())
def test_a_day_comes_back(day: date) -> None:
    column = Day()
    assert column.process_result_value(column.process_bind_param(day, dialect()), dialect()) == day


def test_a_datetime_is_no_day() -> None:
    with pytest.raises(TypeError):
        Day().process_bind_param(datetime(2026, 1, 1, tzinfo=UTC), dialect())


def test_a_value_with_a_field_of_a_wrong_type_is_refused_when_it_is_written() -> None:
    wrong: Any = 0.91
    fields = {name: getattr(FIGURES, name) for name in FIGURES.__slots__}
    with pytest.raises(Exception, match="serialized value may not be as expected"):
        encode(PortfolioFigures(**fields | {"net": wrong}))


def test_text_of_another_shape_is_refused_when_it_is_read() -> None:
    with pytest.raises(ValidationError):
        decode(Strategy, encode(FIGURES))


def test_states_are_read_as_members_and_not_as_bare_text() -> None:
    assert decode(LegState, '"filled"') is LegState.FILLED
