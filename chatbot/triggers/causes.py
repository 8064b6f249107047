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

    from chatbot.model import Reason, Signal
    from chatbot.portfolio.evaluation import Evaluation

#: what the domain calls a signal, by what it does: its table speaks of one signal of each kind
_SIGNALS: Mapping[Effect, str] = {
    Effect.CUT_COIN: "vol",
    Effect.TRIM_LONGS: "trend",
    Effect.RAISE_NET: "funding_low",
    Effect.CUT_NET: "funding_high",
    Effect.NEUTRALISE: "fear",
}
#: what it calls a step of one, where that is not "begin" and "release"
_EVENTS: Mapping[tuple[Effect, Phase], str] = {
    (Effect.CUT_COIN, Phase.CHANGE): "cut",
    (Effect.TRIM_LONGS, Phase.CHANGE): "cut",
    (Effect.TRIM_LONGS, Phase.EASE): "ease",
    (Effect.RAISE_NET, Phase.BEGIN): "step",
    (Effect.RAISE_NET, Phase.CHANGE): "step",
    (Effect.RAISE_NET, Phase.EASE): "step",
}
_OTHERS: Mapping[Cause, str] = {
    Cause.SCHEDULE: "schedule",
    Cause.MANUAL: "manual",
    Cause.START: "start",
    Cause.TARGETS: "targets",
    Cause.CHANGED: "targets",
    Cause.MARGIN: "margin",
}
#: what stands beside the causes of a plan and lets it touch nothing more, or is planned by itself
_NONE_OF_ITS_OWN = frozenset(
    {Cause.HEDGE, Cause.NEW_MONEY, Cause.AGAIN, Cause.MOVED, Cause.REPLANNED, Cause.PANIC, Cause.SELL_OUT, Cause.BETA}
)
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
    if reason.trigger in INFO:
        return _signal(reason, every)
    return None if reason.trigger in _NONE_OF_ITS_OWN else BlockCause(kind=_OTHERS[reason.trigger])


def _signal(reason: Reason, every: tuple[str, ...]) -> BlockCause:
    effect = INFO[reason.trigger].effect
    event = "release" if reason.event is Phase.END else _EVENTS.get((effect, reason.event), "begin")
    named = every if reason.line == BASKET else (reason.line,)
    return BlockCause(kind=_SIGNALS[effect], event=event, coins=named if effect is Effect.CUT_COIN else ())


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
