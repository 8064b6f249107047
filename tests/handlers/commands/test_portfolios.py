"""Several portfolios in the chat: a second /start, /portfolios with all its buttons, /pause and /resume of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatbot.model import MessageKind, PlanState
from chatbot.portfolio.manage import MOST_OPEN
from chatbot.store import accounts, messages, plans, portfolios, tables
from tests.handlers.commands.test_refusals import press
from tests.moments import after
from tests.person import BEN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Plan, Portfolio

SET_UP = ("Demo portfolio", "10,000", "Use Balanced")


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann has one portfolio and its first card."""
    async with after(Someone.set_up, tmp_path) as found:
        yield found


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann has two; the second is the current one."""
    async with after(both, tmp_path) as found:
        yield found


async def both(ann: Someone) -> None:
    await ann.set_up()
    await second(ann)


async def second(ann: Someone, answer: str = "Keep both") -> None:
    """Set another portfolio up."""
    await ann.say("/start")
    await ann.taps(answer, *SET_UP)


async def theirs(chat: Someone) -> tuple[Portfolio, ...]:
    """Return somebody's portfolios, oldest first."""
    async with chat.program.db.read() as tx:
        return await portfolios.of_person(tx, chat.user.id)


async def plan_of(chat: Someone, portfolio_id: int) -> Plan:
    """Return the newest plan of a portfolio."""
    async with chat.program.db.read() as tx:
        return (await plans.plans(tx, portfolio_id, limit=1))[0]


# A second /start


async def test_a_second_start_asks_and_opens_nothing_by_itself(tmp_path: Path) -> None:
    """Neither /start, nor any button of an older set-up, nor "New portfolio" gets past the question."""
    async with someone(tmp_path) as ann:
        await ann.say("/start")
        pages = []
        for label in SET_UP:
            pages.append(ann.with_button(label))
            await ann.tap(label)
        question = "Do you want to replace it, or keep both?"
        assert question in await ann.say("/start")
        assert ann.last.buttons[:2] == ("Keep both", "Replace Balanced")
        await ann.say("/mode")
        await ann.tap("New portfolio")
        ann.sees(question)
        for page, label in zip(pages, SET_UP, strict=True):
            await ann.tap(label, on=page)
        assert len(await theirs(ann)) == 1
        assert await ann.dialog() is None


async def test_keeping_both_gives_the_new_one_a_name_of_its_own(two: Someone) -> None:
    first, new = await theirs(two)
    assert (first.name, new.name, first.is_open, new.is_open) == ("balanced", "balanced 2", True, True)
    assert await two.portfolio_id() == new.id
    created = next(message for message in two.messages if "ready" in message.text and "Balanced 2" in message.text)
    assert "Commands are about this one now; /portfolios switches." in created.text
    card = two.sees("DEMO · Balanced 2 · Plan 1")
    assert "Confirm" in card.buttons
    assert (await plan_of(two, first.id)).state is PlanState.PROPOSED, "the first one goes on as it was"
    await two.work()
    cards = [message.text.partition("\n")[0] for message in two.messages if "Confirm" in message.buttons]
    assert [card.splitlines()[0] for card in cards] == ["DEMO · Balanced · Plan 1", "DEMO · Balanced 2 · Plan 1"]


async def test_replacing_closes_the_old_one_with_the_opening_of_the_new_one(ann: Someone) -> None:
    """Until the last tap the old one lives; then its card ends visibly, and the new one has its name."""
    old_card = ann.with_button("Confirm")
    await ann.say("/start")
    await ann.taps("Replace Balanced", *SET_UP[:-1])
    ann.sees("Balanced is closed when this one is opened.")
    assert [one.is_open for one in await theirs(ann)] == [True]
    await ann.tap(SET_UP[-1])
    await ann.work()
    old, new = await theirs(ann)
    assert (old.is_open, old.closed_at, new.name) == (False, ann.clock.now(), "balanced")
    assert "Balanced is closed; its history is under /portfolios." in "".join(message.text for message in ann.messages)
    shown = next(message for message in ann.messages if message.id == old_card.id)
    assert "Plan 1 ended, because the portfolio was closed. Nothing was traded." in shown.text
    assert shown.text.startswith("DEMO · Balanced · closed")
    assert shown.buttons == ()


