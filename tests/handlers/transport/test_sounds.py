"""From the outbox to the phone: what rings there, what does not, and what is not sent at all any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.model import Check, LegState, Message, MessageKind, NotAlone, PlanState, Problem, Verdict
from chatbot.store import plans, portfolios, tables
from handlers.transport.delivery import Courier
from tests.moments import after
from tests.person import Someone
from tests.store import samples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Delivery, Plan


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down before a first plan's card."""
    async with after(Someone.set_up, tmp_path) as opened:
        yield opened


async def deliver(ann: Someone, kind: MessageKind, *, silent: bool = False, **facts: object) -> Delivery:
    """Make one attempt to deliver a message about the portfolio and its plan."""
    about: dict[str, Any] = {"portfolio_id": 1, "plan_id": 1, **facts}
    message = Message(id=1, chat_id=ann.user.id, kind=kind, facts=about, key="k", silent=silent)
    return await Courier(ann.program, ann.bot.bot)(message)


LINE = {"line": "CORE", "weight": "0.46", "target": "0.4", "band": "0.05", "breach": "over"}
#: what can be told from its facts alone
TOLD: dict[MessageKind, dict[str, Any]] = {
    MessageKind.DRIFT: {"lines": [LINE]},
    MessageKind.MARGIN: {"distance": "0.07", "leverage": "3.4"},
    MessageKind.EVALUATED_AGAIN: {},
    MessageKind.MISSED_CHECKS: {"since": "2026-01-05T07:00:00+00:00", "until": "2026-01-05T09:00:00+00:00", "count": 120, "exact": True},
    MessageKind.SCHEDULE_DUE: {},
    MessageKind.SCHEDULE_SKIPPED: {"count": 2, "latest": "2026-01-05T09:00:00+00:00"},
    MessageKind.STUMBLED: {"id": "a1b2c3"},
    MessageKind.PLAN_REMINDER: {"why": NotAlone.NONE},
    MessageKind.PLAN_UNANSWERED: {"why": NotAlone.MOVED},
}


async def test_a_message_makes_a_sound_exactly_where_it_waits_with_one(ann: Someone) -> None:
    """Telegram is told of each; a new message each time."""
    for kind, facts in TOLD.items():
        for silent in (False, True):
            number = ann.newest
            delivery = await deliver(ann, kind, silent=silent, **facts)
            assert (delivery.verdict, delivery.message_id) == (Verdict.SENT, ann.last.id), kind
            assert ann.last.id > number
            assert ann.last.silent is silent, kind


async def test_a_margin_alert_says_how_near_the_liquidation_is_and_leaves_out_what_is_unknown(ann: Someone) -> None:
    """The numbers of the moment in which it was written, whatever the account is by the time it arrives."""
    await deliver(ann, MessageKind.MARGIN, distance="0.07", leverage="3.4")
    assert "7.0%" in ann.last.text.replace("\N{NO-BREAK SPACE}", "")
    assert "3.4" in ann.last.text
    await deliver(ann, MessageKind.MARGIN, distance=None, leverage="3.4")
    assert "7.0" not in ann.last.text
    assert "None" not in ann.last.text


async def test_a_problem_is_told_as_it_is_by_then_and_not_at_all_when_it_is_over(ann: Someone) -> None:
    """Written at night, sent in the morning: what the last check found is said, or nothing."""
    for problems, told in (((Problem(code="stale_price", instrument="SOL", age_s=300.0),), True), ((), False)):
        async with ann.program.db.transaction() as tx:
            figures = None if problems else samples.FIGURES
            await portfolios.save_checks(tx, {1: Check(at=ann.clock.now(), figures=figures, problems=problems)})
        number = ann.newest
        delivery = await deliver(ann, MessageKind.PROBLEM)
        assert delivery.verdict is Verdict.SENT
        assert (ann.newest > number) is told
        if told:
            assert "SOL" in ann.last.text
        else:
            assert delivery.detail == "nothing left to say"


async def test_a_reminder_of_a_plan_that_was_answered_is_not_sent(ann: Someone) -> None:
    """It was due while the answer was on its way."""
    await ann.tap("Skip")
    number = ann.newest
    assert (await deliver(ann, MessageKind.PLAN_REMINDER, why="")).detail == "answered meanwhile"
    assert ann.newest == number


async def state(ann: Someone, to: PlanState, leg: LegState = LegState.FILLED, *, shown: bool = True) -> Plan:
    """Bring the plan into a state, with its card where it is or nowhere."""
    plan = await ann.plan()
    async with ann.program.db.transaction() as tx:
        for one in plan.legs:
            await plans.save_leg(tx, plan.id, replace(one, state=leg, filled=one.qty if leg is LegState.FILLED else one.qty / 2))
        card: dict[str, Any] = {} if shown else {"chat_id": None, "message_id": None}
        now = ann.clock.now()
        facts = {"state": to, "decided_at": now, "finished_at": now + timedelta(seconds=40) if to is PlanState.DONE else None, **card}
        await tx.execute(tables.plans.update().where(tables.plans.c.id == plan.id).values(facts))
    return await ann.plan()


