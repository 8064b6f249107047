"""A command without its slash, with a slip, or by the name of its page: asked back with a button, in three languages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from handlers.bot import BUTTONS
from handlers.buttons import BOUND
from handlers.command_list import COMMANDS, SHOWN_BY_BUTTON, TAKE_WORDS, TITLES
from tests import moments
from tests.handlers.chat.speakers import OPERATORS, with_portfolios
from tests.person import ANN, BEN, someone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

#: what is written and the command that is offered
MEANT = [
    *(("en", typed, "/status") for typed in ("status", "Status", "STATUS?", "statsu", "/statsu", "/Statuss", "/status_", "stats")),
    *(("en", typed, command) for typed, command in (("help", "/help"), ("hlep", "/help"), ("/hepl", "/help"), ("histroy", "/history"))),
    *(("en", typed, command) for typed, command in (("/rebalence", "/rebalance"), ("rebalance now", "/rebalance"))),
    *(("en", typed, command) for typed, command in (("target", "/targets"), ("/setings", "/settings"), ("why?", "/why"))),
    *(("en", typed, command) for typed, command in (("panic!", "/panic"), ("why", "/why"))),
    ("en", "/targts BTC 40 ETH 60", "/targets BTC 40 ETH 60"),
    ("en", "targets BTC 40 ETH 60", "/targets BTC 40 ETH 60"),
    ("en", "bands 5", "/bands 5"),
    *(("en", typed, "/deposit 500") for typed in ("/deposit500", "deposit500", "/ deposit 500", "/deposit@SomeBot 500")),
    ("en", "/shedule weekly mon", "/schedule weekly mon"),
    ("en", "pause", "/pause"),
    ("en", "/puase", "/pause"),
    *(("en", typed, "/pause") for typed in ("stop", "/stop", "STOP!", "/stop everything", "stop trading", "stopp", "/stop plan 2")),
    ("en", "/hallt", "/halt"),
    ("es", "estado", "/status"),
    ("es", "objetivos", "/targets"),
    ("es", "ayuda", "/help"),
    ("es", "avisos", "/alerts"),
    ("es", "status", "/status"),
    ("es", "pausa", "/pause"),
    ("es", "para", "/pause"),
    ("es", "/detener", "/pause"),
    ("ru", "помощь", "/help"),
    ("ru", "статус", "/status"),
    ("ru", "стоп", "/pause"),
    ("ru", "stop", "/pause"),
    ("ru", "история", "/history"),
    ("ru", "настройки", "/settings"),
    ("ru", "/статус", "/status"),
    ("ru", "ыефегы", "/status"),
    ("ru", "/рудз", "/help"),
    *(("en", typed, "/status") for typed in ("balance", "portfolio")),
    *(("en", typed, "/deposit 500") for typed in ("top up 500", "add funds 500")),
    ("en", "cash out 500", "/withdraw 500"),
    ("en", "language", "/settings"),
    *(("es", typed, "/status") for typed in ("saldo", "balance")),
    *(("es", typed, "/deposit 500") for typed in ("ingresar 500", "depositar 500")),
    *(("es", typed, f"/{name} 500") for typed, name in (("invertir 500", "invest"), ("retirar 500", "withdraw"))),
    *(("ru", typed, "/status") for typed in ("баланс", "портфель")),
    *(("ru", typed, "/deposit 500") for typed in ("внести 500", "пополнить на 500")),
    *(("ru", typed, f"/{name} 500") for typed, name in (("вложить 500", "invest"), ("вывести 500", "withdraw"))),
]
#: what is said of a command without its slash, with its amounts
UNDERSTOOD = "I understood: Keep a quantity of a coin out\n/keep 0.01 BTC\nNothing happens before you tap the button."
#: what is far from every command
HINTED = [
    # understood, and nothing that could be done: what is not there cannot be kept out
    ("en", "set aside 0.1 BTC", "You hold no BTC, so there is nothing to keep out."),
    ("es", "guardar 0,1 BTC", "No tienes BTC, así que no hay nada que apartar."),
    ("ru", "отложить 0,1 BTC", "У вас нет BTC, откладывать нечего."),
    ("en", "hello", "I did not understand that"),
    ("en", "0.5 BTC", "I did not understand that"),
    ("en", "🚀", "I did not understand that"),
    ("en", "what about bitcoin?", "I did not understand that"),
    ("en", "what now", "I did not understand that"),
    ("en", "what", "I did not understand that"),
    ("en", "hold on a second", "I did not understand that"),
    ("en", "/fly me to the moon", "There is no command /fly"),
    ("en", "/x", "There is no command /x"),
    *(("en", typed, "Tap the button instead") for typed in ("yes", "No.", "OK!", "confirm", "All done", "that is right")),
    *(("es", typed, "Toca el botón") for typed in ("sí", "Si", "vale", "confirmar", "¡hecho!")),
    *(("ru", typed, "Нажмите кнопку") for typed in ("да", "Нет", "подтвердить", "всё сделано", "все верно")),
    ("es", "hola", "No lo he entendido"),
    ("ru", "привет", "Я этого не понял"),
]


@pytest.mark.long
async def test_near_misses_are_offered_and_far_ones_get_a_hint(tmp_path: Path) -> None:
    """Never silence: each is offered with a button that opens or sends it, and what is written behind a command goes along."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = await with_portfolios(ann)
        for language, typed, command in MEANT:
            one = people[language]
            answer = await one.say(typed)
            assert command in answer, (typed, answer)
            assert one.last.buttons[0] == command, (typed, one.last.buttons)
        for language, typed, told in HINTED:
            assert told in await people[language].say(typed), typed
        await ann.say("statsu")
        await ann.tap("/status")
        ann.sees("DEMO", "Prices")
        portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
        assert portfolio is not None
        assert not portfolio.paused, "by a word that looks like /pause"


