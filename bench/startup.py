"""From the start of the process to the first question for updates, and what it has cost by then."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure
from bench.machine import cpu_s, resident_mb
from bench.stub import TOKEN, Stub

ROOT = Path(__file__).resolve().parents[1]
_STARTS = 7
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What one start took until the bot asked for updates."""

    wall_s: float
    cpu_s: float
    resident_mb: float


async def figures() -> list[Figure]:
    """Start the bot on a fresh data folder, then on the same one again; beside it what the chat library alone needs."""
    with tempfile.TemporaryDirectory() as folder:
        first = await _start(Path(folder))
        starts = [await _start(Path(folder)) for _ in range(_STARTS)]
    alone = [await _library_alone() for _ in range(_STARTS)]
    return [
        Figure(name="start to polling", unit="s", samples=tuple(s.wall_s for s in starts), aim=0.9),
        Figure(name="  processor time of it", unit="s", samples=tuple(s.cpu_s for s in starts)),
        Figure(name="  the very first, empty folder", unit="s", samples=(first.wall_s,)),
        Figure(name="  beside it: import telegram.ext", unit="s", samples=tuple(alone)),
        Figure(name="memory when polling", unit="MB", samples=tuple(s.resident_mb for s in starts), aim=140.0),
    ]


async def _start(folder: Path) -> Start:
    async with Stub() as stub:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "chatbot", "run", cwd=ROOT, env=_environment(stub.url, folder), stdout=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await stub.asked.wait()
            return Start(wall_s=stub.asked_at - began, cpu_s=cpu_s(process.pid), resident_mb=resident_mb(process.pid))
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await process.wait()


def _environment(url: str, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATBOT_")}
    return kept | {
        "CHATBOT_TELEGRAM_TOKEN": TOKEN,
        "CHATBOT_TELEGRAM_API_URL": url,
        "CHATBOT_MARKET": "simulated",
        "CHATBOT_DATA_DIR": str(folder),
        "CHATBOT_PORT": "0",
        "CHATBOT_LOG_LEVEL": "WARNING",
    }


async def _library_alone() -> float:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import telegram.ext", cwd=ROOT)
    await process.wait()
    return time.perf_counter() - began
