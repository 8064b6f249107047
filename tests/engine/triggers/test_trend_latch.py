"""A swing high trims once (domain 6.2, appendix C 49), whatever the bars say and however they come."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.errors import Refused
from chatbot.engine.triggers import trend
from chatbot.engine.triggers.trend_latch import HOLD, Latch, Reading, Step, advance
from chatbot.engine.triggers.trigger import Bars
from chatbot.store.codec import decode, encode
from tests.engine.strategies import quick
from tests.engine.triggers.test_trigger_properties import golden_impulse

D = Decimal
P = trend.TRIGGER.params({"zigzag": D("0.05")})
trims = st.none() | st.sampled_from([D(0), D("0.25"), D("0.5")])
#: highs come in their order, as a market makes them, or in any
later = st.lists(st.sampled_from((0, 0, 0, 0, 1, 2)), min_size=8, max_size=80).map(lambda steps: list(accumulate(steps)))
anyhow = st.lists(st.none() | st.integers(0, 5), max_size=80)


@st.composite
def histories(draw: st.DrawFn) -> list[Reading]:
    """Draw bars with any trim, a market's highs, and a trend that resumes now and then."""
    return [Reading(trim=draw(trims), pivot=pivot, resumed=draw(st.booleans())) for pivot in draw(later | anyhow)]


def run(bars: list[Reading], hold: int = HOLD) -> list[tuple[Latch, Step | None]]:
    """Return the latch and the step after every bar."""
    steps: list[tuple[Latch, Step | None]] = []
    for bar in bars:
        steps.append(advance(steps[-1][0] if steps else Latch(), bar, hold))
    return steps


@quick
@given(histories(), st.integers(1, 20))
def test_c49_a_high_never_fires_twice_at_the_same_or_a_smaller_trim(bars: list[Reading], hold: int) -> None:
    """Each firing of a high is larger than all before it, a later one that ends at it included; and no trim changes without a step."""
    most: dict[int, Decimal] = {}
    for ((before, _), (after, step)), bar in zip(pairwise([(Latch(), None), *run(bars, hold)]), bars, strict=True):
        assert (step is None) == (before.trim == after.trim)
        if after.trim and after.bars == 0:
            assert bar.trim == after.trim
            assert bar.pivot is not None
            assert after.trim > most.get(bar.pivot, 0)
            most[bar.pivot] = after.trim
        assert after.fired == most


@quick
@given(histories(), st.integers(1, 20))
def test_every_step_is_what_it_is_called(bars: list[Reading], hold: int) -> None:
    """It begins from nothing, cuts deeper, eases to less, releases to nothing; an unknown bar does none of it and counts."""
    for ((before, _), (after, step)), bar in zip(pairwise([(Latch(), None), *run(bars, hold)]), bars, strict=True):
        if step is Step.BEGIN:
            assert before.trim == 0 < after.trim
        if step is Step.CUT:
            assert 0 < before.trim < after.trim
        if step is Step.EASE:
            assert 0 < after.trim < before.trim
        if step in (Step.EASE, Step.RELEASE):
            assert bar.resumed or before.bars + 1 >= hold
        if step is Step.RELEASE:
            assert after.trim == after.bars == 0
        if bar.trim is None:
            assert (after.trim, after.fired, step) == (before.trim, before.fired, None)
            assert after.bars == before.bars + bool(before.trim)
        if bar.pivot is None:
            assert step in (None, Step.RELEASE)


@quick
@given(histories(), histories())
def test_c29_the_latch_depends_only_on_the_past(past: list[Reading], future: list[Reading]) -> None:
    """What comes later changes nothing, and a latch that was stored goes on as one that was not."""
    whole = run(past + future)
    assert whole[: len(past)] == run(past)
    if past:
        latch = decode(Latch, encode(run(past)[-1][0]))
        for bar, (expected, _) in zip(future, whole[len(past) :], strict=True):
            latch, _ = advance(latch, bar)
            assert latch == expected


