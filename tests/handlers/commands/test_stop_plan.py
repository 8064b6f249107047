"""The button "Stop plan": from the pause and from the progress message, in the middle of a plan, again, and too late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.model import LegState, PlanState
from tests.meanwhile import meanwhile
from tests.moments import after
from tests.person import BEN, Someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STOPPING = "Plan 1 is being stopped: open orders are cancelled, nothing more is sent, what is filled stays."


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann has confirmed her first plan; nobody has begun to carry it out."""
    async with after(Someone.set_up, tmp_path) as found:
        await found.tap("Confirm")
        yield found


async def stop(ann: Someone) -> None:
    """Press it; both what is told at once and what it promises are the same."""
    answer = await ann.tap("Stop plan 1")
    assert (answer.text, answer.alert) == (STOPPING, True)


async def test_a_plan_stopped_half_way_tells_leg_by_leg_what_became_of_it(ann: Someone) -> None:
    """The progress message has the button; an order that rests is taken back, what was filled stays, the rest is never sent."""
    assert "Stop plan 1" in ann.last.buttons
    with meanwhile(ann.program.db, lambda: stop(ann), before=30):
        await ann.work()
    plan = await ann.plan()
    assert plan.state is PlanState.DONE
    filled = [leg for leg in plan.legs if leg.filled]
    assert filled, "it was stopped too early to show anything"
    cut = [leg for leg in plan.legs if leg.note == "stopped"]
    assert len(cut) >= 2
    exchange = await ann.exchange()
    assert exchange.state.open_orders == ()
    for leg in plan.legs:
        if not leg.is_transfer and leg.state is LegState.DROPPED:
            assert not any(name.startswith(f"b{plan.id}-{leg.index}-") for name in exchange.state.orders)
    shown = ann.sees("Plan 1 · stopped by you at", "Not as planned").text
    assert shown.count("stopped by you") == len(cut) + 1
    assert "Stop plan 1" not in ann.last.buttons


async def test_stopping_twice_and_after_the_end_is_answered_in_words(ann: Someone) -> None:
    page = await ann.say("/pause")
    assert "Plan 1 is already on its way and will be finished, unless you stop it." in page
    paused = ann.last
    await stop(ann)
    await stop(ann)
    await ann.work()
    assert await ann.orders() == 0
    answer = await ann.tap("Stop plan 1", on=paused)
    assert answer.text is not None
    assert answer.text.startswith("Plan 1 was stopped by you at")
    assert answer.alert
    assert len(await ann.plans()) == 1


@pytest.mark.long
async def test_a_stop_is_for_the_plan_that_it_names(ann: Someone) -> None:
    """An old button, pressed while a later plan is under way, says how its own plan ended; somebody else's button does nothing."""
    old = ann.last
    await ann.work()
    await ann.say("/targets BTC 10 ETH 10 ALT 20 USDT 50 FUTURES 10")
    await ann.say("/rebalance")
    await ann.tap("Confirm")
    answer = await ann.tap("Stop plan 1", on=old)
    assert answer.text is not None
    assert answer.text.startswith("Plan 1 was carried out at")
    await ann.work()
    later = await ann.plan()
    assert (later.number, later.was_stopped) == (2, False)
    ben = ann.beside(BEN)
    await ben.set_up()
    refused = await ben.tap("Stop plan 1", on=old)
    assert "nothing was done" in refused.text


@pytest.mark.long
async def test_a_pause_alone_lets_the_plan_come_to_its_end(ann: Someone) -> None:
    await ann.say("/pause")
    await ann.work()
    plan = await ann.plan()
    assert plan.state is PlanState.DONE
    assert all(leg.filled for leg in plan.legs)
