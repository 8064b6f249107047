"""The status of a portfolio: what it is worth, how it is mixed, how exposed it is, how fresh the figures are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.engine.cash import has_left
from chatbot.model import FUTURES, Mode
from chatbot.portfolio.lives.ways_out import is_decided
from handlers.buttons import Style
from handlers.views import age
from handlers.views.common import (
    DASH,
    DOT,
    MAX_ROWS,
    View,
    bold,
    button,
    captioned,
    clip,
    coin,
    head,
    joined,
    line_name,
    named,
    page,
    rows,
    say,
)
from handlers.views.person import halt
from handlers.views.plan import autonomy
from handlers.views.plan.card import open_plan_line
from handlers.views.portfolio import lives, untargeted, ways_out
from handlers.views.problems import cannot_evaluate_line, damaged_line
from handlers.views.tables import (
    Amount,
    allocation_picture,
    amounts_table,
    bands_line,
    beside_lines,
    exposure_line,
    futures_line,
    moved_line,
    net_line,
    unknown_table,
    weights_table,
)
from handlers.views.trigger import lines as standing

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from chatbot.i18n import Words
    from chatbot.model import Performance, PortfolioFigures, StatusReport
    from handlers.buttons import Keyboard
    from handlers.views.common import Html


#: coins that are listed one by one
_MOST_COINS = 30


def status(words: Words, report: StatusReport, now: datetime) -> View:
    """Show everything that is known about a portfolio; what is not known is a dash, never zero."""
    figures = report.check.figures
    if figures is None:
        return _unknown(words, report, now)
    picture, keyboard = allocation_picture(words, figures, named(words, report.portfolio)), _keyboard(words, report)
    for most in range(standing.STATUS_LINES, -1, -1):
        view = captioned(_told(words, report, figures, now, most), keyboard, picture)
        if view.picture is not None and rows(view.text) <= MAX_ROWS:
            break  # the picture, and seeing everything at once, are worth more than the farthest of the signals
    return view


def _told(words: Words, report: StatusReport, figures: PortfolioFigures, now: datetime, most: int) -> Html:
    """Return the text with at most so many lines about signals."""
    return page(
        head(words, report.portfolio, name=True),
        _value_line(words, report, figures),
        weights_table(words, figures),
        bands_line(words, figures),
        moved_line(words, figures),
        *beside_lines(words, figures),
        untargeted.line(words, figures.untargeted),
        *lives.standing_lines(words, figures, now),
        "",
        exposure_line(words, figures),
        net_line(words, figures) if _net_is_notable(figures) else None,
        futures_line(words, figures),
        None if standing.shows_funding(report) and most else _funding_line(words, report),
        *standing.status_lines(words, report, most=most),
        *_standing(words, report, now),
        _age_line(words, report),
    )


def _net_is_notable(figures: PortfolioFigures) -> bool:
    """Tell whether the futures' net exposure is outside its band, or held away from the strategy's own target."""
    return figures.exposure is not None and (figures.exposure.breach is not None or figures.exposure.base is not None)


def _unknown(words: Words, report: StatusReport, now: datetime) -> View:
    text = page(
        head(words, report.portfolio, name=True),
        cannot_evaluate_line(words, report.check.problems),
        unknown_table(words, report.portfolio.strategy),
        *_standing(words, report, now),
        _age_line(words, report),
    )
    return View(text, _keyboard(words, report))


def _value_line(words: Words, report: StatusReport, figures: PortfolioFigures) -> Html:
    value = bold(words.money(figures.value))
    if report.performance.since is None:
        return value  # nothing to compare it with yet
    today = _share(words, report.performance.today)
    return joined("   ", (value, say(words, "{percent} today, deposits apart", percent=today)))


def _share(words: Words, share: Decimal | None) -> str:
    return DASH if share is None else words.signed_percent(share)


def performance_lines(words: Words, earned: Performance) -> list[Html]:
    """Say what a portfolio made of its money, as far as it is known; nothing before its first value."""
    if earned.since is None:
        return []
    profit = DASH if earned.profit is None else words.money(earned.profit)
    lines = [say(words, "Last 30 days: {percent}", percent=_share(words, earned.month))] if earned.is_a_month_old else []
    facts = {"day": words.date(earned.since), "percent": _share(words, earned.total), "profit": profit}
    return [
        *lines,
        say(words, "Since {day}: {percent}, profit {profit}", **facts),
        say(words, "Deposits and withdrawals are left out of this."),
    ]


def _funding_line(words: Words, report: StatusReport) -> Html | None:
    if report.funding_8h is None:
        return None
    line = say(words, "Funding BTC {percent} per 8 h", percent=words.signed_percent(report.funding_8h, 3))
    return age.beside(words, line, report.funding_age_s, age.PRICE_S)


def _standing(words: Words, report: StatusReport, now: datetime) -> list[Html]:
    """Return what keeps the bot from acting, or waits for the person."""
    portfolio, halted = report.portfolio, halt.line(words, report.halted_since, now)
    lines = [halted] if halted is not None else []
    lines += filter(None, [damaged_line(words, report.damaged)])
    if portfolio.paused:
        lines.append(bold(words.t("Paused: nothing is checked until /resume.")))
    if portfolio.snoozed_until is not None and portfolio.snoozed_until > now:
        lines.append(say(words, "No alerts until {time}.", time=words.moment(portfolio.snoozed_until)))
    alone = autonomy.standing_line(words, portfolio, report.turnover)
    if alone is not None:
        lines.append(alone)
    if report.open_plan is not None:
        lines.append(open_plan_line(words, report.open_plan, now))
    return lines


def _age_line(words: Words, report: StatusReport) -> Html:
    old_s, coming = report.price_age_s, report.next_check_s
    prices = say(words, "Prices {age} old", age=words.age(old_s)) if old_s is not None else say(words, "Age of prices unknown")
    check = say(words, "next check in {age}", age=words.age(coming)) if coming is not None and not report.portfolio.paused else None
    market = say(words, "market time {moment}", moment=words.moment(report.market_time)) if report.market_time is not None else None
    return joined(DOT, (prices, check, market))


def _keyboard(words: Words, report: StatusReport) -> Keyboard:
    first = button(words.t("Rebalance"), "rebalance", "", Style.PRIMARY)
    if report.portfolio.paused:
        first = button(words.t("Resume"), "resume", "", Style.PRIMARY)
    elif report.open_plan is not None:
        first = button(words.t("Plan {number}", number=report.open_plan.number), "card", report.open_plan.id, Style.PRIMARY)
    shown: Keyboard = (
        (first, button(words.t("Why?"), "why")),
        (button(words.t("Hedge"), "hedge"), button(words.t("Coins"), "coins"), button(words.t("Refresh"), "status")),
        *ways_out.standing_rows(words, _without_market(report)),
    )
    if report.check.figures is not None and report.check.figures.untargeted:
        shown = (*shown, (button(words.t("Coins without a target"), "aim", "", Style.PRIMARY),))
    if report.portfolio.mode is Mode.MANUAL:
        return (*shown, (button(words.t("Correct amounts"), "correct"),))
    return shown


def _without_market(report: StatusReport) -> list[str]:
    """Return what is held and not traded, whether there is a last price or not."""
    figures = report.check.figures
    stopped = [stop.instrument for stop in figures.stopped if is_decided(stop)] if figures is not None else []
    return [*stopped, *(problem.instrument for problem in report.check.problems if problem.code == "no_last_price")]


def coins(words: Words, report: StatusReport, figures: PortfolioFigures, now: datetime) -> View:
    """Show how much there is of each coin, its price and its worth, largest first; then the futures, what is kept out, and returns."""
    text = page(
        head(words, report.portfolio, name=True),
        bold(words.money(figures.value)),
        amounts_table(words, _amounts(words, report, figures)),
        *((say(words, "Futures positions"), amounts_table(words, _positions(words, report, figures))) if figures.book else ()),
        *beside_lines(words, figures),
        _quote_line(words, report, figures),
        *lives.standing_lines(words, figures, now),
        *performance_lines(words, report.performance),
        joined(DOT, (words.t("Drift"), *(f"{line_name(words, line.line)} {words.signed_points(line.drift)}" for line in figures.lines))),
    )
    keyboard = ((button(words.t("Exposure"), "exposure"), button(words.t("Back"), "status")),)
    return captioned(text, keyboard, allocation_picture(words, figures, named(words, report.portfolio)))


def _quote_line(words: Words, report: StatusReport, figures: PortfolioFigures) -> Html | None:
    """Say what the coin costs that all of this is counted in, or that nobody shows it here; beside_lines tells where that is far off."""
    if figures.quote_price is None:
        return say(words, "{coin} counts as one dollar; what it costs is not shown here.", coin=report.portfolio.quote)
    facts = {"coin": report.portfolio.quote, "price": words.price(round(figures.quote_price, 4))}
    return None if has_left(figures.quote_price) else say(words, "{coin} counts as one dollar; it costs {price}.", **facts)


def _amounts(words: Words, report: StatusReport, figures: PortfolioFigures) -> list[Amount]:
    ranked = sorted(figures.values.items(), key=lambda item: -item[1])
    return [
        Amount(line_name(words, FUTURES), None, value, value / figures.value)
        if name == FUTURES
        else Amount(clip(name, 12), report.amounts.get(name), value, value / figures.value)
        for name, value in ranked[:_MOST_COINS]
        if value
    ]


def _positions(words: Words, report: StatusReport, figures: PortfolioFigures) -> list[Amount]:
    return [
        Amount(
            f"{coin(name)} {words.t('long') if size > 0 else words.t('short')}",
            abs(qty) if (qty := report.positions.get(name)) else None,
            abs(size),
            size / figures.value,
        )
        for name, size in figures.book.items()
        if size
    ]
