"""How each coin moves with BTC: estimated from the last ninety days, once a day for everybody (domain 1.7)."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from math import log
from typing import TYPE_CHECKING

from chatbot.engine.beta import BetaEstimate, estimate_beta
from chatbot.engine.cash import CASH_COINS
from chatbot.engine.portfolio import prior_beta

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from chatbot.market.candles import CandleBook

#: returns of the window; one close more
WINDOW = 90
_MARKET = "BTC"
#: spread of the prior, tau: what ETH and all others are allowed to differ by
_PRIOR_SD = {"ETH": 0.25}
_OTHER_SD = 0.35
#: decimals of a beta that are kept: more would be noise
_DIGITS = 6


class Betas:
    """Betas to BTC out of the daily closes that the book holds; without history each is its prior."""

    def __init__(self, candles: CandleBook) -> None:
        self._candles = candles
        #: the estimates of one day by asset, each with the versions of the closes that it was made of
        self._day: datetime | None = None
        self._known: dict[str, tuple[tuple[int, int], BetaEstimate]] = {}
        #: the market's returns of that day, which every estimate is held against, with the version of their closes
        self._against: tuple[int, list[float | None]] | None = None

    async def refresh(self, assets: Collection[str]) -> None:
        """Fetch the daily closes that are missing; stablecoins need none."""
        estimated = sorted({asset for asset in assets if asset not in CASH_COINS} - {_MARKET})
        if estimated:
            await self._candles.refresh((_MARKET, *estimated), "1d", WINDOW + 1)

    def now(self, assets: Iterable[str]) -> dict[str, Decimal]:
        """Return the betas of the market's present day, as the figures take them."""
        found = self.of(assets, self._candles.market_now())
        return {
            asset: prior_beta(asset) if one.source == "prior" else Decimal(str(round(one.beta, _DIGITS))) for asset, one in found.items()
        }

    def of(self, assets: Iterable[str], until: datetime) -> dict[str, BetaEstimate]:
        """Return the estimate of each asset from the daily closes up to 00:00 UTC of ``until``; BTC and stables are not estimated."""
        day = until.replace(hour=0, minute=0, second=0, microsecond=0)
        if day != self._day:
            self._day, self._known, self._against = day, {}, None
        return {asset: self._estimate(asset, day) for asset in assets}

    def _estimate(self, asset: str, day: datetime) -> BetaEstimate:
        """Return the estimate that is remembered, or make it again when bars have come since."""
        made_of = (self._candles.version(asset, "1d"), self._candles.version(_MARKET, "1d"))
        known = self._known.get(asset)
        if known is not None and known[0] == made_of:
            return known[1]
        prior = float(prior_beta(asset))
        if asset == _MARKET or asset in CASH_COINS:
            found = BetaEstimate(n=0, ols=None, se=None, weight=0.0, beta=prior, source="prior")
        else:
            spread = _PRIOR_SD.get(asset, _OTHER_SD)
            found = estimate_beta(self._returns(asset, day), self._market_returns(day), prior=prior, prior_sd=spread)
        self._known[asset] = made_of, found
        return found

    def _market_returns(self, day: datetime) -> list[float | None]:
        version = self._candles.version(_MARKET, "1d")
        if self._against is None or self._against[0] != version:
            self._against = version, self._returns(_MARKET, day)
        return self._against[1]

    def _returns(self, asset: str, day: datetime) -> list[float | None]:
        """Return the last log returns, None where one of the two closes is missing."""
        closes = self._candles.closes(asset, "1d", day, WINDOW + 1)
        return [None if before is None or after is None else log(after / before) for before, after in pairwise(closes)]
