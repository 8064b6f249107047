"""MEXC's words: two sides of one exchange that are called, counted and answered differently; its names and ids."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.exchanges.testserver.words import BOTH, LONG, SHORT, Force, Reason, Refusal, State

if TYPE_CHECKING:
    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.account import VenueOrder
    from chatbot.exchanges.testserver.dialect import Talk

CONTRACTS = "/api/v1/"
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
WALLETS = {"SPOT": Wallet.SPOT, "FUTURES": Wallet.FUTURES}
WALLET_NAMES = {wallet: name for name, wallet in WALLETS.items()}
#: kinds of spot orders -> how long they live
FORCES = {
    "LIMIT": Force.GTC,
    "MARKET": Force.IOC,
    "LIMIT_MAKER": Force.POST_ONLY,
    "IMMEDIATE_OR_CANCEL": Force.IOC,
    "FILL_OR_KILL": Force.FOK,
}
#: the same of contracts: 5 and 6 are market orders
CONTRACT_FORCES = {"1": Force.GTC, "2": Force.POST_ONLY, "3": Force.IOC, "4": Force.FOK, "5": Force.IOC, "6": Force.IOC}
#: open a long, close a short, open a short, close a long -> side, whether it closes, and which position of hedge mode it is about
CONTRACT_SIDES = {
    "1": (Side.BUY, False, LONG),
    "2": (Side.BUY, True, SHORT),
    "3": (Side.SELL, False, SHORT),
    "4": (Side.SELL, True, LONG),
}
#: how long a bar is, seconds: on spot, and on contracts
STEPS = {"1m": 60, "5m": 300, "15m": 900, "60m": 3600, "4h": 14_400, "1d": 86_400}
CONTRACT_STEPS = {"Min1": 60, "Min5": 300, "Min15": 900, "Min60": 3600, "Hour4": 14_400, "Day1": 86_400}
#: number of the first position
_FIRST_POSITION = 1_394_650
_ID = "C02__"
_CENTS = Decimal("1e-8")


def num(value: Decimal) -> int | float:
    """Return an amount as contracts tell it: a number of JSON, with an exponent where Python would write one."""
    return int(value) if value == value.to_integral_value() else float(value.quantize(_CENTS))


def enveloped(data: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Put what contracts tell into the envelope that it comes in."""
    return {"success": True, "code": 0, "data": data}


def is_contract(talk: Talk) -> bool:
    """Tell whether a request is about contracts."""
    return talk.request.path.startswith(CONTRACTS)


def symbol_of(talk: Talk, market: Market) -> str:
    """Return what MEXC calls an instrument."""
    between = "_" if is_perp(market.instrument) else ""
    return f"{market.instrument.removesuffix(PERP)}{between}{talk.venue.quote}"


def instrument_of(talk: Talk) -> str:
    """Return the instrument that a request names. Raises ``Refusal``."""
    symbol, quote = talk.request.need("symbol"), talk.venue.quote
    name = f"{symbol.removesuffix(f'_{quote}')}{PERP}" if is_contract(talk) else symbol.removesuffix(quote)
    talk.venue.market(name)
    if symbol_of(talk, talk.venue.market(name)) != symbol:
        raise Refusal(Reason.UNKNOWN_SYMBOL, symbol)
    return name


def markets_of(talk: Talk) -> list[Market]:
    """Return the instrument that a public request names, or all of its side of the exchange that have a price."""
    if talk.request.get("symbol"):
        return [talk.venue.market(instrument_of(talk))]
    every = talk.venue.markets.values()
    return [one for one in every if is_perp(one.instrument) is is_contract(talk) and one.instrument in talk.venue.prices]


def size_of(market: Market) -> Decimal:
    """Return how many coins one contract is; it is traded in whole contracts."""
    return market.lot


def vol(market: Market, qty: Decimal) -> int | float:
    """Return an amount of coins in contracts."""
    return num(qty / size_of(market))


def id_of(order: VenueOrder) -> str:
    """Return an order's id: a word on spot, a long number on contracts, which is told as a text."""
    return str(order.number) if is_perp(order.market.instrument) else f"{_ID}{order.number}"


def number_of(text: str) -> int:
    """Return the number that an order's id belongs to; 0 for one that is not ours."""
    digits = text.removeprefix(_ID)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 15 else 0


def position_id(talk: Talk, name: str, about: str) -> int:
    """Return the number of a position, open or not."""
    return _FIRST_POSITION + 3 * sorted(talk.venue.markets).index(name) + (BOTH, LONG, SHORT).index(about)


def spot_status(order: VenueOrder) -> str:
    """Return where a spot order stands: one that ended after a part of it was filled has a word of its own."""
    if order.state in (State.CANCELED, State.EXPIRED, State.REJECTED):
        return "PARTIALLY_CANCELED" if order.fills else "CANCELED"
    return {State.NEW: "NEW", State.PARTIAL: "PARTIALLY_FILLED", State.FILLED: "FILLED"}[order.state]


#: where a contract's order stands
STATES = {State.NEW: 2, State.PARTIAL: 2, State.FILLED: 3, State.CANCELED: 4, State.EXPIRED: 4, State.REJECTED: 5}
