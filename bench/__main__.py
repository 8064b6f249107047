"""Runs every benchmark, prints one table, and says which aims were missed: `python -m bench`, or the names of some of them."""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from datetime import UTC, datetime

from bench import machine
from bench.figures import Figure, table

#: modules with `async def figures()`, in the order of the table
PARTS = (
    "startup",
    "conversation",
    "sentences",
    "setting_up",
    "calm",
    "alive",
    "checks",
    "monitor",
    "broadcast",
    "planning",
    "triggers",
    "pictures",
    "backtest",
    "delivery",
    "transport",
    "venues",
    "workers",
)


def main(wanted: list[str]) -> int:
    """Measure; a missed aim is printed, not an error: a busy machine must not fail a build."""
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, before: {machine.described()}")
    found: list[Figure] = []
    for name in wanted or PARTS:
        found += asyncio.run(importlib.import_module(f"bench.{name}").figures())
    print(table(found))
    missed = [figure.name.strip() for figure in found if figure.verdict.endswith("MISSED")]
    print(f"measured in {time.perf_counter() - began:.0f} s; after: load {machine.load():.1f}; {_told(missed)}")
    return 0


def _told(missed: list[str]) -> str:
    return f"missed: {'; '.join(missed)}" if missed else "every aim was met"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
