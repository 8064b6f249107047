"""Recommended bands as the service says them: the worked example of domain 3.5, and what is unknown."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

import pytest

from chatbot.clock import ManualClock
from chatbot.model import STABLE, BandRule, Mode
from chatbot.plans import band_advice
from chatbot.portfolio import strategies
from tests.portfolio.lively_market import LivelyMarket
from tests.portfolio.still_market import PERSON, START, D, bench

if TYPE_CHECKING:
    from pathlib import Path

    from chatbot.model import Portfolio
    from tests.portfolio.still_market import Bench


def the_example() -> tuple[LivelyMarket, ManualClock]:
    """Return a market of sigma 60 % in which trading costs 25 bp: fee 10, half the spread 15, no impact worth a name."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    market.volatility, market.half_spread = {"BTC": 0.6 / sqrt(365)}, D("0.0015")
    market.volumes = {"BTC": D(10) ** 24}
    return market, clock


async def one_coin(on: Bench, *, theta: str = "1", preset: str = "custom") -> Portfolio:
    """Open a portfolio of 40 % BTC and 60 % cash: the rest of it stands still."""
    base = strategies.preset("balanced", await on.market.markets())
    strategy = replace(
        base,
        weights={"BTC": D("0.4"), STABLE: D("0.6"), "FUTURES": D(0)},
        members={},
        futures_net=D(0),
        bands={"BTC": BandRule(abs_pp=D(5)), STABLE: BandRule(abs_pp=D(5))},
        theta=D(theta),
        preset=preset,
    )
    return await on.program.portfolios.open(PERSON, Mode.PAPER, strategy, {"BTC": D("0.08"), "USDT": D(6000)})


async def test_the_worked_example_comes_out_of_the_service(tmp_path: Path) -> None:
    """Domain 3.5: pi 0.4, gamma 3, lambda 25 bp, sigma 60 %, theta 1: 6.604 pp, every 76.8 days, TE 1.62 %, turnover 0.314 a year."""
    market, clock = the_example()
    async with bench(tmp_path, market=market, clock=clock) as on:
        portfolio = await one_coin(on)
        found = await on.program.adviser.bands(portfolio)
        btc = next(one for one in found.lines if one.line == "BTC")
        assert btc.cost == pytest.approx(0.0025, rel=1e-3)
        assert btc.found is not None
        assert btc.found.band_pp == pytest.approx(6.604, abs=0.03)
        assert btc.found.days_between == pytest.approx(76.8, rel=0.03)
        assert btc.found.tracking_error == pytest.approx(0.0162, rel=0.03)
        assert btc.found.turnover_per_year == pytest.approx(0.314, rel=0.03)
        assert btc.found.bound_by == "cost"
        assert btc.rule == BandRule(abs_pp=D("6.6"))
        stable = next(one for one in found.lines if one.line == STABLE)
        assert stable.rule == btc.rule, "what one of two lines gives the other one takes"


@pytest.mark.parametrize(
    ("theta", "gamma", "band"), [("0", "custom", 4.16), ("1", "conservative", 5.24), ("1", "aggressive", 8.32), ("1", "balanced", 6.60)]
)
async def test_the_preset_decides_how_much_risk_is_minded(tmp_path: Path, theta: str, gamma: str, band: float) -> None:
    """The table of domain 3.5 at 25 bp to the edge; gamma 6 and 1.5 scale the band by the cube root of a half and of two."""
    market, clock = the_example()
    async with bench(tmp_path, market=market, clock=clock) as on:
        found = await on.program.adviser.bands(await one_coin(on, theta=theta, preset=gamma))
        assert found.lines[0].found is not None
        assert found.lines[0].found.band_pp == pytest.approx(band, abs=0.03)
        assert (found.lines[0].found.days_between is None) == (theta == "0")


