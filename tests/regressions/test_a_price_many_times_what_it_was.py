"""A coin at ten times yesterday's price may be true, renamed, redenominated or dead: the person is asked before any plan rests on it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.clock import ManualClock
from chatbot.model.life import LeapWhy
from chatbot.portfolio.lives import levels as levels_of
from chatbot.portfolio.lives.levels import Levels
from chatbot.portfolio.stored import states
from chatbot.store import accounts
from tests.moments import after
from tests.person import BEN, START, someone
from tests.places import DATA
from tests.portfolio.still_market import bench
from tests.stories.history import needs_history
from tests.stories.test_simulated_market import Tampered

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.person import Someone

D = Decimal
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down with a demo portfolio that has its coins."""
    async with after(with_coins, tmp_path, source=Tampered) as opened:
        yield opened


async def with_coins(opened: Someone) -> None:
    await opened.set_up()
    await opened.confirm()
    await opened.step()


def bend(ann: Someone, factor: str, coin: str = "SOL") -> None:
    """Multiply a coin's price, in spot and futures, as a redenomination does."""
    source: Any = ann.program.source
    source.bent = {coin: D(factor), f"{coin}-PERP": D(factor)}


async def leapt(ann: Someone, factor: str, coin: str = "SOL") -> None:
    """Let a coin leap, and the monitor look until a jump counts as seen twice."""
    bend(ann, factor, coin)
    for _ in range(15):
        await ann.step()


def questions(ann: Someone) -> list[str]:
    """Return the questions that were asked."""
    return [message.text for message in ann.messages if "What happened?" in message.text]


@pytest.mark.long
@pytest.mark.parametrize("factor", ["10", "0.001"])
async def test_nothing_is_planned_until_the_person_says_that_it_is_true(ann: Someone, factor: str) -> None:
    """Asked once; status, /why and /rebalance say why there is nothing; "true" takes the new level, stored with time and price."""
    orders, plans = await ann.orders(), len(await ann.plans())
    await leapt(ann, factor)
    (asked,) = questions(ann)
    found = re.search(r"SOL went from \$?([\d.,]+) to \$?([\d.,]+) within a day: ([\d.]+) times as much", asked)
    assert found, asked
    assert 0.9 < float(found[3]) / float(factor) < 1.1
    for _ in range(7):
        await ann.step(3400)
    assert len(questions(ann)) == 1, "told once"
    asked_in = next(message for message in ann.messages if "What happened?" in message.text)
    assert not [message for message in ann.messages if "Cannot evaluate" in message.text]
    assert f"SOL costs {found[3]} times what it did" in await ann.say("/status")
    assert "What happened?" in await ann.say("/rebalance")
    assert (await ann.orders(), len(await ann.plans())) == (orders, plans)
    await ann.tap("The price is true", on=asked_in)
    (counts,) = [message.text for message in ann.messages if "SOL counts at" in message.text]
    assert "Checks and plans go on." in counts
    async with ann.program.db.read() as tx:
        said = (await states.read(tx, await ann.portfolio_id())).leaps["SOL"]
    price = ann.program.markets.usual.board.get("SOL").price
    assert said.why is LeapWhy.TRUE
    assert abs(said.price / price - 1) < D("0.2")
    assert said.at == ann.program.source.market_time(ann.clock.now())
    await ann.step()
    assert "Cannot evaluate" not in await ann.say("/status")
    await ann.step(120)
    await ann.step(120)
    assert len(await ann.plans()) > plans, "now it is a price, and far out of its band"


@pytest.mark.long
async def test_what_is_not_true_goes_on_blocking_with_the_way_out(ann: Someone) -> None:
    """Redenominated: no plan, the reason stays, and the price can be called true afterwards."""
    await leapt(ann, "1000")
    await ann.tap("Redenominated")
    ann.sees("still makes no plans", "your amount must be the new one", "press")
    await ann.step()
    assert "What happened?" in await ann.say("/rebalance")
    await ann.tap("The price is true")
    await ann.step()
    assert "Cannot evaluate" not in await ann.say("/status")


async def test_a_restart_forgets_neither_the_question_nor_the_answer(tmp_path: Path) -> None:
    """A redenomination in a night without the bot is asked about too; and who has answered is not asked again."""
    async with bench(tmp_path) as on:
        portfolio = await on.balanced()
        await on.tick()
    on.clock.advance(8 * 3600)
    on.market.prices["SOL"] *= 100
    async with bench(tmp_path, clock=on.clock, market=on.market) as on:
        await on.tick()
        (asked,) = [message for message in await on.mail() if message.kind == "leap"]
        assert (asked.facts["asset"], D(asked.facts["after"]) / D(asked.facts["before"])) == ("SOL", 100)
    async with bench(tmp_path, clock=on.clock, market=on.market) as on:
        await on.tick()
        assert [one.code for one in (await on.program.evaluator.look(portfolio)).problems] == ["leap"]
        (problem,) = (await on.program.evaluator.look(portfolio)).problems
        await levels_of.answer(on.program.db, portfolio, problem.leap, LeapWhy.TRUE, on.clock.now())
    async with bench(tmp_path, clock=on.clock, market=on.market) as on:
        await on.tick()
        assert (await on.program.evaluator.look(portfolio)).figures is not None
        assert not [message for message in await on.mail() if message.kind == "leap"]


