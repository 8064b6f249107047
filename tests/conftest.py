"""What holds for every test run."""

from __future__ import annotations

import os


def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are processors: the browser's and the processes' tests mostly wait."""
    return (os.cpu_count() or 1) + 1
