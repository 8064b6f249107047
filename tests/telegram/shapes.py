"""Updates of every kind as Telegram writes them, and what chance makes of them."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DATE = 1767603600
EVIL: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    -1001234567890,
    1e308,
    2**53,
    2**70,
    -(2**63),
    0.5,
    "",
    " ",
    "x" * 5000,
    "\ud800",
    "\0",
    "\u202e\u2066\n\u00ad",
    "👩\u200d👩\u200d👧" * 40,
    "/",
    "/@",
    "/start@",
    "/start " + "9" * 80,
    "</b>&lt;",
    [],
    {},
    [None],
    [[]],
    {"id": {}},
    {"id": "66"},
    [{"type": "bot_command", "offset": -5, "length": 2**40}],
    float("nan"),
    float("-inf"),
)
#: keys that Telegram may add to anything, or that mean something elsewhere
STRANGE = (
    "forward_origin",
    "forward_date",
    "sticker",
    "web_app_data",
    "giveaway",
    "date",
    "chat",
    "from",
    "photo",
    "text",
    "is_bot",
    "__class__",
)
_WORDS = ("/status", "/help", "/start", "/why", "/cancel", "/targets BTC 50 USDT 50", "/bands BTC 5", "hello", "10,000", "/settings")


def bodies(user: dict[str, Any], payloads: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Return a sound update of every kind from one person, whose buttons carry ``payloads``."""
    chat = {"id": user["id"], "type": "private", **{name: user[name] for name in ("first_name", "username") if name in user}}
    bot = {"id": 7000000001, "is_bot": True, "first_name": "Ballast", "username": "ballast_bot"}
    group = {"id": -1001234567890, "type": "supergroup", "title": "Group", "username": "group", "is_forum": True}
    channel = {"id": -1009876543210, "type": "channel", "title": "Channel"}
    said = {"message_id": 900, "date": _DATE, "chat": chat, "from": user}
    command = {**said, "text": "/status", "entities": [{"type": "bot_command", "offset": 0, "length": 7}]}
    post = {"message_id": 5, "date": _DATE, "chat": channel, "sender_chat": channel, "text": "a post"}
    sizes = [{"file_id": f"AgAC{n}", "file_unique_id": f"u{n}", "width": n, "height": n, "file_size": n} for n in (90, 320)]
    file = {"file_id": "BQAC", "file_unique_id": "u"}
    shown = {"message_id": 800, "date": _DATE, "chat": chat, "from": bot, "text": "a card", "reply_markup": {"inline_keyboard": [[]]}}
    tap = {"id": "4382", "from": user, "chat_instance": "-3512", "message": shown}
    inline = {"id": "7", "from": user, "query": "btc", "offset": ""}
    origin = {"type": "user", "sender_user": {"id": 99, "is_bot": False, "first_name": "Zoe"}, "date": _DATE}
    member = {"user": bot, "status": "member"}
    restricted = {"user": bot, "status": "restricted", "is_member": True, "until_date": 0, "can_send_messages": False}
    moved = {"chat": chat, "from": user, "date": _DATE, "old_chat_member": member}
    choices = [{"text": "yes", "voter_count": 0}]
    poll = {
        "id": "5",
        "question": "?",
        "options": choices,
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "quiz",
    }
    attachments: tuple[dict[str, Any], ...] = (
        {
            "photo": sizes,
            "caption": "/status",
            "caption_entities": [{"type": "bot_command", "offset": 0, "length": 7}],
            "media_group_id": "1",
        },
        {"sticker": {**file, "type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False, "emoji": "👍"}},
        {"document": {**file, "file_name": "keys.csv", "mime_type": "text/csv"}},
        {"voice": {**file, "duration": 3}},
        {"contact": {"phone_number": "1", "first_name": "Zoe", "user_id": 99}},
        {"location": {"latitude": 40.4, "longitude": -3.7, "live_period": 60}},
        {"dice": {"emoji": "🎲", "value": 6}},
        {"poll": poll},
        {"web_app_data": {"data": "{}", "button_text": "Open"}},
        {"pinned_message": {"chat": chat, "message_id": 1, "date": 0}},
        {"successful_payment": {"currency": "XTR", "total_amount": 1, "invoice_payload": "x", "telegram_payment_charge_id": "1"}},
        {"via_bot": bot, "text": "inline", "reply_to_message": command, "quote": {"text": "q", "position": 0}},
        {"forward_origin": origin, "text": "/pause", "entities": [{"type": "bot_command", "offset": 0, "length": 6}]},
        {"forward_from": user, "forward_date": _DATE, "text": "/mode auto"},
        {"text": "a link", "link_preview_options": {"is_disabled": True}, "entities": [{"type": "text_mention", "offset": 0, "length": 1}]},
    )
    return (
        *({"message": {**said, "text": words, "entities": [{"type": "bot_command", "offset": 0, "length": 7}]}} for words in _WORDS),
        *({"message": {**said, **attached}} for attached in attachments),
        {"edited_message": {**command, "edit_date": _DATE}},
        {"message": {**command, "chat": group}},
        {"message": {**said, "chat": group, "new_chat_members": [bot], "migrate_to_chat_id": -1009}},
        {"channel_post": post},
        {"edited_channel_post": {**post, "edit_date": _DATE}},
        *({"callback_query": {**tap, "data": payload}} for payload in (*payloads, "x", "v1.confirm.1.zzzzzz.AAAAAAAAAAAA")),
        {"callback_query": {**tap, "message": {"chat": chat, "message_id": 800, "date": 0}, "data": "x"}},
        {"callback_query": {"id": "9", "from": user, "chat_instance": "1", "inline_message_id": "BAAA", "game_short_name": "g"}},
        {"my_chat_member": {**moved, "new_chat_member": restricted}},
        {"my_chat_member": {**moved, "chat": group, "new_chat_member": {**member, "status": "kicked", "until_date": 0}}},
        {"chat_member": {**moved, "chat": group, "new_chat_member": member}},
        {"chat_join_request": {"chat": group, "from": user, "user_chat_id": user["id"], "date": _DATE}},
        {"inline_query": inline},
        {"chosen_inline_result": {"result_id": "1", "from": user, "query": "btc"}},
        {"poll": poll},
        {"poll_answer": {"poll_id": "5", "user": user, "option_ids": [0]}},
        {"message_reaction": {"chat": chat, "message_id": 1, "user": user, "date": _DATE, "old_reaction": [], "new_reaction": []}},
        {"business_message": {**command, "business_connection_id": "b"}},
        {"shipping_query": {"id": "1", "from": user, "invoice_payload": "x"}},
        {"a_kind_of_next_year": {"from": user, "text": "/status"}},
    )


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(items):
        yield value, key
        yield from _places(inner)


@dataclass(slots=True)
class Chance:
    """Makes updates that no promise covers, the same ones for the same seed."""

    seed: int
    sound: Sequence[dict[str, Any]]
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def text(self, number: int) -> str:
        """Return the JSON of the next update, some of it wrong: a field, a shape, or now and then the text itself."""
        written = json.dumps({"update_id": number, **self._mutated()})
        return self._spoiled(written) if self._random.random() < 0.005 else written

    def strange_number(self, number: int) -> Any:
        """Return what should be the number of an update: one that was there before, one that is none, or one far beyond."""
        return self._random.choice((number - 1, number - 40, 1, 0, -3, 2**31, 2**40, 2**62, 1.5, "7", None, [], True))

    def chooses(self, share: float) -> bool:
        """Tell whether something of this share happens now."""
        return self._random.random() < share

    def _mutated(self) -> dict[str, Any]:
        body = copy.deepcopy(self._random.choice(self.sound))
        for _ in range(self._random.choice((0, 1, 1, 2, 5))):
            places = list(_places(body))
            if not places:
                break
            self._change(*self._random.choice(places))
        return body

    def _change(self, holder: Any, key: Any) -> None:
        what = self._random.random()
        if what < 0.2:
            del holder[key]
        elif what < 0.3 and isinstance(holder, dict):
            holder[self._random.choice(STRANGE)] = copy.deepcopy(self._random.choice(EVIL))
        elif what < 0.4 and isinstance(holder[key], str):
            holder[key] = self._scratched(holder[key])
        elif what < 0.42:
            holder[key] = self._deep(holder[key])
        else:
            holder[key] = copy.deepcopy(self._random.choice(EVIL))

    def _scratched(self, words: str) -> str:
        """Change one letter: of a name, of a sealed button, of a command."""
        at = self._random.randrange(len(words) + 1)
        return words[:at] + self._random.choice(("", "A", ".", "~", ":", "\ud800", "9", "-", "/")) + words[at + 1 :]

    def _deep(self, value: Any) -> Any:
        for _ in range(self._random.choice((3, 60, 150))):  # several of them stay within what can be written
            value = {"reply_to_message": value} if self._random.random() < 0.5 else [value]
        return value

    def _spoiled(self, written: str) -> str:
        """Return text that is no JSON any more, or JSON that no reader of ours takes, with its number still in front."""
        number = written.index(",") if "," in written else len(written) - 1
        cut = self._random.randrange(number, len(written))
        return self._random.choice(
            (
                written[:cut],
                written[:cut] + "\x07" + written[cut:],
                written[:cut] + "\0",
                written[:-1] + ', "message": ' + "[" * 3000 + "]" * 3000 + "}",
                written[:-1] + ', "poll": {"id": ' + "9" * 5000 + "}}",
                written.replace('"', "'"),
            )
        )
