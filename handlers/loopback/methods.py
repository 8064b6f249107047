"""The methods of the Bot API that concern messages and taps, each a function from state and call to the result."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from handlers.loopback import profile
from handlers.loopback.refusals import Refused, bad
from handlers.loopback.state import TAP_AGE_S_MAX, Chat, State
from handlers.loopback.values import Answer, Attachment, Change, Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from handlers.loopback.call import Call
    from handlers.loopback.markup import Formatted

_DELETE_AGE_MAX = timedelta(hours=48)
_ANSWER_MAX = 200
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
_ACTIONS = frozenset(
    {"typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document", "choose_sticker"}
    | {"find_location", "record_video_note", "upload_video_note"}
)


def message_json(state: State, message: Message) -> dict[str, object]:
    """Return ``message`` as the Bot API writes it."""
    chat = state.chats[message.chat_id]
    body: dict[str, object] = {
        "message_id": message.id,
        "date": int(message.sent_at.timestamp()),
        "chat": chat.to_json(),
        "from": state.me() if message.sender is None else message.sender.to_json(),
    }
    text, entities = ("caption", "caption_entities") if message.attachment else ("text", "entities")
    if message.text or not message.attachment:
        body[text] = message.text
    if message.entities:
        body[entities] = [entity.to_json() for entity in message.entities]
    if message.attachment:
        body |= message.attachment.to_json()
    if message.keyboard:
        body["reply_markup"] = {"inline_keyboard": [[dict(button) for button in row] for row in message.keyboard]}
    if message.edited_at:
        body["edit_date"] = int(message.edited_at.timestamp())
    if message.reply_to in chat.messages:
        body["reply_to_message"] = message_json(state, replace(chat.messages[message.reply_to], reply_to=None))
    return body


async def _get_updates(state: State, call: Call) -> object:
    allowed = call.params.get("allowed_updates")
    if isinstance(allowed, list):
        state.allowed = frozenset(str(kind) for kind in allowed) or None
    limit = min(max(call.number("limit", 100), 1), 100)
    return await state.poll(offset=call.number("offset", 0), limit=limit, timeout_s=min(call.number("timeout", 0), 50))


def _send_message(state: State, call: Call) -> object:
    return _sent(state, call, call.text(), None)


def _send_photo(state: State, call: Call) -> object:
    return _sent(state, call, call.caption(), _attachment(state, call, "photo", call.params.get("photo")))


def _send_document(state: State, call: Call) -> object:
    return _sent(state, call, call.caption(), _attachment(state, call, "document", call.params.get("document")))


def _attachment(state: State, call: Call, kind: str, reference: object) -> Attachment:
    """Return the attachment of ``call`` and remember it."""
    attachment = call.attachment(kind, reference, state.files, f"{kind}{state.epoch + len(state.files) + 1}")
    return state.files.setdefault(attachment.file_id, attachment)


def _sent(state: State, call: Call, words: Formatted, attachment: Attachment | None) -> dict[str, object]:
    chat = state.open_chat(call.params.get("chat_id"))
    message = Message(
        id=state.next_message_id(),
        chat_id=chat.id,
        sender=None,
        sent_at=state.clock.now(),
        text=words.text,
        entities=words.entities,
        attachment=attachment,
        keyboard=call.keyboard(),
        reply_to=_reply_to(chat, call),
        silent=call.flag("disable_notification"),
    )
    return message_json(state, state.put(message))


def _reply_to(chat: Chat, call: Call) -> int | None:
    wish = call.params.get("reply_parameters")
    if not isinstance(wish, dict):
        return None
    if wish.get("message_id") in chat.messages:
        return int(wish["message_id"])
    if wish.get("allow_sending_without_reply"):
        return None
    raise bad("message to be replied not found")


def _own(state: State, call: Call) -> Message:
    """Return the bot's message that the call wants to edit."""
    chat = state.open_chat(call.params.get("chat_id"))
    message = chat.messages.get(call.number("message_id"))
    if message is None:
        raise bad("message to edit not found")
    if message.sender is not None:
        raise bad("message can't be edited")
    return message


def _edited(state: State, old: Message, new: Message) -> dict[str, object]:
    if new == old:
        raise bad(_NOT_MODIFIED)
    return message_json(state, state.put(replace(new, edited_at=state.clock.now())))


