"""Amounts that read in two ways are asked about with a button each; what was kept out, and what is left of nothing, is said so."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.moments import after
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone


async def by_hand(ann: Someone) -> None:
    """Hold BTC, ETH and dollars in a portfolio that is traded by hand."""
    await ann.type_in("BTC 0.1, ETH 2, USDT 1000", "Not done")


async def held(ann: Someone) -> dict[str, Decimal]:
    """Return the coins that there are."""
    return (await ann.books())["spot"]  # type: ignore[no-any-return]


@pytest.mark.long
async def test_a_deposit_that_reads_in_two_ways_is_asked_about_and_noted_once(tmp_path: Path) -> None:
    """Each reading with its value; the tap notes it, a second tap on the same page does nothing."""
    async with after(by_hand, tmp_path, source=StillMarket) as ann:
        await ann.say("/deposit ETH 1,234")
        page = ann.sees("That can be read in two ways. Which one did you mean?")
        assert set(page.buttons) == {"1.234 ETH ≈ $3,085", "1,234 ETH ≈ $3,085,000"}
        await ann.tap("1.234 ETH ≈ $3,085")
        ann.sees("Deposit noted", "Worth $3,085.00 now.")
        assert (await held(ann))["ETH"] == Decimal("3.234")
        answer = await ann.tap("1.234 ETH ≈ $3,085", on=page)
        assert (answer.text, answer.alert) == ("The amounts have changed since, so nothing was done. /status shows what I have.", True)
        assert (await held(ann))["ETH"] == Decimal("3.234")


@pytest.mark.long
async def test_so_is_what_is_kept_out_and_more_than_is_left_keeps_plans_back(tmp_path: Path) -> None:
    """Of 1.234 ETH that are kept out one is left: no plan, with the way out; a smaller amount lets plans be made again."""
    async with after(by_hand, tmp_path, source=StillMarket) as ann:
        await ann.say("/keep ETH 1,234")
        await ann.tap("1.234 ETH ≈ $3,085")
        ann.sees("Kept out: 1.234 ETH")
        await ann.say("/withdraw 1 ETH")
        await ann.say("/rebalance")
        ann.sees("No plan: you keep more ETH out than there is; send /keep to change that.")
        await ann.tap("Kept out")
        await ann.say("/keep 0.5 ETH")
        await ann.say("/rebalance")
        ann.sees("Plan 2")


async def test_a_kept_coin_that_leaves_changes_nothing_and_an_emptied_portfolio_says_that_it_is_empty(tmp_path: Path) -> None:
    """No $0.00, and no exchange that answered with nothing: every page says one sentence with the way out."""
    async with after(by_hand, tmp_path, source=StillMarket) as ann:
        await ann.say("/keep all ETH")
        told = await ann.say("/withdraw all ETH")
        assert "It was kept out, so the portfolio is worth what it was." in told
        assert "$0.00" not in told
        for coin in ("BTC", "USDT"):
            await ann.say(f"/withdraw all {coin}")
        for command in ("/status", "/rebalance", "/hedge", "/exposure"):
            assert "This portfolio is empty: there is nothing to keep in balance." in await ann.say(command)
        await ann.say("/deposit 500")
        await ann.say("/rebalance")
        ann.sees("Plan 2")
