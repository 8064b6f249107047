"""The result says what was paid: each leg beside its card, the whole in money and basis points, and why a leg ended as it did."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.i18n import Catalogue
from chatbot.model import LegState, Mode, PlanState
from chatbot.plans import costs
from handlers.views.common import MAX_CAPTION, visible_length
from handlers.views.plan import paid, progress
from tests.execution.lab import legs
from tests.handlers.views.view_examples import a_plan, after, portfolio
from tests.person import someone
from tests.places import LOCALE

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Leg

D = Decimal
WORDS = Catalogue(LOCALE).words("en")


def a_leg(words: str, at: str, filled: str = "", card: str = "", **changes: Any) -> Leg:
    """Return a leg that has ended, filled whole where nothing else is said."""
    (leg,) = legs(words)
    done = {"state": LegState.FILLED, "filled": D(filled) if filled else leg.qty, "average": D(at), **changes}
    return replace(leg, **({"limit": D(card)} if card else {}), **done)


LINES = [
    (a_leg("sell 0.06 BTC", "60012.1", card="60030"), "✓ 1. sold 0.06 BTC at 60,012.10 · card 60,030.00"),
    (a_leg("sell 0.833 ETH", "3001.5", card="3001.5"), "✓ 1. sold 0.833 ETH at 3,001.50 · as on the card"),
    (a_leg("buy 4.077 ETH", "3060.39", card="3000.08"), "✓ 1. bought 4.077 ETH at 3,060.39 · card 3,000.08, 2.0% more"),
    (a_leg("buy 4 ETH", "2900", card="3000"), "✓ 1. bought 4 ETH at 2,900.00 · card 3,000.00, 3.3% less"),
    (
        a_leg("reduce sell 0.049 BTC-PERP", "60020", card="60030"),
        "✓ 1. futures: reduced the BTC long by 0.049 at 60,020.00 · card 60,030.00",
    ),
    (a_leg("to_spot 1200.129", "1", average=None), "✓ 1. moved 1,200.13 USDT from futures to spot"),
    # why it ended, never how much of it is filled
    (
        a_leg("buy 40 SOL", "150.02", "32.1", "149.92", state=LegState.PARTIAL, note="unfilled"),
        "◐ 1. bought 32.1 of 40 SOL at 150.02 · card 149.92 · the rest was not available within the limit",
    ),
    (
        a_leg("buy 40 SOL", "150.02", "32.1", "150.02", state=LegState.PARTIAL, note="not_enough_money"),
        "◐ 1. bought 32.1 of 40 SOL at 150.02 · as on the card · the money was used up",
    ),
    (
        a_leg("buy 40 SOL", "150.02", "0.01", "150.02", state=LegState.PARTIAL, note="stopped"),
        "◐ 1. bought 0.01 of 40 SOL at 150.02 · as on the card · stopped by you",
    ),
    # all but dust is all of it
    (
        a_leg("buy 40 SOL", "150.02", "39.99", "150.02", state=LegState.PARTIAL, note="below_minimum"),
        "✓ 1. bought 39.99 SOL at 150.02 · as on the card",
    ),
    (
        a_leg("buy 40 SOL", "150.02", card="150.02", note="shrunk"),
        "✓ 1. bought 40 SOL at 150.02 · as on the card · made smaller, because less money arrived",
    ),
    (
        a_leg("buy 40 SOL", "150.02", "0", "150.02", state=LegState.PARTIAL, note="unfilled", average=None),
        "– 1. buy 40 SOL at 150.02 · nothing of it done, nobody traded at the limit price",
    ),
]


@pytest.mark.parametrize(("leg", "line"), LINES, ids=[line for _, line in LINES])
def test_a_leg_beside_its_card(leg: Leg, line: str) -> None:
    assert paid.paid_line(WORDS, leg).replace("<code>", "").replace("</code>", "") == line


def test_the_whole_in_money_and_basis_points() -> None:
    """The example of the contract: a cent more for SOL, less for the sales than their card said."""
    done = (
        a_leg("sell 0.06 BTC", "60012.1", card="60030", fee=D("3.6")),
        a_leg("sell 0.833 ETH", "3001.5", card="3001.5", fee=D("2.5")),
        a_leg("buy 32.1 SOL", "150.02", card="149.92", fee=D("4.8")),
        a_leg("reduce sell 0.049 BTC-PERP", "60020", card="60030", fee=D("1.48")),
        a_leg("to_spot 100", "1", average=None),
    )
    found = costs.paid(done)
    assert found.over_card == D("1.074") + D("3.21") + D("0.49")
    lines = paid.totals(WORDS, replace(a_plan(), legs=done))
    assert lines == ["Traded $13,858 · fees paid $12.38 (8.9 bp)", "Paid $4.77 (3.4 bp) more than the card"]
    better = replace(a_plan(), legs=(replace(done[2], average=D("149.82")),))
    assert paid.totals(WORDS, better)[1] == "Paid $3.21 (6.7 bp) less than the card"
    assert paid.totals(WORDS, replace(a_plan(), legs=done[1:2]))[1] == "Prices as on the card"
    nothing = replace(a_plan(), legs=(replace(done[0], state=LegState.DROPPED, filled=D(0), average=None, fee=D(0)),))
    assert paid.totals(WORDS, nothing) == ["Traded $0 · fees paid $0.00"]


def test_slippage_is_told_from_the_middle_price_beside_what_the_card_had_said_of_it() -> None:
    """At a limit 5 bp below the middle "less than the card" hides what the spread cost; /review tells it from the middle too."""
    (leg,) = legs("sell 2 ETH")
    leg = replace(leg, limit=D("2997"), price=D(3000), state=LegState.FILLED, filled=D(2), average=D(2999), slippage_bps=D(5))
    plan = replace(a_plan(), legs=(leg,), waiting_bps=None)
    assert paid.totals(WORDS, plan)[1:] == ["Slippage $2.00 (3.3 bp) · the card said $3.00"]
    waited = replace(plan, legs=(replace(leg, average=D(3001)),), waiting_bps=D("9.4"))
    assert paid.totals(WORDS, waited)[1:] == ["$2.00 (3.3 bp) better than the middle price · the card said $3.00"]
    worse = replace(waited, legs=(replace(leg, average=D(2998)),))
    told = "Slippage $4.00 (6.7 bp) · the card said $3.00 · prices usually move 9.4 bp meanwhile"
    assert paid.totals(WORDS, worse)[1:] == [told]
    for unknown in ({"slippage_bps": None}, {"average": None}):
        assert "card" in paid.totals(WORDS, replace(plan, legs=(replace(leg, **unknown),)))[1]
    (_, by_hand) = paid.totals(WORDS, replace(plan, mode=Mode.MANUAL))
    assert "Slippage" not in by_hand, "by hand the limits stand for prices that nobody has told"
    assert "Slippage $2.00" in progress.result(WORDS, portfolio(), replace(plan, state=PlanState.DONE, result=after())).text


prices = st.decimals(1, 1000, places=2)


@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), prices, prices, st.decimals(0, 10, places=3)), max_size=6))
def test_what_was_paid_over_the_card_is_the_money_that_moved_beside_what_the_card_said(
    deals: list[tuple[str, Decimal, Decimal, Decimal]],
) -> None:
    """Money out at the prices paid, less money out at the card's: buys cost, sales bring."""
    done = tuple(a_leg(f"{side} 10 SOL", str(at), str(qty), str(card)) for side, card, at, qty in deals)
    moved, said = (sum((qty * price[which] * (1 if side == "buy" else -1) for side, *price, qty in deals), D(0)) for which in (1, 0))
    assert costs.paid(done).over_card == moved - said


