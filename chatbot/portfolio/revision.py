"""What a person agreed to when they read a card or a page: a short word that changes with everything it rests on."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.store.codec import encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatbot.model import Portfolio

_LETTERS = 5


def revision_of(portfolio: Portfolio) -> str:
    """Return the word for a portfolio's targets, bands, triggers, calendar, mode, limits and consent; another portfolio has another.

    Its name and its pause are no part of it: neither changes what a card leads to.
    """
    return _word(_settings(portfolio))


def shown_as(portfolio: Portfolio) -> str:
    """Return the word for what a page about a portfolio shows now: its settings, and its name where the page says it."""
    return _word((*_settings(portfolio), portfolio.name)) if portfolio.is_one_of_several else revision_of(portfolio)


def is_shown_by(portfolio: Portfolio, word: str) -> bool:
    """Tell whether a page with this word was about this portfolio as it is, by the name that it has.

    A page from before there was a second one says no name: once there are two, nobody can know which is meant.
    """
    named = replace(portfolio, is_one_of_several=True)
    return word == shown_as(named) or (word == revision_of(portfolio) and not portfolio.is_one_of_several)


def all_shown_as(portfolios: Iterable[Portfolio]) -> str:
    """Return the word for a page that names all of a person's portfolios: it changes with every one that comes, goes or is renamed."""
    return _word(tuple(f"{one.id} {one.name}" for one in portfolios))


def _settings(portfolio: Portfolio) -> tuple[str, ...]:
    settings = (portfolio.id, portfolio.mode, portfolio.exchange, portfolio.answer)
    terms = portfolio.live
    limits = () if terms is None else (encode(terms.limits), terms.since.isoformat(), terms.rests_on)
    return (*map(str, settings), encode(portfolio.strategy), encode(portfolio.answering), *limits)


def _word(parts: tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256("\n".join(parts).encode()).digest()).decode()[:_LETTERS]
