"""Checks that every string is translated in every language, or with --update writes the .pot and merges the .po files.

A new language begins as an empty ``locale/<language>/LC_MESSAGES/chatbot.po``: --update fills it, and the bot speaks it, and reads what is
typed behind its commands by the lists of typed words in the same file. Sentences without a command are an extra: ``phrases.toml``.
"""

# ruff: noqa: INP001 - scripts stand beside the packages, not in one
from __future__ import annotations

import ast
import gettext
import re
import string
import sys
import tomllib
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from babel.core import Locale, get_global
from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po
from fontTools.ttLib import TTFont

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from babel.messages.catalog import Message

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("chatbot", "handlers")
#: what pictures show Chinese with
FONT = ROOT / "chatbot" / "charts" / "fonts" / "NotoSansSC-Medium.ttf"
#: what calls carry strings: name -> positions of the msgid, or of singular and plural
CALLS = {"t": (0,), "N_": (0,), "W_": (0,), "UserError": (0,), "say": (1,), "n": (0, 1), "NN_": (0, 1)}
#: numbers that are tried to see which form they take: no language tells larger ones apart
_COUNTED = 1000
#: words of a string that is too short to tell by itself what it is about
_SHORT = 3
#: columns that a button has on a phone where three stand side by side, and how much longer than the English one a longer one may be
_BUTTON, _LONGER = 22, 1.8
_COMMAND, _PLACEHOLDER = re.compile(r"(?<![\w/])/[a-z]+"), re.compile(r"\{[^}]*\}")
#: scripts by their code in CLDR, as Unicode names their letters; beside them stand codes of coins, and signs that are letters to it
_SCRIPTS = {"Latn": "LATIN", "Cyrl": "CYRILLIC", "Arab": "ARABIC", "Hans": "CJK", "Grek": "GREEK"}
_OF_ALL = ("MICRO", "MODIFIER")
#: what stands beside words that are read and never shown
_TYPED = "People type this; it is never shown. Give every way to say it, also short and without accents, with commas between."
_OTHER_COMMAS = frozenset("，、،;；؛/")
#: what makes a button of its first argument
BUTTONS = ("button", "leave", "Button")
#: the date would change the file at every run
_DATE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """A string in the code: one msgid, or singular and plural."""

    ids: tuple[str, ...]
    file: str = ""
    #: what is said there, in a sentence of the program's own
    about: str = ""
    is_button: bool = False
    #: people type it, and it is never shown
    is_typed: bool = False

    @property
    def is_short(self) -> bool:
        """Tell whether it has so few words that it could be read in two ways; a sentence tells by itself what it is about."""
        return len(self.ids[0].split()) <= _SHORT

    @property
    def wants_note(self) -> bool:
        """Tell whether a translator cannot do with the string alone."""
        return self.is_button or self.is_short or bool(fields(self.ids[-1]))


def extract(root: Path) -> list[Found]:
    """Return every translatable string of the program, sorted by file and place."""
    found: dict[tuple[str, ...], Found] = {}
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*.py")):
            for one in strings_of(path.read_text(encoding="utf-8")):
                known = found.setdefault(one.ids, replace(one, file=path.relative_to(root).as_posix()))
                found[one.ids] = replace(known, is_button=known.is_button or one.is_button)
    return list(found.values())


def strings_of(source: str) -> list[Found]:
    """Return the strings of one module in their order."""
    module = ast.parse(source)
    return [found for _, found in sorted(_strings(module, _title(module)), key=lambda one: one[0])]


