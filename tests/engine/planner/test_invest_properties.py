"""New money buys where it is missing, and nothing else (domain 9.14, C.51)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.exact import to_decimal
from chatbot.engine.planner.invest import invest, raised
from tests.engine.strategies import quick

D, F = Decimal, Fraction
LINES = ("CORE", "ALT", "STABLE", "FUTURES")
#: a quotient of a split is written down as a decimal once
CUT = F(1, 10**40)
money = st.decimals("0.01", "1e7", places=2)
tables = st.fixed_dictionaries(dict.fromkeys(LINES, st.decimals(0, "1e6", places=2)))
rates = st.fixed_dictionaries({}, optional=dict.fromkeys(LINES, st.sampled_from((D(0), D("0.001"), D("0.05")))))


@st.composite
def weights(draw: st.DrawFn) -> dict[str, Decimal]:
    parts = [draw(st.integers(0, 33)) for _ in LINES[1:]]
    return {line: D(part) / 100 for line, part in zip(LINES[1:], parts, strict=True)} | {"CORE": D(100 - sum(parts)) / 100}


@quick
@given(tables, weights(), money, rates)
def test_c51_no_sale_all_spent_no_line_above_its_target_and_one_level(
    values: dict[str, Decimal], targets: dict[str, Decimal], amount: Decimal, fees: dict[str, Decimal]
) -> None:
    found = invest(values, targets, amount, fees)
    whole = sum(map(F, values.values())) + F(amount)
    assert min(found.buys.values()) >= 0
    assert sum(bought * (1 + F(fees.get(line, 0))) for line, bought in found.buys.items()) == F(amount)
    for line, after in found.after.items():
        assert after == F(values[line]) + found.buys[line]
        assert after <= max(F(values[line]), F(targets[line]) * whole), "never past its target"
        assert after == max(F(values[line]), found.level * F(targets[line])), "every line that is bought ends at the same level"


@quick
@given(tables, weights(), money, st.integers(1, 99), rates)
def test_c51_in_two_parts_is_the_same_as_at_once(
    values: dict[str, Decimal], targets: dict[str, Decimal], amount: Decimal, part: int, fees: dict[str, Decimal]
) -> None:
    at_once = invest(values, targets, amount, fees)
    first = invest(values, targets, amount * part / 100, fees)
    second = invest({line: to_decimal(value) for line, value in first.after.items()}, targets, amount - amount * part / 100, fees)
    for line in LINES:
        assert abs(second.after[line] - at_once.after[line]) < CUT


@quick
@given(st.decimals(-1000, 1000, places=2), st.decimals(-1, 1, places=2), st.integers(-100, 10**4))
def test_a_contract_only_grows_on_its_own_side(notional: Decimal, weight: Decimal, level: int) -> None:
    after = raised(notional, weight, F(level))
    assert abs(after) >= abs(notional)
    assert after == notional or (after * F(weight) > 0 and after == level * F(weight) and notional * weight >= 0)


def test_money_fills_a_sleeve_that_is_below_nothing_first() -> None:
    """Its debt is the line furthest below its target."""
    found = invest({"CORE": D(50), "FUTURES": D(-30)}, {"CORE": D("0.5"), "FUTURES": D("0.5")}, D(40))
    assert found.buys == {"CORE": 0, "FUTURES": 40}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": D(0)}, "bad_parameter"),
        ({"amount": D(-5)}, "bad_parameter"),
        ({"fees": {"CORE": D(1)}}, "bad_parameter"),
        ({"fees": {"CORE": D("-0.01")}}, "bad_parameter"),
        ({"targets": {"CORE": D("0.99")}}, "targets_sum"),
        ({"targets": {"CORE": D("1.5"), "ALT": D("-0.5")}}, "negative_target"),
        ({"values": {"SOL": D(1)}}, "missing_target"),
        ({"values": {"CORE": D(-1)}}, "negative_quantity"),
    ],
)
def test_what_is_no_input_is_refused(change: dict[str, object], code: str) -> None:
    whole = {"values": {"CORE": D(10)}, "targets": {"CORE": D(1)}, "amount": D(5), "fees": None} | change
    with pytest.raises(Refused) as refused:
        invest(**whole)  # type: ignore[arg-type]
    assert refused.value.code == code
