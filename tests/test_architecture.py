"""The arrows of the architecture, held against the imports in the files."""

from __future__ import annotations

import ast
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: what everybody may import of ours
FREE = ("chatbot.model", "chatbot.values", "chatbot.errors", "chatbot.clock", "chatbot.shares.owned")
#: what exchanges offer: all of them, and some
EXCHANGES = ("chatbot.exchanges.base", "chatbot.exchanges.abilities")
#: what the packages of the portfolio stand on
GROUND = ("chatbot.engine", "chatbot.store", "chatbot.live_consent", "chatbot.market", *EXCHANGES, "chatbot.i18n")
#: folder or file -> what else of ours it may import (prefixes); the most specific rule counts. A folder may import itself
ARROWS: dict[str, tuple[str, ...]] = {
    "chatbot/values": (),
    "chatbot/engine": ("chatbot.values",),
    "chatbot/model": (),
    "chatbot/errors.py": (),
    "chatbot/clock.py": (),
    "chatbot/logs.py": (),
    "chatbot/phrases": (),
    "chatbot/config.py": (),
    "chatbot/i18n.py": (),
    "chatbot/durable.py": (),
    "chatbot/market": (*EXCHANGES, "chatbot.exchanges.candle_table"),
    "chatbot/market/quotes.py": ("chatbot.exchanges.base", "chatbot.engine.finite", "chatbot.market"),
    "chatbot/market/betas.py": ("chatbot.engine", "chatbot.market"),
    "chatbot/market/funding.py": ("chatbot.exchanges.base", "chatbot.engine", "chatbot.market"),
    # what is a number is told by the engine, wherever one comes in
    "chatbot/exchanges": ("chatbot.engine.finite",),
    # an exchange of its own: it knows what our exchanges offer, and nothing of the client that it is tried with
    "chatbot/exchanges/testserver": ("chatbot.exchanges.base", "chatbot.exchanges.markets.coins", "chatbot.engine.finite"),
    "chatbot/execution/lifecycle.py": (),
    "chatbot/execution": ("chatbot.store", *EXCHANGES, "chatbot.durable", "chatbot.engine"),
    "chatbot/store": (),
    "chatbot/shares": ("chatbot.store",),
    "chatbot/outbox.py": ("chatbot.store",),
    "chatbot/access.py": ("chatbot.store",),
    "chatbot/live_consent.py": ("chatbot.store",),
    "chatbot/halting.py": ("chatbot.store", "chatbot.live_consent"),
    "chatbot/backup.py": ("chatbot.store", "chatbot.live_consent"),
    "chatbot/vault.py": (),
    "chatbot/keyring.py": ("chatbot.store", "chatbot.live_consent", "chatbot.vault", "chatbot.logs", "chatbot.i18n"),
    "chatbot/portfolio": GROUND,
    "chatbot/triggers": (*GROUND, "chatbot.portfolio"),
    "chatbot/hedges": (*GROUND, "chatbot.portfolio", "chatbot.triggers"),
    "chatbot/alerts": (*GROUND, "chatbot.portfolio", "chatbot.triggers"),
    "chatbot/reports": (*GROUND, "chatbot.portfolio", "chatbot.triggers"),
    "chatbot/plans": (*GROUND, "chatbot.portfolio", "chatbot.triggers", "chatbot.hedges", "chatbot.alerts", "chatbot.durable"),
    "chatbot/monitor": (*GROUND, "chatbot.portfolio", "chatbot.triggers", "chatbot.hedges", "chatbot.alerts", "chatbot.plans"),
    "chatbot/backtest": (
        *GROUND,
        "chatbot.exchanges",
        "chatbot.charts",
        "chatbot.portfolio",
        "chatbot.triggers",
        "chatbot.hedges",
        "chatbot.plans",
        "chatbot.monitor",
    ),
    "chatbot/operation": (*GROUND, "chatbot.alerts", "chatbot.backup", "chatbot.monitor", "chatbot.portfolio"),
    "chatbot/charts": (),
    "chatbot/charts/direction.py": ("chatbot.i18n",),
    "chatbot/web": ("chatbot.i18n",),
    "chatbot/played": ("chatbot.exchanges", "chatbot.store"),
    "chatbot/ground.py": ("chatbot.config", "chatbot.store", "chatbot.keyring", "chatbot.vault", "chatbot.exchanges.sources"),
    "chatbot/app.py": ("chatbot",),
    "chatbot/__main__.py": ("chatbot", "handlers"),
    "handlers": ("chatbot", "handlers"),
    # views make words of values: they know no use case that acts, and no way to Telegram
    "handlers/views": ("chatbot", "handlers.buttons", "handlers.command_list", "handlers.views"),
    "handlers/transport": ("chatbot", "handlers.buttons", "handlers.command_list", "handlers.views", "handlers.chat", "handlers.transport"),
    "handlers/loopback": ("chatbot", "handlers.loopback"),
}
#: what a folder may not import although its arrow would allow it
NEVER: dict[str, tuple[str, ...]] = {
    "handlers/views": ("chatbot.store", "chatbot.execution", "chatbot.monitor", "chatbot.app", "chatbot.durable", "chatbot.market"),
}
#: what only its own files import, and tests
ONLY_FOR_TESTS = "chatbot.exchanges.testserver"
#: who lets it run beside the demo, and who starts the demo
OWN_EXCHANGE = {
    "chatbot/exchanges/own_exchange.py": "chatbot.exchanges.testserver",
    "chatbot/__main__.py": "chatbot.exchanges.own_exchange",
}
#: a folder with more files than this hides its own; ``handlers/commands`` has a file a command
MOST_FILES = 16
#: library -> where it may be imported
DOORS: dict[str, tuple[str, ...]] = {
    "telegram": ("handlers",),
    "ccxt": ("chatbot/exchanges/live",),
    "sqlalchemy": ("chatbot/store",),
    "alembic": ("chatbot/store",),
    "dbos": ("chatbot/durable.py",),
    "matplotlib": ("chatbot/charts",),
    "PIL": ("chatbot/charts",),
    "babel": ("chatbot/i18n.py",),
    "aiohttp": ("chatbot/web", "chatbot/market/sentiment.py", "chatbot/exchanges/testserver", "handlers/transport/request.py"),
    "cryptography": ("chatbot/vault.py",),
    "pydantic": ("chatbot/config.py", "chatbot/store"),
    "pydantic_settings": ("chatbot/config.py",),
}
#: packages that hand on the names of their modules
FACES = ("chatbot.model", "handlers.loopback")
#: the engine is pure: the standard library and numpy
PURE = {"numpy"}


