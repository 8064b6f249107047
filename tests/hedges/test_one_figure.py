"""Whatever is held: what a choice of /hedge says is lost in a fall is what the shocks make of its plan's result, on button and card too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatbot.hedges import shocks, sizing
from chatbot.i18n import Catalogue
from chatbot.model import COVER, MIN_VARIANCE, ROTATION
from chatbot.model.hedge import BY_BETA, LITERAL, HedgeProblem, HedgeWish
from chatbot.model.hedge_report import HedgeReport
from chatbot.plans import hedge_draft
from chatbot.portfolio import valuation
from handlers.views.hedge import card, offer
from tests.hedges.test_rotation_is_literal import evaluated
from tests.places import LOCALE
from tests.portfolio.still_market import START, D

if TYPE_CHECKING:
    from decimal import Decimal

    from chatbot.model import Plan
    from chatbot.model.hedge import HedgeSize
    from chatbot.portfolio.evaluation import Evaluation

WORDS = Catalogue(LOCALE).words("en", "UTC", "USD")
WISHES = (
    HedgeWish(kind=ROTATION, accepted=True),
    HedgeWish(kind=COVER, size=LITERAL, coverage=D("0.5"), drop=D("0.2"), accepted=True),
    HedgeWish(kind=COVER, size=BY_BETA, coverage=D("0.5"), drop=D("0.2"), accepted=True),
    HedgeWish(kind=MIN_VARIANCE, ratio=D("0.9"), accepted=True),
)
amounts = st.integers(0, 60_000).map(D)
held_coins = st.fixed_dictionaries({"BTC": st.integers(100, 60_000).map(D), "ETH": amounts, "SOL": amounts, "XRP": amounts})


def opened(found: Evaluation, size: HedgeSize) -> Plan:
    """Return the plan of a choice."""
    return hedge_draft.draft_opening(found, size, (), (START, START), timedelta(minutes=5))


def loss_after(found: Evaluation, plan: Plan) -> Decimal:
    """Return what the fall does to the holdings that a plan leads to, without its own word for it."""
    assert found.snapshot is not None
    after = valuation.value_of(valuation.after_legs(found.snapshot, plan.legs, found.markets), found.portfolio.strategy)
    return shocks.in_fall(found, after, D("0.2"))


@pytest.mark.long
@settings(deadline=None, max_examples=60)
@example(spot={"BTC": D(100), "ETH": D(0), "SOL": D(0), "XRP": D(0)}, cash=D(61))  # whole, a short leaves nothing to win or to lose
@given(spot=held_coins, cash=amounts)
def test_text_button_and_card_say_what_the_shocks_make_of_the_result(spot: dict[str, Decimal], cash: Decimal) -> None:
    """Each choice stands once in the text and once on a button, with one amount, which the card of its plan repeats."""
    found = evaluated(spot, cash)
    assert found.held is not None
    rotation, *covers = (sizing.size(found, wish) for wish in WISHES)
    report = HedgeReport(
        portfolio=found.portfolio, rotation=rotation, covers=tuple(covers), now=shocks.in_fall(found, found.held, D("0.2"))
    )
    page = offer.hedge(WORDS, report)
    labels = [button.label for row in page.keyboard for button in row if button.tap.action == "hedge_open"]
    text = page.text.replace("<b>", "").replace("</b>", "")
    assert len(set(labels)) == len(labels)
    assert len({label.partition(":")[0] for label in labels}) == len(labels), "no two buttons of one amount"
    assert f"If BTC falls 20% now, you lose about {WORDS.money(-report.now, 0)}." in text
    for size in (rotation, *covers):
        if size.problem:
            continue
        plan = opened(found, size)
        assert abs(loss_after(found, plan) - size.hedged) < D("0.01")
        assert plan.after.in_fall == loss_after(found, plan)
        assert plan.before.in_fall == size.without == report.now
        verb, amount = "gain" if size.hedged.quantize(D(1)) > 0 else "lose", WORDS.money(abs(size.hedged), 0)  # nobody gains $0
        assert any(label.endswith(f": {verb} {amount}") for label in labels), (labels, amount)
        assert f": you {verb} {amount}" in text
        told = "\n".join(card.card_lines(WORDS, plan))
        assert f"you {verb} about <b>{amount}</b> after this plan" in told


@settings(deadline=None, max_examples=60)
@example(spot={"BTC": D(100), "ETH": D(0), "SOL": D(0), "XRP": D(7345)}, cash=D(258))  # only the order's own fee is lacking
@given(spot=held_coins, cash=st.integers(0, 300).map(D))
def test_the_cure_for_no_room_makes_room(spot: dict[str, Decimal], cash: Decimal) -> None:
    """As many coins sold as it says, all alike, and the size that was asked for can be had whole."""
    found = evaluated(spot, cash)
    size = sizing.size(found, WISHES[1])
    room = size.room
    assert (room is not None) == (size.capped and size.problem is not HedgeProblem.TOO_SMALL)
    if room is None:
        return
    assert room.sell is not None
    assert room.used <= room.most
    whole = sum(spot.values(), D(0))
    left = {coin: value * (1 - room.sell / whole) for coin, value in spot.items()}
    cured = sizing.size(evaluated(left, cash + room.sell * D("0.998")), replace(WISHES[1], accepted=True))
    assert not cured.problem
    assert not cured.capped
