"""A plan on its way and at its end: each leg's state, partial fills, the result with everything that failed."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import UNDER_WAY, DecidedBy, LegState, Mode, PlanState
from handlers.buttons import Style
from handlers.views.common import MAX_CAPTION, View, bold, button, captioned, esc, head, joined, page, say, visible_length
from handlers.views.person import halt
from handlers.views.plan import autonomy, paid, panic, real_money
from handlers.views.plan.card import MOST_LEGS, closed_text, plan_card, reason_lines, title
from handlers.views.plan.history import OF_RESULT
from handlers.views.plan.legs import ended_short, left_out_text, leg_text, progress_line
from handlers.views.tables import change_picture, change_table, exposure_change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Leg, Plan, PlanHalt, Portfolio
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html


def progress(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Show each leg's state while a plan is carried out; the same message is edited again and again."""
    ended = sum(leg.state in _ENDED for leg in plan.legs)
    text = page(
        head(words, portfolio, say(words, "Plan {number}", number=plan.number)),
        say(words, "Being carried out: {done} of {all} legs ended.", done=ended, all=len(plan.legs)),
        *autonomy.acted_lines(words, plan),
        *(reason_lines(words, plan) if plan.decided_by is DecidedBy.AUTO or plan.is_panic else []),
        "",
        *_legs(words, plan),
    )
    return View(text, ((stop_button(words, plan),), *autonomy.acted_buttons(words, portfolio, plan)))


def stop_button(words: Words, plan: Plan) -> Button:
    """Return the one tap that stops a plan under way; it names the plan."""
    return button(words.t("Stop plan {number}", number=plan.number), "stop_plan", plan.id, Style.DANGER)


_ENDED = frozenset({LegState.FILLED, LegState.PARTIAL, LegState.REJECTED, LegState.DROPPED})


def _legs(words: Words, plan: Plan, stands: Mapping[int, str] = MappingProxyType({})) -> list[Html]:
    """Return a line for each leg; ``stands``: by index, where one stands that the word for its state would not tell truly."""
    lines = [progress_line(words, leg, stands.get(leg.index)) for leg in plan.legs[:MOST_LEGS]]
    if len(plan.legs) > MOST_LEGS:
        lines.append(esc(words.n("and {count} more leg", "and {count} more legs", len(plan.legs) - MOST_LEGS)))
    return lines


def result(words: Words, portfolio: Portfolio, plan: Plan, *, asking: bool = True) -> View:
    """Show what a plan came to: what was paid, before and after, every leg that failed; then ask what becomes of those, if ``asking``."""
    if plan.state is PlanState.PARKED:
        return parked(words, portfolio, plan)
    failed = [leg for leg in plan.legs if ended_short(leg)]
    if plan.is_panic:
        return panic.result(words, portfolio, plan, _verdict(words, plan, failed), paid.totals(words, plan))
    top = title(words, portfolio, plan, _verdict(words, plan, failed))
    lead: list[object] = [top, *autonomy.acted_lines(words, plan)]
    parts: list[object] = [*paid.totals(words, plan)]
    if plan.result is not None:
        parts += [
            change_table(words, plan.before, plan.result, titles=(words.t("before"), words.t("after"))),
            exposure_change(words, plan.before, plan.result),
        ]
    else:
        parts.append(say(words, "I can't measure the portfolio yet; /status shows it as soon as I can."))
    parts += _failures(words, failed)
    parts += [joined(" ", (say(words, "Left out:"), left_out_text(words, left))) for left in plan.left_out[:3]]
    keyboard: Keyboard = ((button(words.t("Details"), "plan", f"{plan.id}:{OF_RESULT}"), button(words.t("Status"), "status")),)
    keyboard = (*real_money.rest_buttons(words, portfolio, plan), *keyboard, *autonomy.acted_buttons(words, portfolio, plan))
    if portfolio.mode is Mode.MANUAL:
        parts.append(say(words, "If you traded other amounts, correct them, so that the next plan starts from what you really hold."))
        keyboard = (*keyboard, (button(words.t("Correct amounts"), "correct"), button(words.t("Undo"), "plan_undo", plan.id)))
    elif asking and portfolio.is_open and any(leg.note in _NOT_FOLLOWED for leg in failed):
        parts.append(say(words, "Nobody traded within the limits that your Confirm covers, so I stopped there."))
        keyboard = (
            (button(words.t("Try again now"), "again", plan.id, Style.PRIMARY), button(words.t("Leave it"), "leave_it", plan.id)),
            *keyboard,
        )
    done = [leg for leg in plan.legs if leg not in failed and leg.state is not LegState.DROPPED]
    text = _fitting(words, lead, done, parts)
    if plan.result is None:
        return View(text, keyboard)
    picture = change_picture(words, plan.before, plan.result, words.t("Plan {number}", number=plan.number))
    return captioned(text, keyboard, picture)


