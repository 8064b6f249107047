"""The plan card: why, what, at which price, what it leads to, until when; and the view that leaves single legs out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.exchanges.base import asset_of, is_perp
from chatbot.i18n import N_
from chatbot.model import BASKET, INFO, NET, Cause, DecidedBy, LegState, PlanState
from handlers.buttons import Style
from handlers.views.common import (
    DOT,
    MAX_CAPTION,
    Html,
    View,
    bold,
    button,
    esc,
    fit,
    head,
    joined,
    line_name,
    page,
    say,
    visible_length,
)
from handlers.views.hedge import card
from handlers.views.plan import autonomy, reasons
from handlers.views.plan.costs import as_shown, costs_line, unknown_lines, waiting_lines
from handlers.views.plan.legs import left_out_text, planned_line
from handlers.views.portfolio import lives
from handlers.views.tables import beside_lines, change_picture, change_table, net_change

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Leg, Plan, Portfolio, Reason
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Picture

#: beyond this many legs the rest is counted, so that the card stays one message
MOST_LEGS = 24
#: what is left out, and lines about coins that are not traded, that the card itself has room for
_MOST_LEFT = 2
#: seconds that a card may take from its making to the chat
_ON_ITS_WAY_S = 5
#: lines of the table whose new weights stand on the card
_MOST_AFTER = 5
#: characters of the line that says why
_MOST_WHY = 260
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
    N_("{line} is {points} points over its target of {target}"),
    N_("{line} is {points} points under its target of {target}"),
)
_EXPOSED = (
    N_("The net futures position is {points} points over its target of {target}"),
    N_("The net futures position is {points} points under its target of {target}"),
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
#: its exchange shows that
_CLOSED_WATCHED = {
    PlanState.EXPIRED: N_("Plan {number} was never answered. What you have traded of it I see at your exchange."),
    PlanState.SUPERSEDED: N_(
        "Plan {number} is over: a newer one came, or its base was changed. What you have traded of it I see at your exchange."
    ),
}
_STOPPED = N_("Plan {number} was stopped by you at {time}. What was filled stays.")
#: who ended a plan that no other took the place of, unless what it rested on was changed
_ENDED_BY = {
    DecidedBy.CLOSING: N_("Plan {number} ended, because the portfolio was closed. Nothing was traded."),
    DecidedBy.PANIC: N_("Plan {number} ended, because you pressed /panic. Nothing was traded."),
}
_PUT_OFF = N_("Plan {number} was put off at {time}. Nothing was traded.")
_OUTDATED = N_("Plan {number} ended, because what it rested on was changed. Nothing was traded.")


def plan_card(words: Words, portfolio: Portfolio, plan: Plan, now: datetime, *, lead: str = "") -> View:
    """Show a plan that waits for an answer, or how one ended; ``lead`` is a sentence said before its legs.

    Three lines say which plan it is, how long it waits and why it is made; then its legs, what is left out and what it leads to. It never
    holds more than the caption of its picture: the largest legs stand here, everything stands behind More.
    """
    if plan.state is not PlanState.PROPOSED:
        return closed_card(words, portfolio, plan)
    paused = words.t("Paused: nothing is sent until /resume.") if portfolio.paused and not (plan.is_panic or plan.is_by_hand) else ""
    lead = " ".join(filter(None, (lead, paused)))
    text = _front(words, portfolio, plan, _waits(words, plan, now), lead, autonomy.card_lines(words, plan, now))
    return View(text, _answers(words, plan), card_picture(words, plan))


def _waits(words: Words, plan: Plan, now: datetime) -> Html:
    if plan.is_by_hand:
        by_hand = say(words, "Trade it by hand, then tell me what was done; it waits until the next plan")
        return say(words, "Trade it at your exchange, then press All done; it waits until the next plan") if plan.watched else by_hand
    if not plan.has_deadline:
        return say(words, "It waits for your answer")
    return time_left(words, plan, now)


def time_left(words: Words, plan: Plan, now: datetime) -> Html:
    """Say how long a plan waits for its person: the whole of it, where only its way into the chat has passed."""
    whole, left = ((autonomy.answer_by(plan) - moment).total_seconds() for moment in (plan.created_at, now))
    return say(words, "{span} to answer", span=words.span(whole if whole - left <= _ON_ITS_WAY_S else left))


def closed_card(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Show a plan that can no longer be answered: the same facts, how it ended, and no way to press Confirm."""
    text = _front(words, portfolio, plan, bold(closed_text(words, plan)))
    if not portfolio.is_open:
        return View(text)
    if plan.state in (PlanState.CONFIRMED, PlanState.RUNNING, PlanState.DONE, PlanState.PARKED):
        return View(text, ((_more(words, plan),),))
    correct = ((button(words.t("Correct amounts"), "correct"),),) if plan.is_by_hand and not plan.watched else ()
    return View(text, ((button(words.t("Plan now"), "rebalance"), button(words.t("Status"), "status"), _more(words, plan)), *correct))


