"""The table of legal moves, every cell of it, and what follows for an order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.execution import lifecycle
from chatbot.execution.lifecycle import Cross, GiveUp, IllegalMove, LegEvent, Patience, PlanEvent, Requote, Tried, Wait, advance, next_step
from chatbot.model import LegState, PlanState

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("event", PlanEvent)
@pytest.mark.parametrize("state", PlanState)
def test_a_plan_moves_as_the_table_says_and_never_otherwise(state: PlanState, event: PlanEvent) -> None:
    expected = lifecycle.PLAN_MOVES.get((state, event))
    if expected is None:
        with pytest.raises(IllegalMove) as caught:
            advance(state, event)
        assert (caught.value.state, caught.value.event) == (state, event)
    else:
        assert advance(state, event) is expected


@pytest.mark.parametrize("event", LegEvent)
@pytest.mark.parametrize("state", LegState)
def test_a_leg_moves_as_the_table_says_and_never_otherwise(state: LegState, event: LegEvent) -> None:
    expected = lifecycle.LEG_MOVES.get((state, event))
    if expected is None:
        with pytest.raises(IllegalMove):
            advance(state, event)
    else:
        assert advance(state, event) is expected


def test_the_whole_table_is_what_was_agreed() -> None:
    """Written out once more by hand: a changed cell must be changed here as well."""
    plans = {
        "proposed": {"confirm": "confirmed", "skip": "skipped", "expire": "expired", "supersede": "superseded"},
        "confirmed": {"begin": "running", "park": "parked"},
        "running": {"finish": "done", "park": "parked"},
        "parked": {"resume": "running", "finish": "done"},
    }
    working = {"submit": "submitting", "accept": "open", "fill": "filled", "end": "partial", "refuse": "rejected"}
    legs = {
        "planned": {"submit": "submitting", "drop": "dropped", "resize": "planned", "end": "partial"},
        "dropped": {"restore": "planned"},
        "submitting": working | {"lose": "unknown"},
        "open": working,
        "unknown": working | {"lose": "unknown"},
    }
    assert _as_words(lifecycle.PLAN_MOVES) == plans
    assert _as_words(lifecycle.LEG_MOVES) == legs


def _as_words(table: object) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (state, event), after in table.items():  # type: ignore[attr-defined]
        found.setdefault(state.value, {})[event.value] = after.value
    return found


def test_ends_have_no_way_out_but_taking_a_dropped_leg_back() -> None:
    for state, event in lifecycle.LEG_MOVES:
        assert state not in lifecycle.LEG_ENDS or event == LegEvent.RESTORE
    ends = {PlanState.DONE, PlanState.EXPIRED, PlanState.SKIPPED, PlanState.SUPERSEDED}
    assert not {state for state, _ in lifecycle.PLAN_MOVES} & ends


@given(state=st.sampled_from(PlanState), events=st.lists(st.sampled_from(PlanEvent), max_size=12))
def test_no_sequence_of_events_sends_a_plan_that_was_never_confirmed(state: PlanState, events: list[PlanEvent]) -> None:
    """RUNNING is reached from PROPOSED only through CONFIRMED."""
    del state
    now, seen = PlanState.PROPOSED, [PlanState.PROPOSED]
    for event in events:
        try:
            now = advance(now, event)
        except IllegalMove:
            continue
        seen.append(now)
    if PlanState.RUNNING in seen:
        assert PlanState.CONFIRMED in seen[: seen.index(PlanState.RUNNING)]


PATIENT = Patience(quotes=4, rest_s=20, pause_s=5, tries=3, limit_s=1800)


def test_a_quote_rests_for_its_time_and_not_longer() -> None:
    tried = Tried(quotes=1, working_since=NOW)
    assert next_step(tried, NOW + timedelta(seconds=12), PATIENT) == Wait(seconds=8)
    assert next_step(tried, NOW + timedelta(seconds=20), PATIENT) == Requote()


def test_after_the_last_quote_it_takes_again_and_again_until_nothing_comes_of_it() -> None:
    later = NOW + timedelta(minutes=2)
    assert [type(next_step(Tried(quotes=n), later, PATIENT)) for n in range(6)] == [Requote] * 4 + [Cross] * 2
    last = later - timedelta(seconds=5)
    after = [next_step(Tried(quotes=4, takes=n, idle=n, first_at=NOW, last_at=last), later, PATIENT) for n in range(1, 4)]
    assert after == [Cross(), Cross(), GiveUp()]


@given(quotes=st.integers(0, 20), tries=st.integers(1, 10))
def test_patience_is_bounded(quotes: int, tries: int) -> None:
    """However often an order is refused for taking, so many orders go out for a leg of which nothing fills."""
    patience, sent, now = Patience(quotes=quotes, rest_s=1, pause_s=5, tries=tries, limit_s=1800), 0, NOW
    tried = Tried(first_at=NOW)
    while not isinstance(step := next_step(tried, now, patience), GiveUp):
        assert not isinstance(step, Wait)
        sent, rests = sent + 1, isinstance(step, Requote)
        last, now = now, now + timedelta(seconds=5)
        takes = tried.takes + (not rests)
        tried = Tried(quotes=tried.quotes + rests, takes=takes, idle=takes, first_at=NOW, last_at=last)
    assert sent == quotes + tries


def test_a_leg_that_keeps_filling_ends_with_its_time() -> None:
    """A book that gives a little at every look would be taken from for ever."""
    tried = Tried(takes=300, filled=True, first_at=NOW, last_at=NOW)
    assert next_step(tried, NOW + timedelta(seconds=1799), PATIENT) == Cross()
    assert next_step(tried, NOW + timedelta(seconds=1800), PATIENT) == GiveUp()
