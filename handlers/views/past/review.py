"""The review in words and as a picture: value against not trading, risk, costs, and what each trigger brought."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from chatbot.charts.curves import GainBar
from chatbot.engine.review.deflated import ENOUGH_DAYS, STRONG
from chatbot.i18n import N_, NN_
from chatbot.model import INFO, Cause, Rhythm
from chatbot.reports.review.scorecard import OWN, SEVERAL
from handlers.views.common import DASH, DOT, View, bold, button, captioned, head, joined, named, page, say, say_n, table
from handlers.views.past import pictures
from handlers.views.trigger.words import WORDS

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.i18n import Words
    from chatbot.model import Portfolio, StrategySince
    from chatbot.reports.review.review import Review, Risk
    from chatbot.reports.review.scorecard import Score
    from handlers.views.common import Html

#: what a trigger is called in a narrow table
_NAMES: Final = {
    Cause.DRIFT: N_("Drift"),
    Cause.EXPOSURE: N_("Net futures"),
    Cause.SCHEDULE: N_("Schedule"),
    Cause.HEDGE: N_("Hedge"),
    Cause.MARGIN: N_("Margin"),
    Cause.TILT: N_("Tilt"),
    Cause.TARGETS: N_("New targets"),
    Cause.MANUAL: N_("Your wish"),
    Cause.EVERYTHING: N_("Your wish"),
    Cause.START: N_("First plan"),
    Cause.NEW_MONEY: N_("New money"),
    Cause.PANIC: N_("Panic"),
    Cause.SELL_OUT: N_("Panic"),
    **{cause: trigger.name for cause, trigger in WORDS.items()},
}
_WAYS: Final = {"monthly": N_("Monthly"), "bands": N_("Bands alone")}
#: triggers that are there to lower risk
_RISK: Final = frozenset({cause for cause, info in INFO.items() if not info.effect.adds_risk} | {Cause.MARGIN, Cause.HEDGE})
_PLANS: Final = NN_("{count} plan carried out", "{count} plans carried out")
#: days of which falls, and statistics, are told at the earliest
_A_WEEK, _LEAST_DAYS = 7, 30
#: a turnover from which on nobody asks for its decimals
_LARGE: Final = Decimal("0.1")
#: rows of the table of triggers
_MOST: Final = 10


def review(words: Words, told: Review) -> View:
    """Show value against holding, monthly and bands alone, with risk and costs."""
    top = head(words, told.portfolio, say(words, "Review"))
    if told.series is None or told.since is None or told.actual is None:
        text = say(words, "Not enough data yet: I need your value on two days. Come back tomorrow.")
        return View(page(top, text), ((button(words.t("Status"), "status"),),))
    text = page(
        top,
        _since(words, told, told.since),
        _returns(words, told),
        *_beside(words, told),
        _risk(words, told),
        *_costs(words, told),
        _enough(words, told),
        _advice(words, told),
    )
    offered = () if told.best is None or not told.best.is_strong else ((button(words.t("Try it on paper"), "review_try", told.best.way),),)
    buttons = (
        *offered,
        (button(words.t("By trigger"), "review_card"), button(words.t("By month"), "review_months")),
        (button(words.t("Weights"), "review_weights"), button(words.t("Report"), "report"), button(words.t("Refresh"), "review")),
    )
    return captioned(text, buttons, pictures.value(words, told, _lines(words, told)))


def digest(words: Words, told: Review, rhythm: Rhythm) -> View:
    """Tell what a week or a month came to."""
    if told.series is None or told.since is None or told.actual is None:
        return review(words, told)
    subject = say(words, "Your week") if rhythm is Rhythm.WEEK else say(words, "Your month")
    text = page(
        head(words, told.portfolio, bold(subject)),
        say(
            words, "Value {value}, since {date}", value=bold(words.money(told.series.points[-1].value)), date=_day(words, told, told.since)
        ),
        _returns(words, told),
        *_beside(words, told),
        say_n(words, _PLANS, len(told.traded_at)),
        *_costs(words, told),
        say(words, "Set when this comes, or stop it, in /alerts."),
    )
    buttons = ((button(words.t("Review"), "review"), button(words.t("Status"), "status")),)
    return captioned(text, buttons, pictures.value(words, told, _lines(words, told)))


def _returns(words: Words, told: Review) -> Html:
    """Return the table of returns and deepest falls."""
    rows = [("", words.t("return"), words.t("worst fall"))]
    rows += [
        (name, pictures.signed(words, risk.total), pictures.fall(words, risk)) if risk is not None else (name, DASH, DASH)
        for name, risk in _lines(words, told)
    ]
    return table(rows)


def _lines(words: Words, told: Review) -> list[tuple[str, Risk | None]]:
    return [
        (words.t("You"), told.actual),
        (words.t("Hold"), told.hold),
        (words.t("Monthly"), told.monthly),
        (words.t("Bands alone"), told.bands),
    ]


def _since(words: Words, told: Review, since: datetime) -> Html:
    span = words.span(float(told.days) * 86_400)
    return say(words, "Since {date}, {span}, deposits apart", date=_day(words, told, since), span=span)


def _day(words: Words, told: Review, day: datetime) -> str:
    """Return a day as it is written; that of a played market says so."""
    return words.t("{moment} (market time)", moment=words.date(day)) if told.is_played else words.date(day)


def _beside(words: Words, told: Review) -> list[Html]:
    """Say what holding began with, and which line cannot be told, and why."""
    if told.hold is None:
        return [say(words, "{dash}: a price is missing for a coin of the first day.", dash=DASH)]
    found = []
    if told.holds_first_plan:
        found.append(say(words, "Hold: your first plan, and nothing after it."))
    elif told.holds_cash:
        found.append(say(words, "Hold: the cash of the first day."))
    if told.monthly is None and told.is_early:
        found.append(say(words, "{dash}: it is too early to tell.", dash=DASH))
    elif told.monthly is None and told.is_awaited:
        found.append(say(words, "{dash}: I am still fetching the past prices for it. Ask again in a minute.", dash=DASH))
    elif told.monthly is None:
        found.append(say(words, "{dash}: I do not have the past prices for it now.", dash=DASH))
    elif told.compared is not None and told.compared.strategy != told.portfolio.strategy:
        found.append(_compared(words, told, told.compared))
    return found


def _compared(words: Words, told: Review, compared: StrategySince) -> Html:
    """Say which strategy monthly and bands alone follow where it is not that of now."""
    if told.is_compared_late:
        return say(words, "Monthly and bands alone: your strategy of {date}, the oldest that I know.", date=words.date(compared.at))
    return say(words, "Monthly and bands alone: your strategy of the first day.")


def _risk(words: Words, told: Review) -> Html | None:
    """Return volatility, Sharpe and Sortino beside holding, and the bonus; None while the days are too few."""
    own = told.actual
    if own is None or own.volatility is None:
        return _too_few(words, told, falls=own is None or own.drawdown is not None)
    beside = told.hold.volatility if told.hold is not None else None
    volatility = say(words, "Volatility {own} a year", own=words.percent(own.volatility))
    if beside is not None:
        volatility = say(words, "Volatility {own} a year, hold {hold}", own=words.percent(own.volatility), hold=words.percent(beside))
    return joined(
        "\n",
        (
            volatility,
            joined(DOT, (f"Sharpe {_number(words, own.sharpe)}", f"Sortino {_number(words, own.sortino)}")),
            _bonus(words, told, told.bonus) if told.bonus is not None else None,
            say(words, "Excess growth of this mix: {growth} a year", growth=words.percent(told.excess_growth))
            if told.excess_growth is not None
            else None,
            _tracking(words, told),
        ),
    )


def _too_few(words: Words, told: Review, *, falls: bool) -> Html:
    """Say after how many days statistics are told; who has lived longer was paused for a part of them."""
    seen = f"{told.seen:d}"
    if not falls and told.days < _A_WEEK:
        return say(words, "The worst fall is told after a week; volatility, Sharpe and the rest after 30 days.")
    if not falls:
        text = N_("The worst fall needs a week with checks, volatility, Sharpe and the rest 30 days; so far there are {seen}.")
        return say(words, text, seen=seen)
    if told.seen < _LEAST_DAYS <= told.days:
        return say(words, "Volatility, Sharpe and the rest need 30 days with checks; so far there are {seen}.", seen=seen)
    return say(words, "Volatility, Sharpe and the rest are told after 30 days.")


def _bonus(words: Words, told: Review, bonus: float) -> Html:
    if told.costs.is_yearly:
        return say(words, "Rebalancing brought {bonus} a year against hold", bonus=pictures.signed(words, bonus))
    return say(words, "Rebalancing brought {bonus} so far against hold", bonus=pictures.signed(words, bonus))


def _tracking(words: Words, told: Review) -> Html | None:
    if told.tracking_error is None or told.drift is None:
        return None
    return say(
        words,
        "Off its targets by {error} a year, outside a band on {share} of the days",
        error=words.percent(told.tracking_error),
        share=words.percent(told.drift.outside, 0),
    )


def _costs(words: Words, told: Review) -> list[Html]:
    """Return turnover and costs."""
    costs, found = told.costs, []
    facts = {"coins": _turned(words, costs.turnover.spot), "futures": _turned(words, costs.turnover.futures)}
    drag = words.percent(costs.drag, 2)
    if costs.is_yearly:
        found.append(say(words, "Turnover of coins {coins}, of futures {futures} a year; costs {drag} a year", **facts, drag=drag))
    else:
        found.append(say(words, "Turnover of coins {coins}, of futures {futures} so far; costs {drag}", **facts, drag=drag))
    if costs.slippage is not None:
        planned, paid = words.number(costs.slippage.planned_bps, 1), words.number(costs.slippage.paid_bps, 1)
        found.append(say(words, "Slippage from the middle price: planned {planned} bp, paid {paid} bp", planned=planned, paid=paid))
    funding = DASH if costs.funding is None else words.signed_money(costs.funding)
    if costs.funding is None or costs.funding:
        found.append(say(words, "Fees {fees} · funding {funding}", fees=words.money(costs.fees), funding=funding))
    else:
        found.append(say(words, "Fees {fees}", fees=words.money(costs.fees)))
    return found


def _turned(words: Words, share: Decimal) -> str:
    """Write a turnover, with a decimal where it would be nothing without."""
    return words.percent(share, 1 if share < _LARGE else 0)


def _enough(words: Words, told: Review) -> Html | None:
    """Say that there is too little data for a ranking, and how much there is."""
    if told.ranks:
        return None
    return say(words, "Not enough data to rank triggers: {days} of {enough} days.", days=told.seen, enough=ENOUGH_DAYS)


def _advice(words: Words, told: Review) -> Html | None:
    """Say which other way did best, how sure that is, and that it is nothing to act on where it is not sure."""
    best = told.best
    if best is None:
        return None
    facts = {"way": words.t(_WAYS[best.way]), "ahead": pictures.signed(words, best.ahead), "sure": words.percent(best.deflated, 0)}
    if best.is_strong:
        return say(words, "{way} did better by {ahead} a year; {sure} sure that it was not luck.", **facts)
    return say(
        words,
        "{way} did better by {ahead} a year, which may be luck: {sure} sure, {needed} needed.",
        needed=words.percent(STRONG, 0),
        **facts,
    )


_SHALLOWER = N_("Your worst fall was {points} points smaller than with bands alone.")
_CALMER = N_("Your volatility was {points} points a year lower than with bands alone.")


def _avoided(words: Words, told: Review) -> Html | None:
    """Say what the triggers that lower risk did to volatility and to the deepest fall (domain 12.4); None where none has acted."""
    own, beside = told.actual, told.bands
    if own is None or beside is None or not any(one.carried_out for one in told.card.scores if one.trigger in _RISK):
        return None
    if own.drawdown is None or beside.drawdown is None:
        return None
    deeper = Decimal(str(abs(own.drawdown) - abs(beside.drawdown)))
    falls = N_("Your worst fall was {points} points deeper than with bands alone.") if deeper > 0 else _SHALLOWER
    told_fall = say(words, falls, points=words.points(abs(deeper)))
    if own.volatility is None or beside.volatility is None:
        return told_fall
    more = Decimal(str(own.volatility - beside.volatility))
    moves = N_("Your volatility was {points} points a year higher than with bands alone.") if more > 0 else _CALMER
    return joined(" ", (say(words, moves, points=words.points(abs(more))), told_fall))


def tried(words: Words, portfolio: Portfolio, opened: Portfolio, way: str) -> View:
    """Say that another way is tried on paper now, beside the portfolio that goes on as it is."""
    return View(
        page(
            head(words, opened, bold(words.t(_WAYS[way])), name=True),
            say(words, "Opened beside {name}, with what it holds now. {name} stays as it is.", name=bold(named(words, portfolio))),
            say(words, "Compare both in /portfolios and /review."),
        )
    )


def scorecard(words: Words, told: Review) -> View:
    """Show what each trigger brought, and how that adds up to what holding would not have brought."""
    top = head(words, told.portfolio, say(words, "By trigger"))
    back = (button(words.t("Back"), "review"), button(words.t("History"), "history"))
    if told.series is None or not told.card.scores:
        return View(page(top, say(words, "No plans yet that I can judge.")), (back,))
    shown = told.card.scores[:_MOST]
    rows = [("", words.t("done"), words.t("not done"), words.t("brought"))]
    rows += [(_name(words, one), str(one.carried_out), str(one.skipped + one.expired), words.signed_money(one.gain)) for one in shown]
    text = page(
        top,
        table(rows),
        say(words, "Brought: what its trades have won or lost up to now, after fees, against not trading."),
        *_sum(words, told),
        _left(words, told),
        _avoided(words, told),
        _enough(words, told),
    )
    bars = [
        GainBar(
            name=_name(words, one),
            value=float(one.gain),
            said=words.signed_money(one.gain),
            fact=words.t("{done} done, {left} not done", done=one.carried_out, left=one.skipped + one.expired),
        )
        for one in shown
    ]
    return captioned(text, ((button(words.t("More"), "review_more"),), back), pictures.gains(words, bars))


def more(words: Words, told: Review) -> View:
    """Show each trigger by itself: its plans, their costs, how they stood after a while, and what those left would have brought."""
    top = head(words, told.portfolio, say(words, "By trigger"))
    back = ((button(words.t("Back"), "review_card"),),)
    if told.series is None or not told.card.scores:
        return View(page(top, say(words, "No plans yet that I can judge.")), back)
    return View(page(top, *(_alone(words, one) for one in told.card.scores[:_MOST]), _enough(words, told)), back)


def _alone(words: Words, one: Score) -> Html:
    """Return what there is to say of one trigger."""
    counts = say(words, "{done} done, {skipped} skipped, {expired} expired", done=one.carried_out, skipped=one.skipped, expired=one.expired)
    cost = say(words, "fees {fees} a plan", fees=words.money(one.fees / one.carried_out)) if one.carried_out else None
    saved = say(words, "Fees saved where triggers met: {amount}", amount=words.money(one.saved)) if one.saved else None
    return joined("\n", (bold(_name(words, one)), joined(DOT, (counts, cost)), _later(words, one), saved, _missed(words, one)))


def _missed(words: Words, one: Score) -> Html | None:
    if one.missed is None:
        return None
    return say(words, "Those you did not confirm would have brought {amount}", amount=words.signed_money(one.missed))


def _left(words: Words, told: Review) -> Html | None:
    """Say what all plans together would have brought that nobody carried out."""
    missed = [one.missed for one in told.card.scores if one.missed is not None]
    if not missed:
        return None
    return say(words, "The plans you did not confirm would have brought {amount}", amount=words.signed_money(sum(missed, Decimal(0))))


def _name(words: Words, one: Score) -> str:
    if one.trigger == OWN:
        return words.t("Your own trades")
    if one.trigger == SEVERAL:
        return words.t("Several at once")
    return words.t(_NAMES.get(Cause(one.trigger), N_("Other")))


def _sum(words: Words, told: Review) -> list[Html]:
    """Return how the parts add up; what nobody can explain is named."""
    attribution = told.card.attribution
    if attribution is None or told.ahead is None:
        return [say(words, "It cannot be added up: a price is missing for a coin that was traded or held.")]
    found = []
    if attribution.funding:
        found.append(say(words, "Funding {amount}", amount=words.signed_money(attribution.funding)))
    if told.unexplained is not None and abs(told.unexplained) >= Decimal("0.01"):
        found.append(say(words, "Not explained by trades: {amount}", amount=words.signed_money(told.unexplained)))
    return [*found, say(words, "Together {amount} against holding", amount=words.signed_money(told.ahead))]


def _later(words: Words, one: Score) -> Html | None:
    """Say what a plan of this trigger had brought after a while, the middle one of all; None while none is as old."""
    week, month = (DASH if amount is None else words.signed_money(amount) for amount in one.after)
    if one.after[0] is None:
        return None
    if one.hits is None:
        return say(words, "After 7 days {week} a plan", week=week)
    share = words.percent(one.hits, 0)
    return say(words, "After 7 days {week} a plan, after 30 {month}; {share} of them won", week=week, month=month, share=share)


def _number(words: Words, value: float | None) -> str:
    return DASH if value is None else words.number(Decimal(str(value)), 2)
