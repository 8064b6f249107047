"""``python -m chatbot backtest``, from the words on the command line to the table."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from chatbot.__main__ import main
from tests.places import DATA
from tests.stories.history import needs_history

if TYPE_CHECKING:
    from pathlib import Path

SPAN = ("--data", str(DATA), "--from", "2022-05-01", "--to", "2022-06-01")


@pytest.mark.long
@needs_history
def test_a_month_of_the_crash_of_2022(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Terra's collapse: selling into it made the month calmer and cost less than holding; each line says what it is of."""
    assert main(["backtest", *SPAN, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    ways = found["ways"]
    assert list(ways) == ["strategy", "bands", "monthly", "hold"]
    assert len(found["plans"]) == ways["strategy"]["plans"] + 1
    assert sum(ways["strategy"]["causes"].values()) == ways["strategy"]["plans"] > 0
    assert ways["hold"]["plans"] == 0
    assert ways["hold"]["growth"] < ways["strategy"]["growth"] < 1
    assert 0 < ways["strategy"]["volatility"] < ways["hold"]["volatility"]
    assert ways["strategy"]["drawdown"] < -0.1
    assert all(len(way["daily"]) == 32 and way["daily"][-1] == pytest.approx(way["growth"]) for way in ways.values())
    assert any("slippage" in sentence for sentence in found["not_in_it"])

    assert main(["backtest", *SPAN, "--picture", str(tmp_path / "may.png")]) == 0
    with Image.open(tmp_path / "may.png") as drawn:
        assert drawn.size == (800, 600)
    told = capsys.readouterr().out
    assert [line.split("  ")[0] for line in told.splitlines()[1:5]] == ["as it is", "bands alone", "monthly", "held"]
    assert "volatility" in told
    assert "31 days are too few to rank triggers" in told


@pytest.mark.long
@needs_history
def test_a_sweep_of_the_same_month(capsys: pytest.CaptureFixture[str]) -> None:
    """Many settings in one table, with their number and what chance would give."""
    assert main(["backtest", *SPAN, "--sweep"]) == 0
    told = capsys.readouterr().out
    assert "the preset's own ±5 points" in told
    assert "466 settings were tried" in told
    assert "the preset as it is" in told
    assert "fear greed off" in told
    assert main(["backtest", *SPAN, "--sweep", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["tried"]) == 466


@needs_history
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--from", "2022-13-01", "--to", "2022-06-01"), "'2022-13-01' is no date"),
        (("--from", "2022-05-01", "--to", "yesterday"), "'yesterday' is no date"),
        (("--from", "2022-05-01", "--to", "2022-05-02"), "give at least 7 days"),
        (("--from", "2022-06-01", "--to", "2022-05-01"), "give at least 7 days"),
        (("--from", "2009-01-03", "--to", "2010-01-03"), "no BTC was recorded by 2009-01-03"),
        (("--from", "2017-09-01", "--to", "2017-10-01"), "no BTC was recorded by 2017-09-01"),
        (("--from", "2018-06-01", "--to", "2018-07-01"), "balanced needs coins beside BTC and ETH and perpetuals of BTC and ETH, and none"),
        (("--from", "2019-08-01", "--to", "2019-09-01"), "balanced needs perpetuals of BTC and ETH, and none was recorded by 2019-08-01"),
        (("--from", "2022-05-01", "--to", "9999-12-31"), "BTC is recorded until 2024-01-01 only"),
        (("--from", "2022-05-01", "--to", "2022-06-01", "--picture", "/nowhere/to/be/found.png"), "there is no such folder"),
        (("--from", "2022-05-01", "--to", "2022-06-01", "--strategy", "brave"), "there is no strategy 'brave'; there are conservative"),
    ],
    ids=[
        *("month 13", "yesterday", "a day", "backwards", "before bitcoin", "before this folder"),
        *("no alts yet", "no futures yet", "not yet", "no room for a picture", "unknown strategy"),
    ],
)
def test_what_cannot_be_tested_is_said(words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--data", str(DATA), *words]) == 2
    assert sentence in capsys.readouterr().err


@needs_history
def test_a_period_that_the_recording_does_not_reach(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--data", str(DATA), "--from", "2023-12-01", "--to", "2024-03-01"]) == 2
    assert "BTC is recorded until 2024-01-01 only" in capsys.readouterr().err


def test_a_folder_without_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backtest", "--data", str(tmp_path), "--from", "2022-05-01", "--to", "2022-06-01"]) == 2
    assert "there is no folder spot_1h" in capsys.readouterr().err


@needs_history
def test_a_file_that_is_no_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hours = tmp_path / "spot_1h"
    hours.mkdir()
    for body in (b"garbage", b"", gzip.compress(b"timestamp,open\nnot,a number\n"), gzip.compress(b"\xff" * 300)[:40]):
        (hours / "BTCUSDT.csv.gz").write_bytes(body)
        assert main(["backtest", "--data", str(tmp_path), "--from", "2022-05-01", "--to", "2022-06-01"]) == 2
        assert f"{hours / 'BTCUSDT.csv.gz'} is no recorded history: " in capsys.readouterr().err
