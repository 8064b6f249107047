"""A made-up market in which one coin runs wild: the search comes to what a look at every hour comes to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from chatbot.backtest.command import as_json, as_text, caveats
from chatbot.backtest.result import compare
from chatbot.backtest.search import Search
from chatbot.backtest.walk import walk
from chatbot.model import BandRule, Cause, Strategy, TriggerSetting
from tests.backtest.made import past_of

BEFORE, HOURS = 50 * 24, 6 * 24
COINS = ("BTC", "ETH", "SOL")


def wild(seed: int) -> dict[str, np.ndarray]:
    """Return fifty calm days and six more, in which SOL moves six times as much as it used to."""
    steps = np.random.default_rng(seed).normal(0, 0.003, (len(COINS), BEFORE + HOURS))
    steps[2, BEFORE:] *= 6
    steps[:2, BEFORE:] *= 2
    return dict(zip(COINS, 100 * np.exp(np.cumsum(steps, axis=1)), strict=True))


def narrow(*, together: bool = False) -> Strategy:
    """Return bands of two points, with the volatility trigger on."""
    weights = {"CORE": Decimal("0.4"), "ALT": Decimal("0.3"), "STABLE": Decimal("0.3"), "FUTURES": Decimal(0)}
    params = {"together": Decimal(1)} if together else {}
    return Strategy(
        preset="custom",
        weights=weights,
        members={"CORE": ("BTC",), "ALT": ("ETH", "SOL")},
        futures_net=Decimal(0),
        futures_split={},
        bands={line: BandRule(abs_pp=Decimal(2)) for line in ("CORE", "ALT", "STABLE")},
        futures_band_pp=Decimal(2),
        triggers={Cause.VOLATILITY: TriggerSetting(on=True, params=params)},
    )


@pytest.mark.parametrize(("seed", "together"), [(1, False), pytest.param(3, True, marks=pytest.mark.long)])
def test_the_search_comes_to_what_every_hour_comes_to(seed: int, together: bool) -> None:
    past, strategy = past_of(wild(seed), before=BEFORE), narrow(together=together)
    searched, hourly = (walk(past, strategy, Decimal(10_000), window=timedelta(seconds=60), exactly=exactly) for exactly in (False, True))
    assert searched.blocks == hourly.blocks
    assert {str(block.reasons[0].trigger) for block in searched.blocks} >= {"start", "volatility"}
    assert searched.exact < hourly.exact / 2


@pytest.mark.long
def test_what_is_not_listed_any_more_counts_at_its_last_price_and_the_rest_goes_on() -> None:
    """SOL goes in the third day: no order in it from then on, no hour without a look, and the search is still what every hour comes to."""
    prices, last = wild(1), 60
    prices["SOL"][BEFORE + last + 1 :] = np.nan
    past, strategy = past_of(prices, before=BEFORE), narrow()
    searched, hourly = (walk(past, strategy, Decimal(10_000), window=timedelta(seconds=60), exactly=exactly) for exactly in (False, True))
    assert searched.blocks == hourly.blocks
    assert not searched.blind
    assert searched.gone == {"SOL"}
    later = [block for block in searched.blocks if block.hour > last]
    assert later
    assert not any(leg.instrument == "SOL" for block in later for leg in block.legs)
    assert past.stop("SOL", last) is None
    stop = past.stop("SOL", HOURS - 1)
    assert stop is not None
    assert (stop.since, float(stop.price or 0)) == (past.at(last + 1), pytest.approx(prices["SOL"][BEFORE + last], rel=1e-3))
    found = compare(past, strategy, Decimal(10_000), window=timedelta(seconds=60))
    assert found.strategy.gone == {"SOL": past.at(last + 1)}
    assert "Not listed any more: SOL from 2021-01-03 on." in " ".join(caveats(found))
    assert json.loads(as_json(found))["ways"]["strategy"]["gone"] == {"SOL": "2021-01-03T13:00:00+00:00"}


def test_what_ends_for_everything_is_no_delisting_and_a_gap_is_none_either() -> None:
    """Prices of the last day that are not there yet say nothing of a coin, nor do a few hours of it."""
    prices = wild(1)
    prices["SOL"][-20:] = np.nan
    prices["ETH"][BEFORE + 30 : BEFORE + 60] = np.nan
    assert not past_of(prices, before=BEFORE).gone
    for row in prices.values():
        row[-40:] = np.nan
    assert not past_of(prices, before=BEFORE).gone


def test_money_alone_is_held_and_so_is_too_little_of_it() -> None:
    """Nothing to buy at first: nothing is traded, nothing is earned, and that is the result."""
    past = past_of(wild(1), before=BEFORE)
    money = replace(narrow(), weights={"STABLE": Decimal(1)}, members={}, bands={}, triggers={})
    for strategy, amount in ((money, Decimal(10_000)), (narrow(), Decimal("0.01"))):
        found = compare(past, strategy, amount, window=timedelta(seconds=60))
        assert {name: (one.growth, one.plans, one.fees) for name, one in found.ways.items()} == dict.fromkeys(found.ways, (1.0, 0, 0.0))
        assert found.weights["STABLE"].tolist() == [1.0] * len(found.strategy.daily)
        assert "held" in as_text(found)


def quiet() -> Strategy:
    """Return the same with wide bands and no trigger, so that there is little to do."""
    return replace(narrow(), triggers={}, bands={line: BandRule(abs_pp=Decimal(20)) for line in ("CORE", "ALT", "STABLE")})


def in_futures(net: str) -> Strategy:
    """Return half in BTC and a tenth beside it in the futures account, long by ``net`` of the value."""
    return Strategy(
        preset="custom",
        weights={"BTC": Decimal("0.5"), "STABLE": Decimal("0.4"), "FUTURES": Decimal("0.1")},
        members={},
        futures_net=Decimal(net),
        futures_split={"BTC-PERP": Decimal(1)},
        bands={},
        futures_band_pp=Decimal(100),
    )


def test_futures_that_are_only_held_are_liquidated_too() -> None:
    """Three times the sleeve, a fall by two fifths and all the way back: the sleeve is gone, and no rise brings it back."""
    prices = np.full(9 * 24 + 1, 100.0)
    prices[48:96] = 60.0
    past = past_of({"BTC": prices, "BTC-PERP": prices}, fee="0")
    found = compare(past, in_futures("0.3"), Decimal(10_000), window=timedelta(seconds=60))
    assert found.hold.liquidations == 1
    assert found.hold.growth == pytest.approx(0.9, abs=1e-3)
    assert found.hold.drawdown == pytest.approx(-0.3, abs=1e-3)
    calm = compare(past, in_futures("0.1"), Decimal(10_000), window=timedelta(seconds=60))
    assert (calm.hold.liquidations, calm.hold.growth) == (0, pytest.approx(1, abs=1e-3))
    told = " ".join(caveats(replace(found, strategy=replace(found.strategy, liquidations=2))))
    assert "The futures were liquidated: as it is 2, monthly 1, held 1." in told


def test_nobody_loses_more_than_the_deepest_fall() -> None:
    """Prices that only fall: the fees of the first plan are part of the fall, of the first month and of the first day, as of the return."""
    prices = {coin: np.linspace(100, 50, 8 * 24 + 1) for coin in COINS}
    found = compare(past_of(prices, fee="0.01"), quiet(), Decimal(10_000), window=timedelta(seconds=60))
    for one in found.ways.values():
        assert one.fees > 0.005
        assert one.drawdown == pytest.approx(one.growth - 1)
        assert (one.daily[0], one.daily[-1]) == (1.0, one.growth)


def test_a_week_has_no_volatility_of_a_year() -> None:
    """Under thirty days neither that nor a Sharpe ratio says anything: a dash, in the table as in the chat."""
    for days, known in ((8, False), (30, True)):
        prices = dict(zip(COINS, 100 + np.random.default_rng(1).normal(0, 1, (3, days * 24 + 1)), strict=True))
        found = compare(past_of(prices), quiet(), Decimal(10_000), window=timedelta(seconds=60))
        assert [one.sharpe is not None and one.volatility is not None for one in found.ways.values()] == [known] * 3


def test_a_month_begins_when_it_does_where_the_person_lives() -> None:
    """The first of February is fifteen o'clock of the day before in London when it begins in Tokyo (domain 12.2 b)."""
    prices = {"BTC": np.linspace(100, 200, 30 * 24 + 20), "ETH": np.full(30 * 24 + 20, 100.0), "SOL": np.full(30 * 24 + 20, 100.0)}
    plans = {}
    for zone in ("UTC", "Asia/Tokyo"):
        plans[zone] = compare(past_of(prices), quiet(), Decimal(10_000), window=timedelta(seconds=60), zone=zone).monthly.plans
    assert plans == {"UTC": 0, "Asia/Tokyo": 1}


