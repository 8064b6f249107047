"""Checks that every string is translated in every language, or with --update writes the .pot and merges the .po files.

A new language begins as an empty ``locale/<language>/LC_MESSAGES/chatbot.po``: --update fills it, and the bot speaks it. What people type
in it is read in ``handlers/chat`` and ``handlers/commands``: each file has its words in every language.
"""

# ruff: noqa: INP001 - scripts stand beside the packages, not in one
from __future__ import annotations

import ast
import string
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from babel.messages.catalog import Message

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("chatbot", "handlers")
#: what calls carry strings: name -> positions of the msgid, or of singular and plural
CALLS = {"t": (0,), "N_": (0,), "UserError": (0,), "say": (1,), "n": (0, 1), "NN_": (0, 1)}
#: the date would change the file at every run
_DATE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """A string in the code: one msgid, or singular and plural."""

    ids: tuple[str, ...]
    file: str


def extract(root: Path) -> list[Found]:
    """Return every translatable string of the program, sorted by file and place."""
    found: dict[tuple[str, ...], Found] = {}
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*.py")):
            for ids in strings_of(path.read_text(encoding="utf-8")):
                found.setdefault(ids, Found(ids, path.relative_to(root).as_posix()))
    return list(found.values())


def strings_of(source: str) -> Iterator[tuple[str, ...]]:
    """Yield the strings of one module in their order."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
        places = CALLS.get(name, ())
        arguments = [call.args[place] for place in places if place < len(call.args)]
        ids = tuple(node.value for node in arguments if isinstance(node, ast.Constant) and isinstance(node.value, str))
        if places and len(ids) == len(places):
            yield ids


def template(strings: Iterable[Found]) -> Catalog:
    """Return the .pot catalogue."""
    catalog = Catalog(project="Ballast", version="1", charset="utf-8", creation_date=_DATE, revision_date=_DATE, fuzzy=False)
    catalog.header_comment = "# Strings of Ballast. Made by scripts/catalogues.py --update; translate the .po files, not this one."
    for string_ in strings:
        catalog.add(string_.ids[0] if len(string_.ids) == 1 else string_.ids, locations=[(string_.file, 0)])
    return catalog


def check(root: Path) -> list[str]:
    """Return every fault in the catalogues, one sentence each."""
    wanted = {found.ids: found for found in extract(root)}
    pot = _read(root / "locale" / "chatbot.pot", None)
    problems = [f"chatbot.pot: {ids[0]!r} is missing; run scripts/catalogues.py --update" for ids in wanted if ids not in _ids(pot)]
    problems += [f"chatbot.pot: {ids[0]!r} is not used; run scripts/catalogues.py --update" for ids in _ids(pot) if ids not in wanted]
    for path in languages(root):
        language = path.parent.parent.name
        problems += [f"{language}: {problem}" for problem in check_language(_read(path, language), set(wanted))]
    return problems


def check_language(catalog: Catalog, wanted: set[tuple[str, ...]]) -> list[str]:
    """Return what is wrong with one language: missing, unused, fuzzy, plural forms, placeholders."""
    there = _ids(catalog)
    problems = [f"{ids[0]!r} is missing" for ids in sorted(wanted - set(there))]
    problems += [f"{ids[0]!r} is not used" for ids in there if ids not in wanted]
    problems += [f"{message.id!r} is obsolete; remove it" for message in catalog.obsolete.values()]
    for ids, message in there.items():
        problems += [f"{ids[0]!r} {problem}" for problem in message_problems(ids, message, catalog.num_plurals)]
    return problems


def message_problems(ids: tuple[str, ...], message: Message, plurals: int) -> Iterator[str]:
    """Yield what is wrong with one translation."""
    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    if message.fuzzy:
        yield "is fuzzy"
    if len(forms) != (plurals if len(ids) == 2 else 1):
        yield f"has {len(forms)} forms"
    allowed = fields(ids[-1])
    for at, form in enumerate(forms):
        # Only a form that stands for exactly one thing may leave the number out.
        needed = allowed - {"count"} if len(ids) == 2 and at == 0 and plurals == 2 else allowed
        if not form:
            yield "is not translated"
        elif not needed <= fields(form) <= allowed:
            yield f"has other placeholders: {form!r}"
        elif any(form.count(f"{{{name}}}") > ids[-1].count(f"{{{name}}}") for name in allowed):
            yield f"says a placeholder too often: {form!r}"
        elif form[:1].isspace() != ids[0][:1].isspace() or form[-1:].isspace() != ids[0][-1:].isspace():
            yield f"has other white space at its ends: {form!r}"


def fields(text: str) -> set[str]:
    """Return the placeholders of a string; one that cannot be read is a placeholder of its own, so that it never matches."""
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return {f"unreadable: {text}"}


def update(root: Path) -> None:
    """Write the .pot and bring every .po up to date; new strings are empty, strings no longer used go."""
    pot = template(extract(root))
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
