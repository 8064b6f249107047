"""The table of the README is what the command beside it prints, whatever it says."""

from __future__ import annotations

import pytest

from chatbot.__main__ import main
from chatbot.portfolio import strategies
from tests.places import DATA, ROOT
from tests.stories.history import needs_history

_ROWS = 5


@pytest.mark.slow
@needs_history
@pytest.mark.parametrize("preset", strategies.preset_names())
def test_four_years_of_every_preset(preset: str, capsys: pytest.CaptureFixture[str]) -> None:
    """2020 to 2023, triggers on and off, beside a monthly rebalance and holding."""
    assert main(["backtest", "--data", str(DATA), "--strategy", preset, "--from", "2020-01-01", "--to", "2024-01-01"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()[:_ROWS]
    told = "\n".join(row.rstrip() for row in (preset + head[len(preset) :], *rows))
    assert told in (ROOT / "README.md").read_text(encoding="utf-8")
