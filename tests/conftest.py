"""What holds for every test run."""

from __future__ import annotations

import gc
import os


def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than there are processors: the browser's and the processes' tests mostly wait."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Leave what was imported to itself: the collector would look through it again and again."""
    gc.collect()
    gc.freeze()
