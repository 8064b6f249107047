"""What a check reads and writes about many portfolios: one question and one write for all of them, instead of one for each."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from chatbot.portfolio.stored import states
from chatbot.store import accounts, flows, plans, portfolios
from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from chatbot.alerts.write import ToldBefore
    from chatbot.model import Check, Person, Plan, Portfolio
    from chatbot.portfolio.states import PortfolioStates
    from chatbot.store.database import Tx
    from chatbot.store.flows import Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What is stored about some portfolios, by portfolio but for ``people``; who has none of something is left out."""

    portfolios: Mapping[int, Portfolio]
    people: Mapping[int, Person]
    states: Mapping[int, PortfolioStates]
    checks: Mapping[int, Check]
    #: the plans that are open when the transaction begins
    plans: Mapping[int, Plan]
    #: when the latest plan of a portfolio with a fired line was carried out
    ended: Mapping[int, datetime]


async def read(tx: Tx, ids: Collection[int]) -> Stored:
    """Read everything that a check judges these portfolios by."""
    found = await portfolios.many(tx, ids)
    remembered = await states.read_many(tx, ids)
    fired = [one for one, state in remembered.items() if any(line.fired for line in state.lines.values())]
    return Stored(
        portfolios=found,
        people=await accounts.people_of(tx, {portfolio.person_id for portfolio in found.values()}),
        states=remembered,
        checks=await portfolios.checks_of(tx, ids),
        plans=await plans.open_plans(tx, ids),
        ended=await plans.ended_at(tx, fired),
    )


@dataclass(slots=True)
class CheckWrites:
    """What a check wants to remember, gathered until the end of its transaction; nobody may read it there before."""

    states: dict[tuple[int, str], Mapping[str, Any]] = field(default_factory=dict)
    checks: dict[int, Check] = field(default_factory=dict)
    #: batching windows that open now, or close (None)
    windows: dict[int, datetime | None] = field(default_factory=dict)
    values: list[tuple[int, Opening]] = field(default_factory=list)
    #: what was told without a sound, so that several portfolios of one person to which it is the same have one message
    told: ToldBefore = field(default_factory=dict)

    async def flush(self, tx: Tx) -> None:
        """Write it all; to be called once, inside the transaction of the messages that belong to it."""
        await portfolios.save_states(tx, self.states)
        await portfolios.save_checks(tx, self.checks)
        await portfolios.save_windows(tx, self.windows)
        await flows.record_values(tx, self.values)
