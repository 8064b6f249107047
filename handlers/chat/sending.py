"""Putting a view into a chat, new or in place of an older one; what Telegram will not take of it is left out, not the whole."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from telegram import InputMediaPhoto, Message, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError

from chatbot.errors import contained
from handlers.chat.pictures import draw
from handlers.views.common import MAX_CAPTION, visible_length

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup
    from telegram.ext import ExtBot

    from handlers.views.common import View

log = structlog.get_logger()

_MARKUP = re.compile(r"<[^>]+>")
_PICTURE = (
    "image_process_failed",
    "photo_",
    "wrong type of the web page content",
    "file must be non-empty",
    "file is too big",
    "request entity too large",
)


def says(refusal: BadRequest, *known: str) -> bool:
    """Tell whether Telegram's sentence holds one of ``known``; the library changes its capitals."""
    text = str(refusal).lower()
    return any(part in text for part in known)


def markup_refused(refusal: BadRequest) -> bool:
    """Tell whether the text is fine but its markup is not."""
    return says(refusal, "can't parse entities", "can't parse message text")


def nothing_changed(refusal: BadRequest) -> bool:
    """Tell whether the message already looks like that."""
    return says(refusal, "message is not modified")


def message_gone(refusal: BadRequest) -> bool:
    """Tell whether the message that was to be edited is not there any more, or too old for it."""
    return says(refusal, "message to edit not found", "message can't be edited", "message_id_invalid")


def written(view: View, *, plain: bool) -> tuple[str, str | None]:
    """Return the text with its markup, or bare where Telegram refused the markup before."""
    text = view.text.encode("utf-8", "replace").decode()  # half a surrogate, from a name for instance, could never be sent
    if not plain:
        return text, ParseMode.HTML
    bare = _MARKUP.sub("", text)
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), None


async def send(
    bot: ExtBot[None],
    chat_id: int,
    view: View,
    keyboard: InlineKeyboardMarkup | None,
    *,
    plain: bool = False,
    silent: bool = False,
    reply_to: int | None = None,
) -> Message:
    """Send a view as a new message; without its picture where that is refused, or where the text is too long to be its caption.

    Only a view without a picture can be the reply to a message; where that is gone, it stands alone.
    """
    text, mode = written(view, plain=plain)
    picture = await _drawn(view)
    try:
        if picture is not None:
            return await bot.send_photo(chat_id, picture, caption=text, parse_mode=mode, reply_markup=keyboard, disable_notification=silent)
    except BadRequest as refusal:
        if not says(refusal, *_PICTURE):
            raise
        log.error("picture refused", error=str(refusal))  # noqa: TRY400 - Telegram's sentence says it all
    answered = ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to is not None else None
    return await bot.send_message(
        chat_id, text, parse_mode=mode, reply_markup=keyboard, disable_notification=silent, reply_parameters=answered
    )


async def take_away(bot: ExtBot[None], message: Message) -> None:
    """Delete a message whose place another one has taken; one that is too old for that stays, without its buttons."""
    try:
        await bot.delete_message(message.chat_id, message.message_id)
    except TelegramError as refusal:
        log.info("old message stays", error=str(refusal))
        with suppress(TelegramError):
            await bot.edit_message_reply_markup(message.chat_id, message.message_id)


async def edit(
    bot: ExtBot[None],
    chat_id: int,
    message_id: int,
    view: View,
    keyboard: InlineKeyboardMarkup | None,
    *,
    plain: bool = False,
    has_picture: bool = False,
) -> Message | None:
    """Edit a message into a view; None where that is impossible, because a picture's caption has no room for the text.

    Text cannot take the place of a picture, so it becomes its caption. ``has_picture`` is what the message most likely is; a wrong guess
    costs one refused call.
    """
    text, mode = written(view, plain=plain)
    if (edited := await _edit_picture(bot, chat_id, message_id, view, keyboard, plain=plain)) is not None:
        return edited
    fits = visible_length(view.text) <= MAX_CAPTION
    try:
        if has_picture and fits:
            return _message(await bot.edit_message_caption(chat_id, message_id, caption=text, parse_mode=mode, reply_markup=keyboard))
    except BadRequest as refusal:
        if not says(refusal, "no caption in the message"):
            raise
    try:
        return _message(await bot.edit_message_text(text, chat_id, message_id, parse_mode=mode, reply_markup=keyboard))
    except BadRequest as refusal:
        if not says(refusal, "no text in the message"):
            raise
    if has_picture or not fits:
        return None
    return _message(await bot.edit_message_caption(chat_id, message_id, caption=text, parse_mode=mode, reply_markup=keyboard))


async def _edit_picture(
    bot: ExtBot[None], chat_id: int, message_id: int, view: View, keyboard: InlineKeyboardMarkup | None, *, plain: bool
) -> Message | None:
    """Put a view with a picture in place of a message; None where there is none to show."""
    picture = await _drawn(view)
    if picture is None:
        return None
    text, mode = written(view, plain=plain)
    try:
        media = InputMediaPhoto(picture, caption=text, parse_mode=mode)
        return _message(await bot.edit_message_media(media, chat_id, message_id, reply_markup=keyboard))
    except BadRequest as refusal:
        if not says(refusal, *_PICTURE):
            raise
        log.error("picture refused", error=str(refusal))  # noqa: TRY400 - Telegram's sentence says it all
        return None


async def _drawn(view: View) -> bytes | None:
    """Draw a view's picture; the text says the same, so one that cannot be drawn, or whose caption would not fit, is left out."""
    if view.picture is None or visible_length(view.text) > MAX_CAPTION:
        return None
    with contained("picture could not be drawn", kind=view.picture.kind):  # a drawing library may fail in any way
        return await draw(view.picture)
    return None


def _message(edited: Message | bool) -> Message | None:
    return edited if isinstance(edited, Message) else None
