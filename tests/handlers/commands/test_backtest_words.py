"""What people write behind /backtest, in three languages: strategy, period, both, neither, or what is answered."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatbot.backtest.prepare import EARLIEST
from chatbot.errors import UserError
from chatbot.i18n import Catalogue
from handlers.commands import backtest_words
from handlers.views.past.backtest import Wish, arg, told_by
from tests.places import LOCALE

TODAY, NOW = date(2026, 3, 15), datetime(2026, 3, 15, 9, 30, tzinfo=UTC)
CATALOGUE = Catalogue(LOCALE)

READ = [
    *((typed, "own 1y") for typed in ("mine", "my own", "yours", "la mía", "моя", "1y", "1 year", "a year", "un año", "год")),
    *(
        (typed, "aggressive 1y")
        for typed in ("aggressive 1y", "Aggressive", "agresiva 1 año", "агрессивная 1 год", "1y agressive", "AGGRESSIVE")
    ),
    *((typed, "own 6m") for typed in ("6m", "6 months", "last 6 months", "half a year", "6 meses", "los últimos 6 meses", "medio año")),
    *((typed, "own 6m") for typed in ("6 мес", "за последние 6 месяцев", "полгода")),
    *(
        (typed, "conservative 90d")
        for typed in ("conservative 90d", "90 days conservative", "conservadora 90 días", "консервативная 90 дней")
    ),
    *((typed, "own 3w") for typed in ("3w", "3 weeks", "3 semanas", "3 недели")),
    *((typed, "own 2y") for typed in ("2y", "2 years", "2 года", "за 2 года", "2 años", "mine over the last 2 years")),
    *((typed, "own all") for typed in ("all", "everything", "todo", "всё")),
    *((typed, "balanced 2021") for typed in ("balanced 2021", "2021 balanced", "equilibrada 2021", "сбалансированная за 2021 год")),
    ("last year", "own 2025"),
    ("strategy balanced", "balanced 1y"),
    ("March 2025", "own 20250301-20250331"),
    ("aggressive 2021-01-01 to 2021-06-30", "aggressive 20210101-20210630"),
    ("2020-2021", "own 20200101-20211231"),
    ("99999y", "own 99999y"),
]
REFUSED = [
    ("brave 1y", "I look for a strategy and a period"),
    ("balanced aggressive", "names two strategies"),
    ("0d", "I look for a strategy and a period"),
    ("1e9y", "I look for a strategy and a period"),
    ("999999999999 years", "I look for a strategy and a period"),
    ("2027", "has not begun yet"),
    ("2025-02-30", "names a day that does not exist"),
    ("<b>bold</b>", "I look for a strategy and a period"),
    ("'; DROP TABLE pf_people; --", "I look for a strategy and a period"),
    ("../../etc/passwd", "I look for a strategy and a period"),
    ("x" * 4000, "I look for a strategy and a period"),
]


@pytest.mark.parametrize(("typed", "meant"), READ, ids=lambda one: ascii(one)[:40])
def test_what_is_meant(typed: str, meant: str) -> None:
    """In any order and any of the languages; what is left out is the usual."""
    language = "ru" if any("а" <= char <= "я" for char in typed.casefold()) else "es"
    strategy, period = meant.split()
    assert backtest_words.read(typed, CATALOGUE.words(language), TODAY) == Wish(strategy, period)


@pytest.mark.parametrize(("typed", "told"), REFUSED, ids=[ascii(typed)[:30] for typed, _ in REFUSED])
def test_what_is_answered_to_the_rest(typed: str, told: str) -> None:
    """A sentence that helps, with what was written, shortened."""
    with pytest.raises(UserError) as mistake:
        backtest_words.read(typed, CATALOGUE.words("en"), TODAY)
    assert told in str(mistake.value)
    assert len(str(mistake.value)) < 300


@given(typed=st.text(max_size=60), language=st.sampled_from(["en", "es", "ru"]))
@example(typed="١٢ y", language="en")
@example(typed="１y", language="en")
@example(typed="all 1y", language="en")
def test_whatever_is_written_is_a_wish_or_a_sentence(typed: str, language: str) -> None:
    """Never anything else; a wish fits on a button, comes back from it, and is days up to now at most."""
    try:
        wish = backtest_words.read(typed, CATALOGUE.words(language), TODAY)
    except UserError:
        return
    assert told_by(arg(wish)) == wish
    assert len(arg(wish)) <= 19
    span = backtest_words.span(wish.period, NOW)
    assert span.end is None or span.end <= NOW
    assert span.begin is None or span.begin <= NOW


@pytest.mark.parametrize(
    ("code", "begin", "end"),
    [
        ("1y", "2025-03-15", None),
        ("6m", "2025-09-15", None),
        ("1m", "2026-02-15", None),
        ("2w", "2026-03-01", None),
        ("99999y", "2017-01-01", None),
        ("99999d", "2017-01-01", None),
        ("all", None, None),
        ("2021", "2021-01-01", "2022-01-01"),
        ("2026", "2026-01-01", "2026-03-15"),
        ("20210101-20210630", "2021-01-01", "2021-07-01"),
    ],
)
def test_which_days_a_code_stands_for(code: str, begin: str | None, end: str | None) -> None:
    """Lengths end now; nothing is older than history, and nothing is later than now."""
    span = backtest_words.span(code, NOW)
    assert (span.begin and f"{span.begin:%Y-%m-%d}") == begin
    assert (span.end and f"{span.end:%Y-%m-%d}") == end
    assert span.begin is None or span.begin >= EARLIEST


def test_a_month_before_the_thirty_first() -> None:
    """A day that a month does not have is its last."""
    span = backtest_words.span("1m", datetime(2024, 3, 31, tzinfo=UTC))
    assert span.begin == datetime(2024, 2, 29, tzinfo=UTC)


def test_a_button_that_nobody_made_asks_for_the_usual() -> None:
    """What an older version wrote, or nothing at all."""
    for odd in ("", "5", ":", "x:1y", "b:", "b:<b>", "o:2021-13", "a:1y:2y", "42"):
        assert told_by(odd).period == "1y", odd
