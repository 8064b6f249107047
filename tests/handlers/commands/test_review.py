"""/review in the chat: too early at first, then the picture with its numbers in the caption, and what each trigger brought."""

from __future__ import annotations

import asyncio
import math
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from chatbot.backtest import counterfactuals
from chatbot.clock import ManualClock
from chatbot.exchanges.markets.replay import ReplaySource
from chatbot.exchanges.markets.simulated import SimulatedSource
from chatbot.execution.pace import Pace
from chatbot.model import Mark
from chatbot.reports.review import reviews
from chatbot.store import flows, tables
from tests.moments import after
from tests.person import someone
from tests.places import DATA
from tests.portfolio.lively_market import LivelyMarket
from tests.stories.history import needs_history
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.backtest.past import Recorded
    from tests.person import Someone

DAY_S = 86_400.0


async def lived(ann: Someone) -> None:
    """Carry out the first plan, live three days, and trade to other weights."""
    await ann.set_up()
    await ann.step()
    await ann.confirm()
    for _ in range(3):
        await ann.step(DAY_S)
    await ann.say("/targets BTC 20 ETH 40 ALT 20 USDT 20")
    await ann.tap("Plan now")
    await ann.confirm()
    await ann.step(DAY_S)


@pytest.mark.long
async def test_after_a_pause_it_tells_how_many_days_it_has_seen(tmp_path: Path) -> None:
    """Seen after 61 days with a pause among them: "told after 30 days", and "the worst fall after a week"."""
    async with after(lived, tmp_path, source=LivelyMarket) as ann:
        await ann.say("/pause")
        await ann.step(60 * DAY_S)
        told = "The worst fall needs a week with checks, volatility, Sharpe and the rest 30 days; so far there are 4."
        assert told in await ann.say("/review")


@pytest.mark.long
async def test_what_is_kept_out_leaves_nothing_unexplained(tmp_path: Path) -> None:
    """Holding keeps it out too, as coins and not as their worth of that day: what prices did since was "not explained by trades"."""
    async with someone(tmp_path) as ann:
        await ann.settle()
        for text in ("/keep 0.02 BTC", "/keep 0.05 ETH", "/keep 0.01 BTC"):
            await ann.step(DAY_S)
            assert "kept out · changed" in await ann.say(text)
            await ann.step(DAY_S)
        assert "I do not have the past prices" not in await ann.say("/review"), "the other ways keep it out as well"
        await ann.tap("By trigger")
        ann.sees("Together")
        assert "Not explained" not in ann.last.text


@pytest.mark.long
async def test_from_the_first_day_to_the_scorecard(tmp_path: Path) -> None:
    """Value, holding and falls with a picture; triggers with what they brought; parts and total; what is too little data says so."""
    async with after(lived, tmp_path, source=LivelyMarket) as ann:
        page = await ann.say("/review")
        assert "Since 5 Jan 2026" in page
        assert "Hold" in page
        assert "Not enough data to rank triggers: 4 of 730 days." in page
        assert "The worst fall is told after a week; volatility, Sharpe and the rest after 30 days." in page
        told = [row.split()[-1] for row in page.splitlines() if row.startswith(("You ", "Hold "))]
        assert told == ["—", "—"], "it may have fallen between marks"
        assert ann.last.attachment is not None
        await ann.tap("By trigger")
        card = ann.last.text
        assert "First plan" not in card, "holding carried it out too"
        assert "Your wish" in card
        assert "Together" in card
        assert "Not explained" not in card, "every cent is a trade's"
        assert ann.last.attachment is not None
        await ann.tap("More")
        ann.sees("Your wish", "1 done, 0 skipped, 0 expired · fees $4.99 a plan")
        await ann.tap("Back")
        await ann.tap("Back")
        assert ann.last.attachment is not None


@pytest.mark.long
async def test_weights_and_months_are_one_tap_away(tmp_path: Path) -> None:
    """Each with its picture and the same numbers in words, and back."""
    async with after(lived, tmp_path, source=LivelyMarket) as ann:
        await ann.say("/review")
        await ann.tap("Weights")
        ann.sees("Weights over time", "ALT         0%  20%     0%   40%", "Futures")
        assert ann.last.attachment is not None
        await ann.tap("Back")
        await ann.tap("By month")
        ann.sees("Month by month", "Jan 2026", "−0.2%")
        assert ann.last.attachment is not None


async def begun(ann: Someone) -> None:
    """Set up a portfolio, and let nothing happen."""
    await ann.set_up()


async def test_on_the_first_day_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """It says what it needs, and sends no empty picture."""
    async with after(begun, tmp_path, source=LivelyMarket) as ann:
        assert "Not enough data yet" in await ann.say("/review")
        assert ann.last.attachment is None


