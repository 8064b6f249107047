"""kill -9 at every named point of an execution, on real DBOS and a paper account: the end is always the same."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import nursery

if TYPE_CHECKING:
    from collections.abc import Sequence

#: CI runs them after the plain run
pytestmark = pytest.mark.long

WORKER = Path(__file__).with_name("crash_worker.py")
LIMIT_S = 240

#: each line is one plan: the process dies at the first point, starts again, dies at the next, ... and then lives to the end. Legs 0 and
#: 1, 3 and 4, 7 and 8 run side by side: what dies at one of them may have done anything with the other
CHAINS = {
    "orders": ("begun", "intended-0", "acted-1", "answered-0", "acted-2", "waiting-4", "cancelling-3", "waiting-8", "measured"),
    "answers": ("acted-0", "intended-1", "cancelled-1", "answered-2", "acted-4", "acted-3#3", "leverage-7", "answered-8#3", "finished"),
    "recovery": ("intended-0", "lost-0", "quarantine-0", "resent-0", "acted-0", "sized", "ended-3", "replanned", "acted-5"),
}
#: the same for longer, by `make soak`
MORE_CHAINS = {
    "beside": ("intended-1", "lost-1", "resent-1", "intended-3", "lost-3", "resent-3", "leverage-8", "intended-7", "lost-7", "resent-7"),
    "again": ("waiting-0", "cancelling-1", "cancelled-0", "answered-1", "answered-4#3", "intended-3", "cancelled-6", "acted-8"),
}


def lived(folder: Path, points: Sequence[str]) -> dict[str, Any]:
    """Run one process through its deaths and return what it found in the end."""
    done = nursery.run(str(folder), ",".join(points), file=WORKER, timeout_s=LIMIT_S)
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    found: dict[str, Any] = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def unhurt(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Run the same plan without any death."""
    return lived(tmp_path_factory.mktemp("unhurt"), ())


def same(hurt: dict[str, Any], unhurt: dict[str, Any]) -> None:
    """Hold both ends against each other; every order in the journal is at the exchange, once and with the same fill, and back."""
    for part in ("state", "legs", "books", "transfers", "results"):
        assert hurt[part] == unhurt[part], part
    assert hurt["journal"] == hurt["exchange"]
    ids = [name for name, _, _ in hurt["exchange"]]
    assert len(ids) == len(set(ids))


def test_the_unhurt_run_is_what_it_should_be(unhurt: dict[str, Any]) -> None:
    """Half of SOL did not fill, so the overlay was made again; everything else is done."""
    assert [leg[0] for leg in unhurt["legs"]] == [*["filled"] * 3, "partial", *["filled"] * 5]
    assert unhurt["books"] == {
        "ADA": "4000",
        "BTC": "0.8",
        "ETH": "4",
        "SOL": "90",
        "USDT": "17399.6011",
        "wallet": "8397.66002",
        "BTC-PERP": "0.21",
        "ETH-PERP": "0.4",
        "SOL-PERP": "4",
    }
    assert unhurt["journal"] == unhurt["exchange"]
    assert unhurt["results"] == 1


@pytest.mark.parametrize("chain", [*CHAINS, *(pytest.param(chain, marks=pytest.mark.slow) for chain in MORE_CHAINS)])
def test_a_process_killed_at_every_point_ends_with_the_same_books_and_orders(chain: str, unhurt: dict[str, Any], tmp_path: Path) -> None:
    same(lived(tmp_path, (CHAINS | MORE_CHAINS)[chain]), unhurt)


def test_no_kind_of_point_is_left_out(unhurt: dict[str, Any]) -> None:
    """A new point in the executor must get its death here."""
    kinds = {point.partition("-")[0] for point in unhurt["points"]}
    killed = {point.partition("-")[0] for points in CHAINS.values() for point in points}
    assert kinds <= killed


#: legs that run side by side
BESIDE = (("0", "1"), ("2",), ("3", "4"), ("5",), ("6",), ("7", "8"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_a_process_killed_again_and_again_at_random(seed: int, unhurt: dict[str, Any], tmp_path: Path) -> None:
    """Any point of each kind of leg, in the order of the plan."""
    rng = random.Random(seed)
    points = [rng.choice([point for point in unhurt["points"] if point.rpartition("-")[2] in legs]) for legs in BESIDE]
    same(lived(tmp_path, points), unhurt)
