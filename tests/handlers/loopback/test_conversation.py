"""A real python-telegram-bot application talks over the loopback, and a person sees it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from telegram import BotCommand, BotCommandScopeAllPrivateChats, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, Update
from telegram.error import BadRequest, Conflict, EndPointNotFound, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut
from telegram.ext import Application, CallbackQueryHandler, ChatMemberHandler, CommandHandler, MessageHandler, filters

from chatbot.clock import ManualClock
from handlers.loopback import Loopback, TelegramUser, bad_gateway, conflicted, flooded, lost_answer, reset

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram.ext import ContextTypes

ADA = TelegramUser(id=101, name="Ada", language="en")
BOB = TelegramUser(id=102, name="Bob", language="es-ES")
KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go"), InlineKeyboardButton("Site", url="https://a.b/")]])


def png(width: int = 8, height: int = 8) -> bytes:
    from PIL import Image  # noqa: PLC0415

    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "PNG")
    return out.getvalue()


async def _hello(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.effective_message.reply_html(f"Hello <b>{update.effective_user.first_name}</b> {context.args}", reply_markup=KEYBOARD)


async def _go(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.callback_query.answer("went")
    await update.callback_query.edit_message_text("Gone")


async def _echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    await update.effective_message.reply_text(f"{'edited' if update.edited_message else 'heard'}: {update.effective_message.text}")


async def _member(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    context.bot_data.setdefault("members", []).append((update.effective_chat.id, update.my_chat_member.new_chat_member.status))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
def loopback(clock: ManualClock) -> Loopback:
    return Loopback(clock)


@pytest.fixture
async def app(loopback: Loopback) -> AsyncIterator[Application]:
    app = Application.builder().token(loopback.token).request(loopback.request()).get_updates_request(loopback.request()).build()
    app.add_handler(CommandHandler("start", _hello))
    app.add_handler(CallbackQueryHandler(_go, pattern="^go$"))
    app.add_handler(ChatMemberHandler(_member))
    app.add_handler(MessageHandler(filters.TEXT, _echo))
    async with app:
        await app.start()
        await app.updater.start_polling()
        yield app
        await app.updater.stop()
        await app.stop()


async def test_a_command_is_answered_with_buttons_and_a_tap_edits_in_place(app: Application, loopback: Loopback) -> None:
    await loopback.start(ADA, "from-a_link")
    card = await loopback.shows(ADA.id, "Hello Ada ['from-a_link']")
    assert card.buttons == ("Go", "Site")
    assert [(e.type, e.offset, e.length) for e in card.entities] == [("bold", 6, 3)]
    query = await loopback.tap(ADA, card.id, "Go")
    assert (await loopback.answered(query)).text == "went"
    after = await loopback.shows(ADA.id, "Gone")
    assert after.id == card.id
    assert after.edited_at is not None
    assert after.buttons == ()


async def test_a_link_button_asks_the_bot_nothing_and_a_missing_button_can_not_be_tapped(app: Application, loopback: Loopback) -> None:
    await loopback.start(ADA)
    card = await loopback.shows(ADA.id, "Hello")
    assert await loopback.tap(ADA, card.id, "Site") is None
    with pytest.raises(LookupError, match="no button 'Stop'"):
        await loopback.tap(ADA, card.id, "Stop")


async def test_an_edited_message_reaches_the_bot_as_an_edit(app: Application, loopback: Loopback) -> None:
    said = await loopback.text(ADA, "one")
    await loopback.shows(ADA.id, "heard: one")
    await loopback.edit(ADA, said.id, "two")
    await loopback.shows(ADA.id, "edited: two")
    texts = [message.text for message in loopback.chat(ADA.id)]
    assert texts == ["two", "heard: one", "edited: two"], "one message, changed where it stood, and heard once as what it was"


async def test_blocking_is_told_once_and_then_every_call_is_forbidden(app: Application, loopback: Loopback) -> None:
    await loopback.text(ADA, "hi")
    await loopback.shows(ADA.id, "heard: hi")
    await loopback.block(ADA)
    with pytest.raises(Forbidden, match=r"(?i)bot was blocked by the user"):
        await app.bot.send_message(ADA.id, "?")
    await loopback.text(ADA, "back again")
    await loopback.shows(ADA.id, "heard: back again")
    assert app.bot_data["members"] == [(ADA.id, "kicked"), (ADA.id, "member")]


async def test_a_group_hears_only_commands_and_can_be_left(app: Application, loopback: Loopback) -> None:
    await loopback.group_text(ADA, -5, "just talk")
    await loopback.group_text(ADA, -5, "/start")
    await loopback.shows(-5, "Hello Ada")
    assert [m.text for m in loopback.chat(-5)][:2] == ["just talk", "/start"]
    await app.bot.leave_chat(-5)
    with pytest.raises(Forbidden, match="not a member"):
        await app.bot.send_message(-5, "?")
    assert app.bot_data["members"] == [(-5, "member")]


async def test_two_people_never_see_each_other(app: Application, loopback: Loopback) -> None:
    await loopback.text(ADA, "secret of ada")
    await loopback.text(BOB, "hola")
    await loopback.shows(BOB.id, "heard: hola")
    assert not any("ada" in m.text for m in loopback.chat(BOB.id))


async def test_faults_come_in_order_and_a_lost_answer_was_carried_out(
    app: Application, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # the library's coming type; the old one warns
    await loopback.text(ADA, "hi")
    await loopback.shows(ADA.id, "heard: hi")
    loopback.fail("sendMessage", flooded(7), bad_gateway(), conflicted(), reset(), lost_answer())
    for error in (RetryAfter, NetworkError, Conflict, NetworkError, TimedOut):
        with pytest.raises(error):
            await app.bot.send_message(ADA.id, error.__name__)
    assert loopback.last(ADA.id).text == "TimedOut"
    assert [m.text for m in loopback.chat(ADA.id)] == ["hi", "heard: hi", "TimedOut"]


async def test_a_wrong_token_and_an_unknown_method_are_refused(app: Application, loopback: Loopback) -> None:
    other = Application.builder().token("1:wrong").request(loopback.request()).build()
    with pytest.raises(InvalidToken):
        await other.bot.get_me()
    with pytest.raises(EndPointNotFound):
        await app.bot.do_api_request("sendNonsense")


async def test_a_late_or_second_answer_to_a_tap_is_refused(app: Application, loopback: Loopback, clock: ManualClock) -> None:
    await loopback.text(ADA, "hi")
    card = await app.bot.send_message(ADA.id, "card", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("X", callback_data="x")]]))
    query = await loopback.tap(ADA, card.message_id, "x")
    with pytest.raises(BadRequest, match=r"(?i)message_too_long"):
        await app.bot.answer_callback_query(query.id, "x" * 201)
    await app.bot.answer_callback_query(query.id, "x" * 200, show_alert=True)
    assert loopback.answer(query).alert
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await app.bot.answer_callback_query(query.id)
    late = await loopback.tap(ADA, card.message_id, "x")
    clock.advance(151)
    with pytest.raises(BadRequest, match=r"(?i)query is too old and response timeout expired or query ID is invalid"):
        await app.bot.answer_callback_query(late.id)
    assert loopback.answer(late) is None


async def test_text_becomes_a_picture_but_a_picture_never_text(app: Application, loopback: Loopback) -> None:
    await loopback.text(ADA, "hi")
    sent = await app.bot.send_message(ADA.id, "words", reply_markup=KEYBOARD)
    await app.bot.edit_message_media(InputMediaPhoto(png(), caption="<i>look</i>", parse_mode="HTML"), ADA.id, sent.message_id)
    shown = loopback.last(ADA.id)
    assert (shown.id, shown.text, shown.picture) == (sent.message_id, "look", png())
    assert shown.buttons == ()
    with pytest.raises(BadRequest, match=r"(?i)there is no text in the message to edit"):
        await app.bot.edit_message_text("words again", ADA.id, sent.message_id)
    await app.bot.edit_message_caption(ADA.id, sent.message_id, caption="new")
    assert loopback.last(ADA.id).text == "new"
    with pytest.raises(BadRequest, match=r"(?i)message is not modified"):
        await app.bot.edit_message_caption(ADA.id, sent.message_id, caption="new")
    await app.bot.edit_message_reply_markup(ADA.id, sent.message_id, reply_markup=KEYBOARD)
    assert loopback.last(ADA.id).buttons == ("Go", "Site")


async def test_a_document_and_a_photo_can_be_downloaded_and_sent_again(app: Application, loopback: Loopback) -> None:
    await loopback.text(ADA, "hi")
    sent = await app.bot.send_document(ADA.id, b"a,b\n1,2\n", filename="fills.csv", caption="Fills")
    assert (sent.document.file_name, sent.caption) == ("fills.csv", "Fills")
    assert await (await sent.document.get_file()).download_as_bytearray() == b"a,b\n1,2\n"
    photo = await app.bot.send_photo(ADA.id, png(40, 30))
    assert (photo.photo[-1].width, photo.photo[-1].height) == (40, 30)
    again = await app.bot.send_photo(ADA.id, photo.photo[-1].file_id)
    assert again.photo[-1].file_id == photo.photo[-1].file_id
    with pytest.raises(BadRequest, match=r"(?i)wrong file identifier"):
        await app.bot.send_photo(ADA.id, "nonsense")


async def test_the_menu_follows_scope_and_language(app: Application, loopback: Loopback) -> None:
    private = BotCommandScopeAllPrivateChats()
    await app.bot.set_my_commands([BotCommand("start", "Begin")], scope=private)
    await app.bot.set_my_commands([BotCommand("start", "Empezar")], scope=private, language_code="es")
    assert [c.description for c in loopback.menu(ADA)] == ["Begin"]
    assert [c.description for c in loopback.menu(BOB)] == ["Empezar"]
    await app.bot.delete_my_commands(scope=private, language_code="es")
    assert [c.description for c in loopback.menu(BOB)] == ["Begin"]
    with pytest.raises(BadRequest, match=r"(?i)bot_command_invalid"):
        await app.bot.set_my_commands([BotCommand("Start", "Begin")])
    await app.bot.set_my_description("Keeps balance")
    assert loopback.description(BOB) == "Keeps balance"


async def test_the_bot_can_delete_messages_for_two_days(app: Application, loopback: Loopback, clock: ManualClock) -> None:
    said = await loopback.text(ADA, "my key")
    await loopback.shows(ADA.id, "heard: my key")
    await app.bot.delete_message(ADA.id, said.id)
    assert [m.text for m in loopback.chat(ADA.id)] == ["heard: my key"]
    with pytest.raises(BadRequest, match=r"(?i)message to delete not found"):
        await app.bot.delete_message(ADA.id, said.id)
    clock.advance(49 * 3600)
    with pytest.raises(BadRequest, match=r"(?i)can't be deleted for everyone"):
        await app.bot.delete_message(ADA.id, loopback.last(ADA.id).id)


async def test_a_reader_is_told_what_happens_as_it_happens(app: Application, loopback: Loopback) -> None:
    with loopback.subscribed() as listener:
        await loopback.start(ADA)
        card = await loopback.shows(ADA.id, "Hello")
        await app.bot.send_chat_action(ADA.id, "typing")
        await loopback.answered(await loopback.tap(ADA, card.id, "go"))
        await loopback.shows(ADA.id, "Gone")
        await app.bot.delete_message(ADA.id, card.id)
        kinds = [listener.queue.get_nowait().kind for _ in range(listener.queue.qsize())]
    assert kinds == ["sent", "sent", "typing", "answered", "edited", "deleted"]
