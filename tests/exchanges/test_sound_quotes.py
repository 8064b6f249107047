"""Accounts never calculate with what is no price, whatever the source told them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chatbot.clock import ManualClock
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.exchanges.sound import is_sound


@pytest.mark.parametrize(
    "evil", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1e31"), Decimal("1e-31"), "x", {}], ids=repr
)
@pytest.mark.parametrize("field", ["bid", "ask", "mark", "volume", "funding_rate", "last"])
async def test_a_quote_with_a_field_that_is_no_number_is_left_out(field: str, evil: Any) -> None:
    quote = (await SimulatedSource(ManualClock(datetime(2026, 1, 1, tzinfo=UTC))).quotes(["BTC-PERP"]))["BTC-PERP"]
    assert is_sound(quote)
    assert not is_sound(replace(quote, **{field: evil}))
    assert not is_sound(replace(quote, bid=quote.ask * 2))
