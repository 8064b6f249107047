"""The machine that the figures are of, and how busy it was."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def described() -> str:
    """Return one line: cores, processor, system, Python, and how busy the machine was before we began."""
    return f"{os.cpu_count()} cores ({_processor()}), {platform.system()}, Python {platform.python_version()}, load {load():.1f}"


def load() -> float:
    """Return the mean number of busy processes of the last minute; above the number of cores, times are too long."""
    return os.getloadavg()[0]


def resident_mb(pid: int | None = None) -> float:
    """Return the resident memory of a process (ours by default) in MB of 10^6 bytes."""
    status = Path(f"/proc/{pid or 'self'}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used so far, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def written_bytes() -> int:
    """Return how many bytes this process has handed to the system's write calls, those of files that are in memory only among them."""
    counted = Path("/proc/self/io").read_text(encoding="utf-8")
    return int(next(line for line in counted.splitlines() if line.startswith("wchar:")).split()[1])


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
