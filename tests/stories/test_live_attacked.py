"""Real money and what comes at the wrong time or from the wrong hand: old cards, two taps, others, changed limits, a key that goes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from chatbot.model import PlanState
from tests.person import BEN
from tests.stories.at_exchange import agree, at_exchange, at_order, orders_once, theirs, tried, watch

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.exchanges.testserver.server import Server
    from handlers.loopback import Message
    from tests.person import Someone

#: each reads the whole list of an exchange
pytestmark = pytest.mark.long


async def card(ann: Someone, button: str = "Confirm") -> Message:
    """Ask for a plan, and return its card as it is seen now."""
    await ann.say("/targets BTC 35 ETH 30 USDT 35")
    await ann.say("/rebalance")
    return ann.with_button(button)


async def test_only_the_card_as_it_stands_sends_and_only_once(tmp_path: Path) -> None:
    """A card of another consent, of other limits, in another's hand, forwarded words, an edited sentence; then two taps at once."""
    async with at_exchange(tmp_path) as (ann, server):
        await watch(ann)
        of_watching = await card(ann, "All done")
        await sentence_by_others(ann)
        assert "WATCH · Binance" in await ann.say("/status")
        assert "From now on I trade here" in await agree(ann)
        assert "From now on" not in await ann.say("trade with real money")  # said twice: a text like any other
        of_first_consent = await card(ann)
        await ann.say("/live")
        await ann.tap("Only watch")
        assert "From now on I trade here" in await agree(ann)
        of_second = await card(ann)
        await ann.say("/live 500 25% 5%")
        for button, stale in (("All done", of_watching), ("Confirm", of_first_consent), ("Confirm", of_second)):
            await ann.tap(button, stale)
            await ann.work()
        assert not theirs(server).orders
        await ann.say("/rebalance")
        fresh = ann.with_button("Confirm")
        assert "over your limits" in fresh.text
        ben = ann.beside(BEN)
        await ben.say("/start")
        await ben.loopback.tap_old(BEN, fresh, "Confirm")
        await ben.handle()
        await ann.work()
        assert not theirs(server).orders
        for _ in range(2):
            await ann.loopback.tap_old(ann.user, fresh, "Confirm")
        await ann.handle()
        await ann.work()
        plan = await ann.plan()
        assert plan.state is PlanState.DONE
        assert orders_once(server)
        assert all(order.filled * order.average <= 500 for order in theirs(server).orders)
        sent = len(theirs(server).orders)
        await ann.tap("Confirm", fresh)
        await ann.work()
        assert len(theirs(server).orders) == sent


async def sentence_by_others(ann: Someone) -> None:
    """Put the sentence into the chat in every way but by typing it."""
    await ann.say("/live")
    before = await ann.loopback.text(ann.user, "no")
    await ann.handle()
    await ann.say("/live")
    await ann.loopback.edit(ann.user, before.id, "trade with real money")
    await ann.handle()
    body = {"message_id": 9_001, "date": 1, "chat": {"id": ann.user.id, "type": "private"}, "text": "trade with real money"}
    origin = {"type": "hidden_user", "date": 1, "sender_user_name": "Eve"}
    sender = {"id": ann.user.id, "is_bot": False, "first_name": "Ann"}
    await ann.update("message", **body, **{"from": sender}, forward_origin=origin)
    await ann.say("no")


async def test_a_key_that_goes_in_the_middle_of_a_plan(tmp_path: Path) -> None:
    """Not removed, closed or deleted while the plan needs it; revoked at the exchange the plan parks, can be left, and all of it can go."""
    async with at_exchange(tmp_path) as (ann, server):
        await tried(ann)
        await card(ann)
        heard: list[str] = []
        at_order(server, 1, lambda: tries_to_leave(ann, heard, server))
        parked = await ann.confirm()
        assert parked.state is PlanState.PARKED
        assert len(heard) == 3
        assert all("Plan 2" in said for said in heard), heard
        assert [portfolio.name for portfolio in await ann.program.portfolios.of((await ann.program.access.everybody())[0])] == ["My money"]
        await ann.work()
        assert "/keys" in ann.since(0)
        await ann.tap("Close it")
        await ann.work()
        left = await ann.plan()
        assert left.state is PlanState.DONE
        assert all(leg.note in ("closed", "unknown") for leg in left.legs)
        await ann.say("/disconnect")
        await ann.taps("Remove")
        ann.sees("is removed")
        found = await ann.program.portfolios.by_id(await ann.portfolio_id())
        assert found is not None
        assert found.live is None
        assert "This key is not there any more" in await ann.say("/live")
        await ann.say("/privacy")


async def tries_to_leave(ann: Someone, heard: list[str], server: Server) -> None:
    """Remove the key, close, rename and delete everything while an order is on its way; then revoke the key at the exchange."""
    await ann.say("/disconnect")
    heard.append((await ann.tap("Remove")).text)
    await ann.program.portfolios.rename((await ann.program.access.everybody())[0], await ann.portfolio_id(), "My money")
    busy = await ann.program.portfolios.close((await ann.program.access.everybody())[0], await ann.portfolio_id())
    heard.append(f"Plan {getattr(getattr(busy, 'plan', None), 'number', None)}")
    gone = await ann.program.portfolios.forget((await ann.program.access.everybody())[0], (ann.user.id,))
    heard.append(f"Plan {getattr(getattr(gone, 'plan', None), 'number', None)}")
    theirs(server).revoked = True
    await asyncio.sleep(0)


async def test_what_a_day_may_trade_is_one_limit_for_all_plans_and_orders(tmp_path: Path) -> None:
    """One per cent of the value: the first plan has it, the second has none of it left and says so; tomorrow there is another one."""
    async with at_exchange(tmp_path) as (ann, server):
        await watch(ann)
        await agree(ann)
        await ann.say("/live 500 1% 5%")
        first = (await card(ann)).text
        assert "over your limits" in first
        await ann.confirm()
        spent = sum(order.filled * order.average for order in theirs(server).orders)
        assert 600 < spent <= 651
        sent = len(theirs(server).orders)
        said = await ann.say("/rebalance")
        assert "Confirm" not in ann.last.buttons
        assert "over your limits" in said
        assert len(theirs(server).orders) == sent
        ann.clock.advance(86_400)
        await ann.say("/rebalance")
        await ann.confirm()
        assert 1_200 < sum(order.filled * order.average for order in theirs(server).orders) <= 1_302
