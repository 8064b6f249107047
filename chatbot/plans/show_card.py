"""From a drafted plan to a card that waits for an answer: stored, the card that it replaces closed, shown; and put off until later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.alerts import write
from chatbot.model import AnswerMode, AnswerPolicy, Cause, NotAlone, PlanState
from chatbot.plans import autonomy
from chatbot.plans.outcomes import Busy, Proposed
from chatbot.portfolio.stored import states, turnover
from chatbot.store import plans, portfolios
from chatbot.triggers import market

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chatbot.model import Person, Plan, Portfolio, Reason
    from chatbot.store.database import Tx

#: what is only true of one card beside the one before it
_OF_ONE_CARD = frozenset({Cause.BETA, Cause.MOVED, Cause.CHANGED})


async def store(tx: Tx, drafted: Plan) -> Proposed | Busy:
    """Store a drafted plan inside the caller's transaction, unless one is being carried out."""
    before = await plans.open_plan(tx, drafted.portfolio_id)
    if before is not None and before.state != PlanState.PROPOSED:
        return Busy(plan=before)
    first = await _explains(tx, drafted, before)
    return Proposed(plan=await plans.add_plan(tx, replace(drafted, is_first=first)), instead_of=before)


async def _explains(tx: Tx, drafted: Plan, before: Plan | None) -> bool:
    """Tell whether a card says what a plan or a hedge is: the first of its person does, and the one that takes its place unanswered."""
    about_hedge = drafted.hedge is not None
    if before is not None and before.is_first and (before.hedge is not None) == about_hedge:
        return True
    return await plans.is_first(tx, drafted.portfolio_id, about_hedge=about_hedge)


async def offer(
    tx: Tx, portfolio: Portfolio, person: Person, drafted: Plan, now: datetime, *, silent: bool, asks: NotAlone = NotAlone.NONE
) -> Proposed | Busy:
    """Offer a plan that nobody asked for, to be answered as the portfolio's settings want it.

    ``asks`` is why an auto portfolio asks all the same. A plan that the bot carries out itself is shown once it was carried out or not.
    """
    stored = await store(tx, await with_policy(tx, portfolio, person, drafted, now, asks=asks))
    if isinstance(stored, Busy):
        return stored
    if stored.instead_of is not None:
        await write.redraw_card(tx, stored.instead_of, now, "replaced")
    if stored.plan.stand is None or not stored.plan.stand.auto:
        await write.show_card(tx, stored.plan, person, now, silent=silent)
    return stored


async def with_policy(
    tx: Tx, portfolio: Portfolio, person: Person, drafted: Plan, now: datetime, *, asks: NotAlone = NotAlone.NONE
) -> Plan:
    """Return a plan that the bot made with how it is to be answered, and until when.

    ``asks`` is why the person is asked although the portfolio is on auto.
    """
    only_asks = autonomy.needs_person(portfolio)
    if not only_asks and (await states.read(tx, portfolio.id)).asks:
        asks = NotAlone.PANIC
    stand = AnswerPolicy(why=asks)
    if autonomy.acts_alone(portfolio) and not asks:
        stand = autonomy.within_limits(drafted, portfolio.answering.limits, await turnover.today(tx, portfolio.id, person.zone, now))
    if stand.auto:
        return replace(drafted, stand=stand, acts_at=now)
    promised = None if only_asks else await _promised(tx, portfolio.id)  # nothing is reduced where only its person decides
    return autonomy.asking(drafted, stand, portfolio, now, promised)


async def _promised(tx: Tx, portfolio_id: int) -> datetime | None:
    """Return when the plan that now waits was to be reduced: a newer one in its place does not put that off."""
    waiting = await plans.open_plan(tx, portfolio_id)
    return waiting.stand.reduce_at if waiting is not None and waiting.state == PlanState.PROPOSED and waiting.stand else None


def comes_back(portfolio: Portfolio, plan: Plan) -> bool:
    """Tell whether a plan that its person puts off is made again after the silence; a hedge and new money are asked for by hand.

    A pause forgets what was to be planned.
    """
    by_wish = plan.hedge is not None or any(reason.trigger is Cause.NEW_MONEY for reason in plan.reasons)
    return plan.has_deadline and not by_wish and not portfolio.paused and portfolio.answer is not AnswerMode.NOTIFY


async def put_off(tx: Tx, portfolio: Portfolio, plan: Plan, now: datetime, until: datetime | None) -> None:
    """Keep a portfolio quiet ``until`` then and let the plan come back after it; None: it was skipped, and so is one that was put off."""
    latest = await portfolios.get(tx, portfolio.id) or portfolio
    if until is None:
        if latest.snoozed_until is not None and latest.snoozed_until > now:
            await portfolios.save(tx, replace(latest, window_opened_at=None))
        return
    latest = replace(latest, snoozed_until=until)
    if comes_back(latest, plan):
        await count_again(tx, latest, (reason for reason in plan.reasons if reason.trigger not in _OF_ONE_CARD), now)
    else:
        await portfolios.save(tx, latest)


async def count_again(tx: Tx, portfolio: Portfolio, reasons: Iterable[Reason], now: datetime) -> None:
    """Let the reasons of a plan count again that was not answered: its window stays open, and closes once somebody can be asked."""
    before = await states.read(tx, portfolio.id)
    pending = market.joined_reasons(reasons, before.memory.pending)
    await states.write(tx, portfolio.id, before, replace(before, memory=replace(before.memory, pending=pending)))
    await portfolios.save(tx, replace(portfolio, window_opened_at=portfolio.window_opened_at or now))
