"""The `plan` command line: whatever stands in a case, the answer is a plan or one sentence with an exit code, and it comes at once."""

from __future__ import annotations

import copy
import json
import time
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.__main__ import main
from chatbot.engine.errors import Refused
from chatbot.engine.exact import exact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASE: dict[str, Any] = {
    "snapshot": {
        "spot": [{"asset": "BTC", "qty": "0.7", "price": "60000", "bucket": "CORE"}, {"asset": "SOL", "qty": "80", "price": "150"}],
        "cash": [{"asset": "USDT", "qty": "18000", "price": "1"}],
        "futures": {
            "wallet_balance": "9000",
            "positions": [{"contract": "BTC-PERP", "asset": "BTC", "qty": "0.25", "entry": "52000", "mark": "60000"}],
        },
    },
    "targets": {"spot": {"BTC": "0.4", "SOL": "0.2"}, "stable": "0.3", "collateral": "0.1", "futures": {"BTC-PERP": "0.1"}},
    "rules": {
        "BTC": {"tick": "0.01", "lot": "0.00001", "min_notional": "5"},
        "SOL": {"tick": "0.01", "lot": "0.001", "min_notional": "5"},
        "BTC-PERP": {"tick": "0.1", "lot": "0.001", "min_notional": "100"},
    },
    "fees": {"spot": "0.001", "futures": "0.0005"},
    "config": {"gross_cap": "1", "sleeve_cap": "2", "offset_bps": "5", "min_trade": "10", "min_trade_bps": "5", "cash_buffer": "0"},
}
NO_NUMBERS = ["NaN", "Infinity", "-Infinity", "text", "1e31", "1e999999999", "-1e999999999", "1e-31", "1e-999999999", {}, [], "9" * 5000]
EDGES = ["1e30", "-1e30", "1e-30", "0", "-1", "1e29", 10**29]


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the way to every number."""
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(value, (*way, key))
    elif way[-1] not in ("asset", "bucket", "contract"):
        yield way


def put(way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return the case with something else at one place."""
    case = copy.deepcopy(CASE)
    node: Any = case
    for key in way[:-1]:
        node = node[key]
    node[way[-1]] = value
    return case


def ask(folder: Path, text: str) -> int:
    """Run the command line, and return its exit code; two seconds are too long."""
    path = folder / "case.json"
    path.write_text(text)
    began = time.process_time()
    code = main(["plan", str(path)])
    assert time.process_time() - began < 2
    return code


@pytest.mark.parametrize("way", list(places(CASE)), ids=lambda way: ".".join(map(str, way)))
def test_an_evil_number_gives_one_sentence(way: tuple[Any, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for evil in NO_NUMBERS:
        assert ask(tmp_path, json.dumps(put(way, evil))) == 1, evil
        out, err = capsys.readouterr()
        assert json.loads(out) == {"error": "bad_parameter"}, evil
        assert len(err.splitlines()) == 1
    for edge in EDGES:
        assert ask(tmp_path, json.dumps(put(way, edge))) in (0, 1), edge
        capsys.readouterr()


@pytest.mark.parametrize(
    "way", [("snapshot",), ("targets",), ("rules",), ("fees",), ("config",), ("snapshot", "spot"), ("targets", "spot")]
)
@pytest.mark.parametrize("strange", ["text", 7, [7], {"BTC": 7}, True])
def test_another_shape_gives_one_sentence(way: tuple[Any, ...], strange: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path, json.dumps(put(way, strange))) in (0, 1)
    assert len(capsys.readouterr().err.splitlines()) <= 1


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '"text"', "[" * 100_000, '{"input": 7}', "9" * 5000])
def test_what_is_no_case_gives_one_sentence(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path, text) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_only_json_knows_are_refused(number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(tmp_path, json.dumps(CASE).replace('"60000"', number)) == 1
    assert json.loads(capsys.readouterr().out) == {"error": "bad_parameter"}


@pytest.mark.parametrize("number", ["1e1000", "-1e999999999", "1e-999999", "NaN", "Infinity"])
def test_a_number_that_would_take_for_ever_to_write_out_is_refused(number: str) -> None:
    """One such number in a stored strategy kept the check of everybody busy for minutes."""
    with pytest.raises(Refused, match="bad_parameter"):
        exact(Decimal(number))


@pytest.mark.parametrize("number", ["0", "-0.1", "1e400", "1e-400", "123456789.123456789"])
def test_ordinary_and_wide_numbers_are_exact(number: str) -> None:
    assert exact(Decimal(number)) == Fraction(number)
