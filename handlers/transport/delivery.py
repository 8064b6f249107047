"""The outbox's way out: a stored message becomes a view in the person's language, a Bot API call, and a verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import structlog
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from chatbot.errors import InternalError
from chatbot.model import Delivery, LineReading, PlanState, Reason, Verdict
from chatbot.monitor import unanswered as attending
from chatbot.store import accounts, messages, plans, portfolios
from handlers.buttons import Signer, markup
from handlers.chat import sending
from handlers.chat.context import words_for
from handlers.transport.rate_limit import pause_s
from handlers.views import alerts as alert_views
from handlers.views import problems as problem_views
from handlers.views.common import Html, joined, mark
from handlers.views.hedge import alerts as hedge_alerts
from handlers.views.person import access as access_views
from handlers.views.person import alert_settings as hearing_views
from handlers.views.person import schedule as schedule_views
from handlers.views.plan import autonomy as answering_views
from handlers.views.plan import card as plan_views
from handlers.views.plan import progress as execution_views
from handlers.views.plan.legs import ended_short

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram.ext import ExtBot

    from chatbot.app import Program
    from chatbot.i18n import Words
    from chatbot.model import Message, Person, Plan, Portfolio
    from handlers.views.common import View

log = structlog.get_logger()

#: lines of a held back message that its place in a digest has room for
_DIGEST_LINES = 2

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
        except BadRequest as refusal:
            return _refused(message, str(refusal))
        except TelegramError as trouble:  # the network, the token for a moment, an answer that was no JSON: all may pass
            return Delivery(verdict=Verdict.RETRY, detail=type(trouble).__name__)

    async def _deliver(self, message: Message) -> Delivery:
        async with self._program.db.read() as tx:
            person = await accounts.person(tx, message.chat_id)  # a private chat has the id of its person
        if person is None or person.chat_id != message.chat_id:
            return Delivery(verdict=Verdict.REFUSED, detail="nobody has this chat")
        if message.kind in (attending.REMINDER, attending.UNANSWERED):
            return await self._about_plan(message, person)
        if message.kind in ("plan_card", "plan_progress", "plan_result", "plan_parked"):
            return await self._plan(message, person)
        view = await self._view(message, person)
        if view is None:
            return Delivery(verdict=Verdict.SENT, detail="nothing left to say")
        return await self._send(message, person, view)

    async def _view(self, message: Message, person: Person) -> View | None:
        """Render everything that is not about a plan."""
        words, facts = words_for(self._program, person), message.facts
        if message.kind == "access_request":
            async with self._program.db.read() as tx:
                asking = await accounts.person(tx, int(facts["person_id"]))
            return access_views.access_request(words, asking) if asking else None
        if message.kind == "access_granted":
            return access_views.approved(words)
        if message.kind == messages.DIGEST:
            return await self._digest(words, message)
        portfolio = await self._program.portfolios.by_id(int(facts["portfolio_id"]))
        if portfolio is None:
            return None
        return await self._about(words, portfolio, message)

    async def _digest(self, words: Words, message: Message) -> View | None:
        """Tell in a line each what was held back: what stands in its own message under the head."""
        items = []
        for item in message.facts["items"]:
            portfolio = await self._program.portfolios.by_id(int(item["facts"]["portfolio_id"]))
            held = replace(message, kind=item["kind"], facts=item["facts"])
            view = await self._about(words, portfolio, held) if portfolio is not None else None
            if portfolio is not None and view is not None:
                told = [Html(line) for line in view.text.split("\n")[1:] if line and "<pre" not in line]
                items.append((datetime.fromisoformat(item["at"]), joined(" ", (mark(portfolio.mode), *told[:_DIGEST_LINES]))))
        return hearing_views.digest(words, items) if items else None

    async def _about_plan(self, message: Message, person: Person) -> Delivery:
        """Say something about a plan in a message of its own, in reply to its card."""
        async with self._program.db.read() as tx:
            plan = await plans.plan(tx, int(message.facts["plan_id"]))
        portfolio = await self._program.portfolios.by_id(plan.portfolio_id) if plan else None
        if plan is None or portfolio is None:
            return Delivery(verdict=Verdict.SENT, detail="the plan is gone")
        words = words_for(self._program, person)
        if message.kind == attending.UNANSWERED:
            view = answering_views.unanswered(words, portfolio, plan, message.facts["why"])
        elif plan.state is PlanState.PROPOSED:
            view = answering_views.reminder(words, portfolio, plan)
        else:
            return Delivery(verdict=Verdict.SENT, detail="answered meanwhile")
        return await self._send(message, person, view, reply_to=plan.message_id)

    async def _about(self, words: Words, portfolio: Portfolio, message: Message) -> View | None:
        """Render what concerns one portfolio."""
        facts = message.facts
        if message.kind == "problem":
            async with self._program.db.read() as tx:
                check = await portfolios.check(tx, portfolio.id)
            return alert_views.problem_alert(words, portfolio, check.problems) if check and check.problems else None
        if message.kind == "trigger_alert":
            return alert_views.trigger_alert(words, portfolio, [_step(step) for step in facts["steps"]], self._program.sentiment.name)
        if message.kind not in _VIEWS:
            raise InternalError(f"no view for a message of kind {message.kind}")
        return _VIEWS[message.kind](words, portfolio, facts)

    async def _plan(self, message: Message, person: Person) -> Delivery:
        """Draw a plan in its card. A plan that stopped or fell short is told in a new message, its card from then on: edits do not ring."""
        async with self._program.db.read() as tx:
            plan = await plans.plan(tx, int(message.facts["plan_id"]))
        portfolio = await self._program.portfolios.by_id(plan.portfolio_id) if plan else None
        if plan is None or portfolio is None:
            return Delivery(verdict=Verdict.SENT, detail="the plan is gone")
        if message.kind == "plan_progress" and plan.state in (PlanState.DONE, PlanState.PARKED):
            return Delivery(verdict=Verdict.SENT, detail="overtaken by the result")
        view = self._plan_view(plan, portfolio, person)
        has_card = plan.message_id is not None and plan.chat_id == message.chat_id
        if has_card and not _rings(message, plan):
            return await self._redraw(message, person, plan, view)
        delivery = await self._send(message, person, view)
        if plan.message_id is not None and plan.chat_id == message.chat_id:
            await self._retire(plan.chat_id, plan.message_id, replace(view, keyboard=(), picture=None))
        return await self._new_card(message, plan, delivery)

    async def _new_card(self, message: Message, plan: Plan, delivery: Delivery) -> Delivery:
        """Note that the plan is shown in the message that was just sent."""
        if delivery.message_id is not None:
            async with self._program.db.transaction() as tx:
                await plans.set_card(tx, plan.id, message.chat_id, delivery.message_id)
        return delivery

    async def _retire(self, chat_id: int, message_id: int, view: View) -> None:
        """Take the buttons off an older card where possible; the news has been told already."""
        try:
            await sending.edit(self._bot, chat_id, message_id, view, None)
        except TelegramError as trouble:
            log.info("older card stays as it is", error=str(trouble))

    def _plan_view(self, plan: Plan, portfolio: Portfolio, person: Person) -> View:
        words = words_for(self._program, person)
        if plan.state in (PlanState.CONFIRMED, PlanState.RUNNING):
            return execution_views.progress(words, portfolio, plan)
        if plan.state is PlanState.DONE:
            return execution_views.result(words, portfolio, plan)
        if plan.state is PlanState.PARKED:
            return execution_views.parked(words, portfolio, plan)
        return plan_views.plan_card(words, portfolio, plan)

    async def _redraw(self, message: Message, person: Person, plan: Plan, view: View) -> Delivery:
        """Edit the card; where it is gone, send it anew. Steps that do not fit a picture's caption wait for the result."""
        if plan.chat_id is None or plan.message_id is None:
            raise InternalError(f"plan {plan.id} has no card")
        try:
            await sending.edit(self._bot, plan.chat_id, plan.message_id, view, self._markup(person, view), plain=message.plain)
        except BadRequest as refusal:
            if sending.message_gone(refusal):
                return await self._new_card(message, plan, await self._send(message, person, view))
            if not sending.nothing_changed(refusal):
                raise
        return Delivery(verdict=Verdict.SENT, message_id=plan.message_id)

    async def _send(self, message: Message, person: Person, view: View, *, reply_to: int | None = None) -> Delivery:
        keyboard = self._markup(person, view)
        sent = await sending.send(self._bot, message.chat_id, view, keyboard, plain=message.plain, silent=message.silent, reply_to=reply_to)
        return Delivery(verdict=Verdict.SENT, message_id=sent.message_id)

    def _markup(self, person: Person, view: View) -> Any:  # noqa: ANN401 - telegram's markup or None
        return markup(view.keyboard, Signer(self._program.button_key), person, self._program.clock.now())