def closed_text(words: Words, plan: Plan) -> str:
    """Say how a plan ended, or that it is on its way."""
    moment = plan.finished_at or plan.decided_at or plan.expires_at
    if plan.state in (PlanState.PROPOSED, PlanState.EXPIRED):
        moment = autonomy.answer_by(plan) if plan.state is PlanState.PROPOSED else plan.expires_at
    time = words.when(moment, plan.created_at)
    if plan.is_by_hand and plan.state in _CLOSED_BY_HAND:
        endings = _CLOSED_BY_HAND | (_CLOSED_WATCHED if plan.watched else {})
        return words.t(endings[plan.state], number=plan.number, time=time)
    if plan.was_stopped:
        return words.t(_STOPPED, number=plan.number, time=time)
    told = _CLOSED[plan.state]
    if plan.state is PlanState.SUPERSEDED and plan.superseded_by is None:
        told = _ENDED_BY.get(plan.decided_by, _OUTDATED)
    elif plan.was_put_off:
        told = _PUT_OFF
    return words.t(told, number=plan.number, time=time)


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


def _front(words: Words, portfolio: Portfolio, plan: Plan, second: Html, lead: str = "", ending: Sequence[Html] = ()) -> Html:
    """Return what stands on the card, with as many of its legs, the largest first, as a caption holds."""
    top = [title(words, portfolio, plan), second, _why(words, portfolio, plan), esc("")]
    top += [esc(lead), esc("")] if lead else []
    top += [_explained(words, plan), esc("")] if plan.is_first and plan.state is PlanState.PROPOSED and not plan.is_by_hand else []
    left = [joined(" ", (say(words, "Left out:"), left_out_text(words, left))) for left in plan.left_out[:_MOST_LEFT]]
    if len(plan.left_out) > _MOST_LEFT:
        left.append(esc(words.n("{count} more is left out", "{count} more are left out", len(plan.left_out) - _MOST_LEFT)))
    result = [
        *beside_lines(words, plan.before),
        *lives.standing_lines(words, plan.before, plan.created_at)[:_MOST_LEFT],
        esc(""),
        after_line(words, plan),
        net_change(words, plan.before, plan.after),
        costs_line(words, plan),
        *unknown_lines(words, plan),
        *waiting_lines(words, plan),
        *card.card_lines(words, plan)[1:],
        *ending,
    ]
    return fitting(words, plan.legs, lambda legs: [*top, *legs, *left, *result])


def _explained(words: Words, plan: Plan) -> Html:
    """Say what a plan is, or a hedge, on the first card of it that somebody gets."""
    if plan.hedge is not None:
        return say(words, "Your first hedge: a short that gains when BTC falls. /help hedge says more.")
    return say(words, "Your first plan: a list of orders. I send them only after you press Confirm; Skip leaves everything as it is.")


def title(words: Words, portfolio: Portfolio, plan: Plan, *rest: object) -> Html:
    """Return the first line of a card: the mark, the portfolio's name, the plan's number."""
    return head(words, portfolio, say(words, "Plan {number}", number=plan.number), *rest, name=True)


def _more(words: Words, plan: Plan) -> Button:
    return button(words.t("More"), "more", f"{plan.id}:0")


def _why(words: Words, portfolio: Portfolio, plan: Plan) -> Html:
    """Say in one line why a plan is made, with its number, and why a target is not the strategy's own; what is too much stands behind More.

    The first cause and the first moved target are always there, cause before consequence, and so is what no cause names and is traded.
    """
    beside = joined_line(words, portfolio, plan)
    told = [*card.card_lines(words, plan)[:1], *reason_lines(words, plan), *([beside] if beside else [])]
    standing = {reasons.standing(words, held) for held in plan.standing}
    first = {beside, *(next((line for line in told if (line in standing) is moved), None) for moved in (False, True))}
    kept = [line for line in told if line in first]
    for line in told:
        if line not in kept and visible_length(Html(" ".join((*kept, line)))) <= _MOST_WHY:
            kept.append(line)
    more = len(told) - len(kept)
    rest = esc(words.n("{count} more reason.", "{count} more reasons.", more)) if more else None
    return joined(" ", (*(line for line in told if line in kept), rest))


