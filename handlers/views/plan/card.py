"""The plan card: why, what, at which price, what it leads to, until when; and the view that leaves single legs out."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.i18n import N_
from chatbot.model import NET, Cause, DecidedBy, LegState, Mode, PlanState
from handlers.buttons import Style
from handlers.views.common import View, bold, button, coin, esc, head, joined, line_name, page, say
from handlers.views.hedge import card
from handlers.views.plan import autonomy, reasons
from handlers.views.plan.costs import costs_lines
from handlers.views.plan.legs import left_out_text, planned_line
from handlers.views.portfolio import lives
from handlers.views.tables import beside_lines, change_picture, change_table, exposure_change, weights_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Leg, Plan, Portfolio, Reason
    from chatbot.plans.outcomes import NothingToDo
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html, Picture

#: beyond this many legs the rest is counted, so that the card stays one message
MOST_LEGS = 24
#: so many targets that are not the strategy's own are explained, those that moved furthest
MOST_HELD = 6
#: what is told after the causes that have moved targets
_CONSEQUENCES = (Cause.DRIFT, Cause.EXPOSURE, Cause.TILT, Cause.BETA, Cause.MOVED, Cause.CHANGED)
_REASONS = {
    Cause.MANUAL: N_("You asked for it."),
    Cause.EVERYTHING: N_("You asked for it, small differences too."),
    Cause.START: N_("The first plan brings the portfolio to its targets."),
    Cause.TARGETS: N_("You have set other targets."),
    Cause.SCHEDULE: N_("The schedule asked for it."),
    Cause.BETA: N_("The BTC future also makes up for what the other legs could not do, so that the market risk stays as planned."),
    Cause.MOVED: N_("Prices or holdings have moved since the last card; these are the new figures."),
    Cause.CHANGED: N_("Your settings have changed since the last card; this is the plan for them."),
    Cause.AGAIN: N_("You asked me to try again what the last plan left undone."),
    Cause.REPLANNED: N_("Planned again from what was really filled."),
    Cause.PANIC: N_("You asked me to close all futures and stop."),
    Cause.SELL_OUT: N_("You asked me to sell all coins."),
}
#: over and under target
_DRIFTED = (
    N_("{line} is at {weight}, {points} points over target."),
    N_("{line} is at {weight}, {points} points under target."),
)
_EXPOSED = (
    N_("The net futures position is {weight} of the value, {points} points over its target."),
    N_("The net futures position is {weight} of the value, {points} points under its target."),
)
_CLOSED = {
    PlanState.PROPOSED: N_("Plan {number} waits for your answer until {time}."),
    PlanState.CONFIRMED: N_("Plan {number} is confirmed and about to start."),
    PlanState.RUNNING: N_("Plan {number} is being carried out."),
    PlanState.DONE: N_("Plan {number} was carried out at {time}."),
    PlanState.PARKED: N_("Plan {number} stopped half-way at {time}."),
    PlanState.EXPIRED: N_("Plan {number} expired at {time}. Nothing was traded."),
    PlanState.SKIPPED: N_("Plan {number} was skipped at {time}. Nothing was traded."),
    PlanState.SUPERSEDED: N_("Plan {number} was replaced by a newer one. Nothing was traded."),
}
#: the bot cannot know what its person has traded
_CLOSED_BY_HAND = {
    PlanState.PROPOSED: N_("Plan {number} waits until you say what was done."),
    PlanState.CONFIRMED: N_("Plan {number} is being noted as done."),
    PlanState.RUNNING: N_("Plan {number} is being noted as done."),
    PlanState.DONE: N_("Plan {number} was noted as done at {time}."),
    PlanState.EXPIRED: N_("Plan {number} was never answered. If you traded it, correct your amounts."),
    PlanState.SKIPPED: N_("Plan {number} was not done, as you said at {time}."),
    PlanState.SUPERSEDED: N_("Plan {number} is over: a newer one came, or its base was changed. If you traded it, correct your amounts."),
}
_STOPPED = N_("Plan {number} was stopped by you at {time}. What was filled stays.")
#: who ended a plan that no other took the place of, unless what it rested on was changed
_ENDED_BY = {
    DecidedBy.CLOSING: N_("Plan {number} ended, because the portfolio was closed. Nothing was traded."),
    DecidedBy.PANIC: N_("Plan {number} ended, because you pressed /panic. Nothing was traded."),
}
_OUTDATED = N_("Plan {number} ended, because what it rested on was changed. Nothing was traded.")


def plan_card(words: Words, portfolio: Portfolio, plan: Plan, *, lead: str = "") -> View:
    """Show a plan that waits for an answer, or how one ended; ``lead`` is a sentence said before it."""
    if plan.state is not PlanState.PROPOSED:
        return closed_card(words, portfolio, plan)
    until = say(words, "answer by {time}", time=words.time(autonomy.answer_by(plan))) if plan.has_deadline else None
    title = head(words, portfolio, say(words, "Plan {number}", number=plan.number), until)
    text = page(title, *_body(words, plan, lead=lead), *autonomy.card_lines(words, plan), *_ending(words, portfolio))
    return View(text, _answers(words, portfolio, plan), card_picture(words, plan))


def closed_card(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Show a plan that can no longer be answered: the same facts, how it ended, and no way to press Confirm."""
    title = head(words, portfolio, say(words, "Plan {number}", number=plan.number))
    text = page(title, bold(closed_text(words, plan)), "", *_body(words, plan))
    if not portfolio.is_open or plan.state in (PlanState.CONFIRMED, PlanState.RUNNING, PlanState.DONE, PlanState.PARKED):
        return View(text)
    correct = ((button(words.t("Correct amounts"), "correct"),),) if plan.is_by_hand else ()
    return View(text, ((button(words.t("Plan now"), "rebalance"), button(words.t("Status"), "status")), *correct))


