"""The whole program as a process that dies: real DBOS, a replayed market that stands still, Telegram at the other end of a socket.

usage: mortal.py FOLDER SOCKET MOMENT   Each line on standard input names a point; a life forks from here, so that imports are paid once,
and is killed with SIGKILL when it passes that point. The answer is how it ended. A life that is not killed ends when the plan has ended
and everything is told, and writes what it found to FOLDER/outcome.json.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pickle
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import dbos  # noqa: F401 - imported before the forks, used in them
import structlog
from sqlalchemy import func, select
from telegram.request import BaseRequest, RequestData

from chatbot.app import Program, open_program
from chatbot.config import load_settings
from chatbot.durable import Durable
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.execution.pace import Pace
from chatbot.model import Delivery, Message, Plan, PlanState
from chatbot.store import events, orders, plans, tables
from handlers.bot import build
from handlers.loopback import TOKEN
from handlers.transport.delivery import Courier
from handlers.transport.line import connect
from handlers.transport.running import running
from tests.lives import Death, live
from tests.places import DATA

#: a minute of the market, which stands still, is over in 0.3 s; a leg keeps the ten minutes that it has, however often it is killed
PACE = Pace(
    speed=200,
    poll_s=6,
    requote_s=120,
    requotes=0,
    take_s=20,
    urgent_limit_s=120_000,
    margin_s=0.05,
    again_s=0.05,
    looks=1,
    retries_s=(0.1, 0.2, 0.4),
)
DEADLINE_S = 30.0
#: points at which no work may have begun yet
_BEFORE_WORK = ("journaled", "answering")


class MarchClock:
    """Runs on from the moment of the card, through all deaths."""

    def __init__(self, moment: datetime, started: float) -> None:
        self._moment = moment
        self._started = started

    def now(self) -> datetime:
        """Return the time in March 2020."""
        return self._moment + timedelta(seconds=time.time() - self._started)

    def monotonic(self) -> float:
        """Return the seconds since the card."""
        return time.time() - self._started

    async def sleep(self, seconds: float) -> None:
        """Wait for real."""
        await asyncio.sleep(max(0.0, seconds))


class SocketRequest(BaseRequest):
    """Carries each call to the test, where the chat lives on when this process is dead."""

    def __init__(self, path: str, death: Death) -> None:
        self._path = path
        self._death = death

    @property
    def read_timeout(self) -> float | None:
        """The test answers at once."""
        return 5.0

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(self, url: str, method: str, request_data: RequestData | None = None, **_: Any) -> tuple[int, bytes]:  # type: ignore[override]
        """Send the call and wait for the answer."""
        if url.endswith("/answerCallbackQuery"):
            self._death("answering")
        data = None
        if request_data is not None:
            files = {name: (part[0], part[1], part[2]) for name, part in request_data.multipart_data.items()}
            data = SimpleNamespace(parameters=request_data.parameters, contains_files=request_data.contains_files, multipart_data=files)
        reader, writer = await asyncio.open_unix_connection(self._path)
        try:
            body = pickle.dumps((url, method, data))
            writer.write(len(body).to_bytes(4, "big") + body)
            await writer.drain()
            code = int.from_bytes(await reader.readexactly(4), "big")
            return code, await reader.read()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def life(folder: Path, socket: str, clock: MarchClock, moment: datetime, where: str) -> None:
    """Start, carry on with what is there, and end when all is done and told."""
    death = Death(where)
    settings = load_settings(
        _env_file=None, data_dir=folder, market=f"replay:{DATA}", operator_ids="42", check_interval_s=60, log_level="ERROR"
    )
    source = ReplaySource(DATA, clock, start=moment, speed=1e-9)
    work = Durable(settings.database, poll_s=30.0 if where in _BEFORE_WORK else 0.05)
    async with open_program(settings, clock=clock, source=source, work=work, pace=PACE) as program:
        program.executor._deps = replace(program.executor._deps, crash_point=death)
        exchange: Any = await program.accounts.exchange(1)
        exchange.late_window_s = 0.2
        ends = {"request": SocketRequest(socket, death), "updates_request": SocketRequest(socket, death)}
        bot = build(program, connect(program.settings, program.db, program.clock, token=TOKEN, **ends))
        queue: Any = bot.update_queue
        take = queue.take

        async def journaled(number: int, text: str, server: Any) -> None:
            await take(number, text, server)
            death("journaled")

        queue.take = journaled  # the point between the journal and the handlers
        courier = Courier(program, bot.bot)

        async def send(message: Message) -> Delivery:
            delivery = await courier(message)
            death(f"sent-{message.kind}")
            return delivery

        async with running(program, bot):
            working = asyncio.ensure_future(program.run(send))
            await until_done(program)
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
            await tell(folder, program, death)
        os._exit(0)  # nothing is put in order: everything that matters is in the database


async def until_done(program: Program) -> None:
    """Wait until the plan has ended, every message is out and every update is handled."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        await asyncio.sleep(0.03)
        async with program.db.read() as tx:
            plan = (await plans.plans(tx, 1, limit=1))[0]
            waiting = (await tx.execute(select(func.count()).where(tables.outbox.c.state == "waiting"))).scalar_one()
            unfinished = await events.unfinished_updates(tx)
        if plan.state in (PlanState.DONE, PlanState.PARKED) and not waiting and not unfinished:
            return


async def tell(folder: Path, program: Program, death: Death) -> None:
    """Write down what the books say."""
    async with program.db.read() as tx:
        plan: Plan = (await plans.plans(tx, 1, limit=1))[0]
        attempts = await orders.orders(tx, plan.id)
        confirmed = [event.name for event in await events.events(tx, plan.id)].count("confirmed")
    exchange: Any = await program.accounts.exchange(1)
    state = exchange.state
    at_exchange = {name: order for name, order in state.orders.items() if name.startswith(f"b{plan.id}-")}
    outcome = {
        "state": plan.state,
        "number": plan.number,
        "legs": [[leg.kind, leg.instrument, leg.state, str(leg.filled), str(leg.average), str(leg.fee), leg.note] for leg in plan.legs],
        "spot": {asset: str(qty) for asset, qty in sorted(state.spot.items())},
        "wallet": str(state.futures_wallet),
        "positions": {name: [str(stake.qty), str(stake.entry)] for name, stake in sorted(state.positions.items())},
        "journal": sorted([one.client_id, one.state, str(one.filled)] for one in attempts if one.limit is not None),
        "exchange": sorted([name, order.status, str(order.filled)] for name, order in at_exchange.items()),
        "confirmed": confirmed,
        "points": dict(death.passed),
    }
    (folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")


def main() -> None:
    """Live and die as the test says."""
    # Standard output belongs to the test.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    folder, socket, moment = Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3]).astimezone(UTC)
    clock = MarchClock(moment, time.time())
    for line in sys.stdin:
        where = line.strip()
        print(live(partial(life, folder, socket, clock, moment, where)), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
