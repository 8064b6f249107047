"""What differs from exchange to exchange, as data; how each line is known is written beside it.

Which exchanges there are is told by this table; their names stand once more in ``config.py``, which imports nothing of ours.

Seen in ccxt 4.5.90: which calls carry bid and ask, in which units a perpetual is counted, how many candles one call returns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """One exchange as ccxt 4.5.90 shows it."""

    #: ccxt call that returns bid and ask of many perpetuals at once
    perp_touch: str = "fetch_tickers"
    #: ccxt call that returns mark prices and funding rates of many perpetuals; None where the ticker carries them
    perp_marks: str | None = "fetch_funding_rates"
    #: field of a funding rate, or of the raw ticker, that holds the rate to be paid next
    next_rate: str = "fundingRate"
    #: field of the raw ticker that holds the mark price, where ``perp_marks`` is None
    raw_mark: str = ""
    #: True where one unit of a perpetual is ``contractSize`` base units; False where it is one base unit
    counts_contracts: bool = False
    #: candles that one call returns: spot, perpetual
    page: tuple[int, int] = (1000, 500)
    #: extra parameters of a candle call on perpetuals
    perp_candles: Mapping[str, Any] = field(default_factory=dict)
    #: merged into ccxt's ``options``: load only what is needed
    options: Mapping[str, Any] = field(default_factory=dict)


VENUES: dict[str, Venue] = {
    # futures tickers carry no bid and ask
    "binance": Venue(perp_touch="fetch_bids_asks", options={"fetchMarkets": {"types": ["spot", "linear"]}}),
    "bybit": Venue(
        page=(1000, 1000),
        # without this it also loads every option and the inverse contracts; the default type is swap
        options={"defaultType": "spot", "fetchMarkets": {"types": ["spot", "linear"]}},
    ),
    "bingx": Venue(page=(1440, 1440)),
    # amounts are base units although contractSize is not 1; fundingRate is the last one that was paid
    "weex": Venue(perp_touch="fetch_bids_asks", next_rate="nextFundingRate", page=(300, 100), perp_candles={"historical": True}),
    # no call for many funding rates, but the ticker carries mark ("fairPrice") and rate; amounts are contracts
    "mexc": Venue(perp_marks=None, next_rate="fundingRate", raw_mark="fairPrice", counts_contracts=True, page=(500, 2000)),
}
