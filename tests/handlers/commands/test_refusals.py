"""Taps that must do nothing: on a plan that has ended, on somebody else's, and by buttons that are too old; each is answered in words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.model import AnswerMode, PlanState, Role
from chatbot.portfolio.revision import shown_as
from chatbot.store import accounts, tables
from handlers.bot import BUTTONS
from handlers.buttons import BOUND, LIFETIME, Signer, Tap, speaking_of
from handlers.loopback import TelegramUser
from tests.moments import after
from tests.person import BEN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Plan
    from handlers.loopback import Answer

NOT_YOURS = "This plan is not yours. Nothing was done."
#: every button that does something about a plan, with what it carries besides the plan's number
ON_A_PLAN = {
    "confirm": "",
    "pay": ":3",
    "leave_dear": ":1",
    "toggle": ":0",
    "skip": "",
    "snooze_plan": ":1",
    "again": "",
    "leave_it": "",
    "look_again": "",
    "close_plan": "",
    "stop_plan": "",
    "edit": "",
    "card": "",
    "plan": "",
}
#: how each state of a plan is told
ENDED = {
    PlanState.CONFIRMED: "is confirmed and about to start",
    PlanState.RUNNING: "is being carried out",
    PlanState.DONE: "was carried out",
    PlanState.PARKED: "stopped half-way",
    PlanState.SKIPPED: "was skipped",
    PlanState.SUPERSEDED: "ended, because what it rested on was changed",
    PlanState.EXPIRED: "expired",
}


async def press(chat: Someone, action: str, arg: str, about: int | None = None) -> Answer:
    """Tap a button that the bot once made for this person and the settings of now, whatever is on the screen.

    It stands under a message about this portfolio, or about the current one.
    """
    async with chat.program.db.read() as tx:
        person = await accounts.person(tx, chat.user.id)
    portfolio = await chat.program.portfolios.current(person) if person is not None else None
    portfolio = await chat.program.portfolios.by_id(about) if about is not None else portfolio
    words = {portfolio.id: shown_as(portfolio)} if portfolio is not None else {}
    arg = speaking_of(Tap(action, arg), portfolio.id if portfolio is not None else None, words).arg
    data = Signer(chat.program.button_key).pack(action, arg, chat.user.id, chat.user.id, chat.clock.now() + LIFETIME)
    return await press_sealed(chat, data)


async def press_sealed(chat: Someone, data: str) -> Answer:
    """Tap a button with this payload."""
    query = await chat.loopback._tapped(chat.user, chat.last, data)
    await chat.handle()
    answer = chat.loopback.answer(query)
    assert answer is not None, f"the tap with {data} was never answered"
    return answer


async def world(chat: Someone) -> Any:
    """Return everything that a tap could change: plans, legs, orders, portfolios, people, and what is enqueued."""
    async with chat.program.db.read() as tx:
        found = []
        for table in (tables.plans, tables.legs, tables.orders, tables.portfolios, tables.people):
            rows = (await tx.execute(table.select().order_by(*table.primary_key.columns))).mappings()
            # which message shows a plan is no answer to it
            found.append([{name: row[name] for name in row if name not in ("chat_id", "message_id")} for row in rows])
        return found


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann and Ben each have a portfolio and a first plan: 1 and 2."""
    async with after(both, tmp_path) as ann:
        yield ann


async def both(ann: Someone) -> None:
    await ann.set_up()
    await ann.beside(BEN).set_up()


@pytest.mark.long
async def test_a_tap_on_somebody_elses_plan_does_nothing(chat: Someone) -> None:
    """Nor one on a plan that does not exist; which of both it was is not told."""
    before = await world(chat)
    told = {(action, plan): await press(chat, action, f"{plan}{more}") for action, more in ON_A_PLAN.items() for plan in (2, 999)}
    assert {key: (answer.text, answer.alert) for key, answer in told.items()} == dict.fromkeys(told, (NOT_YOURS, True))
    assert await world(chat) == before


async def test_a_tap_on_somebody_elses_portfolio_does_nothing(chat: Someone) -> None:
    """Snoozing its alerts, or changing how it answers."""
    before = await world(chat)
    for action, arg in (("snooze", "2:4"), ("snooze", "999:4"), ("answer", "auto:2"), ("answer", "notify:2"), ("answer", "ask:999")):
        answer = await press(chat, action, arg)
        assert (answer.text, answer.alert) == (NOT_YOURS, True), (action, arg)
    assert await world(chat) == before