async def test_a_limit_on_tracking_can_be_the_narrower_bound(tmp_path: Path) -> None:
    """B_TE = TE / (sigma sqrt(1/6)): a per cent a year at 60 % gives 4.08 points."""
    market, clock = the_example()
    async with bench(tmp_path, market=market, clock=clock) as on:
        found = await on.program.adviser.bands(await one_coin(on), D("0.01"))
        assert found.lines[0].found is not None
        assert found.lines[0].found.bound_by == "tracking_error"
        assert found.lines[0].found.band_pp == pytest.approx(4.08, abs=0.03)


async def test_impact_of_a_typical_trade_widens_the_band_and_settles(tmp_path: Path) -> None:
    """In a thin market the trade that the band asks for is dearer; the answer does not depend on the band of now."""
    market, clock = the_example()
    market.volumes = {"BTC": D(200_000)}
    async with bench(tmp_path, market=market, clock=clock) as on:
        portfolio = await one_coin(on)
        first = (await on.program.adviser.bands(portfolio)).lines[0]
        assert first.found is not None
        assert first.cost is not None
        assert first.cost > 0.003
        trade = first.found.band_pp / 100 * 10_000
        sigma = 0.6 / sqrt(365)
        assert first.cost == pytest.approx(0.0025 + 0.7 * sigma * sqrt(trade / 200_000), rel=0.03)
        narrow = replace(portfolio.strategy, bands={"BTC": BandRule(abs_pp=D(1)), STABLE: BandRule(abs_pp=D(1))})
        again = (await on.program.adviser.bands(await on.program.portfolios.change(portfolio, strategy=narrow))).lines[0]
        assert again.found == first.found


async def test_what_is_unknown_has_no_recommendation(tmp_path: Path) -> None:
    """No history, no volume, no target: each says which, and its band is left alone by "use all"."""
    market, clock = the_example()
    async with bench(tmp_path, market=market, clock=clock) as on:
        portfolio = await one_coin(on)
        market.volumes = {"BTC": None}
        lines = (await on.program.adviser.bands(portfolio)).lines
        assert {one.why for one in lines} == {band_advice.NO_VOLUME}
        empty = replace(portfolio.strategy, bands={**portfolio.strategy.bands, "ALT": BandRule(abs_pp=D(5))})
        found = await on.program.adviser.bands(await on.program.portfolios.change(portfolio, strategy=empty))
        assert {one.line: one.why for one in found.lines}["ALT"] == band_advice.NO_TARGET
        assert found.rules == {}
    market, clock = the_example()
    market.volatility = {}
    async with bench(tmp_path / "young", market=market, clock=clock) as on:
        found = await on.program.adviser.bands(await one_coin(on))
        assert {one.why for one in found.lines} == {band_advice.NO_HISTORY}


async def test_coins_that_move_together_are_no_risk_to_each_other(tmp_path: Path) -> None:
    """Volatility is that of the line against the rest: BTC and SOL swing alike, so only the cash between them differs."""
    clock = ManualClock(START)
    market = LivelyMarket(clock)
    async with bench(tmp_path, market=market, clock=clock) as on:
        lines = {one.line: one for one in (await on.program.adviser.bands(await on.balanced())).lines}
        btc, stable = lines["BTC"].found, lines[STABLE].found
        assert btc is not None
        assert stable is not None
        # BTC less (40 SOL + 20 cash) / 60 is a third of the swing; cash less the coins is all of it.
        per_width = {name: found.tracking_error / found.band_pp for name, found in (("BTC", btc), (STABLE, stable))}
        assert per_width["BTC"] == pytest.approx(per_width[STABLE] / 3, rel=0.01)


async def test_without_prices_there_is_no_advice(tmp_path: Path) -> None:
    """A portfolio that cannot be evaluated gets its problem, not a guess."""
    market, clock = the_example()
    async with bench(tmp_path, market=market, clock=clock) as on:
        portfolio = await one_coin(on)
        del market.prices["BTC"]
        clock.advance(600)
        found = await on.program.adviser.bands(portfolio)
        assert found.problems
        assert found.lines == ()
