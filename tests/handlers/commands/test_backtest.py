"""/backtest in the chat: from the choice to the picture, in line, stopped, ended from outside, and after a restart."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chatbot.backtest.apart.admission import counted_in
from chatbot.backtest.apart.process import Died
from chatbot.model import Role
from chatbot.monitor import precedence
from chatbot.store import accounts, privacy
from handlers.commands import backtest
from tests.backtest.stand_in import StandIn
from tests.moments import after
from tests.person import BEN, someone
from tests.waiting import LIMIT_S, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime
    from pathlib import Path

    from chatbot.backtest.past import Recorded
    from tests.person import Someone


async def set_up(ann: Someone) -> None:
    """Have a portfolio."""
    await ann.set_up()


@asynccontextmanager
async def at_the_desk(folder: Path, *, room: int = 1) -> AsyncIterator[tuple[Someone, StandIn]]:
    """Sit down with a portfolio, at a desk whose processes are stand-ins."""
    stand_in = StandIn()
    async with after(set_up, folder) as ann:
        seat(ann, stand_in, room)
        yield ann, stand_in
        await ann.program.backtests.close()


def seat(ann: Someone, stand_in: StandIn, room: int) -> None:
    backtests = ann.program.backtests
    backtests.__init__(asyncio.create_task, counted_in(ann.program.db), room=room, worker=stand_in)  # type: ignore[misc]  # see Program: frozen


def hold_nothing_later(recorded: Recorded, now: datetime) -> None:
    """Hold that nothing of a history was known after ``now``: no bar that is open yet, no settlement and no reading to come."""
    spans = {"1h": timedelta(hours=1), "1d": timedelta(days=1)}
    closed = [bars[-1].at + spans[interval] for (_, interval), bars in recorded.bars.items()]
    paid = [one.at for settlements in recorded.settlements.values() for one in settlements]
    assert max((recorded.end + timedelta(hours=1), *closed, *paid, *(one.at for one in recorded.moods))) <= now
    assert len(closed) > 10
    assert paid
    assert recorded.moods


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two edits."""
    monkeypatch.setattr(backtest, "_BETWEEN_S", 0.001)


async def test_a_portfolio_of_nothing_but_cash_has_nothing_to_test(tmp_path: Path) -> None:
    """It says so, for any period; beside a preset it is followed like any other."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        await ann.say("/targets USDT 100")
        for period in ("", " 1y", " all"):
            await ann.say(f"/backtest mine{period}")
            await ann.hears("This strategy holds nothing but cash, so there is nothing to test.")
        stand_in.go.set()
        await ann.say("/backtest aggressive 3m")
        await ann.hears("Yours")


async def test_from_the_choice_to_the_picture_in_one_message(tmp_path: Path) -> None:
    """Two taps choose, one begins; the message tells how far it is and becomes the picture, whose caption says what to make of it."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        page = await ann.say("/backtest")
        assert "What would Balanced have done over 1 year?" in page
        number = ann.last.id
        await ann.taps("Aggressive", "Half a year")
        assert {"✓ Aggressive", "✓ Half a year"} <= set(ann.last.buttons)
        await ann.tap("Test it")
        await ann.hears("Playing it hour by hour: 1 of 3 done.")
        (job,) = stand_in.jobs
        assert job.strategy.preset == "aggressive"
        assert job.own is not None
        assert job.own.preset == "balanced"
        hold_nothing_later(job.recorded, ann.program.source.market_time(ann.clock.now()))
        stand_in.go.set()
        told = (await ann.hears("+10.0%, holding +4.0%, with 123 plans")).text
        assert ann.last.id == number
        assert ann.last.attachment is not None
        for said in ("Aggressive", "Yours", "Bands alone", "Monthly", "Hold"):
            assert said in told
        for caveat in ("slippage and waiting are not in it", "Survivors only", "2 settings tried so far", "Under two years", "made up"):
            assert caveat in told
        assert "These prices are made up" in told


async def test_a_preset_that_is_ones_own_is_one_setting(tmp_path: Path) -> None:
    """How far prices may move before Confirm, and regular amounts, play no part in a past: nothing stands there twice."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        stand_in.go.set()
        assert "100" in await ann.say("/schedule invest 100 weekly")
        await ann.say("/backtest balanced 60d")
        told = (await ann.hears("holding")).text
        assert stand_in.jobs[0].own is None
        assert "Yours" not in told
        assert "1 setting tried so far" in told


async def test_it_is_about_whole_days_and_the_months_of_the_person(tmp_path: Path) -> None:
    """It ends at the last midnight of UTC, by which falls, months and pictures are told too, and a week is one at every hour."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        stand_in.go.set()
        async with ann.program.db.transaction() as tx:
            await accounts.change_person(tx, ann.user.id, zone="Asia/Tokyo")
        for moved in range(3):
            await ann.say("/backtest 7d")
            await ann.hears("holding", on=ann.last)
            job = stand_in.jobs[-1]
            assert (job.recorded.begin.hour, job.recorded.end - job.recorded.begin) == (0, timedelta(days=7))
            assert job.zone == "Asia/Tokyo"
            ann.clock.advance(8 * 3600 - 1800 * moved)


