"""How wide each band of a portfolio should be: costs and daily history put into the closed form of domain 3.5."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from math import fsum
from typing import TYPE_CHECKING

from chatbot.engine import band_width
from chatbot.engine.errors import Refused
from chatbot.engine.presets import PRESETS
from chatbot.exchanges.base import asset_of
from chatbot.model import STABLE, BandRule
from chatbot.portfolio import targets as targeting
from chatbot.portfolio.layers import Layers
from chatbot.portfolio.names import SPOT_ONLY
from chatbot.portfolio.strategies import MAX_BAND_PP, MIN_BAND_PP
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.engine.targets import Targets
    from chatbot.model import Portfolio, Problem, Strategy
    from chatbot.plans.costs import Costing, CostingOf
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.evaluator import Evaluator

#: the preset whose risk aversion own weights are given
_USUAL = "balanced"
#: daily returns that the volatility of a line rests on, as many as a beta does (domain 1.7)
WINDOW = 90
#: impact grows with the band and the band with impact: each round brings the two six times closer
_ROUNDS = 12
_STEP = Decimal("0.1")
#: why there is no recommendation
NO_TARGET, NO_VOLUME, NO_HISTORY = "no_target", "no_volume", "no_history"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAdvice:
    """What is recommended for one line."""

    line: str
    #: None where something is unknown; then ``why`` says what
    found: band_width.Recommendation | None = None
    why: str = ""
    #: lambda: what trading one quote of the line once costs, as a fraction
    cost: float | None = None

    @property
    def rule(self) -> BandRule | None:
        """Return the recommendation as a band that can be set: in tenths of a point, inside what a band may be."""
        if self.found is None:
            return None
        points = Decimal(repr(self.found.band_pp)).quantize(_STEP, ROUND_HALF_UP)
        return BandRule(abs_pp=min(max(points, MIN_BAND_PP), MAX_BAND_PP))


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Recommended bands of a portfolio, line by line; none when it cannot be evaluated."""

    portfolio: Portfolio
    #: largest yearly deviation from the targets that is wanted, as a fraction; None: costs alone decide
    te_budget: Decimal | None
    lines: tuple[LineAdvice, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def rules(self) -> dict[str, BandRule]:
        """Return the bands of every line that has a recommendation."""
        return {line.line: line.rule for line in self.lines if line.rule is not None}


class Adviser:
    """Recommends bands."""

    def __init__(self, evaluator: Evaluator, costing: CostingOf) -> None:
        self._evaluator = evaluator
        self._costing = costing

    async def bands(self, portfolio: Portfolio, te_budget: Decimal | None = None) -> Advice:
        """Return the recommended band of every line that has one, at the costs of now."""
        evaluation = await self._evaluator.look(portfolio, patient=True)
        if evaluation.held is None:
            return Advice(portfolio=portfolio, te_budget=te_budget, problems=evaluation.problems)
        costing = self._costing(portfolio)
        await costing.prepare(evaluation.quotes)
        await costing.prepare_days(evaluation.quotes, WINDOW)
        targets = targeting.base_targets(evaluation.held, portfolio.strategy, Layers())
        returns = {asset: _returns(costing, asset) for asset in {asset_of(name) for name in evaluation.quotes}}
        lines = tuple(self._line(line, evaluation, targets, returns, te_budget) for line in portfolio.strategy.bands)
        return Advice(portfolio=portfolio, te_budget=te_budget, lines=lines)

    def _line(
        self,
        line: str,
        evaluation: Evaluation,
        targets: Targets,
        returns: Mapping[str, tuple[float | None, ...]],
        te_budget: Decimal | None,
    ) -> LineAdvice:
        strategy = evaluation.portfolio.strategy
        target = float(strategy.weights.get(line, Decimal(0)))
        shares = targeting.line_shares(line, targets, strategy)
        if not 0 < target < 1 or not shares:
            return LineAdvice(line=line, why=NO_TARGET)
        sigma = band_width.relative_volatility(_against_rest(line, targets, strategy, returns))
        if not sigma:
            return LineAdvice(line=line, why=NO_HISTORY)
        given = {
            "target": target,
            "risk_aversion": float(PRESETS.get(strategy.preset.removesuffix(SPOT_ONLY), PRESETS[_USUAL]).risk_aversion),
            "sigma": sigma,
            "theta": float(strategy.theta),
            "te_budget": None if te_budget is None else float(te_budget),
        }
        return self._settled(line, evaluation, shares, given)

    def _settled(self, line: str, evaluation: Evaluation, shares: Mapping[str, float], given: Mapping[str, float | None]) -> LineAdvice:
        """Find the band that its own typical trade, band x V, pays for."""
        value = float(evaluation.held.value) if evaluation.held else 0.0
        width, cost, best = 0.0, None, None
        for _ in range(_ROUNDS):
            paid = self._costing(evaluation.portfolio).line_cost(evaluation, shares, Decimal(repr(width * value)))
            if paid is None:
                return LineAdvice(line=line, why=NO_VOLUME)
            cost = float(paid)
            try:
                best = band_width.recommend(cost=cost, **given)  # type: ignore[arg-type]  # only the budget may be None
            except Refused:
                return LineAdvice(line=line, why=NO_TARGET)
            width = best.band_pp / 100
        return LineAdvice(line=line, found=best, cost=cost)


def _returns(costing: Costing, asset: str) -> tuple[float | None, ...]:
    closes = costing.daily_closes(asset, WINDOW + 1)
    return tuple(b / a - 1 if a and b else None for a, b in pairwise(closes))


def _against_rest(
    line: str, targets: Targets, strategy: Strategy, returns: Mapping[str, tuple[float | None, ...]]
) -> tuple[float | None, ...]:
    """Return the line's daily returns less those of the rest of the portfolio at its targets, futures included."""
    inside = {} if line == STABLE else targeting.line_shares(line, targets, strategy)
    weight = float(strategy.weights[line])
    everything = {asset: float(t) for asset, t in targets.spot.items() if t}
    for contract, t in targets.futures.items():
        everything[asset_of(contract)] = everything.get(asset_of(contract), 0.0) + float(t)
    outside = {asset: (t - weight * inside.get(asset, 0.0)) / (1 - weight) for asset, t in everything.items()}
    days = range(WINDOW)
    return tuple(_difference(day, inside, outside, returns) for day in days)


def _difference(
    day: int, inside: Mapping[str, float], outside: Mapping[str, float], returns: Mapping[str, tuple[float | None, ...]]
) -> float | None:
    mine, rest = _weighted(day, inside, returns), _weighted(day, outside, returns)
    return None if mine is None or rest is None else mine - rest


def _weighted(day: int, shares: Mapping[str, float], returns: Mapping[str, tuple[float | None, ...]]) -> float | None:
    moves: Iterable[tuple[float, float | None]] = [(share, returns.get(asset, (None,) * WINDOW)[day]) for asset, share in shares.items()]
    return None if any(move is None for _, move in moves) else fsum(share * (move or 0.0) for share, move in moves)
