"""Buttons: what they say, what a tap on them means, and the seal that nobody else can make."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from chatbot.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatbot.model import Person

VERSION: Final = "v1"
MAX_BYTES: Final = 64
#: Telegram takes at most this many buttons in a row and under one message
MAX_IN_ROW, MAX_BUTTONS = 8, 100
#: how long a button works; what it acts on may end earlier and then says so in words
LIFETIME: Final = timedelta(days=30)
_SEAL_BYTES: Final = 9
_NOTHING: Final[Mapping[int, str]] = MappingProxyType({})
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


#: what changes settings or money of a portfolio: such a button acts on the portfolio and the settings that it was shown with, or not at all
BOUND: Final = frozenset(
    {
        "answer",
        "auto",
        "auto_yes",
        "unanswered",
        "use_preset",
        "keep_none",
        "aim",
        "band",
        "theta",
        "budget",
        "tilt",
        "use_band",
        "use_bands",
        "turn",
        "knob",
        "schedule_set",
        "pause",
        "resume",
        "hedge_open",
        "hedge_close",
        "close_yes",
        "life_yes",
        "flow_outside",
        "flow_trade",
        "flow_as",
        "keep_as",
        "flow_undo",
        "plan_undo",
        "invest_now",
        "invest_new",
        "watch_futures",
        "say_here",
    }
)
#: between what a button means and what it speaks of: a portfolio's number, and for a bound one the word for what was shown
_ABOUT: Final = "~"


class Style(StrEnum):
    """Colour of a button where the client shows one."""

    PLAIN = ""
    PRIMARY = "primary"
    SUCCESS = "success"
    DANGER = "danger"


class Reason(StrEnum):
    """Why a tap was refused."""

    #: the seal does not fit: changed, made for somebody else, or made with another key
    FORGED = "forged"
    #: older than the button's lifetime
    EXPIRED = "expired"
    #: not one of our payloads
    MALFORMED = "malformed"
    #: shown for other settings, or at a time at which it did not say which of two portfolios it meant
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Tap:
    """What a button means: an action and what it acts on."""

    action: str
    #: ids and choices, joined with ``:`` where there are several
    arg: str = ""
    #: number of the portfolio that it speaks of; None: of the one that its message is about
    portfolio: int | None = None

    @property
    def args(self) -> tuple[str, ...]:
        """Return the parts of ``arg``."""
        return tuple(self.arg.split(":")) if self.arg else ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A tap that must not be acted on; ``action`` is what it claimed to be, or empty."""

    reason: Reason
    action: str = ""
    arg: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a view; it is sealed when the view is sent."""

    label: str
    tap: Tap
    style: Style = Style.PLAIN
    #: an address that opens instead; then nothing is sealed
    url: str = ""


def told_apart(tap: Tap) -> tuple[Tap, str]:
    """Return what an opened button means, and what it says of the portfolio that it speaks of; empty where it says nothing."""
    arg, sign, about = tap.arg.rpartition(_ABOUT)
    return (Tap(tap.action, arg), about) if sign else (tap, "")


def word_for(text: str) -> str:
    """Return a short word for a text that is too long for a payload, with its length to find it by in the message above the button."""
    return f"{len(text)}-{hashlib.blake2s(text.encode(), digest_size=6).hexdigest()}"


#: rows of buttons
Keyboard = tuple[tuple[Button, ...], ...]


class Signer:
    """Seals taps for one person in one chat and opens them again."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            msg = "the key for buttons needs at least 16 bytes"
            raise ValueError(msg)
        self._key = key

    def pack(self, action: str, arg: str, person_id: int, chat_id: int, expires_at: datetime) -> str:
        """Return the callback payload; raises ``ValueError`` where Telegram would refuse it (over 64 bytes)."""
        if not action or "." in action:
            msg = f"bad action {action!r}"
            raise ValueError(msg)
        body = f"{VERSION}.{action}.{arg}.{_base36(int(expires_at.timestamp()))}"
        data = f"{body}.{self._seal(body, person_id, chat_id)}"
        if len(data.encode()) > MAX_BYTES:
            msg = f"callback data {data!r} is longer than {MAX_BYTES} bytes"
            raise ValueError(msg)
        return data

    def unpack(self, data: str, person_id: int, chat_id: int, now: datetime) -> Tap | Refusal:
        """Return what a payload means, or why it is refused."""
        body, _, seal = data.rpartition(".")
        head, _, expiry = body.rpartition(".")
        version, _, rest = head.partition(".")
        action, _, arg = rest.partition(".")
        if version != VERSION or not action or not seal or not _is_base36(expiry):
            return Refusal(Reason.MALFORMED)
        if not hmac.compare_digest(seal.encode(), self._seal(body, person_id, chat_id).encode()):
            return Refusal(Reason.FORGED, action, arg)
        if now.timestamp() >= int(expiry, 36):
            return Refusal(Reason.EXPIRED, action, arg)
        return Tap(action, arg)

    def _seal(self, body: str, person_id: int, chat_id: int) -> str:
        digest = hmac.new(self._key, f"{person_id}:{chat_id}:{body}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:_SEAL_BYTES]).decode().rstrip("=")


def markup(
    keyboard: Sequence[Sequence[Button]],
    signer: Signer,
    person: Person,
    now: datetime,
    *,
    about: int | None = None,
    words: Mapping[int, str] = _NOTHING,
    lifetime: timedelta = LIFETIME,
) -> InlineKeyboardMarkup | None:
    """Seal a view's buttons for ``person``; None where the view has none.

    ``about`` is the number of the portfolio that the view is about; None: of none. ``words`` say what is shown of each portfolio whose
    settings a button changes: it works only while that stays (``portfolio.revision``).
    """
    if not keyboard:
        return None
    expires_at = now + lifetime
    rows = [[replace(button, tap=speaking_of(button.tap, about, words)) for button in row] for row in keyboard]
    return InlineKeyboardMarkup([[_sealed(button, signer, person, expires_at) for button in row] for row in rows])


def changed_by(keyboard: Sequence[Sequence[Button]], about: int | None) -> frozenset[int]:
    """Return the numbers of the portfolios whose settings the buttons of a view change."""
    taps = (button.tap for row in keyboard for button in row if button.tap.action in BOUND)
    return frozenset(number for tap in taps if (number := tap.portfolio or about) is not None)


def speaking_of(tap: Tap, about: int | None, words: Mapping[int, str]) -> Tap:
    """Write into a tap which portfolio it speaks of, its own or the one that its message is about; see :func:`told_apart`."""
    number = tap.portfolio or about
    if tap.action in BOUND:
        return Tap(tap.action, f"{tap.arg}{_ABOUT}{words.get(number or 0, '')}")
    return tap if number is None else Tap(tap.action, f"{tap.arg}{_ABOUT}{number}")


def _sealed(button: Button, signer: Signer, person: Person, expires_at: datetime) -> InlineKeyboardButton:
    if button.url:
        return InlineKeyboardButton(button.label, url=button.url, style=button.style.value or None)
    data = signer.pack(button.tap.action, button.tap.arg, person.id, person.chat_id, expires_at)
    return InlineKeyboardButton(button.label, callback_data=data, style=button.style.value or None)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, last = divmod(number, 36)
        digits = _DIGITS[last] + digits
    return digits or "0"


def _is_base36(text: str) -> bool:
    return bool(text) and all(char in _DIGITS for char in text)