async def test_a_result_opens_by_month_and_by_weight_and_goes_back(tmp_path: Path) -> None:
    """The same message turns from picture to picture; what an older button names is not there any more, and that is said."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        stand_in.go.set()
        await ann.say("/backtest 400d")
        await ann.hears("holding")
        number, first = ann.last.id, ann.last.attachment
        await ann.tap("By month")
        assert "Backtest · Month by month" in ann.last.text
        assert ann.last.id == number
        assert ann.last.attachment != first
        await ann.tap("Back")
        assert "holding" in ann.last.text
        await ann.tap("Weights")
        assert "Backtest · Weights over time" in ann.last.text
        assert "Stable     18%  13%" in ann.last.text
        await ann.say("/backtest 60d")
        await ann.hears("holding")
        await ann.tap("Back", ann.with_button("Back"))
        assert "is not running any more" in ann.last.text


async def test_by_trigger_below_the_result_and_another_test_below_that(tmp_path: Path) -> None:
    """The result stays; each trigger is switched once, and what was on stands under on."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        stand_in.go.set()
        await ann.say("/backtest 60d")
        await ann.hears("holding")
        shown = ann.last.id
        await ann.tap("Which triggers helped")
        told = (await ann.hears("with each trigger on and off")).text
        assert ann.last.id > shown
        job = stand_in.jobs[-1]
        assert {trigger for trigger, one in job.switched.items() if one.setting(trigger).on is job.strategy.setting(trigger).on} == set()
        assert "Volatility    +10.0%  −10.0%" in told
        assert "Did not fire in this time: High funding" in told
        assert "6 settings tried so far" in told
        await ann.tap("Another test", ann.with_button("Which triggers helped"))
        assert "What would Balanced have done" in ann.last.text
        assert any(message.attachment for message in ann.messages if message.id == shown)


async def test_two_people_and_one_core(tmp_path: Path) -> None:
    """Ben is told that one is before him; when Ann stops hers, his begins, and /status was answered all the while."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        ben = ann.beside(BEN)
        await ben.set_up()
        await ann.say("/backtest 60d")
        await ann.hears("hour by hour")
        await ben.say("/backtest 60d")
        await ben.hears("In line: 1 is before you.")
        assert "Balanced" in await ann.say("/status")
        running = ann.with_button("Stop")
        assert "One at a time: your last backtest is still under way." in await ann.say("/backtest 90d")
        await ann.tap("Stop")
        await ann.hears("Stopped.")
        assert "Stop" not in (await ann.hears("Stopped.", on=running)).buttons
        await ben.hears("hour by hour")
        stand_in.go.set()
        await ben.hears("holding")
        assert len(stand_in.jobs) == 2


async def test_whoever_waits_for_an_answer_goes_before_the_reading_of_a_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices that are at hand cost the bot itself a tenth of a second, which a /status beside it is not to wait for."""
    monkeypatch.setattr(precedence, "_TURN_S", 10 * LIMIT_S)
    async with at_the_desk(tmp_path) as (ann, stand_in):
        asked: list[str] = []
        monkeypatch.setattr(ann.program.precedence, "give_way", noted(asked, ann.program.precedence.give_way))
        with ann.program.precedence.answering():
            await ann.say("/backtest 60d")
            await until(lambda: asked)
        assert (len(asked), stand_in.jobs) == (1, [])
        await until(lambda: stand_in.jobs)
        (job,) = stand_in.jobs
        assert len(asked) > len(job.recorded.bars) + len(job.recorded.settlements)


