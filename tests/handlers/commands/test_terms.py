"""Words of the field, explained with the person's own figures: by /help, by a button, and by a question in a sentence."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from chatbot.i18n import Catalogue
from chatbot.phrases.lexicon import FILE
from chatbot.phrases.meanings import TERM
from handlers.chat import names
from handlers.chat.reading import sentences
from handlers.views.person.terms import TERMS
from tests import moments
from tests.person import someone
from tests.places import LOCALE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone


async def _by_hand(ann: Someone) -> None:
    await ann.type_in("BTC 0.5, ETH 4, ADA 10000, USDT 20000", "Not done")


async def test_a_word_is_explained_with_the_figures_of_the_portfolio(tmp_path: Path) -> None:
    async with moments.after(_by_hand, tmp_path, fear_greed_url="") as ann:
        told = await ann.say("/help drift")
        assert told.startswith("MANUAL")
        assert "Your largest drift now is" in told
        assert await ann.say("what is drift?") == told
        assert "Nothing of yours can be liquidated now." in await ann.say("what does liquidation mean")
        assert "If BTC falls 20% now, you lose about" in await ann.say("explain hedge")
        await ann.tap("Other words")
        await ann.tap("Beta")
        ann.sees("Your beta is")
        await ann.tap("Exposure")
        ann.sees("Net exposure")


async def test_without_a_portfolio_a_word_is_explained_without_figures(tmp_path: Path) -> None:
    """There is no mark above it, because it is about no money; and what is no word of the field gets the list."""
    async with someone(tmp_path, fear_greed_url="") as ann:
        assert (await ann.say("what is funding")).startswith("Funding\nFunding is what holders")
        assert "Which word should I explain?" in await ann.say("/help qwerty")
        await ann.say("/help")
        await ann.tap("What words mean")
        await ann.tap("Slippage")
        ann.sees("Slippage is the difference")


@pytest.mark.parametrize("language", Catalogue(LOCALE).languages)
def test_every_word_can_be_asked_for_in_every_language(language: str) -> None:
    """Each way that its list has, with each way to ask what something is."""
    words = tomllib.loads((LOCALE / language / FILE).read_text(encoding="utf-8"))["words"]
    asked = words["what"].split(",")[0].strip()
    for term in TERMS:
        for said in words.get(f"{TERM}{term}", words.get(term, "")).split(","):
            meaning, heard = sentences.read(f"{asked} {said.strip(' *')}", LOCALE, language, names.of_coins(("BTC",)))
            assert meaning is not None, (said, heard)
            if f"{TERM}{term}" in words:
                assert (meaning.command, meaning.behind) == ("help", term)
    assert {one.removeprefix(TERM) for one in words if one.startswith(TERM)} <= TERMS.keys()
