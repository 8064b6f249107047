"""Coins that are cash: one list for the whole program (domain 0). They are STABLE with beta 0, and none of them is ever ALT.

Only the quote coin of a portfolio counts as one, whatever a feed says; the others count at market. A dollar that is off its peg is
worth something, but it is no cash: it is neither spent nor converted (domain 9.5).
"""

from __future__ import annotations

from decimal import Decimal

#: pegged to the dollar, and the dollar itself
DOLLARS = frozenset({"USDT", "USDC", "FDUSD", "DAI", "TUSD", "USDP", "PYUSD", "GUSD", "USDD", "BUSD", "USDE", "USDS", "USD"})
#: the euro has no peg: it is counted at its price
CASH_COINS = DOLLARS | {"EUR"}
#: a dollar farther from one than this is off its peg (domain 0); exactly so far is not
PEG_MARGIN = Decimal("0.01")


def counted_price(asset: str, price: Decimal | None, quote: str) -> Decimal | None:
    """Return the price that counts: 1 for the quote coin, the market's for everything else; None stays unknown."""
    return Decimal(1) if asset == quote else price


def is_off_peg(asset: str, price: Decimal, quote: str) -> bool:
    """Tell whether a dollar has left its peg; the quote coin never has, and a euro has none."""
    return asset in DOLLARS and asset != quote and has_left(price)


def has_left(price: Decimal | None) -> bool:
    """Tell whether what costs this many dollars has left its peg; where the price is unknown nobody says so."""
    return price is not None and abs(price - 1) > PEG_MARGIN


def is_spendable(asset: str, price: Decimal) -> bool:
    """Tell whether plans may pay with a coin at the price that counts: with the quote coin (1), and with another dollar on its peg."""
    return asset in DOLLARS and not has_left(price)
