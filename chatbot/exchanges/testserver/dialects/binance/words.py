"""Binance's words: its constants, its numbers as text, its names of instruments."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.exchanges.testserver.words import Force, Reason, Refusal, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.dialect import Talk

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
WALLETS = {"MAIN": Wallet.SPOT, "UMFUTURE": Wallet.FUTURES, "FUNDING": Wallet.FUNDING}
STATES = {
    State.NEW: "NEW",
    State.PARTIAL: "PARTIALLY_FILLED",
    State.FILLED: "FILLED",
    State.CANCELED: "CANCELED",
    State.EXPIRED: "EXPIRED",
    State.REJECTED: "REJECTED",
}
FORCES = {"GTC": Force.GTC, "IOC": Force.IOC, "FOK": Force.FOK, "GTX": Force.POST_ONLY}
#: how long a bar is, seconds
STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}
DAY_MS = 86_400_000


def text(value: Decimal, places: int = 8) -> str:
    """Write an amount as the exchange does: fixed places, no exponent."""
    return format(value.quantize(Decimal(1).scaleb(-places)), "f")


def is_futures(talk: Talk) -> bool:
    """Tell whether a request is about futures."""
    return talk.request.path.startswith("/fapi")


def symbol_of(talk: Talk, market: Market) -> str:
    """Return what Binance calls an instrument: the same on spot and in futures."""
    return market.instrument.removesuffix(PERP) + talk.venue.quote


def instrument_of(talk: Talk) -> str:
    """Return the instrument that a request names. Raises ``Refusal``."""
    symbol = talk.request.need("symbol")
    name = symbol.removesuffix(talk.venue.quote) + (PERP if is_futures(talk) else "")
    talk.venue.market(name)
    return name


def markets_of(talk: Talk) -> list[Market]:
    """Return the instruments that a public request is about: those it names, or all of its side of the exchange."""
    request, quote = talk.request, talk.venue.quote
    named = [request.get("symbol")] if request.get("symbol") else request.names("symbols")
    every = [market for market in talk.venue.markets.values() if is_perp(market.instrument) is is_futures(talk)]
    found = [market for market in every if not named or market.instrument.removesuffix(PERP) + quote in named]
    if named and len(found) < len(named):
        raise Refusal(Reason.UNKNOWN_SYMBOL)
    return found


def rows(talk: Talk, row: Callable[[Talk, Market], dict[str, Any]]) -> Any:  # noqa: ANN401 - one row, or a list
    """Return a row of an instrument that was named, or a list of all."""
    found = [row(talk, market) for market in markets_of(talk) if market.instrument in talk.venue.prices]
    return found[0] if talk.request.get("symbol") else found
