"""A button does what it showed, for the portfolio and settings it was shown with; Confirm covers what its card rests on, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.model import PlanState
from tests.person import ANN, someone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone

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
