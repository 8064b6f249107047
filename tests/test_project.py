"""The project about itself: what is documented exists, what exists is documented, and nothing names a place outside."""

from __future__ import annotations

import ast
import html
import re
import subprocess
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from chatbot.config import PREFIX, Settings
from handlers.bot import BUTTONS
from handlers.bot import COMMANDS as HANDLERS
from handlers.command_list import COMMANDS
from tests.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
#: tests of the whole program, which no single file of the code stands behind
OF_THE_WHOLE = {"contract", "golden", "regressions", "stories", "telegram"}


def shown(name: str) -> str:
    """Return a setting's default as the environment would give it."""
    value = Settings.model_fields[name].default
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if value is None:
        return ""
    return "{}" if value == {} else str(value)


def table(heading: str) -> dict[str, str]:
    """Return a table of the README as {first cell: all other cells}."""
    part = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", part, re.MULTILINE)
    assert rows, f"the README has no table under {heading}"
    assert len({first for first, _ in rows}) == len(rows), f"a line stands twice under {heading}"
    return dict(rows)


def test_every_setting_stands_in_the_example_with_its_default_and_meaning() -> None:
    """.env.example is what a new operator copies: every setting, in order, commented out, with what it does above it."""
    found = re.findall(r"^# (.+)\n#(CHATBOT_[A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE)
    expected = [(field.description, PREFIX + name.upper(), shown(name)) for name, field in Settings.model_fields.items()]
    assert len(expected) > 10
    assert found == expected


def test_every_setting_stands_in_the_readme_with_its_default_and_meaning() -> None:
    """The table has exactly the settings that exist, told in the same words."""
    rows = table("Settings")
    assert list(rows) == [PREFIX + name.upper() for name in Settings.model_fields]
    for name, field in Settings.model_fields.items():
        default, meaning = (cell.strip() for cell in rows[PREFIX + name.upper()].split(" | "))
        assert default == (f"`{shown(name)}`" if shown(name) else "")
        assert field.description is not None
        assert meaning == html.escape(field.description, quote=False).replace("&gt;", ">")


def test_settings_in_code_and_texts_exist() -> None:
    """Nobody is told to set what nobody reads."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    named = {found for _, text in texts() for found in re.findall(r"CHATBOT_[A-Z]+(?:_[A-Z]+)*", text)}
    assert len(named) > 10
    assert named <= known, named - known


def test_every_command_has_a_handler_and_a_line_in_the_readme() -> None:
    """Menu, handlers and README tell the same; no two commands are alike."""
    names = [command.name for command in COMMANDS]
    assert len(names) > 10
    assert len(set(names)) == len(names), "two commands with one name"
    assert len({command.description for command in COMMANDS}) == len(names), "two commands that say the same"
    assert set(names) == set(HANDLERS)
    assert table("Commands") == {f"/{command.name}": f" {command.description} " for command in COMMANDS}


def test_every_button_has_a_handler_and_every_handler_a_button() -> None:
    """A tap always leads somewhere, and nothing waits for taps that cannot come."""
    shown_actions, literals = set(), set()
    for path in sorted((ROOT / "handlers" / "views").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        shown_actions |= set(button_actions(tree))
        literals |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert len(shown_actions) > 30
    assert shown_actions <= set(BUTTONS), shown_actions - set(BUTTONS)
    assert set(BUTTONS) <= literals, f"no view shows a button for {set(BUTTONS) - literals}"


def button_actions(tree: ast.AST) -> Iterator[str]:
    """Yield the action of every button(label, action, ...) whose action is written out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "button" and len(node.args) > 1:
            action = node.args[1]
            if isinstance(action, ast.Constant):
                yield str(action.value)


def test_the_demo_page_offers_only_commands_that_exist() -> None:
    """The suggestions beside the chat work."""
    page = (ROOT / "chatbot" / "web" / "static" / "index.html").read_text(encoding="utf-8")
    offered = set(re.findall(r'data-say="/(\w+)"', page))
    assert len(offered) >= 3
    assert offered <= {command.name for command in COMMANDS}


def test_commands_that_texts_of_the_bot_mention_exist() -> None:
    """No message sends a person to a command that is not there."""
    catalogue = (ROOT / "locale" / "chatbot.pot").read_text(encoding="utf-8")
    mentioned = set(re.findall(r"(?<![\w/.<])/([a-z]{3,})\b", catalogue.replace("#: ", "")))
    mentioned &= {word for word in mentioned if f" /{word}" in catalogue or f'"/{word}' in catalogue}
    assert len(mentioned) >= 3
    assert mentioned <= {command.name for command in COMMANDS}, mentioned - {command.name for command in COMMANDS}


def test_the_readmes_commands_exist() -> None:
    """What README and CI tell make to do, the Makefile can do; pictures and pages that are linked are there."""
    rules = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    asked = set(re.findall(r"\bmake ([a-z]+)\b", README)) | set(re.findall(r"^make (\w+)", steps, re.MULTILINE))
    assert {"demo", "test", "check"} <= asked <= rules
    command_line = (ROOT / "chatbot" / "__main__.py").read_text(encoding="utf-8")
    guide = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\bmake ([a-z]+)\b", guide)) <= rules
    for verb in set(re.findall(r"python -m chatbot (\w+)", README + guide)):
        assert f'add_parser("{verb}"' in command_line, verb
    for target in re.findall(r"\]\(([^)#]+)\)", guide):
        assert (ROOT / "docs" / target).exists(), target
    linked = set(re.findall(r"\]\(([^)#]+)\)", README))
    assert len(linked) >= 4
    for target in linked:
        assert (ROOT / target).exists(), target


def test_the_places_that_the_readme_names_are_there() -> None:
    """Who looks for something, or wants to add something, is sent to files that exist."""
    part = README.split("\n## Where things are\n", 1)[1].split("\n## Licence", 1)[0]
    named = set(re.findall(r"`((?:chatbot|handlers|locale|scripts|tests|bench|docs)/[\w./-]*)", part))
    assert len(named) > 30
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_everything_by_hash_and_name_no_address(name: str) -> None:
    """What was tested is what is installed, from wherever the machine gets its packages."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    starts = [at for at, line in enumerate(lines) if "==" in line and not line.startswith((" ", "#"))]
    assert len(starts) > 30
    for at in starts:
        assert lines[at].endswith("\\"), lines[at]
        assert lines[at + 1].strip().startswith("--hash=sha256:"), lines[at]
    options = [line for line in lines if line.lstrip().startswith("-") and not line.lstrip().startswith("--hash=")]
    assert options == []
    assert not any("://" in line for line in lines)


#: licences under which what we ship may be used by a program under MIT; the library of PTB is used as it is, which the LGPL allows
FREE_LICENCES = re.compile(
    r"(?:MIT|MIT-CMU|BSD(?:-[23]-Clause)?|0BSD|Apache(?:-2\.0| Software| 2\.0)?|PSF-2\.0|Python Software Foundation|Zlib|CC0-1\.0"
    r"|MPL-2\.0|Mozilla Public License 2\.0 \(MPL 2\.0\)|LGPL-3\.0-only)(?: License)?(?: 2\.0)?"
)


def test_every_package_of_the_locks_may_be_used_here() -> None:
    """What is installed says under which licence, or that begins with its name; one not known here stops the check until it was read."""
    strange = {}
    for name in pinned("requirements.lock") | pinned("requirements-dev.lock"):
        told = metadata.metadata(name)
        classified = [line.split("::")[-1].strip() for line in told.get_all("Classifier") or () if line.startswith("License ::")]
        licence = told.get("License-Expression") or "; ".join(classified) or (told.get("License") or "").split("\n")[0]
        if not licence:
            told_in = next(one for one in metadata.files(name) or () if one.name.startswith("LICENSE"))
            licence = told_in.read_text(encoding="utf-8").split("\n")[0]
        parts = [part.strip("() ") if part.count("(") != part.count(")") else part for part in re.split(r" AND | OR |; ", licence)]
        if not all(FREE_LICENCES.fullmatch(part) for part in parts):
            strange[name] = licence
    assert strange == {}


def test_the_lock_holds_what_the_project_asks_for() -> None:
    """Every dependency of pyproject.toml is in the lock, the tools in the second one, in the same versions."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.findall(r'^    "([a-z0-9-]+)', project.split("dependencies = [", 1)[1].split("]\n", 1)[0], re.MULTILINE)
    tools = re.findall(r'^    "([a-z0-9-]+)', project.split("\ndev = [", 1)[1].split("]\n", 1)[0], re.MULTILINE)
    run, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert len(wanted) > 10
    assert set(wanted) <= set(run)
    assert set(tools) <= set(dev)
    assert {name: dev.get(name) for name in run} == run


def pinned(name: str) -> dict[str, str]:
    """Return the versions in a lock."""
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))


