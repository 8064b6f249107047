"""Tilts of a portfolio: latched when a coin leaves its band, traded with the plan for it, taken off again (domain 9.3).

Only coins of which the strategy holds no futures: elsewhere the plan has a long to reduce or to raise, and does that instead.
A tilt ends with the next plan that finds its coin inside the inner band, after 7 days, and as soon as anything takes risk away.
Legend: w weight, t target, b half-width, d drift w - t, V value.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.portfolio import prior_beta
from chatbot.engine.triggers import tilt
from chatbot.exchanges.base import PERP
from chatbot.model import FUTURES, INFO, NET, STABLE, AnswerMode, Cause, OpenTilt, Phase, Reason
from chatbot.portfolio import targets, valuation
from chatbot.triggers import margin
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chatbot.model import Plan, Strategy
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.layers import Layers
    from chatbot.triggers.drift import LineStep

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a check makes of the tilts of a portfolio."""

    kept: tuple[OpenTilt, ...] = ()
    begun: tuple[OpenTilt, ...] = ()
    #: traded, and over: a plan must take them off
    over: tuple[OpenTilt, ...] = ()

    @property
    def standing(self) -> tuple[OpenTilt, ...]:
        """Return what the targets hold from now on."""
        return (*self.kept, *self.begun)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return why a plan is made for them."""
        return (*(reason_for(one, Phase.BEGIN) for one in self.begun), *(reason_for(one, Phase.END) for one in self.over))


def reason_for(one: OpenTilt, event: Phase) -> Reason:
    """Return why a plan trades a tilt."""
    return Reason(trigger=Cause.TILT, line=one.asset, event=event, size=one.weight)


def begins(reason: Reason) -> bool:
    """Tell whether a reason is about a tilt that is to be opened."""
    return reason.trigger is Cause.TILT and reason.event is Phase.BEGIN


def review(evaluation: Evaluation, steps: Iterable[LineStep], at: tuple[datetime, datetime], *, waiting: bool) -> Review:
    """Take one check: end what is over, forget what was not traded, latch a tilt for every coin of a line that left its band.

    ``at`` is the program's time and the market's. ``waiting``: a plan is being made or answered, so tilts that were not traded yet may
    still be. Where a person is only told and never shown a plan, nothing begins, and nothing ends without their own plan.
    """
    if evaluation.portfolio.answer == AnswerMode.NOTIFY:
        return Review(kept=evaluation.layers.tilts)
    ending = {one.asset for one in evaluation.layers.tilts if _is_over(evaluation, one, at[1])}
    kept = tuple(one for one in evaluation.layers.tilts if one.asset not in ending and (one.placed or waiting))
    over = tuple(one for one in evaluation.layers.tilts if one.asset in ending and one.placed)
    taken = {one.asset for one in (*kept, *over)}
    begun = tuple(one for one in _begun(evaluation, steps, at) if one.asset not in taken)
    return Review(kept=kept, begun=begun, over=over)


def _is_over(evaluation: Evaluation, one: OpenTilt, now: datetime) -> bool:
    strategy = evaluation.portfolio.strategy
    offered = strategy.tilt and strategy.contracts
    return not offered or is_held_down(evaluation) or now - one.since >= tilt.LASTS


def is_held_down(evaluation: Evaluation) -> bool:
    """Tell whether anything takes risk away from this portfolio: a tilt may add it, so none stands beside that."""
    return margin.is_urgent(evaluation) or risk_off(evaluation.portfolio.strategy, evaluation.layers)


def risk_off(strategy: Strategy, layers: Layers) -> bool:
    """Tell whether a hedge is open or a trigger that takes risk away is active."""
    active = any(
        signal.active and strategy.setting(signal.trigger).on and not INFO[signal.trigger].effect.adds_risk for signal in layers.signals
    )
    return active or any(not hedge.closed for hedge in layers.hedges)


def _begun(evaluation: Evaluation, steps: Iterable[LineStep], at: tuple[datetime, datetime]) -> Iterable[OpenTilt]:
    strategy, snap = evaluation.portfolio.strategy, evaluation.snapshot
    if not strategy.tilt or not strategy.contracts or snap is None or is_held_down(evaluation):
        return
    left = {step.line.line for step in steps if step.event == "breach" and step.line.line not in (NET, STABLE, FUTURES)}
    held = {position.contract for position in snap.positions if position.qty}
    base = held.union(strategy.contracts)
    for holding in (one for one in snap.spot if one.bucket in left):
        contract = holding.asset + PERP
        market = evaluation.markets.get(contract)
        if market is None or not market.trading or contract in base:
            continue
        standing = tilt.advance(tilt.Tilt(), _drift(evaluation, holding.asset), at[1], kappa=strategy.tilt, event=True)
        if standing.since is not None:
            yield OpenTilt(asset=holding.asset, contract=contract, weight=standing.weight, since=at[1], noted_at=at[0])


def _drift(evaluation: Evaluation, asset: str) -> tilt.AssetDrift:
    """Measure one coin against its target; its inner band is its part of its line's, and never less than what is worth a trade."""
    if evaluation.snapshot is None or evaluation.figures is None or evaluation.effective is None:
        raise ValueError("a portfolio that cannot be evaluated has no drift")
    strategy, V = evaluation.portfolio.strategy, evaluation.figures.value  # noqa: N806 - the letter of the domain
    holding = next((one for one in evaluation.snapshot.spot if one.asset == asset), None)
    t = evaluation.effective.targets.spot.get(asset, _ZERO)
    w = holding.value / V if holding else _ZERO
    line = next((line for line in evaluation.figures.lines if holding is not None and line.line == holding.bucket), None)
    share = t / line.target if line is not None and line.target else _ZERO
    half = (line.band or _ZERO) * (1 - strategy.theta) * share if line is not None else _ZERO
    least = valuation.smallest_trade(V, evaluation.markets.get(asset), holding.price if holding is not None else _ZERO)
    return tilt.AssetDrift(drift=w - t, inner=max(half, least / V), beta=evaluation.betas.get(asset, prior_beta(asset)))


