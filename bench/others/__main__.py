"""The same rule in bt, vectorbt, backtesting.py and ours, in one run on one machine: `make bench-others`.

Six assets, 26,280 hours, 40/30/10/5/5/10 (the last one is money), all back to target where one is 5 points off, and a fee of 10 basis
points of what is traded. Prices are made up, the same for everybody. What each came to is compared first: a tool that is fast at another
rule says nothing. Times are of the processor; a busy machine makes them longer too, but less than those of a clock, and the ratios are of
one run.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench import machine

_ROOT = Path(__file__).resolve().parents[2]
_TOOLS = Path(__file__).parent / "tools"
#: environments and prices; what is there is used again
_SCRATCH = Path(tempfile.gettempdir()) / "ballast-bench-others"
_HOURS, _RUNS = 26_280, 3
_OURS = "ours"
#: by tool: what is installed for it, and how far its worth at the end may be off ours
_OTHERS = {"bt": ("bt==1.4.1", 1e-6), "vectorbt": ("vectorbt==1.2.0", 1e-6), "backtesting": ("backtesting==0.6.6", 2e-3)}
#: it has one asset only, and begins at the second bar: ours beside it does the same
_ONE_ASSET = "backtesting"
_SWEEPING = (_OURS, "vectorbt")
#: for everybody: threads that wait for more of a small matrix count as time of the processor
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one tool came to, and what that took."""

    trades: int
    final: float
    mb: float
    #: processor time of the whole process, all its threads together
    cpu_s: float
    #: the median of further runs in the same process
    warm_ms: float = 0.0
    #: that of a thousand runs
    sweep_s: float = 0.0


def main() -> int:
    """Measure and print; 1 where a tool came to something else."""
    _SCRATCH.mkdir(exist_ok=True)
    prices = _SCRATCH / "prices.npy"
    np.save(prices, _prices())
    pythons = {_OURS: Path(sys.executable), "ours_one_asset": Path(sys.executable), "engine": Path(sys.executable)}
    pythons |= {tool: _environment(tool, wanted) for tool, (wanted, _) in _OTHERS.items()}
    print(f"before: {machine.described()}")
    found = {tool: _measured(python, tool, prices) for tool, python in pythons.items()}
    print(_table(found))
    off = [tool for tool, (_, least) in _OTHERS.items() if not _agrees(found[tool], _beside(found, tool), least)]
    print(f"\nanother result than ours: {', '.join(off)}" if off else "\nall count the same rebalances and end with the same worth")
    print(_engine_told(found["engine"], found[_OURS]))
    for tool in _SWEEPING:
        swept = _run(pythons[tool], tool, prices, "--sweep")
        print(f"sweep of 1,000 widths, {tool}: {swept.sweep_s:,.2f} s, the process {swept.mb:,.0f} MB at most")
    print(f"after: load {machine.load():.1f}")
    return 1 if off else 0


def _prices() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return five coins that mostly move together, and money."""
    random = np.random.default_rng(2026)
    steps = random.normal(0, [[0.0035], [0.0035], [0.005], [0.005], [0.005]], (5, _HOURS)) + random.normal(0, 0.005, (1, _HOURS))
    first = np.array([[30_000.0], [2_000.0], [100.0], [1.0], [0.5]])
    return np.concatenate([first * np.exp(np.cumsum(steps, axis=1)), np.ones((1, _HOURS))])


def _environment(tool: str, wanted: str) -> Path:
    """Return the Python of a tool's own environment, which is made where it is missing."""
    folder = _SCRATCH / tool
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        print(f"installing {wanted}", flush=True)
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted], check=True)
        (folder / "ready").touch()
    return python


def _run(python: Path, tool: str, prices: Path, *more: str) -> Told:
    """Run a tool in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [python, _TOOLS / f"run_{tool}.py", prices, *more],
        env={**os.environ, **_ONE_THREAD, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Told(**json.loads(done.stdout), cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _measured(python: Path, tool: str, prices: Path) -> Told:
    """Return the median process, with the median of runs that were warm."""
    runs = sorted((_run(python, tool, prices) for _ in range(_RUNS)), key=lambda one: one.cpu_s)
    warm = sorted(_run(python, tool, prices, "--warm").warm_ms for _ in range(_RUNS))
    return replace(runs[_RUNS // 2], warm_ms=warm[_RUNS // 2])


def _beside(found: dict[str, Told], tool: str) -> Told:
    return found["ours_one_asset" if tool == _ONE_ASSET else _OURS]


def _agrees(theirs: Told, ours: Told, least: float) -> bool:
    return theirs.trades == ours.trades and abs(theirs.final / ours.final - 1) <= least


def _table(found: dict[str, Told]) -> str:
    """Return what each took, and how many times that of ours it is."""
    rows = [("", "rebalances", "ends at", "process s", "warm ms", "MB", "process, times ours", "warm, times ours")]
    for tool, told in found.items():
        ours = _beside(found, tool)
        figures = (f"{told.cpu_s:.2f}", f"{told.warm_ms:,.2f}", f"{told.mb:.0f}")
        times = (f"{told.cpu_s / ours.cpu_s:.1f}", f"{told.warm_ms / ours.warm_ms:,.1f}")
        rows.append((tool, str(told.trades), f"{told.final:.6f}", *figures, *times))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows)


def _engine_told(engine: Told, rule: Told) -> str:
    """Say how far the engine is from the bare rule, since it leaves small things alone."""
    return (
        f"the engine, with lots and without trades under 10 or 25 basis points: {engine.trades} rebalances for {rule.trades}, "
        f"worth {(engine.final / rule.final - 1) * 100:+.2f} % beside the rule's"
    )


if __name__ == "__main__":
    sys.exit(main())
