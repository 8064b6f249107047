"""Many settings over one past: each as the rule alone has it, and the best of them beside what chance would give."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from chatbot.backtest import sweep_text
from chatbot.backtest.sweep import CALENDARS, THETAS, Sweep, Tried, sweep
from chatbot.engine.backtest.rule import Rule, replay
from chatbot.engine.errors import Refused
from chatbot.engine.review.measures import max_drawdown
from chatbot.model import BandRule, Cause, Strategy
from tests.backtest.made import past_of
from tests.handlers.views.backtest_examples import a_result

DAYS = 90


def wandering(seed: int = 3) -> dict[str, np.ndarray]:
    """Return ninety days of three coins."""
    steps = np.random.default_rng(seed).normal(0, [[0.006], [0.009], [0.012]], (3, DAYS * 24 + 1))
    return dict(zip(("BTC", "ETH", "SOL"), 100 * np.exp(np.cumsum(steps, axis=1)), strict=True))


def a_strategy() -> Strategy:
    """Return half CORE of two coins, a quarter SOL, and the rest in two kinds of money."""
    weights = {"CORE": Decimal("0.5"), "SOL": Decimal("0.25"), "STABLE": Decimal("0.15"), "FUTURES": Decimal("0.1")}
    bands = {line: BandRule(abs_pp=Decimal(5)) for line in ("CORE", "SOL", "STABLE")}
    return Strategy(
        preset="custom",
        weights=weights,
        members={"CORE": ("BTC", "ETH")},
        futures_net=Decimal(0),
        futures_split={},
        bands=bands,
        futures_band_pp=Decimal(5),
    )


def switched() -> sweep_text.Switched:
    """Return a preset with fear on, and what it came to without."""
    others = {Cause.FEAR_GREED: a_result(0.9), Cause.FUNDING_LOW: a_result(1.3)}
    on = frozenset({Cause.FEAR_GREED, Cause.TREND})
    return sweep_text.Switched(own=a_result(1.1), others=others, on=on, silent=frozenset({Cause.TREND}))


def test_each_setting_is_what_the_rule_alone_makes_of_its_lines() -> None:
    """A line of two coins is a basket that nobody trades inside; money is worth 1, and the futures' share waits as it."""
    prices = wandering()
    found = sweep(past_of(prices), a_strategy())
    core = (prices["BTC"] / prices["BTC"][0] + prices["ETH"] / prices["ETH"][0]) / 2
    lines = np.array([core, prices["SOL"] / prices["SOL"][0], *np.ones((2, len(core)))])
    rule = Rule(targets=(0.5, 0.25, 0.15, 0.1), half_widths=(0.03, 0.03, 0.03, 9.0), fee=0.001)
    run, one = replay(lines, rule), found.at(3.0)
    assert one.growth == pytest.approx(run.values[-1])
    assert (one.trades, one.fees) == (len(run.traded), pytest.approx(run.fees))
    assert one.turnover == pytest.approx(sum(run.turnovers) / 2 * 365 / DAYS)
    assert one.drawdown == pytest.approx(max_drawdown(run.values[::24])), "day by day, as beside the other table (domain 12.3)"
    weekly = found.at(None, "weekly")  # 1 January 2021 was a Friday: thirteen Mondays in ninety days
    assert (weekly.trades, found.at(None, "monthly").trades, found.at(None, "quarterly").trades) == (13, 3, 1)
    assert found.at(None).trades == 0
    for theta in (0.5, 0.0):
        followed, tried = replay(lines, replace(rule, theta=theta)), found.at(3.0, theta=theta)
        assert (tried.growth, tried.trades) == (pytest.approx(followed.values[-1]), len(followed.traded))
    assert found.at(3.0, theta=0.0).turnover < one.turnover


def test_the_best_stands_beside_chance_and_the_number_of_settings_is_told() -> None:
    found = sweep(past_of(wandering()), a_strategy())
    apart = {(one.width_pp, one.calendar, one.theta) for one in found.tried}
    assert len(apart) == len(found.tried) == 78 * len(CALENDARS) + 77 * (len(THETAS) - 1)
    assert found.best.sharpe == max(one.sharpe for one in found.tried if one.sharpe is not None)
    assert found.by_chance > 0
    assert found.deflated is not None
    assert 0 <= found.deflated <= 1
    told = sweep_text.as_text(found, a_strategy(), switched(), "90 days.")
    assert "90 days." in told
    assert "466 settings were tried" in told
    assert "the preset's own ±5 points" in told
    cells = ([cell.strip() for cell in line.split("  ") if cell] for line in told.splitlines())
    rows = {row[0]: row[1] for row in cells if len(row) == 7}
    assert (rows["the preset as it is"], rows["fear greed off"], rows["funding low on"]) == (
        "+10.0 %",
        "-10.0 %",
        "+30.0 %",
    )
    assert told.endswith("so on and off are the same: trend.")
    plain = json.loads(sweep_text.as_json(found, switched(), "90 days."))
    assert plain["not_in_it"][0] == "90 days."
    assert any("Survivors only" in sentence for sentence in plain["not_in_it"])
    assert len(plain["tried"]) == 466
    assert plain["best"]["sharpe"] == found.best.sharpe
    assert plain["triggers"]["switched"]["fear_greed"]["on"] is False
    assert plain["triggers"]["did_not_fire"] == ["trend"]
    assert plain["triggers"]["as_it_is"]["turnover"] == pytest.approx(1.68)


def test_under_two_years_nothing_is_strong_evidence() -> None:
    """However good the best looks: a suggestion needs two years and 95 %; where nothing beats holding, that is the answer."""
    best = Tried(width_pp=3.0, calendar="", theta=1.0, growth=1.5, drawdown=-0.1, sharpe=2.0, trades=9, turnover=1.0, fees=0.01)
    found = Sweep(days=729, tried=(best,), best=best, beside_holding=1.5, by_chance=0.5, deflated=0.99)
    told = " ".join(sweep_text.caveats(found, ""))
    assert "strong evidence" not in told
    assert "Under two years are too few to say whether that is better than chance." in told
    years = replace(found, days=730)
    assert "That it is better than chance is 99 % likely: strong evidence." in " ".join(sweep_text.caveats(years, ""))
    weak = " ".join(sweep_text.caveats(replace(years, deflated=0.2), ""))
    assert "20 % likely: below 95 % that is no reason to change anything." in weak
    nothing = " ".join(sweep_text.caveats(replace(years, beside_holding=None, deflated=None), ""))
    assert "No setting has a better Sharpe ratio than holding." in nothing


def test_prices_that_never_move_are_evidence_of_nothing() -> None:
    """Every setting then is the same, and none has a Sharpe ratio."""
    found = sweep(past_of({coin: np.full(24 * 30, 100.0) for coin in ("BTC", "ETH", "SOL")}), a_strategy())
    assert found.best.sharpe is None
    assert found.deflated is None
    assert "No setting has a better Sharpe ratio than holding." in sweep_text.as_text(found, a_strategy(), switched(), "")


def test_a_coin_without_a_price_at_the_first_hour_is_refused() -> None:
    prices = wandering()
    prices["SOL"][0] = np.nan
    with pytest.raises(Refused, match="bad_price"):
        sweep(past_of(prices), a_strategy())