def for_block(evaluation: Evaluation, now: datetime) -> tuple[Evaluation, tuple[Reason, ...]]:
    """Return the evaluation that a plan is made of at market time ``now``, and why it trades tilts: it takes off what is over or inside."""
    tilts = evaluation.layers.tilts
    if not tilts:
        return evaluation, ()
    done = {one.asset for one in tilts if _is_over(evaluation, one, now) or not _still_out(evaluation, one.asset)}
    ends = tuple(reason_for(one, Phase.END) for one in tilts if one.asset in done and one.placed)
    begins = tuple(reason_for(one, Phase.BEGIN) for one in tilts if one.asset not in done and not one.placed)
    return without(evaluation, done), (*begins, *ends)


def _still_out(evaluation: Evaluation, asset: str) -> bool:
    seen = _drift(evaluation, asset)
    return abs(seen.drift) > seen.inner


def without(evaluation: Evaluation, assets: Iterable[str]) -> Evaluation:
    """Return an evaluation whose targets hold no tilt of these coins; raises ``engine.errors.Refused``."""
    gone = frozenset(assets)
    if not gone or evaluation.held is None:
        return evaluation
    strategy = evaluation.portfolio.strategy
    layers = replace(evaluation.layers, tilts=tuple(one for one in evaluation.layers.tilts if one.asset not in gone))
    moved = targets.effective(evaluation.held, strategy, layers, evaluation.betas)
    figures = valuation.figures(evaluation.held, strategy, evaluation.markets, evaluation.betas, moved)
    return replace(evaluation, layers=layers, effective=moved, figures=figures)


def as_planned(evaluation: Evaluation, plan: Plan) -> Evaluation:
    """Return an evaluation with the tilts that a plan leads to; raises ``engine.errors.Refused``."""
    return without(evaluation, {reason.line for reason in plan.reasons if reason.trigger is Cause.TILT and reason.event is Phase.END})


def told(reasons: Iterable[Reason], now: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the reasons of a plan with those about tilts as they stand now; the end of one stays a reason for its position to go."""
    others = [reason for reason in reasons if reason.trigger is not Cause.TILT or reason.event is Phase.END]
    latest = {(other.trigger, other.line): other for other in others if other.trigger is Cause.TILT} | {
        (one.trigger, one.line): one for one in now
    }
    return (*(other for other in others if other.trigger is not Cause.TILT), *latest.values())


def ended(tilts: tuple[OpenTilt, ...], plan: Plan) -> tuple[OpenTilt, ...]:
    """Return the tilts after a plan that has come to its end; doing it again changes nothing."""
    about = {reason.line: reason.event for reason in plan.reasons if reason.trigger is Cause.TILT}
    after = [_after(one, about.get(one.asset) if one.noted_at <= plan.created_at else None, plan) for one in tilts]
    return tuple(one for one in after if one is not None)


def _after(one: OpenTilt, event: Phase | None, plan: Plan) -> OpenTilt | None:
    if event is Phase.BEGIN and not one.placed:
        return replace(one, placed=True) if _trades(plan, one.contract) else None
    return None if event is Phase.END else one


def _trades(plan: Plan, contract: str) -> bool:
    return any(leg.instrument == contract and leg.filled for leg in plan.legs)


def corrected(tilts: tuple[OpenTilt, ...], booked: Plan, shown: Plan) -> tuple[OpenTilt, ...]:
    """Return the tilts after other fills came to light than were ``booked`` of a plan that has ended.

    One of which nothing was booked was forgotten, and stands after all, from its plan on; one of which nothing was traded goes.
    """
    begun = {reason.line: reason for reason in shown.reasons if begins(reason)}
    late = {asset for asset in begun if _trades(shown, asset + PERP) and not _trades(booked, asset + PERP)}
    gone = {asset for asset in begun if _trades(booked, asset + PERP) and not _trades(shown, asset + PERP)}
    stands = {one.asset for one in tilts}
    kept = tuple(one for one in tilts if one.asset not in gone or one.noted_at > shown.created_at)
    return (*kept, *(_placed(begun[asset], shown.created_at) for asset in sorted(late - stands)))


def _placed(reason: Reason, at: datetime) -> OpenTilt:
    weight = reason.size if reason.size is not None else _ZERO
    return OpenTilt(asset=reason.line, contract=reason.line + PERP, weight=weight, since=at, noted_at=at, placed=True)
