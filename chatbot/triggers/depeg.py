"""Dollars that have left their peg: told once, let go inside a margin, told again when worse by a step or at the reminder (domain 9.5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine import bands
from chatbot.engine.cash import DOLLARS, PEG_MARGIN, has_left
from chatbot.portfolio.states import Peg
from chatbot.values import dataclass

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
    #: the portfolio is kept in it, so that it goes on counting as one
    is_money: bool = False


def advance(
    snap: Snapshot, states: PortfolioStates, hours: int, now: datetime, quote_price: Decimal | None = None
) -> tuple[tuple[PegStep, ...], dict[str, Peg]]:
    """Return what rings now and what is remembered of every dollar that is held; ``hours`` after the last ring it rings again, 0: never.

    The quote coin itself is one of them, at ``quote_price`` dollars; where its price is unknown, what was said of it stands.
    """
    money = snap.cash[0]
    told: list[PegStep] = []
    pegs = {money.asset: states.pegs[money.asset]} if quote_price is None and money.asset in states.pegs else {}
    found = [PegStep(asset=coin.asset, qty=coin.qty, price=coin.price) for coin in snap.cash[1:] if coin.asset in DOLLARS and coin.qty]
    if quote_price is not None:
        found.append(PegStep(asset=money.asset, qty=money.qty, price=quote_price, is_money=True))
    for step in found:
        before, away = states.pegs.get(step.asset, Peg()), step.price - 1
        breach = ("over" if away > 0 else "under") if has_left(step.price) else None
        after, event = bands.advance(before.state, away, PEG_MARGIN, breach, rearm=_REARM, escalate_pp=_STEP_PP)
        due = hours and breach and before.told is not None and now - before.told >= timedelta(hours=hours)
        if event or due:
            told.append(step)
        if after.fired:
            pegs[step.asset] = replace(before, state=after, told=now if event or due else before.told)
    return tuple(told), pegs
