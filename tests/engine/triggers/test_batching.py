"""Triggers that share a block: the window, and what does not wait for its end (domain 9.9)."""

from __future__ import annotations

from chatbot.engine.triggers.batching import batch_triggers, closes_at


def test_fear_and_a_persons_now_do_not_wait_for_company() -> None:
    """Triggers within a minute share a block; fear closes the window at once, in any order of input."""
    events = [("vol", 130.0), ("drift", 0.0), ("fear_greed", 20.0), ("funding", 61.0), ("manual", 500.0)]
    blocks = [(b.executes, b.names) for b in batch_triggers(events, 60)]
    assert blocks == [(20, ("drift", "fear_greed")), (121, ("funding",)), (190, ("vol",)), (500, ("manual",))]


def test_a_block_names_each_trigger_once() -> None:
    """In order of time, then name."""
    again = [("drift", 0.0), ("vol", 10.0), ("beta", 10.0), ("drift", 20.0)]
    assert [b.names for b in batch_triggers(again, 60)] == [("drift", "beta", "vol")]


def test_a_window_closes_at_its_end_or_with_what_does_not_wait() -> None:
    """What would not have waited, but came after the end, changes nothing."""
    assert closes_at(0, 60, ()) == 60
    assert closes_at(0, 60, (40, 30)) == 30
    assert closes_at(0, 60, (61,)) == 60
