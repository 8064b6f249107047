"""The points of an execution, read from its code: a crash matrix that leaves one out is wrong, whatever it visits."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from typing import TYPE_CHECKING

from chatbot.exchanges.live.private.dialect import Dialect
from tests.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = ROOT / "chatbot" / "execution"
#: how a point is passed, and how a row of the journal is written
_PASSING, _WRITING = {"passes", "crash_point"}, {"_write", "write", "finish_parked", "add_event"}
#: what writes for others: who calls them is the writer
_PENS = {"_enter", "_write", "write", "finish_parked"}
#: what passes a point on that it was given
_PASSING_ON = {"passes"}


def points() -> set[str]:
    """Return the names of all points that are passed in ``chatbot/execution``; a name that its function was given is looked for."""
    return {name for module, function in _functions() for call in _calls(function, _PASSING) for name in _names(module, function, call)}


def writers() -> set[str]:
    """Return the functions of ``chatbot/execution`` that write into the journal, as ``module.function``."""
    return {
        f"{module}.{function.name}"
        for module, function in _functions()
        if function.name not in _PENS and any(True for _ in _calls(function, _WRITING))
    }


def questions() -> set[str]:
    """Return what a venue is asked for, by the names of its dialect."""
    return {name for name, found in vars(Dialect).items() if inspect.iscoroutinefunction(found)}


def _functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for file in sorted(_FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield file.stem, node


def _calls(where: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(where):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in names:
            yield node


def _names(module: str, function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> Iterator[str]:
    """Return what a point may be called: a constant of the module, or what its function is called with."""
    match call.args[0]:
        case ast.Constant(value=str(name)):
            yield name
        case ast.Name(id=name):
            given = [argument.arg for argument in function.args.args]
            if name not in given:
                yield str(getattr(import_module(f"chatbot.execution.{module}"), name))
                return
            for place, other in _functions():
                for made in _calls(other, {function.name}):
                    yield _word(place, made.args[given.index(name)])
        case _:
            assert function.name in _PASSING_ON, f"{module}.{function.name} passes a point without a name"


def _word(module: str, given: ast.expr) -> str:
    """Return what a function is called with: a text, or a constant of the module."""
    match given:
        case ast.Constant(value=str(word)):
            return word
        case ast.Name(id=name):
            return str(getattr(import_module(f"chatbot.execution.{module}"), name))
        case _:
            raise AssertionError("a point needs a name")