def closed_text(words: Words, plan: Plan) -> str:
    """Say how a plan ended, or that it is on its way."""
    moment = plan.finished_at or plan.decided_at or plan.expires_at
    if plan.state in (PlanState.PROPOSED, PlanState.EXPIRED):
        moment = autonomy.answer_by(plan) if plan.state is PlanState.PROPOSED else plan.expires_at
    if plan.is_by_hand and plan.state in _CLOSED_BY_HAND:
        return words.t(_CLOSED_BY_HAND[plan.state], number=plan.number, time=words.time(moment))
    if plan.was_stopped:
        return words.t(_STOPPED, number=plan.number, time=words.time(moment))
    told = _CLOSED[plan.state]
    if plan.state is PlanState.SUPERSEDED and plan.superseded_by is None:
        told = _ENDED_BY.get(plan.decided_by, _OUTDATED)
    return words.t(told, number=plan.number, time=words.time(moment))


def open_plan_line(words: Words, plan: Plan, now: datetime) -> Html:
    """Say what an open plan waits for, or that it is on its way."""
    if plan.is_by_hand:
        return esc(closed_text(words, plan))
    if plan.state is PlanState.PROPOSED:
        left = words.span((autonomy.answer_by(plan) - now).total_seconds())
        return say(words, "Plan {number} waits for your answer, {span} left.", number=plan.number, span=left)
    if plan.state is PlanState.PARKED:
        return say(words, "Plan {number} has stopped half-way and needs you.", number=plan.number)
    return say(words, "Plan {number} is being carried out.", number=plan.number)


def _body(words: Words, plan: Plan, *, lead: str = "") -> list[Html]:
    parts = [esc(lead), esc("")] if lead else []
    parts += reason_lines(words, plan)
    parts += card.card_lines(words, plan)
    parts += [esc(""), *legs_block(words, plan.legs), esc("")]
    parts += [*costs_lines(words, plan), result_table(words, plan), exposure_change(words, plan.before, plan.after)]
    parts += [joined(" ", (say(words, "Left out:"), left_out_text(words, left))) for left in plan.left_out[:8]]
    parts += beside_lines(words, plan.before)
    parts += lives.standing_lines(words, plan.before, plan.created_at)
    return parts


