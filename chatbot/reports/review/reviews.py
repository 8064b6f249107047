"""The way to a review: what was written down, how the portfolio stands now, and the prices of now that neither has."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from chatbot.errors import NotYet
from chatbot.reports.review import review as reviewing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from datetime import tzinfo
    from decimal import Decimal
    from typing import TypeAlias

    from chatbot.clock import Clock
    from chatbot.model import Begun, Portfolio
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.markets import Markets
    from chatbot.reports.review.review import Records, Review
    from chatbot.store.database import Database
    from chatbot.store.flows import Opening

    Walked: TypeAlias = "Callable[[Portfolio, Begun, str, float], Awaitable[tuple[tuple[float, ...], ...] | None]]"

#: what trading would have cost where no exchange tells a fee
_FEE: Final = 0.001
#: seconds that the past is waited for: by somebody who asked, and by a message that comes by itself, behind which others wait
_WAITS_S, _PASSES_S = 20.0, 3.0


class Reviews:
    """Reads and works out; nothing here changes a portfolio."""

    def __init__(self, db: Database, evaluator: Evaluator, markets: Markets, clock: Clock, walked: Walked) -> None:
        """Take what walks monthly and bands alone through the past prices of a portfolio's market, and tells None where there are none.

        Where it takes too long it raises ``NotYet``, and goes on.
        """
        self._db = db
        self._evaluator = evaluator
        self._markets = markets
        self._clock = clock
        self._walked = walked

    async def review(self, portfolio: Portfolio, zone: tzinfo, *, days: int | None = None, marked_only: bool = False) -> Review:
        """Return the review of a portfolio up to now, of so many days or since its first mark.

        That of a closed one goes up to its last mark, and so does any with ``marked_only``: then its account is not looked at.
        """
        longest_s = _WAITS_S if days is None else _PASSES_S
        async with self._db.read() as tx:
            records = await reviewing.read(tx, portfolio)
        if days is not None:
            first = self._markets.market_time(portfolio, self._clock.now()).astimezone(zone).date() - timedelta(days=days)
            records = replace(records, marked=tuple(one for one in records.marked if one.day >= first))
        if marked_only or not portfolio.is_open:
            return await self._beside(portfolio, records, None, _FEE, zone, longest_s)
        evaluation = await self._evaluator.look(portfolio, patient=True)
        now = self._clock.now()
        last = reviewing.now_of(evaluation, now, self._markets.market_time(portfolio, now), zone)
        if last is not None and last.mark is not None and (lacking := reviewing.missing(records, last)):
            prices = await self._prices(portfolio, lacking)
            last = replace(last, mark=replace(last.mark, prices={**prices, **last.mark.prices}))
        fees = [float(market.taker_fee) for name, market in evaluation.markets.items() if name in portfolio.strategy.spot_assets]
        return await self._beside(portfolio, records, last, max(fees, default=_FEE), zone, longest_s)

    async def _beside(
        self, portfolio: Portfolio, records: Records, last: Opening | None, fee: float, zone: tzinfo, longest_s: float
    ) -> Review:
        """Work it out, with monthly and bands alone walked through the hours where the marks alone cannot tell them."""
        told = await asyncio.to_thread(reviewing.review, portfolio, records, last, fee=fee, zone=zone)  # years of marks take a second
        if told.begun is None or not self._markets.has(portfolio):
            return told
        then = replace(portfolio, strategy=told.compared.strategy) if told.compared is not None else portfolio
        try:
            ways = await self._walked(then, told.begun, str(zone), longest_s)
        except NotYet:
            return replace(told, is_awaited=True)
        if ways is None:
            return told
        return await asyncio.to_thread(reviewing.review, portfolio, records, last, fee=fee, zone=zone, ways=ways)

    async def _prices(self, portfolio: Portfolio, names: Collection[str]) -> dict[str, Decimal]:
        """Return the prices of now of these, as far as the portfolio's exchange lists them and they can be used."""
        quoted = self._markets.of(portfolio)
        listed = sorted(set(names) & set(await quoted.source.markets()))
        await quoted.board.refresh(listed)
        quotes, _ = quoted.board.usable(listed, self._clock.now())
        return {name: quote.price for name, quote in quotes.items()}
