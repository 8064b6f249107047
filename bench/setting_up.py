"""Setting up a portfolio through the chat, from /start to the card of its first plan: the processor time of it."""

from __future__ import annotations

import time

from bench.figures import Figure
from bench.host import ADA, Host, hosted

_TIMES = 5
#: the buttons on the way
_TAPS = ("Demo portfolio", "10,000", "Use Balanced")


async def figures() -> list[Figure]:
    """Set one up in several programs one after the other; only the first of them still has to load the drawing library."""
    first, *others = [await _spent() for _ in range(_TIMES + 1)]
    return [
        Figure(name="set-up through the chat, processor time", unit="ms", samples=tuple(others)),
        Figure(name="  the very first, with the drawing library", unit="ms", samples=(first,)),
    ]


async def _spent() -> float:
    async with hosted() as host:
        began = time.process_time()
        await _set_up(host)
        return (time.process_time() - began) * 1e3


async def _set_up(host: Host) -> None:
    """Tap through the set-up, each button as soon as it is there, until the first plan asks for its Confirm."""
    await host.loopback.text(ADA, "/start")
    for label in _TAPS:
        message = await host.loopback.wait(lambda label=label: _with_button(host, label))
        await host.loopback.tap(ADA, message, label)
    await host.loopback.wait(lambda: _with_button(host, "Confirm"), timeout_s=30.0)


def _with_button(host: Host, label: str) -> int | None:
    """Return the number of the newest message that has the button, or None."""
    found = [message.id for message in host.loopback.chat(ADA.id) if label in message.buttons]
    return found[-1] if found else None
