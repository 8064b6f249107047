"""What the bot offers before it may trade without asking: limits of the portfolio's own size, and only where it can trade at all."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.model import AnswerMode, AutoLimits, Mode, Unanswered
from handlers.views.plan import autonomy as views
from tests.handlers.commands.test_refusals import press
from tests.person import someone

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Portfolio
    from tests.person import Someone

D = Decimal


async def opened_with(chat: Someone, amount: str) -> None:
    """Open a demo portfolio of a typed amount."""
    await chat.say("/start")
    await chat.tap("Demo portfolio")
    await chat.say(amount)
    await chat.tap("Use Balanced")


async def stored(chat: Someone, number: int = 1) -> Portfolio:
    """Return a portfolio as it is stored."""
    found = await chat.program.portfolios.by_id(number)
    assert found is not None
    return found


#: a portfolio's value, the limit of an order that is offered first, the ones to choose from
VALUES = [
    ("10000", "$500", ("$200", "✓ $500", "$1,000")),
    ("12345.67", "$620", ("$250", "✓ $620", "$1,200")),
    ("987654", "$49,000", ("$20,000", "✓ $49,000", "$99,000")),
    ("250", "$12", ("$10", "✓ $12", "$25")),
    ("137.5", "$10", ("✓ $10", "$14")),
]


@pytest.mark.parametrize(("amount", "order", "offered"), VALUES, ids=[amount for amount, *_ in VALUES])
async def test_the_first_limits_are_a_twentieth_of_the_portfolio_an_order_and_a_tenth_a_day(
    tmp_path: Path, amount: str, order: str, offered: tuple[str, ...]
) -> None:
    """Never a multiple of what there is; what the page says is what its yes takes."""
    async with someone(tmp_path) as chat:
        await opened_with(chat, amount)
        text = await chat.say("/mode auto")
        assert f"I carry it out without asking you: at most {order} an order and 10% of the value a day." in text
        page = chat.last
        assert tuple(label for label in page.buttons if "$" in label) == offered
        assert tuple(label for label in page.buttons if "a day" in label) == ("5% a day", "✓ 10% a day", "25% a day", "50% a day")
        assert (await stored(chat)).answer is AnswerMode.ASK
        await chat.tap("Yes, trade without asking me")
        limits = AutoLimits(trade=D(order.strip("$").replace(",", "")), share=D("0.1"))
        assert ((await stored(chat)).answer, (await stored(chat)).answering.limits) == (AnswerMode.AUTO, limits)


async def test_without_a_value_the_smallest_order_is_offered_and_no_other(tmp_path: Path) -> None:
    """Nobody knows what the portfolio is worth: its share says nothing."""
    async with someone(tmp_path) as chat:
        await opened_with(chat, "50000")
        exchange = await chat.program.accounts.exchange(1)
        exchange.faults.unreachable = True  # type: ignore[attr-defined]
        assert "at most $10 an order and 10% of the value a day" in await chat.say("/mode auto")
        assert not any("$" in label for label in chat.last.buttons)


async def test_the_limits_of_last_time_are_offered_again(tmp_path: Path) -> None:
    """Kept while auto was off, and marked among the choices."""
    async with someone(tmp_path) as chat:
        await opened_with(chat, "10000")
        await chat.say("/mode auto 1000 25%")
        await chat.tap("Yes, trade without asking me")
        await chat.say("/mode ask")
        assert "at most $1,000 an order and 25% of the value a day" in await chat.say("/mode auto")
        assert {"✓ $1,000", "✓ 25% a day"} <= set(chat.last.buttons)


@given(st.decimals("200", "100000000", places=2))
def test_a_rounded_limit_is_within_a_twentieth_of_what_it_rounds(value: Decimal) -> None:
    """Two digits that are not 0: neither ten times as much, nor a tenth."""
    found = views.rounded(value)
    assert abs(found - value) <= value / 20
    assert len(str(found.normalize().as_tuple().digits).split(",")) <= 3
    assert found.normalize().as_tuple().digits[2:] == ()


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("243.7", "240"), ("617.28", "620"), ("9.99", "10"), ("0.4", "10"), ("10", "10"), ("99.6", "100"), ("1049", "1000"), ("1051", "1100")],
)
def test_limits_are_rounded_to_two_digits_and_are_never_below_the_smallest_order(value: str, rounded: str) -> None:
    """Ten dollars at least, because no order is smaller."""
    assert views.rounded(D(value)) == D(rounded)


async def by_hand(chat: Someone) -> None:
    """Set a second portfolio up that is traded by hand; it becomes the current one."""
    await chat.say("/start")
    await chat.tap("Keep both")
    await chat.tap("Type in my holdings")
    await chat.say("BTC 0.1 ETH 1 USDT 2000")
    await chat.taps("That is right", "Yes", "Balanced", "Use Balanced")
    assert (await stored(chat, 2)).mode is Mode.MANUAL


async def test_an_old_yes_puts_no_portfolio_on_auto_that_is_traded_by_hand(tmp_path: Path) -> None:
    """The page was about another portfolio; it says so, and neither of the two changes."""
    async with someone(tmp_path) as chat:
        await opened_with(chat, "10000")
        await chat.say("/mode auto 500 10%")
        page = chat.last
        await by_hand(chat)
        first = await stored(chat)
        answer = await chat.tap("Yes, trade without asking me", on=page)
        assert (answer.text.startswith("This was shown for other settings or another portfolio."), answer.alert) == (True, True)
        assert await stored(chat) == first
        assert (await stored(chat, 2)).answer is AnswerMode.ASK


@pytest.mark.parametrize(("action", "arg"), [("auto_yes", "500:10%"), ("auto", "500:10%"), ("answer", "auto"), ("unanswered", "reduce:30")])
async def test_where_the_bot_cannot_trade_no_button_makes_it_act_by_itself(tmp_path: Path, action: str, arg: str) -> None:
    """Even one that was made for this very portfolio: it is told that it trades by hand."""
    async with someone(tmp_path) as chat:
        await opened_with(chat, "10000")
        await by_hand(chat)
        portfolio = await stored(chat, 2)
        await press(chat, action, arg)
        assert "you trade by hand" in chat.last.text
        assert await stored(chat, 2) == portfolio
        assert (portfolio.answer, portfolio.answering.limits, portfolio.answering.unanswered) == (
            AnswerMode.ASK,
            None,
            Unanswered.EXPIRE,
        )
