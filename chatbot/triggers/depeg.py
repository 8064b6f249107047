"""Dollars that have left their peg: told once, let go inside a margin, told again when worse by a step or at the reminder (domain 9.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine import bands
from chatbot.engine.cash import DOLLARS, PEG_MARGIN, is_off_peg
from chatbot.portfolio.states import Peg

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.engine.portfolio import Snapshot
    from chatbot.portfolio.states import PortfolioStates

#: a dollar is back when it is within this part of the margin
_REARM = Decimal("0.8")
#: it rings again when it has moved away by so many points more
_STEP_PP = Decimal(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PegStep:
    """A dollar that is to be told about."""

    asset: str
    qty: Decimal
    price: Decimal


def advance(snap: Snapshot, states: PortfolioStates, hours: int, now: datetime) -> tuple[tuple[PegStep, ...], dict[str, Peg]]:
    """Return what rings now and what is remembered of every dollar that is held; ``hours`` after the last ring it rings again, 0: never."""
    money = snap.cash[0].asset
    told: list[PegStep] = []
    pegs: dict[str, Peg] = {}
    for coin in snap.cash[1:]:
        if coin.asset not in DOLLARS or not coin.qty:
            continue
        before, away = states.pegs.get(coin.asset, Peg()), coin.price - 1
        breach = ("over" if away > 0 else "under") if is_off_peg(coin.asset, coin.price, money) else None
        after, event = bands.advance(before.state, away, PEG_MARGIN, breach, rearm=_REARM, escalate_pp=_STEP_PP)
        due = hours and breach and before.told is not None and now - before.told >= timedelta(hours=hours)
        if event or due:
            told.append(PegStep(asset=coin.asset, qty=coin.qty, price=coin.price))
        if after.fired:
            pegs[coin.asset] = replace(before, state=after, told=now if event or due else before.told)
    return tuple(told), pegs
