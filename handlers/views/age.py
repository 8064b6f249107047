"""How old a reading is, in words: said wherever it is older than a reader would take it for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from handlers.views.common import DOT, esc, joined, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatbot.i18n import Words
    from handlers.views.common import Html

#: seconds within which a price, and the rate that comes with it, is what it says it is
PRICE_S: Final = 60.0
#: the same of a signal: its readings come once in 8 or 24 hours, and after one of them nobody takes it for today's mood any more
SIGNAL_S: Final = 3600.0


def told_age(words: Words, age_s: float | None, cadence_s: float) -> str:
    """Return the age of a reading where it must be told: older than its cadence. Empty where it need not be, or there is no reading."""
    return words.age(age_s) if age_s is not None and age_s > cadence_s else ""


def beside(words: Words, line: Html, age_s: float | None, cadence_s: float = SIGNAL_S) -> Html:
    """Add the age to a short line: "Fear & Greed 31, read 9 hr ago"."""
    age = told_age(words, age_s, cadence_s)
    return say(words, "{line}, read {age} ago", line=line, age=age) if age else line


def sentence(words: Words, line: Html, age_s: float | None, cadence_s: float = SIGNAL_S) -> Html:
    """Add the age to a sentence, as one of its own."""
    age = told_age(words, age_s, cadence_s)
    return joined(" ", (line, say(words, "Read {age} ago.", age=age))) if age else line


def together(words: Words, lines: Iterable[tuple[Html, float | None]], cadence_s: float = SIGNAL_S) -> Html:
    """Join short lines about readings; neighbours of one age have it told once, after the last of them."""
    told = list(lines)
    ages = [told_age(words, age_s, cadence_s) for _, age_s in told]
    parts = [
        line if at + 1 < len(told) and ages[at] == ages[at + 1] else beside(words, line, age_s, cadence_s)
        for at, (line, age_s) in enumerate(told)
    ]
    return esc(joined(DOT, parts))
