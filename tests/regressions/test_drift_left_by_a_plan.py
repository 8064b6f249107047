"""What a plan leaves behind is where "worse" begins: a line that stays outside must ring again before it has drifted all the way back."""

from __future__ import annotations

from decimal import Decimal

from chatbot.model import LineReading
from chatbot.portfolio.states import NOTHING
from chatbot.triggers import drift


def alt(weight: str) -> tuple[LineReading, ...]:
    number = Decimal(weight)
    breach = "under" if number < Decimal("0.35") else None
    return (LineReading(line="ALT", weight=number, target=Decimal("0.4"), band=Decimal("0.05"), breach=breach),)


def test_a_line_that_a_plan_brought_half_way_rings_one_point_below_where_it_was_left() -> None:
    """Seen in the replay of 2020: a plan for ALT at 14.2 % ended at 28.1 %, and ALT at 21.0 % three weeks later was never told."""
    fired = drift.advance_lines(alt("0.142"), NOTHING)
    assert fired.steps[0].event == "breach"
    stored = drift.after_steps(NOTHING, fired)
    assert drift.advance_lines(alt("0.21"), stored).steps[0].event is None
    after_the_plan = drift.counted_from(alt("0.281"), stored)
    assert drift.advance_lines(alt("0.275"), after_the_plan).steps[0].event is None
    assert drift.advance_lines(alt("0.270"), after_the_plan).steps[0].event == "escalate"