def after_line(words: Words, plan: Plan) -> Html:
    """Return the weights that a plan leads to in one line; of many lines those that move most."""
    then = {reading.line: reading.weight for reading in plan.before.lines}
    moved = sorted(plan.after.lines, key=lambda reading: abs(reading.weight - then.get(reading.line, reading.weight)), reverse=True)
    shown = [reading for reading in plan.after.lines if reading in moved[:_MOST_AFTER]]
    lines = [f"{line_name(words, reading.line)} {words.percent(reading.weight)}" for reading in shown]
    return say(words, "After: {weights}", weights=joined(DOT, (*lines, "…" if len(moved) > len(shown) else None)))


def fitting(words: Words, legs: Sequence[Leg], build: Callable[[list[Html]], list[Html]]) -> Html:
    """Return a text with as many legs, the largest first, as the caption of a picture holds."""
    kept = [leg for leg in legs if leg.state is not LegState.DROPPED]
    by_value = sorted(kept, key=lambda leg: leg.notional, reverse=True)
    for count in range(min(len(kept), MOST_LEGS), -1, -1):
        shown = {leg.index for leg in by_value[:count]}
        text = page(*build(legs_block(words, legs, shown)))
        if visible_length(text) <= MAX_CAPTION:
            return text
    return fit(build(legs_block(words, legs, set())), MAX_CAPTION)


def legs_block(words: Words, legs: Sequence[Leg], shown: Collection[int] | None = None) -> list[Html]:
    """Return the legs that would be traded, those with the numbers ``shown`` or all, and how many more; then what the person left out."""
    kept = [leg for leg in legs if leg.state is not LegState.DROPPED]
    told = kept if shown is None else [leg for leg in kept if leg.index in shown]
    lines = [planned_line(words, leg) for leg in told]
    if len(kept) > len(told):
        lines.append(esc(words.n("and {count} more leg", "and {count} more legs", len(kept) - len(told))))
    dropped = [leg for leg in legs if leg.state is LegState.DROPPED]
    lines += _numbered(words, N_("Left out by you: {numbers}"), (leg for leg in dropped if not leg.note))
    lines += _numbered(words, N_("Smaller, because what pays for it is left out: {numbers}"), (leg for leg in kept if leg.note))
    lines += _numbered(words, N_("Left out too, because nothing pays for it: {numbers}"), (leg for leg in dropped if leg.note))
    if not kept:
        lines.append(say(words, "No legs are left; there would be nothing to do."))
    return lines


def _numbered(words: Words, template: str, legs: Iterable[Leg]) -> list[Html]:
    numbers = ", ".join(str(leg.index + 1) for leg in legs)
    return [say(words, template, numbers=numbers)] if numbers else []


def reason_lines(words: Words, plan: Plan) -> list[Html]:
    """Return why a plan is made and why targets are not the strategy's own, what has moved them before what has drifted.

    What does not wait for company comes before everything else. What holds the futures has moved no coin, and the other way round: that
    comes after what has drifted.
    """
    told_apart = plan.hedge is not None  # the hedge is told with its figures
    told = [reason for reason in plan.reasons if not (told_apart and reason.trigger is Cause.HEDGE)]
    first = sorted((reason for reason in told if reason.trigger not in _CONSEQUENCES), key=lambda reason: not reasons.is_pressing(reason))
    then = [reason for reason in told if reason not in first]
    kinds = {reason.line == NET for reason in then if reason.weight is not None} or {True, False}
    held = sorted(plan.standing[:MOST_HELD], key=lambda one: (one.line == NET) not in kinds)
    moved = [reasons.standing(words, one) for one in held if (one.line == NET) in kinds]
    return [
        *(reason_text(words, reason) for reason in first),
        *moved,
        *(reason_text(words, reason) for reason in then),
        *(reasons.standing(words, one) for one in held[len(moved) :]),
    ]


def joined_line(words: Words, portfolio: Portfolio, plan: Plan) -> Html | None:
    """Name the lines that a plan for a signal brings back too, because they are outside their bands (domain 9.13): no cause names them."""
    if any(reason.trigger not in (*INFO, Cause.EXPOSURE) or reason.line == BASKET for reason in plan.reasons):
        return None
    causes = {asset_of(reason.line) if reason.line else NET for reason in plan.reasons}
    traded = {leg.instrument for leg in plan.legs if leg.state is not LegState.DROPPED and not leg.is_transfer}
    others = {name for name in traded if asset_of(name) not in causes}
    lines = {NET if is_perp(name) else portfolio.strategy.line_of(name) for name in others} - causes
    joining = [reading for reading in plan.before.limits if reading.breach and reading.line in lines]
    if not joining:
        return None
    return say(words, "Outside the band too, and brought back: {lines}.", lines=", ".join(line_name(words, one.line) for one in joining))


