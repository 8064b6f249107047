"""/status through the real bot over the in-memory Bot API: from the person's message to the answer in the chat."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from bench.figures import Figure
from bench.host import ADA, Host, hosted
from chatbot.model import Mode
from chatbot.portfolio import strategies
from chatbot.store import accounts
from handlers.views.portfolio import status as views

if TYPE_CHECKING:
    from handlers.loopback import Message
    from handlers.views.common import View

_TEXTS, _PICTURES, _WARM_UP = 300, 200, 5
_HOLDINGS = {"BTC": "0.066", "ETH": "0.4", "SOL": "8", "XRP": "1600", "BNB": "1.9", "ADA": "2200", "USDT": "2000"}


async def figures() -> list[Figure]:
    """Ask many times, with the picture and without it, after a few questions that warm everything up."""
    async with hosted() as host:
        await open_portfolio(host)
        pictures, _ = await _asked(host, _PICTURES, photo=True)
        drawn = views.status
        # The text alone is what a person gets whose caption would be too long; here it shows what the picture adds.
        views.status = lambda *args: _bare(drawn(*args))
        try:
            texts, cpu = await _asked(host, _TEXTS, photo=False)
        finally:
            views.status = drawn
    return [
        Figure(name="/status as text", unit="ms", samples=tuple(texts), aim=12.0),
        Figure(name="  processor time of each, the test server's share in it", unit="ms", samples=(cpu,)),
        Figure(name="/status with its picture", unit="ms", samples=tuple(pictures), aim=50.0),
    ]


async def _asked(host: Host, times: int, *, photo: bool) -> tuple[list[float], float]:
    """Return the milliseconds of many answers, and the mean processor time of one."""
    for _ in range(_WARM_UP):
        await ask(host, photo=photo)
    began = time.process_time()
    spent = [await ask(host, photo=photo) for _ in range(times)]
    return spent, (time.process_time() - began) * 1e3 / times


def _bare(view: View) -> View:
    return replace(view, picture=None)


async def open_portfolio(host: Host) -> None:
    """Let Ada write to the bot and open a portfolio for her."""
    await host.loopback.text(ADA, "/start")
    await host.loopback.shows(ADA.id, "Ballast")
    async with host.program.db.read() as tx:
        person = await accounts.person(tx, ADA.id)
    if person is None:
        raise AssertionError("the bot does not know the person who wrote to it")
    strategy = strategies.preset("balanced", await host.program.source.markets())
    holdings = {name: Decimal(qty) for name, qty in _HOLDINGS.items()}
    await host.program.portfolios.open(person, Mode.DEMO, strategy, holdings)


async def ask(host: Host, *, photo: bool) -> float:
    """Return the milliseconds from her /status until the answer stands in the chat."""
    began = time.perf_counter()
    asked = await host.loopback.text(ADA, "/status")

    def answered() -> Message | None:
        last = host.loopback.last(ADA.id)
        return last if last.id > asked.id else None

    answer = await host.loopback.wait(answered)
    spent = (time.perf_counter() - began) * 1000
    if (answer.picture is not None) != photo:
        raise AssertionError(f"/status answered {'without' if photo else 'with'} a picture")
    return spent