def _rings(message: Message, plan: Plan) -> bool:
    """Tell whether the news must be heard: a plan that waits for a person, or legs that fell short."""
    if message.kind == "plan_parked":
        return plan.state is PlanState.PARKED
    return message.kind == "plan_result" and plan.state is PlanState.DONE and any(ended_short(leg) for leg in plan.legs)


def _refused(message: Message, why: str) -> Delivery:
    lower = why.lower()
    if any(known in lower for known in _GONE):
        return Delivery(verdict=Verdict.UNREACHABLE, detail=why)
    if sending.markup_refused(BadRequest(why)) and not message.plain:
        log.error("markup refused", kind=message.kind, message_id=message.id, why=why)
        return Delivery(verdict=Verdict.PLAIN, detail=why)
    log.error("message refused", kind=message.kind, message_id=message.id, why=why)
    return Delivery(verdict=Verdict.REFUSED, detail=why)


def _line(stored: dict[str, Any]) -> LineReading:
    return LineReading(
        line=stored["line"],
        weight=Decimal(stored["weight"]),
        target=Decimal(stored["target"]),
        band=Decimal(stored["band"]),
        breach=stored["breach"],
    )


def _step(stored: dict[str, Any]) -> alert_views.Step:
    """Read a step of a trigger; its limit is the one that it crossed."""
    limit = stored.get("limit", stored.get("leave" if stored["event"] == "end" else "enter"))
    reading, crossed, size = (None if value is None else Decimal(value) for value in (stored["reading"], limit, stored["size"]))
    reason = Reason(trigger=stored["trigger"], line=stored["subject"], event=stored["event"], reading=reading, limit=crossed, size=size)
    return alert_views.Step(reason, suppressed=stored["suppressed"])


