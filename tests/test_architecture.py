"""The arrows of the architecture, held against the imports in the files."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

import pytest

from tests.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

#: what everybody may import of ours
FREE = ("chatbot.model", "chatbot.errors", "chatbot.clock")
#: folder or file -> what else of ours it may import (prefixes); the most specific rule counts
ARROWS: dict[str, tuple[str, ...]] = {
    "chatbot/engine": ("chatbot.engine",),
    "chatbot/model": ("chatbot.model",),
    "chatbot/errors.py": (),
    "chatbot/clock.py": (),
    "chatbot/config.py": (),
    "chatbot/i18n.py": (),
    "chatbot/durable.py": (),
    "chatbot/market": ("chatbot.exchanges.base", "chatbot.market"),
    "chatbot/market/betas.py": ("chatbot.engine", "chatbot.market"),
    "chatbot/market/funding.py": ("chatbot.exchanges.base", "chatbot.engine", "chatbot.market"),
    "chatbot/exchanges": ("chatbot.exchanges",),
    "chatbot/execution/lifecycle.py": (),
    "chatbot/execution": ("chatbot.execution", "chatbot.store", "chatbot.exchanges.base", "chatbot.durable", "chatbot.engine"),
    "chatbot/store": ("chatbot.store",),
    "chatbot/outbox.py": ("chatbot.store",),
    "chatbot/access.py": ("chatbot.store",),
    "chatbot/portfolio": (
        "chatbot.portfolio",
        "chatbot.engine",
        "chatbot.store",
        "chatbot.market",
        "chatbot.exchanges.base",
        "chatbot.i18n",
    ),
    "chatbot/triggers": (
        "chatbot.triggers",
        "chatbot.portfolio",
        "chatbot.engine",
        "chatbot.store",
        "chatbot.market",
        "chatbot.exchanges.base",
        "chatbot.i18n",
    ),
    "chatbot/hedges": (
        "chatbot.hedges",
        "chatbot.triggers",
        "chatbot.portfolio",
        "chatbot.engine",
        "chatbot.store",
        "chatbot.market",
        "chatbot.exchanges.base",
        "chatbot.i18n",
    ),
    "chatbot/reports": (
        "chatbot.reports",
        "chatbot.triggers",
        "chatbot.portfolio",
        "chatbot.engine",
        "chatbot.store",
        "chatbot.market",
        "chatbot.exchanges.base",
        "chatbot.i18n",
    ),
    "chatbot/alerts": (
        "chatbot.alerts",
        "chatbot.triggers",
        "chatbot.portfolio",
        "chatbot.engine",
        "chatbot.store",
        "chatbot.market",
        "chatbot.exchanges.base",
        "chatbot.i18n",
    ),
    "chatbot/plans": (
        "chatbot.plans",
        "chatbot.alerts",
        "chatbot.hedges",
        "chatbot.triggers",
        "chatbot.portfolio",
        "chatbot.durable",
        "chatbot.engine",
        "chatbot.store",
        "chatbot.market",
        "chatbot.exchanges.base",
        "chatbot.i18n",
    ),
    "chatbot/monitor": (
        "chatbot.monitor",
        "chatbot.plans",
        "chatbot.alerts",
        "chatbot.hedges",
        "chatbot.triggers",
        "chatbot.portfolio",
        "chatbot.engine",
        "chatbot.store",
        "chatbot.market",
        "chatbot.exchanges.base",
        "chatbot.i18n",
    ),
    "chatbot/charts": ("chatbot.charts",),
    "chatbot/web": ("chatbot.web",),
    "chatbot/stage.py": ("chatbot.exchanges", "chatbot.store"),
    "chatbot/app.py": ("chatbot",),
    "chatbot/__main__.py": ("chatbot", "handlers"),
    "handlers": ("chatbot", "handlers"),
}
#: library -> where it may be imported
DOORS: dict[str, tuple[str, ...]] = {
    "telegram": ("handlers",),
    "ccxt": ("chatbot/exchanges/live",),
    "sqlalchemy": ("chatbot/store",),
    "alembic": ("chatbot/store",),
    "dbos": ("chatbot/durable.py",),
    "matplotlib": ("chatbot/charts",),
    "PIL": ("chatbot/charts",),
    "babel": ("chatbot/i18n.py", "chatbot/catalogues.py"),
    "aiohttp": ("chatbot/web", "chatbot/market/sentiment.py"),
    "cryptography": ("chatbot/vault.py",),
    "pydantic": ("chatbot/config.py", "chatbot/store"),
    "pydantic_settings": ("chatbot/config.py",),
}
#: the engine is pure: the standard library and numpy
PURE = {"numpy"}


def sources() -> list[Path]:
    """Return every source file of the two packages."""
    return sorted(path for top in ("chatbot", "handlers") for path in (ROOT / top).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports, those under TYPE_CHECKING included, relative ones resolved."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names = {f"{module}.{alias.name}" for alias in node.names}
            is_package = (ROOT / module.replace(".", "/")).is_dir()
            found |= names if is_package else {module}
    return found


def rule_for(path: Path) -> tuple[str, ...]:
    """Return the most specific arrow for a file."""
    name = path.relative_to(ROOT).as_posix()
    fitting = [key for key in ARROWS if name == key or name.startswith(key + "/")]
    if not fitting:
        return ()
    return ARROWS[max(fitting, key=len)]


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_imports_only_what_stands_right_of_its_arrow(path: Path) -> None:
    """Own modules follow the arrows; outside libraries come in by their own door."""
    name = path.relative_to(ROOT).as_posix()
    allowed = rule_for(path) + (() if name.startswith("chatbot/engine") else FREE)
    for module in imported(path):
        top = module.split(".")[0]
        if top in ("chatbot", "handlers"):
            # a package's own __init__ may be named as such
            assert module == top or any(module == a or module.startswith(a + ".") for a in allowed), f"{name} imports {module}"
        elif top in DOORS:
            assert any(name == door or name.startswith(door + "/") for door in DOORS[top]), f"{name} opens the door to {top}"
        elif name.startswith("chatbot/engine"):
            assert top in PURE or top in _stdlib(), f"{name} imports {module}: the engine is pure"


def _stdlib() -> frozenset[str]:

    return sys.stdlib_module_names | {"__future__"}


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
