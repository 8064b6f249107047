"""``python -m chatbot backtest``, from the words on the command line to the table."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from chatbot.__main__ import main
from chatbot.clock import ManualClock
from chatbot.exchanges.markets.history import read_bars
from chatbot.exchanges.markets.replay import ReplaySource
from tests.places import DATA, ROOT
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
    assert "2022-05-01 to 2022-06-01, 31 days: too few to rank triggers" in told


@pytest.mark.long
@needs_history
def test_whoever_reads_no_further_gets_no_traceback() -> None:
    """The other end of the pipe is closed, as ``| head`` closes it."""
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as closed:  # noqa: PTH123 - an end of a pipe has no path
        done = subprocess.run(
            [sys.executable, "-m", "chatbot", "backtest", *SPAN, "--json"], cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


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
        (("--from", "2022-05-01", "--to", "2022-06-01", "--sweep", "--picture", "x.png"), "leave out one of the two"),
        (("--from", "2022-05-01", "--to", "2022-06-01", "--strategy", "brave"), "there is no strategy 'brave'; there are conservative"),
    ],
    ids=[
        *("month 13", "yesterday", "a day", "backwards", "before bitcoin", "before this folder"),
        *("no alts yet", "no futures yet", "not yet", "no room for a picture", "a picture of many", "unknown strategy"),
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


_HEAD = "timestamp,open,high,low,close,volume"
_FIRST = 1_650_000_000_000 // 3_600_000 * 3_600_000


def _recorded(tmp_path: Path, *rows: str) -> Path:
    """Write hours of BTC, and return the folder."""
    file = tmp_path / "spot_1h" / "BTCUSDT.csv.gz"
    file.parent.mkdir()
    file.write_bytes(gzip.compress("\n".join([_HEAD, *rows, ""]).encode()))
    return file


def _bar(hour: float, opened: str = "100", volume: str = "5") -> str:
    return f"{int(_FIRST + hour * 3_600_000)},{opened},110,90,105,{volume}"


def _market(folder: Path, until: dict[str, int], *, missing: str = "") -> None:
    """Write hours of some instruments from the first on, each up to an hour of its own; of one the last but a day is missing."""
    for name, hours in until.items():
        file = folder / ("perp_1h" if name.endswith("-PERP") else "spot_1h") / f"{name.removesuffix('-PERP')}USDT.csv.gz"
        file.parent.mkdir(exist_ok=True)
        rows = [_bar(hour) for hour in range(hours) if name != missing or hour != hours - 24]
        file.write_bytes(gzip.compress("\n".join([_HEAD, *rows, ""]).encode()))


def test_what_was_gone_before_the_first_day_is_no_part_of_the_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dead coin and a dead contract in the folder: the preset is what could be had then, where it could not be tested at all."""
    whole = 12 * 24
    _market(tmp_path, {**dict.fromkeys(("BTC", "ETH", "XRP", "ADA", "BTC-PERP"), whole), "SOL": 100, "ETH-PERP": 100}, missing="ADA")
    first = datetime.fromtimestamp(_FIRST / 1000, UTC).replace(hour=0)
    days = [f"{first + timedelta(days=number):%Y-%m-%d}" for number in (5, 12)]
    assert main(["backtest", "--data", str(tmp_path), "--from", days[0], "--to", days[1]]) == 0
    told = capsys.readouterr().out
    assert "Coins: ADA, BTC, ETH, XRP." in told
    assert "At 1 hour a price was missing, and nothing was decided." in told
    assert "No funding was recorded for BTC-PERP on 7 days" in told


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ((_bar(0), _bar(2), _bar(1)), "line 4 does not come later than the line before it"),
        ((_bar(0), _bar(1), _bar(1, "1")), "line 4 does not come later than the line before it"),
        ((_bar(0), _bar(1.5)), "line 3 does not begin at a full 1 h, in milliseconds of UTC"),
        ((f"{_FIRST // 1000},100,110,90,105,5",), "line 2 does not begin at a full 1 h, in milliseconds of UTC"),
        ((_bar(0, "nan"), _bar(1, "0"), _bar(2, "-5"), _bar(3, "inf"), _bar(4, volume="-1")), "no row of it has prices"),
    ],
    ids=["not in order", "twice", "half an hour", "seconds", "no prices"],
)
def test_hours_that_could_be_read_two_ways_are_refused_by_their_line(
    rows: tuple[str, ...], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A figure out of such a file would be wrong without anybody seeing it."""
    file = _recorded(tmp_path, *rows)
    assert main(["backtest", "--data", str(tmp_path), "--from", "2022-05-01", "--to", "2022-06-01"]) == 2
    assert capsys.readouterr().err == f"{file} is no recorded history: {why}\n"


def test_a_price_that_is_none_is_an_hour_without_one(tmp_path: Path) -> None:
    """Worth nothing for an hour would be the deepest fall of all."""
    bars = read_bars(_recorded(tmp_path, _bar(0), _bar(1, "0"), _bar(2, "nan"), _bar(3, "-1"), _bar(4)))
    assert ((bars.at - _FIRST) // 3_600_000).tolist() == [0, 4]


async def test_a_rate_and_a_reading_that_are_none_are_not_known(tmp_path: Path) -> None:
    """A settlement without a number ended the whole test, and a greed of 150 counted as one."""
    _recorded(tmp_path, *(_bar(hour) for hour in range(30)))
    (tmp_path / "funding").mkdir()
    paid = [f"{_FIRST + hour * 3_600_000},{rate},8" for hour, rate in ((0, "0.0001"), (8, "nan"), (16, "inf"), (24, "-0.0002"))]
    (tmp_path / "funding" / "binance_BTCUSDT.csv.gz").write_bytes(gzip.compress("\n".join(["t,r,h", *paid, ""]).encode()))
    moods = [f"{_FIRST + hour * 3_600_000},day,{value},x" for hour, value in ((0, 20), (8, 150), (16, -1), (24, 100))]
    (tmp_path / "fng.csv.gz").write_bytes(gzip.compress("\n".join(["t,d,v,c", *moods, ""]).encode()))
    begin = datetime.fromtimestamp(_FIRST / 1000, UTC) - timedelta(hours=1)
    source = ReplaySource(tmp_path, ManualClock(begin), start=begin + timedelta(days=3))
    found = await source.funding("BTC-PERP", begin, begin + timedelta(days=2))
    assert [float(one.rate) for one in found] == [0.0001, -0.0002]
    assert [one.value for one in source.fear_greed_between(begin, begin + timedelta(days=2))] == [20, 100]
