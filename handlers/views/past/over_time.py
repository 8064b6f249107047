"""The review over time: what each month returned, and what each line was of the value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatbot.engine.review.months import monthly
from chatbot.reports.review.weights import weights as weights_of
from handlers.views.common import DASH, View, button, captioned, head, line_name, page, say, table
from handlers.views.past import pictures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.i18n import Words
    from chatbot.reports.review.review import Review
    from handlers.buttons import Keyboard
    from handlers.views.common import Html

#: months and lines that are written below the picture: a phone shows so many, and a year from any day touches thirteen
_LATEST: Final = 13
_MOST: Final = 12


def months(words: Words, told: Review) -> View:
    """Show what each month returned, the latest first in words."""
    top = head(words, told.portfolio, say(words, "Month by month"))
    if told.series is None:
        return View(page(top, _too_early(words)), _back(words))
    days = [point.market_at.astimezone(words.zone).date() for point in told.series.points]
    returns = monthly(told.series.actual, days)
    text = page(top, month_table(words, returns), say(words, "Time-weighted: deposits and withdrawals do not change them."))
    return captioned(text, _back(words), pictures.months(words, returns, words.t("return in %, deposits apart")))


def month_table(words: Words, returns: Mapping[tuple[int, int], float]) -> Html:
    """Write the latest months, and the years."""
    latest = sorted((key for key in returns if key[1]), reverse=True)[:_LATEST]
    rows = [(words.month_of(year, month), pictures.signed(words, returns[year, month])) for year, month in latest]
    years = sorted({year for year, _ in returns}, reverse=True)
    rows += [(str(year), pictures.signed(words, returns[year, 0])) for year in years[:_LATEST]]
    return table([("", words.t("return")), *rows])


def weights(words: Words, told: Review) -> View:
    """Show what each line was of the value: on the first day, now, and at least and at most."""
    top = head(words, told.portfolio, say(words, "Weights over time"))
    rows = weights_of(told.series.points, told.portfolio.strategy.line_of) if told.series is not None else {}
    if not rows:
        return View(page(top, _too_early(words)), _back(words))
    return captioned(page(top, weight_table(words, rows, words.t("now"))), _back(words), pictures.weights(words, told, rows))


def weight_table(words: Words, rows: Mapping[str, Sequence[float]], last: str) -> Html:
    """Write what each line was at first, at last, and at least and at most; ``last`` is what the last is called."""
    titles = ("", words.t("first"), last, words.t("least"), words.t("most"))
    told_rows = [
        (line_name(words, line), *(words.percent(weight, 0) for weight in (row[0], row[-1], min(row), max(row))))
        for line, row in list(rows.items())[:_MOST]
    ]
    more = say(words, "{dash} and smaller ones", dash=DASH) if len(rows) > _MOST else None
    return page(table([titles, *told_rows]), more)


def _too_early(words: Words) -> Html:
    return say(words, "Not enough data yet: I need your value on two days. Come back tomorrow.")


def _back(words: Words) -> Keyboard:
    return ((button(words.t("Back"), "review"),),)
