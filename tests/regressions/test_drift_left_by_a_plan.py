"""What a plan leaves behind is where "worse" begins: a line that stays outside must ring again before it has drifted all the way back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from chatbot.engine.bands import BandState
from chatbot.model import LineReading
from chatbot.portfolio.states import NOTHING, Aim
from chatbot.triggers import drift
from tests.store import samples


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


@pytest.mark.parametrize(
    ("rang", "aimed", "silent"),
    [("0.06", "0.4", True), ("0.075", "0.4", True), ("0.06", "0.3", False)],
    ids=["less than the card shows", "more than it", "about another target"],
)
def test_what_a_waiting_card_shows_does_not_ring_again(rang: str, aimed: str, silent: bool) -> None:
    """The card says 33 %, 7 points under: at 32.4 % it is not worse by a step than what its person has before them."""
    card = replace(samples.plan(1), before=replace(samples.FIGURES, lines=alt("0.33"), exposure=None))
    fired = BandState(fired=True, side="under", last_drift=Decimal(rang))
    states = replace(NOTHING, lines={"ALT": fired}, aims={"ALT": Aim(own=Decimal("0.4"), effective=Decimal(aimed))})
    told = drift.told_on_card(card, states)
    assert (drift.advance_lines(alt("0.324"), replace(told, aims={})).steps[0].event is None) is silent
    assert drift.advance_lines(alt("0.315"), replace(told, aims={})).steps[0].event == "escalate"


def test_a_target_that_moves_with_the_market_does_not_begin_anew_what_is_worse() -> None:
    """Cash rises as a cut coin falls on, a tenth of a point a check, and its target half as fast: a point further out it rings again."""
    states, rang = replace(NOTHING, aims={"STABLE": Aim(own=Decimal("0.1"), effective=Decimal("0.2"))}), []
    for check in range(24):
        target = Decimal("0.2") + Decimal("0.0005") * check
        weight = Decimal("0.25") + Decimal("0.001") * check
        line = LineReading(line="STABLE", weight=weight, target=target, band=Decimal("0.05"), breach="over", base=Decimal("0.1"))
        found = drift.advance_lines((line,), states)
        states = drift.after_steps(states, found)
        rang.append(found.steps[0].event)
    assert [(check, event) for check, event in enumerate(rang) if event] == [(0, "breach"), (20, "escalate")]
