"""What a person's answer has changed beside the amounts, and putting it back: targets, what is remembered, a plan's answer."""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chatbot.model import Leg, PlanState, Strategy
from chatbot.portfolio.stored import states
from chatbot.store import events, plans, portfolios
from chatbot.store.codec import from_plain, to_plain
from chatbot.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from chatbot.model import Flow
    from chatbot.portfolio.manage import Portfolios
    from chatbot.store.database import Tx

#: how it was called when the first of them was stored
_KEY = "trace"


class Since(StrEnum):
    """What has happened since an answer, so that it cannot be taken back any more."""

    #: other amounts are held
    AMOUNTS = "amounts"
    #: it was taken back
    UNDONE = "undone"
    #: targets, or something else that a person has set
    SETTINGS = "settings"
    #: a plan was made, or is being carried out
    PLANS = "plans"
    #: a hedge, a tilt or a panic went on
    HEDGES = "hedges"


class OvertakenError(Exception):
    """Something was written since; what was begun is rolled back."""

    def __init__(self, since: Since = Since.AMOUNTS) -> None:
        super().__init__(since)
        self.since = since


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What stands on a flow about the rest of what was changed with it."""

    #: targets before and after; None: they were left alone
    targets: tuple[Strategy, Strategy] | None = None
    #: rows of what is remembered, before and after (:func:`states.answered`)
    rows: dict[str, tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    #: the plan that was noted as done, and its legs as its card had them; 0: none
    plan_id: int = 0
    legs: tuple[Leg, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return it as a part of a flow's facts."""
        return {_KEY: to_plain(self)}


def undo_of(flow: Flow) -> Undo | None:
    """Read it back; None where an older version wrote none."""
    return from_plain(Undo, flow.facts[_KEY]) if _KEY in flow.facts else None


def going_on(before: Undo | None, after: Undo) -> Undo:
    """Return that of two changes one after the other, so that one tap takes both back."""
    if before is None:
        return after
    rows = {key: (old, after.rows[key][1] if key in after.rows else left) for key, (old, left) in before.rows.items()}
    return replace(before, rows=after.rows | rows)


async def put_back(tx: Tx, managing: Portfolios, portfolio_id: int, undo: Undo, now: datetime) -> None:
    """Put back what one tells of, all of it or nothing. Raises :class:`OvertakenError` where it is not as it was left."""
    latest, waiting = await portfolios.get(tx, portfolio_id), await plans.open_plan(tx, portfolio_id)
    if waiting is not None and waiting.state is not PlanState.PROPOSED:
        raise OvertakenError(Since.PLANS)
    if undo.targets is not None:
        old, left = undo.targets
        if latest is None or not latest.is_open or latest.strategy != left:
            raise OvertakenError(Since.SETTINGS)
        await managing.change_in(tx, latest, strategy=old)
    if not await states.put_back(tx, portfolio_id, undo.rows):
        raise OvertakenError(Since.HEDGES)
    if undo.plan_id:
        if not await plans.reopen(tx, undo.plan_id):
            raise OvertakenError(Since.PLANS)
        for leg in undo.legs:
            await plans.save_leg(tx, undo.plan_id, leg)
        await events.add_event(tx, undo.plan_id, None, "taken_back", {}, now)
        await managing.draw_card(tx, portfolio_id)
