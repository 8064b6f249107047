"""A tilt: a small futures position that bets on a drifted coin coming back."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - read at run time by the JSON codec
from decimal import Decimal  # noqa: TC003 - read at run time by the JSON codec

from chatbot.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTilt:
    """The tilt of one coin, fixed when the coin left its band (domain 9.3)."""

    asset: str
    contract: str
    #: signed share of V: short below 0, long above
    weight: Decimal
    #: market time: its days are counted in it
    since: datetime
    #: when it was noted, by the program's clock: plans that are older know nothing of it
    noted_at: datetime
    #: a plan has traded it; until then it goes when that plan is not carried out
    placed: bool = False
