"""Every invariant of the domain has a test that carries its number (domain C)."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
LAST = 55
NAMED = re.compile(r"^(?:async )?def test_c(\d\d)(?:_and_c(\d\d))?_", re.MULTILINE)


def test_every_invariant_has_a_test_by_its_number() -> None:
    """``test_c45_...`` holds C.45: who changes a rule of the domain finds what must go on holding."""
    texts = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    named = {int(number) for text in texts for found in NAMED.findall(text) for number in found if number}
    assert named == set(range(1, LAST + 1))
