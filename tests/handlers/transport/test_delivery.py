"""What Telegram's answers mean for a stored message, and what becomes of a view that it will not take as it is."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from telegram.error import ChatMigrated, TelegramError

from chatbot.model import Cause, LegState, Message, MessageKind, PlanState, Reason, Verdict
from chatbot.store import accounts, messages, plans
from handlers.chat import pictures
from handlers.loopback import bad_gateway, conflicted, flooded, lost_answer, reset
from handlers.loopback.faults import Fault
from handlers.loopback.refusals import Refused, bad, forbidden
from handlers.transport.delivery import Courier
from tests.moments import after
from tests.person import ANN, Someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Delivery, Plan


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    async with after(Someone.set_up, tmp_path) as opened:
        yield opened


def stored(kind: str = "access_granted", *, plain: bool = False, **facts: object) -> Message:
    """Return a message as the outbox hands it over."""
    return Message(id=1, chat_id=ANN.id, kind=MessageKind(kind), facts={"person_id": ANN.id, **facts}, key="k", plain=plain)


async def deliver(chat: Someone, message: Message) -> Delivery:
    """Make one attempt."""
    return await Courier(chat.program, chat.bot.bot)(message)


REFUSALS = [
    (flooded(9), Verdict.RETRY),
    (bad_gateway(), Verdict.RETRY),
    (conflicted(), Verdict.RETRY),
    (reset(), Verdict.RETRY),
    (lost_answer(), Verdict.RETRY),
    (Fault(error=Refused(401, "Unauthorized")), Verdict.RETRY),
    (Fault(error=Refused(500, "Internal Server Error")), Verdict.RETRY),
    (Fault(error=TelegramError("Invalid server response")), Verdict.RETRY),
    (Fault(error=forbidden("bot was blocked by the user")), Verdict.UNREACHABLE),
    (Fault(error=forbidden("user is deactivated")), Verdict.UNREACHABLE),
    (Fault(error=forbidden("bot can't initiate conversation with a user")), Verdict.UNREACHABLE),
    (Fault(error=bad("chat not found")), Verdict.UNREACHABLE),
    (Fault(error=bad("PEER_ID_INVALID")), Verdict.UNREACHABLE),
    (Fault(error=bad("can't parse entities: Unsupported start tag")), Verdict.PLAIN),
    (Fault(error=bad("message is too long")), Verdict.REFUSED),
    (Fault(error=Refused(413, "Request Entity Too Large")), Verdict.REFUSED),
    (Fault(error=ChatMigrated(-1001)), Verdict.REFUSED),
    (Fault(error=bad("TOPIC_CLOSED")), Verdict.REFUSED),
    (Fault(error=bad("BUTTON_DATA_INVALID")), Verdict.REFUSED),
]


@pytest.mark.parametrize(("fault", "verdict"), REFUSALS, ids=[str(fault.error)[:40] for fault, _ in REFUSALS])
async def test_each_refusal_has_its_verdict(chat: Someone, fault: Fault, verdict: Verdict) -> None:
    """What may pass is tried again, who is gone is marked, what can never be sent is kept for the operator."""
    chat.loopback.fail("sendMessage", fault)
    delivery = await deliver(chat, stored())
    assert delivery.verdict is verdict
    assert delivery.retry_after_s == (9.0 if "429" in str(fault.error) else None)


async def test_a_refused_markup_is_sent_as_plain_text(chat: Someone) -> None:
    """The second attempt carries no markup at all, and entities are characters again."""
    chat.loopback.fail("sendMessage", Fault(error=bad("can't parse entities: whatever")))
    async with chat.program.db.transaction() as tx:
        await messages.post(
            tx, chat_id=ANN.id, kind=MessageKind.ACCESS_GRANTED, facts={"person_id": ANN.id}, key="granted", now=chat.program.clock.now()
        )
    await chat.outbox.drain()
    last = chat.loopback.last(ANN.id)
    assert "The operator has let you in" in last.text
    assert last.buttons
    calls = [call for call in chat.loopback.calls if call.method == "sendMessage"]
    assert (calls[-2].params.get("parse_mode"), calls[-1].params.get("parse_mode")) == ("HTML", None)


async def test_a_refused_markup_in_a_conversation_is_sent_as_plain_text(chat: Someone) -> None:
    """For an answer and for an edit alike."""
    chat.loopback.fail("sendMessage", Fault(error=bad("can't parse entities: whatever")))
    assert "Portfolio" in await chat.say("/help")
    chat.loopback.fail("editMessageText", Fault(error=bad("can't parse entities: whatever")))
    await chat.say("/settings")
    await chat.tap("Language")
    chat.with_button("Español")


async def the_plan(chat: Someone) -> Plan:
    """Return the newest plan."""
    return await chat.plan()


async def test_a_card_that_the_person_deleted_is_sent_anew_and_drawn_there_from_then_on(chat: Someone) -> None:
    """Progress of a plan does not vanish with the message that showed it."""
    plan = await the_plan(chat)
    assert plan.message_id is not None
    await chat.loopback.delete(ANN, plan.message_id)
    delivery = await deliver(chat, stored("plan_card", plan_id=plan.id))
    assert delivery.verdict is Verdict.SENT
    assert (await the_plan(chat)).message_id == delivery.message_id == chat.loopback.last(ANN.id).id
    assert (await deliver(chat, stored("plan_card", plan_id=plan.id))).message_id == delivery.message_id


@pytest.mark.parametrize(
    "refusal",
    [*map(bad, ("IMAGE_PROCESS_FAILED", "PHOTO_INVALID_DIMENSIONS", "PHOTO_SAVE_FILE_INVALID")), Refused(413, "Request Entity Too Large")],
    ids=str,
)
async def test_a_refused_picture_leaves_the_text(chat: Someone, refusal: Refused) -> None:
    """The same facts stand in the words; new messages and edits go out without the picture."""
    chat.loopback.fail("sendPhoto", Fault(error=refusal))
    assert "BTC/ETH" in await chat.say("/status")
    assert chat.loopback.last(ANN.id).picture is None
    plan = await the_plan(chat)
    assert plan.message_id is not None
    await chat.loopback.delete(ANN, plan.message_id)
    chat.loopback.fail("sendPhoto", Fault(error=refusal))
    assert (await deliver(chat, stored("plan_card", plan_id=plan.id))).verdict is Verdict.SENT
    assert "Confirm" in chat.loopback.last(ANN.id).buttons


async def test_a_picture_that_can_not_be_drawn_leaves_the_text(chat: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drawing library that fails costs the picture, not the answer."""

    def fail(*_: object, **__: object) -> bytes:
        raise RuntimeError("no fonts")

    monkeypatch.setattr(pictures, "_drawn", fail)
    assert "BTC/ETH" in await chat.say("/status")
    assert chat.loopback.last(ANN.id).picture is None


