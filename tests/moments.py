"""A moment at which many tests begin: lived once in a worker; each test goes on from a copy of its folder, its chat and its time."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from contextlib import asynccontextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.clock import ManualClock
from chatbot.exchanges.markets.simulated import SimulatedSource
from handlers.loopback import Loopback
from tests import on_postgres
from tests.person import START, Turn, someone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime

    from chatbot.exchanges.base import PriceSource
    from handlers.loopback.state import State
    from tests.person import Someone

_FILE = "ballast.sqlite"
#: what the server of the chat remembers that grows or changes
_REMEMBERED = ("profile", "chats", "files", "queries", "commands", "menu_button", "updates")
#: by everything that led there
_LIVED: dict[tuple[object, ...], Moment] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a program was stopped: its folder, the server of its chat, and how far the bot was with its updates."""

    folder: Path
    state: State
    now: datetime
    offset: int


@asynccontextmanager
async def after(
    live: Callable[..., Awaitable[None]],
    folder: Path,
    *told: object,
    start: datetime = START,
    source: Callable[[ManualClock], PriceSource] | None = None,
    **settings: Any,
) -> AsyncIterator[Someone]:
    """Start the program as it was stopped after ``live(someone, *told)``, begun at ``start`` in the market that ``source`` makes.

    The market is made again, as it was made at ``start``: ``live`` must not have changed it.
    """
    key = (live, told, start, source, tuple(sorted(settings.items())))
    if key not in _LIVED:
        _LIVED[key] = await _lived(live, told, start, source, settings)
    moment = _LIVED[key]
    shutil.copytree(moment.folder, folder, dirs_exist_ok=True)
    if on_postgres.AT.server:
        on_postgres.AT.made(folder / _FILE, template=on_postgres.AT.kept(moment.folder / _FILE))
    async with _sat_down(folder, start, source, settings, moment) as ann:
        yield ann


async def _lived(
    live: Callable[..., Awaitable[None]],
    told: tuple[object, ...],
    start: datetime,
    source: Callable[[ManualClock], PriceSource] | None,
    settings: dict[str, Any],
) -> Moment:
    folder = Path(tempfile.mkdtemp(prefix="ballast-moment-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    async with _sat_down(folder, start, source, settings) as ann:
        await live(ann, *told)
    if on_postgres.AT.server:
        on_postgres.AT.kept(folder / _FILE)
    return Moment(folder=folder, state=ann.loopback._state, now=ann.clock.now(), offset=ann.turn.offset)


@asynccontextmanager
async def _sat_down(
    folder: Path,
    start: datetime,
    source: Callable[[ManualClock], PriceSource] | None,
    settings: dict[str, Any],
    moment: Moment | None = None,
) -> AsyncIterator[Someone]:
    clock = ManualClock(start)
    market, loopback, turn = source(clock) if source else None, Loopback(clock, epoch=1), Turn()
    if market is not None:
        market.name = SimulatedSource.name  # the name of one that is made up: portfolios of any other are not reopened beside it
    if moment is not None:
        clock.set(moment.now)
        loopback._state = loopback._wire.state = _copied(moment.state, clock)
        turn.offset = moment.offset
    async with someone(folder, clock=clock, loopback=loopback, source=market, **settings) as ann:
        yield replace(ann, turn=turn)


def _copied(state: State, clock: ManualClock) -> State:
    """Return what the server remembers, by another clock and without those who listened."""
    copied = copy(state)
    for name in _REMEMBERED:
        setattr(copied, name, deepcopy(getattr(state, name)))
    copied.clock, copied.listeners, copied._arrived, copied._changed = clock, set(), asyncio.Event(), asyncio.Event()
    return copied
