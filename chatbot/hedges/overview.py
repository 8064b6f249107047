"""What /hedge shows: what is open, what could be, and the table of shocks (domain 10)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from chatbot.engine.cash import CASH_COINS
from chatbot.engine.errors import Refused
from chatbot.engine.hedges.sizing import min_variance_hedge
from chatbot.engine.portfolio import INDEX
from chatbot.hedges import layer, life, sizing
from chatbot.hedges import shocks as hedge_shocks
from chatbot.hedges.sizing import COVERAGE
from chatbot.model import COVER, MIN_VARIANCE, ROTATION, Cause, OpenHedge, Problem
from chatbot.model.hedge import BY_BETA, FALL, LITERAL, HedgeSize, HedgeWish
from chatbot.model.hedge_report import HedgeReading, HedgeReport, ShockReport
from chatbot.portfolio import valuation
from chatbot.portfolio.valuation import exposures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.clock import Clock
    from chatbot.model import Portfolio
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.portfolio.markets import Markets

#: an index below this is bearish, and the mean that BTC is held against (domain 10.1)
_FEAR, _MEAN_DAYS = Decimal(25), 50
#: daily returns for the least variance, and the least that say something (domain 1.7, 10.5)
_RETURNS, _LEAST_RETURNS = 90, 30
_BTC = "BTC"
_ZERO = Decimal(0)


class Hedging:
    """Sizes hedges at the present prices; the plans that open and close them come from ``plans.rebalancing``."""

    def __init__(self, evaluator: Evaluator, markets: Markets, clock: Clock) -> None:
        self._evaluator = evaluator
        self._markets = markets
        self._clock = clock

    async def overview(
        self, portfolio: Portfolio, *, coverage: Decimal = COVERAGE, drop: Decimal = FALL, fresh: bool = False
    ) -> HedgeReport:
        """Return what is open and what could be, at the present prices."""
        evaluation = await self._look(portfolio, fresh=fresh)
        if evaluation.held is None:
            return HedgeReport(portfolio=portfolio, problems=evaluation.problems, open=tuple(map(_blind, evaluation.layers.hedges)))
        cover = HedgeWish(kind=COVER, size=LITERAL, coverage=coverage, drop=drop)
        wishes = (HedgeWish(kind=ROTATION), cover, replace(cover, size=BY_BETA), self.least_variance(evaluation))
        try:
            rotation, *covers = (self._sized(evaluation, wish) for wish in wishes)
            now = hedge_shocks.in_fall(evaluation, evaluation.held, drop)
            there = tuple(_reading(evaluation, hedge, drop) for hedge in evaluation.layers.hedges)
        except Refused as refusal:
            return HedgeReport(portfolio=portfolio, problems=(Problem(code=refusal.code),))
        bearish, mood, unknown = self._mood(evaluation)
        alt, target = _alts(evaluation)
        return HedgeReport(
            portfolio=portfolio,
            open=there,
            drop=drop,
            now=now,
            rotation=rotation,
            covers=tuple(covers),
            bearish=bearish,
            mood_unknown=unknown,
            mood=mood,
            alt=alt,
            alt_target=target,
        )

    async def resolved(self, portfolio: Portfolio, wish: HedgeWish) -> HedgeWish:
        """Return a wish with what is worked out from the past: the ratio of least variance, None where too little is known.

        The past that any hedge is sized by is known from then on, so that its plan shows what /hedge would.
        """
        evaluation = await self._look(portfolio)
        if wish.kind != MIN_VARIANCE or wish.ratio is not None or evaluation.held is None:
            return wish
        return replace(wish, ratio=self.least_variance(evaluation).ratio)

    async def shocks(self, portfolio: Portfolio, wish: HedgeWish, *, stressed: bool = False) -> ShockReport:
        """Return what moves of the market would do without the hedge and with it (domain 10.4)."""
        evaluation = await self._look(portfolio)
        if evaluation.held is None:
            return ShockReport(portfolio=portfolio, problems=evaluation.problems)
        if wish.kind == MIN_VARIANCE:
            wish = replace(wish, ratio=self.least_variance(evaluation).ratio)
        try:
            size = self._sized(evaluation, wish)
            table = hedge_shocks.rows(evaluation, evaluation.held, size, stressed=stressed)
            return ShockReport(portfolio=portfolio, size=size, rows=table, stressed=stressed)
        except Refused as refusal:
            return ShockReport(portfolio=portfolio, problems=(Problem(code=refusal.code),))

    def _sized(self, evaluation: Evaluation, wish: HedgeWish) -> HedgeSize:
        size = sizing.size(evaluation, wish)
        if wish.kind != MIN_VARIANCE:
            return size
        _, effectiveness = self._least(evaluation)
        return replace(size, effectiveness=effectiveness)

    async def _look(self, portfolio: Portfolio, *, fresh: bool = False) -> Evaluation:
        """Look with the daily closes that betas, mean and least variance are read from; what cannot be had stays unknown.

        They are fetched before anything is measured: the first page after a start shows the betas that the next one does.
        """
        evaluation = await self._evaluator.look(portfolio, fresh=fresh, patient=True, also=(INDEX,))
        if evaluation.held is None:
            return evaluation
        coins = sorted({_BTC, *(exposure.asset for exposure in exposures(evaluation.held))} - CASH_COINS)
        await self._markets.of(portfolio).candles.refresh(coins, "1d", _RETURNS + 1)
        return self._evaluator.again(evaluation)

    def _closes(self, portfolio: Portfolio, coin: str, count: int) -> tuple[float | None, ...]:
        """Return the last daily closes of a coin on a portfolio's market, None where one is missing."""
        midnight = self._evaluator.market_time(portfolio, self._clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
        return self._markets.of(portfolio).candles.closes(coin, "1d", midnight, count)

    def least_variance(self, evaluation: Evaluation) -> HedgeWish:
        """Return the wish for the hedge of least variance (domain 10.5); its ratio is None where too few returns are known."""
        ratio, _ = self._least(evaluation)
        return HedgeWish(kind=MIN_VARIANCE, ratio=ratio)

    def _least(self, evaluation: Evaluation) -> tuple[Decimal | None, Decimal | None]:
        """Return the short as a fraction of V, and the share of the variance that it removes."""
        if evaluation.held is None:
            return None, None
        weights = {
            exposure.asset: float(exposure.net / evaluation.held.value)
            for exposure in exposures(evaluation.held)
            if exposure.asset not in CASH_COINS
        }
        market = self._returns(evaluation.portfolio, _BTC)
        moves = {coin: self._returns(evaluation.portfolio, coin) for coin in weights}
        whole = [_weighted(weights, {coin: moves[coin][at] for coin in weights}) for at in range(_RETURNS)]
        if sum(p is not None and h is not None for p, h in zip(whole, market, strict=True)) < _LEAST_RETURNS:
            return None, None
        try:
            least = min_variance_hedge(whole, market, 1.0)
        except Refused:
            return None, None
        return Decimal(str(round(-least.ratio, 6))), Decimal(str(round(least.effectiveness, 6)))

    def _returns(self, portfolio: Portfolio, coin: str) -> list[float | None]:
        closes = self._closes(portfolio, coin, _RETURNS + 1)
        return [None if before is None or after is None else after / before - 1 for before, after in pairwise(closes)]

    def _mood(self, evaluation: Evaluation) -> tuple[str, Decimal | None, bool]:
        """Return why the market is bearish, the index, and whether neither of both signs is known (domain 10.1)."""
        mood = next((signal.reading for signal in evaluation.layers.signals if signal.trigger is Cause.FEAR_GREED), None)
        closes = self._closes(evaluation.portfolio, _BTC, _MEAN_DAYS + 1)
        known = [close for close in closes if close is not None]
        complete = len(known) == _MEAN_DAYS + 1
        if mood is not None and mood < _FEAR:
            return "fear_greed", mood, False
        if complete and known[-1] < sum(known[1:]) / _MEAN_DAYS < sum(known[:-1]) / _MEAN_DAYS:
            return "below_mean", mood, False
        return "", mood, mood is None and not complete


def _weighted(weights: Mapping[str, float], moves: Mapping[str, float | None]) -> float | None:
    """Return a day's return of the portfolio; None where one of its coins is unknown."""
    parts = [None if (move := moves[coin]) is None else weight * move for coin, weight in weights.items()]
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _alts(evaluation: Evaluation) -> tuple[Decimal | None, Decimal | None]:
    """Return the weight of all ALT coins and their target now."""
    inputs = sizing.inputs_of(evaluation)
    if inputs is None or evaluation.effective is None:
        return None, None
    targets = evaluation.effective.targets.spot
    return sum(inputs.alts.values(), _ZERO) / inputs.value, sum((targets.get(coin, _ZERO) for coin in inputs.alts), _ZERO)


def _blind(hedge: OpenHedge) -> HedgeReading:
    return HedgeReading(hedge=hedge)


def _reading(evaluation: Evaluation, hedge: OpenHedge, drop: Decimal) -> HedgeReading:
    """Return a hedge at the present price; raises ``engine.errors.Refused``."""
    at = evaluation.held.position(hedge.contract) if evaluation.held is not None else None
    if evaluation.held is None or at is None:
        return _blind(hedge)
    distance = valuation.liquidations(evaluation.held.snapshot, evaluation.markets).get(hedge.contract)
    # what there is of it is not known before its plan has ended
    taken_off = layer.without(evaluation, hedge) if hedge.settled or hedge.closed else None
    closed = hedge_shocks.in_fall(evaluation, evaluation.held, drop, taken_off[1]) if taken_off is not None else None
    return HedgeReading(hedge=hedge, mark=at.mark, result=life.result(hedge, at.mark), distance=distance, closed=closed)
