"""Lives and deaths of a process that carries out several plans side by side, killed at random.

usage: crowd_worker.py FOLDER PLANS KILLS SEED

Two of three deaths come at a random step of whichever plan passes it, the third at a random moment of the start, in the middle of the
migration too. The last life ends well and writes what it found to FOLDER/outcome.json.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import dbos  # noqa: F401 - imported before the forks, used in them

from chatbot.durable import Durable, enqueue_plan
from chatbot.exchanges.paper.account import AccountState
from chatbot.exchanges.paper.faults import Faults
from chatbot.exchanges.paper.paper import PaperExchange
from chatbot.execution.executor import Executor
from chatbot.model import Mode, Person, Plan, PlanState, Portfolio, Role
from chatbot.store import accounts, orders, plans, portfolios, tables
from chatbot.store.database import Database
from tests.execution.crash_worker import LATE_WINDOW_S, PACE, REPLANNED, StepClock
from tests.execution.lab import STRATEGY, Market3, Services, books, fresh_block, proposed, rich
from tests.lives import Death, live

if TYPE_CHECKING:
    from collections.abc import Sequence

#: what is traded; each plan is another one, and the last halves of SOL never fill
SCRIPTS = (
    "sell 0.2 BTC; to_spot 1000; buy 20 SOL; buy 3000 ADA; to_futures 100; reduce sell 0.05 BTC-PERP; increase buy 0.5 ETH-PERP",
    "sell 1 ETH; sell 10 SOL; buy 0.05 BTC; buy 2000 ADA; to_futures 200; increase buy 0.02 BTC-PERP; increase buy 3 SOL-PERP",
    "to_spot 500; buy 1 ETH; reduce sell 0.1 BTC-PERP",
    "sell 0.1 BTC; sell 0.5 ETH; to_futures 900; increase buy 0.05 BTC-PERP; increase sell 0.5 ETH-PERP",
)
DEADLINE_S = 120
#: steps until a death, at most
STEPS_MAX = 22


class Crowd:
    """People with a paper account each, in one process."""

    def __init__(self, folder: Path, death: Death) -> None:
        self.folder, self.death = folder, death
        url = f"sqlite+aiosqlite:///{folder / 'crowd.db'}"
        self.db, self.work, self.clock = Database(url), Durable(url, poll_s=0.05), StepClock(folder)
        self.market, self.services = Market3(self.clock), Services()
        self.services.block = fresh_block(REPLANNED)
        self.accounts: dict[int, PaperExchange] = {}

    async def open(self, size: int) -> None:
        """Make or find everybody, and begin to work."""
        await self.db.migrate()
        for number in range(1, size + 1):
            portfolio, state = await self._portfolio(number)
            self.accounts[portfolio.id] = self._account(portfolio, state)

        async def exchange(portfolio_id: int) -> Any:
            return self.accounts[portfolio_id]

        self.executor = Executor(self.db, self.work, exchange, self.clock, self.services, pace=PACE, crash_point=self.death)
        await self.work.start()
        for portfolio_id in self.accounts:
            await self._confirm(portfolio_id)

    async def _portfolio(self, number: int) -> tuple[Portfolio, AccountState]:
        async with self.db.transaction() as tx:
            if found := await portfolios.of_person(tx, number):
                return found[0], AccountState.from_json((await portfolios.accounts_of(tx, (found[0].id,)))[found[0].id])
            state = rich(BTC=str(number), USDT=str(5000 + number))
            await accounts.add_person(tx, Person(id=number, chat_id=number, role=Role.MEMBER))
            empty = Portfolio(
                id=0, person_id=number, name="", mode=Mode.PAPER, exchange="paper", strategy=STRATEGY, created_at=self.clock.now()
            )
            added = await portfolios.add(tx, empty)
            await portfolios.save_account(tx, added.id, state.to_json())
        return added, state

    def _account(self, portfolio: Portfolio, state: AccountState) -> PaperExchange:
        async def save(after: AccountState) -> None:
            async with self.db.transaction() as tx:
                await portfolios.save_account(tx, portfolio.id, after.to_json())

        return PaperExchange(self.market, self.clock, state, save=save, faults=Faults(stuck={"SOL"}), late_window_s=LATE_WINDOW_S)

    async def _confirm(self, portfolio_id: int) -> None:
        """Confirm the portfolio's plan, as the chat does, unless that was done in an earlier life."""
        async with self.db.transaction() as tx:
            if await plans.plans(tx, portfolio_id):
                return
            made = await plans.add_plan(tx, proposed(portfolio_id, SCRIPTS[portfolio_id % len(SCRIPTS)], self.clock.now()))
            assert await plans.decide(tx, made.id, PlanState.CONFIRMED, self.clock.now())
            await enqueue_plan(self.work, tx, made)

    async def ended(self) -> None:
        """Wait until every plan has ended, looking after those that nobody carries out as the program does."""
        until = time.monotonic() + DEADLINE_S
        while time.monotonic() < until:
            await self.executor.recovery.reconcile()
            for _ in range(5):
                await asyncio.sleep(0.05)
                async with self.db.read() as tx:
                    if not await plans.under_way(tx):
                        return

    async def outcome(self) -> list[dict[str, Any]]:
        """Return what the books and the journal say of each plan."""
        found = []
        async with self.db.read() as tx:
            told = [row.facts for row in await tx.execute(tables.outbox.select()) if row.kind == "plan_result"]
            for portfolio_id, account in self.accounts.items():
                (plan,) = await plans.plans(tx, portfolio_id)
                found.append({**_of(plan, account, await orders.orders(tx, plan.id)), "results": _told(told, plan)})
        return found


def _told(told: Sequence[dict[str, Any]], plan: Plan) -> int:
    return sum(facts["plan_id"] == plan.id for facts in told)


def _of(plan: Plan, account: PaperExchange, attempts: Sequence[orders.Attempt]) -> dict[str, Any]:
    return {
        "state": plan.state,
        "legs": [[leg.state, str(leg.filled), str(leg.average), str(leg.fee), leg.note] for leg in plan.legs],
        "books": books(account),
        "journal": sorted([one.client_id, one.state, str(one.filled)] for one in attempts if one.limit is not None),
        "exchange": sorted([name, order.status, str(order.filled)] for name, order in account.state.orders.items()),
        "transfers": sorted(account.state.transfers),
    }


async def life(folder: Path, size: int, where: str) -> None:
    """Start, carry on with what is there, and end when every plan has."""
    crowd = Crowd(folder, Death(where))
    await crowd.open(size)
    await crowd.ended()
    (folder / "outcome.json").write_text(json.dumps(await crowd.outcome()), encoding="utf-8")


def dies(folder: Path, size: int, where: str, after_s: float | None = None) -> bool:
    """Live once, killed at a step or after some time; tell whether that happened before everything was done."""
    code = live(lambda: life(folder, size, where), after_s)
    if code not in (0, -signal.SIGKILL):
        sys.exit(f"a life ended with {code}")
    return code != 0


def main() -> None:
    """Die as often as the test says, then live to the end; everything may have ended before that."""
    folder, size, kills, seed = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    chance = random.Random(seed)
    begun = time.monotonic()
    died = int(kills > 0 and dies(folder, size, "begun"))
    start_s = time.monotonic() - begun
    for number in range(1, kills):
        early = number % 3 == 0
        died += dies(folder, size, f"*#{chance.randint(1, STEPS_MAX)}", chance.uniform(0, start_s) if early else None)
    if dies(folder, size, "nowhere"):
        sys.exit("the last life was cut short")
    print(died)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
