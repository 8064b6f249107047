"""Whatever people write, send and tap: a clear sentence in their language comes back, and nothing that they had is lost."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chatbot.model import Cause, PlanState, Reason
from handlers.loopback import TelegramUser
from tests.moments import after
from tests.person import ANN, BEN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOSTILE = (
    "4" * 4000,
    "x" * 4000,
    "🦄🚀",
    "مرحبا بالعالم 40",
    "<b>&\"'</b>",
    "{text}{0}%s",
    "a\u202eb\u0000c\u0007",
    "\u200b",
    "💶 100",
    "—",
    "()",
)


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    async with someone(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ready(tmp_path: Path) -> AsyncIterator[Someone]:
    """Somebody with a portfolio and an unanswered plan."""
    async with after(Someone.set_up, tmp_path) as opened:
        yield opened


BAD_WEIGHTS: list[tuple[str, list[str]]] = [
    ("BTC 40 ETH 30", ["add up to 70%"]),
    ("BTC 40 ETH 30 FOO 20 BAR 10", ["FOO has no price", "BAR has no price"]),
    ("BTC 50 ETH 60 FOO 20", ["FOO has no price", "add up to 130%"]),
    ("BTC -40 ETH 140", ["BTC is negative"]),
    ("BTC 40 ETH 30 FOO 20 ALT -5 BTC 10", ["3 things", "FOO has no price", "ALT is negative", "BTC is listed twice"]),
    ("BTC 40 BTC 60", ["BTC is listed twice"]),
    ("BTC plenty ETH 60", ["I don't understand “plenty” here", "no number after BTC"]),
    ("BTC 1,2,3", ["“1,2,3” is not a number"]),
    ("BTC", ["no number after BTC"]),
    ("BTC $50 USDT 50€", ["“$50” is an amount of money", "“50€” is an amount of money"]),
    ("BTC 1e400", ["“1e400” is not a number"]),
    ("BTC 99999999999999999999", ["is too large"]),
    ('<b>&" 100', ["is not the name of a coin"]),
    (" ".join(f"C{n} 1" for n in range(30)), ["at most 20 names"]),
]


async def test_weights_that_can_not_be_taken_are_all_told_and_change_nothing(ready: Someone) -> None:
    """Everything that is wrong with an input stands in one answer; the targets stay as they are."""
    before = await ready.program.portfolios.by_id(1)
    for typed, told in BAD_WEIGHTS:
        answer = await ready.say(f"/targets {typed}")
        assert all(part in answer for part in told), answer
        assert answer.startswith("DEMO\n"), answer
    assert await ready.program.portfolios.by_id(1) == before


async def test_an_amount_of_money_is_no_band(ready: Someone) -> None:
    """Its sign is not lost in silence: $5 are not 5 points."""
    before = await ready.program.portfolios.by_id(1)
    assert "“$5” is an amount of money. Write the number alone, like 5." in await ready.say("/bands BTC $5")
    assert await ready.program.portfolios.by_id(1) == before


async def test_weights_with_signs_and_commas_are_understood(ready: Someone) -> None:
    """Per cent signs, equals signs, commas between pairs and decimals in the person's own way are no mistakes."""
    await ready.say("/targets BTC=40,5%, ETH: 29.5 ALT 20\nUSDT 10")
    portfolio = await ready.program.portfolios.by_id(1)
    assert portfolio is not None
    assert {line: f"{weight:.3f}" for line, weight in portfolio.strategy.weights.items() if weight} == {
        "BTC": "0.405",
        "ETH": "0.295",
        "ALT": "0.200",
        "STABLE": "0.100",
    }


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("$2,500.50", "2,500"),
        ("2.500,50 US$", "2,500"),
        ("1.500", "1,500"),
        ("2 mil", "2,000"),
        ("5k", "5,000"),
        ("10 000", "10,000"),
        ("١٠٠٠", "1,000"),
    ],
)
async def test_a_start_amount_may_be_written_as_people_write(chat: Someone, typed: str, read: str) -> None:
    """Currency signs, commas, thousands and other digits are read."""
    await chat.say("/start")
    await chat.tap("Demo portfolio")
    await chat.say(typed)
    dialog = await chat.dialog()
    assert dialog is not None
    assert f"{int(float(dialog[1]['amount'])):,}" == read


