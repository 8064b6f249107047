"""A trade on spot out of an account's list of trades, as five venues tell it in the same words: what it did to each coin."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.exchanges.live.private.dialect import Line, NoAnswer, number, text
from chatbot.model.flow import EntryKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_ZERO = Decimal(0)


def coin_and_fee(row: Mapping[str, Any]) -> tuple[str, Decimal]:
    """Return the coin that a trade names for its fee, and how much of it was paid."""
    return text(row, "commissionAsset"), number(row, "commission")


def spot_trade(row: Mapping[str, Any], market: str, base: str, quote: str, fee: tuple[str, Decimal]) -> list[Line]:
    """Return a line for each coin that a trade changed: what was bought, what was paid, and the fee in whatever coin it was.

    ``fee`` is above 0 where it was paid. Raises ``NoAnswer`` where it is not told which of the two sides it was: no side is a sale.
    """
    buys = row.get("isBuyer")
    if not isinstance(buys, bool):
        raise NoAnswer(f"no side of a trade: {str(row)[:80]}")
    qty, price, paid = number(row, "qty"), number(row, "price"), number(row, "quoteQty")
    changes = {base: qty, quote: -paid} if buys else {base: -qty, quote: paid}
    changes[fee[0]] = changes.get(fee[0], _ZERO) - fee[1]
    name, at_ms = text(row, "id"), int(number(row, "time"))
    lines = [
        Line(exchange_id=f"s{market}{name}{coin}", at_ms=at_ms, kind=EntryKind.TRADE, coin=coin, amount=change)
        for coin, change in changes.items()
    ]
    signed = qty if buys else -qty
    return [replace(line, market=market, qty=signed, price=price) if line.coin == base else line for line in lines]
