"""How far this machine's clock is from the exchange's: prices, plans and orders all run by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.errors import ExchangeError
from chatbot.exchanges.abilities import TimeSource

if TYPE_CHECKING:
    from chatbot.clock import Clock
    from chatbot.exchanges.base import PriceSource, Quote

#: a clock may be this wrong, in seconds, before anybody is told
MOST_S = 5.0


async def skew_s(source: PriceSource, quote: Quote | None, clock: Clock) -> float | None:
    """Return by how many seconds our clock is ahead of the exchange's; None where nobody tells.

    The quote's own time serves where it agrees. Where it does not, a slow answer or a calm coin may be the reason, so the server is
    asked; of its answer, half the time that it took is counted in our favour.
    """
    told = (quote.at - quote.told_at).total_seconds() if quote is not None and quote.told_at is not None else None
    if told is not None and abs(told) <= MOST_S:
        return told
    found = await _by_server(source, clock) if isinstance(source, TimeSource) else None
    return told if found is None else found


async def _by_server(source: TimeSource, clock: Clock) -> float | None:
    before = clock.monotonic()
    try:
        at = await source.server_time()
    except ExchangeError:
        return None
    doubt = (clock.monotonic() - before) / 2
    off = (clock.now() - at).total_seconds() - doubt
    return max(0.0, off - doubt) if off > 0 else min(0.0, off + doubt)
