"""The queue for backtests: whoever comes first is served first, and never more at once than there is room for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatbot.backtest.apart.queue import Queue

_STEPS = st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=40)


@given(room=st.integers(1, 4), steps=_STEPS)
def test_nobody_is_passed_over(room: int, steps: list[tuple[str, bool]]) -> None:
    """Whatever comes and goes: the counter is never over-full nor idle, places count up from one, and the order of arrival is kept."""
    queue, came = Queue(room), list[str]()
    for word, comes in steps:
        queue = queue.joined(word) if comes else queue.left(word)
        came = [*came, word] if comes and word not in came else came if comes else [one for one in came if one != word]
        assert len(queue.served) == min(room, len(came))
        assert {queue.place(one) for one in queue.served} <= {0}
        assert [queue.place(one) for one in queue.waiting] == list(range(1, len(queue.waiting) + 1))
        assert sorted((*queue.served, *queue.waiting)) == sorted(came)
        assert list(queue.waiting) == [one for one in came if one not in queue.served]
    assert queue.place("nobody") is None
