"""Reading sentences without a command: each of the tables' sentences in each language, with the looks that the chat takes before."""

from __future__ import annotations

import time
from pathlib import Path

from bench.figures import Figure
from chatbot.i18n import Catalogue
from handlers.chat import names
from handlers.chat.reading import characters, sentences

ROOT = Path(__file__).resolve().parents[1]
LOCALE = ROOT / "locale"
_LISTED = ("BTC", "ETH", "SOL", "ADA", "XRP", "DOGE", "BNB", "USDC", "LINK", "DOT", "AVAX", "LTC")
_MOST_MS = 2.0


async def figures() -> list[Figure]:
    """Read every sentence once; what the lists take to be read from their files is not counted."""
    known = names.of_coins(_LISTED)
    found: list[float] = []
    for language in Catalogue(LOCALE).languages:
        text = (ROOT / "tests" / "phrases" / "sentences" / f"{language}.txt").read_text(encoding="utf-8")
        said = [line.rpartition(" | ")[0] for line in text.splitlines() if " | " in line]
        sentences.read(said[0], LOCALE, language, known)
        for one in said:
            began = time.perf_counter()
            sentences.read(characters.plain(one), LOCALE, language, known)
            found.append((time.perf_counter() - began) * 1000)
    return [Figure(name="a sentence without a command", unit="ms", samples=tuple(found), aim=_MOST_MS)]
