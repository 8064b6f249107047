"""Inline keyboards as Telegram judges them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from handlers.loopback.refusals import bad

#: Rows of buttons, each as the Bot API writes it.
Keyboard = tuple[tuple[Mapping[str, object], ...], ...]

_BUTTONS_MAX = 100
_ROW_MAX = 8
_BYTES_MAX = 10_000
_ACTIONS = frozenset(
    {"callback_data", "url", "copy_text", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat", "pay"}
)
_STYLES = frozenset({"primary", "success", "danger"})
#: Keyboards that are not inline and change nothing that a reader sees.
_INVISIBLE = frozenset({"remove_keyboard", "force_reply"})


def checked_keyboard(markup: object) -> Keyboard:
    """Return the rows of ``markup`` (None and an empty keyboard are no rows); refuses what Telegram refuses."""
    if markup is None:
        return ()
    if not isinstance(markup, Mapping):
        raise bad("object expected as reply markup")
    if _INVISIBLE & markup.keys():
        return ()
    rows = markup.get("inline_keyboard")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad("can't parse inline keyboard: expected an Array of Array")
    keyboard = tuple(tuple(_checked(button) for button in row) for row in rows if row)
    _check_size(keyboard)
    return keyboard


def _check_size(keyboard: Keyboard) -> None:
    too_many = sum(len(row) for row in keyboard) > _BUTTONS_MAX or any(len(row) > _ROW_MAX for row in keyboard)
    if too_many or len(json.dumps(keyboard, ensure_ascii=False).encode()) > _BYTES_MAX:
        raise bad("REPLY_MARKUP_TOO_LONG")


def _checked(button: object) -> Mapping[str, object]:
    """Return ``button`` if Telegram would show it."""
    if not isinstance(button, Mapping):
        raise bad("can't parse inline keyboard button: expected an Object")
    text = button.get("text")
    if not isinstance(text, str) or not text.strip():
        raise bad("can't parse inline keyboard button: BUTTON_TEXT_EMPTY")
    actions = _ACTIONS & button.keys()
    if len(actions) != 1:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if "url" in button:
        _check_url(str(button["url"]))
    if "copy_text" in button:
        _check_copy(button["copy_text"])
    if button.get("style") not in {None, *_STYLES}:
        raise bad("can't parse inline keyboard button: invalid button style specified")
    return dict(button)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "tg"} or not parts.netloc:
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _check_copy(copy: object) -> None:
    text = copy.get("text") if isinstance(copy, Mapping) else None
    if not isinstance(text, str) or not 1 <= len(text) <= 256:
        raise bad("BUTTON_COPY_TEXT_INVALID")