async def test_a_start_amount_that_makes_no_sense_keeps_the_question_open(chat: Someone) -> None:
    """The answer is a sentence of ours, and the right amount goes on where the wrong one failed."""
    await chat.say("/start")
    await chat.tap("Demo portfolio")
    for typed in ("0", "-5", "99", "10000000000000", "lots", *HOSTILE):
        if typed == "💶 100":
            continue
        answer = await chat.say(typed)
        assert re.search("^DEMO\n.*(is not a number|must be between|is too large)", answer), (typed, answer)
    await chat.say("5000")
    chat.with_button("Use Balanced")


@pytest.mark.parametrize("command", ["/targets", "/bands", "/nonsense", "/start", "/status", "/history", ""])
async def test_hostile_text_is_answered_and_breaks_nothing(ready: Someone, command: str) -> None:
    """Long texts, emoji, right-to-left marks, markup, placeholders and control characters, behind any command and alone."""
    before = await ready.program.portfolios.by_id(1)
    for typed in HOSTILE:
        answer = await ready.say(f"{command} {typed}".strip())
        assert answer, typed
        assert "went wrong" not in answer, typed
    assert await ready.program.portfolios.by_id(1) == before


@pytest.mark.parametrize(("language", "sentence"), [("es", "no es un número"), ("ru", "не число"), ("de", "is not a number")])
async def test_mistakes_are_told_in_the_persons_language(chat: Someone, language: str, sentence: str) -> None:
    """Spanish and Russian are spoken; somebody with another language reads English."""
    user = replace(ANN, language=language)
    ann = chat.beside(user)
    await ann.say("/start")
    await ann.tap(ann.last.buttons[0])
    assert sentence in await ann.say("muchos")


async def test_a_command_in_the_middle_of_a_dialog_does_not_close_it(chat: Someone) -> None:
    """/status says that there is nothing, and the amount that was asked for is still taken."""
    await chat.say("/start")
    await chat.tap("Demo portfolio")
    assert "no open portfolio" in await chat.say("/status")
    await chat.say("5000")
    chat.with_button("Use Balanced")


@pytest.mark.parametrize(("first", "then"), [("/deposit", "/invest"), ("/withdraw", "/invest"), ("/invest", "/deposit")])
async def test_a_question_that_nobody_has_answered_is_left_without_a_word(chat: Someone, first: str, then: str) -> None:
    """Nothing is lost with it: the second command's own question is all that comes."""
    await chat.set_up()
    await chat.say(first)
    before = len(chat.messages)
    await chat.say(then)
    assert len(chat.messages) == before + 1


async def test_another_dialog_says_that_the_first_was_left(chat: Someone) -> None:
    """Asking for a time zone in the middle of the set-up ends the set-up, in words; its old buttons say so too."""
    await chat.say("/start")
    await chat.tap("Demo portfolio")
    amounts = chat.with_button("10,000")
    await chat.say("/settings")
    before = chat.newest
    await chat.tap("Time zone")
    assert "closed the dialog you had open" in chat.since(before)
    await chat.tap("10,000", on=amounts)
    assert "This set-up was cancelled" in chat.since(before)
    assert "Europe/Madrid" in await chat.say("europe/madrid")


async def test_a_question_that_is_off_the_screen_waits_for_nothing(ready: Someone) -> None:
    """Back to the settings ends the question for the zone: the next text is not taken for one."""
    await ready.say("/settings")
    await ready.tap("Time zone")
    assert "is not a time zone" in await ready.say("hello")
    await ready.tap("Back")
    assert "I did not understand that" in await ready.say("hello")


async def test_unknown_text_and_commands_get_a_hint(chat: Someone) -> None:
    """Before and after /start, never silence; a payload behind /start is no mistake."""
    assert "I did not understand that" in await chat.say("hello")
    assert "There is no command /fly" in await chat.say("/fly me to the moon")
    assert "crypto portfolio in balance" in await chat.say("/start abc_DEF-123")
    assert "Cancelled" in await chat.say("/cancel")


