"""Presets filled with coins, own weights and own bands: what is taken, and every problem told at once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chatbot.model import BandRule
from chatbot.portfolio import strategies

D = Decimal
INSTRUMENTS = ("BTC", "ETH", "SOL", "XRP", "ADA", "LINK", "DOGE", "BTC-PERP", "ETH-PERP")


@pytest.mark.parametrize("name", strategies.preset_names())
def test_a_preset_adds_up_and_fits_the_market(name: str) -> None:
    """Weights make exactly 1; members and contracts are quoted here; the futures line has no band."""
    found = strategies.preset(name, INSTRUMENTS)
    assert sum(found.weights.values()) == 1
    assert sum(found.futures_split.values()) == 1
    assert {asset for members in found.members.values() for asset in members} <= set(INSTRUMENTS)
    assert set(found.bands) == set(found.weights) - {"FUTURES"}


def test_coins_already_held_become_the_members_of_alt() -> None:
    """A person's own coins are managed, not sold for ours."""
    assert strategies.preset("balanced", INSTRUMENTS, ("BTC", "DOGE", "USDT")).members["ALT"] == ("DOGE",)


def test_own_weights_become_lines() -> None:
    """Stablecoins are one line, a coin with a line of its own leaves its bucket."""
    base = strategies.preset("balanced", INSTRUMENTS)
    found, problems = strategies.own_weights({"BTC": D(40), "SOL": D(20), "ALT": D(25), "USDT": D(10), "USDC": D(5)}, INSTRUMENTS, base)
    assert not problems
    assert found is not None
    assert found.weights == {"BTC": D("0.4"), "SOL": D("0.2"), "ALT": D("0.25"), "STABLE": D("0.15"), "FUTURES": D(0)}
    assert list(found.weights)[-2:] == ["STABLE", "FUTURES"], "cash and futures stand below the coins in every table"
    assert "SOL" not in found.members["ALT"]
    assert found.futures_net == 0


def test_all_problems_of_own_weights_are_told_together() -> None:
    """An unknown coin and a wrong sum: two sentences in one answer."""
    base = strategies.preset("balanced", INSTRUMENTS)
    found, problems = strategies.own_weights({"BTC": D(60), "FOO": D(45)}, INSTRUMENTS, base)
    assert found is None
    assert [problem.params for problem in problems] == [{"name": "FOO"}, {"total": "105"}]


def test_bands_must_make_sense() -> None:
    """A line that is not there, a band too narrow, a share of nothing."""
    base = strategies.preset("balanced", INSTRUMENTS)
    rules = {"FOO": BandRule(abs_pp=D(5)), "CORE": BandRule(abs_pp=D("0.1")), "ALT": BandRule(rel=D(2))}
    found, problems = strategies.own_bands(rules, base)
    assert found is None
    assert [problem.params["name"] for problem in problems] == ["FOO", "CORE", "ALT"]
    changed, problems = strategies.own_bands({"USDT": BandRule(abs_pp=D(3))}, base)
    assert not problems
    assert changed is not None
    assert changed.bands["STABLE"] == BandRule(abs_pp=D(3))


def test_holdings_are_known_coins_and_not_nothing() -> None:
    """What nobody quotes cannot be valued; all zeros is nothing to balance."""
    assert [p.params for p in strategies.without_price({"FOO": D(1), "BTC": D(1)}, INSTRUMENTS, "USDT")] == [{"name": "FOO"}]
    assert len(strategies.nothing_held({"BTC": D(0)})) == 1
    assert strategies.as_holdings({"USDT": D(2), "STABLE": D(3), "BTC": D(1)}, "USDT") == {"USDT": D(5), "BTC": D(1)}


def test_a_coin_means_the_line_it_is_in() -> None:
    """Nobody is shown the word CORE: BTC, as the example in /bands says, is the line that is called BTC/ETH."""
    changed, problems = strategies.own_bands(
        {"BTC": BandRule(abs_pp=D(4)), "ALT": BandRule(rel=D("0.1"))}, strategies.preset("balanced", INSTRUMENTS)
    )
    assert not problems
    assert changed is not None
    assert changed.bands["CORE"] == BandRule(abs_pp=D(4))
    assert changed.bands["ALT"] == BandRule(rel=D("0.1"))
