"""Quotes that an account may calculate with: whatever the source, one that holds what is no price is left out by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.engine.finite import all_finite, mid
from chatbot.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from decimal import Decimal

    from chatbot.exchanges.base import PriceSource, Quote


async def sound_quotes(source: PriceSource, instruments: Collection[str]) -> Mapping[str, Quote]:
    """Ask ``source``, and leave out every quote in which a field is no number, or bid and ask are no book."""
    return {name: quote for name, quote in (await source.quotes(instruments)).items() if is_sound(quote)}


async def marks_of(source: PriceSource, instruments: Collection[str], last: Callable[[str], Decimal | None]) -> dict[str, Decimal]:
    """Return valuation prices, by ``last`` those of what the list calls halted or gone; raises ``Unreachable`` rather than guess one."""
    quotes = await sound_quotes(source, instruments) if instruments else {}
    missing = [name for name in instruments if name not in quotes]
    markets = await source.markets() if missing else {}
    stopped = {name: last(name) for name in missing if name not in markets or not markets[name].trading}
    known = {name: price for name, price in stopped.items() if price is not None}
    if unknown := sorted(set(missing) - known.keys()):
        raise Unreachable(f"no price for {', '.join(unknown)}")
    return {name: quotes[name].price if name in quotes else known[name] for name in instruments}


def is_sound(quote: Quote) -> bool:
    """Tell whether every field is a number, and the prices are prices."""
    numbers = (quote.mark, quote.volume, quote.funding_rate, quote.last)
    return all_finite(numbers) and mid(quote.bid, quote.ask) is not None and quote.price > 0
