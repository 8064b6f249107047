"""Amounts of coins that a person typed, read against what the exchange lists, and what they are worth."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.errors import ExchangeError, UserError
from chatbot.exchanges.sound import sound_quotes
from chatbot.i18n import N_
from chatbot.portfolio import strategies
from handlers.chat import names, parsing
from handlers.chat.reading import own_words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from chatbot.model import Portfolio
    from handlers.chat.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed, with dollars counted as the quote coin."""

    holdings: dict[str, Decimal] = field(default_factory=dict)
    #: what it is if its marks mean the opposite: ETH 1.234 is 1,234 ETH to some; empty where only one thing can be meant
    otherwise: dict[str, Decimal] = field(default_factory=dict)
    #: coins of which all is meant, where that may be said
    every: tuple[str, ...] = ()
    problems: tuple[UserError, ...] = ()

    @property
    def readings(self) -> dict[str, dict[str, Decimal]]:
        """Return both readings by the word that a button carries; empty where only one thing can be meant, or something is wrong."""
        if self.problems or self.every or not self.otherwise or self.otherwise == self.holdings:
            return {}
        return {seal(one): one for one in (self.holdings, self.otherwise)}

    def sure(self) -> Typed:
        """Return this, or with a problem where two things can be meant and nobody is going to be asked."""
        unsure = [name for name, qty in self.otherwise.items() if qty != self.holdings[name]]
        told = N_("{name} can be read as {one} or as {other}. Write it without a comma or point, or add a digit at the end.")
        found = [UserError(told, name=name, one=self.holdings[name], other=self.otherwise[name]) for name in unsure]
        return replace(self, otherwise={}, problems=(*self.problems, *found))


async def nameable(context: Context, portfolio: Portfolio) -> frozenset[str]:
    """Return what may be named of a portfolio: what the exchange lists, and what is held although it is listed no longer."""
    exchange = await context.program.accounts.exchange(portfolio.id)
    held = {asset for asset, qty in (await exchange.balances()).spot.items() if qty}
    return frozenset({*await exchange.markets(), *held})


async def read(context: Context, text: str, portfolio: Portfolio | None = None) -> Typed:
    """Read amounts of coins, one of them at least above 0; names are those of the price source, and of what a ``portfolio`` holds."""
    source = context.program.source
    instruments = await source.markets() if portfolio is None else await nameable(context, portfolio)
    quote = source.quote_asset if portfolio is None else portfolio.quote
    typed = own_words.either(
        text, context.words, lambda said: understood(said, instruments, quote, context.decimal), lambda got: got.problems
    )
    nothing = strategies.nothing_held(typed.holdings) if not typed.problems else ()
    return replace(typed, problems=nothing) if nothing else typed


def understood(text: str, instruments: Collection[str], quote_asset: str, decimal: str, *, every: bool = False) -> Typed:
    """Read amounts of coins as :func:`parsing.holdings` does; 0 is one too."""
    listed = names.of_coins(instruments)
    parsed = parsing.holdings(text, decimal, listed, every=every)
    named = parsed.values | parsed.beside | dict.fromkeys(parsed.every, Decimal(0))
    found = (*parsed.problems, *strategies.without_price(named, instruments, quote_asset, listed.known))
    if found:
        return Typed(problems=found)
    holdings, otherwise = (strategies.as_holdings(values, quote_asset) for values in (parsed.values, parsed.otherwise))
    return Typed(
        holdings=holdings, otherwise=otherwise, every=tuple(strategies.as_holdings(dict.fromkeys(parsed.every, Decimal(0)), quote_asset))
    )


async def prices(context: Context, holdings: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return what one of each coin is worth at the market; what has no price now is left out."""
    source = context.program.source
    try:
        quotes = await sound_quotes(source, [name for name in holdings if name != source.quote_asset])
    except ExchangeError:
        quotes = {}
    worth = {name: quote.price for name, quote in quotes.items()}
    return {**worth, source.quote_asset: Decimal(1)}


def seal(holdings: Mapping[str, Decimal]) -> str:
    """Return a short word for amounts: a button that was shown for others does not act on these."""
    return hashlib.blake2s(repr(sorted(holdings.items())).encode(), digest_size=4).hexdigest()
