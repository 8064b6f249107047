"""From the first key with three parts to the first plan on real orders, at a venue that moves no money for anybody."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.model import PlanState
from tests.stories.at_exchange import API_KEY, SECRET, agree, at_exchange, held, theirs

if TYPE_CHECKING:
    from pathlib import Path


CANARY = "Canary0fTheThirdPart"


def written_in(folder: Path) -> list[Path]:
    """Return the files that hold the third part of the key."""
    return [one for one in folder.rglob("*") if one.is_file() and CANARY.encode() in one.read_bytes()]


@pytest.mark.slow
async def test_from_the_first_key_to_the_first_plan(tmp_path: Path) -> None:
    """The guide asks for three parts, two are too few, and what the exchange does not tell of the key is named."""
    async with at_exchange(tmp_path, "weex") as (ann, server):
        await ann.say("/connect")
        guide = await ann.taps("WEEX")
        assert "Make up its passphrase" in guide.text
        assert "Only you can move money between its two wallets." in guide.text
        assert "Tried on: recorded answers of WEEX" in guide.text
        await ann.taps("Send it here")
        assert "I need three things in one message" in await ann.say(f"{API_KEY}\n{SECRET}")
        theirs(server).passphrase = CANARY
        card = await ann.say(f"{API_KEY}\n{SECRET}\n{CANARY}")
        assert "WEEX does not say whether it can withdraw" in card
        await ann.taps("Watch this account")
        await agree(ann)
        await ann.say("/targets BTC 42 ETH 25 USDT 33")
        before = await held(ann)
        await ann.say("/rebalance")
        assert (await ann.confirm()).state is PlanState.DONE
        filled = [one for one in theirs(server).orders if one.filled]
        assert filled
        assert not theirs(server).open_orders
        after = await held(ann)
        assert after != before
        for coin in ("BTC", "ETH"):
            moved = sum(
                (one.filled if one.side.value == "buy" else -one.filled for one in filled if one.market.instrument == coin), Decimal(0)
            )
            fees = sum((fill.fee for one in filled for fill in one.fills if fill.fee_asset == coin), Decimal(0))
            assert after[coin] == before[coin] + moved - fees
        assert not server.unknown
    assert written_in(tmp_path) == []
