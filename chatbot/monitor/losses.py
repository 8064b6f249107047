"""The loss of a day with real money: at its limit the portfolio is paused and its person told, once a day."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog

from chatbot import live_consent
from chatbot.alerts import write
from chatbot.model import Mode
from chatbot.portfolio.amounts import performance
from chatbot.store import portfolios

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.model import Person
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.store.database import Tx

_LOG = structlog.get_logger()


async def stop(tx: Tx, evaluation: Evaluation, person: Person, now: datetime) -> bool:
    """Pause a portfolio that has lost today what its person agreed to lose in a day; True where that was done now.

    Who lets it go on that day is not stopped again: they know of it. What moved in or out is no loss.
    """
    portfolio = evaluation.portfolio
    terms = portfolio.live
    if portfolio.mode is not Mode.LIVE or terms is None or evaluation.known_value is None:
        return False
    day = now.astimezone(ZoneInfo(person.zone)).date()
    earned = (await performance.read(tx, portfolio.id, person.zone, now, evaluation.known_value)).today
    if terms.stopped_on == day or earned is None or -earned < terms.limits.loss:
        return False
    await portfolios.save(tx, live_consent.asking(replace(portfolio, live=replace(terms, stopped_on=day))))
    await portfolios.pause(tx, (portfolio.id,), forgets=True)
    await write.tell_loss(tx, portfolio, person, -earned, now, alone=terms.acts_alone)
    _LOG.warning("paused after a day's loss", portfolio=portfolio.id)
    return True
