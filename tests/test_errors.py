"""What goes wrong in a contained block stays there, with a log line that names it."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from chatbot.errors import contained


def test_a_failure_is_logged_with_its_ids_and_what_follows_goes_on() -> None:
    """The block after the broken one is run; the line carries the event, the ids and the trace."""
    done = []
    with capture_logs() as lines:
        for number in (1, 2):
            with contained("work failed", plan=number):
                done.append(10 // (number - 1))
    assert done == [10]
    assert lines == [{"event": "work failed", "plan": 1, "exc_info": True, "log_level": "error"}]


@pytest.mark.parametrize("end", [asyncio.CancelledError, KeyboardInterrupt, SystemExit])
def test_a_stop_is_not_contained(end: type[BaseException]) -> None:
    """Whoever is cancelled or stopped ends."""
    with pytest.raises(end), contained("never"):
        raise end
