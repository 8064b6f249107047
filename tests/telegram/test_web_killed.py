"""Two webs behind one address, one of them killed in the middle of what Telegram delivers: every update is handled once, in order."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from chatbot.model import Person, Role
from chatbot.store import accounts, events
from chatbot.store.database import Database
from handlers.loopback import TelegramUser
from tests.store.databases import postgres_or_skip
from tests.telegram.delivering import Delivery
from tests.telegram.test_scale_out import Service, alone_at, free_port
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram.server import TelegramServer

#: said by the web library while it reads an uploaded picture; as an error it would break that call
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")]
#: people who write, and messages of each
PEOPLE, MESSAGES = 6, 40


@pytest.mark.parametrize("kills", [5])
async def test_a_web_that_is_killed_in_mid_request_loses_nothing_and_doubles_nothing(
    server: TelegramServer, tmp_path: Path, kills: int
) -> None:
    """What was not answered with 200 is delivered again, to the other web; what was written down all the same counts once."""
    url = await postgres_or_skip().copy("template0")
    service = Service(folder=tmp_path, server=server, url=url)
    ports = [free_port(), free_port()]
    webs = [alone_at(service, tmp_path / f"web-{port}", PORT=str(port)) for port in ports]
    worker = alone_at(service, tmp_path / "worker")
    people = [TelegramUser(id=1000 + number, name="Ann") for number in range(PEOPLE)]
    delivery, db = Delivery(server, ports), Database(url)
    tasks: list[asyncio.Future[None]] = []
    try:
        for web in webs:
            await web.start("web")
            await web.prints("Ballast takes updates")
        await worker.start("worker")
        await worker.prints("shares gained")
        async with db.transaction() as tx:
            for user in people:
                server.loopback.know(user)
                await accounts.add_person(tx, Person(id=user.id, chat_id=user.id, name="Ann", role=Role.MEMBER))
        tasks += [asyncio.ensure_future(delivery.run()), asyncio.ensure_future(_say(server, people))]
        for kill in range(kills):
            web, port = webs[kill % 2], ports[kill % 2]
            await until(lambda port=port: delivery.asked[port])  # type: ignore[misc]
            await web.kill()
            await web.start("web")
            await until(lambda web=web, kill=kill: web.printed.count("Ballast takes updates") == kill // 2 + 2)  # type: ignore[misc]
        await tasks[1]
        await until(lambda: not delivery.untaken)

        async def is_all_handled() -> bool:
            async with db.read() as tx:
                return await events.unfinished_updates(tx) == ()

        await until(is_all_handled)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await db.close()
        for bot in (*webs, worker):
            await bot.kill()
    for user in people:
        assert _answers(server, user) == list(range(MESSAGES)), "each once, in order"
    assert delivery.answers[0] >= kills, "requests were broken off"
    print(f"answers to Telegram: {dict(delivery.answers)}")  # noqa: T201 - read with -s


async def _say(server: TelegramServer, people: list[TelegramUser]) -> None:
    """Let everybody write, one after the other, for as long as it takes to kill somebody meanwhile."""
    for number in range(MESSAGES):
        for user in people:
            await server.loopback.text(user, f"/zzqq{number}")
            await asyncio.sleep(0.05)


def _answers(server: TelegramServer, user: TelegramUser) -> list[int]:
    """Return which of their messages were answered, in the order of the answers."""
    texts = (message.text for message in server.loopback.chat(user.id) if message.sender is None)
    return [int(found[1]) for text in texts if (found := re.search(r"/zzqq(\d+)", text))]