def sources() -> list[Path]:
    """Return every source file of the two packages."""
    return sorted(path for top in ("chatbot", "handlers") for path in (ROOT / top).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """Return the tree of a file, which many of these tests walk through."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of a file."""
    return tuple(ast.walk(parsed(path)))


@cache
def imported(path: Path) -> frozenset[str]:
    """Return the modules that a file imports, those under TYPE_CHECKING included, relative ones resolved."""
    found: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names = {f"{module}.{alias.name}" for alias in node.names}
            is_package = (ROOT / module.replace(".", "/")).is_dir()
            found |= names if is_package else {module}
    return frozenset(found)


def rule_for(path: Path) -> tuple[str, ...]:
    """Return the most specific arrow for a file."""
    name = path.relative_to(ROOT).as_posix()
    fitting = [key for key in ARROWS if name == key or name.startswith(key + "/")]
    if not fitting:
        return ()
    key = max(fitting, key=len)
    return ARROWS[key] if key.endswith(".py") else (*ARROWS[key], key.replace("/", "."))


def modules() -> dict[str, set[str]]:
    """Return every module of ours with the modules of ours that it imports; a package stands for its own ``__init__``."""
    paths = _paths()
    known = set(paths)
    return {name: {_module_of(one, known) for one in imported(path)} & known - {name} for name, path in paths.items()}


def _paths() -> dict[str, Path]:
    """Return every source file by the name of its module."""
    return {path.relative_to(ROOT).as_posix().removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in sources()}


def _module_of(name: str, known: set[str]) -> str:
    return name if name in known else name.rpartition(".")[0]


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_imports_only_what_stands_right_of_its_arrow(path: Path) -> None:
    """Own modules follow the arrows; outside libraries come in by their own door."""
    name = path.relative_to(ROOT).as_posix()
    allowed = rule_for(path) + (() if name.startswith("chatbot/engine") else FREE)
    for module in imported(path):
        top = module.split(".")[0]
        if top in ("chatbot", "handlers"):
            # a package's own __init__ may be named as such
            assert module == top or _is_under(module, allowed), f"{name} imports {module}"
            assert not _is_under(module, never_for(name)), f"{name} imports {module}"
        elif top in DOORS:
            assert any(name == door or name.startswith(door + "/") for door in DOORS[top]), f"{name} opens the door to {top}"
        elif name.startswith("chatbot/engine"):
            assert top in PURE or top in _stdlib(), f"{name} imports {module}: the engine is pure"


def _is_under(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(place + ".") for place in places)


def never_for(name: str) -> tuple[str, ...]:
    """Return what a file may not import although its arrow would allow it."""
    return tuple(place for key, places in NEVER.items() if name.startswith(key + "/") for place in places)


def _stdlib() -> frozenset[str]:
    return sys.stdlib_module_names | {"__future__"}


def test_only_tests_and_the_demo_import_the_test_exchange() -> None:
    """What trades real money has no way to an exchange that is none."""
    for path in sources():
        if not path.is_relative_to(ROOT / ONLY_FOR_TESTS.replace(".", "/")):
            allowed = OWN_EXCHANGE.get(path.relative_to(ROOT).as_posix())
            for module in imported(path):
                if _is_under(module, tuple(OWN_EXCHANGE.values())):
                    assert allowed is not None, f"{path}: {module}"
                    assert _is_under(module, (allowed,)), f"{path}: {module}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Taking away, again and again, what imports nothing that is left must leave nothing."""
    left = modules()
    assert sum(map(len, left.values())) > 500
    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in free}
    assert not left, {name: sorted(needs & left.keys()) for name, needs in sorted(left.items())}


