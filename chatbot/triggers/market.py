"""What the signals of the market mean for one portfolio: which stand differently from what its person was told, and what that asks for.

The machines themselves stand in :mod:`chatbot.triggers.signals`, once for everybody.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.triggers.drift import Move
from chatbot.exchanges.base import PERP
from chatbot.model import BASKET, INFO, NET, STABLE, Effect, Phase, Reason, Signal
from chatbot.portfolio.layers import is_watch, watch_key
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chatbot.model import HeldTarget, Strategy
    from chatbot.portfolio.layers import Effective, Memory

#: how a signal stands that is held back, and one that is active and has no size
SUPPRESSED, ACTIVE = "suppressed", "begin"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalChange:
    """A signal that stands differently from what the person was told."""

    signal: Signal
    event: Phase
    #: it asks for more risk while something else asks for less, or is only watched
    suppressed: bool = False

    @property
    def is_urgent(self) -> bool:
        """Tell whether its plan does not wait for company (domain 9.9)."""
        return INFO[self.signal.trigger].is_urgent and self.event is Phase.BEGIN


def changes(memory: Memory, signals: Iterable[Signal], strategy: Strategy, found: Effective) -> tuple[SignalChange, ...]:
    """Return every signal that stands differently from what was told; a trigger that is off counts as quiet."""
    result = []
    for signal in signals:
        held_down = found.holds_back and INFO[signal.trigger].effect.adds_risk
        before, after = memory.told.get(signal.key, ""), signature(signal, strategy, suppressed=held_down)
        if before != after:
            event = _event(INFO[signal.trigger].effect, before, after)
            # what was held down all along has moved nothing, and its end moves nothing either
            silent = held_down if after else before.startswith(SUPPRESSED)
            result.append(SignalChange(signal=signal, event=event, suppressed=silent))
        elif not after and _is_news(signal, memory, strategy):
            result.append(SignalChange(signal=signal, event=Phase.WATCH, suppressed=True))
    return tuple(result)


def _is_news(signal: Signal, memory: Memory, strategy: Strategy) -> bool:
    """Tell whether a move between two readings is to be told: once a spike, and nothing is traded for it (domain 5.4).

    In a storm one coin follows the other; between the same two readings a person is told once.
    """
    if signal.moved is None or not strategy.acts_on(signal.trigger) or watch_key(signal) in memory.told:
        return False
    return _read_at(signal) not in (word for key, word in memory.told.items() if is_watch(key))


def _read_at(signal: Signal) -> str:
    return signal.at.isoformat() if signal.at else ""


def _event(effect: Effect, before: str, after: str) -> Phase:
    if not before or not after:
        return Phase.BEGIN if after else Phase.END
    # a trim is what is taken off, so a smaller one is less; no other effect is weakened before it ends
    then, now = _size(before), _size(after)
    smaller = effect is Effect.TRIM_LONGS and then is not None and now is not None and now < then
    return Phase.EASE if smaller else Phase.CHANGE


def _size(word: str) -> Decimal | None:
    """Return the size that a signal was told with; None where it has none."""
    number = word.removeprefix(SUPPRESSED).strip()
    return None if number in ("", ACTIVE) else Decimal(number)


def signature(signal: Signal, strategy: Strategy, *, suppressed: bool) -> str:
    """Return how a signal stands in a word that changes when there is something to tell; empty while it does nothing."""
    if not signal.active or not strategy.acts_on(signal.trigger):
        return ""
    size = _text(signal.size)
    return f"{SUPPRESSED} {size}" if suppressed else size or ACTIVE


def _text(size: Decimal | None) -> str:
    return "" if size is None else f"{size.normalize():f}"


def mark_told(memory: Memory, taken: Iterable[SignalChange], strategy: Strategy) -> Memory:
    """Return the memory after these steps were told."""
    after = dict(memory.told)
    for step in taken:
        if step.event is Phase.WATCH:
            after[watch_key(step.signal)] = _read_at(step.signal)
            continue
        word = signature(step.signal, strategy, suppressed=step.suppressed)
        after.pop(step.signal.key, None)
        if word:
            after[step.signal.key] = word
    return replace(memory, told=after)


def told_on_card(memory: Memory, standing: Iterable[HeldTarget]) -> Memory:
    """Return the memory after a card that named what holds its targets was confirmed: a signal that it told first is not told again."""
    named = [reason for held in standing for reason in held.by if reason.trigger in INFO]
    fresh = {Signal.key_of(reason.trigger, reason.line): _text(reason.size) or ACTIVE for reason in named}
    return replace(memory, told={**fresh, **memory.told}) if fresh else memory


def asks(step: SignalChange) -> bool:
    """Tell whether a step moves targets that a plan must follow."""
    return not step.suppressed


def move_of(step: SignalChange, strategy: Strategy) -> Move:
    """Return which lines a step has moved, for the judgement of their drift (domain 3.2)."""
    signal, lines = step.signal, {NET}
    if signal.subject == BASKET:
        lines |= {*(strategy.line_of(asset) for asset in strategy.spot_assets), STABLE}
    elif INFO[signal.trigger].effect is Effect.CUT_COIN:
        net = lines if signal.subject + PERP in strategy.contracts else set()
        lines = {strategy.line_of(signal.subject), STABLE} | net
    return Move(name=signal.key, event=step.event, lines=frozenset(lines))


def reason_for(step: SignalChange) -> Reason:
    """Return why a plan is made for a step."""
    signal = step.signal
    return Reason(
        trigger=signal.trigger,
        line=signal.subject,
        event=step.event,
        reading=signal.moved if step.event is Phase.WATCH else signal.reading,
        limit=signal.leave if step.event is Phase.END else signal.enter,
        size=signal.size,
        read_at=signal.at,
    )


def standing(signal: Signal) -> Reason:
    """Return an active signal as the reason that it was when it began, with its reading of now and the age of that."""
    reason = reason_for(SignalChange(signal=signal, event=Phase.BEGIN))
    return replace(reason, age_s=None if signal.age_s is None else int(signal.age_s))


def aged(reasons: Iterable[Reason], now: datetime) -> tuple[Reason, ...]:
    """Return reasons with the ages of their readings at market time ``now``: a plan may be made hours after what asks for it."""
    return tuple(one if one.read_at is None else replace(one, age_s=int((now - one.read_at).total_seconds())) for one in reasons)


def joined_reasons(pending: Iterable[Reason], fresh: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the reasons of a window, the latest of each signal."""
    latest = {(reason.trigger, reason.line): reason for reason in (*pending, *fresh)}
    return tuple(latest.values())
