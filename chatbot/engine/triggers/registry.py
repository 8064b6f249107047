"""The triggers that watch the market: a new one is a file of this folder, and its line here.

What it is and means for a portfolio stands in ``model/trigger_info.py``, and its words in ``handlers/views/trigger/words.py``.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from chatbot.engine.triggers import fear_greed, funding, trend, volatility

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatbot.engine.triggers.trigger import Trigger

TRIGGERS: Mapping[str, Trigger] = MappingProxyType(
    {
        trigger.name: trigger
        for trigger in (
            volatility.TRIGGER,
            trend.TRIGGER,
            funding.LOW,
            funding.HIGH,
            fear_greed.TRIGGER,
        )
    }
)
