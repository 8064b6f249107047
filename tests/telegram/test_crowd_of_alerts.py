"""Ten thousand alerts in real time, against a Telegram that refuses what is too fast: the pace, no refusal, and the order in each chat."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest

from bench import crowd
from bench.host import hosted
from chatbot.model import MessageKind
from chatbot.store import messages
from handlers.loopback import TelegramUser
from handlers.loopback.faults import COUNTED, Flood
from handlers.loopback.refusals import Refused
from handlers.transport.delivery import Courier

#: alerts of each person, one after the other
_EACH = 5
_ID = re.compile(r"\balert-(\d+)-(\d+)\b")


@pytest.mark.slow
@pytest.mark.parametrize("count", [500, 10_000])
async def test_alerts_leave_at_25_a_second_in_order_and_none_is_refused(count: int) -> None:
    """Prints the pace. None may be joined with others: each rings."""
    async with hosted() as host:
        host.loopback._wire._flood = Flood()
        program, people = host.program, range(1, count // _EACH + 1)
        await crowd.settle(program, len(people))
        for number in people:
            host.loopback.know(TelegramUser(id=number, name=f"P{number}"))
        async with program.db.transaction() as tx:
            for turn in range(_EACH):
                for number in people:
                    facts: dict[str, Any] = {"portfolio_id": number, "id": f"alert-{number}-{turn}"}
                    await messages.ring(tx, number, MessageKind.STUMBLED, facts, key=f"{number}-{turn}", now=program.clock.now())
        heard: list[tuple[int, int]] = []
        refused: list[str] = []
        everybody = asyncio.Event()
        arrived = host.loopback._wire.carry

        async def carry(call: Any) -> object:
            try:
                answer = await arrived(call)
            except Refused as refusal:
                refused.append(refusal.description)
                raise
            if call.method in COUNTED:
                heard.extend((int(chat), int(turn)) for chat, turn in _ID.findall(str(call.params["text"])))
            if len(heard) >= count:
                everybody.set()
            return answer

        host.loopback._wire.carry = carry  # type: ignore[method-assign]
        began = time.perf_counter()
        delivering = asyncio.ensure_future(program.deliver(Courier(program, host.bot.bot)))
        try:
            async with asyncio.timeout(10 * count / 25):
                await everybody.wait()
        finally:
            took = time.perf_counter() - began
            delivering.cancel()
            await asyncio.wait({delivering})
        print(f"{count} alerts in {took:.1f} s: {count / took:.2f} a second, {len(refused)} refused")  # noqa: T201 - read with -s
    assert len(heard) == count, "each came once"
    for number in people:
        assert [turn for chat, turn in heard if chat == number] == list(range(_EACH))
    assert not refused
