"""What a person agreed to when they read a card or a page: a short word that changes with everything it rests on."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from chatbot.store.codec import encode

if TYPE_CHECKING:
    from chatbot.model import Portfolio

_LETTERS = 5
#: follows the word of a page whose head says the portfolio's name
_NAMED = "n"


def revision_of(portfolio: Portfolio) -> str:
    """Return the word for a portfolio's targets, bands, triggers, calendar, mode and limits; another portfolio has another.

    Its name and its pause are no part of it: neither changes what a card leads to.
    """
    settings = (portfolio.id, portfolio.mode, portfolio.exchange, portfolio.answer)
    body = "\n".join((*map(str, settings), encode(portfolio.strategy), encode(portfolio.answering)))
    return base64.urlsafe_b64encode(hashlib.sha256(body.encode()).digest()).decode()[:_LETTERS]


def shown_as(portfolio: Portfolio) -> str:
    """Return the word for what a page about a portfolio shows now: its settings, and whether the page says its name."""
    return revision_of(portfolio) + (_NAMED if portfolio.is_one_of_several else "")


def is_shown_by(portfolio: Portfolio, word: str) -> bool:
    """Tell whether a page with this word was about this portfolio as it is.

    A page from before there was a second one does not say its portfolio's name: once there are two, nobody can know which is meant.
    """
    return word == revision_of(portfolio) + _NAMED or (word == revision_of(portfolio) and not portfolio.is_one_of_several)