async def test_somebody_who_blocked_the_bot_is_left_alone_until_they_write_again(chat: Someone) -> None:
    """Nothing waits for them meanwhile; their next message makes them reachable, and news arrives again."""

    async def post(key: str) -> None:
        async with chat.program.db.transaction() as tx:
            facts = {"person_id": ANN.id}
            await messages.post(tx, chat_id=ANN.id, kind=MessageKind.ACCESS_GRANTED, facts=facts, key=key, now=chat.program.clock.now())

    async def unreachable() -> bool:
        async with chat.program.db.read() as tx:
            person = await accounts.person(tx, ANN.id)
            assert person is not None
            return person.unreachable

    await post("one")
    await post("two")
    chat.loopback._state.chats[ANN.id].closed = "bot was blocked by the user"  # Telegram has not told us yet
    await chat.outbox.drain()
    assert await unreachable()
    async with chat.program.db.read() as tx:
        assert await messages.waiting(tx) == 0
    await post("three")
    newest = chat.newest
    await chat.say("/help")
    assert not await unreachable()
    await post("four")
    chat.clock.advance(5)
    await chat.outbox.drain()
    assert chat.since(newest).count("has let you in") == 1


async def test_blocking_and_coming_back_are_noted_when_telegram_tells(chat: Someone) -> None:
    """The membership update alone is enough, in both directions, and is never answered."""
    await chat.loopback.block(ANN)
    await chat.handle()
    people = await chat.program.access.everybody()
    assert [person.unreachable for person in people if person.id == ANN.id] == [True]
    calls = len(chat.loopback.calls)
    await chat.loopback.unblock(ANN)
    await chat.handle()
    people = await chat.program.access.everybody()
    assert [person.unreachable for person in people if person.id == ANN.id] == [False]
    assert {call.method for call in list(chat.loopback.calls)[calls:]} <= {"getUpdates"}


