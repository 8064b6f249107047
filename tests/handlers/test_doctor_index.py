"""What the doctor says about the Fear & Greed index: how it stands, and the cure."""

from __future__ import annotations

from datetime import UTC, datetime

from chatbot.config import Settings
from handlers.doctor import _index
from tests.market.fear_index import DAY, index, row


def live(url: str) -> Settings:
    """Return the settings of a live market."""
    return Settings(_env_file=None, market="live:binance", fear_greed_url=url)


async def test_a_fresh_reading_is_well_and_an_old_one_is_not() -> None:
    """Older than 48 hours counts as missing (domain 8.1)."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    async with index() as served:
        served.rows = [row(today, 23), row(today - DAY, 30)]
        found = await _index(live(served.url))
        assert (found.what, found.ok, found.detail) == ("index", True, "127.0.0.1 answers, Fear & Greed is at 23")
        served.rows = [row(today - 3 * DAY, 30)]
        stale = await _index(live(served.url))
        assert not stale.ok
        assert f"the newest reading is of {today - 3 * DAY:%Y-%m-%d}; look at CHATBOT_FEAR_GREED_URL" in stale.detail
        served.status = 503
        assert "HTTP status 503" in (await _index(live(served.url))).detail


async def test_an_index_that_is_not_there_is_named_with_its_cure() -> None:
    found = await _index(live("http://127.0.0.1:9/fng/"))
    assert not found.ok
    assert "cannot be reached" in found.detail
    assert "CHATBOT_FEAR_GREED_URL; empty switches it off" in found.detail


async def test_who_needs_no_index_is_well_without_one() -> None:
    """Switched off, or a market that has its own: nothing is asked."""
    assert (await _index(live(""))).ok
    played = Settings(_env_file=None, market="simulated", fear_greed_url="http://127.0.0.1:9/")
    assert (await _index(played)).ok
