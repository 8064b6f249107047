"""Somebody with a key at the test exchange: the chat on one side, the exchange's own books on the other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.candle_table import CandleTable
from chatbot.exchanges.live import key_doctor
from chatbot.exchanges.live.ccxt_prices import CcxtSource
from chatbot.exchanges.live.connection import Connection
from chatbot.exchanges.live.venues import has_passphrase
from chatbot.exchanges.markets.markettime import to_ms
from chatbot.exchanges.testserver.dialects.binance.speech import BINANCE
from chatbot.exchanges.testserver.dialects.bingx.speech import BINGX
from chatbot.exchanges.testserver.dialects.bybit.speech import BYBIT
from chatbot.exchanges.testserver.dialects.mexc.speech import MEXC
from chatbot.exchanges.testserver.dialects.weex.speech import WEEX
from chatbot.exchanges.testserver.harshness import KIND
from chatbot.exchanges.testserver.server import Door, Server
from chatbot.exchanges.testserver.words import Call
from chatbot.model import PlanState
from chatbot.vault import new_master_key
from tests.person import START, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime
    from pathlib import Path

    from chatbot.exchanges.testserver.account import Account
    from chatbot.model import Credentials, KeyReport
    from tests.person import Someone

DIALECTS: dict[str, Any] = {"binance": BINANCE, "bybit": BYBIT, "bingx": BINGX, "mexc": MEXC, "weex": WEEX}
NAMES = {"binance": "Binance", "bybit": "Bybit", "bingx": "BingX", "mexc": "MEXC", "weex": "WEEX"}
#: the same as parameters; what happens in the chat is the same for all, so that BingX and MEXC are tried in the slow run
EACH = [pytest.param(one, marks=pytest.mark.slow) if one in ("bingx", "mexc") else one for one in NAMES]
STOCK = {"USDT": Decimal(20_000), "BTC": Decimal("0.5"), "ETH": Decimal(5)}
API_KEY, SECRET = "key-of-a-story-0001", "secret-of-a-story-0001"
MASTER_KEY = new_master_key()
D = Decimal
NOTHING = Decimal(0)
#: what an exchange tells of the time before a story: from when on, and the bars, by exchange, instrument, interval and price
_BEFORE: dict[tuple[str, str, str, Decimal], tuple[datetime, CandleTable]] = {}


@asynccontextmanager
async def venue(exchange: str = "binance", *, door: Door = Door.TRADING, futures: Decimal = NOTHING) -> AsyncIterator[Server]:
    """Open an exchange where somebody has 0.5 BTC, 5 ETH and 20,000 USDT, and so much for futures."""
    async with Server(DIALECTS[exchange], ManualClock(START), harshness=KIND, door=door) as server:
        server.venue.open_account(API_KEY, SECRET, dict(STOCK), futures)
        yield server


@asynccontextmanager
async def beside(server: Server, folder: Path, *, allow: bool = True, **more: Any) -> AsyncIterator[Someone]:
    """Sit down with that person; called again, after a restart of the bot."""
    clock: Any = server.venue._clock
    exchange = next(name for name, dialect in DIALECTS.items() if dialect is server.dialect)
    options = {exchange: {**server.options(), "timeout_on_exit": 0, "enableRateLimit": False}}
    source = CcxtSource(exchange, options[exchange], clock=clock)
    _read_once(source, server)
    settings: dict[str, Any] = {
        "market": f"live:{exchange}",
        "exchange_options": options,
        "secret_keys": MASTER_KEY,
        "allow_live": allow,
        "fear_greed_url": "",
    }
    async with someone(folder, clock=clock, source=source, **{**settings, **more}) as ann:
        ann.program.keyring._ask = doctor(clock, options[exchange])
        yield ann


@asynccontextmanager
async def at_exchange(
    folder: Path, exchange: str = "binance", *, door: Door = Door.TRADING, allow: bool = True, futures: Decimal = NOTHING
) -> AsyncIterator[tuple[Someone, Server]]:
    """Sit down with somebody who has 0.5 BTC, 5 ETH and 20,000 USDT at an exchange."""
    async with venue(exchange, door=door, futures=futures) as server, beside(server, folder, allow=allow) as ann:
        yield ann, server


def _read_once(source: CcxtSource, server: Server) -> None:
    """Let a worker read the year before a story off an exchange once: it is the same in all of them, and took a third of their time."""
    ask: Any = source.candles

    async def candles(instrument: str, interval: str, since: datetime, until: datetime) -> CandleTable:
        begun = START.replace(hour=0) if interval == "1d" else START
        if since >= begun or server.faults.left or instrument not in server.venue.markets:
            return CandleTable.of(await ask(instrument, interval, since, until))
        key = source.name, instrument, interval, server.venue.paths[instrument].points[0][1]
        if key not in _BEFORE or _BEFORE[key][0] > since:
            _BEFORE[key] = since, CandleTable.of(await ask(instrument, interval, since, begun))
        before = _BEFORE[key][1]
        later = CandleTable.of(await ask(instrument, interval, begun, until) if until > begun else ())
        at_us, rows = np.concatenate([before.at_us, later.at_us]), np.concatenate([before.rows, later.rows])
        asked = (to_ms(since) * 1000 <= at_us) & (at_us < to_ms(until) * 1000)
        return CandleTable(at_us[asked], rows[asked])

    source.candles = candles  # type: ignore[method-assign,assignment]


def doctor(clock: ManualClock, options: dict[str, Any]) -> Callable[[str, Credentials], Awaitable[KeyReport]]:
    """Return the key doctor on a machine whose time is that of the story."""

    def connect(exchange: str, given: dict[str, Any], sign: Callable[[Any], object]) -> Connection:
        def prepare(made: Any) -> None:
            made.milliseconds = lambda: int(clock.now().timestamp() * 1000)
            sign(made)

        return Connection(exchange, given, prepare)

    async def examine(exchange: str, credentials: Credentials) -> KeyReport:
        return await key_doctor.examine(exchange, credentials, clock, options, connect=connect)

    return examine


async def watch(ann: Someone, exchange: str = "binance") -> str:
    """Connect the key in the chat, and have its account watched."""
    await ann.say("/connect")
    await ann.taps(NAMES[exchange], "Send it here")
    await ann.say(key_of(exchange))
    return (await ann.taps("Watch this account")).text


def key_of(exchange: str) -> str:
    """Return all parts of a key, as somebody sends them."""
    return "\n".join((API_KEY, SECRET, *(["passphrase"] if has_passphrase(exchange) else [])))


async def agree(ann: Someone, sentence: str = "  Trade with   REAL money. ", *, order: str = "$6,500") -> str:
    """Read what it means, and type the sentence."""
    asked = await ann.say("/live")
    assert f"Largest order: {order}" in asked
    assert "To agree, type: trade with real money" in asked
    return await ann.say(sentence)


def theirs(server: Server) -> Account:
    """Return the account as the exchange keeps it."""
    return server.venue.accounts[API_KEY]


async def held(ann: Someone) -> dict[str, Decimal]:
    """Return what the bot counts with, by coin."""
    exchange: Any = await ann.program.accounts.exchange(await ann.portfolio_id())
    return dict((await exchange.balances()).spot)


async def tried(ann: Someone, *, before_first: str = "") -> None:
    """Watch, agree, and see a first plan through by hand, and what it has left; with a word that comes too early before them."""
    await watch(ann)
    await agree(ann)
    if before_first:
        assert "only after a plan that you have confirmed has traded" in await ann.say(before_first)
    await ann.say("/targets BTC 42 ETH 25 USDT 33")
    await ann.say("/rebalance")
    assert (await ann.confirm()).state is PlanState.DONE
    await ann.step()


def at_order(server: Server, number: int, happens: Callable[[], Awaitable[object]]) -> None:
    """Let something happen when the exchange has taken its order of this number, counted from now, and nobody has heard of it yet."""
    judged, left = server._judged, number

    async def and_then(route: Any, request: Any) -> Any:
        nonlocal left
        answer = await judged(route, request)
        left -= route.call == Call.PLACE
        if not left and route.call == Call.PLACE:
            await happens()
        return answer

    server._judged = and_then  # type: ignore[method-assign]


def orders_once(server: Server) -> bool:
    """Tell whether no order is there twice, none works still, and none is one of nobody's plan."""
    ids = [order.client_id for order in theirs(server).orders if order.client_id]
    return len(set(ids)) == len(ids) and not any(order.open for order in theirs(server).orders)
