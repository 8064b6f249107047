"""A finished backtest over time: what each month returned, and what each line was of the value."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chatbot.engine.review.months import monthly
from handlers.views.common import View, button, captioned, page, say
from handlers.views.past import backtest, over_time, pictures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from chatbot.backtest.apart.admission import Run
    from chatbot.backtest.question import Answer
    from chatbot.i18n import Words
    from handlers.buttons import Keyboard
    from handlers.views.past.backtest import Told

_DAY = timedelta(days=1)


def months(words: Words, told: Told, run: Run, found: Answer) -> View:
    """Show what each month returned; the days are those of UTC, at whose midnights a backtest is valued."""
    daily = found.ways["strategy"].daily.tolist()
    first, *later = _midnights(found, len(daily))
    # worth at a midnight is what the day before it ended with
    returns = monthly(daily, [first.date(), *((moment - _DAY).date() for moment in later)])
    text = page(
        *backtest.top(words, told, say(words, "Month by month")),
        over_time.month_table(words, returns),
        say(words, "The first and the last month may be incomplete."),
    )
    return captioned(text, _back(words, run), pictures.months(words, returns, words.t("return in %, before slippage")))


def weights(words: Words, told: Told, run: Run, found: Answer) -> View:
    """Show what each line was of the value: on the first day, the last, and at least and at most."""
    rows = {line: row.tolist() for line, row in found.weights.items()}
    moments = _midnights(found, len(next(iter(rows.values()))))
    at = [(moment - moments[0]) / (moments[-1] - moments[0]) for moment in moments]
    ends = (backtest.day(words, moments[0]), backtest.day(words, moments[-1]))
    text = page(*backtest.top(words, told, say(words, "Weights over time")), over_time.weight_table(words, rows, words.t("end")))
    return captioned(text, _back(words, run), pictures.layers(words, rows, at, ends))


def _midnights(found: Answer, count: int) -> Sequence[datetime]:
    first = found.begin.replace(hour=0)
    first += _DAY if first < found.begin else timedelta(0)
    return [first + number * _DAY for number in range(count)]


def _back(words: Words, run: Run) -> Keyboard:
    return ((button(words.t("Back"), "past_back", run.word),),)