def test_every_name_has_one_address() -> None:
    """A name is imported from the module that defines it; only the two faces hand on what their modules define."""
    paths = _paths()
    defined = {name: _defined(path) for name, path in paths.items()}
    seen = 0
    for importer, path in paths.items():
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and node.module in defined and node.module not in FACES:
                names = {alias.name for alias in node.names if f"{node.module}.{alias.name}" not in paths}
                assert names <= defined[node.module], f"{importer} takes {names - defined[node.module]} from {node.module}"
                seen += len(names)
    assert seen > 500


def _defined(path: Path) -> set[str]:
    """Return the names that the statements of a module give a meaning, imports apart."""
    named = {node.name for node in parsed(path).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return named | {node.id for node in nodes(path) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def test_production_calls_what_its_modules_offer() -> None:
    """What only tests call proves nothing of what runs; the two servers that tests make misbehave apart."""
    used = {word for path in sources() for word in _read(parsed(path))}
    servers = (ONLY_FOR_TESTS, "handlers.loopback")
    modules = [node for name, path in _paths().items() if not _is_under(name, servers) for node in parsed(path).body]
    offered = {node.name for node in modules if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    public = {name for name in offered if not name.startswith("_")}
    assert len(public) > 1000
    assert public <= used, public - used


def _read(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def test_no_folder_holds_more_files_than_a_reader_can_scan() -> None:
    """Sixteen files a folder; the commands apart, which are found by their names."""
    folders = {path.parent for path in sources()}
    assert len(folders) > 20
    for folder in folders:
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        name = folder.relative_to(ROOT).as_posix()
        assert len(files) <= MOST_FILES or name == "handlers/commands", f"{name} holds {len(files)} files"


def test_every_package_says_what_its_door_is() -> None:
    """The first line of a package is a sentence, not its name."""
    packages = [path for path in sources() if path.name == "__init__.py"]
    assert len(packages) > 20
    for path in packages:
        said = ast.get_docstring(parsed(path)) or ""
        assert len(said.split()) >= 5, path


def test_every_arrow_starts_somewhere() -> None:
    """A rule for a file that is gone guards nothing."""
    assert len(sources()) > 20
    for key in ARROWS:
        assert (ROOT / key).exists(), key


def test_only_the_program_starts_tasks() -> None:
    """Every task has a parent: detached tasks are started nowhere but in the supervisor."""
    for path in sources():
        if path.relative_to(ROOT).as_posix() in {"chatbot/app.py", "chatbot/__main__.py"}:
            continue
        text = path.read_text(encoding="utf-8")
        assert "asyncio.create_task" not in text, path
        assert "ensure_future" not in text, path
