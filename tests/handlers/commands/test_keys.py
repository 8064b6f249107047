"""Exchange keys from the chat: how one is made is told, one is given and checked at its exchange, listed, looked at again and removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from telegram.error import BadRequest

from chatbot.store import tables
from chatbot.vault import new_master_key
from handlers.loopback import TelegramUser
from handlers.transport import updates
from tests.exchanges.live.key_server import API_KEY, SECRET, KeyServer, key_server
from tests.person import ANN, BEN, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.person import Someone

KEY = f"{API_KEY}\n{SECRET}"


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    async with key_server() as serving:
        yield serving


@pytest.fixture
async def ann(tmp_path: Path, server: KeyServer) -> AsyncIterator[Someone]:
    async with someone(tmp_path, secret_keys=new_master_key(), exchange_options=server.options) as found:
        yield found


async def give(ann: Someone, text: str = KEY, exchange: str = "Binance") -> str:
    await ann.say("/connect")
    await ann.taps(exchange, "Send it here")
    return await ann.say(text)


async def rows(ann: Someone, table: str) -> list[tuple[Any, ...]]:
    async with ann.program.db.read() as tx:
        return [tuple(row) for row in await tx.execute(select(tables.metadata.tables[table]))]


async def test_a_key_is_connected_in_the_chat_checked_and_listed(ann: Someone) -> None:
    """Three steps and a warning; the message with the key is gone before anything else, and what the exchange said stands on the card."""
    await ann.say("/connect")
    shown = await ann.taps("Binance")
    assert "1. On binance.com/my/settings/api-management, create an API key" in shown.text
    assert "\n3. Copy both parts." in shown.text
    assert "⚠ I have no web address" in shown.text
    assert "No real account has been connected yet." in shown.text
    await ann.tap("Send it here")
    answer = await ann.say(f"API Key: {API_KEY}\nSecret Key: {SECRET}")
    assert "could not delete" not in answer
    assert not any(SECRET in message.text for message in ann.loopback.chat(ann.user.id))
    card = ann.sees("Connected\nBinance …Eh8A", "Spot: 0.6 BTC", "Futures: 122.12 USDT", "With a key I only read")
    assert "Withdraws" in card.text
    assert await ann.say("/keys") == "Your exchange keys\nBinance …Eh8A · could trade"
    assert (await ann.dialog()) is None


async def test_while_a_key_is_asked_for_nothing_that_is_typed_is_written_down(ann: Someone) -> None:
    """Not even while the update waits: a text before, with the key, and a forwarded one; the next one after it is written again."""
    await ann.say("/connect")
    await ann.taps("Binance", "Send it here")
    await ann.loopback.text(ann.user, f"my key is {KEY}")
    pending = await ann.pull()
    (body,) = [row[1] for row in await rows(ann, "pf_updates") if row[1]]
    stored = json.loads(body)["message"]
    assert (stored.keys(), stored["text"]) == ({"message_id", "date", "chat", "from", "text"}, "")
    assert SECRET not in repr(pending)
    assert SECRET not in str(pending[0].to_dict())
    for update in pending:
        await ann.bot.update_processor.process_update(update, ann.bot.process_update(update))
    ann.sees("Connected")
    await ann.loopback.text(ann.user, "hello again")
    await ann.pull()
    assert "hello again" in (await rows(ann, "pf_updates"))[-1][1]


@pytest.mark.parametrize("kind", ["edited", "forwarded", "unreadable"])
async def test_a_key_that_comes_in_another_shape_is_written_down_nowhere(ann: Someone, kind: str) -> None:
    """Changed into an older message, forwarded, or in an update that cannot be read: what can be deleted is, and nothing acts."""
    await ann.say("/connect")
    await ann.taps("Binance", "Send it here")
    await ann.loopback.text(ann.user, "wait")
    await ann.handle()
    own = [one for one in ann.loopback.chat(ann.user.id) if one.sender is not None]
    chat = {"id": ann.user.id, "type": "private"}
    body: dict[str, Any] = {"message_id": max([one.id for one in own], default=1), "date": 1, "chat": chat, "text": KEY}
    body["from"] = {"id": ann.user.id, "is_bot": False, "first_name": "Ann"}
    if kind == "edited":
        ann.loopback._state.queue_update("edited_message", {**body, "edit_date": 2})
    elif kind == "forwarded":
        ann.loopback._state.queue_update("message", {**body, "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "x"}})
    else:
        ann.loopback._state.queue_update("message", {**body, "chat": {"id": "?", "type": "?"}})
    before = len(await rows(ann, "pf_updates"))
    pending = await ann.pull()
    stored = await rows(ann, "pf_updates")
    assert len(stored) == before + 1
    assert SECRET not in repr(stored)
    assert SECRET not in repr(pending)
    for update in pending:
        await ann.bot.update_processor.process_update(update, ann.bot.process_update(update))
    assert await rows(ann, "pf_keys") == []
    assert SECRET not in repr(await rows(ann, "pf_updates"))


@pytest.mark.long
async def test_a_process_killed_before_it_read_the_key_asks_for_it_again(tmp_path: Path, server: KeyServer) -> None:
    """What was typed is nowhere; its message is deleted all the same, and a bare command is still obeyed."""
    settings: dict[str, Any] = {"secret_keys": new_master_key(), "exchange_options": server.options}
    async with someone(tmp_path, **settings) as ann:
        await ann.say("/connect")
        await ann.taps("Binance", "Send it here")
        await ann.loopback.text(ann.user, KEY)
        await ann.pull()
    async with someone(tmp_path, loopback=ann.loopback, clock=ann.clock, **settings) as again:
        again.turn.offset = ann.turn.offset
        await restored(again)
        again.sees("I did not keep your last message")
        assert not any(SECRET in message.text for message in again.loopback.chat(again.user.id))
        assert "Connected" in await again.say(KEY)


@pytest.mark.long
async def test_a_process_killed_before_it_read_a_key_that_nobody_asked_for_deletes_its_message(tmp_path: Path) -> None:
    """What was typed is nowhere: the next process cannot know that it was a key, and leaves it in no chat all the same."""
    async with someone(tmp_path, secret_keys=new_master_key()) as ann:
        await ann.say("/start")
        await ann.loopback.text(ann.user, KEY)
        await ann.pull()
        for path in ann.program.settings.data_dir.iterdir():
            assert SECRET.encode() not in path.read_bytes(), path
    async with someone(tmp_path, loopback=ann.loopback, clock=ann.clock, secret_keys=new_master_key()) as again:
        again.turn.offset = ann.turn.offset
        await restored(again)
        again.sees("I did not keep your last message")
        assert not any(SECRET in message.text for message in again.loopback.chat(again.user.id))


async def restored(again: Someone) -> None:
    """Handle what an earlier process left, as the start does."""
    await updates.restore(again.program.db, again.bot.update_queue, again.bot.bot)
    while not again.bot.update_queue.empty():
        update: Any = again.bot.update_queue.get_nowait()
        await again.bot.update_processor.process_update(update, again.bot.process_update(update))


async def test_a_bare_command_leaves_the_question(ann: Someone) -> None:
    await ann.say("/connect")
    await ann.taps("Bybit", "Send it here")
    assert await ann.say("/cancel") == "Cancelled. Nothing was changed."
    assert "Not" not in await ann.say("hello")
    assert [row[1] for row in await rows(ann, "pf_updates") if row[1]] == []


@pytest.mark.parametrize("text", ["hello", API_KEY, f"{API_KEY} {API_KEY}", f"{KEY} {SECRET[::-1]}", "ключ и секрет"])
async def test_what_is_no_key_is_answered_with_what_to_send(ann: Someone, text: str) -> None:
    """And is deleted, because half of a key is one too many in a chat; the question stays open."""
    assert "I need two things in one message" in await give(ann, text)
    assert not any(text in message.text for message in ann.loopback.chat(ann.user.id))
    assert "Connected" in await ann.say(KEY)


async def test_a_key_that_may_withdraw_is_refused_with_its_cure_and_not_kept(ann: Someone, server: KeyServer) -> None:
    server.answers["/sapi/v1/account/apiRestrictions"]["enableWithdrawals"] = True
    answer = await give(ann)
    assert "The key was not kept\nBinance …Eh8A\n• It can withdraw, and I accept no such key." in answer
    assert "Take that right from it at Binance, or make one without." in answer
    assert await rows(ann, "pf_keys") == []
    assert await ann.say("/keys") == "You have not connected an exchange yet."


@pytest.mark.long
async def test_a_bybit_key_and_what_is_wrong_with_its_account(ann: Someone, server: KeyServer) -> None:
    """Every problem has its cure in one sentence, on the card and later from /keys."""
    server.answers["/v5/position/list"]["result"]["list"] = [{"symbol": "BTCUSDT", "positionIdx": 1, "size": "0"}]
    server.bybit(ips=["*"], deadlineDay=9, expiredAt="2026-01-14T07:20:25Z")
    answer = await give(ann, exchange="Bybit")
    assert "I need one-way mode. In Bybit: a USDT contract, Settings, Position Mode, One-Way." in answer
    assert "• It expires on 14 Jan 2026. Make a new one at Bybit before that" in answer
    assert "• It works from any address. Safer: at Bybit, tie it to mine" in answer
    assert "Unified account: 950.5 USDT" in answer
    server.answers["/v5/position/list"]["result"]["list"] = [{"symbol": "BTCUSDT", "positionIdx": 0, "size": "0"}]
    server.bybit(readOnly=1)
    await ann.say("/keys")
    await ann.taps("Bybit …Eh8A", "Check again")
    assert "one-way" not in ann.last.text
    assert "It can't trade coins. I only read, so that is fine." in ann.last.text


@pytest.mark.long
async def test_a_key_is_removed_after_one_question_and_really_gone(ann: Someone) -> None:
    await give(ann)
    await ann.say("/disconnect")
    ann.sees("Remove this key?", "Nothing at Binance changes.")
    await ann.tap("Remove")
    ann.sees("The key Binance …Eh8A is removed.", "Delete it at Binance as well")
    assert await rows(ann, "pf_keys") == []
    assert await ann.say("/disconnect") == "You have not connected an exchange yet."


@pytest.mark.long
async def test_with_several_keys_the_person_says_which_and_a_stranger_finds_none(ann: Someone, server: KeyServer) -> None:
    """Another person's button is refused, and their lists are empty."""
    await give(ann)
    await give(ann, exchange="Bybit")
    await ann.say("/disconnect")
    which = ann.sees("Which key should I remove?")
    assert which.buttons == ("Binance …Eh8A", "Bybit …Eh8A")
    ben = ann.beside(BEN)
    assert await ben.say("/keys") == "You have not connected an exchange yet."
    await ann.taps("Bybit …Eh8A", "Remove")
    await ann.tap("Bybit …Eh8A", on=which)
    ann.sees("This key is not there any more.")
    assert len(await rows(ann, "pf_keys")) == 1
    assert ANN.id != BEN.id


