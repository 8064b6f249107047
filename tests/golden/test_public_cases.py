"""The engine agrees with every public golden case of the domain specification."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.engine.finite import finite
from tests.golden import adapter
from tests.places import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator

#: the cases of every function, and those of the rules that came later: only of the functions that are built
FILES = tuple(SHARED / "golden" / name for name in ("golden_public.json", "golden_rules.json"))


every = [case for file in FILES if file.exists() for case in json.loads(file.read_text())["cases"]]
cases = [case for case in every if case["fn"] in adapter.FUNCTIONS]
public = {case["fn"] for case in json.loads(FILES[0].read_text())["cases"]} if FILES[0].exists() else set()


def differs(want: Any, got: Any) -> bool:
    """Compare as the checker does: numbers to 1e-9 relative (absolute below 1), everything else exactly."""
    if _is_number(want) and _is_number(got):
        return abs(want - got) > 1e-9 * max(1, abs(want))
    if isinstance(want, dict) and isinstance(got, dict):
        return want.keys() != got.keys() or any(differs(want[key], got[key]) for key in want)
    if isinstance(want, list) and isinstance(got, list):
        return len(want) != len(got) or any(differs(a, b) for a, b in zip(want, got, strict=True))
    return type(want) is not type(got) or want != got


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@pytest.mark.skipif(not cases, reason="the golden cases are not here (../shared/golden)")
@pytest.mark.parametrize("case", cases, ids=[case["id"] for case in cases])
def test_public_case(case: dict[str, Any]) -> None:
    """The engine's answer to a public case is the reference's."""
    got = json.loads(json.dumps(adapter.run(case["fn"], case["input"])))
    assert not differs(case["expect"], got), f"{case['note']}: got {got}, expected {case['expect']}"


@pytest.mark.skipif(not cases, reason="the golden cases are not here (../shared/golden)")
def test_every_function_has_a_public_case() -> None:
    """No function of the adapter is out of the cases' sight, and none of theirs is missing."""
    assert {case["fn"] for case in cases} == set(adapter.FUNCTIONS)
    assert public <= set(adapter.FUNCTIONS)


def fields(given: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Walk to every number of an input."""
    if isinstance(given, dict | list):
        for key, value in given.items() if isinstance(given, dict) else enumerate(given):
            yield from fields(value, (*path, key))
    elif isinstance(given, str | int | float) and not isinstance(given, bool) and finite(given) is not None:
        yield path


def put(given: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return an input with another value in one field."""
    changed = copy.deepcopy(given)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


@pytest.mark.skipif(not cases, reason="the golden cases are not here (../shared/golden)")
@pytest.mark.parametrize("fn", sorted({case["fn"] for case in cases} - {"finite_prices"}))
def test_what_is_no_number_is_refused_whatever_the_field(fn: str) -> None:
    """One field of each name in each function's cases: NaN, an infinity, text and a size that no market has are bad_parameter."""
    of_name = {
        tuple(key for key in path if isinstance(key, str)): (case["input"], path)
        for case in cases
        for path in fields(case["input"])
        if case["fn"] == fn
    }
    answers = {
        (*name, wrong): adapter.run(fn, put(given, path, wrong))
        for name, (given, path) in of_name.items()
        for wrong in ("NaN", "-Infinity", "much", "1e31")
    }
    assert {key: answer for key, answer in answers.items() if answer != {"error": "bad_parameter"}} == {}


def test_a_difference_is_seen() -> None:
    """The comparison itself can fail: a wrong digit, a missing key, a bool for a number."""
    assert differs(1.0, 1.00001)
    assert differs({"a": 1}, {})
    assert differs([1], [1, 2])
    assert differs(True, 1)
    assert not differs({"a": [1.0, None]}, {"a": [1.0 + 1e-12, None]})


def test_what_is_held_needs_a_price_and_what_is_not_needs_none() -> None:
    """An unknown price is missing, which is not the same as a wrong one."""
    spot = [{"asset": "BTC", "qty": "1", "price": "100"}, {"asset": "ETH", "qty": "0", "price": None}]
    assert adapter.run("portfolio_metrics", {"spot": spot})["value"] == 100
    for row in ({"asset": "ETH", "qty": "1", "price": None}, {"asset": "ETH", "qty": "1"}):
        assert adapter.run("portfolio_metrics", {"spot": [row]}) == {"error": "missing_price"}
    assert adapter.run("portfolio_metrics", {"cash": [{"asset": "USDC", "qty": "1", "price": None}]}) == {"error": "missing_price"}
