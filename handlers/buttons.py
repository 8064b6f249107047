"""Buttons: what they say, what a tap on them means, and the seal that nobody else can make."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatbot.model import Person

VERSION: Final = "v1"
MAX_BYTES: Final = 64
#: Telegram takes at most this many buttons in a row and under one message
MAX_IN_ROW, MAX_BUTTONS = 8, 100
#: how long a button works; what it acts on may end earlier and then says so in words
LIFETIME: Final = timedelta(days=30)
_SEAL_BYTES: Final = 9
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


#: what changes settings or money of the current portfolio: such a button acts on the settings that it was shown with, or not at all
BOUND: Final = frozenset(
    {
        "answer",
        "auto",
        "auto_yes",
        "unanswered",
        "use_preset",
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
    }
)
_BOUND_TO: Final = "~"


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
    #: shown for other settings, or for a portfolio that is not the current one
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Tap:
    """What a button means: an action and what it acts on."""

    action: str
    #: ids and choices, joined with ``:`` where there are several
    arg: str = ""

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


def bound(tap: Tap, revision: str) -> Tap:
    """Return a tap that acts only while the portfolio's settings are these."""
    return Tap(tap.action, f"{tap.arg}{_BOUND_TO}{revision}") if tap.action in BOUND else tap


def released(tap: Tap, revision: str) -> Tap | Refusal:
    """Return what a bound tap means while the settings are still those that it was shown with; an empty ``revision``: no portfolio.

    Without a portfolio there is nothing to change, and what was tapped says so itself.
    """
    if tap.action not in BOUND:
        return tap
    arg, _, shown_with = tap.arg.rpartition(_BOUND_TO)
    return Tap(tap.action, arg) if revision in ("", shown_with) else Refusal(Reason.CHANGED, tap.action, arg)


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
    revision: str = "",
    lifetime: timedelta = LIFETIME,
) -> InlineKeyboardMarkup | None:
    """Seal a view's buttons for ``person``; None where the view has none.

    ``revision`` is the portfolio's that the view speaks of: buttons that change settings work only while it stays.
    """
    if not keyboard:
        return None
    expires_at = now + lifetime
    rows = [[replace(button, tap=bound(button.tap, revision)) for button in row] for row in keyboard]
    return InlineKeyboardMarkup([[_sealed(button, signer, person, expires_at) for button in row] for row in rows])


def _sealed(button: Button, signer: Signer, person: Person, expires_at: datetime) -> InlineKeyboardButton:
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
