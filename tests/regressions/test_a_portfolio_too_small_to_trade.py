"""A portfolio so small that its orders would be too: the reason is their size, not that every line is close to its target."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from chatbot.clock import ManualClock
from chatbot.model import Cause, LeftOut, LeftOutWhy, LineReading, Mode, Phase, Portfolio, Reason
from chatbot.portfolio import strategies
from handlers.views import alerts
from tests.handlers.views.test_everywhere import CATALOGUE
from tests.person import START, someone
from tests.portfolio.still_market import StillMarket

if TYPE_CHECKING:
    from pathlib import Path

    from tests.person import Someone


async def holding(ann: Someone, holdings: str) -> None:
    """Keep a portfolio by hand."""
    await ann.say("/start")
    await ann.tap("Type in my holdings")
    await ann.say(holdings)
    await ann.taps("That is right", "Yes", "Balanced", "Use Balanced")


async def test_twelve_dollars_far_off_say_what_is_too_small(tmp_path: Path) -> None:
    """Fifty points off, one order: $6 is under the smallest worth its fees; $4 is under what the exchange takes; both are named."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=StillMarket(clock), fear_greed_url="") as ann:
        await holding(ann, "USDT 12")
        first = ann.last.text
        assert "Nothing can be traded now." in first
        assert "close to its target" not in first
        assert "SOL: $" in first
        await ann.say("/targets BTC 50 USDT 50")
        answer = await ann.say("/rebalance")
        assert "Nothing can be traded now." in answer
        assert "BTC: $6.00 is under $10, the smallest order that is worth its fees" in answer
        market = (await ann.program.source.markets())["BTC"]
        assert market.min_notional == Decimal(5)
        await ann.say("/targets BTC 33 USDT 67")
        assert "BTC: $3.96 is under the exchange's minimum of $5" in await ann.say("/rebalance")


async def test_a_portfolio_on_its_targets_is_still_close_to_them(tmp_path: Path) -> None:
    """What is inside a hundredth of the value needs no reason."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=StillMarket(clock), fear_greed_url="") as ann:
        await ann.set_up()
        await ann.confirm()
        answer = await ann.say("/rebalance")
        assert "Every line is close to its target." in answer
        assert "Left out" not in answer


async def test_a_card_says_why_half_of_a_small_portfolio_stays_as_it_is(tmp_path: Path) -> None:
    """A first plan of a hundred dollars led to ALT 0 % without a word, and afterwards "$10.00 is under $10"."""
    clock = ManualClock(START)
    async with someone(tmp_path, clock=clock, source=StillMarket(clock), fear_greed_url="") as ann:
        await ann.say("/start")
        await ann.tap("Demo portfolio")
        await ann.say("100")
        await ann.tap("Own weights")
        await ann.say("BTC 80 SOL 9.999 USDT 10.001")
        why = "Left out: SOL: $9.999 is under $10, the smallest order that is worth its fees"
        assert [leg.instrument for leg in (await ann.plan()).legs] == ["BTC"]
        ann.sees(why)
        await ann.confirm()
        ann.sees("done", "SOL: $9.99")


async def test_an_alert_names_what_is_too_small_of_its_own_lines_and_counts_the_rest() -> None:
    """Below a line that had drifted stood two coins of another line, and of its own two, without a word of the third."""
    strategy, words = strategies.preset("balanced", await StillMarket(ManualClock(START)).markets()), CATALOGUE.words("en")
    portfolio = Portfolio(id=1, person_id=7, name="balanced", exchange="paper", mode=Mode.PAPER, strategy=strategy, created_at=START)
    small = tuple(
        LeftOut(why=LeftOutWhy.BELOW_MINIMUM, instrument=name, amount=Decimal(4), minimum=Decimal(5))
        for name in ("BTC", "ETH", "SOL", "XRP", "ADA", "BTC-PERP")
    )
    drifted = LineReading(line="ALT", weight=Decimal("0.3"), target=Decimal("0.4"), band=Decimal("0.05"), breach="under")
    told = alerts.drift_alert(words, portfolio, [drifted], idle=small).text
    assert "BTC:" not in told
    assert "SOL: $4.00 is under the exchange's minimum of $5" in told
    assert "1 more is left out" in told
    calmed = alerts.Step(reason=Reason(trigger=Cause.VOLATILITY, line="BNB", event=Phase.END, reading=Decimal("1.4")))
    told = alerts.trigger_alert(words, portfolio, [calmed], idle=small).text
    assert "Right now no order would be worth its fees, so no plan follows." in told
    assert "Left out" not in told
    fear = alerts.Step(reason=Reason(trigger=Cause.FEAR_GREED, event=Phase.END, reading=Decimal(31)))
    assert "4 more are left out" in alerts.trigger_alert(words, portfolio, [fear], idle=small).text
