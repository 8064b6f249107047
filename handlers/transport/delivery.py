"""The outbox's way out: a stored message becomes a Bot API call and a verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from chatbot.errors import InternalError
from chatbot.model import Delivery, MessageKind, Phase, PlanState, Role, Verdict
from chatbot.store import accounts, events, halt, messages, plans
from handlers.buttons import Signer, markup
from handlers.chat import sending
from handlers.chat.context import words_for, words_of_pages
from handlers.chat.lowest_message import Alert
from handlers.transport import rendering
from handlers.transport.rate_limit import newest_of, pause_s
from handlers.views import alerts
from handlers.views.plan import progress
from handlers.views.plan.legs import ended_short

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telegram.ext import ExtBot

    from chatbot.app import Program
    from chatbot.i18n import Words
    from chatbot.model import Message, Person, Plan
    from handlers.views.common import View

log = structlog.get_logger()

#: what announces a plan that follows it, and within which time
_BECOMES_CARD, _SOON = (MessageKind.DRIFT, MessageKind.SIGNALS), timedelta(minutes=10)
#: the end of a plan that took longer is heard
_LONG = timedelta(minutes=10)
#: what Telegram says to a person who cannot be written to, in its 400 answers
_GONE = ("chat not found", "user is deactivated", "bot can't initiate conversation", "peer_id_invalid", "user not found")


class Courier:
    """Sends stored messages; made with the bot and given to the outbox as ``send``."""

    def __init__(self, program: Program, bot: ExtBot[None]) -> None:
        self._program = program
        self._bot = bot

    async def __call__(self, message: Message) -> Delivery:
        """Try once to deliver a message."""
        try:
            return await self._deliver(message)
        except RetryAfter as wait:
            return Delivery(verdict=Verdict.RETRY, retry_after_s=pause_s(wait, 0))
        except Forbidden as refusal:
            return Delivery(verdict=Verdict.UNREACHABLE, detail=str(refusal))
        except (BadRequest, ChatMigrated) as refusal:
            return _refused(message, str(refusal))
        except TelegramError as trouble:  # the network, the token for a moment, an answer that was no JSON: all may pass
            return Delivery(verdict=Verdict.RETRY, detail=type(trouble).__name__)

    async def _deliver(self, message: Message) -> Delivery:
        async with self._program.db.read() as tx:
            person = await accounts.person(tx, message.chat_id)  # a private chat has the id of its person
        if person is None or person.chat_id != message.chat_id:
            return Delivery(verdict=Verdict.REFUSED, detail="nobody has this chat")
        if person.role is Role.BLOCKED:
            return Delivery(verdict=Verdict.SENT, detail="kept from somebody blocked")
        if message.kind in rendering.ABOUT_PLANS:
            return await self._about_plan(message, person)
        if message.kind in rendering.CARDS:
            return await self._plan(message, person)
        view = await rendering.view_of(self._program, words_for(self._program, person), message)
        if view is None:
            return Delivery(verdict=Verdict.SENT, detail="nothing left to say")
        delivery = await self._send(message, person, view)
        if _announces(message) and delivery.message_id is not None:
            alert = Alert(delivery.message_id, int(message.facts["portfolio_id"]), self._program.clock.now(), view)
            newest_of(self._bot).note_alert(message.chat_id, alert, _SOON)
        return delivery

    async def _about_plan(self, message: Message, person: Person) -> Delivery:
        """Say something about a plan in a message of its own, in reply to its card."""
        async with self._program.db.read() as tx:
            plan = await plans.plan(tx, int(message.facts["plan_id"]))
        portfolio = await self._program.portfolios.by_id(plan.portfolio_id) if plan else None
        if plan is None or portfolio is None:
            return Delivery(verdict=Verdict.SENT, detail="the plan is gone")
        view = rendering.ABOUT_PLANS[message.kind](words_for(self._program, person), portfolio, plan, message.facts)
        if view is None:
            return Delivery(verdict=Verdict.SENT, detail="answered meanwhile")
        return await self._send(message, person, view, reply_to=plan.message_id)

    async def _plan(self, message: Message, person: Person) -> Delivery:
        """Draw a plan in its card. What must be heard is told in a new message, its card from then on: edits do not ring.

        So is a result under whose card newer messages stand: nobody would see it change up there.
        """
        async with self._program.db.read() as tx:
            plan = await plans.plan(tx, int(message.facts["plan_id"]))
            stand = await halt.of_plan(tx, int(message.facts["plan_id"]))
            asking = not await events.first_of(tx, int(message.facts["plan_id"]), events.LEFT_UNDONE)
        portfolio = await self._program.portfolios.by_id(plan.portfolio_id) if plan else None
        if plan is None or portfolio is None:
            return Delivery(verdict=Verdict.SENT, detail="the plan is gone")
        has_card = plan.message_id is not None and plan.chat_id == message.chat_id
        if _is_overtaken(message, plan, has_card=has_card):
            return Delivery(verdict=Verdict.SENT, detail="overtaken by the result")
        await self._learn(message.chat_id)
        words = words_for(self._program, person)
        view = progress.shown(words, portfolio, plan, stand, self._program.clock.now(), asking=asking)
        if has_card and not _rings(message, plan) and not self._is_buried(message, plan):
            return await self._redraw(message, person, plan, view)
        alerted = self._alerts_of(plan, message) if message.kind is MessageKind.PLAN_CARD and not has_card else ()
        last = alerted[-1].message_id if alerted else None
        if last is not None and message.silent and newest_of(self._bot).is_newest(message.chat_id, last):
            shown = replace(plan, chat_id=message.chat_id, message_id=last)
            delivery = await self._redraw(message, person, shown, view, new=True)
            await self._lead_on(message, words, plan, alerted[:-1])
            return delivery
        delivery = await self._send(message, person, view)
        if plan.message_id is not None and plan.chat_id == message.chat_id:
            await self._retire(plan.chat_id, plan.message_id, progress.moved_on(words, portfolio, plan))
        await self._lead_on(message, words, plan, alerted)
        return await self._new_card(message, plan, delivery)

    async def _learn(self, chat_id: int) -> None:
        """Learn what stands in a chat that another process answers."""
        if self._program.shares.has(chat_id):
            return
        async with self._program.db.read() as tx:
            known = await messages.lowest(tx, chat_id)
        if known is not None:
            newest_of(self._bot).note(chat_id, known[0])
            newest_of(self._bot).note_touch(chat_id, known[1])

    def _is_buried(self, message: Message, plan: Plan) -> bool:
        """Tell whether this is a result, of what was done by hand too, and its card stands above newer messages."""
        is_result = message.kind is MessageKind.PLAN_RESULT or (plan.is_by_hand and plan.state is PlanState.DONE)
        if not is_result or plan.message_id is None:
            return False
        return newest_of(self._bot).is_buried(message.chat_id, plan.message_id)

    def _alerts_of(self, plan: Plan, message: Message) -> tuple[Alert, ...]:
        """Return the alerts that this plan was announced by, oldest first: the last becomes the card, and has rung, or they point to it."""
        now = self._program.clock.now()
        alerted = newest_of(self._bot).take_alerts(message.chat_id, plan.portfolio_id)
        return tuple(alert for alert in alerted if now - alert.at <= _SOON)

    async def _lead_on(self, message: Message, words: Words, plan: Plan, alerted: Iterable[Alert]) -> None:
        """Let alerts that stand above the card of their plan point to it, without buttons of their own."""
        for alert in alerted:
            if alert.view is not None:
                await self._retire(message.chat_id, alert.message_id, alerts.followed(words, alert.view, plan), has_picture=False)

    async def _new_card(self, message: Message, plan: Plan, delivery: Delivery) -> Delivery:
        """Note that the plan is shown in the message that was just sent."""
        if delivery.message_id is not None:
            async with self._program.db.transaction() as tx:
                await plans.set_card(tx, plan.id, message.chat_id, delivery.message_id)
        return delivery

    async def _retire(self, chat_id: int, message_id: int, view: View, *, has_picture: bool = True) -> None:
        """Take the buttons off an older card where possible; the news has been told already."""
        try:
            await sending.edit(self._bot, chat_id, message_id, view, None, has_picture=has_picture)
        except TelegramError as trouble:
            log.info("older card stays as it is", error=str(trouble))

    async def _redraw(self, message: Message, person: Person, plan: Plan, view: View, *, new: bool = False) -> Delivery:
        """Edit the card; where it is gone, send it again. Steps that do not fit a picture's caption wait for the result.

        ``new``: the message has been no card before.
        """
        if plan.chat_id is None or plan.message_id is None:
            raise InternalError(f"plan {plan.id} has no card")
        try:
            await sending.edit(
                self._bot, plan.chat_id, plan.message_id, view, await self._markup(message, person, view), plain=message.plain
            )
        except BadRequest as refusal:
            if sending.message_gone(refusal):
                return await self._new_card(message, plan, await self._send(message, person, view))
            if not sending.nothing_changed(refusal):
                raise
        edited = Delivery(verdict=Verdict.SENT, message_id=plan.message_id)
        return await self._new_card(message, plan, edited) if new else edited

    async def _send(self, message: Message, person: Person, view: View, *, reply_to: int | None = None) -> Delivery:
        keyboard = await self._markup(message, person, view)
        sent = await sending.send(self._bot, message.chat_id, view, keyboard, plain=message.plain, silent=message.silent, reply_to=reply_to)
        return Delivery(verdict=Verdict.SENT, message_id=sent.message_id)

    async def _markup(self, message: Message, person: Person, view: View) -> Any:  # noqa: ANN401 - telegram's markup or None
        """Seal the buttons: they are about the portfolio that the message is about, whatever is the current one."""
        signer, now = Signer(self._program.button_key), self._program.clock.now()
        about = await self._about(message) if view.keyboard else None
        return markup(view.keyboard, signer, person, now, about=about, words=await words_of_pages(self._program, view, about))

    async def _about(self, message: Message) -> int | None:
        """Return the number of the portfolio that a message is about; None: it concerns its person, or several portfolios."""
        if "plan_id" not in message.facts:
            facts = [item["facts"] for item in message.facts.get("items", ())] or [message.facts]
            numbers = {one.get("portfolio_id") for one in facts}
            return numbers.pop() if len(numbers) == 1 else None
        async with self._program.db.read() as tx:
            plan = await plans.plan(tx, int(message.facts["plan_id"]))
        return plan.portfolio_id if plan is not None else None


def _announces(message: Message) -> bool:
    """Tell whether an alert announces a plan: a move between two readings is told, and nothing comes of it."""
    steps = message.facts.get("steps", ())
    if message.facts.get("also"):
        return False  # it is about several portfolios, and a card about one
    return message.kind in _BECOMES_CARD and (message.kind is MessageKind.DRIFT or any(step["event"] != Phase.WATCH for step in steps))


def _rings(message: Message, plan: Plan) -> bool:
    """Tell whether the news must be heard: a plan that waits for a person, legs that fell short, the end of a plan that took long."""
    if message.kind is MessageKind.PLAN_PARKED:
        return plan.state is PlanState.PARKED
    return message.kind is MessageKind.PLAN_RESULT and (_fell_short(plan) or _took_long(plan))


def _fell_short(plan: Plan) -> bool:
    return plan.state is PlanState.DONE and any(ended_short(leg) for leg in plan.legs)


def _took_long(plan: Plan) -> bool:
    return plan.decided_at is not None and plan.finished_at is not None and plan.finished_at - plan.decided_at > _LONG


def _is_overtaken(message: Message, plan: Plan, *, has_card: bool) -> bool:
    """Tell whether what is to be drawn is told by a message that waits behind it: a step, or a card nobody saw of a plan that must ring."""
    if message.kind is MessageKind.PLAN_PROGRESS:
        return plan.state in (PlanState.DONE, PlanState.PARKED)
    return message.kind is MessageKind.PLAN_CARD and not has_card and (plan.state is PlanState.PARKED or _fell_short(plan))


def _refused(message: Message, why: str) -> Delivery:
    lower = why.lower()
    if any(known in lower for known in _GONE):
        return Delivery(verdict=Verdict.UNREACHABLE, detail=why)
    if sending.markup_refused(BadRequest(why)) and not message.plain:
        log.error("markup refused", kind=message.kind, message_id=message.id, why=why)
        return Delivery(verdict=Verdict.PLAIN, detail=why)
    log.error("message refused", kind=message.kind, message_id=message.id, why=why)
    return Delivery(verdict=Verdict.REFUSED, detail=why)
