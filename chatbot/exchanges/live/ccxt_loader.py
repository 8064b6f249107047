"""Loads one exchange of ccxt instead of all 104: half the time and half the memory.

``import ccxt`` imports every exchange twice (sync and async). The class of one exchange needs only its own module and ccxt's base, but
importing it runs the ``__init__`` of its parent packages, and those import everything. So the parents are put in place first, as
empty packages that know where their folder is; ccxt's own code then finds what it asks of them: the error classes and ``Exchange``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from decimal import localcontext
from functools import wraps
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any

from chatbot.errors import SettingError
from chatbot.exchanges.live.venues import VENUES

if TYPE_CHECKING:
    from types import ModuleType


#: prices, accounts and the key doctor each load theirs in a thread of its own: what stands there half made is found by no other
_loading = threading.Lock()


def check_name(name: str) -> None:
    """Raise ``SettingError`` for an exchange that cannot be loaded."""
    found = importlib.util.find_spec("ccxt")
    folders = found.submodule_search_locations if found is not None and found.submodule_search_locations else ()
    if name not in VENUES and not (name.isalnum() and any((Path(one) / "async_support" / f"{name}.py").is_file() for one in folders)):
        raise SettingError("CHATBOT_MARKET", f"{name!r} is not supported: use {', '.join(VENUES)}, or another exchange that ccxt has")


def exchange_class(name: str) -> type[Any]:
    """Return the async class of one exchange; its module is imported at most once. Raises ``SettingError`` for an unknown one."""
    check_name(name)
    with _loading:
        _stand_in_for_parents()
        _let_round_apart(importlib.import_module("ccxt.base.exchange"))
        module = importlib.import_module(f"ccxt.async_support.{name}")
        found: type[Any] = getattr(module, name)
        _name_methods_once(found)
    return found


def error_classes() -> ModuleType:
    """Return ccxt's module of errors."""
    with _loading:
        _stand_in_for_parents()
        return importlib.import_module("ccxt.base.errors")


def _let_round_apart(base: ModuleType) -> None:
    """Give ccxt's rounding a decimal context of its own: it sets the rounding and a trap of the one it finds, which is everybody's."""
    rounds = base.decimal_to_precision
    if hasattr(rounds, "__wrapped__"):
        return

    @wraps(rounds)
    def apart(*args: Any, **more: Any) -> Any:  # noqa: ANN401 - ccxt is untyped
        with localcontext():
            return rounds(*args, **more)

    base.__dict__["decimal_to_precision"] = apart


def _name_methods_once(exchange: type[Any]) -> None:
    """Make an exchange of this class, so that its methods have their second names, as ``fetchBalance``; those made later give only values.

    ccxt gives each of two thousand methods its second name again whenever one is made, and takes those that ``dir`` names.
    """
    if "__dir__" not in vars(exchange):
        made = exchange()
        others = frozenset(name for name in dir(exchange) if not isinstance(getattr(made, name), MethodType))
        exchange.__dir__ = lambda self: [*others.union(vars(self))]  # type: ignore[assignment, misc]


def _stand_in_for_parents() -> None:
    """Put empty parent packages in place, unless somebody has loaded the real ones."""
    if "ccxt" in sys.modules:
        return
    origin = importlib.util.find_spec("ccxt")
    if origin is None or origin.origin is None:
        raise SettingError("CHATBOT_MARKET", "ccxt is not installed")
    folder = Path(origin.origin).parent
    package = _empty_package("ccxt", folder)
    package.__dict__["async_support"] = _empty_package("ccxt.async_support", folder / "async_support")
    errors = importlib.import_module("ccxt.base.errors")
    package.__dict__.update({name: value for name, value in vars(errors).items() if isinstance(value, type)})
    package.__dict__["Exchange"] = importlib.import_module("ccxt.base.exchange").Exchange


def _empty_package(name: str, folder: Path) -> ModuleType:
    """Register a package that finds its modules in ``folder`` and runs no ``__init__``."""
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    return module
