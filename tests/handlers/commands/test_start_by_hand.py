"""Typed-in holdings become a portfolio: today's mix first, futures only for who uses them, at most five taps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.model import FUTURES, STABLE, Cause
from chatbot.portfolio import strategies
from tests.moments import after
from tests.portfolio.still_market import D, StillMarket

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from chatbot.model import Strategy
    from tests.person import Someone

MARKETS = ("BTC", "ETH", "SOL", "XRP", "BTC-PERP", "ETH-PERP")


async def typed_in(ann: Someone) -> None:
    """Type holdings in, worth 10,000: BTC 50, SOL 30, XRP 0.02, dollars the rest."""
    await ann.say("/start")
    await ann.tap("Type in my holdings")
    await ann.say("BTC 0.1, SOL 30, XRP 4, USDT 1998")


async def strategy_of(ann: Someone) -> Strategy:
    """Return the strategy that was opened."""
    found = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert found is not None
    return found.strategy


async def test_todays_mix_is_the_first_of_the_strategies_and_trades_nothing(tmp_path: Path) -> None:
    """Type in, right, no futures, keep: four taps, and no plan, because everything is where it is to be."""
    async with after(typed_in, tmp_path, source=StillMarket) as ann:
        await ann.tap("That is right")
        ann.sees("Do you use futures (perpetual contracts)?")
        await ann.tap("No")
        page = ann.sees("Today's mix", "50.0%", "30.0%", "20.0%")
        assert page.buttons[0] == "Keep today's mix as my target"
        assert {"Conservative", "Balanced", "Aggressive", "Own weights"} <= set(page.buttons)
        await ann.tap("Keep today's mix as my target")
        ann.sees("It is on its targets, so there is nothing to trade now.")
        strategy = await strategy_of(ann)
        assert dict(strategy.weights) == {"BTC": D("0.5"), "SOL": D("0.3"), "XRP": D("0.0002"), STABLE: D("0.1998"), FUTURES: D(0)}
        assert strategy.contracts == ()
        assert await ann.plans() == ()
        await ann.say("/rebalance")
        ann.sees("Nothing to do")


@pytest.mark.parametrize("chosen", ["Keep today's mix as my target", "Balanced"])
async def test_who_uses_no_futures_is_offered_no_short_unless_he_asks(tmp_path: Path, chosen: str) -> None:
    """/hedge tells the loss and what helps without futures: a tenth sold is a tenth less lost. One tap further are the hedges."""
    async with after(typed_in, tmp_path, source=StillMarket, fear_greed_url="") as ann:
        await ann.taps("That is right", "No", chosen, *(["Use Balanced"] if chosen == "Balanced" else []))
        answer = await ann.say("/hedge")
        assert "this portfolio uses no futures" in answer
        assert "With a BTC short" not in answer
        lost, less = (D(said.replace(",", "")) for said in re.findall(r"you lose about \$([\d,]+)", answer))
        assert less == pytest.approx(lost * D("0.9"), abs=1)
        await ann.tap("Hedge with futures anyway")
        ann.sees("With a BTC short you lose less")
        plans = len(await ann.plans())
        typed = await ann.say("/hedge 60 25")
        assert "this portfolio uses no futures" in typed
        assert len(await ann.plans()) == plans, "no card of what was not asked for"
        await ann.tap("Hedge with futures anyway")
        plan = await ann.plan()
        assert plan.hedge is not None
        assert (plan.hedge.coverage, plan.hedge.drop) == (D("0.6"), D("0.25"))


@pytest.mark.parametrize(("answer", "futures"), [("No", "0"), ("Yes", "0.1")])
async def test_a_preset_comes_with_futures_only_for_who_uses_them(tmp_path: Path, answer: str, futures: str) -> None:
    """Five taps in all; without futures their weight is shared out, their rules are off, and the card names no contract."""
    async with after(typed_in, tmp_path, source=StillMarket) as ann:
        await ann.taps("That is right", answer, "Balanced", "Use Balanced")
        strategy = await strategy_of(ann)
        assert strategy.weights[FUTURES] == D(futures)
        assert sum(strategy.weights.values()) == 1
        assert bool(strategy.contracts) is (answer == "Yes")
        assert strategy.setting(Cause.TREND).on is (answer == "Yes")
        legs = (await ann.plan()).legs
        assert any("PERP" in leg.instrument for leg in legs) is (answer == "Yes")


async def test_a_preset_without_futures_says_so_and_leads_back_to_them(tmp_path: Path) -> None:
    """It is no custom one: its name tells it, the other presets are offered without futures too, and with them the trends come back."""
    async with after(typed_in, tmp_path, source=StillMarket) as ann:
        await ann.taps("That is right", "No", "Balanced")
        ann.sees("BTC and ETH as much as other coins, the rest in cash.")
        assert " futures." not in ann.last.text
        await ann.tap("Use Balanced")
        ann.sees("Balanced, no futures · Plan 1")
        await ann.say("/targets")
        ann.sees("Balanced, no futures\n")
        others = ("Conservative, no futures", "Aggressive, no futures", "Conservative", "Balanced", "Aggressive")
        assert ann.last.buttons[:5] == others
        await ann.taps("Aggressive, no futures", "Use it")
        assert (await strategy_of(ann)).contracts == ()
        ann.sees("Aggressive, no futures · changed")
        await ann.say("/targets balanced")
        await ann.tap("Use it")
        strategy = await strategy_of(ann)
        assert (strategy.preset, strategy.weights[FUTURES], strategy.setting(Cause.TREND).on) == ("balanced", D("0.1"), True)
        await ann.say("/targets balanced, no futures")
        await ann.tap("Use it")
        strategy = await strategy_of(ann)
        assert (strategy.preset, strategy.contracts, strategy.setting(Cause.TREND).on) == ("balanced_spot", (), False)


async def test_targets_offer_todays_mix_too(tmp_path: Path) -> None:
    """By its button and by its word; the page says what changes, and the plan after it has nothing to do."""
    async with after(typed_in, tmp_path, source=StillMarket) as ann:
        await ann.taps("That is right", "No", "Balanced", "Use Balanced", "Not done")
        await ann.say("/targets today")
        ann.sees("change to Today's mix?", "Your targets become what you hold now")
        await ann.say("/targets")
        await ann.taps("Today's mix", "Use it")
        ann.sees("changed", "50.0%")
        await ann.say("/rebalance")
        ann.sees("Nothing to do")


values = st.integers(1, 10**9).map(D)


@given(coins=st.dictionaries(st.sampled_from(("BTC", "ETH", "SOL", "XRP", "USDT")), values, min_size=1))
def test_the_mix_adds_up_and_is_what_is_held(coins: dict[str, Decimal]) -> None:
    """Nothing that is held gets a target of 0, the lines make 1, and no line is further off than any trade."""
    base = strategies.preset("balanced", MARKETS)
    mix = strategies.as_held(coins, base)
    assert sum(mix.weights.values()) == 1
    whole = sum(coins.values())
    for coin, value in coins.items():
        line = STABLE if coin == "USDT" else coin
        assert mix.weights[line] > 0
        assert abs(mix.weights[line] - value / whole) <= D("0.000001") * len(coins)


@pytest.mark.parametrize("name", strategies.preset_names())
def test_without_futures_the_other_lines_keep_their_proportions(name: str) -> None:
    """In tenths of a point; nothing that moves futures alone stays on."""
    chosen = strategies.preset(name, MARKETS)
    left = strategies.without_futures(chosen)
    assert sum(left.weights.values()) == 1
    assert left.contracts == ()
    assert not any(left.setting(cause).on for cause in (Cause.TREND, *strategies.FUTURES_TRIGGERS))
    rest = 1 - chosen.weights[FUTURES]
    for line, weight in chosen.weights.items():
        if line != FUTURES:
            assert abs(left.weights[line] - weight / rest) <= D("0.002")


@pytest.mark.parametrize("answer", ["No", "Yes"])
@pytest.mark.parametrize("strategy", ["Conservative", "Balanced", "Aggressive"])
async def test_a_working_portfolio_takes_at_most_five_taps(tmp_path: Path, answer: str, strategy: str) -> None:
    """Counted by the server, on the longest way there is: what is held typed in, futures answered, a strategy looked at and chosen."""
    async with after(typed_in, tmp_path, source=StillMarket) as ann:
        await ann.taps("That is right", answer, strategy, f"Use {strategy}")
        assert (await strategy_of(ann)).preset == strategy.lower() + ("" if answer == "Yes" else "_spot")
        assert len(ann.loopback._state.queries) == 5