def test_a_later_high_at_the_same_trim_holds_on_without_a_word() -> None:
    """When twenty bars have passed, the newer high takes over: twenty more, and nothing is told; then that one is spent too."""
    bars = [Reading(trim=D("0.25"), pivot=1)] + [Reading(trim=D("0.25"), pivot=2)] * 41
    steps = run(bars)
    assert [(at, step) for at, (_, step) in enumerate(steps) if step] == [(0, Step.BEGIN), (40, Step.RELEASE)]
    assert steps[20][0].bars == 0


def test_the_last_of_twenty_bars_may_be_unknown() -> None:
    """An unknown bar never ends a trim; the next known one does."""
    unknown, calm = Reading(trim=None), Reading(trim=D(0), pivot=1)
    steps = run([Reading(trim=D("0.5"), pivot=1), *[calm] * 18, unknown, unknown, calm])
    assert [step for _, step in steps[19:]] == [None, None, Step.RELEASE]


@pytest.mark.parametrize("bar", [Reading(trim=D("1.01"), pivot=1), Reading(trim=D("-0.01"), pivot=1)])
def test_a_trim_is_a_share(bar: Reading) -> None:
    """More than all of the futures is nobody's trim."""
    with pytest.raises(Refused, match="bad_parameter"):
        advance(Latch(), bar)


def seen(count: int, first_day: int = 20_000) -> Bars:
    """Return the first bars of the golden series, which goes on flat, as the machine is fed with them."""
    closes, volumes = golden_impulse()
    more = count - len(closes)
    closes, volumes = closes + closes[-1:] * more, volumes + volumes[-1:] * more
    return Bars(closes=closes[:count], volumes=volumes[:count], times=range(first_day, first_day + count))


def test_the_machine_acts_once_on_a_high() -> None:
    """The golden impulse goes on flat: half on the high before the top, then the top takes over with less, and that is all."""
    state, told = trend.TrendState(), []
    for count in range(60, 150):
        before, state = state, trend.TRIGGER.advance(state, seen(count), P)
        if state.trim != before.trim:
            told.append((count - 1, state.trim))
    assert told == [(70, D("0.5")), (90, D("0.25")), (110, 0)]
    assert state.fired == {20_035: D("0.5"), 20_067: D("0.25")}


def test_a_day_without_a_bar_counts_and_moves_no_high() -> None:
    """The reading of a day is unknown, then a window with a gap in it: the high keeps its day, so it does not fire again."""
    state = trend.TRIGGER.advance(trend.TrendState(), seen(71), P)
    unknown = trend.TRIGGER.advance(state, Bars(closes=(), volumes=(), times=()), P)
    assert (unknown.trim, unknown.bars, unknown.fired) == (D("0.5"), 1, state.fired)
    full = seen(73)
    gap = Bars(
        **{name: [*column[:71], column[72]] for name, column in (("closes", full.closes), ("volumes", full.volumes), ("times", full.times))}
    )
    after = trend.TRIGGER.advance(unknown, gap, P)
    assert (after.trim, after.bars, after.fired) == (D("0.5"), 2, state.fired)


@pytest.mark.parametrize("bars", [3, 19])
def test_a_trim_of_an_earlier_version_belongs_to_the_high_that_stands(bars: int) -> None:
    """It did not write down whose trim it is: its last high is taken, so that an update makes no second plan for it."""
    stored = f'{{"trim":"0.5","price_b":"162","rsi_b":70.1,"bars":{bars}}}'
    state = decode(trend.TrendState, stored)
    assert (state.trim, state.bars, state.fired) == (D("0.5"), bars, {})
    for count in range(73, 100):
        state = trend.TRIGGER.advance(state, seen(count), P)
    assert state.trim == 0
    assert len(state.fired) == 1


def test_a_quiet_machine_of_an_earlier_version_is_quiet() -> None:
    """Nothing was trimmed, so nothing has fired."""
    state = decode(trend.TrendState, '{"trim":"0","price_b":null,"rsi_b":null,"bars":0}')
    assert state == trend.TrendState()
    assert trend.TRIGGER.advance(state, seen(71), P).trim == D("0.5")
