"""What execution asks about a plan while it carries it out, and what it tells of its end."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.engine.errors import Refused
from chatbot.hedges import ending
from chatbot.model import Mode
from chatbot.plans import draft, new_money
from chatbot.plans.real_money import limits
from chatbot.portfolio.stored import states
from chatbot.store import portfolios
from chatbot.triggers import tilt

if TYPE_CHECKING:
    from chatbot.clock import Clock
    from chatbot.engine.planner.block import Block
    from chatbot.model import Plan, PortfolioFigures
    from chatbot.plans.real_money.limits import RealMoney
    from chatbot.portfolio.evaluation import Evaluation
    from chatbot.portfolio.evaluator import Evaluator
    from chatbot.store.database import Database, Tx


class ExecutionHooks:
    """The planning side of a plan under way."""

    def __init__(self, db: Database, evaluator: Evaluator, clock: Clock, real: RealMoney) -> None:
        self._db = db
        self._evaluator = evaluator
        self._clock = clock
        self._real = real

    async def forbids(self, plan: Plan) -> str:
        """Return why nothing of a plan may be sent with real money now, as a machine word; empty where it may."""
        if plan.mode is not Mode.LIVE:
            return ""
        async with self._db.read() as tx:
            found = await self._real.breach(tx, plan, self._clock.now())
        return "" if found is None else found.why.value

    async def replan(self, portfolio_id: int, plan: Plan) -> Block | None:
        """Plan again for the same targets from what is really there; None when it cannot be evaluated."""
        evaluation = await self._look(portfolio_id)
        if evaluation is None or evaluation.snapshot is None:
            return None
        try:
            evaluation = tilt.as_planned(evaluation, plan)
            wanted = draft.targets_from_json(plan.targets)
            if plan.hedge is not None:
                return draft.literal_block(evaluation, wanted)
            if new_money.asked(plan.reasons) is not None:
                return draft.literal_block(evaluation, wanted, least=Decimal(0))
            return draft.block_for(evaluation, wanted, plan.reasons)
        except Refused:
            return None

    async def ended(self, plan: Plan) -> None:
        """Write down what the fills of a plan that has come to its end mean for hedges and tilts; doing it again changes nothing."""
        async with self._db.transaction() as tx:
            before = await states.read(tx, plan.portfolio_id)
            await states.write(tx, plan.portfolio_id, before, ending.after(before, plan))
            await limits.note_tried(tx, plan)

    async def corrected(self, tx: Tx, booked: Plan, shown: Plan) -> None:
        """Make hedges and tilts what the fills that came to light after a plan make them: else they would be drift, and traded back."""
        before = await states.read(tx, shown.portfolio_id)
        await states.write(tx, shown.portfolio_id, before, ending.corrected(before, booked, shown))

    async def measure(self, portfolio_id: int) -> PortfolioFigures | None:
        """Return what the portfolio looks like now; None when it cannot be evaluated."""
        evaluation = await self._look(portfolio_id)
        return evaluation.figures if evaluation else None

    async def _look(self, portfolio_id: int) -> Evaluation | None:
        async with self._db.read() as tx:
            portfolio = await portfolios.get(tx, portfolio_id)
        return await self._evaluator.look(portfolio, fresh=True) if portfolio else None
