"""What triggers keep, whatever the readings: domain appendix C, 16, 25 to 31 and 42, and the document's examples."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.exact import total
from chatbot.engine.hedges import sizing
from chatbot.engine.targets import Targets
from chatbot.engine.triggers import fear_greed, funding, trend, volatility
from chatbot.engine.triggers.fear_greed import BookPosition, neutralise_book
from chatbot.engine.triggers.fold import Fold, Hedge, Spike, effective_targets
from chatbot.engine.triggers.waves import mirrored, zigzag
from tests.engine.strategies import decimals, magnitudes, quick, trend_step, walks, weights

if TYPE_CHECKING:
    from collections.abc import Callable

D, F = Decimal, Fraction
ASSET_OF = {"BTC-PERP": "BTC", "ETH-PERP": "ETH"}


@st.composite
def books(draw: st.DrawFn) -> dict[str, BookPosition]:
    """Draw a book with odd quantities."""
    names = ("BTC-PERP", "ETH-PERP", "SOL-PERP", "ADA-PERP")[: draw(st.integers(1, 4))]
    sides = draw(st.sampled_from(((1, -1), (1,), (-1,))))
    return {
        name: BookPosition(
            qty=F(draw(st.just(D(0)) | magnitudes(-3, 3)) * draw(st.sampled_from(sides))),
            mark=F(draw(magnitudes(-3, 5))),
            lot=F(D(1).scaleb(draw(st.integers(-4, 1)))),
        )
        for name in names
    }


def test_a_rate_that_compounds_beyond_all_bounds_is_refused() -> None:
    """Settled every ten-billionth of an hour it grows to a number that no machine writes: no answer, and no crash."""
    with pytest.raises(Refused, match="bad_parameter"):
        funding.annualise(D("0.0006"), D("1e-10"), D(0), D(0))


@quick
@given(books())
def test_c16_a_neutral_book_only_shrinks(book: dict[str, BookPosition]) -> None:
    """No position grows or flips, the heavy side is not heavier than the other, and what is left is less than lots."""
    after = neutralise_book(book)
    changed = {contract: held for contract, held in book.items() if after[contract] != held.qty}
    for contract, held in book.items():
        assert abs(after[contract]) <= abs(held.qty)
        assert after[contract] * held.qty >= 0
    before, net = total(held.notional for held in book.values()), total(after[c] * held.mark for c, held in book.items())
    # the formerly heavy side is never the heavier one afterwards
    assert net * before <= 0
    if changed:
        assert abs(net) < total(held.lot * held.mark for held in changed.values())
    side = 1 if before > 0 else -1
    heavy = {contract: held for contract, held in book.items() if held.qty * side > 0}
    if changed and heavy:
        # the finest contract takes up what the others left, unless all of it is used already
        finest = min(heavy, key=lambda contract: (heavy[contract].lot * heavy[contract].mark, [-ord(c) for c in contract]))
        if abs(after[finest]) < abs(heavy[finest].qty):
            assert abs(net) < heavy[finest].lot * heavy[finest].mark
    if all(held.qty >= 0 for held in book.values()) or all(held.qty <= 0 for held in book.values()):
        assert not any(after.values())


@quick
@given(books())
def test_a_book_of_exposures_is_neutral_exactly(book: dict[str, BookPosition]) -> None:
    """Exposures need not be whole lots: longs are shorts to the last digit, and the heavy side keeps its proportions."""
    exposures = {contract: BookPosition(qty=held.notional) for contract, held in book.items()}
    after = neutralise_book(exposures)
    assert total(after.values()) == 0
    longs = [after[c] / e.qty for c, e in exposures.items() if e.qty > 0]
    shorts = [after[c] / e.qty for c, e in exposures.items() if e.qty < 0]
    assert len(set(longs)) <= 1
    assert len(set(shorts)) <= 1


@st.composite
def folds(draw: st.DrawFn) -> tuple[Targets, Fold]:
    """Draw base targets, with shorts as often as not, and any subset of triggers with any of their figures."""
    t = draw(weights(5))
    mode = draw(st.sampled_from(["book", "portfolio", "beta"]))
    base = Targets(
        spot={"BTC": t[2], "ETH": t[3], "SOL": t[4]},
        stable=t[0],
        collateral=t[1],
        futures={name: draw(decimals("0", "0.5", 3)) for name in ASSET_OF},
    )
    if mode == "book" and draw(st.booleans()):
        base = replace(base, futures={**base.futures, draw(st.sampled_from(sorted(ASSET_OF))): draw(decimals("-0.5", "0", 3))})
    spikes = [Spike(asset=a, cap=draw(decimals("0", "0.5", 2)), k=draw(decimals("0.25", "1", 2))) for a in ("BTC", "SOL")]
    hedge = st.builds(Hedge, contract=st.sampled_from(["BTC-PERP", "SOL-PERP"]), weight=decimals("-0.3", "0", 2))
    fold = Fold(
        vol=tuple(s for s in spikes if draw(st.booleans())),
        funding_low_level=draw(st.none() | decimals("0.1", "0.15", 2)),
        funding_high=draw(st.booleans()),
        trend=draw(st.dictionaries(st.sampled_from(sorted(ASSET_OF)), st.sampled_from([D("0.25"), D("0.5")]))),
        fear_greed=draw(st.booleans()),
        fg_mode=mode,
        coverage=draw(decimals("0", "1", 1)),
        hedges=tuple(draw(st.lists(hedge, max_size=2))),
    )
    return base, fold


@quick
@given(folds())
def test_c25_effective_weights_are_still_a_portfolio(case: tuple[Targets, Fold]) -> None:
    """Capital weights add up to exactly 1 and none is negative, for every subset of triggers."""
    found = effective_targets(*case, ASSET_OF)
    capital = [*found.targets.spot.values(), found.targets.stable, found.targets.collateral]
    assert sum(map(F, capital)) == 1
    assert min(capital) >= 0
    assert F(found.futures_net) == pytest.approx(sum(map(F, found.targets.futures.values())))
    # no trigger forgets a line, and a hedge opens no line of spot
    assert found.targets.spot.keys() == case[0].spot.keys()
    assert found.targets.futures.keys() >= case[0].futures.keys()


risk_off = st.fixed_dictionaries(
    {},
    optional={
        "vol": st.builds(Spike, asset=st.just("ETH"), cap=decimals("0", "0.5", 2), k=decimals("0.25", "1", 2)),
        "funding_high": st.just(True),
        "trend": st.builds(lambda trim: {"ETH-PERP": trim}, st.sampled_from([D("0.25"), D("0.5")])),
        "fear_greed": st.just(True),
        "hedges": st.builds(Hedge, contract=st.sampled_from(["BTC-PERP", "ETH-PERP"]), weight=decimals("-0.3", "0", 2)),
    },
)


def with_more(fold: Fold, added: dict[str, object]) -> Fold:
    """Add risk-off triggers to those that are active; a trim that is deeper already stays."""
    joined = {name: (*getattr(fold, name), value) if name in ("vol", "hedges") else value for name, value in added.items()}
    if "trend" in joined:
        joined["trend"] = {**joined["trend"], **fold.trend}
    return replace(fold, **joined)


@quick
@given(folds(), risk_off)
def test_c26_risk_off_never_raises_a_long(case: tuple[Targets, Fold], added: dict[str, object]) -> None:
    """Adding any set of risk-off triggers raises no long target, spot or futures, and neither does any one of them alone."""
    base, fold = case
    before = effective_targets(base, fold, ASSET_OF).targets
    for more in (added, *({name: value} for name, value in added.items())):
        after = effective_targets(base, with_more(fold, more), ASSET_OF).targets
        assert all(t <= before.spot[asset] for asset, t in after.spot.items())
        assert all(max(D(0), f) <= max(D(0), before.futures.get(name, D(0))) for name, f in after.futures.items())


def test_low_funding_waits_while_anything_is_risk_off() -> None:
    """The only trigger that adds risk lifts the net to its level, and says so when it is suppressed."""
    base = Targets(spot={"BTC": D("0.7")}, stable=D("0.2"), collateral=D("0.1"), futures={"BTC-PERP": D("0.12"), "ETH-PERP": D("-0.02")})
    lifted = effective_targets(base, Fold(funding_low_level=D("0.12")), ASSET_OF)
    assert lifted.targets.futures == {"BTC-PERP": D("0.14"), "ETH-PERP": D("-0.02")}
    assert lifted.log == ("funding_low",)
    feared = effective_targets(base, Fold(funding_low_level=D("0.12"), fear_greed=True), ASSET_OF)
    assert feared.futures_net == 0
    assert feared.log == ("funding_low:suppressed", "fear_greed:book")


rate = st.sampled_from([D(n).scaleb(-5) for n in (-20, -11, -10, -9, -1, 0, 10, 29, 30, 31, 50, 51, 90)])
rates = st.lists(st.none() | rate, max_size=60)
#: mostly one block like the other, and what lies at the thresholds
runs_of_low = st.lists(st.sampled_from([D("-0.0002")] * 6 + [D("-0.0001"), D("-0.00005"), D(0), None]), min_size=12, max_size=60)


@quick
@given(rates | runs_of_low)
def test_c27_low_funding_climbs_a_step_at_a_time(series: list[Decimal | None]) -> None:
    """The level stays in [10 %, 15 %], rises by a step at every third block in a row below the threshold, and at no other."""
    state, low = funding.LowState(level=D("0.10")), 0
    for rate in series:
        after = funding.advance_low(state, rate)
        low = low + 1 if rate is not None and rate < D("-0.0001") else 0
        assert D("0.10") <= after.level <= D("0.15")
        if low and low % 3 == 0:
            assert after.level == min(D("0.15"), state.level + D("0.01"))
        else:
            assert after.level in (state.level, D("0.10"))
        state = after


@quick
@given(rates)
def test_c28_high_funding_knows_two_levels(series: list[Decimal | None]) -> None:
    """The level is the base or half of it, and three hot blocks in a row come before the half."""
    state, hot = funding.HighState(), 0
    for rate in series:
        hot = hot + 1 if rate is not None and rate > D("0.0005") else 0
        before, state = state, funding.advance_high(state, rate)
        if state.active and not before.active:
            assert hot >= 3


def spikes(series: list[tuple[Decimal | None, Decimal | None, Decimal | None]]) -> list[volatility.SpikeState]:
    states = [volatility.SpikeState()]
    for sigma, base, weight in series:
        states.append(volatility.advance(states[-1], D("0.4"), sigma, base, weight))
    return states[1:]


vols = st.none() | decimals("0", "4", 1)
readings = st.lists(st.tuples(vols, st.none() | decimals("0", "1", 1), st.none() | decimals("0", "0.6", 1)), max_size=45)


def run(step: Callable[[Any, Any], Any], state: object, series: list) -> list:
    """Return the states after every reading."""
    states = []
    for reading in series:
        state = step(state, reading)
        states.append(state)
    return states


fears = st.none() | st.sampled_from([D(n) for n in (10, 24, 25, 29, 30, 31, 60)])
daily = st.tuples(st.none() | decimals("80", "130", 1), st.none() | decimals("0.5", "2", 2))
OPENED = sizing.open_hedge(D(100))
#: every machine: its step, its first state, its readings, and whether a state holds a regime
MACHINES = {
    "spike": (lambda s, r: volatility.advance(s, D("0.4"), *r), volatility.SpikeState(), st.tuples(vols, vols, vols), lambda s: s.active),
    "funding_low": (funding.advance_low, funding.LowState(level=D("0.10")), st.none() | rate, lambda s: s.level > D("0.10")),
    "funding_high": (funding.advance_high, funding.HighState(), st.none() | rate, lambda s: s.active),
    "fear": (fear_greed.advance, fear_greed.FearState(), fears, lambda s: s.active),
    "hedge": (lambda s, r: sizing.advance(s, *r), OPENED, daily, lambda s: s.closed not in (None, "expired")),
}


@pytest.mark.parametrize("name", MACHINES)
@quick
@given(st.data())
def test_c29_machines_depend_only_on_the_past(name: str, data: st.DataObject) -> None:
    """Whatever comes after a reading, the states up to it are the same, and going on from a stored state leads to the same end."""
    step, first, reading, _ = MACHINES[name]
    past, one, other = (data.draw(st.lists(reading, max_size=25)) for _ in range(3))
    states = run(step, first, past + one)
    assert states[: len(past)] == run(step, first, past + other)[: len(past)] == run(step, first, past)
    assert run(step, states[len(past) - 1] if past else first, one) == states[len(past) :]


@pytest.mark.parametrize("name", MACHINES)
@quick
@given(st.data())
def test_c30_missing_readings_start_nothing(name: str, data: st.DataObject) -> None:
    """From any state without a regime, nothing known starts none, however often; only a known reading does."""
    step, first, reading, on = MACHINES[name]
    state, unknown = first, (None, None, None) if name == "spike" else (None, None) if name == "hedge" else None
    for seen in data.draw(st.lists(reading | st.just(unknown), max_size=40)):
        before, state = state, step(state, seen)
        if seen == unknown:
            assert on(state) <= on(before)
            if name == "funding_low":
                assert state.level == before.level
            if name in ("fear", "funding_high"):
                assert state.active == before.active


@quick
@given(readings)
def test_c30_an_unknown_volatility_holds_a_spike(series: list) -> None:
    """A spike begins only when reading, baseline and weight are known, and without a reading neither ends nor deepens."""
    for (before, after), (sigma, base, weight) in zip(pairwise([volatility.SpikeState(), *spikes(series)]), series, strict=True):
        if sigma is None:
            assert (after.active, after.k, after.cap) == (before.active, before.k, before.cap)
        if not before.active and None in (base, weight):
            assert not after.active
    for state in (fear_greed.FearState(), fear_greed.FearState(active=True, calm=1)):
        assert fear_greed.advance(state, None) == state


@quick
@given(readings)
def test_c31_a_spike_only_cuts(series: list) -> None:
    """The cap is at most min(t, weight at onset), k stays in [0.25, 1] and never rises while active."""
    onset = D(0)
    for (before, after), (_, _, weight) in zip(pairwise([volatility.SpikeState(), *spikes(series)]), series, strict=True):
        assert D("0.25") <= after.k <= 1
        if not after.active:
            assert (after.k, after.cap) == (1, None)
            continue
        if before.active:
            assert after.k <= before.k
        else:
            onset = weight
        assert after.cap is not None
        assert after.cap <= min(D("0.4"), onset)


def test_a_cut_deepens_only_by_more_than_a_tenth_to_the_last_digit() -> None:
    """After 7/18 of it comes exactly nine tenths of that: equality keeps the cut, though 7/18 cannot be written down (G14)."""
    states = spikes([(D(sigma), D("0.07"), D("0.4")) for sigma in ("0.18", "0.2", "0.2000001")])
    assert [round(s.k, 6) for s in states] == [D("0.388889"), D("0.388889"), D("0.35")]
    # one that an earlier version stored has its rounded k alone
    assert volatility.advance(replace(states[0], peak=None), D("0.4"), D("0.19"), None, None).k == states[0].k


def test_a_spike_ends_after_thirty_days() -> None:
    """Volatility that stays doubled for thirty evaluations is the new normal."""
    states = spikes([(D("1.2"), D("0.6"), D("0.4"))] * 32)
    assert [s.active for s in states] == [True] * 30 + [False, True]


@quick
@given(walks(), walks(), st.integers(0, 200))
def test_c42_exhaustion_knows_no_future(closes: list[Decimal], other: list[Decimal], t: int) -> None:
    """The score at a bar is unchanged by deleting every later bar, or by any other future; pivots are never taken back."""
    t = min(t, len(closes) - 1)
    volumes = [D(100 + 37 * i % 61) for i in range(300)]
    history = closes[: t + 1]
    for short in (False, True):
        whole = trend.exhaustion(closes, volumes, t, D("0.05"), short=short)
        assert whole == trend.exhaustion(history, volumes[: t + 1], t, D("0.05"), short=short)
        assert whole == trend.exhaustion(history + other, volumes[: t + 1] + volumes[::-1], t, D("0.05"), short=short)
        seen = mirrored(closes) if short else closes
        pair = trend.find_highs(seen, t)
        assert pair == trend.find_highs(seen[: t + 1], t)
        assert trend.diverges(seen, t, pair) == trend.diverges(seen[: t + 1], t, pair) == bool(whole.divergence)
    assert trend.rsi(history) == trend.rsi(history + other)[: t + 1]
    early = zigzag(history, D("0.05")).pivots
    for future in (closes[t + 1 :], other):
        assert early == tuple(p for p in zigzag(history + future, D("0.05")).pivots if p.confirmed <= t)
    assert all(p.bar <= p.confirmed <= t for p in early)


def golden_impulse() -> tuple[list[Decimal], list[Decimal]]:
    """Make the series of domain 6.2: legs between turning points, volume falling away after 40 bars."""
    turns, bars = [103, 100, 120, 110, 150, 135, 162, 150], [3, 10, 8, 14, 10, 22, 6]
    closes = [D(turns[0])]
    for (a, b), n in zip(pairwise(turns), bars, strict=True):
        closes += [(D(a) + (D(b) - D(a)) * i / n).quantize(D("0.000001")) for i in range(1, n + 1)]
    return closes, [D(1000)] * 40 + [D(600)] * (len(closes) - 40)


@pytest.mark.parametrize(
    ("t", "score", "trim"), [(57, "0.25", "0"), (58, "0.375", "0"), (69, "0.375", "0"), (70, "0.875", "0.5"), (72, "1", "0.5")]
)
def test_the_documents_impulse_is_scored_bar_by_bar(t: int, score: str, trim: str) -> None:
    """The golden impulse scores what the document says, at the bars it says."""
    found = trend.exhaustion(*golden_impulse(), t, D("0.05"))
    assert (found.score, found.trim) == (D(score), D(trim))


def test_a_trim_is_latched_and_let_go() -> None:
    """Half of the longs are trimmed at bar 70; a price and RSI above the old high, or twenty bars, end it."""
    closes, volumes = golden_impulse()
    state, seen = trend.TrendState(), []
    for t in range(55, len(closes)):
        state = trend_step(state, closes[: t + 1], volumes[: t + 1], D("0.05"))
        seen.append((t, state.trim))
    assert [t for t, trim in seen if trim] == list(range(70, len(closes)))
    more, volume = [*closes], [*volumes]
    for _ in range(20):
        more.append(more[-1] * D("0.999"))
        volume.append(D(600))
        state = trend_step(state, more, volume, D("0.05"))
    assert state.trim == 0 or state.bars < 20


def test_rsi_of_nothing_and_of_one_way() -> None:
    """A flat series has RSI 50, a rising one 100."""
    assert trend.rsi([D(5)] * 20)[14:] == [50.0] * 6
    assert trend.rsi([D(n) for n in range(1, 21)])[19] == 100.0


def test_fear_needs_no_confirmation_to_begin_and_two_days_to_end() -> None:
    """Below 25 begins at once, 30 twice in a row ends, a day at 29 starts the count again."""
    state, seen = fear_greed.FearState(), []
    for reading in (25, 24, 30, 29, 30, None, 30):
        state = fear_greed.advance(state, None if reading is None else D(reading))
        seen.append(state.active)
    assert seen == [False, True, True, True, True, True, False]


def test_market_rate_weighs_by_open_interest_when_all_is_known() -> None:
    """Known rates are weighted by open interest, equally without it, and none known is unknown."""
    assert funding.market_rate([(D("0.0001"), D(3)), (D("0.0005"), D(1))]) == D("0.0002")
    assert funding.market_rate([(D("0.0001"), D(3)), (D("0.0005"), None)]) == D("0.0003")
    assert funding.market_rate([(None, D(3)), (D("0.0005"), D(1))]) == D("0.0005")
    assert funding.market_rate([(None, None)]) is None


def test_an_incomplete_block_is_unknown() -> None:
    """A block whose settlements do not cover exactly eight hours has no value."""
    four = [funding.Settlement(hour=D(h), rate=D("0.0001"), interval_hours=D(4)) for h in (4, 8, 12)]
    assert funding.funding_blocks(four, 0, 16) == [D("0.0002"), None]
    with pytest.raises(Refused, match="bad_interval"):
        funding.funding_blocks([funding.Settlement(hour=D(8), rate=D(0), interval_hours=D(0))], 0, 8)
