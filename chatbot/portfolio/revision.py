"""What a person agreed to when they read a card or a page: a short word that changes with everything it rests on."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from chatbot.store.codec import encode

if TYPE_CHECKING:
    from chatbot.model import Portfolio

_LETTERS = 5


def revision_of(portfolio: Portfolio) -> str:
    """Return the word for a portfolio's targets, bands, triggers, calendar, mode and limits; another portfolio has another.

    Its name and its pause are no part of it: neither changes what a card leads to.
    """
    settings = (portfolio.id, portfolio.mode, portfolio.exchange, portfolio.answer)
    body = "\n".join((*map(str, settings), encode(portfolio.strategy), encode(portfolio.answering)))
    return base64.urlsafe_b64encode(hashlib.sha256(body.encode()).digest()).decode()[:_LETTERS]
