"""What one address asks of an exchange: inside its limits whatever comes, fairly, orders first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from chatbot.clock import ManualClock
from chatbot.errors import RateLimited
from chatbot.exchanges.live.private.binance.speech import Binance
from chatbot.exchanges.live.private.budget import Budget
from chatbot.exchanges.live.private.dialect import Limit

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PATIENT_S = 3600.0


async def test_a_thousand_accounts_on_one_address_stay_inside_its_limit() -> None:
    """Issue 11: 1,000 accounts on one venue, each read three times (weight 20 of 6,000 a minute), and each with orders."""
    clock = ManualClock(NOW)
    budget = Budget(Binance.limits, clock)
    spent: list[tuple[float, float]] = []

    async def read(who: int) -> None:
        for weight, urgent in ((20, False), (1, True), (4, True), (20, False), (20, False)):
            await budget.take("api", weight, who, patience_s=PATIENT_S, urgent=urgent)
            spent.append((clock.monotonic(), weight))

    await asyncio.gather(*(read(who) for who in range(1000)))
    assert len(spent) == 5000
    total, taken = sum(weight for _, weight in spent), clock.monotonic()
    for minute in range(int(taken // 60) + 1):
        assert sum(weight for at, weight in spent if minute * 60 <= at < minute * 60 + 60) <= 6000
    assert total / taken * 60 > 6000 * 0.6, "and the limit is used"


async def test_accounts_take_turns_and_orders_go_first() -> None:
    clock = ManualClock(NOW)
    budget = Budget({"api": Limit(600)}, clock)
    went: list[str] = []

    async def ask(who: str, weight: float, *, urgent: bool = False) -> None:
        await budget.take("api", weight, who, patience_s=PATIENT_S, urgent=urgent)
        went.append(who)

    await budget.take("api", 80, "before", patience_s=1, urgent=True)
    busy = [asyncio.create_task(ask("busy", 20)) for _ in range(10)]
    await asyncio.sleep(0)
    others = [asyncio.create_task(ask(who, 20)) for who in ("one", "two")]
    await asyncio.sleep(0)
    gone = len(went)
    order = asyncio.create_task(ask("order", 1, urgent=True))
    await asyncio.gather(*busy, *others, order)
    assert went.index("order") <= gone + 1, "behind the one whose turn it is, and nobody else"
    assert max(went.index("one"), went.index("two")) <= 5, "nobody waits behind all that one account wants"
    assert went.count("busy") == 10


async def test_what_would_wait_too_long_is_refused_at_once() -> None:
    clock = ManualClock(NOW)
    budget = Budget({"api": Limit(600)}, clock)
    budget.pause(10, "told so")
    budget.pause(1, "a shorter one changes nothing")
    with pytest.raises(RateLimited, match="told so"):
        await budget.take("api", 1, "a", patience_s=9)
    assert clock.monotonic() == 0
    await budget.take("api", 1, "a", patience_s=11)
    assert clock.monotonic() == 10


async def test_the_count_of_the_exchange_is_believed() -> None:
    """Others may ask from the same address, and what needs no key counts too."""
    clock = ManualClock(NOW)
    clock.advance(30)
    budget = Budget({"api": Limit(600), "fapi": Limit(600)}, clock)
    budget.used("api", 500)
    await budget.take("api", 1, "a", patience_s=1)
    budget.used("api", 540)
    with pytest.raises(RateLimited):
        await budget.take("fapi", 1, "a", patience_s=29)
    await budget.take("fapi", 1, "a", patience_s=31)
    assert clock.now().second == 0


async def test_who_gives_up_waiting_holds_nobody() -> None:
    clock = ManualClock(NOW)
    budget = Budget({"api": Limit(600)}, clock)
    budget.pause(5, "x")
    waiting = [asyncio.create_task(budget.take("api", 1, n, patience_s=60)) for n in range(3)]
    await asyncio.sleep(0)
    for task in waiting[:2]:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await budget.take("api", 1, "after", patience_s=60)
    assert not waiting[2].exception()


async def test_the_requests_of_one_account_are_kept_apart_where_the_venue_counts_them() -> None:
    """A venue may count each account besides the address: who is within the one may be over the other, and everybody would pay for it."""
    clock = ManualClock(NOW)
    budget = Budget({"orders": Limit(1000, 10, each_s=0.25)}, clock)
    went: list[tuple[float, str]] = []
    for who in ("one", "one", "one", "other"):
        await budget.take("orders", 1, who, patience_s=3, urgent=True)
        went.append((clock.monotonic(), who))
    assert went == [(0, "one"), (0.25, "one"), (0.5, "one"), (0.5, "other")]
    with pytest.raises(RateLimited):
        await budget.take("orders", 1, "other", patience_s=0.1)
    clock.advance(1)
    await budget.take("orders", 1, "other", patience_s=0.1)
