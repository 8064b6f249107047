"""The shape of an update is nobody's promise: the bot as people run it is sent thousands that are wrong, and goes on answering."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from aiohttp import web
from sqlalchemy import select

from chatbot.store import accounts, plans, portfolios, tables
from chatbot.store.database import Database
from handlers.loopback import TelegramUser
from handlers.transport import polling
from tests.person import someone
from tests.telegram.server import BotProcess, TelegramServer
from tests.telegram.shapes import Chance, bodies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from handlers.loopback import Loopback
    from tests.person import Someone

#: said by the web library while it reads an uploaded picture; as an error it would break that call
pytestmark = pytest.mark.filterwarnings("ignore:unread_data:DeprecationWarning")
ANN, BEN = TelegramUser(id=42, name="Ann"), TelegramUser(id=43, name="Ben")
STRANGERS = (TelegramUser(id=66, name="Eve", username="eve"), TelegramUser(id=67, name=""), TelegramUser(id=68, name="Zoe \u202e\n</b>"))
#: of all that is sent, how often one comes with a number that is none
STRANGE_NUMBERS = 0.01
#: an update that is not handled by then never will be; the whole soak takes some minutes
PATIENCE_S, SOAK_S = 30.0, 900.0
#: updates in all, and those that one program is sent
_MANY, _A_LIFE = 100_000, 5_000
#: what the log says where something was not foreseen
UNFORESEEN = ("Traceback", '"exception"', "update failed", "outside of an update", "updates could not be taken", "never retrieved")


class MuddledServer(TelegramServer):
    """Gives out what is put into its line as it is written there; what the chats bring joins the end of the line."""

    def __init__(self) -> None:
        super().__init__()
        self.line: deque[tuple[int, str]] = deque()
        #: given out once, whatever is confirmed: it has no number that could be
        self.unnumbered: deque[str] = deque()
        self.last = 1_000_000
        self._offset = 0

    def put(self, text: str) -> None:
        """Add an update's text, written with the number :attr:`last` + 1."""
        self.last += 1
        self.line.append((self.last, text))

    @property
    def is_empty(self) -> bool:
        """Everything was confirmed."""
        return not self.line and not self.loopback.waiting_updates

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["method"] != "getUpdates":
            return await super()._answer(request)
        asked = await request.post()
        self._let_go(int(str(asked.get("offset", 0))))
        if not self.line:
            await asyncio.sleep(0.02)
        self._hear()
        limit = int(str(asked.get("limit", 100)))
        given = [text for _, text in list(self.line)[:limit]]
        while self.unnumbered and limit > 1:
            given.insert(len(given) // 2, self.unnumbered.popleft())
        return web.Response(text='{"ok":true,"result":[' + ",".join(given[:limit]) + "]}", content_type="application/json")

    def _let_go(self, offset: int) -> None:
        assert offset <= self.last + 1, "the bot confirmed what nobody has sent yet"
        while self.line and self.line[0][0] < offset:
            self.line.popleft()

    def _hear(self) -> None:
        """Give what was said and tapped in the chats its place in the line."""
        waiting = self.loopback._state.updates
        while waiting:
            _, update = waiting.popleft()
            self.put(json.dumps({**update, "update_id": self.last + 1}))


async def asks(server: TelegramServer, user: TelegramUser, text: str, fragment: str) -> None:
    """Write something and wait for the answer."""
    before = max((one.id for one in server.loopback.chat(user.id)), default=0)
    await server.loopback.text(user, text)
    await server.loopback.shows(user.id, fragment, after=before, timeout_s=SOAK_S)


async def sets_up(server: TelegramServer, user: TelegramUser) -> None:
    """Open a demo portfolio."""
    await asks(server, user, "/start", "")
    for label in ("Demo portfolio", "10,000", "Use Balanced", "Skip"):
        message = await server.loopback.wait(
            lambda label=label: next((one for one in reversed(server.loopback.chat(user.id)) if label in one.buttons), None), PATIENCE_S
        )
        await server.loopback.tap(user, message.id, label)


def payloads(loopback: Loopback, user: TelegramUser) -> list[str]:
    """Return what the buttons in somebody's chat carry."""
    return [
        str(button["callback_data"])
        for message in loopback.chat(user.id)
        for row in message.keyboard
        for button in row
        if "callback_data" in button
    ]


def muddled(server: MuddledServer, rounds: int) -> Iterator[None]:
    """Put wrong updates of members and strangers into the line, a few at a time."""
    hers = payloads(server.loopback, ANN)
    assert len(hers) > 5
    chance = Chance(20251128, [body for person in (ANN, *STRANGERS) for body in bodies(dict(person.to_json()), hers)])
    for round_ in range(rounds):
        server.put(chance.text(server.last + 1))
        if chance.chooses(STRANGE_NUMBERS):
            number = chance.strange_number(server.line[0][0])  # of those that were given out, at most
            server.unnumbered.append(json.dumps({**json.loads(json.dumps(chance.sound[0])), "update_id": number}))
        if round_ % 50 == 49:
            yield


@pytest.mark.parametrize("rounds", [pytest.param(one, marks=pytest.mark.slow) for one in (300, 2_000)])
async def test_no_shape_of_an_update_stops_the_bot(tmp_path: Path, rounds: int) -> None:
    """Wrong updates between sound ones, over the real polling: the honest are answered, and nothing is logged that was not foreseen.

    In the end nothing waits, and what is stored can be read and is sound.
    """
    async with MuddledServer().up() as server, asyncio.timeout(SOAK_S):
        bot = BotProcess(server.url, tmp_path, OPERATOR_IDS=f"{ANN.id},{BEN.id}", LOG_LEVEL="INFO", MARKET_SPEED="1")
        for stranger in STRANGERS:
            server.loopback.know(stranger)
        await bot.start()
        try:
            await sets_up(server, ANN)
            await sets_up(server, BEN)
            for number, _ in enumerate(muddled(server, rounds)):
                if number % 20 == 0:
                    await asks(server, BEN, "/help", "/status")
                while len(server.line) > 200:  # noqa: ASYNC110 - polling is what is tested
                    await asyncio.sleep(0.02)  # as fast as it takes them
            await asks(server, BEN, "/status", "Balanced")
            await server.loopback.text(ANN, "/cancel")
            await asks(server, ANN, "/help", "/status")
            await server.loopback.wait(lambda: server.is_empty, PATIENCE_S)
            assert await bot.stop() == 0
        finally:
            if bot._process is not None and bot._process.returncode is None:
                await bot.kill()
        assert [line for line in bot.printed.splitlines() if any(word in line for word in UNFORESEEN)] == []
        db = Database(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'ballast.sqlite'}")
        try:
            await holds_nothing_unsound(db, range(1_000_001, server.last + 1))
        finally:
            await db.close()


@pytest.mark.slow
async def test_a_hundred_thousand_wrong_updates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same without a line in between, thirty times as fast: what is taken is handled at once, in lives of some thousand updates each.

    It ends after a quarter of an hour, whatever it has come to by then, and prints how many updates that were and what each took.
    """
    took, sent = Counter[str](), Counter[str]()
    wire, begun = Wire(), time.monotonic()
    monkeypatch.setattr(polling, "_ask", wire.ask)
    for life in range(_MANY // _A_LIFE):
        (tmp_path / f"{life}").mkdir()
        with structlog.testing.capture_logs() as lines:
            async with someone(tmp_path / f"{life}", operator_ids=f"{ANN.id},{BEN.id}") as ann:
                await _lives_through(ann, wire, life, took, sent)
        assert [line for line in lines if _is_unforeseen(line)] == []
        if time.monotonic() - begun > SOAK_S:
            break
    each = ", ".join(f"{sent[kind]} {kind} at {took[kind] / sent[kind] / 1000:.1f} ms of the processor" for kind in sent)
    print(f"{sent.total()} wrong updates in {time.monotonic() - begun:.0f} s: {each}")  # noqa: T201 - read with -s


class Wire:
    """What getUpdates is answered with: what stands here, else what the server says."""

    def __init__(self) -> None:
        self.says: str | None = None
        self._ask = polling._ask

    async def ask(self, *asked: Any) -> str:
        """Answer."""
        return await self._ask(*asked) if self.says is None else f'{{"ok":true,"result":[{self.says}]}}'


async def _lives_through(ann: Someone, wire: Wire, life: int, took: Counter[str], sent: Counter[str]) -> None:
    """Send one program some thousand wrong updates, and hold that the honest are answered and that all that is stored is sound."""
    ben = ann.beside(BEN)
    for person in (ann, ben):
        await person.set_up()
    for stranger in STRANGERS:
        ann.loopback.know(stranger)
    hers = payloads(ann.loopback, ANN)
    chance = Chance(life, [body for person in (ANN, *STRANGERS) for body in bodies(dict(person.to_json()), hers)])
    first = ann.turn.offset + 1_000_000
    for number in range(first, first + _A_LIFE):
        began = time.process_time()
        wire.says = chance.text(number)
        kind = "handled" if await _handles(ann, number) else "turned away"
        wire.says = None
        took[kind] += round((time.process_time() - began) * 1_000_000)
        sent[kind] += 1
        ann.clock.advance(1)
        if number % 500 == 0:
            assert "/status" in await ben.say("/help")
    assert "Balanced" in await ben.say("/status")
    await ann.say("/cancel")
    assert "/status" in await ann.say("/help")
    await holds_nothing_unsound(ann.program.db, range(first, first + _A_LIFE))


async def _handles(ann: Someone, number: int) -> bool:
    """Let the bot take one update as Telegram wrote it, and handle it; False: it was turned away."""
    for raw in await polling.fetch(ann.bot.bot, number, hold_s=0):
        await ann.line.updates.take([(raw.number, raw.text)], ann.bot.bot)
    queue, found = ann.bot.update_queue, False
    while not queue.empty():
        update, found = queue.get_nowait(), True
        await ann.bot.update_processor.process_update(update, ann.bot.process_update(update))
    return found


def _is_unforeseen(line: Mapping[str, Any]) -> bool:
    told = json.dumps(dict(line), default=repr)
    return "exc_info" in line or any(word in told for word in UNFORESEEN)


async def holds_nothing_unsound(db: Database, numbers: range) -> None:
    """Every update that has a number is remembered and finished, and every row reads back as what it should be."""
    async with db.read() as tx:
        updates = {row.id: row for row in await tx.execute(select(tables.updates))}
        everybody = await accounts.people(tx)
        theirs = {person.id: await portfolios.of_person(tx, person.id) for person in everybody}
        held = [await plans.plans(tx, one.id, limit=1000) for found in theirs.values() for one in found]
        messages = list(await tx.execute(select(tables.outbox)))
    assert all(number in updates for number in numbers)
    assert [number for number, row in updates.items() if not row.finished] == []
    assert {person.id for person in everybody} == {person.id for person in (ANN, BEN, *STRANGERS)}
    for person in everybody:
        assert person.id == person.chat_id > 0
        assert person.name == " ".join(person.name.split())
        assert person.name.isprintable()
        assert len(person.name) <= 129
        assert not theirs[person.id] or person.is_let_in
    assert theirs[BEN.id]
    assert any(held)
    assert all(message.chat_id > 0 for message in messages)


def test_chance_makes_every_kind_of_wrong(tmp_path: Path) -> None:
    """Otherwise the soak would show less than it says: sound ones, unreadable ones, no JSON, and each kind of update."""
    sound = bodies(dict(STRANGERS[0].to_json()), ["v1.status..zzzzzz.AAAAAAAAAAAA"])
    chance = Chance(1, sound)
    texts = [chance.text(number) for number in range(3000)]
    kinds: set[str] = set()
    broken = 0
    for text in texts:
        try:
            found: dict[str, Any] = json.loads(text)
        except (ValueError, RecursionError):
            broken += 1
        else:
            kinds |= set(found)
    assert {next(iter(body)) for body in sound} <= kinds
    assert 5 < broken < 60
    assert [chance.text(1) for _ in range(3)] != [chance.text(1) for _ in range(3)]
    assert texts[:50] == [again.text(number) for again in (Chance(1, sound),) for number in range(50)]