async def test_the_last_tap_closes_only_what_its_page_names(ann: Someone) -> None:
    """A page on which both were to stay, tapped in a later set-up that replaces, and the other way round: refused in words."""
    pages = {}
    for answer in ("Keep both", "Replace Balanced"):
        await ann.say("/start")
        await ann.taps(answer, *SET_UP[:-1])
        pages[answer] = ann.last
    await ann.tap("Use Balanced", on=pages["Keep both"])
    ann.sees("You have given another answer since.")
    await ann.say("/start")
    await ann.taps("Keep both", *SET_UP[:-1])
    await ann.tap("Use Balanced", on=pages["Replace Balanced"])
    ann.sees("You have given another answer since.")
    assert [(one.name, one.is_open) for one in await theirs(ann)] == [("balanced", True)]


@pytest.mark.long
async def test_what_is_replaced_must_end_its_plan_first(ann: Someone) -> None:
    """Then nothing is opened, and the same button works when the plan has ended."""
    await ann.tap("Confirm")
    await ann.say("/start")
    await ann.taps("Replace Balanced", *SET_UP)
    ann.sees("Plan 1 is not finished, so this portfolio can't be replaced yet. Nothing was opened.")
    assert len(await theirs(ann)) == 1
    await ann.work()
    await ann.tap("Use Balanced")
    old, new = await theirs(ann)
    assert (old.is_open, new.is_open) == (False, True)
    assert (await plan_of(ann, old.id)).state is PlanState.DONE


async def test_a_killed_set_up_goes_on_with_what_was_answered(tmp_path: Path) -> None:
    """The answer is in the dialog: the next process replaces what was to be replaced, and nothing else."""
    async with someone(tmp_path) as ann:
        await ann.set_up()
        await ann.say("/start")
        await ann.taps("Replace Balanced", "Demo portfolio")
        loopback, clock = ann.loopback, ann.clock
    async with someone(tmp_path, loopback=loopback, clock=clock) as ann:
        assert [one.is_open for one in await theirs(ann)] == [True]
        await ann.taps("10,000", "Use Balanced")
        assert [one.is_open for one in await theirs(ann)] == [False, True]


async def test_no_more_portfolios_than_a_page_and_a_check_can_bear(ann: Someone) -> None:
    async with ann.program.db.transaction() as tx:
        one = (await portfolios.of_person(tx, ann.user.id))[0]
        for _ in range(MOST_OPEN - 1):
            await portfolios.add(tx, one)
    await ann.say("/start")
    await ann.tap("Keep them all")
    ann.sees(f"You have {MOST_OPEN} portfolios open, and that is the limit. Close one first: /portfolios.")
    assert len(await theirs(ann)) == MOST_OPEN


# /portfolios


async def test_the_list_says_mark_name_value_and_state_of_each(two: Someone) -> None:
    """And a dash, never a 0, where the value is unknown."""
    await two.say("/pause")
    await two.tap("Resume Balanced")
    await two.say("/portfolios")
    first, state, other, other_state, *_ = two.last.text.split("\n")
    assert first.startswith("DEMO · Balanced · $10,000")
    assert state == "   active · asks · plan 1 waits for your answer"
    assert other.startswith("DEMO · Balanced 2 · $10,000")
    assert other.endswith("✓")
    assert other_state == "   paused · asks · plan 1 waits for your answer"
    two.sees("Commands are about the one marked ✓.")
    async with two.program.db.transaction() as tx:
        await tx.execute(tables.portfolios.update().where(tables.portfolios.c.id == 2).values(exchange="another world"))
    two.program.accounts._open.clear()
    await two.say("/portfolios")
    two.sees("DEMO · Balanced 2 · — ✓")


async def test_a_tap_switches_and_commands_follow(two: Someone) -> None:
    await two.say("/portfolios")
    await two.tap("Balanced")
    assert await two.portfolio_id() == 1
    assert "✓ Balanced" in two.last.buttons
    assert (await two.say("/status")).startswith("DEMO · Balanced\n")
    await two.tap("✓ Balanced", on=two.with_button("✓ Balanced"))
    assert await two.portfolio_id() == 1


