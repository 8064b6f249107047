"""From the start of the process to the first question for updates, and to the last part that is loaded behind it; what each has cost."""

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
    """What one start took until the bot asked for updates, and until trading and the web server were there too."""

    wall_s: float
    cpu_s: float
    resident_mb: float
    all_wall_s: float
    all_resident_mb: float


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
        Figure(name="  until all is up", unit="s", samples=tuple(s.all_wall_s for s in starts)),
        Figure(name="memory when polling", unit="MB", samples=tuple(s.resident_mb for s in starts), aim=130.0),
        Figure(name="  when all is up", unit="MB", samples=tuple(s.all_resident_mb for s in starts)),
    ]


async def _start(folder: Path) -> Start:
    async with Stub() as stub:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "chatbot", "run", cwd=ROOT, env=environment(stub.url, folder), stdout=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await stub.asked.wait()
                cpu, memory = cpu_s(process.pid), resident_mb(process.pid)
                await _is_up(process)
            return Start(
                wall_s=stub.asked_at - began,
                cpu_s=cpu,
                resident_mb=memory,
                all_wall_s=time.perf_counter() - began,
                all_resident_mb=resident_mb(process.pid),
            )
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await process.wait()


async def _is_up(process: asyncio.subprocess.Process) -> None:
    """Wait for the line that names the address of the web server."""
    said = process.stdout
    while said is not None and not (await said.readline()).startswith(b"Ballast is up"):
        if process.returncode is not None:
            raise AssertionError(f"the program ended with {process.returncode} instead of coming up")


def environment(url: str, folder: Path) -> dict[str, str]:
    """Return our own variables without settings of the bot, and with compiled modules kept, as they are on a host."""
    unwanted = ("CHATBOT_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
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
