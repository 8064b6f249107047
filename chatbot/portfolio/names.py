"""What a portfolio is called: by its strategy until somebody types a name, and never like another one that its person has open."""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType
from typing import TYPE_CHECKING

from chatbot.engine.presets import PRESETS
from chatbot.errors import UserError
from chatbot.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

#: characters of a name: it stands behind the mark on the first line of every message, and on buttons
LONGEST = 24
#: behind the name of a preset for somebody who uses no futures
SPOT_ONLY = "_spot"
#: names that a strategy gives; each is shown in its person's language
GIVEN = (*PRESETS, *(name + SPOT_ONLY for name in PRESETS), "custom")
_GIVEN = re.compile(rf"({'|'.join(GIVEN)})( \d+)?")
#: what a mode mark begins with, those to come among them: a name must not pass for one
_MARKS = frozenset({"demo", "paper", "manual", "watch", "live", "test"})
#: letters and digits that look like our letters, where no normal form makes them the same: Cyrillic, Greek, small capitals
_LOOKS = str.maketrans(
    "АВЕКМНОРСТХІЅЈҮԌԜΑΒΕΖΗΙΚΜΝΟΡΤΥΧаеорсхуіѕјѵԁӏԝһαεινορτυχʟɪᴠᴇᴛꜱᴅᴍᴏᴘᴀʀᴡᴄʜɴᴜ01ıɑ",
    "ABEKMHOPCTXISJYGWABEZHIKMNOPTYXaeopcxyisjvdlwhaeivoptuxlivetsdmoparwchnuoiia",
)
#: what stands between the parts of a head, and what looks like it
_DOTS = frozenset("·•∙⋅・‧・")
#: the controls that hold an emoji or a script's letters together
_JOINERS = frozenset("\u200c\u200d")
_NO_LABELS: Mapping[str, str] = MappingProxyType({})


def distinct(name: str, taken: Iterable[str]) -> str:
    """Return the name, with the first number that tells it apart where another one has it: "balanced 2"."""
    used, number, tried = set(map(_folded, taken)), 2, name
    while _folded(tried) in used:
        tried, number = f"{name} {number}", number + 1
    return tried


def is_given(name: str) -> bool:
    """Tell whether a strategy gave this name, so that it changes with the strategy."""
    return _GIVEN.fullmatch(name) is not None


def checked(typed: str, taken: Collection[str], labels: Mapping[str, str] = _NO_LABELS) -> str:
    """Return a typed name as it is stored; raises :class:`UserError` where it cannot be one.

    ``labels`` say which strategy's name each of its translations is: whoever types one means that name, which then is shown in every
    language and cannot be given twice.
    """
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    if any(unicodedata.category(char)[0] == "C" and char not in _JOINERS for char in name) or _DOTS & set(name):
        raise UserError(N_("A name is made of letters, digits and plain signs, on one line."))
    if not any(char.isalnum() for char in name):
        raise UserError(N_("A name needs a letter or a digit."))
    if len(name) > LONGEST:
        raise UserError(N_("A name can have {most} characters at most; this one has {count}."), most=LONGEST, count=len(name))
    if (mark := _mark_in(name)) is not None:
        raise UserError(N_("“{text}” would look like the mark that says how real the money is. Choose another name."), text=mark)
    stored = _meant(name, labels)
    if _folded(stored) in set(map(_folded, taken)):
        raise UserError(N_("You have a portfolio called {name} already. Choose another name."), name=name)
    return stored


def _meant(name: str, labels: Mapping[str, str]) -> str:
    """Return the strategy's name behind one of its translations, with the number that follows it."""
    given = {_folded(label): preset for label, preset in labels.items()}
    label, _, number = name.rpartition(" ")
    if label and number.isdecimal() and _folded(label) in given:
        return f"{given[_folded(label)]} {int(number)}"
    return given.get(_folded(name), name)


def _folded(name: str) -> str:
    """Return what two names have in common that look alike."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).translate(_LOOKS).casefold())
    return "".join(char for char in plain if unicodedata.category(char) not in ("Mn", "Cf"))


def _mark_in(name: str) -> str | None:
    """Return the word of a name that reads like a mode, written apart or not; or None."""
    words = re.findall(r"[^\W_]+", name)
    return next((word for word in (*words, "".join(words)) if _folded(word) in _MARKS), None)