SPEED = 600.0


def hurried(clock: ManualClock) -> SimulatedSource:
    """Return the market of the demo at the demo's speed: a day of it in 144 s."""
    return SimulatedSource(clock, speed=SPEED, script=False)


async def carried_out(ann: Someone) -> None:
    """Carry out the first plan."""
    await ann.set_up()
    await ann.step()
    await ann.confirm()


@pytest.mark.long
async def test_days_of_a_played_market_are_counted_not_those_of_the_clock(tmp_path: Path) -> None:
    """Twenty-four minutes at 600 times the speed are ten days, each with a value of its own; the page says whose time it is."""
    async with after(carried_out, tmp_path, source=hurried, pace=Pace(speed=SPEED)) as ann:
        for _ in range(10):
            await ann.step(DAY_S / SPEED)
        page = await ann.say("/review")
        assert "(market time), 10 days, deposits apart" in page
        assert "Hold: your first plan, and nothing after it." in page
        assert "10 of 730 days" in page
        assert "—" not in page, "with futures, monthly and bands alone are walked through the hours"
        assert "Monthly and bands alone" not in page, "they follow the strategy that it has all along"
        async with ann.program.db.read() as tx:
            marked = await flows.marked(tx, await ann.portfolio_id())
        assert 9 <= len({one.day for one in marked}) <= 12
        assert "today, deposits apart" in await ann.say("/status")
        portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
        assert portfolio is not None
        found = await ann.program.reviews.review(portfolio, ZoneInfo("UTC"))
        assert found.unexplained is not None
        assert abs(found.unexplained) < Decimal("0.00001"), "what the first plan bought, holding has bought too"
        assert found.hold is not None
        assert found.hold.total


@pytest.mark.long
async def test_the_other_ways_follow_the_strategy_of_the_first_day(tmp_path: Path) -> None:
    """Who turns from Balanced to almost nothing but money reads what Balanced would have done, as they would had they not turned."""
    told = {}
    for turns in (False, True):
        async with after(carried_out, tmp_path / str(turns), source=hurried, pace=Pace(speed=SPEED)) as ann:
            for at in range(8):
                if turns and at == 4:
                    await ann.say("/targets BTC 5 USDT 95")
                await ann.step(DAY_S / SPEED)
            page = await ann.say("/review")
            assert ("Monthly and bands alone: your strategy of the first day." in page) is turns
            portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
            assert portfolio is not None
            found = await ann.program.reviews.review(portfolio, ZoneInfo("UTC"))
            assert found.monthly is not None
            assert found.bands is not None
            told[turns] = found.monthly.total, found.bands.total
    assert told[True] == pytest.approx(told[False], abs=1e-4)


