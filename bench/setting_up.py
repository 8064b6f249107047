"""Setting up a portfolio through the chat, from /start to the card of its first plan: the processor time of it.

The first one of a program also runs the triggers over a month of history, for everybody who comes after.
"""

from __future__ import annotations

import time
from functools import partial

from bench.figures import Figure
from bench.host import ADA, Host, hosted

_TIMES = 5
#: menus are published one for each language and one for the operator, beside whoever chats
_LANGUAGES = 3
#: the buttons on the way
_TAPS = ("Demo portfolio", "10,000", "Use Balanced")


async def figures() -> list[Figure]:
    """Set two up in several programs one after the other; only the first of them still has to load the drawing library."""
    very_first, *others = [await _spent() for _ in range(_TIMES + 1)]
    return [
        Figure(name="set-up through the chat, processor time", unit="ms", samples=tuple(another for _, another in others), aim=60.0),
        Figure(name="  the first one of a program", unit="ms", samples=tuple(first for first, _ in others)),
        Figure(name="  the very first, with the drawing library", unit="ms", samples=(very_first[0],)),
    ]


async def _spent() -> tuple[float, float]:
    """Return the milliseconds of the first portfolio of a program and of another one beside it."""
    async with hosted() as host:
        await host.loopback.wait(lambda: [call.method for call in host.loopback.calls].count("setMyCommands") > _LANGUAGES, timeout_s=30.0)
        return await _timed(host, *_TAPS), await _timed(host, "Keep both", *_TAPS)


async def _timed(host: Host, *taps: str) -> float:
    began = time.process_time()
    await _set_up(host, taps)
    return (time.process_time() - began) * 1e3


async def _set_up(host: Host, taps: tuple[str, ...]) -> None:
    """Tap through the set-up, each button as soon as it is there, until the first plan asks for its Confirm."""
    before = (await host.loopback.text(ADA, "/start")).id
    for label in taps:
        message = await host.loopback.wait(partial(_with_button, host, label, before))
        await host.loopback.tap(ADA, message, label)
    await host.loopback.wait(lambda: _with_button(host, "Confirm", before), timeout_s=30.0)


def _with_button(host: Host, label: str, after: int) -> int | None:
    """Return the number of the newest message after another one that has the button, or None."""
    found = [message.id for message in host.loopback.chat(ADA.id) if message.id > after and label in message.buttons]
    return found[-1] if found else None
