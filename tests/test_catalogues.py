"""Every string in every language; and the check itself finds what it is there to find."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

from chatbot.i18n import Catalogue
from tests.places import LOCALE, ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogues", ROOT / "scripts" / "catalogues.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["catalogues"] = module
    spec.loader.exec_module(module)
    return module


catalogues = _load()
#: read once: it looks through every file of the program
extracted = cache(lambda: catalogues.extract(ROOT))
#: the languages beside English
LANGUAGES = Catalogue(LOCALE).languages[1:]


@pytest.mark.slow
def test_every_string_is_translated_in_every_language() -> None:
    """No string is missing, unused, fuzzy or has other placeholders. ``make check`` asks the same of the script itself."""
    assert len(extracted()) > 250
    assert {path.parent.parent.name for path in catalogues.languages(ROOT)} == set(LANGUAGES)
    assert catalogues.check(ROOT) == []


@pytest.mark.long
def test_a_per_cent_has_its_languages_one_form() -> None:
    """Sentences write it as numbers are written: 10% in English, with a space that does not break in Spanish, before it in Turkish."""
    for found in extracted():
        assert not [text for text in found.ids if re.search(r"[\d}]\s%", text)], found
    for language in LANGUAGES:
        own = Catalogue(LOCALE).words(language).percent(0, 0)
        for said in translations(language):
            for before, after in re.findall(r"(?:(?<=[\d}])(\s*)%(?!\w))|(?:(?<!\w)%(\s*)(?=[\d{]))", said):
                assert own in {f"0{before}%", f"%{after}0"}, said


def translations(language: str) -> tuple[str, ...]:
    """Return all that is said in a language."""
    texts = Catalogue(LOCALE).words(language).texts
    return (*texts.single.values(), *(form for forms in texts.plural.values() for form in forms))


@pytest.mark.long
def test_a_fraction_has_its_languages_sign() -> None:
    """Whoever reads 0,1 everywhere else is not told to write 0.1; what stands behind a command is typed as it is."""
    for language in LANGUAGES:
        other = "," if Catalogue(LOCALE).words(language).number(0, 1) == "0.0" else "."
        for said in translations(language):
            assert not re.search(rf"(?<![\d.,])\d[{other}]\d(?!\d*\.|\d\d)", re.sub(r"/[a-z]+ [\d.]+", "", said)), said


@pytest.mark.long
def test_updating_changes_nothing(tmp_path: Path) -> None:
    """The files are what --update writes, so that a diff shows only what a person changed."""
    for folder in catalogues.SOURCES:
        (tmp_path / folder).symlink_to(ROOT / folder)
    shutil.copytree(ROOT / "locale", tmp_path / "locale")
    catalogues.update(tmp_path)
    files = list((ROOT / "locale").rglob("*.po*"))
    assert len(files) == 1 + len(LANGUAGES)
    for path in files:
        assert (tmp_path / path.relative_to(ROOT)).read_bytes() == path.read_bytes(), path


def test_extraction_knows_the_ways_to_say_something() -> None:
    """Translations, plurals, sentences with markup, errors and marked constants are found; other calls and variables are not."""
    source = (
        'words.t("a")\nwords.n("b", "bs", 3)\nsay(words, "c", x=1)\nraise UserError("d", y=2)\nX = N_("e")\n'
        'Y = NN_("g", "gs")\nwords.t(name)\nprint("f")\n'
    )
    assert [found.ids for found in catalogues.strings_of(source)] == [("a",), ("b", "bs"), ("c",), ("d",), ("e",), ("g", "gs")]


def test_a_translator_is_told_what_a_string_alone_does_not_tell(project: Path) -> None:
    """A button, a placeholder, and a word that could be read in two ways have a note in the template; a missing one is told."""
    notes = project / "locale" / "notes.toml"
    said = 'button(words.t("Close"), "x"), words.t("{coin} is here"), words.t("It rained here today.")'
    (project / "handlers" / "b.py").write_text(f'def card(words):\n    """Show a plan."""\n    return {said}\n')
    notes.write_text('[placeholders]\nname = "a name"\ncount = "a number"\n[strings]\nClose = "For good."\nOpen = "At once."\n')
    assert [one for one in catalogues.check(project) if one.startswith("notes")] == [
        "notes.toml: {coin} has no note for translators",
        "notes.toml: 'Open' is not used",
    ]
    notes.write_text('[placeholders]\nname = "a name"\ncount = "a number"\ncoin = "like BTC"\n[strings]\nClose = "For good."\n')
    catalogues.update(project)
    assert not [one for one in catalogues.check(project) if "not translated" not in one]
    translated = project / "locale" / "ru" / "LC_MESSAGES" / "chatbot.po"
    for path in (project / "locale" / "chatbot.pot", translated):
        told = path.read_text(encoding="utf-8")
        assert "#. A button.\n#. For good.\n#. From: Show a plan.\n#: handlers/b.py\n" in told
        assert "#. {coin}: like BTC\n" in told
    translated.write_text(translated.read_text(encoding="utf-8").replace("#. For good.\n", ""))
    assert [one for one in catalogues.check(project) if "notes" in one] == [
        "ru: 'Close' has other notes; run scripts/catalogues.py --update"
    ]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a small program with one language, complete."""
    (tmp_path / "chatbot").mkdir()
    (tmp_path / "handlers").mkdir()
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "notes.toml").write_text('[placeholders]\nname = "a name"\ncount = "a number"\n[strings]\n')
    (tmp_path / "chatbot" / "a.py").write_text('words.t("Hello {name}")\nwords.n("{count} leg", "{count} legs", 2)\n')
    folder = tmp_path / "locale" / "ru" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "locale" / "ru" / "LC_MESSAGES" / "chatbot.po", folder)
    catalogues.update(tmp_path)
    catalog = catalogues._read(folder / "chatbot.po", "ru")
    for message in catalog:
        if message.id:
            message.string = "Привет, {name}" if isinstance(message.id, str) else ("{count} шаг", "{count} шага", "{count} шагов")
    catalogues._write(folder / "chatbot.po", catalog)
    return tmp_path


