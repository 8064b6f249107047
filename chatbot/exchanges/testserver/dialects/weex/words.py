"""WEEX's words: its constants, its numbers as text, its names of instruments."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.words import LONG, SHORT, Force, Reason, Refusal, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.dialect import Talk

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
ABOUT = {LONG: LONG, SHORT: SHORT}
FORCES = {"GTC": Force.GTC, "IOC": Force.IOC, "FOK": Force.FOK}
#: one that works on although a part of it is filled has another word on spot than among contracts
STATES = {
    State.NEW: "NEW",
    State.FILLED: "FILLED",
    State.CANCELED: "CANCELED",
    State.EXPIRED: "CANCELED",
    State.REJECTED: "REJECTED",
}
PARTIAL = {False: "PARTIALLY_FILLED", True: "PARTIAL_FILL"}
#: how long a bar is, seconds
STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}
#: rows of one answer at most, and without a word about it
PAGE = 100


def text(value: Decimal, places: int = 8) -> str:
    """Write an amount with fixed places, without an exponent."""
    return format(value.quantize(Decimal(1).scaleb(-places)), "f")


def digits(step: Decimal) -> str:
    """Return how many places a step has, below 0 where it is ten, a hundred and so on."""
    return str(-step.normalize().adjusted())


def is_contract(talk: Talk) -> bool:
    """Tell whether a request is about contracts."""
    return talk.request.path.startswith("/capi")


def symbol_of(talk: Talk, market: Market) -> str:
    """Return what WEEX calls an instrument: the same on spot and among contracts."""
    return market.instrument.removesuffix(PERP) + talk.venue.quote


def instrument_of(talk: Talk) -> str:
    """Return the instrument that a request names. Raises ``Refusal``."""
    name = talk.request.need("symbol").removesuffix(talk.venue.quote) + (PERP if is_contract(talk) else "")
    talk.venue.market(name)
    return name


def markets_of(talk: Talk) -> Sequence[Market]:
    """Return the instruments that a request is about: the one that it names, or all of its side of the exchange."""
    if talk.request.get("symbol"):
        return [talk.venue.market(instrument_of(talk))]
    return [market for market in talk.venue.markets.values() if is_perp(market.instrument) is is_contract(talk)]


def window(talk: Talk, since: str = "startTime", until: str = "endTime") -> tuple[int, int]:
    """Return the time that a question about the past is about, ms. Raises ``Refusal``: it ends before it begins."""
    begins, ends = talk.request.whole(since, 0), talk.request.whole(until, talk.venue.now_ms)
    if begins > ends:
        raise Refusal(Reason.WINDOW)
    return begins, ends


def page_of(talk: Talk) -> int:
    """Return how many rows are asked for, at most those of a page."""
    return min(PAGE, talk.request.whole("limit", PAGE))