def legs_block(words: Words, legs: Sequence[Leg]) -> list[Html]:
    """Return the legs that would be traded, then how many more there are and which were left out by the person."""
    kept = [leg for leg in legs if leg.state is not LegState.DROPPED]
    lines = [planned_line(words, leg) for leg in kept[:MOST_LEGS]]
    if len(kept) > MOST_LEGS:
        lines.append(esc(words.n("and {count} more leg", "and {count} more legs", len(kept) - MOST_LEGS)))
    dropped = [str(leg.index + 1) for leg in legs if leg.state is LegState.DROPPED]
    if dropped:
        lines.append(say(words, "Left out by you: {numbers}", numbers=", ".join(dropped)))
    if not kept:
        lines.append(say(words, "No legs are left; there would be nothing to do."))
    return lines


def reason_lines(words: Words, plan: Plan) -> list[Html]:
    """Return why a plan is made and why targets are not the strategy's own, what has moved them before what has drifted."""
    told_apart = plan.hedge is not None  # the hedge is told with its figures
    told = [reason for reason in plan.reasons if not (told_apart and reason.trigger is Cause.HEDGE)]
    first = [reason for reason in told if reason.trigger not in _CONSEQUENCES]
    return [
        *(reason_text(words, reason) for reason in first),
        *(reasons.standing(words, held) for held in plan.standing[:MOST_HELD]),
        *(reason_text(words, reason) for reason in told if reason not in first),
    ]


def reason_text(words: Words, reason: Reason) -> Html:
    """Return one reason with the numbers that fired."""
    if reasons.is_about_signal(reason):
        return reasons.sentence(words, reason)
    if (told := reasons.other(words, reason)) is not None:
        return told
    if reason.weight is None or reason.target is None:
        return say(words, _REASONS.get(reason.trigger, N_("A trigger asked for it.")))
    return drift_sentence(words, reason)


def drift_sentence(words: Words, reason: Reason) -> Html:
    """Say where a line, or the net exposure, stands against its target and band; the reason carries weight and target."""
    weight, target = reason.weight or Decimal(0), reason.target or Decimal(0)
    facts = {
        "line": bold(line_name(words, reason.line)),
        "weight": bold(words.percent(weight)),
        "points": words.points(abs(weight - target)),
    }
    over, under = _EXPOSED if reason.line == NET else _DRIFTED
    told = say(words, over if weight >= target else under, **facts)
    if reason.band is None:
        return told
    return joined(" ", (told, say(words, "Its band is {band}.", band=f"±{words.points(reason.band)}")))


def result_table(words: Words, plan: Plan) -> Html:
    """Return the weights now, after the plan, and the targets."""
    return change_table(words, plan.before, plan.after, titles=(words.t("now"), words.t("after")))


def card_picture(words: Words, plan: Plan) -> Picture:
    """Name the picture of a plan: before and after if every leg fills."""
    return change_picture(words, plan.before, plan.after, words.t("Plan {number}", number=plan.number))


def _ending(words: Words, portfolio: Portfolio) -> list[Html]:
    if portfolio.mode is not Mode.MANUAL:
        return []
    return [esc(""), say(words, "Trade this by hand, then tell me what was done. It waits until the next plan.")]


def _answers(words: Words, portfolio: Portfolio, plan: Plan) -> Keyboard:
    if plan.is_by_hand:
        return _answers_by_hand(words, portfolio, plan)
    if plan.is_panic:
        return (_confirm(words, portfolio, plan), button(words.t("Edit"), "edit", plan.id)), (button(words.t("Skip"), "skip", plan.id),)
    return (
        *card.card_rows(words, plan),
        (_confirm(words, portfolio, plan), button(words.t("Edit"), "edit", plan.id)),
        (
            button(words.t("Skip"), "skip", plan.id),
            button(words.t("Snooze 1 h"), "snooze_plan", plan.id),
            button(words.t("Longer…"), "snooze_longer", f"plan:{plan.id}"),
        ),
    )


