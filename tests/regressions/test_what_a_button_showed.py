"""A button does what it showed, for the portfolio and settings it was shown with; Confirm covers what its card rests on, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.model import PlanState
from handlers.loopback import TelegramUser
from tests.moments import after
from tests.person import ANN, BEN, Someone, someone

if TYPE_CHECKING:
    from pathlib import Path

#: a page whose buttons change settings -> one of them
PAGES = {
    "/bands": "to the edge",
    "/mode": "Only tell me",
    "/triggers": None,
    "/schedule": "Weekly",
    "/pause": None,
}


async def second_portfolio(chat: Someone) -> None:
    """Set another portfolio up, which becomes the current one."""
    await chat.say("/start")
    await chat.tap("Keep both")
    for label in ("Demo portfolio", "10,000", "Use Balanced"):
        await chat.tap(label)


@pytest.mark.parametrize(("page", "label"), [(page, label) for page, label in PAGES.items() if label is not None])
@pytest.mark.parametrize("how", ["changed", "another"])
async def test_an_old_page_changes_nothing_of_other_settings(tmp_path: Path, page: str, label: str, how: str) -> None:
    """Shown, then the targets are changed or another portfolio is set up, then pressed: refused in words, nothing stored."""
    async with someone(tmp_path) as chat:
        await chat.set_up()
        await chat.say(page)
        old = chat.with_button(label)
        if how == "changed":
            await chat.say("/targets BTC 10 ETH 10 ALT 20 USDT 50 FUTURES 10")
        else:
            await second_portfolio(chat)
        before = [await chat.program.portfolios.by_id(number) for number in (1, 2)]
        answer = await chat.tap(label, on=old)
        assert answer.text is not None
        assert "This was shown for other settings or another portfolio" in answer.text
        assert answer.alert
        assert [await chat.program.portfolios.by_id(number) for number in (1, 2)] == before


#: everything that the pages of a portfolio show of its settings: what was chosen before the page, and what is changed after it
CHANGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a band": ((), ("/bands BTC 7",)),
    "a trigger": ((), ("/triggers fear 20",)),
    "the calendar": ((), ("/schedule weekly mon",)),
    "how it answers": ((), ("/mode tell",)),
    "what no answer does": ((), ("/mode", "Remind me")),
    "after how long": (("/mode", "Reduce after 15 minutes"), ("/mode", "Reduce after 4 hours")),
    "its limits alone": (
        ("/mode auto 500 10%", "Yes, trade without asking me"),
        ("/mode auto 200 10%", "Yes, trade without asking me"),
    ),
}


@pytest.mark.parametrize("case", CHANGES)
async def test_a_page_is_old_after_any_change_of_what_it_rests_on(tmp_path: Path, case: str) -> None:
    """Whatever of the settings has changed since, its button is refused in words, and stores nothing."""
    before, then = CHANGES[case]
    async with after(Someone.set_up, tmp_path) as chat:
        await walk(chat, before)
        await chat.say("/bands")
        old = chat.with_button("to the edge")
        await walk(chat, then)
        changed = await chat.program.portfolios.by_id(1)
        answer = await chat.tap("to the edge", on=old)
        assert "This was shown for other settings or another portfolio" in (answer.text or "")
        assert await chat.program.portfolios.by_id(1) == changed


async def test_consent_to_auto_is_for_the_portfolio_that_was_named(tmp_path: Path) -> None:
    """Consent that was read for one portfolio and pressed when another has become current puts neither on auto."""
    async with someone(tmp_path) as chat:
        await chat.set_up()
        await chat.say("/mode auto 500 10%")
        consent = chat.with_button("Yes, trade without asking me")
        await second_portfolio(chat)
        await chat.tap("Yes, trade without asking me", on=consent)
        for number in (1, 2):
            portfolio = await chat.program.portfolios.by_id(number)
            assert portfolio is not None
            assert portfolio.answer != "auto"


@pytest.mark.parametrize(
    ("change", "taps"),
    [
        ("/targets BTC 10 ETH 10 ALT 20 USDT 50 FUTURES 10", ()),
        ("/bands BTC 7", ()),
        ("/bands", ("How a plan trades", "5%")),
        ("/triggers fear 20", ()),
        ("/mode tell", ()),
        ("/mode auto 500 10%", ("Yes, trade without asking me",)),
    ],
)
async def test_a_change_of_what_a_card_rests_on_ends_the_card(tmp_path: Path, change: str, taps: tuple[str, ...]) -> None:
    """Targets, bands, triggers, mode, limits: the old Confirm sends nothing, and the card says why."""
    async with someone(tmp_path) as chat:
        card = await chat.set_up()
        await chat.say(change)
        await chat.taps(*taps)
        await chat.work()
        (plan,) = await chat.plans()
        assert plan.state is PlanState.SUPERSEDED
        shown = next(message for message in chat.loopback.chat(ANN.id) if message.id == card.id)
        assert "Plan 1 ended, because what it rested on was changed. Nothing was traded." in shown.text
        assert "Confirm" not in shown.buttons
        await chat.tap("Confirm", on=card)
        await chat.work()
        exchange = await chat.program.accounts.exchange(1)
        assert not exchange.state.orders  # type: ignore[attr-defined]  # the paper one
        assert all(plan.state is not PlanState.DONE for plan in await chat.plans())


#: pages of one set-up, and what another one that is begun after it has asked by then: the answer of the page is no answer there
OTHER_SET_UPS = {
    "an amount, where holdings are asked for": (("/start", "Demo portfolio"), "10,000", ("/start", "Type in my holdings")),
    "futures, where holdings are asked for": (
        ("/start", "Type in my holdings", "BTC 1", "That is right"),
        "Yes",
        ("/start", "Type in my holdings"),
    ),
    "own weights, where holdings are asked for": (("/start", "Demo portfolio", "10,000"), "Own weights", ("/start", "Type in my holdings")),
    "a strategy, where an amount is asked for": (("/start", "Demo portfolio", "10,000"), "Aggressive", ("/start", "Demo portfolio")),
    "a simulated one, where it is traded by hand": (
        ("/start", "Demo portfolio", "10,000"),
        "Use Balanced",
        ("/start", "Type in my holdings", "BTC 1", "That is right", "Yes"),
    ),
    "one traded by hand, where it is simulated": (
        ("/start", "Type in my holdings", "BTC 1", "That is right", "Yes", "Balanced"),
        "Use Balanced",
        ("/start", "Demo portfolio", "10,000"),
    ),
    "other holdings": (
        ("/start", "Type in my holdings", "BTC 1", "That is right", "Yes", "Balanced"),
        "Use Balanced",
        ("/start", "Type in my holdings", "BTC 2", "That is right", "Yes"),
    ),
    "another amount": (("/start", "Demo portfolio", "10,000"), "Use Balanced", ("/start", "Demo portfolio", "1,000")),
}


@pytest.mark.parametrize("case", sorted(OTHER_SET_UPS))
async def test_a_button_of_another_set_up_opens_nothing(tmp_path: Path, case: str) -> None:
    """Nothing is opened on money that nobody has named, nor of another kind or size than the page with the button said."""
    before, label, then = OTHER_SET_UPS[case]
    async with someone(tmp_path) as chat:
        await walk(chat, before)
        old = chat.with_button(label)
        await walk(chat, then)
        newest = chat.newest
        await chat.tap(label, on=old)
        assert "You have given another answer since." in chat.since(newest)
        assert await chat.program.portfolios.by_id(1) is None


async def walk(chat: Someone, steps: tuple[str, ...]) -> None:
    """Say what is no button, and tap what is one."""
    for step in steps:
        await (chat.tap(step) if any(step in message.buttons for message in chat.messages) else chat.say(step))


async def test_everything_is_deleted_only_as_it_was_listed(tmp_path: Path) -> None:
    """A portfolio that came after the page was shown is not deleted with those on it."""
    async with someone(tmp_path) as chat:
        await chat.set_up()
        await chat.tap("Skip")
        await chat.say("/privacy")
        await chat.tap("Delete everything…")
        old = chat.with_button("Delete everything")
        await second_portfolio(chat)
        await chat.tap("Skip")
        answer = await chat.tap("Delete everything", on=old)
        assert answer.alert
        assert answer.text == "Nothing was deleted: your portfolios are not those that were shown. Here they are as of now."
        assert await chat.program.portfolios.by_id(1) is not None
        now = chat.with_button("Delete everything")
        assert "Balanced, Balanced 2" in now.text
        await chat.tap("Delete everything", on=now)
        assert await chat.program.portfolios.by_id(1) is None


async def test_a_stranger_who_was_decided_about_meanwhile_stays_as_decided(tmp_path: Path) -> None:
    """Two operators are asked; one blocks. The other one's Approve, which knows nothing of it, lets nobody in."""
    async with someone(tmp_path) as ann:
        ben, eve = ann.beside(BEN), ann.beside(TelegramUser(id=66, name="Eve"))
        await ann.say("/start")
        await ben.say("/start")
        await eve.say("/start")
        await ann.work()
        asked = ben.with_button("Approve Eve")
        await ann.tap("Block Eve")
        answer = await ben.tap("Approve Eve", on=asked)
        assert (answer.text, answer.alert) == ("Nothing was changed: somebody has decided about Eve since this was shown.", True)
        assert (await eve.say("/status")) == ""
        shown = next(message for message in ben.messages if message.id == asked.id)
        assert "Eve is blocked." in shown.text
        await ben.tap("Approve Eve", on=shown)
        assert "You have no open portfolio" in await eve.say("/status")
