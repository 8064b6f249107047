"""/panic in words: what it would do, what it did, what is left to do by hand, and the second step that sells the coins."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.i18n import N_
from chatbot.model import Cause, PlanState
from chatbot.plans.closing import Outcome
from chatbot.plans.panic import Pressed, Sold
from handlers.buttons import Style
from handlers.views import problems
from handlers.views.common import DASH, View, bold, button, esc, head, joined, named, page, say
from handlers.views.plan.card import MOST_LEGS
from handlers.views.plan.costs import costs_lines
from handlers.views.plan.history import OF_RESULT
from handlers.views.plan.legs import ended_short, left_out_text, planned_line
from handlers.views.plan.paid import paid_line
from handlers.views.tables import beside_lines, exposure_change, exposure_unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import LeftOut, Plan, Portfolio, Problem
    from chatbot.plans.panic import Answer, Effect
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

#: left-out coins that are named; the rest is counted
_MOST_LEFT = 12
#: what is said where no plan tells it
TOLD: Final = {
    Outcome.FLAT: N_("No futures are open. Nothing is traded until /resume."),
    Outcome.UNKNOWN: N_("The futures are not closed yet. Orders are cancelled and it is paused; I keep trying for two minutes."),
    Outcome.WAITING: N_("The futures are not closed yet: another plan has not come to its end. I try again every minute, for ten minutes."),
    Outcome.RESUMED: N_("It was resumed before the futures were closed: they are still open. “Try again” closes them."),
    Outcome.GIVEN_UP: N_("I could not close the futures: they are still open. Orders are cancelled and it is paused."),
}
_NOT_SOLD: Final = {
    Sold.NOT_STOPPED: N_("It is not stopped any more, so nothing was sold. /panic comes first."),
    Sold.NOT_YET: N_("The futures are not closed yet, so nothing was sold. Try again when they are."),
    Sold.UNKNOWN: N_("Nothing was sold: no coin has a reliable price now. Try again in a moment."),
    Sold.NOTHING: N_("There is nothing to sell."),
}


def effects(words: Words, shown: Sequence[Effect], others: Sequence[Portfolio], now: datetime) -> View:
    """Show what one more tap does to these portfolios; a button each narrows it to one. ``others`` are those that are not shown."""
    parts: list[object] = []
    for effect in shown:
        parts += [*_effect(words, effect), ""]
    closes = any(effect.plan is None or effect.plan.legs or effect.plan.left_out for effect in shown)
    by_hand = all(effect.portfolio.is_by_hand for effect in shown)
    parts.append(say(words, "One more tap does it, with what is there at that moment. It stays out until /resume."))
    go = words.t("Stop, and list what to close") if by_hand else words.t("Close all futures and stop")
    only = shown[0].portfolio.id if others or len(shown) == 1 else 0
    if not closes:
        go = words.t("Stop") if by_hand else words.t("Cancel orders and stop")
    rows: list[tuple[Button, ...]] = [(button(go, "panic_go", _arg(only, now), Style.DANGER),)]
    rows += [
        (button(words.t("Only {name}", name=named(words, one)), "panic", one.id),)
        for one in (*others, *(effect.portfolio for effect in shown if len(shown) > 1))
    ]
    rows += [(sell_button(words, shown[0].portfolio),)] if len(shown) == 1 and shown[0].since is not None and not closes else []
    if others:
        rows.append((button(words.t("All portfolios"), "panic"),))
    return View(page(*parts), (*rows, (button(words.t("Status"), "status"),)))


def _effect(words: Words, effect: Effect) -> list[Html]:
    plan = effect.plan
    lines = [head(words, effect.portfolio, name=True), *_cancelled(words, effect)]
    if effect.since is not None:
        lines.insert(1, say(words, "Stopped by /panic at {time}.", time=words.moment(effect.since)))
    if any(problem.code == "other_world" for problem in effect.problems):
        return [lines[0], say(words, "It belongs to another market, and nothing is done with it here.")]
    if plan is None:
        lines.append(problems.cannot_evaluate_line(words, effect.problems))
        lines.append(say(words, "Orders are cancelled and it is paused all the same; the futures are closed as soon as there are prices."))
        return lines
    if plan.legs:
        lines += [bold(words.t("To be closed")), *(planned_line(words, leg) for leg in plan.legs[:MOST_LEGS]), *costs_lines(words, plan)]
    elif not plan.left_out:
        lines.append(say(words, "No futures are open."))
    lines += [joined(" ", (say(words, "Stays open:"), left_out_text(words, left))) for left in plan.left_out[:_MOST_LEFT]]
    lines += [*_after_it(words, effect, plan), *beside_lines(words, plan.before)]
    lines.append(say(words, "Then paused: no checks, no alerts, no plans."))
    return lines


def _cancelled(words: Words, effect: Effect) -> list[Html]:
    """Say what becomes of the plan that is open, and of its orders."""
    plan = effect.open_plan
    by_hand = (
        [say(words, "Your own open orders I can't cancel: please cancel them at your exchange.")] if effect.portfolio.is_by_hand else []
    )
    if plan is None:
        return by_hand or [say(words, "No open orders")]
    if plan.state is PlanState.PROPOSED:
        return [*by_hand, say(words, "Plan {number} ends unanswered.", number=plan.number)]
    told = say(words, "Plan {number} is stopped; what is filled stays.", number=plan.number)
    count = effect.open_orders
    return [
        joined(
            " ", (told, esc(words.n("{count} open order is cancelled.", "{count} open orders are cancelled.", count)) if count else None)
        )
    ]


def _after_it(words: Words, effect: Effect, plan: Plan) -> list[Html]:
    """Say what is not touched and how exposed it is; dashes where what is held is not known, or a price of it."""
    if any(problem.instrument or problem.code == "empty_balance" for problem in effect.problems):
        why = problems.cannot_evaluate_line(words, effect.problems)
        return [why, say(words, "Kept: coins {coins}, money {money}", coins=DASH, money=DASH), exposure_unknown(words)]
    return [_kept(words, plan), *([exposure_change(words, plan.before, plan.after)] if plan.before.lines else [])]


def _kept(words: Words, plan: Plan) -> Html:
    """Say what is not touched: coins, and money in both accounts."""
    coins = sum((reading.weight for reading in plan.after.lines if reading.line not in _MONEY), Decimal(0)) * plan.after.value
    facts = {"coins": words.money(coins, 0), "money": words.money(plan.after.value - coins, 0)}
    return say(words, "Kept: coins {coins}, money {money}", **facts)


_MONEY = frozenset({"STABLE", "FUTURES"})


def stopped(words: Words, answers: Sequence[Answer], now: datetime) -> View:
    """Say what was done about each portfolio; what comes of the futures follows in messages of their own."""
    parts: list[object] = []
    for answer in answers:
        parts += [head(words, answer.portfolio, name=True), *_stopped(words, answer, now), ""]
    if any(answer.pressed is not Pressed.RESUMED for answer in answers):
        parts.append(say(words, "Nothing else is traded until /resume."))
    return View(page(*parts), ((button(words.t("Status"), "status"),),))


def _stopped(words: Words, answer: Answer, now: datetime) -> list[Html]:
    if answer.pressed is Pressed.ALREADY and answer.since is not None:
        return [say(words, "That was done already, at {time}. Pressing again changes nothing.", time=words.when(answer.since, now))]
    if answer.pressed is Pressed.RESUMED:
        return [say(words, "You pressed this before and resumed since, so nothing was done. Send /panic to see how it stands now.")]
    if answer.pressed is Pressed.ELSEWHERE:
        return [say(words, "It belongs to another market, and nothing is done with it here.")]
    if answer.pressed is Pressed.HALTED:
        return [say(words, "Trading is stopped by the operator, so nothing was done. Please wait until it goes on.")]
    plan = answer.stopped
    lines = [bold(words.t("stopped"))]
    if plan is not None and plan.state is PlanState.PROPOSED:
        lines.append(say(words, "Plan {number} ended unanswered.", number=plan.number))
    elif plan is not None:
        lines.append(say(words, "Plan {number} is being stopped, its open orders are cancelled.", number=plan.number))
    by_hand = answer.portfolio.is_by_hand
    lines.append(say(words, "What you have to close follows as a list.") if by_hand else say(words, "All futures are being closed."))
    return lines


def resumed(words: Words) -> Html:
    """Say at the end of a pause what comes after a panic."""
    return say(
        words, "Your targets may want back what was closed: the next check proposes a plan and asks first, until you have confirmed one."
    )


def nothing_new(words: Words, answer: Answer, now: datetime) -> str:
    """Answer a press that did nothing, at most 200 characters."""
    return " ".join(_stopped(words, answer, now))


def halted(words: Words, since: datetime, now: datetime) -> View:
    """Tell somebody to wait while the operator has stopped all trading."""
    text = page(
        say(
            words,
            "Trading has been stopped by the operator since {time}: open orders are cancelled, and nothing is sent.",
            time=words.when(since, now),
        ),
        say(words, "Futures can be closed when it goes on. I'll tell you; then send /panic again."),
    )
    return View(text, ((button(words.t("Status"), "status"),),))


def too_old(words: Words, shown_at: datetime, now: datetime) -> str:
    """Answer a tap on a page that is too old to act on, at most 200 characters; it is shown again."""
    return words.t("This page is from {time}, so nothing was done. Here is how it stands now.", time=words.when(shown_at, now))


def told(words: Words, portfolio: Portfolio, outcome: Outcome, found: Sequence[Problem]) -> View:
    """Say what became of closing everything where no plan tells it; this always rings."""
    why = problems.cannot_evaluate_line(words, found) if found else None
    verdict = bold(words.t("stopped")) if outcome is not Outcome.RESUMED else None
    text = page(head(words, portfolio, verdict), say(words, TOLD[outcome]), why)
    first = (
        (sell_button(words, portfolio),)
        if outcome is Outcome.FLAT
        else (button(words.t("Try again"), "panic", portfolio.id, Style.DANGER),)
    )
    return View(text, (first, (button(words.t("Status"), "status"),)))


def sell_button(words: Words, portfolio: Portfolio) -> Button:
    """Return the way to the second step; it shows what it would sell first."""
    return button(words.t("Sell all spot to {quote}", quote=portfolio.quote), "panic_sell", portfolio.id)


def sale(words: Words, effect: Effect, now: datetime) -> View:
    """Show what the second step sells, with amounts and costs, and ask for one more tap."""
    portfolio, plan = effect.portfolio, effect.plan
    title = head(words, portfolio)
    if plan is None:
        return View(page(title, problems.cannot_evaluate_line(words, effect.problems)), (_again(words, portfolio),))
    left = _left_lines(words, plan.left_out)
    if not plan.legs:
        return View(page(title, say(words, _NOT_SOLD[Sold.NOTHING]), *left), ((button(words.t("Status"), "status"),),))
    by_hand = portfolio.is_by_hand
    text = page(
        title,
        bold(words.t("To sell by hand") if by_hand else words.t("To be sold")),
        *(planned_line(words, leg) for leg in plan.legs[:MOST_LEGS]),
        esc(words.n("and {count} more leg", "and {count} more legs", len(plan.legs) - MOST_LEGS)) if len(plan.legs) > MOST_LEGS else None,
        *costs_lines(words, plan),
        *left,
        *beside_lines(words, plan.before),
        "",
        say(words, "One more tap does it, with what is there at that moment."),
    )
    label = words.t("Make the list") if by_hand else words.t("Sell it all")
    return View(text, ((button(label, "panic_sell_go", _arg(portfolio.id, now), Style.DANGER),), (button(words.t("Status"), "status"),)))


def _again(words: Words, portfolio: Portfolio) -> tuple[Button, ...]:
    return button(words.t("Try again"), "panic_sell", portfolio.id), button(words.t("Status"), "status")


def not_sold(words: Words, why: Sold) -> str:
    """Answer why nothing was sold, at most 200 characters."""
    if why is Sold.HALTED:
        return words.t("Trading is stopped by the operator, so nothing was done. Please wait until it goes on.")
    return words.t(_NOT_SOLD[why])


def selling(words: Words, plan: Plan) -> str:
    """Answer the tap that sells everything, and pressing it again, at most 200 characters."""
    if plan.state is PlanState.PROPOSED:
        return words.t("Plan {number} is the list of what to sell.", number=plan.number)
    return words.t("Plan {number} sells everything. Pressing again changes nothing.", number=plan.number)


def sold(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Take the question's place once it was answered; the plan tells the rest in its own message."""
    text = page(head(words, portfolio), esc(selling(words, plan)))
    return View(text, ((button(words.t("Plan {number}", number=plan.number), "card", plan.id), button(words.t("Status"), "status")),))


