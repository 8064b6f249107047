"""/broadcast: from the operator's words to everybody's chat, last in line, paused, taken back, and over a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.errors import UserError
from chatbot.model import MessageKind, Person, Role
from chatbot.operation import broadcast
from chatbot.store import accounts, messages
from handlers.commands.broadcast import read
from handlers.loopback import TelegramUser
from tests.person import ANN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BEN, EVA, LEV = TelegramUser(id=43, name="Ben"), TelegramUser(id=44, name="Eva"), TelegramUser(id=45, name="Lev")
LANGUAGES = {BEN: "en", EVA: "es", LEV: "ru"}
HEADS = ("The operator of this bot writes:", "El operador de este bot escribe:", "Оператор этого бота пишет:")
THREE = "/broadcast\nen: The bot <rests> tonight.\nes: El bot descansa.\nru: Бот отдыхает."


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Ann runs the bot; Ben, Eva and Lev may use it, each in a language; Mallory is blocked, and Gus has blocked the bot."""
    async with someone(tmp_path, operator_ids=str(ANN.id)) as found:
        await found.say("/start")
        for user in LANGUAGES:
            await found.beside(user).say("/start")
        async with found.program.db.transaction() as tx:
            for user, language in LANGUAGES.items():
                await accounts.change_person(tx, user.id, role=Role.MEMBER, language=language)
            await accounts.add_person(tx, Person(id=46, chat_id=46, name="Mallory", role=Role.BLOCKED))
            await accounts.add_person(tx, Person(id=47, chat_id=47, name="Gus", role=Role.MEMBER, unreachable=True))
        await found.outbox.drain()
        yield found


async def carry_on(ann: Someone) -> None:
    """Let a slice be written, and leave."""
    await ann.program.broadcasts.carry_on()
    await ann.outbox.drain()


def got(ann: Someone, user: TelegramUser) -> list[str]:
    """Return what somebody has read of the operator's."""
    return [message.text for message in ann.beside(user).messages if message.text.startswith(HEADS)]


async def test_everybody_reads_it_once_in_their_language_and_the_operator_hears_the_end(ann: Someone) -> None:
    await ann.say(THREE)
    ann.sees(
        "This is what everybody would read. Send it?",
        "It goes to 3 people.",
        "The bot <rests> tonight.",
        "El bot descansa.",
        "Бот отдыхает.",
    )
    await carry_on(ann)
    assert not got(ann, BEN), "nothing is sent before the tap"
    await ann.tap("Send to everybody")
    ann.sees("Your message is being sent.", "0 people have got it.")
    await carry_on(ann)
    for user, said in ((BEN, "The bot <rests> tonight."), (EVA, "El bot descansa."), (LEV, "Бот отдыхает.")):
        (text,) = got(ann, user)
        assert text.endswith(said)
    await ann.tap("Refresh")
    ann.sees("Your message is being sent.", "3 people have got it.")
    await carry_on(ann)
    await carry_on(ann)
    ann.sees("Your message has been sent.", "3 people have got it.")
    assert len(got(ann, BEN)) == 1


@pytest.mark.long
async def test_a_pause_keeps_what_was_not_sent_and_another_process_carries_on_where_it_stood(
    ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "SLICE", 1)
    await ann.say("/broadcast The bot rests tonight.")
    await ann.tap("Send to everybody")
    await carry_on(ann)  # the operator's own turn
    await carry_on(ann)
    await ann.program.broadcasts.carry_on()
    await ann.tap("Pause")
    ann.sees("Your message is paused.", "1 person has got it.")
    await carry_on(ann)
    assert (len(got(ann, BEN)), len(got(ann, EVA))) == (1, 0)
    await ann.say("/broadcast Something else.")
    ann.sees("Your message is paused.", "The bot rests tonight.")
    await ann.tap("Carry on")
    again = broadcast.Broadcasts(ann.program.db, ann.clock)  # as a new process would begin
    for _ in range(5):
        await again.carry_on()
        await ann.outbox.drain()
    assert [len(got(ann, user)) for user in (BEN, EVA, LEV)] == [1, 1, 1]


async def test_what_is_taken_back_reaches_nobody_else_and_its_buttons_are_refused_in_words(ann: Someone) -> None:
    await ann.say("/broadcast The bot rests tonight.")
    shown = ann.last
    await ann.tap("Send to everybody")
    await ann.program.broadcasts.carry_on()
    await ann.tap("Take it back")
    ann.sees("Your message was taken back.")
    await carry_on(ann)
    assert not got(ann, BEN)
    assert "not as it was shown" in (await ann.tap("Send to everybody", on=shown)).text
    assert "not as it was shown" in (await ann.tap("Send to everybody", on=shown)).text


async def test_it_leaves_after_everything_else(ann: Someone) -> None:
    await ann.say("/broadcast The bot rests tonight.")
    await ann.tap("Send to everybody")
    await ann.program.broadcasts.carry_on()
    async with ann.program.db.transaction() as tx:
        now = ann.clock.now()
        await messages.post(tx, chat_id=LEV.id, kind=MessageKind.ACCESS_GRANTED, facts={}, key="later", now=now)
        first = [(message.chat_id, message.kind.value) for message in await messages.due(tx, now)]
    assert first == [(LEV.id, "access_granted"), (BEN.id, "broadcast"), (EVA.id, "broadcast")]


@pytest.mark.long
async def test_only_an_operator_writes_to_everybody(ann: Someone) -> None:
    ben = ann.beside(BEN)
    assert "Only the operator may use this command." in await ben.say("/broadcast Give me your keys.")
    assert await ann.program.broadcasts.standing() is None
    await ann.say("/broadcast")
    ann.sees("Write the message behind the command:", "You see it before it is sent.")


def test_texts_are_told_apart_by_the_codes_of_their_languages() -> None:
    languages = ("en", "es", "ru")
    assert read("At 20:00: the bot rests", languages) == {"": "At 20:00: the bot rests"}
    assert read("Hello\nES: Hola\nque tal\nru: Привет", languages) == {"": "Hello", "es": "Hola\nque tal", "ru": "Привет"}
    assert read(" \n", languages) == {}
    for wrong in ("en: a\nen: b", "x" * 3501):
        with pytest.raises(UserError):
            read(wrong, languages)


async def test_an_operator_who_is_alone_is_told_so(tmp_path: Path) -> None:
    """There is nothing to send: it was called sent, and nobody had got it."""
    async with someone(tmp_path) as ann:
        await ann.say("/start")
        await ann.say("/broadcast Is anybody there?")
        ann.sees("Nobody but you uses this bot, so nobody would read it.")
        assert not ann.last.buttons
