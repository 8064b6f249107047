"""The outbox's way out: a stored message becomes a view in the person's language, a Bot API call, and a verdict."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import structlog
from telegram import InputMediaPhoto
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from chatbot.errors import InternalError
from chatbot.model import Delivery, LineReading, PlanState, Verdict
from chatbot.store import accounts, journal, portfolios
from handlers.buttons import Signer, markup
from handlers.context import words_for
from handlers.pictures import draw
from handlers.views import access as access_views
from handlers.views import alerts as alert_views
from handlers.views import execution as execution_views
from handlers.views import plan as plan_views
from handlers.views.common import MAX_CAPTION, visible_length

if TYPE_CHECKING:
    from telegram.ext import ExtBot

    from chatbot.app import Program
    from chatbot.model import Message, Person, Plan, Portfolio
    from handlers.views.common import View

log = structlog.get_logger()

_MARKUP = re.compile(r"<[^>]+>")
#: what Telegram says to a person who cannot be written to, in its 400 answers
_GONE = ("chat not found", "user is deactivated", "bot can't initiate conversation")
#: an edit that changes nothing, or whose message the person deleted, is as good as done
_SETTLED = ("message is not modified",)


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
            seconds = wait.retry_after if isinstance(wait.retry_after, (int, float)) else wait.retry_after.total_seconds()
            return Delivery(verdict=Verdict.RETRY, retry_after_s=float(seconds))
        except (Forbidden, InvalidToken) as refusal:
            gone = isinstance(refusal, Forbidden)
            return Delivery(verdict=Verdict.UNREACHABLE if gone else Verdict.RETRY, detail=str(refusal))
        except BadRequest as refusal:
            return _refused(message, str(refusal))
        except (TimedOut, NetworkError) as trouble:
            return Delivery(verdict=Verdict.RETRY, detail=str(trouble))

    async def _deliver(self, message: Message) -> Delivery:
        async with self._program.db.read() as tx:
            people = await accounts.people(tx)
        person = next((known for known in people if known.chat_id == message.chat_id), None)
        if person is None:
            return Delivery(verdict=Verdict.REFUSED, detail="nobody has this chat")
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
        portfolio = await self._program.portfolios.by_id(int(facts["portfolio_id"]))
        if portfolio is None:
            return None
        if message.kind == "drift_alert":
            return alert_views.drift_alert(words, portfolio, [_line(line) for line in facts["lines"]])
        if message.kind == "problem":
            async with self._program.db.read() as tx:
                check = await portfolios.check(tx, portfolio.id)
            return alert_views.problem_alert(words, portfolio, check.problems) if check and check.problems else None
        raise InternalError(f"no view for a message of kind {message.kind}")

    async def _plan(self, message: Message, person: Person) -> Delivery:
        """Draw a plan in its card; a finished or parked plan is also told in a message of its own, since edits do not ring."""
        async with self._program.db.read() as tx:
            plan = await journal.plan(tx, int(message.facts["plan_id"]))
        portfolio = await self._program.portfolios.by_id(plan.portfolio_id) if plan else None
        if plan is None or portfolio is None:
            return Delivery(verdict=Verdict.SENT, detail="the plan is gone")
        view = self._plan_view(plan, portfolio, person)
        if plan.message_id is not None and plan.chat_id == message.chat_id:
            return await self._redraw(message, person, plan, view)
        delivery = await self._send(message, person, view)
        if delivery.message_id is not None:
            async with self._program.db.transaction() as tx:
                await journal.set_card(tx, plan.id, message.chat_id, delivery.message_id)
        return delivery

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
        """Edit the card; where it is gone, send it anew."""
        try:
            await self._edit(message, person, plan, view)
        except BadRequest as refusal:
            text = str(refusal).lower()
            if any(known in text for known in _SETTLED):
                return Delivery(verdict=Verdict.SENT, message_id=plan.message_id)
            if "message to edit not found" in text or "can't be edited" in text:
                return await self._send(message, person, view)
            raise
        return Delivery(verdict=Verdict.SENT, message_id=plan.message_id)

    async def _edit(self, message: Message, person: Person, plan: Plan, view: View) -> None:
        keyboard = self._markup(person, view)
        short = visible_length(view.text) <= MAX_CAPTION
        if view.picture is not None and short and not message.plain:
            media = InputMediaPhoto(await draw(view.picture), caption=view.text, parse_mode=ParseMode.HTML)
            await self._bot.edit_message_media(media, plan.chat_id, plan.message_id, reply_markup=keyboard)
            return
        text, mode = _text(message, view)
        try:
            await self._bot.edit_message_text(text, plan.chat_id, plan.message_id, parse_mode=mode, reply_markup=keyboard)
        except BadRequest as refusal:
            if "no text in the message" not in str(refusal).lower():
                raise
            if short:  # a card with a picture shows its text as the caption; steps that do not fit wait for the result
                await self._bot.edit_message_caption(plan.chat_id, plan.message_id, caption=text, parse_mode=mode, reply_markup=keyboard)

    async def _send(self, message: Message, person: Person, view: View) -> Delivery:
        text, mode = _text(message, view)
        options: dict[str, Any] = {
            "parse_mode": mode,
            "reply_markup": self._markup(person, view),
            "disable_notification": message.silent,
        }
        if view.picture is None:
            sent = await self._bot.send_message(message.chat_id, text, **options)
        elif visible_length(view.text) <= MAX_CAPTION:
            sent = await self._bot.send_photo(message.chat_id, await draw(view.picture), caption=text, **options)
        else:  # too long for a caption: the picture goes first, the text with the buttons follows
            await self._bot.send_photo(message.chat_id, await draw(view.picture), disable_notification=True)
            sent = await self._bot.send_message(message.chat_id, text, **options)
        return Delivery(verdict=Verdict.SENT, message_id=sent.message_id)

    def _markup(self, person: Person, view: View) -> Any:  # noqa: ANN401 - telegram's markup or None
        return markup(view.keyboard, Signer(self._program.button_key), person, self._program.clock.now())


def _text(message: Message, view: View) -> tuple[str, str | None]:
    """Return the text with its markup, or bare where Telegram refused the markup before."""
    if not message.plain:
        return view.text, ParseMode.HTML
    bare = _MARKUP.sub("", view.text)
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), None


def _refused(message: Message, why: str) -> Delivery:
    lower = why.lower()
    if any(known in lower for known in _GONE):
        return Delivery(verdict=Verdict.UNREACHABLE, detail=why)
    if "can't parse entities" in lower and not message.plain:
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