def _strings(node: ast.AST, about: str, *, is_button: bool = False) -> Iterator[tuple[tuple[int, int], Found]]:
    """Yield each string within a node with its place; what the nearest function or class is for is what the string is about."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        about = _title(node) or about
    label: ast.expr | None = None
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        places = CALLS.get(name, ())
        arguments = [node.args[place] for place in places if place < len(node.args)]
        ids = tuple(one.value for one in arguments if isinstance(one, ast.Constant) and isinstance(one.value, str))
        if places and len(ids) == len(places):
            yield (node.lineno, node.col_offset), Found(ids, about=about, is_button=is_button, is_typed=name == "W_")
        label = node.args[0] if name in BUTTONS and node.args else None
    for child in ast.iter_child_nodes(node):
        yield from _strings(child, about, is_button=is_button or child is label)


def _title(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Notes:
    """What a person wrote for translators: about placeholders by name, and about strings that could be read in two ways."""

    placeholders: Mapping[str, str]
    strings: Mapping[str, str]
    #: why a translation may have other numbers than the string, by language and string: "ar: 1 year"
    numbers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path) -> Notes:
        """Read them; a program without any has none."""
        path = root / "locale" / "notes.toml"
        return cls(**tomllib.loads(path.read_text(encoding="utf-8"))) if path.exists() else cls({}, {})

    def about(self, found: Found) -> list[str]:
        """Return what stands beside a string in the template."""
        names = dict.fromkeys(name for name in fields_in_order(found.ids[-1]) if name in self.placeholders)
        return [
            *(["A button."] if found.is_button else []),
            *([_TYPED] if found.is_typed else []),
            *([self.strings[found.ids[0]]] if found.ids[0] in self.strings else []),
            *([f"From: {found.about}"] if found.about and found.is_short else []),
            *(f"{{{name}}}: {self.placeholders[name]}" for name in names),
        ]

    def faults(self, strings: Collection[Found]) -> Iterator[str]:
        """Yield where a note is missing, and notes about nothing."""
        named = {name for found in strings for name in fields(found.ids[-1])}
        said = {found.ids[0] for found in strings}
        yield from (f"notes.toml: {{{name}}} has no note for translators" for name in sorted(named - self.placeholders.keys()))
        yield from (f"notes.toml: no string has {{{name}}}" for name in sorted(self.placeholders.keys() - named))
        yield from (f"notes.toml: {string_!r} is not used" for string_ in sorted(self.strings.keys() - said))
        yield from (
            f"notes.toml: {found.ids[0]!r} has no note for translators" for found in strings if found.wants_note and not self.about(found)
        )


def template(strings: Iterable[Found], notes: Notes) -> Catalog:
    """Return the .pot catalogue."""
    catalog = Catalog(project="Ballast", version="1", charset="utf-8", creation_date=_DATE, revision_date=_DATE, fuzzy=False)
    catalog.header_comment = "# Strings of Ballast. Made by scripts/catalogues.py --update; translate the .po files, not this one."
    for string_ in strings:
        ids = string_.ids[0] if len(string_.ids) == 1 else string_.ids
        catalog.add(ids, locations=[(string_.file, 0)], auto_comments=notes.about(string_))
    return catalog


def check(root: Path) -> list[str]:
    """Return every fault in the catalogues, one sentence each."""
    wanted = {found.ids: found for found in extract(root)}
    pot = _read(root / "locale" / "chatbot.pot", None)
    problems = [f"chatbot.pot: {ids[0]!r} is missing; run scripts/catalogues.py --update" for ids in wanted if ids not in _ids(pot)]
    problems += [f"chatbot.pot: {ids[0]!r} is not used; run scripts/catalogues.py --update" for ids in _ids(pot) if ids not in wanted]
    notes = Notes.of(root)
    told = {ids: notes.about(found) for ids, found in wanted.items()}
    problems += [f"chatbot.pot: {problem}" for problem in other_notes(pot, told)]
    problems += notes.faults(wanted.values())
    for path in languages(root):
        language = path.parent.parent.name
        catalog, buttons = _read(path, language), {ids for ids, found in wanted.items() if found.is_button}
        odd = check_numbers(catalog, {said for said in notes.numbers if said.startswith(f"{language}: ")})
        odd = (*odd, *unsplit(catalog, {ids for ids, one in wanted.items() if one.is_typed}))
        found = (*check_language(catalog, set(wanted)), *readable(catalog, buttons), *odd, *other_notes(catalog, told))
        problems += [f"{language}: {problem}" for problem in found]
        problems += [f"{language}: pictures cannot show {char}; run scripts/chinese_font.py" for char in undrawn(path)]
    return problems


def other_notes(catalog: Catalog, told: Mapping[tuple[str, ...], list[str]]) -> Iterator[str]:
    """Yield the strings beside which a file has other notes than translators are told: who works in one file has them in it."""
    for ids, message in _ids(catalog).items():
        if ids in told and " ".join(message.auto_comments) != " ".join(told[ids]):
            yield f"{ids[0]!r} has other notes; run scripts/catalogues.py --update"


def undrawn(path: Path) -> list[str]:
    """Return the Chinese characters of a language that the font of the pictures was cut without."""
    with TTFont(FONT, lazy=True) as font:
        drawn = font.getBestCmap()
    return sorted({char for char in path.read_text(encoding="utf-8") if "\u2e80" <= char < "\ufe00" and ord(char) not in drawn})


def check_language(catalog: Catalog, wanted: set[tuple[str, ...]]) -> list[str]:
    """Return what is wrong with one language: missing, unused, fuzzy, plural forms, placeholders."""
    there = _ids(catalog)
    problems = [f"{ids[0]!r} is missing" for ids in sorted(wanted - set(there))]
    problems += [f"{ids[0]!r} is not used" for ids in there if ids not in wanted]
    problems += [f"{message.id!r} is obsolete; remove it" for message in catalog.obsolete.values()]
    alone = forms_of_one(catalog)
    for ids, message in there.items():
        problems += [f"{ids[0]!r} {problem}" for problem in message_problems(ids, message, catalog.num_plurals, alone)]
    return problems


def readable(catalog: Catalog, buttons: Collection[tuple[str, ...]]) -> Iterator[str]:
    """Yield what nobody could read or type: a button too long, a command changed, a letter of a script that is not the language's."""
    _, script, _ = get_global("likely_subtags").get(str(catalog.locale_identifier).partition("_")[0], "__Latn__").split("_")[:3]
    own = _SCRIPTS.get(script)
    for ids, message in _ids(catalog).items():
        for form in forms_of(message):
            if ids in buttons and _width(form) > max(_BUTTON, _LONGER * _width(ids[0])):
                yield f"{ids[0]!r} is too long for a button: {form!r}"
            if form and Counter(_COMMAND.findall(form)) != Counter(_COMMAND.findall(ids[-1])):
                yield f"{ids[0]!r} has other commands: {form!r}"
            letters = {unicodedata.name(char, "?").partition(" ")[0] for char in _PLACEHOLDER.sub("", form) if char.isalpha()}
            if own is not None and (odd := letters - {own, "LATIN", *_OF_ALL}):
                yield f"{ids[0]!r} has letters of another script ({', '.join(sorted(odd))}): {form!r}"


