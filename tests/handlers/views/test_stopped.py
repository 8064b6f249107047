"""A plan that stopped half-way, or an order that was refused, says why, and what its person can do about it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from chatbot.i18n import Catalogue
from chatbot.model import LegKind, LegState, Mode, PlanState
from handlers.views.plan import legs, progress
from tests.handlers.views.view_examples import a_plan, portfolio
from tests.places import LOCALE

WORDS = Catalogue(LOCALE).words("en")


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("key_refused", "/keys says why and what to do"),
        ("unreachable", "Look again once it does"),
        ("unreadable", "There is nothing that you have to change"),
        ("place_refused", "Whoever hosts me has to move me"),
        ("hedge_mode", "Change it to one-way mode at the exchange"),
        ("isolated_margin", "Change them to cross margin at the exchange"),
        ("multi_assets", "Change it to single-asset mode at the exchange"),
        ("borrowed", "Pay it back at the exchange"),
        ("broken", "I could not finish it; nothing more is sent"),
    ],
)
def test_a_plan_that_stopped_half_way_says_why(why: str, said: str) -> None:
    """Whatever had happened, it said "I could not finish it", of a key in hedge mode too."""
    plan = a_plan("BTC", PlanState.PARKED)
    known = replace(plan, legs=tuple(leg for leg in plan.legs if leg.state is not LegState.UNKNOWN))
    view = progress.parked(WORDS, portfolio(mode=Mode.LIVE), known, why)
    assert said in view.text
    assert "What was filled stays filled." in view.text


def test_nothing_is_told_to_be_on_its_way_from_a_plan_that_stopped() -> None:
    """An order that an exchange refused together with its key, or that a dead process had begun, is not being sent now."""
    plan = a_plan("BTC", PlanState.PARKED)
    begun = replace(plan, legs=(replace(plan.legs[0], state=LegState.SUBMITTING), *plan.legs[1:]))
    text = progress.parked(WORDS, portfolio(mode=Mode.LIVE), begun, "key_refused").text
    assert "being sent" not in text
    assert "begun, not finished" in text


@pytest.mark.parametrize(("note", "said"), [("hedge_mode", "one-way mode"), ("not_permitted", "its rights"), ("price_band", "so far from")])
def test_an_order_that_was_refused_names_the_cure(note: str, said: str) -> None:
    assert said in legs.note_text(WORDS, note)


def test_a_plan_that_waits_for_its_persons_money_says_how_much_goes_where() -> None:
    """At an exchange where nobody else can move it; a transfer of our own whose end is unknown is asked about as what it is."""
    plan = a_plan("BTC", PlanState.PARKED)
    moves = replace(plan.legs[0], kind=LegKind.TO_FUTURES, instrument="USDT", qty=Decimal("512.34"), state=LegState.UNKNOWN)
    waits = replace(plan, legs=(moves,))
    asked = progress.parked(WORDS, portfolio(mode=Mode.LIVE), waits, "by_hand").text
    assert "only you can move money between your wallets" in asked
    assert "512.34 USDT" in asked
    assert "from spot to futures" in asked
    assert "waiting for you" in asked
    assert "sent, outcome unknown" not in asked
    lost = progress.parked(WORDS, portfolio(mode=Mode.LIVE), waits, "unknown").text
    assert "I don't know whether money was moved between your wallets" in lost
    assert "sent, outcome unknown" in lost
    traded = replace(plan, legs=(replace(plan.legs[0], state=LegState.UNKNOWN), replace(moves, index=1)))
    assert "I don't know whether one order went through" in progress.parked(WORDS, portfolio(mode=Mode.LIVE), traded, "unknown").text
