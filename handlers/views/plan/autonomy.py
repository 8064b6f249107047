"""How a portfolio answers by itself: what may be done without asking, what becomes of an unanswered plan, and what is told of both."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from chatbot.engine.planner.smallest_trade import MIN_TRADE
from chatbot.i18n import N_
from chatbot.model import AnswerMode, AutoLimits, DecidedBy, LegState, Mode, NotAlone, PlanState, Unanswered
from chatbot.plans import autonomy
from handlers.buttons import Style
from handlers.views.common import View, bold, button, code, esc, head, joined, page, say
from handlers.views.plan.legs import planned_line

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Plan, Portfolio
    from handlers.buttons import Button, Keyboard
    from handlers.views.common import Html

EXAMPLE = "/mode auto 500 10%"
#: minutes until the legs that reduce risk are carried out, as offered
MINUTES = (15, 30, 60, 240)
#: offered limits: of one order as a share of the value, of a day as a share of the value
_CENT, _TENTH = Decimal("0.01"), Decimal("0.1")
ORDERS, DAYS = (Decimal("0.02"), Decimal("0.05"), Decimal("0.1")), (5, 10, 25, 50)
#: why an auto portfolio asks; what its person did is not told to them
_WHY = {
    NotAlone.TRADE: N_("I ask, because the largest order is {amount} and your limit for one is {limit}."),
    NotAlone.TURNOVER: N_("I ask, because {amount} would be traded today and your limit for a day is {limit}."),
    NotAlone.TREND: N_("I ask, because I never act on a trend without you."),
    NotAlone.HEDGE: N_("I ask, because I never open a hedge without you."),
    NotAlone.TILT: N_("I ask, because I never open a tilt without you: it may add risk."),
    NotAlone.EXPENSIVE: N_("I ask, because an order is expensive for its size."),
    NotAlone.UNKNOWN: N_("I ask, because the cost of an order is unknown."),
    NotAlone.PANIC: N_("I ask, because you have confirmed nothing since /panic."),
    NotAlone.MOVED: N_("I ask, because prices moved before I could act by myself."),
}
_UNANSWERED = {
    Unanswered.EXPIRE: N_("If you do not answer, a plan expires and nothing is traded."),
    Unanswered.REMIND: N_("If you do not answer, I remind you once; then the plan expires."),
    Unanswered.REDUCE: N_("If you do not answer within {span}, I carry out only the legs that reduce risk."),
}


def limits_text(words: Words, limits: AutoLimits) -> str:
    """Return limits in a few words."""
    trade = words.money(limits.trade, 0)
    if limits.turnover is not None:
        return words.t("at most {trade} an order and {day} a day", trade=trade, day=words.money(limits.turnover, 0))
    share = words.percent(limits.share or 0, 0)
    return words.t("at most {trade} an order and {share} of the value a day", trade=trade, share=share)


def unanswered_text(words: Words, portfolio: Portfolio) -> Html:
    """Say what becomes of a plan that nobody answers."""
    if portfolio.is_by_hand:
        return say(words, "You trade by hand: a plan waits until you say what was done, or until the next one.")
    settings = portfolio.answering
    return say(words, _UNANSWERED[settings.unanswered], span=words.span(settings.after_min * 60))


def answer_by(plan: Plan) -> datetime:
    """Return until when a plan waits for its person alone."""
    reduce_at = plan.stand.reduce_at if plan.stand is not None else None
    return reduce_at or plan.expires_at


def card_lines(words: Words, plan: Plan, now: datetime) -> list[Html]:
    """Say on a card that waits why it asks, and what becomes of it without an answer."""
    stand = plan.stand
    if stand is None:
        return []
    lines: list[Html] = []
    if stand.why in _WHY:
        numbers = {"amount": stand.amount, "limit": stand.limit}
        lines.append(say(words, _WHY[stand.why], **{name: bold(words.money(value or Decimal(0), 0)) for name, value in numbers.items()}))
    if stand.reduce_at is not None:
        legs = ", ".join(str(leg.index + 1) for leg in autonomy.alone(plan))
        nothing = say(words, "None of its remaining legs reduces risk; without your answer the plan expires.")
        lines.append(say(words, "Without your answer I then carry out only what reduces risk: {legs}.", legs=legs) if legs else nothing)
    elif stand.patient:
        lines.append(say(words, "Confirm checks the prices again."))
    if stand.remind_at is not None:
        lines.append(say(words, "I remind you in {span}.", span=words.span((stand.remind_at - now).total_seconds())))
    return [esc(""), *lines] if lines else []


def acted_lines(words: Words, plan: Plan) -> list[Html]:
    """Say of a plan that its person did not confirm who did, and inside which limits."""
    if plan.decided_by is DecidedBy.UNANSWERED:
        return [say(words, "You did not answer, so only the legs that reduce risk are carried out.")]
    if plan.decided_by is not DecidedBy.AUTO:
        return []
    limits, used = (plan.stand.limits, plan.stand.used) if plan.stand is not None else (None, None)
    lines = [bold(words.t("I act by myself, as you wanted."))]
    if limits is not None:
        lines.append(say(words, "Your limits: {limits}.", limits=limits_text(words, limits)))
    if used:
        lines.append(say(words, "Traded before it today: {amount}.", amount=words.money(used, 0)))
    return lines


def acted_buttons(words: Words, portfolio: Portfolio, plan: Plan) -> Keyboard:
    """Offer the one tap that ends acting alone, while the bot does."""
    if plan.decided_by is DecidedBy.AUTO and portfolio.answer is AnswerMode.AUTO and portfolio.is_open:
        return ((button(words.t("Ask me from now on"), "answer", f"ask:{plan.portfolio_id}"),),)
    return ()


def reminder(words: Words, portfolio: Portfolio, plan: Plan) -> View:
    """Ring once more for a plan that waits."""
    text = page(
        head(words, portfolio, say(words, "Plan {number}", number=plan.number)),
        say(words, "This plan still waits for your answer, until {time}.", time=bold(words.when(plan.expires_at, plan.created_at))),
    )
    return View(text, ((button(words.t("See the plan"), "card", plan.id, Style.PRIMARY), button(words.t("Skip"), "skip", plan.id)),))


def unanswered(words: Words, portfolio: Portfolio, plan: Plan, why: str) -> View:
    """Tell what was done, or why nothing was done, about a plan that nobody answered."""
    title = head(words, portfolio, say(words, "Plan {number}", number=plan.number))
    if why or plan.state is PlanState.PROPOSED:
        text = page(title, say(words, "You did not answer, and prices have moved since it was made: nothing was sent."))
        return View(text, ((button(words.t("Plan now"), "rebalance", "", Style.PRIMARY), button(words.t("Status"), "status")),))
    kept = [leg for leg in plan.legs if leg.state is not LegState.DROPPED]
    left = ", ".join(str(leg.index + 1) for leg in plan.legs if leg.state is LegState.DROPPED)
    text = page(
        title,
        *acted_lines(words, plan),
        *(planned_line(words, leg) for leg in kept[:12]),
        say(words, "Left out, because they do not reduce risk or need your answer: {legs}.", legs=left) if left else None,
    )
    return View(text, ((button(words.t("Plan now"), "rebalance"), button(words.t("How I answer"), "mode")),))


def unanswered_rows(words: Words, portfolio: Portfolio) -> Keyboard:
    """Offer what may become of a plan that nobody answers; one that is traded by hand waits."""
    if portfolio.is_by_hand:
        return ()
    settings, can_trade = portfolio.answering, autonomy.may_act(portfolio)
    rows: list[tuple[Button, ...]] = [
        (
            _choice(words.t("Expire"), "expire", chosen=settings.unanswered is Unanswered.EXPIRE),
            _choice(words.t("Remind me"), "remind", chosen=settings.unanswered is Unanswered.REMIND),
        )
    ]
    if can_trade:
        reduces = settings.unanswered is Unanswered.REDUCE
        spans = (words.t("Reduce after {span}", span=words.span(minutes * 60)) for minutes in MINUTES)
        offered = [
            _choice(label, f"reduce:{minutes}", chosen=reduces and settings.after_min == minutes)
            for label, minutes in zip(spans, MINUTES, strict=True)
        ]
        rows += [tuple(offered[:2]), tuple(offered[2:])]
    return tuple(rows)


def _choice(label: str, arg: str, *, chosen: bool) -> Button:
    return button(f"✓ {label}" if chosen else label, "unanswered", arg)


def not_alone(words: Words, portfolio: Portfolio) -> View:
    """Refuse auto where the bot cannot trade for the person."""
    why = say(words, "Here you trade by hand: without a key I can send no orders, so I can't act by myself.")
    if portfolio.is_watched:
        why = say(words, "I only watch here, and send no orders.")
    elif portfolio.mode is Mode.LIVE:
        why = say(words, "I can do that only where you have agreed that I act by myself.")
    return View(page(head(words, portfolio), why), ((button(words.t("Back"), "mode"),),))


def consent(words: Words, portfolio: Portfolio, limits: AutoLimits, value: Decimal | None) -> View:
    """Say in words what acting alone means with these limits, and ask for a yes; the limits can be changed first."""
    limits = limits_of(limits_arg(limits))  # what is shown is what the button carries
    text = page(
        head(words, portfolio, bold(words.t("Acting by myself"))),
        say(words, "When a trigger asks for a plan, I carry it out without asking you: {limits}.", limits=bold(limits_text(words, limits))),
        say(words, "Above a limit I ask. What you confirm yourself counts towards the day, which ends at your midnight."),
        say(
            words,
            "I always ask before acting on a trend, before opening a hedge, and when an order is expensive for "
            "its size or its cost is unknown.",
        ),
        say(words, "Pause and snooze stop me here too, and one tap switches this off."),
        "",
        say(words, "Choose, or write other limits: {example}", example=code(EXAMPLE)),
    )
    arg = limits_arg(limits)
    yes = button(words.t("Yes, trade without asking me"), "auto_yes", arg, Style.DANGER)
    return View(text, (*limit_rows(words, limits, value), (yes,), (button(words.t("Back"), "mode"),)))


def limit_rows(words: Words, limits: AutoLimits, value: Decimal | None) -> Keyboard:
    """Offer limits of one order by what the portfolio is worth, and of a day by its share."""
    trade, _, day = limits_arg(limits).partition(":")
    sizes = list(dict.fromkeys(rounded(value * share) for share in ORDERS)) if value else []
    orders = tuple(_limit(words.money(size, 0), f"{size:f}:{day}", chosen=size == limits.trade) for size in sizes)
    days = tuple(
        _limit(words.t("{share} a day", share=words.percent(Decimal(share) / 100, 0)), f"{trade}:{share}%", chosen=day == f"{share}%")
        for share in DAYS
    )
    return (*((orders,) if orders else ()), days)


def _limit(label: str, arg: str, *, chosen: bool) -> Button:
    return button(f"✓ {label}" if chosen else label, "auto", arg)


def limits_arg(limits: AutoLimits) -> str:
    """Return limits as a button carries them: 500:2000 or 500:10%; whole cents and tenths of a per cent, never more than they are."""
    day = _down(limits.turnover, _CENT) if limits.turnover is not None else f"{_down((limits.share or Decimal(0)) * 100, _TENTH)}%"
    return f"{_down(limits.trade, _CENT)}:{day}"


def _down(value: Decimal, step: Decimal) -> str:
    whole = value.quantize(step, ROUND_DOWN)
    return f"{whole.normalize():f}"


def limits_of(arg: str) -> AutoLimits:
    """Read what :func:`limits_arg` wrote."""
    trade, _, day = arg.partition(":")
    if day.endswith("%"):
        return AutoLimits(trade=Decimal(trade), share=Decimal(day[:-1]) / 100)
    return AutoLimits(trade=Decimal(trade), turnover=Decimal(day))


def rounded(value: Decimal) -> Decimal:
    """Return an amount with one or two digits that are not 0: 243.7 is 240."""
    step = Decimal(10) ** max(0, value.adjusted() - 1)
    return max(MIN_TRADE, (value / step).to_integral_value() * step)


def standing_line(words: Words, portfolio: Portfolio, used: Decimal | None) -> Html | None:
    """Say in /status that the portfolio acts by itself, and how much of the day is used."""
    limits = portfolio.answering.limits
    if portfolio.answer is not AnswerMode.AUTO or limits is None:
        return None
    told = say(words, "Acts by itself: {limits}", limits=limits_text(words, limits))
    spent = say(words, "{amount} traded today", amount=words.money(used, 0)) if used is not None else None
    return joined("; ", (told, spent))