def _edit_text(state: State, call: Call) -> object:
    words = call.text()
    old = _own(state, call)
    if old.attachment:
        raise bad("there is no text in the message to edit")
    return _edited(state, old, replace(old, text=words.text, entities=words.entities, keyboard=call.keyboard()))


def _edit_caption(state: State, call: Call) -> object:
    words = call.caption()
    old = _own(state, call)
    if not old.attachment:
        raise bad("there is no caption in the message to edit")
    return _edited(state, old, replace(old, text=words.text, entities=words.entities, keyboard=call.keyboard()))


def _edit_media(state: State, call: Call) -> object:
    media = call.media()
    kind = str(media.get("type"))
    if kind not in {"photo", "document"}:
        raise bad("type of media is not known here")
    words = call.caption(media)
    attachment = _attachment(state, call, kind, media.get("media"))
    old = _own(state, call)
    new = replace(old, attachment=attachment, text=words.text, entities=words.entities, keyboard=call.keyboard())
    return _edited(state, old, new)


def _edit_markup(state: State, call: Call) -> object:
    old = _own(state, call)
    return _edited(state, old, replace(old, keyboard=call.keyboard()))


def _delete(state: State, call: Call) -> object:
    chat = state.open_chat(call.params.get("chat_id"))
    message = chat.messages.get(call.number("message_id"))
    if message is None:
        raise bad("message to delete not found")
    foreign_in_group = message.sender is not None and chat.user is None
    if foreign_in_group or state.clock.now() - message.sent_at > _DELETE_AGE_MAX:
        raise bad("message can't be deleted for everyone")
    state.forget(chat, [message.id])
    return True


def _delete_many(state: State, call: Call) -> object:
    chat = state.open_chat(call.params.get("chat_id"))
    numbers = call.params.get("message_ids")
    known = [number for number in numbers if number in chat.messages] if isinstance(numbers, list) else []
    state.forget(chat, known)
    return True


def _answer(state: State, call: Call) -> object:
    """One answer to a tap, within 150 s."""
    query = state.queries.get(call.words("callback_query_id"))
    late = query is None or (state.clock.now() - query.tapped_at).total_seconds() > TAP_AGE_S_MAX
    if query is None or late or query.answer is not None:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    text = call.words("text").strip()
    if len(text) > _ANSWER_MAX:
        raise bad("MESSAGE_TOO_LONG")
    answered = replace(query, answer=Answer(text=text, alert=call.flag("show_alert"), url=call.words("url") or None))
    state.queries[query.id] = answered
    state.tell(Change(kind="answered", chat_id=query.chat_id, query=answered))
    return True


def _action(state: State, call: Call) -> object:
    chat = state.open_chat(call.params.get("chat_id"))
    if call.words("action") not in _ACTIONS:
        raise bad("wrong parameter action in request")
    state.tell(Change(kind="typing", chat_id=chat.id))
    return True


def _get_file(state: State, call: Call) -> object:
    attachment = state.files.get(call.words("file_id"))
    if attachment is None:
        raise bad("invalid file_id")
    facts = {"file_id": attachment.file_id, "file_unique_id": f"u{attachment.file_id}", "file_size": len(attachment.data)}
    return {**facts, "file_path": f"{attachment.kind}s/{attachment.file_id}"}


def _leave(state: State, call: Call) -> object:
    chat = state.open_chat(call.params.get("chat_id"))
    if chat.user is not None:
        raise bad("chat member status can't be changed in private chats")
    chat.closed = "bot is not a member of the group chat"
    return True


_NOW: dict[str, Callable[[State, Call], object]] = {
    "sendMessage": _send_message,
    "sendPhoto": _send_photo,
    "sendDocument": _send_document,
    "editMessageText": _edit_text,
    "editMessageCaption": _edit_caption,
    "editMessageMedia": _edit_media,
    "editMessageReplyMarkup": _edit_markup,
    "deleteMessage": _delete,
    "deleteMessages": _delete_many,
    "answerCallbackQuery": _answer,
    "sendChatAction": _action,
    "getFile": _get_file,
    "leaveChat": _leave,
    **profile.METHODS,
}
_WAITING: dict[str, Callable[[State, Call], Awaitable[object]]] = {"getUpdates": _get_updates}


async def perform(state: State, call: Call) -> object:
    """Carry out ``call`` and return its result; raises Refused."""
    if call.method in _WAITING:
        return await _WAITING[call.method](state, call)
    if call.method not in _NOW:
        raise Refused(404, "Not Found")
    return _NOW[call.method](state, call)
