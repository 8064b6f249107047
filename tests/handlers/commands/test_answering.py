"""/mode, /alerts and snoozing in the chat: acting alone, what nobody answers, quiet hours; every step from a message or a tap."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from chatbot.errors import UserError
from chatbot.model import AlertKind, AlertSettings, AnswerMode, AutoLimits, PlanState, Ring, Unanswered
from handlers.commands import alerts, mode
from handlers.views.plan import autonomy
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.moments import after
from tests.person import ANN, START, Someone, someone
from tests.portfolio.lively_market import LivelyMarket
from tests.portfolio.still_market import D

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Person, Portfolio


@dataclass(frozen=True, slots=True)
class Seat:
    """Ann with BTC 40, SOL 40, cash 20, worth about 10,000, in a market that moves when it is told to."""

    chat: Someone
    market: LivelyMarket

    async def portfolio(self) -> Portfolio:
        """Return her portfolio as it is stored."""
        found = await self.chat.program.portfolios.by_id(await self.chat.portfolio_id())
        assert found is not None
        return found

    async def person(self) -> Person:
        """Return her as she is stored."""
        return next(one for one in await self.chat.program.access.everybody() if one.id == self.chat.user.id)

    async def drift(self, factor: str = "1.3") -> None:
        """Move BTC, let it ring and its window close."""
        self.market.move("BTC", factor)
        await self.chat.step()
        await self.chat.step()


@asynccontextmanager
async def ann(folder: Path, *, start: datetime = START) -> AsyncIterator[Seat]:
    """Sit down with her portfolio, brought to its targets."""
    async with after(on_target, folder, start=start, source=LivelyMarket) as opened:
        assert isinstance(opened.program.source, LivelyMarket)
        yield Seat(opened, opened.program.source)


async def on_target(opened: Someone) -> None:
    await opened.set_up()
    await opened.say("/targets BTC 40 SOL 40 USDT 20")
    await opened.say("/rebalance")
    await opened.confirm()
    await opened.step()


@pytest.mark.long
async def test_consent_is_asked_with_the_limits_in_words_and_one_tap_ends_it(tmp_path: Path) -> None:
    """Nothing is switched on before the yes; the drift after it is traded without a question and told with its limits."""
    async with ann(tmp_path) as at:
        asked = await at.chat.say("/mode auto 2000 100%")
        assert "I carry it out without asking you: at most $2,000 an order and 100% of the value a day." in asked
        assert "I always ask before acting on a trend" in asked
        assert (await at.portfolio()).answer is AnswerMode.ASK
        await at.chat.tap("Yes, trade without asking me")
        portfolio = await at.portfolio()
        assert (portfolio.answer, portfolio.answering.limits) == (AnswerMode.AUTO, AutoLimits(trade=D(2000), share=D(1)))
        before = at.chat.newest
        await at.drift()
        plan = await at.chat.plan()
        assert (plan.state, plan.decided_by) == (PlanState.DONE, "auto")
        told = at.chat.since(before)
        assert "I act by myself, as you wanted." in told
        assert "Your limits: at most $2,000 an order and 100% of the value a day." in told
        assert "Confirm" not in at.chat.last.buttons
        assert "Acts by itself: at most $2,000 an order" in await at.chat.say("/status")
        await at.chat.tap("Ask me from now on")
        assert (await at.portfolio()).answer is AnswerMode.ASK


@pytest.mark.long
async def test_above_a_limit_the_card_says_which(tmp_path: Path) -> None:
    """And waits, with its Confirm."""
    async with ann(tmp_path) as at:
        await at.chat.say("/mode auto 100 50%")
        await at.chat.tap("Yes, trade without asking me")
        await at.drift()
        card = at.chat.with_button("Confirm")
        assert "I ask, because the largest order is $" in card.text
        assert "your limit for one is $100." in card.text
        await at.chat.confirm()
        assert (await at.chat.plan()).decided_by == ""


@pytest.mark.long
async def test_limits_are_chosen_by_taps(tmp_path: Path) -> None:
    """The page offers limits of the portfolio's own size, and the yes takes those that it shows."""
    async with ann(tmp_path) as at:
        await at.chat.say("/mode")
        await at.chat.taps("Act by yourself", "$200", "25% a day", "Yes, trade without asking me")
        assert (await at.portfolio()).answering.limits == AutoLimits(trade=D(200), share=D("0.25"))
        await at.chat.tap("Only tell me")
        assert (await at.portfolio()).answer is AnswerMode.NOTIFY