def unsplit(catalog: Catalog, typed: Collection[tuple[str, ...]]) -> Iterator[str]:
    """Yield lists of typed words that are not taken apart: only a comma of English parts them, in every language."""
    for ids, message in _ids(catalog).items():
        if ids in typed and (_OTHER_COMMAS & set(message.string) or not all(map(str.strip, str(message.string).split(",")))):
            yield f"{ids[0]!r} is a list with other commas: {message.string!r}"


def check_numbers(catalog: Catalog, excused: Collection[str]) -> Iterator[str]:
    """Yield translations with other numbers than the string, as the language writes them, and excuses for what needs none."""
    own, needed = Locale.parse(str(catalog.locale_identifier)), set()
    for ids, message in _ids(catalog).items():
        meant = [numbers_in(one, Locale("en")) for one in ids]
        odd = [form for form in forms_of(message) if form and numbers_in(form, own) not in meant]
        excuse = f"{catalog.locale_identifier}: {ids[0]}"
        needed |= {excuse} if odd else set()
        if excuse not in excused:
            yield from (f"{ids[0]!r} has other numbers: {form!r}" for form in odd)
    yield from (f"notes.toml: {said!r} has the same numbers" for said in sorted(set(excused) - needed))


def numbers_in(text: str, locale: Locale) -> Counter[str]:
    """Return the numbers of a text in digits, without what groups their thousands and with a point before their fraction."""
    symbols = locale.number_symbols["latn"]
    group, decimal = (f"[{re.escape(symbols[name])}{' ' * symbols[name].isspace()}]" for name in ("group", "decimal"))
    found = re.finditer(rf"\d{{1,3}}(?:{group}\d{{3}})+(?:{decimal}\d+)?(?!\d)|\d+(?:{decimal}\d+)?", _PLACEHOLDER.sub(" ", text))
    return Counter(re.sub(decimal, ".", re.sub(rf"{group}(?=\d{{3}}(?!\d))", "", one[0])) for one in found)


