"""How many examples a property is tried with: few in every run, many times as many in ``make soak``, which chooses the profile ``soak``.

No example has a deadline: on a busy machine a slow one is no fault, and looking for a smaller slow one takes longer than all others.
"""

from __future__ import annotations

from hypothesis import settings

#: examples of a property that says nothing itself
_PLAIN, _SOAK = 40, 800


def register_profiles() -> None:
    """Make the profiles known and choose the one of every run; ``--hypothesis-profile`` may choose another after it."""
    settings.register_profile("soak", deadline=None, max_examples=_SOAK)
    settings.register_profile("plain", deadline=None, max_examples=_PLAIN)
    settings.load_profile("plain")


def examples(plain: int, soak: int | None = None) -> int:
    """Return how many examples to try where every run tries ``plain`` of them; ``soak`` None: as many times as many as elsewhere."""
    if settings.default.max_examples == _PLAIN:
        return plain
    return plain * _SOAK // _PLAIN if soak is None else soak
