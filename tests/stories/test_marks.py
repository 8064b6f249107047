"""The mark of the mode stands first in every answer about a portfolio, whatever kind it is and whatever is typed (product 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.person import someone
from tests.regressions.test_whose_message import OF_A_PORTFOLIO, UNTAKEN
from tests.stories.at_exchange import agree, at_exchange, watch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

pytestmark = pytest.mark.long


async def speaks_as(ann: Someone, mark: str) -> None:
    """Hold that each command answers under this mark, and so does each refusal, and each page that a command leads to at once."""
    asked = [f"/{command}" for command in OF_A_PORTFOLIO] + [f"/{command} {typed[0]}" for command, typed in UNTAKEN.items()]
    for text in (*asked, "/keep 0.001 BTC", "/keep BTC 0", "/hedge 50 20", "/hedge close", "/invest 100", "/deposit 5", "/withdraw 1"):
        await ann.say("/cancel")
        before = ann.newest
        await ann.say(text)
        answers = [message.text for message in ann.messages if message.id > before + 1]
        assert answers, text
        for answer in answers:
            first = answer.partition("\n")[0]
            assert first == mark or first.startswith(f"{mark} "), (text, answer)


async def test_an_account_says_whether_it_is_watched_or_traded(tmp_path: Path) -> None:
    """Watched, then live by consent, then paper beside it: from there on with its name."""
    async with at_exchange(tmp_path) as (ann, _):
        await watch(ann)
        await speaks_as(ann, "WATCH · Binance")
        assert "LIVE · Binance" in await agree(ann)
        await speaks_as(ann, "LIVE · Binance")
        await ann.say("/start")
        await ann.taps("Keep both", "Paper portfolio", "10,000", "Use Balanced", "Confirm")
        await ann.work()
        await speaks_as(ann, "PAPER · Balanced")


async def test_what_is_typed_in_beside_a_made_up_market_says_both(tmp_path: Path) -> None:
    async with someone(tmp_path) as ann:
        await ann.type_in("BTC 0.5, ETH 4, ADA 10000, USDT 20000", "Not done")
        await speaks_as(ann, "MANUAL · made-up prices")
        await ann.say("/start")
        await ann.taps("Keep both", "Demo portfolio", "10,000", "Use Balanced")
        await ann.confirm()
        await speaks_as(ann, "DEMO · Balanced 2")
