"""kill -9 at random while several plans run side by side: the books are those of an unhurt run, and every order was sent once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import nursery

WORKER = Path(__file__).with_name("crowd_worker.py")
LIMIT_S = 900


def lived(folder: Path, size: int, kills: int, seed: int = 0) -> list[dict[str, Any]]:
    """Carry out ``size`` plans through so many deaths and return what came of each."""
    folder.mkdir()
    done = nursery.run(str(folder), str(size), str(kills), str(seed), file=WORKER, timeout_s=LIMIT_S)
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout[-3000:]
    assert int(done.stdout.splitlines()[-1]) == kills, "everything had ended before the last death"
    assert "Traceback" not in done.stderr + done.stdout
    found: list[dict[str, Any]] = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(("size", "kills"), [pytest.param(3, 4, marks=pytest.mark.long), pytest.param(16, 100, marks=pytest.mark.slow)])
def test_books_are_those_of_an_unhurt_run(tmp_path: Path, size: int, kills: int) -> None:
    """At any step of any plan, at the start and in the migration: each plan ends alike, and its journal is what the exchange has."""
    unhurt, hurt = lived(tmp_path / "unhurt", size, 0), lived(tmp_path / "hurt", size, kills, seed=20251128)
    assert len(hurt) == len(unhurt) == size
    assert len({json.dumps(one["books"]) for one in unhurt}) == size, "every account holds something else"
    for number, (mine, theirs) in enumerate(zip(hurt, unhurt, strict=True), start=1):
        for part in ("state", "legs", "books", "transfers", "results"):
            assert mine[part] == theirs[part], (number, part)
        assert mine["journal"] == mine["exchange"], number
        ids = [name for name, _, _ in mine["exchange"]]
        assert len(ids) == len(set(ids)), number
        assert (mine["state"], mine["results"]) == ("done", 1), number
