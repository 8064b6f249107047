"""What drawing pictures leaves behind: memory after many against memory after a few, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from pathlib import Path

from bench.figures import Figure
from bench.machine import resident_mb
from chatbot.charts.allocation import allocation_picture
from chatbot.charts.labels import Labels
from chatbot.model import LineReading, PortfolioFigures

ROOT = Path(__file__).resolve().parents[1]
FEW, MANY = 50, 1_000
_GROWTH_MB = 2.0


async def figures() -> list[Figure]:
    """Draw in a child process, so that nothing else grows in it."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.pictures", cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    found = json.loads(told)
    return [
        Figure(name=f"memory after {FEW} pictures", unit="MB", samples=(found["few"],)),
        Figure(name=f"  growth until {MANY:,}", unit="MB", samples=(found["many"] - found["few"],), aim=_GROWTH_MB),
        Figure(name="  size of a picture", unit="KB", samples=(found["size"] / 1000,), aim=25.0),
    ]


def main() -> None:
    """Draw, and print the memory after a few and after many."""
    found = {}
    for number in range(1, MANY + 1):
        size = len(allocation_picture(_shape(number), _labels(number)))
        if number in (FEW, MANY):
            found["few" if number == FEW else "many"] = resident_mb()
    print(json.dumps(found | {"size": size}))


def _shape(number: int) -> PortfolioFigures:
    """Return weights that differ from picture to picture."""
    moved = Decimal(number % 70) / 1000
    weights = {"CORE": Decimal("0.4") + moved, "ALT": Decimal("0.4") - moved, "STABLE": Decimal("0.1"), "FUTURES": Decimal("0.1")}
    lines = tuple(
        LineReading(
            line=line,
            weight=weight,
            target=Decimal("0.4") if line in ("CORE", "ALT") else Decimal("0.1"),
            band=Decimal("0.05"),
            breach="over" if weight > Decimal("0.45") else None,
        )
        for line, weight in weights.items()
    )
    nothing, most = Decimal(0), Decimal("0.9")
    return PortfolioFigures(value=Decimal(10_000), lines=lines, net=most, gross=most, futures_net=nothing, beta=most, leverage=nothing)


def _labels(number: int) -> Labels:
    return Labels(
        title=f"Balanced {number}",
        outer="outer ring: now",
        inner="inner ring: target",
        bars="Drift, points, and band",
        centre=f"${number:,}",
    )


if __name__ == "__main__":
    main()
