"""What is written without a command: heard, answered at once where it only asks, and asked about where it would change something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.errors import ExchangeError
from chatbot.phrases.understand import nearest
from handlers.chat import names
from handlers.chat.reading import sentences
from handlers.commands import keep
from handlers.views import sentences as views

if TYPE_CHECKING:
    from chatbot.phrases.understand import Heard, Understood
    from handlers.chat.context import Context
    from handlers.views.common import View

#: for who says what is not to be done: what is done and why, what may be done unasked, and the end of it
_DO_LESS = ("why", "mode", "pause")


async def read(context: Context, typed: str) -> tuple[Understood | None, Heard]:
    """Return what a sentence means, with the coins that can be named here."""
    return sentences.read(typed, context.program.catalogue.folder, context.words.language, names.of_coins(await _coins(context)))


async def _coins(context: Context) -> frozenset[str]:
    """Return what the exchange of the portfolio lists, else that of the price source; nothing while that cannot be had."""
    portfolio = await context.portfolio()
    try:
        source = context.program.source if portfolio is None else await context.program.accounts.exchange(portfolio.id)
        return frozenset(await source.markets())
    except ExchangeError:
        return frozenset()


def answers(context: Context, meaning: Understood | None) -> str:
    """Return the command that answers a sentence at once, and ready the context for it; empty where none does."""
    if meaning is None or not meaning.reads:
        return ""
    context.rest, context.args = meaning.behind, meaning.behind.split()
    return meaning.command


async def told(context: Context, meaning: Understood | None, heard: Heard) -> View | None:
    """Return the question about what would change something, or the answer to who says what is not to be done; None for neither."""
    if meaning is not None and not meaning.reads:
        if meaning.command == "keep" and (refused := await _not_kept(context, meaning.behind)) is not None:
            return refused
        return views.asked(context.words, meaning.command, meaning.behind, await context.portfolio() if meaning.behind else None)
    return views.refused(context.words, _DO_LESS) if meaning is None and heard.refuses else None


async def _not_kept(context: Context, behind: str) -> View | None:
    """Return why it cannot be kept out, with what can be; None also while the exchange does not tell: the command will."""
    try:
        return await keep.instead(context, behind)
    except ExchangeError:
        return None


def strange(context: Context, heard: Heard) -> View:
    """Answer what means nothing here."""
    return views.not_understood(context.words, nearest(heard))