async def test_edited_messages_are_answered_and_do_not_act(ready: Someone) -> None:
    """Changing an old command does not run it again, and says so."""
    before = await ready.program.portfolios.by_id(1)
    mine = next(message for message in ready.loopback.chat(42) if message.sender is not None)
    newest = ready.newest
    await ready.loopback.edit(ANN, mine.id, "/targets BTC 90 USDT 10")
    await ready.handle()
    assert "I don't act on messages that are changed afterwards" in ready.since(newest)
    assert await ready.program.portfolios.by_id(1) == before


async def test_groups_are_refused_politely_and_left(ready: Someone) -> None:
    """One sentence and no figures; then the bot leaves."""
    await ready.loopback.group_text(ANN, -100, "/status")
    await ready.handle()
    said = [message.text for message in ready.loopback.chat(-100) if message.sender is None]
    assert len(said) == 1
    assert "private chat" in said[0]
    assert any(call.method == "leaveChat" for call in ready.loopback.calls)


def photo(**extra: object) -> dict[str, object]:
    """Return the body of a message without text."""
    who = {"id": 42, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    return {"message_id": 5, "date": 1767603600, "chat": {"id": 42, "type": "private", "first_name": "Ann"}, "from": who, **extra}


PHOTO = {"photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}], "caption": "BTC 100"}
STICKER = {
    "sticker": {"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1, "is_animated": False, "is_video": False, "type": "regular"}
}
VOICE = {"voice": {"file_id": "a", "file_unique_id": "b", "duration": 3}}
PLACE = {"location": {"longitude": 1.0, "latitude": 2.0}}


@pytest.mark.parametrize("content", [PHOTO, STICKER, VOICE, PLACE], ids=["photo", "sticker", "voice", "place"])
async def test_pictures_and_voice_are_answered_and_the_dialog_stays(chat: Someone, content: dict[str, object]) -> None:
    """Outside of a dialog what can be read; inside one what it waits for."""
    chat.loopback.know(ANN)
    await chat.update("message", **photo(**content))
    assert "I can only read text: no voice notes, pictures, files or stickers." in chat.loopback.last(42).text
    await chat.say("/start")
    await chat.tap("Demo portfolio")
    await chat.update("message", **photo(**content))
    assert "I can only read text here" in chat.loopback.last(42).text
    await chat.say("5000")
    chat.with_button("Use Balanced")


async def test_posts_of_a_channel_are_nobodys(chat: Someone) -> None:
    """A channel is no person: nothing is answered and nobody is written down."""
    await chat.update("channel_post", message_id=1, date=1767603600, chat={"id": -1001, "type": "channel", "title": "News"}, text="/start")
    assert not [call for call in chat.loopback.calls if call.method == "sendMessage"]
    assert await chat.program.access.everybody() == ()


@pytest.mark.parametrize("data", ["", "x", "v1", "v1.confirm.1", "v1.confirm.1.zzzzzz.AAAAAAAAAAAA", "v9.a.b.c.d", "💣" * 16, "v1...." * 8])
async def test_garbage_in_a_button_is_answered_in_words(ready: Someone, data: str) -> None:
    """No payload that we did not seal does anything, and the button stops spinning."""
    card = ready.with_button("Confirm")
    query = await ready.loopback._tapped(ANN, card, data)
    await ready.handle()
    answer = ready.loopback.answer(query)
    assert answer is not None
    assert answer.alert
    assert re.search("older version|somebody else", answer.text)
    assert (await ready.plan()).state is PlanState.PROPOSED


async def test_the_button_of_somebody_else_does_nothing(ready: Someone) -> None:
    """Ben's tap on Ann's Confirm is refused in words; Ann's own works."""
    card = ready.with_button("Confirm")
    ben = ready.beside(BEN)
    await ben.say("/start")
    answer = await ben.tap("Confirm", on=card)
    assert "nothing was done" in answer.text  # a message in another chat than the one who taps is none that the bot goes by
    assert (await ready.plan()).state is PlanState.PROPOSED


async def test_a_button_from_yesterday_sends_nothing_and_shows_the_plan_as_of_now(ready: Someone) -> None:
    """The tap is answered with what became of the plan, and a new plan follows."""
    card = ready.with_button("Confirm")
    ready.clock.advance(86_400)
    answer = await ready.tap("Confirm", on=card)
    assert "expired" in answer.text
    assert ready.with_button("Confirm").id != card.id
    states = [plan.state for plan in await ready.plans()]
    assert states == [PlanState.EXPIRED, PlanState.PROPOSED]


async def test_confirm_on_a_replaced_plan_shows_the_newer_one_if_nobody_saw_it(ready: Someone) -> None:
    """A process that was killed between making a plan and showing it: the next tap brings its card, once."""
    card, portfolio = ready.with_button("Confirm"), await ready.program.portfolios.by_id(1)
    assert portfolio is not None
    await ready.program.rebalancing.propose(portfolio, (Reason(trigger=Cause.MANUAL),))
    newest = ready.newest
    assert "replaced by a newer one" in (await ready.tap("Confirm", on=card)).text
    assert "Plan 2" in ready.since(newest)
    assert ready.with_button("Confirm").id > newest
    newest = ready.newest
    await ready.tap("Confirm", on=card)
    assert ready.since(newest) == ""


async def test_a_tap_that_is_too_old_to_answer_is_told_in_a_message(ready: Someone) -> None:
    """Telegram forgets a tap after 150 s; a process that was down for longer answers in the chat."""
    await ready.loopback.tap(ANN, ready.with_button("Skip").id, "Skip")
    await ready.handle()
    card, newest = ready.loopback.last(42), ready.newest
    await ready.loopback._tapped(ANN, card, "v1.garbage")
    updates = await ready.bot.bot.get_updates(offset=ready.turn.offset + 1, timeout=0)
    ready.clock.advance(200)
    for update in updates:
        await ready.bot.process_update(update)
    assert "older version" in ready.since(newest)


@pytest.mark.long
async def test_a_second_confirm_changes_nothing(ready: Someone) -> None:
    """Only the first press is carried out; the second is told so, before and after the plan has ended."""
    card = ready.with_button("Confirm")
    assert "is confirmed" in (await ready.tap("Confirm", on=card)).text
    assert "Pressing again changes nothing" in (await ready.tap("Confirm", on=card)).text
    await ready.work()
    assert "Pressing again changes nothing" in (await ready.tap("Confirm", on=card)).text
    assert [plan.state for plan in await ready.plans()] == [PlanState.DONE]


@pytest.mark.long
async def test_two_hundred_rapid_taps_are_all_answered_and_act_once(ready: Someone) -> None:
    """A stuck finger on Confirm: one plan, one execution, no button that spins; somebody else is not kept waiting."""
    card = ready.with_button("Confirm")
    queries = [await ready.loopback.tap_old(ANN, card, "Confirm") for _ in range(200)]
    await ready.loopback.text(BEN, "/help")
    await ready.handle()
    await ready.handle()
    await ready.handle()
    assert all(ready.loopback.answer(query) is not None for query in queries)
    toasts = [answer.text for query in queries if (answer := ready.loopback.answer(query))]
    assert [toast for toast in toasts if toast.endswith("is confirmed.")] == toasts[:1]
    assert "/status" in ready.loopback.last(BEN.id).text
    await ready.work()
    assert len(await ready.plans()) == 1


async def test_a_stranger_gets_no_further_than_the_door(ready: Someone) -> None:
    """Text, commands and taps of somebody who is not let in change nothing but the question to the operator."""
    eve = ready.beside(TelegramUser(id=66, name="<i>Eve</i>"))
    assert "private" in await eve.say("/status")
    assert "has not answered yet" in await eve.say("/targets BTC 100")
    card = ready.with_button("Confirm")
    await eve.tap("Confirm", on=card)
    assert (await ready.plan()).state is PlanState.PROPOSED
