"""Scaling out, rehearsed: plans that a crowd has confirmed, carried out by one, two and four workers on one PostgreSQL database."""

from __future__ import annotations

import asyncio
import importlib
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import crowd
from bench.figures import Figure
from chatbot import logs
from chatbot.app import open_program
from chatbot.config import load_settings
from chatbot.model import Cause, PlanState, Reason
from chatbot.plans.outcomes import Proposed
from chatbot.store import events, plans, portfolios
from chatbot.store.database import Database

if TYPE_CHECKING:
    from chatbot.app import Program

#: two rounds of what one worker carries out side by side
COUNT = 40
WORKERS = (1, 2, 4)
_SETTINGS = {"LOG_LEVEL": "INFO", "CHECK_INTERVAL_S": "60", "MARKET_SPEED": "60"}
_LOOK_S = 0.1
_PATIENCE_S = 600.0


async def figures() -> list[Figure]:
    """Measure the same crowd with each number of workers."""
    server = importlib.import_module("tests.store.databases").postgres_server()
    if isinstance(server, Exception):
        raise server
    return [await _carried_out(server, workers) for workers in WORKERS]


async def _carried_out(server: Any, workers: int) -> Figure:  # noqa: ANN401 - a part of the tests, which are imported when they are needed
    url = await server.copy("template0")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await _confirm(url, folder)
        parts = importlib.import_module("tests.telegram.server")
        async with parts.TelegramServer().up() as telegram:
            team = [parts.BotProcess(telegram.url, _made(folder / str(number)), DATABASE_URL=url, **_SETTINGS) for number in range(workers)]
            try:
                pace = await _until_done(url, team)
            finally:
                for bot in team:
                    await bot.kill()
    return Figure(name=f"plans carried out by {workers} worker{'s' if workers > 1 else ''}", unit="a minute", samples=(pace,))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def _confirm(url: str, folder: Path) -> None:
    """Write a crowd whose every portfolio has a plan that is confirmed, as a Confirm leaves it behind for the journal."""
    logs.set_up("ERROR")
    settings = load_settings(market="simulated", market_speed=60, log_level="ERROR", database_url=url, data_dir=folder / "data")
    async with open_program(settings, start_work=False) as program:
        await crowd.settle(program, COUNT, strategy=crowd.FAR_OFF)
        for portfolio_id in range(1, COUNT + 1):
            await _confirm_one(program, portfolio_id)


async def _confirm_one(program: Program, portfolio_id: int) -> None:
    async with program.db.read() as tx:
        portfolio = await portfolios.get(tx, portfolio_id)
    proposal = await program.rebalancing.propose(portfolio, (Reason(trigger=Cause.EVERYTHING),)) if portfolio is not None else None
    if not isinstance(proposal, Proposed):
        raise TypeError(f"no plan for {portfolio_id}: {proposal}")
    now = program.clock.now()
    async with program.db.transaction() as tx:
        await plans.decide(tx, proposal.plan.id, PlanState.CONFIRMED, now)
        await events.add_event(tx, proposal.plan.id, None, "confirmed", {}, now)


async def _until_done(url: str, team: list[Any]) -> float:
    """Return the plans a minute from the moment when every worker has its part, of those that are left then, to the end of the last."""
    db = Database(url)
    try:
        # They begin together: each finds the others there, and takes no more than its part.
        await asyncio.gather(*(bot.start("worker") for bot in team))
        async with asyncio.timeout(_PATIENCE_S):
            for bot in team:
                await bot.prints("shares gained", _PATIENCE_S)
            began, count = time.perf_counter(), await _left(db)
            while await _left(db):  # noqa: ASYNC110 - other processes do it
                await asyncio.sleep(_LOOK_S)
        return count / (time.perf_counter() - began) * 60
    finally:
        await db.close()


async def _left(db: Database) -> int:
    async with db.read() as tx:
        return len(await plans.under_way(tx))
