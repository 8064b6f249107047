"""Periods of /report as people write them, in three languages: what each is read as, or what is answered."""

from __future__ import annotations

from datetime import date

import pytest

from chatbot.errors import UserError
from handlers.commands import backtest_words, report_period

TODAY = date(2026, 3, 15)

READ = [
    *(
        (typed, "2025-01-01", "2025-12-31")
        for typed in ("2025", "year 2025", "año 2025", "за 2025 год", "last year", "el año pasado", "прошлый год", "\u202e2025\u200f")
    ),
    *((typed, "2026-01-01", "2026-12-31") for typed in ("2026", "this year", "este año", "этот год")),
    *(
        (typed, "2025-03-01", "2025-03-31")
        for typed in (
            "March 2025",
            "mar 2025",
            "2025-03",
            "03/2025",
            "3.2025",
            "marzo de 2025",
            "marzo 2025",
            "март 2025",
            "за март 2025",
            "2025/3",
        )
    ),
    *((typed, "2026-03-01", "2026-03-31") for typed in ("this month", "март", "March", "este mes")),
    *((typed, "2026-02-01", "2026-02-28") for typed in ("last month", "febrero", "прошлый месяц", "el mes pasado")),
    ("May", "2025-05-01", "2025-05-31"),
    ("май", "2025-05-01", "2025-05-31"),
    *(
        (typed, "2025-01-01", "2025-03-31")
        for typed in ("Q1 2025", "2025 Q1", "2025-Q1", "1 квартал 2025", "1er trimestre 2025", "first 2025-01-01 to 2025-03-31"[6:])
    ),
    *(
        (typed, "2025-01-01", "2025-03-31")
        for typed in (
            "2025-01-01 2025-03-31",
            "2025-01-01 - 2025-03-31",
            "from 2025-01-01 to 2025-03-31",
            "1.1.2025-31.3.2025",
            "01.01.2025 – 31.03.2025",
            "January to March 2025",
            "enero a marzo de 2025",
            "с января по март 2025",
            "1 Jan 2025 to 31 Mar 2025",
            "Jan 1, 2025 - Mar 31, 2025",
            "del 1 de enero de 2025 al 31 de marzo de 2025",
            "с 1 января 2025 по 31 марта 2025 года",
            "1 января – 31 марта 2025",
        )
    ),
    *(
        (typed, "2025-12-01", "2026-03-15")
        for typed in ("since 2025-12-01", "desde diciembre de 2025", "с 1 декабря 2025", "from Dec 2025")
    ),
    *(
        (typed, "2025-12-01", "2025-12-31")
        for typed in (
            "from 1 to 31 December",
            "1-31 Dec",
            "1st to 31st December 2025",
            "Dec 1-31",
            "December 1 to 31, 2025",
            "del 1 al 31 de diciembre",
            "1 a 31 de diciembre de 2025",
            "с 1 по 31 декабря",
            "1–31 декабря 2025",
        )
    ),
    ("28 Feb to 3 March 2025", "2025-02-28", "2025-03-03"),
    *((typed, "2026-03-15", "2026-03-15") for typed in ("today", "hoy", "сегодня")),
    *((typed, "2026-03-14", "2026-03-14") for typed in ("yesterday", "ayer", "вчера")),
    *((typed, "2026-01-01", "2026-03-15") for typed in ("ytd", "year to date", "en lo que va de año", "с начала года")),
    ("2024-2025", "2024-01-01", "2025-12-31"),
    ("2024 to 2025", "2024-01-01", "2025-12-31"),
    ("31/03/2025", "2025-03-31", "2025-03-31"),
    ("03/31/2025", "2025-03-31", "2025-03-31"),
    ("03/03/2025", "2025-03-03", "2025-03-03"),
    *((typed, "0001-01-01", "2026-03-15") for typed in ("all", "everything", "todo", "всё")),
]

REFUSED = [
    *(
        (typed, "not a period I can read")
        for typed in ("", "soon", "🚀", "2025 BTC", "1999", "2023 2024 2025", "9" * 400, "2025-03-01-02", "the day before")
    ),
    ("03/04/2025", "reads two ways"),
    *((typed, "does not exist") for typed in ("2025-13", "31.2.2025", "2025-02-30", "31 June 2025")),
    ("2025-03-31 to 2025-01-01", "ends before it begins"),
    *((typed, "has not begun yet") for typed in ("2027", "2026-04-01 to 2026-04-30", "since 2026-05-01")),
]


@pytest.mark.parametrize(("typed", "first", "last"), READ, ids=[ascii(typed) for typed, _, _ in READ])
def test_a_period_is_read_as_it_is_written(typed: str, first: str, last: str) -> None:
    """Years, months, quarters, days and spans; a month without a year is the last one that has begun."""
    period = report_period.read(typed, TODAY)
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)


@pytest.mark.parametrize(("typed", "why"), REFUSED, ids=[typed[:20] or "nothing" for typed, _ in REFUSED])
def test_what_is_no_period_is_answered_with_what_to_write(typed: str, why: str) -> None:
    """Nothing is guessed, and no error reaches the chat."""
    with pytest.raises(UserError) as refused:
        report_period.read(typed, TODAY)
    assert why in refused.value.msgid


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        *(
            (typed, "2026-02-14")
            for typed in ("last 30 days", "30 days", "thirty days", "los últimos 30 días", "за последние 30 дней", "30d")
        ),
        *((typed, "2026-03-09") for typed in ("7 days", "una semana", "одна неделя")),
        *((typed, "2025-12-16") for typed in ("3 months", "últimos tres meses", "три месяца")),
    ],
)
def test_days_up_to_today_are_counted_with_today(typed: str, first: str) -> None:
    """Thirty days that end today begin twenty-nine days ago; backtests know the same lengths."""
    with pytest.raises(report_period.NoPeriod):
        report_period.read(typed, TODAY)
    begun = backtest_words.first_of(typed, TODAY)
    assert begun is not None
    assert begun.isoformat() == first
