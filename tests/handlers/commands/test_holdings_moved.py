"""Somebody trades at the exchange while a card stands in the chat: Confirm says so and shows the plan as of now."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chatbot.model import PlanState
from tests.person import ANN, someone

if TYPE_CHECKING:
    from pathlib import Path


async def test_confirm_on_other_holdings_trades_nothing_and_says_why(tmp_path: Path) -> None:
    """2,000 of 10,000 are gone: not the prices are to blame, the new card counts with 8,000, and its Confirm works."""
    async with someone(tmp_path) as chat:
        card = await chat.set_up()
        exchange: Any = await chat.program.accounts.exchange(1)
        exchange._state = replace(exchange.state, spot={"USDT": Decimal(8000)})
        answer = await chat.tap("Confirm", on=card)
        assert answer.text == "What you hold has changed since plan 1 was made, so nothing was sent. Here is the plan as of now."
        assert answer.text in chat.loopback.last(ANN.id).text
        assert "Prices or holdings have moved since the last card" in chat.loopback.last(ANN.id).text
        older, newest = await chat.plans()
        assert (newest.state, older.state) == (PlanState.PROPOSED, PlanState.SUPERSEDED)
        assert newest.before.value == 8000
        assert exchange.state.orders == {}
        assert "is confirmed" in (await chat.tap("Confirm")).text