async def ended(chat: Someone, state: PlanState, leg_state: LegState) -> Plan:
    """Bring the plan to an end by hand, with its first leg in this state."""
    plan = await the_plan(chat)
    async with chat.program.db.transaction() as tx:
        for leg in plan.legs:
            filled = leg.qty if leg.index or leg_state is LegState.FILLED else leg.qty / 2
            await plans.save_leg(tx, plan.id, dataclasses.replace(leg, state=LegState.FILLED if leg.index else leg_state, filled=filled))
        await plans.decide(tx, plan.id, PlanState.CONFIRMED, chat.program.clock.now())
        await plans.set_state(tx, plan.id, state, chat.program.clock.now())
    return await the_plan(chat)


@pytest.mark.parametrize(
    ("kind", "state", "leg"),
    [("plan_parked", PlanState.PARKED, LegState.UNKNOWN), ("plan_result", PlanState.DONE, LegState.PARTIAL)],
    ids=["parked", "fell short"],
)
async def test_a_plan_that_stopped_or_fell_short_rings(chat: Someone, kind: str, state: PlanState, leg: LegState) -> None:
    """Edits make no sound, so it is told in a new message that is the card from then on; the old card loses its buttons."""
    plan = await ended(chat, state, leg)
    newest = chat.newest
    delivery = await deliver(chat, stored(kind, plan_id=plan.id))
    last = chat.loopback.last(ANN.id)
    assert last.id > newest
    assert not last.silent
    assert (await the_plan(chat)).message_id == last.id == delivery.message_id
    old = next(message for message in chat.loopback.chat(ANN.id) if message.id == plan.message_id)
    assert old.buttons == ()


async def test_the_end_of_a_plan_that_took_over_ten_minutes_rings(chat: Someone) -> None:
    """Whoever confirmed it has put the phone away by then."""
    plan = await ended(chat, PlanState.DONE, LegState.FILLED)
    async with chat.program.db.transaction() as tx:
        await tx.exec_driver_sql("UPDATE pf_plans SET finished_at = decided_at + 601 * 1000000")
    await deliver(chat, stored("plan_result", plan_id=plan.id))
    last = chat.loopback.last(ANN.id)
    assert plan.message_id is not None
    assert last.id > plan.message_id
    assert not last.silent
    assert "done in 10 minutes" in last.text


async def test_a_plan_that_went_well_is_drawn_in_its_card(chat: Someone) -> None:
    """One message per plan where nothing has to be heard; stale steps are not drawn over the result."""
    plan = await ended(chat, PlanState.DONE, LegState.FILLED)
    newest = chat.newest
    assert (await deliver(chat, stored("plan_progress", plan_id=plan.id))).detail == "overtaken by the result"
    await deliver(chat, stored("plan_result", plan_id=plan.id))
    assert chat.newest == newest
    assert "done" in next(message.text for message in chat.loopback.chat(ANN.id) if message.id == plan.message_id)


async def test_what_is_gone_or_nobodys_ends_quietly(chat: Someone) -> None:
    """A plan that was deleted, a portfolio that is gone, a chat that nobody has."""
    assert (await deliver(chat, stored("plan_card", plan_id=999))).verdict is Verdict.SENT
    assert (await deliver(chat, stored("drift_alert", portfolio_id=999, lines=[]))).verdict is Verdict.SENT
    nobody = dataclasses.replace(stored(), chat_id=777)
    assert (await deliver(chat, nobody)).verdict is Verdict.REFUSED


async def test_a_message_of_an_unknown_kind_is_our_mistake(chat: Someone) -> None:
    """It raises, so that the outbox counts it as a fault of ours and keeps it for the operator."""
    with pytest.raises(Exception, match="no view for a message"):
        await deliver(chat, stored("horoscope", portfolio_id=1))


@pytest.mark.parametrize("label", ["Look again", "Close it"])
async def test_a_parked_plan_is_answered_by_its_owner_once(chat: Someone, label: str) -> None:
    """The first tap lets it go on or ends it; the second says that nothing changes; the parked plan blocks nothing afterwards."""
    plan = await the_plan(chat)
    await chat.tap("Confirm")
    async with chat.program.db.transaction() as tx:
        await plans.set_state(tx, plan.id, PlanState.PARKED, chat.program.clock.now())
    await chat.work()
    await deliver(chat, stored("plan_parked", plan_id=plan.id))
    card = chat.with_button(label)
    answer = await chat.tap(label, on=card)
    assert "plan 1" in answer.text.lower()
    assert not answer.alert
    assert (await chat.tap(label, on=card)).alert
    await chat.work()
    assert (await the_plan(chat)).state is PlanState.DONE
    portfolio = await chat.program.portfolios.by_id(1)
    assert portfolio is not None
    await chat.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.MANUAL),))
