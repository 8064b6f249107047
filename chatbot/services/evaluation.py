"""Looking at one portfolio now: account, prices, figures, or the reason why it can not be evaluated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.errors import ExchangeError
from chatbot.model import Portfolio, Problem, Shape
from chatbot.services import readings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

    from chatbot.clock import Clock
    from chatbot.engine.portfolio import Snapshot
    from chatbot.exchanges.base import Exchange, Market, Quote
    from chatbot.market.quotes import QuoteBoard
    from chatbot.services.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A portfolio as it stands; ``snapshot`` and ``shape`` are None exactly when there are problems."""

    portfolio: Portfolio
    problems: tuple[Problem, ...] = ()
    account: readings.Account | None = None
    snapshot: Snapshot | None = None
    shape: Shape | None = None
    quotes: Mapping[str, Quote] = field(default_factory=dict)
    markets: Mapping[str, Market] = field(default_factory=dict)
    #: beta to BTC by asset, the same before and after a plan (domain 1.7)
    betas: Mapping[str, Decimal] = field(default_factory=dict)


class Evaluator:
    """Reads accounts and prices; a missing, zero, stale or outlying price blocks the whole evaluation (domain 0)."""

    def __init__(
        self,
        desk: Desk,
        board: QuoteBoard,
        clock: Clock,
        *,
        betas: Callable[[Iterable[str]], Mapping[str, Decimal]] = readings.prior_betas,
    ) -> None:
        self._desk = desk
        self._board = board
        self._clock = clock
        self._betas = betas

    async def look(self, portfolio: Portfolio, *, fresh: bool = False, patient: bool = False) -> Evaluation:
        """Evaluate ``portfolio``; with ``fresh`` prices are fetched again first, with ``patient`` only where they have grown too old."""
        try:
            exchange = await self._desk.exchange(portfolio.id)
            markets = await exchange.markets()
            account = await _account(exchange)
            needed = readings.instruments(portfolio.strategy, account)
            now = self._clock.now()
            old = patient and any(self._board.problem(instrument, now) for instrument in needed)
            if fresh or old or any(self._board.get(instrument) is None for instrument in needed):
                await self._board.refresh(needed)
        except ExchangeError:
            return Evaluation(portfolio=portfolio, problems=(Problem(code="unreachable"),))
        return self._judge(portfolio, account, needed, markets)

    def _judge(self, portfolio: Portfolio, account: readings.Account, needed: tuple[str, ...], markets: Mapping[str, Market]) -> Evaluation:
        quotes, problems = self._board.usable(needed, self._clock.now())
        empty = readings.empty_answer(account)
        if problems or empty:
            found = (*problems, *((empty,) if empty else ()))
            return Evaluation(portfolio=portfolio, problems=found, account=account, quotes=quotes, markets=markets)
        try:
            snap = readings.snapshot(account, portfolio.strategy, quotes)
            betas = self._betas(readings.assets_of(snap))
            shape = readings.shape(snap, portfolio.strategy, markets, betas)
        except Refused as refusal:
            return Evaluation(portfolio=portfolio, problems=(Problem(code=refusal.code),), account=account, quotes=quotes, markets=markets)
        return Evaluation(portfolio=portfolio, account=account, snapshot=snap, shape=shape, quotes=quotes, markets=markets, betas=betas)


async def _account(exchange: Exchange) -> readings.Account:
    return readings.Account(balances=await exchange.balances(), positions=await exchange.positions(), quote_asset=exchange.quote_asset)
