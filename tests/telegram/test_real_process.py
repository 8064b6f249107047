"""The bot as people run it, a process that talks HTTP to Telegram: killed between any two steps, and through every bad line."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import LegKind, PlanState
from chatbot.store import events, plans, portfolios
from chatbot.store.database import Database
from handlers.loopback import TelegramUser, bad_gateway, conflicted, flooded, lost_answer, reset
from tests.telegram.server import BotProcess, TelegramServer
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chatbot.model import Plan
    from handlers.loopback import Message, Query

#: said by the web library while it reads an uploaded picture; as an error it would break that call
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")]
ANN = TelegramUser(id=42, name="Ann")
BEN = TelegramUser(id=43, name="Ben")
#: for the machine that six others share
PATIENCE_S = 60.0


@dataclass(slots=True, kw_only=True)
class Ann:
    """What Ann does and sees."""

    server: TelegramServer
    bot: BotProcess

    async def says(self, text: str) -> None:
        """Write a message."""
        await self.server.loopback.text(ANN, text)

    async def taps(self, label: str) -> Query | None:
        """Tap the newest button with this label."""
        loopback = self.server.loopback
        message = await self.sees(lambda message: label in message.buttons)
        return await loopback.tap(ANN, message.id, label)

    async def sees(self, fits: Callable[[Message], bool]) -> Message:
        """Wait for a message of the bot, and return the newest that fits."""

        def found() -> Message | None:
            return next((m for m in reversed(self.server.loopback.chat(ANN.id)) if m.sender is None and fits(m)), None)

        try:
            return await self.server.loopback.wait(found, PATIENCE_S)
        except TimeoutError as late:
            raise TimeoutError(f"{late}\nand the process has printed\n{self.bot.printed[-5000:]}") from None

    async def reads(self, fragment: str) -> Message:
        """Wait for words of the bot."""
        return await self.sees(lambda message: fragment in message.text)

    async def pairs(self) -> None:
        """Become the operator."""
        await self.says((await self.bot.prints("become it: ")).strip())
        await self.reads("You are the operator")

    async def sets_up(self) -> Message:
        """Open a portfolio and return the first plan's card."""
        await self.pairs()
        await self.says("/start")
        for label in ("Demo portfolio", "10,000", "Use Balanced"):
            await self.taps(label)
        return await self.sees(lambda message: "Confirm" in message.buttons)


@pytest.fixture
def ann(server: TelegramServer, bot: BotProcess) -> Ann:
    return Ann(server=server, bot=bot)


async def first_plan(folder: Path) -> tuple[Plan, int, dict[str, Decimal]]:
    """Return the first plan, how often it was confirmed, and what is held afterwards."""
    db = Database(f"sqlite+aiosqlite:///{folder / 'data' / 'ballast.sqlite'}")
    try:
        async with db.read() as tx:
            plan = (await plans.plans(tx, 1, limit=100))[-1]
            confirmed = sum(event.name == "confirmed" for event in await events.events(tx, plan.id))
            account = (await portfolios.accounts_of(tx, (1,)))[1]
    finally:
        await db.close()
    return plan, confirmed, {name: Decimal(qty) for name, qty in account["spot"].items()}


async def test_a_process_that_is_killed_at_every_step_loses_nothing_and_repeats_nothing(ann: Ann, server: TelegramServer) -> None:
    """The first call of every step never arrives and the process is killed; the next process answers, and trades once."""
    deadly: list[str] = []

    def swallow(method: str) -> bool:
        if not deadly or not method.startswith(deadly[0]):
            return False
        deadly.clear()
        ann.bot.send(signal.SIGKILL)
        return True

    async def lives_again() -> None:
        await ann.bot.ended()
        await ann.bot.start()

    server.swallow = swallow
    await ann.bot.start()
    await ann.pairs()
    for act, argument, deadly_call, expected in (
        (ann.says, "/start", "sendMessage", "Demo portfolio"),
        (ann.taps, "Demo portfolio", "edit", "10,000"),
        (ann.taps, "10,000", "edit", "Use Balanced"),
        (ann.taps, "Use Balanced", "send", "Confirm"),
        (ann.taps, "Confirm", "answerCallbackQuery", ""),
    ):
        deadly.append(deadly_call)
        tapped = await act(argument)
        await lives_again()
        await ann.sees(lambda message, label=expected: not label or label in message.buttons)  # type: ignore[misc]  # bound now
        if tapped is not None:
            await server.loopback.answered(tapped, PATIENCE_S)
    deadly.append("edit")  # in the middle of the plan
    await lives_again()
    await ann.reads("fees paid")  # the market may run away meanwhile: that a leg falls short is no fault here
    assert await ann.bot.stop() == 0
    plan, confirmed, held = await first_plan(ann.bot.folder)
    assert (plan.state, confirmed) == (PlanState.DONE, 1)
    bought = {leg.instrument: leg.filled for leg in plan.legs if leg.kind is LegKind.SPOT_BUY and leg.filled}
    assert all(leg.filled <= leg.qty for leg in plan.legs)
    assert bought
    assert bought == {coin: qty for coin, qty in held.items() if coin in bought}, "each coin was bought once"


