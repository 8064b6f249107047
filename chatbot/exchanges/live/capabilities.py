"""Whether an exchange that nobody has written down here can be used for prices, and what it lacks, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chatbot.errors import SettingError
from chatbot.exchanges.live.ccxt_loader import exchange_class
from chatbot.exchanges.live.venues import VENUES

if TYPE_CHECKING:
    from collections.abc import Mapping

#: what ccxt must say that it has -> what is missing where it does not
_NEEDED: Final[Mapping[str, str]] = {
    "spot": "spot markets",
    "swap": "perpetual contracts",
    "fetchMarkets": "a list of its markets",
    "fetchTickers": "bid and ask of many markets at once",
    "fetchMarkPrices": "mark prices",
    "fetchFundingRates": "funding rates of many contracts at once",
    "fetchFundingRateHistory": "past funding",
    "fetchOHLCV": "candles",
    "fetchOrderBook": "order books",
}
_INTERVALS: Final = ("1h", "1d")


def lacks(described: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what an exchange lacks that prices need, by what ccxt describes of it; what is only emulated is not there."""
    has, intervals = described.get("has") or {}, described.get("timeframes") or {}
    missing = [words for name, words in _NEEDED.items() if has.get(name) is not True]
    return (*missing, *(f"candles of {interval}" for interval in _INTERVALS if interval not in intervals))


def must_tell_prices(name: str) -> None:
    """Raise ``SettingError`` that says what an exchange lacks; one that is written down in ``venues.py`` lacks nothing."""
    if name in VENUES:
        return
    if missing := lacks(exchange_class(name)().describe()):
        raise SettingError("CHATBOT_MARKET", f"{name} cannot be used for prices, it lacks: {', '.join(missing)}")
