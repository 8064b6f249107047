"""Lives and deaths of the whole program in a panic, with real DBOS: pressed, killed at a named point, started again.

usage: panic_worker.py FOLDER POINT,POINT,...

Each life forks from this process, so that imports are paid once. The last one lives to the end and writes FOLDER/outcome.json.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import dbos  # noqa: F401 - imported before the forks, used in them

from chatbot import app
from chatbot.app import Program, open_program
from chatbot.config import load_settings
from chatbot.durable import Durable
from chatbot.exchanges.paper.account import AccountState
from chatbot.exchanges.paper.paper import PaperExchange
from chatbot.execution.executor import Executor
from chatbot.execution.pace import Pace
from chatbot.model import Mode, Person, PlanState, Portfolio, Role
from chatbot.plans.panic import Panic
from chatbot.portfolio import strategies
from chatbot.portfolio.stored import states
from chatbot.store import accounts, plans, portfolios
from tests.lives import Death, die_at, live_to_the_end

PERSON = Person(id=42, chat_id=42, role=Role.OPERATOR)
PACE = Pace(poll_s=0.03, requote_s=0.1, requotes=0, margin_s=0.05, again_s=0.05, looks=1, retries_s=(0.1, 0.2, 0.4), take_s=0.1)
HELD = {"BTC": Decimal("0.025"), "ETH": Decimal("0.5"), "USDT": Decimal(490)}
BOOK = {"BTC-PERP": (Decimal("-0.05"), Decimal(61000)), "ETH-PERP": (Decimal("0.249"), Decimal(3050))}
DEADLINE_S = 30


async def life(folder: Path, where: str) -> None:
    """Start, go on with what is there, and end when everything is sold."""
    death = Death(where)
    app.Executor = partial(Executor, crash_point=death)  # type: ignore[misc,assignment]
    app.Panic = partial(Panic, crash_point=death)  # type: ignore[misc,assignment]
    app.PaperExchange = partial(PaperExchange, late_window_s=0.2)  # type: ignore[misc,assignment]
    settings = load_settings(
        _env_file=None, data_dir=folder, market="simulated", operator_ids="42", fear_greed_url="", log_level="ERROR", port=0
    )
    async with open_program(settings, pace=PACE, work=Durable(settings.database, poll_s=0.05)) as program:
        portfolio = await opened(program)
        if where != "prepare":
            await through(program, portfolio)
            await written(program, portfolio, folder)


async def opened(program: Program) -> Portfolio:
    """Return the portfolio; the first life opens it with a short, a long and coins."""
    async with program.db.transaction() as tx:
        if await accounts.person(tx, PERSON.id) is None:
            await accounts.add_person(tx, PERSON)
        there = await portfolios.of_person(tx, PERSON.id)
    if there:
        return there[0]
    made = await program.portfolios.open(PERSON, Mode.DEMO, strategies.preset("aggressive", await program.source.markets()), {})
    assert isinstance(made, Portfolio)
    async with program.db.transaction() as tx:
        state = AccountState.holding(HELD, futures_wallet=Decimal(1500), positions=BOOK)
        await portfolios.save_account(tx, made.id, state.to_json())
    return made


async def through(program: Program, portfolio: Portfolio) -> None:
    """Press what was not pressed yet, and see both steps through, as the person and the program would."""
    shown, until = program.clock.now(), time.monotonic() + DEADLINE_S
    async with program.db.read() as tx:
        pressed = (await states.read(tx, portfolio.id)).panic is not None
    if not pressed:
        await program.panic.stop(portfolio, PERSON.id, shown)
    while time.monotonic() < until:
        await program.executor.recovery.reconcile()
        await program.panic.closing.reconcile()
        await asyncio.sleep(0.1)
        async with program.db.read() as tx:
            mark, made = (await states.read(tx, portfolio.id)).panic, await plans.plans(tx, portfolio.id)
        if mark is None or mark.pending or any(plan.state != PlanState.DONE for plan in made):
            continue
        if len(made) > 1:
            await asyncio.sleep(0.1)  # a point after the last write is passed too
            return
        await program.panic.sell(portfolio, PERSON.id, program.clock.now())


async def written(program: Program, portfolio: Portfolio, folder: Path) -> None:
    """Write down what the exchange and the journal have in the end."""
    exchange: Any = await program.accounts.exchange(portfolio.id)
    async with program.db.read() as tx:
        made = await plans.plans(tx, portfolio.id)
    orders = exchange.state.orders.values()
    outcome = {
        "plans": [[plan.number, plan.state, [[leg.instrument, leg.state] for leg in plan.legs]] for plan in reversed(made)],
        "book": {name: str(stake.qty) for name, stake in exchange.state.positions.items()},
        "spot": {asset: str(qty) for asset, qty in exchange.state.spot.items() if qty},
        "orders": [[one.request.instrument, one.request.side, str(one.filled), one.request.reduce_only] for one in orders],
        "ids": [one.request.client_id for one in orders],
    }
    Path(folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")  # noqa: ASYNC240 - the end of a test


def main() -> None:
    """Die at each point in turn, then live to the end."""
    folder = Path(sys.argv[1])
    live_to_the_end(partial(life, folder, "prepare"))
    die_at(sys.argv[2], partial(life, folder))
    live_to_the_end(partial(life, folder, "nowhere"))


if __name__ == "__main__":
    main()
