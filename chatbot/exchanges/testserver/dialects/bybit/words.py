"""Bybit's words: the envelope of its answers, its names of instruments, its ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatbot.exchanges.base import PERP, Side, is_perp
from chatbot.exchanges.testserver.words import BOTH, LONG, SHORT, Force, Reason, Refusal

if TYPE_CHECKING:
    from chatbot.exchanges.base import Market
    from chatbot.exchanges.testserver.dialect import Talk

SPOT, LINEAR = "spot", "linear"
SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
SIDE_NAMES = {side: name for name, side in SIDES.items()}
FORCES = {"GTC": Force.GTC, "IOC": Force.IOC, "FOK": Force.FOK, "PostOnly": Force.POST_ONLY}
FORCE_NAMES = {force: name for name, force in FORCES.items()}
#: number of a position in its contract -> which of the two of hedge mode it is
ABOUT = {"0": BOTH, "1": LONG, "2": SHORT}
INDEX = {about: int(number) for number, about in ABOUT.items()}
#: how long a bar is, seconds
STEPS = {"1": 60, "5": 300, "15": 900, "60": 3600, "240": 14_400, "D": 86_400}
DAY_MS = 86_400_000


def enveloped(talk: Talk, result: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Put a result into the envelope that every answer comes in."""
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": talk.venue.now_ms}


def listed(talk: Talk, rows: list[Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Put rows into the envelope, with what a list says of itself."""
    return enveloped(talk, {"category": category_of(talk), "nextPageCursor": "", **more, "list": rows})


def paged(talk: Talk, rows: list[Any], most: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Put one page of rows into the envelope, and the cursor of the next one where there is one."""
    request = talk.request
    size, start = min(most, request.whole("limit", 20)), request.whole("cursor", 0)
    cursor = str(start + size) if start + size < len(rows) else ""
    return enveloped(talk, {**more, "nextPageCursor": cursor, "list": rows[start : start + size]})


def category_of(talk: Talk) -> str:
    """Return which side of the exchange a request is about. Raises ``Refusal`` for one that is not played."""
    category = talk.request.need("category")
    if category not in (SPOT, LINEAR):
        raise Refusal(Reason.BAD_VALUE, "category")
    return category


def symbol_of(talk: Talk, market: Market) -> str:
    """Return what Bybit calls an instrument: the same on spot and as a contract."""
    return market.instrument.removesuffix(PERP) + talk.venue.quote


def instrument_of(talk: Talk) -> str:
    """Return the instrument that a request names. Raises ``Refusal``."""
    name = talk.request.need("symbol").removesuffix(talk.venue.quote) + (PERP if category_of(talk) == LINEAR else "")
    talk.venue.market(name)
    return name


def markets_of(talk: Talk) -> list[Market]:
    """Return the instrument that a public request names, or all of its category."""
    perp = category_of(talk) == LINEAR
    if talk.request.get("symbol"):
        return [talk.venue.market(instrument_of(talk))]
    return [market for market in talk.venue.markets.values() if is_perp(market.instrument) is perp]


def id_of(number: int) -> str:
    """Return the id that belongs to a number of ours: Bybit's are no numbers."""
    return f"{number:08x}-7f21-4079-913d-e6523a9cfffa"


def number_of(text: str) -> int:
    """Return the number that an id belongs to; 0 for one that is not ours."""
    head = text.partition("-")[0]
    return int(head, 16) if head and set(head) <= set("0123456789abcdef") and text == id_of(int(head, 16)) else 0