def texts() -> Iterator[tuple[str, str]]:
    """Yield every text file of the tree that git knows or would add, without the locks."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    for name in listed:
        path = ROOT / name
        if path.suffix not in {".lock", ".png", ".ttf"} and path.is_file():
            yield name, path.read_text(encoding="utf-8")


def test_no_file_names_a_place_of_one_machine_or_a_registry() -> None:
    """The tree means the same on every machine."""
    absolute = re.compile(r"(?<![\w.<{~}])/(?:home|root|opt|Users|work|mnt)/[\w.-]+")
    registry = re.compile("|".join(["py" + "pi", r"files\.python" + "hosted", "registry" + r"\.npm", "ghcr" + r"\.io"]), re.IGNORECASE)
    seen = 0
    for name, text in texts():
        seen += 1
        assert not absolute.search(text), f"{name}: {absolute.search(text)}"
        assert not registry.search(text), f"{name}: {registry.search(text)}"
    assert seen > 150


def test_every_directory_of_tests_mirrors_code() -> None:
    """Same path, same name: who looks for the tests of a folder finds them."""
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert len(folders) > 6
    for name in folders - OF_THE_WHOLE:
        assert (ROOT / "chatbot" / name).is_dir() or (ROOT / name).is_dir(), f"tests/{name} mirrors nothing"


def test_every_test_says_what_it_shows() -> None:
    """A test has a sentence: a docstring, or a name of at least three words."""
    seen = 0
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = (node for one in tree.body if isinstance(one, ast.ClassDef) for node in one.body)
        for node in (*tree.body, *inside):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                seen += 1
                assert ast.get_docstring(node) or node.name.count("_") >= 3, f"{path.name}: {node.name}"
    assert seen > 300