async def test_a_typed_name_stands_on_everything_from_then_on(two: Someone) -> None:
    """What cannot be a name is told and asked again; the name is escaped."""
    await two.say("/portfolios")
    await two.tap("Rename")
    for wrong in ("Balanced", "L I V E", "x" * 25):
        await two.say(wrong)
        assert (await theirs(two))[1].name == "balanced 2"
    await two.say("<b>Pension</b> & co")
    assert (await theirs(two))[1].name == "<b>Pension</b> & co"
    two.sees("DEMO · <b>Pension</b> & co · ")
    assert await two.dialog() is None
    assert (await two.say("/status")).startswith("DEMO · <b>Pension</b> & co\n")
    await two.work()
    assert two.with_button("Confirm").text.startswith("DEMO · <b>Pension</b> & co · Plan 1")


async def test_a_name_that_the_strategy_gave_goes_with_the_strategy(two: Someone) -> None:
    await two.say("/targets BTC 10 ETH 10 ALT 20 USDT 60")
    assert [one.name for one in await theirs(two)] == ["balanced", "custom"]
    await two.say("/portfolios")
    await two.tap("Rename")
    await two.say("Mine")
    await two.say("/targets BTC 20 ETH 10 ALT 20 USDT 50")
    assert [one.name for one in await theirs(two)] == ["balanced", "Mine"]


async def test_closing_asks_once_and_then_nothing_happens_any_more(two: Someone) -> None:
    """No checks, no alerts, no Confirm, nothing sold; the history is read as before."""
    card = two.with_button("Confirm")
    alert = {"portfolio_id": 2, "lines": [{"line": "ALT", "weight": "0.5", "target": "0.4", "band": "0.05", "breach": "over"}]}
    await two.say("/portfolios")
    await two.tap("Close")
    two.sees("Close this portfolio?", "It sells nothing", "Plan 1 waits for your answer, and ends unanswered.")
    page = two.last
    assert [one.is_open for one in await theirs(two)] == [True, True]
    await two.tap("Close Balanced 2")
    two.sees("DEMO · Balanced 2 · closed", "Commands are about Balanced now.")
    await two.work()
    assert await two.portfolio_id() == 1
    answer = await two.tap("Confirm", on=card)
    assert answer.text == "Balanced 2: Plan 1 ended, because the portfolio was closed. Nothing was traded."
    await two.tap("Close Balanced 2", on=page)
    two.sees("This portfolio is closed: it does nothing any more.")
    async with two.program.db.transaction() as tx:
        await messages.post(tx, chat_id=two.user.id, kind=MessageKind.DRIFT, facts=alert, key="late", now=two.clock.now())
    before = two.newest
    tick = await two.step()
    assert (tick.portfolios, two.since(before)) == (1, "")
    exchange = await two.program.accounts.exchange(2)
    assert not exchange.state.orders  # type: ignore[attr-defined]  # the paper one
    await two.say("/portfolios")
    await two.taps("Closed: 1", "Balanced 2: history")
    assert two.sees("DEMO · Balanced 2 · closed · History").buttons == ("Plan 1", "CSV")
    await two.tap("Plan 1")
    two.sees("DEMO · Balanced 2 · closed · Plan 1")


@pytest.mark.long
async def test_a_plan_under_way_is_named_and_must_end_before_closing(two: Someone) -> None:
    """Shown before the tap, and told where it was confirmed in between."""
    await two.say("/portfolios")
    await two.tap("Close")
    page = two.last
    await two.tap("Confirm")
    await two.tap("Close Balanced 2", on=page)
    two.sees("DEMO · Balanced 2", "Plan 1 is not finished. The portfolio can be closed when it has ended.")
    await two.say("/portfolios")
    await two.tap("Close")
    two.sees("Plan 1 is not finished.")
    await two.work()
    await two.tap("Close Balanced 2", on=page)
    assert [one.is_open for one in await theirs(two)] == [True, False]


