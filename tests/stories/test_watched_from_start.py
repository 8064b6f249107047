"""From /start to a watched account: the exchange is one of the ways to begin, and what the account cannot say is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.testserver.server import Door
from tests.stories.at_exchange import API_KEY, SECRET, D, at_exchange, theirs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long


async def connected(ann: Someone) -> None:
    """Go from the first page to the card of a key."""
    await ann.taps("Connect an exchange", "Back", "Connect an exchange", "Binance", "Send it here")
    await ann.say(f"{API_KEY}\n{SECRET}")
    assert "Watch this account" in ann.last.buttons


async def test_a_first_portfolio_is_a_real_account_without_futures(tmp_path: Path) -> None:
    """Three choices; today's mix is the target; futures are asked about; then the strategies, each with a picture, and the clock."""
    async with at_exchange(tmp_path, door=Door.READING) as (ann, server):
        await ann.say("/start")
        assert ann.last.buttons[:3] == ("Paper portfolio", "Connect an exchange", "Type in my holdings")
        await connected(ann)
        watching = await ann.taps("Watch this account")
        for part in ("WATCH · Binance", "$65,000.00", "What it holds today is the target", "Do you use futures (perpetual contracts)?"):
            assert part in watching.text
        ready = await ann.taps("No")
        for part in ("WATCH · Binance · Custom · ready", "BTC       46.2%  ±5.0", "Futures    0.0%     —", "Is it 09:00 for you?"):
            assert part in ready.text
        assert "Triggers: Volatility\n" in ready.text, "nothing that moves only futures"
        for name in ("Conservative", "Balanced", "Aggressive"):
            offered = await ann.tap(f"{name}, no futures", on=ready)
            assert offered.text in (None, "")
            assert f"WATCH · Binance · change to {name}, no futures?" in ann.last.text
            assert "You still trade its plans yourself." in ann.last.text
            assert ann.last.picture
        await ann.tap("09:00 London", on=ready)
        assert "uses no futures" in await ann.say("/hedge")
        await ann.say("/targets")
        assert {"Balanced, no futures", "Balanced"} <= {*ann.last.buttons}, "futures can be chosen later"
        assert not theirs(server).orders


async def test_who_has_a_portfolio_is_asked_what_becomes_of_it(tmp_path: Path) -> None:
    """An account with money for futures answers that question itself; the other portfolio is closed where it is to be replaced."""
    async with at_exchange(tmp_path, futures=D(3000)) as (ann, _):
        await ann.say("/start")
        await ann.taps("Paper portfolio", "10,000", "Use Balanced")
        await ann.say("/start")
        await ann.tap("Keep both")
        await connected(ann)
        asked = await ann.taps("Watch this account")
        assert "Do you want to replace it, or keep both?" in asked.text
        watching = await ann.taps("Replace Balanced")
        for part in ("WATCH · Binance", "$68,000.00", "Balanced is closed; its history is under /portfolios.", "Is it 09:00 for you?"):
            assert part in watching.text
        assert "Do you use futures" not in watching.text
        listed = await ann.say("/portfolios")
        assert "PAPER" not in listed
        assert "Closed: 1" in ann.last.buttons
        await ann.say("/keys")
        await ann.taps("Binance …0001")
        assert "This account has a portfolio already" in (await ann.taps("Watch this account")).text


async def test_both_stay_where_both_are_to(tmp_path: Path) -> None:
    """The name of each follows its mark from then on, and the answer that was shown before another change does nothing."""
    async with at_exchange(tmp_path, door=Door.READING) as (ann, _):
        await ann.say("/start")
        await ann.taps("Paper portfolio", "10,000", "Use Balanced")
        await ann.say("/connect")
        await ann.taps("Binance", "Send it here")
        await ann.say(f"{API_KEY}\n{SECRET}")
        watching = await ann.taps("Watch this account", "Keep both")
        assert "Commands are about this one now; /portfolios switches." in watching.text
        assert (await ann.say("/status")).startswith("WATCH · Binance · Custom\n")
        await ann.say("/targets BTC 40 ETH 30 USDT 30")
        answer = await ann.tap("No", on=watching)
        assert (answer.text or "").startswith("This was shown for other settings or another portfolio.")
        assert "PAPER · Balanced" in await ann.say("/portfolios")


async def test_an_account_that_could_not_be_seen_is_not_said_to_be_the_target(tmp_path: Path) -> None:
    """The exchange fails in the moment of the first look: whose targets these are is said, and today's mix is one tap away later."""
    async with at_exchange(tmp_path, door=Door.READING) as (ann, server):
        await ann.say("/start")
        await connected(ann)
        server.faults.add(call="balances", fault="maintenance", times=60)
        watching = await ann.taps("Watch this account")
        for part in ("Its value is not known yet.", "I could not see yet what is in it, so its targets are those of a preset"):
            assert part in watching.text
        assert "What it holds today is the target" not in watching.text
        server.faults._waiting.clear()
        await ann.step()
        await ann.say("/targets today")
        await ann.tap("Use it")
        ann.sees("BTC       46.2%", "ETH       23.1%")
