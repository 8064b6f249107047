"""What every database does with the past of markets: bytes come back as they were, by series and stretch, and the last one counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chatbot.store.past import stretches
from chatbot.store.past.stretches import Series, Stretch

if TYPE_CHECKING:
    from chatbot.store.database import Database

NOW = datetime(2026, 1, 5, 9, 30, 0, 123456, tzinfo=UTC)


async def test_stretches_are_kept_by_series_and_number(db: Database) -> None:
    """Every byte there is; of another market, coin or kind nothing; written again, the newer stands alone."""
    body = bytes(range(256)) * 40
    series = Series(market="somewhere USDT", instrument="BTC", kind="1h")
    others = [Series(market="somewhere USDC", instrument="BTC", kind="1h"), Series(market="somewhere USDT", instrument="BTC", kind="1d")]
    async with db.transaction() as tx:
        for number in (-3, 0, 511, 512):
            await stretches.keep(tx, series, number, Stretch(through=NOW, body=b"older"))
            await stretches.keep(tx, series, number, Stretch(through=NOW + timedelta(hours=number), body=body))
        await stretches.keep(tx, others[0], 511, Stretch(through=NOW, body=b""))
    async with db.read() as tx:
        found = await stretches.stretches(tx, series, 0, 511)
        assert found == {number: Stretch(through=NOW + timedelta(hours=number), body=body) for number in (0, 511)}
        assert (await stretches.stretches(tx, others[0], -1000, 1000))[511].body == b""
        assert await stretches.stretches(tx, others[1], -1000, 1000) == {}
