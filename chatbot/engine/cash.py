"""Coins that are cash: one list for the whole program (domain 0). They are STABLE with beta 0, and none of them is ever ALT."""

from __future__ import annotations

#: pegged to the dollar, and the dollar itself
DOLLARS = frozenset({"USDT", "USDC", "FDUSD", "DAI", "TUSD", "USDP", "PYUSD", "GUSD", "USDD", "BUSD", "USDE", "USDS", "USD"})
#: the euro has no peg: it is counted at its price
CASH_COINS = DOLLARS | {"EUR"}
