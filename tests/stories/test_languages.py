"""The main story in every language: each sentence is in the person's language, none of the English ones shows through."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from chatbot.app import LOCALE
from chatbot.i18n import SOURCE, Catalogue
from chatbot.model import PlanState
from chatbot.store import plans
from handlers.loopback import TelegramUser
from handlers.loopback.markup import plain
from handlers.transport.menu import Menus
from tests.languages import spoken
from tests.person import Someone, someone

if TYPE_CHECKING:
    from pathlib import Path

#: every language but the source; two in each long run
OTHERS = [one for one in spoken(pytest.mark.slow) if one.values != (SOURCE,)]
#: at least two words of letters, so that "DEMO" or "USDT" count as no sentence
_SENTENCE = re.compile(r"[A-Za-z]{2,}[ ,]+[A-Za-z]{2,}")
_GAP = re.compile(r"\{[^}]*\}|<[^>]+>")


def msgids() -> set[str]:
    """Return every English sentence of the template catalogue."""
    text = (LOCALE / "chatbot.pot").read_text(encoding="utf-8")
    found = re.findall(r'^msgid(?:_plural)? ((?:".*"\n?)+)', text, flags=re.MULTILINE)
    joined = ("".join(re.findall(r'"(.*)"', entry)) for entry in found)
    return {entry.replace('\\"', '"').replace("\\n", "\n") for entry in joined if entry}


def english_sentences(language: str) -> set[str]:
    """Return the fixed stretches of English strings that the language says in another way."""
    texts = Catalogue(LOCALE).words(language).texts
    theirs = {msgid: texts.single.get(msgid, "") for msgid in msgids()} | {one: " ".join(forms) for one, forms in texts.plural.items()}
    spoken = " ".join(theirs.values())
    stretches = {part.strip() for msgid, said in theirs.items() if said != msgid for part in _GAP.split(msgid)}
    return {part for part in stretches if _SENTENCE.search(part) and part not in spoken}


def leaks(said: str, language: str) -> list[str]:
    """Return the English stretches in what was said."""
    english = english_sentences(language)
    assert len(english) > 100, "the catalogue was not read"
    return sorted(part for part in english if re.search(rf"(?<!\w){re.escape(part)}(?!\w)", said))


async def told_everything(ann: Someone) -> list[str]:
    """Live the main story by position of the buttons, whatever they are called, and return all that was said."""
    heard: list[str] = []

    def hear() -> None:
        for message in ann.messages:
            heard.extend((message.text, *message.buttons))

    async def press(index: int) -> None:
        await ann.tap(ann.last.buttons[index])
        hear()

    await ann.say("/start")
    hear()
    await press(0)  # demo portfolio
    await press(1)  # 10,000
    await press(0)  # use Balanced
    await press(1)  # edit
    await press(-1)  # back to the plan
    await press(0)  # confirm
    await ann.work()
    hear()
    while not (await ann.step(600)).alerts:
        pass
    await ann.step(60)
    hear()
    await press(0)
    await ann.work()
    hear()
    for command in ("/status", "/history", "/why", "/targets", "/bands", "/mode", "/settings", "/help", "/pause", "/resume", "/rebalance"):
        await ann.say(command)
        hear()
    await ann.say("what?")
    hear()
    return heard


@pytest.mark.long
@pytest.mark.parametrize("language", OTHERS)
async def test_from_start_to_a_filled_plan_by_buttons_without_an_english_sentence(language: str, tmp_path: Path) -> None:
    """Whoever's Telegram speaks a language opens a portfolio, answers a plan and sees its result, and all that is said is in it."""
    ana = TelegramUser(id=42, name="Ana", language=language.replace("_", "-").lower())
    async with someone(tmp_path, user=ana) as ann:
        heard = await told_everything(ann)
        async with ann.program.db.read() as tx:
            states = [plan.state for plan in await plans.plans(tx, 1, limit=5)]
        person = next(iter(await ann.program.access.everybody()))
        assert person.language == language
    said = plain("\n".join(dict.fromkeys(heard))).text
    assert leaks(said, language) == []
    assert len(said) > 1500
    assert PlanState.DONE in states


@pytest.mark.long
@pytest.mark.parametrize("language", OTHERS)
def test_a_leak_would_be_seen(language: str) -> None:
    assert leaks("DEMO · Plan 1\nThe first plan brings the portfolio to its targets.\nUSDT", language)
    assert not leaks("DEMO · Plan 1 · 40.0 % BTC/ETH", language)


@pytest.mark.long
async def test_a_language_is_added_by_adding_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another file alone, here Portuguese with Spanish words: Telegram's code finds it, the first page names it, the menu is in it."""
    place = tmp_path / "locale" / "pt_BR" / "LC_MESSAGES"
    place.mkdir(parents=True)
    shutil.copy(LOCALE / "es" / "LC_MESSAGES" / "chatbot.po", place)
    monkeypatch.setattr("chatbot.app.LOCALE", tmp_path / "locale")
    async with someone(tmp_path / "data", user=TelegramUser(id=42, name="Ana", language="pt-br")) as ana:
        await Menus(ana.bot.bot, ana.program).publish()
        assert "Mantengo equilibrada" in await ana.say("/start")
        assert "🌐 English · Português (Brasil)" in ana.last.buttons
        await ana.tap("🌐 English · Português (Brasil)")
        assert "✓ Português (Brasil)" in ana.last.buttons
        await ana.tap("English")
        assert "I keep a crypto portfolio" in ana.last.text
    asked = [call.params for call in ana.loopback.calls if call.method == "setMyCommands" and call.params.get("language_code")]
    assert [params["language_code"] for params in asked] == ["en", "pt"], "Telegram takes two letters"
    assert "cartera" in str(asked[1]["commands"])
