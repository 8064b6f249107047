"""The first key to the first confirmed plan where an exchange says nothing of what a key may do: what is unknown is named, not guessed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.testserver.account import Right
from chatbot.exchanges.testserver.ledger import Wallet
from chatbot.model import PlanState
from tests.stories.at_exchange import API_KEY, NAMES, SECRET, agree, at_exchange, theirs

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("exchange", ["mexc"])
async def test_from_the_first_key_to_the_first_confirmed_plan(tmp_path: Path, exchange: str) -> None:
    async with at_exchange(tmp_path, exchange) as (ann, server):
        await ann.say("/connect")
        guide = (await ann.taps(NAMES[exchange])).text
        assert "does not tell me whether it is" in guide
        assert "No real account has been connected yet" in guide
        await ann.taps("Send it here")
        connected = await ann.say(f"{API_KEY}\n{SECRET}")
        assert f"{NAMES[exchange]} …0001" in connected
        assert f"{NAMES[exchange]} does not say whether it can withdraw" in connected
        assert f"WATCH · {NAMES[exchange]}" in (await ann.taps("Watch this account")).text
        assert "From now on I trade here with real money." in await agree(ann)
        await ann.say("/targets BTC 42 ETH 25 USDT 33")
        assert f"LIVE · {NAMES[exchange]}" in await ann.say("/rebalance")
        plan = await ann.confirm()
        assert plan.state is PlanState.DONE
        assert len(theirs(server).orders) >= len([leg for leg in plan.legs if not leg.is_transfer]) > 0
        assert sum((leg.notional for leg in plan.legs), Decimal(0)) <= Decimal(6_500), "a tenth of the value"
        assert not server.unknown


@pytest.mark.parametrize("exchange", ["mexc"])
async def test_a_right_to_trade_that_is_missing_is_found_out_before_anything_was_traded(tmp_path: Path, exchange: str) -> None:
    async with at_exchange(tmp_path, exchange) as (ann, server):
        theirs(server).rights -= {Right.SPOT}
        await ann.say("/connect")
        await ann.taps(NAMES[exchange], "Send it here")
        await ann.say(f"{API_KEY}\n{SECRET}")
        await ann.taps("Watch this account")
        await agree(ann)
        await ann.say("/targets BTC 42 ETH 25 USDT 33")
        await ann.say("/rebalance")
        assert (await ann.confirm()).state is PlanState.PARKED
        assert "key" in ann.last.text
        assert not theirs(server).orders


async def test_money_that_cannot_be_used_is_named_with_the_way_to_use_it(tmp_path: Path) -> None:
    """BingX keeps a third account, for cards and savings: it is not counted, and whoever moves it to spot finds it counted."""
    async with at_exchange(tmp_path, "bingx") as (ann, server):
        server.venue.deposit(theirs(server), "USDT", Decimal(250), Wallet.FUNDING)
        await ann.say("/connect")
        await ann.taps(NAMES["bingx"], "Send it here")
        card = await ann.say(f"{API_KEY}\n{SECRET}")
        assert "Fund account: 250 USDT. I can't use that: move it to spot at the exchange, and it counts." in card
        before = (await ann.taps("Watch this account")).text
        assert "$65,000" in before
