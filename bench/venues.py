"""All five exchanges that take keys, read at once: memory, requests a minute, and what a start costs until every account is known.

Each is a test exchange that lists as many markets as a real one, with one account that is watched. The program is a process of its own, as
on a host, and follows the prices of the first; what a plan asks is counted in this one, on a clock that jumps.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.figures import Figure
from bench.machine import cpu_s, resident_mb
from bench.startup import ROOT, environment
from bench.stub import Stub
from chatbot.clock import SystemClock
from chatbot.exchanges.testserver.harshness import KIND
from chatbot.exchanges.testserver.server import Server
from chatbot.model import PlanState
from tests.person import ANN, someone
from tests.stories.at_exchange import API_KEY, DIALECTS, MASTER_KEY, NAMES, SECRET, STOCK, agree, at_exchange, watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: coins that each exchange lists besides its own, and for how many of them contracts: about what the real ones do
_COINS, _CONTRACTS = 1500, 400
#: seconds of peace: until the first checks are over, and for which requests are counted
_SETTLE_S, _IDLE_S = 30, 120
#: a busy machine needs its time: the exchanges are served by this process
_TIMEOUT_S = 300.0
_FIRST = next(iter(NAMES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one process came to: processor time until every account was read once, memory after that, requests a minute by exchange."""

    cpu_s: float
    resident_mb: float
    asked: dict[str, float]


async def figures() -> list[Figure]:
    """Run the program with no account and with one at each exchange; then count what a plan asks of each exchange."""
    none, five = await _with_accounts(()), await _with_accounts(tuple(NAMES))
    found = [
        Figure(name="five exchanges: processor time until all is known", unit="s", samples=(five.cpu_s,)),
        Figure(name="  with none, until it is up", unit="s", samples=(none.cpu_s,)),
        Figure(name="five exchanges: memory", unit="MB", samples=(five.resident_mb,)),
        Figure(name="  with none", unit="MB", samples=(none.resident_mb,)),
    ]
    found += [Figure(name=f"  {NAMES[name]}, idle", unit="requests/min", samples=(asked,)) for name, asked in five.asked.items()]
    return found + [Figure(name=f"  {NAMES[name]}, a plan of two legs", unit="requests", samples=(await _a_plan(name),)) for name in NAMES]


async def _with_accounts(names: tuple[str, ...]) -> Run:
    """Connect an account at each exchange, then run the program on them."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {name: await stack.enter_async_context(_exchange(name)) for name in dict.fromkeys((_FIRST, *names))}
        options = {name: {**server.options(), "timeout": 60_000} for name, server in servers.items()}
        settings = {"market": f"live:{_FIRST}", "exchange_options": options, "secret_keys": MASTER_KEY, "fear_greed_url": ""}
        await _connect(folder, names, settings)
        return await _run(folder, {name: servers[name] for name in names}, settings)


@asynccontextmanager
async def _exchange(name: str) -> AsyncIterator[Server]:
    """Serve an exchange with as many markets as a real one."""
    async with Server(DIALECTS[name], SystemClock(), harshness=KIND) as server:
        rows = [("DOGE", _COINS, ""), ("DOGE-PERP", _CONTRACTS, "-PERP")]
        for like, count, kind in rows:
            market, quote = server.venue.market(like), server.venue.prices[like]
            for coin in (f"C{number}Q{kind}" for number in range(count)):
                server.venue.list_market(replace(market, instrument=coin))
                server.venue.say(coin, quote)
        server.venue.open_account(API_KEY, SECRET, dict(STOCK), Decimal(1000))
        yield server


async def _connect(folder: Path, names: tuple[str, ...], settings: dict[str, Any]) -> None:
    """Have the account at each exchange watched, in the chat, one after the other."""
    clock: Any = SystemClock()
    async with someone(folder, clock=clock, **settings) as ann:
        for name in names:
            await watch(ann, name)
            for keep in {"Keep both", "Keep them all"} & {*ann.last.buttons}:
                await ann.tap(keep)


async def _run(folder: Path, servers: dict[str, Server], settings: dict[str, Any]) -> Run:
    """Start the program, wait until it has read every account, and leave it alone for a while."""
    _forget(servers)
    async with Stub() as stub:
        told: dict[str, Any] = {"cwd": ROOT, "env": _environment(stub.url, folder, settings), "stdout": asyncio.subprocess.DEVNULL}
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "chatbot", "run", **told)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await stub.asked.wait()
                while not all(server.asked("balances") for server in servers.values()):  # noqa: ASYNC110 - they are asked from another process
                    await asyncio.sleep(0.05)
            spent_s = cpu_s(process.pid)
            await asyncio.sleep(_SETTLE_S)
            _forget(servers)
            await asyncio.sleep(_IDLE_S if servers else 0)
            asked = {name: len(server.log) * 60 / _IDLE_S for name, server in servers.items()}
            return Run(cpu_s=spent_s, resident_mb=resident_mb(process.pid), asked=asked)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await process.wait()


def _forget(servers: dict[str, Server]) -> None:
    for server in servers.values():
        server.log.clear()


def _environment(url: str, folder: Path, settings: dict[str, Any]) -> dict[str, str]:
    return environment(url, folder) | {
        "CHATBOT_MARKET": settings["market"],
        "CHATBOT_EXCHANGE_OPTIONS": json.dumps(settings["exchange_options"]),
        "CHATBOT_SECRET_KEYS": settings["secret_keys"],
        "CHATBOT_FEAR_GREED_URL": settings["fear_greed_url"],
        "CHATBOT_OPERATOR_IDS": str(ANN.id),
    }


async def _a_plan(name: str) -> float:
    """Return how many requests a plan comes to, from Confirm to its end."""
    with tempfile.TemporaryDirectory() as folder:
        async with at_exchange(Path(folder), name) as (ann, server):
            await watch(ann, name)
            await agree(ann)
            await ann.say("/targets BTC 42 ETH 25 USDT 33")
            await ann.say("/rebalance")
            server.log.clear()
            plan = await ann.confirm()
            if plan.state is not PlanState.DONE:
                raise AssertionError(f"{name}: the plan ended as {plan.state}")
            return len(server.log)