async def test_whoever_trades_by_hand_is_refused_in_words(tmp_path: Path) -> None:
    """Neither auto nor reducing is offered, and an old button of either does nothing."""
    async with someone(tmp_path) as opened:
        await opened.say("/start")
        await opened.tap("Type in my holdings")
        await opened.say("BTC 0.1 ETH 1 USDT 2000")
        await opened.taps("That is right", "Yes", "Balanced", "Use Balanced")
        assert "you trade by hand" in await opened.say("/mode auto 500 2000")
        assert "you trade by hand" in await opened.say("/mode reduce 30")
        await opened.say("/mode")
        assert "Confirm" not in opened.sees("I show a plan, and you trade it.").text
        labels = opened.loopback.last(ANN.id).buttons
        assert "Act by yourself" not in labels
        assert not any(label.startswith("Reduce") for label in labels)


async def test_without_an_answer_only_what_reduces_risk_is_done(tmp_path: Path) -> None:
    """The card says until when and which legs; what was done is told in reply to it."""
    async with ann(tmp_path) as at:
        assert "If you do not answer within 30 minutes" in await at.chat.say("/mode reduce 30")
        await at.drift()
        card = at.chat.with_button("Confirm")
        assert "30 minutes to answer" in card.text
        assert "Without your answer I then carry out only what reduces risk: 1." in card.text
        sol = (await at.chat.books())["spot"]["SOL"]
        await at.chat.step(30 * 60)
        told, result = at.chat.messages[-2:]
        assert "You did not answer, so only the legs that reduce risk are carried out." in told.text
        assert told.reply_to == card.id
        assert "done" in result.text, "below what was said, where it is seen"
        assert (await at.chat.books())["spot"]["SOL"] == sol
        assert (await at.chat.plan()).state is PlanState.DONE


@pytest.mark.parametrize(
    ("label", "unanswered", "minutes", "told"),
    [
        ("Remind me", Unanswered.REMIND, 30, "I remind you once"),
        ("Reduce after 15 minutes", Unanswered.REDUCE, 15, "within 15 minutes"),
        ("Reduce after 4 hours", Unanswered.REDUCE, 240, "within 4 hours"),
    ],
)
async def test_what_an_unanswered_plan_becomes_is_chosen_by_a_tap(
    tmp_path: Path, label: str, unanswered: Unanswered, minutes: int, told: str
) -> None:
    """The page says it, marks it, and is edited in place; Expire leads back, and keeps the minutes for the next time."""
    async with ann(tmp_path) as at:
        await at.chat.say("/mode")
        number = at.chat.last.id
        assert "✓ Expire" in at.chat.last.buttons
        await at.chat.tap(label)
        settings = (await at.portfolio()).answering
        assert (settings.unanswered, settings.after_min) == (unanswered, minutes)
        assert at.chat.last.id == number
        assert told in at.chat.last.text
        assert f"✓ {label}" in at.chat.last.buttons
        await at.chat.tap("Expire")
        settings = (await at.portfolio()).answering
        assert (settings.unanswered, settings.after_min) == (Unanswered.EXPIRE, minutes)
        assert "✓ Expire" in at.chat.last.buttons


async def test_a_reminder_replies_to_the_card_and_leads_back_to_it(tmp_path: Path) -> None:
    """Once, at half of the time."""
    async with ann(tmp_path) as at:
        await at.chat.say("/mode remind")
        await at.drift()
        card = at.chat.with_button("Confirm")
        await at.chat.step(180)
        assert "This plan still waits for your answer" in at.chat.last.text
        assert at.chat.last.reply_to == card.id
        await at.chat.tap("See the plan")
        await at.chat.confirm()
        assert (await at.chat.plan()).state is PlanState.DONE


