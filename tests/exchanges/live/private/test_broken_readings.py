"""Every reading call of the five venues x every way to break its answer: it is read right, or it is not known, and no cause is invented."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from chatbot.engine.finite import finite
from chatbot.errors import AccountUnfit, OutcomeUnknown, Unreachable
from chatbot.exchanges.base import Direction
from chatbot.exchanges.testserver.harshness import KIND
from tests.exchanges.live.private.test_on_the_test_exchange import DIALECTS, order, room
from tests.exchanges.live.private.wire import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from tests.exchanges.live.private.test_on_the_test_exchange import Room

#: what no field of an answer is
EVIL: tuple[Any, ...] = (
    *(None, True, "", " ", "text", "NaN", "Infinity", "-Infinity", "1e999999999", "9" * 5000, 10**400, "\ud800", "\0"),
    *([], {}, [None], [[]], {"a": 1}, [{}]),
)
#: answers with HTTP status 200 that are none
BODIES = (
    *("", " ", "null", "true", "7", '"text"', "[]", "{}", "[null]", "[{}]", "<html>Maintenance</html>", "\ufeff{}", "[" * 2000),
    *('{"code": 0, "data": null}', '{"retCode": 0, "result": {}}', '{"surprise": 1}', '{"success": true}', '{"code": 200, "msg": "ok"}'),
    *('{"retCode": 10016, "retMsg": "error"}', '{"success": false, "code": 500}', '{"code": 100500, "msg": "busy", "data": {}}'),
)
#: those of them that a coin, a market or an order might be called
NAMES = frozenset({"text", "NaN", "Infinity", "-Infinity", "1e999999999"})
#: fields whose words say how an account is kept, or which row is meant
TELLING = frozenset(
    {
        *("dualSidePosition", "multiAssetsMargin", "positionSide", "positionIdx", "separatedType", "separatedMode", "marginType"),
        *("assetMode", "onlyOnePosition", "openType", "data", "symbol", "type", "fromAccount", "toAccount", "fromAccountType"),
    }
)
#: lists in whose place BingX says null where there is nothing in them
NULL = frozenset({"fills", "fill_orders", "orders"})
GONE = object()
#: rows of a list whose fields are broken: the others are alike
_ROWS = 2
#: what goes by, so that a request is known again
_PASSING = ("timestamp", "signature")


class Tape:
    """Stands in for the session of ccxt: keeps what the server answers, and says it again, one of the answers broken."""

    #: those that ccxt adds to each request
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, session: Any) -> None:
        self._session = session
        self.kept: dict[tuple[str, str, str], str] = {}
        #: of the reading under way, in the order in which they were asked for first
        self.asked: list[tuple[str, str, str]] = []
        self.broken: tuple[tuple[str, str, str], str] | None = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._session, name)
        if name not in ("get", "post", "put", "delete"):
            return found

        def called(url: Any, *, data: bytes | None = None, **rest: Any) -> _Said:
            path, _, query = str(url).partition("?")
            words = [one for one in (query or (data or b"").decode()).split("&") if not one.startswith(_PASSING)]
            key = (name, path, "&".join(words) if not words or "{" not in words[0] else path)
            if key not in self.asked:
                self.asked.append(key)
            return _Said(self, key, lambda: found(url, data=data, **rest))

        return called


@dataclass
class _Said:
    """One answer: the broken one, the one of before, or the server's own."""

    tape: Tape
    key: tuple[str, str, str]
    ask: Callable[[], Any]

    async def __aenter__(self) -> Answer:
        broken = self.tape.broken
        if broken is not None and broken[0] == self.key:
            return Answer(broken[1])
        if self.key not in self.tape.kept:
            async with self.ask() as response:
                status, text = response.status, await response.text()
            if status != 200:
                return Answer(text, status)
            self.tape.kept[self.key] = text
        return Answer(self.tape.kept[self.key])

    async def __aexit__(self, *_: object) -> None:
        return