def _margin(words: Words, portfolio: Portfolio, facts: dict[str, Any]) -> View:
    distance, leverage = (None if facts[name] is None else Decimal(facts[name]) for name in ("distance", "leverage"))
    return alert_views.margin_alert(words, portfolio, distance, leverage)


def _skipped(words: Words, portfolio: Portfolio, facts: dict[str, Any]) -> View:
    return schedule_views.skipped(words, portfolio, int(facts["count"]), datetime.fromisoformat(facts["latest"]))


def _missed(words: Words, portfolio: Portfolio, facts: dict[str, Any]) -> View:
    since, until = (datetime.fromisoformat(facts[name]) for name in ("since", "until"))
    return problem_views.missed_checks(words, portfolio, int(facts["count"]), since, until, exact=facts.get("exact", True))


#: how each kind of message about a portfolio is told, where its facts are all it takes
_VIEWS: dict[str, Callable[[Words, Portfolio, dict[str, Any]], View]] = {
    "drift_alert": lambda words, portfolio, facts: alert_views.drift_alert(words, portfolio, [_line(line) for line in facts["lines"]]),
    "margin_alert": _margin,
    "evaluated_again": lambda words, portfolio, _: problem_views.evaluated_again(words, portfolio),
    "schedule_due": lambda words, portfolio, _: schedule_views.due(words, portfolio),
    "schedule_skipped": _skipped,
    "missed_checks": _missed,
    "hedge_over": hedge_alerts.over,
    "hedge_funding": hedge_alerts.funding,
}