async def put(chat: Someone, state: PlanState) -> None:
    """Write the state of Ann's plan, as its end would have."""
    async with chat.program.db.transaction() as tx:
        facts = {"state": state, "decided_at": chat.clock.now(), "finished_at": chat.clock.now() if state is PlanState.DONE else None}
        await tx.execute(tables.plans.update().where(tables.plans.c.id == 1).values(facts))
        await tx.execute(tables.plans.update().where(tables.plans.c.id > 2).values(state=PlanState.SKIPPED))


async def first_plan(chat: Someone) -> Plan:
    """Return Ann's first plan."""
    return (await chat.plans())[0]


#: what may still be done about a plan that is answered: one under way be stopped, one that waits half-way be looked at
_ALLOWED = {
    (PlanState.PARKED, "look_again"),
    (PlanState.PARKED, "close_plan"),
    (PlanState.CONFIRMED, "stop_plan"),
    (PlanState.RUNNING, "stop_plan"),
}
_LOOKS = ("edit", "card", "plan", "leave_it")


@pytest.mark.long
@pytest.mark.parametrize("state", ENDED, ids=[state.value for state in ENDED])
async def test_a_tap_on_a_plan_that_has_ended_says_how_and_changes_nothing(chat: Someone, state: PlanState) -> None:
    """Late, replaced, or twice: no leg is touched, nothing is enqueued, and the window says how the plan stands."""
    if state is PlanState.EXPIRED:
        chat.clock.advance(600)
    for action, more in ON_A_PLAN.items():
        if (state, action) in _ALLOWED:
            continue
        await put(chat, state)
        before, number = await first_plan(chat), chat.newest
        answer = await press(chat, action, f"1{more}")
        after = await first_plan(chat)
        assert (after.state, after.legs, after.decided_at) == (before.state, before.legs, before.decided_at), action
        assert await chat.program.work.run_pending() == 0, action  # type: ignore[attr-defined]
        portfolio = await chat.program.portfolios.by_id(1)
        assert portfolio is not None
        assert portfolio.snoozed_until is None, action
        shown = chat.last.text + chat.since(number)
        if action in _LOOKS:
            assert "Plan 1" in shown, action
        elif action == "again":
            busy = state in (PlanState.CONFIRMED, PlanState.RUNNING, PlanState.PARKED)
            assert ("One plan at a time" if busy else "You asked me to try again") in shown
        else:
            assert (ENDED[state] in answer.text, answer.alert) == (True, True), (action, answer)
            assert ("Here is the plan as of now" in answer.text) == ("Here is the plan as of now" in shown), (action, answer.text)


async def test_a_late_confirm_is_followed_by_the_plan_as_of_now_and_a_late_skip_is_not(chat: Someone) -> None:
    """Who skips wants no plan; only Confirm, and what changes legs, promise a new one and show it."""
    chat.clock.advance(600)
    await put(chat, PlanState.EXPIRED)
    for action, more in (("skip", ""), ("snooze_plan", ":1"), ("look_again", ""), ("close_plan", "")):
        assert (await press(chat, action, f"1{more}")).text == "Plan 1 expired at 09:05 UTC. Nothing was traded."
        assert len(await chat.plans()) == 1, action
    answer = await press(chat, "confirm", "1")
    assert "Here is the plan as of now" in answer.text
    assert [plan.state for plan in await chat.plans()] == [PlanState.EXPIRED, PlanState.PROPOSED]


async def test_a_late_confirm_promises_no_plan_where_another_one_is_under_way(chat: Someone) -> None:
    """It said "Here is the plan as of now", and below it that there can be none."""
    old = chat.with_button("Confirm")
    await chat.step(600)
    await chat.say("/rebalance")
    await chat.tap("Confirm")
    answer = await chat.tap("Confirm", on=old)
    assert answer.text == "Plan 1 expired at 09:05 UTC. Nothing was traded."
    chat.sees("Plan 2 is confirmed and about to start.", "One plan at a time")


async def test_a_late_tap_on_a_plan_of_another_portfolio_leads_to_a_plan_of_that_one(chat: Someone) -> None:
    """The current portfolio is another one by now: the new card says whose it is, and nothing of the current one changes."""
    await chat.say("/start")
    await chat.tap("Keep both")
    await chat.taps("Demo portfolio", "10,000", "Use Balanced")
    chat.clock.advance(600)
    answer = await press(chat, "confirm", "1")
    assert answer.text.startswith("Balanced: Plan 1 expired at")
    assert chat.last.text.startswith("DEMO · Balanced · Plan 2\n")
    assert [plan.number for plan in await chat.plans()] == [1]


