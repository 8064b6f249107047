"""BingX's words: the envelope of its answers, its names of instruments, its times."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.exchanges.testserver.state import at_ms
from chatbot.exchanges.testserver.words import Force, State

if TYPE_CHECKING:
    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.dialect import Talk

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
FORCES = {"GTC": Force.GTC, "IOC": Force.IOC, "FOK": Force.FOK, "PostOnly": Force.POST_ONLY}
WALLETS = {"spot": Wallet.SPOT, "USDTMPerp": Wallet.FUTURES, "fund": Wallet.FUNDING}
#: spot calls an order that works PENDING, contracts call it NEW, and both write the end of one in their own way
SPOT_STATES = {
    State.NEW: "PENDING",
    State.PARTIAL: "PARTIALLY_FILLED",
    State.FILLED: "FILLED",
    State.CANCELED: "CANCELED",
    State.EXPIRED: "CANCELED",
    State.REJECTED: "FAILED",
}
SWAP_STATES = {**SPOT_STATES, State.NEW: "NEW", State.CANCELED: "CANCELLED", State.EXPIRED: "CANCELLED"}
#: how long a bar is, seconds
STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}
DAY_MS = 86_400_000
_SHANGHAI = timezone(timedelta(hours=8))


def enveloped(talk: Talk, data: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Put what is told into the envelope that nearly every answer comes in."""
    return {"code": 0, "msg": "", "debugMsg": "", "timestamp": talk.venue.now_ms, "data": data}


def is_swap(talk: Talk) -> bool:
    """Tell whether a request is about contracts."""
    return talk.request.path.startswith("/openApi/swap")


def symbol_of(talk: Talk, market: Market) -> str:
    """Return what BingX calls an instrument: the same on spot and as a contract."""
    return f"{market.instrument.removesuffix(PERP)}-{talk.venue.quote}"


def instrument_of(talk: Talk) -> str:
    """Return the instrument that a request names. Raises ``Refusal``."""
    name = talk.request.need("symbol").removesuffix(f"-{talk.venue.quote}") + (PERP if is_swap(talk) else "")
    talk.venue.market(name)
    return name


def markets_of(talk: Talk) -> list[Market]:
    """Return the instrument that a public request names, or all of its side of the exchange."""
    if talk.request.get("symbol"):
        return [talk.venue.market(instrument_of(talk))]
    return [market for market in talk.venue.markets.values() if is_perp(market.instrument) is is_swap(talk)]


def in_shanghai(ms: int) -> str:
    """Write a time to the second as trades of contracts tell it."""
    return at_ms(ms).astimezone(_SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S.000+0800")