@pytest.mark.parametrize(("label", "ends"), [("1 hour", "10:0"), ("4 hours", "13:0"), ("Until 8 in the morning", "08:00")])
async def test_a_snooze_is_as_long_as_it_was_chosen(tmp_path: Path, label: str, ends: str) -> None:
    """From the card: the plan is skipped, and /status tells until when it is quiet."""
    async with ann(tmp_path) as at:
        await at.drift()
        await at.chat.tap("Longer…")
        await at.chat.tap(label)
        assert (await at.chat.plan()).state is PlanState.SKIPPED
        until = (await at.portfolio()).snoozed_until
        assert until is not None
        assert f"{until:%H:%M}".startswith(ends)
        assert "No alerts until" in await at.chat.say("/status")


async def test_an_alert_offers_the_longer_snooze_too(tmp_path: Path) -> None:
    """Back from it leads nowhere dangerous."""
    async with ann(tmp_path) as at:
        at.market.move("BTC", "1.3")
        await at.chat.step()
        await at.chat.taps("Longer…", "4 hours")
        until = (await at.portfolio()).snoozed_until
        assert until is not None
        assert (until - at.chat.clock.now()).total_seconds() == 4 * 3600


@pytest.mark.long
async def test_quiet_hours_are_kept_and_end_in_one_digest(tmp_path: Path) -> None:
    """Nothing at night; at seven one message with a line for each alert, then the plan."""
    async with ann(tmp_path, start=datetime(2026, 1, 5, 22, 30, tzinfo=UTC)) as at:
        assert "Quiet hours 22:00–07:00" in await at.chat.say("/alerts quiet 22:00 7:00")
        before = at.chat.newest
        await at.drift()
        await at.drift("1.1")
        assert at.chat.since(before) == ""
        at.chat.clock.set(datetime(2026, 1, 6, 7, 0, tzinfo=UTC))
        await at.chat.step(0)
        told = at.chat.since(before)
        assert told.startswith("In your quiet hours\n22:")
        assert "BTC is 6.4 points over" in told
        assert "Confirm" in at.chat.last.buttons


@pytest.mark.long
async def test_switching_quiet_hours_off_lets_go_of_what_waits(tmp_path: Path) -> None:
    """With the next check."""
    async with ann(tmp_path, start=datetime(2026, 1, 5, 22, 30, tzinfo=UTC)) as at:
        await at.chat.say("/alerts quiet 22:00 7:00")
        before = at.chat.newest
        await at.drift()
        await at.chat.tap("No quiet hours")
        await at.chat.step()
        assert "BTC is 6.4 points over" in at.chat.since(before)


async def test_taps_choose_how_each_kind_rings(tmp_path: Path) -> None:
    """On leads to silent, silent to off, off to on; what always rings has no button."""
    async with ann(tmp_path) as at:
        await at.chat.say("/alerts")
        for label, how in (("Drift: on", Ring.SILENT), ("Drift: silent", Ring.OFF), ("Drift: off", Ring.ON)):
            await at.chat.tap(label)
            assert (await at.person()).alerts.ring(AlertKind.DRIFT) is how
        assert not any(label.startswith("Failed leg") for label in at.chat.last.buttons)
        await at.chat.tap("4 h")
        assert (await at.person()).alerts.reminder_h == 4


EN = CATALOGUE.words("en")


@pytest.mark.parametrize(
    ("text", "language", "rings", "quiet", "hours"),
    [
        ("trend silent quiet 22:00 8:00", "en", {AlertKind.TREND: Ring.SILENT}, ("22:00", "08:00"), 0),
        ("Schedule off, remind 12", "en", {AlertKind.SCHEDULE: Ring.OFF}, ("", ""), 12),
        ("liquidation on quiet off remind off", "en", {AlertKind.LIQUIDATION: Ring.ON}, ("", ""), 0),
        ("tendencia callado silencio 23:00 7:30", "es", {AlertKind.TREND: Ring.SILENT}, ("23:00", "07:30"), 0),
        ("тренд выкл тихо 23:00 7:30", "ru", {AlertKind.TREND: Ring.OFF}, ("23:00", "07:30"), 0),
    ],
)
def test_words_are_read_in_english_and_in_the_persons_language(
    text: str, language: str, rings: dict[AlertKind, Ring], quiet: tuple[str, str], hours: int
) -> None:
    """Several things may be said in one message."""
    settings, found = alerts.read(text, CATALOGUE.words(language), AlertSettings())
    assert found == ()
    assert (settings.rings, (settings.quiet_from, settings.quiet_to), settings.reminder_h) == (rings, quiet, hours)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("weather off", ["“{text}” is not a kind of alert.", "“{text}” is not a kind of alert."]),
        ("drift", ["Say how {name} rings"]),
        ("failed leg off", ["{name} always rings"]),
        ("missed checks off", ["{name} always rings"]),
        ("exchange unreachable silent", ["{name} always rings"]),
        ("quiet 22:00", ["Say from when to when"]),
        ("quiet 25:00 8:00", ["is not a time of day", "is not a kind of alert"]),
        ("quiet 8:00 8:00", ["Say from when to when"]),
        ("remind 0", ["from 1 to 168"]),
    ],
)
def test_what_can_not_be_read_is_told_and_changes_nothing(text: str, told: list[str]) -> None:
    """Each mistake has its own sentence."""
    _, found = alerts.read(text, EN, AlertSettings())
    assert [any(part in problem.msgid for part in told) for problem in found] == [True] * len(told)
    assert not any("_" in str(problem) for problem in found), "a kind has the name that it has on the page"


