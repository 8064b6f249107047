"""The line for backtests: whoever comes first is served first, and never more at once than there is room for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatbot.backtest.apart.queue import Line

_STEPS = st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=40)


@given(room=st.integers(1, 4), steps=_STEPS)
def test_nobody_is_passed_over(room: int, steps: list[tuple[str, bool]]) -> None:
    """Whatever comes and goes: the counter is never over-full nor idle, places count up from one, and the order of arrival is kept."""
    line, came = Line(room), list[str]()
    for word, comes in steps:
        line = line.joined(word) if comes else line.left(word)
        came = [*came, word] if comes and word not in came else came if comes else [one for one in came if one != word]
        assert len(line.served) == min(room, len(came))
        assert {line.place(one) for one in line.served} <= {0}
        assert [line.place(one) for one in line.waiting] == list(range(1, len(line.waiting) + 1))
        assert sorted((*line.served, *line.waiting)) == sorted(came)
        assert list(line.waiting) == [one for one in came if one not in line.served]
    assert line.place("nobody") is None
