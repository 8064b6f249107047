"""What ends a consent to real money without its person: acting alone at a pause, a halt or trouble with the key; all of it with the key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.model import AloneEnded, AnswerMode, MessageKind, PlanState, Unanswered
from chatbot.store import accounts, messages, plans, portfolios

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from chatbot.model import Portfolio
    from chatbot.store.database import Tx


def asking(portfolio: Portfolio) -> Portfolio:
    """Return a portfolio with real money that asks before each plan; any other as it is."""
    if portfolio.live is None:
        return portfolio
    answering, answer = portfolio.answering, portfolio.answer
    return replace(
        portfolio,
        live=replace(portfolio.live, auto_since=None),
        answer=AnswerMode.ASK if answer is AnswerMode.AUTO else answer,
        answering=replace(answering, unanswered=Unanswered.EXPIRE) if answering.unanswered is Unanswered.REDUCE else answering,
    )


async def end_alone(tx: Tx, why: AloneEnded, now: datetime, ids: Collection[int] | None = None) -> None:
    """Let portfolios that act by themselves with real money ask again, and tell their people; None: all of them."""
    for portfolio in await portfolios.with_consent(tx, ids):
        if portfolio.live is not None and portfolio.live.auto_since is not None:
            await portfolios.save(tx, asking(portfolio))
            await _tell(tx, portfolio, why, now)


async def end_restored(tx: Tx, now: datetime) -> None:
    """Let accounts only be watched until their people agree again, and tell them: a copy does not know what was taken back after it.

    One whose plan was under way is left its consent, without acting alone: the orders of that plan have to be taken back.
    """
    for portfolio in await portfolios.with_consent(tx):
        plan = await plans.open_plan(tx, portfolio.id)
        begun = plan is not None and plan.state is not PlanState.PROPOSED
        await portfolios.save(tx, asking(portfolio) if begun else _watched(portfolio))
        await _tell(tx, portfolio, AloneEnded.RESTORED, now)


def _watched(portfolio: Portfolio) -> Portfolio:
    return replace(asking(portfolio), live=None, answer=AnswerMode.NOTIFY, window_opened_at=None)


async def _tell(tx: Tx, portfolio: Portfolio, why: AloneEnded, now: datetime) -> None:
    person = await accounts.person(tx, portfolio.person_id)
    if person is not None:
        facts, key = {"portfolio_id": portfolio.id, "why": why}, f"alone-{portfolio.id}-{why}-{now.isoformat()}"
        await messages.ring(tx, person.chat_id, MessageKind.ALONE_ENDED, facts, key=key, now=now)


async def end_with_key(tx: Tx, key_id: int) -> int | None:
    """Let the portfolio on a key be watched only, because the key goes; return its id, None where there is none."""
    portfolio = await portfolios.on_key(tx, key_id)
    if portfolio is None:
        return None
    if portfolio.live is not None:
        await portfolios.save(tx, _watched(portfolio))
    return portfolio.id
