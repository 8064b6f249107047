"""A command without its slash, with a slip, or by the name of its page: asked back with a button, in three languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handlers.bot import BUTTONS
from handlers.buttons import BOUND
from handlers.command_list import COMMANDS, SHOWN_BY_BUTTON, TAKE_WORDS, TITLES
from tests.handlers.chat.speakers import OPERATORS, with_portfolios
from tests.person import ANN, BEN, someone

if TYPE_CHECKING:
    from pathlib import Path

#: what is written, the command that is offered, and whether a button opens it
MEANT = [
    *(("en", typed, "/status", True) for typed in ("status", "Status", "STATUS?", "statsu", "/statsu", "/Statuss", "/status_", "stats")),
    *(
        ("en", typed, command, True)
        for typed, command in (("help", "/help"), ("hlep", "/help"), ("/hepl", "/help"), ("histroy", "/history"))
    ),
    *(("en", typed, command, True) for typed, command in (("/rebalence", "/rebalance"), ("rebalance now", "/rebalance"))),
    *(("en", typed, command, True) for typed, command in (("target", "/targets"), ("/setings", "/settings"), ("why?", "/why"))),
    *(("en", typed, command, True) for typed, command in (("why did you sell my coins yesterday", "/why"), ("panic!", "/panic"))),
    ("en", "/targts BTC 40 ETH 60", "/targets BTC 40 ETH 60", False),
    ("en", "targets BTC 40 ETH 60", "/targets BTC 40 ETH 60", False),
    ("en", "bands 5", "/bands 5", False),
    *(("en", typed, "/deposit 500", False) for typed in ("/deposit500", "deposit500", "/ deposit 500", "/deposit@SomeBot 500")),
    ("en", "/shedule weekly mon", "/schedule weekly mon", False),
    ("en", "pause", "/pause", False),
    ("en", "/puase", "/pause", False),
    *(("en", typed, "/pause", False) for typed in ("stop", "/stop", "STOP!", "/stop everything", "stop trading", "stopp", "/stop plan 2")),
    ("en", "/hallt", "/halt", False),
    ("es", "estado", "/status", True),
    ("es", "objetivos", "/targets", True),
    ("es", "ayuda", "/help", True),
    ("es", "avisos", "/alerts", True),
    ("es", "status", "/status", True),
    ("es", "pausa", "/pause", False),
    ("es", "para", "/pause", False),
    ("es", "/detener", "/pause", False),
    ("ru", "помощь", "/help", True),
    ("ru", "статус", "/status", True),
    ("ru", "стоп", "/pause", False),
    ("ru", "stop", "/pause", False),
    ("ru", "история", "/history", True),
    ("ru", "настройки", "/settings", True),
    ("ru", "/статус", "/status", True),
    ("ru", "ыефегы", "/status", True),
    ("ru", "/рудз", "/help", True),
]
#: what is far from every command
HINTED = [
    ("en", "hello", "I only understand commands"),
    ("en", "0.5 BTC", "I only understand commands"),
    ("en", "🚀", "I only understand commands"),
    ("en", "what about bitcoin?", "I only understand commands"),
    ("en", "what now", "I only understand commands"),
    ("en", "what", "I only understand commands"),
    ("en", "hold on a second", "I only understand commands"),
    ("en", "/fly me to the moon", "There is no command /fly"),
    ("en", "/x", "There is no command /x"),
    ("en", "/health", "There is no command /health"),  # it is near /halt, which stops everybody with one tap
    ("es", "hola", "Solo entiendo comandos"),
    ("ru", "привет", "Я понимаю только команды"),
]


@pytest.mark.long
async def test_near_misses_are_offered_and_far_ones_get_a_hint(tmp_path: Path) -> None:
    """Never silence; only what does not act is offered as a button, which opens it, and what is written behind a command goes along."""
    async with someone(tmp_path, fear_greed_url="", operator_ids=OPERATORS) as ann:
        people = await with_portfolios(ann)
        for language, typed, command, by_button in MEANT:
            one = people[language]
            answer = await one.say(typed)
            assert command in answer, (typed, answer)
            assert (command in one.last.buttons) == by_button, (typed, one.last.buttons)
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
