"""Starting and answering through strange answers: nothing ends the process, menus come in the end, and no flood ends in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from telegram.error import BadRequest, NetworkError, TelegramError

from chatbot.plans import outcomes
from handlers.loopback import TelegramUser, bad_gateway, flooded
from handlers.loopback.faults import Fault
from handlers.transport import menu, rate_limit
from handlers.transport.updates import answering
from tests.person import ANN, Someone, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NONSENSE = Fault(error=TelegramError("Invalid server response"))


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Someone]:
    async with someone(tmp_path, operator_ids=str(ANN.id)) as opened:
        yield opened


@pytest.mark.parametrize("method", ["deleteWebhook", "getMe"])
async def test_a_strange_answer_at_the_start_is_asked_again(chat: Someone, method: str) -> None:
    """No JSON, twice: the bot goes on when Telegram answers."""
    chat.loopback.fail(method, NONSENSE, NONSENSE)
    await chat.line.reach()
    assert chat.bot.bot.username == "ballast_bot"


async def test_a_menu_that_failed_is_published_later_and_the_operators_has_users(chat: Someone) -> None:
    """The first answers are nonsense: the start goes on, and the next look publishes for everybody and for the operator."""
    await chat.say("/start")
    menus = menu.Menus(chat.bot.bot, chat.program)
    chat.loopback.fail("setMyCommands", *[NONSENSE, bad_gateway()] * 4)
    await menus.publish()
    assert menus.pending
    for _ in range(8):
        await menus.catch_up()
    assert not menus.pending
    assert "users" in {command.command for command in chat.loopback.menu(ANN)}
    stranger = chat.loopback.menu(TelegramUser(id=9, name="Eve", language="ru"))
    assert stranger
    assert "users" not in {command.command for command in stranger}


async def test_a_flood_longer_than_patience_does_not_end_in_silence(chat: Someone) -> None:
    """Telegram wants ten minutes: the answer is lost, and the outbox says so as soon as it may."""
    await chat.say("/start")
    before = chat.newest
    chat.loopback.fail("sendMessage", flooded(600), flooded(600))
    await chat.say("hello")
    chat.clock.advance(1300)
    await chat.outbox.drain()
    chat.clock.advance(1300)
    await chat.outbox.drain()
    assert "Telegram did not take my answer" in chat.since(before)


async def test_a_text_that_cannot_be_written_is_refused_at_once(chat: Someone) -> None:
    """Half a surrogate is no trouble of the network, and a strange answer is."""
    patience = rate_limit.Patience(chat.clock)
    tries: list[int] = []

    async def call(*_: Any, **__: Any) -> bool:
        tries.append(1)
        raise NetworkError("Unknown error") from UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    waits = answering.set(True)
    with pytest.raises(BadRequest):
        await patience.process_request(call, (), {}, "sendMessage", {}, None)
    answering.reset(waits)
    assert tries == [1]
    assert rate_limit.pause_s(TelegramError("Invalid server response"), 0) == 0.5


async def test_confirm_while_paused_is_refused_in_words_and_the_plan_waits(chat: Someone) -> None:
    """Nothing is sent; after /resume the same card is carried out."""
    card = await chat.set_up()
    portfolio = await chat.program.portfolios.by_id(1)
    assert portfolio is not None
    await chat.say("/pause")
    (plan,) = await chat.plans()
    if plan.state == "proposed":
        assert isinstance(await chat.program.rebalancing.confirm(plan.id, ANN.id), outcomes.Paused)
        answer = await chat.tap("Confirm", on=card)
        assert "paused" in answer.text
        assert (await chat.plans())[0].state == "proposed"


async def test_confirm_that_finds_nothing_to_do_ends_the_plan(chat: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices went back to the targets: the card says so, and no plan goes on waiting and holding alerts back."""
    card = await chat.set_up()
    portfolio = await chat.program.portfolios.by_id(1)
    assert portfolio is not None
    figures = await chat.program.executor.hooks.measure(1)
    assert figures is not None
    monkeypatch.setattr("chatbot.plans.rebalancing.prices_moved", lambda *_: True)
    monkeypatch.setattr(
        chat.program.rebalancing.__class__, "draft", lambda *_, **__: outcomes.NothingToDo(portfolio=portfolio, figures=figures)
    )
    assert "Nothing to do" in (await chat.tap("Confirm", on=card)).text
    assert [plan.state for plan in await chat.plans()] == ["superseded"]


@pytest.mark.long
async def test_progress_on_a_picture_card_is_one_call(chat: Someone) -> None:
    """The card is a picture, so its text is edited as a caption at once."""
    card = await chat.set_up()
    await chat.tap("Confirm", on=card)
    await chat.work()
    assert [call.method for call in chat.loopback.calls if call.method == "editMessageText" and call.params["message_id"] == card.id] == []
