"""What every tool is given, and how it answers; nothing but the standard library and numpy, which all of them bring."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

#: by asset in the order of the prices; the last one is money
TARGETS = (0.40, 0.30, 0.10, 0.05, 0.05, 0.10)
HALF_WIDTH = 0.05
FEE = 0.001
#: half-widths of the sweep
SWEEP = tuple(0.03 + 0.00012 * number for number in range(1000))
#: processor time in which a run is measured again and again
_WARM_S = 0.5


def after_fees(values: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    """Return what is left once all stands at target, the fee on everything traded paid out of it."""
    whole = left = float(values.sum())
    while abs((closer := whole - FEE * float(np.abs(targets * left - values).sum())) - left) > 1e-15 * whole:
        left = closer
    return closer


def answered(run: Callable[[NDArray[np.float64]], tuple[int, float]], sweep: Callable[[NDArray[np.float64]], object] | None = None) -> None:
    """Run once as a new process would, and print what it came to: rebalances, worth at the end of 1, MB.

    ``--warm`` runs it again for half a second, once at least, and tells the median milliseconds of processor time, ``--sweep`` the seconds
    of a sweep.
    """
    prices = np.load(Path(sys.argv[1]))
    trades, final = run(prices)
    found: dict[str, float] = {"trades": trades, "final": final}
    if "--warm" in sys.argv:
        took: list[float] = []
        while sum(took) < _WARM_S:
            began = time.process_time()
            run(prices)
            took.append(time.process_time() - began)
        found["warm_ms"] = sorted(took)[len(took) // 2] * 1e3
    if "--sweep" in sys.argv and sweep is not None:
        began = time.process_time()
        sweep(prices)
        found["sweep_s"] = time.process_time() - began
    found["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    sys.stdout.write(json.dumps(found))