@pytest.mark.long
async def test_each_person_answers_for_their_own_portfolio_and_who_came_later_is_not_asked(ann: Someone) -> None:
    """Ann's "true" changes nothing for Ben, her button is nobody else's, and a portfolio opened at the new price knows no other."""
    ben = ann.beside(BEN)
    await ben.set_up()
    await ben.confirm()
    await leapt(ann, "10")
    assert len(questions(ann)) == len(questions(ben)) == 1
    await ann.tap("The price is true")
    await ann.step()
    assert "Cannot evaluate" not in await ann.say("/status")
    assert "Cannot evaluate" in await ben.say("/status")


@pytest.mark.long
async def test_a_price_that_comes_back_ends_the_question_by_itself(ann: Someone) -> None:
    """An hour of nonsense leaves no portfolio blocked, and its old button says so."""
    await leapt(ann, "10")
    old = ann.with_button("The price is true")
    await leapt(ann, "1")
    assert "Cannot evaluate" not in await ann.say("/status")
    answer = await ann.tap("The price is true", on=old)
    assert answer.text.startswith("That question no longer matters")


@pytest.mark.long
async def test_who_does_not_hold_the_coin_is_not_asked(ann: Someone) -> None:
    """A coin that nobody here owns may do what it likes."""
    await leapt(ann, "10", coin="LTC")
    assert not questions(ann)
    assert "Cannot evaluate" not in await ann.say("/status")


# The levels by themselves


def walk(*prices: str, every: timedelta = HOUR) -> list[bool]:
    """Return at which of these prices, one an hour, a leap was open."""
    levels = Levels()
    return [levels.see("SOL", D(price), START + every * at) is not None for at, price in enumerate(prices)]


def test_five_times_is_the_limit_in_a_day_and_not_in_a_week() -> None:
    """Each side of the boundary, up and down, and a coin that grows fast but not in a day."""
    assert walk("1", "5") == [False, False]
    assert walk("1", "5.01") == [False, True]
    assert walk("5", "1") == [False, False]
    assert walk("5.01", "1") == [False, True]
    assert walk("1", "2", "4", "6") == [False, False, False, True], "in three hours"
    assert walk("1", "2", "4", "6", every=DAY * 0.6) == [False] * 4, "each day less than five times"
    assert walk("1", "6", every=DAY * 3) == [False, True], "nothing was seen in between"
    assert walk("1", "6", every=DAY * 31) == [False, False], "a market that nobody looked at for a month"


def test_a_price_that_trembles_around_the_limit_does_not_end_its_own_question() -> None:
    """Only one near where it was is back; what then leaps again is asked about again."""
    assert walk("1", "5.1", "4.4", "6.5", "11", "4.9") == [False, True, True, True, True, True]
    assert walk("1", "5.1", "2.01", "2", "2.1") == [False, True, True, False, False]
    assert walk("5.1", "1", "2.54", "2.55", "2.5") == [False, True, True, False, False]
    assert walk("1", "5.1", "1.5", "8") == [False, True, False, True]


@pytest.mark.long
@needs_history
async def test_doge_on_28_january_2021_is_asked_about_once_and_traded_on_only_when_answered(tmp_path: Path) -> None:
    """It was 4.6 times yesterday's price at 23:15, 5.5 times at 00:30, 4.3 times at 01:45, and ten times after three hours."""
    begin = datetime(2021, 1, 28, 0, 45, tzinfo=UTC)
    async with someone(tmp_path, clock=ManualClock(begin), market=f"replay:{DATA}", market_start=begin) as cat:
        await cat.type_in("BTC 0.1 ETH 1 DOGE 100000 USDT 3000")
        await cat.step(23.25 * HOUR.total_seconds())
        while not questions(cat):
            assert cat.clock.now() < begin + DAY, "nobody asked"
            await cat.step(300)
        plans = len(await cat.plans())
        for _ in range(8):
            await cat.step(1800)
        assert (len(questions(cat)), len(await cat.plans())) == (1, plans)
        answer = (await cat.tap("The price is true")).text
        assert answer != "That question no longer matters: the price is back, or a newer question has replaced it."
        await cat.step(60)
        await cat.step(60)
        assert len(await cat.plans()) > plans


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=40))
def test_a_leap_is_open_exactly_while_a_price_is_far_from_where_it_began(prices: list[int]) -> None:
    """Against a plain account of the same rule: all hours of a day are kept here."""
    levels, known, origin = Levels(), [], None
    for at, number in enumerate(prices):
        price, now = D(number), START + HOUR * 4 * at
        if origin is not None and max(price, origin) <= 2 * min(price, origin):
            known, origin = [], None
        known = [(then, old) for then, old in known if now - then <= DAY]
        far = [old for _, old in known if max(price, old) > 5 * min(price, old)]
        if far:
            known, origin = [], origin or far[0]
        known.append((now, price))
        assert (levels.see("SOL", price, now) is not None) == (origin is not None)


async def test_levels_come_back_as_they_were_written_and_a_damaged_row_begins_anew(ann: Someone) -> None:
    """What is kept is read again; what cannot be read stops no start."""
    db, now = ann.program.db, datetime.fromisoformat("2026-01-05T09:00:00+00:00")
    levels = ann.program.markets.usual.levels
    levels.see("SOL", D(1), now)
    leap = levels.see("SOL", D("7.5"), now + HOUR)
    await ann.program.markets.keep(now)
    assert leap is not None
    assert (await Levels.load(db)).marked(leap.mark) == leap
    for text in ("{", "[]", '{"SOL": 1}', "null"):
        async with db.transaction() as tx:
            await accounts.set_meta(tx, "levels", text)
        assert (await Levels.load(db)).marked(leap.mark) is None