@pytest.mark.long
async def test_what_becomes_wrong_with_a_key_is_told_with_its_cure(ann: Someone, server: KeyServer) -> None:
    """A day later it is asked about again; its message opens the key, and a key that was removed meanwhile is told nothing of."""
    await give(ann)
    server.answers["/sapi/v1/account/apiRestrictions"]["enableWithdrawals"] = True
    ann.clock.advance(86_400)
    await ann.program.keyring.tend()
    await ann.outbox.drain()
    ann.sees("Your key needs you\nBinance …Eh8A\n• It can withdraw, and I accept no such key.")
    await ann.tap("Look at it")
    ann.sees("Withdraws")
    server.answers["/sapi/v1/account/apiRestrictions"].update(enableWithdrawals=False, enableReading=False)
    ann.clock.advance(86_400)
    await ann.program.keyring.tend()
    await ann.taps("Remove…", "Remove")
    before = ann.newest
    await ann.outbox.drain()
    assert ann.since(before) == ""


async def test_a_question_is_forgotten_after_an_hour_and_a_key_that_comes_unasked_is_deleted(ann: Someone) -> None:
    """Who has forgotten it is not hushed for ever; a key that comes then, or was never asked for, does not stay in the chat."""
    await ann.say("/connect")
    await ann.taps("Binance", "Send it here")
    ann.clock.advance(3600)
    assert "status" in (await ann.say("stauts")).lower()
    assert "so I deleted the message and did nothing else with it." in await ann.say(KEY)
    assert not any(SECRET in message.text for message in ann.loopback.chat(ann.user.id))
    assert await rows(ann, "pf_keys") == []
    assert await ann.dialog() is None
    assert "deleted" not in await ann.say("0.123456789012 BTC 0.12345678901234567 ETH")


