"""Every reason of a plan is a cause that the table of the domain knows, or is said to be none (domain 9.13)."""

from __future__ import annotations

import pytest

from chatbot.engine.planner.scope import row_of
from chatbot.model import BASKET, INFO, Cause, Effect, Phase, Reason
from chatbot.model.trigger_info import TAKES_AT_ONCE
from chatbot.triggers import causes

STEPS = (Phase.BEGIN, Phase.CHANGE, Phase.EASE, Phase.END)


@pytest.mark.parametrize("cause", sorted(Cause))
def test_every_cause_reaches_what_its_row_says_or_is_said_to_reach_nothing(cause: Cause) -> None:
    """One that were forgotten would leave a plan with a person's wish for its cause, and that may trade everything."""
    for event in STEPS if cause in INFO or cause is Cause.TILT else (Phase.NONE,):
        found = causes._cause(Reason(trigger=cause, line="BTC", event=event), ("BTC", "ETH"))
        if found is None:
            assert cause in causes._NONE_OF_ITS_OWN
        else:
            row_of(found)


@pytest.mark.parametrize("trigger", sorted(INFO))
def test_what_lowers_risk_is_said_by_what_it_does(trigger: Cause) -> None:
    """A trigger's begin lowers risk in the table of the domain where its plans cannot wait, and only there: both follow its effect."""
    begins = causes._cause(Reason(trigger=trigger, line="BTC", event=Phase.BEGIN), ("BTC",))
    assert begins is not None
    assert row_of(begins).events[begins.event] == (trigger in TAKES_AT_ONCE) == (not INFO[trigger].effect.adds_risk)


def test_every_effect_has_a_name_in_the_domain() -> None:
    assert causes._SIGNALS.keys() == set(Effect)


def test_one_cut_of_all_coins_names_them_all() -> None:
    """The basket is no coin; what it cuts are all that are held."""
    found = causes._cause(Reason(trigger=Cause.VOLATILITY, line=BASKET, event=Phase.BEGIN), ("ADA", "BTC"))
    assert found is not None
    assert (found.kind, found.event, found.coins) == ("vol", "begin", ("ADA", "BTC"))