def _answers_by_hand(words: Words, portfolio: Portfolio, plan: Plan) -> Keyboard:
    edit_, not_done = button(words.t("Edit"), "edit", plan.id), button(words.t("Not done"), "skip", plan.id)
    first = ((_confirm(words, portfolio, plan),), (button(words.t("Done, other amounts"), "otherwise", plan.id), not_done))
    if plan.is_panic:
        return (*first, (edit_,))
    snooze = button(words.t("Snooze 1 h"), "snooze_plan", plan.id), button(words.t("Longer…"), "snooze_longer", f"plan:{plan.id}")
    return (*card.card_rows(words, plan), *first, (edit_, *snooze))


def _confirm(words: Words, portfolio: Portfolio, plan: Plan) -> Button:
    label = words.t("All done") if portfolio.mode is Mode.MANUAL else words.t("Confirm")
    return button(label, "confirm", plan.id, Style.SUCCESS)


def edit(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Show a plan with a switch per leg; dropped legs are off, and the result is of what is left."""
    if plan.state is not PlanState.PROPOSED:
        return closed_card(words, portfolio, plan)
    kept = [leg for leg in plan.legs if leg.state is not LegState.DROPPED]
    text = page(
        head(words, portfolio, say(words, "Plan {number}", number=plan.number), say(words, "edit")),
        say(words, "Tap a leg to leave it out or to take it back."),
        "",
        *legs_block(words, plan.legs),
        "",
        *costs_lines(words, plan),
        result_table(words, plan),
        exposure_change(words, plan.before, plan.after),
        say(words, "Answer by {time}.", time=words.time(autonomy.answer_by(plan))) if plan.has_deadline else None,
    )
    done = [button(words.t("Back to the plan"), "card", plan.id)]
    if kept:
        done.insert(0, _confirm(words, portfolio, plan))
    return View(text, (*_switches(words, plan), tuple(done)))


def _switches(words: Words, plan: Plan) -> Keyboard:
    rows = [button(_switch_label(words, leg), "toggle", f"{plan.id}:{leg.index}") for leg in plan.legs[: 2 * MOST_LEGS]]
    return tuple((row,) for row in rows)


def _switch_label(words: Words, leg: Leg) -> str:
    """Return a short label without markup: on or off, number, side, coin, value."""
    box = "☐" if leg.state is LegState.DROPPED else "☑"
    if leg.is_transfer:
        what = words.t("transfer {amount}", amount=words.money(leg.qty, 0))
    else:
        names = {"coin": leg.instrument.replace("-PERP", f" {words.t('futures')}"), "amount": words.money(leg.notional, 0)}
        what = words.t("sell {coin} {amount}", **names) if leg.side == "sell" else words.t("buy {coin} {amount}", **names)
    return f"{box} {leg.index + 1}. {what}"


def nothing_to_do(words: Words, found: NothingToDo, now: datetime | None = None) -> View:
    """Answer ``/rebalance`` when no order would improve anything, or none that would can be sent; what is not traded has its age.

    What is inside its band and a little off is named, and can be traded all the same.
    """
    portfolio, figures, small = found.portfolio, found.figures, found.small
    close = say(words, "Every line is close to its target. The orders would be too small to be worth their fees.")
    if small is not None:
        facts = {"coin": bold(coin(small.instrument)), "points": words.points(small.weight)}
        close = say(words, "Every line is inside its band. The largest difference is {coin}, {points} points.", **facts)
    undone = [joined(" ", (say(words, "Left out:"), left_out_text(words, left))) for left in found.left_out[:8]]
    text = page(
        head(words, portfolio),
        bold(words.t("Nothing can be traded now.")) if undone else bold(words.t("Nothing to do.")),
        *(undone or [close]),
        *(lives.standing_lines(words, figures, now) if now is not None else ()),
        weights_table(words, figures),
    )
    pages = (button(words.t("Status"), "status"), button(words.t("Why?"), "why"))
    return View(text, ((button(words.t("Trade it all the same"), "trade_all"),), pages) if small is not None else (pages,))


def busy(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Answer ``/rebalance`` while another plan is being carried out."""
    text = page(
        head(words, portfolio),
        esc(closed_text(words, plan)),
        say(words, "One plan at a time: a new one can be made when it has ended."),
    )
    return View(text, ((button(words.t("Plan {number}", number=plan.number), "card", plan.id), button(words.t("Status"), "status")),))