def forms_of(message: Message) -> tuple[str, ...]:
    """Return the forms of a translation: one, or one for each kind of count."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _width(text: str) -> int:
    """Return how many columns a text takes on a phone: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in ("W", "F") else 1 for char in text)


def forms_of_one(catalog: Catalog) -> frozenset[int]:
    """Return the plural forms that stand for exactly one number, so that they may leave it out: one in Spanish, 0, 1 and 2 in Arabic."""
    counted = Counter(map(gettext.c2py(catalog.plural_expr), range(_COUNTED)))
    return frozenset(form for form, times in counted.items() if times == 1)


def message_problems(ids: tuple[str, ...], message: Message, plurals: int, alone: frozenset[int]) -> Iterator[str]:
    """Yield what is wrong with one translation; forms that stand ``alone`` for a number may leave it out."""
    forms = forms_of(message)
    if message.fuzzy:
        yield "is fuzzy"
    if len(forms) != (plurals if len(ids) == 2 else 1):
        yield f"has {len(forms)} forms"
    allowed = fields(ids[-1])
    for at, form in enumerate(forms):
        needed = allowed - {"count"} if len(ids) == 2 and at in alone else allowed
        if not form:
            yield "is not translated"
        elif not needed <= fields(form) <= allowed or set(_PLACEHOLDER.findall(form)) - set(_PLACEHOLDER.findall("".join(ids))):
            yield f"has other placeholders: {form!r}"
        elif any(form.count(f"{{{name}}}") > ids[-1].count(f"{{{name}}}") for name in allowed):
            yield f"says a placeholder too often: {form!r}"
        elif form[:1].isspace() != ids[0][:1].isspace() or form[-1:].isspace() != ids[0][-1:].isspace():
            yield f"has other white space at its ends: {form!r}"


def fields(text: str) -> set[str]:
    """Return the placeholders of a string; one that cannot be read is a placeholder of its own, so that it never matches."""
    return set(fields_in_order(text))


def fields_in_order(text: str) -> list[str]:
    """Return the placeholders of a string as they stand in it."""
    try:
        return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return [f"unreadable: {text}"]


def update(root: Path) -> None:
    """Write the .pot and bring every .po up to date; new strings are empty, strings no longer used go."""
    pot = template(extract(root), Notes.of(root))
    _write(root / "locale" / "chatbot.pot", pot)
    for path in languages(root):
        catalog = _read(path, path.parent.parent.name)
        catalog.update(pot, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.creation_date = catalog.revision_date = _DATE
        _write(path, catalog)


def languages(root: Path) -> list[Path]:
    """Return the .po files."""
    return sorted((root / "locale").glob("*/LC_MESSAGES/chatbot.po"))


def _ids(catalog: Catalog) -> dict[tuple[str, ...], Message]:
    return {(message.id,) if isinstance(message.id, str) else tuple(message.id): message for message in catalog if message.id}


def _read(path: Path, language: str | None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _write(path: Path, catalog: Catalog) -> None:
    with path.open("wb") as file:
        write_po(file, catalog, width=120, include_lineno=False, omit_header=False, sort_by_file=False)


def main(arguments: list[str]) -> int:
    """Check, or update; return the exit code."""
    if arguments == ["--update"]:
        update(ROOT)
        return 0
    problems = check(ROOT)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
