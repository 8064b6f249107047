"""One cause is told once (domain 3.2, C.50): what a signal has moved is not drift, and what has drifted is not the signal's."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engine.band_width import outside
from chatbot.engine.bands import BandState, advance
from chatbot.engine.errors import Refused
from chatbot.engine.triggers.drift import TARGETS, Line, Move, explain_drift
from tests.engine.strategies import decimals, quick

D = Decimal
MODES = st.sampled_from(["article", "inclusive", "strict"])
ARMED = BandState()
#: whole points, so that edges are hit
POINTS = decimals("0", "0.6", 2)
SIDES = st.sampled_from(["over", "under"])
STATES = st.just(ARMED) | st.builds(
    lambda side, last, silent: BandState(fired=True, side=side, last_drift=last, silent=silent), SIDES, POINTS, st.booleans()
)
LINES = st.builds(
    lambda weight, before, now, band, state: Line(weight=weight, before=before, now=now, band=band, state=state),
    st.none() | POINTS,
    st.none() | POINTS,
    POINTS,
    decimals("0.02", "0.1", 2),
    STATES,
)
TABLES = st.dictionaries(st.sampled_from("ABCDE"), LINES, min_size=1)
SIGNALS = st.lists(
    st.builds(
        lambda name, event, lines: Move(name=name, event=event, lines=frozenset(lines)),
        st.sampled_from(["vol:SOL", "fear", "trend:BTC"]),
        st.sampled_from(["begin", "cut", "release"]),
        st.sets(st.sampled_from("ABCDE")),
    ),
    max_size=3,
)


def side(line: Line, target: Decimal, mode: str) -> str | None:
    assert line.weight is not None
    return outside(line.weight, target, line.band, D(1), mode)


@quick
@given(TABLES, SIGNALS, MODES)
def test_c50_a_line_that_a_move_took_outside_never_drifts(lines: dict[str, Line], signals: list[Move], mode: str) -> None:
    """No event where it was inside around the old target, or on its other side; the cause is named instead, and told once."""
    found = explain_drift(lines, signals, mode=mode)
    for name, line in lines.items():
        story, old = found.lines[name], line.now if line.before is None else line.before
        if line.weight is None:
            assert (story.event, story.state) == (None, line.state)
        elif side(line, old, mode) is None or side(line, old, mode) != side(line, line.now, mode):
            assert story.event is None
            if side(line, line.now, mode) is not None:
                assert set(story.explained_by) == ({signal.name for signal in signals if name in signal.lines} or {TARGETS})
                assert story.state == BandState(
                    fired=True, side=side(line, line.now, mode), last_drift=abs(line.weight - line.now), silent=True
                )
        elif old != line.now:
            # outside around both on one side: drift around the old target, and counted from the new one on
            new = not line.state.fired or line.state.side != side(line, old, mode)
            grown = line.state.last_drift is not None and abs(line.weight - old) - line.state.last_drift >= D("0.01")
            assert story.event == ("breach" if new else "escalate" if grown else None)
            assert (story.state.side, story.state.last_drift) == (side(line, line.now, mode), abs(line.weight - line.now))
    assert found.reasons[: len(signals)] == tuple(f"{signal.name}:{signal.event}" for signal in signals)
    assert [reason for reason in found.reasons if reason.startswith("drift:")] == [f"drift:{name}" for name in found.drifted]


@quick
@given(TABLES, SIGNALS, MODES)
def test_c50_where_no_target_moves_it_is_the_monitor_of_3_2(lines: dict[str, Line], signals: list[Move], mode: str) -> None:
    """A signal that moves nothing changes no event; each of them is told all the same."""
    still = {name: replace(line, before=line.now) for name, line in lines.items()}
    found = explain_drift(still, signals, mode=mode)
    for name, line in still.items():
        if line.weight is not None:
            state, event = advance(line.state, line.weight - line.now, line.band, side(line, line.now, mode))
            assert (found.lines[name].state, found.lines[name].event) == (state, event)
    assert TARGETS not in found.reasons


@quick
@given(TABLES, MODES)
def test_c50_back_inside_around_the_new_target_it_is_armed(lines: dict[str, Line], mode: str) -> None:
    for name, story in explain_drift(lines, mode=mode).lines.items():
        line = lines[name]
        if line.weight is not None and abs(line.weight - line.now) <= D("0.8") * line.band:
            assert (story.event, story.state) == (None, ARMED)


@quick
@given(LINES, POINTS, MODES)
def test_c50_a_target_that_comes_back_leaves_nothing_behind(line: Line, moved: Decimal, mode: str) -> None:
    """A cut and its release while the weight stands still: a line on its target is armed again, and nothing was said of it."""
    still = replace(line, weight=line.now, before=line.now, state=ARMED)
    cut = explain_drift({"A": replace(still, now=moved)}, [Move(name="v", event="begin", lines=frozenset("A"))], mode=mode).lines["A"]
    again = replace(still, before=moved, state=cut.state)
    back = explain_drift({"A": again}, [Move(name="v", event="release", lines=frozenset("A"))], mode=mode).lines["A"]
    assert (cut.event, back.event, back.state) == (None, None, ARMED)


def test_worse_counts_from_the_new_target_on() -> None:
    """ALT at 46 drifts over 40 as a cut takes its target to 30: told as 6, counted as 16; 16.9 is silent, 17 is worse."""
    line = Line(weight=D("0.46"), before=D("0.4"), now=D("0.3"), band=D("0.05"), state=ARMED)
    first = explain_drift({"ALT": line}, [Move(name="v", event="begin", lines=frozenset({"ALT"}))])
    assert first.reasons == ("v:begin", "drift:ALT")
    later = replace(line, before=D("0.3"), state=first.lines["ALT"].state)
    assert explain_drift({"ALT": replace(later, weight=D("0.469"))}).reasons == ()
    assert explain_drift({"ALT": replace(later, weight=D("0.47"))}).reasons == ("drift:ALT",)


def test_what_a_signal_took_outside_rings_once_it_drifts_on_its_own() -> None:
    """Silent until it is worse by a step; from then on it has drifted."""
    silent = BandState(fired=True, side="over", last_drift=D("0.14"), silent=True)
    line = Line(weight=D("0.38"), before=D("0.24"), now=D("0.24"), band=D("0.05"), state=silent)
    assert explain_drift({"A": line}).lines["A"].state.silent
    worse = explain_drift({"A": replace(line, weight=D("0.39"))}).lines["A"]
    assert (worse.event, worse.state.silent) == ("escalate", False)


def test_new_targets_are_told_as_themselves() -> None:
    line = Line(weight=D("0.4"), before=D("0.4"), now=D("0.3"), band=D("0.05"), state=ARMED)
    found = explain_drift({"A": line, "B": replace(line, now=D("0.4"))})
    assert found.reasons == (TARGETS,)
    assert (found.lines["A"].explained_by, found.lines["B"].explained_by) == ((TARGETS,), ())


def test_a_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Refused, match="bad_parameter"):
        explain_drift({}, mode="loose")
