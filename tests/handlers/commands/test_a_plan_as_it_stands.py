"""Whatever view of a plan is opened, and however late: its buttons are those of the state that the plan is in now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chatbot.model import AnswerMode, DecidedBy, LegState, PlanState
from chatbot.store import plans, tables
from tests.handlers.commands.test_refusals import both, first_plan, press
from tests.moments import after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.person import Someone

ON_A_CARD = ("Confirm", "Edit", "Skip", "Snooze 1 h", "Longer…", "More")
ENDED = ("Plan now", "Status", "More")
#: what may be done about a plan in each state; it is Ann's first, and all of its legs are done where it is
OFFERED = {
    PlanState.PROPOSED: ON_A_CARD,
    PlanState.CONFIRMED: ("Stop plan 1",),
    PlanState.RUNNING: ("Stop plan 1",),
    PlanState.DONE: ("Details", "Status"),
    PlanState.PARKED: ("Look again", "Close it", "Status"),
    PlanState.EXPIRED: ENDED,
    PlanState.SKIPPED: ENDED,
    PlanState.SUPERSEDED: ENDED,
}
#: the ways to look at a plan from a message that was drawn when it stood differently, and what leads back to it
VIEWS = {"card": "", "edit": "", "more": ":0", "plan": ":result", "plan of the list": "", "leave_it": ""}


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann and her first plan."""
    async with after(both, tmp_path) as ann:
        yield ann


async def become(chat: Someone, state: PlanState, note: str = "", by: DecidedBy = DecidedBy.PERSON) -> None:
    """Write the state of Ann's plan; its first leg ended short where a ``note`` says why."""
    plan = await first_plan(chat)
    done = state is PlanState.DONE
    facts = {"state": state, "decided_at": chat.clock.now(), "decided_by": by, "finished_at": chat.clock.now() if done else None}
    async with chat.program.db.transaction() as tx:
        await tx.execute(tables.plans.update().where(tables.plans.c.id == plan.id).values(facts))
        for leg in plan.legs if done else ():
            filled = replace(leg, state=LegState.FILLED, filled=leg.qty, average=leg.price)
            short = replace(leg, state=LegState.PARTIAL, filled=leg.qty * 0, note=note)
            await plans.save_leg(tx, plan.id, short if note and leg.index == 0 else filled)


@pytest.mark.parametrize("state", OFFERED, ids=[state.value for state in OFFERED])
async def test_every_view_of_a_plan_leads_to_the_buttons_of_its_state(chat: Someone, state: PlanState) -> None:
    """Opened from an old message, and left by its Back: never a button of the state that was."""
    for view, more in VIEWS.items():
        await become(chat, state)
        await press(chat, view.split()[0], f"1{more}")
        shown = chat.last.buttons
        if view == "edit" and state is PlanState.PROPOSED:
            assert shown[-2:] == ("Confirm", "Back to the plan")
        elif view in ("card", "edit", "leave_it"):
            assert shown == OFFERED[state], view
        else:
            assert not {"Confirm", "Try again now", *OFFERED[state]} & set(shown) - {"More"}, view
        if back := {"Back", "Back to the plan"} & set(shown):
            await chat.tap(back.pop())
            assert chat.last.buttons == OFFERED[state] or view == "plan of the list", view


async def test_a_card_out_of_time_offers_no_confirm_before_the_check_has_closed_it(chat: Someone) -> None:
    """The check runs once in a while; who looks in between sees that the plan has expired, and the check still says so itself."""
    await chat.tap("More")
    chat.clock.advance(301)
    await chat.tap("Back to the plan")
    assert chat.last.buttons == ENDED
    chat.sees("Plan 1 expired at 09:05")
    await press(chat, "edit", "1")
    assert chat.last.buttons == ENDED
    assert (await first_plan(chat)).state is PlanState.PROPOSED
    await chat.step()
    assert (await first_plan(chat)).state is PlanState.EXPIRED


@pytest.mark.parametrize("answered", ["Leave it", "Try again now"])
async def test_what_was_left_undone_is_asked_about_once(chat: Someone, answered: str) -> None:
    """By its details, by another drawing of it, by an old button: a question that was answered is not asked again."""
    await become(chat, PlanState.DONE, "unfilled")
    await press(chat, "card", "1")
    asked = chat.last
    assert asked.buttons == ("Try again now", "Leave it", "Details", "Status")
    await chat.taps("Details", "Back")
    assert chat.last.buttons == asked.buttons, "a look at it is no answer"
    await chat.tap(answered)
    await chat.tap("Details", on=asked)
    await chat.tap("Back")
    told = next(message for message in chat.messages if message.id == asked.id)
    assert told.buttons == ("Details", "Status")
    await chat.program.rebalancing.redraw(await first_plan(chat))
    await chat.work()
    told = next(message for message in chat.messages if message.id == asked.id)
    assert told.buttons == ("Details", "Status"), "drawn by the courier"


async def test_what_acts_alone_can_be_ended_while_it_does(chat: Someone) -> None:
    """The result of a plan that the bot carried out by itself offers to ask from now on; once it asks, it does not."""
    portfolio = await chat.program.portfolios.by_id(1)
    assert portfolio is not None
    await become(chat, PlanState.DONE, by=DecidedBy.AUTO)
    await press(chat, "card", "1")
    assert "Ask me from now on" not in chat.last.buttons
    await chat.program.portfolios.change(portfolio, answer=AnswerMode.AUTO)
    await press(chat, "card", "1")
    assert "Ask me from now on" in chat.last.buttons


async def test_after_a_skipped_plan_why_does_not_say_that_there_is_nothing_to_do(chat: Someone) -> None:
    """Every line is outside its band, and the check that will act on it has not come yet."""
    await press(chat, "skip", "1")
    await chat.say("/why")
    chat.sees("A limit is crossed; the next check acts on it.", "Furthest outside is Stable, 90.0 points off")
    await chat.step()
    await chat.say("/why")
    chat.sees("This check raised an alert about BTC/ETH")


async def test_a_closed_portfolio_asks_nothing_about_its_plans(chat: Someone) -> None:
    """What its last plan left undone stays: there is nobody to try it again."""
    await become(chat, PlanState.DONE, "unfilled")
    await chat.say("/portfolios")
    await chat.taps("Close", "Close Balanced")
    await press(chat, "card", "1")
    assert chat.last.buttons == ("Details", "Status")
