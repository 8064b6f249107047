"""The methods of the Bot API that concern the bot itself: its name, description, menu and way of getting updates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handlers.loopback.refusals import bad, too_many
from handlers.loopback.state import Webhook
from handlers.loopback.values import Change, Command

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.loopback.call import Call
    from handlers.loopback.state import State
    from handlers.loopback.values import TelegramUser

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_COMMANDS_MAX = 100
_COMMANDS_BYTES_MAX = 4096
_DESCRIPTION_MAX = 256
_LENGTHS = {"name": 64, "description": 512, "short_description": 120}


def menu_for(state: State, user: TelegramUser) -> tuple[Command, ...]:
    """Return the "/" menu that ``user`` sees in the private chat: the narrowest scope wins, then the language."""
    language = user.language[:2]
    for scope in (f"chat:{user.id}", "all_private_chats", "default"):
        for tongue in (language, ""):
            found = state.commands.get((scope, tongue))
            if found:
                return tuple(Command(command=c["command"], description=c["description"]) for c in found)
    return ()


def _get_me(state: State, _call: Call) -> object:
    return {**state.me(), "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}


def _get_chat(state: State, call: Call) -> object:
    chat = state.chat(call.params.get("chat_id"))
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, False)}
    return {**chat.to_json(), **full}


def _webhook_info(state: State, _call: Call) -> object:
    url = state.webhook.url if state.webhook is not None else ""
    return {"url": url, "has_custom_certificate": False, "pending_update_count": len(state.updates)}


def _set_webhook(state: State, call: Call) -> object:
    """Remember where to deliver; as Telegram, refuse a second change within a second."""
    url, secret, now = call.words("url"), call.words("secret_token"), state.clock.now().timestamp()
    if not url.startswith("https://"):
        raise bad("bad webhook: an HTTPS URL must be provided for webhook")
    if secret and not _SECRET.fullmatch(secret):
        raise bad("secret token contains unallowed characters")
    if state.webhook is not None and 0 <= now - state.webhook.since < 1:
        raise too_many(1)
    allowed = call.params.get("allowed_updates")
    if isinstance(allowed, list):
        state.allowed = frozenset(str(kind) for kind in allowed) or None
    state.webhook = Webhook(url=url, secret=secret, since=now)
    return True


def _delete_webhook(state: State, call: Call) -> object:
    state.webhook = None
    if call.flag("drop_pending_updates"):
        state.updates.clear()
    return True


def _scope(call: Call) -> tuple[str, str]:
    scope = call.params.get("scope") or {"type": "default"}
    language = call.words("language_code")
    if not isinstance(scope, dict) or not re.fullmatch(r"([a-z]{2})?", language):
        raise bad("invalid language code specified" if isinstance(scope, dict) else "can't parse BotCommandScope")
    kind = str(scope.get("type"))
    return (f"chat:{scope['chat_id']}" if kind == "chat" else kind), language


def _set_commands(state: State, call: Call) -> object:
    commands = call.params.get("commands")
    if not isinstance(commands, list):
        raise bad("can't parse commands: expected an Array")
    size = sum(len(str(c.get("command", "")).encode()) + len(str(c.get("description", "")).encode()) for c in commands)
    if len(commands) > _COMMANDS_MAX or size > _COMMANDS_BYTES_MAX:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(str(command.get("command", "")).removeprefix("/")):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", "")).strip()) <= _DESCRIPTION_MAX:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    state.commands[_scope(call)] = commands
    state.tell(Change(kind="menu", chat_id=0))
    return True


def _get_commands(state: State, call: Call) -> object:
    return state.commands.get(_scope(call), [])


def _delete_commands(state: State, call: Call) -> object:
    state.commands.pop(_scope(call), None)
    state.tell(Change(kind="menu", chat_id=0))
    return True


def described(state: State, what: str, language: str) -> str:
    """Return the bot's name, description or short description in ``language``, else in the default one."""
    return state.profile.get(f"{what}:{language[:2]}") or state.profile.get(what, "")


def _setter(what: str) -> Callable[[State, Call], object]:
    def set_it(state: State, call: Call) -> object:
        text, language = call.words(what), call.words("language_code")
        if len(text) > _LENGTHS[what]:
            raise bad(f"bot {what.replace('_', ' ')} is too long")
        state.profile[f"{what}:{language}" if language else what] = text
        state.tell(Change(kind="menu", chat_id=0))
        return True

    return set_it


def _getter(what: str) -> Callable[[State, Call], object]:
    def get_it(state: State, call: Call) -> object:
        return {what: described(state, what, call.words("language_code"))}

    return get_it


def _set_menu_button(state: State, call: Call) -> object:
    button = call.params.get("menu_button") or {"type": "default"}
    if not isinstance(button, dict) or button.get("type") not in {"commands", "web_app", "default"}:
        raise bad("can't parse menu button")
    state.menu_button = button
    return True


def _get_menu_button(state: State, _call: Call) -> object:
    return state.menu_button


#: By the method's name.
METHODS: dict[str, Callable[[State, Call], object]] = {
    "getMe": _get_me,
    "getChat": _get_chat,
    "getWebhookInfo": _webhook_info,
    "setWebhook": _set_webhook,
    "deleteWebhook": _delete_webhook,
    "setMyCommands": _set_commands,
    "getMyCommands": _get_commands,
    "deleteMyCommands": _delete_commands,
    "setMyName": _setter("name"),
    "getMyName": _getter("name"),
    "setMyDescription": _setter("description"),
    "getMyDescription": _getter("description"),
    "setMyShortDescription": _setter("short_description"),
    "getMyShortDescription": _getter("short_description"),
    "setChatMenuButton": _set_menu_button,
    "getChatMenuButton": _get_menu_button,
}