def test_a_result_has_its_picture_however_many_legs_it_has() -> None:
    """The largest of those that are done, as many as a caption holds; whatever fell short is always there."""
    many = tuple(replace(a_leg("buy 4 ETH", "3060.39", card="3000.08"), index=at, qty=D(at + 1), filled=D(at + 1)) for at in range(14))
    short = replace(a_leg("buy 40 SOL", "150.02", "1", state=LegState.PARTIAL, note="not_enough_money"), index=14)
    plan = replace(a_plan(state=PlanState.DONE, result=after()), legs=(*many, short), left_out=())
    view = progress.result(WORDS, portfolio(), plan)
    assert view.picture is not None
    assert visible_length(view.text) <= MAX_CAPTION
    assert "15. bought" in view.text
    assert "14. bought" in view.text
    assert "1. bought <code>1</code>" not in view.text
    assert "more legs" in view.text
    assert "done, 1 leg fell short" in view.text


@pytest.mark.long
async def test_the_chat_says_what_a_plan_paid(tmp_path: Path) -> None:
    """From Confirm to the result: the prices in it are the exchange's own, and the sums are those of its fills."""
    async with someone(tmp_path) as ann:
        await ann.set_up()
        await ann.confirm()
        plan = (await ann.plans())[0]
        text = ann.last.text
        found = costs.paid(plan.legs)
        orders = (await ann.exchange()).state.orders.values()
        assert found.traded == sum((one.value for one in orders), D(0))
        assert found.fees == sum((one.fee for one in orders), D(0))
        for leg in plan.legs:
            if leg.filled and not leg.is_transfer:
                assert f"at {WORDS.price(leg.average or D(0))}" in text, leg
        assert "card" in text
        assert f"fees paid {WORDS.money(found.fees)}" in text
