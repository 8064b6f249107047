"""The triggers that watch the market: a new one is a file of this folder, and its line here.

What one is made of is in ``trigger.py``; the smallest is ``fear_greed.py``. What it is called and means for a portfolio stands in
``model/trigger_info.py``: what its plans may touch and whether they wait follow from its effect there. Its words are in
``handlers/views/trigger/words.py``, and ``scripts/catalogues.py --update`` takes them to the translators. Its alert, /triggers, /status,
/why and the review need nothing of their own. One that reads what no other reads needs a ``Reads`` and a feed for it in
``triggers/feeds.py``.
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