RINGS = [
    (MessageKind.PLAN_CARD, PlanState.PROPOSED, LegState.PLANNED, False),
    (MessageKind.PLAN_PROGRESS, PlanState.RUNNING, LegState.OPEN, False),
    (MessageKind.PLAN_RESULT, PlanState.DONE, LegState.FILLED, False),
    (MessageKind.PLAN_RESULT, PlanState.DONE, LegState.PARTIAL, True),
    (MessageKind.PLAN_PARKED, PlanState.PARKED, LegState.UNKNOWN, True),
    (MessageKind.PLAN_PARKED, PlanState.RUNNING, LegState.OPEN, False),
    (MessageKind.PLAN_RESULT, PlanState.RUNNING, LegState.PARTIAL, False),
]


@pytest.mark.parametrize(("kind", "to", "leg", "rings"), RINGS, ids=[f"{kind.value} {to.value} {leg.value}" for kind, to, leg, _ in RINGS])
async def test_a_plan_is_drawn_in_its_card_unless_it_must_be_heard(
    ann: Someone, kind: MessageKind, to: PlanState, leg: LegState, rings: bool
) -> None:
    """A new message only for a plan that stopped or fell short, as it stands by now; it is the card from then on."""
    plan = await state(ann, to, leg)
    number = ann.newest
    delivery = await deliver(ann, kind)
    assert (ann.newest > number) is rings
    assert (await ann.plan()).message_id == delivery.message_id
    assert (delivery.message_id == plan.message_id) is not rings
    if rings:
        assert not ann.last.silent
        assert next(message for message in ann.messages if message.id == plan.message_id).buttons == ()


@pytest.mark.parametrize("silent", [False, True])
async def test_a_plan_that_was_never_shown_comes_as_loud_as_it_waits(ann: Someone, silent: bool) -> None:
    """And is drawn there from then on."""
    await state(ann, PlanState.PROPOSED, LegState.PLANNED, shown=False)
    delivery = await deliver(ann, MessageKind.PLAN_CARD, silent=silent)
    assert ann.last.silent is silent
    plan = await ann.plan()
    assert (plan.chat_id, plan.message_id) == (ann.user.id, delivery.message_id) == (ann.user.id, ann.last.id)


@pytest.mark.parametrize("to", [PlanState.DONE, PlanState.PARKED])
async def test_a_step_that_was_overtaken_is_not_drawn_over_the_end(ann: Someone, to: PlanState) -> None:
    """The result stands in the card already."""
    await state(ann, to)
    before = [message.text for message in ann.messages]
    assert (await deliver(ann, MessageKind.PLAN_PROGRESS)).detail == "overtaken by the result"
    assert [message.text for message in ann.messages] == before


@pytest.mark.parametrize(("to", "kind"), [(PlanState.DONE, MessageKind.PLAN_RESULT), (PlanState.PARKED, MessageKind.PLAN_PARKED)])
async def test_a_card_that_nobody_saw_before_its_plan_fell_short_is_not_sent_beside_the_news(
    ann: Someone, to: PlanState, kind: MessageKind
) -> None:
    """Seen in a played quarter: a plan of the bot's own, and one of /panic, told the same result in two messages within a second."""
    await state(ann, to, LegState.PARTIAL, shown=False)
    number = len(ann.messages)
    assert (await deliver(ann, MessageKind.PLAN_CARD, silent=True)).detail == "overtaken by the result"
    assert len(ann.messages) == number
    await deliver(ann, kind)
    assert len(ann.messages) == number + 1
    assert not ann.last.silent


async def test_a_card_that_nobody_saw_of_a_plan_that_went_well_stays_silent(ann: Someone) -> None:
    """Its result rings for nobody, so the card tells it."""
    await state(ann, PlanState.DONE, shown=False)
    await deliver(ann, MessageKind.PLAN_CARD, silent=True)
    number = ann.newest
    assert ann.last.silent
    assert "done in" in ann.last.text
    await deliver(ann, MessageKind.PLAN_RESULT)
    assert ann.newest == number


async def test_the_question_of_a_stopped_plan_stands_in_one_message(ann: Someone) -> None:
    """The older one has no buttons for it any more, and would keep asking when the plan has long ended."""
    await state(ann, PlanState.PARKED, LegState.UNKNOWN)
    await deliver(ann, MessageKind.PLAN_PARKED)
    old, new = (message for message in ann.messages[-2:])
    assert old.text.splitlines()[1:] == ["It continues in a newer message below."]
    assert "Look again" in new.buttons