@pytest.mark.long
async def test_a_closed_portfolio_can_be_opened_again_and_is_paused_then(two: Someone) -> None:
    """Under a name that is free, with all that it held and remembered."""
    await two.say("/portfolios")
    await two.taps("Balanced", "Close", "Close Balanced")
    await two.say("/portfolios")
    await two.tap("Rename")
    await two.say("Other")
    await second(two, "Replace Other")
    assert [one.name for one in await theirs(two) if one.is_open] == ["balanced"]
    await two.say("/portfolios")
    await two.tap("Closed: 2")
    await two.tap("Open Balanced again")
    first = (await theirs(two))[0]
    assert (first.is_open, first.paused, first.name) == (True, True, "balanced 2")
    assert await two.portfolio_id() == 1
    assert (await two.step()).portfolios == 1
    await two.say("/resume")
    assert (await two.step()).portfolios == 2


async def test_the_last_one_closed_leaves_a_person_without_a_portfolio(ann: Someone) -> None:
    await ann.say("/portfolios")
    await ann.taps("Close", "Close Balanced")
    assert "You have no open portfolio" in await ann.say("/status")
    assert "No portfolio is open. /start sets one up." in await ann.say("/portfolios")
    await ann.say("/start")
    await ann.taps(*SET_UP)
    assert [(one.name, one.is_open) for one in await theirs(ann)] == [("balanced", False), ("balanced", True)]


async def test_nobody_switches_renames_or_closes_what_belongs_to_others(two: Someone) -> None:
    """The use cases themselves ask whose it is, whatever a button says."""
    ben = two.beside(BEN)
    await ben.set_up()
    async with two.program.db.read() as tx:
        person = await accounts.person(tx, BEN.id)
    assert person is not None
    use_cases = two.program.portfolios
    before = await theirs(two)
    assert await use_cases.switch(person, 1) == (None, False)
    assert await use_cases.rename(person, 1, "Mine") is None
    assert await use_cases.close(person, 1) is None
    assert await use_cases.reopen(person, 1) is None
    assert [row.portfolio.id for row in await use_cases.pause(person, 1)] == [3]
    assert await theirs(two) == before


# /pause and /resume


async def test_pause_stops_all_and_names_them_and_each_can_go_on(two: Someone) -> None:
    """Twice is once; Confirm says so; a button resumes the one that it names."""
    card = two.with_button("Confirm")
    for _ in range(2):
        answer = await two.say("/pause")
        assert answer.startswith(
            "DEMO · Balanced · paused\nDEMO · Balanced 2 · paused\nNo checks, no alerts, no plans of my own until /resume."
        )
    assert [one.paused for one in await theirs(two)] == [True, True]
    assert (await two.step()).portfolios == 0
    told = await two.tap("Confirm", on=card)
    assert (told.text or "").startswith("Balanced 2: This portfolio is paused, so nothing of plan 1 was sent.")
    await two.tap("Resume Balanced")
    two.sees("DEMO · Balanced · active\nDEMO · Balanced 2 · paused\nWhat is paused has no checks")
    assert two.last.buttons == ("Pause Balanced", "Resume Balanced 2", "Portfolios")
    assert [one.paused for one in await theirs(two)] == [False, True]
    assert (await two.step()).portfolios == 1
    for _ in range(2):
        assert "DEMO · Balanced · active\nDEMO · Balanced 2 · active\nChecks and alerts go on." in await two.say("/resume")
    assert (await two.step()).portfolios == 2


async def test_plans_under_way_are_named_in_the_answer_to_pause(two: Someone) -> None:
    """Both are called plan 1, so the answer and the buttons say whose."""
    await two.tap("Confirm")
    await two.say("/portfolios")
    await two.tap("Balanced")
    await two.say("/rebalance")
    await two.tap("Confirm")
    answer = await two.say("/pause")
    assert "Balanced: Plan 2 is already on its way" in answer
    assert "Balanced 2: Plan 1 is already on its way" in answer
    assert two.last.buttons[:2] == ("Stop plan 2 · Balanced", "Stop plan 1 · Balanced 2")


# Dialogs


@pytest.mark.parametrize("then", ["switch", "close"])
async def test_a_name_that_was_asked_for_one_is_given_to_no_other(two: Someone, then: str) -> None:
    """The question is left with the portfolio that it was about, whether another one is chosen or that one is closed."""
    await two.say("/portfolios")
    await two.tap("Rename")
    assert await two.dialog() == ("rename", {"portfolio": 2})
    await (press(two, "switch", "", about=1) if then == "switch" else press(two, "close_yes", "", about=2))
    assert await two.dialog() is None
    await two.say("Mine")
    assert [one.name for one in await theirs(two)] == ["balanced", "balanced 2"]