@pytest.mark.parametrize(
    ("typed", "limits"),
    [
        (["500", "2000"], AutoLimits(trade=D(500), turnover=D(2000))),
        (["$1,500", "10%"], AutoLimits(trade=D(1500), share=D("0.1"))),
        (["1k", "1k"], AutoLimits(trade=D(1000), turnover=D(1000))),
        (["500", "10", "%"], AutoLimits(trade=D(500), share=D("0.1"))),
        (["５００", "５０％"], AutoLimits(trade=D(500), share=D("0.5"))),
        (["500", "50\u00a0%"], AutoLimits(trade=D(500), share=D("0.5"))),
        (["123456789.129999", "987654321.654321"], AutoLimits(trade=D("123456789.12"), turnover=D("987654321.65"))),
        (["10." + "0" * 30 + "1", "33." + "3" * 30 + "%"], AutoLimits(trade=D(10), share=D("0.333"))),
        (["1000000000.00", "1000000000"], AutoLimits(trade=D(10**9), turnover=D(10**9))),
    ],
)
def test_limits_are_read_and_fit_into_a_button(typed: list[str], limits: AutoLimits) -> None:
    """What a button carries is exactly what was read: whole cents and tenths of a per cent, never more than was written."""
    assert mode.read_limits(typed) == limits
    assert autonomy.limits_of(autonomy.limits_arg(limits)) == limits


@pytest.mark.parametrize("text", ["/mode auto 999999999.999999 999999999.999999", "/mode auto 10.0000000000000001 33.333333333333333%"])
async def test_limits_of_many_digits_are_asked_about_and_taken(tmp_path: Path, text: str) -> None:
    """The consent page has buttons that carry them."""
    async with someone(tmp_path) as opened:
        await opened.set_up()
        assert "Acting by myself" in await opened.say(text)
        await opened.tap("Yes, trade without asking me")
        stored: Any = await opened.program.portfolios.by_id(1)
        assert stored.answering.limits == mode.read_limits(text.split()[2:])
        assert "Acting by myself" in await opened.say("/mode auto")


@pytest.mark.parametrize("typed", [[], ["500"], ["500", "100"], ["5", "50%"], ["500", "0%"], ["500", "101%"], ["-500", "10%"], ["x", "y"]])
def test_limits_that_make_no_sense_are_refused(typed: list[str]) -> None:
    """An order below the smallest, a day below an order, a share outside of 1 to 100 %."""
    with pytest.raises(UserError):
        mode.read_limits(typed)


@pytest.mark.parametrize(
    "text",
    [
        "/mode reduce 0",
        "/mode reduce 0000199999999999999",
        "/mode reduce " + "9" * 4000,
        "/mode reduce -5",
        "/mode reduce 1441",
        "/mode reduce soon",
        "/mode perhaps",
        "/mode auto 500",
    ],
)
async def test_mistakes_in_mode_come_with_an_example(tmp_path: Path, text: str) -> None:
    """And nothing is changed."""
    async with someone(tmp_path) as opened:
        await opened.set_up()
        assert autonomy.EXAMPLE in await opened.say(text)
        stored: Any = await opened.program.portfolios.by_id(1)
        assert (stored.answer, stored.answering.unanswered) == (AnswerMode.ASK, Unanswered.EXPIRE)
