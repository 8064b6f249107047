"""The page of traps names tests that are there."""

from __future__ import annotations

import re

from tests.places import ROOT


def test_every_trap_names_a_test_that_is_there() -> None:
    lines = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| trap")]
    assert len(rows) > 40
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row.rpartition("|")[0].rpartition("|")[2])
        assert named, row
        for file, test in named:
            place = ROOT / file if file.startswith("tests/") else ROOT / "tests" / "exchanges" / "live" / file
            assert f"def {test}(" in place.read_text(encoding="utf-8"), (file, test)