def result(words: Words, portfolio: Portfolio, plan: Plan, verdict: Html, totals: Sequence[Html]) -> View:
    """Show what a plan of a panic came to, leg by leg, and what may follow."""
    failed = [leg for leg in plan.legs if ended_short(leg)]
    first_step = any(reason.trigger is Cause.PANIC for reason in plan.reasons)
    done = say(words, "All futures are closed.") if first_step else say(words, "All coins are sold.")
    flat = first_step and plan.result is not None and not plan.result.book
    whole = flat or not (failed or plan.left_out)
    changed = exposure_change(words, plan.before, plan.result) if plan.result is not None and plan.before.lines else None
    text = page(
        head(words, portfolio, say(words, "Plan {number}", number=plan.number), verdict),
        bold(done) if whole else None,
        *(paid_line(words, leg) for leg in plan.legs[:MOST_LEGS]),
        *_left_lines(words, plan.left_out),
        *totals,
        changed,
        say(words, "Nothing else is traded until /resume.") if portfolio.paused else None,
        say(words, "If you traded other amounts, correct them, so that the next plan starts from what you really hold.")
        if portfolio.is_by_hand
        else None,
    )
    return View(text, _after(words, portfolio, plan, first_step=first_step, whole=whole))


def _after(words: Words, portfolio: Portfolio, plan: Plan, *, first_step: bool, whole: bool) -> Keyboard:
    rows: list[tuple[Button, ...]] = []
    if portfolio.paused and first_step:
        rows.append((sell_button(words, portfolio),))
    if not whole and portfolio.paused:
        again = button(words.t("Close what is left"), "panic", portfolio.id, Style.DANGER)
        rows.insert(0, (again if first_step else button(words.t("Sell what is left"), "panic_sell", portfolio.id),))
    rows.append((button(words.t("Details"), "plan", f"{plan.id}:{OF_RESULT}"), button(words.t("Status"), "status")))
    if portfolio.is_by_hand:
        rows.append((button(words.t("Correct amounts"), "correct"),))
    return tuple(rows)


def _left_lines(words: Words, left_out: Iterable[LeftOut]) -> list[Html]:
    """Name what cannot be traded, and why."""
    every = list(left_out)
    lines = [joined(" ", (say(words, "Left over:"), left_out_text(words, left))) for left in every[:_MOST_LEFT]]
    if len(every) > _MOST_LEFT:
        lines.append(esc(words.n("and {count} more", "and {count} more", len(every) - _MOST_LEFT)))
    return lines


def _arg(portfolio_id: int, shown_at: datetime) -> str:
    """Write what a button acts on: a portfolio, 0 for all that were shown, and when it was shown."""
    return f"{portfolio_id}:{int(shown_at.timestamp()):x}"
