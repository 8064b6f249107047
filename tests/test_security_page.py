"""The page of security claims names tests that are there, and says so where there is none."""

from __future__ import annotations

import re

from tests.places import ROOT

PAGE = ROOT / "docs" / "security.md"


def rows() -> list[list[str]]:
    """Return the cells of every claim."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| \d+ \|", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_claim_names_a_test_that_is_there_or_says_that_it_is_not_yet_held() -> None:
    assert [int(row[0]) for row in rows()] == list(range(1, 18))
    for row in rows():
        named = re.findall(r"`(tests/[\w/]+\.py)?(?:::(\w+))?`", row[-1])
        files = [file for file, _ in named if file]
        assert files or "not yet held" in " ".join(row)
        last = ""
        for file, test in named:
            last = file or last
            if last:
                written = (ROOT / last).read_text(encoding="utf-8")
                assert not test or f"def {test}(" in written, test