def test_an_empty_file_is_a_new_language(project: Path) -> None:
    """It is filled with every string and the forms of its plural, and is spoken from then on: English where nothing is translated."""
    path = project / "locale" / "pt_BR" / "LC_MESSAGES" / "chatbot.po"
    path.parent.mkdir(parents=True)
    path.touch()
    catalogues.update(project)
    assert catalogues.check(project) == [
        "pt_BR: 'Hello {name}' is not translated",
        "pt_BR: '{count} leg' is not translated",
        "pt_BR: '{count} leg' is not translated",
    ]
    spoken = Catalogue(project / "locale")
    assert spoken.match("pt-br") == "pt_BR"
    assert spoken.words("pt_BR").n("{count} leg", "{count} legs", 2) == "2 legs"


def test_a_complete_language_passes(project: Path) -> None:
    """The small program starts without a fault, so that each fault below is the one that was made."""
    assert catalogues.check(project) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Привет, {name}", "", "is not translated"),
        ("Привет, {name}", "Привет", "has other placeholders"),
        ("Привет, {name}", "Привет, {nam}", "has other placeholders"),
        ("Привет, {name}", "Привет, {name} {extra}", "has other placeholders"),
        ("Привет, {name}", "Привет, {name", "has other placeholders"),
        ("Привет, {name}", "Привет, {name}.Привет, {name}", "says a placeholder too often"),
        ("Привет, {name}", " Привет, {name}", "has other white space"),
        ("{count} шага", "шага", "has other placeholders"),
        ('{count} шаг"', 'шаг"', "has other placeholders"),
        ('#, python-brace-format\nmsgid "Hello', '#, fuzzy, python-brace-format\nmsgid "Hello', "is fuzzy"),
        ("Привет, {name}", "Привет, {name}: /status", "has other commands"),
        ("Привет, {name}", "Приβет, {name}", "has letters of another script (GREEK)"),
        ('msgid "Hello {name}"', 'msgid "Hallo {name}"', "is not used"),
        ('msgid "Hello {name}"', 'msgid "Hallo {name}"', "is missing"),
    ],
)
def test_each_fault_is_told(project: Path, old: str, new: str, told: str) -> None:
    """A missing, unused, fuzzy or crooked string fails the check with a sentence that names it."""
    path = project / "locale" / "ru" / "LC_MESSAGES" / "chatbot.po"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert any(told in problem and problem.startswith("ru: ") for problem in catalogues.check(project))