@pytest.mark.long
async def test_no_button_works_after_a_month(chat: Someone) -> None:
    """At its last second it does, at the next it says that it is too old; that holds for every button there is."""
    before = await world(chat)
    person, made = chat.user.id, chat.clock.now()
    chat.clock.set(made + LIFETIME)
    for action in BUTTONS:
        data = Signer(chat.program.button_key).pack(action, "1", person, person, made + LIFETIME)
        answer = await press_sealed(chat, data)
        assert (answer.text, answer.alert) == ("This button is too old. Send the command again.", True), action
    assert await world(chat) == before
    data = Signer(chat.program.button_key).pack("help", "", person, person, chat.clock.now() + timedelta(seconds=1))
    assert (await press_sealed(chat, data)).text == ""


async def test_no_button_works_for_somebody_else(chat: Someone) -> None:
    """Ann's buttons in Ben's hand: the seal does not fit, whatever they would do."""
    before = await world(chat)
    for action in BUTTONS:
        data = Signer(chat.program.button_key).pack(action, "1", chat.user.id, chat.user.id, chat.clock.now() + LIFETIME)
        answer = await press_sealed(chat.beside(BEN), data)
        assert (answer.text, answer.alert) == (
            "This button belongs to somebody else, or to records that I no longer have. Send /status to see your own.",
            True,
        ), action
    assert await world(chat) == before


async def test_no_button_that_changes_settings_works_for_other_settings_than_it_was_shown_with(chat: Someone) -> None:
    """Each of them, sealed with the word of settings that are no more."""
    before = await world(chat)
    for action in BOUND:
        tap = speaking_of(Tap(action, "1"), 1, {1: "older"})
        data = Signer(chat.program.button_key).pack(tap.action, tap.arg, chat.user.id, chat.user.id, chat.clock.now() + LIFETIME)
        answer = await press_sealed(chat, data)
        assert (answer.text.startswith("This was shown for other settings or another portfolio."), answer.alert) == (True, True), action
    assert len(BOUND) > 10
    assert await world(chat) == before


async def test_confirm_while_paused_says_so_and_leaves_the_card(chat: Someone) -> None:
    """Nothing is sent; after /resume the same button works."""
    await chat.say("/pause")
    answer = await press(chat, "confirm", "1")
    assert ("paused" in answer.text, answer.alert) == (True, True)
    assert (await first_plan(chat)).state is PlanState.PROPOSED
    await chat.say("/resume")
    assert (await press(chat, "confirm", "1")).text == "Plan 1 is confirmed."


async def test_a_button_that_this_version_does_not_know_says_so(chat: Someone) -> None:
    """After an upgrade, old messages stay in the chat."""
    answer = await press(chat, "teleport", "1")
    assert (answer.text, answer.alert) == ("This button is from an older version. Send the command again.", True)


async def test_who_is_no_operator_lets_nobody_in(chat: Someone) -> None:
    """A button kept from better days, about somebody who waits: the role counts, not the button."""
    await chat.beside(TelegramUser(id=66, name="Eve")).say("hello")
    async with chat.program.db.transaction() as tx:
        ben = await accounts.person(tx, BEN.id)
        assert ben is not None
        chat.program.access._operators -= {BEN.id}
        await accounts.change_person(tx, ben.id, role=Role.MEMBER)
    before = await world(chat)
    for action in ("approve", "block"):
        answer = await press(chat.beside(BEN), action, "66:pending")
        assert (answer.text, answer.alert) == ("Only the operator may use this command.", True), action
    assert await world(chat) == before


async def test_a_tap_of_somebody_without_a_portfolio_leads_to_the_start(tmp_path: Path) -> None:
    """Every button about the current portfolio, in the hand of somebody who has none any more."""
    async with someone(tmp_path) as chat:
        await chat.say("/start")
        for action, arg in (
            ("auto_yes", "500:10%"),
            ("auto", "500:10%"),
            ("answer", AnswerMode.NOTIFY),
            ("unanswered", "reduce:30"),
            ("hedge_open", "c:l:50:20"),
            ("hedge_close", "cover"),
            ("pause", ""),
            ("resume", ""),
            ("rebalance", ""),
            ("use_preset", "balanced"),
            ("theta", "1"),
            ("schedule_set", "freq:daily"),
        ):
            await press(chat, action, arg)
            assert "You have no open portfolio" in chat.last.text, action