def past_reasons(words: Words, plan: Plan) -> list[Html]:
    """Return the same of a plan that is looked back at: how old a reading was then says nothing now."""
    then = tuple(replace(reason, age_s=None) for reason in plan.reasons)
    held = tuple(replace(one, by=tuple(replace(reason, age_s=None) for reason in one.by)) for one in plan.standing)
    return reason_lines(words, replace(plan, reasons=then, standing=held))


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
        "points": bold(words.points(abs(weight - target))),
        "target": words.percent(target),
    }
    over, under = _EXPOSED if reason.line == NET else _DRIFTED
    told = say(words, over if weight >= target else under, **facts)
    if reason.band is None:
        return Html(f"{told}.")
    return say(words, "{told}; band {band}.", told=told, band=f"±{words.points(reason.band)}")


def result_table(words: Words, plan: Plan) -> Html:
    """Return the weights now, after the plan, and the targets."""
    return change_table(words, plan.before, plan.after, titles=(words.t("now"), words.t("after")))


def card_picture(words: Words, plan: Plan) -> Picture:
    """Name the picture of a plan: before and after if every leg fills."""
    return change_picture(words, plan.before, plan.after, words.t("Plan {number}", number=plan.number))


def _answers(words: Words, plan: Plan) -> Keyboard:
    if plan.is_by_hand:
        return _answers_by_hand(words, plan)
    if plan.is_panic:
        first = (*_confirms(words, plan), button(words.t("Edit"), "edit", plan.id))
        return first, (button(words.t("Skip"), "skip", plan.id), _more(words, plan))
    return (
        *card.card_rows(words, plan),
        (*_confirms(words, plan), button(words.t("Edit"), "edit", plan.id)),
        (button(words.t("Skip"), "skip", plan.id), *_snoozes(words, plan)),
        (_more(words, plan),),
    )


def _answers_by_hand(words: Words, plan: Plan) -> Keyboard:
    edit_, not_done = button(words.t("Edit"), "edit", plan.id), button(words.t("Not done"), "skip", plan.id)
    otherwise = (button(words.t("Done, other amounts"), "otherwise", plan.id),)
    first: Keyboard = ((_confirm(words, plan),), (*otherwise, not_done))
    if plan.watched:  # the exchange tells the amounts
        first = ((_confirm(words, plan), not_done),)
    if plan.is_panic:
        return (*first, (edit_, _more(words, plan)))
    return (*card.card_rows(words, plan), *first, (edit_, *_snoozes(words, plan)), (_more(words, plan),))


def _snoozes(words: Words, plan: Plan) -> tuple[Button, Button]:
    longer = button(words.t("Longer…"), "snooze_longer", f"plan:{plan.id}")
    return button(words.t("Snooze 1 h"), "snooze_plan", plan.id), longer


def _confirms(words: Words, plan: Plan) -> tuple[Button, ...]:
    """Return the button that starts a plan; none where every leg was left out."""
    return (_confirm(words, plan),) if any(leg.state is not LegState.DROPPED for leg in plan.legs) else ()


def _confirm(words: Words, plan: Plan) -> Button:
    label = words.t("All done") if plan.is_by_hand else words.t("Confirm")
    return button(label, "confirm", as_shown(plan), Style.SUCCESS)


def edit(words: Words, portfolio: Portfolio, plan: Plan, now: datetime) -> View:
    """Show a plan with a switch per leg; dropped legs are off, and the result is of what is left."""
    if plan.state is not PlanState.PROPOSED:
        return closed_card(words, portfolio, plan)
    top = [title(words, portfolio, plan, say(words, "edit")), _waits(words, plan, now)]
    top += [say(words, "Tap a leg to leave it out or to take it back."), esc("")]
    result = [esc(""), after_line(words, plan), net_change(words, plan.before, plan.after), costs_line(words, plan)]
    text = fitting(words, plan.legs, lambda legs: [*top, *legs, *result])
    done = (*_confirms(words, plan), button(words.t("Back to the plan"), "card", plan.id))
    return View(text, (*_switches(words, plan), done), card_picture(words, plan))


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


def busy(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Answer ``/rebalance`` while another plan is being carried out."""
    text = page(
        head(words, portfolio),
        esc(closed_text(words, plan)),
        say(words, "One plan at a time: a new one can be made when it has ended."),
    )
    return View(text, ((button(words.t("Plan {number}", number=plan.number), "card", plan.id), button(words.t("Status"), "status")),))
