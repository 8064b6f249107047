"""What triggers keep, whatever the readings: domain appendix C, 16, 25 to 31 and 42, and the document's examples."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine import funding, sentiment, trend, volatility
from chatbot.engine.errors import Refused
from chatbot.engine.folding import Fold, Hedge, Spike, effective_targets
from chatbot.engine.sentiment import BookPosition, neutralise_book
from chatbot.engine.targets import Targets
from chatbot.engine.waves import zigzag
from tests.engine.strategies import decimals, magnitudes, quick, weights

D, F = Decimal, Fraction
ASSET_OF = {"BTC-PERP": "BTC", "ETH-PERP": "ETH"}


@st.composite
def books(draw: st.DrawFn) -> list[BookPosition]:
    """Draw a book with odd quantities."""
    names = ("BTC-PERP", "ETH-PERP", "SOL-PERP", "ADA-PERP")[: draw(st.integers(1, 4))]
    sides = draw(st.sampled_from(((1, -1), (1,), (-1,))))
    return [
        BookPosition(
            contract=name,
            qty=draw(st.just(D(0)) | magnitudes(-3, 3)) * draw(st.sampled_from(sides)),
            mark=draw(magnitudes(-3, 5)),
            lot=D(1).scaleb(draw(st.integers(-4, 1))),
        )
        for name in names
    ]


@quick
@given(books())
def test_c16_a_neutral_book_only_shrinks(book: list[BookPosition]) -> None:
    """No position grows or flips, the heavy side is not heavier than the other, and what is left is less than lots."""
    found = neutralise_book(book)
    net = F(found.net_after)
    room = F(0)
    for p in book:
        after = F(found.target_qty[p.contract])
        assert abs(after) <= abs(F(p.qty))
        assert after * F(p.qty) >= 0
        assert F(found.orders.get(p.contract, D(0))) == after - F(p.qty)
        if after != F(p.qty):
            room += F(p.lot) * F(p.mark)
    # the formerly heavy side is never the heavier one afterwards
    assert net * F(found.net_before) <= 0
    if found.orders:
        assert abs(net) < room
    if all(p.qty >= 0 for p in book) or all(p.qty <= 0 for p in book):
        assert all(qty == 0 for qty in found.target_qty.values())


@st.composite
def folds(draw: st.DrawFn) -> tuple[Targets, Fold]:
    """Draw base targets with a long book, and any subset of triggers."""
    t = draw(weights(5))
    base = Targets(
        spot={"BTC": t[2], "ETH": t[3], "SOL": t[4]},
        stable=t[0],
        collateral=t[1],
        futures={name: draw(decimals("0", "0.5", 3)) for name in ASSET_OF},
    )
    spikes = [Spike(asset=a, cap=draw(decimals("0", "0.5", 2)), k=draw(decimals("0.25", "1", 2))) for a in ("BTC", "SOL")]
    fold = Fold(
        vol=tuple(s for s in spikes if draw(st.booleans())),
        funding_low_level=draw(st.none() | decimals("0.1", "0.15", 2)),
        funding_high=draw(st.booleans()),
        trend=draw(st.dictionaries(st.sampled_from(sorted(ASSET_OF)), st.sampled_from([D("0.25"), D("0.5")]))),
        fear_greed=draw(st.booleans()),
        fg_mode=draw(st.sampled_from(["book", "portfolio", "beta"])),
        hedges=tuple(draw(st.lists(st.just(Hedge(contract="BTC-PERP", weight=D("-0.05"))), max_size=1))),
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


@quick
@given(folds())
def test_c26_risk_off_never_raises_a_long(case: tuple[Targets, Fold]) -> None:
    """Adding a risk-off trigger raises no long target, spot or futures."""
    base, fold = case
    before = effective_targets(base, fold, ASSET_OF).targets
    spike = Spike(asset="ETH", cap=D("0.05"), k=D("0.5"))
    additions = [
        replace(fold, vol=(*fold.vol, spike)),
        replace(fold, funding_high=True),
        replace(fold, trend={**fold.trend, "ETH-PERP": D("0.5")}),
        replace(fold, fear_greed=True),
        replace(fold, hedges=(*fold.hedges, Hedge(contract="ETH-PERP", weight=D("-0.1")))),
    ]
    for added in additions:
        after = effective_targets(base, added, ASSET_OF).targets
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


rates = st.lists(
    st.none() | st.sampled_from([D(n).scaleb(-5) for n in (-20, -11, -10, -9, -1, 0, 10, 29, 30, 31, 50, 51, 90)]), max_size=60
)


@quick
@given(rates)
def test_c27_low_funding_climbs_a_step_at_a_time(series: list[Decimal | None]) -> None:
    """The level stays in [10 %, 15 %], rises by at most a step, and never on a block at or above the threshold."""
    state = funding.LowState(level=D("0.10"))
    for rate in series:
        after = funding.advance_low(state, rate)
        assert D("0.10") <= after.level <= D("0.15")
        assert after.level - state.level <= D("0.01")
        if rate is None or rate >= D("-0.0001"):
            assert after.level <= state.level
        state = after


@quick
@given(rates)
def test_c28_high_funding_knows_two_levels(series: list[Decimal | None]) -> None:
    """The level is the base or half of it, and three hot blocks in a row come before the half."""
    state, hot = funding.HighState(), 0
    for rate in series:
        hot = hot + 1 if rate is not None and rate > D("0.0005") else 0
        before, state = state, funding.advance_high(state, rate)
        assert state.level(D("0.15")) in (D("0.15"), D("0.075"))
        if state.active and not before.active:
            assert hot >= 3


def spikes(series: list[tuple[Decimal | None, Decimal | None, Decimal | None]]) -> list[volatility.SpikeState]:
    states = [volatility.SpikeState()]
    for sigma, base, weight in series:
        states.append(volatility.advance(states[-1], D("0.4"), sigma, base, weight))
    return states[1:]


vols = st.none() | decimals("0", "4", 1)
readings = st.lists(st.tuples(vols, st.none() | decimals("0", "1", 1), st.none() | decimals("0", "0.6", 1)), max_size=45)


@quick
@given(readings, st.integers(0, 45))
def test_c29_spikes_depend_only_on_the_past(series: list, cut: int) -> None:
    """The states of a prefix are the prefix of the states."""
    assert spikes(series[:cut]) == spikes(series)[:cut]


@quick
@given(readings)
def test_c30_missing_readings_start_nothing(series: list) -> None:
    """A spike begins and ends only on a known reading; unknown fear readings change nothing at all."""
    for (before, after), (sigma, base, weight) in zip(pairwise([volatility.SpikeState(), *spikes(series)]), series, strict=True):
        if sigma is None:
            assert (after.active, after.k, after.cap) == (before.active, before.k, before.cap)
        if not before.active and None in (base, weight):
            assert not after.active
    for state in (sentiment.FearState(), sentiment.FearState(active=True, calm=1)):
        assert sentiment.advance(state, None) == state


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


def test_a_spike_ends_after_thirty_days() -> None:
    """Volatility that stays doubled for thirty evaluations is the new normal."""
    states = spikes([(D("1.2"), D("0.6"), D("0.4"))] * 32)
    assert [s.active for s in states] == [True] * 30 + [False, True]


prices = st.lists(decimals("50", "200", 1), min_size=12, max_size=80)


@quick
@given(prices, st.integers(0, 79))
def test_c42_exhaustion_knows_no_future(closes: list[Decimal], t: int) -> None:
    """The score at a bar is unchanged by deleting every later bar, and pivots are never taken back."""
    t = min(t, len(closes) - 1)
    volumes = [D(100 + i % 7) for i in range(len(closes))]
    whole = trend.exhaustion(closes, volumes, t, D("0.05"))
    assert whole == trend.exhaustion(closes[: t + 1], volumes[: t + 1], t, D("0.05"))
    early = zigzag(closes[: t + 1], D("0.05")).pivots
    assert early == tuple(p for p in zigzag(closes, D("0.05")).pivots if p.confirmed <= t)


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
        state = trend.advance(state, closes[: t + 1], volumes[: t + 1], D("0.05"))
        seen.append((t, state.trim))
    assert [t for t, trim in seen if trim] == list(range(70, len(closes)))
    more, volume = [*closes], [*volumes]
    for _ in range(20):
        more.append(more[-1] * D("0.999"))
        volume.append(D(600))
        state = trend.advance(state, more, volume, D("0.05"))
    assert state.trim == 0 or state.bars < 20


def test_rsi_of_nothing_and_of_one_way() -> None:
    """A flat series has RSI 50, a rising one 100."""
    assert trend.rsi([D(5)] * 20)[14:] == [50.0] * 6
    assert trend.rsi([D(n) for n in range(1, 21)])[19] == 100.0


def test_fear_needs_no_confirmation_to_begin_and_two_days_to_end() -> None:
    """Below 25 begins at once, 30 twice in a row ends, a day at 29 starts the count again."""
    state, seen = sentiment.FearState(), []
    for reading in (25, 24, 30, 29, 30, None, 30):
        state = sentiment.advance(state, None if reading is None else D(reading))
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