@pytest.mark.slow
async def test_a_bad_line_delays_and_never_silences(ann: Ann, server: TelegramServer) -> None:
    """Front ends that fail, a second poller, floods, broken connections and lost answers, from the first call on."""
    loopback = server.loopback
    loopback.fail("getMe", bad_gateway(), reset())
    loopback.fail("deleteWebhook", flooded(1), lost_answer())
    loopback.fail("setMyCommands", flooded(1))
    await ann.bot.start()
    await loopback.text(ANN, "hello")  # before anybody listens
    await ann.reads("one-time code")
    loopback.fail("getUpdates", conflicted(), flooded(1), lost_answer())
    await ann.pairs()
    await ann.says("/help")
    help_ = await ann.reads("/status")
    loopback.fail("getUpdates", reset(), bad_gateway())
    for fault in (flooded(1), bad_gateway(), reset(), lost_answer()):
        loopback.fail("sendMessage", fault)
        await ann.says(f"what about {fault.error}?")
        await loopback.shows(ANN.id, "I did not understand that", after=help_.id, timeout_s=PATIENCE_S)
        help_ = loopback.last(ANN.id)
    assert "another process polls" in ann.bot.printed
    assert await ann.bot.stop() == 0


async def test_stopped_in_mid_plan_it_ends_in_time_and_goes_on_at_the_next_start(ann: Ann) -> None:
    """SIGTERM while orders are out: exit code 0 within ten seconds; the next process finishes the plan, and the used code pairs nobody."""
    await ann.bot.start(loads=True)
    await ann.sets_up()
    await ann.taps("Confirm")
    await ann.reads("Being carried out")
    assert await ann.bot.stop() == 0
    await ann.bot.start()
    await ann.server.loopback.text(BEN, (await ann.bot.prints("become it: ")).strip())
    await ann.reads("fees paid")  # the market may run away meanwhile: that a leg falls short is no fault here
    await ann.reads("Somebody asks to use this bot")
    assert "This bot is private" in ann.server.loopback.last(BEN.id).text
    assert await ann.bot.stop() == 0


@pytest.mark.parametrize("after_s", [0.1, 0.6])
async def test_a_stop_while_its_parts_are_loaded_leaves_no_traceback(after_s: float, server: TelegramServer, bot: BotProcess) -> None:
    """Before the first line of ours Python itself ends; from then on the exit code is 0."""
    server.loopback.fail("getMe", *(bad_gateway() for _ in range(50)))
    await bot.start(loads=True)
    await asyncio.sleep(after_s)
    assert await bot.stop() in {0, -signal.SIGTERM}
    assert "Traceback" not in bot.printed


async def test_a_stop_while_it_waits_for_a_server_that_is_down_is_a_clean_one(server: TelegramServer, bot: BotProcess) -> None:
    """It has asked who it is and got no answer: exit code 0."""
    server.loopback.fail("getMe", *(bad_gateway() for _ in range(50)))
    await bot.start()
    async with asyncio.timeout(LIMIT_S):
        while not any(method == "getMe" for method, _ in server.loopback.calls):  # noqa: ASYNC110 - a refused call changes nothing
            await asyncio.sleep(0.02)
    assert await bot.stop() == 0
    assert "Traceback" not in bot.printed


async def test_a_token_that_telegram_does_not_know_is_told_at_once(server: TelegramServer, tmp_path: Path) -> None:
    """Exit code 2 and one sentence that names the setting, never the token."""
    wrong = "7000000001:ThisOneIsNotTheRightTokenAtAll12345"
    bot = BotProcess(server.url, tmp_path, TELEGRAM_TOKEN=wrong)
    await bot.start()
    assert await bot.ended(PATIENCE_S) == 2
    assert "CHATBOT_TELEGRAM_TOKEN: Telegram does not know this token" in bot.printed
    assert wrong not in bot.printed
    assert "Traceback" not in bot.printed


async def test_the_doctor_finds_everything_well(server: TelegramServer, bot: BotProcess) -> None:
    """A known token, a folder that can be written, a market that answers, a clock that agrees: exit code 0."""
    await bot.start("doctor")
    assert await bot.ended(PATIENCE_S) == 0, bot.printed
    for found in ("ok   settings", "ok   token: the bot is @ballast_bot", "ok   database", "ok   market", "s from Telegram's"):
        assert found in bot.printed


async def test_the_doctor_names_every_cure(server: TelegramServer, tmp_path: Path) -> None:
    """A server that is not there, a folder that cannot be, a replay without candles: exit code 1 and what to do about each."""
    (tmp_path / "file").write_text("in the way")
    bot = BotProcess("http://127.0.0.1:9", tmp_path, DATA_DIR=str(tmp_path / "file" / "data"), MARKET="replay:nowhere")
    await bot.start("doctor")
    assert await bot.ended(PATIENCE_S) == 1, bot.printed
    for found in ("FAIL token", "CHATBOT_TELEGRAM_API_URL", "FAIL database", "CHATBOT_DATA_DIR", "FAIL market", "?    clock: not checked"):
        assert found in bot.printed
