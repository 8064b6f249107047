"""/health: how every part stands, what needs the operator with a mark; and only the operator is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.backup import BACKED_UP_AT
from chatbot.model import MessageKind
from chatbot.store import accounts, messages
from tests.person import ANN, BEN, someone

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.long
async def test_the_operator_sees_what_is_well_and_what_is_not(tmp_path: Path) -> None:
    async with someone(tmp_path, operator_ids=str(ANN.id)) as ann:
        await ann.step()
        await ann.say("/health")
        ann.sees("0 portfolios", "No copy of the database was made yet")
        await ann.type_in("USDT 1000")
        assert "Only the operator may use this command." in await ann.beside(BEN).say("/health") or "private" in ann.beside(BEN).last.text
        async with ann.program.db.transaction() as tx:
            await accounts.set_meta(tx, BACKED_UP_AT, ann.clock.now().isoformat())
        await ann.outbox.drain()
        await ann.step()
        await ann.say("/health")
        ann.sees(
            "Everything is well.", "1 portfolio", "Prices of simulated USDT", "0 messages wait", "0 plans under way", "1 person may use it"
        )
        assert "⚠" not in ann.last.text

        await ann.clock.sleep(timedelta(hours=1).total_seconds())
        async with ann.program.db.transaction() as tx:
            since = ann.clock.now() - timedelta(minutes=10)
            await messages.ring(tx, 999, MessageKind.ACCESS_GRANTED, {}, key="waits", now=since)
        await ann.say("/halt")
        await ann.say("/health")
        told = ann.last.text
        assert "Something needs you." in told
        marked = [line for line in told.split("\n") if line.startswith("⚠")]
        for said in ("Trading is halted since", "Last check", "Prices of simulated", "the oldest for 10 min"):
            assert any(said in line for line in marked), (said, told)
        await ann.tap("Refresh")