def _fitting(words: Words, lead: list[object], done: list[Leg], rest: list[object]) -> Html:
    """Return the result with as many of the legs that are done, the largest first, as a caption holds; Details has all of them."""
    by_value = sorted(done, key=lambda leg: leg.notional, reverse=True)
    for count in range(min(len(done), MOST_LEGS), -1, -1):
        told = sorted(by_value[:count], key=lambda leg: leg.index)
        lines = [paid.paid_line(words, leg) for leg in told]
        if count < len(done):
            lines.append(esc(words.n("and {count} more leg", "and {count} more legs", len(done) - count)))
        text = page(*lead, *lines, *rest)
        if visible_length(text) <= MAX_CAPTION:
            break
    return text


#: what is said of an order that nobody knows of
_UNKNOWN = N_(
    "I don't know whether one order went through. Please look for it at the exchange, among open orders and trades."
    " Look again sends it once more only if nothing of it is there and it can't arrive any more; Close it sends nothing."
)
#: the same of money that may have been moved
_UNKNOWN_MOVE = N_(
    "I don't know whether money was moved between your wallets. Please look for it at the exchange, among its transfers."
    " Look again moves it once more only if it is not there and can't arrive any more; Close it sends nothing."
)
_BY_HAND = N_(
    "At this exchange only you can move money between your wallets. Please do it there now: {what}, exactly that amount in one go."
    " Then tap Look again, and the plan goes on. If that much can't be moved, tap Close it: nothing more is sent."
)
#: machine word for what stopped a plan -> why, and the cure
_STOPPED = {
    "key_refused": N_("The exchange does not let this key trade now, so nothing more is sent. /keys says why and what to do."),
    "unreachable": N_("The exchange does not answer, or its answers make no sense, so nothing more is sent. Look again once it does."),
    "unreadable": N_(
        "The exchange answers something that I can't read, so nothing more is sent."
        " There is nothing that you have to change; look again later."
    ),
    "place_refused": N_(
        "The exchange does not serve the country or network that I run in, so nothing more is sent."
        " Whoever hosts me has to move me; your orders are at the exchange, where you can look after them."
    ),
    "hedge_mode": N_(
        "The futures account is in hedge mode, so nothing more is sent. Change it to one-way mode at the exchange, then tap Look again."
    ),
    "isolated_margin": N_(
        "Futures are on isolated margin, so nothing more is sent. Change them to cross margin at the exchange, then tap Look again."
    ),
    "multi_assets": N_(
        "Other coins carry the futures (multi-assets mode), so nothing more is sent."
        " Change it to single-asset mode at the exchange, then tap Look again."
    ),
    "borrowed": N_("Something is borrowed in the account, so nothing more is sent. Pay it back at the exchange, then tap Look again."),
}
#: notes of legs that ended at the limit, with nothing else wrong
_NOT_FOLLOWED = frozenset({"unfilled", "not_fillable"})


def _verdict(words: Words, plan: Plan, failed: list[Leg]) -> Html:
    if plan.was_stopped and plan.finished_at:
        return bold(words.t("stopped by you at {time}", time=words.when(plan.finished_at, plan.created_at)))
    if failed:
        return bold(words.n("done, {count} leg fell short", "done, {count} legs fell short", len(failed)))
    if plan.finished_at is None:
        return bold(words.t("done"))
    if plan.is_by_hand or plan.decided_at is None:  # of what a person traded nobody knows how long it took
        return bold(words.t("done at {time}", time=words.when(plan.finished_at, plan.created_at)))
    took_s = (plan.finished_at - plan.decided_at).total_seconds()
    return bold(words.t("done in {span}", span=words.span(max(1.0, took_s))))


