"""Two processes on one PostgreSQL: one works, the other stands by; whoever works is killed, in the middle of a plan."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.paper.account import AccountState
from chatbot.model import PlanState
from chatbot.store import orders, plans, portfolios
from chatbot.store.database import Database
from tests.store.databases import postgres_or_skip
from tests.telegram.server import BotProcess, TelegramServer
from tests.telegram.test_real_process import ANN, PATIENCE_S, Ann

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from chatbot.model import Plan

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")]
#: what a person waits at most until somebody goes on; seconds
TAKEN_OVER_S = 12.0
#: where plans stand that nobody confirmed, or that new prices had overtaken when somebody did
_CARDS = (PlanState.PROPOSED, PlanState.SUPERSEDED)
#: for the machine that six others share
SLOWER = 5


async def _stands_by(bot: BotProcess) -> None:
    lives = bot.printed.count("stands by")
    await bot.start()
    async with asyncio.timeout(60):
        while bot.printed.count("stands by") == lives:  # noqa: ASYNC110 - a file tells
            await asyncio.sleep(0.05)


async def _is_up(bot: BotProcess, lives: int) -> float:
    """Wait until a process has said once more than ``lives`` times that it is up, and return when."""
    async with asyncio.timeout(TAKEN_OVER_S * SLOWER):
        while bot.printed.count("Ballast is up") <= lives:  # noqa: ASYNC110 - a file tells
            await asyncio.sleep(0.05)
    return time.monotonic()


async def _confirms(ann: Ann) -> None:
    """Confirm until a plan is under way: where prices have moved since its card, a new card comes instead."""

    def is_under_way() -> bool | None:
        return any("Being carried out" in message.text for message in ann.server.loopback.chat(ANN.id)) or None

    for _ in range(5):
        await ann.taps("Confirm")
        with suppress(TimeoutError):
            await ann.server.loopback.wait(is_under_way, 15.0)
            return
    raise TimeoutError("no plan came under way")


def _results(server: TelegramServer) -> list[str]:
    """Return the ends of plans that stand in the chat."""
    return [message.text for message in server.loopback.chat(ANN.id) if message.sender is None and "fees paid" in message.text]


async def _books(url: str) -> tuple[tuple[Plan, ...], dict[str, Decimal], dict[str, Decimal]]:
    """Return the plans, what filled of each order by the journal, and what by the exchange."""
    db = Database(url)
    try:
        async with db.read() as tx:
            made = await plans.plans(tx, 1, limit=200)
            known = {one.client_id: one.filled for plan in made for one in await orders.orders(tx, plan.id) if one.limit is not None}
            account = AccountState.from_json((await portfolios.accounts_of(tx, (1,)))[1])
    finally:
        await db.close()
    return made, known, {name: order.filled for name, order in account.orders.items()}


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, 50])
async def test_whoever_is_killed_in_a_plan_is_taken_over_from(server: TelegramServer, tmp_path: Path, kills: int) -> None:
    """Within twelve seconds another goes on: every plan ends, every order was sent once, every result is told, once and in order."""
    url = await postgres_or_skip().copy("template0")
    here, there = (BotProcess(server.url, tmp_path / name, DATABASE_URL=url, MARKET_SPEED="60") for name in ("here", "there"))
    took: list[float] = []
    try:
        for bot in (here, there):
            bot.folder.mkdir()
        await here.start()
        ann = Ann(server=server, bot=here)
        await ann.sets_up()
        await _stands_by(there)
        for number in range(kills):
            await _confirms(ann)
            lives, killed = there.printed.count("Ballast is up"), time.monotonic()
            await here.kill()
            took.append(await _is_up(there, lives) - killed)
            here, there, ann.bot = there, here, there
            await server.loopback.wait(lambda done=number + 1: len(_results(server)) >= done or None, PATIENCE_S)  # type: ignore[misc]
            await _stands_by(there)
            await ann.says(f"/targets BTC {20 + number % 2 * 20} ETH 20 ALT 20 USDT {40 - number % 2 * 20}")
            await ann.says("/rebalance")
        made, known, filled = await _books(url)
        assert [plan.state for plan in made if plan.state not in _CARDS] == [PlanState.DONE] * kills
        assert all(leg.filled <= leg.qty for plan in made for leg in plan.legs)
        assert {name: qty for name, qty in known.items() if qty} == {name: qty for name, qty in filled.items() if qty}
        assert len(_results(server)) == kills, "a result that is told twice is a message that was sent twice"
        print(f"taken over in {', '.join(f'{one:.1f}' for one in took)} s")  # noqa: T201 - read with -s
        assert max(took) < TAKEN_OVER_S * SLOWER
    finally:
        for bot in (here, there):
            await bot.kill()