async def test_what_is_typed_after_a_switch_goes_to_no_portfolio(two: Someone) -> None:
    """Weights were asked for one portfolio; then another became current: the question is left, and that is told."""
    await press(two, "preset", "custom")
    assert await two.dialog() == ("weights", {"portfolio": 2})
    await two.say("/portfolios")
    before = await theirs(two)
    await two.tap("Balanced")
    assert "I closed the dialog you had open." in "".join(message.text for message in two.messages)
    await two.say("BTC 10 ETH 10 ALT 20 USDT 60")
    two.sees("I did not understand that")
    assert await theirs(two) == before


async def test_what_is_typed_goes_to_the_portfolio_that_was_asked_about(two: Someone) -> None:
    """A page of the portfolio that is not the current one asks for weights: they are for that one, and the answer names it."""
    await two.say("/portfolios")
    await two.tap("Balanced")
    await press(two, "preset", "custom", about=2)
    two.sees("DEMO · Balanced 2 · own weights")
    assert (await two.say("BTC 10 ETH 10 ALT 20 USDT 60")).startswith("DEMO · Custom · changed")
    first, other = await theirs(two)
    assert (first.strategy.preset, other.strategy.preset) == ("balanced", "custom")


async def test_a_name_in_another_language_is_the_strategys_name(two: Someone) -> None:
    """It would come back as a second "Balanced" with the next language."""
    await two.say("/portfolios")
    await two.tap("Rename")
    await two.say("Equilibrada")
    two.sees("You have a portfolio called Equilibrada already.")
    await two.say("equilibrada 7")
    two.sees("DEMO · Balanced 7 · ")
    assert [one.name for one in await theirs(two)] == ["balanced", "balanced 7"]


async def test_one_that_cannot_be_read_keeps_nobody_from_the_others(two: Someone) -> None:
    """Its row is broken and it is the current one: the list shows the other, and a tap leads there."""
    async with two.program.db.transaction() as tx:
        await tx.execute(tables.portfolios.update().where(tables.portfolios.c.id == 2).values(strategy="{"))
    answer = await two.say("/portfolios")
    assert answer.startswith("DEMO · Balanced · $10,000")
    await two.tap("Balanced")
    assert await two.portfolio_id() == 1
    assert (await two.say("/status")).startswith("DEMO · Balanced")
    await two.say("/bands")
    await two.tap("to the edge")
    assert (await theirs(two))[0].strategy.theta == 0


async def test_one_that_cannot_be_valued_is_listed_and_can_be_closed(two: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its evaluation stumbles over."""
    look = two.program.evaluator.look

    async def stumbles(portfolio: Portfolio, **options: Any) -> Any:
        if portfolio.id == 2:
            raise ZeroDivisionError
        return await look(portfolio, **options)

    monkeypatch.setattr(two.program.evaluator, "look", stumbles)
    answer = await two.say("/portfolios")
    assert "DEMO · Balanced · $10,000" in answer
    assert "DEMO · Balanced 2 · — ✓" in answer
    await two.taps("Close", "Close Balanced 2")
    assert [one.is_open for one in await theirs(two)] == [True, False]


async def test_a_first_plan_that_was_made_and_never_shown_is_shown_by_the_same_tap(tmp_path: Path) -> None:
    """The process was killed between the two; the tap comes again, and makes neither a second portfolio nor a second plan."""
    async with someone(tmp_path) as chat:
        await chat.set_up()
        choice, (made,) = chat.last, await chat.plans()
        async with chat.program.db.transaction() as tx:
            await tx.exec_driver_sql("UPDATE pf_plans SET chat_id = NULL, message_id = NULL")
        assert "Confirm" in choice.buttons
        await press(chat, "choose", "balanced")
        card = chat.last
        assert card.id > choice.id
        assert "Confirm" in card.buttons
        (plan,) = await chat.plans()
        assert (plan.id, plan.message_id) == (made.id, card.id)
        assert len(await theirs(chat)) == 1
