"""kill -9 at every point of a panic, in the whole program on real DBOS: flat once, nothing bought that was not short, sold once."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from tests import nursery

#: CI runs them after the plain run
pytestmark = pytest.mark.long

WORKER = Path(__file__).with_name("panic_worker.py")
#: one life after the other, each killed at its point; the second plan begins with ``sold``
DEATHS = (
    "stopped",
    "looked",
    "settled",
    "begun",
    "intended-0",
    "acted-0",
    "answered-0",
    "measured",
    "sold",
    "acted-0",
    "answered-0",
    "acted-2",
)


def test_a_panic_killed_at_every_point_is_carried_out_once(tmp_path: Path) -> None:
    """The short is bought back and the long sold, each by exactly what was there; then the coins are sold, and nothing else is traded."""
    done = nursery.run(str(tmp_path), ",".join(DEATHS), file=WORKER, timeout_s=150)
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-2000:]
    found = json.loads((tmp_path / "outcome.json").read_text(encoding="utf-8"))
    assert found["book"] == {}
    assert found["spot"].keys() == {"USDT"}
    assert [(number, state) for number, state, _ in found["plans"]] == [(1, "done"), (2, "done")]
    assert {state for _, _, legs in found["plans"] for _, state in legs} == {"filled"}
    traded: Counter[tuple[str, str, bool]] = Counter()
    for instrument, side, filled, reduce_only in found["orders"]:
        traded[instrument, side, reduce_only] += Decimal(filled)  # type: ignore[assignment]
    assert traded == {
        ("BTC-PERP", "buy", True): Decimal("0.05"),
        ("ETH-PERP", "sell", True): Decimal("0.249"),
        ("BTC", "sell", False): Decimal("0.025"),
        ("ETH", "sell", False): Decimal("0.5"),
    }
    assert len(found["ids"]) == len(set(found["ids"]))