@pytest.mark.long
async def test_a_past_that_takes_long_is_waited_for_beside_and_told_the_next_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits longer than twenty seconds; it is fetched once, however often it is asked for, and there when it has come."""
    fetched, asked = counterfactuals.fetch, []
    come = asyncio.Event()

    async def slowly(*what: Any) -> Recorded:
        asked.append(what)
        await come.wait()
        return await fetched(*what)

    monkeypatch.setattr(counterfactuals, "fetch", slowly)
    monkeypatch.setattr(reviews, "_WAITS_S", 0.05)
    async with after(carried_out, tmp_path, source=hurried, pace=Pace(speed=SPEED)) as ann:
        for _ in range(8):
            await ann.step(DAY_S / SPEED)
        for _ in range(2):
            page = await ann.say("/review")
            assert "—: I am still fetching the past prices for it. Ask again in a minute." in page
            assert "I do not have" not in page
        assert len(asked) == 1
        come.set()
        await until(lambda: not ann.program.backtests.is_busy)
        await ann.tap("Refresh")
        assert "—" not in ann.last.text
        assert len(asked) == 1


@pytest.mark.long
@needs_history
async def test_the_first_day_of_a_portfolio_in_fear(tmp_path: Path) -> None:
    """Fear, which holds futures back, replaces no first plan; an hour later it is too early to tell, and after a day they are one."""
    begin = datetime(2022, 4, 20, 9, tzinfo=UTC)
    clock = ManualClock(begin)
    source = ReplaySource(DATA, clock, start=begin)
    async with someone(tmp_path, clock=clock, source=source, market=f"replay:{DATA}", market_start=begin) as ann:
        await ann.set_up()
        await ann.step()
        ann.sees("Plan 1", "extreme fear", "Fear & Greed is 27")
        assert (await ann.confirm()).number == 1
        await ann.step(3600)
        assert "—: it is too early to tell." in await ann.say("/review")
        for _ in range(4):
            await ann.step(DAY_S / 4)
        page = await ann.say("/review")
        assert "Hold: your first plan, and nothing after it." in page
        told = [row.split()[-2] for row in page.splitlines() if row.startswith(("You ", "Hold ", "Monthly "))]
        assert len(told) == 3
        assert len(set(told)) == 1, "none of them has traded; bands alone knows no fear, and has opened its futures"


async def cash(ann: Someone) -> None:
    """Set up a portfolio of cash, and never let it trade."""
    await ann.set_up()
    await ann.step()
    await ann.step(DAY_S)


@pytest.mark.long
async def test_cash_that_was_never_spent_is_called_cash(tmp_path: Path) -> None:
    """Holding is 0.0 % then, and the page says why."""
    async with after(cash, tmp_path, source=LivelyMarket) as ann:
        assert "Hold: the cash of the first day." in await ann.say("/review")


async def half_in_cash(ann: Someone) -> None:
    """Hold half in BTC, without futures."""
    await ann.set_up()
    await ann.say("/targets BTC 50 USDT 50")
    await ann.tap("Plan now")
    await ann.confirm()
    await ann.step()


async def two_years(ann: Someone, a_day: float) -> None:
    """Write two years and a half of days down in which BTC stood still and the portfolio lost so much a day beside it."""
    rng, count = random.Random(5), 750
    marks = []
    for back in range(count, 0, -1):
        at = ann.clock.now() - timedelta(days=back)
        mark = Mark(
            held={"BTC": Decimal("0.1"), "USDT": Decimal(5000)},
            prices={"BTC": Decimal(str(50_000 + rng.gauss(0, 20))), "USDT": Decimal(1)},
            targets={"BTC": Decimal("0.5")},
            bands={"BTC": Decimal("0.05")},
        )
        value = 10_000 * math.exp(a_day * back + rng.gauss(0, 0.0005))
        marks.append((await ann.portfolio_id(), flows.Opening(day=at.date(), at=at, value=Decimal(str(value)), mark=mark)))
    async with ann.program.db.transaction() as tx:
        await flows.record_values(tx, marks)


@pytest.mark.long
async def test_what_is_surely_better_is_one_tap_away_on_paper(tmp_path: Path) -> None:
    """Two years of losing 0.05 % a day to bands alone: a paper portfolio stands beside it, with its coins and without triggers."""
    async with after(half_in_cash, tmp_path, source=LivelyMarket) as ann:
        await two_years(ann, 0.0005)
        before = await ann.portfolio_id()
        page = await ann.say("/review")
        assert "sure that it was not luck" in page
        assert "Not enough data" not in page
        await ann.tap("Try it on paper")
        assert any("with what it holds now" in message.text for message in ann.messages[-3:])
        opened = await ann.program.portfolios.by_id(await ann.portfolio_id())
        real = await ann.program.portfolios.by_id(before)
        assert opened is not None
        assert real is not None
        assert (opened.id, real.is_open, opened.strategy.triggers) == (before + 1, True, {})
        assert "$9,9" in await ann.say("/status")


@pytest.mark.long
async def test_what_may_be_luck_offers_nothing(tmp_path: Path) -> None:
    """The same two years without an edge; and a button of an older page does nothing but tell how it is now."""
    async with after(half_in_cash, tmp_path, source=LivelyMarket) as ann:
        await two_years(ann, 0.0005)
        await ann.say("/review")
        old = ann.last
        async with ann.program.db.transaction() as tx:
            await tx.execute(delete(tables.values).where(tables.values.c.day < ann.clock.now().date()))
        await two_years(ann, 0.0)
        await ann.tap("Try it on paper", on=old)
        assert "sure that it was not luck" not in ann.last.text
        assert "Try it on paper" not in ann.last.buttons
        assert await ann.portfolio_id() == 1


@pytest.mark.long
async def test_a_deposit_in_the_moment_of_a_mark_is_no_profit(tmp_path: Path) -> None:
    """It came after that mark was taken: 0.01 BTC, five per cent of everything, moves neither the portfolio's return nor holding's."""
    async with after(half_in_cash, tmp_path, source=LivelyMarket) as ann:
        await ann.say("/deposit 0.01 BTC")
        await ann.step(DAY_S)
        portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
        assert portfolio is not None
        found = await ann.program.reviews.review(portfolio, ZoneInfo("UTC"))
        assert found.actual is not None
        assert found.hold is not None
        assert abs(found.actual.total) < 0.005
        assert abs(found.hold.total) < 0.005
        assert found.unexplained is not None
        assert abs(found.unexplained) < Decimal("1e-5")
