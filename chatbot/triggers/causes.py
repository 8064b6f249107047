"""What the reasons of a plan let it touch, in the engine's terms: causes, contracts that they move, lines outside (domain 9.13)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.planner.scope import EXPOSURE, BlockCause
from chatbot.exchanges.base import PERP
from chatbot.model import BASKET, INFO, NET, Cause, Effect, Phase
from chatbot.portfolio import targets
from chatbot.triggers import margin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatbot.engine.portfolio import Valuation
    from chatbot.model import Reason, Signal
    from chatbot.portfolio.evaluation import Evaluation

#: causes whose name in the domain is another one
_KINDS = {Cause.FEAR_GREED: "fear", Cause.VOLATILITY: "vol", Cause.CHANGED: "targets"}
_SAME = (Cause.SCHEDULE, Cause.MANUAL, Cause.START, Cause.TARGETS, Cause.MARGIN, Cause.TREND, Cause.FUNDING_LOW, Cause.FUNDING_HIGH)
#: what a step of a signal is called there, where it is not "begin" and "release"
_EVENTS: Mapping[tuple[Cause, Phase], str] = {
    (Cause.VOLATILITY, Phase.CHANGE): "cut",
    (Cause.TREND, Phase.CHANGE): "cut",
    (Cause.TREND, Phase.EASE): "ease",
    (Cause.FUNDING_LOW, Phase.BEGIN): "step",
    (Cause.FUNDING_LOW, Phase.CHANGE): "step",
    (Cause.FUNDING_LOW, Phase.EASE): "step",
}
_TRIED = Decimal("0.5")


def block_causes(evaluation: Evaluation, reasons: Iterable[Reason]) -> tuple[BlockCause, ...]:
    """Return the causes of a block that is planned for these reasons; margin in danger is always one of them.

    A plan that is made again, because it fell short or prices moved, keeps the reasons that it had. Without any it is a person's wish.
    """
    held = evaluation.held
    coins = tuple(dict.fromkeys((*held.by_asset, *(position.asset for position in held.snapshot.positions)))) if held is not None else ()
    found = [cause for cause in (_cause(reason, coins) for reason in reasons) if cause is not None]
    if margin.is_urgent(evaluation):
        found.append(BlockCause(kind="margin"))
    return tuple(dict.fromkeys(found)) or (BlockCause(kind="manual"),)


def _cause(reason: Reason, every: tuple[str, ...]) -> BlockCause | None:
    if reason.trigger in (Cause.DRIFT, Cause.EXPOSURE):
        return BlockCause(kind="drift", line=EXPOSURE if reason.trigger is Cause.EXPOSURE else reason.line)
    if reason.trigger is Cause.EVERYTHING:
        return BlockCause(kind="manual", trades_all=True)
    if reason.trigger is Cause.TILT:
        return BlockCause(kind="tilt", event="end" if reason.event is Phase.END else "begin", contracts=(reason.line + PERP,))
    if reason.trigger not in _KINDS and reason.trigger not in _SAME:
        return None
    event = ""
    if reason.trigger in INFO:
        event = "release" if reason.event is Phase.END else _EVENTS.get((reason.trigger, reason.event), "begin")
    named = every if reason.line == BASKET else (reason.line,)
    coins = named if reason.trigger is Cause.VOLATILITY else ()
    return BlockCause(kind=_KINDS.get(reason.trigger, reason.trigger), event=event, coins=coins)


def moved(evaluation: Evaluation, reasons: Iterable[Reason]) -> frozenset[str]:
    """Return the contracts whose effective target is another one with the signals of these reasons than without them.

    Whether they begin or end: what a signal that is over has moved goes back.
    """
    held, strategy = evaluation.held, evaluation.portfolio.strategy
    keys = {(reason.trigger, reason.line) for reason in reasons if reason.trigger in INFO}
    if held is None or not keys:
        return frozenset()
    sides = []
    for active in (True, False):
        signals = tuple(
            _as(signal, active=active) if (signal.trigger, signal.subject) in keys else signal for signal in evaluation.layers.signals
        )
        layers = replace(evaluation.layers, signals=signals)
        sides.append(targets.effective(held, strategy, layers, evaluation.betas).targets.futures)
    return frozenset(contract for contract in sides[0].keys() | sides[1].keys() if sides[0].get(contract) != sides[1].get(contract))


def _as(signal: Signal, *, active: bool) -> Signal:
    """Return a signal as it would stand; one that is not active has no size of its own."""
    size = signal.size
    if active and size is None and INFO[signal.trigger].effect is not Effect.NEUTRALISE:
        size = _TRIED
    return replace(signal, active=active, size=size if active else None)


def outside(evaluation: Evaluation) -> frozenset[str]:
    """Return the lines, and the net exposure, that are outside their bands now."""
    readings = evaluation.figures.limits if evaluation.figures is not None else ()
    return frozenset(EXPOSURE if line.line == NET else line.line for line in readings if line.breach)


def has_begun(held: Valuation) -> bool:
    """Tell whether there was a first block: of this bot, or of its person, who holds more than cash."""
    return bool(held.spot) or any(position.qty for position in held.snapshot.positions)