def test_days_without_a_settlement_are_told_and_funding_that_nobody_knows_is_no_nothing() -> None:
    """Five days and an hour, of which two have settlements: three are missing; the hour is no day, and after a delisting nothing is."""
    paid = {hour: Decimal("0.0001") for hour in (8, 16, 24, 56, 120)}
    past = replace(past_of({"BTC": np.full(5 * 24 + 2, 100.0)}), rates={"BTC-PERP": paid})
    assert past.unsettled_days("BTC-PERP") == 2
    assert replace(past, gone={"BTC-PERP": 80}).unsettled_days("BTC-PERP") == 1
    assert past.unsettled_days("ETH-PERP") == 5
    found = compare(past_of(wild(1), before=BEFORE), narrow(), Decimal(10_000), window=timedelta(seconds=60))
    assert (found.strategy.funding, found.strategy.unsettled) == (0.0, {}), "nothing was ever in futures"
    unknown = replace(found, strategy=replace(found.strategy, funding=None, unsettled={"BTC-PERP": 6}))
    assert "No funding was recorded for BTC-PERP on 6 days" in " ".join(caveats(unknown))
    assert as_text(unknown).splitlines()[1].rstrip().endswith(" -")


def test_what_each_line_was_of_the_value_adds_up_and_begins_at_the_targets() -> None:
    """Midnight by midnight, through cuts and what gives back: the layers of the picture are the whole of what there was."""
    strategy = narrow()
    found = compare(past_of(wild(1), before=BEFORE), strategy, Decimal(10_000), window=timedelta(seconds=60))
    assert set(found.weights) == {"CORE", "ALT", "STABLE"}, "nothing was ever in futures"
    assert np.allclose(np.sum(list(found.weights.values()), axis=0), 1.0)
    assert {len(row) for row in found.weights.values()} == {len(found.strategy.daily)}
    for line, row in found.weights.items():
        assert row[0] == pytest.approx(float(strategy.weights[line]), abs=2e-3)
    assert found.weights["ALT"].min() < 0.2, "the coin that runs wild was cut"


def test_while_a_coin_is_held_down_its_targets_are_known_hour_by_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """The arrays that the search looks past are those of the exact targets: were they not, every hour would be decided."""
    known: list[bool] = []
    put = Search.put

    def noted(self: Search, *seen: object) -> None:
        put(self, *seen)  # type: ignore[arg-type]
        known.append(self.moving)

    monkeypatch.setattr(Search, "put", noted)
    found = walk(past_of(wild(1), before=BEFORE), narrow(), Decimal(10_000), window=timedelta(seconds=60))
    assert len(known) == found.exact
    assert known.count(True) > len(known) / 2


def test_the_search_looks_no_further_than_to_what_is_known_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn of a trigger ends the search: whatever lies behind it is looked at from there, and not from each hour before it."""
    searched: list[int] = []
    suspect = Search.suspect

    def counted(self: Search, start: int, stop: int) -> int:
        searched.append(stop - start)
        return suspect(self, start, stop)

    monkeypatch.setattr(Search, "suspect", counted)
    past = past_of(wild(1), before=BEFORE)
    walk(past, narrow(), Decimal(10_000), window=timedelta(seconds=60))
    assert sum(searched) < 3 * past.hours, "the hours that lie between two turns, and few of them twice"
