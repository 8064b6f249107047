"""The same person three times over, who speaks English, Spanish and Russian."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.person import ANN

if TYPE_CHECKING:
    from tests.person import Someone

LANGUAGES = ("en", "es", "ru")
#: of the program that they talk to
OPERATORS = ",".join(str(ANN.id + at) for at in range(len(LANGUAGES)))


def speakers(ann: Someone) -> dict[str, Someone]:
    """Return them by language."""
    return {language: ann.beside(replace(ANN, id=ANN.id + at, language=language)) for at, language in enumerate(LANGUAGES)}


async def with_portfolios(ann: Someone) -> dict[str, Someone]:
    """Return them by language, each with a portfolio of the demo: the first button is the usual way in every language."""
    people = speakers(ann)
    for one in people.values():
        await one.say("/start")
        for _ in range(3):
            await one.tap(one.last.buttons[0])
    return people


async def asked_for_holdings(one: Someone) -> Someone:
    """Go where holdings are asked for."""
    await one.say("/start")
    await one.tap(one.last.buttons[1])
    return one