async def test_a_command_without_its_slash_is_none_of_the_answers_that_a_dialog_waits_for(tmp_path: Path) -> None:
    """In the middle of the set-up it is asked back too, and what was asked before is still taken; a portfolio may be called so."""
    async with someone(tmp_path, fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.tap("Type in my holdings")
        assert "Did you mean /help?" in await ann.say("help")
        assert "What I asked for last still waits; /cancel leaves it." in await ann.say("yes")
        assert "• 1 BTC" in await ann.say("1 BTC")
        await ann.taps("That is right", "Yes", "Balanced", "Use Balanced")
        await ann.say("/portfolios")
        await ann.tap(next(label for label in ann.last.buttons if "name" in label.lower()))
        assert "Did you mean" not in await ann.say("Status")


async def test_nobody_is_offered_what_is_not_theirs(tmp_path: Path) -> None:
    """A member who writes /hallt is told that there is no such command; an operator is asked."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=str(ANN.id)) as ann:
        await ann.say("/start")
        ben = ann.beside(BEN)
        await ben.say("/start")
        await ann.work()
        await ann.tap("Approve Ben")
        assert "There is no command /hallt" in await ben.say("/hallt")
        assert "Did you mean /halt?" in await ann.say("/hallt")


def test_only_pages_stand_behind_these_buttons() -> None:
    """A button that opens a page exists for it and changes nothing; every word here is a command."""
    names = {command.name for command in COMMANDS}
    assert BUTTONS.keys() - BOUND >= SHOWN_BY_BUTTON
    assert TITLES.keys() | TAKE_WORDS | SHOWN_BY_BUTTON <= names


async def _shown_by_hand(ann: Someone) -> None:
    await ann.type_in("BTC 0.5, ETH 4, ADA 10000, USDT 20000", "Not done")


@pytest.mark.parametrize("typed", ["keep 0.01 BTC", "/kep 0.01 BTC", "Keep 0.01 BTC"])
async def test_the_button_does_exactly_what_stands_above_it(tmp_path: Path, typed: str) -> None:
    """The command in the message is sent as if it had been written, and the question has no button any more."""
    async with moments.after(_shown_by_hand, tmp_path, fear_greed_url="") as ann:
        asked = await ann.say(typed)
        assert asked in (f"MANUAL · made-up prices\n{told}" for told in ("Did you mean /keep 0.01 BTC?", UNDERSTOOD))
        question = ann.last
        await ann.tap("/keep 0.01 BTC")
        ann.sees("Kept out: 0.01 BTC, $600")
        assert next(message for message in ann.messages if message.id == question.id).buttons == ()


async def test_what_is_wrong_with_an_offered_command_is_told_as_if_it_were_written(tmp_path: Path) -> None:
    async with moments.after(_shown_by_hand, tmp_path, fear_greed_url="") as ann:
        await ann.say("keep 5 BTC")
        ann.sees("You hold 0.5 BTC, so I can't keep 5 out.")


async def test_a_deposit_that_was_offered_is_noted_once_however_often_it_is_tapped(tmp_path: Path) -> None:
    async with moments.after(_shown_by_hand, tmp_path, fear_greed_url="") as ann:
        await ann.say("deposit 500")
        question = ann.last
        await ann.tap("/deposit 500")
        ann.sees("Deposit noted", "+500 USDT")
        await ann.tap("/deposit 500", question)
        assert (await ann.books())["spot"]["USDT"] == 20_500


async def test_an_offer_made_for_one_portfolio_does_nothing_to_another(tmp_path: Path) -> None:
    """It was shown for the first; by now that keeps something out, or a second one has come."""
    async with moments.after(_shown_by_hand, tmp_path, fear_greed_url="") as ann:
        await ann.say("keep 0.01 BTC")
        question = ann.last
        await ann.say("/keep 1 ETH")
        told = "This was shown for other settings or another portfolio. Open the page again to see how it is now."
        assert (await ann.tap("/keep 0.01 BTC", question)).text == told
        await ann.say("deposit 500")
        question = ann.last
        await ann.say("/start")
        await ann.taps("Keep both", "Demo portfolio", "10,000", "Use Balanced")
        assert (await ann.tap("/deposit 500", question)).text == told
        assert "Deposit noted" not in "".join(message.text for message in ann.messages)


async def test_what_acts_is_offered_too_and_acts_at_the_tap_only(tmp_path: Path) -> None:
    """Who writes "stop" wants it to stop: one tap, and no word that has to be written right."""
    async with moments.after(_shown_by_hand, tmp_path, fear_greed_url="") as ann:
        await ann.say("stop everything")
        portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
        assert portfolio is not None
        assert not portfolio.paused
        await ann.tap("/pause")
        portfolio = await ann.program.portfolios.by_id(portfolio.id)
        assert portfolio is not None
        assert portfolio.paused


async def test_an_offer_is_worth_nothing_once_its_person_may_not_send_it(tmp_path: Path) -> None:
    """Ben was an operator when he was asked whether he meant /halt, and is none any more when he taps."""
    async with someone(tmp_path, fear_greed_url="") as ann:
        ben = ann.beside(BEN)
        await ben.say("/start")
        assert "Did you mean /halt?" in await ben.say("/hallt")
        question = ben.last
    async with someone(tmp_path, fear_greed_url="", loopback=ann.loopback, operator_ids=str(ANN.id)) as later:
        ben = replace(later, turn=ann.turn).beside(BEN)
        await ben.tap("/halt", question)
        assert await later.program.halting.standing() is None


async def test_what_is_longer_than_can_be_read_at_once_has_to_be_sent(tmp_path: Path) -> None:
    async with moments.after(_shown_by_hand, tmp_path, fear_greed_url="") as ann:
        assert "Did you mean /keep" in await ann.say("keep " + ", ".join(f"0.{at:030d} BTC" for at in range(8)))
        assert ann.last.buttons == ()