def readings(place: Room) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Return everything that is read of an account, each as a piece of work."""
    account, began = place.account, place.clock.now() - timedelta(minutes=5)

    line = account._line

    async def leverage() -> None:
        await account.set_leverage("ETH-PERP", Decimal(3))

    async def time() -> None:
        line._offset_ms = None
        await line._know_time()
        assert abs(line.offset()) < 60_000

    return {
        "time": time,
        "check": account.ping,
        "balances": account.balances,
        "positions": account.positions,
        "found on spot": lambda: account.find("BTC", "b1-0-1"),
        "found of a contract": lambda: account.find("BTC-PERP", "b1-1-1"),
        "resting on spot": lambda: account.find("ETH", "b1-2-1"),
        "resting of a contract": lambda: account.find("ETH-PERP", "b1-3-1"),
        "transfer": lambda: account.find_transfer("b1-4-1"),
        "traded on spot": lambda: account.traded("BTC", began),
        "traded of a contract": lambda: account.traded("BTC-PERP", began),
        "history": lambda: account.history(began, ["BTC", "BTC-PERP"]),
        "leverage": leverage,
    }


@asynccontextmanager
async def lively(venue: str) -> AsyncIterator[tuple[Room, Tape]]:
    """Return an account that holds coins and a contract, with orders that rest and money that was moved."""
    async with room(venue, replace(KIND, reuse_ids=False)) as place:
        account = place.account
        if account.moves_money:
            await account.transfer(Direction.TO_FUTURES, Decimal(7), "b1-4-1")
            await place.journal.claim("b1-4-1", next(iter(place.journal.claims), "1"))
        await account.set_leverage("BTC-PERP", Decimal(2))
        await account.place(order("BTC"))
        await account.place(order("BTC-PERP", "b1-1-1"))
        await account.place(order("ETH", "b1-2-1", limit="1000", qty="0.1"))
        await account.place(order("ETH-PERP", "b1-3-1", limit="1000", qty="0.1"))
        place.clock.advance(20)
        made = account._line._ccxt
        session, made.session = made.session, Tape(made.session)
        yield place, made.session
        made.session = session


@dataclass(frozen=True)
class Break:
    """One way to break an answer."""

    how: str
    body: str
    #: what stands there now could be true: a name, or a list in which nothing is, which nobody can tell from a true one
    may_be_true: bool = False
    #: of a field whose words say how an account is kept, or what a row is about
    telling: bool = False


def breaks(text: str) -> Iterator[Break]:
    """Yield each way to break an answer."""
    for body in BODIES:
        yield Break(f"instead {body[:40]!r}", body, may_be_true=body in ("[]", "[null]"))
    for share in (1, 2, 3):
        yield Break(f"cut at {share}/4", text[: len(text) * share // 4])
    told = json.loads(text)
    for path, true in places(told):
        for evil in (GONE, *EVIL):
            if evil != true or type(evil) is not type(true):
                how = f"{'.'.join(map(str, path))} {'gone' if evil is GONE else repr(evil)[:30]}"
                telling = path[-1] in TELLING and evil in (None, "text")
                yield Break(how, json.dumps(changed(told, path, evil)), may_be_true=could_be(path, true, evil), telling=telling)


def could_be(path: tuple[Any, ...], true: Any, evil: Any) -> bool:
    """Tell whether a field may hold this as well as what it held: another name, the other answer to a question, a list without this row."""
    if evil is GONE:
        return isinstance(path[-1], int)
    if evil is True and str(true).lower() == "false":
        return True
    if evil is None:
        return path[-1] in NULL
    if isinstance(true, str):
        is_name = finite(true) is None or str(path[-1]).lower().endswith("id")  # MEXC writes digits where it takes any id
        return isinstance(evil, str) and is_name and evil in NAMES
    if isinstance(evil, str):
        return isinstance(true, int) and evil in NAMES
    return isinstance(true, type(evil)) and isinstance(true, bool | list)


def places(told: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every field of an answer: the way to it, and what it holds."""
    inside = told.items() if isinstance(told, dict) else list(enumerate(told))[:_ROWS] if isinstance(told, list) else ()
    for name, value in inside:
        yield (*way, name), value
        yield from places(value, (*way, name))


def changed(told: Any, way: tuple[Any, ...], evil: Any) -> Any:
    """Return an answer with something else at one place, or with nothing there."""
    copy = told.copy()
    if len(way) > 1:
        copy[way[0]] = changed(told[way[0]], way[1:], evil)
    elif evil is GONE:
        del copy[way[0]]
    else:
        copy[way[0]] = evil
    return copy


def agrees(told: Any, truth: Any) -> bool:
    """Tell whether a reading is the true one, or says of a part of it that it is not known."""
    if is_dataclass(truth) and type(told) is type(truth):
        return all(agrees(getattr(told, one.name), getattr(truth, one.name)) for one in fields(truth))
    if isinstance(truth, tuple) and isinstance(told, tuple):
        return len(told) == len(truth) and all(map(agrees, told, truth))
    return told is None or bool(told == truth)


async def wrong(work: Callable[[], Awaitable[Any]], truth: Any, *, may_be_true: bool) -> str:
    """Do a reading, and say what came of it where that is neither right nor unknown; empty where it is."""
    try:
        told = await work()
    except (Unreachable, OutcomeUnknown):
        return ""
    except Exception as error:  # noqa: BLE001 - a cause that nobody told, and what we stumbled over, are the faults that are looked for
        return "" if may_be_true and isinstance(error, AccountUnfit) else repr(error)[:200]
    if may_be_true and type(told) is type(truth):
        return ""
    return "" if told == truth or (told is not None and agrees(told, truth)) else f"{told} is not {truth}"[:400]


async def look(venue: str, every: int) -> dict[str, str]:
    """Break each answer of each reading, in one of so many ways, and return what came out wrong. What is telling is always broken."""
    found, tried = dict[str, str](), 0
    async with lively(venue) as (place, tape):
        line = place.account._line
        for name, work in readings(place).items():
            tape.asked.clear()
            tape.kept.clear()
            truth = await work()
            offset = line._offset_ms
            for key in [one for one in tape.asked if one in tape.kept]:
                for number, one in enumerate(breaks(tape.kept[key])):
                    if (number + tried) % every and not one.telling:
                        continue
                    tape.broken = key, one.body
                    line._offset_ms, line._measured_at = offset, place.clock.monotonic()
                    place.account._known.clear()
                    if told := await wrong(work, truth, may_be_true=one.may_be_true):
                        found[f"{name}: {key[0]} {key[1].partition('/')[2]}: {one.how}"] = told
                    tape.broken = None
                    tried += 1
    print(f"{venue}: {tried} broken answers, {len(found)} of them read as something else")  # noqa: T201 - the figure
    return found


@pytest.mark.long
@pytest.mark.parametrize("venue", DIALECTS)
async def test_some_broken_answers_to_every_reading_are_no_answer(venue: str) -> None:
    assert await look(venue, 83) == {}


@pytest.mark.slow
@pytest.mark.parametrize("venue", DIALECTS)
async def test_every_broken_answer_to_every_reading_is_no_answer(venue: str) -> None:
    assert await look(venue, 1) == {}
