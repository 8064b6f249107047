"""Which language a test that goes through all of them runs in where: what a language adds to a run is paid for by every view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from chatbot.i18n import Catalogue
from tests.places import LOCALE

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

CATALOGUE: Final = Catalogue(LOCALE)
LANGUAGES: Final = CATALOGUE.languages
#: the source; the longest words, with cases and three plurals; and what is written from right to left, with six
ALWAYS: Final = ("en", "ru", "ar")


def spoken(others: pytest.MarkDecorator) -> list[ParameterSet]:
    """Return every language: three in each run that a test is in, the ``others`` where their mark says."""
    return [pytest.param(language, marks=() if language in ALWAYS else others, id=language) for language in LANGUAGES]