def _failures(words: Words, failed: list[Leg]) -> list[Html]:
    if not failed:
        return []
    return [esc(""), bold(words.t("Not as planned")), *(paid.paid_line(words, leg) for leg in failed[:MOST_LEGS])]


def shown(words: Words, portfolio: Portfolio, plan: Plan, stand: PlanHalt, now: datetime, *, asking: bool = True) -> View:
    """Show a plan as it stands: the card, its progress, its result, or that it stopped half-way.

    ``asking``: its person has not yet said what becomes of what it left undone.
    """
    if plan.state in UNDER_WAY:
        return progress(words, portfolio, plan)
    if plan.state is PlanState.DONE:
        return result(words, portfolio, plan, asking=asking)
    if plan.state is PlanState.PARKED:
        return halted(words, portfolio, plan, stand) if stand.stopped else parked(words, portfolio, plan, stand.why)
    return plan_card(words, portfolio, plan, now, lead=halted_lead(words, plan, stand))


def halted_lead(words: Words, plan: Plan, stand: PlanHalt) -> str:
    """Return what is said before a card that cannot be confirmed while trading is stopped; what is done by hand can be noted."""
    return halt.lead(words, plan, stand.since) if plan.mode is not Mode.MANUAL else ""


def halted(words: Words, portfolio: Portfolio, plan: Plan, stand: PlanHalt) -> View:
    """Tell that the operator's stop has stopped a plan half-way; once that is over, ask whether it goes on."""
    text = page(
        head(words, portfolio, bold(words.t("Plan {number} stopped half-way", number=plan.number))),
        *halt.parked_lines(words, stand.since, unsettled=stand.unsettled),
        *_legs(words, replace(plan, legs=tuple(map(_without_order, plan.legs)))),
    )
    go_on = () if stand.since else (button(words.t("Carry on"), "look_again", plan.id, Style.PRIMARY),)
    leave = button(words.t("Leave it"), "close_plan", plan.id)
    return View(text, ((*go_on, leave), (button(words.t("Status"), "status"),)))


def _without_order(leg: Leg) -> Leg:
    """Return a leg as it stands when no order of it is in the book any more."""
    if leg.state not in (LegState.OPEN, LegState.SUBMITTING):
        return leg
    return replace(leg, state=LegState.PARTIAL if leg.filled else LegState.PLANNED)


def _not_sent_on(words: Words, plan: Plan) -> dict[int, str]:
    """Return where the legs of a stopped plan stand whose order was written down and has no answer: nothing is being sent any more."""
    return {leg.index: words.t("begun, not finished") for leg in plan.legs if leg.state is LegState.SUBMITTING}


def parked(words: Words, portfolio: Portfolio, plan: Plan, why: str = "") -> View:
    """Tell that a plan stopped half-way and waits for a person; this always rings. ``why`` is the machine word for it, where known."""
    unknown = [leg for leg in plan.legs if leg.state is LegState.UNKNOWN]
    mine = next((leg for leg in unknown if leg.is_transfer), None) if why == "by_hand" else None
    told = (
        say(words, _BY_HAND, what=leg_text(words, mine))
        if mine is not None
        else say(words, _UNKNOWN_MOVE if all(leg.is_transfer for leg in unknown) else _UNKNOWN)
        if unknown
        else real_money.stopped(words, why) or joined(" ", (_stopped(words, why), say(words, "What was filled stays filled.")))
    )
    text = page(
        head(words, portfolio, bold(words.t("Plan {number} stopped half-way", number=plan.number))),
        told,
        "",
        *_legs(words, plan, _not_sent_on(words, plan) | ({mine.index: words.t("waiting for you")} if mine else {})),
    )
    again = button(words.t("Look again"), "look_again", plan.id, Style.PRIMARY)
    close = button(words.t("Close it"), "close_plan", plan.id)
    return View(text, ((again, close), (button(words.t("Status"), "status"),)))


def _stopped(words: Words, why: str) -> Html:
    """Return why the bot itself could not go on, and the cure where there is one."""
    return say(words, _STOPPED.get(why, N_("I could not finish it; nothing more is sent.")))


