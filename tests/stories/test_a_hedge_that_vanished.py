"""A hedge whose short was liquidated, or closed by its person, has ended: it is told, and nobody trades it again."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from chatbot.exchanges.paper.paper import PaperExchange
from chatbot.portfolio.stored import states
from tests.moments import after
from tests.portfolio.still_market import StillMarket
from tests.regressions.test_coins_that_stop import listings, market, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import OpenHedge
    from tests.person import Someone

D = Decimal
INDEX = "BTC-PERP"
OVER = "Cover is over: its position is gone."


async def in_paper(ann: Someone) -> None:
    """Open a portfolio that the bot trades, without futures of its own, with a hedge."""
    await ann.set_up()
    await ann.confirm()
    await hedge(ann)


async def by_hand(ann: Someone) -> None:
    """Open the same by hand."""
    await ann.type_in("BTC 0.1 ETH 2 SOL 20 USDT 5000")
    await ann.tap("All done")
    await hedge(ann)


async def hedge(ann: Someone) -> None:
    await ann.say("/targets BTC 40 ETH 20 ALT 20 USDT 20")
    await ann.say("/rebalance")
    await done(ann)
    await ann.say("/hedge 50 20")
    await done(ann)
    for _ in range(2):
        await ann.step()


async def done(ann: Someone) -> None:
    """Answer the card that waits."""
    if isinstance(await ann.exchange(), PaperExchange):
        await ann.confirm()
    else:
        await ann.tap("All done")
        await ann.work()


@pytest.fixture
async def ann(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Someone]:
    async with after(request.param, tmp_path, source=StillMarket, fear_greed_url="") as opened:
        yield opened


async def hedges(ann: Someone) -> tuple[OpenHedge, ...]:
    async with ann.program.db.read() as tx:
        return (await states.read(tx, await ann.portfolio_id())).hedges


async def correct(ann: Someone, text: str) -> None:
    await ann.say("/status")
    await ann.tap("Correct amounts")
    await ann.say(text)


async def traded_next(ann: Someone) -> set[str]:
    """Ask for a plan, and return the contracts that it trades."""
    before = len(await ann.plans())
    await ann.say("/rebalance")
    return {leg.instrument for plan in (await ann.plans())[before:] for leg in plan.legs}


@pytest.mark.long
@pytest.mark.parametrize("ann", [in_paper], indirect=True)
async def test_a_liquidated_hedge_ends_in_paper(ann: Someone) -> None:
    """BTC doubles: the short is liquidated; the hedge ends with it, once, and no plan sells it again."""
    (opened,) = await hedges(ann)
    assert (await ann.books())["book"][INDEX] == opened.qty
    await ann.step()
    assert not told(ann, OVER), "it is there"
    market(ann).move("BTC", "3")
    market(ann).move(INDEX, "3")
    for _ in range(3):
        await ann.step()
    assert INDEX not in (await ann.books())["book"]
    assert await hedges(ann) == ()
    assert len([message for message in ann.messages if OVER in message.text]) == 1
    assert told(ann, "It was liquidated or closed, but not by one of my plans. I won't open it again.")
    assert INDEX not in await traded_next(ann)
    assert "Close" not in "".join((await ann.say("/hedge")) and ann.last.buttons)


@pytest.mark.long
@pytest.mark.parametrize("ann", [by_hand], indirect=True)
@pytest.mark.parametrize("said", ["closed BTC short", "BTC-PERP 0", "BTC short closed, futures 0"])
async def test_a_hedge_that_its_person_says_is_gone_has_ended(ann: Someone, said: str) -> None:
    """Also for a plan that is asked for before the next check."""
    assert len(await hedges(ann)) == 1
    await correct(ann, said)
    assert INDEX not in await traded_next(ann)
    for _ in range(3):
        await ann.step()
    assert await hedges(ann) == ()
    assert len([message for message in ann.messages if OVER in message.text]) == 1
    assert INDEX not in await traded_next(ann)


@pytest.mark.parametrize("ann", [by_hand], indirect=True)
async def test_a_hedge_whose_contract_was_settled_has_ended(ann: Someone) -> None:
    listings(ann).gone.add(INDEX)
    for _ in range(3):
        await ann.step()
    await ann.say("/status")
    await ann.taps("What about BTC futures?", "Settled", "BTC futures are settled")
    for _ in range(2):
        await ann.step()
    assert await hedges(ann) == ()
    assert told(ann, OVER)


@pytest.mark.parametrize("ann", [by_hand], indirect=True)
async def test_a_position_that_a_plan_makes_vanish_is_no_lost_hedge(ann: Someone) -> None:
    """Longs of the strategy that are as large as the short: the contract is flat, and the hedge is as open as before."""
    (opened,) = await hedges(ann)
    await ann.say("/targets BTC 40 ETH 20 ALT 20 USDT 10 FUTURES 10")
    await ann.say("/rebalance")
    assert INDEX in {leg.instrument for leg in (await ann.plan()).legs}
    await ann.tap("Done, other amounts")
    await ann.say("BTC-PERP 0")
    assert INDEX not in (await ann.books())["book"]
    for _ in range(3):
        await ann.step()
    assert [one.qty for one in await hedges(ann)] == [opened.qty]
    assert not told(ann, OVER)


@pytest.mark.parametrize("ann", [by_hand], indirect=True)
async def test_a_smaller_short_is_a_hedge_still(ann: Someone) -> None:
    await correct(ann, "BTC-PERP -0.001")
    for _ in range(2):
        await ann.step()
    assert len(await hedges(ann)) == 1
    assert not told(ann, OVER)