UNASKED = {
    "arguments": ("message", {"text": f"/connect binance {API_KEY} {SECRET}"}),
    "another command": ("message", {"text": f"/status {API_KEY} {SECRET}"}),
    "no command": ("message", {"text": f"/kyes {API_KEY} {SECRET}"}),
    "a sentence": ("message", {"text": f"my key is {API_KEY}, the secret {SECRET}"}),
    "the secret alone": ("message", {"text": SECRET}),
    "below a picture": ("message", {"photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}], "caption": KEY}),
    "below a file": ("message", {"document": {"file_id": "a", "file_unique_id": "b"}, "caption": KEY}),
    "edited": ("edited_message", {"text": KEY, "edit_date": 2}),
    "edited caption": ("edited_message", {"caption": KEY, "edit_date": 2}),
    "forwarded": ("message", {"text": KEY, "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "x"}}),
}


@pytest.mark.parametrize("text", ["sent to 0x" + "5290Ab41" * 5, "0x" + "8f14e45f" * 8 + " from 0x" + "5290Ab41" * 5])
async def test_what_a_chain_shows_to_everybody_is_no_key(ann: Someone, text: str) -> None:
    """The address of a wallet stays in the chat."""
    assert "exchange key" not in await ann.say(text)
    assert any(message.text == text for message in ann.loopback.chat(ann.user.id))


async def test_what_was_deleted_may_have_been_no_key_and_that_is_said(ann: Someone) -> None:
    """The number of a transfer is as long as the secret half of a key."""
    said = await ann.say("/deposit 0.1 BTC " + "8f14e45f" * 8)
    assert "did nothing else with it" in said
    assert "If it is none, send the message again without the long word." in said


@pytest.mark.parametrize("shape", UNASKED)
async def test_a_key_that_nobody_asked_for_is_deleted_and_written_down_nowhere(ann: Someone, shape: str) -> None:
    """However it comes: its message goes, the person is warned, nothing acts, and no file of the bot ever held it."""
    kind, said = UNASKED[shape]
    await ann.say("wait")
    (own,) = [one for one in ann.loopback.chat(ann.user.id) if one.sender is not None]
    chat, sender = {"id": ann.user.id, "type": "private"}, {"id": ann.user.id, "is_bot": False, "first_name": "Ann"}
    before = ann.newest
    await ann.update(kind, message_id=own.id, date=1, chat=chat, **{"from": sender}, **_commands(said), **said)
    assert ann.since(before).startswith("That may be an exchange key, so I deleted the message and did nothing else with it.")
    assert not any(one.sender is not None for one in ann.loopback.chat(ann.user.id))
    assert await rows(ann, "pf_keys") == []
    for path in ann.program.settings.data_dir.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path


def _commands(said: dict[str, Any]) -> dict[str, Any]:
    """Return how Telegram marks the command that a text begins with."""
    first = said.get("text", "").split(" ")[0]
    return {"entities": [{"type": "bot_command", "offset": 0, "length": len(first)}]} if first.startswith("/") else {}


UNREAD = {
    "in a chat that cannot be read": ("message", {"text": KEY, "chat": {"id": "?", "type": "?"}}),
    "by somebody who cannot be read": ("message", {"text": KEY, "from": {"id": "?"}}),
    "in a kind that is not served": ("channel_post", {"text": KEY}),
    "in what is answered": ("message", {"text": "hello", "reply_to_message": {"message_id": 1, "date": 1, "text": KEY}}),
    "in what is quoted": ("message", {"text": "hello", "quote": {"text": KEY, "position": 0}}),
    "in a field of a newer version": ("message", {"text": "hello", "spoken": {"words": [{"said": KEY}]}}),
}


@pytest.mark.parametrize("place", UNREAD)
async def test_a_key_in_what_is_not_read_is_written_down_nowhere(ann: Someone, place: str) -> None:
    """Nobody knows whose it is, or looks at that part of an update at all: no file of the bot holds it, and the next word is answered."""
    kind, said = UNREAD[place]
    chat, sender = {"id": ann.user.id, "type": "private"}, {"id": ann.user.id, "is_bot": False, "first_name": "Ann"}
    await ann.update(kind, **{"message_id": 1, "date": 1, "chat": chat, "from": sender, **said})
    for path in ann.program.settings.data_dir.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path
    assert "/status" in await ann.say("hello")


@pytest.mark.parametrize("cut", [1, 60])
async def test_a_key_in_half_an_update_is_written_down_nowhere(ann: Someone, cut: int) -> None:
    """The line broke in the middle of it: there is no reading it, and what can be seen of it is like a key."""
    text = json.dumps({"update_id": 900, "message": {"reply_to_message": {"sender_user_name": "x"}, "text": KEY, "date": 1}})
    await ann.line.updates.take([(900, text[:-cut])], ann.bot.bot)
    assert SECRET[:30] not in repr(await rows(ann, "pf_updates"))


async def test_a_strangers_key_is_deleted_too(ann: Someone) -> None:
    eve = ann.beside(TelegramUser(id=66, name="Eve"))
    await eve.say(KEY)
    assert not any(SECRET in one.text for one in eve.loopback.chat(66))
    for path in ann.program.settings.data_dir.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path


async def test_a_message_that_telegram_does_not_delete_is_said_so(ann: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The person can: it must not stay in silence."""

    async def refuse(*_: object, **__: object) -> bool:
        raise BadRequest("Message can't be deleted for everyone")

    monkeypatch.setattr(type(ann.bot.bot), "delete_message", refuse)
    assert "⚠ I could not delete your message. Delete it yourself, for everybody." in await give(ann)


async def test_without_a_master_key_the_operators_part_is_told(tmp_path: Path) -> None:
    """In the demo, where nothing leaves the machine, that is what is said."""
    async with someone(tmp_path) as ann:
        assert await ann.say("/connect") == "This is a demo, and nothing leaves this machine: no exchange is connected here."
        assert await ann.say("/keys") == "You have not connected an exchange yet."
        assert ann.last.buttons == ()
        await ann.set_up()
        assert "none can be connected here" in await ann.say("/live")
        assert "WATCH, LIVE" in " ".join((await ann.say("/help")).split()) or "LIVE, WATCH" in ann.last.text


async def test_with_a_public_address_the_key_is_never_asked_for_in_the_chat(tmp_path: Path) -> None:
    """A button leads to the form; an old one that would ask in the chat leads there too."""
    async with someone(tmp_path, secret_keys=new_master_key(), public_url="https://bot.example/base/") as ann:
        await ann.say("/connect")
        shown = await ann.taps("Binance")
        assert "The form works once, for 10 minutes." in shown.text
        (first, *_), *_ = shown.keyboard
        assert str(first["url"]).startswith("https://bot.example/base/key/")
        assert "Send it here" not in shown.buttons
