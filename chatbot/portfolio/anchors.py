"""Where volatility cuts start from: anchored at the onset of a spike, let go when the asset is back (domain 5.3).

Legend: t target weight, w0 weight at the onset.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.model import BASKET, INFO, Effect, Signal
from chatbot.portfolio import targets, valuation
from chatbot.portfolio.layers import Anchor, Layers, Memory, watch_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from chatbot.engine.portfolio import Valuation
    from chatbot.model import Strategy
    from chatbot.portfolio.states import PortfolioStates
    from chatbot.portfolio.targets import Mix

#: an asset that was cut keeps its share of its line until it is back within this part of its target
_BACK = Decimal("0.95")


def spikes(signals: Iterable[Signal], held: Valuation, strategy: Strategy) -> dict[str, datetime]:
    """Return the coins that a spike holds down now, with the market time at which it began."""
    begun: dict[str, datetime] = {}
    for signal in signals:
        cuts = INFO[signal.trigger].effect is Effect.CUT_COIN and signal.active and strategy.setting(signal.trigger).on
        if cuts and signal.since is not None:
            for asset in held.by_asset if signal.subject == BASKET else (signal.subject,):
                begun[asset] = min(begun.get(asset, signal.since), signal.since)
    return begun


def anchor_spikes(
    states: PortfolioStates, begun: Mapping[str, datetime], held: Valuation, strategy: Strategy, mix: Mix, joined: datetime
) -> Memory:
    """Let go of spikes whose asset is back where it was, then anchor those that have ``begun``.

    A coin whose line has an intended mix is held to that. ``mix`` is what of it is not reached, ``joined`` when the portfolio was opened.
    """
    memory = states.memory
    kept: dict[str, Anchor] = {}
    for asset, known in memory.anchors.items():
        if asset in begun:
            kept[asset] = known
        elif strategy.line_of(asset) not in states.mix and not _is_back(asset, known, held, strategy):
            kept[asset] = replace(known, over=True)
    anchors, latched = dict(kept), Layers(anchors=kept, mix=mix)
    lines: dict[str, Mapping[str, Decimal]] = {}  # one storm cuts several coins of a line
    for asset, since in begun.items():
        was = kept.get(asset)
        # a line that a coin had for itself may have become a bucket since
        share = was.share if was is not None else None
        if share is None:
            line = strategy.line_of(asset)
            if line not in lines:
                lines[line] = targets.shares(line, held, strategy, latched)
            share = lines[line].get(asset)
        if was is not None and not was.over and was.since == since:
            anchors[asset] = replace(was, share=share)
        else:
            weight = held.by_asset.get(asset, Decimal(0)) / held.value if since > joined and valuation.has_begun(held) else None
            anchors[asset] = Anchor(since=since, weight=weight, share=share)
    return replace(memory, anchors=anchors) if anchors != memory.anchors else memory


def rearm(memory: Memory, signals: Iterable[Signal]) -> Memory:
    """Forget the moves between two readings that were told, once a later reading was calm and nothing moves: one spike is told once."""
    if not memory.told:
        return memory  # of most people, in every look
    over = {watch_key(signal) for signal in signals if signal.moved is None and _calmed(memory.told.get(watch_key(signal)), signal)}
    return replace(memory, told={key: word for key, word in memory.told.items() if key not in over}) if over else memory


def _calmed(told: str | None, signal: Signal) -> bool:
    if told is None or signal.at is None or signal.reading is None:
        return False
    return signal.at.isoformat() > told and signal.reading <= signal.leave


def _is_back(asset: str, anchor: Anchor, held: Valuation, strategy: Strategy) -> bool:
    line = strategy.weights.get(strategy.line_of(asset), Decimal(0))
    target = line * (anchor.share if anchor.share is not None else Decimal(1))
    return held.by_asset.get(asset, Decimal(0)) >= _BACK * target * held.value
