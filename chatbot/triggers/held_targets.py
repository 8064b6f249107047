"""What keeps targets away from the strategy's own while a plan is made: signals, hedges and tilts that were told before."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.exchanges.base import PERP
from chatbot.model import BASKET, FUTURES, INFO, NET, STABLE, Cause, Effect, HeldTarget, Phase, Reason
from chatbot.portfolio import targets
from chatbot.triggers import market, tilt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatbot.model import Signal
    from chatbot.portfolio.evaluation import Evaluation

#: a smaller difference is one of rounding
_LEAST = Decimal("0.0005")


def beside(reasons: Iterable[Reason], evaluation: Evaluation) -> tuple[HeldTarget, ...]:
    """Return the targets that are not the strategy's own and that these reasons of a plan do not explain, the furthest first."""
    told = {(reason.trigger, reason.line) for reason in reasons}
    found = (one for one in _held(evaluation) if abs(one.now - one.own) >= _LEAST)
    left = [one for one in found if any((by.trigger, by.line) not in told for by in one.by)]
    return tuple(sorted(left, key=lambda one: (-abs(one.now - one.own), one.line)))


def _held(evaluation: Evaluation) -> Iterable[HeldTarget]:
    """Name coins that are cut, then the lines that hedges took from, then the net futures."""
    if evaluation.held is None or evaluation.effective is None or evaluation.figures is None:
        return
    strategy, layers, now = evaluation.portfolio.strategy, evaluation.layers, evaluation.effective
    own = targets.base_targets(evaluation.held, strategy, layers)
    active = [signal for signal in layers.signals if signal.active and strategy.acts_on(signal.trigger) and not _waits(evaluation, signal)]
    cuts = {
        coin: market.standing(signal)
        for signal in active
        if INFO[signal.trigger].effect is Effect.CUT_COIN
        for coin in (now.targets.spot if signal.subject == BASKET else (signal.subject,))
    }
    hedges = [Reason(trigger=Cause.HEDGE, line=one.kind, event=Phase.BEGIN) for one in layers.hedges if not one.closed]
    for coin, reason in cuts.items():
        if coin in now.targets.spot:
            yield HeldTarget(line=coin, own=own.spot.get(coin, Decimal(0)), now=now.targets.spot[coin], by=(reason,))
    taken = {strategy.line_of(coin) for coin in cuts} | {STABLE, FUTURES} | evaluation.figures.waiting.keys()
    for line in evaluation.figures.lines:
        if hedges and line.base is not None and line.line not in taken:
            yield HeldTarget(line=line.line, own=line.base, now=line.target, by=tuple(hedges))
    longs = dict.fromkeys(reason for coin, reason in cuts.items() if own.futures.get(coin + PERP))
    others = [market.standing(signal) for signal in active if INFO[signal.trigger].effect is not Effect.CUT_COIN]
    by = (*longs, *others, *hedges, *(tilt.reason_for(one, Phase.BEGIN) for one in layers.tilts))
    if by:
        yield HeldTarget(line=NET, own=strategy.net_target, now=now.futures_net, by=by)


def _waits(evaluation: Evaluation, signal: Signal) -> bool:
    """Tell whether a signal asks for more risk and does not get it."""
    return evaluation.effective is not None and evaluation.effective.holds_back and INFO[signal.trigger].effect.adds_risk