def noted(asked: list[str], give_way: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Return what gives way and notes it."""

    async def give_way_and_note() -> None:
        asked.append("way")
        await give_way()

    return give_way_and_note


async def test_stopping_in_line(tmp_path: Path) -> None:
    """Whoever waits can leave the line; nothing was asked for them."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        ben = ann.beside(BEN)
        await ben.set_up()
        await ann.say("/backtest 60d")
        await ben.say("/backtest 60d")
        await ben.hears("In line")
        await ben.tap("Stop")
        await ben.hears("Stopped.")
        await ann.hears("hour by hour")
        assert len(stand_in.jobs) == 1
        assert "Again" in ben.last.buttons


async def test_a_process_that_was_killed_is_told_in_a_sentence(tmp_path: Path) -> None:
    """And it can be begun again."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        stand_in.trouble = Died("it ended with -9")
        stand_in.go.set()
        await ann.say("/backtest 60d")
        await ann.hears("The calculation was ended from outside")
        stand_in.trouble = None
        await ann.tap("Again")
        await ann.hears("holding")


async def test_too_little_history_is_told(tmp_path: Path) -> None:
    """The made-up market is young: three days are no test, and a year begins where there are prices."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        stand_in.go.set()
        await ann.say("/backtest 3d")
        await ann.hears("A test needs at least 7 days of prices; here there would be")
        await ann.say("/backtest 2019")
        await ann.hears("A test needs at least 7 days of prices; of ")
        assert not stand_in.jobs
        await ann.say("/backtest all")
        await ann.hears("holding")
        assert stand_in.jobs[0].recorded.begin.year >= 2024


async def test_after_a_restart_its_button_says_that_it_is_gone(tmp_path: Path) -> None:
    """Another process of the bot, in the same chat: nobody looks at a run that hangs for ever, the first tap tells and leads on."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        await ann.say("/backtest 60d")
        await ann.hears("hour by hour")
        left = ann
    assert not stand_in.open
    async with someone(tmp_path, clock=left.clock, loopback=left.loopback) as again:
        ann = replace(again, turn=left.turn)
        await ann.tap("Stop")
        assert "This backtest is not running any more." in ann.last.text
        await ann.tap("Backtest")
        assert "What would Balanced have done" in ann.last.text


async def test_what_was_tried_is_counted_on_after_a_restart_until_its_person_is_forgotten(tmp_path: Path) -> None:
    """How many settings somebody chose from is said of every result (domain 12.5): a start of the bot makes none of them untried."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        stand_in.go.set()
        await ann.say("/backtest aggressive 60d")
        await ann.hears("2 settings tried so far")
        left = ann
    async with someone(tmp_path, clock=left.clock, loopback=left.loopback) as again:
        ann, stand_in = replace(again, turn=left.turn), StandIn()
        stand_in.go.set()
        seat(ann, stand_in, 1)
        for preset, number in (("aggressive", 2), ("conservative", 3)):
            await ann.say(f"/backtest {preset} 60d")
            await ann.hears(f"{number} settings tried so far")
        async with ann.program.db.transaction() as tx:
            assert len((await privacy.export_person(tx, ann.user.id))["tried"]) == 3
            await privacy.delete_person(tx, ann.user.id)
            assert await privacy.export_person(tx, ann.user.id) == {}
        await ann.program.backtests.close()


async def test_a_closed_portfolio_can_still_be_asked_about(tmp_path: Path) -> None:
    """Its strategy is its history too; the page that was open goes on, with the usual amount or what it was worth."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        stand_in.go.set()
        await ann.say("/backtest")
        await ann.taps("Half a year")
        page = ann.last
        await ann.say("/portfolios")
        await ann.taps("Close", "Close Balanced")
        await ann.tap("Test it", page)
        await until(lambda: not ann.program.backtests.is_busy)
        told = next(message.text for message in ann.messages if message.id == page.id)
        assert "closed" in told
        assert "+10.0%, holding +4.0%" in told


@pytest.mark.parametrize(
    "typed", ["brave 1y", "<b>", "1y; rm -rf /", "9" * 3000, "balanced aggressive", "1y sudo"], ids=lambda one: ascii(one)[:20]
)
async def test_what_cannot_be_read_starts_nothing(tmp_path: Path, typed: str) -> None:
    """A sentence comes back, and no run."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        told = await ann.say(f"/backtest {typed}")
        assert "Write it like /backtest aggressive 1y" in told or "names two strategies" in told
        assert not stand_in.open


@pytest.mark.long
@pytest.mark.parametrize(
    ("code", "said", "told"), [("es", "/backtest agresiva 2 meses", "sin operar"), ("ru", "/backtest агрессивная 2 месяца", "без сделок")]
)
async def test_in_other_languages(tmp_path: Path, code: str, said: str, told: str) -> None:
    """Written and answered in the person's language."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        stand_in.go.set()
        async with ann.program.db.transaction() as tx:
            await accounts.change_person(tx, ann.user.id, language=code)
        await ann.say(said)
        page = (await ann.hears(told)).text
        assert "+10,0\u00a0%" in page
        assert stand_in.jobs[0].strategy.preset == "aggressive"


async def test_somebody_blocked_meanwhile_is_told_nothing_and_computed_nothing(tmp_path: Path) -> None:
    """The run ends with the next thing that there would be to say."""
    async with at_the_desk(tmp_path) as (ann, stand_in):
        ben = ann.beside(BEN)
        await ben.set_up()
        await ben.say("/backtest 60d")
        await ben.hears("hour by hour")
        before = ben.last.text
        async with ann.program.db.transaction() as tx:
            await accounts.change_person(tx, BEN.id, role=Role.BLOCKED)
        stand_in.go.set()
        await until(lambda: not ann.program.backtests.is_busy)
        assert ben.last.text == before
