"""What somebody probably meant: of a list of words, the one that is nearest to what they wrote."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from chatbot.phrases.spelling import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")
#: of two words, so much must be the same, from 0 to 1: one slip in four letters
ALIKE = 0.74
#: what is no longer than this is near to everything (now is not no), and what is longer than that to nothing
_SHORT, _LONG = 2, 60
#: the keys of a Russian keyboard, by the letters that are on them too
_KEYS = str.maketrans("йцукенгшщзхъфывапролджэячсмитьбю", "qwertyuiop[]asdfghjkl;'zxcvbnm,.")


def other_layout(text: str) -> str:
    """Return what was typed on a Russian keyboard that should have been switched: ыефегы is status."""
    return text.casefold().translate(_KEYS)


def meant(text: str, called: Mapping[str, T], alike: float = ALIKE) -> T | None:
    """Return what is called so, or nearly so; ``called`` is by words in :func:`plain` form."""
    said = plain(text)
    longer = [one for one in called if len(one) > _SHORT]
    near = get_close_matches(said, longer, n=1, cutoff=alike) if _SHORT < len(said) < _LONG else []
    return called.get(said) or (called[near[0]] if near else None)


def all_meant(text: str, called: Mapping[str, T], alike: float = ALIKE) -> list[T]:
    """Return at most three things that are nearly called so, the nearest first."""
    found = (called[one] for one in get_close_matches(plain(text)[:_LONG], called, n=6, cutoff=alike))
    return list(dict.fromkeys(found))[:3]