def test_a_character_that_no_picture_can_show_is_told(project: Path) -> None:
    """Chinese comes from a font that was cut down: what it was cut without would stand there as a square."""
    path = project / "locale" / "ru" / "LC_MESSAGES" / "chatbot.po"
    path.write_text(path.read_text(encoding="utf-8").replace("Привет", "龘计划"), encoding="utf-8")
    assert "ru: pictures cannot show 龘; run scripts/chinese_font.py" in catalogues.check(project)


def test_a_button_that_is_too_long_is_told(project: Path) -> None:
    """Three stand side by side on a phone; a longer one may be as much longer as languages are."""
    (project / "chatbot" / "a.py").write_text('button(words.t("Hello {name}"), "x")\nwords.n("{count} leg", "{count} legs", 2)\n')
    catalogues.update(project)
    path = project / "locale" / "ru" / "LC_MESSAGES" / "chatbot.po"
    path.write_text(path.read_text(encoding="utf-8").replace("Привет, {name}", "Приветствую вас, {name}"), encoding="utf-8")
    assert catalogues.check(project) == ["ru: 'Hello {name}' is too long for a button: 'Приветствую вас, {name}'"]


def test_a_new_string_is_told_and_then_merged(project: Path) -> None:
    """A string that the code says and the catalogues do not is found; --update adds it, empty, and drops what is not used."""
    (project / "handlers" / "b.py").write_text('words.t("New")\n')
    assert any("'New' is missing" in problem for problem in catalogues.check(project))
    (project / "chatbot" / "a.py").write_text('words.t("Hello {name}")\n')
    catalogues.update(project)
    assert [one for one in catalogues.check(project) if not one.startswith("notes")] == ["ru: 'New' is not translated"]


@pytest.mark.long
def test_a_translation_that_says_another_number_is_found(project: Path) -> None:
    """15 where the string has 10; but thousands and fractions as the language writes them are the same, and an excuse has a reason."""
    (project / "handlers" / "b.py").write_text('t("At least 10, 2,500.50 or {name:.2f}")\nt("2 of 3")\n')
    notes, translated = project / "locale" / "notes.toml", project / "locale" / "ru" / "LC_MESSAGES" / "chatbot.po"
    notes.write_text(
        '[placeholders]\nname = "a name"\ncount = "a number"\n[strings]\n"2 of 3" = "Two."\n[numbers]\n"ru: 2 of 3" = "A word."\n'
    )
    catalogues.update(project)
    untranslated = translated.read_text(encoding="utf-8")

    def told(first: str, second: str) -> list[str]:
        text = untranslated.replace('{name:.2f}"\nmsgstr ""', f'{{name:.2f}}"\nmsgstr "{first}"').replace(
            '"2 of 3"\nmsgstr ""', f'"2 of 3"\nmsgstr "{second}"'
        )
        translated.write_text(text, encoding="utf-8")
        return [one for one in catalogues.check(project) if "At least" in one or "2 of 3" in one]

    assert told("От 10, 2\u00a0500,50 или {name:.2f}", "два из 3") == []
    assert len(told("От 15, 2 500,50 или {name:.2f}", "два из 3")) == 1
    assert len(told("От 10, 2,500.50 или {name:.2f}", "два из 3")) == 1
    assert "placeholders" in told("От 10, 2 500,50 или {name:.3f}", "два из 3")[0]
    assert told("От 10, 2 500,50 или {name:.2f}", "2 из 3") == ["ru: notes.toml: 'ru: 2 of 3' has the same numbers"]


@pytest.mark.long
def test_a_list_of_typed_words_has_commas_that_part_it(project: Path) -> None:
    """Other commas make one word of a list, which nobody types; and who translates is told that a list is typed and never shown."""
    (project / "handlers" / "b.py").write_text('W_("today, this day")\n')
    catalogues.update(project)
    translated = project / "locale" / "ru" / "LC_MESSAGES" / "chatbot.po"
    told = translated.read_text(encoding="utf-8")
    assert "#. People type this; it is never shown." in told
    for said, faults in (("сегодня, этот день", 0), ("сегодня、сейчас", 1), ("сегодня,, сейчас", 1), ("сегодня,", 1)):
        translated.write_text(told.replace('this day"\nmsgstr ""', f'this day"\nmsgstr "{said}"'), encoding="utf-8")
        assert len([one for one in catalogues.check(project) if "other commas" in one]) == faults, said
