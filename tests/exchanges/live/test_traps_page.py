"""The page of traps names tests that are there."""

from __future__ import annotations

import re

from chatbot.exchanges.live.private.opening import DIALECTS
from handlers.views.person.key_guides import GUIDES
from tests.places import ROOT


def rows(page: str, head: str) -> list[str]:
    """Return the rows of the tables of a page, without their heads."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith(head)]


def test_every_trap_names_a_test_that_is_there() -> None:
    traps = rows("traps.md", "| trap")
    assert len(traps) > 40
    for row in (*traps, *rows("venues.md", "| exchange")):
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", row.rpartition("|")[0].rpartition("|")[2])
        assert named, row
        for file, test in named:
            place = ROOT / file if file.startswith("tests/") else ROOT / "tests" / "exchanges" / "live" / file
            assert f"def {test}(" in place.read_text(encoding="utf-8"), (file, test)


def test_each_case_is_told_of_every_exchange_that_takes_keys() -> None:
    told = [tuple(word.strip() for word in row.split("|")[1:3]) for row in rows("venues.md", "| exchange")]
    cases = {case for _, case in told}
    assert len(told) == len(set(told))
    assert {*told} == {(GUIDES[exchange].name, case) for exchange in DIALECTS for case in cases}