def moved_on(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Take the place of an older message about a plan: what came of it, or what it asks, stands further down."""
    if plan.state is not PlanState.PARKED:
        return View(page(title(words, portfolio, plan), say(words, "Its result is below.")))
    lead = head(words, portfolio, bold(words.t("Plan {number} stopped half-way", number=plan.number)))
    return View(page(lead, say(words, "It continues in a newer message below.")))


def unparked_toast(words: Words, plan: Plan, *, closed: bool) -> str:
    """Return the short answer to the buttons of a parked plan."""
    if closed:
        return words.t("Plan {number} is being closed: open orders are cancelled, nothing more is sent.", number=plan.number)
    return words.t("I look again and carry on with plan {number} if I can.", number=plan.number)


def goes_on_toast(words: Words, plan: Plan) -> str:
    """Return the short answer to carrying on after the operator's stop."""
    return words.t("Plan {number} goes on.", number=plan.number)


def left_behind(words: Words, plan: Plan) -> str:
    """Say why a stopped plan does not go on, and that a new one follows, at most 200 characters."""
    return words.t(
        "Prices or settings have changed since plan {number} was stopped, so nothing more of it was sent. Here is the plan as of now.",
        number=plan.number,
    )


def left_behind_open(words: Words, plan: Plan) -> str:
    """Say the same where an order of the plan has to be found out about first."""
    return words.t(
        "Prices or settings have changed since plan {number} was stopped. I close it: nothing more is sent. /rebalance makes a new plan.",
        number=plan.number,
    )


def stopping_toast(words: Words, plan: Plan) -> str:
    """Return the answer to "Stop plan", and to pressing it again while the plan ends, at most 200 characters."""
    return words.t(
        "Plan {number} is being stopped: open orders are cancelled, nothing more is sent, what is filled stays.", number=plan.number
    )


def confirmed_toast(words: Words, plan: Plan) -> str:
    """Return the short answer to a first Confirm."""
    if plan.is_by_hand:
        return words.t("Plan {number} is noted as done.", number=plan.number)
    return words.t("Plan {number} is confirmed.", number=plan.number)


def taken_back_toast(words: Words, plan: Plan) -> str:
    """Return the short answer to taking back that a plan was done."""
    return words.t("Taken back: plan {number} waits for your answer again.", number=plan.number)


def late_text(words: Words, plan: Plan, *, replanned: bool = True) -> str:
    """Answer a tap that came too late, at most 200 characters: how the plan ended, and that the tap sent nothing.

    ``replanned``: one that ran out of time is followed by the plan as of now.
    """
    if plan.state is PlanState.EXPIRED and replanned and not plan.is_by_hand:
        moment = words.when(plan.expires_at, plan.created_at)
        return words.t(
            "Plan {number} expired at {time}, prices have moved since. Here is the plan as of now.", number=plan.number, time=moment
        )
    if plan.state in (PlanState.CONFIRMED, PlanState.RUNNING, PlanState.DONE, PlanState.PARKED):
        return f"{closed_text(words, plan)} {words.t('Pressing again changes nothing.')}"
    return closed_text(words, plan)


def paused(words: Words, plan: Plan) -> str:
    """Answer Confirm on a plan of a paused portfolio, at most 200 characters."""
    return words.t(
        "This portfolio is paused, so nothing of plan {number} was sent. /resume first, then confirm before {time}.",
        number=plan.number,
        time=words.when(plan.expires_at, plan.created_at),
    )


def not_yours(words: Words) -> str:
    """Answer a tap on somebody else's plan, or on one that does not exist."""
    return words.t("This plan is not yours. Nothing was done.")


def skipped_toast(words: Words, plan: Plan, *, until: datetime | None = None) -> str:
    """Return the short answer to Skip, and to Snooze, which keeps quiet ``until`` then."""
    if plan.is_by_hand and until is None:
        return words.t("Plan {number} was not done.", number=plan.number)
    if until is not None:
        time = words.when(until, plan.decided_at or plan.created_at)
        if plan.is_by_hand:
            return words.t("I keep quiet until {time}. Plan {number} waits until you say what was done.", number=plan.number, time=time)
        if plan.was_put_off:
            return words.t("I keep quiet until {time}. Then I plan it again, if there is still something to do.", time=time)
        return words.t("Plan {number} is skipped and I keep quiet until {time}.", number=plan.number, time=time)
    return words.t("Plan {number} is skipped.", number=plan.number)
