"""What the demo page says itself: in the catalogues as everything else, so that a language is one file here too."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from chatbot.exchanges.markets.episodes import SCENES
from chatbot.i18n import Catalogue
from chatbot.web.page_words import WORDS, in_every_language
from tests.places import LOCALE, ROOT

if TYPE_CHECKING:
    from pathlib import Path

STATIC = ROOT / "chatbot" / "web" / "static"


def test_the_page_speaks_a_language_that_is_one_file(tmp_path: Path) -> None:
    """A made-up one beside English, here with Arabic words: its name and direction are CLDR's, its words the file's."""
    place = tmp_path / "ur" / "LC_MESSAGES"
    place.mkdir(parents=True)
    shutil.copy(LOCALE / "ar" / "LC_MESSAGES" / "chatbot.po", place)
    english, urdu = in_every_language(Catalogue(tmp_path))
    assert (english["code"], english["name"], english["direction"]) == ("en", "English", "ltr")
    assert (urdu["code"], urdu["name"], urdu["direction"]) == ("ur", "اردو", "rtl")
    assert english["words"] == WORDS
    assert urdu["words"].keys() == WORDS.keys()
    assert urdu["words"]["start"] == "البدء"


def test_every_word_that_the_page_asks_for_is_there_and_none_besides() -> None:
    """By name, of the scenes too: a missing one would stand there as nothing."""
    sources = "".join((STATIC / name).read_text(encoding="utf-8") for name in ("index.html", "chat.js", "draw.js"))
    asked = {*re.findall(r'\bword\("(\w+)"\)', sources), *re.findall(r'data-word="(\w+)"', sources)}
    labels = re.search(r"const names = \{(.*?)\};.*?\.\.\.names, (.*?)\}", sources, re.DOTALL)
    assert labels is not None
    asked |= {*re.findall(r': "(\w+)"', labels[1]), *re.findall(r': "(\w+)"', labels[2])}
    asked |= {*SCENES, *(f"{scene}_is" for scene in SCENES), *(f"note_{market}" for market in ("simulated", "replay"))}
    asked |= {"then", "slow_answer", "slow_plan", "waits_answer", "waits_plan"}
    assert asked == set(WORDS)
