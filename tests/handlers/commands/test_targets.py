"""/targets: presets, own weights, today's mix, the coins of ALT and the futures sleeve, each shown before or after it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatbot.model import ALT, FUTURES
from tests.moments import after
from tests.person import Someone
from tests.portfolio.still_market import D

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from chatbot.model import Strategy


@pytest.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Someone]:
    """Sit down with a portfolio whose first plan waits: all of it is cash still."""
    async with after(Someone.set_up, tmp_path) as opened:
        yield opened


async def strategy_of(ann: Someone) -> Strategy:
    """Return what the portfolio aims at."""
    portfolio = await ann.program.portfolios.by_id(await ann.portfolio_id())
    assert portfolio is not None
    return portfolio.strategy


@pytest.mark.long
async def test_one_page_leads_to_every_way_to_choose(ann: Someone) -> None:
    """Presets with a picture of each, before anything changes; own weights with a futures sleeve; and an example of everything typed."""
    await ann.say("/targets")
    page = ann.sees("ALT: SOL, XRP, BNB, ADA", "/targets BTC 40 ETH 30 ALT 20 USDT 10", "/targets ALT SOL XRP DOGE")
    assert page.picture
    for name in ("Conservative", "Aggressive"):
        await ann.tap(name, on=page)
        assert ann.sees(f"change to {name}?", "Orders still need your Confirm.").picture
    assert (await strategy_of(ann)).preset == "balanced"
    await ann.say("/targets BTC 40 ETH 20 ALT 15 USDT 10 FUTURES 15")
    ann.sees("changed", "Futures   15.0%", "Futures net +15% of value")
    strategy = await strategy_of(ann)
    assert (strategy.preset, strategy.weights[FUTURES], strategy.futures_net) == ("custom", D("0.15"), D("0.15"))
    await ann.say("/targets today")
    await ann.tap("Use it")
    ann.sees("Stable   100.0%")


@pytest.mark.long
async def test_other_coins_for_alt_are_what_its_first_plan_buys(ann: Someone) -> None:
    await ann.say("/targets altcoins = Dogecoin and Chainlink")
    ann.sees("Balanced · changed", "ALT: DOGE, LINK", "What is bought first is split equally over them.")
    await ann.tap("Plan now")
    ann.sees("DOGE", "LINK")
    assert not any(coin in ann.last.text for coin in ("SOL", "XRP", "ADA"))
    bought = {leg.instrument: leg.notional for leg in (await ann.plan()).legs}
    assert bought["DOGE"] == pytest.approx(bought["LINK"], rel=D("0.01"))
    await ann.say("/targets aggressive")
    await ann.tap("Use it")
    ann.sees("ALT: DOGE, LINK")


async def test_what_is_held_of_alt_keeps_its_mix_and_that_is_said(ann: Someone) -> None:
    await ann.say("/deposit 5 SOL")
    await ann.say("/targets ALT DOGE LINK")
    ann.sees("a new coin is bought only when nothing of ALT is held, and a held one stays", "give it a weight of its own")


async def test_everything_wrong_with_the_coins_is_told_at_once(ann: Someone) -> None:
    before = await strategy_of(ann)
    await ann.say("/targets ALT SOL FOO BTC USDT SOL")
    ann.sees(
        "4 things to fix", "FOO has no price", "BTC has a place in your targets already", "USDT can't be in ALT", "SOL is listed twice"
    )
    assert await strategy_of(ann) == before
    await ann.say("/targets BTC 50 USDT 50")
    await ann.say("/targets ALT SOL")
    ann.sees("Your targets have no ALT. Give it a weight first")
    assert ALT not in (await strategy_of(ann)).members


@pytest.mark.parametrize(("language", "said"), [("es", "a partes iguales"), ("ru", "поровну")])
async def test_it_is_said_in_other_languages_too(ann: Someone, language: str, said: str) -> None:
    person = await ann.program.access.known(ann.user.id)
    assert person is not None
    await ann.program.access.speak(person, language)
    assert said in await ann.say("/targets ALT DOGE LINK")
